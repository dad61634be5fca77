//! The write block: set behind its gate, written down before it is set, and released when the new code is live, or by `unlock --write-block`.

use crate::domain::checklist::Step;
use crate::domain::gate::{BlockWrites, Confirmed};
use crate::domain::lease::clock;
use crate::domain::run::WriteBlock;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::gates::Gated;
use crate::engine::session::{Session, now};
use crate::store::{private_file, write_block};

/// The file of the run folder that says how to release the block without us.
const RELEASE_FILE: &str = "release-write-block.txt";

impl Session {
    /// Sets the write block, once the way to release it is written down.
    ///
    /// # Errors
    /// Another confirmation, missing privileges, or the server's refusal.
    pub(crate) async fn block_writes(
        &mut self,
        confirmed: Confirmed,
        watcher: &Watcher,
    ) -> Result<()> {
        let confirmed = self.pass::<BlockWrites>(Some(confirmed), watcher).await?;
        self.set_write_block(confirmed).await
    }

    async fn set_write_block(&mut self, _: Confirmed<BlockWrites>) -> Result<()> {
        let release = write_block::release_command(&self.work.connection);
        let record = self.begin_run().await?.clone();
        let folder = self.run_folder(&record);
        let text = format!(
            "Writes are blocked in every database of the cluster of {}. To release them:\n\n{release}\n",
            self.work.connection.place.host
        );
        // Before the record says so: a block that is not set must never be shown as one.
        let written = private_file::create_folder(&folder)
            .and_then(|()| private_file::replace(&folder.join(RELEASE_FILE), text.as_bytes()));
        written.map_err(|error| {
            error.with_truth(
                "How to release the block could not be written down, so it was not set: nobody's writes are blocked",
            )
        })?;
        self.begin_run().await?.write_block = Some(WriteBlock {
            since: now(),
            released: None,
            release,
        });
        self.save().await?;
        Ok(write_block::set(&self.work.connection, true).await?)
    }

    /// Since when our write block holds, and how it is released; `None` while there is none.
    pub fn writes_blocked(&self) -> Option<&WriteBlock> {
        let block = self.run.latest()?.write_block.as_ref()?;
        block.released.is_none().then_some(block)
    }

    /// The same in words, for every screen.
    pub fn writes_blocked_words(&self) -> Option<String> {
        let block = self.writes_blocked()?;
        Some(format!(
            "WRITES ARE BLOCKED in every database of this cluster since {}; a note on {} releases them, or `ringfence unlock --write-block --confirm {}`",
            clock(block.since),
            Step::GoLive.title(),
            self.work.connection.place.database
        ))
    }

    /// Releases the write block, ours or one that an earlier run left. Says what was done.
    ///
    /// # Errors
    /// The server's refusal; the block then stays.
    pub async fn release_writes(&mut self) -> Result<String> {
        if write_block::is_set(&self.work.connection).await == Some(false)
            && self.writes_blocked().is_none()
        {
            return Ok("no write block is set; nothing was changed".to_owned());
        }
        // Released first, whoever holds the lease: nothing must keep an application from writing again.
        write_block::set(&self.work.connection, false).await?;
        let says = "the write block is released: every application may write again";
        if self.writes_blocked().is_none() {
            return Ok(says.to_owned());
        }
        if let Err(why) = self.hold().await {
            return Ok(format!("{says} (not noted in the run record: {why})"));
        }
        if let Some(block) = self
            .run
            .record
            .as_mut()
            .and_then(|record| record.write_block.as_mut())
        {
            block.released = Some(now());
            self.save().await?;
        }
        Ok(says.to_owned())
    }
}

impl Gated for BlockWrites {
    const OF_A_PLAN: bool = false;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        Ok(vec![
            format!(
                "refuse the writes of every user without bypassWriteBlockingMode, in every database of this cluster: {}",
                session.work.connection.database_names().await.join(", ")
            ),
            "it holds across restarts, until it is released; index builds under way are aborted"
                .to_owned(),
        ])
    }

    async fn missing(self, session: &mut Session, _: &Watcher) -> Result<Vec<String>> {
        let why_not = write_block::why_not(&session.work.connection).await?;
        Ok(why_not.into_iter().collect())
    }

    fn way_back(self, session: &Session) -> String {
        format!(
            "a note on {}, `ringfence unlock --write-block --confirm {}`, or: {}",
            Step::GoLive.title(),
            session.work.connection.place.database,
            write_block::release_command(&session.work.connection)
        )
    }
}
