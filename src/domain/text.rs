//! Text from the database made safe for a terminal, a log and a report; and values as people read them.

use std::fmt::Write;

use bson::raw::RawDocument;

use super::raw::{Value, elements};

/// Combining marks in a row that are still drawn; a real script needs two or three.
const MARKS: usize = 4;

/// `text` with everything that could move a cursor, hide or reorder text written as `\u{202e}`, and cut to `limit` characters.
pub fn safe(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit * 4));
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
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xAD | 0x034F | 0x061C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
            | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xE0000..=0xE0FFF)
}

/// Longer text than anybody's name, e-mail or address.
const OVERSIZE: usize = 1_000;

/// True for text that could fool a screen: something that [`safe`] shows escaped, or more than 1,000 characters.
pub fn is_unsafe(text: &str) -> bool {
    // Most text is plain: nothing to look at character by character.
    if text.len() <= OVERSIZE && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return false;
    }
    let mut marks = 0;
    text.chars().enumerate().any(|(at, c)| {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        hides(c) || marks > MARKS || at == OVERSIZE
    })
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
    fn a_masked_value_keeps_its_first_letter_and_the_ending_of_its_domain() {
        assert_eq!(mask("ann@example.org"), "a…@….org");
        assert_eq!(mask("Ann"), "A…");
        assert_eq!(mask(""), "");
    }
}
