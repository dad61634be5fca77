//! Opening the layers that take text or offer a list, and what their answers do.

use super::conditions as can;
use super::conflicts::Filter;
use super::decision_editor::{DecisionEditor, Typing};
use super::editor::Editor;
use super::layer::{Layer, Line, LineFor};
use super::log::Weight;
use super::message::{Effect, Job, Request};
use super::model::{Model, Pane};
use super::picker::{Item, Picked, Picker};
use super::steps;
use super::update::ask;
use crate::domain::checklist::Step;
use crate::domain::conflict::{Choice, Code, ConflictKey};
use crate::domain::decision::{Alike, Decision};
use crate::domain::gate::Destructive;
use crate::domain::history::Change;
use crate::domain::id::Id;
use crate::domain::survivorship::Survivor;
use crate::domain::text::safe;
use crate::domain::view::{DiffFilter, Sources};

/// The kinds, to filter by.
pub(super) fn open_kinds(model: &mut Model) {
    let mut items = vec![Item {
        label: "every kind".to_owned(),
        more: String::new(),
        value: Picked::Code(None),
    }];
    items.extend(model.conflicts.counts().iter().map(|it| Item {
        label: it.code.word().to_owned(),
        more: format!(
            "{}, {}, {} undecided",
            it.code.severity().word(),
            it.count,
            it.undecided
        ),
        value: Picked::Code(Some(it.code)),
    }));
    open_picker(model, "Show conflicts of", items);
}

/// The businesses, to filter by.
pub(super) fn open_businesses(model: &mut Model) {
    let bookings = model.pane == Pane::Bookings;
    let value = |business| {
        if bookings {
            Picked::BookingsOf(business)
        } else {
            Picked::ConflictsOf(business)
        }
    };
    let mut items = vec![Item {
        label: "every business".to_owned(),
        more: String::new(),
        value: value(None),
    }];
    items.extend(model.businesses.rows().iter().map(|row| {
        let name = safe(&row.name, 60);
        Item {
            more: format!("{} bookings, {} conflicts", row.bookings, row.conflicts),
            value: value(Some((row.id.clone(), name.clone()))),
            label: name,
        }
    }));
    open_picker(model, "Show", items);
}

/// The answers that a conflict can have.
pub(super) fn open_choices(model: &mut Model) {
    let Some(row) = model.conflicts.row() else {
        return;
    };
    let code = row.key.code;
    let items = code
        .answers()
        .iter()
        .map(|(choice, does)| Item {
            label: choice.word().to_owned(),
            more: (*does).to_owned(),
            value: Picked::Choice(*choice),
        })
        .collect();
    open_picker(model, &format!("Answer to {code}"), items);
}

/// All that are like the selected one, here or everywhere, or every kind; each with how many it touches, and a way to look at them first.
pub(super) fn open_accept_all(model: &mut Model) {
    let mut items = Vec::new();
    let mut offer = |alike: Alike, of: &str, answer: String| {
        let count = model.conflicts.undecided_alike(&alike);
        if count == 0 {
            return;
        }
        items.push(Item {
            label: format!("{count} undecided {of}"),
            more: answer,
            value: Picked::Alike(alike.clone()),
        });
        items.push(Item {
            label: "  look at them first".to_owned(),
            more: format!("show these {count} and decide nothing"),
            value: Picked::LookAt(alike),
        });
    };
    if let Some(row) = model.conflicts.row() {
        let code = row.key.code;
        let decided = row.decision.as_ref();
        let choice = decided.map(|decision| decision.choice);
        let alike = Alike {
            code: Some(code),
            business: None,
            choice,
            survivor: decided.and_then(|decision| decision.survivor),
        };
        let answer = {
            let choice = choice.unwrap_or(code.suggestion());
            let whose = if decided.is_some() {
                "as answered here: "
            } else {
                ""
            };
            let rule = alike.survivor.map(|rule| format!(" ({})", rule.word()));
            let rule = rule.unwrap_or_default();
            format!("{whose}{}{rule}: {}", choice.word(), code.does(choice))
        };
        if let [business] = row.businesses.as_slice() {
            let here = Alike {
                business: Some(business.clone()),
                ..alike.clone()
            };
            let of = format!("{code} at {}", safe(&row.business_names, 30));
            offer(here, &of, answer.clone());
        }
        offer(alike, &format!("{code}"), answer);
    }
    let each = "each with the suggestion of its kind".to_owned();
    offer(Alike::default(), "of every kind", each);
    open_picker(model, "The same answer for", items);
}

/// The survivor rule for the selected conflict's business, or for all.
pub(super) fn open_survivors(model: &mut Model) {
    let review = model.conflicts.review();
    let mark = |holds: bool| if holds { "now: " } else { "" };
    let mut items: Vec<_> = Survivor::ALL
        .iter()
        .map(|rule| Item {
            label: format!("all: {}", rule.word()),
            more: format!("{}{}", mark(review.survivor == *rule), rule.says()),
            value: Picked::Survivor(None, Some(*rule)),
        })
        .collect();
    if let Some(row) = model.conflicts.row()
        && let [business] = row.businesses.as_slice()
    {
        let own = review.survivor_at.get(business);
        let at = safe(&row.business_names, 20);
        items.extend(Survivor::ALL.iter().map(|rule| Item {
            label: format!("{at}: {}", rule.word()),
            more: format!("{}{}", mark(own == Some(rule)), rule.says()),
            value: Picked::Survivor(Some(business.clone()), Some(*rule)),
        }));
        if own.is_some() {
            items.push(Item {
                label: format!("{at}: the rule for all"),
                more: "takes the business's own rule away".to_owned(),
                value: Picked::Survivor(Some(business.clone()), None),
            });
        }
    }
    open_picker(
        model,
        "Which record gives a merged customer its values",
        items,
    );
}

fn open_picker(model: &mut Model, title: &str, items: Vec<Item>) {
    model.layers.push(Layer::Picker(Picker::new(title, items)));
}

/// A text to find among the conflicts.
pub(super) fn open_find(model: &mut Model) {
    let text = model.conflicts.filter.text.clone();
    open_line(model, LineFor::FindConflict, &text);
}

/// The id of a customer.
pub(super) fn open_customer(model: &mut Model) {
    open_line(model, LineFor::Customer, "");
}

fn open_line(model: &mut Model, purpose: LineFor, text: &str) {
    model.layers.push(Layer::Line(Line {
        purpose,
        editor: Editor::line(text),
        complaint: None,
        before: text.to_owned(),
    }));
}

/// Enter at a gate.
pub(super) fn confirm(model: &mut Model) -> Vec<Effect> {
    if let Err(why) = can::ask(model) {
        model.say(Weight::Warning, format!("not now: {why}"));
        return Vec::new();
    }
    let Some(Layer::Gate(layer)) = model.layers.last_mut() else {
        return Vec::new();
    };
    let confirmed = match layer.gate.confirm(layer.typed.text()) {
        Ok(confirmed) => confirmed,
        Err(shut) => {
            layer.complaint = Some(shut.to_string());
            return Vec::new();
        }
    };
    let job = match (layer.gate.action, layer.step) {
        (Destructive::RollBack(_), _) => Job::RollBack,
        (Destructive::BlockWrites, _) => Job::Step(Step::StopApplication),
        (_, Some(step)) => Job::Step(step),
        (_, None) => return Vec::new(), // the console opens no other gates
    };
    model.layers.pop();
    model.may_write = true;
    model.note_in_log(
        Weight::Warning,
        &format!("{}: the gate was passed", confirmed.action().title()),
    );
    steps::start(model, job, Some(confirmed))
}

/// The next choice at the gate to roll back; the gate is opened anew, with its own counts.
pub(super) fn discard(model: &mut Model) -> Vec<Effect> {
    match model.layers.last() {
        Some(Layer::Gate(layer)) => match layer.gate.action {
            Destructive::RollBack(new) => {
                ask(model, Request::Gate(Destructive::RollBack(new.next())))
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Enter in a text field.
pub(super) fn save(model: &mut Model) -> Vec<Effect> {
    let allowed = can::ask(model);
    let request = match model.layers.last_mut() {
        Some(Layer::Decision(_)) => return decision(model, allowed),
        Some(Layer::Note(note)) if !note.sent => {
            let text = note.editor.text().trim().to_owned();
            let verdict = if text.is_empty() {
                Err("an empty note is not kept: say what was done, or go back with Esc".to_owned())
            } else {
                allowed
            };
            match verdict {
                Ok(()) => {
                    note.sent = true;
                    note.complaint = None;
                    Request::Note(note.step, text)
                }
                Err(why) => {
                    note.complaint = Some(why);
                    return Vec::new();
                }
            }
        }
        Some(Layer::Line(_)) => {
            line(model);
            return Vec::new();
        }
        _ => return Vec::new(),
    };
    ask(model, request)
}

/// Opens the editor on what arrived, where the conflict is still selected.
pub(super) fn open_editor(model: &mut Model, sources: Sources) {
    let row = model.conflicts.row().filter(|row| row.key == sources.key);
    let Some(row) = row else { return };
    if !model.layers.is_empty() {
        return;
    }
    let decision = row.decision.clone();
    let editor = DecisionEditor::new(sources, decision);
    model.layers.push(Layer::Decision(Box::new(editor)));
}

/// Enter in the decision editor: takes what is being typed, or keeps the whole answer.
fn decision(model: &mut Model, allowed: Result<(), String>) -> Vec<Effect> {
    let Some(Layer::Decision(open)) = model.layers.last_mut() else {
        return Vec::new();
    };
    if open.sent || open.trying.is_some() {
        return Vec::new();
    }
    if let Err(why) = allowed {
        open.complaint = Some(why);
        return Vec::new();
    }
    let key = open.key().clone();
    let request = match open.typed() {
        Some(Err(why)) => {
            open.complaint = Some(why);
            return Vec::new();
        }
        Some(Ok(decision)) if matches!(open.typing, Some(Typing::Value(_))) => {
            open.trying = Some(decision.clone());
            Request::TryOut(key, decision)
        }
        Some(Ok(decision)) => {
            open.decision = decision;
            open.typing = None;
            return Vec::new();
        }
        None => {
            open.sent = true;
            Request::Decide(vec![Change::Answer(key, Some(open.decision.clone()))])
        }
    };
    ask(model, request)
}

/// What came of trying a typed value out.
pub(super) fn tried_out(model: &mut Model, key: &ConflictKey, result: Result<(), String>) {
    let Some(Layer::Decision(open)) = model.layers.last_mut() else {
        return;
    };
    if open.key() != key {
        return;
    }
    match (open.trying.take(), result) {
        (Some(decision), Ok(())) => {
            open.decision = decision;
            open.typing = None;
            open.complaint = None;
        }
        (_, Err(why)) => open.complaint = Some(why),
        (None, Ok(())) => {}
    }
}

/// Enter in a line of text.
fn line(model: &mut Model) {
    let Some(Layer::Line(line)) = model.layers.last_mut() else {
        return;
    };
    let text = line.editor.text().trim().to_owned();
    match line.purpose {
        LineFor::FindConflict => {
            model.layers.pop();
        }
        LineFor::Customer => match Id::parse(&text) {
            Some(id) => {
                model.layers.pop();
                show_customer(model, id);
            }
            None => {
                line.complaint = Some(
                    "this is no id: type 24 hexadecimal digits, uuid:…, int:…, or a text in double quotes"
                        .to_owned(),
                );
            }
        },
    }
}

/// Shows what holds the letters typed so far.
pub(super) fn narrow(model: &mut Model) {
    if let Some(Layer::Line(line)) = model.layers.last()
        && line.purpose == LineFor::FindConflict
    {
        let text = line.editor.text().trim().to_owned();
        find(model, text);
    }
}

/// Shows what holds the letters of `text`.
pub(super) fn find(model: &mut Model, text: String) {
    if text != model.conflicts.filter.text {
        let current = model.conflicts.filter.clone();
        model.conflicts.set_filter(Filter { text, ..current });
        model.conflicts.select(0);
    }
}

/// Shows the bookings of one customer.
pub(super) fn show_customer(model: &mut Model, customer: Id) {
    let says = format!("customer {}", safe(&customer.to_string(), 60));
    let filter = DiffFilter {
        business: None,
        customer: Some(customer),
    };
    model.diffs.set_filter(filter, says);
}

/// Enter in a list.
pub(super) fn pick(model: &mut Model) -> Vec<Effect> {
    let Some(Layer::Picker(open)) = model.layers.last() else {
        return Vec::new();
    };
    let Some(picked) = open.picked() else {
        model.say(
            Weight::Warning,
            "nothing in the list matches what was typed",
        );
        return Vec::new();
    };
    model.layers.pop();
    let current = model.conflicts.filter.clone();
    match picked {
        Picked::Code(code) => model.conflicts.set_filter(Filter { code, ..current }),
        Picked::ConflictsOf(business) => {
            model.conflicts.set_filter(Filter {
                business,
                ..current
            });
        }
        Picked::BookingsOf(business) => {
            let (business, says) = business.unzip();
            let filter = DiffFilter {
                business,
                customer: None,
            };
            model.diffs.set_filter(filter, says.unwrap_or_default());
        }
        Picked::Choice(choice) => return choose(model, choice),
        Picked::Alike(alike) => return answer_alike(model, alike),
        Picked::LookAt(alike) => {
            let name = |business: Id| {
                let rows = model.businesses.rows();
                let name = rows
                    .iter()
                    .find(|row| row.id == business)
                    .map(|row| safe(&row.name, 60));
                (business, name.unwrap_or_default())
            };
            let filter = Filter {
                code: alike.code,
                business: alike.business.map(name),
                undecided: true,
                text: String::new(),
            };
            model.conflicts.set_filter(filter);
        }
        Picked::Survivor(business, rule) => return survivor(model, business, rule),
    }
    Vec::new()
}

fn choose(model: &mut Model, choice: Choice) -> Vec<Effect> {
    if let Err(why) = can::decide(model) {
        model.say(Weight::Warning, format!("not now: {why}"));
        return Vec::new();
    }
    let Some(row) = model.conflicts.row() else {
        return Vec::new();
    };
    let key: ConflictKey = row.key.clone();
    let mut decision = row
        .decision
        .clone()
        .unwrap_or_else(|| Decision::new(choice));
    decision.choice = choice;
    model.note_in_log(
        Weight::Info,
        &format!("{}: {} chosen", key.code, choice.word()),
    );
    ask(
        model,
        Request::Decide(vec![Change::Answer(key, Some(decision))]),
    )
}

fn answer_alike(model: &mut Model, alike: Alike) -> Vec<Effect> {
    if let Err(why) = can::decide(model) {
        model.say(Weight::Warning, format!("not now: {why}"));
        return Vec::new();
    }
    let of = alike.code.map_or("every kind", Code::word);
    let answer = alike.choice.map_or("suggestions", Choice::word);
    model.note_in_log(Weight::Info, &format!("{answer} for all undecided of {of}"));
    ask(model, Request::DecideAlike(alike))
}

fn survivor(model: &mut Model, business: Option<Id>, rule: Option<Survivor>) -> Vec<Effect> {
    if let Err(why) = can::decide(model) {
        model.say(Weight::Warning, format!("not now: {why}"));
        return Vec::new();
    }
    ask(
        model,
        Request::Decide(vec![Change::Survivor(business, rule)]),
    )
}
