//! The files of a `schema.prisma`: one, or a folder of `.prisma` files.

use std::path::{Path, PathBuf};

use super::error::{Result, StoreError};

/// Folders within one another that are looked into; also what ends a circle of links.
const DEEPEST: usize = 16;
/// Bytes of one file; real schemas have some ten thousands.
const LARGEST: u64 = 8 << 20;

/// The files' names and texts: the one at `path`, or all that end in `.prisma` in the folder there and below it, in the order of their names.
///
/// # Errors
/// Nothing there, a folder without such a file, a file that cannot be read or is no text.
pub fn read(path: &Path) -> Result<Vec<(String, String)>> {
    let about = std::fs::metadata(path);
    let about = about.map_err(|error| StoreError::file("reading", path, error))?;
    let mut files = Vec::new();
    if about.is_dir() {
        find(path, 0, &mut files)?;
        files.sort();
    } else {
        files.push(path.to_owned());
    }
    if files.is_empty() {
        return Err(StoreError::Refused(format!(
            "the folder {} holds no file that ends in .prisma. Nothing was read; name the schema's file or its folder",
            path.display()
        )));
    }
    files.iter().map(|file| text(file)).collect()
}

fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |error| StoreError::file("reading", folder, error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let hidden = path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.starts_with('.') || name == "node_modules"
        });
        if path.is_dir() {
            if depth < DEEPEST && !hidden {
                find(&path, depth + 1, files)?;
            }
        } else if path.extension().is_some_and(|it| it == "prisma") {
            files.push(path);
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<(String, String)> {
    let failed = |error| StoreError::file("reading", path, error);
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > LARGEST {
        return Err(StoreError::Refused(format!(
            "{} has {} MB, so it is no schema. Nothing was read",
            path.display(),
            length >> 20
        )));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..at];
        let line = before.split(|byte| *byte == b'\n').count();
        StoreError::Refused(format!(
            "{}, line {line}: this is no UTF-8 text. Nothing was read",
            path.display()
        ))
    })?;
    Ok((path.display().to_string(), text))
}
