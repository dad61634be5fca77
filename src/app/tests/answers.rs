//! What every answer of the engine changes, well and badly.

use std::collections::HashSet;

use super::fixture::update;
use super::fixture::{
    at, gate, overview, page, ready, requests, review, running, sources, standing, typing,
};
use crate::app::layer::{Layer, Note};
use crate::app::message::{AskedNumber, Detail, ExitReason, Job};
use crate::app::{Answer, Effect, Message, Model, Request};
use crate::domain::checklist::{NoteOn, State, Step};
use crate::domain::conflict::Code;
use crate::domain::ending::{Ended, Ending};
use crate::domain::gate::Destructive;
use crate::domain::view::{DiffCursor, DiffFilter};

/// The name of an answer. A new one must be named here, and then tested below.
fn name(answer: &Answer) -> &'static str {
    match answer {
        Answer::Standing(..) => "standing",
        Answer::Stands(..) => "stands",
        Answer::StillSo => "still so",
        Answer::ForeignWrites(_) => "foreign writes",
        Answer::Ended(..) => "ended",
        Answer::Surveyed(..) => "surveyed",
        Answer::Gate(_) => "gate",
        Answer::Decided(..) => "decided",
        Answer::AsksForNumber(_) => "asks for number",
        Answer::TriedOut(..) => "tried out",
        Answer::Labels(_) => "labels",
        Answer::Sources(_) => "sources",
        Answer::Detail(_) => "detail",
        Answer::Business(..) => "business",
        Answer::Clients(_) => "clients",
        Answer::Diffs(..) => "diffs",
        Answer::Noted(..) => "noted",
        Answer::NoteTakenBack(..) => "note taken back",
        Answer::Schema(..) => "schema",
        Answer::SchemaOpen => "schema open",
        Answer::Mapping(_) => "mapping",
        Answer::MappingSaved(_) => "mapping saved",
        Answer::MappingUnfit => "mapping unfit",
        Answer::Report(..) => "report",
        Answer::Exported(_) => "exported",
    }
}
const ANSWERS: usize = 25;

/// The console before, the answer, and what must hold after.
pub(super) type Case = (fn() -> Model, fn(&Model) -> Answer, fn(&Model, &[Effect]));

pub(super) fn failed<T>() -> Result<T, String> {
    Err("it went wrong".into())
}

fn ended(job: Job, ending: Ending) -> Answer {
    let says = "it went wrong".into();
    Answer::Ended(job, Ended { ending, says })
}

fn alarm(model: &Model, title: &str) {
    let banner = model.shared.banner.as_ref().unwrap();
    assert_eq!(
        (banner.title.as_str(), banner.text.as_str()),
        (title, "it went wrong")
    );
}

fn asked(effects: &[Effect], request: &Request) {
    assert_eq!(requests(effects), [request]);
}

fn note_sent() -> Model {
    let mut model = ready();
    let mut note = Note::new(NoteOn::step(Step::Test), "");
    note.sent = true;
    model.shared.layers.push(Layer::Note(note));
    model
}

fn editor() -> Model {
    let mut model = at("conflicts");
    let key = model.panes.conflicts.key(&model.shared.facts).unwrap();
    let answer = Answer::Sources(Box::new(Ok(sources(key))));
    update(&mut model, Message::Answer(answer));
    model
}

fn trying() -> Model {
    let mut model = editor();
    super::fixture::typing(&mut model, "t");
    if let Some(Layer::Decision(open)) = model.shared.layers.last_mut() {
        let mut decision = open.decision.clone();
        decision.set.insert("name".into(), "Anna".into());
        open.trying = Some(decision);
    }
    model
}

fn leaving_after_export() -> Model {
    let mut model = ready();
    super::fixture::typing(&mut model, "q");
    model.shared.leaves_after_export = true;
    model
}

fn cases() -> Vec<Case> {
    let looked_up = [
        super::looked_up::cases(),
        super::mapping::answers(),
        super::schema::answers(),
    ];
    let all = [of_steps(), of_decisions(), of_texts()];
    all.into_iter().chain(looked_up).flatten().collect()
}

fn of_steps() -> Vec<Case> {
    vec![
        (
            ready,
            |_| Answer::Standing(Ok(standing(3)), review(true), Some("blocked".into())),
            |model, _| {
                assert_eq!(model.shared.next_step(), Some(Step::Document));
                assert_eq!(model.panes.checklist.step(), Step::Document, "it follows");
                assert_eq!(
                    model.shared.facts.writes_blocked.as_deref(),
                    Some("blocked")
                );
                assert_eq!(model.shared.facts.undecided(None), 0);
            },
        ),
        (
            ready,
            |_| Answer::Standing(failed(), review(true), None),
            |model, _| {
                alarm(model, "The state of the steps could not be read");
            },
        ),
        (
            ready,
            |_| Answer::Stands(standing(3), review(true), None),
            |model, effects| {
                assert!(effects.is_empty());
                assert_eq!(
                    model.shared.next_step(),
                    Some(Step::Document),
                    "as another shell left it"
                );
            },
        ),
        (
            || {
                let mut model = ready();
                model.shared.clock = "12:00:09".into();
                model
            },
            |_| Answer::StillSo,
            |model, effects| {
                assert!(effects.is_empty());
                assert_eq!(model.shared.facts.read, "12:00:09");
            },
        ),
        (
            ready,
            |_| Answer::ForeignWrites("it went wrong".into()),
            |model, effects| {
                assert!(effects.is_empty());
                alarm(model, "The application writes");
            },
        ),
        (
            || running(ready()),
            |_| Answer::Ended(Job::Step(Step::BackUp), Ended::done("8 collections")),
            |model, effects| {
                assert!(model.shared.running.is_none());
                assert_eq!(
                    model.shared.notice.as_ref().unwrap().text,
                    "Back up: 8 collections"
                );
                asked(effects, &Request::Standing);
            },
        ),
        (
            || running(ready()),
            |_| ended(Job::Step(Step::BackUp), Ending::Failed),
            |model, effects| {
                alarm(model, "Back up: failed");
                asked(effects, &Request::Standing);
            },
        ),
        (
            || running(ready()),
            |_| ended(Job::Step(Step::BackUp), Ending::Refused),
            |model, _| alarm(model, "Back up: refused"),
        ),
        (
            || running(ready()),
            |_| ended(Job::RollBack, Ending::PartlyDone),
            |model, _| alarm(model, "Roll back: partly done"),
        ),
        (
            || running(ready()),
            |_| ended(Job::Step(Step::BackUp), Ending::Stopped),
            |model, _| {
                assert!(
                    model.shared.banner.is_none(),
                    "one's own stop is no failure"
                );
            },
        ),
        (
            super::fixture::empty,
            |_| Answer::Surveyed(overview(), review(false)),
            |model, _| {
                assert_eq!(model.shared.facts.businesses[0].name, "Salon 0");
                assert_eq!(model.panes.conflicts.list.shown(), 4);
            },
        ),
        (
            ready,
            |_| Answer::Gate(Box::new(Ok(gate(Destructive::CutOver)))),
            |model, effects| {
                assert!(effects.is_empty() && model.shared.running.is_none());
                let Some(Layer::Gate(open)) = model.shared.layers.last() else {
                    panic!("no gate");
                };
                assert_eq!(
                    (open.step, open.typed.text()),
                    (Some(Step::CutOver), String::new())
                );
            },
        ),
        (
            ready,
            |_| Answer::Gate(Box::new(failed())),
            |model, _| {
                alarm(model, "The gate stays shut");
                assert!(model.shared.layers.is_empty());
            },
        ),
        (
            note_sent,
            |_| Answer::Noted(NoteOn::step(Step::Test), Ok(())),
            |model, effects| {
                assert!(model.shared.layers.is_empty());
                asked(effects, &Request::Standing);
            },
        ),
        (
            note_sent,
            |_| Answer::Noted(NoteOn::step(Step::Test), failed()),
            |model, effects| {
                assert!(effects.is_empty());
                let Some(Layer::Note(open)) = model.shared.layers.last() else {
                    panic!("what was typed is lost");
                };
                assert!(!open.sent && open.complaint.as_deref() == Some("it went wrong"));
            },
        ),
        (
            ready,
            |_| Answer::NoteTakenBack(NoteOn::step(Step::Test), Ok("it is taken back".into())),
            |model, effects| {
                let notice = model.shared.notice.as_ref().unwrap();
                assert_eq!(notice.text, "Test: it is taken back");
                asked(effects, &Request::Standing);
            },
        ),
        (
            ready,
            |_| Answer::NoteTakenBack(NoteOn::step(Step::Test), failed()),
            |model, _| alarm(model, "The note on Test was not taken back"),
        ),
        (
            ready,
            |_| Answer::Noted(NoteOn::step(Step::Test), failed()),
            |model, _| {
                alarm(model, "The note on Test was not kept");
            },
        ),
    ]
}

fn asked_number() -> AskedNumber {
    AskedNumber {
        code: Code::BookingWithoutBusiness,
        bookings: 44,
        words: "44 of 400 bookings".into(),
        changes: Vec::new(),
    }
}

fn of_decisions() -> Vec<Case> {
    vec![
        (
            || at("conflicts"),
            |_| Answer::Decided(Ok(2), review(true)),
            |model, effects| {
                assert_eq!(
                    model.shared.notice.as_ref().unwrap().text,
                    "2 answers changed in the decisions file; 0 undecided"
                );
                assert_eq!(requests(effects)[0], &Request::Standing);
            },
        ),
        (
            || at("conflicts"),
            |_| Answer::Decided(failed(), review(false)),
            |model, _| {
                alarm(model, "The answer was not kept");
            },
        ),
        (
            || {
                let mut model = editor();
                if let Some(Layer::Decision(open)) = model.shared.layers.last_mut() {
                    open.sent = true;
                }
                model
            },
            |_| Answer::Decided(failed(), review(false)),
            |model, _| {
                let Some(Layer::Decision(open)) = model.shared.layers.last() else {
                    panic!("the answer is lost");
                };
                assert!(!open.sent && open.complaint.as_deref() == Some("it went wrong"));
            },
        ),
        (
            || {
                let mut model = at("conflicts");
                typing(&mut model, "?");
                model
            },
            |_| Answer::AsksForNumber(Box::new(asked_number())),
            |model, _| {
                let notice = &model.shared.notice.as_ref().unwrap().text;
                assert!(notice.contains("number has to be confirmed"), "{notice}");
            },
        ),
        (
            trying,
            |model| Answer::TriedOut(key(model), Ok(())),
            |model, _| {
                let Some(Layer::Decision(open)) = model.shared.layers.last() else {
                    panic!("the editor closed");
                };
                assert_eq!(open.decision.set["name"], "Anna");
            },
        ),
        (
            trying,
            |model| Answer::TriedOut(key(model), failed()),
            |model, _| {
                let Some(Layer::Decision(open)) = model.shared.layers.last() else {
                    panic!("the editor closed");
                };
                assert!(open.typing.is_some() && open.decision.set.is_empty());
            },
        ),
        (
            || at("conflicts"),
            |_| Answer::Labels(failed()),
            |model, _| {
                alarm(model, "The names could not be read; conflicts show ids");
                assert!(!model.panes.conflicts.list.wants_labels(&model.shared.facts));
            },
        ),
        (
            || at("conflicts"),
            |model| Answer::Labels(Ok([(key(model).subjects[0].clone(), "Ann".into())].into())),
            |model, _| {
                let label = model.panes.conflicts.list.label(&key(model).subjects[0]);
                assert_eq!(label, Some("Ann"));
            },
        ),
        (
            || at("conflicts"),
            |model| Answer::Sources(Box::new(Ok(sources(key(model))))),
            |model, _| {
                assert!(matches!(
                    model.shared.layers.last(),
                    Some(Layer::Decision(_))
                ));
            },
        ),
        (
            || at("conflicts"),
            |_| Answer::Sources(Box::new(failed())),
            |model, _| {
                alarm(model, "The records could not be read");
            },
        ),
        (
            || at("conflicts"),
            |model| {
                Answer::Detail(Box::new(Detail {
                    key: key(model),
                    records: failed(),
                    preview: Ok(None),
                }))
            },
            |model, _| {
                let detail = model.panes.conflicts.current_detail(&model.shared.facts);
                assert!(detail.unwrap().records.is_err());
            },
        ),
    ]
}

fn key(model: &Model) -> crate::domain::conflict::ConflictKey {
    model.panes.conflicts.key(&model.shared.facts).unwrap()
}

fn asking_for_bookings() -> Model {
    let mut model = at("bookings");
    update(&mut model, Message::Key(crate::app::key::Key::char('R')));
    model
}

fn of_texts() -> Vec<Case> {
    vec![
        (
            asking_for_bookings,
            |_| Answer::Diffs(DiffFilter::default(), DiffCursor::Start, Ok(page(false))),
            |model, _| {
                assert_eq!(model.panes.bookings.pages.entries().len(), 3);
            },
        ),
        (
            asking_for_bookings,
            |_| Answer::Diffs(DiffFilter::default(), DiffCursor::Start, failed()),
            |model, effects| {
                assert_eq!(
                    model.panes.bookings.pages.error.as_deref(),
                    Some("it went wrong")
                );
                assert!(effects.is_empty(), "it does not ask again and again");
            },
        ),
        (
            || at("report"),
            |_| Answer::Report(false, Ok("a\nb".into())),
            |model, _| {
                let lines = model.panes.report.lines.clone();
                assert_eq!(lines.unwrap().unwrap(), ["a", "b"]);
            },
        ),
        (
            || at("report"),
            |_| Answer::Report(true, Ok("Ann".into())),
            |model, _| {
                let lines = model.panes.report.lines.clone().unwrap().unwrap();
                assert!(!lines.contains(&"Ann".to_owned()), "names are not wanted");
            },
        ),
        (
            ready,
            |_| Answer::Exported(Ok(vec!["report.md".into()])),
            |model, effects| {
                assert!(effects.is_empty());
                assert_eq!(
                    model.shared.notice.as_ref().unwrap().text,
                    "report written: report.md"
                );
            },
        ),
        (
            leaving_after_export,
            |_| Answer::Exported(Ok(vec!["report.md".into()])),
            |model, effects| {
                assert!(matches!(effects, [Effect::Close]));
                let written = ExitReason::Left(vec!["report.md".into()]);
                assert_eq!(model.shared.leaving, Some(written));
            },
        ),
        (
            leaving_after_export,
            |_| Answer::Exported(failed()),
            |model, _| {
                alarm(model, "The report was not written");
                assert!(model.shared.leaving.is_none() && model.shared.layers.is_empty());
            },
        ),
    ]
}

#[test]
fn every_answer_changes_what_it_says() {
    let mut named = HashSet::new();
    for (before, answer, after) in cases() {
        let mut model = before();
        let answer = answer(&model);
        named.insert(name(&answer));
        let waited = model.shared.waiting;
        let answers_a_question = answer.is_to_short_request();
        let effects = update(&mut model, Message::Answer(answer));
        let asked = requests(&effects);
        let asked = asked.iter().filter(|it| !it.is_job()).count();
        let answered = usize::from(answers_a_question && waited > 0);
        assert_eq!(model.shared.waiting, waited - answered + asked);
        after(&model, &effects);
    }
    assert_eq!(named.len(), ANSWERS, "an answer has no test: {named:?}");
}

#[test]
fn a_step_that_ended_is_no_longer_running_whatever_was_said() {
    let mut model = running(ready());
    assert_eq!(model.shared.state(Step::BackUp), State::Running);
    let answer = ended(Job::Step(Step::BackUp), Ending::Failed);
    update(&mut model, Message::Answer(answer));
    assert_eq!(
        model.shared.state(Step::BackUp),
        State::Done,
        "as the database says"
    );
}
