//! Opening the layers that take text or offer a list, and what their answers do.

use super::conditions as can;
use super::conflicts::Filter;
use super::editor::Editor;
use super::layer::{Field, Form, Layer, Line, LineFor};
use super::log::Weight;
use super::message::{Effect, Job, Request};
use super::model::{Model, Pane};
use super::picker::{Item, Picked, Picker};
use super::steps;
use super::update::ask;
use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::decision::{Decision, check_value};
use crate::domain::gate::Destructive;
use crate::domain::id::Id;
use crate::domain::text::safe;
use crate::domain::view::DiffFilter;

/// The kinds, to filter by.
pub(super) fn open_kinds(model: &mut Model) {
    let mut items = vec![Item {
        label: "every kind".to_owned(),
        more: String::new(),
        value: Picked::Code(None),
    }];
    items.extend(
        model
            .conflicts
            .kinds()
            .into_iter()
            .map(|(code, count, undecided)| Item {
                label: code.word().to_owned(),
                more: format!("{}, {count}, {undecided} undecided", code.severity().word()),
                value: Picked::Code(Some(code)),
            }),
    );
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
        .choices()
        .iter()
        .map(|choice| Item {
            label: choice.word().to_owned(),
            more: choice.does().to_owned(),
            value: Picked::Choice(*choice),
        })
        .collect();
    open_picker(model, &format!("Answer to {code}"), items);
}

/// This kind, or every kind.
pub(super) fn open_accept_all(model: &mut Model) {
    let mut items = Vec::new();
    if let Some(row) = model.conflicts.row() {
        let code = row.key.code;
        let count = model.conflicts.undecided(Some(code));
        if count > 0 {
            items.push(Item {
                label: format!("{count} undecided of {code}"),
                more: format!("{}: {}", code.suggestion().word(), code.suggestion().does()),
                value: Picked::AcceptAll(Some(code)),
            });
        }
    }
    items.push(Item {
        label: format!(
            "all {} undecided, of every kind",
            model.conflicts.undecided(None)
        ),
        more: "each with the suggestion of its kind".to_owned(),
        value: Picked::AcceptAll(None),
    });
    open_picker(model, "Accept the suggestion for", items);
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
    }));
}

/// The fields that an answer to a conflict of this kind may set by hand.
fn settable(code: Code) -> &'static [&'static str] {
    match code {
        Code::DuplicateEmail => &["name", "email"],
        Code::MissingName => &["name"],
        Code::MissingEmail | Code::InvalidEmail => &["email"],
        _ => &[],
    }
}

/// The answer to the selected conflict as a form.
pub(super) fn open_form(model: &mut Model) {
    let Some(row) = model.conflicts.row() else {
        return;
    };
    let decision = row.decision.as_ref();
    let mut fields: Vec<_> = settable(row.key.code)
        .iter()
        .map(|name| Field {
            name,
            editor: Editor::line(
                decision
                    .and_then(|decision| decision.set.get(*name))
                    .map_or("", String::as_str),
            ),
        })
        .collect();
    fields.push(Field {
        name: "note",
        editor: Editor::line(decision.map_or("", |decision| decision.note.as_str())),
    });
    model.layers.push(Layer::Form(Box::new(Form {
        key: row.key.clone(),
        fields,
        focus: 0,
        complaint: None,
        sent: false,
    })));
}

/// The next field of a form, round and round.
pub(super) fn next_field(model: &mut Model, by: isize) {
    if let Some(Layer::Form(form)) = model.layers.last_mut() {
        let count = form.fields.len().cast_signed();
        form.focus = (form.focus.cast_signed() + by)
            .rem_euclid(count)
            .cast_unsigned();
    }
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
        (Destructive::RollBack { .. }, _) => Job::RollBack,
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

/// The other choice at the gate to roll back; the gate is opened anew, with its own counts.
pub(super) fn discard(model: &mut Model) -> Vec<Effect> {
    match model.layers.last() {
        Some(Layer::Gate(layer)) => match layer.gate.action {
            Destructive::RollBack { discard_new } => {
                let action = Destructive::RollBack {
                    discard_new: !discard_new,
                };
                ask(model, Request::Gate(action))
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
        Some(Layer::Form(form)) if !form.sent => {
            let row = model
                .conflicts
                .rows()
                .iter()
                .find(|row| row.key == form.key);
            let before = row.and_then(|row| row.decision.clone());
            match allowed.and_then(|()| answer(form, before)) {
                Ok(request) => {
                    form.sent = true;
                    form.complaint = None;
                    request
                }
                Err(why) => {
                    form.complaint = Some(why);
                    return Vec::new();
                }
            }
        }
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

/// A form as an answer.
fn answer(form: &Form, before: Option<Decision>) -> Result<Request, String> {
    let decided = before.is_some();
    let mut decision = before.unwrap_or_else(|| Decision::new(form.key.code.suggestion()));
    let mut typed = false;
    for field in &form.fields {
        let text = field.editor.text().trim();
        typed |= !text.is_empty();
        if field.name == "note" {
            text.clone_into(&mut decision.note);
        } else if text.is_empty() {
            decision.set.remove(field.name);
        } else {
            let value = check_value(field.name, text)
                .map_err(|error| format!("{}: {error}", field.name))?;
            decision.set.insert(field.name.to_owned(), value);
        }
    }
    if !typed && !decided {
        return Err(
            "nothing was typed: go back with Esc, a accepts the suggestion as it is".to_owned(),
        );
    }
    Ok(Request::Decide(form.key.clone(), Some(decision)))
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
            let filter = Filter {
                text: text.to_lowercase(),
                ..model.conflicts.filter.clone()
            };
            model.conflicts.set_filter(filter);
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
        Picked::AcceptAll(code) => return accept_all(model, code),
    }
    Vec::new()
}

fn choose(model: &mut Model, choice: crate::domain::conflict::Choice) -> Vec<Effect> {
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
    ask(model, Request::Decide(key, Some(decision)))
}

fn accept_all(model: &mut Model, code: Option<Code>) -> Vec<Effect> {
    if let Err(why) = can::decide(model) {
        model.say(Weight::Warning, format!("not now: {why}"));
        return Vec::new();
    }
    let of = code.map_or("every kind", Code::word);
    model.note_in_log(
        Weight::Info,
        &format!("suggestions accepted for all undecided of {of}"),
    );
    ask(model, Request::DecideAll(code))
}
