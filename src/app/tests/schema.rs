//! The pane of the after-schema: its commands, and how answers to it go to the decisions file.

use super::answers::Case as AnswerCase;
use super::commands::{Case, Refusal};
use super::fixture::{ENTER, at, empty, look, ready, requests, running, typing, update};
use crate::app::key::{Key, KeyCode};
use crate::app::layer::Layer;
use crate::app::message::Job;
use crate::app::shared::PaneId;
use crate::app::{Answer, Message, Model, Request};
use crate::domain::checklist::Step;
use crate::domain::history::Change;
use crate::domain::schema_view::{Fate, IndexLine, SchemaLine, SchemaView, Stands, Way};

/// What an after-schema asks: something of every kind.
pub fn schema_view() -> SchemaView {
    let line = |about: &str, key: &str, says: &str, count, stands, ways: &[Way]| SchemaLine {
        key: key.into(),
        about: about.into(),
        says: says.into(),
        count,
        stands,
        ways: ways.to_vec(),
        answer: None,
        samples: vec![],
        named: vec![],
    };
    let write = [Way::Accept, Way::Constant, Way::Field, Way::Leave];
    let mut lines = vec![
        line(
            "rename",
            "rename Booking",
            "Booking becomes bookings, as the model Booking says",
            2_000,
            Stands::Undecided,
            &[Way::Accept],
        ),
        line(
            "write",
            "Customer.updatedAt",
            "Customer: updatedAt: its createdAt, else the time in its _id written where it is missing or null (366 documents)",
            366,
            Stands::Undecided,
            &write,
        ),
        line(
            "write",
            "Customer.isActive",
            "Customer: isActive: true written where it is missing or null (366 documents)",
            366,
            Stands::Accepted,
            &write,
        ),
        line(
            "unreadable",
            "User.phone",
            "User.phone: missing-required, 3 documents: the client refuses them. Write a value, or make the field optional",
            3,
            Stands::Blocker,
            &[Way::Constant, Way::Field, Way::Leave],
        ),
        line(
            "unique",
            "User.nickname",
            "User: 1 group of documents with one value of nickname, of which the schema says that it is unique. The only way on is to change that line of the schema",
            1,
            Stands::Blocker,
            &[],
        ),
        line(
            "onDelete",
            "",
            "Booking.customer: onDelete is Restrict now",
            0,
            Stands::Note,
            &[],
        ),
    ];
    lines[2].answer = Some("accept".into());
    lines[3].samples = vec!["6".repeat(24)];
    lines[3].named = vec!["Ann Ames".into()];
    let index = |name: &str, keys: &str, unique, fate| IndexLine {
        collection: name.split('_').next().unwrap_or_default().into(),
        name: name.into(),
        keys: keys.into(),
        unique,
        fate,
    };
    SchemaView {
        files: "schema-after.prisma".into(),
        lines,
        indexes: vec![
            index(
                "Customer_businessId_email_key",
                "businessId, email",
                true,
                Fate::Made,
            ),
            index("Booking_when_idx", "when", false, Fate::Stands),
            index("User_by_hand", "nickname", false, Fate::PushDrops),
        ],
        remark: String::new(),
        locked: None,
    }
}

/// The pane with that line selected.
fn on(key: &str) -> Model {
    let mut model = at("schema");
    for place in 0..model.panes.schema.rows.len() {
        model.panes.schema.selected = place;
        if model.panes.schema.line().is_some_and(|it| it.key == key) {
            return model;
        }
    }
    panic!("no line {key}");
}

/// The pane over a million bookings, after an answer changed.
fn much() -> Model {
    let mut model = at("schema");
    let overview = model.shared.facts.overview.as_mut();
    overview.unwrap().bookings = 1_000_000;
    model.outdated();
    model
}

fn locked() -> Model {
    let mut model = at("schema");
    let mut view = schema_view();
    view.locked = Some("the run keeps it".into());
    model.panes.schema.take(Ok(view));
    model
}

fn asks_for(effects: &[crate::app::Effect], key: &str, answer: Option<&str>) {
    let change = Change::Schema(key.into(), answer.map(str::to_owned));
    assert_eq!(requests(effects), [&Request::Decide(vec![change])]);
}

fn labels(model: &Model) -> Vec<String> {
    match model.shared.layers.last() {
        Some(Layer::Picker(list)) => list.visible().map(|it| it.label.clone()).collect(),
        other => panic!("no list: {other:?}"),
    }
}

pub fn cases() -> Vec<Case> {
    vec![
        Case {
            id: "answer-schema",
            before: || on("Customer.updatedAt"),
            after: |model, effects| {
                assert!(effects.is_empty());
                assert_eq!(
                    labels(model),
                    [
                        "do what is suggested",
                        "write a value…",
                        "write what another field says…",
                        "leave the documents as they are",
                    ]
                );
            },
        },
        Case {
            id: "accept-change",
            before: || on("rename Booking"),
            after: |_, effects| asks_for(effects, "rename Booking", Some("accept")),
        },
        Case {
            id: "accept-all-changes",
            before: || at("schema"),
            after: |model, effects| {
                assert!(effects.is_empty(), "it asks first");
                assert_eq!(labels(model), ["accept 2 lines that wait"]);
            },
        },
        Case {
            id: "take-answer-back",
            before: || on("Customer.isActive"),
            after: |_, effects| asks_for(effects, "Customer.isActive", None),
        },
        Case {
            id: "read-for-schema",
            before: || at("schema"),
            after: |model, effects| {
                assert_eq!(requests(effects), [&Request::Schema { long: false }]);
                assert!(model.shared.running.is_none(), "it is done at once");
            },
        },
        Case {
            id: "detail-down",
            before: || at("schema"),
            after: |model, _| assert_eq!(model.panes.schema.down, 1),
        },
        Case {
            id: "detail-up",
            before: || at("schema"),
            after: |model, _| assert_eq!(model.panes.schema.down, 0),
        },
    ]
}

pub fn refusals() -> Vec<Refusal> {
    vec![
        Refusal {
            id: "answer-schema",
            before: || on("User.nickname"),
            why: "nothing is asked here that an answer decides",
        },
        Refusal {
            id: "answer-schema",
            before: locked,
            why: "the run keeps it",
        },
        Refusal {
            id: "accept-change",
            before: || on("User.phone"),
            why: "nothing is suggested here",
        },
        Refusal {
            id: "accept-all-changes",
            before: || {
                let mut model = at("schema");
                let mut view = schema_view();
                view.lines.truncate(0);
                model.panes.schema.take(Ok(view));
                model
            },
            why: "no line waits for an answer",
        },
        Refusal {
            id: "take-answer-back",
            before: || on("Customer.updatedAt"),
            why: "the selected line has no answer of its own",
        },
        Refusal {
            id: "read-for-schema",
            before: || {
                let mut model = empty();
                model.go_to(PaneId("schema"));
                model
            },
            why: "the survey comes first",
        },
    ]
}

pub fn answers() -> Vec<AnswerCase> {
    let reading = || {
        let mut model = much();
        update(&mut model, Message::Key(Key::char('d')));
        assert_eq!(
            model.shared.running.as_ref().map(|it| it.job),
            Some(Job::Schema)
        );
        model
    };
    vec![
        (
            reading,
            |_| Answer::Schema(true, Box::new(Ok(schema_view()))),
            |model, _| {
                assert!(model.shared.running.is_none());
                assert!(model.panes.schema.line().is_some());
            },
        ),
        (
            reading,
            |_| Answer::Schema(true, Box::new(super::answers::failed())),
            |model, effects| {
                assert!(model.shared.running.is_none() && effects.is_empty());
                assert!(matches!(model.panes.schema.view, Some(Err(_))));
            },
        ),
        (
            || running(ready()),
            |_| Answer::SchemaOpen,
            |model, _| assert_eq!(model.shared.pane, PaneId("schema")),
        ),
        (
            || {
                let mut model = running(ready());
                typing(&mut model, "?");
                model
            },
            |_| Answer::SchemaOpen,
            |model, _| assert_eq!(model.shared.pane, PaneId("overview"), "nothing jumps away"),
        ),
    ]
}

#[test]
fn a_value_that_is_typed_becomes_the_answer() {
    for (way, says) in [(1, "constant 5"), (2, "field 5")] {
        let mut model = on("Customer.updatedAt");
        update(&mut model, Message::Key(ENTER));
        for _ in 0..way {
            update(&mut model, Message::Key(Key::plain(KeyCode::Down)));
        }
        update(&mut model, Message::Key(ENTER));
        assert!(matches!(model.shared.layers.last(), Some(Layer::Line(_))));
        // Nothing typed is no answer.
        let effects = update(&mut model, Message::Key(ENTER));
        assert!(effects.is_empty() && model.shared.layers.len() == 1);
        typing(&mut model, "5");
        let effects = update(&mut model, Message::Key(ENTER));
        asks_for(&effects, "Customer.updatedAt", Some(says));
        assert!(model.shared.layers.is_empty());
    }
}

#[test]
fn all_that_waits_is_accepted_line_by_line() {
    let mut model = at("schema");
    typing(&mut model, "A");
    let effects = update(&mut model, Message::Key(ENTER));
    let asked = requests(&effects);
    let [Request::Decide(changes)] = asked[..] else {
        panic!("{asked:?}");
    };
    let keys: Vec<_> = changes
        .iter()
        .map(|change| match change {
            Change::Schema(key, Some(answer)) if answer == "accept" => key.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(keys, ["rename Booking", "Customer.updatedAt"]);
}

#[test]
fn the_selection_passes_headings_and_stays_on_its_line_when_the_list_is_read_again() {
    let mut model = on("Customer.updatedAt");
    update(
        &mut model,
        Message::Answer(Answer::Schema(false, Box::new(Ok(schema_view())))),
    );
    let line = model.panes.schema.line();
    assert_eq!(line.map(|it| it.key.as_str()), Some("Customer.updatedAt"));
    typing(&mut model, "g");
    let mut seen = 0;
    loop {
        let pane = &model.panes.schema;
        assert!(pane.line().is_some() || pane.index().is_some());
        seen += 1;
        let before = pane.selected;
        typing(&mut model, "j");
        if model.panes.schema.selected == before {
            break;
        }
    }
    let view = schema_view();
    assert_eq!(seen, view.lines.len() + view.indexes.len());
    for _ in 0..seen {
        typing(&mut model, "k");
        let pane = &model.panes.schema;
        assert!(pane.line().is_some() || pane.index().is_some());
    }
}

#[test]
fn small_data_is_read_at_once_and_large_data_when_it_is_asked_for() {
    let model = at("schema");
    assert!(model.panes.schema.shown().is_some());
    let mut model = much();
    look(&mut model);
    assert!(model.shared.running.is_none());
    assert!(model.panes.schema.waits_to_be_told(&model.shared));
    typing(&mut model, "d");
    assert!(!model.panes.schema.outdated);
}

#[test]
fn a_plan_that_stops_at_the_after_schema_leads_to_the_list() {
    let mut model = running(ready());
    update(&mut model, Message::Answer(Answer::SchemaOpen));
    assert_eq!(model.shared.pane, PaneId("schema"));
    // The step's end is said on top of it.
    let ended = crate::domain::ending::Ended {
        ending: crate::domain::ending::Ending::Refused,
        says: "no answer yet".into(),
    };
    let job = Job::Step(Step::Review);
    update(&mut model, Message::Answer(Answer::Ended(job, ended)));
    assert!(model.shared.banner.is_some());
}
