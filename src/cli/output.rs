//! Answers on standard output, notices on standard error.

use std::io::Write;

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::bar;
use crate::domain::checklist::StepStatus;
use crate::domain::departure::Departures;
use crate::domain::number::grouped;
use crate::domain::overview::{FollowedRow, Overview};
use crate::domain::text;
use crate::engine::{Result, StepError};

/// Prints lines of the answer, with nothing in them that a terminal would obey. A reader that went away is no error.
pub fn line(text: &str) {
    bar::beside(|| {
        let _ = writeln!(std::io::stdout(), "{}", text::lines(text)); // see above
    });
}

/// A path in a message, on one line.
pub fn path(path: &std::path::Path) -> String {
    text::named(&path.display().to_string())
}

/// Prints the answer as one JSON document.
pub fn json(value: &Value) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let _ = writeln!(std::io::stdout(), "{}", text::json(&text)); // as above
}

/// Prints lines that were kept in a file. A reader that went away is no error.
///
/// # Errors
/// The file cannot be read any more.
pub fn copy(lines: &mut impl std::io::Read) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let mut buffer = [0; 8192];
    loop {
        let read = lines.read(&mut buffer).map_err(|error| {
            StepError::NotReady(format!(
                "the temporary file of the findings cannot be read any more: {error}. Nothing was changed; check again"
            ))
        })?;
        if read == 0 || out.write_all(&buffer[..read]).is_err() {
            return Ok(());
        }
    }
}

/// Says something beside the answer, with nothing in it that a terminal would obey.
pub fn aside(text: &str) {
    bar::beside(|| {
        let _ = writeln!(std::io::stderr(), "{}", text::lines(text)); // nobody listens; go on
    });
}

/// A table with a header; numbers (columns in `right`) to the right.
pub fn table(header: &[&str], right: &[usize], rows: &[Vec<String>]) -> String {
    let width = |at: usize| {
        rows.iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.width())
            .chain([header[at].width()])
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let row = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (at, cell) in cells.enumerate() {
            let gap = " ".repeat(widths[at].saturating_sub(cell.width()));
            let (left, right) = if right.contains(&at) {
                (gap.as_str(), "")
            } else {
                ("", gap.as_str())
            };
            line.extend([left, cell, right, "  "]);
        }
        line.trim_end().to_owned()
    };
    let mut lines = vec![row(&mut header.iter().copied())];
    lines.push(row(&mut widths
        .iter()
        .map(|width| "─".repeat(*width))
        .collect::<Vec<_>>()
        .iter()
        .map(String::as_str)));
    lines.extend(
        rows.iter()
            .map(|cells| row(&mut cells.iter().map(String::as_str))),
    );
    lines.join("\n")
}

/// The survey for people.
pub fn overview(overview: &Overview) -> String {
    let businesses: Vec<Vec<String>> = overview
        .businesses
        .iter()
        .map(|row| {
            vec![
                text::safe(&row.name, 40),
                grouped(row.customers),
                grouped(row.bookings),
                grouped(row.conflicts),
            ]
        })
        .collect();
    let conflicts: Vec<Vec<String>> = overview
        .conflicts
        .iter()
        .map(|row| {
            vec![
                row.code.word().to_owned(),
                row.code.severity().word().to_owned(),
                grouped(row.count),
                grouped(row.undecided),
                row.code.title().to_owned(),
            ]
        })
        .collect();
    let outside = match overview.spilled_bytes {
        0 => String::new(),
        bytes => format!(
            "\n{} KiB passed --memory and stood in a temporary file",
            grouped(bytes / 1024)
        ),
    };
    let absent = if overview.absent.is_empty() {
        String::new()
    } else {
        format!(
            "\n\nThe built-in mapping also names what this database does not have: {}",
            overview.absent.join(", ")
        )
    };
    let asks = if overview.asks.is_empty() {
        String::new()
    } else {
        format!(
            "\n\n{}.\nThat is more than 1 %, so no default takes it: check the mapping; if it is right, confirm the number with {}",
            overview.departures.words(),
            Departures::options(&overview.asks)
        )
    };
    let referring = overview.departures.referring_to_quarantined();
    let referring = referring.map_or_else(String::new, |referring| {
        format!("\n\n{referring} refer to bookings that go to the quarantine; these references will find no live document")
    });
    let followed: Vec<_> = overview.followed.iter().map(FollowedRow::words).collect();
    let followed = if followed.is_empty() {
        String::new()
    } else {
        format!("\nfollowed: {}", followed.join("; "))
    };
    format!(
        "{}: {} users ({} accounts; without a password: {} missing, {} null, {} \"\"), {} businesses, {} services, {} bookings, {} pairs{outside}{followed}\n\n{}\n\n{}{absent}{referring}{asks}",
        overview.database,
        grouped(overview.users),
        grouped(overview.accounts),
        grouped(overview.without_password[0]),
        grouped(overview.without_password[1]),
        grouped(overview.without_password[2]),
        grouped(overview.businesses.len() as u64),
        grouped(overview.services),
        grouped(overview.bookings),
        grouped(overview.pairs),
        table(
            &["business", "customers", "bookings", "conflicts"],
            &[1, 2, 3],
            &businesses
        ),
        table(
            &["conflict", "severity", "count", "undecided", "found when"],
            &[2, 3],
            &conflicts
        )
    )
}

/// The checklist for people.
pub fn statuses(statuses: &[StepStatus]) -> String {
    let rows: Vec<Vec<String>> = statuses
        .iter()
        .map(|status| {
            let mut lines = status.says.lines();
            let mut says = lines.next().unwrap_or_default().to_owned();
            if lines.next().is_some() {
                says.push_str(" …");
            }
            vec![
                status.step.number().to_string(),
                status.step.title().to_owned(),
                status.state.word().to_owned(),
                text::safe(&says, 110),
            ]
        })
        .collect();
    table(&["", "step", "state", ""], &[0], &rows)
}
