//! Looking who would retire: on the users as they are now, and through every collection, whole, for what refers to them. Reads only.

use bson::raw::RawDocument;

use crate::domain::mapping::{SIDE_PREFIX, is_quarantine};
use crate::domain::rebuilt::Group;
use crate::domain::retire::{Fate, Fates, RetireCounts, RetireSearch};
use crate::domain::schema_change::undo::Known;
use crate::domain::survey::facts::id_of;
use crate::domain::transform::{self, Placed};
use crate::engine::Watcher;
use crate::engine::after_schema::lens::{change_of, undone};
use crate::engine::error::Result;
use crate::engine::session::{Session, Surveyed};
use crate::store::StoreError;
use crate::store::collection_spec;
use crate::store::side_by_side::{Hashes, SideBySide};

impl Session {
    /// Looks who would retire, and keeps it.
    pub(crate) async fn look_who_retires(&mut self, watcher: &Watcher) -> Result<RetireCounts> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let mut fates = Fates::new(survey, blueprint);
        self.compare_rows(&mut fates, watcher).await?;
        self.read_for_references(&mut fates, watcher).await?;
        self.count_lost_fields(&mut fates, watcher).await?;
        self.work.tables_hold()?;
        let counts = fates.counts();
        self.fates = Some(fates);
        Ok(counts)
    }

    /// A user whose live row is not what the migration made of the original stays.
    async fn compare_rows(&self, fates: &mut Fates, watcher: &Watcher) -> Result<()> {
        let users = self.work.mapping.users();
        if !self.layout.is_swapped(&users) {
            return Ok(());
        }
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let database = &self.work.connection.database;
        let before = self.layout.source(&users).unwrap_or_default();
        let change = change_of(&self.work.mapping, &users);
        let mut pages = SideBySide::of(
            database,
            &before,
            &[self.layout.live(&users)],
            Hashes::Originals,
        )?;
        while let Some(page) = pages.next().await? {
            if watcher.cancel.is_cancelled() {
                return Err(StoreError::Cancelled.into());
            }
            watcher.says("looking who would retire", 0, 0);
            for met in page.rows() {
                let Some(id) = id_of(met.original) else {
                    continue;
                };
                let Some(user) = survey.users.find(&id.canonical()) else {
                    continue;
                };
                let Some(now) = met.partners.first().copied().flatten() else {
                    fates.gone(user);
                    continue;
                };
                let cleaning = blueprint.cleaning(survey, user, &survey.businesses_of(user));
                let made = transform::user(&survey.mapping.user, cleaning, met.original)
                    .map_err(|error| StoreError::Invalid(error.to_string()))?;
                let now = undone(change, now, Known::Document(met.original))
                    .map_err(|error| StoreError::Invalid(error.to_string()))?;
                if made.as_bytes() != now.as_bytes() {
                    fates.change(user, &id);
                }
            }
        }
        Ok(())
    }

    /// Reads every collection whole: any field that names a user keeps them.
    async fn read_for_references(&self, fates: &mut Fates, watcher: &Watcher) -> Result<()> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let users = self.work.mapping.users();
        let rebuilt = self.work.mapping.rebuilt_in(Group::CutOver);
        let mut search = RetireSearch::new(survey, fates);
        for (name, spec) in collection_spec::load_all(&self.work.connection).await? {
            let side = name.starts_with(SIDE_PREFIX) && !is_quarantine(&name);
            if spec.kind == "view" || side || name.starts_with("system.") {
                continue;
            }
            let is_user = name == self.layout.live(&users);
            let mut will_be = rebuilt.iter().filter(|_| !self.is_live(Group::CutOver));
            let will_be = will_be.find(|which| name == self.layout.live(which));
            if let Some(transform) = will_be.and_then(|it| transform::of(it, survey, blueprint)) {
                // As they will be.
                let mut failed = None;
                self.work
                    .scan(&name, watcher, |document: &RawDocument| {
                        match transform(document) {
                            Ok(Placed::Copy(it) | Placed::Side(it)) => {
                                search.take(&name, &it, false);
                            }
                            Err(error) => failed = Some(error),
                        }
                    })
                    .await?;
                if let Some(error) = failed {
                    return Err(StoreError::Invalid(error.to_string()).into());
                }
                continue;
            }
            self.work
                .scan(&name, watcher, |document| {
                    search.take(&name, document, is_user);
                })
                .await?;
        }
        search
            .end()
            .map_err(|error| StoreError::Invalid(error.to_string()).into())
    }

    /// Fields of those who go that no customer receives.
    async fn count_lost_fields(&self, fates: &mut Fates, watcher: &Watcher) -> Result<()> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let original = self.layout.source(&self.work.mapping.users());
        self.work
            .scan(&original.unwrap_or_default(), watcher, |row| {
                let user = id_of(row).and_then(|id| survey.users.find(&id.canonical()));
                if let Some(user) = user.filter(|user| fates.of(*user) == Fate::Goes) {
                    fates.lose(survey, blueprint, user, row);
                }
            })
            .await
    }
}
