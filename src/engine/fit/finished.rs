//! A database that was migrated, and whose originals are deleted: whether anything is left to migrate.

use bson::raw::RawDocument;
use bson::{RawDocumentBuf, doc};
use futures_util::TryStreamExt;

use crate::domain::fit::reference::of_booking_users;
use crate::domain::raw::{get, kind};
use crate::domain::run::Outcome;
use crate::domain::transform::{self, BookingFate};
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::layout::Layout;
use crate::engine::session::Session;
use crate::store::StoreError;

impl Session {
    /// Where the latest run is finished and every booking has its new reference, or was left by decision: the words that say so.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn migrated(&mut self, watcher: &Watcher) -> Result<Option<String>> {
        self.refuse_half_restored()?;
        let Some(run) = self
            .run
            .latest()
            .filter(|it| it.outcome == Outcome::Finished)
        else {
            return Ok(None);
        };
        let id = run.id.clone();
        let (_, missing) = self.live_after_finish().await?;
        if !missing.is_empty() {
            return Err(StepError::Findings(format!(
                "this database was migrated by run {id}, and its originals are deleted; of what it made these collections are gone: {}. Nothing was changed; put them back from a backup that was taken after the migration",
                missing.join(", ")
            )));
        }
        Ok(match self.unmigrated(watcher).await? {
            0 => Some(format!(
                "migrated by run {id}, and its originals are deleted: every booking has its {} or was left by decision, so nothing is left to do",
                self.work.mapping.booking.customer
            )),
            _ => None,
        })
    }

    /// Where stands what a finished run made live, and the names of what of it is not there any more.
    pub(crate) async fn live_after_finish(&self) -> Result<(Layout, Vec<String>)> {
        let (connection, run) = (&self.work.connection, self.run.latest());
        let mapping = run.map_or(&self.work.mapping, |run| &run.mapping);
        let mut layout = Layout::read(connection, mapping, run).await?;
        let missing = match run {
            Some(run) => layout.find_by_name(connection, mapping, run).await?,
            None => Vec::new(),
        };
        Ok((layout, missing))
    }

    /// Bookings of a finished run's mapping that lack their new reference, and were not left by decision.
    pub(crate) async fn unmigrated(&mut self, watcher: &Watcher) -> Result<u64> {
        let Some(run) = self.run.latest().cloned() else {
            return Ok(0);
        };
        self.work.mapping = run.mapping.clone();
        let (layout, _) = self.live_after_finish().await?;
        let place = layout.place(&run.mapping.bookings());
        if run.mapping.booking.following.in_place {
            return self.still_of_users(watcher).await;
        }
        let lacking = self.without_customer(&place).await?;
        if lacking.is_empty() {
            return Ok(0);
        }
        let decisions = self.answers.decisions.clone();
        if let Some(plan) = &run.plan {
            self.take_decisions(plan.decisions()?);
        }
        let surveyed = self.survey_once(watcher).await;
        let mut count = 0;
        if surveyed.is_ok() {
            let surveyed = self.surveyed()?;
            for booking in &lacking {
                let fate = transform::booking(&surveyed.survey, &surveyed.blueprint, booking)?;
                count += u64::from(fate != BookingFate::Left);
            }
        }
        self.take_decisions(decisions);
        surveyed.map(|_| count)
    }

    /// Bookings inside the filter without the new reference.
    async fn without_customer(&self, place: &str) -> Result<Vec<RawDocumentBuf>> {
        let role = &self.work.mapping.booking;
        let failed = |error| StoreError::from_driver(format!("reading {place}"), &error);
        let mut cursor = self
            .work
            .connection
            .database
            .collection::<RawDocumentBuf>(place)
            .find(doc! { &role.customer: null })
            .await
            .map_err(failed)?;
        let mut lacking = Vec::new();
        let lacks =
            |it: &RawDocument| get(it, &role.customer).is_none_or(|it| it.kind == kind::NULL);
        while let Some(booking) = cursor.try_next().await.map_err(failed)? {
            let filter = role.following.filter.as_ref();
            if lacks(&booking) && filter.is_none_or(|filter| filter.lets_in(&booking)) {
                lacking.push(booking);
            }
        }
        Ok(lacking)
    }

    /// Where the new reference has the old one's name: bookings whose reference leads to a user.
    async fn still_of_users(&self, watcher: &Watcher) -> Result<u64> {
        match of_booking_users(&self.work.mapping) {
            Some(claim) => Ok(self.count_reference(&claim, watcher).await?.all.resolved),
            None => Ok(0),
        }
    }
}
