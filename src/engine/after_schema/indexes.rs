//! The indexes that an after-schema asks for, against those that stand: which are made, which get another name, which are kept though the
//! schema does not name them. And with that, which collections have to be built anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::asked::{Demand, Forbidden, Stands};
use super::models::{AllReads, Specs, all_of};
use crate::domain::blueprint::EmailIndex;
use crate::domain::index_plan::{self, name_of, names_field};
use crate::domain::raw::get;
use crate::domain::rebuilt::Role;
use crate::domain::schema_change::{Rule, SchemaChanges};
use crate::domain::text::safe;
use crate::engine::error::Result;
use crate::engine::session::{Session, Surveyed};
use crate::prisma::schema::{Index, IndexKind, Model, Schema};
use crate::store::collection_spec::CollectionSpec;

impl Session {
    /// Adds what is to be said of indexes, and settles which collections are built anew. Returns what a blocker forbids of it.
    #[allow(clippy::too_many_lines)] // one collection from its standing indexes to its final ones, in order
    pub(super) fn look_at_indexes(
        &self,
        after: &Schema,
        reads: &AllReads,
        specs: &Specs,
        changes: &mut SchemaChanges,
        demands: &mut Vec<Demand>,
    ) -> Result<Forbidden> {
        let mut forbidden = Forbidden::new();
        let mut mapping = self.work.mapping.clone();
        mapping.set_changes(Some(Arc::new(changes.clone())));
        let rebuilt = mapping.rebuilt();
        for read in reads {
            let Some(which) = rebuilt.iter().find(|it| it.live() == read.live) else {
                continue;
            };
            let Some(change) = changes.collections.get_mut(&read.live) else {
                continue;
            };
            let model = after.models.get(read.model);
            let model = model.map_or_else(String::new, |it| safe(&it.name, 60));
            let standing = specs.get(&read.live);
            let standing = standing.map(|it| it.indexes.clone()).unwrap_or_default();
            let Surveyed {
                survey, blueprint, ..
            } = self.surveyed()?;
            let some_stay = blueprint.some_stay(survey, which);
            let mut wanted = index_plan::wanted(
                &mapping,
                which,
                &standing,
                (EmailIndex::Partial, &some_stay),
            );
            wanted.retain(|index| !blueprint.drops_index(&read.live, name_of(index)));
            let mut blocked = of_blocked_uniques(after.models.get(read.model), demands);
            for (one, other) in the_same(&wanted) {
                blocked.extend([one.clone(), other.clone()]);
                let live = safe(&read.live, 120);
                demands.push(Demand::blocker(
                    "indexes",
                    &format!("index {one}"),
                    format!("{model}: once fields have their new names, {} and {} of {live} are over the same fields with the same options, and no server keeps both: drop one of them", safe(&one, 130), safe(&other, 130)),
                    0,
                ));
            }
            let texts: Vec<&str> = wanted
                .iter()
                .filter(|it| it.get_document("weights").is_ok())
                .map(|it| name_of(it))
                .collect();
            if texts.len() > 1 {
                blocked.extend(texts.iter().map(|it| (*it).to_owned()));
            }
            let made: Vec<&str> = wanted
                .iter()
                .map(|it| name_of(it))
                .filter(|name| !standing.iter().any(|old| name_of(old) == *name))
                .collect();
            let gone: Vec<&RawDocumentBuf> = standing
                .iter()
                .filter(|old| name_of(old) != "_id_")
                .filter(|old| !wanted.iter().any(|it| name_of(it) == name_of(old)))
                .collect();
            if which.role() == Role::Reshaped {
                change.copy = !change.rules.is_empty() || !made.is_empty() || !gone.is_empty();
            }
            let moves = change.copy || change.to != read.live;
            if let Some(why) = specs.get(&read.live).and_then(CollectionSpec::refusal)
                && moves
            {
                blocked.extend(made.iter().map(|it| (*it).to_owned()));
                blocked.extend(gone.iter().map(|it| name_of(it).to_owned()));
                demands.push(
                    Demand::blocker(
                        "collection",
                        &format!("collection {}", read.live),
                        format!(
                            "what {model} asks of {} cannot be done: {why}",
                            safe(&read.live, 120)
                        ),
                        0,
                    )
                    .forbidding(all_of(&read.live, after.models.get(read.model))),
                );
            }
            let collation = index_plan::collation_in(&standing);
            let makes_unique = wanted
                .iter()
                .any(|it| get(it, "unique").is_some() && made.contains(&name_of(it)));
            if makes_unique && collation.is_some() {
                demands.push(Demand::note(
                    "unique",
                    &format!("unique {}", read.live),
                    format!(
                        "{model}: {} has a collation of its own, and its new unique indexes compare text by that, not letter by letter. This list has compared it so, too",
                        safe(&read.live, 120)
                    ),
                ));
            }
            // What another one cannot replace stays.
            let instead = wanted.iter().filter(|it| blocked.contains(name_of(it)));
            let instead: Vec<&RawDocumentBuf> = instead.collect();
            let remains = |old: &RawDocumentBuf| {
                let renamed = change.renamed_keys(old);
                let keys = |index: &RawDocument| get(index, "key").map(|it| it.bytes.to_vec());
                let mut instead = instead.iter();
                instead.any(|index| keys(index) == keys(&renamed))
            };
            let staying = gone.iter().filter(|old| remains(old));
            blocked.extend(staying.map(|old| name_of(old).to_owned()));
            let gone = gone.into_iter().map(|old| name_of(old));
            let gone: Vec<String> = gone
                .filter(|name| !blocked.contains(*name))
                .map(|name| safe(name, 130))
                .collect();
            let made: Vec<String> = made
                .into_iter()
                .filter(|name| !blocked.contains(*name))
                .map(|name| safe(name, 130))
                .collect();
            if !made.is_empty() || !gone.is_empty() {
                let mut says = Vec::new();
                if !made.is_empty() {
                    says.push(format!("made: {}", made.join(", ")));
                }
                if !gone.is_empty() {
                    let gone = gone.join(", ");
                    says.push(format!("today they stand under other names: {gone}"));
                }
                demands.push(Demand::undecided(
                    "indexes",
                    &format!("indexes {}", read.live),
                    format!("{model}: {}", says.join("; ")),
                    0,
                ));
            }
            let named = |name: &str| change.indexes.iter().any(|it| it.name == name);
            let dropped = wanted.iter().filter(|it| {
                let kept = it.get_document("partialFilterExpression").is_ok();
                let text = it.get_document("weights").is_ok();
                !kept && !text && !named(name_of(it)) && name_of(it) != "_id_"
            });
            let dropped: Vec<_> = dropped.map(|it| safe(name_of(it), 130)).collect();
            if !dropped.is_empty() {
                demands.push(Demand::note(
                    "indexes",
                    &format!("indexes {}", read.live),
                    format!(
                        "{model}: kept, and not in the schema, so that `npx prisma@6 db push` drops them: {}",
                        dropped.join(", ")
                    ),
                ));
            }
            for index in &change.indexes {
                let same_name = standing.iter().find(|it| name_of(it) == index.name);
                let same_name = same_name.map(|it| change.renamed_keys(it));
                let key = format!("index {}", index.name);
                let name = safe(&index.name, 130);
                if same_name.is_some_and(|it| !index.is(&it, collation)) {
                    demands.push(Demand::blocker(
                        "indexes",
                        &key,
                        format!("{model} names the index {name}, and another one has that name in {}: drop that one, or give the schema's another name with `map:`", safe(&read.live, 120)),
                        0,
                    ));
                }
                let texts = wanted
                    .iter()
                    .filter(|it| it.get_document("weights").is_ok());
                let mut others = texts.filter(|it| name_of(it) != index.name);
                if index.text
                    && let Some(other) = others.next()
                {
                    blocked.insert(index.name.clone());
                    demands.push(Demand::blocker(
                        "indexes",
                        &key,
                        format!("{model} names the text index {name}, and {} has the text index {} already: a collection can have one. Drop that one, or name its fields in `@@fulltext`", safe(&read.live, 120), safe(name_of(other), 130)),
                        0,
                    ));
                }
            }
            let live = || read.live.clone();
            forbidden.extend(blocked.into_iter().map(|name| (live(), name)));
            let renamed = change.rules.iter().filter_map(|rule| match rule {
                Rule::Rename { from, to } => Some((from.as_str(), to.as_str())),
                _ => None,
            });
            for (from, to) in renamed {
                let validator = specs.get(&read.live).and_then(CollectionSpec::validation);
                let filters = standing
                    .iter()
                    .filter_map(|it| it.get_document("partialFilterExpression").ok());
                let named = validator.is_some_and(|it| names_field(&it, from))
                    || filters.into_iter().any(|it| names_field(it, from));
                if named {
                    let says = format!(
                        "a validator or a partial index of {} names {}, which gets another name: change or drop that first",
                        safe(&read.live, 120),
                        safe(from, 120)
                    );
                    let key = format!("{model}.{from}");
                    let found = Demand::blocker("rename", &key, says, 0);
                    let field = field_stored_as(after.models.get(read.model), to);
                    demands.push(found.forbidding(field));
                }
            }
        }
        Ok(forbidden)
    }
}

/// The uniques of a model that documents break: they cannot be made.
fn of_blocked_uniques(model: Option<&Model>, demands: &[Demand]) -> BTreeSet<String> {
    let Some(model) = model else {
        return BTreeSet::new();
    };
    let broken = |index: &&Index| {
        let key = format!("{}.{}", model.name, index.paths().join(", "));
        let mut blockers = demands.iter().filter(|it| it.stands == Stands::Blocker);
        index.kind == IndexKind::Unique && blockers.any(|it| it.about == "unique" && it.key == key)
    };
    let broken = model.indexes.iter().filter(broken);
    broken.map(|it| it.name.clone()).collect()
}

/// The key of what is asked of the field that is stored so.
fn field_stored_as(model: Option<&Model>, stored: &str) -> Option<String> {
    let field = model?.fields.iter().find(|it| it.stored == stored)?;
    Some(format!("{}.{}", model?.name, field.name))
}

/// Indexes that no server keeps side by side, by their names.
fn the_same(wanted: &[RawDocumentBuf]) -> Vec<(String, String)> {
    let tells = |index: &RawDocument| {
        let of = [
            "key",
            "unique",
            "sparse",
            "partialFilterExpression",
            "collation",
            "weights",
        ];
        of.map(|it| get(index, it).map(|value| value.bytes.to_vec()))
    };
    let mut seen: Vec<(_, &str)> = Vec::new();
    let mut same = Vec::new();
    for index in wanted {
        let tells = tells(index);
        match seen.iter().find(|it| it.0 == tells) {
            Some((_, other)) => same.push(((*other).to_owned(), name_of(index).to_owned())),
            None => seen.push((tells, name_of(index))),
        }
    }
    same
}
