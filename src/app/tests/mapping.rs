//! The mapping pane: its commands, the engine's answers, and the way from a mapping that does not fit to one that is saved.

use super::answers::Case as AnswerCase;
use super::commands::{Case, Refusal};
use super::fixture::{
    ENTER, ESC, PROPOSED, at, empty, look, mapping_view, press, ready, requests, running, typing,
    update,
};
use crate::app::key::{Key, KeyCode};
use crate::app::layer::{Layer, Question};
use crate::app::message::Job;
use crate::app::shared::PaneId;
use crate::app::{Answer, Message, Model, Request};
use crate::domain::checklist::Step;
use crate::domain::mapping::DEFAULT;

/// The pane with that key selected.
fn on(place: &str) -> Model {
    let mut model = at("mapping");
    let rows = &model.panes.mapping.rows;
    let found = rows.iter().position(|row| row.place.to_string() == place);
    model.panes.mapping.selected = found.unwrap();
    model
}

fn said(model: &Model, place: &str) -> String {
    let rows = &model.panes.mapping.rows;
    let found = rows.iter().find(|row| row.place.to_string() == place);
    found.unwrap().value.clone()
}

/// Types `text` as what the selected key says.
fn typed(model: &mut Model, text: &str) {
    typing(model, "e");
    for _ in 0..80 {
        press(model, Key::plain(KeyCode::Backspace));
    }
    typing(model, text);
    press(model, ENTER);
}

fn changed() -> Model {
    let mut model = on("booking.when");
    typed(&mut model, "startsAt");
    model
}

fn locked() -> Model {
    let mut model = empty();
    model.go_to(PaneId("mapping"));
    let mut view = mapping_view();
    view.locked = Some("a run keeps it".into());
    model.panes.mapping.take(Ok(view));
    model
}

pub fn cases() -> Vec<Case> {
    vec![
        Case {
            id: "change-key",
            before: || on("booking.user"),
            after: |model, effects| {
                assert!(effects.is_empty());
                let Some(Layer::Picker(list)) = model.shared.layers.last() else {
                    panic!("no list");
                };
                let labels: Vec<_> = list.visible().map(|it| it.label.as_str()).collect();
                assert_eq!(labels, ["type it…", "clientId", "✓ userId", "leave it out"]);
            },
        },
        Case {
            id: "type-key",
            before: || on("booking.user"),
            after: |model, _| {
                let Some(Layer::Line(line)) = model.shared.layers.last() else {
                    panic!("no line");
                };
                assert_eq!(line.editor.text(), "userId");
            },
        },
        Case {
            id: "save-mapping",
            before: changed,
            after: |model, effects| {
                assert!(effects.is_empty(), "it asks first");
                assert!(matches!(
                    model.shared.layers.last(),
                    Some(Layer::Question(Question::SaveMapping))
                ));
            },
        },
        Case {
            id: "undo-mapping",
            before: changed,
            after: |model, _| {
                assert_eq!(said(model, "booking.when"), "");
                assert!(!model.panes.mapping.is_changed());
            },
        },
        Case {
            id: "detail-down",
            before: || at("mapping"),
            after: |model, _| assert_eq!(model.panes.mapping.down, 1),
        },
        Case {
            id: "detail-up",
            before: || at("mapping"),
            after: |model, _| assert_eq!(model.panes.mapping.down, 0),
        },
        Case {
            id: "propose-mapping",
            before: || at("mapping"),
            after: |model, effects| {
                assert!(effects.is_empty());
                let pane = &model.panes.mapping;
                assert!(pane.is_changed() && pane.open_keys() == 1);
                let row = pane.row().unwrap();
                assert_eq!(row.place.to_string(), "booking.user", "where work is left");
            },
        },
    ]
}

pub fn refusals() -> Vec<Refusal> {
    let running = || running(at("mapping"));
    let why = "Back up runs: wait for its end, or end it with x";
    let mut refusals: Vec<_> = ["change-key", "type-key", "save-mapping", "propose-mapping"]
        .into_iter()
        .map(|id| Refusal {
            id,
            before: running,
            why,
        })
        .collect();
    refusals.extend(["change-key", "save-mapping"].map(|id| Refusal {
        id,
        before: locked,
        why: "a run keeps it",
    }));
    refusals.push(Refusal {
        id: "save-mapping",
        before: || at("mapping"),
        why: "the file says the same already",
    });
    refusals.push(Refusal {
        id: "save-mapping",
        before: || {
            let mut model = at("mapping");
            typing(&mut model, "f");
            model.shared.said = None;
            model
        },
        why: "1 required key is empty",
    });
    refusals.push(Refusal {
        id: "undo-mapping",
        before: || at("mapping"),
        why: "nothing was changed",
    });
    refusals
}

pub fn answers() -> Vec<AnswerCase> {
    vec![
        (
            || super::panes::surveyed_nothing("mapping"),
            |_| Answer::Mapping(Box::new(Ok(mapping_view()))),
            |model, _| assert_eq!(said(model, "booking.user"), "userId"),
        ),
        (
            || super::panes::surveyed_nothing("mapping"),
            |_| Answer::Mapping(Box::new(super::answers::failed())),
            |model, _| assert!(matches!(model.panes.mapping.view, Some(Err(_)))),
        ),
        (
            changed,
            |_| Answer::Mapping(Box::new(Ok(mapping_view()))),
            |model, _| {
                assert_eq!(said(model, "booking.when"), "startsAt", "it is kept");
            },
        ),
        (
            changed,
            |_| Answer::MappingSaved(Ok("the mapping is saved".into())),
            |model, effects| {
                let (step, confirmed) = (Step::Survey, None);
                assert_eq!(requests(effects), [&Request::Run { step, confirmed }]);
                assert!(!model.panes.mapping.is_changed());
            },
        ),
        (
            changed,
            |_| Answer::MappingSaved(super::answers::failed()),
            |model, effects| {
                assert!(effects.is_empty());
                let banner = model.shared.banner.as_ref().unwrap();
                assert_eq!(banner.title, "The mapping was not saved");
                assert!(model.panes.mapping.is_changed(), "nothing is lost");
            },
        ),
        (
            || running(ready()),
            |_| Answer::MappingUnfit,
            |model, _| assert_eq!(model.shared.pane, PaneId("mapping")),
        ),
        (
            || {
                let mut model = running(ready());
                typing(&mut model, "?");
                model
            },
            |_| Answer::MappingUnfit,
            |model, _| {
                assert_eq!(model.shared.pane, PaneId("overview"), "nothing jumps away");
            },
        ),
    ]
}

#[test]
fn a_picked_name_replaces_one_and_adds_to_several() {
    let mut model = on("booking.user");
    press(&mut model, ENTER);
    press(&mut model, Key::plain(KeyCode::Down));
    press(&mut model, ENTER);
    assert_eq!(said(&model, "booking.user"), "clientId");
    let row = model.panes.mapping.row().unwrap();
    assert_eq!(
        row.why, "in 3 of 9; numbers",
        "what was seen is the comment"
    );
    let contact = said(&on("user.contact"), "user.contact");
    let mut model = on("user.contact");
    for _ in 0..2 {
        press(&mut model, ENTER);
        typing(&mut model, "nickname");
        press(&mut model, ENTER);
    }
    assert_eq!(
        said(&model, "user.contact"),
        contact,
        "added, then taken away"
    );
    typing(&mut model, "u");
    assert!(said(&model, "user.contact").ends_with("nickname"));
}

#[test]
fn what_is_typed_is_checked_and_a_key_can_be_left_out() {
    let mut model = on("booking.user");
    typed(&mut model, "{ email = ");
    let Some(Layer::Line(line)) = model.shared.layers.last() else {
        panic!("the line stays open");
    };
    assert!(line.complaint.is_some());
    press(&mut model, ESC);
    assert_eq!(said(&model, "booking.user"), "userId");
    press(&mut model, ENTER);
    typing(&mut model, "leave");
    press(&mut model, ENTER);
    assert_eq!(said(&model, "booking.user"), "");
}

#[test]
fn only_a_capital_letter_writes_the_file_and_then_the_survey_checks_it() {
    let mut model = changed();
    typing(&mut model, "S");
    let nothing = update(&mut model, Message::Key(ENTER));
    assert!(nothing.is_empty());
    let effects = update(&mut model, Message::Key(Key::char('Y')));
    let asked = requests(&effects);
    let [Request::SaveMapping { text, read }] = asked[..] else {
        panic!("{asked:?}");
    };
    assert!(
        text.contains("when = \"startsAt\" # typed in the console"),
        "{text}"
    );
    assert_eq!(read.as_deref(), Some(DEFAULT));
    let saved = Answer::MappingSaved(Ok("saved".into()));
    update(&mut model, Message::Answer(saved));
    let running = model.shared.running.as_ref().unwrap();
    assert_eq!(running.job, Job::Step(Step::Survey));
}

#[test]
fn a_mapping_that_does_not_fit_is_shown_at_the_key_that_does_not() {
    let mut model = running(empty());
    update(&mut model, Message::Answer(Answer::MappingUnfit));
    let ended = crate::domain::ending::Ended {
        ending: crate::domain::ending::Ending::Refused,
        says: "the mapping does not fit".into(),
    };
    let answer = Answer::Ended(Job::Step(Step::Survey), ended);
    update(&mut model, Message::Answer(answer));
    let mut view = mapping_view();
    view.refused = vec!["booking.service: `x` occurs in no document".into()];
    update(
        &mut model,
        Message::Answer(Answer::Mapping(Box::new(Ok(view)))),
    );
    assert_eq!(model.shared.pane, PaneId("mapping"));
    let row = model.panes.mapping.row().unwrap();
    assert_eq!(row.place.to_string(), "booking.service");
    assert!(
        model.shared.banner.is_some(),
        "what was refused stays on screen"
    );
}

#[test]
fn a_proposal_can_be_taken_back_and_its_open_key_answered() {
    let mut model = at("mapping");
    typing(&mut model, "f");
    assert_eq!(said(&model, "booking.user"), "");
    typed(&mut model, "clientId");
    assert_eq!(model.panes.mapping.open_keys(), 0);
    typing(&mut model, "uu");
    assert_eq!(said(&model, "booking.user"), "userId");
    assert!(PROPOSED.contains("user = \"\""));
    look(&mut model);
}

#[test]
fn a_key_that_was_changed_is_no_longer_called_refused() {
    let refused = || {
        let mut model = on("user.name");
        let mut view = mapping_view();
        view.refused = vec!["user.name: `name` occurs in no document of User".into()];
        model.panes.mapping.take(Ok(view));
        model
    };
    let against = |model: &Model| {
        let row = model.panes.mapping.row().unwrap();
        model.panes.mapping.against(row).is_some()
    };
    let mut model = refused();
    assert!(against(&model));
    typed(&mut model, "fullName");
    assert!(!against(&model), "it is checked when it is saved");
    typing(&mut model, "u");
    assert!(against(&model), "taken back, it is as it was refused");

    // A pick takes the place of the one field that was refused.
    let mut model = refused();
    press(&mut model, ENTER);
    typing(&mut model, "nickname");
    press(&mut model, ENTER);
    assert_eq!(said(&model, "user.name"), "nickname");
}
