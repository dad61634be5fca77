//! E-mail addresses: when two are the same, and what counts as one.

use unicode_normalization::UnicodeNormalization;

/// The usual spelling of an e-mail: trim, NFC, lower case. The domain stays in the form in which it was typed.
pub fn spelled(text: &str) -> String {
    let text = text.trim();
    if text.is_ascii() {
        text.to_ascii_lowercase() // composed already
    } else {
        text.nfc().collect::<String>().to_lowercase()
    }
}

/// The form by which e-mails of one business are compared: the usual spelling, and a domain in its letters, not in the ASCII form of them.
pub fn normalise(text: &str) -> String {
    let plain = spelled(text);
    let Some((local, domain)) = plain.rsplit_once('@') else {
        return plain;
    };
    if domain.is_ascii() && !domain.contains(ASCII_LETTERS) {
        return plain;
    }
    match idna::domain_to_unicode(domain) {
        (letters, Ok(())) => format!("{local}@{letters}"),
        _ => plain, // no domain name; compared as it is written
    }
}

/// Domains of one provider that takes dots in the part before the `@` for nothing.
const DOTS_ARE_NOTHING: [&str; 2] = ["gmail.com", "googlemail.com"];

/// The mailbox behind an e-mail in its normal form: without what follows a `+`, and at Gmail without dots. Other addresses of one mailbox may
/// be one person's, or a family's. `None` where that is the address itself.
pub fn mailbox(normal: &str) -> Option<String> {
    let (local, domain) = normal.rsplit_once('@')?;
    let plain = local.split_once('+').map_or(local, |(plain, _)| plain);
    if plain.is_empty() {
        return None;
    }
    let mailbox = if DOTS_ARE_NOTHING.contains(&domain) {
        format!("{}@{}", plain.replace('.', ""), DOTS_ARE_NOTHING[0])
    } else {
        format!("{plain}@{domain}")
    };
    (mailbox != normal).then_some(mailbox)
}

/// A label of a domain that begins so stands for letters beyond ASCII (Punycode, RFC 3492).
const ASCII_LETTERS: &str = "xn--";

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
    fn a_domain_is_the_same_in_its_letters_and_in_its_ascii_form() {
        for (one, other) in [
            ("a@xn--bcher-kva.example", "A@B\u{fc}cher.example"),
            ("a@XN--BCHER-KVA.example", "a@bu\u{308}cher.EXAMPLE"),
        ] {
            assert_eq!(normalise(one), normalise(other), "{one}");
        }
        // Only the domain has such a form, and what is none stays as it is.
        assert_ne!(
            normalise("xn--bcher-kva@a.org"),
            normalise("b\u{fc}cher@a.org")
        );
        assert_eq!(normalise("a@xn--\u{fc}"), "a@xn--\u{fc}");
        assert_eq!(normalise("A@xn--"), "a@xn--");
    }

    #[test]
    fn a_mailbox_is_told_without_tags_and_at_gmail_without_dots() {
        for (address, of) in [
            ("ann+salon@example.org", "ann@example.org"),
            ("a.n.n+x@gmail.com", "ann@gmail.com"),
            ("ann@googlemail.com", "ann@gmail.com"),
        ] {
            assert_eq!(mailbox(address).as_deref(), Some(of), "{address}");
        }
        for address in ["ann@gmail.com", "a.n@example.org", "+x@example.org", "ann"] {
            assert_eq!(mailbox(address), None, "{address}");
        }
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
