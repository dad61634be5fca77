//! Reading a `.bson` file: documents one after another, each checked before it is believed.

use std::path::Path;

use bson::raw::RawDocumentBuf;

use super::bson_check;
use super::hashed_file::{Content, HashedReader};
use crate::domain::number::counted;
use crate::store::error::{Result, StoreError};

/// The longest document a server makes, 16 MiB and 16 KiB of its own.
const LONGEST: usize = 16 * 1024 * 1024 + 16 * 1024;

/// A `.bson` file being read.
pub struct BsonReader {
    file: HashedReader,
    documents: u64,
}

impl BsonReader {
    /// Opens a `.bson` or `.bson.gz` file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            file: HashedReader::open(path)?,
            documents: 0,
        })
    }

    /// The next document; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read, or what follows is not a document: with the file and the byte, counted in its uncompressed
    /// content.
    pub fn next_document(&mut self) -> Result<Option<RawDocumentBuf>> {
        let start = self.file.bytes();
        let mut prefix = [0; 4];
        match self.file.read(&mut prefix)? {
            0 => return Ok(None),
            4 => {}
            some => {
                let some = counted(some as u64, "byte", "bytes");
                return Err(self.damaged(start, &format!("it ends after {some} of a document")));
            }
        }
        let length = i32::from_le_bytes(prefix);
        let length = match usize::try_from(length) {
            Ok(length) if (5..=LONGEST).contains(&length) => length,
            _ => {
                return Err(
                    self.damaged(start, &format!("a document cannot be {length} bytes long"))
                );
            }
        };
        let mut bytes = vec![0; length];
        bytes[..4].copy_from_slice(&prefix);
        let there = 4 + self.file.read(&mut bytes[4..])?;
        if there < length {
            return Err(self.damaged(
                start,
                &format!("it ends after {there} of the {length} bytes of a document"),
            ));
        }
        if let Err(flaw) = bson_check::check(&bytes) {
            return Err(self.damaged(start + flaw.at as u64, flaw.what));
        }
        self.documents += 1;
        RawDocumentBuf::from_bytes(bytes)
            .map(Some)
            .map_err(|error| self.damaged(start, &error.to_string()))
    }

    /// Documents read so far.
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// Uncompressed bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.file.bytes()
    }

    /// The whole content, of which what is left is read now.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn content(self) -> Result<Content> {
        self.file.content()
    }

    fn damaged(&self, at: u64, what: &str) -> StoreError {
        StoreError::Invalid(format!(
            "{}: at byte {at} of its content: {what}. The file is damaged and nothing of it was used; take another backup",
            self.file.path().display()
        ))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::rawdoc;

    use super::BsonReader;

    fn reading(content: &[u8]) -> (u64, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bson");
        std::fs::write(&path, content).unwrap();
        let mut reader = BsonReader::open(&path).unwrap();
        loop {
            match reader.next_document() {
                Ok(Some(_)) => {}
                Ok(None) => return (reader.documents(), "the end".to_owned()),
                Err(error) => return (reader.documents(), error.to_string()),
            }
        }
    }

    #[test]
    fn damage_is_named_with_its_byte() {
        let one = rawdoc! { "_id": 1, "a": "text" }.into_bytes();
        let whole = [one.clone(), one.clone()].concat();
        let n = one.len();
        assert_eq!(reading(&whole), (2, "the end".to_owned()));
        let mut long = whole.clone();
        long[n + 3] = 0x7F;
        let mut flawed = whole.clone();
        flawed[2 * n - 2] = b'x'; // the zero that ends "text"
        for (content, at, what) in [
            (&whole[..n + 2], n, "after 2 bytes"),
            (&whole[..2 * n - 3], n, "of a document"),
            (&long, n, "bytes long"),
            (&flawed, 2 * n - 10, "a text without its end"),
        ] {
            let (documents, error) = reading(content);
            assert_eq!(documents, 1);
            assert!(error.contains("a.bson"), "{error}");
            assert!(error.contains(&format!("at byte {at} ")), "{error}");
            assert!(error.contains(what), "{error}");
        }
    }
}
