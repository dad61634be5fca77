//! Which collection each model of an after-schema reads today, and what it is called afterwards.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::Demand;
use crate::domain::fit::claims::Claims;
use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::number::counted;
use crate::domain::text::safe;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::prisma::schema::{Model, Schema};
use crate::store::collection_spec::CollectionSpec;
use crate::store::scan;

/// What a demand is about that puts an empty collection aside.
pub(super) const SET_ASIDE: &str = "set aside";

/// The collections of the database.
pub(super) type Specs = BTreeMap<String, CollectionSpec>;

/// Where each model's documents stand today, in the order of the schema.
pub(super) type AllReads = [Reads];

/// A model and its collection.
#[derive(Debug, Clone)]
pub(super) struct Reads {
    /// The model, by number.
    pub(super) model: usize,
    /// The collection of today.
    pub(super) live: String,
    /// What it is called afterwards.
    pub(super) to: String,
}

/// The keys of all that is asked of a collection and of the model that reads it.
pub(super) fn all_of(live: &str, model: Option<&Model>) -> Vec<String> {
    let mut keys = vec![format!("rename {live}"), format!("indexes {live}")];
    if let Some(model) = model {
        keys.push(format!("{SET_ASIDE} {}", model.collection));
        keys.push(format!("{}.*", model.name));
    }
    keys
}

impl Session {
    /// Finds the collection of every model: by the schema of today, by the mapping, else by where documents are.
    pub(super) async fn find_collections(
        &self,
        after: &Schema,
        before: Option<&Schema>,
        specs: &Specs,
    ) -> Result<(Vec<Reads>, Vec<Demand>)> {
        let (mut all, mut demands): (Vec<Reads>, Vec<Demand>) = (Vec::new(), Vec::new());
        let known = after.models.iter().enumerate();
        for (number, model) in known.filter(|(_, it)| !it.ignored && !it.is_view) {
            let name = safe(&model.name, 60);
            let Some(live) = self.find(model, before, specs, &mut demands).await? else {
                continue;
            };
            if let Some(other) = all.iter().find(|it| it.live == live) {
                let other = after.models.get(other.model);
                let blocker = Demand::blocker(
                    "collection",
                    &format!("collection {live}"),
                    format!(
                        "{} is read by two models, {} and {name}: say in [schema] before which schema is today's, or change one `@@map`",
                        safe(&live, 120),
                        other.map_or_else(String::new, |it| safe(&it.name, 60))
                    ),
                    0,
                );
                demands.push(blocker.forbidding(all_of(&live, other)));
                continue;
            }
            all.push(Reads {
                model: number,
                live,
                to: model.collection.clone(),
            });
        }
        let read: BTreeSet<&str> = all.iter().map(|it| it.live.as_str()).collect();
        for role in self.roles() {
            if !read.contains(role.as_str()) && specs.contains_key(&role) {
                demands.push(Demand::note(
                    "collection",
                    &format!("collection {role}"),
                    format!("no model of the after-schema reads {}: it keeps its name, and the new application does not see it", safe(&role, 120)),
                ));
            }
        }
        Ok((all, demands))
    }

    fn roles(&self) -> Vec<String> {
        let mapping = &self.work.mapping;
        let claimed = Claims::of(mapping).all_collections();
        let customers = mapping.customer.collection.clone();
        claimed.into_iter().chain([customers]).collect()
    }

    async fn find(
        &self,
        model: &Model,
        before: Option<&Schema>,
        specs: &Specs,
        demands: &mut Vec<Demand>,
    ) -> Result<Option<String>> {
        let customers = &self.work.mapping.customer.collection;
        let roles = self.roles();
        let is_there = |name: &String| specs.contains_key(name) || name == customers;
        let before = before.and_then(|schema| {
            let mut models = schema.models.iter();
            models.find(|it| it.name == model.name)
        });
        if let Some(before) = before.map(|it| it.collection.clone()).filter(is_there) {
            return Ok(Some(before));
        }
        let names = [&model.name, &model.collection];
        let role = roles.iter().find(|role| names.contains(role));
        if let Some(role) = role.filter(|it| is_there(it)) {
            return Ok(Some(role.clone()));
        }
        let mut found: Vec<(String, u64)> = Vec::new();
        for name in names {
            if specs.contains_key(name) && !found.iter().any(|(it, _)| it == name) {
                found.push((name.clone(), self.documents_in(name).await?));
            }
        }
        let full: Vec<&(String, u64)> = found.iter().filter(|(_, count)| *count > 0).collect();
        match full[..] {
            [one, other] => {
                demands.push(Demand::blocker(
                    "collection",
                    &format!("collection {}", model.name),
                    format!(
                        "both {} ({}) and {} ({}) hold documents, and the model {} may read either: name the schema of today in [schema] before, or empty one of them",
                        safe(&one.0, 120),
                        counted(one.1, "document", "documents"),
                        safe(&other.0, 120),
                        counted(other.1, "document", "documents"),
                        safe(&model.name, 60)
                    ),
                    0,
                ));
                Ok(None)
            }
            [one] => Ok(Some(one.0.clone())),
            _ => {
                let first = found.first().map(|(name, _)| name.clone());
                if first.is_none() {
                    demands.push(Demand::note(
                        "model",
                        &format!("model {}", model.name),
                        format!(
                            "the model {} is new: no collection holds documents of it",
                            safe(&model.name, 60)
                        ),
                    ));
                }
                Ok(first)
            }
        }
    }

    /// How many documents a collection holds; 0 is certain.
    async fn documents_in(&self, name: &str) -> Result<u64> {
        let database = &self.work.connection.database;
        let one = scan::Scan {
            limit: 1,
            ..scan::Scan::default()
        };
        let found = scan::all(database, name, &one).await?;
        Ok(if found.is_empty() {
            0
        } else {
            scan::rough_count(database, name).await.max(1)
        })
    }

    /// Why no collection of the application can have this name; `None` where one can.
    fn no_name_for_a_collection(&self, name: &str) -> Option<String> {
        /// The server's limit for `database.collection`, in bytes.
        const LONGEST: usize = 255;
        /// What a rollback puts before a name, at most.
        const BEFORE: &str = "_ringfence_rolled_back_20260101-000000-0000_";
        if name.starts_with(SIDE_PREFIX) {
            return Some(format!(
                "names that begin with {SIDE_PREFIX} are those of ringfence's own collections"
            ));
        }
        let odd = name.is_empty() || name.contains(['$', '\0']) || name.starts_with('.');
        if odd || name.starts_with("system.") {
            return Some("the server takes no collection of that name".to_owned());
        }
        let database = &self.work.connection.place.database;
        let length = database.len() + 1 + BEFORE.len() + name.len();
        (length > LONGEST).then(|| {
            format!("with what ringfence puts before it ({BEFORE}) it passes the {LONGEST} bytes that the server takes")
        })
    }

    /// Collections that get another name, and what stands in the way of it.
    pub(super) async fn renames(
        &self,
        after: &Schema,
        reads: &AllReads,
        specs: &Specs,
        demands: &mut Vec<Demand>,
    ) -> Result<()> {
        let away: BTreeMap<&str, &str> = reads
            .iter()
            .filter(|it| it.live != it.to)
            .map(|it| (it.live.as_str(), it.to.as_str()))
            .collect();
        for it in reads.iter().filter(|it| it.live != it.to) {
            let (live, to) = (safe(&it.live, 120), safe(&it.to, 120));
            let model = after.models.get(it.model);
            let model = model.map_or_else(String::new, |it| safe(&it.name, 60));
            let documents = scan::rough_count(&self.work.connection.database, &it.live).await;
            // Said only where nothing forbids it: what is blocked is not accepted, too.
            let becomes = Demand::undecided(
                "rename",
                &format!("rename {}", it.live),
                format!("{live} becomes {to}, as the model {model} says"),
                documents,
            );
            if let Some(why) = self.no_name_for_a_collection(&it.to) {
                demands.push(Demand::blocker(
                    "rename",
                    &format!("rename {}", it.live),
                    format!("{live} cannot become {to}: {why}. Give the model {model} another name with `@@map`"),
                    documents,
                ));
                continue;
            }
            if !specs.contains_key(&it.to) || away.contains_key(it.to.as_str()) {
                demands.push(becomes);
                continue;
            }
            let in_the_way = self.documents_in(&it.to).await?;
            let is_view = specs.get(&it.to).is_some_and(|spec| spec.kind == "view");
            if in_the_way == 0 && !is_view {
                demands.push(becomes);
                demands.push(Demand::undecided(
                    SET_ASIDE,
                    &format!("{SET_ASIDE} {}", it.to),
                    format!(
                        "{to} stands there and is empty: it becomes _ringfence_before_{to}, and has its name back after a rollback"
                    ),
                    0,
                ));
                continue;
            }
            if is_view {
                demands.push(Demand::blocker(
                    "rename",
                    &format!("rename {}", it.live),
                    format!("{live} cannot become {to}: {to} is a view. Keep its definition if you need it, drop it, and make the plan again; `npx prisma@6 db push` fails while a view is in the database"),
                    0,
                ));
                continue;
            }
            let how = if self.layout.strangers().contains(&it.to) {
                "it came after the last run ended: `ringfence strays` takes the documents in, or sets them aside; then make the plan again".to_owned()
            } else if it.live == self.work.mapping.customer.collection {
                "name it as [customer] collection in the mapping, and its documents are customers that exist already (customer-exists)".to_owned()
            } else {
                format!("empty {to}, or give it another name by hand, and make the plan again")
            };
            demands.push(Demand::blocker(
                "rename",
                &format!("rename {}", it.live),
                format!(
                    "{live} cannot become {to}: {to} already holds {}, so new code wrote there; {how}",
                    counted(in_the_way, "document", "documents")
                ),
                in_the_way,
            ));
        }
        Ok(())
    }
}
