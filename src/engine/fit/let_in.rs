//! Whether the filters of a mapping let documents in, and roles of one collection none that another one has.

use super::Known;
use super::filters::{is_filter, section};
use crate::domain::fit::Fit;
use crate::domain::fit::claims::{Claims, Need};
use crate::domain::mapping::Mapping;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;

impl Session {
    /// Refuses filters that let nothing in, and roles of one collection that share documents.
    pub(super) async fn check_filters(
        &self,
        mapping: &Mapping,
        claims: &Claims,
        known: &Known,
        fit: &mut Fit,
        watcher: &Watcher,
    ) -> Result<()> {
        for claim in &claims.filters {
            let all = known.all.get(&claim.collection);
            if all.is_none_or(|profile| profile.documents == 0) {
                continue;
            }
            let is_role = is_filter(&claim.key);
            let inside = known.inside.get(section(&claim.key));
            if is_role && inside.is_some_and(|profile| profile.documents > 0) {
                continue;
            }
            let place = self.layout.original_of(mapping, &claim.collection);
            if self.lets_any_in(&place, &[&claim.filter], watcher).await? {
                continue;
            }
            let words = format!(
                "{}: it lets in no document of {}",
                claim.key, claim.collection
            );
            match claim.need {
                Need::Required => fit.refusals.push(mapping.bad(&claim.key, words)),
                Need::Optional => self.warn(mapping, &claim.key, &claim.collection, &words, fit),
            }
        }
        for shared in mapping.shared_collections().0 {
            let filters = [
                mapping.user.filter.as_ref(),
                mapping.booking.following.filter.as_ref(),
            ];
            let filters: Vec<_> = filters.into_iter().flatten().collect();
            let place = self.layout.original_of(mapping, &shared.collection);
            if self.lets_any_in(&place, &filters, watcher).await? {
                let key = "booking.where";
                fit.refusals.push(mapping.bad(
                    key,
                    format!(
                        "{key}: {} holds users and bookings, and some document passes both user.where and booking.where; each document has one role",
                        shared.collection
                    ),
                ));
            }
        }
        Ok(())
    }
}
