//! Files that are written whole or not at all, never over a half of an older one.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::without_temporary_name;

/// A file on its way to its name. Where the file system knows files without one it has none until it is whole, so that
/// whatever ends the process leaves nothing behind; elsewhere a hidden name, which is removed unless the process is
/// killed.
#[derive(Debug)]
pub(crate) struct Unfinished {
    state: State,
    directory: PathBuf,
}

#[derive(Debug)]
enum State {
    Nameless(File),
    Named(NamedTempFile),
}

impl Unfinished {
    /// Begins a file in the directory of another, so that it can take that one's place.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn beside(file: &Path) -> io::Result<Self> {
        let directory = match file.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let state = match nameless::create(&directory) {
            Some(file) => State::Nameless(file),
            None => State::Named(
                hidden()
                    .tempfile_in(&directory)
                    .map_err(without_temporary_name)?,
            ),
        };
        Ok(Self { state, directory })
    }

    /// Gives it its name, in the place of whatever has it; a link is replaced and not followed.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn persist(self, name: &Path) -> io::Result<()> {
        match &self.state {
            State::Nameless(file) => match nameless::link(file, name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                done => return done,
            },
            State::Named(_) => {}
        }
        let named = match self.state {
            State::Nameless(file) => {
                // Only a rename replaces: it has a hidden name for that long.
                let linked = hidden().make_in(&self.directory, |name| nameless::link(&file, name));
                linked.map_err(without_temporary_name)?.into_temp_path()
            }
            State::Named(file) => file.into_temp_path(),
        };
        named.persist(name).map_err(|error| error.error)
    }

    /// Gives it a name that nothing has yet.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] where something has it, also where it came while this ran; otherwise the
    /// operating system's.
    pub(crate) fn persist_new(self, name: &Path) -> io::Result<()> {
        match self.state {
            State::Nameless(file) => nameless::link(&file, name),
            State::Named(file) => match file.persist_noclobber(name) {
                Ok(_) => Ok(()),
                Err(error) => Err(error.error),
            },
        }
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Nameless(file) => file.write(bytes),
            State::Named(file) => file.as_file_mut().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hidden() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder
        .prefix(".layerscope-")
        .permissions(Permissions::from_mode(0o666));
    builder
}

#[cfg(target_os = "linux")]
mod nameless {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd as _;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, Mode, OFlags};

    /// Makes a file without a name; `None` where there can be none, or none that could be given one later.
    pub(super) fn create(directory: &Path) -> Option<File> {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = rustix::fs::open(directory, flags, Mode::from_raw_mode(0o666)).ok()?;
        let file = File::from(file);
        Path::new(&entry(&file)).exists().then_some(file)
    }

    /// Gives it a name that nothing has yet (open(2), `O_TMPFILE`).
    pub(super) fn link(file: &File, name: &Path) -> io::Result<()> {
        rustix::fs::linkat(CWD, entry(file), CWD, name, AtFlags::SYMLINK_FOLLOW)?;
        Ok(())
    }

    fn entry(file: &File) -> String {
        format!("/proc/self/fd/{}", file.as_raw_fd())
    }
}

#[cfg(not(target_os = "linux"))]
mod nameless {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    pub(super) const fn create(_directory: &Path) -> Option<File> {
        None
    }

    pub(super) fn link(_file: &File, _name: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Puts a report in the place of whatever has the name; a link is replaced and not followed.
///
/// # Errors
/// The operating system's.
pub(crate) fn replace(file: &Path, report: &[u8]) -> io::Result<()> {
    let mut unfinished = Unfinished::beside(file)?;
    unfinished.write_all(report)?;
    unfinished.persist(file)
}

/// Writes a report to a name that nothing has yet.
///
/// # Errors
/// As [`Unfinished::persist_new`].
pub(crate) fn create(file: &Path, report: &[u8]) -> io::Result<()> {
    let mut unfinished = Unfinished::beside(file)?;
    unfinished.write_all(report)?;
    unfinished.persist_new(file)
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

    /// The same where a file system knows no files without a name.
    #[test]
    fn a_hidden_name_does_as_well() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("report.json");
        let unfinished = |bytes: &[u8]| {
            let mut named = hidden().tempfile_in(directory.path()).unwrap();
            named.write_all(bytes).unwrap();
            Unfinished {
                state: State::Named(named),
                directory: directory.path().to_owned(),
            }
        };
        unfinished(b"one").persist_new(&file).unwrap();
        let refused = unfinished(b"two").persist_new(&file).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        unfinished(b"three").persist(&file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"three");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_replaced_and_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (aim, link) = (directory.path().join("aim"), directory.path().join("link"));
        std::fs::write(&aim, b"kept").unwrap();
        std::os::unix::fs::symlink("aim", &link).unwrap();
        replace(&link, b"report").unwrap();
        assert_eq!(std::fs::read(&aim).unwrap(), b"kept");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_file());
    }
}
