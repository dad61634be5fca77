//! Bookings that answers take out of the application: into the quarantine, to a placeholder, or left without a customer. More than one in a
//! hundred of them is never a default: the number itself has to be confirmed.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::accepted::Accepted;
use super::conflict::{Choice, Code};
use super::decision_file::CodeWord;
use super::number::{counted, grouped};
use super::text::named;

/// Up to so many bookings need no number of their own.
const FEW: u64 = 10;
/// One in so many is not yet too much.
const ONE_IN: u64 = 100;

/// What the answers to one kind of conflict do to bookings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaving {
    /// They go to the quarantine.
    #[serde(default)]
    pub quarantined: u64,
    /// They stay as they are, without a customer.
    #[serde(default)]
    pub left: u64,
    /// They point at a customer who stands for nobody known.
    #[serde(default)]
    pub placeholders: u64,
}

impl Leaving {
    /// What an answer does to so many bookings; `None` where it takes none out.
    fn of(choice: Choice, bookings: u64) -> Option<Self> {
        let mut leaving = Self::default();
        match choice {
            Choice::Quarantine => leaving.quarantined = bookings,
            Choice::Leave | Choice::Skip => leaving.left = bookings,
            Choice::Placeholder => leaving.placeholders = bookings,
            _ => return None,
        }
        Some(leaving)
    }

    fn total(self) -> u64 {
        self.quarantined + self.left + self.placeholders
    }

    fn and(self, other: Self) -> Self {
        Self {
            quarantined: self.quarantined + other.quarantined,
            left: self.left + other.left,
            placeholders: self.placeholders + other.placeholders,
        }
    }

    fn words(self) -> String {
        let parts = [
            (self.quarantined, "to the quarantine"),
            (self.left, "left without a customer"),
            (self.placeholders, "given to placeholder customers"),
        ];
        let parts = parts.into_iter().filter(|(count, _)| *count > 0);
        let parts: Vec<_> = parts
            .map(|(count, where_to)| format!("{} {where_to}", grouped(count)))
            .collect();
        parts.join(", ")
    }
}

/// True for an answer that takes bookings out of the application.
pub fn takes_out(choice: Choice) -> bool {
    Leaving::of(choice, 1).is_some()
}

/// The bookings that leave, by the kind of conflict whose answers say so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Departures {
    /// Of so many bookings.
    pub of: u64,
    /// By kind.
    #[serde(default)]
    by_code: BTreeMap<CodeWord, Leaving>,
    /// What refers to bookings that may go to the quarantine: how many references, by kind and "collection.path".
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    referring: BTreeMap<CodeWord, BTreeMap<String, u64>>,
    /// Documents of each followed entry: what of them leaves is measured by these.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    followed: BTreeMap<String, u64>,
}

impl Departures {
    /// None of so many bookings, yet.
    pub fn of(bookings: u64) -> Self {
        Self {
            of: bookings,
            by_code: BTreeMap::new(),
            referring: BTreeMap::new(),
            followed: BTreeMap::new(),
        }
    }

    /// Adds references to bookings of this kind, which may go to the quarantine.
    pub fn refer(&mut self, code: Code, place: &str, references: u64) {
        let of = self.referring.entry(CodeWord(code)).or_default();
        *of.entry(place.to_owned()).or_default() += references;
    }

    /// What refers to bookings of this kind, in words: "Review.bookingId 3"; `None` where nothing is known to.
    pub fn referring(&self, code: Code) -> Option<String> {
        Some(places(self.referring.get(&CodeWord(code))?.iter()))
    }

    /// What refers to bookings that go to the quarantine, in words; `None` where nothing is known to.
    pub fn referring_to_quarantined(&self) -> Option<String> {
        let goes = |code: &CodeWord| self.by_code.get(code).is_some_and(|it| it.quarantined > 0);
        let of = self.referring.iter().filter(|(code, _)| goes(code));
        let mut all: BTreeMap<&String, u64> = BTreeMap::new();
        for (place, references) in of.flat_map(|(_, places)| places) {
            *all.entry(place).or_default() += references;
        }
        (!all.is_empty()).then(|| places(all.iter().map(|(place, count)| (*place, count))))
    }

    /// Of so many documents of a followed entry, too.
    pub fn also_of(&mut self, entry: &str, documents: u64) {
        self.followed.insert(entry.to_owned(), documents);
    }

    /// Of how many documents those of this kind leave.
    fn all_of(&self, entry: Option<&str>) -> u64 {
        match entry {
            None => self.of,
            Some(entry) => self.followed.get(entry).copied().unwrap_or_default(),
        }
    }

    /// What is counted: bookings first, then each followed entry.
    fn entries(&self) -> impl Iterator<Item = Option<&str>> {
        let followed = self.followed.keys().map(|entry| Some(entry.as_str()));
        std::iter::once(None).chain(followed)
    }

    fn of_entry(&self, entry: Option<&str>) -> impl Iterator<Item = (Code, Leaving)> {
        let all = self.by_code.iter();
        let of_it = all.filter(move |(code, _)| code.0.entry() == entry);
        of_it.map(|(code, leaving)| (code.0, *leaving))
    }

    /// Adds bookings that an answer of this kind takes out; another answer takes none.
    pub fn add(&mut self, code: Code, choice: Choice, bookings: u64) {
        let Some(leaving) = Leaving::of(choice, bookings).filter(|_| bookings > 0) else {
            return;
        };
        let all = self.by_code.entry(CodeWord(code)).or_default();
        *all = all.and(leaving);
    }

    /// How many leave by answers of this kind.
    pub fn by(&self, code: Code) -> u64 {
        self.by_code
            .get(&CodeWord(code))
            .map_or(0, |leaving| leaving.total())
    }

    /// Each kind with the bookings that leave by it.
    pub fn each(&self) -> impl Iterator<Item = (Code, u64)> {
        self.by_code
            .iter()
            .map(|(code, leaving)| (code.0, leaving.total()))
    }

    /// How many bookings leave in all.
    pub fn total(&self) -> u64 {
        self.of_entry(None).map(|(_, it)| it.total()).sum()
    }

    /// How many bookings and followed documents stay as they are, without a customer.
    pub fn left(&self) -> u64 {
        self.by_code.values().map(|leaving| leaving.left).sum()
    }

    /// The kinds whose number has to be confirmed: each that is much by itself, and the rest where they are much together; bookings and each
    /// followed entry apart.
    pub fn asks(&self) -> Vec<(Code, u64)> {
        let mut all = Vec::new();
        for entry in self.entries() {
            let of = self.all_of(entry);
            let is_much = |count: u64| count > FEW && count.saturating_mul(ONE_IN) > of;
            let counts = self.of_entry(entry).map(|(code, it)| (code, it.total()));
            let (asks, rest): (Vec<_>, Vec<_>) = counts.partition(|(_, count)| is_much(*count));
            all.extend(asks);
            if is_much(rest.iter().map(|(_, count)| count).sum()) {
                all.extend(rest);
            }
        }
        all.sort_unstable();
        all
    }

    /// Those whose number was not confirmed, or was another.
    pub fn not_accepted(&self, accepted: &BTreeMap<Accepted, u64>) -> Vec<(Code, u64)> {
        let mut asks = self.asks();
        asks.retain(|(code, bookings)| accepted.get(&Accepted::Bookings(*code)) != Some(bookings));
        asks
    }

    /// Where the bookings go that leave: "2 to the quarantine, 3 given to placeholder customers".
    pub fn destinations(&self) -> String {
        let all = self.of_entry(None);
        all.fold(Leaving::default(), |sum, (_, it)| sum.and(it))
            .words()
    }

    /// How many leave, and where to.
    pub fn words(&self) -> String {
        let mut words = String::new();
        for entry in self.entries() {
            let all = self.of_entry(entry);
            let all = all.fold(Leaving::default(), |sum, (_, it)| sum.and(it));
            if entry.is_some() && all.total() == 0 {
                continue;
            }
            let between = if words.is_empty() { "" } else { "; " };
            // Writing to a String cannot fail.
            let _ = write!(
                words,
                "{between}{} of {} leave the application",
                grouped(all.total()),
                self.counted(entry)
            );
            if all.total() > 0 {
                let _ = write!(words, ": {}", all.words());
            }
        }
        if let Some(referring) = self.referring_to_quarantined() {
            let _ = write!(
                words,
                "; {referring} refer to those in the quarantine and will find no live document"
            ); // as above
        }
        words
    }

    fn counted(&self, entry: Option<&str>) -> String {
        let of = self.all_of(entry);
        match entry {
            None => counted(of, "booking", "bookings"),
            Some(entry) => format!("{} of {entry}", counted(of, "document", "documents")),
        }
    }

    /// The same for one kind.
    pub fn words_of(&self, code: Code) -> String {
        let leaving = self.by_code.get(&CodeWord(code)).copied();
        let leaving = leaving.unwrap_or_default();
        let of = self.counted(code.entry());
        if leaving.total() == 0 {
            return format!("{code} takes none of {of} out of the application");
        }
        format!(
            "{code} takes {} of {of} out of the application ({})",
            grouped(leaving.total()),
            leaving.words()
        )
    }

    /// What a headless run has to say so that these numbers hold.
    pub fn options(asks: &[(Code, u64)]) -> String {
        let options: Vec<_> = asks
            .iter()
            .map(|(code, bookings)| format!("--accept {code}={bookings}"))
            .collect();
        options.join(" ")
    }

    /// As JSON.
    pub fn to_json(&self) -> serde_json::Value {
        let each = self
            .each()
            .map(|(code, bookings)| (code.word().to_owned(), bookings.into()));
        serde_json::json!({
            "bookings": self.total(), "of": self.of, "byCode": each.collect::<serde_json::Map<_, _>>(),
            "referredToBy": self.referring,
        })
    }
}

/// "Payment.bookingId 2, Review.bookingId 3"
fn places<'p>(places: impl Iterator<Item = (&'p String, &'p u64)>) -> String {
    let words = places.map(|(place, count)| format!("{} {}", named(place), grouped(*count)));
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaving(of: u64, each: &[(Code, u64)]) -> Departures {
        let mut departures = Departures::of(of);
        for (code, bookings) in each {
            departures.add(*code, Choice::Quarantine, *bookings);
        }
        departures
    }

    #[test]
    fn more_than_ten_and_more_than_one_in_a_hundred_ask_for_their_number() {
        let code = Code::BookingWithoutBusiness;
        for (of, bookings, asks) in [
            (2_000, 20, false),
            (2_000, 21, true),
            (2_001, 20, false),
            (100, 10, false),
            (10, 10, false),
            (100, 11, true),
            (11, 11, true),
            (1_000_000, 10_000, false),
            (1_000_000, 10_001, true),
        ] {
            let asked = leaving(of, &[(code, bookings)]).asks();
            assert_eq!(asked == [(code, bookings)], asks, "{bookings} of {of}");
            assert_eq!(asked.is_empty(), !asks);
        }
    }

    #[test]
    fn kinds_that_are_much_only_together_ask_each() {
        let (one, other, third) = (
            Code::BookingWithoutUser,
            Code::BookingWithoutBusiness,
            Code::AccountAlsoCustomer,
        );
        let together = leaving(2_000, &[(one, 15), (other, 6)]);
        assert_eq!(together.asks(), [(one, 15), (other, 6)]);
        // What is much by itself does not make the others much.
        let apart = leaving(2_000, &[(one, 44), (other, 6)]);
        assert_eq!(apart.asks(), [(one, 44)]);
        let all = leaving(2_000, &[(one, 44), (other, 15), (third, 6)]);
        assert_eq!(all.asks().len(), 3);
    }

    #[test]
    fn only_the_exact_number_is_accepted() {
        let code = Code::BookingWithoutBusiness;
        let departures = leaving(2_000, &[(code, 44)]);
        for (number, holds) in [(43, false), (44, true), (45, false)] {
            let accepted = BTreeMap::from([(Accepted::Bookings(code), number)]);
            assert_eq!(departures.not_accepted(&accepted).is_empty(), holds);
        }
        assert_eq!(departures.not_accepted(&BTreeMap::new()), [(code, 44)]);
    }

    #[test]
    fn the_words_count_all_that_leave_and_say_where_to() {
        let mut departures = leaving(2_000, &[(Code::BookingWithoutBusiness, 44)]);
        departures.add(Code::BookingWithoutUser, Choice::Placeholder, 8);
        departures.add(Code::AccountAlsoCustomer, Choice::Skip, 3);
        departures.add(Code::AccountAlsoCustomer, Choice::Create, 300);
        assert_eq!(
            departures.words(),
            "55 of 2,000 bookings leave the application: 44 to the quarantine, 3 left without a customer, 8 given to placeholder customers"
        );
        assert_eq!(
            Departures::of(7).words(),
            "0 of 7 bookings leave the application"
        );
    }
}
