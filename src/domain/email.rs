//! E-mail addresses: when two are the same, and what counts as one.

use unicode_normalization::UnicodeNormalization;

/// The form by which e-mails of one business are compared: trim, NFC, lower case.
pub fn normalise(text: &str) -> String {
    let text = text.trim();
    if text.is_ascii() {
        return text.to_ascii_lowercase(); // composed already
    }
    text.nfc().collect::<String>().to_lowercase()
}

/// True for something that mail could be sent to: one `@`, a part before it, a domain with a dot inside it, no white space or control
/// characters. Deliberately wider than RFC 5321: a finding is a question, not a verdict.
pub fn is_address(text: &str) -> bool {
    let text = text.trim();
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let odd = |c: char| c.is_whitespace() || c.is_control();
    !local.is_empty()
        && !domain.contains('@')
        && !text.contains(odd)
        && domain.split('.').count() >= 2
        && domain.split('.').all(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_white_space_and_composition_do_not_tell_two_addresses_apart() {
        assert_eq!(
            normalise(" Zoe\u{308}@Example.ORG\u{a0}"),
            normalise("zo\u{eb}@example.org")
        );
    }

    #[test]
    fn an_address_needs_one_at_sign_and_a_domain_with_a_dot() {
        for good in ["a@b.c", " ann.o'neil+x@sub.example.org "] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "", "a", "a@b", "@b.c", "a@b..c", "a b@c.d", "a@b@c.d", "a@.d",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
