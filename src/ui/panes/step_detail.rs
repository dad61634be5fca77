//! What the overview says of the selected step: what it does and destroys, what else can be done there, what was found and proved so far, what
//! lies ahead and how long it takes.

use ratatui::text::Line;

use super::super::text::wrap;
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::commands::about::CommandId;
use crate::app::commands::ids::{BLOCK_WRITES, CONTACT, PUSH_SCHEMA, PUT_INDEXES_BACK};
use crate::app::panes;
use crate::app::panes::conflicts::Conflicts;
use crate::app::panes::pane::PaneCommands;
use crate::app::shared::Shared;
use crate::domain::checklist::{State, Step, Touch};
use crate::domain::conflict::Severity;
use crate::domain::decision::Contact;
use crate::domain::number::{Millis, counted, grouped, megabytes};
use crate::domain::overview::Overview;
use crate::domain::people::conflict_words;
use crate::domain::run_view::RunView;
use crate::domain::text::{safe, safe_lines};

/// Kinds of conflicts that are named for each severity.
const KINDS: usize = 4;

/// All of it, `columns` wide.
pub fn lines(shared: &Shared, step: Step, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let says = shared
        .facts
        .status(step)
        .map(|status| safe_lines(&status.says, 900))
        .unwrap_or_default();
    let state = shared.state(step).word();
    let mut lines = Vec::new();
    // That it is a gate is said in the list.
    let says = says.strip_prefix("gate: ").unwrap_or(&says);
    let state = if says.is_empty() || says == step.does() {
        state.to_owned()
    } else {
        format!("{state}: {says}")
    };
    for (label, text) in [
        ("State", state),
        ("Will", step.does().to_owned()),
        ("Destroys", step.destroys().to_owned()),
        ("Also", also(shared, step)),
        ("Guide", format!("“{}”", step.guide())),
    ] {
        if !text.is_empty() {
            lines.extend(widgets::labelled(label, &text, columns, theme));
        }
    }
    for text in forecast(shared, step) {
        lines.extend(widgets::labelled(
            "Forecast",
            &safe(&text, 900),
            columns,
            theme,
        ));
    }
    let found = found(shared, columns, theme);
    let says_what_was_found = !found.is_empty();
    lines.extend(found);
    let Some(run) = shared.facts.standing_run() else {
        return lines;
    };
    if !run.equations.is_empty() {
        lines.push(Line::default());
        lines.push(Line::styled("Proved", theme.label()));
        for equation in &run.equations {
            lines.extend(ticked(&safe(equation, 300), columns));
        }
    }
    let outlook = outlook(shared);
    if !outlook.is_empty() {
        lines.push(Line::default());
        lines.extend(widgets::labelled("Outlook", &outlook, columns, theme));
    }
    if let Some((documents, _)) = run.backup {
        let text = format!("{} documents, read back", grouped(documents));
        lines.extend(widgets::labelled("Backup", &text, columns, theme));
    }
    let mut results = results(shared, step, columns, theme);
    if says_what_was_found && !shared.is_done(Step::BackUp) {
        results.clear(); // the survey alone is done, and what it found stands above
    }
    lines.extend(results);
    lines
}

/// What else can be done at a step, by its key.
fn also(shared: &Shared, step: Step) -> String {
    let ways: &[(CommandId, &str)] = match step {
        Step::StopApplication => &[(BLOCK_WRITES, "sets the server's write block")],
        Step::CleanUsers => &[(CONTACT, "chooses how contact fields leave the users")],
        Step::Schema => &[
            (PUSH_SCHEMA, "pushes the schema"),
            (
                PUT_INDEXES_BACK,
                "puts back the indexes that a push dropped",
            ),
        ],
        _ => &[],
    };
    let ways = ways
        .iter()
        .map(|(id, does)| format!("{} {does}", shared.key(*id)));
    ways.collect::<Vec<_>>().join(" · ")
}

/// What the survey found and what lies ahead, until there is a plan that says it.
fn found(shared: &Shared, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let Some(overview) = &shared.facts.overview else {
        return Vec::new();
    };
    if shared.is_done(Step::Review) || shared.is_done(Step::CutOver) {
        return Vec::new();
    }
    let mut lines = vec![Line::default()];
    let mut add = |label: &str, text: &str| {
        lines.extend(widgets::labelled(label, text, columns, theme));
    };
    add("Found", &found_words(overview));
    let customers = counted(overview.pairs, "customer", "customers");
    let of_each = "one for each user at each business with a booking of theirs";
    add("Becomes", &format!("{customers} at most: {of_each}"));
    let departures = &overview.departures;
    let of = counted(departures.of, "booking", "bookings");
    add(
        "Bookings",
        &match departures.total() {
            0 if departures.of == 0 => "none in this database".to_owned(),
            0 => "each goes to the customer of its user".to_owned(),
            some => format!(
                "{} of {of} leave the application: {}",
                grouped(some),
                departures.destinations()
            ),
        },
    );
    let decided = to_decide(shared);
    if decided.is_empty() {
        add("To decide", "nothing: every conflict has an answer");
    }
    for (at, text) in decided.iter().enumerate() {
        add(if at == 0 { "To decide" } else { "" }, text);
    }
    add("Ahead", &ahead(shared));
    if shared
        .facts
        .standing_run()
        .is_none_or(|run| run.expected.is_empty())
    {
        let trial = Step::CreateCustomers.title();
        let text = format!("“{trial}” tries out some bookings and estimates the times");
        add("Outlook", &text);
    }
    lines
}

fn found_words(overview: &Overview) -> String {
    let businesses = overview.businesses.len() as u64;
    [
        format!(
            "{} ({} with an account)",
            counted(overview.users, "user", "users"),
            grouped(overview.accounts)
        ),
        counted(businesses, "business", "businesses"),
        counted(overview.bookings, "booking", "bookings"),
        counted(overview.services, "service", "services"),
    ]
    .join(", ")
}

/// What is undecided, by how much it holds up: the most frequent kinds by name.
fn to_decide(shared: &Shared) -> Vec<String> {
    let pane = panes::digit(Conflicts::ID);
    let mut lines = Vec::new();
    for (severity, word) in [
        (Severity::Blocker, "must"),
        (Severity::Warning, "should"),
        (Severity::Note, "may"),
    ] {
        let counts = shared.facts.counts().iter();
        let of = counts.filter(|it| it.code.severity() == severity && it.undecided > 0);
        let mut kinds: Vec<_> = of.map(|it| (it.undecided, it.code)).collect();
        kinds.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
        let total: usize = kinds.iter().map(|(count, _)| count).sum();
        if total == 0 {
            continue;
        }
        let named = kinds.iter().take(KINDS);
        let mut named: Vec<String> = named
            .map(|(count, code)| format!("{} × {}", grouped(*count as u64), conflict_words(*code)))
            .collect();
        if kinds.len() > KINDS {
            named.push("…".to_owned());
        }
        let total = grouped(total as u64);
        lines.push(format!("{word} {total}: {}", named.join(", ")));
    }
    if let Some(last) = lines.last_mut() {
        *last = format!("{last} ({pane} shows them)");
    }
    lines
}

/// The steps up to the next gate.
fn ahead(shared: &Shared) -> String {
    let run = shared.facts.run();
    let mut titles = Vec::new();
    for step in Step::ALL {
        if matches!(shared.state(*step), State::Done | State::Skipped) {
            continue;
        }
        if RunView::touch(run, *step) == Touch::Gate {
            titles.push(format!("◇ {}", step.title()));
            break;
        }
        titles.push(step.title().to_owned());
    }
    titles.join(" › ")
}

/// What the steps before the selected one came to.
fn results(shared: &Shared, step: Step, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let before = Step::ALL.iter().filter(|it| **it < step);
    let done = before.filter(|it| shared.is_done(**it) && it.touch() != Touch::Note);
    let mut lines = Vec::new();
    for step in done {
        let says = shared.facts.status(*step).map_or("", |it| &it.says);
        let says = safe(says.lines().next().unwrap_or_default(), 300);
        lines.extend(ticked(&format!("{}: {says}", step.title()), columns));
    }
    if !lines.is_empty() {
        let heading = Line::styled("Results so far", theme.label());
        lines.splice(0..0, [Line::default(), heading]);
    }
    lines
}

/// A text behind a tick, its further lines under its first word.
fn ticked(text: &str, columns: usize) -> impl Iterator<Item = Line<'static>> {
    let lines = wrap(text, columns.saturating_sub(2)).into_iter();
    lines.enumerate().map(|(at, line)| {
        let mark = if at == 0 { "✓ " } else { "  " };
        Line::raw(format!("{mark}{line}"))
    })
}

/// What the survey can tell of a step before it is run.
fn forecast(shared: &Shared, step: Step) -> Vec<String> {
    let review = shared.facts.review();
    if shared.facts.overview.is_none() || matches!(shared.state(step), State::Done) {
        return Vec::new();
    }
    match step {
        Step::RetireUsers => review.retiring.clone(),
        Step::CleanUsers => vec![format!(
            "contact fields that the customers have: {}",
            match review.contact {
                Contact::Remove => "they are removed from the users",
                Contact::Null => "they stay in the users, with null in them",
            }
        )],
        _ => Vec::new(),
    }
}

/// How long it takes to the next gate and to the end, as far as it is forecast.
fn outlook(shared: &Shared) -> String {
    let Some(run) = shared.facts.standing_run() else {
        return String::new();
    };
    let seconds = |millis: Millis| format!("~{:.1} s", millis as f64 / 1000.0);
    let open = |step: &&Step| !matches!(shared.state(**step), State::Done | State::Skipped);
    let to_gate: Millis = Step::ALL
        .iter()
        .take_while(|step| RunView::touch(Some(run), **step) != Touch::Gate)
        .filter(open)
        .filter_map(|step| run.expected.get(step))
        .sum();
    let mut parts = Vec::new();
    if to_gate > 0 {
        parts.push(format!("to the gate {}", seconds(to_gate)));
    }
    if let Some(left) = run.left.filter(|left| *left > 0) {
        parts.push(format!("to the end of verify {}", seconds(left)));
    }
    if let Some(disk) = run.disk.filter(|_| !parts.is_empty()) {
        parts.push(format!("copies take {} MB", grouped(megabytes(disk))));
    }
    parts.join(" · ")
}
