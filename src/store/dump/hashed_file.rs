//! The files of a backup: plain or gzipped, always hashed by their uncompressed content, always on the disk before they count.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::store::error::{Result, StoreError};
use crate::store::private_file;
use crate::store::uncached_file::{UncachedReader, UncachedWriter};

const BUFFER: usize = 1 << 20;
/// Bytes that are handed over at once, and how often that much may wait.
const TOGETHER: usize = 256 << 10;
const WAITING: usize = 4;
/// BSON shrinks nearly as well at this level as at mongodump's, in half the time.
const LEVEL: Compression = Compression::new(3);

/// A file's uncompressed content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A file being written, by a thread of its own: hashing, packing and the disk do not hold up whoever makes the content.
#[derive(Debug)]
pub struct HashedWriter {
    path: PathBuf,
    /// What was not handed over yet.
    together: Vec<u8>,
    bytes: u64,
    writer: Option<Writing>,
}

/// Where content is handed over, and the thread that ends with what it wrote.
type Writing = (SyncSender<Vec<u8>>, JoinHandle<io::Result<Content>>);

#[derive(Debug)]
enum Sink {
    Plain(UncachedWriter),
    Gzip(GzEncoder<BufWriter<UncachedWriter>>),
}

impl Sink {
    fn write_all(&mut self, content: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(content),
            Self::Gzip(gzip) => gzip.write_all(content),
        }
    }

    fn finish(self) -> io::Result<()> {
        let file = match self {
            Self::Plain(file) => file,
            Self::Gzip(gzip) => {
                let file = gzip.finish()?.into_inner();
                file.map_err(std::io::IntoInnerError::into_error)?
            }
        };
        file.finish()
    }
}

impl HashedWriter {
    /// Starts a new file, closed to others.
    ///
    /// # Errors
    /// The file is there already, or cannot be made.
    pub fn create(path: &Path, gzip: bool) -> Result<Self> {
        Ok(Self::over(private_file::create_new(path)?, path, gzip))
    }

    fn over(file: File, path: &Path, gzip: bool) -> Self {
        let file = UncachedWriter::new(file);
        let mut sink = if gzip {
            Sink::Gzip(GzEncoder::new(
                BufWriter::with_capacity(BUFFER, file),
                LEVEL,
            ))
        } else {
            Sink::Plain(file)
        };
        let (give, contents) = sync_channel::<Vec<u8>>(WAITING);
        let thread = std::thread::spawn(move || {
            let (mut hash, mut bytes) = (Sha256::new(), 0);
            for content in contents {
                hash.update(&content);
                bytes += content.len() as u64;
                sink.write_all(&content)?;
            }
            sink.finish()?;
            let sha256 = hex::encode(hash.finalize());
            Ok(Content { bytes, sha256 })
        });
        Self {
            path: path.to_owned(),
            together: Vec::new(),
            bytes: 0,
            writer: Some((give, thread)),
        }
    }

    /// Appends `content`.
    ///
    /// # Errors
    /// The disk's refusal, of this or of what was written before, with the file's name.
    pub fn write(&mut self, content: &[u8]) -> Result<()> {
        self.together.extend_from_slice(content);
        self.bytes += content.len() as u64;
        if self.together.len() < TOGETHER {
            return Ok(());
        }
        let next = Vec::with_capacity(TOGETHER + TOGETHER / 4);
        let content = std::mem::replace(&mut self.together, next);
        match &self.writer {
            Some((give, _)) if give.send(content).is_ok() => Ok(()),
            _ => self.ended().map(drop),
        }
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends the file and waits for the disk.
    ///
    /// # Errors
    /// The disk's refusal, with the file's name.
    pub fn finish(mut self) -> Result<Content> {
        if let Some((give, _)) = &self.writer {
            // Where nobody takes it, the thread has ended with an error, which is asked for now.
            let _ = give.send(std::mem::take(&mut self.together));
        }
        self.ended()
    }

    /// Waits for the thread to end.
    fn ended(&mut self) -> Result<Content> {
        let broken_off = || Err(io::Error::other("it was broken off"));
        let ended = self.writer.take().map(|(give, thread)| {
            drop(give);
            thread.join().unwrap_or_else(|_| broken_off())
        });
        ended
            .unwrap_or_else(broken_off)
            .map_err(|error| StoreError::file("writing", &self.path, error))
    }
}

/// A file being read; gzip is told by the name. A thread of its own reads ahead, unpacks and hashes.
pub struct HashedReader {
    path: PathBuf,
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// Until it has ended, with the whole content.
    thread: Option<JoinHandle<Content>>,
    whole: Option<Content>,
    piece: Vec<u8>,
    /// What of the piece was taken.
    taken: usize,
    bytes: u64,
}

impl HashedReader {
    /// Opens a file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| StoreError::file("reading", path, error))?;
        let file = BufReader::with_capacity(BUFFER, UncachedReader::new(file));
        let source: Box<dyn Read + Send> = if path.extension().is_some_and(|it| it == "gz") {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        let (give, pieces) = sync_channel(WAITING);
        Ok(Self {
            path: path.to_owned(),
            pieces,
            thread: Some(std::thread::spawn(move || give_pieces(source, &give))),
            whole: None,
            piece: Vec::new(),
            taken: 0,
            bytes: 0,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Uncompressed bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Fills `buffer` as far as the file goes; returns how far that is.
    ///
    /// # Errors
    /// The file cannot be read, or not be decompressed; with its name and how far it could be.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            if self.taken == self.piece.len() && !self.next_piece()? {
                break;
            }
            let left = &self.piece[self.taken..];
            let more = left.len().min(buffer.len() - filled);
            buffer[filled..filled + more].copy_from_slice(&left[..more]);
            filled += more;
            self.taken += more;
            self.bytes += more as u64;
        }
        Ok(filled)
    }

    /// False at the end.
    fn next_piece(&mut self) -> Result<bool> {
        let Ok(piece) = self.pieces.recv() else {
            // A thread that broke off says no end.
            if let Some(thread) = self.thread.take() {
                self.whole = thread.join().ok();
            }
            return match self.whole {
                Some(_) => Ok(false),
                None => Err(self.broken_off()),
            };
        };
        (self.piece, self.taken) = (Vec::new(), 0);
        self.piece = piece.map_err(|error| {
            StoreError::Invalid(format!(
                "{}: at byte {} of its content: it cannot be read: {error}. The file is damaged and nothing of it was used; take another backup",
                self.path.display(),
                self.bytes
            ))
        })?;
        Ok(true)
    }

    /// All of a small file.
    ///
    /// # Errors
    /// As [`Self::read`], or it is longer than `limit`.
    pub fn read_all(&mut self, limit: usize) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        while content.len() <= limit && self.next_piece()? {
            content.append(&mut self.piece);
            self.bytes = content.len() as u64;
        }
        if content.len() > limit {
            return Err(StoreError::Invalid(format!(
                "{}: it is longer than {limit} bytes, which such a file never is",
                self.path.display()
            )));
        }
        Ok(content)
    }

    /// The whole content, of which what is left is read now.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn content(mut self) -> Result<Content> {
        while self.next_piece()? {}
        self.whole.take().ok_or_else(|| self.broken_off())
    }

    fn broken_off(&self) -> StoreError {
        StoreError::file("reading", &self.path, io::Error::other("it was broken off"))
    }
}

/// Gives what a file holds in pieces, until nobody wants more.
fn give_pieces(
    mut source: Box<dyn Read + Send>,
    give: &SyncSender<io::Result<Vec<u8>>>,
) -> Content {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    loop {
        let mut piece = Vec::with_capacity(TOGETHER);
        let read = source
            .by_ref()
            .take(TOGETHER as u64)
            .read_to_end(&mut piece);
        hash.update(&piece);
        bytes += piece.len() as u64;
        let over = read.is_err() || piece.is_empty();
        // What could be read before an error is given first, so that the place of the error is known.
        let given = piece.is_empty() || give.send(Ok(piece)).is_ok();
        if let Err(error) = read {
            let _ = give.send(Err(error)); // as nobody may want it
        }
        if over || !given {
            break;
        }
    }
    let sha256 = hex::encode(hash.finalize());
    Content { bytes, sha256 }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{HashedReader, HashedWriter};

    #[test]
    fn plain_and_gzipped_files_have_the_hash_of_their_content() {
        let folder = tempfile::tempdir().unwrap();
        for (name, gzip) in [("a", false), ("a.gz", true)] {
            let path = folder.path().join(name);
            let mut writer = HashedWriter::create(&path, gzip).unwrap();
            writer.write(b"ab").unwrap();
            writer.write(b"c").unwrap();
            let written = writer.finish().unwrap();
            assert_eq!(written.bytes, 3);
            // printf abc | sha256sum
            assert_eq!(
                written.sha256,
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            );
            let mut reader = HashedReader::open(&path).unwrap();
            assert_eq!(reader.read_all(3).unwrap(), b"abc");
            assert_eq!(reader.content().unwrap(), written);
        }
        assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), b"abc");
        assert_eq!(
            std::fs::read(folder.path().join("a.gz")).unwrap()[..2],
            [0x1F, 0x8B]
        );
    }

    #[test]
    fn a_file_longer_than_its_limit_is_not_read_into_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        std::fs::write(&path, b"abcd").unwrap();
        let error = HashedReader::open(&path).unwrap().read_all(3).unwrap_err();
        assert!(error.to_string().contains("longer than 3 bytes"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_names_the_file() {
        let path = std::path::Path::new("/dev/full");
        for gzip in [false, true] {
            let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            let mut writer = HashedWriter::over(file, path, gzip);
            let written = (0..300)
                .try_for_each(|round: u32| writer.write(&[round.to_le_bytes(); 4096].concat()))
                .and_then(|()| writer.finish());
            let error = written.unwrap_err().to_string();
            assert!(
                error.contains("/dev/full") && error.contains("space"),
                "{error}"
            );
        }
    }
}
