//! One file per checklist step: domain decides, store does, progress comes out. The console and the headless verbs run the same steps
//! through a [`session::Session`].

pub mod backup;
pub mod check;
mod check_merged;
mod check_values;
pub mod clean_users;
pub mod conditions;
pub mod cut_over;
pub mod document;
pub mod error;
pub mod finish;
mod keep_new;
pub mod lease;
mod live_watch;
mod look_closer;
mod merged;
mod patience;
mod people;
pub mod prepare;
pub mod preview;
mod produce;
pub mod prove;
pub mod reporting;
pub mod review;
pub mod roll_back;
mod run;
pub mod schema;
pub mod session;
pub mod status;
pub mod stop;
pub mod survey;
mod trial;
pub mod verify;
mod write_block;

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::domain::checklist::Progress;
pub use crate::domain::number::counted;
use crate::store::throttle::Throttle;
pub use error::{Result, StepError};

/// How a running step is watched and stopped.
#[derive(Debug, Clone)]
pub struct Watcher {
    /// Latest progress wins.
    pub progress: watch::Sender<Progress>,
    /// Tested between batches.
    pub cancel: CancellationToken,
}

impl Watcher {
    /// A watcher that nobody looks at.
    pub fn silent() -> Self {
        Self {
            progress: watch::channel(Progress::default()).0,
            cancel: CancellationToken::new(),
        }
    }

    /// One whose words nobody hears, cancelled with this one: for what is done beside what this one tells of.
    fn muted(&self) -> Self {
        Self {
            cancel: self.cancel.clone(),
            ..Self::silent()
        }
    }

    /// Says how far `doing` is; `total` 0 means unknown.
    pub fn says(&self, doing: &str, done: u64, total: u64) {
        self.progress.send_modify(|progress| {
            doing.clone_into(&mut progress.doing);
            (progress.done, progress.total) = (done, total);
        });
    }

    /// Hears from `throttle` why it is slow, and ends its waits when cancelled.
    fn listen_to(&self, throttle: &Throttle) {
        self.progress.send_modify(|progress| progress.slow.clear()); // of the step before
        let progress = self.progress.clone();
        let voice = move |why: &str| {
            progress.send_modify(|progress| why.clone_into(&mut progress.slow));
        };
        throttle.listen(Arc::new(voice), self.cancel.clone());
    }
}
