//! The lease as a session uses it: taken before its first write, let go on every way out, and freed for another who is gone.

use std::time::Duration;

use crate::domain::lease::{Holder, Standing, clock};
use crate::domain::mapping::{LEASE, SIDE_PREFIX};
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::retry::patiently;
use crate::engine::session::{Session, Workspace};
use crate::store::lease::{Lease, Taking, under_way};
use crate::store::throttle::Throttle;
use crate::store::{StoreError, collection_spec, process, run_record};

/// Between two looks at the clock while an unlock waits.
const TICK: Duration = Duration::from_millis(200);

/// What an unlock found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlocked {
    /// Who held the lease; `None` when nobody did.
    pub holder: Option<Standing>,
    /// What was done, line by line.
    pub done: Vec<String>,
}

impl Session {
    /// How fast copies are written; it can be changed while a step runs.
    pub fn throttle(&self) -> &Throttle {
        &self.work.connection.throttle
    }

    /// The lease of the database, to let go of it when the session itself is no longer at hand.
    pub fn lease(&self) -> &Lease {
        &self.work.connection.lease
    }

    /// Makes sure that this session may write: takes the lease unless it is held already. Says whose it was, where the holder is dead.
    ///
    /// # Errors
    /// Another holds it, it was lost before, privileges are missing, or another session worked on the database since this one read it.
    pub async fn hold(&mut self) -> Result<Option<String>> {
        patiently!(self, &Watcher::silent(), self.take_hold())
    }

    async fn take_hold(&mut self) -> Result<Option<String>> {
        let lease = self.work.connection.lease.clone();
        if lease.is_held() {
            return Ok(None);
        }
        self.require_privileges().await?;
        if let Some(run) = self.run.open() {
            lease.set_run(&run.id);
        }
        let dead = match lease.take().await? {
            Taking::Taken => None,
            Taking::TookOver(dead) => Some(dead),
            Taking::Held(standing) => {
                let database = &self.work.connection.place.database;
                return Err(StepError::LeaseHeld(standing.refusal(database)));
            }
        };
        // A holder that let go after a broken connection may have something under way as well as one that was killed.
        let ended = under_way::end(&self.work.connection, lease.patience()).await?;
        self.refuse_when_outdated().await?;
        if let Err(refusal) = self.open_journal() {
            self.let_go().await?; // or the next try would find the lease held and not look again
            return Err(refusal);
        }
        Ok(match dead {
            Some(dead) => Some(format!(
                "the lease was held by {}; that process has ended on this machine without letting go, so its lease was taken over ({})",
                dead.words(),
                ended.words()
            )),
            None if ended.killed + ended.refused > 0 => Some(ended.words()),
            None => None,
        })
    }

    /// Refuses once, and reads anew, where the run record is not the one that this session knows.
    async fn refuse_when_outdated(&mut self) -> Result<()> {
        let found = run_record::latest(&self.work.connection).await?;
        if found == self.run.record {
            return Ok(());
        }
        let run = found
            .as_ref()
            .map_or("none".to_owned(), |run| run.id.clone());
        self.take_record(found);
        self.see_what_is_swapped().await?;
        Err(StepError::NotReady(format!(
            "another session worked on this database after this one had read it (the latest run is now: {run}). Nothing was changed by this command. Look at where the steps stand, survey again, then do the same again"
        )))
    }

    /// Lets go of the lease. The next write takes it anew.
    ///
    /// # Errors
    /// The server's refusal; the lease then stays until it expires.
    pub async fn let_go(&self) -> Result<()> {
        Ok(self.work.connection.lease.release().await?)
    }

    /// Drops the lease with the rest of a run that has ended.
    pub(crate) async fn end_lease(&self) -> Result<()> {
        Ok(self.work.connection.lease.end().await?)
    }

    /// Takes the lease where a migration has left its collections: a restore must not meet a run under way. Elsewhere there is nobody to
    /// keep out, and nothing is left behind.
    pub(crate) async fn hold_where_a_migration_was(&mut self) -> Result<()> {
        let names = collection_spec::uuids(&self.work.connection).await?;
        if names
            .keys()
            .any(|name| name.starts_with(SIDE_PREFIX) && name != LEASE)
        {
            self.hold().await?;
        }
        Ok(())
    }

    /// How the lease stands. Changes nothing.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn lease_standing(&self) -> Result<Option<Standing>> {
        Ok(self.work.connection.lease.standing().await?)
    }

    /// Frees the lease of a holder who is gone: takes it first, so that nothing the holder asks for is granted from then on, ends what it
    /// still has under way, waits until that is over for certain, and lets go.
    ///
    /// # Errors
    /// The holder is heard of (exit 5), privileges are missing, or the server's refusal. Stopped while it waits, it leaves the lease
    /// locked, and the next unlock goes on.
    pub async fn unlock(&mut self, watcher: &Watcher) -> Result<Unlocked> {
        let lease = self.work.connection.lease.clone();
        let database = self.work.connection.place.database.clone();
        let Some((standing, holder)) = lease
            .standing()
            .await?
            .and_then(|standing| Some((standing.clone(), standing.holder?)))
        else {
            return Ok(Unlocked {
                holder: None,
                done: vec![format!(
                    "nobody holds the lease of {database}; there is nothing to unlock"
                )],
            });
        };
        let dead = process::is_dead(&holder);
        if standing.beats() && !dead {
            return Err(StepError::LeaseHeld(standing.refusal(&database)));
        }
        self.require_privileges().await?;
        let Some(ours) = lease.take_to_unlock(&standing).await? else {
            let now = lease.standing().await?;
            return Err(StepError::LeaseHeld(match now {
                Some(now) if now.holder.is_some() => now.refusal(&database),
                _ => format!(
                    "the lease of {database} was let go of meanwhile, by its holder or another unlock. Nothing was changed by this command"
                ),
            }));
        };
        let mut done = vec![found(&holder, dead)];
        let freed = self.work.clear_up(&ours, watcher, &mut done).await;
        if let Err(error) = freed {
            lease.abandon();
            return Err(error);
        }
        self.let_go().await?;
        done.push(format!("the lease of {database} is free"));
        Ok(Unlocked {
            holder: Some(standing),
            done,
        })
    }
}

impl Workspace {
    /// The error itself, or the loss of the lease where that is behind it.
    pub(crate) async fn or_loss(&self, error: StepError) -> StepError {
        let suspicious = matches!(
            error,
            StepError::Store(StoreError::Server { .. } | StoreError::Unreachable { .. })
        );
        if !suspicious {
            return error;
        }
        match self.connection.lease.loss().await {
            Some(says) => StepError::LeaseLost(says),
            None => error,
        }
    }

    async fn clear_up(
        &self,
        ours: &Standing,
        watcher: &Watcher,
        done: &mut Vec<String>,
    ) -> Result<()> {
        watcher.says("ending what the old session has under way", 0, 0);
        let ended = under_way::end(&self.connection, Duration::from_secs(5)).await?;
        done.push(ended.words());
        let wait = Duration::from_millis((ours.clear - ours.now).max(0).unsigned_abs());
        let began = tokio::time::Instant::now();
        while began.elapsed() < wait {
            if watcher.cancel.is_cancelled() {
                return Err(StoreError::Cancelled.into());
            }
            watcher.says(
                "waiting for what the old session may have under way",
                began.elapsed().as_secs(),
                wait.as_secs(),
            );
            tokio::time::sleep(TICK.min(wait)).await;
        }
        done.push(format!(
            "nothing of the old session can be under way any more: the time limit of its operations ended at {}",
            clock(ours.clear)
        ));
        Ok(())
    }
}

fn found(holder: &Holder, dead: bool) -> String {
    let words = holder.words();
    if dead {
        format!(
            "the lease was held by {words}; that process has ended on this machine without letting go"
        )
    } else {
        format!("the lease was held by {words}, and has expired")
    }
}
