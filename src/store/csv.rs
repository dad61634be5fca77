//! Comma-separated values (RFC 4180) that a spreadsheet shows and never runs.

use crate::domain::text::safe;

/// Longer than any BSON string; data is never cut.
const WHOLE: usize = 64 * 1024 * 1024;

/// Appends text from the database as a field, quoted where it must be: what a spreadsheet would take for a formula gets a `'` before it, control
/// and bidi characters are shown as `\u{202e}`.
pub fn append_field(record: &mut Vec<u8>, text: &str) {
    let formula = is_formula(text);
    // Most text is plain: nothing to look at character by character.
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let spaced = text.starts_with(' ') || text.ends_with(' ');
    if plain && !formula && !spaced && !text.bytes().any(|byte| matches!(byte, b'"' | b',')) {
        record.extend_from_slice(text.as_bytes());
        return;
    }
    let mark = if formula { "'" } else { "" };
    let text = format!("{mark}{}", safe(text, WHOLE));
    if text.starts_with(' ') || text.ends_with(' ') || text.contains(['"', ',', '\r', '\n']) {
        record.push(b'"');
        record.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        record.push(b'"');
    } else {
        record.extend_from_slice(text.as_bytes());
    }
}

/// True for what a spreadsheet takes for a formula, also behind blanks that it drops and in full-width characters that it folds.
fn is_formula(text: &str) -> bool {
    let first = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    text.starts_with(['\t', '\r', '\0'])
        || first.starts_with([
            '=', '+', '-', '@', '\0', '＝', '＋', '－', '＠', '−', '﹣', '﹢', '﹦', '﹫',
        ])
}

/// Appends one record of fields as they are to stand in it, and CRLF.
pub fn append_record<'a>(line: &mut Vec<u8>, fields: impl IntoIterator<Item = &'a [u8]>) {
    for (place, field) in fields.into_iter().enumerate() {
        if place > 0 {
            line.push(b',');
        }
        line.extend_from_slice(field);
    }
    line.extend_from_slice(b"\r\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{append_field, append_record};

    #[test]
    fn what_looks_like_a_formula_is_text() {
        for (raw, field) in [
            ("=1+1", "'=1+1"),
            ("+31 6", "'+31 6"),
            ("-1", "'-1"),
            ("@sum", "'@sum"),
            ("\t=1", "'\\u{9}=1"),
            ("\r=1", "'\\u{d}=1"),
            ("\0=1", "'\\u{0}=1"),
            (" =1", "' =1"),
            ("\u{a0}\u{3000}+1", "'\u{a0}\u{3000}+1"),
            ("\n=1", "'\\u{a}=1"),
            ("＝1+1", "'＝1+1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠sum", "'＠sum"),
            ("a=1", "a=1"),
            ("", ""),
            ("two\nlines \u{202e}", "two\\u{a}lines \\u{202e}"),
        ] {
            let mut cell = Vec::new();
            append_field(&mut cell, raw);
            assert_eq!(String::from_utf8(cell).unwrap(), field);
        }
    }

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let record = |fields: &[&str]| {
            let mut line = Vec::new();
            let written = fields.iter().map(|field| {
                let mut written = Vec::new();
                append_field(&mut written, field);
                written
            });
            let written: Vec<_> = written.collect();
            append_record(&mut line, written.iter().map(Vec::as_slice));
            String::from_utf8(line).unwrap()
        };
        assert_eq!(
            record(&["a", "b,c", "d\"e", " f", "", "g h"]),
            "a,\"b,c\",\"d\"\"e\",\" f\",,g h\r\n"
        );
        assert_eq!(record(&[""]), "\r\n");
    }
}
