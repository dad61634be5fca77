//! Looking at a database for `init`: what documents of each collection look like, and where their fields lead. Reads samples of large
//! collections. Writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::fit::reference::{forms, has_the_form_of_an_id};
use crate::domain::id::Id;
use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::mapping::path::FieldPath;
use crate::domain::profile::{Field, Profile};
use crate::domain::propose::{Kinds, Seen, SeenCollection, SeenReference};
use crate::domain::raw::{elements, kind};
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::scan;
use crate::store::{StoreError, collection_spec};
use bson::raw::RawDocument;

/// Fields of other collections that may be natural keys.
const KEYS: [&str; 7] = [
    "username", "login", "handle", "email", "slug", "code", "nickname",
];

impl Session {
    /// All that can be seen of the database.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn look_at_everything(&self, watcher: &Watcher) -> Result<Seen> {
        let kinds = collection_spec::kinds(&self.work.connection).await?;
        let names: Vec<String> = kinds
            .iter()
            .filter(|(name, kind)| {
                *kind == "collection"
                    && !name.starts_with(SIDE_PREFIX)
                    && !name.starts_with("system.")
            })
            .map(|(name, _)| name.clone())
            .collect();
        let mut profiles: BTreeMap<String, Profile> = BTreeMap::new();
        for (at, name) in names.iter().enumerate() {
            if watcher.cancel.is_cancelled() {
                return Err(StoreError::Cancelled.into());
            }
            watcher.says(&format!("looking at {name}"), at as u64, names.len() as u64);
            profiles.insert(name.clone(), self.profile(name, None).await?);
        }
        let mut seen = Seen::default();
        for (at, name) in names.iter().enumerate() {
            watcher.says(&format!("following {name}"), at as u64, names.len() as u64);
            let references = self.references_of(name, &profiles).await?;
            let profile = profiles.get(name).cloned().unwrap_or_default();
            seen.collections.insert(
                name.clone(),
                SeenCollection {
                    profile,
                    references,
                },
            );
        }
        seen.collections.retain(|_, it| it.profile.documents > 0);
        Ok(seen)
    }

    async fn references_of(
        &self,
        name: &str,
        profiles: &BTreeMap<String, Profile>,
    ) -> Result<Vec<SeenReference>> {
        let Some(profile) = profiles.get(name) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for (path, field) in profile.fields() {
            if path == "_id" || path.ends_with("._id") || !may_refer(path, field) {
                continue;
            }
            let values: Vec<&Id> = field.values().collect();
            let mut best: Option<SeenReference> = None;
            for (other, theirs) in profiles {
                let mut offer = |by: Option<&str>, found: usize| {
                    let better = best.as_ref().is_none_or(|best| found > best.found);
                    if found > 0 && better {
                        best = Some(SeenReference {
                            field: path.trim_end_matches(".$id").to_owned(),
                            to: other.clone(),
                            by: by.map(str::to_owned),
                            found,
                            tried: values.len(),
                            said: false,
                            kinds: None,
                        });
                    }
                };
                if let Some(ids) = theirs.field("_id") {
                    let known = if theirs.is_whole() {
                        count_among(&values, ids)
                    } else {
                        self.ids_of(other, values.iter().copied()).await?.0
                    };
                    offer(None, known);
                }
                if other == name || !field.mostly(field.texts) || field.spaced > 0 {
                    continue;
                }
                for (key, keys) in theirs.fields().filter(|(key, _)| is_key(key)) {
                    // Their own references by the same key lead nowhere else.
                    if keys.set * 10 >= theirs.documents * 9
                        && !is_key(path.rsplit('.').next().unwrap_or(path))
                    {
                        offer(Some(key), count_among(&values, keys));
                    }
                }
            }
            found.extend(best);
        }
        self.tell_kinds(profile, profiles, &mut found).await?;
        Ok(found)
    }

    /// Where several references lead to one collection whose documents say of what kind they are: what those say that each reaches.
    async fn tell_kinds(
        &self,
        profile: &Profile,
        profiles: &BTreeMap<String, Profile>,
        found: &mut [SeenReference],
    ) -> Result<()> {
        for at in 0..found.len() {
            let reference = &found[at];
            let again = found.iter().filter(|it| it.to == reference.to).count();
            let field = profiles.get(&reference.to).and_then(Kinds::field);
            let values = profile.field(&reference.field);
            let (Some(field), Some(values)) = (field, values) else {
                continue;
            };
            if again < 2 || reference.by.is_some() {
                continue;
            }
            let ids: Vec<Id> = values.values().flat_map(forms).collect();
            let database = &self.work.connection.database;
            let rows = scan::by_ids(database, &reference.to, &ids).await?;
            let path = FieldPath::field(field);
            let mut kinds = Kinds {
                field: field.to_owned(),
                ..Kinds::default()
            };
            let said = rows.iter().flat_map(|row| values_of(&path, row));
            for kind in said {
                *kinds.counts.entry(kind).or_default() += 1;
            }
            found[at].kinds = Some(kinds);
        }
        Ok(())
    }
}

/// The texts at a path, those of a list one by one.
fn values_of(path: &FieldPath, row: &RawDocument) -> Vec<String> {
    let Some(value) = path.value(row) else {
        return Vec::new();
    };
    if let Some(text) = value.as_str() {
        return vec![text.to_owned()];
    }
    let list = RawDocument::from_bytes(value.bytes).ok();
    let list = list.filter(|_| value.kind == kind::ARRAY).into_iter();
    let texts = list.flat_map(elements).map_while(std::result::Result::ok);
    let texts = texts.filter_map(|it| it.value.as_str().map(str::to_owned));
    texts.collect()
}

/// Values that may name a document: ids, or short texts without white space that are not told apart by a few words.
fn may_refer(path: &str, field: &Field) -> bool {
    let some = field.values().next().is_some();
    let texts = field.texts > 0 && field.spaced == 0 && field.dates == 0 && field.truths == 0;
    let ids = field.ids > 0 || field.values().any(has_the_form_of_an_id);
    let numbers = field.numbers > 0 && {
        let name = path.to_lowercase();
        name.ends_with("id") || name.ends_with("ids") || name.ends_with("ref")
    };
    some && (ids || texts || numbers)
}

fn is_key(path: &str) -> bool {
    !path.contains("[]")
        && KEYS.iter().any(|key| {
            path.rsplit('.')
                .next()
                .is_some_and(|last| last.eq_ignore_ascii_case(key))
        })
}

/// How many of the values a field holds too.
fn count_among(values: &[&Id], field: &Field) -> usize {
    let known: BTreeSet<Id> = field
        .values()
        .flat_map(forms)
        .map(|id| id.canonical())
        .collect();
    let folded: BTreeSet<String> = field
        .values()
        .filter_map(|id| Some(id.as_str()?.trim().to_lowercase()))
        .collect();
    let same = |id: &&&Id| {
        known.contains(&id.canonical())
            || id.as_str().is_some_and(|text| {
                text.contains('@') && folded.contains(&text.trim().to_lowercase())
            })
    };
    values.iter().filter(same).count()
}
