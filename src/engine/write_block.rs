//! The write block: set behind its gate, written down before it is set, and released when the new code is live, or by `unlock --write-block`.

use crate::domain::gate::{Confirmed, Destructive};
use crate::domain::lease::clock;
use crate::domain::run::WriteBlock;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
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
        self.pass_without_plan(confirmed, Destructive::BlockWrites, watcher)
            .await?;
        let release = write_block::release_command(&self.connection);
        let record = self.begin_run().await?;
        record.write_block = Some(WriteBlock {
            since: now(),
            released: None,
            release: release.clone(),
        });
        let record = record.clone();
        let folder = self.run_folder(&record);
        private_file::create_folder(&folder)?;
        let text = format!(
            "Writes are blocked in every database of the cluster of {}. To release them:\n\n{release}\n",
            self.connection.place.host
        );
        private_file::replace(&folder.join(RELEASE_FILE), text.as_bytes())?;
        self.save().await?;
        Ok(write_block::set(&self.connection, true).await?)
    }

    /// Since when our write block holds, and how it is released; `None` while there is none.
    pub fn writes_blocked(&self) -> Option<&WriteBlock> {
        let block = self.latest_run()?.write_block.as_ref()?;
        block.released.is_none().then_some(block)
    }

    /// The same in words, for every screen.
    pub fn writes_blocked_words(&self) -> Option<String> {
        let block = self.writes_blocked()?;
        Some(format!(
            "WRITES ARE BLOCKED in every database of this cluster since {}; a note on step 17 releases them, or `ringfence unlock --write-block --confirm {}`",
            clock(block.since),
            self.connection.place.database
        ))
    }

    /// Releases the write block, ours or one that an earlier run left. Says what was done.
    ///
    /// # Errors
    /// The server's refusal; the block then stays.
    pub async fn release_writes(&mut self) -> Result<String> {
        if write_block::is_set(&self.connection).await == Some(false)
            && self.writes_blocked().is_none()
        {
            return Ok("no write block is set; nothing was changed".to_owned());
        }
        // Released first, whoever holds the lease: nothing must keep an application from writing again.
        write_block::set(&self.connection, false).await?;
        let says = "the write block is released: every application may write again";
        if self.writes_blocked().is_none() {
            return Ok(says.to_owned());
        }
        if let Err(why) = self.hold().await {
            return Ok(format!("{says} (not noted in the run record: {why})"));
        }
        if let Some(block) = self
            .record
            .as_mut()
            .and_then(|record| record.write_block.as_mut())
        {
            block.released = Some(now());
            self.save().await?;
        }
        Ok(says.to_owned())
    }

    /// The effect's half of a gate that no plan stands behind.
    pub(crate) async fn pass_without_plan(
        &mut self,
        confirmed: Confirmed,
        action: Destructive,
        watcher: &Watcher,
    ) -> Result<()> {
        let database = &self.connection.place.database;
        if confirmed.action() != action || confirmed.database() != *database {
            return Err(StepError::Shut(crate::domain::gate::Shut::Wrong(
                database.clone(),
            )));
        }
        match self.missing(action, watcher).await?.into_iter().next() {
            Some(first) => Err(StepError::NotReady(first)),
            None => Ok(()),
        }
    }
}
