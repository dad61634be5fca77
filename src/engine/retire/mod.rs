//! Retiring users who are customers and nothing else: who goes is looked for on the live rows, their whole rows are kept aside, a copy of the
//! users without them is made and proved, and a second swap of the users makes it live.

mod later_swap;
mod who;

use crate::domain::mapping::{RETIRED, SET_ASIDE};
use crate::domain::quiet::Fact;
use crate::domain::rebuilt::{Group, Rebuilt, Role};
use crate::domain::retire::{Fates, RetireCounts, RetireForecast};
use crate::domain::survey::facts::id_of;
use crate::engine::error::{Result, StepError};
use crate::engine::retry::patiently;
use crate::engine::session::{Session, Surveyed};
use crate::engine::{Watcher, counted};
use crate::store::collection_spec;
use crate::store::converge::{self, Source, Target};
use crate::store::watch;

/// What no look at the users has said yet.
const NOT_LOOKED: &str = "nobody has looked yet who would retire; open the gate again";

impl Session {
    /// Whether customer users are to retire.
    pub fn retires_users(&self) -> bool {
        self.answers.retire_users
    }

    /// Has the plan say whether customer users are to retire.
    pub fn retire_users(&mut self, retire: bool) {
        self.answers.retire_users = retire;
    }

    /// True once the swap that retires users was journaled.
    pub fn has_begun_to_retire(&self) -> bool {
        let users = self.run.collection(&self.work.mapping.users());
        !users.old.is_empty()
    }

    /// Who goes and who stays, as it was looked for last: of the run once it was prepared, else of the last look.
    pub(crate) fn retire_counts(&self) -> Option<RetireCounts> {
        let of_the_run = self.run.latest().and_then(|run| run.retired.clone());
        let looked = self.fates.as_ref().map(Fates::counts);
        if self.has_begun_to_retire() {
            of_the_run
        } else {
            looked.or(of_the_run)
        }
    }

    /// Who would retire as far as the survey can tell; `None` without one.
    pub fn retire_forecast(&self) -> Option<RetireForecast> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed.as_deref()?;
        if !survey.mapping.has_users() {
            return None;
        }
        Some(RetireForecast::of(survey, blueprint))
    }

    /// Refuses where anything refers to users who are to be set aside, or where that cannot be told.
    ///
    /// # Errors
    /// The references, with their names and counts.
    pub async fn require_nothing_refers_to_those_aside(&mut self, watcher: &Watcher) -> Result<()> {
        if self.surveyed()?.blueprint.set_aside() == 0 {
            return Ok(());
        }
        self.look_who_retires(watcher).await?;
        let Some(fates) = &self.fates else {
            return Ok(());
        };
        let named = fates.referring_aside.iter();
        let named: Vec<_> = named
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        let why = match (named.is_empty(), fates.by_number) {
            (true, 0) => return Ok(()),
            (false, _) => format!("they are referred to: {}", named.join(", ")),
            (true, _) => "their _id is a number, by which no reference can be told".to_owned(),
        };
        Err(StepError::Findings(format!(
            "users of idle-user cannot be set aside: {why}. The live users are unchanged; keep those users, then plan again"
        )))
    }

    /// Refuses a retirement of users whose ids are numbers: whether anything refers to them cannot be told.
    ///
    /// # Errors
    /// How many of them would retire.
    pub fn require_references_can_be_told(&self) -> Result<()> {
        let by_number = self.fates.as_ref().map_or(0, |fates| fates.by_number);
        if by_number == 0 {
            return Ok(());
        }
        Err(StepError::Findings(format!(
            "{} with a number as _id: ringfence cannot tell whether anything refers to a number, so nobody can retire. Nothing was changed; plan without retiring users",
            counted(by_number, "user would retire", "users would retire")
        )))
    }

    /// The collection that is written with the copy of a rebuilt one, where this plan needs one.
    pub(crate) fn side_of(&self, which: &Rebuilt) -> Option<String> {
        let aside = self.surveyed.as_ref().map(|it| it.blueprint.set_aside());
        match which.role() {
            Role::Users => aside
                .filter(|aside| *aside > 0)
                .map(|_| SET_ASIDE.to_owned()),
            Role::Customers | Role::Bookings | Role::Followed | Role::Reshaped => {
                which.side_collection()
            }
        }
    }

    /// Looks who would retire: reads every collection whole.
    ///
    /// # Errors
    /// No survey yet, or the server's refusal.
    pub async fn who_would_retire(&mut self, watcher: &Watcher) -> Result<RetireCounts> {
        patiently!(self, watcher, self.look_who_retires(watcher))
    }

    /// Keeps the whole rows of those who go, and makes and proves the copy of the users without them. The fingerprint of the copy and since
    /// when it holds.
    pub(crate) async fn prepare_retirement(&mut self, watcher: &Watcher) -> Result<()> {
        let which = self.work.mapping.users();
        self.ensure_later(&which).await?;
        // Those of a try that stopped would keep documents out.
        collection_spec::drop_index(&self.work.connection, &which.next(), "*").await?;
        let original = self.layout.source(&which).unwrap_or_default();
        let spec = collection_spec::load(&self.work.connection, &original).await?;
        self.work.ensure_side(RETIRED, spec.as_ref()).await?;
        let live = self.layout.live(&which).to_owned();
        let next = which.next();
        self.place_retired((&original, RETIRED), true, watcher)
            .await?;
        self.place_retired((&live, &next), false, watcher).await?;
        let wanted = self.wanted_without_retired().await?;
        watcher.says(&format!("building the indexes of {live}"), 0, 0);
        // Where the users who remain break a unique, they are named, and the live users stay as they are.
        self.build_or_name(&next, &wanted).await?;
        self.require_users_conform(watcher).await?;
        let since = watch::begin(&self.work.connection).await?;
        let checked = self
            .check_users(&which, Some(&live), &next, watcher)
            .await?;
        if checked.wrong > 0 {
            return Err(StepError::Findings(format!(
                "the proof of the users without those who retire failed. The live users are unchanged:\n{}",
                checked.list()
            )));
        }
        let counts = self.fates.as_ref().map(Fates::counts);
        let proved = checked.fingerprints.get(which.key()).cloned();
        let name = which.old(self.run.collection(&which).old.len() + 1);
        if let Some(record) = &mut self.run.record {
            record.retired = counts;
            record.take_users_equations(&checked.equations);
            record.collection_mut(&which).begin_later(name, proved);
        }
        self.quiet.found(Fact::Proved(Group::CleanUp), since);
        self.save().await?;
        for index in self.run.collection(&which).ttl.keys() {
            collection_spec::set_ttl(&self.work.connection, &live, index, None).await?;
        }
        Ok(())
    }

    /// Makes a collection hold the users of another who go, or all but these.
    async fn place_retired(
        &self,
        (from, into): (&String, &str),
        going: bool,
        watcher: &Watcher,
    ) -> Result<()> {
        let Surveyed { survey, .. } = self.surveyed()?;
        let fates = self
            .fates
            .as_ref()
            .ok_or_else(|| StepError::NotReady(NOT_LOOKED.to_owned()))?;
        let connection = &self.work.connection;
        let total = survey.users.len() as u64;
        let mut targets = [Target::write(connection, into).await?];
        converge::converge(
            connection,
            Source::from(from),
            &mut targets,
            &watcher.cancel,
            |document: &bson::RawDocument| {
                let goes = id_of(document).is_some_and(|id| fates.goes(survey, &id));
                Ok((goes == going).then(|| (0, document.to_owned())))
            },
            |done| watcher.says("retiring users", done, total),
        )
        .await?;
        self.work.tables_hold()
    }

    /// Makes sure that there is a collection for the later copy, and that it is this run's.
    async fn ensure_later(&mut self, which: &Rebuilt) -> Result<()> {
        let name = which.next();
        let live = collection_spec::load(&self.work.connection, self.layout.live(which)).await?;
        let known = self.run.collection(which).later;
        let mut next = collection_spec::load(&self.work.connection, &name).await?;
        if next.as_ref().is_some_and(|spec| spec.uuid != known) {
            collection_spec::drop(&self.work.connection, &name).await?;
            next = None;
        }
        if next.is_none() {
            collection_spec::create(&self.work.connection, &name, live.as_ref()).await?;
            next = collection_spec::load(&self.work.connection, &name).await?;
        }
        if let Some(record) = &mut self.run.record {
            record.collection_mut(which).later = next.and_then(|spec| spec.uuid);
        }
        self.save().await
    }
}
