//! Ways from one collection to another over the references that were seen.

use std::fmt::Write;

use super::seen::{Seen, SeenReference};

/// A way: the path as a mapping writes it, and why it leads there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The path.
    pub path: String,
    /// Why.
    pub why: String,
    /// The collections between.
    pub over: Vec<String>,
    /// The first field.
    pub first: String,
    /// Values of the first field that were tried.
    pub tried: usize,
    /// Those that lead on.
    pub found: usize,
}

/// Ways of at most so many documents between.
const LONGEST: usize = 2;

impl Seen {
    /// Ways from a collection to another, short ones first; not over these.
    pub(super) fn ways(&self, from: &str, to: &str, not_over: &[&str]) -> Vec<Way> {
        let mut ways = Vec::new();
        self.extend(&mut ways, from, to, not_over, None);
        ways.sort_by_key(|way| way.over.len());
        ways
    }

    fn extend(
        &self,
        ways: &mut Vec<Way>,
        from: &str,
        to: &str,
        not_over: &[&str],
        before: Option<&Way>,
    ) {
        let depth = before.map_or(0, |way| way.over.len());
        for reference in self.references(from) {
            if reference.field == "_id" {
                continue;
            }
            let way = joined(before, reference);
            if reference.to == to {
                let mut way = way;
                if let Some(by) = &reference.by {
                    let _ = write!(way.path, " > {}({by})._id", written(to)); // writing to a String cannot fail
                }
                ways.push(way);
                continue;
            }
            let known = reference.to == from || not_over.contains(&reference.to.as_str());
            let again = before.is_some_and(|way| way.over.contains(&reference.to));
            if depth < LONGEST && !known && !again {
                let mut way = way;
                let by = reference
                    .by
                    .as_ref()
                    .map_or_else(String::new, |by| format!("({by})"));
                let _ = write!(way.path, " > {}{by}.", written(&reference.to)); // as above
                way.over.push(reference.to.clone());
                self.extend(ways, &reference.to, to, not_over, Some(&way));
            }
        }
    }
}

fn joined(before: Option<&Way>, reference: &SeenReference) -> Way {
    match before {
        None => Way {
            path: reference.field.clone(),
            why: reference.words(),
            over: Vec::new(),
            first: reference.field.clone(),
            tried: reference.tried,
            found: reference.found,
        },
        Some(way) => Way {
            path: format!("{}{}", way.path, reference.field),
            why: format!("{}; there {}", way.why, reference.words()),
            ..way.clone()
        },
    }
}

/// A collection's name in a path.
pub fn written(collection: &str) -> String {
    if collection.contains(['.', '(', '>']) {
        format!("`{collection}`")
    } else {
        collection.to_owned()
    }
}
