//! Comma-separated values (RFC 4180) that a spreadsheet shows and never runs.

use crate::domain::text::safe;

/// Longer than any BSON string; data is never cut.
const WHOLE: usize = 64 * 1024 * 1024;

/// Text from the database as a field's content: what a spreadsheet would take for a formula gets a `'` before it, control
/// and bidi characters are shown as `\u{202e}`.
pub fn text(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']);
    // Most text is plain: nothing to look at character by character.
    let safe = if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        text.to_owned()
    } else {
        safe(text, WHOLE)
    };
    if formula { format!("'{safe}") } else { safe }
}

/// One record: fields quoted where they must be, and CRLF.
pub fn record<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (place, field) in fields.into_iter().enumerate() {
        if place > 0 {
            line.push(',');
        }
        if field.contains(['"', ',', '\r', '\n']) || field.starts_with(' ') || field.ends_with(' ')
        {
            line.push('"');
            line.push_str(&field.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(field);
        }
    }
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::{record, text};

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
            ("a=1", "a=1"),
            ("", ""),
            ("two\nlines \u{202e}", "two\\u{a}lines \\u{202e}"),
        ] {
            assert_eq!(text(raw), field);
        }
    }

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(
            record(["a", "b,c", "d\"e", " f", "", "g h"]),
            "a,\"b,c\",\"d\"\"e\",\" f\",,g h\r\n"
        );
        assert_eq!(record([""]), "\r\n");
    }
}
