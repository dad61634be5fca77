//! Text → tokens. Comments go; line ends stay, for a field ends with its line.

use super::source::{Flaw, Place};

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name: letters, digits, `_` and `-`.
    Name(String),
    /// A string, without quotes and escapes.
    Text(String),
    /// A number as it is written.
    Number(String),
    /// One of `{ } ( ) [ ] ? ! : , = . @`.
    Sign(char),
    /// `@@`.
    BlockAt,
    /// The end of a line.
    Newline,
    /// The end of the file.
    End,
}

impl Kind {
    /// The token in words, for a message.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Name(name) => format!("`{}`", crate::domain::text::safe(name, 60)),
            Self::Text(_) => "a string".to_owned(),
            Self::Number(number) => format!("the number {}", crate::domain::text::safe(number, 60)),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::BlockAt => "`@@`".to_owned(),
            Self::Newline => "the end of the line".to_owned(),
            Self::End => "the end of the file".to_owned(),
        }
    }
}

/// A token and where it begins.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) place: Place,
}

/// Splits `text` into tokens; the last one is [`Kind::End`].
pub(super) fn tokens(text: &str, file: usize) -> Result<Vec<Token>, Flaw> {
    let mut lexer = Lexer { text, at: 0, file };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next()?;
        let ended = token.kind == Kind::End;
        tokens.push(token);
        if ended {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    file: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn place(&self) -> Place {
        Place {
            file: self.file,
            at: self.at,
        }
    }

    fn flaw(&self, message: impl Into<String>) -> Flaw {
        Flaw::new(self.place(), message)
    }

    fn next(&mut self) -> Result<Token, Flaw> {
        self.skip_blanks()?;
        let place = self.place();
        let kind = self.kind()?;
        Ok(Token { kind, place })
    }

    /// Passes over spaces and comments.
    fn skip_blanks(&mut self) -> Result<(), Flaw> {
        loop {
            let rest = self.rest();
            if rest.starts_with("//") {
                self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let Some(end) = comment.find("*/") else {
                    return Err(self.flaw("this comment has no end (`*/`)"));
                };
                self.at += end + 4;
            } else {
                match rest.chars().next() {
                    // A byte-order mark is white space to editors, and to us.
                    Some(c) if (c.is_whitespace() && c != '\n' && c != '\r') || c == '\u{feff}' => {
                        self.at += c.len_utf8();
                    }
                    _ => return Ok(()),
                }
            }
        }
    }

    fn kind(&mut self) -> Result<Kind, Flaw> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(Kind::End);
        };
        if first == '\n' || first == '\r' {
            self.at += if rest.starts_with("\r\n") { 2 } else { 1 };
            return Ok(Kind::Newline);
        }
        if rest.starts_with("@@") {
            self.at += 2;
            return Ok(Kind::BlockAt);
        }
        if "{}()[]?!:,=.@".contains(first) {
            self.at += 1;
            return Ok(Kind::Sign(first));
        }
        if first == '"' {
            return self.string();
        }
        let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        if part(first) {
            let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
            return Ok(self.word(length));
        }
        Err(self.flaw(format!(
            "the character {} has no meaning in a schema",
            crate::domain::text::safe(&format!("`{first}`"), 20)
        )))
    }

    /// A name, or a number with what follows its point.
    fn word(&mut self, length: usize) -> Kind {
        let rest = self.rest();
        let word = &rest[..length];
        let digits = word.strip_prefix('-').unwrap_or(word);
        let number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        if !number(digits) {
            let word = word.to_owned();
            self.at += length;
            return Kind::Name(word);
        }
        let mut length = length;
        if let Some(fraction) = rest[length..].strip_prefix('.') {
            let end = fraction.find(|c: char| !c.is_ascii_digit());
            let end = end.unwrap_or(fraction.len());
            if end > 0 {
                length += 1 + end;
            }
        }
        let text = rest[..length].to_owned();
        self.at += length;
        Kind::Number(text)
    }

    /// A string as JSON writes it.
    fn string(&mut self) -> Result<Kind, Flaw> {
        let mut end = 1;
        let rest = self.rest();
        loop {
            match rest.as_bytes().get(end) {
                None | Some(b'\n' | b'\r') => {
                    return Err(self.flaw("this string has no end (`\"`)"));
                }
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        let Some(quoted) = rest.get(..=end) else {
            return Err(self.flaw("this string has no end (`\"`)"));
        };
        // A tab within a string is written by people, and JSON refuses it.
        let text = serde_json::from_str(&quoted.replace('\t', "\\t"));
        let text = text.map_err(|_| self.flaw("this string has an escape that is none"))?;
        self.at += end + 1;
        Ok(Kind::Text(text))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        let tokens = tokens(text, 0).unwrap();
        tokens.into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn comments_go_and_line_ends_stay() {
        let name = |text: &str| Kind::Name(text.to_owned());
        assert_eq!(
            kinds("a // b\r\n/* c\n d */ e /// f"),
            [name("a"), Kind::Newline, name("e"), Kind::End]
        );
    }

    #[test]
    fn numbers_names_and_strings_are_told_apart() {
        assert_eq!(
            kinds("-1.5 2FA a-b \"x\\\"\\u00eb\" @@"),
            [
                Kind::Number("-1.5".to_owned()),
                Kind::Name("2FA".to_owned()),
                Kind::Name("a-b".to_owned()),
                Kind::Text("x\"ë".to_owned()),
                Kind::BlockAt,
                Kind::End
            ]
        );
    }

    #[test]
    fn a_string_or_comment_without_an_end_is_refused_where_it_begins() {
        for (text, at) in [("a \"b\nc\"", 2), ("a /* b", 2), ("\"\\", 0), ("a ; b", 2)] {
            assert_eq!(tokens(text, 0).unwrap_err().place.at, at, "{text}");
        }
    }
}
