//! What a verb can do and the console can, too: users without a booking become customers of a business that is named, contact fields stay as
//! null, bookings are sorted by date.

use super::commands::Case;
use super::fixture::{at, press, ready, requests, review, typing, update};
use crate::app::key::{Key, KeyCode};
use crate::app::layer::Layer;
use crate::app::{Message, Model, Request};
use crate::domain::checklist::Step;
use crate::domain::conflict::{Choice, Code, ConflictKey};
use crate::domain::decision::{ASSIGN_TO, Contact};
use crate::domain::history::Change;
use crate::domain::id::Id;
use crate::domain::overview::ConflictRow;
use crate::domain::view::{DiffCursor, Order};

const ENTER: Key = super::fixture::ENTER;

pub fn cases() -> Vec<Case> {
    vec![
        Case {
            id: "contact",
            before: ready,
            after: |model, effects| {
                assert!(effects.is_empty());
                assert_eq!(labels(model).len(), 2);
            },
        },
        Case {
            id: "detail-down",
            before: ready,
            after: |model, _| assert_eq!(model.panes.checklist.down, 1),
        },
        Case {
            id: "detail-up",
            before: ready,
            after: |model, _| assert_eq!(model.panes.checklist.down, 0),
        },
        Case {
            id: "sort-bookings",
            before: || at("bookings"),
            after: |model, effects| {
                let filter = model.panes.bookings.pages.filter().clone();
                assert_eq!(filter.order, Order::Newest);
                let wanted = Request::Diffs(filter, DiffCursor::Start);
                assert_eq!(requests(effects), [&wanted]);
            },
        },
    ]
}

/// Three idle users, one of them decided.
fn idle() -> Model {
    let mut model = at("conflicts");
    let mut all = review(false);
    all.rows = (0..3)
        .map(|number: u8| ConflictRow {
            key: ConflictKey {
                code: Code::IdleUser,
                business: None,
                subjects: vec![Id::object_id([number; 12])],
            },
            units: 1,
            businesses: vec![],
            business_names: String::new(),
            decision: (number == 2).then(|| crate::domain::decision::Decision::new(Choice::Keep)),
            asks: false,
        })
        .collect();
    model.shared.facts.set_review(all);
    model.facts_changed();
    super::fixture::look(&mut model);
    model
}

/// What the open list offers.
fn labels(model: &Model) -> Vec<String> {
    match model.shared.layers.last() {
        Some(Layer::Picker(list)) => list.visible().map(|it| it.label.clone()).collect(),
        other => panic!("no list: {other:?}"),
    }
}

fn assigned(request: &Request) -> Vec<(Id, String)> {
    let Request::Decide(changes) = request else {
        panic!("{request:?}");
    };
    let one = |change: &Change| match change {
        Change::Answer(key, Some(decision)) => {
            assert_eq!(decision.choice, Choice::Assign);
            (key.subjects[0].clone(), decision.set[ASSIGN_TO].clone())
        }
        other => panic!("{other:?}"),
    };
    changes.iter().map(one).collect()
}

/// Picks the first of the businesses and returns what is asked for then.
fn first_business(model: &mut Model) -> Vec<(Id, String)> {
    assert_eq!(labels(model), ["Salon 0", "Salon 1", "Salon 2"]);
    let effects = update(model, Message::Key(ENTER));
    let asked = requests(&effects);
    assert_eq!(asked.len(), 1);
    assigned(asked[0])
}

#[test]
fn one_idle_user_is_assigned_to_a_business_that_is_picked() {
    let mut model = idle();
    typing(&mut model, "c");
    typing(&mut model, "assign");
    press(&mut model, ENTER);
    let asked = first_business(&mut model);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].1, "0".repeat(24));
}

#[test]
fn all_undecided_idle_users_are_assigned_at_once() {
    let mut model = idle();
    typing(&mut model, "A");
    let place = labels(&model)
        .iter()
        .position(|it| it.contains("assign all"));
    for _ in 0..place.unwrap() {
        press(&mut model, Key::plain(KeyCode::Down));
    }
    press(&mut model, ENTER);
    let asked = first_business(&mut model);
    let users: Vec<_> = asked.iter().map(|(user, _)| user.clone()).collect();
    assert_eq!(users, [Id::object_id([0; 12]), Id::object_id([1; 12])]);
}

#[test]
fn the_order_stays_when_a_filter_is_cleared_and_is_no_filter() {
    let mut model = at("bookings");
    typing(&mut model, "ss");
    let pages = &model.panes.bookings.pages;
    assert_eq!(pages.filter().order, Order::Oldest);
    assert!(pages.filter().is_empty());
    typing(&mut model, "!F");
    let filter = model.panes.bookings.pages.filter();
    assert!(!filter.unusual && filter.order == Order::Oldest);
}

#[test]
fn contact_fields_are_kept_as_null_where_the_operator_says_so() {
    let mut model = ready();
    model.panes.checklist.select(Step::CleanUsers);
    typing(&mut model, "c");
    assert_eq!(
        labels(&model),
        ["null", "remove"],
        "the first takes nothing away"
    );
    let effects = update(&mut model, Message::Key(ENTER));
    let wanted = Request::Decide(vec![Change::Contact(Contact::Null)]);
    assert_eq!(requests(&effects), [&wanted]);
}
