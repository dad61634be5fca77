//! The commands of the panes.

use super::commands::Case;
use super::fixture::update;
use super::fixture::{DONE, at, cut_over, empty, overview, ready, requests, review};
use crate::app::conflict_list::Sort;
use crate::app::layer::{Layer, Question};
use crate::app::log::Weight;
use crate::app::message::Job;
use crate::app::panes::checklist::Row;
use crate::app::panes::{self, TABLE};
use crate::app::shared::PaneId;
use crate::app::{Answer, Effect, Message, Model, Request};
use crate::domain::checklist::{NoteOn, Phase, State, Step};
use crate::domain::decision::Decision;
use crate::domain::gate::Destructive;
use crate::domain::history::Change;
use crate::domain::run::Note;
use crate::domain::view::{DiffCursor, DiffFilter};

const TEST: NoteOn = NoteOn::step(Step::Test);

pub fn case(id: &'static str, before: fn() -> Model, after: fn(&Model, &[Effect])) -> Case {
    Case { id, before, after }
}

/// What was asked for, and nothing besides.
pub fn asked(effects: &[Effect], request: &Request) {
    assert_eq!(requests(effects), [request]);
    assert_eq!(effects.len(), 1);
}

pub fn step(step: Step) -> Model {
    let mut model = ready();
    model.panes.checklist.select(step);
    model
}

/// The selected step has a note.
fn noted() -> Model {
    let mut model = step(Step::Test);
    model.shared.may_write = true;
    let note = Note {
        text: "says".into(),
        at: 0,
        by: "ann".into(),
    };
    let run = super::fixture::run([(TEST.key(), note)]);
    model.shared.facts.situation.as_mut().unwrap().run = Some(run);
    model
}

pub fn conflicts() -> Model {
    at("conflicts")
}

/// The conflicts with another one selected.
pub fn conflict(position: usize) -> Model {
    let mut model = conflicts();
    let facts = &model.shared.facts;
    model.panes.conflicts.list.select(facts, position);
    super::fixture::look(&mut model);
    model
}

/// The conflicts when all are decided.
pub fn decided() -> Model {
    let mut model = conflicts();
    model.shared.facts.set_review(review(true));
    model.facts_changed();
    super::fixture::look(&mut model);
    model
}

fn filtered() -> Model {
    let mut model = conflicts();
    let list = &mut model.panes.conflicts.list;
    list.filter.undecided = true;
    let filter = list.filter.clone();
    list.set_filter(&model.shared.facts, filter);
    model
}

fn bookings_of_a_business() -> Model {
    let mut model = at("bookings");
    let business = Some(overview().businesses[0].id.clone());
    let filter = DiffFilter {
        business,
        ..DiffFilter::default()
    };
    model
        .panes
        .bookings
        .pages
        .set_filter(filter, "Salon 0".into());
    super::fixture::look(&mut model);
    model
}

pub fn surveyed_nothing(pane: &'static str) -> Model {
    let mut model = empty();
    model.go_to(PaneId(pane));
    super::fixture::look(&mut model);
    model
}

pub fn cases() -> Vec<Case> {
    [
        checklist(),
        super::businesses::cases(),
        conflict_cases(),
        bookings(),
        report(),
        super::everywhere::cases(),
        super::mapping::cases(),
        super::schema::cases(),
        super::headless_too::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn checklist() -> Vec<Case> {
    vec![
        case(
            "run",
            || step(Step::Survey),
            |model, effects| {
                let (step, confirmed) = (Step::Survey, None);
                asked(effects, &Request::Run { step, confirmed });
                assert_eq!(model.shared.state(Step::Survey), State::Running);
            },
        ),
        case(
            "run",
            || step(Step::BackUp),
            |model, effects| {
                assert!(effects.is_empty() && model.shared.running.is_none());
                assert!(matches!(
                    model.shared.layers.last(),
                    Some(Layer::Question(Question::FirstWrite(Step::BackUp)))
                ));
            },
        ),
        case(
            "run",
            || step(Step::CutOver),
            |model, effects| {
                asked(effects, &Request::Gate(Destructive::CutOver));
                assert!(
                    model.shared.running.is_none(),
                    "nothing runs before its gate"
                );
            },
        ),
        case(
            "run",
            || step(Step::Review),
            |model, effects| {
                assert!(effects.is_empty());
                assert_eq!(model.shared.pane, PaneId("conflicts"));
                assert!(model.panes.conflicts.list.filter.undecided);
                let notice = model.shared.notice.as_ref().unwrap();
                assert_eq!(
                    notice.text,
                    "1 blocker waits for your answer: a accepts the suggestion, A all of a kind, F shows all"
                );
            },
        ),
        case(
            "note",
            || step(Step::Test),
            |model, effects| {
                assert!(effects.is_empty());
                assert!(matches!(
                    model.shared.layers.last(),
                    Some(Layer::Question(Question::FirstNote(TEST)))
                ));
            },
        ),
        case(
            "note",
            || {
                let mut model = step(Step::Test);
                model.shared.may_write = true;
                model
            },
            |model, _| assert!(matches!(model.shared.layers.last(), Some(Layer::Note(_)))),
        ),
        case("take-note-back", noted, |model, effects| {
            assert!(effects.is_empty(), "it asks first");
            assert!(matches!(
                model.shared.layers.last(),
                Some(Layer::Question(Question::TakeNoteBack(TEST)))
            ));
        }),
        case("note", noted, |model, _| {
            let Some(Layer::Note(open)) = model.shared.layers.last() else {
                panic!("no note");
            };
            assert_eq!(open.editor.text(), "says", "the note goes on");
        }),
        case("block-writes", ready, |_, effects| {
            asked(effects, &Request::Gate(Destructive::BlockWrites));
        }),
        case("push-schema", cut_over, |_, effects| {
            asked(effects, &Request::Gate(Destructive::PushSchema));
        }),
        case("put-indexes-back", cut_over, |_, effects| {
            asked(effects, &Request::Gate(Destructive::PutBackIndexes));
        }),
        case("fold", ready, |model, _| {
            let phase = Step::ALL[DONE].phase();
            assert_eq!(model.panes.checklist.row, Row::Phase(phase));
            assert!(!model.panes.checklist.is_open(&model.shared, phase));
        }),
        case(
            "run",
            || {
                let mut model = ready();
                model.panes.checklist.row = Row::Phase(Phase::After);
                model
            },
            |model, _| {
                assert!(model.panes.checklist.is_open(&model.shared, Phase::After));
            },
        ),
        case(
            "note",
            || {
                let mut model = ready();
                model.shared.may_write = true;
                model.panes.checklist.row = Row::Item(Step::Frontend, 1);
                model
            },
            |model, _| {
                let Some(Layer::Note(open)) = model.shared.layers.last() else {
                    panic!("no note");
                };
                assert_eq!(open.on.key(), "frontend:forms");
            },
        ),
    ]
}

fn opens_list(model: &Model, effects: &[Effect]) {
    assert!(effects.is_empty());
    assert!(matches!(model.shared.layers.last(), Some(Layer::Picker(_))));
}

/// What the selected conflict is answered with.
fn answers(model: &Model, effects: &[Effect], with: Option<Decision>) {
    let key = model.panes.conflicts.key(&model.shared.facts).unwrap();
    asked(effects, &Request::Decide(vec![Change::Answer(key, with)]));
}

fn conflict_cases() -> Vec<Case> {
    vec![
        case("accept", conflicts, |model, effects| {
            let key = model.panes.conflicts.key(&model.shared.facts).unwrap();
            answers(model, effects, Some(Decision::new(key.code.suggestion())));
            assert!(model.panes.conflicts.goes_on);
        }),
        case("accept-all", conflicts, opens_list),
        case("other-answer", conflicts, opens_list),
        case("edit", conflicts, |model, effects| {
            let key = model.panes.conflicts.key(&model.shared.facts).unwrap();
            asked(effects, &Request::Sources(key));
        }),
        case("survivor-rule", conflicts, opens_list),
        case(
            "take-back",
            || conflict(1),
            |model, effects| answers(model, effects, None),
        ),
        case("undo", conflicts, |_, effects| {
            asked(effects, &Request::Undo);
        }),
        case("redo", conflicts, |_, effects| {
            asked(effects, &Request::Redo);
        }),
        case(
            "next-undecided",
            || conflict(1),
            |model, _| {
                assert_eq!(model.panes.conflicts.list.selected(), 2);
            },
        ),
        case("next-undecided", decided, |model, _| {
            let notice = model.shared.notice.as_ref().unwrap();
            assert_eq!(notice.text, "every conflict that is shown has an answer");
        }),
        case("sort-conflicts", conflicts, |model, effects| {
            assert!(effects.is_empty());
            assert_eq!(model.panes.conflicts.list.sort, Sort::Business);
        }),
        case("records", conflicts, |model, _| {
            assert!(model.panes.conflicts.open);
        }),
        case("kind", conflicts, opens_list),
        case("filter-business", conflicts, opens_list),
        case("only-undecided", conflicts, |model, _| {
            assert!(model.panes.conflicts.list.filter.undecided);
            assert_eq!(model.panes.conflicts.list.shown(), 3);
        }),
        case("find", conflicts, |model, _| {
            assert!(matches!(model.shared.layers.last(), Some(Layer::Line(_))));
        }),
        case("show-all", filtered, |model, _| {
            assert!(model.panes.conflicts.list.filter.is_empty());
            assert_eq!(model.panes.conflicts.list.shown(), 4);
        }),
        case("detail-down", conflicts, |model, _| {
            assert_eq!(model.panes.conflicts.list.down, 1);
        }),
        case(
            "detail-up",
            || {
                let mut model = conflicts();
                model.panes.conflicts.list.down = 4;
                model
            },
            |model, _| assert_eq!(model.panes.conflicts.list.down, 3),
        ),
        case("detail-right", conflicts, |model, _| {
            assert_eq!(model.panes.conflicts.list.right, 1);
        }),
        case(
            "detail-left",
            || {
                let mut model = conflicts();
                model.panes.conflicts.list.right = 2;
                model
            },
            |model, _| assert_eq!(model.panes.conflicts.list.right, 1),
        ),
    ]
}

fn bookings() -> Vec<Case> {
    let pane = || at("bookings");
    vec![
        case("filter-business", pane, opens_list),
        case("unusual", pane, |model, effects| {
            let filter = model.panes.bookings.pages.filter().clone();
            assert!(filter.unusual);
            asked(effects, &Request::Diffs(filter, DiffCursor::Start));
        }),
        case("this-customer", pane, |model, effects| {
            let filter = model.panes.bookings.pages.filter().clone();
            assert!(filter.customer.is_some());
            asked(effects, &Request::Diffs(filter, DiffCursor::Start));
        }),
        case("find-bookings", pane, |model, _| {
            assert!(matches!(model.shared.layers.last(), Some(Layer::Line(_))));
        }),
        case("show-all", bookings_of_a_business, |_, effects| {
            let filter = DiffFilter::default();
            asked(effects, &Request::Diffs(filter, DiffCursor::Start));
        }),
        case("detail-down", pane, |model, _| {
            assert_eq!(model.panes.bookings.pages.down, 1);
        }),
        case(
            "detail-up",
            || {
                let mut model = at("bookings");
                model.panes.bookings.pages.down = 3;
                model
            },
            |model, _| assert_eq!(model.panes.bookings.pages.down, 2),
        ),
    ]
}

fn report() -> Vec<Case> {
    let pane = || at("report");
    vec![
        case("names", pane, |model, effects| {
            assert!(model.panes.report.personal);
            asked(effects, &Request::Report(true));
        }),
        case("export", pane, |_, effects| {
            asked(effects, &Request::Export(false));
        }),
        case("detail-down", pane, |model, _| {
            assert_eq!(model.panes.report.down, 1);
        }),
        case(
            "detail-up",
            || {
                let mut model = at("report");
                model.panes.report.down = 3;
                model
            },
            |model, _| assert_eq!(model.panes.report.down, 2),
        ),
        case(
            "log-level",
            || at("log"),
            |model, _| assert_eq!(model.panes.log.least, Some(Weight::Warning)),
        ),
        case(
            "find-in-log",
            || at("log"),
            |model, _| assert!(matches!(model.shared.layers.last(), Some(Layer::Line(_)))),
        ),
    ]
}

#[test]
fn each_digit_leads_to_the_pane_of_its_place() {
    for row in TABLE.iter().take(10) {
        let mut model = at("log");
        let digit = panes::digit(row.id).to_string();
        super::fixture::typing(&mut model, &digit);
        assert_eq!(model.shared.pane, row.id);
    }
}

#[test]
fn moving_moves_what_the_focused_pane_shows() {
    let position = |model: &Model| match model.shared.pane.0 {
        "overview" => {
            let rows = model.panes.checklist.rows(&model.shared);
            let row = model.panes.checklist.row;
            rows.iter().position(|it| *it == row).unwrap()
        }
        "running" => 9 - model.panes.running.up,
        "clients" => model.panes.clients.selected,
        "businesses" => model.panes.businesses.selected,
        "conflicts" => model.panes.conflicts.list.selected(),
        "bookings" => model.panes.bookings.pages.selected,
        "report" => model.panes.report.section,
        "mapping" => model.panes.mapping.selected,
        "schema" => model.panes.schema.selected - 1,
        "log" => 9 - model.panes.log.up,
        other => panic!("say what {other} moves"),
    };
    for row in TABLE {
        let mut model = at(row.id.0);
        super::fixture::typing(&mut model, "g");
        assert_eq!(position(&model), 0, "{:?}", row.id);
        super::fixture::typing(&mut model, "jjk");
        assert_eq!(position(&model), 1, "{:?}", row.id);
        super::fixture::typing(&mut model, "G");
        let end = position(&model);
        assert!(end >= 2, "{:?}", row.id);
        if row.id != PaneId("bookings") {
            super::fixture::typing(&mut model, "j");
            assert_eq!(position(&model), end, "{:?} has an end", row.id);
        }
    }
}

#[test]
fn at_the_end_of_a_page_of_bookings_the_next_one_is_asked_for() {
    let mut model = at("bookings");
    super::fixture::typing(&mut model, "G");
    let last = model.panes.bookings.pages.entry().unwrap().booking.clone();
    let effects = update(&mut model, Message::Key(crate::app::key::Key::char('j')));
    let filter = DiffFilter::default();
    asked(&effects, &Request::Diffs(filter, DiffCursor::After(last)));
}

#[test]
fn every_pane_says_the_same_once_the_facts_are_others() {
    let mut model = conflicts();
    let standing = Answer::Standing(Ok(super::fixture::standing(0)), review(true), None);
    update(&mut model, Message::Answer(standing));
    assert_eq!(model.shared.next_step(), Some(Step::Survey));
    assert_eq!(model.panes.checklist.step(), Step::Survey);
    let conflicts = model.panes.get(PaneId("conflicts"));
    assert_eq!(conflicts.badge(&model.shared), None);
    assert_eq!(model.shared.facts.undecided(None), 0);
    assert_eq!(Job::RollBack.title(), "Roll back");
}
