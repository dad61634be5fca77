//! Files that only their owner may read: folders 0700, files 0600, and nothing called written before the disk says so.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use super::error::{Result, StoreError};

/// Makes a folder and its parents; those it makes are closed to others.
pub fn create_folder(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(path)
        .map_err(|error| StoreError::file("creating the folder", path, error))
}

/// Opens a new file for writing; one that is there already is an error, never overwritten.
pub fn create_new(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
        .open(path)
        .map_err(|error| StoreError::file("creating", path, error))
}

/// Opens a file for reading, and for writing at its end; makes it where it is not there.
pub fn append(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
        .open(path)
        .map_err(|error| StoreError::file("opening", path, error))
}

/// Writes a whole new file and waits for the disk.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = create_new(path)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| StoreError::file("writing", path, error))
}

/// Puts a file in place at once: whoever looks sees all of it, or what was there before.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    // A bare file name has the empty path as its parent.
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let writing = |error| StoreError::file("writing", path, error);
    // tempfile makes its files 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(writing)?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(writing)?;
    file.persist(path).map_err(|error| writing(error.error))?;
    sync_folder(folder)
}

/// Waits until the folder's own entries are on the disk.
pub fn sync_folder(path: &Path) -> Result<()> {
    // Windows cannot open a folder as a file, and keeps its entries in a journal of its own.
    if cfg!(unix) {
        File::open(path)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| StoreError::file("writing the folder", path, error))?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{create_folder, replace, write_new};

    #[test]
    fn folders_are_0700_and_files_0600() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        create_folder(&folder).unwrap();
        write_new(&folder.join("new"), b"x").unwrap();
        replace(&folder.join("replaced"), b"x").unwrap();
        let mode = |path: &str| {
            let path = root.path().join(path);
            path.metadata().unwrap().permissions().mode() & 0o777
        };
        assert_eq!((mode("a"), mode("a/b")), (0o700, 0o700));
        assert_eq!((mode("a/b/new"), mode("a/b/replaced")), (0o600, 0o600));
    }

    #[test]
    fn a_new_file_never_overwrites_and_a_replaced_one_does() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        write_new(&path, b"first").unwrap();
        let error = write_new(&path, b"second").unwrap_err().to_string();
        assert!(error.contains("file"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        replace(&path, b"third").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"third");
        assert_eq!(root.path().read_dir().unwrap().count(), 1);
    }
}
