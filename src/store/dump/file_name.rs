//! The names of mongodump's files (100.18): a collection's name, URL-query-escaped, cut and hashed when it is long.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha1::{Digest, Sha1};

use crate::store::error::{Result, StoreError};

/// A longer escaped name is cut; `.metadata.json.gz` then still fits into 255 bytes.
const LONGEST: usize = 238;
/// What is kept of a name that is cut; the rest is `%24` and 27 characters of hash.
const KEPT: usize = 208;
const DELIMITER: &str = "%24";

/// The file name of a collection, without an extension.
pub fn escape(collection: &str) -> String {
    let escaped = query_escape(collection);
    if escaped.len() <= LONGEST {
        return escaped;
    }
    let hash = URL_SAFE_NO_PAD.encode(Sha1::digest(collection.as_bytes()));
    // Escaped text is ASCII, so that any cut is between characters; mongodump cuts through an escape, too.
    format!("{}{DELIMITER}{hash}", &escaped[..KEPT])
}

/// Whether a file name has been cut; the collection's name is then in its metadata file only.
pub fn is_cut(file_name: &str) -> bool {
    file_name.len() == LONGEST && file_name.contains(DELIMITER)
}

/// The collection's name out of a file name that has not been cut.
///
/// # Errors
/// `Invalid` when an escape is broken, or the bytes are not UTF-8.
pub fn unescape(file_name: &str) -> Result<String> {
    let broken = || {
        StoreError::Invalid(format!(
            "the file name {file_name:?} is not an escaped collection name"
        ))
    };
    let mut bytes = Vec::with_capacity(file_name.len());
    let mut rest = file_name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digits = || rest.next().ok_or_else(broken);
                let digits = [digits()?, digits()?];
                let mut escaped = [0];
                hex::decode_to_slice(digits, &mut escaped).map_err(|_| broken())?;
                escaped[0]
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

/// Go's `url.QueryEscape`: letters, digits and `-_.~` stay, a space becomes `+`, every other byte `%XX`.
fn query_escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(byte.into());
            }
            b' ' => escaped.push('+'),
            other => {
                let _ = write!(escaped, "%{other:02X}"); // writing to a String cannot fail
            }
        }
    }
    escaped
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{escape, is_cut, unescape};

    #[test]
    fn names_are_escaped_as_mongodump_does() {
        for (name, file_name) in [
            ("Booking", "Booking"),
            ("a b", "a+b"),
            ("a/b", "a%2Fb"),
            ("a+b", "a%2Bb"),
            ("50%", "50%25"),
            ("a.b-c_d~e", "a.b-c_d~e"),
            ("Grüße", "Gr%C3%BC%C3%9Fe"),
            ("予約", "%E4%BA%88%E7%B4%84"),
            (
                "q'\"(){}*!,;:@&=$?#[]\\",
                "q%27%22%28%29%7B%7D%2A%21%2C%3B%3A%40%26%3D%24%3F%23%5B%5D%5C",
            ),
            ("..", ".."),
            ("tab\there", "tab%09here"),
        ] {
            assert_eq!(escape(name), file_name);
            assert_eq!(unescape(file_name).unwrap(), name);
            assert!(!is_cut(file_name));
        }
    }

    #[test]
    fn two_hundred_and_thirty_eight_bytes_are_kept_whole() {
        let name = "x".repeat(238);
        assert_eq!(escape(&name), name);
    }

    #[test]
    fn a_longer_name_is_cut_and_hashed() {
        // printf %s "$name" | openssl sha1 -binary | base64 | tr '+/' '-_' | tr -d =
        let name = "x".repeat(239);
        let file_name = escape(&name);
        assert_eq!(
            file_name,
            format!("{}%24{}", "x".repeat(208), HASH_OF_239_X)
        );
        assert_eq!(file_name.len(), 238);
        assert!(is_cut(&file_name));
    }

    const HASH_OF_239_X: &str = "Nq75d-cu3iRxNs-ce3Tvf9gagoU";

    #[test]
    fn a_cut_may_go_through_an_escape_but_the_hash_is_of_the_plain_name() {
        let name = format!("{}{}", "x".repeat(207), "/".repeat(20));
        let file_name = escape(&name);
        assert_eq!(
            file_name,
            format!("{}%%24{}", "x".repeat(207), "FlqNqBGpcUug2PZt4l1fJUFUOH0")
        );
    }

    #[test]
    fn a_broken_escape_is_named() {
        for broken in ["a%", "a%2", "a%zz", "%FF", "a%+1"] {
            let error = unescape(broken).unwrap_err().to_string();
            assert!(error.contains(broken), "{error}");
        }
    }
}
