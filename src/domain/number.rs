//! Numbers as people read and type them: digits in groups, counted nouns, sizes in bytes.

/// Milliseconds: since 1970 (UTC), or of a duration.
pub type Millis = i64;

/// A count with its digits in groups of three: `2,013`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `count` with the noun in singular or plural: "1 booking", "2,013 bookings".
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A number of megabytes (of 1,000,000 bytes), rounded up.
pub fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

/// Room of so many bytes, in megabytes (of 1,000,000 bytes): rounded down, so that no more is said than there is.
pub fn free_megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}

/// Reads a number of bytes; K, M and G stand for 1,024 of the next smaller unit.
///
/// # Errors
/// What such a number looks like.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let unit = |unit: [char; 2], shift: u32| Some((text.strip_suffix(unit)?, shift));
    let (digits, shift) = unit(['k', 'K'], 10)
        .or_else(|| unit(['m', 'M'], 20))
        .or_else(|| unit(['g', 'G'], 30))
        .unwrap_or((text, 0));
    let number: Option<u64> = digits.parse().ok();
    number
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| "it takes a whole number of bytes, or of K, M or G, such as 64M or 1G. The least is 0: then all tables stand in a temporary file".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_000_000, "1,000,000"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn only_one_thing_is_counted_in_the_singular() {
        let said = [0, 1, 2, 2_013].map(|count| counted(count, "booking", "bookings"));
        assert_eq!(
            said,
            ["0 bookings", "1 booking", "2 bookings", "2,013 bookings"]
        );
    }

    #[test]
    fn sizes_are_read_in_binary_units_and_anything_else_is_refused() {
        for (text, bytes) in [
            ("0", 0),
            ("7", 7),
            ("1k", 1 << 10),
            ("56M", 56 << 20),
            ("2g", 2 << 30),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "M",
            "1.5G",
            "-1",
            "1 M",
            "1T",
            "1MB",
            "€",
            "18446744073709551615K",
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_begun_megabyte_counts_as_one() {
        assert_eq!([0, 1, 1_000_000, 1_000_001].map(megabytes), [0, 1, 1, 2]);
    }
}
