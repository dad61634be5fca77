//! What a backup of ours says of itself: written last, so that a folder without it holds no backup. mongorestore passes
//! over it.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::store::error::{Result, StoreError};
use crate::store::private_file;

/// The manifest's file.
pub const MANIFEST: &str = "ringfence-backup.json";
/// Stands in the folder while a backup is being written; a folder that holds it is ours to clear.
pub const UNFINISHED: &str = "ringfence-backup.unfinished";
/// The manifest's own version.
const FORMAT: u32 = 1;

/// A complete backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this description.
    pub format: u32,
    /// Who wrote it: `ringfence 0.1.0`.
    pub tool: String,
    /// The server's version.
    pub server_version: String,
    /// The database.
    pub database: String,
    /// When the first document was asked for, by our clock, RFC 3339.
    pub started_at: String,
    /// When the last file was on the disk.
    pub finished_at: String,
    /// Whether the files are gzipped.
    pub gzip: bool,
    /// Whether all documents were read as of one moment, whoever wrote meanwhile.
    #[serde(default)]
    pub snapshot: bool,
    /// The collections by name.
    pub collections: Vec<CollectionRecord>,
}

/// One collection of a backup. Files are named from the backup's folder; hashes are those of uncompressed content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionRecord {
    /// Its name.
    pub name: String,
    /// `collection`, `view` or `timeseries`.
    pub kind: String,
    /// Its documents; a view has none of its own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub data: Option<DataRecord>,
    /// Its metadata file.
    pub metadata: String,
    /// The metadata's SHA-256.
    pub metadata_sha256: String,
}

/// The documents of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataRecord {
    /// The `.bson` file.
    pub file: String,
    /// How many there are.
    pub documents: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The file's SHA-256.
    pub sha256: String,
    /// The collection's [`crate::domain::fingerprint::Fingerprint`].
    pub fingerprint: String,
}

impl Manifest {
    /// The version that we write.
    pub const fn format() -> u32 {
        FORMAT
    }

    /// Reads the manifest of a folder; `None` when there is none.
    ///
    /// # Errors
    /// It cannot be read, is no manifest, is of a newer version, or names a file outside its folder.
    pub fn load(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(MANIFEST);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::file("reading", &path, error)),
        };
        let manifest: Self = serde_json::from_str(&text).map_err(|error| {
            StoreError::Invalid(format!(
                "{}: this is not the manifest of a backup: {error}. Nothing was changed",
                path.display()
            ))
        })?;
        if manifest.format > FORMAT {
            return Err(StoreError::Refused(format!(
                "{}: {} wrote this backup, and this version does not know its format {}. Nothing was changed; use that version",
                path.display(),
                manifest.tool,
                manifest.format
            )));
        }
        for file in manifest.files() {
            let inside = Path::new(file)
                .components()
                .all(|part| matches!(part, Component::Normal(_)));
            if !inside {
                return Err(StoreError::Invalid(format!(
                    "{}: it names {file:?}, which is outside the backup. Nothing was read",
                    path.display()
                )));
            }
        }
        Ok(Some(manifest))
    }

    /// Puts the manifest in place; from here on the folder holds a backup.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn save(&self, folder: &Path) -> Result<PathBuf> {
        let path = folder.join(MANIFEST);
        let mut json = serde_json::to_vec_pretty(self).map_err(|error| {
            StoreError::Invalid(format!("the manifest cannot be written: {error}"))
        })?;
        json.push(b'\n');
        private_file::replace(&path, &json)?;
        Ok(path)
    }

    /// One collection's record.
    pub fn collection(&self, name: &str) -> Option<&CollectionRecord> {
        self.collections.iter().find(|record| record.name == name)
    }

    fn files(&self) -> impl Iterator<Item = &str> {
        self.collections.iter().flat_map(|record| {
            let data = record.data.as_ref().map(|data| data.file.as_str());
            data.into_iter().chain([record.metadata.as_str()])
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{CollectionRecord, MANIFEST, Manifest};

    fn sample() -> Manifest {
        Manifest {
            format: Manifest::format(),
            tool: "ringfence 0.0.0".to_owned(),
            server_version: "6.0.5".to_owned(),
            database: "app".to_owned(),
            started_at: "2026-01-01T00:00:00Z".to_owned(),
            finished_at: "2026-01-01T00:00:01Z".to_owned(),
            gzip: false,
            snapshot: false,
            collections: vec![CollectionRecord {
                name: "v".to_owned(),
                kind: "view".to_owned(),
                data: None,
                metadata: "app/v.metadata.json".to_owned(),
                metadata_sha256: "00".to_owned(),
            }],
        }
    }

    #[test]
    fn a_saved_manifest_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::load(folder.path()).unwrap(), None);
        sample().save(folder.path()).unwrap();
        assert_eq!(Manifest::load(folder.path()).unwrap(), Some(sample()));
    }

    #[test]
    fn a_manifest_that_points_outside_or_is_newer_or_broken_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for metadata in ["../x", "/etc/passwd", "app/../../x"] {
            let mut manifest = sample();
            manifest.collections[0].metadata = metadata.to_owned();
            manifest.save(folder.path()).unwrap();
            let error = Manifest::load(folder.path()).unwrap_err().to_string();
            assert!(error.contains("outside the backup"), "{error}");
        }
        let mut manifest = sample();
        manifest.format += 1;
        manifest.save(folder.path()).unwrap();
        let error = Manifest::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("use that version"), "{error}");
        std::fs::write(folder.path().join(MANIFEST), "{\n\"format\": x}").unwrap();
        let error = Manifest::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }
}
