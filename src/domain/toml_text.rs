//! TOML that a person can read safely: what could move a cursor, hide or reorder text is escaped in strings, and made visible in comments.

use std::fmt::Write;

use super::text::{hides, named};

/// A file that reads back to the same values, with nothing in it that could fool a reader. Line breaks and tabs stay.
pub fn visible(text: &str) -> String {
    if !text.chars().any(is_hidden) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => {
                let length = rest.find('\n').unwrap_or(rest.len());
                for c in rest[..length].chars() {
                    if is_hidden(c) {
                        out.push_str(&named(c.encode_utf8(&mut [0; 4])));
                    } else {
                        out.push(c);
                    }
                }
                length
            }
            '"' | '\'' => string(rest, first, &mut out),
            c => {
                out.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    out
}

/// A text as a value in quotes.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\\' | '"' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c)); // as above
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn is_hidden(c: char) -> bool {
    hides(c) && !matches!(c, '\n' | '\r' | '\t')
}

/// Writes the string that `text` begins with, and returns its length there.
fn string(text: &str, quote: char, out: &mut String) -> usize {
    let single = &text[..1];
    let triple = single.repeat(3);
    let fence = if text.starts_with(&triple) {
        triple.as_str()
    } else {
        single
    };
    let is_basic = quote == '"';
    let length = closed(text, fence, is_basic);
    let inside = text[..length].strip_suffix(fence);
    let inside = inside.and_then(|text| text.strip_prefix(fence));
    let Some(inside) = inside.filter(|it| it.chars().any(is_hidden)) else {
        out.push_str(&text[..length]);
        return length;
    };
    // A literal string has no escapes: it becomes a basic one.
    let fence = fence.replace('\'', "\"");
    out.push_str(&fence);
    for c in inside.chars() {
        match c {
            '\\' | '"' if !is_basic => {
                out.push('\\');
                out.push(c);
            }
            c if is_hidden(c) && u32::from(c) <= 0xFFFF => {
                let _ = write!(out, "\\u{:04X}", u32::from(c)); // writing to a String cannot fail
            }
            c if is_hidden(c) => {
                let _ = write!(out, "\\U{:08X}", u32::from(c)); // as above
            }
            c => out.push(c),
        }
    }
    out.push_str(&fence);
    length
}

/// Where the string ends that `text` begins with; its whole length where it does not.
fn closed(text: &str, fence: &str, is_basic: bool) -> usize {
    let mut at = fence.len();
    while let Some(c) = text[at..].chars().next() {
        if text[at..].starts_with(fence) {
            at += fence.len();
            // Up to two more quotes before the fence of a long string belong to it.
            while fence.len() == 3 && text[at..].starts_with(&fence[..1]) {
                at += 1;
            }
            return at;
        }
        at += c.len_utf8();
        if c == '\\' && is_basic {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn values(text: &str) -> toml_edit::DocumentMut {
        text.parse().unwrap()
    }

    #[test]
    fn values_stay_what_they_are_and_nothing_in_the_file_hides() {
        let text = "# a \u{202e}comment\u{200b} 👩\u{200d}👧\n\"k\u{202e}\" = \"a \\\" \u{202e}b # no comment\" # why \u{9b}2J\n\
                    l = 'C:\\x \"\u{2066}\"'\nm = '''\nline \u{e0041} \\ \"\"\"\nend\u{202e}'''\n\
                    n = \"\"\"\ntwo \u{202e}\nlines\\\\\"\"\"\"\"\np = \"plain\\u202e\"\nq = [\"\u{feff}x\", 'y']\n";
        let made = visible(text);
        assert!(!made.chars().any(is_hidden), "{made:?}");
        assert!(made.contains("# a \\u{202e}comment\\u{200b}"), "{made}");
        let (was, is) = (values(text), values(&made));
        let bare = |of: &toml_edit::DocumentMut| {
            let of: std::collections::BTreeMap<String, String> = of
                .iter()
                .map(|(key, item)| {
                    let texts = item.as_array().map(|all| {
                        let all = all.iter().filter_map(toml_edit::Value::as_str);
                        all.collect::<Vec<_>>().join("|")
                    });
                    let text = item.as_str().map(str::to_owned).or(texts);
                    (key.to_owned(), text.unwrap())
                })
                .collect();
            of
        };
        assert_eq!(bare(&was), bare(&is));
        assert_eq!(visible(&made), made);
    }

    #[test]
    fn what_hides_nothing_is_the_same_file() {
        let text = "a = 'x' # é\n\tb = \"\"\"\ny\"\"\"\r\n";
        assert_eq!(visible(text), text);
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends(text in "[\"'#\\\\\n\u{202e}a= ]{0,40}") {
            let made = visible(&text);
            proptest::prop_assert!(made.len() >= text.len().min(1));
        }
    }
}
