//! The lease: the lock that lets one operator write. Here is the handle of a session: it takes the lease, keeps it alive with a heartbeat that
//! writes nothing else, and says before every batch, rename and drop whether the lease is still ours.
//!
//! A batch asks the handle alone: the answer is good for half of the lease's life since the last renewal was *asked for*, so it has ended
//! long before the lease does. A rename or a drop asks the server. Both times are measured by two clocks of this machine, of which
//! one goes on while it sleeps; so an answer that lay unread while the process was stopped is no answer any more. What no client can
//! close is the instant between that look at the clocks and the sending: a process stopped exactly there, and for longer than the
//! lease's life and the wait of an unlock together, would send one command late.

mod document;
mod timing;
pub mod under_way;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use mongodb::Database;
use tokio::task::JoinHandle;

use self::document::LeaseDocument;
use self::timing::{ClockReading, Timing};
use super::error::{Result, StoreError};
use super::process;
use super::write_command::drop_collection;
use crate::domain::lease::{Holder, Standing};
use crate::domain::mapping::LEASE;

/// How long a holder who leaves tries to let go.
const RELEASE: Duration = Duration::from_secs(5);

/// What the handle knows.
#[derive(Debug)]
enum State {
    /// Never taken, or let go.
    Free,
    /// Taken; the last renewal that succeeded was asked for at this moment.
    Held { token: i64, asked: ClockReading },
    /// Taken from us; the sentence says by whom.
    Lost(String),
}

/// What came of an attempt to take the lease.
#[derive(Debug)]
pub enum Taking {
    /// It is ours.
    Taken,
    /// It is ours, and was held by this process of this machine, which is dead.
    TookOver(Box<Standing>),
    /// Another holds it.
    Held(Box<Standing>),
}

/// The lease of one database, for one session. Clones are the same handle.
#[derive(Debug, Clone)]
pub struct Lease(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    document: LeaseDocument,
    database: Database,
    timing: Timing,
    session: String,
    run: Mutex<Option<String>>,
    state: Mutex<State>,
    heart: Mutex<Option<JoinHandle<()>>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is inside is replaced whole, so a panic elsewhere leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lease {
    /// The handle of a session that does not hold the lease of `database`.
    pub fn of(database: &Database) -> Self {
        Self(Arc::new(Handle {
            document: LeaseDocument::of(database),
            database: database.clone(),
            timing: Timing::new(),
            session: format!("{:016x}", fastrand::u64(..)),
            run: Mutex::new(None),
            state: Mutex::new(State::Free),
            heart: Mutex::new(None),
        }))
    }

    /// How the lease stands, for anyone who may read. Changes nothing.
    ///
    /// # Errors
    /// The server's refusal, or a document that this version cannot read.
    pub async fn standing(&self) -> Result<Option<Standing>> {
        self.0.document.standing().await
    }

    /// True while it is ours, as far as we know.
    pub fn is_held(&self) -> bool {
        matches!(*locked(&self.0.state), State::Held { .. })
    }

    /// The token of our taking.
    pub fn token(&self) -> Option<i64> {
        match *locked(&self.0.state) {
            State::Held { token, .. } => Some(token),
            _ => None,
        }
    }

    /// Takes a loss for known: the lease can be taken anew.
    pub fn forget_loss(&self) {
        let mut state = locked(&self.0.state);
        if matches!(*state, State::Lost(_)) {
            *state = State::Free;
        }
    }

    /// Says on which run we work; shown with the holder from the next heartbeat on.
    pub fn set_run(&self, run: &str) {
        *locked(&self.0.run) = Some(run.to_owned());
    }

    /// Takes the lease where it is free, or where its holder is a process of this machine that is dead. An expired lease of any other holder
    /// is not taken: that nobody hears of it does not say that it is gone.
    ///
    /// # Errors
    /// The server's refusal, or a lease that was lost before.
    pub async fn take(&self) -> Result<Taking> {
        match &*locked(&self.0.state) {
            State::Held { .. } => return Ok(Taking::Taken),
            State::Lost(says) => return Err(StoreError::LeaseLost(says.clone())),
            State::Free => {}
        }
        let handle = &self.0;
        let lifetime = handle.timing.lifetime;
        let holder = self.holder();
        loop {
            handle.document.make().await?;
            let asked = ClockReading::now();
            if let Some(token) = handle.document.take_free(&holder, lifetime).await? {
                self.begin(token, asked);
                return Ok(Taking::Taken);
            }
            let Some(standing) = handle.document.standing().await? else {
                continue; // dropped meanwhile
            };
            let Some(other) = &standing.holder else {
                continue; // let go meanwhile
            };
            // An answer that was lost may have given us the lease all the same.
            let ours = other.session == handle.session;
            if !ours && (standing.is_clearing() || !process::is_dead(other)) {
                return Ok(Taking::Held(Box::new(standing)));
            }
            let asked = ClockReading::now();
            let taken = handle.document.take_over(&standing, &holder, lifetime);
            if let Some(token) = taken.await? {
                self.begin(token, asked);
                return Ok(if ours {
                    Taking::Taken
                } else {
                    Taking::TookOver(Box::new(standing))
                });
            }
        }
    }

    /// Takes the lease from a holder who is gone, to free it: from now on nothing that the holder asks for is granted. Returns how the
    /// lease stands with us, or `None` when it stands no more as `seen`.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn take_to_unlock(&self, seen: &Standing) -> Result<Option<Standing>> {
        let timing = self.0.timing;
        let asked = ClockReading::now();
        let times = (timing.lifetime, timing.in_flight());
        let taken = self
            .0
            .document
            .take_to_unlock(seen, &self.holder(), times)
            .await?;
        if let Some(standing) = &taken {
            self.begin(standing.token, asked);
        }
        Ok(taken)
    }

    fn holder(&self) -> Holder {
        Holder {
            name: process::user(),
            host: process::host(),
            pid: std::process::id().into(),
            process: process::own(),
            session: self.0.session.clone(),
            run: locked(&self.0.run).clone(),
        }
    }

    fn begin(&self, token: i64, asked: ClockReading) {
        *locked(&self.0.state) = State::Held { token, asked };
        let heart = tokio::spawn(beat(Arc::downgrade(&self.0), self.0.timing.beat()));
        if let Some(earlier) = locked(&self.0.heart).replace(heart) {
            earlier.abort();
        }
    }

    /// Before a batch: asks the server only where its last answer is too old.
    ///
    /// # Errors
    /// The lease was lost, was never taken, or the server cannot be reached to confirm it. The batch must not be sent.
    pub async fn check(&self) -> Result<()> {
        let fresh = match &*locked(&self.0.state) {
            State::Held { asked, .. } => asked.is_within(self.0.timing.fresh()),
            State::Lost(says) => return Err(StoreError::LeaseLost(says.clone())),
            State::Free => return Err(without_lease()),
        };
        if fresh {
            return Ok(());
        }
        self.confirm().await
    }

    /// Before a rename or a drop: asks the server, and takes its answer only while it is new.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub async fn confirm(&self) -> Result<()> {
        let fresh = self.0.timing.fresh();
        for _ in 0..3 {
            let asked = ClockReading::now();
            match self.0.renew().await {
                Ok(()) if asked.is_within(fresh) => return Ok(()),
                // The process was stopped while it waited: neither an answer nor a time-out of then says anything now.
                Ok(()) => {}
                Err(StoreError::Unreachable { .. }) if !asked.is_within(fresh.mul_f64(1.2)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Unreachable {
            doing: "confirming the lease".to_owned(),
            message: "every answer of the server came too late to be relied upon. Nothing more was written".to_owned(),
        })
    }

    /// Before a drop or a batch of a restore, which needs no lease where nobody migrates: as [`Self::confirm`] where it was ever taken.
    ///
    /// # Errors
    /// As [`Self::check`], but for a lease that was never taken.
    pub async fn check_if_taken(&self) -> Result<()> {
        if matches!(*locked(&self.0.state), State::Free) {
            return Ok(());
        }
        self.check().await
    }

    /// Drops the lease's collection and holds it no more. Nobody can take it in between: it is held until it is gone.
    ///
    /// # Errors
    /// The lease is not ours, or the server's refusal.
    pub async fn end(&self) -> Result<()> {
        self.confirm().await?;
        self.0.stop();
        drop_collection(&self.0.database, LEASE).await
    }

    /// Whether an error has a lost lease behind it: who unlocks ends our operations, and who wakes up late meets broken connections.
    /// Returns what is to be said of the loss.
    pub async fn loss(&self) -> Option<String> {
        if matches!(*locked(&self.0.state), State::Free) {
            return None;
        }
        match tokio::time::timeout(RELEASE, self.confirm()).await {
            Ok(Err(StoreError::LeaseLost(says))) => Some(says),
            _ => None,
        }
    }

    /// Lets go, on every way out; nothing where it is not held.
    ///
    /// # Errors
    /// The server's refusal, or no answer in five seconds: the lease then stays until it expires.
    pub async fn release(&self) -> Result<()> {
        let Some(token) = self.0.stop() else {
            return Ok(());
        };
        let released = tokio::time::timeout(RELEASE, self.0.document.release(token)).await;
        released.unwrap_or_else(|_| Err(no_answer("releasing the lease")))
    }

    /// How long operations of an earlier holder may be waited for: our batches' own time limit.
    pub fn patience(&self) -> Duration {
        self.0.timing.in_flight()
    }

    /// Stops holding it, and leaves the document as it is: whoever comes next sees our name, and that we are gone.
    pub fn abandon(&self) {
        self.0.stop();
    }
}

impl Handle {
    /// Stops the heartbeat and holds no more. Returns the token, where the lease was held.
    fn stop(&self) -> Option<i64> {
        if let Some(heart) = locked(&self.heart).take() {
            heart.abort();
        }
        let mut state = locked(&self.state);
        let token = match *state {
            State::Held { token, .. } => Some(token),
            _ => None,
        };
        *state = State::Free;
        token
    }

    /// Asks the server whether the lease is ours, and renews it.
    async fn renew(&self) -> Result<()> {
        let token = match &*locked(&self.state) {
            State::Held { token, .. } => *token,
            State::Lost(says) => return Err(StoreError::LeaseLost(says.clone())),
            State::Free => return Err(without_lease()),
        };
        let run = locked(&self.run).clone();
        let asked = ClockReading::now();
        let beat = self
            .document
            .beat(token, run.as_deref(), self.timing.lifetime);
        // A server that froze answers never.
        let ours = tokio::time::timeout(self.timing.fresh(), beat)
            .await
            .unwrap_or_else(|_| Err(no_answer("renewing the lease")))?;
        if !ours {
            let says = self.loss(token).await;
            *locked(&self.state) = State::Lost(says.clone());
            return Err(StoreError::LeaseLost(says));
        }
        if let State::Held {
            token: now,
            asked: last,
        } = &mut *locked(&self.state)
            && *now == token
            && last.is_before(asked)
        {
            *last = asked;
        }
        Ok(())
    }

    /// Who has the lease instead of us.
    async fn loss(&self, token: i64) -> String {
        let database = self.database.name();
        let who = match self.document.standing().await {
            Ok(Some(standing)) if standing.token != token => {
                match (&standing.holder, &standing.previous) {
                    (Some(_), _) => format!("it is held by {} now", standing.words()),
                    (None, Some(previous)) => {
                        format!("{} took it and has let go of it", previous.words())
                    }
                    (None, None) => "somebody took it and has let go of it".to_owned(),
                }
            }
            Ok(_) => "its document is gone, as after a finish or a rollback by another session"
                .to_owned(),
            Err(error) => format!("who has it cannot be read: {error}"),
        };
        format!(
            "the lease of {database} was lost: {who}. This session has stopped before its next write, and what was prepared so far is kept. Ask them what they did (`ringfence status` shows where the data stands); then the same command goes on from there"
        )
    }
}

impl Drop for Handle {
    /// A session that was dropped without letting go: the lease is released if the runtime lives long enough, else it expires.
    fn drop(&mut self) {
        if let Some(token) = self.stop()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let document = self.document.clone();
            runtime.spawn(async move {
                let _ = document.release(token).await; // see above
            });
        }
    }
}

/// The heartbeat: one document write each time, and nothing else, until the lease is lost or its handle is gone.
async fn beat(handle: Weak<Handle>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let Some(handle) = handle.upgrade() else {
            return;
        };
        match handle.renew().await {
            Ok(()) => {}
            Err(StoreError::LeaseLost(says)) => {
                tracing::warn!("{says}");
                return;
            }
            // The next beat may come through; until then batches ask for themselves.
            Err(error) => tracing::warn!("{error}"),
        }
    }
}

fn without_lease() -> StoreError {
    StoreError::Refused(
        "this would have written without holding the lease, which is a fault of ringfence. Nothing was written; report it".to_owned(),
    )
}

fn no_answer(doing: &str) -> StoreError {
    StoreError::Unreachable {
        doing: doing.to_owned(),
        message: "the server did not answer in time".to_owned(),
    }
}
