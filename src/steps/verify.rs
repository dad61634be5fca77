//! Verify: integrity and isolation of what is now live, and that the collections nobody named still hold what the backup holds. Where
//! the server's log shows that nobody wrote since the proofs, they are the comparison with the originals, and only whose each booking is is
//! read once more.

use crate::domain::checklist::{State, Step};
use crate::domain::gate::Confirmed;
use crate::domain::quiet::Fact;
use crate::domain::run::RunRecord;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::engine::step_file::{File, recorded};
use crate::engine::{Watcher, counted};
use crate::store::watch;

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state,
    ..File::USUAL
};

fn state(session: &Session, run: Option<&RunRecord>) -> Option<(State, String)> {
    let (state, says) = recorded(run, Step::Verify)?;
    Some(match session.foreign_writes_in_words() {
        Some(writes) if state == State::Done => (
            State::Stale,
            format!("the application wrote since ({writes}): what is live now is not checked"),
        ),
        _ => (state, says),
    })
}

async fn run(session: &mut Session, _: Option<Confirmed>, watcher: &Watcher) -> Result<String> {
    session.begin_to_verify(watcher).await?;
    let began = watch::begin(&session.work.connection).await?;
    let stands = session.stands_as_proved().await?;
    let ours = async {
        let checked = if stands {
            session.check_standing(watcher).await?
        } else {
            session.check_documents(watcher).await?
        };
        watcher.says("comparing the other collections with the backup", 0, 0); // where they take longer
        Result::Ok(checked)
    };
    let aside = watcher.muted();
    let (checked, bystanders) = tokio::try_join!(ours, session.check_bystanders(&aside))?;
    let conforms = session.check_conformity(watcher).await?;
    let checked = checked
        .and(bystanders)
        .and(session.layout.check_strays())
        .and(conforms);
    if checked.wrong > 0 {
        return Err(StepError::Findings(format!(
            "verification failed: {}. Nothing was changed by it:\n{}",
            counted(checked.wrong, "thing is wrong", "things are wrong"),
            checked.list()
        )));
    }
    session.quiet.found(Fact::Verified, began);
    session.note_disk().await?;
    let lines = [&checked.equations[..], &checked.notes].concat();
    let says = format!("nothing wrong; {}", lines.join("; "));
    if stands {
        return Ok(format!(
            "{says}; unchanged since the proof (no write in the oplog); `ringfence verify` compares the bytes again"
        ));
    }
    if let Some(record) = &mut session.run.record {
        record.equations = checked.equations;
    }
    Ok(says)
}
