//! What an after-schema asks of the data, as the console lists it: each change with its documents and its answer, what nothing mends, the
//! indexes, and what a push would drop.

/// What becomes of one thing that an after-schema asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It is done, by an answer.
    Accepted,
    /// It waits for an answer, which may be to accept it.
    Undecided,
    /// No answer mends it, or only one that says what.
    Blocker,
    /// A decision leaves it as it is.
    Left,
    /// It is worth knowing.
    Note,
}

impl Stands {
    const ALL: [Self; 5] = [
        Self::Accepted,
        Self::Undecided,
        Self::Blocker,
        Self::Left,
        Self::Note,
    ];

    /// In the list and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Undecided => "undecided",
            Self::Blocker => "blocker",
            Self::Left => "left",
            Self::Note => "note",
        }
    }

    /// The one of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }
}

/// An answer that can be given to something that an after-schema asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// What is suggested is done.
    Accept,
    /// The documents stay as they are.
    Leave,
    /// A value is written where nothing is.
    Constant,
    /// What another field says is written where nothing is.
    Field,
}

/// What becomes of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It stands already.
    Stands,
    /// It is made.
    Made,
    /// It is made once nothing in the list is open.
    MadeOnceSettled,
    /// A blocker keeps it from being made.
    Forbidden,
    /// Another one takes its place: under the schema's name, or over the field that comes instead.
    Replaced,
    /// Likewise, once nothing in the list is open.
    ReplacedOnceSettled,
    /// It is kept, and a push drops it, since the schema does not name it.
    PushDrops,
}

/// An index of a collection that a model reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexLine {
    /// The collection, by its name of today.
    pub collection: String,
    /// The index's name.
    pub name: String,
    /// Its fields in words: "businessId, email".
    pub keys: String,
    /// No two documents share a value.
    pub unique: bool,
    /// What becomes of it.
    pub fate: Fate,
}

/// One thing that an after-schema asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaLine {
    /// What an answer calls it; empty where none can be given.
    pub key: String,
    /// What it is about, in one word.
    pub about: String,
    /// What happens, in words.
    pub says: String,
    /// How many documents, where it is about documents.
    pub count: u64,
    /// What becomes of it.
    pub stands: Stands,
    /// The answers that can be given.
    pub ways: Vec<Way>,
    /// The answer that was given to it.
    pub answer: Option<String>,
    /// The documents that it was seen in, a few of them, by their ids.
    pub samples: Vec<String>,
    /// The same in people's words, where they have any.
    pub named: Vec<String>,
}

/// The whole list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaView {
    /// The files of the after-schema; empty where none was given.
    pub files: String,
    /// What is asked, in the order in which it was read.
    pub lines: Vec<SchemaLine>,
    /// The indexes of the collections that the schema reads.
    pub indexes: Vec<IndexLine>,
    /// What was presumed, or what else is to be said of the whole list.
    pub remark: String,
    /// Why no answer can be given now.
    pub locked: Option<String>,
}

impl SchemaView {
    /// How many things stand so.
    pub fn count(&self, stands: Stands) -> usize {
        self.lines.iter().filter(|it| it.stands == stands).count()
    }

    /// True while something keeps a plan from being made.
    pub fn is_open(&self) -> bool {
        self.count(Stands::Undecided) + self.count(Stands::Blocker) > 0
    }
}

/// The line of a plan's list, as it was written: "write (accepted): Customer: …".
pub fn line_of_plan(text: &str) -> SchemaLine {
    let parts = text
        .split_once(" (")
        .and_then(|(about, rest)| Some((about, rest.split_once("): ")?)));
    let known =
        parts.and_then(|(about, (word, says))| Some((about, Stands::from_word(word)?, says)));
    let (about, stands, says) = known.unwrap_or(("", Stands::Note, text));
    SchemaLine {
        key: String::new(),
        about: about.to_owned(),
        says: says.to_owned(),
        count: 0,
        stands,
        ways: Vec::new(),
        answer: None,
        samples: Vec::new(),
        named: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_plan_is_read_as_it_was_written() {
        let line =
            line_of_plan("write (accepted): Customer: isActive: true written (366 documents)");
        assert_eq!(line.about, "write");
        assert_eq!(line.stands, Stands::Accepted);
        assert_eq!(
            line.says,
            "Customer: isActive: true written (366 documents)"
        );
        let line = line_of_plan("something else (of a later version)");
        assert_eq!(line.stands, Stands::Note);
        assert_eq!(line.says, "something else (of a later version)");
    }
}
