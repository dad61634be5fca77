//! The proof of merged copies, from the outside: nothing of what builds them is used. Every document of the originals and every one that is live is
//! looked for in the copy, and every field that is live; what is not there must be as many as the report says were left behind.

use std::collections::{BTreeMap, HashMap, HashSet};

use bson::raw::{RawDocument, RawDocumentBuf};

use crate::domain::id::Id;
use crate::domain::invariant::ProofPaths;
use crate::domain::keep_new::report::{Change, Kept, Reason};
use crate::domain::mapping::{LINKS, QUARANTINE};
use crate::domain::raw::{elements, get};
use crate::domain::rebuilt::{Rebuilt, Role};
use crate::domain::survey::facts::id_of;
use crate::engine::Watcher;
use crate::engine::check::{Checked, by_id};
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::scan;

/// Users by customer, as the links have them.
type UsersOf = HashMap<Id, Vec<Id>>;

struct Sides<'a> {
    before: Option<&'a RawDocumentBuf>,
    current: Option<&'a RawDocumentBuf>,
    merged: Option<&'a RawDocumentBuf>,
    quarantined: bool,
    /// A live customer has its `_id`.
    customer: bool,
}

/// What is not in a merged copy as it is live.
#[derive(Default)]
struct Counts {
    /// Neither live nor there.
    deleted: u64,
    /// Live, and not there.
    behind: u64,
    /// There, but not with every field that is live.
    short: u64,
}

impl Counts {
    /// Compares them with what the report says was left behind.
    fn equal_report(&self, which: &Rebuilt, live: &str, kept: &Kept, checked: &mut Checked) {
        let left = |change, counts: fn(Reason) -> bool| -> u64 {
            let lines = kept.left.iter().filter(|left| {
                left.collection == live && left.change == change && counts(left.reason)
            });
            lines.map(|left| left.count).sum()
        };
        let of = kept
            .counts
            .get(live)
            .and_then(|of| of.get(&Change::Deleted));
        let deleted = of.copied().unwrap_or_default().carried;
        let short = left(Change::Changed, |reason| reason == Reason::NotUnique);
        let missing = left(Change::Added, |reason| reason != Reason::IdTaken);
        let equations = match which.role() {
            Role::Bookings => vec![
                ("live and not back", self.behind, missing),
                ("deleted", self.deleted, deleted),
                ("not with every field", self.short, short),
            ],
            // A deleted customer takes its user along, so more users may be gone than were deleted.
            Role::Users => vec![("not with every field", self.short, short)],
            // Edits of created customers, which go to users, may be held too.
            Role::Customers => {
                vec![("not with every field", self.short.saturating_sub(short), 0)]
            }
        };
        for (what, is, said) in equations {
            if is != said {
                checked.finds(format!("{live}: {is} {what}, but {said} were reported"));
            }
        }
    }
}

/// All elements of a document by key.
fn by_key(document: &RawDocument) -> BTreeMap<Vec<u8>, Vec<Vec<u8>>> {
    let mut fields: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for element in elements(document).map_while(std::result::Result::ok) {
        let of = fields.entry(element.key.to_vec()).or_default();
        of.push(element.whole.to_vec());
    }
    fields
}

impl Session {
    /// Checks the merged copies of `which`.
    pub(crate) async fn check_merged(
        &self,
        which: &[Rebuilt],
        kept: &Kept,
        watcher: &Watcher,
    ) -> Result<Checked> {
        let mut users_of = UsersOf::new();
        self.scan(LINKS, watcher, |link| {
            let users = get(link, "users").and_then(|it| RawDocument::from_bytes(it.bytes).ok());
            let users = users.into_iter().flat_map(elements);
            let users = users.map_while(std::result::Result::ok);
            if let Some(id) = id_of(link) {
                let users = users.map(|user| Id::from_value(user.value).canonical());
                users_of.insert(id.canonical(), users.collect());
            }
        })
        .await?;
        let mut checked = Checked::default();
        for which in which {
            self.check_merged_one(which, kept, &users_of, &mut checked, watcher)
                .await?;
        }
        Ok(checked)
    }

    async fn check_merged_one(
        &self,
        which: &Rebuilt,
        kept: &Kept,
        users_of: &UsersOf,
        checked: &mut Checked,
        watcher: &Watcher,
    ) -> Result<()> {
        let database = &self.work.connection.database;
        let (live, merged) = (self.layout.live(which), which.merged());
        let before = self.layout.source(which).unwrap_or_default();
        let customers = self.work.mapping.customers();
        let customers = self.layout.live(&customers);
        watcher.says(&format!("proving what comes back in {live}"), 0, 0);
        let mut seen = HashSet::new();
        let mut counts = Counts::default();
        for collection in [before.as_str(), live, merged.as_str()] {
            let mut pages = scan::in_id_order(database, collection)?;
            while let Some(page) = pages.next().await? {
                let ids: Vec<Id> = page
                    .documents()
                    .filter_map(id_of)
                    .filter(|id| seen.insert(id.canonical()))
                    .collect();
                let mut found = Vec::new();
                for name in [&before, live, &merged, QUARANTINE, customers] {
                    found.push(by_id(scan::by_ids(database, name, &ids).await?));
                }
                for id in &ids {
                    let key = id.canonical();
                    let sides = Sides {
                        before: found[0].get(&key),
                        current: found[1].get(&key),
                        merged: found[2].get(&key),
                        quarantined: which.role() == Role::Bookings && found[3].contains_key(&key),
                        customer: which.role() == Role::Users && found[4].contains_key(&key),
                    };
                    if let Some(wrong) = self.compare(which, &sides, users_of, &mut counts) {
                        checked.finds(format!("{live} {id} {wrong}"));
                    }
                }
            }
        }
        counts.equal_report(which, which.live(), kept, checked);
        Ok(())
    }

    /// What is wrong with one document, if something is; what may be is counted.
    fn compare(
        &self,
        which: &Rebuilt,
        sides: &Sides<'_>,
        users_of: &UsersOf,
        counts: &mut Counts,
    ) -> Option<&'static str> {
        let Some(merged) = sides.merged else {
            match sides.current {
                Some(_) => counts.behind += 1,
                None => counts.deleted += 1,
            }
            return None;
        };
        if sides.quarantined {
            return (sides.before != Some(merged))
                .then_some("was quarantined and would not be what it was");
        }
        let Some(current) = sides.current else {
            // Deleted since, and back because something needs it; or a user made for a customer.
            let known = sides.before.is_some() || sides.customer;
            return (!known).then_some("would come from nowhere");
        };
        counts.short += u64::from(self.lacks(which, current, merged));
        let fits = which.role() != Role::Bookings
            || self.user_fits(users_of, sides.before.map(|it| &**it), current, merged);
        (!fits).then_some("would name a user who is not its customer's")
    }

    /// Whether a field that is live is not in the copy as it is live, or one that was taken away is still there.
    fn lacks(&self, which: &Rebuilt, current: &RawDocument, merged: &RawDocument) -> bool {
        let (current, mut merged) = (by_key(current), by_key(merged));
        let paths = ProofPaths::of(&self.work.mapping);
        let own: Vec<&str> = match which.role() {
            Role::Bookings => paths.changing().to_vec(),
            // A user takes its customer's values too.
            Role::Users => self.work.mapping.user.copied().collect(),
            Role::Customers => Vec::new(),
        };
        let is_own = |key: &[u8]| own.iter().any(|own| own.as_bytes() == key);
        merged.retain(|key, _| !is_own(key));
        let live = current.into_iter().filter(|(key, _)| !is_own(key));
        live.collect::<BTreeMap<_, _>>() != merged
    }

    /// Whether a booking names one of its customer's users, what it named before, or the customer itself.
    fn user_fits(
        &self,
        users_of: &UsersOf,
        before: Option<&RawDocument>,
        current: &RawDocument,
        merged: &RawDocument,
    ) -> bool {
        let paths = ProofPaths::of(&self.work.mapping);
        let Some(user) = paths.user(merged) else {
            return true;
        };
        if before.and_then(|before| paths.user(before)) == Some(user)
            || paths.user(current) == Some(user)
        {
            return true;
        }
        let Some(customer) = paths.customer(current).map(Id::from_value) else {
            return true;
        };
        let user = Id::from_value(user).canonical();
        match users_of.get(&customer.canonical()) {
            Some(users) => users.contains(&user),
            None => user == customer.canonical(),
        }
    }
}
