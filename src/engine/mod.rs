//! What the steps share, over the database of one run: the session, the prepared copies, the proof, the gates, the ways back. Nothing here
//! knows which step of the checklist calls it.

pub mod after_schema;
pub mod backup;
mod booking_pages;
mod bookings_by_date;
mod businesses;
mod changed_since;
pub mod check;
mod compares;
pub mod conform;
mod conform_left;
mod customers;
pub mod decisions;
pub mod error;
mod export;
pub mod fit;
pub mod gates;
pub(crate) mod given_up;
mod hand_made;
mod identity;
mod keep_new;
pub(crate) mod kept_files;
mod kept_sides;
pub mod labels;
pub(crate) mod later;
pub mod layout;
pub mod lease;
mod live_watch;
pub mod mapping_file;
mod mapping_view;
mod merged;
mod new_since_backup;
mod overview;
pub(crate) mod people;
pub(crate) mod prepare;
pub mod preview;
mod propose;
pub(crate) mod proved;
mod purge;
pub mod push;
pub mod reporting;
pub mod restoring;
mod retire;
pub mod retry;
pub mod roll_back;
mod rollback_choices;
pub mod rolled_back;
mod schema_lines;
pub mod session;
pub(crate) mod specification;
mod standing;
pub(crate) mod step_file;
pub(crate) mod stopped;
pub mod strays;
pub(crate) mod survey;
pub(crate) mod swap;
mod take_in;
mod taken_backup;
mod trial;
mod verify;
mod way_back;
mod without_record;
mod write_block;

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::domain::checklist::Progress;
pub use crate::domain::number::{counted, grouped};
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
    pub(crate) fn muted(&self) -> Self {
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
    pub(crate) fn listen_to(&self, throttle: &Throttle) {
        self.progress.send_modify(|progress| progress.slow.clear()); // of the step before
        let progress = self.progress.clone();
        let voice = move |why: &str| {
            progress.send_modify(|progress| why.clone_into(&mut progress.slow));
        };
        throttle.listen(Arc::new(voice), self.cancel.clone());
    }
}
