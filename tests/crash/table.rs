//! Counts by phase, printed where a passing test's output is seen too.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;

/// Kills and what came of them, by phase.
#[derive(Debug, Default)]
pub struct Table(Mutex<BTreeMap<String, [usize; 2]>>);

impl Table {
    /// Counts kills in these phases, all of them resumed to the same end.
    pub fn resumed_equal(&self, phases: &[String]) {
        self.add(phases, 1);
    }

    /// Counts kills in these phases.
    pub fn killed(&self, phases: &[String]) {
        self.add(phases, 0);
    }

    fn add(&self, phases: &[String], column: usize) {
        let mut rows = self.0.lock().unwrap();
        for phase in phases {
            rows.entry(phase.clone()).or_default()[column] += 1;
        }
    }

    /// How many kills there were in phases that begin so.
    pub fn kills(&self, beginning: &str) -> usize {
        let rows = self.0.lock().unwrap();
        let counted = rows
            .iter()
            .filter(|(phase, _)| phase.starts_with(beginning));
        counted.map(|(_, row)| row[0]).sum()
    }

    /// The fewest resumed kills that any phase had.
    pub fn fewest(&self) -> usize {
        let rows = self.0.lock().unwrap();
        rows.values().map(|row| row[1]).min().unwrap_or_default()
    }

    /// Prints the rows, past the test runner's capture.
    pub fn print(&self, title: &str) {
        let rows = self.0.lock().unwrap();
        let width = rows.keys().map(String::len).max().unwrap_or_default();
        let mut lines = vec![
            format!("\n{title}"),
            format!("{:width$}  kills  resumed equal", "phase"),
        ];
        let mut sum = [0, 0];
        for (phase, [kills, equal]) in rows.iter() {
            lines.push(format!("{phase:width$}  {kills:5}  {equal:13}"));
            sum = [sum[0] + kills, sum[1] + equal];
        }
        lines.push(format!("{:width$}  {:5}  {:13}", "in all", sum[0], sum[1]));
        print_past_capture(&lines.join("\n"));
    }
}

/// Writes to standard error itself: the test runner captures only what the macros print.
#[allow(clippy::explicit_write)]
pub fn print_past_capture(text: &str) {
    writeln!(std::io::stderr(), "{text}").unwrap();
}
