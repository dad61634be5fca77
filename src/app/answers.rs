//! What the engine's answers change.

use std::path::PathBuf;

use super::editor::Editor;
use super::layer::{GateLayer, Layer};
use super::layers;
use super::log::Weight;
use super::message::{Answer, Effect, ExitReason, Job, Request};
use super::model::Model;
use super::steps::step_of;
use super::update::{ask, close_questions, leave};
use crate::domain::checklist::Step;
use crate::domain::gate::Gate;
use crate::domain::number::counted;
use crate::domain::overview::Review;

/// Takes an answer.
pub(super) fn take(model: &mut Model, answer: Answer) -> Vec<Effect> {
    if !matches!(
        answer,
        Answer::Ended(..) | Answer::Surveyed(..) | Answer::ForeignWrites(_)
    ) {
        model.waiting = model.waiting.saturating_sub(1);
    }
    match answer {
        Answer::Standing(Ok(statuses), rows, blocked) => {
            model.writes_blocked = blocked;
            model.statuses = statuses;
            model.conflicts.set(rows);
            model.follow();
        }
        Answer::Standing(Err(error), rows, blocked) => {
            model.writes_blocked = blocked;
            model.conflicts.set(rows);
            model.alarm("The state of the steps could not be read", error);
        }
        Answer::ForeignWrites(words) => model.alarm("The application writes", words),
        Answer::Surveyed(overview, rows) => {
            model.businesses.set_rows(overview.businesses.clone());
            model.overview = Some(overview);
            model.conflicts.set(rows);
        }
        Answer::Ended(job, result) => return ended(model, job, result),
        Answer::Gate(answer) => gate(model, *answer),
        Answer::Decided(result, rows) => return decided(model, result, rows),
        Answer::TriedOut(key, result) => layers::tried_out(model, &key, result),
        Answer::Labels(Ok(labels)) => model.conflicts.set_labels(labels),
        Answer::Labels(Err(error)) => {
            model.conflicts.set_labels(std::collections::HashMap::new());
            model.alarm("The names could not be read; conflicts show ids", error);
        }
        Answer::Sources(sources) => match *sources {
            Ok(sources) => layers::open_editor(model, sources),
            Err(error) => model.alarm("The records could not be read", error),
        },
        Answer::Detail(detail) => {
            model.conflicts.asked = None;
            model.conflicts.detail = Some(*detail);
        }
        Answer::Diffs(filter, from, page) => model.diffs.take(&filter, &from, page),
        Answer::Noted(step, result) => return noted(model, step, result),
        Answer::Report(personal, text) => {
            model.report.asked = false;
            if personal == model.report.personal {
                model.report.lines =
                    Some(text.map(|text| text.lines().map(str::to_owned).collect()));
            }
        }
        Answer::Exported(result) => return exported(model, result),
    }
    Vec::new()
}

/// What is shown may rest on data or answers that changed.
fn outdated(model: &mut Model) {
    model.diffs.forget();
    model.report.lines = None;
    model.conflicts.detail = None;
}

fn ended(model: &mut Model, job: Job, result: Result<String, String>) -> Vec<Effect> {
    let cancelled = model
        .running
        .take()
        .is_some_and(|running| running.cancelling);
    close_questions(model);
    outdated(model);
    match result {
        Ok(line) => {
            let line = format!("{}: {line}", job.title());
            model.note_in_log(Weight::Info, &line);
            model.say(Weight::Info, line);
        }
        Err(error) if cancelled => {
            let line = format!("{}: {error}", job.title());
            model.note_in_log(Weight::Warning, &line);
            model.say(Weight::Warning, line);
        }
        Err(error) => model.alarm(format!("{} did not end well", job.title()), error),
    }
    if model.leaving.is_some() {
        return Vec::new();
    }
    ask(model, Request::Standing)
}

fn gate(model: &mut Model, answer: Result<Gate, String>) {
    let gate = match answer {
        Ok(gate) => gate,
        Err(error) => return model.alarm("The gate stays shut", error),
    };
    match model.layers.last() {
        None => {}
        // A roll back's gate with the other choice takes the place of the first one.
        Some(Layer::Gate(_)) => {
            model.layers.pop();
        }
        Some(_) => {
            model.say(
                Weight::Warning,
                "the gate is ready: go back and press the key again",
            );
            return;
        }
    }
    let step = step_of(gate.action);
    model.layers.push(Layer::Gate(Box::new(GateLayer {
        gate,
        step,
        typed: Editor::default(),
        complaint: None,
        down: 0,
    })));
}

fn decided(model: &mut Model, result: Result<usize, String>, review: Review) -> Vec<Effect> {
    let on_top = match model.layers.last_mut() {
        Some(Layer::Decision(open)) if open.sent => Some(open),
        _ => None,
    };
    match (result, on_top) {
        (Err(error), Some(form)) => {
            form.sent = false;
            form.complaint = Some(error);
            return Vec::new();
        }
        (Err(error), None) => {
            model.alarm("The answer was not kept", error);
            return Vec::new();
        }
        (Ok(count), form) => {
            if form.is_some() {
                model.layers.pop();
            }
            if count == 0 {
                model.say(Weight::Info, "nothing changed");
                return Vec::new();
            }
            let answers = counted(count as u64, "answer", "answers");
            let line = format!("{answers} changed in the decisions file");
            model.note_in_log(Weight::Info, &line);
            outdated(model);
            model.conflicts.set(review);
            if std::mem::take(&mut model.conflicts.goes_on) {
                model.conflicts.next_undecided();
            }
            let left = model.conflicts.undecided(None);
            let blockers = model.conflicts.undecided_blockers();
            model.say(
                Weight::Info,
                format!("{line}; {left} undecided, {blockers} of them blockers"),
            );
        }
    }
    ask(model, Request::Standing)
}

fn noted(model: &mut Model, step: Step, result: Result<(), String>) -> Vec<Effect> {
    let on_top = match model.layers.last_mut() {
        Some(Layer::Note(note)) if note.sent => Some(note),
        _ => None,
    };
    match (result, on_top) {
        (Err(error), Some(note)) => {
            note.sent = false;
            note.complaint = Some(error);
            Vec::new()
        }
        (Err(error), None) => {
            model.alarm(format!("The note on {} was not kept", step.title()), error);
            Vec::new()
        }
        (Ok(()), note) => {
            if note.is_some() {
                model.layers.pop();
            }
            let line = format!("{}: a note is kept", step.title());
            model.note_in_log(Weight::Info, &line);
            model.say(Weight::Info, line);
            model.report.lines = None;
            model.follows = true;
            ask(model, Request::Standing)
        }
    }
}

fn exported(model: &mut Model, result: Result<Vec<PathBuf>, String>) -> Vec<Effect> {
    let leaves = std::mem::take(&mut model.leaves_after_export);
    match result {
        Err(error) => {
            model.layers.retain(|layer| !matches!(layer, Layer::Leave));
            model.alarm("The report was not written", error);
            Vec::new()
        }
        Ok(paths) => {
            let names: Vec<_> = paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let line = format!("report written: {}", names.join(", "));
            model.note_in_log(Weight::Info, &line);
            model.say(Weight::Info, line);
            model.exported = paths;
            if leaves {
                let reason = ExitReason::Left(model.exported.clone());
                leave(model, reason)
            } else {
                Vec::new()
            }
        }
    }
}
