//! Which rules apply to the documents of a model, and which of them the migration cannot take.

use super::asked::{Demand, Stands};
use super::models::Reads;
use crate::domain::fit::claims::Claims;
use crate::domain::mapping::{Following, Mapping};
use crate::domain::number::counted;
use crate::domain::reference::leaving_of;
use crate::domain::schema_change::Rule;
use crate::domain::schema_view::Way;
use crate::domain::text::safe;
use crate::engine::session::Session;
use crate::prisma::demand::Candidate;
use crate::prisma::schema::Model;

impl Session {
    /// The rules that apply to the documents of a model, each said.
    pub(super) fn rules_of(
        &self,
        model: &Model,
        reads: &Reads,
        (candidates, did): (&[Candidate], &[u64]),
        demands: &mut Vec<Demand>,
    ) -> Vec<Rule> {
        let name = safe(&model.name, 60);
        let held = held_fields(&self.work.mapping, &reads.live);
        let leaving = leaving_fields(&self.work.mapping, &reads.live);
        let mut rules = Vec::new();
        for (at, candidate) in candidates.iter().enumerate() {
            let count = did.get(at).copied().unwrap_or(0);
            let innermost = candidate.rule.innermost();
            let is_rename = matches!(innermost, Rule::Rename { .. });
            if count == 0 && !is_rename {
                // No document of now needs it, but one of the new application does, on the way back.
                if candidate.of_schemas {
                    rules.push(candidate.rule.clone());
                }
                continue;
            }
            let key = format!("{}.{}", model.name, candidate.field);
            let about = match innermost {
                Rule::Rename { .. } => "rename",
                Rule::Write { .. } => "write",
                Rule::Convert { .. } | Rule::Values { .. } | Rule::Within { .. } => "convert",
            };
            let documents = counted(count, "document", "documents");
            let top = match &candidate.rule {
                Rule::Rename { from, .. } => from.as_str(),
                other => name_today(candidates, other.field()),
            };
            // What stands within a customer's field is copied as it is.
            let within_customer = candidate.rule.field() != innermost.field()
                && reads.live == self.work.mapping.customer.collection;
            let refused = match &candidate.rule {
                _ if is_rename && !within_customer && held.iter().any(|it| it == top) => {
                    Some(format!(
                        "the mapping names {} in {}, which the migration makes or goes on reading there: name it so in the mapping, or keep its name with @map",
                        safe(top, 120),
                        safe(&reads.live, 120)
                    ))
                }
                Rule::Write { field, .. } if leaving.contains(field) => Some(format!(
                    "{} leaves {} with the migration, and the schema would have it written again: make it optional and without a default, or take it out of the model",
                    safe(field, 120),
                    safe(&reads.live, 120)
                )),
                _ => None,
            };
            if let Some(why) = refused {
                let says = format!("{name}.{}: {why}", safe(&candidate.field, 120));
                demands.push(Demand::blocker(about, &key, says, count));
            } else {
                let says = format!("{name}: {} ({documents})", candidate.rule.words());
                let mut demand = Demand::undecided(about, &key, says, count);
                if about == "write" {
                    demand.ways.extend([Way::Constant, Way::Field, Way::Leave]);
                }
                if candidate.answered {
                    demand.stands = Stands::Accepted;
                }
                demands.push(demand);
            }
            rules.push(candidate.rule.clone());
        }
        self.made_otherwise(model, reads, candidates, demands);
        Rule::together(rules)
    }

    /// Fields that the migration makes under the name of the schema's field, while that is stored under another one: the new application would
    /// read nothing there.
    fn made_otherwise(
        &self,
        model: &Model,
        reads: &Reads,
        candidates: &[Candidate],
        demands: &mut Vec<Demand>,
    ) {
        let mapping = &self.work.mapping;
        let of_customers = reads.live == mapping.customer.collection;
        if !of_customers && reads.live != mapping.booking.collection {
            return;
        }
        let made = if of_customers {
            held_fields(mapping, &reads.live)
        } else {
            vec![mapping.booking.customer.clone()]
        };
        let is_made = |name: &str| made.iter().any(|it| it == name);
        for field in model.fields.iter().filter(|field| !field.ignored) {
            let renamed = candidates
                .iter()
                .any(|it| it.field == field.name && matches!(it.rule, Rule::Rename { .. }));
            if renamed || is_made(&field.stored) || !is_made(&field.name) {
                continue;
            }
            let (name, stored) = (safe(&field.name, 120), safe(&field.stored, 120));
            let how = if !of_customers {
                format!("[booking] customer = \"{stored}\"")
            } else if field.name == mapping.customer.business {
                format!("[customer] business = \"{stored}\"")
            } else {
                format!("[customer] fields = {{ \"{stored}\" = \"{name}\" }}")
            };
            demands.push(Demand::blocker(
                "rename",
                &format!("{}.{}", model.name, field.name),
                format!(
                    "{}.{name} is stored as {stored}, and the migration makes it as {name}, so that the new application would read nothing there: say {how} in the mapping, or take its @map out of the schema",
                    safe(&model.name, 60)
                ),
                0,
            ));
        }
    }
}

/// The name of today of a top-level field that is called so afterwards.
fn name_today<'c>(candidates: &'c [Candidate], field: &'c str) -> &'c str {
    let renamed = candidates.iter().find_map(|it| match &it.rule {
        Rule::Rename { from, to } if to == field => Some(from.as_str()),
        _ => None,
    });
    renamed.unwrap_or(field)
}

/// The fields of a collection that the migration goes on reading by their names, in what is live: those that it makes itself, and those of which
/// no original is kept.
fn held_fields(mapping: &Mapping, live: &str) -> Vec<String> {
    let claims = Claims::of(mapping).fields.into_iter();
    let mut fields: Vec<String> = claims
        .filter(|claim| claim.key.starts_with("accounts."))
        .filter(|claim| claim.collections.iter().any(|it| it == live))
        .map(|claim| {
            claim
                .path
                .split(['.', '[', ' '])
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    if live == mapping.customer.collection {
        fields.push(mapping.customer.business.clone());
        fields.extend(mapping.user.copied().map(str::to_owned));
        fields.extend([mapping.user.name.clone(), mapping.user.email.clone()]);
    }
    let mut made = |following: &Following| {
        fields.push(following.customer.clone());
        if following.in_place {
            fields.push(leaving_of(following));
        }
    };
    if live == mapping.booking.collection {
        made(&mapping.booking.following);
    }
    for (_, entry) in mapping.entries_of(live) {
        made(entry);
    }
    fields
}

/// The fields that leave a collection.
fn leaving_fields(mapping: &Mapping, live: &str) -> Vec<String> {
    let rebuilt = mapping.rebuilt();
    let which = rebuilt.iter().find(|it| it.live() == live);
    which.map_or_else(Vec::new, |which| which.leaving(mapping))
}
