//! What lies in a backup's folder: which collections, their metadata, their files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::file_name;
use super::hashed_file::HashedReader;
use super::manifest::{DataRecord, Manifest, UNFINISHED};
use super::metadata::{self, Metadata};
use super::unread;
use crate::store::error::{Result, StoreError};
use crate::store::identity::BUCKETS_PREFIX;

/// Metadata is far shorter: index specifications and options.
const LONGEST_METADATA: usize = 64 * 1024 * 1024;

/// A backup, opened: its metadata is read, its data is not.
#[derive(Debug)]
pub struct Dump {
    /// The database it was taken of.
    pub database: String,
    /// The manifest, when it is ours.
    pub manifest: Option<Manifest>,
    /// Its collections by name.
    pub collections: Vec<DumpedCollection>,
}

/// One collection of a backup.
#[derive(Debug)]
pub struct DumpedCollection {
    /// Its name.
    pub name: String,
    /// Its options, indexes and kind.
    pub metadata: Metadata,
    /// The `.bson` file; a view has none.
    pub data: Option<PathBuf>,
    /// What the manifest says of the data.
    pub recorded: Option<DataRecord>,
}

impl Dump {
    /// Opens the backup in `from`: a folder with our manifest, a folder that holds the folder of one database (or of
    /// `database`), or that folder itself.
    ///
    /// # Errors
    /// There is no backup, several and none was named, an interrupted one, or a file that is broken; which one is said.
    pub fn open(from: &Path, database: Option<&str>) -> Result<Self> {
        unread::refuse(from)?;
        if let Some(manifest) = Manifest::load(from)? {
            return Self::ours(from, manifest, database);
        }
        if from.join(UNFINISHED).exists() {
            return Err(StoreError::Refused(format!(
                "{} holds a backup that was interrupted: it has no manifest, and whatever is in it may be cut short. Nothing was changed; use another one",
                from.display()
            )));
        }
        let (database, folder) = database_folder(from, database)?;
        let collections = foreign(&folder)?;
        Ok(Self {
            database,
            manifest: None,
            collections,
        })
    }

    fn ours(from: &Path, manifest: Manifest, database: Option<&str>) -> Result<Self> {
        if let Some(other) = database.filter(|name| *name != manifest.database) {
            return Err(StoreError::Refused(format!(
                "{} is a backup of {}, not of {other}. Nothing was changed",
                from.display(),
                manifest.database
            )));
        }
        let mut collections = Vec::with_capacity(manifest.collections.len());
        for record in &manifest.collections {
            let path = from.join(&record.metadata);
            let (metadata, sha256) = read_metadata(&path)?;
            if sha256 != record.metadata_sha256 {
                return Err(StoreError::Invalid(format!(
                    "{}: it is not what the manifest says: another SHA-256. It was changed after the backup; nothing of it was used. Take another backup",
                    path.display()
                )));
            }
            collections.push(DumpedCollection {
                name: record.name.clone(),
                metadata,
                data: record.data.as_ref().map(|data| from.join(&data.file)),
                recorded: record.data.clone(),
            });
        }
        Ok(Self {
            database: manifest.database.clone(),
            manifest: Some(manifest),
            collections,
        })
    }
}

/// Which folder holds the files, and which database they are of.
fn database_folder(from: &Path, database: Option<&str>) -> Result<(String, PathBuf)> {
    if let Some(name) = database
        && from.join(name).is_dir()
    {
        return Ok((name.to_owned(), from.join(name)));
    }
    let here = list(from)?;
    if here
        .iter()
        .any(|(name, path)| path.is_file() && part_of(name).is_some_and(|it| it.1 != Part::Oplog))
    {
        let name = from.canonicalize().unwrap_or_else(|_| from.to_owned());
        let name = name
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = database.map(str::to_owned).or(name).unwrap_or_default();
        return Ok((name, from.to_owned()));
    }
    let archive = unread::archive_in(here.iter().map(|(_, path)| path.as_path()));
    let mut folders: Vec<_> = here.into_iter().filter(|(_, path)| path.is_dir()).collect();
    if let Some(archive) = archive.filter(|_| folders.is_empty()) {
        return Err(archive);
    }
    match (database, folders.len()) {
        (None, 1) => Ok(folders.remove(0)),
        (None, 2..) => Err(StoreError::Refused(format!(
            "{} holds several databases: {}. Nothing was changed; say which one",
            from.display(),
            names(&folders)
        ))),
        (Some(name), 1..) => Err(StoreError::Refused(format!(
            "{} holds no backup of {name}, but of {}. Nothing was changed",
            from.display(),
            names(&folders)
        ))),
        _ => Err(StoreError::Refused(format!(
            "{} holds no backup: neither our manifest nor a file of mongodump. Nothing was changed",
            from.display()
        ))),
    }
}

fn names(folders: &[(String, PathBuf)]) -> String {
    let names: Vec<_> = folders.iter().map(|(name, _)| name.as_str()).collect();
    names.join(", ")
}

fn list(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let reading = |error| StoreError::file("reading", folder, error);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(reading)? {
        let entry = entry.map_err(reading)?;
        if let Ok(name) = entry.file_name().into_string() {
            entries.push((name, entry.path()));
        }
    }
    entries.sort();
    Ok(entries)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Data,
    Metadata,
    Oplog,
}

/// A file's escaped collection name and what it holds; `None` for files that are not mongodump's.
fn part_of(file: &str) -> Option<(&str, Part)> {
    let plain = file.strip_suffix(".gz").unwrap_or(file);
    if plain == "oplog.bson" {
        return Some(("oplog", Part::Oplog));
    }
    plain
        .strip_suffix(".metadata.json")
        .map(|name| (name, Part::Metadata))
        .or_else(|| plain.strip_suffix(".bson").map(|name| (name, Part::Data)))
}

/// The collections of a folder that mongodump left. What mongorestore passes over for a database is passed over.
fn foreign(folder: &Path) -> Result<Vec<DumpedCollection>> {
    let mut data: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut described: BTreeMap<String, Metadata> = BTreeMap::new();
    let mut cut: BTreeMap<String, String> = BTreeMap::new();
    unread::refuse_log(folder)?;
    let is_log = !unread::has_collection_oplog(folder);
    let files = list(folder)?;
    for (file, path) in files.iter().filter(|(_, path)| path.is_file()) {
        let Some((name, Part::Metadata)) = part_of(file) else {
            continue;
        };
        let (metadata, _) = read_metadata(path)?;
        let collection = match &metadata.collection_name {
            Some(collection) => collection.clone(),
            None => file_name::unescape(name)?,
        };
        if file_name::is_cut(name) {
            cut.insert(name.to_owned(), collection.clone());
        }
        if described.insert(collection.clone(), metadata).is_some() {
            return Err(twice(folder, "metadata files", &collection));
        }
    }
    for (file, path) in files.iter().filter(|(_, path)| path.is_file()) {
        let name = match part_of(file) {
            Some((name, Part::Data)) => name,
            Some((name, Part::Oplog)) if !is_log => name,
            _ => continue,
        };
        let collection = if file_name::is_cut(name) {
            name_of_cut_file(name, &cut, &described, path)?
        } else {
            file_name::unescape(name)?
        };
        let of_the_server = ["system.indexes", "system.profile"].contains(&collection.as_str());
        let is_ours = !of_the_server && !collection.starts_with('$');
        if is_ours && data.insert(collection.clone(), path.clone()).is_some() {
            return Err(twice(folder, "data files", &collection));
        }
    }
    pair(folder, data, described)
}

/// A dump was made over another one: which of the two files is meant cannot be told.
fn twice(folder: &Path, what: &str, collection: &str) -> StoreError {
    StoreError::Invalid(format!(
        "{}: it holds two {what} of {collection}, as where a dump with --gzip was made over one without. Nothing was changed; move away the one that is not meant, or dump again into an empty folder",
        folder.display()
    ))
}

/// A cut name says the collection in its metadata file only; the buckets of a time series have one of another name.
fn name_of_cut_file(
    name: &str,
    cut: &BTreeMap<String, String>,
    described: &BTreeMap<String, Metadata>,
    path: &Path,
) -> Result<String> {
    if let Some(collection) = cut.get(name) {
        return Ok(collection.clone());
    }
    described
        .keys()
        .map(|collection| format!("{BUCKETS_PREFIX}{collection}"))
        .find(|buckets| file_name::escape(buckets) == name)
        .ok_or_else(|| {
            StoreError::Invalid(format!(
                "{}: its name is cut, and no metadata file says which collection it is. Nothing was changed",
                path.display()
            ))
        })
}

fn pair(
    folder: &Path,
    mut data: BTreeMap<String, PathBuf>,
    described: BTreeMap<String, Metadata>,
) -> Result<Vec<DumpedCollection>> {
    let mut collections = Vec::new();
    for (name, metadata) in described {
        let holds_data = match metadata.kind.as_str() {
            "view" => None,
            "timeseries" => Some(format!("{BUCKETS_PREFIX}{name}")),
            _ => Some(name.clone()),
        };
        let data = match holds_data {
            None => None,
            Some(holder) => Some(data.remove(&holder).ok_or_else(|| {
                StoreError::Invalid(format!(
                    "{}: the data file of {name} is missing. Nothing was changed; use another backup",
                    folder.display()
                ))
            })?),
        };
        collections.push(DumpedCollection {
            name,
            metadata,
            data,
            recorded: None,
        });
    }
    if let Some((name, path)) = data.into_iter().next() {
        return Err(StoreError::Invalid(format!(
            "{}: the metadata file of {name} is missing, so that its options and indexes are unknown. Nothing was changed; use another backup",
            path.display()
        )));
    }
    Ok(collections)
}

fn read_metadata(path: &Path) -> Result<(Metadata, String)> {
    let broken = |what: &str| {
        StoreError::Invalid(format!(
            "{}: this metadata cannot be read: {what}. Nothing was changed; use another backup",
            path.display()
        ))
    };
    let mut reader = HashedReader::open(path)?;
    let text = String::from_utf8(reader.read_all(LONGEST_METADATA)?)
        .map_err(|_| broken("it is not UTF-8"))?;
    let metadata = metadata::parse(&text).map_err(|what| broken(&what))?;
    Ok((metadata, reader.content()?.sha256))
}
