//! Clean up users: the copy that was prepared and proved with the bookings, brought up to date where somebody wrote since, and a swap.

use crate::domain::checklist::{State, Step};
use crate::domain::decision::Contact;
use crate::domain::gate::{CleanUsers, Confirmed};
use crate::domain::mapping::SET_ASIDE;
use crate::domain::rebuilt::{Group, counted_as};
use crate::engine::error::{Result, StepError};
use crate::engine::gates::Gated;
use crate::engine::prepare::did;
use crate::engine::session::Session;
use crate::engine::specification::in_words;
use crate::engine::step_file::{File, swapped_state};
use crate::engine::{Watcher, counted};

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state: |session, run| {
        if !session.work.mapping.has_users() {
            let says = "the mapping has no users, so there are no contact fields to remove";
            return Some((State::Skipped, says.to_owned()));
        }
        // Between the renames of a later swap nothing stands under the live name.
        let swapped = session.is_live(Group::CleanUp) || session.has_begun_to_retire();
        swapped_state(run, Step::CleanUsers, swapped)
    },
    ..File::USUAL
};

async fn run(
    session: &mut Session,
    confirmed: Option<Confirmed>,
    watcher: &Watcher,
) -> Result<String> {
    if session.surveyed.is_none() {
        session.survey_once(watcher).await?;
    }
    let confirmed = session.pass::<CleanUsers>(confirmed, watcher).await?;
    let list = session.work.mapping.rebuilt_in(Group::CleanUp);
    let began = list.iter().any(|which| session.layout.has_moved(which));
    let mut done = String::new();
    if !began {
        // The gate's conditions have compared the backup with the original, or looked into the log for it.
        session.require_users_will_conform(watcher).await?;
        if let Some(tally) = session.prepare_later(Group::CleanUp, watcher).await? {
            done = format!("; {}", did(tally));
        }
        let late = session.take_late_specification(&list, watcher).await?;
        done.push_str(&in_words(&late));
        if let Some(new) = session
            .new_since_backup_in_words(Group::CleanUp, watcher)
            .await?
        {
            done.push_str("; ");
            done.push_str(&new);
        }
        session.require_users_conform(watcher).await?;
        session.journal_swap(&list).await?;
    }
    let late = swap(session, confirmed, watcher).await?;
    let users = &session.work.mapping.user.collection;
    let words = match session.answers.decisions.contact {
        Contact::Remove => format!("contact fields that were copied have left {users}"),
        Contact::Null => format!("contact fields that were copied are null in {users}"),
    };
    Ok(format!("{words}{done}{late}"))
}

/// Renames, and looks once more at what was frozen.
async fn swap(
    session: &mut Session,
    _: Confirmed<CleanUsers>,
    watcher: &Watcher,
) -> Result<String> {
    let swapped = session.swap_group(Group::CleanUp, watcher).await?;
    let late = swapped.late;
    if late > 0 {
        return Err(StepError::Findings(format!(
            "users are swapped, but {} not what the frozen original gives: something wrote during the swap. Do not start the application; `ringfence rollback` goes back",
            counted(late, "user is", "users are")
        )));
    }
    session.note_sides([SET_ASIDE.to_owned()]).await?;
    session.require_no_strays("the swap is done")?;
    Ok(in_words(&swapped.indexes))
}

impl Gated for CleanUsers {
    const OF_A_PLAN: bool = true;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let list = session.work.mapping.rebuilt_in(Group::CleanUp);
        let mut lines = Vec::new();
        for which in &list {
            lines.push(session.work.will_swap(which).await?);
        }
        let role = &session.work.mapping.user;
        match session.answers.decisions.contact {
            Contact::Remove => lines.extend(
                list.iter()
                    .filter_map(|it| it.becomes(&session.work.mapping)),
            ),
            Contact::Null => lines.push(format!(
                "{} become null in the users whose data was copied",
                role.contact.join(", ")
            )),
        }
        if let Some(surveyed) = &session.surveyed {
            let cleaned = surveyed.blueprint.cleaned(&surveyed.survey);
            lines.push(format!(
                "{}; a rollback gives every field back",
                counted(cleaned, "user changes", "users change")
            ));
            let (aside, wiped) = (surveyed.blueprint.set_aside(), surveyed.blueprint.wiped());
            if aside > 0 {
                lines.push(format!(
                    "{} by decision leave the users; their whole rows stand in {SET_ASIDE} until purge",
                    counted(aside, "user", "users")
                ));
            }
            if wiped > 0 {
                lines.push(format!(
                    "{} by decision lose contact fields that no customer receives; the original and the backup keep them",
                    counted(wiped, "user", "users")
                ));
            }
        }
        Ok(lines)
    }

    async fn missing(self, session: &mut Session, watcher: &Watcher) -> Result<Vec<String>> {
        if !session.work.mapping.has_users() {
            return Ok(vec!["the mapping has no users to clean up".to_owned()]);
        }
        let list = session.work.mapping.rebuilt_in(Group::CleanUp);
        let mut missing = Vec::new();
        if !session.is_live(Group::CutOver) {
            let before = session.work.mapping.rebuilt_in(Group::CutOver);
            missing.push(format!(
                "{} are not cut over (Cut over)",
                counted_as(&before)
            ));
        }
        let done = session
            .run
            .open()
            .is_some_and(|run| run.is_done(Step::CleanUsers));
        if done && session.is_live(Group::CleanUp) {
            missing.push(format!("{} are cleaned up already", counted_as(&list)));
        }
        let began = list.iter().any(|which| session.layout.has_moved(which));
        if !began && session.surveyed.is_some() {
            match session.require_nothing_refers_to_those_aside(watcher).await {
                Err(StepError::Findings(why)) => missing.push(why),
                looked => looked?,
            }
        }
        let mut other = session.missing_backup(&list, watcher).await?;
        if !other.is_empty()
            && let Some(users) = list.first()
            && session
                .only_new_since_backup(users, watcher)
                .await?
                .is_some()
        {
            other.clear(); // who registered since stays in the original that is kept
        }
        missing.extend(other);
        Ok(missing)
    }

    fn way_back(self, session: &Session) -> String {
        session.work.renamed_back()
    }
}
