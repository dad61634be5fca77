//! Text from the database made safe for a terminal, a log and a report; and values as people read them.

use std::fmt::Write;

use bson::raw::RawDocument;

use super::look_alike;
use super::raw::{Value, elements};

/// Combining marks in a row that are still drawn; a real script needs two or three.
const MARKS: usize = 4;

/// `text` with everything that could move a cursor, hide or reorder text written as `\u{202e}`, and cut to `limit` characters.
pub fn safe(text: &str, limit: usize) -> String {
    if text.len() <= limit && is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len().min(limit.saturating_mul(4)));
    let mut marks = 0;
    for (at, c) in text.chars().enumerate() {
        if at == limit {
            out.push('…');
            break;
        }
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if hides(c) || marks > MARKS {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c)); // writing to a String cannot fail
        } else {
            out.push(c);
        }
    }
    out
}

/// A name or a path on one line, whole, as [`safe`] writes it: what a message puts between its own words.
pub fn named(text: &str) -> String {
    safe(text, usize::MAX)
}

/// Lines of our own making, each as [`safe`] writes it: what leaves for a terminal or a file. A name that holds a line break must have come
/// through [`named`] before.
pub fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        out.push_str(&named(line));
    }
    out
}

/// JSON that means the same, with what [`safe`] would escape written as `\u202e`.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && hides(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}"); // as above
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// A parser's words without what they quote, which may be data that somebody typed. Words of the form of our own keys and codes stay.
pub fn unquoted(words: &str) -> String {
    let is_word = |it: &str| {
        it.len() <= 40
            && it.starts_with(|c: char| c.is_ascii_lowercase())
            && it
                .chars()
                .all(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '_'))
    };
    let mut out = String::with_capacity(words.len());
    for (at, part) in words.split(['"', '`']).enumerate() {
        if at % 2 == 0 || is_word(part) {
            out.push_str(part);
        } else {
            out.push('…');
        }
    }
    named(&out)
}

/// True for text that looks like an e-mail address or a telephone number.
pub fn is_personal(text: &str) -> bool {
    let text = text.trim();
    let mail = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !text.contains(char::is_whitespace)
    });
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let dials =
        |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '(' | ')' | '/' | '-' | '.');
    let phone = (7..=15).contains(&digits)
        && text.chars().all(dials)
        && (text.starts_with(['+', '(']) || text.starts_with("00") || text.contains(' '));
    mail || phone
}

/// A stand-in for a text that tells nothing but its first letter, and that is another one for another text.
pub fn alias(text: &str) -> String {
    use sha2::Digest as _;
    let first: String = text.chars().take(1).collect();
    let hash = hex::encode(sha2::Sha256::digest(text));
    format!("{}…#{}", named(&first), &hash[..8])
}

/// The same, with line breaks kept as line breaks.
pub fn safe_lines(text: &str, limit: usize) -> String {
    let mut left = limit;
    let mut lines = Vec::new();
    for line in text.lines() {
        if left == 0 {
            break;
        }
        lines.push(safe(line, left));
        left = left.saturating_sub(line.chars().count());
    }
    lines.join("\n")
}

/// The same on one line: a line break becomes a space.
pub fn safe_line(text: &str, limit: usize) -> String {
    safe(&text.replace(['\n', '\r'], " "), limit)
}

/// Controls, bidi overrides and isolates, zero-width and tag characters, variation selectors beyond the usual, line separators.
pub(super) fn hides(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xAD | 0x034F | 0x061C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
            | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xE0000..=0xE0FFF)
}

/// The same with a capital letter, for what follows a full stop.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// Names in a sentence: "a", "a and b", "a, b and c".
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<_> = names.into_iter().collect();
    let last = names.pop().unwrap_or_default();
    if names.is_empty() {
        return last.to_owned();
    }
    format!("{} and {last}", names.join(", "))
}

/// Longer text than anybody's name, e-mail or address.
const OVERSIZE: usize = 1_000;

/// True for text that could fool a screen: something that [`safe`] shows escaped, look-alike letters of several scripts, or more than
/// 1,000 characters.
pub fn is_unsafe(text: &str) -> bool {
    // Most text is plain: nothing to look at character by character.
    if text.len() <= OVERSIZE && is_plain(text) {
        return false;
    }
    let mut marks = 0;
    let hides_or_long = text.chars().enumerate().any(|(at, c)| {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        hides(c) || marks > MARKS || at == OVERSIZE
    });
    hides_or_long || look_alike::is_mixed(text)
}

/// True where every letter is one byte and one column: most texts.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn is_mark(c: char) -> bool {
    !c.is_ascii() && unicode_normalization::char::is_combining_mark(c)
}

/// A value as people read it: strings quoted, ids and dates short, the rest as relaxed extended JSON; safe, at most `limit` characters.
pub fn value(value: Value<'_>, limit: usize) -> String {
    if let Some(text) = value.as_str() {
        return format!("\"{}\"", safe(text, limit));
    }
    let mut document = super::raw::Builder::new(value.bytes.len() + 8);
    document.value("v", value);
    let json = bson::Document::try_from(&document.finish())
        .ok()
        .and_then(|mut document| document.remove("v"))
        .map(|bson| match bson {
            bson::Bson::ObjectId(id) => id.to_hex(),
            bson::Bson::DateTime(date) => date
                .try_to_rfc3339_string()
                .unwrap_or_else(|_| format!("{date:?}")),
            bson::Bson::Decimal128(number) => number.to_string(),
            other => other.into_relaxed_extjson().to_string(),
        });
    safe(
        &json.unwrap_or_else(|| format!("(type {:#04x})", value.kind)),
        limit,
    )
}

/// The fields of a document as (key, value) pairs for people.
pub fn fields(document: &RawDocument, limit: usize) -> Vec<(String, String)> {
    elements(document)
        .map_while(Result::ok)
        .map(|element| {
            (
                safe(&String::from_utf8_lossy(element.key), limit),
                value(element.value, limit),
            )
        })
        .collect()
}

/// `text` with all but its first character hidden; an e-mail keeps its domain's ending: `a…@….org`.
pub fn mask(text: &str) -> String {
    let first = text.chars().next().map(String::from).unwrap_or_default();
    match text.rsplit_once('@') {
        Some((_, domain)) => {
            let ending = domain.rsplit('.').next().unwrap_or_default();
            safe(&format!("{first}…@….{ending}"), 40)
        }
        None if text.is_empty() => String::new(),
        None => safe(&format!("{first}…"), 40),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_overrides_and_piles_of_marks_are_shown_and_not_obeyed() {
        assert_eq!(
            safe("a\u{1b}[31mb\u{202e}c\u{200b}", 99),
            "a\\u{1b}[31mb\\u{202e}c\\u{200b}"
        );
        let piled = safe(&format!("a{}", "\u{301}".repeat(9)), 99);
        assert!(piled.contains("\\u{301}"), "{piled}");
        assert_eq!(safe("José 李 שלום", 99), "José 李 שלום");
        assert_eq!(safe("abcdef", 3), "abc…");
    }

    #[test]
    fn names_are_listed_as_a_sentence_has_them() {
        assert_eq!(listed([]), "");
        assert_eq!(listed(["a"]), "a");
        assert_eq!(listed(["a", "b"]), "a and b");
        assert_eq!(listed(["a", "b", "c"]), "a, b and c");
    }

    #[test]
    fn json_keeps_its_meaning_and_hides_nothing() {
        let value = serde_json::json!({ "a\u{202e}": "\u{1b}[1m\u{9b}\u{e0041}\n", "b": [1, "é"] });
        let text = json(&format!("{value:#}"));
        assert!(text.chars().all(|c| c == '\n' || !hides(c)), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).ok(),
            Some(value)
        );
    }

    #[test]
    fn lines_stay_lines_and_a_name_stays_on_one() {
        assert_eq!(lines("a\nb\u{9b}c\r\n"), "a\nb\\u{9b}c\\u{d}\n");
        assert_eq!(named("a\nb"), "a\\u{a}b");
    }

    #[test]
    fn mail_addresses_and_telephone_numbers_are_personal_and_other_ids_are_not() {
        for text in [
            "ann@example.org",
            "a@b",
            "+49 30 1234567",
            "0049301234567",
            "(030) 123 4567",
        ] {
            assert!(is_personal(text), "{text}");
            assert!(!alias(text).contains(&text[1..]), "{text}");
        }
        for text in [
            "",
            "user-17",
            "65a000000000000000000001",
            "1234567890",
            "@",
            "a @ b",
            "2024-01-01",
            "cjld2cjxh0000qzrmn831i7rn",
        ] {
            assert!(!is_personal(text), "{text}");
        }
        assert_ne!(alias("ann@example.org"), alias("ann@example.com"));
    }

    #[test]
    fn a_masked_value_keeps_its_first_letter_and_the_ending_of_its_domain() {
        assert_eq!(mask("ann@example.org"), "a…@….org");
        assert_eq!(mask("Ann"), "A…");
        assert_eq!(mask(""), "");
    }
}
