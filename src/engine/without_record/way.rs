//! Which collection is which where no run record says it: told by names, and by the UUIDs that the backup's metadata holds. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::mapping::{SIDE_PREFIX, TRIAL};

/// A kept original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Original {
    /// Where it stands.
    pub(super) stands: String,
    /// Its live name.
    pub(super) of: String,
}

/// What stands, and what the backup holds: names with UUIDs.
#[derive(Debug)]
pub(super) struct Names<'a> {
    pub(super) standing: &'a BTreeMap<String, Option<String>>,
    pub(super) backup: &'a BTreeMap<String, Option<String>>,
    /// Live names of the collections that the mapping rebuilds.
    pub(super) rebuilt: &'a [String],
}

/// What there is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Way {
    /// To be renamed back, once compared.
    pub(super) originals: Vec<Original>,
    /// Only renamed since the backup: the name now, and then.
    pub(super) renamed: Vec<(String, String)>,
    /// Rebuilt collections of the backup that stand, and of which nothing says that they are the original.
    pub(super) doubtful: Vec<String>,
    /// Rebuilt collections of the backup that stand nowhere.
    pub(super) gone: Vec<String>,
    /// Other collections of the backup under whose name nothing stands.
    pub(super) nowhere: Vec<String>,
    /// Originals of which the backup holds nothing.
    pub(super) unheld: Vec<String>,
    /// Live collections that were made by the migration.
    pub(super) copies: Vec<String>,
    /// Copies that never were live, or are not any more.
    pub(super) sides: Vec<String>,
    /// Live names of which the copy was renamed, or is not there; empty for customers.
    pub(super) unfound: Vec<String>,
    /// Where such a copy may be.
    pub(super) strangers: Vec<String>,
}

impl Way {
    /// Tells what is what.
    pub(super) fn of(names: &Names<'_>) -> Self {
        let mut way = Self::default();
        way.find_originals(names);
        for live in names.rebuilt {
            let has_original = way.originals.iter().any(|it| it.of == *live);
            let stands = names.standing.get(live);
            match names.backup.get(live) {
                _ if has_original => {}
                Some(was) => match stands {
                    Some(is) if is.is_some() && was == is => {}
                    Some(_) => way.doubtful.push(live.clone()),
                    None => way.gone.push(live.clone()),
                },
                None if stands.is_some() => way.copies.push(live.clone()),
                None => way.unfound.push(live.clone()),
            }
        }
        for of in names.backup.keys() {
            let known = names.standing.contains_key(of) || names.rebuilt.contains(of);
            let comes_back = way.originals.iter().any(|it| it.of == *of);
            if !known && !comes_back && !way.renamed.iter().any(|it| it.1 == *of) {
                way.nowhere.push(of.clone());
            }
        }
        for original in &way.originals {
            if names.standing.contains_key(&original.of) {
                way.copies.push(original.of.clone());
            } else {
                way.unfound.push(original.of.clone());
            }
        }
        let is_side = |name: &&String| {
            let rest = name.strip_prefix(SIDE_PREFIX).unwrap_or_default();
            let kinds = ["next_", "merged_", "old_"];
            kinds.iter().any(|kind| rest.starts_with(kind)) || *name == TRIAL
        };
        way.sides = names.standing.keys().filter(is_side).cloned().collect();
        let known: BTreeSet<_> = way
            .originals
            .iter()
            .map(|it| &it.stands)
            .chain(way.renamed.iter().map(|it| &it.0))
            .chain(&way.copies)
            .collect();
        let stranger = |name: &&String| {
            let ours = name.starts_with(SIDE_PREFIX) || name.starts_with("system.");
            !ours && !names.backup.contains_key(*name) && !known.contains(name)
        };
        way.strangers = names.standing.keys().filter(stranger).cloned().collect();
        way
    }

    fn find_originals(&mut self, names: &Names<'_>) {
        let before = format!("{SIDE_PREFIX}before_");
        for name in names.standing.keys() {
            let Some(of) = name.strip_prefix(&before) else {
                continue;
            };
            if names.backup.contains_key(of) {
                self.originals.push(Original {
                    stands: name.clone(),
                    of: of.to_owned(),
                });
            } else {
                self.unheld.push(name.clone());
            }
        }
        for (of, was) in names.backup {
            if was.is_none() || self.originals.iter().any(|it| it.of == *of) {
                continue;
            }
            let here = names
                .standing
                .iter()
                .find(|(name, is)| *is == was && *name != of && !name.starts_with(SIDE_PREFIX));
            let Some((now, _)) = here else { continue };
            if names.rebuilt.contains(of) || names.standing.contains_key(of) {
                self.originals.push(Original {
                    stands: now.clone(),
                    of: of.clone(),
                });
            } else {
                self.renamed.push((now.clone(), of.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[(&str, &str)]) -> BTreeMap<String, Option<String>> {
        let some = |uuid: &str| (!uuid.is_empty()).then(|| uuid.to_owned());
        list.iter()
            .map(|(name, uuid)| ((*name).to_owned(), some(uuid)))
            .collect()
    }

    fn way(standing: &[(&str, &str)], backup: &[(&str, &str)]) -> Way {
        let rebuilt: Vec<String> = ["Customer", "Booking", "User"].map(str::to_owned).into();
        Way::of(&Names {
            standing: &names(standing),
            backup: &names(backup),
            rebuilt: &rebuilt,
        })
    }

    fn original(stands: &str, of: &str) -> Original {
        Original {
            stands: stands.to_owned(),
            of: of.to_owned(),
        }
    }

    const BACKUP: [(&str, &str); 3] = [("Booking", "b"), ("User", "u"), ("Business", "c")];

    #[test]
    fn after_a_cut_over_the_originals_come_back_and_what_is_live_leaves() {
        let way = way(
            &[
                ("_ringfence_before_Booking", "b"),
                ("_ringfence_next_User", "x"),
                ("_ringfence_links", "l"),
                ("Booking", "n"),
                ("Customer", "k"),
                ("User", "u"),
                ("Business", "c"),
                ("Payment", "p"),
            ],
            &BACKUP,
        );
        assert_eq!(
            way.originals,
            [original("_ringfence_before_Booking", "Booking")]
        );
        assert_eq!(way.copies, ["Customer", "Booking"]);
        assert_eq!(way.sides, ["_ringfence_next_User"]);
        assert_eq!(way.strangers, ["Payment"]);
        assert!(way.doubtful.is_empty() && way.gone.is_empty() && way.unfound.is_empty());
    }

    #[test]
    fn a_restored_database_is_read_by_names_and_what_cannot_be_told_is_doubtful() {
        let way = way(
            &[
                ("_ringfence_before_Booking", "1"),
                ("Booking", "2"),
                ("Customer", "3"),
                ("User", "4"),
                ("Business", "5"),
            ],
            &BACKUP,
        );
        assert_eq!(way.originals.len(), 1);
        assert_eq!(way.doubtful, ["User"]);
        assert!(way.renamed.is_empty());
    }

    #[test]
    fn what_was_renamed_is_found_by_its_uuid() {
        let way = way(
            &[
                ("old_bookings", "b"),
                ("bookings", "n"),
                ("customers", "k"),
                ("User", "u"),
                ("businesses", "c"),
            ],
            &BACKUP,
        );
        assert_eq!(way.originals, [original("old_bookings", "Booking")]);
        assert_eq!(
            way.renamed,
            [("businesses".to_owned(), "Business".to_owned())]
        );
        assert_eq!(way.unfound, ["Customer", "Booking"]);
        assert_eq!(way.strangers, ["bookings", "customers"]);
    }

    #[test]
    fn an_original_that_stands_nowhere_is_told() {
        let way = way(
            &[("_ringfence_before_User", "u"), ("User", "x")],
            &[("Booking", "b"), ("User", "u")],
        );
        assert_eq!(way.gone, ["Booking"]);
    }
}
