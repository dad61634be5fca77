//! What a mapping says and what comes to nothing: a path of several that never leads anywhere, and a followed entry by which nothing changes. The
//! rest of the mapping works, so it is said, not refused.

use super::references::Tally;
use super::{Known, warning};
use crate::domain::fit::Fit;
use crate::domain::fit::reference::ReferenceClaim;
use crate::domain::mapping::Mapping;
use crate::domain::number::{counted, grouped};
use crate::domain::profile::Field;
use crate::engine::error::Result;
use crate::engine::session::Session;

impl Session {
    /// Warns of each path among several by which no value leads anywhere.
    pub(super) fn warn_of_idle_paths(
        mapping: &Mapping,
        known: &Known,
        claim: &ReferenceClaim,
        tally: &Tally,
        fit: &mut Fit,
    ) {
        let documents = |it: &String| {
            let profile = known.profile(&claim.key, it, mapping);
            profile.is_some_and(|profile| profile.documents > 0)
        };
        if !claim.collections.iter().any(documents) {
            return; // an empty collection is not judged
        }
        for (path, counted) in claim.paths.iter().zip(&tally.paths) {
            if counted.resolved > 0 {
                continue;
            }
            let why = if counted.set == 0 {
                "is set in no document".to_owned()
            } else {
                format!(
                    "leads nowhere by any of its {} set values",
                    grouped(counted.set)
                )
            };
            let words = format!(
                "{}: `{path}` {why}, so the other paths alone decide; correct it, or leave it out",
                claim.key
            );
            fit.warnings.push(warning(mapping, &claim.key, &words));
        }
    }

    /// Warns where what leaves with a reference is a reference itself, to something else: the application would lose that.
    pub(super) async fn check_dropped_references(
        &self,
        mapping: &Mapping,
        known: &Known,
        fit: &mut Fit,
    ) -> Result<()> {
        let bookings = ("booking".to_owned(), &mapping.booking.following);
        let entries = mapping.follow.iter().enumerate();
        let entries = entries.map(|(at, it)| (format!("follow.{at}"), it));
        for (section, following) in std::iter::once(bookings).chain(entries) {
            let key = format!("{section}.drop");
            let Some(profile) = known.profile(&key, &following.collection, mapping) else {
                continue;
            };
            for path in &following.drop {
                let Some(field) = profile.field(&path.to_string()) else {
                    continue;
                };
                if let Some(other) = self.refers_to(mapping, known, field).await? {
                    let words = format!(
                        "{key}: `{path}` would leave {}, and what stands there are ids of {other}; leave it out of `drop` where the application needs that reference",
                        following.collection
                    );
                    fit.warnings.push(warning(mapping, &key, &words));
                }
            }
        }
        Ok(())
    }

    /// The collection whose ids most values of a field are; of users only where most of them are no customers.
    async fn refers_to(
        &self,
        mapping: &Mapping,
        known: &Known,
        field: &Field,
    ) -> Result<Option<String>> {
        if field.values().next().is_none() {
            return Ok(None);
        }
        for other in &known.names {
            if *other == mapping.user.collection {
                let reached = self.people_among(mapping, field.values(), &[]).await?;
                if reached.people > 0 && reached.customers * 2 < reached.people {
                    return Ok(Some(format!("{other} who are no customers")));
                }
                continue;
            }
            let (found, tried) = self.ids_of(other, field.values()).await?;
            if found * 2 > tried {
                return Ok(Some(other.clone()));
            }
        }
        Ok(None)
    }

    /// What the check of the mapping and the survey found worth saying of the mapping.
    pub fn warnings(&self) -> Vec<String> {
        let mut all = self.fit.warnings.clone();
        all.extend(self.idle_entries());
        all
    }

    /// Followed entries whose filter leaves out more documents than it lets in: that may be right, and may be the filter of another kind.
    fn entries_that_let_little_in(&self) -> Vec<String> {
        let Some(surveyed) = &self.surveyed else {
            return Vec::new();
        };
        let entries = surveyed.survey.followed.iter().enumerate();
        let little = entries.filter(|(_, it)| it.let_in() * 2 < it.documents);
        little
            .map(|(at, entry)| {
                let key = format!("follow.{at}.where");
                let words = format!(
                    "{key}: {} of {} outside this filter; they stay as they are, with their reference to the user, and take part in nothing",
                    grouped(entry.documents - entry.let_in()),
                    counted(entry.documents, "document is", "documents are")
                );
                warning(&surveyed.survey.mapping, &key, &words)
            })
            .collect()
    }

    /// Followed entries of which the survey found that every document stays with an account, or that most are outside the filter.
    pub fn idle_entries(&self) -> Vec<String> {
        let Some(surveyed) = &self.surveyed else {
            return Vec::new();
        };
        let entries = surveyed.survey.followed.iter().enumerate();
        let idle = entries.filter(|(_, it)| it.let_in() > 0 && it.with_account == it.let_in());
        let idle = idle.map(|(at, entry)| {
            let key = format!("follow.{at}.user");
            let words = format!(
                "follow.{at}: {} of {} would change: the users named there are no customers of the business that the document leads to, so every one stays with an account. See whether `user` and `business` of this entry name what you mean",
                counted(0, "document", "documents"),
                grouped(entry.let_in())
            );
            warning(&surveyed.survey.mapping, &key, &words)
        });
        idle.chain(self.entries_that_let_little_in()).collect()
    }
}
