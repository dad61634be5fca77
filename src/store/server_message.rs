//! What we show of a refusal of the server: its code in our words. A server's own text may quote whole documents or parts of the command, so it
//! passes only where its code is listed here as clean, each with the reason.

use crate::domain::text::safe;

/// MongoDB's code for a duplicate key.
pub const DUPLICATE_KEY: i32 = 11_000;

/// The longest text of a server that passes.
const LONGEST: usize = 300;

/// What is said of a code without an entry.
const UNKNOWN: &str =
    "the server's text is not shown, because it may quote data; the code says what it is about";

/// Codes in our words: the usual ones, and those whose own text quotes documents.
const WORDS: [(i32, &str); 72] = [
    (2, "it does not accept a value of the command (BadValue)"),
    (6, "a host cannot be reached"),
    (7, "a host is not known"),
    (9, "it cannot read a part of the command (FailedToParse)"),
    (11, "there is no such user"),
    (13, "our user lacks a privilege for this"),
    (14, "a value has a type that does not fit (TypeMismatch)"),
    (18, "the credentials are wrong"),
    (
        20,
        "this is not possible on this kind of server (IllegalOperation)",
    ),
    (26, "there is no such collection"),
    (27, "there is no such index"),
    (31, "there is no such role"),
    (
        43,
        "the cursor is gone: the server was restarted, or ended it",
    ),
    (48, "a collection of that name is there already"),
    (50, "it took longer than its time limit"),
    (52, "a field name begins with $"),
    (53, "an _id cannot be stored"),
    (57, "a field name holds a dot"),
    (59, "this server does not know the command"),
    (
        64,
        "a majority of the members did not confirm the write in time",
    ),
    (
        67,
        "the index cannot be made with these options (CannotCreateIndex)",
    ),
    (68, "an index of that name is there already"),
    (72, "it does not accept an option"),
    (73, "the name of the collection or database cannot be used"),
    (76, "this server has no replication"),
    (79, "the write concern is not known to the server"),
    (
        85,
        "an index with these keys, or of this name, is there with other options",
    ),
    (
        86,
        "an index of this name is there with other keys or options",
    ),
    (89, "the network was too slow"),
    (91, "the server is shutting down"),
    (96, "the operation failed (OperationFailed)"),
    (
        100,
        "too few members of the replica set hold data for this write concern",
    ),
    (112, "another operation wrote the same document"),
    (115, "this server does not support the command"),
    (
        117,
        "another operation on the collection is under way, an index build for instance",
    ),
    (121, "a document does not pass the collection's validator"),
    (125, "the command failed (CommandFailed)"),
    (133, "no member of the set may be read from"),
    (134, "the server cannot read what a majority has yet"),
    (
        136,
        "the server's log (oplog) was overwritten before it was read to its end",
    ),
    (146, "the server reached its memory limit"),
    (166, "this is not possible on a view"),
    (171, "a document holds arrays in two fields of one index"),
    (
        175,
        "the collection or index was dropped or renamed while it was read",
    ),
    (189, "the primary stepped down"),
    (197, "an option of the index is not valid"),
    (211, "the key that signs cluster times was not found"),
    (237, "the cursor was ended"),
    (239, "the moment to read from is too old"),
    (246, "the moment to read from is not kept by the server"),
    (251, "the transaction is gone"),
    (262, "it took longer than its time limit"),
    (276, "the index build was ended"),
    (280, "the change stream ended"),
    (
        286,
        "the server's log (oplog) no longer holds the point to begin from",
    ),
    (290, "the transaction took longer than the server allows"),
    (292, "the query needs more memory than the server allows"),
    (359, "documents stand in the way of a unique index"),
    (
        361,
        "the collection of that name is another one than before",
    ),
    (
        371,
        "writes are blocked on this cluster (setUserWriteBlockMode)",
    ),
    (391, "the server asks for authentication again"),
    (9001, "the connection broke"),
    (10_107, "this member is not the primary"),
    (10_334, "a document is bigger than 16 MiB"),
    (11_600, "the server is shutting down"),
    (11_601, "somebody ended the operation"),
    (11_602, "the replica set elected another primary"),
    (13_435, "this member is not the primary"),
    (13_436, "this member is starting or recovering"),
    (
        16_755,
        "a document holds a place that a geo index (2dsphere) cannot index",
    ),
    (
        17_261,
        "a document names a language in a type that a text index cannot use",
    ),
    (
        17_262,
        "a document names a language that a text index does not know",
    ),
];

/// Codes whose own text passes, each with why it holds nothing of a document and nothing that somebody typed.
const CLEAN: [(i32, &str); 8] = [
    (18, "a fixed sentence: \"Authentication failed.\""),
    (59, "names the command, which is ours"),
    (64, "a fixed sentence about replication"),
    (100, "a fixed sentence about the members of the set"),
    (371, "a fixed sentence: \"User writes blocked\""),
    (10_107, "a fixed sentence: \"not primary\""),
    (11_602, "a fixed sentence about the member's state"),
    (14_031, "numbers of bytes: free space and what is needed"),
];

/// What is shown of a refusal with this code and this text.
pub fn words(code: i32, theirs: &str) -> String {
    let ours = WORDS.iter().find(|(known, _)| *known == code);
    let ours = ours.map(|(_, words)| (*words).to_owned());
    if code == DUPLICATE_KEY {
        return match index_of_duplicate(theirs) {
            Some(index) => format!(
                "a value would stand twice in the unique index {}",
                safe(index, LONGEST)
            ),
            None => "a value would stand twice in a unique index".to_owned(),
        };
    }
    let clean = CLEAN.iter().any(|(clean, _)| *clean == code) && !theirs.is_empty();
    match (ours, clean) {
        (Some(ours), true) => format!("{ours} (“{}”)", safe(theirs, LONGEST)),
        (Some(ours), false) => ours,
        (None, true) => safe(theirs, LONGEST),
        (None, false) => UNKNOWN.to_owned(),
    }
}

/// The index's name of "… index: NAME dup key: …"; values stand behind it alone. Nothing where the text has another form.
fn index_of_duplicate(text: &str) -> Option<&str> {
    let before = &text[..text.find(" dup key")?];
    let (_, name) = before.split_once(" index: ")?;
    Some(name.split(" collation").next().unwrap_or(name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_text_of_clean_codes_passes_and_that_escaped() {
        for code in (-1..20_000).chain([40_352, 51_270, 5_107_200, 6_493_100]) {
            let shown = words(code, "secret\u{1b}[31m");
            let clean = CLEAN.iter().any(|(clean, _)| *clean == code);
            assert_eq!(shown.contains("secret"), clean, "{code}: {shown}");
            assert!(!shown.contains('\u{1b}'), "{code}: {shown:?}");
        }
    }

    #[test]
    fn a_duplicate_names_its_index_and_no_value() {
        let text = "E11000 duplicate key error collection: t.Customer index: Customer_email_key dup key: { email: \"ann@example.org\" }";
        assert_eq!(
            words(11_000, text),
            "a value would stand twice in the unique index Customer_email_key"
        );
        for other in [
            "E11000 duplicate key: ann@example.org",
            "ann@example.org dup key index: ann@example.org",
            "",
        ] {
            assert_eq!(
                words(11_000, other),
                "a value would stand twice in a unique index"
            );
        }
    }

    #[test]
    fn each_code_is_listed_once_and_a_clean_one_says_why() {
        for list in [WORDS.map(|it| it.0).to_vec(), CLEAN.map(|it| it.0).to_vec()] {
            let mut once = list.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(list.len(), once.len());
        }
        assert!(CLEAN.iter().all(|(_, why)| why.len() > 10));
    }
}
