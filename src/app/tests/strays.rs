//! Deciding on strays: each way opens its gate, and only the gate orders it.

use super::commands::Case;
use super::fixture::{gate, ready, requests, typing};
use super::panes::asked;
use crate::app::message::Job;
use crate::app::{Answer, Effect, Message, Model, Request, update};
use crate::domain::gate::Destructive;

/// A stray stands.
fn astray() -> Model {
    let mut model = ready();
    if let Some(situation) = &mut model.shared.facts.situation {
        situation.strays = 1;
    }
    model
}

fn case(id: &'static str, after: fn(&Model, &[Effect])) -> Case {
    Case {
        id,
        before: astray,
        after,
    }
}

pub fn cases() -> Vec<Case> {
    vec![
        case("take-strays-in", |_, effects| {
            asked(effects, &Request::Gate(Destructive::TakeIn));
        }),
        case("set-strays-aside", |_, effects| {
            asked(effects, &Request::Gate(Destructive::SetAside));
        }),
    ]
}

#[test]
fn behind_the_gate_strays_are_decided_as_it_says() {
    for (action, job) in [
        (Destructive::TakeIn, Job::TakeIn),
        (Destructive::SetAside, Job::SetAside),
    ] {
        let mut model = astray();
        let answer = Answer::Gate(Box::new(Ok(gate(action))));
        update(&mut model, Message::Answer(answer));
        typing(&mut model, &gate(action).database);
        let effects = update(&mut model, Message::Key(super::fixture::ENTER));
        let [Request::Strays(confirmed)] = requests(&effects)[..] else {
            panic!("{effects:?}");
        };
        assert_eq!(confirmed.action(), action);
        assert_eq!(model.shared.running.as_ref().map(|it| it.job), Some(job));
    }
}
