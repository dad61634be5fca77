//! What screens show of the latest run: who, since when, what came out, how long it took and is forecast to take. Taken out of the run record
//! once, so that every pane shows the same.

use std::collections::BTreeMap;

use super::checklist::{State, Step, Touch};
use super::forecast::Forecast;
use super::gate::Destructive;
use super::number::Millis;
use super::queries;
use super::run::{Note, Outcome, RunRecord};
use super::standstill::Standstill;

/// What one step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepView {
    /// How it ended.
    pub state: State,
    /// What came out.
    pub says: String,
    /// When it began.
    pub started: Millis,
    /// When it ended.
    pub ended: Millis,
}

/// The latest run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunView {
    /// Its id.
    pub id: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Who began it.
    pub operator: String,
    /// When.
    pub started: Millis,
    /// The plan's hash, once there is a plan.
    pub plan: Option<String>,
    /// How long writers stand still, once they do.
    pub standstill: Option<Standstill>,
    /// The verdict on the application, and when it was given.
    pub verdict: Option<(String, Millis)>,
    /// Documents of the backup, and when it was read back.
    pub backup: Option<(u64, Millis)>,
    /// The equations, as they were proved.
    pub equations: Vec<String>,
    /// What the steps came to.
    pub steps: BTreeMap<Step, StepView>,
    /// How long steps are forecast to take.
    pub expected: BTreeMap<Step, Millis>,
    /// How long the steps that are forecast and not done should take together.
    pub left: Option<Millis>,
    /// What the copies should take on disk, in bytes.
    pub disk: Option<u64>,
    /// The application's query before and after, with the mapping's names.
    pub queries: (String, String),
    /// The operator's notes, by what they are on.
    pub notes: BTreeMap<String, Note>,
    /// The step that updates the schema has a swap of its own, which is not done yet.
    pub schema_waits: bool,
}

impl RunView {
    /// That of `run`.
    pub fn of(run: &RunRecord) -> Self {
        let of_steps = Step::ALL.iter().filter_map(|step| {
            let record = run.step(*step)?;
            let view = StepView {
                state: record.state,
                says: record.says.clone(),
                started: record.started,
                ended: record.ended,
            };
            Some((*step, view))
        });
        let forecast = Forecast::of(run);
        let expected = run.forecast.as_ref().map_or_else(BTreeMap::new, |record| {
            let of = |step: &Step| Some((*step, *record.steps.get(step.word())?));
            Step::ALL.iter().filter_map(of).collect()
        });
        Self {
            id: run.id.clone(),
            outcome: run.outcome,
            operator: run.operator.clone(),
            started: run.started,
            plan: run.plan_hash().map(str::to_owned),
            standstill: Standstill::of(run).filter(|_| run.outcome == Outcome::Open),
            verdict: run
                .verdict
                .as_ref()
                .map(|verdict| (verdict.word.word().to_owned(), verdict.at)),
            backup: run
                .backup
                .as_ref()
                .map(|backup| (backup.documents, backup.verified)),
            equations: run.equations.clone(),
            steps: of_steps.collect(),
            expected,
            left: forecast.map(|it| it.left),
            disk: forecast.map(|it| it.disk),
            queries: (queries::old(&run.mapping), queries::new(&run.mapping)),
            notes: run.notes.clone(),
            schema_waits: run.outcome == Outcome::Open
                && !run.is_done(Step::Schema)
                && !run.mapping.asked_of_own_step().is_empty(),
        }
    }

    /// What stands behind the gate of a step, for this run or for none.
    pub fn gate(run: Option<&Self>, step: Step) -> Option<Destructive> {
        if step == Step::Schema && run.is_some_and(|run| run.schema_waits) {
            return Some(Destructive::UpdateSchema);
        }
        step.row().gate
    }

    /// How a step touches data, for this run or for none.
    pub fn touch(run: Option<&Self>, step: Step) -> Touch {
        match Self::gate(run, step) {
            Some(_) => Touch::Gate,
            None => step.touch(),
        }
    }

    /// How long a step took.
    pub fn took(&self, step: Step) -> Option<Millis> {
        let view = self.steps.get(&step)?;
        Some((view.ended - view.started).max(0))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
impl RunRecord {
    /// An open run that has done nothing yet.
    pub(in crate::domain) fn just_begun() -> Self {
        let mapping = crate::domain::mapping::Mapping::parse(crate::domain::mapping::DEFAULT);
        serde_json::from_value(serde_json::json!({
            "_id": "a", "format": 1, "tool": "0", "transform": 1, "database": "shop", "host": "a:1",
            "server_version": "6", "operator": "ann@desk", "started": 1, "outcome": "open",
            "mapping": serde_json::to_value(mapping.unwrap()).unwrap(),
        }))
        .unwrap()
    }
}
