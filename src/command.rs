//! The one table of commands: every command that a pane, a layer or the whole console offers, with the places where it holds. The hints, the
//! help, the README and the texts that name a key read it; no key is spelled anywhere else.

use crate::app::commands;
use crate::app::commands::about::{About, CommandId, Keymap, Verdict};
use crate::app::key::Key;
use crate::app::model::{Model, Scope};
use crate::app::panes::{self, TABLE};
use crate::domain::text::safe;

pub use crate::app::commands::about::Danger;

/// A command, and everywhere where it holds.
#[derive(Debug, Clone)]
pub struct Listed {
    /// What is said of it.
    pub about: &'static About,
    /// Where it holds.
    pub scopes: Vec<Scope>,
}

impl Listed {
    /// Where it holds, in words.
    pub fn place(&self) -> String {
        let places: Vec<&str> = self
            .scopes
            .iter()
            .map(|scope| match scope {
                Scope::Always => "everywhere",
                Scope::Panes => "every pane",
                Scope::In(pane) => panes::row(*pane).title,
                Scope::Over(kind) => kind.word(),
            })
            .collect();
        places.join(", ")
    }

    /// True for a command that holds where text is typed.
    pub fn takes_text(&self) -> bool {
        self.scopes
            .iter()
            .any(|scope| matches!(scope, Scope::Over(kind) if kind.takes_text()))
    }

    /// True for a command that a key can call once the layers are closed.
    pub fn is_reachable(&self, model: &Model) -> bool {
        self.scopes.iter().any(|scope| match scope {
            Scope::Always | Scope::Panes => true,
            Scope::In(pane) => *pane == model.shared.pane,
            Scope::Over(_) => model.is_in(*scope),
        })
    }
}

/// The table: the commands of the panes first, then those of every pane, then those of the layers.
pub fn table() -> Vec<Listed> {
    let mut table: Vec<Listed> = Vec::new();
    let mut add = |about: &'static About, scopes: &[Scope]| {
        if let Some(listed) = table.iter_mut().find(|it| it.about.id == about.id) {
            listed.scopes.extend(scopes);
        } else {
            let scopes = scopes.to_vec();
            table.push(Listed { about, scopes });
        }
    };
    for row in TABLE {
        for about in (row.commands)() {
            add(about, &[Scope::In(row.id)]);
        }
    }
    for command in commands::all() {
        add(&command.about, command.scopes);
    }
    table
}

/// The keys of all commands, for texts that name one.
pub fn keymap() -> Keymap {
    Keymap::new(table().iter().map(|listed| listed.about))
}

/// The keys with the changes of a `[keys]` section: for each command's word one key or several, apart by spaces.
///
/// # Errors
/// The first line that cannot be meant: a command or a key that is none, or a key that two commands of one place would share.
pub fn keymap_with<'c>(
    changes: impl IntoIterator<Item = (&'c str, &'c str)>,
) -> Result<Keymap, String> {
    let mut keymap = keymap();
    let table = table();
    for (word, keys) in changes {
        let Some(listed) = table.iter().find(|listed| listed.about.id.0 == word) else {
            let near = table
                .iter()
                .map(|listed| listed.about.id.0)
                .min_by_key(|known| strsim::levenshtein(known, word));
            return Err(format!(
                "[keys] names the command {}, which does not exist; the nearest is {}",
                safe(word, 60),
                near.unwrap_or_default()
            ));
        };
        let parsed: Option<Vec<Key>> = keys.split_whitespace().map(Key::parse).collect();
        let parsed = parsed.filter(|keys| !keys.is_empty()).ok_or_else(|| {
            format!(
                "[keys] {word} = {}: this is not a key. Write one like a, A, Ctrl-R, Enter, PgUp or Space",
                safe(keys, 60)
            )
        })?;
        if listed.takes_text() && parsed.iter().any(Key::is_typed) {
            return Err(format!(
                "[keys] {word} = {keys}: it holds where text is typed, so its key must be one with Ctrl or Alt, or a key without a character"
            ));
        }
        keymap.change(listed.about.id, parsed);
    }
    match clash(&table, &keymap) {
        None => Ok(keymap),
        Some((left, right, key)) => Err(format!(
            "[keys]: {key} would mean both {left} and {right} in one place; give one of them another key"
        )),
    }
}

/// Two commands of one place that a key would both call.
fn clash(table: &[Listed], keymap: &Keymap) -> Option<(&'static str, &'static str, Key)> {
    for (at, left) in table.iter().enumerate() {
        for right in &table[at + 1..] {
            let same_place = left
                .scopes
                .iter()
                .any(|scope| right.scopes.iter().any(|other| overlap(*scope, *other)));
            let keys = keymap.keys(right.about);
            let shared = keymap
                .keys(left.about)
                .iter()
                .find(|key| keys.contains(key));
            if let Some(key) = shared.filter(|_| same_place) {
                return Some((left.about.id.0, right.about.id.0, *key));
            }
        }
    }
    None
}

/// True where two scopes can hold at once.
fn overlap(left: Scope, right: Scope) -> bool {
    match (left, right) {
        (Scope::Always, _) | (_, Scope::Always) => true,
        (Scope::Over(left), Scope::Over(right)) => left == right,
        (Scope::Over(_), _) | (_, Scope::Over(_)) => false,
        (Scope::In(left), Scope::In(right)) => left == right,
        (Scope::Panes, _) | (_, Scope::Panes) => true,
    }
}

/// Whether a command can be done now, or why not.
pub fn verdict(model: &Model, id: CommandId) -> Verdict {
    commands::verdict(model, id)
}

/// The commands to hint at, those that can be used first, then those of the pane or layer first, each with why it cannot be used now.
pub fn hints(model: &Model) -> Vec<(&'static About, Verdict)> {
    let mut hints: Vec<_> = commands::offered(model)
        .into_iter()
        .filter(|about| about.hinted)
        .map(|about| (about, verdict(model, about.id)))
        .collect();
    hints.sort_by_key(|(_, verdict)| verdict.is_err());
    hints
}

/// The keys as a Markdown table, for the README.
pub fn markdown() -> String {
    let mut text = String::from("| keys | where | what |\n|---|---|---|\n");
    for listed in table() {
        let (place, help) = (listed.place(), listed.about.sentence());
        text.extend([
            "| ",
            listed.about.shown,
            " | ",
            &place,
            " | ",
            &help,
            " |\n",
        ]);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashSet;

    use super::*;
    use crate::app::key::KeyCode;
    use crate::app::layer::LayerKind;

    #[test]
    fn the_readme_lists_every_key_as_this_table_says() {
        let readme = include_str!("../README.md");
        assert!(
            readme.contains(&markdown()),
            "put this into README.md:\n{}",
            markdown()
        );
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        assert_eq!(clash(&table(), &keymap()), None);
    }

    #[test]
    fn a_file_gives_commands_other_keys_and_a_key_that_two_would_share_is_refused() {
        let map = keymap_with([("accept", "Ctrl-Y z")]).unwrap();
        let table = table();
        let accept = table.iter().find(|it| it.about.id.0 == "accept").unwrap();
        assert_eq!(map.keys(accept.about), [Key::ctrl('y'), Key::char('z')]);
        assert_eq!(map.of(accept.about.id), "Ctrl-Y");
        for (word, keys, says) in [
            ("acept", "z", "the nearest is accept"),
            ("accept", "Hyper-Q", "this is not a key"),
            ("accept", "", "this is not a key"),
            ("accept", "A", "A would mean both accept and accept-all"),
            ("keep-note", "k", "it holds where text is typed"),
        ] {
            let why = keymap_with([(word, keys)]).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
    }

    #[test]
    fn a_word_means_the_same_command_wherever_it_is_offered() {
        for row in TABLE {
            let offered = (row.commands)();
            let words: HashSet<_> = offered.iter().map(|about| about.id).collect();
            assert_eq!(words.len(), offered.len(), "{:?} offers one twice", row.id);
            for listed in table() {
                let same = offered.iter().find(|about| about.id == listed.about.id);
                assert!(same.is_none_or(|about| *about == listed.about));
            }
        }
        let words: HashSet<_> = commands::all().map(|command| command.about.id).collect();
        assert_eq!(words.len(), commands::all().count());
    }

    #[test]
    fn every_command_has_a_sentence_of_help_and_a_title_when_hinted() {
        for Listed { about, .. } in table() {
            let help = about.sentence();
            assert!(help.ends_with('.'), "{:?}", about.id);
            assert!(!help.contains('{'), "{:?} names no step: {help}", about.id);
            assert!(!about.hinted || !about.title.is_empty(), "{:?}", about.id);
            assert!(!about.keys.is_empty(), "{:?}", about.id);
        }
    }

    #[test]
    fn the_keys_that_are_shown_are_the_keys_that_work() {
        for Listed { about, .. } in table() {
            let first = about.shown.split([' ', '/']).find(|word| !word.is_empty());
            let first = first.unwrap_or(about.shown);
            let is_key = |name: &str| about.keys.iter().any(|key| key.to_string() == name);
            // Of a range of digits both ends are keys.
            let ends = first
                .split_once('-')
                .filter(|(end, _)| end.len() == 1 && end.starts_with(|c: char| c.is_ascii_digit()));
            let works = match ends {
                Some((from, to)) => is_key(from) && is_key(to),
                None => is_key(first),
            };
            assert!(works || about.shown == "/", "{:?}", about.id);
        }
    }

    #[test]
    fn no_text_field_loses_a_character_to_a_command() {
        let typing = [
            LayerKind::Gate,
            LayerKind::Typing,
            LayerKind::Note,
            LayerKind::Number,
            LayerKind::Line,
            LayerKind::Picker,
            LayerKind::Palette,
            LayerKind::Help,
        ];
        assert!(typing.iter().all(|kind| kind.takes_text()));
        for listed in table() {
            let about = listed.about;
            let in_text = listed.takes_text();
            let character = about
                .keys
                .iter()
                .any(|key| matches!(key.code, KeyCode::Char(_)) && !key.ctrl && !key.alt);
            assert!(!(in_text && character), "{:?}", about.id);
        }
    }

    #[test]
    fn nothing_behind_a_question_is_confirmed_by_the_key_that_opened_it() {
        let table = table();
        let keys = |word: &'static str| {
            let found = table.iter().find(|it| it.about.id == CommandId(word));
            found.map_or(&[][..], |it| it.about.keys)
        };
        let yes = keys("yes");
        assert!(!yes.is_empty());
        for opener in ["run", "cancel", "interrupt", "note"] {
            let keys = keys(opener);
            assert!(!keys.is_empty(), "{opener}");
            assert!(!keys.iter().any(|key| yes.contains(key)), "{opener}");
        }
    }
}
