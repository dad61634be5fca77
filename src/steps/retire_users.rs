//! Retire customer users: counts the password-less users that still hold a name and an e-mail; removes nothing.

use crate::domain::checklist::State;
use crate::domain::checklist::Step;
use crate::domain::gate::Confirmed;
use crate::domain::invariant::holds_contact;
use crate::domain::rebuilt::Group;
use crate::domain::text::named;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::engine::step_file::{File, recorded};
use crate::engine::{Watcher, counted};
use crate::store::scan::{self, Scan};

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state: |_, run| recorded(run, Step::RetireUsers),
    ends: State::Skipped,
};

/// Counts password-less users that still hold a name and an e-mail; what the proof counted stands where nobody wrote since.
async fn run(session: &mut Session, _: Option<Confirmed>, watcher: &Watcher) -> Result<String> {
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
            let fields = [&role.password, &role.name, &role.email].map(String::to_owned);
            let scan = Scan {
                fields: fields.to_vec(),
                ..Scan::default()
            };
            let place = (&session.work.connection.database, None);
            scan::each(place, &role.collection, &scan, &watcher.cancel, |user| {
                count += u64::from(holds_contact(role, user));
                Ok(())
            })
            .await?;
            count
        }
    };
    let referenced = session.surveyed.as_ref().map(|surveyed| {
        let paths = surveyed.survey.referenced.keys();
        paths.map(|it| named(it)).collect::<Vec<_>>().join(", ")
    });
    let referenced = match referenced.as_deref() {
        None | Some("") => String::new(),
        Some(paths) => format!("; some are referred to by {paths}"),
    };
    Ok(format!(
        "{} still hold a name and an e-mail in {}; they were left there, removing them is not part of this version{referenced}",
        counted(count, "password-less user", "password-less users"),
        role.collection
    ))
}
