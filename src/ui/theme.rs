//! Styles by meaning, read from `assets/themes`. Sixteen ANSI colours at most; no state is told by colour alone.

use ratatui::style::{Color, Modifier, Style};

/// The themes, by name.
const THEMES: &[(&str, &str)] = &[
    ("default", include_str!("../../assets/themes/default.toml")),
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    (
        "high-contrast",
        include_str!("../../assets/themes/high-contrast.toml"),
    ),
    (
        "colour-blind",
        include_str!("../../assets/themes/colour-blind.toml"),
    ),
    ("mono", include_str!("../../assets/themes/mono.toml")),
];

/// The names of the themes.
pub fn names() -> Vec<String> {
    THEMES.iter().map(|(name, _)| (*name).to_owned()).collect()
}

/// The styles.
#[derive(Debug, Clone, Copy, Default)]
pub struct Theme {
    text: Style,
    title: Style,
    dim: Style,
    label: Style,
    good: Style,
    warning: Style,
    danger: Style,
    banner: Style,
    selected: Style,
    added: Style,
    removed: Style,
    /// Signs and borders are ASCII.
    ascii: bool,
}

impl Theme {
    /// The theme of that name; `None` where there is none.
    pub fn named(name: &str) -> Option<Self> {
        let (_, text) = THEMES.iter().find(|(known, _)| *known == name)?;
        Self::of(text)
    }

    /// The theme that a file says.
    fn of(text: &str) -> Option<Self> {
        let document: toml_edit::DocumentMut = text.parse().ok()?;
        let style = |key: &str| {
            let words = document.get(key).and_then(toml_edit::Item::as_str);
            words.map(read).unwrap_or_default()
        };
        Some(Self {
            text: style("text"),
            title: style("title"),
            dim: style("dim"),
            label: style("label"),
            good: style("good"),
            warning: style("warning"),
            danger: style("danger"),
            banner: style("banner"),
            selected: style("selected"),
            added: style("added"),
            removed: style("removed"),
            ascii: false,
        })
    }

    /// The same with signs and borders of ASCII, for terminals that show nothing else.
    #[must_use]
    pub fn ascii(mut self) -> Self {
        self.ascii = true;
        self
    }

    /// True where nothing but ASCII may be drawn.
    pub fn is_ascii(self) -> bool {
        self.ascii
    }

    /// Text and background.
    pub fn text(self) -> Style {
        self.text
    }

    /// Headings.
    pub fn title(self) -> Style {
        self.title
    }

    /// Less important text.
    pub fn dim(self) -> Style {
        self.dim
    }

    /// Labels and keys.
    pub fn label(self) -> Style {
        self.label
    }

    /// Something is well.
    pub fn good(self) -> Style {
        self.good
    }

    /// Something should be looked at.
    pub fn warning(self) -> Style {
        self.warning
    }

    /// Something is wrong, or dangerous.
    pub fn danger(self) -> Style {
        self.danger
    }

    /// The banner.
    pub fn banner(self) -> Style {
        self.banner
    }

    /// The selected line, and the pane that has the focus.
    pub fn selected(self) -> Style {
        self.selected
    }

    /// A line that a diff adds.
    pub fn added(self) -> Style {
        self.added
    }

    /// A line that a diff removes.
    pub fn removed(self) -> Style {
        self.removed
    }
}

/// A style as a theme writes it: "red bold", "white on red".
fn read(words: &str) -> Style {
    let mut style = Style::new();
    let mut background = false;
    for word in words.split_whitespace() {
        match word {
            "on" => background = true,
            "bold" => style = style.add_modifier(Modifier::BOLD),
            "dim" => style = style.add_modifier(Modifier::DIM),
            "italic" => style = style.add_modifier(Modifier::ITALIC),
            "underlined" => style = style.add_modifier(Modifier::UNDERLINED),
            "reversed" => style = style.add_modifier(Modifier::REVERSED),
            word => {
                let Some(color) = color(word) else { continue };
                style = if std::mem::take(&mut background) {
                    style.bg(color)
                } else {
                    style.fg(color)
                };
            }
        }
    }
    style
}

fn color(word: &str) -> Option<Color> {
    Some(match word {
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "gray" => Color::Gray,
        "dark-gray" => Color::DarkGray,
        "light-red" => Color::LightRed,
        "light-green" => Color::LightGreen,
        "light-yellow" => Color::LightYellow,
        "light-blue" => Color::LightBlue,
        "light-magenta" => Color::LightMagenta,
        "light-cyan" => Color::LightCyan,
        "white" => Color::White,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::ui::contrast::{GROUNDS, LEAST, contrast};

    fn all(theme: Theme) -> [(&'static str, Style); 11] {
        [
            ("text", theme.text),
            ("title", theme.title),
            ("dim", theme.dim),
            ("label", theme.label),
            ("good", theme.good),
            ("warning", theme.warning),
            ("danger", theme.danger),
            ("banner", theme.banner),
            ("selected", theme.selected),
            ("added", theme.added),
            ("removed", theme.removed),
        ]
    }

    /// The styles of a theme that cannot be read on black or on white.
    fn unreadable(theme: Theme) -> Vec<String> {
        let mut found = Vec::new();
        for (what, style) in all(theme) {
            for ground in GROUNDS {
                let contrast = contrast(theme.text.patch(style), ground);
                if contrast < LEAST {
                    found.push(format!("{what} on {ground:?}: {contrast:.2}"));
                }
            }
        }
        found
    }

    #[test]
    fn every_style_of_every_theme_can_be_read_on_black_and_on_white() {
        for (name, _) in THEMES {
            let found = unreadable(Theme::named(name).unwrap());
            assert!(found.is_empty(), "{name}: {found:?}");
        }
    }

    #[test]
    fn the_check_itself_finds_each_colour_that_cannot_be_read() {
        for (name, text) in THEMES {
            for (what, _) in all(Theme::default()) {
                for (colours, bad) in [("yellow on gray", 2), ("green on light-yellow", 2)] {
                    let mut document: toml_edit::DocumentMut = text.parse().unwrap();
                    document[what] = toml_edit::value(colours);
                    let found = unreadable(Theme::of(&document.to_string()).unwrap());
                    let of_it = found.iter().filter(|it| it.starts_with(what));
                    assert_eq!(of_it.count(), bad, "{name}: {what} = {colours}");
                }
            }
        }
        // Without a background of its own it is the terminal's that tells.
        let text = "text = \"\"\nlabel = \"yellow\"\ndim = \"blue\"\n";
        let found = unreadable(Theme::of(text).unwrap());
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("dim on Black"), "{found:?}");
        assert!(found[1].starts_with("label on White"), "{found:?}");
    }

    #[test]
    fn every_word_of_every_theme_means_something_and_no_style_is_missing() {
        for (name, text) in THEMES {
            let document: toml_edit::DocumentMut = text.parse().unwrap();
            assert_eq!(document.iter().count(), 11, "{name}");
            for (key, value) in document.iter() {
                for word in value.as_str().unwrap().split_whitespace() {
                    let known = color(word).is_some()
                        || matches!(
                            word,
                            "on" | "bold" | "dim" | "italic" | "underlined" | "reversed"
                        );
                    assert!(known, "{name}: {key}: {word}");
                }
            }
        }
        assert!(Theme::named("no-such-theme").is_none());
        let mono = Theme::named("mono").unwrap();
        for (what, style) in all(mono) {
            assert!(style.fg.is_none() && style.bg.is_none(), "{what}");
        }
    }
}
