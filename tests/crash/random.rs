//! Kills at random instants, spread over the whole of `apply`, `rollback` and `finish`, several in a row.

use std::time::{Duration, Instant};

use fastrand::Rng;
use futures_util::future::join_all;

use crate::crash::reference::{self, Reference, State};
use crate::crash::sample;
use crate::crash::table::{Table, print_past_capture};
use crate::support::case::Case;
use crate::support::kill;
use crate::support::picture;

/// Databases that are killed over at the same time.
const LANES: u64 = 2;
/// Kills of each verb that the default tier asks for.
const WANTED: [(&str, usize); 3] = [("apply", 3), ("rollback", 1), ("finish", 1)];

/// What all lanes share.
struct Harness {
    reference: &'static Reference,
    table: Table,
    until: Option<Instant>,
}

impl Harness {
    fn enough(&self, verb: usize) -> bool {
        let (verb, wanted) = WANTED[verb];
        match self.until {
            Some(until) => Instant::now() >= until,
            None => self.table.kills(verb) >= wanted,
        }
    }
}

#[tokio::test]
async fn whatever_was_killed_at_any_instant_ends_like_what_never_was() {
    let seed = std::env::var("RINGFENCE_CRASH_SEED")
        .ok()
        .map_or_else(|| fastrand::u64(..), |text| text.parse().unwrap());
    let minutes = std::env::var("RINGFENCE_CRASH_MINUTES")
        .ok()
        .map(|text| text.parse().unwrap());
    print_past_capture(&format!("random kills: RINGFENCE_CRASH_SEED={seed}"));
    let reference = reference::shared().await;
    print_past_capture(&format!(
        "uninterrupted: apply {:?}, rollback {:?}, finish {:?}",
        reference.apply, reference.roll_back, reference.finish
    ));
    let harness = Harness {
        reference,
        table: Table::default(),
        until: minutes.map(|minutes| Instant::now() + Duration::from_mins(minutes)),
    };
    let lanes = (0..LANES).map(|at| lane(&harness, Rng::with_seed(seed.wrapping_add(at))));
    join_all(lanes).await;
    harness.table.print("kill -9 at random instants");
    for (verb, wanted) in WANTED {
        assert!(harness.table.kills(verb) >= wanted, "{verb}");
    }
}

/// Takes one database after another through apply, back, apply and finish until there were enough kills.
async fn lane(harness: &Harness, mut rng: Rng) {
    while !(0..WANTED.len()).all(|verb| harness.enough(verb)) {
        let case = sample::case().await;
        let original = case.picture().await;
        assert_eq!(
            picture::differences(&harness.reference.original, &original, false),
            Vec::<String>::new()
        );
        let mut victim = Victim {
            harness,
            case: &case,
            original: &original,
            rng: &mut rng,
        };
        victim.apply(&harness.reference.applied).await;
        victim.roll_back().await;
        victim.apply_and_turn_back().await;
        victim.apply(&harness.reference.applied).await;
        victim.finish(&harness.reference.finished).await;
        case.database.drop().await.unwrap();
    }
}

/// A database that is killed over.
struct Victim<'a> {
    harness: &'a Harness,
    case: &'a Case,
    original: &'a picture::Picture,
    rng: &'a mut Rng,
}

impl Victim<'_> {
    async fn apply(&mut self, expected: &State) {
        let name = self.case.name.clone();
        let words = ["apply", "--plan", "plan.json", "--confirm", &name];
        let phases = self.kill(0, &words, true).await;
        self.case.apply(&[]).await.code(0);
        self.assert_equal(expected, &phases).await;
    }

    /// Killed while it applied, and then taken back instead of on.
    async fn apply_and_turn_back(&mut self) {
        let name = self.case.name.clone();
        let words = ["apply", "--plan", "plan.json", "--confirm", &name];
        let phases = self.kill(0, &words, true).await;
        let ended = self.case.roll_back(&[]).await;
        // Killed before the run record was written, there is nothing to go back from.
        if ended.code != 0 {
            ended.code(1).says(&["no run is open"]);
        }
        reference::assert_back(self.case, self.original).await;
        self.harness.table.resumed_equal(&phases);
    }

    async fn roll_back(&mut self) {
        let name = self.case.name.clone();
        let phases = self.kill(1, &["rollback", "--confirm", &name], true).await;
        self.case.roll_back(&[]).await.code(0);
        reference::assert_back(self.case, self.original).await;
        self.harness.table.resumed_equal(&phases);
    }

    async fn finish(&mut self, expected: &State) {
        let name = self.case.name.clone();
        let words = ["finish", "--confirm", &name];
        let phases = self.kill(2, &words, false).await;
        self.case.ringfence(&words).await.code(0);
        self.assert_equal(expected, &phases).await;
    }

    /// Runs the command and kills it, up to four times in a row; returns where it stood each time.
    async fn kill(&mut self, verb: usize, words: &[&str], keeps_all: bool) -> Vec<String> {
        let reference = self.harness.reference;
        let whole = [reference.apply, reference.roll_back, reference.finish][verb];
        let mut phases = Vec::new();
        for _ in 0..self.rng.usize(2..=4) {
            // The lanes share the machine, so each takes longer than the uninterrupted run did alone.
            let delay = whole.mul_f64(self.rng.f64() * 1.5);
            let running = kill::start(self.case, words);
            if let Some(ended) = running.kill_after(delay).await {
                ended.code(0);
                break;
            }
            let phase = format!("{} {}", WANTED[verb].0, reference::stands(self.case).await);
            self.harness.table.killed(std::slice::from_ref(&phase));
            phases.push(phase);
            // Every other kill is resumed at once, while the server may still be at the last command.
            if keeps_all && self.rng.bool() {
                kill::server_is_done(self.case).await;
                reference::assert_nothing_lost(self.case, self.original).await;
            }
        }
        phases
    }

    async fn assert_equal(&self, expected: &State, phases: &[String]) {
        let differences = expected.differences(&State::of(self.case).await);
        assert!(
            differences.is_empty(),
            "{}, killed {phases:?}: {differences:#?}",
            self.case.name
        );
        self.harness.table.resumed_equal(phases);
    }
}
