//! Moving a selection or a scrolled text: by rows, by pages, to an end.

/// A move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// By so many rows, up when negative.
    By(isize),
    /// By a page, up when negative.
    Pages(isize),
    /// To the beginning.
    First,
    /// To the end.
    Last,
}

impl Move {
    /// Where it leads from `at`, with pages of `page` rows and `last` as the end.
    pub fn from(self, at: usize, page: usize, last: usize) -> usize {
        let to = match self {
            Self::By(by) => at.saturating_add_signed(by),
            Self::Pages(pages) => {
                at.saturating_add_signed(pages.saturating_mul(page.max(1).cast_signed()))
            }
            Self::First => 0,
            Self::Last => last,
        };
        to.min(last)
    }

    /// The same move in the other direction.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::By(by) => Self::By(-by),
            Self::Pages(by) => Self::Pages(-by),
            Self::First => Self::Last,
            Self::Last => Self::First,
        }
    }
}
