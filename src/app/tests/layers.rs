//! The commands of the layers.

use super::commands::{Case, Refusal};
use super::fixture::update;
use super::fixture::{DATABASE, at, ended, gate, press, ready, requests, running, sources, typing};
use crate::app::key::{Key, KeyCode};
use crate::app::layer::decision_editor::{DecisionEditor, Typing};
use crate::app::layer::{Help, Layer, Note, Question, Whole};
use crate::app::message::ExitReason;
use crate::app::{Answer, Effect, Message, Model, Request};
use crate::domain::checklist::{NoteOn, Step};
use crate::domain::gate::{Destructive, New};
use crate::domain::view::{DiffCursor, Search};

const TEST: NoteOn = NoteOn::step(Step::Test);

pub(super) fn case(id: &'static str, before: fn() -> Model, after: fn(&Model, &[Effect])) -> Case {
    Case { id, before, after }
}

fn question(question: Question) -> Model {
    let mut model = match question {
        Question::Cancel => running(ready()),
        Question::FirstWrite(_)
        | Question::FirstNote(_)
        | Question::TakeNoteBack(_)
        | Question::SaveMapping => ready(),
    };
    model.shared.layers.push(Layer::Question(question));
    model
}

/// A gate at which `typed` was typed.
fn at_gate(action: Destructive, typed: &str) -> Model {
    let mut model = ready();
    let answer = Answer::Gate(Box::new(Ok(gate(action))));
    update(&mut model, Message::Answer(answer));
    typing(&mut model, typed);
    model
}

/// The decision editor on the selected conflict.
pub(super) fn editor() -> Model {
    let mut model = at("conflicts");
    let key = model.panes.conflicts.key(&model.shared.facts).unwrap();
    let answer = Answer::Sources(Box::new(Ok(sources(key))));
    update(&mut model, Message::Answer(answer));
    model
}

fn typing_value() -> Model {
    let mut model = editor();
    typing(&mut model, "t");
    model
}

fn typing_note() -> Model {
    let mut model = editor();
    typing(&mut model, "nhi");
    model
}

pub(super) fn open(model: &Model) -> &DecisionEditor {
    match model.shared.layers.last() {
        Some(Layer::Decision(open)) => open,
        other => panic!("no editor: {other:?}"),
    }
}

fn note(text: &str) -> Model {
    let mut model = ready();
    model.shared.may_write = true;
    let note = Note::new(NoteOn::step(Step::Test), text);
    model.shared.layers.push(Layer::Note(note));
    model
}

fn finding() -> Model {
    let mut model = at("conflicts");
    typing(&mut model, "/email");
    model
}

fn list() -> Model {
    let mut model = at("conflicts");
    typing(&mut model, "f");
    press(&mut model, Key::plain(KeyCode::Down));
    model
}

fn help() -> Model {
    let mut model = ready();
    model.shared.layers.push(Layer::Help(Help {
        down: 3,
        ..Help::default()
    }));
    model
}

fn whole() -> Model {
    let mut model = ready();
    model.shared.alarm("a", "b");
    model.shared.layers.push(Layer::Whole(Whole {
        title: "a".into(),
        text: "b".into(),
        down: 3,
    }));
    model
}

fn truth() -> Model {
    let mut model = ready();
    model.shared.layers.push(Layer::Truth(3));
    model
}

/// The palette, narrowed to a command that can be run.
fn palette() -> Model {
    let mut model = ready();
    typing(&mut model, ":ids");
    model
}

fn leaving() -> Model {
    let mut model = ready();
    typing(&mut model, "q");
    model.panes.report.down = 3;
    model
}

fn scrolled_gate() -> Model {
    let mut model = at_gate(Destructive::CutOver, "");
    if let Some(Layer::Gate(open)) = model.shared.layers.last_mut() {
        open.down = Some(3);
    }
    model
}

fn down(model: &Model) -> usize {
    match model.shared.layers.last() {
        Some(Layer::Help(open)) => open.down,
        Some(Layer::Whole(open)) => open.down,
        Some(Layer::Truth(down)) => *down,
        Some(Layer::Gate(open)) => open.down.unwrap(),
        Some(Layer::Leave) => model.panes.report.down,
        other => panic!("{other:?} does not scroll"),
    }
}

fn closed(model: &Model, effects: &[Effect]) {
    assert!(model.shared.layers.is_empty());
    assert!(effects.is_empty());
}

/// Runs what is behind a gate, and only that.
fn goes_through(effects: &[Effect], action: Destructive) {
    let [request] = requests(effects)[..] else {
        panic!("{effects:?}");
    };
    let confirmed = match request {
        Request::Run { confirmed, .. } => confirmed.as_ref().unwrap(),
        Request::RollBack(confirmed) | Request::Strays(confirmed) => confirmed,
        other => panic!("{other:?}"),
    };
    assert_eq!(confirmed.action(), action);
}

pub fn cases() -> Vec<Case> {
    [
        questions(),
        gates(),
        fields(),
        super::decisions::decisions(),
        reading(),
        super::numbers::cases(),
        super::strays::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn questions() -> Vec<Case> {
    vec![
        case(
            "yes",
            || question(Question::Cancel),
            |model, effects| {
                assert!(matches!(effects, [Effect::Cancel]));
                assert!(model.shared.running.as_ref().unwrap().cancelling);
            },
        ),
        case(
            "yes",
            || question(Question::FirstWrite(Step::BackUp)),
            |model, effects| {
                assert!(model.shared.may_write);
                let (step, confirmed) = (Step::BackUp, None);
                assert_eq!(requests(effects), [&Request::Run { step, confirmed }]);
            },
        ),
        case(
            "yes",
            || question(Question::FirstNote(TEST)),
            |model, _| {
                assert!(model.shared.may_write);
                assert!(matches!(model.shared.layers.last(), Some(Layer::Note(_))));
            },
        ),
        case(
            "yes",
            || question(Question::TakeNoteBack(TEST)),
            |model, effects| {
                assert!(model.shared.may_write);
                assert_eq!(requests(effects), [&Request::TakeNoteBack(TEST)]);
            },
        ),
        case(
            "no",
            || question(Question::FirstWrite(Step::BackUp)),
            |model, effects| {
                closed(model, effects);
                assert!(!model.shared.may_write);
            },
        ),
    ]
}

fn gates() -> Vec<Case> {
    vec![
        case(
            "confirm",
            || at_gate(Destructive::CutOver, DATABASE),
            |model, effects| {
                goes_through(effects, Destructive::CutOver);
                assert!(model.shared.layers.is_empty() && model.shared.may_write);
            },
        ),
        case(
            "confirm",
            || at_gate(Destructive::RollBack(New::Refuse), DATABASE),
            |_, effects| goes_through(effects, Destructive::RollBack(New::Refuse)),
        ),
        case(
            "confirm",
            || at_gate(Destructive::BlockWrites, DATABASE),
            |_, effects| {
                goes_through(effects, Destructive::BlockWrites);
            },
        ),
        case(
            "confirm",
            || at_gate(Destructive::CutOver, "shoP"),
            |model, effects| {
                assert!(effects.is_empty() && model.shared.running.is_none());
                let Some(Layer::Gate(open)) = model.shared.layers.last() else {
                    panic!("the gate closed");
                };
                let complaint = open.complaint.as_deref().unwrap();
                assert!(complaint.starts_with("that is not the database's name"));
            },
        ),
        case(
            "what-was-written-since",
            || at_gate(Destructive::RollBack(New::Refuse), ""),
            |_, effects| {
                let keep = New::Keep {
                    create_users: false,
                };
                let request = Request::Gate(Destructive::RollBack(keep));
                assert_eq!(requests(effects), [&request]);
            },
        ),
    ]
}

fn fields() -> Vec<Case> {
    vec![
        case(
            "keep-note",
            || note("all tests ran"),
            |model, effects| {
                let request = Request::Note(TEST, "all tests ran".into());
                assert_eq!(requests(effects), [&request]);
                assert!(!model.shared.layers.is_empty(), "open until it is kept");
            },
        ),
        case(
            "keep-note",
            || note("g"),
            |model, effects| {
                assert!(effects.is_empty(), "a letter alone is looked at once more");
                let Some(Layer::Note(open)) = model.shared.layers.last() else {
                    panic!("the note closed");
                };
                assert!(!open.sent && open.looked_at.as_deref() == Some("g"));
            },
        ),
        case(
            "keep-note",
            || {
                let mut model = note("g");
                press(&mut model, Key::ctrl('s'));
                model
            },
            |_, effects| {
                let request = Request::Note(TEST, "g".into());
                assert_eq!(requests(effects), [&request]);
            },
        ),
        case(
            "keep-note",
            || note("  "),
            |model, effects| {
                assert!(effects.is_empty());
                let Some(Layer::Note(open)) = model.shared.layers.last() else {
                    panic!("the note closed");
                };
                assert_eq!(
                    open.complaint.as_deref(),
                    Some("an empty note is not kept: say what was done, or go back with Esc")
                );
            },
        ),
        case("save", finding, |model, _| {
            assert!(model.shared.layers.is_empty());
            assert_eq!(model.panes.conflicts.list.filter.text, "email");
        }),
        case(
            "save",
            || {
                let mut model = at("bookings");
                typing(&mut model, "/14 Mar 2025");
                model
            },
            |model, effects| {
                assert!(model.shared.layers.is_empty());
                let filter = model.panes.bookings.pages.filter().clone();
                assert!(matches!(filter.search, Some(Search::Span(..))));
                let request = Request::Diffs(filter, DiffCursor::Start);
                assert_eq!(requests(effects), [&request]);
            },
        ),
        case("run-command", palette, |model, _| {
            assert!(model.shared.layers.is_empty());
            assert!(model.shared.ids, "what was picked was done");
        }),
        case(
            "run-command",
            || {
                let mut model = ready();
                typing(&mut model, ":zzzzzz");
                model
            },
            |model, _| {
                let notice = model.shared.notice.as_ref().unwrap();
                assert_eq!(notice.text, "no command has that name");
                assert!(!model.shared.layers.is_empty());
            },
        ),
        case(
            "own-editor",
            || note("so far"),
            |model, effects| {
                assert!(matches!(effects, [Effect::Edit(text)] if text == "so far"));
                assert!(!model.shared.layers.is_empty());
            },
        ),
        case("save", typing_value, |_, effects| {
            assert!(matches!(requests(effects)[..], [Request::TryOut(..)]));
        }),
        case("save", typing_note, |model, effects| {
            assert!(effects.is_empty());
            assert_eq!(open(model).decision.note, "hi");
            assert!(open(model).typing.is_none());
        }),
        case("stop-typing", typing_value, |model, _| {
            assert!(open(model).typing.is_none());
        }),
        case(
            "note-line",
            || note("a"),
            |model, _| {
                let Some(Layer::Note(open)) = model.shared.layers.last() else {
                    panic!("the note closed");
                };
                assert_eq!(open.editor.text(), "a\n");
            },
        ),
        case("new-line", typing_note, |model, _| {
            let Some(Typing::Note(typed)) = &open(model).typing else {
                panic!("nothing is typed");
            };
            assert_eq!(typed.text(), "hi\n");
        }),
        case("pick", list, |model, _| {
            assert!(model.shared.layers.is_empty());
            assert!(model.panes.conflicts.list.filter.code.is_some());
        }),
        case(
            "pick",
            || {
                let mut model = list();
                typing(&mut model, "zzzz");
                model
            },
            |model, _| {
                assert!(matches!(model.shared.layers.last(), Some(Layer::Picker(_))));
                let notice = model.shared.notice.as_ref().unwrap();
                assert_eq!(notice.text, "nothing in the list matches what was typed");
            },
        ),
    ]
}

fn reading() -> Vec<Case> {
    let mut cases = vec![
        case("names", leaving, |model, effects| {
            assert!(model.panes.report.personal);
            assert_eq!(requests(effects), [&Request::Report(true)]);
        }),
        case("export-and-leave", leaving, |model, effects| {
            assert_eq!(requests(effects), [&Request::Export(false)]);
            assert!(
                model.shared.leaving.is_none(),
                "it leaves when that is written"
            );
        }),
        case("leave-without", leaving, |model, effects| {
            assert!(matches!(effects, [Effect::Close]));
            assert_eq!(model.shared.leaving, Some(ExitReason::Left(vec![])));
        }),
        case("close", finding, |model, _| {
            assert!(model.shared.layers.is_empty());
            assert!(
                model.panes.conflicts.list.filter.text.is_empty(),
                "as before"
            );
        }),
        case(
            "close",
            || {
                let mut model = leaving();
                model.shared.leaves_after_export = true;
                model
            },
            |model, effects| {
                closed(model, effects);
                assert!(!model.shared.leaves_after_export);
            },
        ),
    ];
    let gate_to_close = || at_gate(Destructive::CutOver, DATABASE);
    for before in [gate_to_close, editor, || note("a"), list, palette, help] {
        cases.push(case("close", before, closed));
    }
    for before in [truth as fn() -> Model, whole] {
        cases.push(case("close-text", before, |model, effects| {
            closed(model, effects);
        }));
    }
    cases.push(case("help-up", help, |model, _| assert_eq!(down(model), 2)));
    cases.push(case("help-down", help, |model, _| {
        assert_eq!(down(model), 4);
    }));
    for before in [truth as fn() -> Model, whole, leaving] {
        cases.push(case("copy", before, |model, effects| {
            assert!(matches!(effects, [Effect::Copy(text)] if !text.is_empty()));
            assert!(!model.shared.layers.is_empty());
        }));
    }
    for before in [truth as fn() -> Model, whole, leaving] {
        cases.push(case("scroll-up", before, |model, _| {
            assert_eq!(down(model), 2);
        }));
        cases.push(case("scroll-down", before, |model, _| {
            assert_eq!(down(model), 4);
        }));
    }
    for before in [help as fn() -> Model, truth, whole, leaving, scrolled_gate] {
        cases.push(case("scroll-page-up", before, |model, _| {
            assert_eq!(down(model), 1);
        }));
        cases.push(case("scroll-page-down", before, |model, _| {
            assert_eq!(down(model), 5);
        }));
    }
    cases
}

pub fn refusals() -> Vec<Refusal> {
    let writing = || {
        let mut model = leaving();
        model.shared.leaves_after_export = true;
        model
    };
    vec![
        Refusal {
            id: "what-was-written-since",
            before: || at_gate(Destructive::CutOver, ""),
            why: "this gate has no such choice",
        },
        Refusal {
            id: "export-and-leave",
            before: writing,
            why: "the report is being written",
        },
        Refusal {
            id: "names",
            before: || ended(leaving()),
            why: "the engine has ended: leave with q and start again",
        },
    ]
}
