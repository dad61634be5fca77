//! No pane keeps an older truth than another: once the engine says something else, every pane shows that and nothing of before.

use super::scene::{answer, midway, press};
use super::{drawn, text};
use crate::app::key::Key;
use crate::app::message::Message;
use crate::app::model::Model;
use crate::app::panes::TABLE;
use crate::app::shared::PaneId;
use crate::app::tests::fixture::settle_by;
use crate::app::{Answer, Request, update};
use crate::ui::Theme;

/// Panes that show what happened, each line with its time. That stays true.
const HISTORY: [PaneId; 2] = [PaneId("running"), PaneId("log")];
const BEFORE: &str = "BEFORE";
const AFTER: &str = "AFTER";

/// What the engine says, with `word` in everything that it says of the database.
fn said(request: Request, word: &str) -> Option<Answer> {
    let with = |text: &mut String| *text = format!("{word} {text}");
    let mut said = answer(request)?;
    if let Answer::Standing(Ok(standing), review, _) = &mut said {
        with(&mut standing.situation.now);
        standing
            .statuses
            .iter_mut()
            .for_each(|it| with(&mut it.says));
        review
            .rows
            .iter_mut()
            .for_each(|it| with(&mut it.business_names));
    }
    if let Answer::Detail(detail) = &mut said
        && let Ok(records) = &mut detail.records
    {
        let fields = records.iter_mut().flat_map(|it| &mut it.fields);
        fields.for_each(|(_, value)| with(value));
    }
    if let Answer::Business(_, view) = &mut said
        && let Ok(view) = &mut **view
    {
        view.elsewhere.iter_mut().for_each(|(name, _)| with(name));
        view.customers
            .iter_mut()
            .for_each(|it| with(&mut it.who.name));
    }
    if let Answer::Clients(Ok(clients)) = &mut said {
        for client in clients {
            with(&mut client.application);
        }
    }
    if let Answer::Diffs(_, _, Ok(page)) = &mut said {
        page.entries
            .iter_mut()
            .for_each(|it| with(&mut it.words.was));
    }
    if let Answer::Mapping(view) = &mut said
        && let Ok(view) = &mut **view
    {
        with(&mut view.file);
    }
    if let Answer::Schema(_, view) = &mut said
        && let Ok(view) = &mut **view
    {
        view.lines.iter_mut().for_each(|it| with(&mut it.says));
    }
    if let Answer::Report(_, Ok(report)) = &mut said {
        *report = report.replace("- run: ", &format!("- run: {word} "));
    }
    Some(said)
}

fn before(request: Request) -> Option<Answer> {
    said(request, BEFORE)
}

fn after(request: Request) -> Option<Answer> {
    said(request, AFTER)
}

/// Another session's work: the console is told how the database stands now.
fn told(model: &mut Model, engine: fn(Request) -> Option<Answer>) {
    let Some(Answer::Standing(Ok(standing), review, blocked)) = engine(Request::Standing) else {
        panic!("no standing");
    };
    let stands = Answer::Stands(standing, review, blocked);
    let effects = update(model, Message::Answer(stands));
    settle_by(model, effects, engine);
}

/// What each pane shows below the tabs and above the sentences that all panes share.
fn shown(model: &mut Model, engine: fn(Request) -> Option<Answer>) -> Vec<(PaneId, String)> {
    let mut all = Vec::new();
    for row in TABLE {
        model.go_to(row.id);
        let (width, height) = (200, 60);
        let effects = update(model, Message::Resized { width, height });
        settle_by(model, effects, engine);
        let screen = text(&drawn(model, (width, height), Theme::default()));
        let body = screen.lines().skip(2);
        let body = body.take_while(|line| !line.starts_with(" True now"));
        all.push((row.id, body.collect::<Vec<_>>().join("\n")));
    }
    all
}

/// A console whose every pane shows what was true before.
fn console() -> Model {
    let mut model = midway();
    told(&mut model, before);
    for (pane, shown) in shown(&mut model, before) {
        let tells = shown.contains(BEFORE) || HISTORY.contains(&pane);
        assert!(
            tells,
            "{pane:?} shows nothing of what the engine says:\n{shown}"
        );
    }
    model
}

#[test]
fn after_another_sessions_work_every_pane_says_what_is_true_then() {
    let mut model = console();
    told(&mut model, after);
    for (pane, shown) in shown(&mut model, after) {
        assert!(!shown.contains(BEFORE), "{pane:?} is behind:\n{shown}");
        let tells = shown.contains(AFTER) || HISTORY.contains(&pane);
        assert!(tells, "{pane:?}:\n{shown}");
    }
}

#[test]
fn the_key_that_reads_again_leaves_no_pane_behind() {
    let mut model = console();
    model.go_to(TABLE[0].id);
    let effects = update(&mut model, Message::Key(Key::char('R')));
    settle_by(&mut model, effects, after);
    press(&mut model, crate::app::tests::fixture::ESC);
    for (pane, shown) in shown(&mut model, after) {
        assert!(!shown.contains(BEFORE), "{pane:?} is behind:\n{shown}");
    }
}

#[test]
fn no_pane_shows_what_was_true_before_while_it_reads_what_is_true_now() {
    let mut model = console();
    told(&mut model, after);
    for row in TABLE {
        // The schema keeps its lines while it reads, and says that they are older.
        if HISTORY.contains(&row.id) || row.id == PaneId("schema") {
            continue;
        }
        model.go_to(row.id);
        let screen = text(&drawn(&mut model, (200, 60), Theme::default()));
        assert!(!screen.contains(BEFORE), "{:?}\n{screen}", row.id);
    }
}
