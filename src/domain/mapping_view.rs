//! A mapping as the console shows it: the file's text or a proposal, what was seen in the database, and what does not fit.

use super::propose::Catalogue;

/// Where the text of a mapping comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MappingSource {
    /// The file is there.
    File,
    /// No file is there, and the built-in names fit.
    BuiltIn,
    /// No file is there: it was proposed from the data.
    Proposal,
    /// The run under way, or the finished one, keeps its own.
    Run,
}

impl MappingSource {
    /// In words, for a title.
    pub fn words(self) -> &'static str {
        match self {
            Self::File => "as the file says",
            Self::BuiltIn => "built in, no file",
            Self::Proposal => "proposed from the data, not saved",
            Self::Run => "as the run began with it",
        }
    }
}

/// The mapping, and what helps to change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingView {
    /// The text that is shown.
    pub text: String,
    /// Where it comes from.
    pub source: MappingSource,
    /// The file that it is saved to; safe to draw.
    pub file: String,
    /// What stands in that file now; `None` where there is none.
    pub in_file: Option<String>,
    /// What the check of the mapping refused, each beginning with its key.
    pub refused: Vec<String>,
    /// What the check warns of.
    pub warnings: Vec<String>,
    /// What was seen in the database.
    pub catalogue: Catalogue,
    /// A mapping proposed from the data, or why there is none.
    pub proposed: Result<String, String>,
    /// Why nothing can be saved now.
    pub locked: Option<String>,
}

impl MappingView {
    /// What was said against the key at this place: "booking.user".
    pub fn against(&self, place: &str) -> Option<&str> {
        let inside = format!("{place}.");
        let of_key = |words: &&String| {
            words.split_whitespace().any(|word| {
                word.strip_suffix(':')
                    .is_some_and(|key| key == place || key.starts_with(&inside))
            })
        };
        let said = self.refused.iter().chain(&self.warnings).find(of_key);
        said.map(String::as_str)
    }
}
