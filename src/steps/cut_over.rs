//! Cut over: a last converge, then two renames, then one more look at what was frozen. Where the server's log shows that nobody wrote
//! since the proof began, the proof itself is the last converge and the last look.

use crate::domain::checklist::Step;
use crate::domain::forecast::Forecast;
use crate::domain::gate::{Confirmed, CutOver};
use crate::domain::number::counted;
use crate::domain::plan::Plan;
use crate::domain::rebuilt::{Group, Rebuilt, counted_as};
use crate::domain::run::Verdict;
use crate::domain::text::{listed, named};
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::gates::Gated;
use crate::engine::kept_files;
use crate::engine::session::Session;
use crate::engine::specification::in_words;
use crate::engine::step_file::{File, swapped_state};
use crate::store::watch;

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state: |session, run| swapped_state(run, Step::CutOver, session.is_live(Group::CutOver)),
    ..File::USUAL
};

async fn run(
    session: &mut Session,
    confirmed: Option<Confirmed>,
    watcher: &Watcher,
) -> Result<String> {
    let list = session.work.mapping.rebuilt_in(Group::CutOver);
    // Journaled is not renamed: a run that was killed before the first rename looks at everything again.
    let began = list.iter().any(|which| session.layout.has_moved(which));
    let confirmed = session.pass::<CutOver>(confirmed, watcher).await?;
    let mut late = Vec::new();
    if !began {
        session.require_still_quiet().await?;
        session.survey_as_planned(watcher).await?;
        late = session.take_late_specification(&list, watcher).await?;
        last_converge(session, watcher).await?;
        session.journal_swap(&list).await?;
        session.require_still_quiet().await?;
    }
    let says = swap(session, confirmed, watcher).await?;
    Ok(format!("{says}{}", in_words(&late)))
}

/// Renames, and looks once more at what was frozen.
async fn swap(session: &mut Session, _: Confirmed<CutOver>, watcher: &Watcher) -> Result<String> {
    let swapped = session.swap_group(Group::CutOver, watcher).await?;
    let late = swapped.late;
    if late > 0 {
        return Err(StepError::Findings(format!(
            "the cut-over is done, but {} not what the frozen originals give: something wrote during the swap. Do not start the application; `ringfence verify` names them, `ringfence rollback` goes back",
            counted(late, "document is", "documents are")
        )));
    }
    let list = session.work.mapping.rebuilt_in(Group::CutOver);
    session
        .note_sides(list.iter().filter_map(Rebuilt::side_collection))
        .await?;
    session.require_no_strays("the swap is done")?;
    Ok(format!(
        "{} are live with {}; renamed in {} ms; the originals are kept{}",
        listed(list.iter().map(Rebuilt::to)),
        session.work.mapping.booking.customer,
        swapped.took.as_millis(),
        in_words(&swapped.indexes)
    ))
}

/// Brings the copies up to date until nothing is left to do, proving again when something was.
async fn last_converge(session: &mut Session, watcher: &Watcher) -> Result<()> {
    // The gate's conditions have compared the backup with the originals, or looked into the log for it.
    let list = session.work.mapping.rebuilt_in(Group::CutOver);
    let current = list.iter().all(|which| session.run.is_of_this_plan(which));
    if current && session.is_as_proved(Group::CutOver).await? {
        return Ok(());
    }
    for _ in 0..3 {
        let mut changes = 0;
        for which in &list {
            let converged = session.bring_up_to_date(which, watcher).await?;
            session.run.require_backed_up(which, &converged)?;
            changes += converged.tally.changes();
        }
        if changes == 0 {
            return Ok(());
        }
        session.make_room_for_a_proof();
        let since = watch::begin(&session.work.connection).await?;
        let checked = session.check_group(Group::CutOver, watcher).await?;
        if checked.wrong > 0 {
            return Err(StepError::Findings(format!(
                "the proof failed after the last converge. The live data is unchanged:\n{}",
                checked.list()
            )));
        }
        session.note_proved(Group::CutOver, &checked, since);
        session.give_memory_back();
    }
    Err(StepError::NotReady(format!(
        "every converge found something new, so something still writes. The live data is unchanged; stop the application, then run “{}” again",
        Step::StopApplication.title()
    )))
}

impl Gated for CutOver {
    const OF_A_PLAN: bool = true;
    const CHECKS_WAY_BACK: bool = true;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for which in &session.work.mapping.rebuilt_in(Group::CutOver) {
            lines.push(session.work.will_swap(which).await?);
        }
        let list = session.work.mapping.rebuilt_in(Group::CutOver);
        lines.extend(
            list.iter()
                .filter_map(|it| it.becomes(&session.work.mapping)),
        );
        let forecast = session.run.open().and_then(Forecast::of);
        let forecast = forecast.map(|forecast| forecast.words());
        lines.extend(forecast);
        if let Ok(surveyed) = session.surveyed() {
            lines.push(surveyed.blueprint.departures.words());
        }
        for (from, to) in session.work.mapping.renamed_only_in(Group::CutOver) {
            lines.push(format!("rename {} → {}", named(&from), named(&to)));
        }
        let schema = session.answers.schema.as_ref();
        let asked = schema.into_iter().flat_map(|schema| &schema.says);
        lines.extend(asked.map(|line| format!("after-schema: {line}")));
        lines.push(Plan::schema_words(schema));
        Ok(lines)
    }

    async fn missing(self, session: &mut Session, watcher: &Watcher) -> Result<Vec<String>> {
        // Renamed is not done: validators, expiries and the last look come after the renames.
        let done = session
            .run
            .open()
            .is_some_and(|run| run.is_done(Step::CutOver));
        if done && session.is_live(Group::CutOver) {
            let list = session.work.mapping.rebuilt_in(Group::CutOver);
            return Ok(vec![format!("{} are cut over already", counted_as(&list))]);
        }
        let mut missing = Vec::new();
        match session.require_decided() {
            Ok(()) => {}
            Err(StepError::Findings(why) | StepError::NotReady(why)) => missing.push(why),
            Err(other) => return Err(other),
        }
        let Some(run) = session.run.open() else {
            missing.push("no run is open: the backup comes first".to_owned());
            return Ok(missing);
        };
        if run.plan_hash() != Some(session.plan_hash().as_str()) {
            missing.push(
                "decisions or conflicts changed since the plan of this run: make the plan again (Review conflicts)"
                    .to_owned(),
            );
        }
        if !run.is_done(Step::Prove) {
            missing.push("the prepared copies are not proved (Prove)".to_owned());
        }
        match run.verdict.as_ref().map(|verdict| verdict.word) {
            Some(Verdict::Blocked | Verdict::Quiet) => {}
            Some(Verdict::Unknown) if session.answers.accept_unknown => {}
            Some(word @ Verdict::Unknown) => missing.push(format!(
                "it is {} whether the application has stopped: make sure that it has, then accept this with --accept-unknown",
                word.word()
            )),
            None => missing.push(
                "nobody watched whether the application has stopped (Stop the application)"
                    .to_owned(),
            ),
        }
        missing.extend(session.names_taken(Group::CutOver).await?);
        for name in session.names_in_the_way().await? {
            missing.push(format!(
                "{name} would block a rollback, and it does not belong to this run: drop it or give it another name"
            ));
        }
        // In the middle of a swap that was killed, the originals have moved already.
        if !session.layout.has_any_moved() {
            let all = session.work.mapping.rebuilt();
            missing.extend(session.run.open().and_then(kept_files::take_again));
            missing.extend(session.missing_backup(&all, watcher).await?);
        }
        Ok(missing)
    }

    fn way_back(self, session: &Session) -> String {
        session.work.renamed_back()
    }
}
