//! Update the schema: the Prisma lines to change, and a check that every index stands. Behind its gate it runs the operator's own
//! `npx prisma@6 db push`, which drops indexes that the schema does not name.

use crate::domain::checklist::Step;
use crate::domain::gate::{Confirmed, Destructive};
use crate::domain::plan::{Plan, UNCHECKED};
use crate::domain::rebuilt::Group;
use crate::domain::text::named;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::engine::step_file::{File, recorded};

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state: |_, run| recorded(run, Step::Schema),
    ..File::USUAL
};

/// How the schema is pushed from here.
const PUSH: &str = "`ringfence push --schema FILE` runs your own `npx prisma@6 db push` and compares every index before and after";
/// What Prisma's own window is good for.
const STUDIO: &str = "`npx prisma@6 studio` shows the data, and proves nothing";

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
    let pushed = match confirmed {
        Some(confirmed) if confirmed.action() == Destructive::PutBackIndexes => {
            Some(session.put_indexes_back(confirmed, watcher).await?)
        }
        Some(confirmed) => Some(session.push_schema(confirmed, watcher).await?),
        None => None,
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
            "{}every index stands; what the after-schema asks was done with the cut-over and the clean-up of users. {STUDIO}. {}",
            pushed.map_or_else(String::new, |says| format!("{says}; ")),
            Plan::schema_words(session.answers.schema.as_ref())
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
