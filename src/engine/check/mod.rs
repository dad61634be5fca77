//! Feeding the proof: reads what stands and hands it to the ledger, which never calls the transform. Used on prepared copies (prove) and on
//! what is live (verify).

mod documents;
mod existing;
mod merged;
mod reshaped;
mod users;
mod values;

use crate::domain::rebuilt::Group;
use std::collections::BTreeMap;
use std::collections::HashMap;

use bson::RawDocumentBuf;

use crate::domain::conflict::{Choice, Code, ConflictKey, Trouble};
use crate::domain::decision::Contact;
use crate::domain::id::Id;
use crate::domain::index_check::index_differs;
use crate::domain::index_plan::name_of;
use crate::domain::invariant::{Ledger, LeftAllowed};
use crate::domain::mapping::filter::Filter;
use crate::domain::mapping::path::FieldPath;
use crate::domain::mapping::{LINKS, Mapping};
use crate::domain::number::grouped;
use crate::domain::rebuilt::{Rebuilt, Role};
use crate::domain::survey::facts::id_of;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::{Answers, Session};
use crate::store::StoreError;
use crate::store::collection_spec;
use crate::store::scan::{self, Scan};

/// Findings of one kind kept with their ids; the rest is only counted.
pub(crate) const KEPT: usize = 50;

/// Documents per batch where a few fields are all that is read of each.
const SMALL: u32 = 6_000;

/// What a proof said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// The equations, in words.
    pub equations: Vec<String>,
    /// What is wrong, each with its id; at most fifty.
    pub findings: Vec<String>,
    /// How much is wrong in all.
    pub wrong: u64,
    /// What is not wrong, and worth saying.
    pub notes: Vec<String>,
    /// Users without a password that hold a name and an e-mail, where users were read.
    pub(crate) holding: u64,
    /// [`crate::domain::fingerprint`] of the rebuilt collections as they were read, by key.
    pub(crate) fingerprints: BTreeMap<String, String>,
}

/// These fields of every document.
fn fields(fields: &[&str]) -> Scan {
    Scan {
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        ..Scan::default()
    }
}

impl Checked {
    fn of(ledger: Ledger, equations: Vec<String>) -> Self {
        let findings = ledger.findings.into_iter();
        Self {
            equations,
            findings: findings.map(|finding| finding.says).collect(),
            wrong: ledger.wrong,
            notes: ledger.notes,
            holding: ledger.holding,
            fingerprints: BTreeMap::new(),
        }
    }

    /// Notes something wrong.
    pub(crate) fn finds(&mut self, says: String) {
        self.wrong += 1;
        if self.findings.len() < KEPT {
            self.findings.push(says);
        }
    }

    /// With the fingerprint of a collection that was read.
    fn with(mut self, which: &Rebuilt, fingerprint: String) -> Self {
        self.fingerprints
            .insert(which.key().to_owned(), fingerprint);
        self
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.equations.extend(other.equations);
        self.findings.extend(other.findings);
        self.notes.extend(other.notes);
        self.wrong += other.wrong;
        self.holding += other.holding;
        self.fingerprints.extend(other.fingerprints);
        self
    }

    /// The counter-examples as lines.
    pub fn list(&self) -> String {
        let mut lines: Vec<String> = self
            .findings
            .iter()
            .map(|finding| format!("  - {finding}"))
            .collect();
        let kept = self.findings.len() as u64;
        if self.wrong > kept {
            lines.push(format!("  … and {} more", grouped(self.wrong - kept)));
        }
        lines.join("\n")
    }
}

impl Session {
    /// Checks a group, wherever it stands: prepared, or live.
    pub(crate) async fn check_group(&self, group: Group, watcher: &Watcher) -> Result<Checked> {
        let mut checked = match group {
            Group::CutOver => {
                let bookings = self.check_bookings(watcher).await?;
                bookings.and(self.check_existing(watcher).await?)
            }
            Group::CleanUp | Group::Schema => Checked::default(),
        };
        for which in &self.work.mapping.rebuilt_in(group) {
            if which.is_proved_alone() {
                checked = checked.and(self.check_alone(which, watcher).await?);
            }
            checked = checked.and(self.check_indexes(which).await?);
        }
        Ok(checked)
    }

    /// Checks bookings, customers, links and quarantine, and all followed documents.
    async fn check_bookings(&self, watcher: &Watcher) -> Result<Checked> {
        let ledger = self.ledger_of_businesses(watcher).await?;
        let mut ledger = ledger.live(self.is_live(Group::CutOver));
        self.take_users(&mut ledger, watcher).await?;
        self.expect_answered(&mut ledger)?;
        let values = self.walk_links(&mut ledger, watcher).await?;
        let mut fingerprints = Vec::new();
        let bookings = self.work.mapping.bookings();
        let fingerprint = self.walk_bookings(&bookings, &mut ledger, watcher).await?;
        fingerprints.push((bookings, fingerprint));
        let rebuilt = std::iter::once(self.work.mapping.bookings());
        for which in rebuilt.chain(self.work.mapping.followed()) {
            for (at, _) in self.work.mapping.entries_of(which.live()) {
                ledger.turn_to(at);
                let fingerprint = self.walk_bookings(&which, &mut ledger, watcher).await?;
                fingerprints.push((which.clone(), fingerprint));
            }
        }
        let equations = ledger.close();
        self.work.tables_hold()?;
        let mut checked = Checked::of(ledger, equations);
        for (which, fingerprint) in fingerprints {
            checked = checked.with(&which, fingerprint);
        }
        let remarks = self.work.mapping.remarks().into_iter();
        checked.notes.extend(remarks.map(|(_, says)| says));
        Ok(checked.and(values))
    }

    /// Reads every live booking once more: each belongs to a customer of its own business. Its bytes are not looked at.
    pub(crate) async fn check_isolation(&self, watcher: &Watcher) -> Result<Checked> {
        let mut ledger = self.ledger_of_customers(watcher).await?;
        let bookings = self.work.mapping.bookings();
        self.stand(&bookings, &mut ledger, watcher).await?;
        let (all, linked, left) = (ledger.bookings, ledger.linked, ledger.left);
        let outside = if self.work.mapping.booking.following.filter.is_some() {
            format!(" + outside the filter {}", grouped(ledger.outside))
        } else {
            String::new()
        };
        let mut equations = vec![format!(
            "live bookings {} = with a customer of their own business {} + left by decision {}{outside}",
            grouped(all),
            grouped(linked),
            grouped(left)
        )];
        let rebuilt = std::iter::once(bookings);
        for which in rebuilt.chain(self.work.mapping.followed()) {
            for (at, _) in self.work.mapping.entries_of(which.live()) {
                ledger.look_at(at);
                self.stand(&which, &mut ledger, watcher).await?;
                equations.push(format!(
                    "live documents of {} {} = with a customer of their own business {} + left {} + outside the filter {}",
                    self.work.mapping.entry_name(at),
                    grouped(ledger.bookings),
                    grouped(ledger.linked),
                    grouped(ledger.left),
                    grouped(ledger.outside)
                ));
            }
        }
        Ok(Checked::of(ledger, equations))
    }

    /// Takes the users of the original. After businesses and services.
    async fn take_users(&self, ledger: &mut Ledger, watcher: &Watcher) -> Result<()> {
        let database = &self.work.connection.database;
        let users = self
            .layout
            .source(&self.work.mapping.users())
            .unwrap_or_default();
        ledger.expect_users(scan::rough_count(database, &users).await);
        let needed = ledger.fields_of_users();
        let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
        let ids = fields(&needed);
        let memory = &self.work.memory;
        scan::each((database, None), &users, &ids, &watcher.cancel, |it| {
            ledger.user(it);
            memory
                .failure()
                .map_or(Ok(()), |failure| Err(StoreError::Refused(failure)))
        })
        .await?;
        for (collection, field) in ledger.names_account_holders() {
            self.each_as_before(&collection, &[field.top()], watcher, |it| {
                ledger.names_holders(it, &field);
            })
            .await?;
        }
        let customers = self.layout.place(&self.work.mapping.customers());
        ledger.expect_customers(scan::rough_count(database, &customers).await);
        Ok(())
    }

    /// Users and links: what a proof of the users needs.
    async fn ledger_of_users(&self, watcher: &Watcher) -> Result<Ledger> {
        let mut ledger = Ledger::new(
            self.work.mapping.clone(),
            self.answers.left_allowed(&self.work.mapping),
            &self.work.memory,
        );
        self.take_users(&mut ledger, watcher).await?;
        let scan = fields(&["_id", &self.work.mapping.customer.business, "kind", "users"]);
        let place = (&self.work.connection.database, None);
        scan::each(place, LINKS, &scan, &watcher.cancel, |it| {
            ledger.link(it);
            Ok(())
        })
        .await?;
        Ok(ledger)
    }

    /// Businesses, what leads to them, and customers: what isolation needs.
    async fn ledger_of_customers(&self, watcher: &Watcher) -> Result<Ledger> {
        let mut ledger = self.ledger_of_businesses(watcher).await?;
        let database = &self.work.connection.database;
        let customers = self.layout.place(&self.work.mapping.customers());
        ledger.expect_customers(scan::rough_count(database, &customers).await);
        let scan = fields(&["_id", &self.work.mapping.customer.business]);
        let place = (database, None);
        scan::each(place, &customers, &scan, &watcher.cancel, |it| {
            ledger.customer(it);
            Ok(())
        })
        .await?;
        Ok(ledger)
    }

    /// True where no customers stood before the migration, and nothing was linked to any.
    fn nobody_linked_before(&self) -> bool {
        let before = [Code::AlreadyLinked, Code::CustomerExists].map(Code::word);
        let of = |code: &str| before.iter().any(|word| code.ends_with(word));
        let run = self.run.latest();
        run.is_some_and(|run| !run.decided.iter().any(|line| of(&line.code)))
    }

    /// Businesses, and what leads to them.
    async fn ledger_of_businesses(&self, watcher: &Watcher) -> Result<Ledger> {
        let mapping = &self.work.mapping;
        let mut ledger = Ledger::new(
            mapping.clone(),
            self.answers.left_allowed(&self.work.mapping),
            &self.work.memory,
        )
        .exact(self.nobody_linked_before());
        watcher.says("checking customers and links", 0, 0);
        let filter = mapping.business.filter.iter().flat_map(Filter::fields);
        let needed: Vec<&str> = ["_id"]
            .into_iter()
            .chain(filter.map(FieldPath::top))
            .collect();
        for businesses in &mapping.business.collections {
            self.each_as_before(businesses, &needed, watcher, |it| ledger.business(it))
                .await?;
        }
        for needed in ledger.needed() {
            let names: Vec<&str> = needed.fields.iter().map(String::as_str).collect();
            self.each_as_before(&needed.collection, &names, watcher, |it| {
                ledger.between(&needed, it);
            })
            .await?;
        }
        Ok(ledger)
    }

    /// Checks a collection whose documents are proved one by one, wherever it stands.
    async fn check_alone(&self, which: &Rebuilt, watcher: &Watcher) -> Result<Checked> {
        let current = self.layout.place(which);
        if which.role() == Role::Reshaped {
            return self.check_reshaped(which, &current, watcher).await;
        }
        self.check_users(which, None, &current, watcher).await
    }

    /// Tells the ledger which users without a booking were given to which business, and who is taken for an account holder.
    fn expect_answered(&self, ledger: &mut Ledger) -> Result<()> {
        let survey = &self.surveyed()?.survey;
        for (user, business) in survey.claimed() {
            ledger.claims(&survey.user_id(user), survey.business_id(business));
        }
        for conflict in &self.surveyed()?.conflicts {
            let key = &conflict.key;
            if key.code == Code::MaySignIn
                && self.answers.decisions.choice(key) == Choice::Account
                && let Some(user) = key.subjects.first()
            {
                ledger.holds_an_account(user);
            }
            if key.code == Code::IdleUser
                && self.answers.decisions.choice(key) == Choice::Assign
                && let (Some(user), Some(business)) =
                    (key.subjects.first(), conflict.businesses.first())
            {
                ledger.assigns(user, business);
            }
        }
        Ok(())
    }

    /// Tells the ledger whose contact fields must be gone: those of a link that copied them, and those that a decision wipes.
    fn expect_cleaned(&self, ledger: &mut Ledger) -> Result<()> {
        ledger.cleans_copied();
        if self.answers.decisions.contact == Contact::Null {
            ledger.contact_is_null();
        }
        for conflict in &self.surveyed()?.conflicts {
            let ConflictKey { code, subjects, .. } = &conflict.key;
            if matches!(code, Code::ContactOnlyOnAccount | Code::IdleUser)
                && self.answers.decisions.choice(&conflict.key) == Choice::Wipe
            {
                for user in subjects {
                    ledger.cleans(user);
                }
            }
        }
        Ok(())
    }

    /// Checks that the indexes stand as specified, and nothing else.
    pub(crate) async fn check_indexes(&self, which: &Rebuilt) -> Result<Checked> {
        let place = self.layout.place(which);
        let mut checked = Checked::default();
        let Some(spec) = collection_spec::load(&self.work.connection, &place).await? else {
            checked.wrong = 1;
            checked
                .findings
                .push(format!("collection {place} is missing"));
            return Ok(checked);
        };
        for name in self.surveyed()?.blueprint.dropped_indexes(which.live()) {
            checked.notes.push(format!(
                "index {name} of {} is left out by decision; the original keeps it",
                which.live()
            ));
        }
        let mut wanted = self.wanted_as_of_then(which).await?;
        let expiry = self.layout.is_swapped(which);
        if expiry {
            // The kept original's TTLs are off; the true ones are in the run record.
            let ttl = self
                .run
                .open()
                .map(|run| run.collection(which).ttl)
                .unwrap_or_default();
            wanted = wanted
                .iter()
                .map(|index| {
                    crate::domain::index_plan::with_ttl(index, ttl.get(name_of(index)).copied())
                })
                .collect();
        }
        for index in &wanted {
            let name = name_of(index);
            let actual = spec.indexes.iter().find(|it| name_of(it) == name);
            if let Some(differs) = index_differs(index, actual.map(AsRef::as_ref), expiry) {
                checked.wrong += 1;
                checked
                    .findings
                    .push(format!("index {name} of {place} {differs}"));
            }
        }
        for index in &spec.indexes {
            let name = name_of(index);
            if name == "_id_" || wanted.iter().any(|it| name_of(it) == name) {
                continue;
            }
            if expiry {
                // The new application and `prisma db push` make indexes of their own; they change no document.
                checked.notes.push(format!(
                    "index {name} of {place} was made since the cut-over"
                ));
            } else {
                checked.wrong += 1;
                checked
                    .findings
                    .push(format!("index {name} of {place} is not specified"));
            }
        }
        Ok(checked)
    }
}

impl Answers {
    /// Which bookings, and which documents of each followed entry, a decision lets stay without a customer.
    fn left_allowed(&self, mapping: &Mapping) -> Vec<LeftAllowed> {
        let any = |code: Code, choice: Choice| {
            self.decisions.policy.get(&code) == Some(&choice)
                || self
                    .decisions
                    .single
                    .iter()
                    .any(|(key, it)| key.code == code && it.choice == choice)
        };
        let skipped =
            any(Code::AccountAlsoCustomer, Choice::Skip) || any(Code::DeletedUser, Choice::Skip);
        let mut allowed = vec![LeftAllowed {
            skipped,
            without_user: any(Code::BookingWithoutUser, Choice::Leave),
            without_business: any(Code::BookingWithoutBusiness, Choice::Leave)
                || any(Code::BusinessDisagrees, Choice::Leave),
        }];
        for at in 0..mapping.follow.len() {
            let name = mapping.entry_name(at);
            let left = |trouble| any(Code::followed(&name, trouble), Choice::Leave);
            allowed.push(LeftAllowed {
                skipped,
                without_user: left(Trouble::WithoutUser),
                without_business: left(Trouble::WithoutBusiness) || left(Trouble::Disagrees),
            });
        }
        allowed
    }
}

/// Documents by canonical `_id`.
pub(crate) fn by_id(documents: Vec<RawDocumentBuf>) -> HashMap<Id, RawDocumentBuf> {
    documents
        .into_iter()
        .filter_map(|document| Some((id_of(&document)?.canonical(), document)))
        .collect()
}
