//! Files that bypass the page cache: written bytes go to the disk while the next are written, and neither written nor read pages stay in memory,
//! where they would push out those of a database on the same machine. So a backup that is read back comes from the disk.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Bytes per sync.
const SYNC_BYTES: u64 = 8 << 20;
/// Syncs that may be queued before writing waits.
const QUEUE: usize = 2;

/// Drops the pages of the first `length` bytes from the cache, as far as they are on the disk. A hint, which the system may ignore.
fn drop_from_cache(file: &File, length: u64) {
    #[cfg(target_os = "linux")]
    {
        let length = std::num::NonZeroU64::new(length);
        let _ = rustix::fs::fadvise(file, 0, length, rustix::fs::Advice::DontNeed);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, length);
}

/// A file being written.
#[derive(Debug)]
pub struct UncachedWriter {
    file: Arc<File>,
    written: u64,
    /// The length at the last queued sync.
    queued: u64,
    /// Started with the first sync.
    syncer: Option<(SyncSender<u64>, JoinHandle<io::Result<()>>)>,
}

impl UncachedWriter {
    /// Over an empty file.
    pub fn new(file: File) -> Self {
        Self {
            file: Arc::new(file),
            written: 0,
            queued: 0,
            syncer: None,
        }
    }

    /// Waits until all bytes are on the disk.
    ///
    /// # Errors
    /// An error of the disk, for any of the bytes.
    pub fn finish(mut self) -> io::Result<()> {
        if let Some((give, thread)) = self.syncer.take() {
            drop(give);
            join(thread)?;
        }
        self.file.sync_all()?;
        drop_from_cache(&self.file, self.written);
        Ok(())
    }

    /// Lets a thread sync the bytes so far.
    fn queue_sync(&mut self) -> io::Result<()> {
        self.queued = self.written;
        let (give, _) = self.syncer.get_or_insert_with(|| {
            let (give, lengths) = sync_channel(QUEUE);
            let file = Arc::clone(&self.file);
            let thread = std::thread::spawn(move || {
                for length in lengths {
                    file.sync_data()?;
                    drop_from_cache(&file, length);
                }
                Ok(())
            });
            (give, thread)
        });
        if give.send(self.written).is_ok() {
            return Ok(());
        }
        // The thread ended early, so it has an error.
        match self.syncer.take() {
            Some((_, thread)) => join(thread),
            None => Ok(()),
        }
    }
}

fn join(thread: JoinHandle<io::Result<()>>) -> io::Result<()> {
    let broken_off = || Err(io::Error::other("writing to the disk was broken off"));
    thread.join().unwrap_or_else(|_| broken_off())
}

impl Write for UncachedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = (&*self.file).write(bytes)?;
        self.written += written as u64;
        if self.written - self.queued >= SYNC_BYTES {
            self.queue_sync()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.file).flush()
    }
}

/// A file being read from its beginning.
#[derive(Debug)]
pub struct UncachedReader {
    file: File,
    read: u64,
    dropped: u64,
}

impl UncachedReader {
    /// Over a file at its beginning.
    pub fn new(file: File) -> Self {
        Self {
            file,
            read: 0,
            dropped: 0,
        }
    }
}

impl Read for UncachedReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.read += read as u64;
        if read == 0 || self.read - self.dropped >= SYNC_BYTES {
            drop_from_cache(&self.file, self.read);
            self.dropped = self.read;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_written_in_many_syncs_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        let mut writer = UncachedWriter::new(File::create_new(&path).unwrap());
        let line: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
        for number in 0..40_u8 {
            writer.write_all(&line[usize::from(number)..]).unwrap();
        }
        writer.finish().unwrap();
        let mut content = Vec::new();
        let mut reader = UncachedReader::new(File::open(&path).unwrap());
        reader.read_to_end(&mut content).unwrap();
        let expected: Vec<u8> = (0..40).flat_map(|number| line[number..].to_vec()).collect();
        assert!(content == expected);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_that_refuses_what_was_written_before_says_so() {
        // A file that takes what is written and cannot bring it to any disk.
        let sink = File::options().write(true).open("/dev/null").unwrap();
        let mut writer = UncachedWriter::new(sink);
        let bytes = vec![0; usize::try_from(SYNC_BYTES).unwrap()];
        let written = (0..8).try_for_each(|_| writer.write_all(&bytes));
        assert!(written.and_then(|()| writer.finish()).is_err());
    }
}
