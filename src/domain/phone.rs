//! Phone numbers: when two are the same.

use phonenumber::Mode;
use phonenumber::country::Id as Country;
use rust_iso3166::ALL;

/// Digits at the end that two spellings of one number always share; fewer where a number is shorter.
const TAIL: usize = 6;
/// Numbers with fewer digits are extensions or noise, and name nobody.
const SHORTEST: usize = 5;

/// The form by which phone numbers of one business are compared: E.164 where the number says its country or `country` does, else its
/// digits. `None` for what is no phone number.
pub fn normalise(text: &str, country: Option<&str>) -> Option<String> {
    let digits = digits(text);
    if digits.len() < SHORTEST {
        return None;
    }
    // A number with 00 in front is an international one as written on a telephone.
    let typed = text.trim();
    let typed = match typed.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => typed.to_owned(),
    };
    match phonenumber::parse(country.and_then(country_of), typed) {
        Ok(number) => Some(number.format().mode(Mode::E164).to_string()),
        Err(_) => Some(digits),
    }
}

/// What two spellings of one number have in common at least, and cheap to compute: candidates for [`normalise`]. 0 for what is none.
pub fn tail(text: &str) -> u32 {
    let digits = digits(text);
    if digits.len() < SHORTEST {
        return 0;
    }
    let tail = &digits[digits.len().saturating_sub(TAIL)..];
    // A leading 1 keeps "000123" and "123" apart, and every tail from 0.
    format!("1{tail}").parse().unwrap_or(0)
}

/// Its digits, without what follows a letter: an extension.
pub fn digits(text: &str) -> String {
    text.chars()
        .take_while(|c| !c.is_alphabetic() && *c != ';')
        .filter(char::is_ascii_digit)
        .collect()
}

/// The country that people mean by `text`: its code of two or three letters, its English name, or the beginning of one alone.
fn country_of(text: &str) -> Option<Country> {
    let text = text.trim().to_lowercase();
    if text.len() < 2 {
        return None;
    }
    let alpha2 = if text == "uk" {
        "GB"
    } else {
        let by = |fits: &dyn Fn(&str) -> bool| {
            let mut found = ALL
                .iter()
                .filter(|it| fits(&it.name.to_lowercase()))
                .map(|it| it.alpha2);
            found.next().filter(|_| found.next().is_none())
        };
        ALL.iter()
            .find(|it| {
                it.alpha2.eq_ignore_ascii_case(&text) || it.alpha3.eq_ignore_ascii_case(&text)
            })
            .map(|it| it.alpha2)
            .or_else(|| by(&|name| name == text))
            .or_else(|| by(&|name| text.len() > 3 && name.starts_with(&text)))?
    };
    alpha2.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_number_are_one_where_the_country_is_known() {
        for (text, country) in [
            ("+49 30 901820", None),
            ("0049 (30) 90 18 20", None),
            ("030/901820", Some("Germany")),
            ("030 901820", Some("de")),
            ("030-901820", Some("DEU")),
        ] {
            assert_eq!(
                normalise(text, country).as_deref(),
                Some("+4930901820"),
                "{text} {country:?}"
            );
        }
        assert_eq!(
            normalise("020 7946 0018", Some("United Kingdom")),
            normalise("+44 20 7946 0018", Some("France"))
        );
    }

    #[test]
    fn without_a_country_the_digits_count() {
        assert_eq!(normalise("030 901820", None).as_deref(), Some("030901820"));
        assert_eq!(
            normalise("030-90 18 20 ext. 7", Some("Atlantis")).as_deref(),
            Some("030901820")
        );
        for noise in ["", "n/a", "12 34", "call me"] {
            assert_eq!(normalise(noise, Some("Germany")), None, "{noise}");
        }
    }

    #[test]
    fn two_spellings_of_one_number_share_their_tail() {
        let spellings = ["+49 30 901820", "030/901820", "0049 30 90 18 20 x5"];
        assert!(spellings.iter().all(|it| tail(it) == tail("901820")));
        assert_ne!(tail("000123"), tail("00123"));
        assert_eq!(tail("none"), 0);
    }
}
