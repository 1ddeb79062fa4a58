//! Report files: whole or not at all, never over a half of an older one.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::without_temporary_name;

/// Makes a file in the directory of another, so that it can take that one's place by rename.
///
/// # Errors
/// The operating system's.
pub(crate) fn beside(file: &Path) -> io::Result<tempfile::NamedTempFile> {
    let parent = match file.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    tempfile::Builder::new()
        .prefix(".layerscope-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(parent)
        .map_err(without_temporary_name)
}

/// Puts a report in the place of whatever has the name; a link is replaced and not followed.
///
/// # Errors
/// The operating system's.
pub(crate) fn replace(file: &Path, report: &[u8]) -> io::Result<()> {
    let mut temporary = beside(file)?;
    temporary.write_all(report)?;
    temporary
        .persist(file)
        .map(drop)
        .map_err(|error| error.error)
}

/// Writes a report to a name that nothing has yet.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where something has it, also where it came while this ran; otherwise the
/// operating system's.
pub(crate) fn create(file: &Path, report: &[u8]) -> io::Result<()> {
    let mut temporary = beside(file)?;
    temporary.write_all(report)?;
    temporary
        .persist_noclobber(file)
        .map(drop)
        .map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("report.json");
        create(&file, b"one").unwrap();
        let refused = create(&file, b"two").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&file).unwrap(), b"one");
        replace(&file, b"three").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"three");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
