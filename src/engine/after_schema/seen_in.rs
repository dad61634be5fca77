//! The documents in which something was seen, in people's words: a person, a business, a service, a booking by its time, and a customer that is
//! not made yet by the user whom it is of. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::Id;
use crate::domain::people::{BookingWords, booking_time};
use crate::domain::reference::service_of;
use crate::domain::survey::facts::{BusinessIx, UserIx, id_of};
use crate::domain::text::safe;
use crate::engine::error::Result;
use crate::engine::session::{Session, Surveyed};
use crate::store::scan;

/// What documents are called, by their ids.
type Named = BTreeMap<Id, String>;

/// Whose a customer is that is not made yet.
enum Made {
    Of(UserIx, BusinessIx),
    Placeholder(BusinessIx),
}

/// The ids of one sample: a group of documents that share a value has several.
fn ids_of(sample: &str) -> impl Iterator<Item = Id> {
    let parts = sample.split(", ");
    parts.map(|part| Id::parse(part).unwrap_or_else(|| Id::string(part)))
}

impl Session {
    /// The samples of a live collection in words; empty where one of them has none.
    pub(super) async fn seen_in(&self, live: &str, samples: &[String]) -> Result<Vec<String>> {
        let ids: BTreeSet<Id> = samples.iter().flat_map(|it| ids_of(it)).collect();
        let named = self.named_in(live, &ids).await?;
        let words = samples.iter().map(|sample| {
            let each: Option<Vec<&str>> = ids_of(sample)
                .map(|id| named.get(&id).map(String::as_str))
                .collect();
            each.map(|all| all.join(", "))
        });
        let words: Option<Vec<String>> = words.collect();
        Ok(words.unwrap_or_default())
    }

    async fn named_in(&self, live: &str, ids: &BTreeSet<Id>) -> Result<Named> {
        let mapping = &self.work.mapping;
        if ids.is_empty() || !mapping.has_users() {
            return Ok(Named::new());
        }
        if live == mapping.user.collection {
            self.look_up_users(ids.iter().cloned()).await?;
            return Ok(named_by(ids, |id| self.user_if_any(id)));
        }
        if live == mapping.bookings().live() {
            return self.bookings_in_words(live, ids).await;
        }
        if live == mapping.customers().live() {
            return self.customers_in_words(ids).await;
        }
        if mapping
            .service
            .as_ref()
            .is_some_and(|it| it.collection == live)
        {
            self.look_up_services(ids.iter().cloned()).await?;
            return Ok(named_by(ids, |id| {
                self.service_who(id).map(|it| it.short())
            }));
        }
        if mapping.business.collections.iter().any(|it| it == live) {
            self.look_up_businesses(ids.iter().cloned()).await?;
            return Ok(named_by(ids, |id| self.business_words(id)));
        }
        Ok(Named::new())
    }

    /// "14 Mar 2025 10:00, Portrait, Agnieszka Kowalczyk".
    async fn bookings_in_words(&self, live: &str, ids: &BTreeSet<Id>) -> Result<Named> {
        let Surveyed { survey, .. } = self.surveyed()?;
        let ids: Vec<Id> = ids.iter().cloned().collect();
        let documents = scan::by_ids(&self.work.connection.database, live, &ids).await?;
        let about: Vec<_> = documents
            .iter()
            .filter_map(|document| {
                let references = survey.paths().read(document);
                let user = references.user.named().cloned();
                Some((
                    id_of(document)?,
                    document,
                    user,
                    service_of(&survey.mapping, document),
                ))
            })
            .collect();
        let users = about.iter().filter_map(|(_, _, user, _)| user.clone());
        self.look_up_users(users.collect::<BTreeSet<_>>()).await?;
        let services = about
            .iter()
            .filter_map(|(_, _, _, service)| service.clone());
        self.look_up_services(services.collect::<BTreeSet<_>>())
            .await?;
        let words = about.into_iter().map(|(id, document, user, service)| {
            let words = BookingWords {
                when: booking_time(&survey.mapping, document),
                ..BookingWords::default()
            };
            let service = service
                .and_then(|it| self.service_who(&it))
                .map(|it| it.short());
            let user = user.map_or_else(|| "no user".to_owned(), |it| self.user_words(&it));
            let parts = [Some(words.when()), service, Some(user)];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            (id, parts.join(", "))
        });
        Ok(words.collect())
    }

    /// "Ann Ames at Foto Durham"; who stands for a customer that is not made yet is found among the pairs.
    async fn customers_in_words(&self, ids: &BTreeSet<Id>) -> Result<Named> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let mut made: BTreeMap<Id, Made> = BTreeMap::new();
        for (business, names, _) in blueprint.placeholders() {
            let id = blueprint.placeholder_of(survey, business, names.as_ref());
            if ids.contains(&id) {
                made.insert(id, Made::Placeholder(business));
            }
        }
        for (user, business) in survey.pairs.keys() {
            if made.len() == ids.len() {
                break;
            }
            if let Some(id) = blueprint.customer_of(survey, user, business)
                && ids.contains(&id)
            {
                made.entry(id).or_insert(Made::Of(user, business));
            }
        }
        let users = made.values().filter_map(|made| match made {
            Made::Of(user, _) => Some(survey.user_id(*user)),
            Made::Placeholder(_) => None,
        });
        self.look_up_users(users.collect::<BTreeSet<_>>()).await?;
        let existing = ids.iter().filter(|id| !made.contains_key(id)).cloned();
        self.look_up_customers(existing.collect::<Vec<_>>()).await?;
        let at = |business: BusinessIx| safe(&survey.businesses[business].name, 60);
        Ok(named_by(ids, |id| match made.get(id) {
            Some(Made::Of(user, business)) => {
                let who = self.customer_words(&survey.user_id(*user));
                Some(format!("{who} at {}", at(*business)))
            }
            Some(Made::Placeholder(business)) => {
                Some(format!("a placeholder customer at {}", at(*business)))
            }
            None => self.customer_who(id).map(|who| who.short()),
        }))
    }
}

fn named_by(ids: &BTreeSet<Id>, words: impl Fn(&Id) -> Option<String>) -> Named {
    let found = ids.iter().filter_map(|id| Some((id.clone(), words(id)?)));
    found.collect()
}
