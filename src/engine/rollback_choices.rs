//! What the gate to roll back shows before a name is typed: what was written since the cut-over, counted by kind, and what becomes of it by
//! each choice; and how a rollback that ended is called.

use crate::domain::ending::{Ended, Ending};
use crate::domain::gate::{Destructive, Gate, New, WayBack};
use crate::domain::keep_new::report::{Kept, Reason};
use crate::domain::number::{counted, grouped};
use crate::domain::text::named;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::keep_new::{Carrying, Copies, Held};
use crate::engine::rolled_back::RolledBack;
use crate::engine::session::Session;

impl Session {
    /// How a rollback ended.
    pub fn how_it_rolled_back(&self, done: Result<RolledBack>) -> Ended {
        let began = self
            .run
            .rollback_record()
            .is_some_and(|record| record.began);
        match done {
            Ok(done) if done.complete => Ended::done(done.says),
            Ok(done) => Ended {
                ending: Ending::PartlyDone,
                says: done.says,
            },
            // Before its first rename a rollback refuses; after it, something was left.
            Err(StepError::Findings(says)) if began => Ended {
                ending: Ending::PartlyDone,
                says,
            },
            Err(StepError::Findings(says)) => Ended {
                ending: Ending::Refused,
                says,
            },
            Err(error) => error.ended(),
        }
    }

    /// The gate to roll back, with what was written since the cut-over and the choices.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn rollback_gate(&mut self, new: New) -> Result<Gate> {
        let mut gate = self.open_gate(crate::domain::gate::RollBack(new)).await?;
        if self.run.open().is_none() || !self.layout.is_any_swapped() {
            return Ok(gate);
        }
        if let Some(record) = self.run.rollback_record().filter(|record| record.began) {
            let says = "a rollback is half done; the same choice goes on with it".to_owned();
            gate.choices = vec![WayBack::new(record.new, says)];
            if record.new != new {
                gate.action = Destructive::RollBack(record.new);
            }
            return Ok(gate);
        }
        let watcher = Watcher::silent();
        let live = self.live_fingerprints(&watcher).await?;
        let of_renamed = self.written_to_renamed(&watcher).await?;
        if !self.differs_from_proved(&live) {
            let nothing = if of_renamed.is_empty() {
                "nothing since the cut-over"
            } else {
                "nothing since the cut-over, but for collections that were only renamed"
            };
            gate.written = vec![nothing.to_owned()];
            gate.written.extend(of_renamed);
            gate.choices = choices(None, None);
            return Ok(gate);
        }
        let kept = self.would_keep(false, &watcher).await?;
        gate.written = kept.found_lines();
        if kept.is_empty() {
            gate.written = vec![
                "only what is not carried: fields that were dropped, or the same again".to_owned(),
            ];
        } else if new == New::Refuse {
            gate.missing.push(
                "the application wrote since the cut-over: choose whether that is kept or discarded"
                    .to_owned(),
            );
        }
        gate.written.extend(of_renamed);
        let without_user = kept.left.iter().any(|left| left.reason == Reason::NoUser);
        let with_users = if without_user {
            Some(self.would_keep(true, &watcher).await?)
        } else {
            None
        };
        gate.choices = choices(Some(&kept), with_users.as_ref());
        Ok(gate)
    }

    /// What a rollback that keeps would carry and leave behind, as far as it can be told without making it.
    pub(crate) async fn would_keep(&self, create_users: bool, watcher: &Watcher) -> Result<Kept> {
        let held = Held::new();
        let carrying = Carrying::new(self, (create_users, &held), Copies::new(), watcher);
        let (carried, _) = carrying.run().await?;
        Ok(carried.kept)
    }
}

fn choices(kept: Option<&Kept>, with_users: Option<&Kept>) -> Vec<WayBack> {
    let Some(kept) = kept.filter(|kept| !kept.is_empty()) else {
        let says = "renames the originals back; there is nothing to keep or to discard";
        return [New::Refuse, keep(false), New::Discard]
            .map(|new| WayBack::new(new, says.to_owned()))
            .into();
    };
    let mut all = vec![
        WayBack::new(New::Refuse, "changes nothing".to_owned()),
        WayBack::new(keep(false), carries(kept)),
    ];
    if let Some(kept) = with_users {
        let says = format!(
            "makes a user for each customer without one; {}",
            carries(kept)
        );
        all.push(WayBack::new(keep(true), says));
    }
    all.push(WayBack::new(
        New::Discard,
        "it leaves the live data and stays aside in _ringfence_rolled_back_*".to_owned(),
    ));
    all
}

fn keep(create_users: bool) -> New {
    New::Keep { create_users }
}

/// What keeping does, and what it leaves behind.
fn carries(kept: &Kept) -> String {
    let (unread, left): (Vec<_>, Vec<_>) = kept
        .left
        .iter()
        .partition(|left| left.reason == Reason::OtherType);
    let unread = unread.iter().map(|left| {
        let documents = counted(left.count, "document", "documents");
        format!(
            "{documents} {} in {}",
            left.change.word(),
            named(&left.collection)
        )
    });
    let unread: Vec<_> = unread.collect();
    let unread = if unread.is_empty() {
        String::new()
    } else {
        format!(
            ". The old application will not be able to read all of it: {} hold a value of another type, one that is none of its enum, or lack one",
            unread.join(", ")
        )
    };
    let left: Vec<_> = left
        .iter()
        .map(|left| {
            format!(
                "{} {} {} ({})",
                grouped(left.count),
                left.collection,
                left.change.word(),
                left.reason.says()
            )
        })
        .collect();
    if left.is_empty() {
        format!("it is carried onto the originals; nothing is left behind{unread}")
    } else {
        format!(
            "it is carried onto the originals; left behind, aside: {}{unread}",
            left.join("; ")
        )
    }
}
