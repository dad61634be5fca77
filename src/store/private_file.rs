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

/// Makes the folder of a run, closed to others. One that is there must be ours alone: what others may write there could be exchanged.
///
/// # Errors
/// It, or the folder that it stands in, belongs to somebody else or may be written by others; or the system's answer.
pub fn create_run_folder(path: &Path) -> Result<()> {
    let parent = path.parent().filter(|it| *it != Path::new(""));
    let parent = parent.unwrap_or(Path::new("."));
    if parent.exists() {
        owner::check(parent, true)?;
    }
    create_folder(path)?;
    owner::check(path, false)
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

/// True for a regular file that others may read or write.
pub fn is_open_to_others(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = path.metadata();
        metadata.is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
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
    let file = options
        .open(path)
        .map_err(|error| StoreError::file("opening", path, error))?;
    owner::close(&file, path)?;
    Ok(file)
}

#[cfg(not(unix))]
mod owner {
    use super::{File, Path, Result};

    pub(super) fn check(_: &Path, _: bool) -> Result<()> {
        Ok(())
    }

    pub(super) fn close(_: &File, _: &Path) -> Result<()> {
        Ok(())
    }
}

#[cfg(unix)]
mod owner {
    //! Who owns a folder or a file, and who else may write it.

    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::{File, Path, Result, StoreError};

    /// What others may do: all of it, and writing.
    const OTHERS: u32 = 0o077;
    const WRITE: u32 = 0o022;
    /// In such a folder nobody moves what belongs to another.
    const STICKY: u32 = 0o1000;

    fn us() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn refused(path: &Path, what: &str, way: &str) -> StoreError {
        StoreError::Refused(format!(
            "{} {what}, so what ringfence keeps there could be read or exchanged. Nothing was changed; {way}",
            path.display()
        ))
    }

    /// Refuses a folder of somebody else, and one that others may write. One that others may only read is closed to them, unless it is `outer`,
    /// a folder that only holds ours.
    pub(super) fn check(path: &Path, outer: bool) -> Result<()> {
        let looking = |error| StoreError::file("looking at the folder", path, error);
        let metadata = path.metadata().map_err(looking)?;
        let (owner, mode) = (metadata.uid(), metadata.mode());
        let other_place = "name another folder with --run-dir";
        if owner != us() && !(outer && owner == 0) {
            return Err(refused(path, "belongs to another user", other_place));
        }
        if mode & WRITE != 0 && !(outer && mode & STICKY != 0) {
            let way = format!(
                "chmod go-w {} after you looked at what stands there, or {other_place}",
                path.display()
            );
            return Err(refused(path, "may be written by other users", &way));
        }
        if !outer && mode & OTHERS != 0 {
            tracing::warn!("{} was open to other users; closed it", path.display());
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
                .map_err(looking)?;
        }
        Ok(())
    }

    /// Closes a file that others may read or write; refuses one of somebody else. What is no regular file (a terminal, a pipe) is left as it is.
    pub(super) fn close(file: &File, path: &Path) -> Result<()> {
        let looking = |error| StoreError::file("looking at", path, error);
        let metadata = file.metadata().map_err(looking)?;
        if !metadata.is_file() {
            return Ok(());
        }
        if metadata.uid() != us() {
            return Err(refused(
                path,
                "belongs to another user",
                "name another file",
            ));
        }
        if metadata.mode() & WRITE != 0 {
            tracing::warn!(
                "{} could be written by other users until now; closed it",
                path.display()
            );
        }
        if metadata.mode() & OTHERS != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))
                .map_err(looking)?;
        }
        Ok(())
    }
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

    use super::{append, create_folder, create_run_folder, replace, write_new};

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
    fn what_others_may_write_is_refused_and_what_they_may_read_is_closed() {
        let root = tempfile::tempdir().unwrap();
        let set = |path: &std::path::Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o7777;
        let (runs, run) = (root.path().join("runs"), root.path().join("runs/1"));
        create_run_folder(&run).unwrap();
        for (path, open) in [
            (&runs, 0o777),
            (&run, 0o770),
            (&run, 0o1777),
            (&runs, 0o775),
        ] {
            set(path, open);
            let error = create_run_folder(&run).unwrap_err().to_string();
            assert!(error.contains("may be written by other users"), "{error}");
            assert!(error.contains("chmod go-w"), "{error}");
            assert_eq!(mode(path), open);
            set(path, 0o700);
        }
        set(&runs, 0o1777); // as /tmp
        set(&run, 0o755);
        create_run_folder(&run).unwrap();
        assert_eq!((mode(&runs), mode(&run)), (0o1777, 0o700));
        let log = root.path().join("log");
        std::fs::write(&log, "x").unwrap();
        for open in [0o644, 0o666, 0o600] {
            set(&log, open);
            append(&log).unwrap();
            assert_eq!(mode(&log), 0o600);
        }
        append(std::path::Path::new("/dev/null")).unwrap();
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
