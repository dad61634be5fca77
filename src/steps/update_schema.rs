//! Update the schema: the Prisma lines to change, and a check that every index stands. Where the plan gives what the after-schema asks a step of
//! its own, that is prepared, proved and swapped here. Behind another gate it runs the operator's own `npx prisma@6 db push`, which drops indexes
//! that the schema does not name.

use crate::domain::checklist::{State, Step};
use crate::domain::gate::{Confirmed, Destructive, UpdateSchema};
use crate::domain::plan::{Plan, UNCHECKED};
use crate::domain::rebuilt::{Group, Rebuilt};
use crate::domain::run::RunRecord;
use crate::domain::text::{listed, named, sentence};
use crate::engine::error::{Result, StepError};
use crate::engine::gates::Gated;
use crate::engine::session::Session;
use crate::engine::specification::in_words;
use crate::engine::step_file::{File, recorded, swapped_state};
use crate::engine::{Watcher, counted};
use crate::store::run_log;

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state,
    ..File::USUAL
};

/// How the schema is pushed from here.
const PUSH: &str = "`ringfence push --schema FILE` runs your own `npx prisma@6 db push` and compares every index before and after";
/// What Prisma's own window is good for.
const STUDIO: &str = "`npx prisma@6 studio` shows the data, and proves nothing";

/// So often copies are brought up to date before it is said that something still writes.
const TRIES: usize = 3;

fn state(session: &Session, run: Option<&RunRecord>) -> Option<(State, String)> {
    if session.work.mapping.asked_of_own_step().is_empty() || !session.is_live(Group::CutOver) {
        return recorded(run, Step::Schema);
    }
    let swapped = swapped_state(run, Step::Schema, session.is_live(Group::Schema));
    let has_users = session.work.mapping.has_users();
    if swapped.is_none() && has_users && !session.is_live(Group::CleanUp) {
        let before = Step::CleanUsers.title();
        return Some((State::Pending, format!("after {before}")));
    }
    swapped
}

async fn run(
    session: &mut Session,
    confirmed: Option<Confirmed>,
    watcher: &Watcher,
) -> Result<String> {
    if !session.is_live(Group::CutOver) {
        return Err(StepError::NotReady("the cut-over comes first: `npx prisma@6 db push` would find the old collections. Nothing was changed".to_owned()));
    }
    if session.schema_waits_for_retiring() {
        return Err(StepError::Findings(
            "users who are to retire are still among the users, so the users do not meet the after-schema yet. The cut-over stands, and the way back is open. Run “Retire customer users” first, then the same command again".to_owned(),
        ));
    }
    let cut_off = session.look_at_cut_off_push().await?;
    if let Some(says) = &cut_off {
        watcher.says(says, 0, 0);
        run_log::write("WARN", says);
    }
    let pushed = match confirmed {
        Some(confirmed) if confirmed.action() == Destructive::UpdateSchema => {
            Some(reshape(session, confirmed, watcher).await?)
        }
        _ if session.schema_step_waits() => {
            return Err(StepError::NotReady(format!(
                "what the after-schema asks of {} is done behind the gate of this step. Nothing was changed",
                listed(session.waiting_for_schema_step().iter().map(String::as_str))
            )));
        }
        Some(confirmed) if confirmed.action() == Destructive::PutBackIndexes => {
            Some(session.put_indexes_back(confirmed, watcher).await?)
        }
        Some(confirmed) => Some(session.push_schema(confirmed, watcher).await?),
        None => None,
    };
    let pushed = match (cut_off, pushed) {
        (Some(cut_off), Some(pushed)) => Some(format!("{cut_off}; {pushed}")),
        (cut_off, pushed) => cut_off.or(pushed),
    };
    if session.surveyed.is_none() {
        session
            .survey_once(&crate::engine::Watcher::silent())
            .await?;
    }
    let mut checked = crate::engine::check::Checked::default();
    for which in &session.work.mapping.rebuilt() {
        checked = checked.and(session.check_indexes(which).await?);
    }
    if checked.wrong > 0 {
        return Err(StepError::Findings(format!(
            "{}indexes are not as specified; create the missing ones again ({} does, where a push dropped them), or correct the schema and push it again:\n{}",
            pushed.map_or_else(String::new, |says| format!("{says}\n")),
            session.how_to_put_back(),
            checked.list()
        )));
    }
    if session.answers.schema.is_some() {
        return Ok(format!(
            "{}every index stands; what the after-schema asks was done with the cut-over and the clean-up of users{}. {STUDIO}. {}",
            pushed.map_or_else(String::new, |says| format!("{says}; ")),
            if session.work.mapping.asked_of_own_step().is_empty() {
                ""
            } else {
                ", and in this step"
            },
            sentence(&Plan::schema_words(session.answers.schema.as_ref()))
        ));
    }
    let lines = session.schema_lines()?;
    let draft = session.write_schema_draft(watcher).await?;
    let draft = draft.map_or_else(String::new, |path| {
        format!(
            ". The models to copy stand in {}",
            named(&path.display().to_string())
        )
    });
    if let Some(pushed) = pushed {
        return Ok(format!(
            "{pushed}; every index of the migration stands{draft}. {STUDIO}. {UNCHECKED}"
        ));
    }
    Ok(format!(
        "every index stands; in schema.prisma: {}{draft}. {PUSH}. {STUDIO}. {UNCHECKED}",
        lines.join("; ")
    ))
}

/// Prepares, proves and swaps what the after-schema asks in a step of its own.
async fn reshape(session: &mut Session, confirmed: Confirmed, watcher: &Watcher) -> Result<String> {
    session.see_what_is_swapped().await?;
    if session.surveyed.is_none() {
        session.survey_once(watcher).await?;
    }
    let confirmed = session
        .pass::<UpdateSchema>(Some(confirmed), watcher)
        .await?;
    let mut late = Vec::new();
    let mapping = &session.work.mapping;
    if !session.layout.has_group_moved(mapping, Group::Schema) {
        let list = mapping.rebuilt_in(Group::Schema);
        converge_until_still(session, watcher).await?;
        late = session.take_late_specification(&list, watcher).await?;
        session.require_copies_conform(watcher).await?;
        session.journal_swap(&list).await?;
    }
    let says = swap(session, confirmed, watcher).await?;
    Ok(format!("{says}{}", in_words(&late)))
}

/// Brings the copies up to date and proves them, until there is nothing left to do.
async fn converge_until_still(session: &mut Session, watcher: &Watcher) -> Result<()> {
    for _ in 0..TRIES {
        match session.prepare_later(Group::Schema, watcher).await? {
            None => return Ok(()),
            Some(tally) if tally.changes() == 0 => return Ok(()),
            Some(_) => {}
        }
    }
    Err(StepError::NotReady(format!(
        "every converge found something new, so something still writes. Nothing was renamed; stop the application, then run “{}” again",
        Step::Schema.title()
    )))
}

/// Renames, and looks once more at what was frozen.
async fn swap(
    session: &mut Session,
    _: Confirmed<UpdateSchema>,
    watcher: &Watcher,
) -> Result<String> {
    let swapped = session.swap_group(Group::Schema, watcher).await?;
    let late = swapped.late;
    if late > 0 {
        return Err(StepError::Findings(format!(
            "the collections are swapped, but {} from what the frozen originals give: something wrote during it. Do not start the application; `ringfence verify` names them, `ringfence rollback` goes back",
            counted(late, "document differs", "documents differ")
        )));
    }
    session.require_no_strays("the swap is done")?;
    let mapping = &session.work.mapping;
    let list = mapping.rebuilt_in(Group::Schema);
    let renamed = mapping.renamed_only_in(Group::Schema);
    let live = list.iter().map(Rebuilt::to);
    let live = live.chain(renamed.iter().map(|(_, to)| to.as_str()));
    Ok(format!(
        "{} are live as the after-schema asks; renamed in {} ms; the originals are kept{}",
        listed(live),
        swapped.took.as_millis(),
        in_words(&swapped.indexes)
    ))
}

impl Gated for UpdateSchema {
    const OF_A_PLAN: bool = true;
    const CHECKS_WAY_BACK: bool = true;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        let mapping = &session.work.mapping;
        for which in &mapping.rebuilt_in(Group::Schema) {
            let documents = session.work.rough(session.layout.live(which)).await;
            lines.push(format!(
                "prepare and prove a copy of {}, then rename {} → {}, {} → {} ({})",
                named(which.live()),
                named(which.live()),
                which.before(),
                which.next(),
                named(which.to()),
                counted(documents, "document", "documents")
            ));
        }
        for (from, to) in mapping.renamed_only_in(Group::Schema) {
            lines.push(format!("rename {} → {}", named(&from), named(&to)));
        }
        if let Some(changes) = mapping.changes() {
            for live in mapping.asked_of_own_step() {
                let rules = changes.of(live).into_iter().flat_map(|it| &it.rules);
                lines.extend(rules.map(|rule| format!("{}: {}", named(live), rule.words())));
            }
        }
        lines.push(Plan::schema_words(session.answers.schema.as_ref()));
        if session.is_live(Group::CutOver) {
            let written = session.written_since_backup(&Watcher::silent()).await?;
            lines.extend(written.into_iter().map(|says| {
                format!("{says}: the original that is kept holds that, and no backup does")
            }));
        }
        Ok(lines)
    }

    async fn missing(self, session: &mut Session, _: &Watcher) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        if session.work.mapping.asked_of_own_step().is_empty() {
            missing.push("the plan asks nothing in a step of its own".to_owned());
            return Ok(missing);
        }
        if !session.schema_step_waits() {
            missing.push("what the after-schema asks is done already".to_owned());
            return Ok(missing);
        }
        let run = session.run.open();
        let cut = run.is_some_and(|run| run.is_done(Step::CutOver));
        if !cut || !session.is_live(Group::CutOver) {
            missing.push(format!("“{}” comes first", Step::CutOver.title()));
            return Ok(missing);
        }
        let cleaned = run.is_some_and(|run| run.is_done(Step::CleanUsers));
        if session.work.mapping.has_users() && !(cleaned && session.is_live(Group::CleanUp)) {
            missing.push(format!("“{}” comes first", Step::CleanUsers.title()));
        }
        if session.schema_waits_for_retiring() {
            missing.push(format!("“{}” comes first", Step::RetireUsers.title()));
        }
        for which in &session.work.mapping.rebuilt_in(Group::Schema) {
            if session.layout.is_lost(which) {
                missing.push(format!(
                    "the original of {} is gone: no collection has its UUID any more",
                    named(which.live())
                ));
            }
        }
        missing.extend(session.names_taken(Group::Schema).await?);
        for name in session.names_in_the_way().await? {
            missing.push(format!(
                "{name} would block a rollback, and it does not belong to this run: drop it or give it another name"
            ));
        }
        Ok(missing)
    }

    fn way_back(self, session: &Session) -> String {
        session.work.renamed_back()
    }
}
