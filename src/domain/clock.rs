//! Two clocks: this machine's, and the server's. Times that are shown and kept are the server's, where the two are apart.

use super::number::Millis;

/// How far two clocks may be apart without a word, in milliseconds: an answer takes its time.
const SAME: i64 = 5_000;

/// What is added to this machine's clock; 0 where it tells the server's time well enough.
pub fn correction(server_minus_here: Millis) -> Millis {
    if server_minus_here.abs() <= SAME {
        0
    } else {
        server_minus_here
    }
}

/// That the clocks are apart, in words; `None` where they are not.
pub fn words(server_minus_here: Millis) -> Option<String> {
    let apart = correction(server_minus_here);
    let which = match apart {
        0 => return None,
        1.. => "behind",
        _ => "ahead of",
    };
    let seconds = (apart.unsigned_abs() + 500) / 1000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let long = match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} days {hours} h"),
    };
    Some(format!(
        "this machine's clock is {long} {which} the server's; all times shown and kept are the server's"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_are_apart_are_told_from_each_other_and_others_are_left_alone() {
        assert_eq!(words(900), None);
        assert_eq!(correction(-4_000), 0);
        let three_hours = 3 * 3_600_000 + 61_000;
        assert_eq!(correction(-three_hours), -three_hours);
        for (apart, expected) in [
            (-three_hours, "3 h 1 min ahead of the server's"),
            (400 * 86_400_000, "400 days 0 h behind the server's"),
            (90_000, "1 min 30 s behind the server's"),
            (7_000, "7 s behind the server's"),
        ] {
            let says = words(apart).unwrap_or_default();
            assert!(says.contains(expected), "{says}");
        }
    }
}
