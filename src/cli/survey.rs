//! `survey`, `verify`, `status`, `report`: verbs that only read.

use crate::engine::session::Session;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::place::PlaceArguments;
use super::{output, progress};
use crate::domain::accepted::Accepted;
use crate::domain::conflict::Severity;
use crate::domain::situation::{Standing, roll_back};
use crate::domain::text::{named, safe};
use crate::engine::fit::Said;
use crate::engine::{Result, Watcher};

/// Arguments of `survey`.
#[derive(Debug, Args)]
pub struct SurveyArguments {
    /// Decisions file; what it answers is not counted as undecided
    #[arg(long, value_name = "F")]
    decisions: Option<PathBuf>,
    /// Confirm how many bookings leave the application by the answers to one kind of conflict, such as booking-without-business=44; or how many values of a reference lead nowhere, such as mapping:booking.service=3
    #[arg(long, value_name = "CODE=N", value_parser = Accepted::argument)]
    accept: Vec<(Accepted, u64)>,
}

pub(super) async fn run(place: &PlaceArguments, arguments: SurveyArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    if let Some(path) = &arguments.decisions {
        let decisions = session.read_decisions(path)?;
        session.take_decisions(decisions);
    }
    session.accept(&arguments.accept);
    let (watcher, task) = progress::watch(place, &session, "survey");
    if let Some(migrated) = migrated(place, &mut session, &watcher).await? {
        task.end(&Result::Ok(()));
        return Ok(migrated);
    }
    let outcome = async {
        let said = Said::Now(&arguments.accept);
        session.check_mapping(said, &watcher).await?;
        warn(&session);
        let overview = session.survey(&watcher).await;
        warn_of_entries(&session);
        overview
    }
    .await;
    task.end(&outcome);
    let overview = outcome?;
    let retiring = session.retire_forecast();
    session.require_numbers(&arguments.accept)?;
    if place.json {
        let mut said = overview.to_json();
        said["retire"] = json!(retiring.map(|it| it.to_json()));
        output::json(&said);
    } else {
        output::line(&output::overview(&overview));
        remarks(&session);
        if let Some(retiring) = retiring {
            output::line("");
            for line in retiring.lines() {
                output::line(&line);
            }
        }
    }
    let undecided = overview
        .conflicts
        .iter()
        .any(|row| row.code.severity() == Severity::Blocker && row.undecided > 0);
    let asks = !overview.asks.is_empty();
    Ok(ExitCode::from(if undecided || asks { 2 } else { 0 }))
}

/// Says that a finished run has migrated everything, where that is so.
pub(super) async fn migrated(
    place: &PlaceArguments,
    session: &mut Session,
    watcher: &Watcher,
) -> Result<Option<ExitCode>> {
    let Some(words) = session.migrated(watcher).await? else {
        return Ok(None);
    };
    if place.json {
        let run = session.run.latest().map(|run| run.id.clone());
        output::json(&json!({ "migratedBy": run, "says": words }));
    } else {
        output::line(&words);
    }
    Ok(Some(ExitCode::SUCCESS))
}

/// Says what the mapping leaves as it is.
pub(super) fn remarks(session: &Session) {
    for (_, says) in session.mapping().remarks() {
        output::line(&says);
    }
    if let Some(says) = session.bookings_outside() {
        output::line(&says);
    }
}

/// Says which followed entries the survey found to change nothing.
pub(super) fn warn_of_entries(session: &Session) {
    for line in session.idle_entries() {
        output::aside(&line);
    }
}

/// Says what the check of the mapping found worth saying.
pub(super) fn warn(session: &Session) {
    for line in session.warnings().iter().chain(&session.fit().accepted) {
        output::aside(line);
    }
}

pub(super) async fn verify(place: &PlaceArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    let (watcher, task) = progress::watch(place, &session, "verify");
    let outcome = session.verify(&watcher).await;
    task.end(&outcome);
    let mut checked = outcome?;
    checked.notes.extend(session.journal_trouble());
    if place.json {
        output::json(&json!({
            "wrong": checked.wrong, "findings": checked.findings, "equations": checked.equations, "notes": checked.notes,
        }));
    } else if checked.wrong == 0 {
        output::line(&format!(
            "nothing wrong\n{}",
            [&checked.equations[..], &checked.notes].concat().join("\n")
        ));
    } else {
        output::line(&format!(
            "{} wrong:\n{}\n{}",
            crate::domain::number::grouped(checked.wrong),
            checked.list(),
            [&checked.equations[..], &checked.notes].concat().join("\n")
        ));
    }
    Ok(ExitCode::from(if checked.wrong > 0 { 2 } else { 0 }))
}

pub(super) async fn status(place: &PlaceArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    let Standing {
        statuses,
        situation,
    } = session.standing().await?;
    let database = session.place().database.clone();
    let lease = session.lease_standing().await?;
    let held = lease.filter(|lease| lease.holder.is_some());
    if place.json {
        let steps: Vec<_> = statuses
            .iter()
            .map(|it| json!({ "step": it.step.word(), "state": it.state.word(), "says": it.says }))
            .collect();
        output::json(&json!({
            "run": session.run.latest().map(|run| &run.id), "lease": held, "steps": steps,
            "strays": strays_json(&session), "keptOriginals": session.layout.kept_originals(),
            "journal": session.journal_trouble(), "lostFiles": session.lost_files(), "situation": situation.to_json(&database),
        }));
    } else {
        match session.run.latest() {
            Some(run) => output::line(&format!(
                "run {} on {}, begun by {}\n",
                named(&run.id),
                named(&run.database),
                named(&run.operator)
            )),
            None => output::line("no run yet\n"),
        }
        if let Some(held) = held {
            output::line(&format!("the lease is held by {}\n", named(&held.words())));
        }
        let lost = session.lost_files();
        for trouble in session.journal_trouble().into_iter().chain(lost) {
            output::line(&format!("{trouble}\n"));
        }
        let lines = [
            ("True now", situation.now.clone()),
            ("Next", situation.next_words()),
            ("Destroys", situation.destroys.clone()),
            ("Way back", situation.back_by(&roll_back(&database))),
        ];
        for (label, text) in lines {
            output::line(&format!("{label:<9} {}", safe(&text, 600)));
        }
        output::line("");
        output::line(&output::statuses(&statuses));
        if let Some(strays) = session.strays_in_words() {
            output::line(&format!("\n{strays}"));
        }
        if let Some(kept) = session.kept_without_a_run() {
            output::line(&format!("\n{kept}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Strays by name, with their documents.
pub(super) fn strays_json(session: &Session) -> serde_json::Value {
    let strays = session.layout.strays().iter();
    strays
        .map(|it| (it.name.clone(), json!(it.documents)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Formats: md, json
    #[arg(long, value_delimiter = ',', default_value = "md,json", value_parser = ["md", "json"])]
    format: Vec<String>,
    /// Folder for the files; without it the report goes to standard output
    #[arg(long, value_name = "D")]
    out: Option<PathBuf>,
}

pub(super) async fn report(place: &PlaceArguments, arguments: ReportArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    session.standing().await?;
    let content = session.report(place.show_personal_data)?;
    if let Some(trouble) = session.journal_trouble() {
        output::aside(&trouble);
    }
    let Some(folder) = arguments.out else {
        if place.json {
            output::json(&content.to_json());
        } else {
            output::line(&content.to_markdown());
        }
        return Ok(ExitCode::SUCCESS);
    };
    let formats: Vec<&str> = arguments.format.iter().map(String::as_str).collect();
    for path in crate::engine::reporting::write_report(&folder, &content, &formats)? {
        output::line(&output::path(&path));
    }
    Ok(ExitCode::SUCCESS)
}
