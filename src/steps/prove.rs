//! Prove: the prepared copies are checked before anyone sees them. That of the users, which the clean-up swaps in, is prepared here.

use crate::domain::checklist::State;
use crate::domain::checklist::Step;
use crate::domain::gate::Confirmed;
use crate::domain::quiet::Fact;
use crate::domain::rebuilt::Group;
use crate::domain::run::RunRecord;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::engine::specification::in_words;
use crate::engine::step_file::{File, recorded};
use crate::engine::{Watcher, counted};
use crate::store::watch;

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state,
    ..File::USUAL
};

async fn run(session: &mut Session, _: Option<Confirmed>, watcher: &Watcher) -> Result<String> {
    session.see_what_is_swapped().await?;
    session
        .layout
        .before_cut_over(&session.work.mapping.bookings())?;
    for which in &session.work.mapping.rebuilt_in(Group::CutOver) {
        session.layout.require_prepared(which)?;
    }
    if session.surveyed.is_none() {
        session.survey_once(watcher).await?;
    }
    let list = session.work.mapping.rebuilt_in(Group::CutOver);
    let late = session.take_late_specification(&list, watcher).await?;
    // The users' copy is made meanwhile, so that writers need not stand still for it: the proof asks more of us, the copy of the server.
    let users_wanted = session.begin_later(Group::CleanUp, watcher).await?;
    session.make_room_for_a_proof();
    let since = watch::begin(&session.work.connection).await?;
    let aside = watcher.muted();
    let copy = async {
        if users_wanted {
            for which in &session.work.mapping.rebuilt_in(Group::CleanUp) {
                session.bring_up_to_date(which, &aside).await?;
            }
        }
        Result::Ok(())
    };
    let check = async {
        let checked = session.check_group(Group::CutOver, watcher).await;
        watcher.says("cleaning users", 0, 0); // where the copy takes longer, it is what is waited for
        checked
    };
    // So is all that we wrote since the backup looked through now, in the log, so that nobody waits for that while writers stand still.
    let look = session.look_through_since_backup();
    let (checked, copied, looked) = tokio::join!(check, copy, look);
    session.note_unchanged(looked?);
    let checked = checked?;
    if checked.wrong > 0 {
        // What has not passed is prepared again, by the next `apply` too: it writes only what differs.
        let record = session.begin_run().await?;
        for which in &list {
            record.collection_mut(which).prepared_for = None;
        }
        session.save().await?;
        return Err(StepError::Findings(format!(
            "the proof failed: {}. The live data is unchanged. Prepare again (Create customers, Reassign bookings; `apply` does it too); if it comes back, keep the run folder and report it:\n{}",
            counted(checked.wrong, "thing is wrong", "things are wrong"),
            checked.list()
        )));
    }
    let said = checked.equations.iter().chain(&checked.notes);
    let said: Vec<&str> = said.map(String::as_str).collect();
    let says = format!("{}{}", said.join("; "), in_words(&late));
    session.note_proved(Group::CutOver, &checked, since);
    if let Some(record) = &mut session.run.record {
        // A copy of the users that stands as it was proved is not proved anew: what its proof said holds.
        let of_users = (!users_wanted).then(|| record.users_equations());
        record.equations = checked.equations;
        record.equations.extend(of_users.unwrap_or_default());
    }
    session.save().await?;
    copied?;
    // What the log holds of our own since the proof of the bookings is looked through now, so that the cut-over need not.
    let now = watch::begin(&session.work.connection).await?;
    let users = async {
        if users_wanted {
            return session.check_group(Group::CleanUp, watcher).await.map(Some);
        }
        Result::Ok(None)
    };
    // The users' copy is in the log by now.
    let look = session.look_through_since_backup();
    let stands = session.is_as_proved(Group::CutOver);
    let (users, stands, looked) = tokio::join!(users, stands, look);
    session.note_unchanged(looked?);
    if stands? {
        session
            .quiet
            .found(Fact::Proved(Group::CutOver), now.clone());
    }
    if let Some(checked) = users? {
        session
            .note_later_proved(Group::CleanUp, &checked, now)
            .await?;
    }
    Ok(says)
}

fn state(session: &Session, run: Option<&RunRecord>) -> Option<(State, String)> {
    let recorded = recorded(run, Step::Prove);
    if session.is_live(Group::CutOver) {
        return recorded.or_else(|| Some((State::Done, "cut over".to_owned())));
    }
    let list = session.work.mapping.rebuilt_in(Group::CutOver);
    let proved = |run: &RunRecord| list.iter().all(|it| run.collection(it).proved.is_some());
    let fits = run.is_some_and(proved);
    match recorded {
        Some((State::Done, _)) if !fits => Some((
            State::Stale,
            "the copies were prepared again since; prove them again".to_owned(),
        )),
        recorded => recorded,
    }
}
