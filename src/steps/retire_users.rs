//! Retire customer users: optional. Who goes is looked for on the live rows when the gate opens and again by its effect; their whole rows are kept
//! aside, and the users without them are swapped in. Without a confirmation it counts those who still hold a name and an e-mail.

use crate::domain::checklist::State;
use crate::domain::checklist::Step;
use crate::domain::gate::{Confirmed, RetireUsers};
use crate::domain::invariant::holds_contact;
use crate::domain::mapping::RETIRED;
use crate::domain::rebuilt::Group;
use crate::domain::retire::not_looked_into;
use crate::domain::run::RunRecord;
use crate::domain::schema_change::undo::Known;
use crate::domain::text::named;
use crate::engine::after_schema::lens::{as_now, change_of, undone};
use crate::engine::error::Result;
use crate::engine::gates::Gated;
use crate::engine::session::Session;
use crate::engine::step_file::{File, recorded};
use crate::engine::{Watcher, counted};
use crate::store::StoreError;
use crate::store::scan::{self, Scan};

/// Where a retirement stands whose process ended after its renames.
const UNFINISHED: &str = "users were leaving when the process ended; run it again";

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state,
    ends: |run| match run.and_then(|run| run.retired.as_ref()) {
        Some(_) => State::Done,
        None => State::Skipped,
    },
};

fn state(session: &Session, run: Option<&RunRecord>) -> Option<(State, String)> {
    if !session.work.mapping.has_users() {
        let says = "the mapping has no users, so nobody retires";
        return Some((State::Skipped, says.to_owned()));
    }
    let recorded = recorded(run, Step::RetireUsers);
    if session.has_begun_to_retire() {
        let done = recorded.filter(|(state, _)| *state == State::Done);
        return done.or_else(|| Some((State::Ready, UNFINISHED.to_owned())));
    }
    recorded
}

async fn run(
    session: &mut Session,
    confirmed: Option<Confirmed>,
    watcher: &Watcher,
) -> Result<String> {
    let Some(confirmed) = confirmed else {
        return count(session, watcher).await;
    };
    let confirmed = session
        .pass::<RetireUsers>(Some(confirmed), watcher)
        .await?;
    retire(session, confirmed, watcher).await
}

async fn retire(
    session: &mut Session,
    _: Confirmed<RetireUsers>,
    watcher: &Watcher,
) -> Result<String> {
    let users = session.work.mapping.users();
    session.settle_later_swaps(true).await?;
    if !session.has_begun_to_retire() {
        let counts = session.look_who_retires(watcher).await?;
        // What the after-schema makes unique waits for the copy without those who retire.
        if counts.going == 0 && !session.users_wait_for_uniques() {
            return Ok(format!("nobody retires; {}", counts.lines().join("; ")));
        }
        session.prepare_retirement(watcher).await?;
        watcher.says("renaming", 0, 0);
        session.settle_later_swaps(true).await?;
    }
    if !session.is_as_proved(Group::CleanUp).await? {
        session.require_nothing_late(&users, watcher).await?;
    }
    session.note_sides([RETIRED.to_owned()]).await?;
    session.require_no_strays("users are swapped")?;
    let run = session.run.open();
    let counts = run.and_then(|run| run.retired.clone()).unwrap_or_default();
    let equations = run.map(RunRecord::users_equations).unwrap_or_default();
    Ok(format!(
        "{} retired: their whole rows stand in {RETIRED} until purge; {}; {}",
        counts.going(),
        equations.join("; "),
        counts.lines().join("; ")
    ))
}

/// Counts password-less users that still hold a name and an e-mail; what the proof counted stands where nobody wrote since.
async fn count(session: &mut Session, watcher: &Watcher) -> Result<String> {
    let role = &session.work.mapping.user;
    let known = session
        .run
        .open()
        .and_then(|run| run.numbers.get(crate::engine::later::HOLDING));
    let count = match known {
        Some(count)
            if session.is_live(Group::CleanUp) && session.is_as_proved(Group::CleanUp).await? =>
        {
            *count
        }
        _ => {
            let mut count = 0;
            let users = session.work.mapping.users();
            let change = change_of(&session.work.mapping, &users)
                .filter(|_| session.layout.is_swapped(&users));
            let wanted = role.fields_of_contact();
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            let scan = Scan {
                fields: as_now(change, &wanted),
                ..Scan::default()
            };
            let place = (&session.work.connection.database, None);
            let live = session.layout.live(&users);
            scan::each(place, live, &scan, &watcher.cancel, |user| {
                let user = undone(change, user, Known::Nothing);
                let user = user.map_err(|error| StoreError::Invalid(error.to_string()))?;
                count += u64::from(holds_contact(role, &user));
                Ok(())
            })
            .await?;
            count
        }
    };
    let referenced = session.surveyed.as_ref().map(|surveyed| {
        let paths = surveyed.survey.referenced().into_keys();
        paths.map(|it| named(&it)).collect::<Vec<_>>().join(", ")
    });
    let referenced = match referenced.as_deref() {
        None | Some("") => String::new(),
        Some(paths) => format!("; some are referred to by {paths}"),
    };
    Ok(format!(
        "{} still hold a name and an e-mail in {}; nobody retired, since that was not asked for (`apply --retire-users`){referenced}",
        counted(count, "password-less user", "password-less users"),
        role.collection
    ))
}

impl Gated for RetireUsers {
    const OF_A_PLAN: bool = true;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let users = session.work.mapping.users();
        let counts = session.retire_counts().unwrap_or_default();
        let live = session.layout.live(&users);
        let (next, old) = (users.next(), users.old(1));
        let mut lines = vec![
            format!(
                "{} leave {live}; their whole rows stand in {RETIRED} until purge",
                counts.going()
            ),
            format!("rename {live} → {old}, {next} → {live}"),
        ];
        lines.extend(counts.lines());
        lines.push(not_looked_into());
        Ok(lines)
    }

    async fn missing(self, session: &mut Session, watcher: &Watcher) -> Result<Vec<String>> {
        let done = session
            .run
            .open()
            .is_some_and(|run| run.is_done(Step::RetireUsers));
        if session.has_begun_to_retire() {
            // Where it is not done it goes on from where it stopped.
            return Ok(if done {
                vec!["customer users are retired already".to_owned()]
            } else {
                Vec::new()
            });
        }
        if !session.work.mapping.has_users() {
            return Ok(vec!["the mapping has no users who could retire".to_owned()]);
        }
        let mut missing = Vec::new();
        if !session.is_live(Group::CleanUp) {
            missing.push("users are not cleaned up (Clean up users)".to_owned());
            return Ok(missing);
        }
        session.survey_if_changed(watcher).await?;
        session.look_who_retires(watcher).await?;
        let by_number = session.fates.as_ref().map_or(0, |fates| fates.by_number);
        if by_number > 0 {
            missing.push(format!(
                "{} with a number as _id: ringfence cannot tell whether anything refers to a number, so nobody retires",
                counted(by_number, "user would retire", "users would retire")
            ));
        }
        Ok(missing)
    }

    fn way_back(self, session: &Session) -> String {
        session.work.renamed_back()
    }
}
