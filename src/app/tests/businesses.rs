//! The pane of businesses: its commands, and the customers of one.

use super::commands::Case;
use super::fixture::{ENTER, ESC, at, business_view, press, standing, typing, update};
use super::panes::{asked, case};
use crate::app::layer::Layer;
use crate::app::panes::businesses::{CustomerSort, Sort};
use crate::app::shared::PaneId;
use crate::app::{Answer, Message, Model, Request};
use crate::domain::overview::Review;
use crate::domain::view::DiffCursor;

pub fn cases() -> Vec<Case> {
    let pane = || at("businesses");
    vec![
        case("its-conflicts", pane, |model, _| {
            assert_eq!(model.shared.pane, PaneId("conflicts"));
            let business = model.panes.conflicts.list.filter.business.as_ref().unwrap();
            assert_eq!(business.1, "Salon 0");
        }),
        case("its-bookings", pane, |model, effects| {
            assert_eq!(model.shared.pane, PaneId("bookings"));
            let filter = model.panes.bookings.pages.filter().clone();
            assert!(filter.business.is_some());
            asked(effects, &Request::Diffs(filter, DiffCursor::Start));
        }),
        case("sort-businesses", pane, |model, effects| {
            assert!(effects.is_empty());
            assert_eq!(model.panes.businesses.sort, Sort::Customers);
            assert_eq!(model.shared.facts.businesses[0].name, "Salon 2");
            let row = model.panes.businesses.row(&model.shared.facts).unwrap();
            assert_eq!(row.name, "Salon 0", "the selection stays on its business");
        }),
        case("sort-businesses", customers, |model, effects| {
            assert!(effects.is_empty());
            let pane = &model.panes.businesses;
            assert_eq!(pane.customer_sort, CustomerSort::Elsewhere);
            assert_eq!(pane.sort, Sort::Bookings, "the businesses keep theirs");
        }),
        case("find-business", pane, |model, _| {
            assert!(matches!(model.shared.layers.last(), Some(Layer::Line(_))));
        }),
        case("find-business", customers, |model, _| {
            assert!(matches!(model.shared.layers.last(), Some(Layer::Line(_))));
            assert!(model.panes.businesses.customer.is_some(), "it stays open");
        }),
        case("drill-down", pane, |model, _| {
            assert_eq!(model.panes.businesses.customer, Some(0));
        }),
        case("drill-down", customers, |model, _| {
            assert_eq!(model.shared.pane, PaneId("bookings"));
            assert!(model.panes.bookings.pages.filter().user.is_some());
        }),
        case("detail-down", scrollable, |model, _| {
            assert_eq!(model.panes.businesses.down, 3);
        }),
        case("detail-up", scrollable, |model, _| {
            assert_eq!(model.panes.businesses.down, 1);
        }),
    ]
}

/// A business whose customers are open.
fn customers() -> Model {
    let mut model = at("businesses");
    press(&mut model, ENTER);
    model
}

/// A detail that is longer than its room.
fn scrollable() -> Model {
    let mut model = at("businesses");
    model.panes.businesses.down = 2;
    model.shared.scrollable.detail = 5;
    model
}

fn selected(model: &Model) -> String {
    let line = model.panes.businesses.line(&model.shared.facts);
    line.map_or_else(String::new, |line| line.user.to_string())
}

#[test]
fn an_order_of_the_customers_keeps_the_one_that_is_selected() {
    let mut model = customers();
    typing(&mut model, "j");
    let chosen = selected(&model);
    assert!(!chosen.is_empty());
    for _ in 0..3 {
        typing(&mut model, "s");
        assert_eq!(selected(&model), chosen);
    }
    assert_eq!(
        model.panes.businesses.customer_sort,
        CustomerSort::Bookings,
        "the first order comes again"
    );
}

#[test]
fn a_filter_of_customers_is_taken_away_before_the_way_back_is_gone() {
    let mut model = customers();
    let all = model.panes.businesses.customers(&model.shared.facts).len();
    model.panes.businesses.customer_filter = "zzz".to_owned();
    let none = model.panes.businesses.customers(&model.shared.facts).len();
    assert!(none < all);
    press(&mut model, ESC);
    assert!(model.panes.businesses.customer.is_some());
    assert_eq!(
        model.panes.businesses.customers(&model.shared.facts).len(),
        all
    );
    press(&mut model, ESC);
    assert!(model.panes.businesses.customer.is_none());
}

#[test]
fn another_row_shows_its_detail_from_the_beginning() {
    let mut model = scrollable();
    typing(&mut model, "j");
    assert_eq!(model.panes.businesses.down, 0);
}

#[test]
fn what_a_survey_found_is_forgotten_where_none_stands_any_more() {
    let mut model = at("businesses");
    let id = model.shared.facts.businesses[0].id.clone();
    let view = Answer::Business(id, Box::new(Ok(business_view())));
    update(&mut model, Message::Answer(view));
    assert!(model.shared.facts.overview.is_some());
    let answer = Answer::Standing(Ok(standing(0)), Review::default(), None);
    update(&mut model, Message::Answer(answer));
    assert!(model.shared.facts.overview.is_none());
    assert!(model.shared.facts.businesses.is_empty());
}

#[test]
fn the_way_back_from_the_customers_leads_to_the_same_business() {
    let name = |model: &Model| {
        let row = model.panes.businesses.row(&model.shared.facts);
        row.map(|row| row.name.clone())
    };
    let mut model = at("businesses");
    let first = name(&model);
    typing(&mut model, "j");
    let chosen = name(&model);
    assert_ne!(chosen, first);
    press(&mut model, ENTER);
    typing(&mut model, "j");
    press(&mut model, ESC);
    assert!(model.panes.businesses.customer.is_none());
    assert_eq!(name(&model), chosen);
}
