//! The files of a backup: plain or gzipped, always hashed by their uncompressed content, always on the disk before they count.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::domain::id::hex;
use crate::store::error::{Result, StoreError};
use crate::store::passing::{PassingReader, PassingWriter};
use crate::store::private_file;

const BUFFER: usize = 1 << 20;
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

/// A file being written.
#[derive(Debug)]
pub struct HashedWriter {
    path: PathBuf,
    sink: Sink,
    hash: Sha256,
    bytes: u64,
}

#[derive(Debug)]
enum Sink {
    Plain(BufWriter<PassingWriter>),
    Gzip(GzEncoder<BufWriter<PassingWriter>>),
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
        let file = BufWriter::with_capacity(BUFFER, PassingWriter::new(file));
        Self {
            path: path.to_owned(),
            sink: if gzip {
                Sink::Gzip(GzEncoder::new(file, LEVEL))
            } else {
                Sink::Plain(file)
            },
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    /// Appends `content`.
    ///
    /// # Errors
    /// The disk's refusal, with the file's name.
    pub fn write(&mut self, content: &[u8]) -> Result<()> {
        self.hash.update(content);
        self.bytes += content.len() as u64;
        let written = match &mut self.sink {
            Sink::Plain(file) => file.write_all(content),
            Sink::Gzip(gzip) => gzip.write_all(content),
        };
        written.map_err(|error| StoreError::file("writing", &self.path, error))
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends the file and waits for the disk.
    ///
    /// # Errors
    /// The disk's refusal, with the file's name.
    pub fn finish(self) -> Result<Content> {
        let on_disk = match self.sink {
            Sink::Plain(file) => Ok(file),
            Sink::Gzip(gzip) => gzip.finish(),
        }
        .and_then(|file| {
            file.into_inner()
                .map_err(std::io::IntoInnerError::into_error)
        })
        .and_then(PassingWriter::finish);
        on_disk.map_err(|error| StoreError::file("writing", &self.path, error))?;
        Ok(Content {
            bytes: self.bytes,
            sha256: hex(&self.hash.finalize()),
        })
    }
}

/// A file being read; gzip is told by the name.
pub struct HashedReader {
    path: PathBuf,
    source: Box<dyn Read + Send>,
    hash: Sha256,
    bytes: u64,
}

impl HashedReader {
    /// Opens a file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| StoreError::file("reading", path, error))?;
        let file = BufReader::with_capacity(BUFFER, PassingReader::new(file));
        let source: Box<dyn Read + Send> = if path.extension().is_some_and(|it| it == "gz") {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        Ok(Self {
            path: path.to_owned(),
            source,
            hash: Sha256::new(),
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
            match self.source.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(StoreError::Invalid(format!(
                        "{}: at byte {} of its content: it cannot be read: {error}",
                        self.path.display(),
                        self.bytes + filled as u64
                    )));
                }
            }
        }
        self.hash.update(&buffer[..filled]);
        self.bytes += filled as u64;
        Ok(filled)
    }

    /// All of a small file.
    ///
    /// # Errors
    /// As [`Self::read`], or it is longer than `limit`.
    pub fn read_all(&mut self, limit: usize) -> Result<Vec<u8>> {
        let mut content = vec![0; limit + 1];
        let length = self.read(&mut content)?;
        if length > limit {
            return Err(StoreError::Invalid(format!(
                "{}: it is longer than {limit} bytes, which such a file never is",
                self.path.display()
            )));
        }
        content.truncate(length);
        Ok(content)
    }

    /// What was read so far.
    pub fn content(&self) -> Content {
        Content {
            bytes: self.bytes,
            sha256: hex(&self.hash.clone().finalize()),
        }
    }
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
            assert_eq!(reader.content(), written);
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
