//! A key that does nothing over a layer is not passed over in silence: what answers is said in one line.

use super::fixture::{ready, running, update};
use crate::app::commands;
use crate::app::key::Key;
use crate::app::layer::{Layer, Question, Whole};
use crate::app::{Message, Model};
use crate::domain::checklist::{NoteOn, Step};

/// Everything that lies over the panes and takes no text.
fn without_text() -> Vec<Model> {
    let whole = Whole {
        title: "a message".into(),
        text: "its text".into(),
        down: 0,
    };
    let note = NoteOn::step(Step::Test);
    let layers = [
        Layer::Question(Question::Cancel),
        Layer::Question(Question::FirstWrite(Step::BackUp)),
        Layer::Question(Question::FirstNote(note)),
        Layer::Question(Question::TakeNoteBack(note)),
        Layer::Question(Question::SaveMapping),
        Layer::Whole(whole),
        Layer::Truth(0),
        Layer::Leave,
    ];
    let over = |layer: Layer| {
        let cancels = matches!(layer, Layer::Question(Question::Cancel));
        let mut model = if cancels { running(ready()) } else { ready() };
        model.shared.layers.push(layer);
        model
    };
    let mut models: Vec<Model> = layers.into_iter().map(over).collect();
    models.push(super::layers::editor());
    models
}

#[test]
fn a_key_that_does_nothing_over_a_layer_is_answered_with_the_keys_that_do() {
    for mut model in without_text() {
        let kind = model.top().unwrap();
        assert!(!kind.takes_text(), "{kind:?}");
        let effects = update(&mut model, Message::Key(Key::char('~')));
        assert!(effects.is_empty(), "{kind:?}");
        assert_eq!(model.top(), Some(kind), "it stays open");
        let said = model.shared.notice.as_ref().unwrap().text.clone();
        assert!(said.starts_with("~ does nothing here"), "{said}");
        let hinted = commands::offered(&model).into_iter().filter(|it| it.hinted);
        for about in hinted.filter(|it| !it.title.is_empty()) {
            let key = model.shared.keys.of(about.id);
            assert!(said.contains(&format!("{key} {}", about.title)), "{said}");
        }
    }
}

#[test]
fn a_small_letter_where_a_capital_one_is_asked_for_says_so() {
    let mut model = ready();
    let question = Question::FirstWrite(Step::BackUp);
    model.shared.layers.push(Layer::Question(question));
    update(&mut model, Message::Key(Key::char('y')));
    let said = &model.shared.notice.as_ref().unwrap().text;
    let wanted = "y does nothing here; what answers: Y yes (capital) · n no";
    assert_eq!(said, wanted);
    assert!(!model.shared.may_write);
}
