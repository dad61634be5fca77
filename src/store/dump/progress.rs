//! How far a backup, a check, a restore or an export has come.

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Documents go from the server to the backup's files.
    BackingUp,
    /// The backup's files are read back and compared with its manifest.
    ReadingBack,
    /// Documents go from the backup's files to the server.
    Restoring,
    /// What was restored is read from the server and compared.
    Comparing,
    /// Indexes are built.
    BuildingIndexes,
    /// Documents go from the server to files for people.
    Exporting,
}

/// A moment of the work, told every few thousand documents and at the end of each collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// The collection in hand.
    pub collection: String,
    /// Its documents so far.
    pub documents: u64,
    /// About how many it has, where that is known.
    pub expected: Option<u64>,
    /// Its bytes so far, uncompressed.
    pub bytes: u64,
    /// Collections done before this one.
    pub collections_done: usize,
    /// Collections in all.
    pub collections: usize,
}

/// Takes the progress; it is called from the task that does the work and must not block.
pub type Watcher<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// Documents between two calls of the watcher.
pub(crate) const EVERY: u64 = 2_000;
