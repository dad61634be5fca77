//! Whom conflicts are about: their records, whole or as a name and an e-mail; and names for ids, for whoever shows them. Reads only.

use std::collections::{BTreeSet, HashMap};

use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::id::Id;
use crate::domain::number::grouped;
use crate::domain::people::{Who, conflict_words, named_at, service_name};
use crate::domain::survey::UserIx;
use crate::domain::survey::facts::id_of;
use crate::domain::text::safe;
use crate::domain::view::{Source, Sources};
use crate::engine::error::Result;
use crate::engine::people::GUESTS;
use crate::engine::session::{Session, Surveyed};
use crate::store::scan;

/// Users whose names are held for the list; others are shown by their ids.
const NAMED: usize = 50_000;
/// Names in a sentence; more are counted.
const LISTED: usize = 3;

/// True where the subjects of a conflict are users that exist.
fn about_users(code: Code) -> bool {
    !matches!(
        code,
        Code::BookingWithoutUser
            | Code::BookingWithoutBusiness
            | Code::CustomerExists
            | Code::AlreadyLinked
            | Code::IdTypeMismatch
            | Code::ReferencedElsewhere
            | Code::CustomerUnique
            | Code::UserUnique
    )
}

impl Session {
    pub(crate) fn users_collection(&self) -> String {
        let users = self.layout.source(&self.work.mapping.users());
        users.unwrap_or_else(|| self.work.mapping.users().live().to_owned())
    }

    fn services_collection(&self) -> String {
        let mapping = &self.work.mapping;
        let role = mapping.service.as_ref();
        // Fields have the names of today there, whatever the after-schema calls them.
        role.map_or_else(String::new, |role| {
            self.layout.original_of(mapping, &role.collection)
        })
    }

    fn customers_collection(&self) -> String {
        let customers = self.layout.source(&self.work.mapping.customers());
        customers.unwrap_or_else(|| self.work.mapping.customer.collection.clone())
    }

    pub(crate) async fn look_up_users(&self, ids: impl IntoIterator<Item = Id>) -> Result<()> {
        let role = &self.work.mapping.user;
        let read = |document: &_| Who::of(&role.view(document), &role.name, Some(&role.email));
        let users = self.users_collection();
        let database = &self.work.connection.database;
        let survey = self.surveyed.as_ref().map(|it| &it.survey);
        let guest = |id: &Id| survey.and_then(|survey| survey.guest_named(id));
        let (guests, ids): (Vec<Id>, Vec<Id>) = ids.into_iter().partition(|it| guest(it).is_some());
        self.labels.look_up(database, &users, ids, read).await?;
        let Some(survey) = survey.filter(|_| !guests.is_empty()) else {
            return Ok(());
        };
        let unknown = guests
            .iter()
            .filter(|id| self.labels.get(&users, id).is_none());
        let unknown: Vec<UserIx> = unknown.filter_map(guest).collect();
        for guests in unknown.chunks(GUESTS) {
            for seen in self.guests(survey, guests).await? {
                let who = Who::of(&seen.view, &role.name, Some(&role.email));
                self.labels.take(&users, survey.user_id(seen.guest), who);
            }
        }
        Ok(())
    }

    pub(crate) async fn look_up_customers(&self, ids: impl IntoIterator<Item = Id>) -> Result<()> {
        let role = &self.work.mapping.user;
        let read = |document: &_| Who::of(document, &role.name, Some(&role.email));
        let customers = self.customers_collection();
        let database = &self.work.connection.database;
        Ok(self.labels.look_up(database, &customers, ids, read).await?)
    }

    pub(crate) async fn look_up_services(&self, ids: impl IntoIterator<Item = Id>) -> Result<()> {
        if self.work.mapping.service.is_none() {
            return Ok(());
        }
        let read = |document: &_| service_name(&self.work.mapping, document);
        let database = &self.work.connection.database;
        let services = self.services_collection();
        Ok(self.labels.look_up(database, &services, ids, read).await?)
    }

    /// Whom a user's id means, in words.
    pub(crate) fn user_words(&self, id: &Id) -> String {
        match self.labels.get(&self.users_collection(), id) {
            Some(Some(who)) => who.short(),
            Some(None) => "(no such user)".to_owned(),
            None => "(not looked up)".to_owned(),
        }
    }

    /// The same; `None` where no user has this id.
    pub(crate) fn user_if_any(&self, id: &Id) -> Option<String> {
        let found = self.labels.get(&self.users_collection(), id).flatten();
        found.map(|who| who.short())
    }

    /// What the customer of this user is called.
    pub(crate) fn customer_words(&self, user: &Id) -> String {
        match self.labels.get(&self.users_collection(), user) {
            Some(Some(who)) if who.name.is_empty() => "Unknown Customer".to_owned(),
            Some(Some(who)) => who.name,
            Some(None) | None => "a customer".to_owned(),
        }
    }

    /// What an id names, among all that was looked up: a user, a customer, a service or a business.
    pub(crate) fn named(&self, id: &Id) -> Option<String> {
        let collections = [
            self.users_collection(),
            self.customers_collection(),
            self.services_collection(),
        ];
        let looked_up: Vec<_> = collections
            .iter()
            .filter_map(|collection| self.labels.get(collection, id))
            .collect();
        let found = looked_up.iter().flatten().next().map(Who::short);
        found
            .or_else(|| self.business_words(id))
            .or_else(|| (!looked_up.is_empty()).then(|| "(nothing has this id)".to_owned()))
    }

    pub(crate) fn service_who(&self, id: &Id) -> Option<Who> {
        self.labels.get(&self.services_collection(), id).flatten()
    }

    pub(crate) fn customer_who(&self, id: &Id) -> Option<Who> {
        self.labels.get(&self.customers_collection(), id).flatten()
    }

    /// Names for all that these conflicts are about, looked up at once.
    pub async fn look_up_keys<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k ConflictKey>,
    ) -> Result<()> {
        let (mut users, mut services) = (BTreeSet::new(), BTreeSet::new());
        let (mut businesses, mut customers) = (BTreeSet::new(), BTreeSet::new());
        for key in keys {
            businesses.extend(key.business.clone());
            let named = key.subjects.iter().filter(|id| id.as_str().is_none());
            match key.code {
                Code::BookingWithoutBusiness => services.extend(named.cloned()),
                Code::DuplicateEmail if self.is_of_existing(key) => {
                    customers.extend(key.subjects.iter().cloned());
                }
                // A text may be a user's id too.
                code if users.len() < NAMED
                    && (about_users(code) || code == Code::BookingWithoutUser) =>
                {
                    users.extend(key.subjects.iter().cloned());
                }
                _ => {}
            }
        }
        self.look_up_users(users).await?;
        self.look_up_customers(customers).await?;
        self.look_up_businesses(businesses).await?;
        self.look_up_services(services).await
    }

    pub(crate) async fn look_up_businesses(&self, ids: impl IntoIterator<Item = Id>) -> Result<()> {
        let role = &self.work.mapping.business;
        let read = |document: &_| match &role.name {
            Some(path) => named_at(document, path),
            None => Who::default(),
        };
        let database = &self.work.connection.database;
        let ids: Vec<Id> = ids.into_iter().collect();
        for collection in self.businesses_collections() {
            self.labels
                .look_up(database, &collection, ids.iter().cloned(), read)
                .await?;
        }
        Ok(())
    }

    fn businesses_collections(&self) -> Vec<String> {
        let mapping = &self.work.mapping;
        let names = mapping.business.collections.iter();
        names
            .map(|name| self.layout.original_of(mapping, name))
            .collect()
    }

    /// The name of a business, from the survey or as it was looked up.
    pub(crate) fn business_words(&self, id: &Id) -> Option<String> {
        let surveyed = self.surveyed.as_ref().and_then(|it| {
            let at = it.survey.businesses.get_index_of(&id.canonical())?;
            Some(safe(&it.survey.businesses[at].name, 60))
        });
        let looked_up = || {
            let collections = self.businesses_collections();
            let found: Vec<_> = collections
                .iter()
                .filter_map(|collection| self.labels.get(collection, id))
                .collect();
            match found.iter().flatten().next() {
                Some(who) => Some(who.short()),
                None => (!found.is_empty()).then(|| "(no such business)".to_owned()),
            }
        };
        surveyed.filter(|name| !name.is_empty()).or_else(looked_up)
    }

    /// True for a conflict about customers that were there before.
    fn is_of_existing(&self, key: &ConflictKey) -> bool {
        let surveyed = self.surveyed.as_ref();
        surveyed.is_some_and(|it| it.survey.is_of_existing(key))
    }

    /// Whom one subject of a conflict means, once it was looked up.
    fn subject_who(&self, key: &ConflictKey, id: &Id) -> Option<Who> {
        let named = |name: &str| Who {
            name: name.to_owned(),
            email: String::new(),
        };
        match key.code {
            Code::BookingWithoutBusiness => Some(match self.service_who(id) {
                Some(who) if !who.name.is_empty() => {
                    named(&format!("service {}, whose business is gone", who.name))
                }
                Some(_) => named("a service whose business is gone"),
                None => named("no such service"),
            }),
            Code::BookingWithoutUser => Some(named("no such user")),
            Code::DuplicateEmail if self.is_of_existing(key) => {
                let found = self.labels.get(&self.customers_collection(), id)?;
                Some(found.unwrap_or_else(|| named("no such customer")))
            }
            code if about_users(code) => {
                let found = self.labels.get(&self.users_collection(), id)?;
                Some(found.unwrap_or_else(|| named("no such user")))
            }
            _ => None,
        }
    }

    /// A conflict in people's words: "same e-mail at Foto Durham: Ann Smith, Anne Smith". Names are masked unless `personal`.
    pub fn key_words(&self, key: &ConflictKey, personal: bool) -> String {
        let mut words = conflict_words(key.code);
        if self.is_of_existing(key) {
            words.push_str(" of customers that were there before");
        }
        let business = key.business.as_ref();
        if let Some(name) = business.and_then(|id| self.business_words(id)) {
            words = format!("{words} at {name}");
        }
        // Fields and collections are told by their own names.
        let named = key.subjects.iter().filter(|_| !about_users(key.code));
        let by_name = matches!(
            key.code,
            Code::IdTypeMismatch
                | Code::ReferencedElsewhere
                | Code::CustomerUnique
                | Code::UserUnique
        );
        let named = named.filter(|_| by_name);
        let mut who: Vec<String> = named
            .filter_map(|id| Some(safe(id.as_str()?, 80)))
            .collect();
        let people = key.subjects.iter().take(LISTED).filter_map(|id| {
            let who = self.subject_who(key, id)?;
            let is_person = about_users(key.code) && !who.words().is_empty();
            Some(match (is_person, personal) {
                (true, false) => who.masked().words(),
                (true, true) => who.words(),
                (false, _) => who.short(),
            })
        });
        who.extend(people);
        if who.is_empty() && key.subjects.is_empty() && key.code == Code::BookingWithoutUser {
            who.push("no user".to_owned());
        }
        let more = key.subjects.len().saturating_sub(LISTED);
        if more > 0 && !who.is_empty() {
            who.push(format!("{} more", grouped(more as u64)));
        }
        if !who.is_empty() {
            words = format!("{words}: {}", who.join(", "));
        }
        words
    }

    /// Names for what conflicts are about, safe to draw: of 50,000 users at most, those of blockers first. What cannot be found is said.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn labels(&self) -> Result<HashMap<Id, String>> {
        let Some(surveyed) = &self.surveyed else {
            return Ok(HashMap::new());
        };
        let keys: Vec<&ConflictKey> = surveyed.conflicts.iter().map(|it| &it.key).collect();
        self.look_up_keys(keys.iter().copied()).await?;
        let mut labels = HashMap::new();
        for key in keys {
            for id in &key.subjects {
                if let Some(who) = self.subject_who(key, id) {
                    let words = who.words();
                    let words = if words.is_empty() { who.short() } else { words };
                    labels.insert(id.clone(), words);
                }
            }
        }
        Ok(labels)
    }

    /// What the answer to a conflict is made of.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn sources(&self, key: &ConflictKey) -> Result<Sources> {
        let Surveyed { survey, .. } = self.surveyed()?;
        let mut decisions = self.answers.decisions.clone();
        if let Some(decision) = decisions.single.get_mut(key) {
            decision.survivor = None;
        }
        let crowded = survey.crowded().iter().find(|it| it.is_known_by(key));
        let ids: &[Id] = match crowded {
            Some(crowded) => &crowded.named,
            None if about_users(key.code) => &key.subjects,
            None => &[],
        };
        let documents = self.views(survey, ids).await?;
        let business = key
            .business
            .as_ref()
            .and_then(|id| survey.businesses.get_index_of(&id.canonical()));
        let mut records = Vec::new();
        for document in documents {
            let user: Option<UserIx> =
                id_of(&document).and_then(|id| survey.users.find(&id.canonical()));
            let Some(user) = user else { continue };
            let candidate = match business {
                Some(business) => survey.candidate(user, business),
                None => survey.candidate_anywhere(user),
            };
            records.push(Source {
                document,
                candidate,
            });
        }
        if survey.is_of_existing(key) {
            let customers = self.customers_collection();
            let database = &self.work.connection.database;
            for document in scan::by_ids(database, &customers, &key.subjects).await? {
                let at =
                    id_of(&document).and_then(|id| survey.existing.get_index_of(&id.canonical()));
                if let Some(at) = at {
                    let candidate = survey.candidate_existing(at);
                    records.push(Source {
                        document,
                        candidate,
                    });
                }
            }
        }
        Ok(Sources {
            key: key.clone(),
            role: (*self.work.mapping.user).clone(),
            inherited: decisions.survivor(key),
            records,
        })
    }
}
