//! Files that pass through: what was written is brought to the disk while the next is being written, and neither what was written nor what was
//! read stays in the machine's page cache, where it would push out what a database beside us needs. So a backup that is read back comes from the
//! disk, too, and not from memory.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Bytes that are given up at once.
const STRETCH: u64 = 8 << 20;
/// Stretches that may wait for the disk before writing waits.
const WAITING: usize = 2;

/// Gives up the pages of the first `length` bytes, as far as they are on the disk. Only a hint: a system that does not take it keeps them.
fn give_up(file: &File, length: u64) {
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
pub struct PassingWriter {
    file: Arc<File>,
    written: u64,
    /// Up to where the disk was asked for it.
    asked: u64,
    /// Once there was a stretch.
    syncer: Option<(SyncSender<u64>, JoinHandle<io::Result<()>>)>,
}

impl PassingWriter {
    /// Over a file that is empty.
    pub fn new(file: File) -> Self {
        Self {
            file: Arc::new(file),
            written: 0,
            asked: 0,
            syncer: None,
        }
    }

    /// Waits until all of it is on the disk.
    ///
    /// # Errors
    /// The disk's refusal, of any stretch.
    pub fn finish(mut self) -> io::Result<()> {
        if let Some((give, thread)) = self.syncer.take() {
            drop(give);
            ended(thread)?;
        }
        self.file.sync_all()?;
        give_up(&self.file, self.written);
        Ok(())
    }

    /// Has a thread of its own bring what was written to the disk.
    fn ask(&mut self) -> io::Result<()> {
        self.asked = self.written;
        let (give, _) = self.syncer.get_or_insert_with(|| {
            let (give, stretches) = sync_channel(WAITING);
            let file = Arc::clone(&self.file);
            let thread = std::thread::spawn(move || {
                for length in stretches {
                    file.sync_data()?;
                    give_up(&file, length);
                }
                Ok(())
            });
            (give, thread)
        });
        if give.send(self.written).is_ok() {
            return Ok(());
        }
        // It ended, so it has an error to tell.
        match self.syncer.take() {
            Some((_, thread)) => ended(thread),
            None => Ok(()),
        }
    }
}

fn ended(thread: JoinHandle<io::Result<()>>) -> io::Result<()> {
    let broken_off = || Err(io::Error::other("writing to the disk was broken off"));
    thread.join().unwrap_or_else(|_| broken_off())
}

impl Write for PassingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = (&*self.file).write(bytes)?;
        self.written += written as u64;
        if self.written - self.asked >= STRETCH {
            self.ask()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.file).flush()
    }
}

/// A file being read from its beginning.
#[derive(Debug)]
pub struct PassingReader {
    file: File,
    read: u64,
    given_up: u64,
}

impl PassingReader {
    /// Over a file that nothing was read of.
    pub fn new(file: File) -> Self {
        Self {
            file,
            read: 0,
            given_up: 0,
        }
    }
}

impl Read for PassingReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.read += read as u64;
        if read == 0 || self.read - self.given_up >= STRETCH {
            give_up(&self.file, self.read);
            self.given_up = self.read;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_written_in_many_stretches_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        let mut writer = PassingWriter::new(File::create_new(&path).unwrap());
        let line: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
        for number in 0..40_u8 {
            writer.write_all(&line[usize::from(number)..]).unwrap();
        }
        writer.finish().unwrap();
        let mut content = Vec::new();
        let mut reader = PassingReader::new(File::open(&path).unwrap());
        reader.read_to_end(&mut content).unwrap();
        let expected: Vec<u8> = (0..40).flat_map(|number| line[number..].to_vec()).collect();
        assert!(content == expected);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_that_refuses_what_was_written_before_says_so() {
        // A file that takes what is written and cannot bring it to any disk.
        let sink = File::options().write(true).open("/dev/null").unwrap();
        let mut writer = PassingWriter::new(sink);
        let stretch = vec![0; usize::try_from(STRETCH).unwrap()];
        let written = (0..8).try_for_each(|_| writer.write_all(&stretch));
        assert!(written.and_then(|()| writer.finish()).is_err());
    }
}
