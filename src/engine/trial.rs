//! The trial before the copies are made: a part of the bookings is copied, indexed and compared, so that the rest can be told.

use std::time::{Duration, Instant};

use bson::raw::RawDocument;

use crate::domain::forecast::{ForecastRecord, Sizes, Trial};
use crate::domain::mapping::TRIAL;
use crate::domain::rebuilt::Rebuilt;
use crate::domain::transform;
use crate::engine::error::Result;
use crate::engine::session::{Session, Surveyed};
use crate::engine::{StepError, Watcher};
use crate::store::converge::{self, Placed, Source, Target};
use crate::store::{StoreError, collection_spec, disk_space, watch};

/// Fewer bookings than this are done before a trial would be.
const FEWEST: u64 = 1_000;
/// At most so many are tried on, which takes a fraction of a second.
const MOST: u64 = 20_000;

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Session {
    /// Forecasts the steps from the customers on, once per run. What goes wrong with the trial alone is no reason to stop.
    pub(crate) async fn forecast(&mut self, disk: u64, watcher: &Watcher) -> Result<()> {
        collection_spec::drop(&self.work.connection, TRIAL).await?; // of a run that was killed
        let known = self.run.open().is_some_and(|run| run.forecast.is_some());
        let surveyed = self.surveyed()?;
        let sizes = Sizes {
            bookings: surveyed.survey.bookings,
            users: surveyed.survey.user_documents() as u64,
            customers: surveyed.blueprint.counts.created,
        };
        if known || sizes.bookings < FEWEST {
            return Ok(());
        }
        watcher.says("trying how long the copies will take", 0, 0);
        let tried = self.try_on((sizes.bookings / 20).clamp(FEWEST, MOST), watcher);
        let tried = tried.await;
        collection_spec::drop(&self.work.connection, TRIAL).await?;
        let trial = match tried {
            Err(StepError::Store(error @ (StoreError::Server { .. } | StoreError::Refused(_)))) => {
                tracing::warn!("no forecast: {error}");
                return Ok(());
            }
            tried => tried?,
        };
        let steps = trial.steps(sizes, watch::sees_log(&self.work.connection).await?);
        if let Some(record) = &mut self.run.record {
            record.forecast = Some(ForecastRecord {
                trial,
                steps,
                disk,
                disk_took: None,
            });
        }
        self.save().await
    }

    async fn try_on(&self, documents: u64, watcher: &Watcher) -> Result<Trial> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let name = self
            .layout
            .source(&self.work.mapping.bookings())
            .unwrap_or_default();
        let original = collection_spec::load(&self.work.connection, &name).await?;
        collection_spec::create(&self.work.connection, TRIAL, original.as_ref()).await?;
        let Some(transform) = transform::of(&self.work.mapping.bookings(), survey, blueprint)
        else {
            return Err(StepError::NotReady(
                "bookings are not made of bookings".to_owned(),
            ));
        };
        let place = |document: &RawDocument| -> crate::store::Result<Option<Placed>> {
            match transform(document) {
                Ok(transform::Placed::Copy(document)) => Ok(Some((0, document))),
                Ok(transform::Placed::Side(_)) => Ok(None),
                Err(error) => Err(StoreError::Invalid(error.to_string())),
            }
        };
        let source = Source {
            name: &name,
            most: i64::try_from(documents).unwrap_or(i64::MAX),
        };
        let run = async |target: Target<'_>| -> Result<Duration> {
            let began = Instant::now();
            let mut targets = [target];
            let (connection, cancel) = (&self.work.connection, &watcher.cancel);
            converge::converge(connection, source, &mut targets, cancel, place, |_| {}).await?;
            Ok(began.elapsed())
        };
        let copied = run(Target::write(&self.work.connection, TRIAL).await?).await?;
        let began = Instant::now();
        let wanted = self.wanted_indexes(&self.work.mapping.bookings()).await?;
        collection_spec::build_indexes(&self.work.connection, TRIAL, &wanted).await?;
        let indexed = began.elapsed();
        let compared = run(Target::compare(&self.work.connection, TRIAL)).await?;
        Ok(Trial {
            documents,
            copied: micros(copied),
            indexed: micros(indexed),
            compared: micros(compared),
        })
    }

    /// Keeps what the copies take, now that they are live.
    pub(crate) async fn note_disk(&mut self) -> Result<()> {
        let list = self.work.mapping.rebuilt();
        let names: Vec<&str> = list.iter().map(Rebuilt::live).collect();
        let took = disk_space::used(&self.work.connection, &names).await?;
        if let Some(forecast) = self.run.record.as_mut().and_then(|it| it.forecast.as_mut()) {
            forecast.disk_took = Some(took);
        }
        Ok(())
    }
}
