//! Every command, in every place where it holds: what it does, or the sentence that it shows and nothing else.

use std::collections::HashSet;

use super::fixture::update;
use super::fixture::{at, empty, ended, ready, running};
use super::{layers, panes, refusals};
use crate::app::commands::about::CommandId;
use crate::app::key::Key;
use crate::app::layer::LayerKind;
use crate::app::model::Scope;
use crate::app::panes::TABLE;
use crate::app::shared::PaneId;
use crate::app::{Effect, Message, Model, commands};
use crate::command::table;

/// A command that can be done: the console before, and what must hold after.
pub struct Case {
    /// The command's word.
    pub id: &'static str,
    /// The console before.
    pub before: fn() -> Model,
    /// What must hold afterwards, with what was asked for.
    pub after: fn(&Model, &[Effect]),
}

/// A command that cannot be done: the console before, and the sentence.
pub struct Refusal {
    /// The command's word.
    pub id: &'static str,
    /// The console before.
    pub before: fn() -> Model,
    /// Why it cannot be done.
    pub why: &'static str,
}

fn cases() -> Vec<Case> {
    panes::cases().into_iter().chain(layers::cases()).collect()
}

fn all_refusals() -> Vec<Refusal> {
    let all = refusals::refusals().into_iter().chain(layers::refusals());
    all.chain(super::mapping::refusals())
        .chain(super::schema::refusals())
        .collect()
}

fn keys(id: &str, model: &Model) -> &'static [Key] {
    let offered = commands::offered(model);
    let found = offered.iter().find(|about| about.id.0 == id);
    found
        .unwrap_or_else(|| panic!("{id} is not offered there"))
        .keys
}

#[test]
fn every_command_does_what_it_says_in_every_place_where_it_holds() {
    for case in cases() {
        for key in keys(case.id, &(case.before)()) {
            let mut model = (case.before)();
            let effects = update(&mut model, Message::Key(*key));
            (case.after)(&model, &effects);
        }
    }
}

#[test]
fn a_command_that_cannot_be_done_says_why_and_does_nothing_else() {
    for case in all_refusals() {
        for key in keys(case.id, &(case.before)()) {
            let mut model = (case.before)();
            model.shared.notice = None;
            let before = format!("{model:?}");
            let effects = update(&mut model, Message::Key(*key));
            let notice = model.shared.notice.take();
            let text = notice.map(|it| it.text).unwrap_or_default();
            model.shared.said = None;
            assert!(
                text.ends_with(&format!(": not now: {}", case.why)),
                "{}: {text}",
                case.id
            );
            assert!(effects.is_empty(), "{}: {effects:?}", case.id);
            assert_eq!(format!("{model:?}"), before, "{}", case.id);
        }
    }
}

/// Where the focus is.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Focus {
    Pane(PaneId),
    Layer(LayerKind),
}

fn focus(model: &Model) -> Focus {
    model
        .top()
        .map_or(Focus::Pane(model.shared.pane), Focus::Layer)
}

#[test]
fn every_command_has_a_transition_test_in_every_place_where_it_holds() {
    let tested: HashSet<(&str, Focus)> = cases()
        .iter()
        .map(|case| (case.id, focus(&(case.before)())))
        .collect();
    for listed in table() {
        let id = listed.about.id.0;
        for scope in &listed.scopes {
            let found = match scope {
                Scope::In(pane) => tested.contains(&(id, Focus::Pane(*pane))),
                Scope::Over(kind) => tested.contains(&(id, Focus::Layer(*kind))),
                Scope::Panes | Scope::Always => TABLE
                    .iter()
                    .any(|row| tested.contains(&(id, Focus::Pane(row.id)))),
            };
            assert!(found, "{id} has no transition test {scope:?}");
        }
    }
}

#[test]
fn every_command_is_refused_in_a_test_or_can_always_be_done() {
    let refused: HashSet<&str> = all_refusals().iter().map(|case| case.id).collect();
    let mut models: Vec<Model> = vec![ended(ready())];
    for row in TABLE {
        models.extend([at(row.id.0), running(at(row.id.0))]);
    }
    models.extend(TABLE.iter().map(|row| {
        let mut model = empty();
        model.go_to(row.id);
        model
    }));
    for listed in table() {
        let id = listed.about.id;
        let sometimes_not = models.iter().any(|model| {
            let here = listed.scopes.iter().any(|scope| match scope {
                Scope::In(pane) => *pane == model.shared.pane,
                Scope::Always | Scope::Panes | Scope::Over(_) => true,
            });
            here && commands::verdict(model, id).is_err()
        });
        assert_eq!(sometimes_not, refused.contains(id.0), "{id:?}");
    }
}

#[test]
fn the_commands_of_every_pane_hold_in_every_pane() {
    let everywhere = table().into_iter().filter(|listed| {
        listed.scopes.contains(&Scope::Panes) || listed.scopes.contains(&Scope::Always)
    });
    for listed in everywhere {
        for row in TABLE {
            let model = at(row.id.0);
            for key in listed.about.keys {
                let found = commands::of_key(&model, *key).map(|about| about.id);
                assert_eq!(found, Some(listed.about.id), "{key} in {:?}", row.id);
            }
        }
    }
    assert_eq!(commands::of_key(&ready(), Key::char('%')), None);
    assert_eq!(
        commands::verdict(&ready(), CommandId("no-such-command")),
        Ok(())
    );
}
