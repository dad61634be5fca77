//! What a reference means, told by what it reaches: bookings whose people all sign in while another field names those who do not, and a new
//! reference under the name of one that leads elsewhere.

use std::collections::BTreeSet;

use bson::RawDocumentBuf;

use super::Known;
use crate::domain::accepted::Accepted;
use crate::domain::fit::Fit;
use crate::domain::fit::reference::{ReferenceClaim, of_booking_users, references, values_at};
use crate::domain::id::Id;
use crate::domain::mapping::path::{FieldPath, HopText, ReferencePath};
use crate::domain::mapping::{Customers, Mapping};
use crate::domain::number::grouped;
use crate::domain::profile::Profile;
use crate::domain::survey::facts::UserFacts;
use crate::engine::error::Result;
use crate::engine::session::Session;

/// Values that are tried.
const TRIED: usize = 200;
/// Fewer different people, or values, say nothing.
const ENOUGH: usize = 12;

/// Of the people that a field names.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reached {
    pub(super) people: usize,
    pub(super) customers: usize,
}

/// Of these users, those whom the mapping lets in.
fn reached(mapping: &Mapping, users: &[RawDocumentBuf]) -> Reached {
    let role = &mapping.user;
    let inside = users
        .iter()
        .filter(|user| role.filter.as_ref().is_none_or(|it| it.lets_in(user)));
    let mut reached = Reached::default();
    for user in inside {
        let facts = UserFacts::of(user, role);
        reached.people += 1;
        reached.customers += usize::from(match role.customers {
            Customers::NoPassword => !(facts.account || facts.verified),
            Customers::Everybody | Customers::Filter(_) => facts.by_filter,
        });
    }
    reached
}

impl Session {
    /// Refuses a reference that reaches those who sign in, where another one reaches those who do not.
    pub(super) async fn check_people_reached(
        &self,
        mapping: &Mapping,
        known: &Known,
        fit: &mut Fit,
    ) -> Result<()> {
        let key = "booking.user";
        let by_nature = mapping.user.customers != Customers::Everybody;
        let claim = of_booking_users(mapping).filter(|_| by_nature);
        let Some(claim) = claim else {
            return Ok(());
        };
        let profile = known.profile("booking.", &mapping.booking.collection, mapping);
        let path = claim.paths.first();
        let (Some(profile), Some(path)) = (profile, path) else {
            return Ok(());
        };
        let taken = references(mapping, false).into_iter();
        let taken = taken.filter(|claim| claim.key.starts_with("booking."));
        let paths: Vec<_> = taken.flat_map(|claim| claim.paths).collect();
        let taken: Vec<_> = paths.iter().map(|path| path.start.to_string()).collect();
        let email = claim.target.by.as_ref();
        let own = self.reached_by(mapping, profile, path, email).await?;
        if own.people == 0 || own.customers * 10 > own.people {
            return Ok(());
        }
        for (name, field) in profile.fields() {
            let ids = field.ids + field.texts + field.numbers;
            if name == "_id" || taken.iter().any(|it| it == name) || ids * 2 < field.set.max(1) {
                continue;
            }
            let (values, hops) = (field.values(), path.hops.as_slice());
            let email = email.filter(|_| field.mostly(field.addresses));
            let reached = match email {
                Some(email) => self.people_with(mapping, values, email).await?,
                None => self.people_among(mapping, values, hops).await?,
            };
            let enough = reached.people >= ENOUGH && reached.people >= own.people;
            if enough && reached.customers * 10 >= reached.people * 9 {
                let hops = path.hops.iter().map(|hop| format!(" > {hop}"));
                let way: String = hops.collect();
                let better = match email {
                    Some(_) => format!("{{ email = \"{name}\" }}"),
                    None => format!("{name}{way}"),
                };
                let why = format!(
                    "{key}: `{path}` names {} different people who sign in or are no customers, of {} that were tried, and `{name}{way}` names {} who are customers; `{better}` would fit. If those who sign in are the customers, say `customers = \"everybody\"` under [user]",
                    own.people - own.customers,
                    own.people,
                    reached.customers,
                );
                fit.refusals.push(mapping.bad(key, why));
                return Ok(());
            }
        }
        Ok(())
    }

    async fn reached_by(
        &self,
        mapping: &Mapping,
        profile: &Profile,
        path: &ReferencePath,
        email: Option<&FieldPath>,
    ) -> Result<Reached> {
        match (profile.field(&path.start.to_string()), email) {
            (Some(field), Some(email)) => self.people_with(mapping, field.values(), email).await,
            (Some(field), None) => self.people_among(mapping, field.values(), &path.hops).await,
            (None, _) => Ok(Reached::default()),
        }
    }

    /// The people whose e-mails some values are, as they are written.
    async fn people_with(
        &self,
        mapping: &Mapping,
        values: impl Iterator<Item = &Id>,
        email: &FieldPath,
    ) -> Result<Reached> {
        let emails: BTreeSet<Id> = values.take(TRIED).cloned().collect();
        let users = &mapping.user.collection;
        let users = self.looked_up(users, email, &emails, &[]).await?;
        Ok(reached(mapping, &users))
    }

    /// The people to whom some values lead, over these documents.
    pub(super) async fn people_among(
        &self,
        mapping: &Mapping,
        values: impl Iterator<Item = &Id>,
        hops: &[HopText],
    ) -> Result<Reached> {
        let id = || FieldPath::field("_id");
        let mut ids: BTreeSet<Id> = values.take(TRIED).map(Id::canonical).collect();
        for hop in hops {
            let by = hop.by.clone().unwrap_or_else(id);
            let fields = [by.to_string(), hop.then.to_string()];
            let found = self.looked_up(&hop.collection, &by, &ids, &fields).await?;
            let then = found.iter().flat_map(|it| values_at(&hop.then, it));
            ids = then.map(|id| id.canonical()).collect();
        }
        let users = self
            .looked_up(&mapping.user.collection, &id(), &ids, &[])
            .await?;
        Ok(reached(mapping, &users))
    }

    /// Warns of a field that holds ids of businesses too, and that the mapping does not use: where both lead to two businesses, nobody would be told.
    pub(super) async fn check_businesses_beside(
        &self,
        mapping: &Mapping,
        known: &Known,
        fit: &mut Fit,
    ) -> Result<()> {
        let all = &mapping.business.collections;
        if all.contains(&mapping.user.collection) {
            return Ok(()); // any field that names a user would be one
        }
        let claims = references(mapping, false);
        let of_documents = |key: &str| key.starts_with("booking.") || key.starts_with("follow.");
        let leads = claims.iter().filter(|it| of_documents(&it.key));
        for claim in leads.filter(|it| it.key.ends_with(".business")) {
            let (Some(collection), Some(path)) = (claim.collections.first(), claim.paths.first())
            else {
                continue;
            };
            let Some(profile) = known.profile(&claim.key, collection, mapping) else {
                continue;
            };
            let beside = claims
                .iter()
                .filter(|it| it.collections.contains(collection));
            let used = beside.flat_map(|it| &it.paths);
            let used: BTreeSet<String> = used.map(|path| path.start.to_string()).collect();
            for (name, field) in profile.fields() {
                // Numbers are anybody's ids by chance.
                if name == "_id" || used.contains(name) || field.numbers > 0 {
                    continue;
                }
                let mut leads_to = None;
                for businesses in all {
                    let (found, tried) = self.ids_of(businesses, field.values()).await?;
                    if tried > 0 && found * 10 >= tried * 9 {
                        leads_to = Some(businesses);
                        break;
                    }
                }
                let Some(businesses) = leads_to else {
                    continue;
                };
                let key = &claim.key;
                let words = format!(
                    "{key}: `{name}` of {collection} holds ids of {businesses} too, and is not used. With `[\"{name}\", \"{path}\"]` the survey names each document in which the two lead to different businesses"
                );
                fit.warnings.push(super::warning(mapping, key, &words));
            }
        }
        Ok(())
    }

    /// Refuses the name of a reference that leads elsewhere as the name of the new one, and warns of one that leads nowhere.
    pub(super) async fn check_new_references(
        &self,
        mapping: &Mapping,
        known: &Known,
        fit: &mut Fit,
    ) -> Result<()> {
        let claims = references(mapping, false).into_iter();
        for claim in claims.filter(|claim| claim.any_id) {
            let begins = format!("{}: ", claim.key);
            let what = Accepted::Unresolved(claim.key.clone());
            let decided = self.answers.decisions.accepted.contains_key(&what);
            if decided || fit.refusals.iter().any(|bad| bad.why.starts_with(&begins)) {
                continue;
            }
            self.check_new_reference(mapping, &claim, known, fit)
                .await?;
        }
        Ok(())
    }

    async fn check_new_reference(
        &self,
        mapping: &Mapping,
        claim: &ReferenceClaim,
        known: &Known,
        fit: &mut Fit,
    ) -> Result<()> {
        let (Some(collection), Some(path)) = (claim.collections.first(), claim.paths.first())
        else {
            return Ok(());
        };
        let (key, path) = (&claim.key, path.start.to_string());
        let profile = known.profile(key, collection, mapping);
        let Some(field) = profile.and_then(|profile| profile.field(&path)) else {
            return Ok(());
        };
        let customers = &mapping.customer.collection;
        let (found, tried) = self.ids_of(customers, field.values()).await?;
        if field.set == 0 {
            let words = format!(
                "{key}: `{path}` is there already, and holds no id in any document that was looked at ({}); the new reference takes its name and its place. If the application means something else by it, give the new reference a name of its own",
                grouped(field.documents)
            );
            fit.warnings.push(super::warning(mapping, key, &words));
            return Ok(());
        }
        if found * 2 >= tried && tried > 0 {
            return Ok(());
        }
        // A few numbers or words may be anybody's ids by chance.
        let is_told = field.set >= ENOUGH as u64 || field.values().all(Id::is_usual);
        let others = known.names.iter().filter(|other| *other != customers);
        for other in others.filter(|_| is_told) {
            let (found, tried) = self.ids_of(other, field.values()).await?;
            if found * 2 > tried {
                let why = format!(
                    "{key}: `{path}` is there already, and {found} of {tried} different values that were tried are ids of {other}; the new reference would replace them. Give it a name of its own"
                );
                fit.refusals.push(mapping.bad(key, why));
                return Ok(());
            }
        }
        let words = format!(
            "{key}: `{path}` is there already, and {} of {tried} different values that were tried are ids of no document of {customers}; such documents are conflicts, and the new reference replaces what they hold",
            tried - found
        );
        fit.warnings.push(super::warning(mapping, key, &words));
        Ok(())
    }
}
