//! Numbers that the operator confirmed by typing them: how many bookings an answer takes out of the application, or how many values of a
//! reference lead nowhere. A number holds for exactly that many.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::conflict::Code;

/// What a confirmed number counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Accepted {
    /// Bookings that the answers to this kind of conflict take out of the application.
    Bookings(Code),
    /// Set values of this reference of the mapping (`booking.service`) that lead nowhere.
    Unresolved(String),
}

/// Begins the word of a reference.
const MAPPING: &str = "mapping:";

impl Accepted {
    /// Reads its word.
    ///
    /// # Errors
    /// What such a word looks like.
    pub fn parse(word: &str) -> Result<Self, String> {
        // A followed collection may be called `mapping`.
        if let Some(code) = Code::from_word(word) {
            return Ok(Self::Bookings(code));
        }
        let key = word.strip_prefix(MAPPING).filter(|key| !key.is_empty());
        key.map(|key| Self::Unresolved(key.to_owned())).ok_or_else(|| {
            format!(
                "\"{word}\" is neither a conflict code, such as booking-without-business, nor a reference of the mapping, such as mapping:booking.service"
            )
        })
    }

    /// Reads what the command line says: the word, `=`, the number.
    ///
    /// # Errors
    /// What such an argument looks like.
    pub fn argument(text: &str) -> Result<(Self, u64), String> {
        let (word, number) = text
            .rsplit_once('=')
            .ok_or("it takes CODE=N, such as booking-without-business=44")?;
        let digits = number.replace(',', "");
        let number = digits
            .parse()
            .map_err(|_| format!("\"{number}\" is no whole number"))?;
        Ok((Self::parse(word)?, number))
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bookings(code) => write!(f, "{code}"),
            Self::Unresolved(key) => write!(f, "{MAPPING}{key}"),
        }
    }
}

impl TryFrom<String> for Accepted {
    type Error = String;
    fn try_from(word: String) -> Result<Self, String> {
        Self::parse(&word)
    }
}

impl From<Accepted> for String {
    fn from(accepted: Accepted) -> Self {
        accepted.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_argument_names_a_code_or_a_reference_and_a_whole_number() {
        for (text, word, number) in [
            (
                "booking-without-business=44",
                "booking-without-business",
                44,
            ),
            ("booking-without-user=1,204", "booking-without-user", 1_204),
            ("mapping:booking.service=3", "mapping:booking.service", 3),
            (
                "payments:booking-without-user=7",
                "payments:booking-without-user",
                7,
            ),
        ] {
            let (accepted, found) = Accepted::argument(text).unwrap();
            assert_eq!((accepted.to_string().as_str(), found), (word, number));
        }
        for text in [
            "booking-without-business",
            "booking-without-business=many",
            "booking-without-business=-1",
            "no-such-code=4",
            "mapping:=4",
        ] {
            assert!(Accepted::argument(text).is_err(), "{text}");
        }
    }
}
