//! Answers to conflicts: what the lists offer, line by line, what each line stands for, what can be answered now, and what an answer asks the
//! engine for.

use std::collections::BTreeSet;

use super::commands::about::{CommandId, Verdict, only_if, quoted};
use super::conflict_list::Filter;
use super::facts::Facts;
use super::layer::picker::Item;
use super::log::Weight;
use super::message::{Detail, Effect, Request};
use super::shared::Shared;
use crate::domain::checklist::Step;
use crate::domain::conflict::{Choice, Code, ConflictKey};
use crate::domain::decision::{ASSIGN_TO, Alike, Decision};
use crate::domain::history::Change;
use crate::domain::id::Id;
use crate::domain::number::{counted, grouped};
use crate::domain::overview::ConflictRow;
use crate::domain::people::conflict_words;
use crate::domain::survivorship::Survivor;
use crate::domain::text::safe;

/// What a line stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// Show only conflicts of this kind, or all.
    Kind(Option<Code>),
    /// Show only this business's conflicts, or all.
    Business(Option<(Id, String)>),
    /// Answer the selected conflict with this.
    Choice(Choice),
    /// Give all undecided conflicts that are alike the same answer.
    Alike(Alike),
    /// Look at the undecided conflicts that are alike.
    LookAt(Alike),
    /// Name the business whose customers these users become.
    AskBusiness(Vec<ConflictKey>),
    /// Make customers of these users at that business.
    Assign(Vec<ConflictKey>, Id),
    /// The survivor rule for a business, or for all; `None` takes a business's own rule away.
    Survivor(Option<Id>, Option<Survivor>),
}

/// Lines, and what each stands for.
pub type Offered = (Vec<Item>, Vec<Pick>);

fn line(label: String, more: String, pick: Pick) -> (Item, Pick) {
    (Item { label, more }, pick)
}

/// The kinds, to filter by.
pub fn kinds(facts: &Facts) -> Offered {
    let all = line("every kind".to_owned(), String::new(), Pick::Kind(None));
    let each = facts.counts().iter().map(|it| {
        let more = format!(
            "{}, {}, {} undecided",
            it.code.severity().word(),
            grouped(it.count as u64),
            grouped(it.undecided as u64)
        );
        line(it.code.word().to_owned(), more, Pick::Kind(Some(it.code)))
    });
    std::iter::once(all).chain(each).unzip()
}

/// The answers that this conflict can have; with the quarantine, what refers to such bookings.
pub fn choices(key: &ConflictKey, facts: &Facts) -> Offered {
    let referring = facts
        .overview
        .as_ref()
        .and_then(|it| it.departures.referring(key.code));
    let each = key.code.answers().iter().map(|(choice, does)| {
        let label = choice.word().to_owned();
        let more = match &referring {
            Some(referring) if *choice == Choice::Quarantine => {
                format!(
                    "{does} ({referring} refer to such bookings and will find no live document)"
                )
            }
            _ => (*does).to_owned(),
        };
        let pick = match choice {
            Choice::Assign => Pick::AskBusiness(vec![key.clone()]),
            choice => Pick::Choice(*choice),
        };
        line(label, more, pick)
    });
    each.unzip()
}

/// The businesses, for one whose customers these users become.
pub fn businesses(facts: &Facts, keys: &[ConflictKey]) -> Offered {
    let each = facts.businesses.iter().map(|row| {
        let customers = counted(row.customers, "customer", "customers");
        let bookings = counted(row.bookings, "booking", "bookings");
        let pick = Pick::Assign(keys.to_vec(), row.id.clone());
        line(row.words(), format!("{customers}, {bookings}"), pick)
    });
    each.unzip()
}

/// Makes customers of these users at that business.
pub fn assign(shared: &mut Shared, keys: &[ConflictKey], business: &Id) -> Vec<Effect> {
    let users = counted(keys.len() as u64, "user", "users");
    let line = format!("{}: {users} to one business", Code::IdleUser);
    shared.note_in_log(Weight::Info, &line);
    let wanted: BTreeSet<_> = keys.iter().collect();
    let rows = shared.facts.conflicts().iter();
    let changes = rows.filter(|row| wanted.contains(&row.key)).map(|row| {
        let decision = row.decision.clone();
        let mut decision = decision.unwrap_or_else(|| Decision::new(Choice::Assign));
        decision.choice = Choice::Assign;
        let name = ASSIGN_TO.to_owned();
        decision.set.insert(name, business.text());
        Change::Answer(row.key.clone(), Some(decision))
    });
    let changes = changes.collect();
    shared.ask(Request::Decide(changes))
}

/// All that are like `row`, here or everywhere, or every kind; each with how many it touches, and a way to look at them first.
pub fn alike(facts: &Facts, row: Option<&ConflictRow>) -> Offered {
    let mut lines = Vec::new();
    let mut assign = None;
    let mut offer = |alike: Alike, of: &str, answer: String| {
        let count = facts.undecided_alike(&alike);
        if count == 0 {
            return;
        }
        let count = grouped(count as u64);
        let label = format!("{count} undecided{of}");
        lines.push(line(label, answer, Pick::Alike(alike.clone())));
        let label = "  look at them first".to_owned();
        let more = if count == "1" {
            "show it and decide nothing".to_owned()
        } else {
            format!("show these {count} and decide nothing")
        };
        lines.push(line(label, more, Pick::LookAt(alike)));
    };
    if let Some(row) = row {
        let code = row.key.code;
        let decided = row.decision.as_ref();
        let choice = decided.map(|decision| decision.choice);
        let alike = Alike {
            code: Some(code),
            business: None,
            choice,
            survivor: decided.and_then(|decision| decision.survivor),
        };
        let answer = {
            let choice = choice.unwrap_or(code.suggestion());
            let whose = if decided.is_some() {
                "as answered here: "
            } else {
                ""
            };
            let rule = alike.survivor.map(|rule| format!(" ({})", rule.word()));
            let rule = rule.unwrap_or_default();
            format!("{whose}{}{rule}: {}", choice.word(), code.does(choice))
        };
        if let [business] = row.businesses.as_slice() {
            let here = Alike {
                business: Some(business.clone()),
                ..alike.clone()
            };
            let of = format!(
                ": {} at {}",
                conflict_words(code),
                safe(&row.business_names, 30)
            );
            offer(here, &of, answer.clone());
        }
        offer(alike, &format!(": {}", conflict_words(code)), answer);
        if code == Code::IdleUser {
            let idle: Vec<_> = facts
                .conflicts()
                .iter()
                .filter(|row| row.key.code == code && row.is_undecided())
                .map(|row| row.key.clone())
                .collect();
            if !idle.is_empty() {
                let label = format!("{} undecided: assign all to…", grouped(idle.len() as u64));
                let more = "name one business; each becomes its customer".to_owned();
                assign = Some(line(label, more, Pick::AskBusiness(idle)));
            }
        }
    }
    let each = "each with the suggestion of its kind".to_owned();
    offer(Alike::default(), " of every kind", each);
    lines.into_iter().chain(assign).unzip()
}

/// The survivor rule for the business of `row`, or for all.
pub fn survivors(facts: &Facts, row: Option<&ConflictRow>) -> Offered {
    let review = facts.review();
    let mark = |holds: bool| if holds { "now: " } else { "" };
    let mut lines: Vec<_> = Survivor::ALL
        .iter()
        .map(|rule| {
            let more = format!("{}{}", mark(review.survivor == *rule), rule.says());
            let pick = Pick::Survivor(None, Some(*rule));
            line(format!("all: {}", rule.word()), more, pick)
        })
        .collect();
    if let Some(row) = row
        && let [business] = row.businesses.as_slice()
    {
        let own = review.survivor_at.get(business);
        let at = safe(&row.business_names, 20);
        lines.extend(Survivor::ALL.iter().map(|rule| {
            let more = format!("{}{}", mark(own == Some(rule)), rule.says());
            let pick = Pick::Survivor(Some(business.clone()), Some(*rule));
            line(format!("{at}: {}", rule.word()), more, pick)
        }));
        if own.is_some() {
            let more = "takes the business's own rule away".to_owned();
            let pick = Pick::Survivor(Some(business.clone()), None);
            lines.push(line(format!("{at}: the rule for all"), more, pick));
        }
    }
    lines.into_iter().unzip()
}

/// A conflict with its records as plain text, to take elsewhere.
pub fn as_text(heading: &str, row: &ConflictRow, detail: Option<&Detail>) -> String {
    let mut lines = vec![heading.to_owned(), row.key.to_string()];
    if let Some(Ok(records)) = detail.map(|detail| &detail.records) {
        for record in records {
            lines.push(record.title.clone());
            let fields = record.ids.iter().chain(&record.fields);
            lines.extend(fields.map(|(field, value)| format!("  {field}: {value}")));
        }
    }
    lines.join("\n")
}

/// Answers the conflict `row` with `choice`; what else its answer says stays.
pub fn answer(shared: &mut Shared, row: &ConflictRow, choice: Choice, done: &str) -> Vec<Effect> {
    let key = row.key.clone();
    let decision = row.decision.clone();
    let mut decision = decision.unwrap_or_else(|| Decision::new(choice));
    decision.choice = choice;
    let line = format!("{}: {} {done}", key.code, choice.word());
    shared.note_in_log(Weight::Info, &line);
    shared.ask(Request::Decide(vec![Change::Answer(key, Some(decision))]))
}

/// Takes the answer to a conflict back.
pub fn take_back(shared: &mut Shared, key: ConflictKey) -> Vec<Effect> {
    shared.note_in_log(Weight::Info, &format!("{}: answer taken back", key.code));
    shared.ask(Request::Decide(vec![Change::Answer(key, None)]))
}

/// Answers all undecided conflicts that are alike.
pub fn answer_alike(shared: &mut Shared, alike: Alike) -> Vec<Effect> {
    let of = alike.code.map_or("every kind", Code::word);
    let answer = alike.choice.map_or("suggestions", Choice::word);
    let line = format!("{answer} for all undecided of {of}");
    shared.note_in_log(Weight::Info, &line);
    shared.ask(Request::DecideAlike(alike))
}

/// The filter that shows the undecided conflicts that are alike.
pub fn look_at(facts: &Facts, alike: Alike) -> Filter {
    let name = |business: Id| {
        let row = facts.businesses.iter().find(|row| row.id == business);
        let name = row.map(|row| safe(&row.name, 60));
        (business, name.unwrap_or_default())
    };
    Filter {
        code: alike.code,
        business: alike.business.map(name),
        undecided: true,
        text: String::new(),
    }
}

/// There are conflicts.
pub fn any(shared: &Shared) -> Verdict {
    if !shared.facts.conflicts().is_empty() {
        return Ok(());
    }
    Err(match shared.facts.overview {
        None => format!(
            "no conflict is known: run the survey ({})",
            quoted(Step::Survey)
        ),
        Some(_) => "the survey found no conflict".to_owned(),
    })
}

/// Something is left to be accepted.
pub fn can_accept_all(shared: &Shared) -> Verdict {
    let left = shared.facts.undecided(None);
    only_if(left > 0, "every conflict has an answer")
}

/// The conflict has another answer than the one that `accept` gives.
pub fn can_choose(accept: CommandId, shared: &Shared, row: Option<&ConflictRow>) -> Verdict {
    let one = row.is_some_and(|row| row.key.code.answers().len() < 2);
    let why = format!(
        "this kind of conflict has one answer: {} accepts it",
        shared.key(accept)
    );
    only_if(!one, why)
}

/// The conflict has an answer to take back.
pub fn can_take_back(row: Option<&ConflictRow>) -> Verdict {
    let decided = row.is_none_or(|row| row.decision.is_some());
    only_if(decided, "it is undecided already")
}

/// A decision can be taken back.
pub fn can_undo(shared: &Shared) -> Verdict {
    shared.can_ask()?;
    let some = shared.facts.review().undo > 0;
    only_if(some, "nothing was decided since the console opened")
}

/// A decision that was taken back can be done again.
pub fn can_redo(shared: &Shared) -> Verdict {
    shared.can_ask()?;
    let some = shared.facts.review().redo > 0;
    only_if(some, "nothing was taken back")
}
