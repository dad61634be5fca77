//! What screens and reports show of the survey and of the answers to it. Reads nothing.

use crate::domain::number::counted;
use crate::domain::overview::{Overview, Review};
use crate::engine::session::Session;

impl Session {
    /// The numbers of the survey, if one was taken.
    pub fn overview(&self) -> Option<Overview> {
        let surveyed = self.surveyed.as_ref()?;
        let mut overview = surveyed.survey.overview(
            &surveyed.conflicts,
            &self.answers.decisions,
            &surveyed.blueprint,
        );
        overview.warnings = self.warnings();
        overview.absent.clone_from(&self.fit.absent);
        overview
            .database
            .clone_from(&self.work.connection.place.database);
        Some(overview)
    }

    /// How many bookings the mapping's filter leaves out, in words; `None` where none, or before a survey.
    pub fn bookings_outside(&self) -> Option<String> {
        let survey = &self.surveyed.as_ref()?.survey;
        let outside = survey.outside;
        (outside > 0).then(|| {
            format!(
                "{} outside booking.where: they stay as they are, with their reference to the user, and take part in nothing",
                counted(outside, "booking is", "bookings are")
            )
        })
    }

    /// The conflicts of the survey with their answers; blockers first.
    pub fn review(&self) -> Review {
        let surveyed = self.surveyed.as_ref();
        Review {
            rows: surveyed
                .map(|it| {
                    it.survey.conflict_rows(
                        &it.conflicts,
                        &self.answers.decisions,
                        &it.blueprint.departures,
                    )
                })
                .unwrap_or_default(),
            asks: surveyed
                .map(|it| {
                    it.blueprint
                        .departures
                        .not_accepted(&self.answers.decisions.accepted)
                })
                .unwrap_or_default(),
            contact: self.answers.decisions.contact,
            retiring: self
                .retire_forecast()
                .map(|it| it.lines())
                .unwrap_or_default(),
            survivor: self.answers.decisions.survivor,
            survivor_at: self.answers.decisions.survivor_at.clone(),
            undo: self.answers.history.undo.len(),
            redo: self.answers.history.redo.len(),
        }
    }
}
