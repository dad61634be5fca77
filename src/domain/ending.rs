//! How something that was ordered ended. One list of words, for the console, the command line and the report.

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All of it was done.
    Done,
    /// It was done, and something was left; the text says what.
    PartlyDone,
    /// The operator stopped it.
    Stopped,
    /// It was refused before it began; the text says why.
    Refused,
    /// It failed; the text says the cause.
    Failed,
}

impl Ending {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::PartlyDone => "partly done",
            Self::Stopped => "stopped by you",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// An ending with its text: what came out, what was left, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub ending: Ending,
    /// The text.
    pub says: String,
}

impl Ended {
    /// All of it was done.
    pub fn done(says: impl Into<String>) -> Self {
        Self {
            ending: Ending::Done,
            says: says.into(),
        }
    }
}
