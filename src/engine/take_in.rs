//! Deciding on strays: their documents are taken in, or they are set aside for good. Each command can be run again after a kill or a part: a document
//! counts as taken in when what it gives stands live, byte for byte.

use std::collections::HashMap;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use crate::domain::aside::{Aside, Why};
use crate::domain::blueprint::Role as PairRole;
use crate::domain::gate::{Confirmed, SetAside, TakeIn};
use crate::domain::id::Id;
use crate::domain::link::Between;
use crate::domain::mapping::LINKS;
use crate::domain::rebuilt::{Rebuilt, Role};
use crate::domain::reference::BookingPaths;
use crate::domain::run::Outcome;
use crate::domain::schema_change::undo::Known;
use crate::domain::survey::facts::id_of;
use crate::domain::survey::{Of, Standing};
use crate::domain::survivorship::{self, Link, dated_by};
use crate::domain::transform::{self, Goal};
use crate::engine::after_schema::lens::change_of;
use crate::engine::check::by_id;
use crate::engine::error::{Result, StepError};
use crate::engine::given_up;
use crate::engine::keep_new::BackToUsers;
use crate::engine::session::{Session, Surveyed};
use crate::engine::survey::Also;
use crate::engine::{Watcher, counted, grouped};
use crate::store::swap::{self, Stray};
use crate::store::{raw_write, scan};

/// What came of deciding on strays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// One line for each stray.
    pub says: Vec<String>,
    /// False when a document had to stay where it is.
    pub complete: bool,
}

/// What one stray's documents give.
#[derive(Default)]
struct Given {
    /// What must stand live, by `_id`.
    documents: Vec<RawDocumentBuf>,
    /// Customers and links that they need.
    people: Vec<(RawDocumentBuf, RawDocumentBuf)>,
    /// Documents that need a decision.
    stay: u64,
}

impl Given {
    /// What documents give after a rollback: one that names a customer names its user again.
    async fn of(back: &BackToUsers<'_>, documents: &[&RawDocument], undone: bool) -> Result<Self> {
        let mut given = Self::default();
        for document in documents {
            match back.document(document, undone).await? {
                Some(document) => given.documents.push(document),
                None => given.stay += 1,
            }
        }
        Ok(given)
    }
}

impl Session {
    /// The strays that a command is about: all, or the one of this name.
    fn chosen_strays(&self, only: Option<&str>) -> Result<Vec<Stray>> {
        let all = self.layout.strays();
        let chosen: Vec<Stray> = all
            .iter()
            .filter(|stray| only.is_none_or(|name| stray.name == name))
            .cloned()
            .collect();
        match only {
            Some(name) if chosen.is_empty() => Err(StepError::NotReady(format!(
                "there is no undecided stray of the name {name}. Nothing was changed; `ringfence strays` lists them"
            ))),
            _ => Ok(chosen),
        }
    }

    /// Renames a stray that stands under a vacated name to a name of ours, and reads the name.
    async fn named_stray(&self, stray: &Stray) -> Result<Aside> {
        self.require_movable(&stray.name).await?;
        let name = if self.layout.strangers().contains(&stray.name) {
            swap::move_stray(&self.work.connection, &stray.name)
                .await?
                .name
        } else {
            stray.name.clone()
        };
        Aside::parse(&name).ok_or_else(|| {
            StepError::NotReady(format!("{name} is no stray's name. Nothing was changed"))
        })
    }

    /// Sets strays aside for good.
    ///
    /// # Errors
    /// Another confirmation, or the server's refusal.
    pub async fn set_strays_aside(
        &mut self,
        confirmed: Confirmed,
        only: Option<&str>,
    ) -> Result<Decided> {
        self.hold().await?;
        self.see_what_is_swapped().await?;
        let confirmed = self
            .pass::<SetAside>(Some(confirmed), &Watcher::silent())
            .await?;
        self.set_aside(confirmed, only).await
    }

    async fn set_aside(&mut self, _: Confirmed<SetAside>, only: Option<&str>) -> Result<Decided> {
        let mut says = Vec::new();
        for stray in self.chosen_strays(only)? {
            let aside = self.named_stray(&stray).await?;
            let name = self.rename_decided(&aside, Why::SetAside).await?;
            let documents = counted(stray.documents, "document", "documents");
            says.push(format!(
                "{} is set aside by decision as {name} ({documents}), until `ringfence purge`",
                stray.name
            ));
        }
        self.note_decided_strays(&says).await?;
        Ok(Decided {
            says,
            complete: true,
        })
    }

    async fn rename_decided(&self, aside: &Aside, why: fn(u64) -> Why) -> Result<String> {
        let decided = Aside {
            why: why(aside.number().unwrap_or_default()),
            of: aside.of.clone(),
        };
        let name = decided.name();
        swap::rename(&self.work.connection, &aside.name(), &name).await?;
        Ok(name)
    }

    /// Keeps what was decided in the run record, where there is one.
    async fn note_decided_strays(&mut self, says: &[String]) -> Result<()> {
        if let Some(record) = &mut self.run.record {
            record.decided_strays.extend_from_slice(says);
            self.save().await?;
        }
        self.see_what_is_swapped().await
    }

    /// Takes the documents of strays in.
    ///
    /// # Errors
    /// Another confirmation, or the server's refusal; what was taken in stays so, and the same command goes on.
    pub async fn take_strays_in(
        &mut self,
        confirmed: Confirmed,
        only: Option<&str>,
        watcher: &Watcher,
    ) -> Result<Decided> {
        self.hold().await?;
        self.see_what_is_swapped().await?;
        let confirmed = self.pass::<TakeIn>(Some(confirmed), watcher).await?;
        // What a run that went back had made of documents is undone by its own rules.
        let latest = self.run.latest();
        let back = latest.filter(|run| run.outcome == Outcome::RolledBack);
        let Some(plan) = back.and_then(|run| run.plan.clone()) else {
            return self.take_in(confirmed, only, watcher).await;
        };
        let now = self.answers.schema.clone();
        self.take_schema(plan.schema);
        let decided = self.take_in(confirmed, only, watcher).await;
        self.take_schema(now);
        decided
    }

    async fn take_in(
        &mut self,
        _: Confirmed<TakeIn>,
        only: Option<&str>,
        watcher: &Watcher,
    ) -> Result<Decided> {
        let mut decided = Decided {
            says: Vec::new(),
            complete: true,
        };
        for stray in self.chosen_strays(only)? {
            let aside = self.named_stray(&stray).await?;
            let (live, stay) = self.take_one_in(&aside, watcher).await?;
            let documents = counted(stray.documents, "document", "documents");
            if stay > 0 {
                let (name, stay) = (aside.name(), grouped(stay));
                decided.complete = false;
                decided.says.push(format!(
                    "{name}: {stay} of {documents} stay there, since they need a decision, the new application could not read them, or their _id or a unique value is live already; the others are live in {live}"
                ));
                continue;
            }
            let name = self.rename_decided(&aside, Why::TakenIn).await?;
            decided.says.push(format!(
                "{}: {documents} read back, live in {live}; it is kept as {name} until `ringfence purge`",
                aside.name()
            ));
        }
        self.note_decided_strays(&decided.says).await?;
        Ok(decided)
    }

    /// Takes one stray in. Returns where its documents are live, and how many had to stay.
    async fn take_one_in(&mut self, aside: &Aside, watcher: &Watcher) -> Result<(String, u64)> {
        let rebuilt = self.work.mapping.rebuilt();
        let run = self.run.latest();
        let of = run.map_or(&*aside.of, |run| given_up::name_before(run, &aside.of));
        let of = of.to_owned();
        // Written by the new application, and the old one is live.
        let is_new = of != aside.of;
        let which = rebuilt.iter().find(|which| which.live() == of);
        let live = self.layout.now(&of).to_owned();
        let name = aside.name();
        watcher.says(&format!("taking in {name}"), 0, 0);
        let transformed = which.filter(|it| {
            let names_users = matches!(it.role(), Role::Bookings | Role::Followed);
            names_users && self.layout.is_swapped(it)
        });
        if let Some(which) = transformed {
            self.load_run_decisions()?;
            let also = Also {
                of: which.live().to_owned(),
                place: name.clone(),
            };
            self.survey_with(Some(&also), watcher).await?;
        }
        Box::pin(self.fill_minutes_of(true)).await?;
        let is_live = which.is_some_and(|it| self.layout.is_swapped(it)) || live != of;
        let reader = self.reader_of(&of)?.filter(|_| is_live);
        let mut stay = 0;
        let after_rollback = self.run.open().is_none() && transformed.is_none();
        let naming = which.filter(|it| after_rollback && !self.naming(Some(it)).is_empty());
        let back = match naming {
            Some(which) => Some(BackToUsers::of(self, which, watcher).await?),
            None => None,
        };
        let mut pages = scan::in_id_order(&self.work.connection.database, &name)?;
        while let Some(page) = pages.next().await? {
            let documents: Vec<&RawDocument> = page.documents().collect();
            let mut given = match (transformed, &back, is_new) {
                (Some(which), ..) => self.given(which, &documents).await?,
                (None, Some(back), false) => Given::of(back, &documents, false).await?,
                (None, None, false) => self.given_as_they_are(which, &documents),
                (None, _, true) => {
                    self.given_as_before(which, back.as_ref(), &documents)
                        .await?
                }
            };
            if let Some(which) = which.filter(|it| self.layout.is_swapped(it)) {
                self.shape_given(which, &mut given)?;
            }
            if let Some(reader) = &reader {
                let before = given.documents.len();
                given.documents.retain(|it| reader.reads(it));
                given.stay += (before - given.documents.len()) as u64;
            }
            self.make_live((which, &live), &mut given).await?;
            stay += given.stay;
            // Read back: what is not live as it must be stays.
            let ids: Vec<Id> = given.documents.iter().filter_map(|it| id_of(it)).collect();
            let database = &self.work.connection.database;
            let found = by_id(scan::by_ids(database, &live, &ids).await?);
            for document in &given.documents {
                let is = id_of(document).and_then(|id| found.get(&id.canonical()));
                stay += u64::from(is != Some(document));
            }
        }
        Box::pin(self.fill_minutes()).await?;
        if transformed.is_some() {
            self.surveyed = None; // it held the stray's bookings, too
        }
        Ok((live, stay))
    }

    /// Gives documents, and the customers that they need, the form of the after-schema.
    fn shape_given(&self, which: &Rebuilt, given: &mut Given) -> Result<()> {
        if let Some(shape) = self.work.shape_of(which) {
            for document in &mut given.documents {
                *document = shape.of(document)?.document;
            }
        }
        if let Some(shape) = self.work.shape_of(&self.work.mapping.customers()) {
            for (customer, link) in &mut given.people {
                *customer = shape.of_dated(customer, dated_by(link))?.document;
            }
        }
        Ok(())
    }

    /// How the documents of a collection name customers.
    fn naming(&self, which: Option<&Rebuilt>) -> Vec<BookingPaths> {
        let mapping = &self.work.mapping;
        let Some(which) = which else {
            return Vec::new();
        };
        let own = match which.role() {
            Role::Bookings => Some(BookingPaths::of(mapping)),
            Role::Followed => None,
            Role::Customers | Role::Users | Role::Reshaped => return Vec::new(),
        };
        let entries = mapping.entries_of(which.live());
        let entries = entries.map(|(_, entry)| BookingPaths::following(entry, None));
        own.into_iter().chain(entries).collect()
    }

    /// What documents give that need no transform. One that names a customer would have to be given back to a user.
    fn given_as_they_are(&self, which: Option<&Rebuilt>, documents: &[&RawDocument]) -> Given {
        let naming = self.naming(which);
        let mut given = Given::default();
        for document in documents {
            if naming
                .iter()
                .any(|paths| paths.read(document).customer.is_some())
            {
                given.stay += 1;
            } else {
                given.documents.push((*document).to_owned());
            }
        }
        given
    }

    /// What documents of the new application give where the old one is live again. A customer was none of its documents: that is a decision.
    async fn given_as_before(
        &self,
        which: Option<&Rebuilt>,
        back: Option<&BackToUsers<'_>>,
        documents: &[&RawDocument],
    ) -> Result<Given> {
        let had_none = |it: &Rebuilt| {
            let run = self.run.latest();
            it.role() == Role::Customers
                && run.is_some_and(|run| run.collection(it).original.is_none())
        };
        if which.is_some_and(had_none) {
            return Ok(Given {
                stay: documents.len() as u64,
                ..Given::default()
            });
        }
        let change = which.and_then(|it| change_of(&self.work.mapping, it));
        let before = documents.iter().map(|it| match change {
            Some(change) => change.undo(it, Known::Nothing),
            None => Ok((*it).to_owned()),
        });
        let before: Vec<RawDocumentBuf> = before.collect::<std::result::Result<_, _>>()?;
        let before: Vec<&RawDocument> = before.iter().map(|it| &**it).collect();
        match back {
            Some(back) => Given::of(back, &before, true).await,
            None => Ok(self.given_as_they_are(which, &before)),
        }
    }

    /// What documents give after the cut-over: each points at the customer of its user at its business, who is made where there is none yet.
    async fn given(&self, which: &Rebuilt, documents: &[&RawDocument]) -> Result<Given> {
        let mapping = &self.work.mapping;
        let own = (which.role() != Role::Followed).then_some(Of::Bookings);
        let entries = mapping.entries_of(which.live());
        let entries = entries.map(|(at, _)| Of::Entry(at));
        let places: Vec<Of> = own.into_iter().chain(entries).collect();
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let mut given = Given::default();
        for document in documents {
            let mut made = Some((*document).to_owned());
            for of in &places {
                let Some(was) = made else { break };
                made = match transform::goal(survey, blueprint, *of, document) {
                    Goal::Customer(customers, _) => {
                        let mut stand = true;
                        for customer in &customers {
                            let stands = self.customer_stands(*of, customer, document, &mut given);
                            stand &= stands.await?;
                        }
                        let paths = survey.paths_of(*of);
                        stand
                            .then(|| paths.pointed_at_all(&was, &customers))
                            .transpose()?
                    }
                    Goal::Kept(..) => {
                        let paths = survey.paths_of(*of);
                        Some(paths.without_user(&was, false)?.finish())
                    }
                    Goal::Left if *of != Of::Bookings => Some(was),
                    Goal::Left | Goal::Quarantined => None,
                };
            }
            match made {
                Some(document) => given.documents.push(document),
                None => given.stay += 1,
            }
        }
        Ok(given)
    }

    /// True where the customer of a document is there, or is made for it; false where that needs a decision.
    async fn customer_stands(
        &self,
        of: Of,
        customer: &Id,
        document: &RawDocument,
        given: &mut Given,
    ) -> Result<bool> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let database = &self.work.connection.database;
        let customers = self.layout.place(&self.work.mapping.customers());
        let standing = scan::by_ids(database, &customers, [customer]).await?;
        if !standing.is_empty() {
            return Ok(true);
        }
        let refs = survey.paths_of(of).read(document);
        let Standing::Paired { user, business, .. } = survey.standing_in(of, &refs) else {
            return Ok(false);
        };
        // Of several users the one whose customer it is.
        let mut named = survey.users_named(of, &refs).into_iter();
        let is_theirs =
            |user: &_| blueprint.customer_of(survey, *user, business).as_ref() == Some(customer);
        let user = named.find(is_theirs).unwrap_or(user);
        let own = matches!(blueprint.role(survey, user, business), PairRole::Own);
        let of_guest = survey.is_guest(user);
        let id = survey.user_id(user);
        let row = if of_guest {
            let guests = survey.paths_of(of).guests();
            guests.map(|guests| (guests.view(&id, document), Vec::new()))
        } else {
            let ids = std::slice::from_ref(&id);
            let rows = self.views_at(survey, business, ids).await?;
            rows.into_iter().next()
        };
        let (true, Some((row, between))) = (own, row) else {
            return Ok(false); // a group to merge with, or to adopt: that is a decision
        };
        let rules = blueprint.rules(survey, user, business);
        let oldest = self.work.date_of_one(survey, customer, (user, business));
        let business = survey.business_id(business);
        let mapping = &self.work.mapping;
        let of_document = id_of(document).filter(|_| of_guest).map(|id| Between {
            collection: match of {
                Of::Bookings => None,
                Of::Entry(at) => Some(mapping.follow[at].collection.clone()),
            },
            id,
        });
        let bookings = of_document.into_iter().collect();
        let row: &RawDocument = &row;
        let made = survivorship::customer(mapping, customer, business, &[row], &rules);
        let link = Link {
            customer,
            business: Some(business),
            kind: rules.link_kind(),
            users: (!of_guest).then(|| id.clone()).into_iter().collect(),
            guests: if of_guest { vec![id] } else { Vec::new() },
            bookings,
            between,
            made: Some(&made),
            oldest,
        };
        let rows: [&RawDocument; 1] = [row];
        let lost = rules.loses().then_some((made.as_ref(), &rows[..]));
        let link = survivorship::link(mapping, &link, lost);
        given.people.push((made, link));
        Ok(true)
    }

    /// Inserts what is not there yet: customers, then links and documents. What is there already is never overwritten. A document whose customer
    /// the server refuses, since a unique value is live already, stays.
    async fn make_live(
        &self,
        (which, live): (Option<&Rebuilt>, &str),
        given: &mut Given,
    ) -> Result<()> {
        let people = std::mem::take(&mut given.people);
        let people: HashMap<Id, (RawDocumentBuf, RawDocumentBuf)> = people
            .into_iter()
            .filter_map(|(made, link)| Some((id_of(&made)?.canonical(), (made, link))))
            .collect();
        let customers = self.layout.place(&self.work.mapping.customers());
        let made: Vec<_> = people.values().map(|(made, _)| made.clone()).collect();
        self.insert(&customers, &made).await?;
        let database = &self.work.connection.database;
        let standing = by_id(scan::by_ids(database, &customers, people.keys()).await?);
        let refused =
            |customer: &Id| people.contains_key(customer) && !standing.contains_key(customer);
        let naming = self.naming(which);
        let before = given.documents.len();
        given.documents.retain(|document| {
            let mut said = naming.iter().map(|paths| paths.read(document));
            !said.any(|said| said.customers().any(|it| refused(&it.canonical())))
        });
        given.stay += (before - given.documents.len()) as u64;
        let links = people.iter().filter(|(customer, _)| !refused(customer));
        let links: Vec<_> = links.map(|(_, (_, link))| link.clone()).collect();
        self.insert(LINKS, &links).await?;
        self.insert(live, &given.documents).await
    }

    async fn insert(&self, name: &str, documents: &[RawDocumentBuf]) -> Result<()> {
        if !documents.is_empty() {
            self.work.connection.lease.check().await?;
            let database = &self.work.connection.database;
            raw_write::insert_batch(database, name, None, documents).await?;
        }
        Ok(())
    }
}
