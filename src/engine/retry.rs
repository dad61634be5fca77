//! Trying again. Every step can be run again at any time and goes on where it stood: that is how a run resumes after a kill. So there is one
//! policy for what passes by itself (a failover, a broken connection, an answer that never came): wait for a primary, read anew where the data
//! stands, and run the step again.

use crate::engine::layout::Layout;
use std::time::{Duration, Instant};

use bson::doc;

use crate::engine::error::{Result, StepError};
use crate::engine::session::{Session, Workspace};
use crate::engine::{Watcher, counted};
use crate::store::{members, run_record};

/// How long one outage is waited for, and all those of a step together.
pub const LONGEST: Duration = Duration::from_mins(1);
/// How often a step is run again.
const TRIES: u32 = 8;
/// The first pause; each one is twice the last.
const PAUSE: Duration = Duration::from_millis(200);

/// What is left of the patience with one step.
#[derive(Debug)]
pub(crate) struct Patience {
    tries: u32,
    waited: Duration,
    /// When the present attempt began.
    began: Instant,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 0,
            waited: Duration::ZERO,
            began: Instant::now(),
        }
    }
}

/// Does something of a session, again and again while the cause of its failure passes by itself.
macro_rules! patiently {
    ($session:expr, $watcher:expr, $act:expr) => {{
        let mut patience = $crate::engine::retry::Patience::default();
        loop {
            let error = match $act.await {
                Ok(done) => break Ok(done),
                Err(error) => $session.work.or_loss(error).await,
            };
            let again = $session
                .wait_to_try_again(error, &mut patience, $watcher)
                .await;
            if let Err(error) = again {
                break Err(error);
            }
        }
    }};
}
pub(crate) use patiently;

impl Session {
    /// Waits until what ended in `error` can be done again.
    ///
    /// # Errors
    /// The error itself where it does not pass, or with what was tried where it did not pass in time.
    pub(crate) async fn wait_to_try_again(
        &mut self,
        mut error: StepError,
        patience: &mut Patience,
        watcher: &Watcher,
    ) -> Result<()> {
        loop {
            let passes = matches!(&error, StepError::Store(error) if error.passes());
            if !passes {
                return Err(error);
            }
            if is_unconfirmed(&error) {
                // The server itself has waited for the members that long.
                patience.waited += patience.began.elapsed().min(LONGEST);
            }
            let long = patience.waited >= LONGEST && patience.tries > 0;
            if patience.tries == TRIES || long {
                return Err(self.work.gave_up(&error, patience).await);
            }
            let began = Instant::now();
            tokio::time::sleep(PAUSE * 2_u32.pow(patience.tries)).await;
            let left = LONGEST.saturating_sub(patience.waited).max(PAUSE);
            let found = self.work.wait_for_primary(left, watcher).await;
            patience.tries += 1;
            patience.waited += began.elapsed();
            if watcher.cancel.is_cancelled() {
                return Err(StepError::StoppedWaiting(Box::new(error)));
            }
            if !found {
                return Err(self.work.gave_up(&error, patience).await);
            }
            tracing::warn!("trying again after: {error}");
            match self.read_anew().await {
                Ok(()) => {
                    patience.began = Instant::now();
                    return Ok(());
                }
                Err(other) => error = other,
            }
        }
    }

    /// Asks the server, by UUID, which collections were swapped and where the originals stand.
    ///
    /// # Errors
    /// The server's refusal.
    pub(crate) async fn see_what_is_swapped(&mut self) -> Result<()> {
        patiently!(self, &Watcher::silent(), self.look_what_is_swapped())
    }

    /// The same, tried once.
    pub(crate) async fn look_what_is_swapped(&mut self) -> Result<()> {
        let (work, run) = (&self.work, self.run.latest());
        self.layout = Layout::read_latest(&work.connection, &work.mapping, run).await?;
        Box::pin(self.fill_minutes()).await
    }

    /// As after a kill: what is what is read from the database, not from memory.
    async fn read_anew(&mut self) -> Result<()> {
        if let Some(record) = run_record::latest(&self.work.connection).await? {
            self.run.record = Some(record);
            self.take_quiet_of_the_run();
        }
        self.look_what_is_swapped().await
    }
}

impl Workspace {
    /// True once a primary answers, within `longest`.
    async fn wait_for_primary(&self, longest: Duration, watcher: &Watcher) -> bool {
        let began = Instant::now();
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        let answers = async {
            while self
                .connection
                .database
                .run_command(doc! { "ping": 1 })
                .await
                .is_err()
            {
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::pin!(answers);
        loop {
            tokio::select! {
                () = &mut answers => return true,
                () = watcher.cancel.cancelled() => return false,
                _ = tick.tick() => {
                    let waited = began.elapsed();
                    if waited > longest {
                        return false;
                    }
                    watcher.says(&format!("waiting for a primary ({} s)", waited.as_secs()), 0, 0);
                }
            }
        }
    }

    /// What was tried, and who is away where a majority did not confirm.
    async fn gave_up(&self, error: &StepError, patience: &Patience) -> StepError {
        let mut away = String::new();
        if is_unconfirmed(error)
            && let Some(members) = members::members(&self.connection.client).await
            && !members.away.is_empty()
        {
            away = format!("; {}", members::clauses(&members.away));
        }
        StepError::GaveUp(format!(
            "{error}{away}. It was tried {} in {} s. Progress is saved: when the server answers again, run the same command again",
            counted(patience.tries.into(), "more time", "more times"),
            patience.waited.as_secs()
        ))
    }
}

/// A majority of the members did not confirm a write in time.
fn is_unconfirmed(error: &StepError) -> bool {
    const WRITE_CONCERN_FAILED: i32 = 64;
    matches!(error, StepError::Store(error) if error.code() == Some(WRITE_CONCERN_FAILED))
}
