//! Doing what a command says, once it is known to be allowed.

use super::conflicts::Filter;
use super::decision_editor::DecisionEditor;
use super::key::{Key, KeyCode};
use super::layer::{Layer, LineFor, Question};
use super::log::Weight;
use super::message::{Effect, ExitReason, Request};
use super::model::{Model, Pane};
use super::moves::{self, Move};
use super::update::{ask, leave};
use super::{layers, steps};
use crate::command::CommandId;
use crate::domain::decision::Decision;
use crate::domain::gate::{Destructive, New};
use crate::domain::history::Change;
use crate::domain::pace::Limits;
use crate::domain::text::safe;
use crate::domain::view::DiffFilter;

/// Does it.
#[allow(clippy::too_many_lines)] // one arm per command
pub(super) fn perform(model: &mut Model, id: CommandId, key: Key) -> Vec<Effect> {
    match id {
        CommandId::Run => {
            let step = model.selected_step();
            return steps::run(model, step);
        }
        CommandId::WriteNote => {
            let step = model.selected_step();
            return steps::note(model, step);
        }
        CommandId::BlockWrites => return ask(model, Request::Gate(Destructive::BlockWrites)),
        CommandId::ReadAgain => return read_again(model),
        CommandId::ConflictsOf => conflicts_of(model),
        CommandId::BookingsOf => bookings_of(model),
        CommandId::Sort => {
            let next = model.businesses.sort.next();
            model.businesses.set_sort(next);
            model.businesses.selected = 0;
        }
        CommandId::Accept => return accept(model),
        CommandId::Undecide => return undecide(model),
        CommandId::Undo => return ask(model, Request::Undo),
        CommandId::Redo => return ask(model, Request::Redo),
        CommandId::NextUndecided => {
            if !model.conflicts.next_undecided() {
                model.say(Weight::Info, "nothing that is shown is undecided");
            }
        }
        CommandId::SortConflicts => {
            let next = model.conflicts.sort.next();
            model.conflicts.set_sort(next);
        }
        CommandId::SurvivorRule => layers::open_survivors(model),
        CommandId::AcceptAll => layers::open_accept_all(model),
        CommandId::Choose => layers::open_choices(model),
        CommandId::Edit => {
            if let Some(key) = model.conflicts.row().map(|row| row.key.clone()) {
                return ask(model, Request::Sources(key));
            }
        }
        CommandId::Open => model.conflicts.open = !model.conflicts.open,
        CommandId::FilterCode => layers::open_kinds(model),
        CommandId::FilterBusiness => layers::open_businesses(model),
        CommandId::OnlyUndecided => {
            let filter = Filter {
                undecided: !model.conflicts.filter.undecided,
                ..model.conflicts.filter.clone()
            };
            model.conflicts.set_filter(filter);
        }
        CommandId::Find => layers::open_find(model),
        CommandId::CustomerById => layers::open_customer(model),
        CommandId::OfCustomer => {
            if let Some(customer) = model.diffs.entry().and_then(|entry| entry.customer.clone()) {
                layers::show_customer(model, customer);
            }
        }
        CommandId::ShowAll => match model.pane {
            Pane::Bookings => model.diffs.set_filter(DiffFilter::default(), String::new()),
            _ => model.conflicts.set_filter(Filter::default()),
        },
        CommandId::DetailDown => moves::detail(model, 1),
        CommandId::DetailUp => moves::detail(model, -1),
        CommandId::DetailRight => model.conflicts.right += 1,
        CommandId::DetailLeft => {
            model.conflicts.right = model.conflicts.right.saturating_sub(1);
        }
        CommandId::Personal => {
            model.report.personal = !model.report.personal;
            model.report.lines = None;
        }
        CommandId::Export => {
            let request = Request::Export(model.report.personal);
            return ask(model, request);
        }
        CommandId::NextPane => go_to(model, model.pane.neighbour(1)),
        CommandId::PreviousPane => go_to(model, model.pane.neighbour(Pane::ALL.len() - 1)),
        CommandId::GoTo => {
            if let KeyCode::Char(digit) = key.code
                && let Some(at) = digit.to_digit(10).and_then(|digit| digit.checked_sub(1))
                && let Some(pane) = Pane::ALL.get(at as usize)
            {
                go_to(model, *pane);
            }
        }
        CommandId::MoveUp => return moves::pane(model, Move::By(-1)),
        CommandId::MoveDown => return moves::pane(model, Move::By(1)),
        CommandId::PageBack => return moves::pane(model, Move::Pages(-1)),
        CommandId::PageOn => return moves::pane(model, Move::Pages(1)),
        CommandId::First => return moves::pane(model, Move::First),
        CommandId::Last => return moves::pane(model, Move::Last),
        CommandId::ScrollUp => moves::layer(model, Move::By(-1)),
        CommandId::ScrollDown => moves::layer(model, Move::By(1)),
        CommandId::ScrollPageUp => moves::layer(model, Move::Pages(-1)),
        CommandId::ScrollPageDown => moves::layer(model, Move::Pages(1)),
        CommandId::Cancel => model.layers.push(Layer::Question(Question::Cancel)),
        CommandId::RollBack => {
            return ask(model, Request::Gate(Destructive::RollBack(New::Refuse)));
        }
        CommandId::Pause => {
            let paused = !model.limits.paused;
            return pace(
                model,
                Limits {
                    paused,
                    ..model.limits
                },
            );
        }
        CommandId::Slower => {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positive
            let goes = model
                .running
                .as_ref()
                .and_then(|it| Some(it.rate()? as u64));
            return pace(model, model.limits.slower(goes));
        }
        CommandId::Faster => return pace(model, model.limits.faster()),
        CommandId::WholeMessage => model.layers.push(Layer::Whole(0)),
        CommandId::Help => model.layers.push(Layer::Help(0)),
        CommandId::Quit => return quit(model),
        CommandId::Back => back(model),
        CommandId::Interrupt => return interrupt(model),
        CommandId::Suspend => return vec![Effect::Suspend],
        CommandId::No | CommandId::CloseLayer | CommandId::CloseReading => {
            match model.layers.pop() {
                Some(Layer::Leave) => model.leaves_after_export = false,
                Some(Layer::Line(line)) if line.purpose == LineFor::FindConflict => {
                    layers::find(model, line.before);
                }
                _ => {}
            }
        }
        CommandId::Yes => return yes(model),
        CommandId::Confirm => return layers::confirm(model),
        CommandId::Discard => return layers::discard(model),
        CommandId::Save | CommandId::KeepDecision => return layers::save(model),
        CommandId::TakeLeft => in_editor(model, |open| open.pick(true)),
        CommandId::TakeRight => in_editor(model, |open| open.pick(false)),
        CommandId::FieldUp => in_editor(model, |open| open.select(-1)),
        CommandId::FieldDown => in_editor(model, |open| open.select(1)),
        CommandId::TurnRight => in_editor(model, |open| open.turn(false)),
        CommandId::TurnLeft => in_editor(model, |open| open.turn(true)),
        CommandId::TypeValue => in_editor(model, DecisionEditor::begin_value),
        CommandId::ClearField => in_editor(model, DecisionEditor::clear),
        CommandId::NextChoice => in_editor(model, DecisionEditor::next_choice),
        CommandId::NextRule => in_editor(model, DecisionEditor::next_rule),
        CommandId::TypeNote => in_editor(model, DecisionEditor::begin_note),
        CommandId::StopTyping => in_editor(model, |open| {
            open.typing = None;
            open.trying = None;
            open.complaint = None;
        }),
        CommandId::BreakLine => {
            if let Some(editor) = model.layers.last_mut().and_then(Layer::editor) {
                editor.key(key);
            }
        }
        CommandId::Pick => return layers::pick(model),
        CommandId::ExportAndLeave => {
            model.leaves_after_export = true;
            let request = Request::Export(model.report.personal);
            return ask(model, request);
        }
        CommandId::LeaveWithout => {
            let reason = ExitReason::Left(model.exported.clone());
            return leave(model, reason);
        }
    }
    Vec::new()
}

fn in_editor(model: &mut Model, act: impl FnOnce(&mut DecisionEditor)) {
    if let Some(Layer::Decision(open)) = model.layers.last_mut()
        && !open.sent
    {
        act(open);
    }
}

fn go_to(model: &mut Model, pane: Pane) {
    model.pane = pane;
    model.conflicts.open = false;
}

fn read_again(model: &mut Model) -> Vec<Effect> {
    match model.pane {
        Pane::Bookings => model.diffs.forget(), // the look at the pane asks again
        Pane::Report => model.report.lines = None,
        _ => return ask(model, Request::Standing),
    }
    Vec::new()
}

fn conflicts_of(model: &mut Model) {
    let Some(row) = model.businesses.row() else {
        return;
    };
    let business = Some((row.id.clone(), safe(&row.name, 60)));
    model.conflicts.set_filter(Filter {
        business,
        ..Filter::default()
    });
    go_to(model, Pane::Conflicts);
}

fn bookings_of(model: &mut Model) {
    let Some(row) = model.businesses.row() else {
        return;
    };
    let (business, says) = (row.id.clone(), safe(&row.name, 60));
    model.diffs.set_filter(
        DiffFilter {
            business: Some(business),
            customer: None,
        },
        says,
    );
    go_to(model, Pane::Bookings);
}

fn accept(model: &mut Model) -> Vec<Effect> {
    let Some(row) = model.conflicts.row() else {
        return Vec::new();
    };
    let (key, choice) = (row.key.clone(), row.key.code.suggestion());
    let mut decision = row
        .decision
        .clone()
        .unwrap_or_else(|| Decision::new(choice));
    decision.choice = choice;
    model.conflicts.goes_on = true;
    model.note_in_log(
        Weight::Info,
        &format!("{}: {} accepted", key.code, choice.word()),
    );
    ask(
        model,
        Request::Decide(vec![Change::Answer(key, Some(decision))]),
    )
}

fn undecide(model: &mut Model) -> Vec<Effect> {
    let Some(row) = model.conflicts.row() else {
        return Vec::new();
    };
    let key = row.key.clone();
    model.note_in_log(Weight::Info, &format!("{}: answer taken back", key.code));
    ask(model, Request::Decide(vec![Change::Answer(key, None)]))
}

fn back(model: &mut Model) {
    if model.conflicts.open && model.pane == Pane::Conflicts {
        model.conflicts.open = false;
    } else {
        model.banner = None; // its text stays in the log
    }
}

fn quit(model: &mut Model) -> Vec<Effect> {
    if model.engine_ended.is_some() {
        return leave(model, ExitReason::Left(Vec::new()));
    }
    model.report.down = 0;
    model.layers.push(Layer::Leave);
    Vec::new()
}

fn interrupt(model: &mut Model) -> Vec<Effect> {
    match &model.running {
        Some(running) if running.cancelling => {
            model.say(Weight::Warning, "it ends after this batch");
        }
        Some(_) => {
            if !matches!(model.layers.last(), Some(Layer::Question(Question::Cancel))) {
                model.layers.push(Layer::Question(Question::Cancel));
            }
        }
        None => {
            if model.layers.pop().is_none() {
                return quit(model);
            }
        }
    }
    Vec::new()
}

fn yes(model: &mut Model) -> Vec<Effect> {
    let Some(Layer::Question(question)) = model.layers.pop() else {
        return Vec::new();
    };
    match question {
        Question::Cancel => {
            if let Some(running) = &mut model.running {
                running.cancelling = true;
                model.note_in_log(Weight::Warning, "asked to end between two batches");
                return vec![Effect::Cancel];
            }
            Vec::new()
        }
        Question::FirstWrite(step) => {
            allow_writing(model);
            steps::run(model, step)
        }
        Question::FirstNote(step) => {
            allow_writing(model);
            steps::note(model, step)
        }
    }
}

fn allow_writing(model: &mut Model) {
    model.may_write = true;
    model.note_in_log(Weight::Warning, "writing beside the live data is allowed");
}

/// Takes new limits, for the running step too.
fn pace(model: &mut Model, limits: Limits) -> Vec<Effect> {
    model.limits = limits;
    let words = limits.words();
    let text = if words.is_empty() {
        "copies are written as fast as the server takes them".to_owned()
    } else {
        format!("writing copies: {words}")
    };
    model.say(Weight::Info, text);
    vec![Effect::Pace(limits)]
}
