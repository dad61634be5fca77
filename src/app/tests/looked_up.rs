//! What the answers change that look something up for one pane alone.

use super::answers::{Case, failed};
use super::fixture::{at, business_view};
use crate::app::Answer;

pub fn cases() -> Vec<Case> {
    vec![
        (
            || at("businesses"),
            |model| {
                let id = model.shared.facts.businesses[0].id.clone();
                Answer::Business(id, Box::new(Ok(business_view())))
            },
            |model, _| {
                let view = model.panes.businesses.view(&model.shared.facts);
                assert_eq!(view.unwrap().as_ref().unwrap().customers.len(), 2);
            },
        ),
        (
            || at("clients"),
            |_| Answer::Clients(failed()),
            |model, effects| {
                assert!(matches!(model.panes.clients.lines, Some(Err(_))));
                assert!(effects.is_empty(), "it does not ask again and again");
            },
        ),
    ]
}
