//! Styles by meaning. Sixteen ANSI colours at most, none at all when asked; no state is told by colour alone.

use ratatui::style::{Color, Modifier, Style};

/// The styles.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    color: bool,
}

impl Theme {
    /// With colours, or (NO_COLOR) without.
    pub fn new(color: bool) -> Self {
        Self { color }
    }

    fn of(self, color: Color) -> Style {
        if self.color {
            Style::new().fg(color)
        } else {
            Style::new()
        }
    }

    /// Headings.
    pub fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Less important text.
    pub fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Labels and keys.
    pub fn label(self) -> Style {
        self.of(Color::Cyan)
    }

    /// Something is well.
    pub fn good(self) -> Style {
        self.of(Color::Green)
    }

    /// Something should be looked at.
    pub fn warning(self) -> Style {
        self.of(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    /// Something is wrong.
    pub fn danger(self) -> Style {
        self.of(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// The banner.
    pub fn banner(self) -> Style {
        if self.color {
            Style::new()
                .fg(Color::White)
                .bg(Color::Red)
                .add_modifier(Modifier::BOLD)
        } else {
            Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD)
        }
    }

    /// The selected line, and the pane that has the focus.
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A line that a diff adds.
    pub fn added(self) -> Style {
        self.of(Color::Blue).add_modifier(Modifier::BOLD)
    }

    /// A line that a diff removes: the orange of the sixteen.
    pub fn removed(self) -> Style {
        self.of(Color::Yellow)
    }
}
