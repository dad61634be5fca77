//! What the proof says of the users as a whole: each user of the original is live, retired or set aside, once; who may sign in is live still,
//! with the same bytes to sign in with; who retired could not sign in, has a Customer, and nothing refers to them. It shares no code with what
//! decides who retires, on purpose.

use bson::raw::RawDocument;

use super::paths::values;
use crate::domain::id::Id;
use crate::domain::link::LinkKind;
use crate::domain::mapping::path::{FieldPath, ReferencePath};
use crate::domain::mapping::{Evidence, Mapping};
use crate::domain::number::grouped;
use crate::domain::raw::{elements, get, kind};
use crate::domain::survey::facts::id_of;
use crate::domain::table::{Memory, Table};

/// Findings kept with their ids; the rest is only counted.
const KEPT: usize = 50;

/// A user who is not live any more.
const RETIRED: u32 = 1;
const ASIDE: u32 = 2;
const LINKED: u32 = 4;

/// The account of the users. Feed who retired and who was set aside, customers, links and who is named as an account holder first, then users,
/// then every document that may refer to one who is gone.
#[derive(Debug)]
pub struct Accounts {
    mapping: Mapping,
    gone: Table<u32>,
    customers: Table<()>,
    named: Table<()>,
    /// What names the documents between, one table for each hop.
    between: Vec<Table<()>>,
    memory: Memory,
    /// What is wrong, each with its id.
    pub findings: Vec<String>,
    /// How much is wrong.
    pub wrong: u64,
    users: u64,
    kept: u64,
    retired: u64,
    aside: u64,
    deleted: u64,
    before: u64,
    after: u64,
    passwordless: u64,
}

/// A collection whose documents name account holders, or documents that do.
#[derive(Debug, Clone)]
pub struct NamedIn {
    /// The collection.
    pub collection: String,
    field: FieldPath,
    /// Only documents that were named before: by this field of theirs, in this table.
    known_by: Option<(FieldPath, usize)>,
    /// What they name are documents of another collection, by this table.
    into: Option<usize>,
}

impl NamedIn {
    /// The top-level fields that are looked at.
    pub fn fields(&self) -> Vec<&str> {
        let by = self.known_by.as_ref().map(|(by, _)| by.top());
        std::iter::once(self.field.top()).chain(by).collect()
    }
}

/// Where a user of the original is now.
#[derive(Debug, Clone, Copy, Default)]
pub struct Whereabouts<'d> {
    /// The live row, or that of the prepared copy.
    pub live: Option<&'d RawDocument>,
    /// The row among those who retired.
    pub retired: Option<&'d RawDocument>,
    /// The row among those who were set aside.
    pub aside: Option<&'d RawDocument>,
}

fn key(id: &Id) -> Vec<u8> {
    id.canonical().as_bytes().to_vec()
}

fn find<V: crate::domain::table::Fixed>(table: &Table<V>, id: &Id) -> Option<usize> {
    let exact = table.find(&key(id));
    let exact = exact.or_else(|| table.find(&key(&id.other_form()?)));
    let loose = || {
        let loose = id.loose();
        let plain = table.find(&key(&loose));
        plain.or_else(|| table.find(&key(&loose.other_form()?)))
    };
    exact.or_else(loose)
}

impl Accounts {
    /// An empty account.
    pub fn new(mapping: Mapping, memory: &Memory) -> Self {
        Self {
            mapping,
            gone: Table::new(memory),
            customers: Table::new(memory),
            named: Table::new(memory),
            between: Vec::new(),
            memory: memory.clone(),
            findings: Vec::new(),
            wrong: 0,
            users: 0,
            kept: 0,
            retired: 0,
            aside: 0,
            deleted: 0,
            before: 0,
            after: 0,
            passwordless: 0,
        }
    }

    fn says(&mut self, says: String) {
        self.wrong += 1;
        if self.findings.len() < KEPT {
            self.findings.push(says);
        }
    }

    fn mark(&mut self, document: &RawDocument, mark: u32) {
        if let Some(id) = id_of(document) {
            let (at, _) = self.gone.insert(&key(&id), &0);
            let marks = self.gone.value(at);
            self.gone.set(at, &(marks | mark));
        }
    }

    /// Takes one who retired.
    pub fn retired(&mut self, row: &RawDocument) {
        self.mark(row, RETIRED);
    }

    /// Takes one who was set aside.
    pub fn set_aside(&mut self, row: &RawDocument) {
        self.mark(row, ASIDE);
    }

    /// True while somebody is gone.
    pub fn anybody_gone(&self) -> bool {
        !self.gone.is_empty()
    }

    /// Takes a customer.
    pub fn customer(&mut self, row: &RawDocument) {
        if let Some(id) = id_of(row) {
            self.customers.insert(&key(&id), &());
        }
    }

    /// Takes a link: its users have a customer, where that stands.
    pub fn link(&mut self, link: &RawDocument) {
        let placeholder = LinkKind::of(link).is_ok_and(|kind| kind == LinkKind::Placeholder);
        let stands = id_of(link).is_some_and(|id| find(&self.customers, &id).is_some());
        if placeholder || !stands {
            return;
        }
        let users = get(link, "users").and_then(|it| RawDocument::from_bytes(it.bytes).ok());
        for user in users.into_iter().flat_map(elements).map_while(Result::ok) {
            if let Some(at) = find(&self.gone, &Id::from_value(user.value)) {
                let marks = self.gone.value(at);
                self.gone.set(at, &(marks | LINKED));
            }
        }
    }

    /// Collections that name account holders, and those over whose documents they do, in the order in which they must be read.
    pub fn named_in(&mut self) -> Vec<NamedIn> {
        let rows = self.mapping.accounts.iter();
        let rows = rows.map(|row| (row.collection.clone(), row.user.clone()));
        let businesses = &self.mapping.business;
        let owners = businesses.owner.iter().flat_map(|owner| {
            let collections = businesses.collections.iter();
            collections.map(move |it| (it.clone(), owner.clone()))
        });
        let paths: Vec<(String, ReferencePath)> = rows.chain(owners).collect();
        let mut steps = Vec::new();
        for (collection, path) in paths {
            let mut step = NamedIn {
                collection,
                field: path.start,
                known_by: None,
                into: None,
            };
            for hop in path.hops {
                let stage = self.between.len();
                self.between.push(Table::new(&self.memory));
                let by = hop.by.unwrap_or_else(|| FieldPath::field("_id"));
                let next = NamedIn {
                    collection: hop.collection,
                    field: hop.then,
                    known_by: Some((by, stage)),
                    into: None,
                };
                steps.push(NamedIn {
                    into: Some(stage),
                    ..std::mem::replace(&mut step, next)
                });
            }
            steps.push(step);
        }
        steps
    }

    /// Takes a document of one of these.
    pub fn names(&mut self, document: &RawDocument, step: &NamedIn) {
        if let Some((by, stage)) = &step.known_by {
            let Some(known) = self.between.get(*stage) else {
                return;
            };
            let mut own = values(by, document).into_iter();
            if !own.any(|value| find(known, &Id::from_value(value)).is_some()) {
                return;
            }
        }
        for value in values(&step.field, document) {
            let id = key(&Id::from_value(value));
            let into = step.into.and_then(|stage| self.between.get_mut(stage));
            into.unwrap_or(&mut self.named).insert(&id, &());
        }
    }

    /// True for one who may sign in, by the row and by whoever names them.
    fn is_account(&self, id: &Id, row: &RawDocument) -> bool {
        self.signs_in(row) || find(&self.named, id).is_some()
    }

    fn signs_in(&self, row: &RawDocument) -> bool {
        let shows = |evidence: &Evidence| match evidence {
            Evidence::Filter(filter) => filter.lets_in(row),
            Evidence::Field(path) => match path.value(row) {
                None => false,
                Some(value) => match value.kind {
                    kind::NULL => false,
                    kind::BOOLEAN => value.bytes != [0],
                    _ => value.as_str() != Some(""),
                },
            },
        };
        self.mapping.user.evidence.iter().any(shows) || self.has_password(row)
    }

    fn has_password(&self, row: &RawDocument) -> bool {
        let is_one = |path: &FieldPath| match path.value(row) {
            None => false,
            Some(value) if value.kind == kind::NULL => false,
            Some(value) => value.as_str() != Some(""),
        };
        self.mapping.user.passwords.iter().any(is_one)
    }

    /// The fields by which a user signs in.
    fn signs_in_by(&self) -> impl Iterator<Item = &FieldPath> {
        let role = &self.mapping.user;
        let evidence = role.evidence.iter().flat_map(|it| match it {
            Evidence::Field(path) => vec![path],
            Evidence::Filter(filter) => filter.fields().collect(),
        });
        role.emails.iter().chain(&role.passwords).chain(evidence)
    }

    /// Takes a user of the original. `may_differ`: the application may have changed or deleted users since.
    pub fn user(&mut self, before: &RawDocument, now: Whereabouts<'_>, may_differ: bool) {
        let Some(id) = id_of(before) else { return };
        self.users += 1;
        let account = self.is_account(&id, before);
        self.before += u64::from(account);
        let places = [now.live, now.retired, now.aside];
        if places.iter().flatten().count() > 1 {
            self.says(format!("user {id} stands in two places"));
        }
        match now {
            Whereabouts {
                live: Some(live), ..
            } => {
                self.kept += 1;
                self.passwordless += u64::from(!self.has_password(live));
                self.after += u64::from(account);
                let same = |path: &FieldPath| path.value(before) == path.value(live);
                if account && !may_differ && !self.signs_in_by().all(same) {
                    self.says(format!(
                        "account {id} has other bytes to sign in with than the original"
                    ));
                }
            }
            Whereabouts {
                retired: Some(row), ..
            } => {
                self.retired += 1;
                if row.as_bytes() != before.as_bytes() {
                    self.says(format!(
                        "user {id} retired with other bytes than the original"
                    ));
                }
                if account {
                    self.says(format!("user {id} retired, but may sign in"));
                }
                let marks = find(&self.gone, &id).map_or(0, |at| self.gone.value(at));
                if marks & LINKED == 0 {
                    self.says(format!("user {id} retired without a customer"));
                }
            }
            Whereabouts {
                aside: Some(row), ..
            } => {
                self.aside += 1;
                if row.as_bytes() != before.as_bytes() {
                    self.says(format!(
                        "user {id} was set aside with other bytes than the original"
                    ));
                }
                if account {
                    self.says(format!("user {id} was set aside, but may sign in"));
                }
            }
            Whereabouts { .. } if may_differ => self.deleted += 1,
            Whereabouts { .. } => self.says(format!("user {id} is missing")),
        }
    }

    /// Takes a row that the original does not hold, among those who retired or were set aside.
    pub fn extra(&mut self, row: &RawDocument, place: &str) {
        let id = id_of(row).unwrap_or_else(|| Id::string(""));
        self.says(format!(
            "user {id} stands in {place} and not in the original"
        ));
    }

    /// Takes a live row as it was before retiring, with the same user afterwards.
    pub fn swapped(
        &mut self,
        was: &RawDocument,
        now: Option<&RawDocument>,
        retired: Option<&RawDocument>,
    ) {
        let Some(id) = id_of(was) else { return };
        match (now, retired) {
            (Some(now), None) if now.as_bytes() == was.as_bytes() => {}
            (Some(_), None) => {
                self.says(format!("user {id} has other bytes than before retiring"));
            }
            (None, Some(row)) => {
                let role = &self.mapping.user;
                let rest = |document| {
                    elements(document)
                        .map_while(Result::ok)
                        .filter(|it| !role.leaves(it.key))
                        .map(|it| it.whole)
                };
                let same = rest(row).eq(rest(was));
                if !same || self.signs_in(was) {
                    self.says(format!(
                        "user {id} retired though the row had changed since the cut-over"
                    ));
                }
            }
            (None, None) => self.says(format!("user {id} is neither live nor retired")),
            (Some(_), Some(_)) => self.says(format!("user {id} is live and retired")),
        }
    }

    /// Takes a document that may refer to somebody who is gone. A user's own `_id` is no reference.
    pub fn refers(&mut self, collection: &str, document: &RawDocument, is_user: bool) {
        let mut stack = vec![document];
        while let Some(inner) = stack.pop() {
            for element in elements(inner).map_while(Result::ok) {
                let value = element.value;
                if value.kind == kind::DOCUMENT || value.kind == kind::ARRAY {
                    stack.extend(RawDocument::from_bytes(value.bytes).ok());
                    continue;
                }
                if is_user && element.key == b"_id" && std::ptr::eq(inner, document) {
                    continue;
                }
                let named = Id::from_value(value);
                if find(&self.gone, &named).is_some() {
                    let key = String::from_utf8_lossy(element.key).into_owned();
                    self.says(format!(
                        "{collection} still refers to user {named}, who is gone, in a field {key}"
                    ));
                }
            }
        }
    }

    /// The equations, in words.
    pub fn close(&mut self) -> Vec<String> {
        let (users, kept, retired, aside) = (self.users, self.kept, self.retired, self.aside);
        let mut of_users = format!(
            "users {} = kept {} + retired {} + set aside {}",
            grouped(users),
            grouped(kept),
            grouped(retired),
            grouped(aside)
        );
        if self.deleted > 0 {
            let deleted = grouped(self.deleted);
            of_users = format!("{of_users} + deleted by the application {deleted}");
        }
        if users != kept + retired + aside + self.deleted {
            self.says(format!("the counts do not add up: {of_users}"));
        }
        let (before, after) = (self.before, self.after);
        let same = if self.wrong == 0 && before == after {
            ", all their sign-in fields byte-equal"
        } else {
            ""
        };
        let of_accounts = format!(
            "accounts {} before, {} after{same}",
            grouped(before),
            grouped(after)
        );
        vec![
            of_users,
            of_accounts,
            format!(
                "users without a password that stay {}",
                grouped(self.passwordless)
            ),
        ]
    }

    /// How many retired.
    pub fn count_retired(&self) -> u64 {
        self.retired
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::mapping::DEFAULT;
    use crate::domain::table::tests::memory;
    use bson::rawdoc;

    /// The findings of one user who retired, with a link to a customer.
    fn findings(row: &RawDocument, feed: impl FnOnce(&mut Accounts)) -> Vec<String> {
        let mut accounts = Accounts::new(Mapping::parse(DEFAULT).unwrap(), &memory(1 << 20));
        accounts.retired(row);
        accounts.customer(&rawdoc! { "_id": "c" });
        feed(&mut accounts);
        let now = Whereabouts {
            retired: Some(row),
            ..Whereabouts::default()
        };
        accounts.user(row, now, false);
        accounts.close();
        accounts.findings
    }

    fn linked(accounts: &mut Accounts) {
        accounts.link(&rawdoc! { "_id": "c", "kind": "created", "users": ["u"] });
    }

    #[test]
    fn who_retired_must_have_a_customer_and_no_way_to_sign_in_and_nothing_that_refers_to_them() {
        let row = rawdoc! { "_id": "u", "name": "Ann", "emailVerified": null };
        assert_eq!(findings(&row, linked), Vec::<String>::new());
        assert_eq!(
            findings(&row, |_| {}),
            ["user \"u\" retired without a customer"]
        );
        let owner = findings(&row, |accounts| {
            linked(accounts);
            let owners = accounts.named_in().pop().unwrap();
            accounts.names(&rawdoc! { "_id": "b", "ownerId": "u" }, &owners);
        });
        assert!(owner[0].contains("may sign in"), "{owner:?}");
        let referred = findings(&row, |accounts| {
            linked(accounts);
            accounts.refers(
                "Review",
                &rawdoc! { "_id": 1, "by": [{ "who": "u" }] },
                false,
            );
            accounts.refers("User", &rawdoc! { "_id": "u" }, true);
        });
        assert_eq!(referred.len(), 1);
        for signs_in in [
            rawdoc! { "_id": "u", "hashedPassword": "x" },
            rawdoc! { "_id": "u", "emailVerified": true },
        ] {
            assert!(findings(&signs_in, linked)[0].contains("may sign in"));
        }
    }

    #[test]
    fn every_user_is_in_one_place_and_an_account_keeps_what_it_signs_in_with() {
        let mut accounts = Accounts::new(Mapping::parse(DEFAULT).unwrap(), &memory(1 << 20));
        let before = rawdoc! { "_id": "u", "hashedPassword": "x", "email": "a@b.org", "phone": 1 };
        let now = rawdoc! { "_id": "u", "hashedPassword": "y", "email": "a@b.org" };
        let live = Whereabouts {
            live: Some(&now),
            ..Whereabouts::default()
        };
        accounts.user(&before, live, false);
        accounts.user(&rawdoc! { "_id": "v" }, Whereabouts::default(), false);
        let says = accounts.close();
        assert!(says[0].starts_with("users 2 = kept 1"), "{says:?}");
        assert_eq!(accounts.wrong, 3);
    }
}
