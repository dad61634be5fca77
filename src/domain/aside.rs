//! The names of what stands aside: strays of an application, what was decided of them, what a rollback or a restore put away. Scripts rely on
//! these names. What stands aside is derived from them, never from a list in memory.

use super::mapping::SIDE_PREFIX;

/// Why a collection stands aside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// An application made it under a vacated name; undecided.
    Stray(u64),
    /// A stray whose documents were all taken in.
    TakenIn(u64),
    /// A stray that was set aside by decision.
    SetAside(u64),
    /// A rollback put it aside; the run's id, empty where version 0.1 did.
    RolledBack(String),
    /// A restore put it aside; the restore's id.
    Restored(String),
}

/// A collection that stands aside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Aside {
    /// Why.
    pub why: Why,
    /// The name that it had, without [`SIDE_PREFIX`].
    pub of: String,
}

/// A reason with a number.
type Numbered = fn(u64) -> Why;

/// A reason with an id.
type Named = fn(String) -> Why;

/// Words of a numbered name, with how they are read.
const NUMBERED: [(&str, Numbered); 3] = [
    ("stray_", Why::Stray),
    ("taken_in_", Why::TakenIn),
    ("set_aside_", Why::SetAside),
];

/// Words of a name with an id.
const NAMED: [(&str, Named); 2] = [
    ("rolled_back_", Why::RolledBack),
    ("restored_", Why::Restored),
];

impl Aside {
    /// Reads a name; `None` where it is no such name.
    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(SIDE_PREFIX)?;
        for (word, why) in NUMBERED {
            if let Some((number, of)) = rest.strip_prefix(word).and_then(|it| it.split_once('_')) {
                let digits = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
                let number = digits.then(|| number.parse().ok()).flatten()?;
                return Some(Self {
                    why: why(number),
                    of: of.to_owned(),
                });
            }
        }
        for (word, why) in NAMED {
            let Some(rest) = rest.strip_prefix(word) else {
                continue;
            };
            let (id, of) = match rest.split_once('_') {
                Some((id, of)) if is_id(id) => (id, of),
                _ => ("", rest),
            };
            return Some(Self {
                why: why(id.to_owned()),
                of: of.to_owned(),
            });
        }
        None
    }

    /// Its name.
    pub fn name(&self) -> String {
        let of = &self.of;
        match &self.why {
            Why::Stray(number) => format!("{SIDE_PREFIX}stray_{number}_{of}"),
            Why::TakenIn(number) => format!("{SIDE_PREFIX}taken_in_{number}_{of}"),
            Why::SetAside(number) => format!("{SIDE_PREFIX}set_aside_{number}_{of}"),
            Why::RolledBack(run) if run.is_empty() => format!("{SIDE_PREFIX}rolled_back_{of}"),
            Why::RolledBack(run) => format!("{SIDE_PREFIX}rolled_back_{run}_{of}"),
            Why::Restored(restore) => format!("{SIDE_PREFIX}restored_{restore}_{of}"),
        }
    }

    /// True for a stray that nobody has decided on.
    pub fn is_stray(&self) -> bool {
        match self.why {
            Why::Stray(_) => true,
            Why::TakenIn(_) | Why::SetAside(_) | Why::RolledBack(_) | Why::Restored(_) => false,
        }
    }

    /// The number of a stray, decided on or not.
    pub fn number(&self) -> Option<u64> {
        match self.why {
            Why::Stray(number) | Why::TakenIn(number) | Why::SetAside(number) => Some(number),
            Why::RolledBack(_) | Why::Restored(_) => None,
        }
    }
}

/// The number of the next stray: one more than the largest of all names.
pub fn next_number<'a>(names: impl Iterator<Item = &'a str>) -> u64 {
    let numbers = names.filter_map(|name| Aside::parse(name)?.number());
    numbers.max().unwrap_or(0) + 1
}

/// What a name begins with where a restore fills a collection beside the live ones.
pub const BESIDE: &str = "_ringfence_restoring_";

/// Where a restore fills what becomes `of`.
pub fn beside(restore: &str, of: &str) -> String {
    format!("{BESIDE}{restore}_{of}")
}

/// `of`, or as much of it as fits into so many bytes, with a digest of the whole.
pub fn cut(of: &str, room: usize) -> String {
    use sha2::Digest as _;
    if of.len() <= room {
        return of.to_owned();
    }
    let digest = hex::encode(sha2::Sha256::digest(of));
    let mut keep = room.saturating_sub(9);
    while !of.is_char_boundary(keep) {
        keep -= 1;
    }
    format!("{}~{}", &of[..keep], &digest[..8])
}

/// The restore's id and the live name, of a name that [`beside`] made.
pub fn parse_beside(name: &str) -> Option<(&str, &str)> {
    let (id, of) = name.strip_prefix(BESIDE)?.split_once('_')?;
    is_id(id).then_some((id, of))
}

/// The live name behind one that [`beside`] made; any other name as it is.
pub fn without_beside(name: &str) -> &str {
    parse_beside(name).map_or(name, |(_, of)| of)
}

/// Ids of runs and restores: `20261129-181955-a3f1`, or `norecord` and a number.
fn is_id(text: &str) -> bool {
    let timed = text.len() == 20
        && text.as_bytes()[8] == b'-'
        && text.as_bytes()[15] == b'-'
        && text.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
    let counted = text
        .strip_prefix("norecord")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit()));
    timed || counted
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_name_is_read_as_it_is_written_and_others_are_none() {
        for why in [
            Why::Stray(1),
            Why::TakenIn(12),
            Why::SetAside(3),
            Why::RolledBack(String::new()),
            Why::RolledBack("20261129-181955-a3f1".to_owned()),
            Why::RolledBack("norecord2".to_owned()),
            Why::Restored("20261129-181955-a3f1".to_owned()),
        ] {
            for of in ["Booking", "old_bookings", "_x", "next_Booking"] {
                let aside = Aside {
                    why: why.clone(),
                    of: of.to_owned(),
                };
                assert_eq!(
                    Aside::parse(&aside.name()),
                    Some(aside.clone()),
                    "{aside:?}"
                );
            }
        }
        for other in [
            "_ringfence_set_aside",
            "_ringfence_before_Booking",
            "_ringfence_stray_x_Booking",
            "stray_1_Booking",
        ] {
            assert_eq!(Aside::parse(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_filled_beside_is_told_from_what_stands_aside() {
        let name = beside("20261129-181955-a3f1", "old_bookings");
        assert_eq!(
            parse_beside(&name),
            Some(("20261129-181955-a3f1", "old_bookings"))
        );
        assert_eq!(without_beside(&name), "old_bookings");
        assert_eq!(without_beside("_ringfence_links"), "_ringfence_links");
        assert_eq!(Aside::parse(&name), None);
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_between_characters_and_stays_another_than_the_next() {
        assert_eq!(cut("Booking", 7), "Booking");
        let one = cut("ääääääääää1", 14);
        assert!(one.len() <= 14 && one.starts_with("ää~"), "{one}");
        assert_ne!(one, cut("ääääääääää2", 14));
    }

    #[test]
    fn the_next_number_is_past_those_that_were_decided_on() {
        let names = ["_ringfence_stray_1_A", "_ringfence_taken_in_7_A", "B"];
        assert_eq!(next_number(names.into_iter()), 8);
        assert_eq!(next_number(std::iter::empty()), 1);
    }
}
