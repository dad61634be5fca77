//! What differs from run to run, taken out of a text; and what is meant to change in one place.

use regex::Regex;

/// Rules and what stands for it: the narrowest that hold. Times are those of runs, of this century; dates in the data have milliseconds.
const VOLATILE: &[(&str, &str)] = &[
    // Run ids.
    (r"\b20\d{6}-\d{6}-[0-9a-f]{4}\b", "RUN"),
    // Times, in the two forms that the product writes.
    (r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC", "TIME"),
    // The report's column of seconds, and durations in words.
    (r"\| TIME \| \d+\.\d \|", "| TIME | SECONDS |"),
    (r"\b\d+(?:\.\d+)? (?:ms|s|min|h)\b", "DURATION"),
    (
        r#""(seconds|tookSeconds|ownWorkSeconds)": \d+\.\d+"#,
        "\"$1\": SECONDS",
    ),
    // Rates and sizes.
    (r"\b[\d,]+(?:\.\d+)? [kMG]?B\b", "SIZE"),
    (r#""(diskBytes|diskTookBytes)": \d+"#, "\"$1\": BYTES"),
    // Where it ran, and with what.
    (r"\b127\.0\.0\.1:\d+", "HOST"),
    (r"(?:/[\w.-]+)*/ringfence-test-\w+", "FOLDER"),
    (r"\bann@[\w.-]+", "OPERATOR"),
    (
        r"\bringfence \d+\.\d+\.\d+(?:-[\w.]+)?",
        "ringfence VERSION",
    ),
    (r"\bserver \d+\.\d+\.\d+", "server VERSION"),
    (r#""server": "\d+\.\d+\.\d+""#, r#""server": "VERSION""#),
    // Clients of other tests, and this one's own.
    (
        r"connected: \d+ × [\w-]+ from 127\.0\.0\.1(?:, \d+ × [\w-]+ from 127\.0\.0\.1)*",
        "connected: CLIENTS",
    ),
];

/// Takes out what differs from run to run, and nothing else.
pub fn volatile(text: &str) -> String {
    clock(&replaced(text, VOLATILE))
}

/// Takes out the time of the moment alone: the server's, which is told where a lease is held, and that of the situation.
pub fn clock(text: &str) -> String {
    replaced(
        text,
        &[
            (r#""now": \d+"#, "\"now\": NOW"),
            (r#""readAt": "[^"]*""#, "\"readAt\": NOW"),
        ],
    )
}

/// Takes out the numbers of steps, which texts will lose: `step 5, Review conflicts`, `(step 2)`, `steps 6 and 7`, `steps 6 to 13`.
/// Both what is kept and what is said now pass through here, so a change of wording is met here, and nothing is written anew.
pub fn without_step_numbers(text: &str) -> String {
    replaced(
        text,
        &[(r"\b([Ss]teps?) \d+(?:(?:,| and| to) \d+)*", "$1 N")],
    )
}

fn replaced(text: &str, rules: &[(&str, &str)]) -> String {
    rules.iter().fold(text.to_owned(), |text, (rule, by)| {
        let rule = Regex::new(rule).unwrap();
        rule.replace_all(&text, *by).into_owned()
    })
}

#[test]
fn what_differs_from_run_to_run_goes_and_numbers_that_count_stay() {
    let said = "| 9 | Cut over | done | 2026-11-29T17:20:30Z | 0.1 | 2,000 bookings; renamed in 16 ms by ann@desk.lan |";
    let kept = "| 9 | Cut over | done | TIME | SECONDS | 2,000 bookings; renamed in DURATION by OPERATOR |";
    assert_eq!(volatile(said), kept);
    let json = "\"seconds\": 1.2, \"tookSeconds\": 0.9, \"ownWorkSeconds\": 1.0, \"diskBytes\": 5, \"count\": 6";
    let kept = "\"seconds\": SECONDS, \"tookSeconds\": SECONDS, \"ownWorkSeconds\": SECONDS, \"diskBytes\": BYTES, \"count\": 6";
    assert_eq!(volatile(json), kept);
}

#[test]
fn the_numbers_of_steps_go_and_others_stay() {
    let said = "after step 5, Review conflicts; take it again (step 2); steps 6 and 7; steps 6 to 13 took 2; 3 steps 4";
    let kept = "after step N, Review conflicts; take it again (step N); steps N; steps N took 2; 3 steps N";
    assert_eq!(without_step_numbers(said), kept);
}
