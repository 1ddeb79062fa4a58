//! The directory that is written to, and the only way to reach what is below it.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::made::{self, Identity, Made};
use super::shown;
use crate::error::{Error, Result};
use crate::layer::EntryKind;
use crate::path::{ImagePath, display_os};

/// Directories are opened as such and never through a link.
const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Whether a directory was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DirectoryOrigin {
    /// It was not there before, and is this inode.
    Made(Identity),
    /// It was.
    Found,
}

/// An open directory; paths below it are walked component by component.
pub(super) struct Root {
    directory: PathBuf,
    file: OwnedFd,
}

impl Root {
    /// Opens the directory, making it where it is not there. The user named it: links on the way are theirs.
    pub(super) fn create(directory: &Path) -> Result<Self> {
        let failed = |source| Error::Write {
            name: display_os(directory.as_os_str()),
            source,
        };
        std::fs::create_dir_all(directory).map_err(failed)?;
        let file = File::open(directory).map_err(failed)?.into();
        let directory = directory.to_owned();
        Ok(Self { directory, file })
    }

    pub(super) fn make_directory(&self, path: &[u8]) -> Result<DirectoryOrigin> {
        let (parent, name) = self.parent(path)?;
        match rustix::fs::mkdirat(&parent, &name, Mode::RWXU) {
            Ok(()) => {
                let made = made::own_directory(&self.open_directory(path)?);
                let made = made.map_err(|source| self.failed(path, source))?;
                made.map(DirectoryOrigin::Made)
                    .ok_or_else(|| self.replaced(path))
            }
            Err(Errno::EXIST) => self.open_directory(path).map(|_| DirectoryOrigin::Found),
            Err(error) => Err(self.failed(path, error.into())),
        }
    }

    pub(super) fn make_file(&self, path: &[u8]) -> Result<File> {
        let (parent, name) = self.parent(path)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&parent, &name, flags, Mode::RUSR | Mode::WUSR)
            .map(File::from)
            .map_err(|error| self.refused(path, error))
    }

    /// Removes a file that this process has just made.
    pub(super) fn remove_file(&self, path: &[u8]) -> Result<()> {
        let (parent, name) = self.parent(path)?;
        rustix::fs::unlinkat(&parent, &name, AtFlags::empty())
            .map_err(|error| self.failed(path, error.into()))
    }

    pub(super) fn link(&self, target: &[u8], path: &[u8]) -> Result<()> {
        let (target_parent, target_name) = self.parent(target)?;
        let (parent, name) = self.parent(path)?;
        rustix::fs::linkat(
            &target_parent,
            &target_name,
            &parent,
            &name,
            AtFlags::empty(),
        )
        .map_err(|error| self.refused(path, error))
    }

    pub(super) fn make_symlink(&self, path: &[u8], target: &[u8]) -> Result<()> {
        let (parent, name) = self.parent(path)?;
        let target = self.text(path, target)?;
        rustix::fs::symlinkat(&target, &parent, &name).map_err(|error| self.refused(path, error))
    }

    /// Holds what was made under a name by this process.
    pub(super) fn hold(&self, path: &[u8], kind: EntryKind) -> Result<Made> {
        use rustix::fs::FileType;
        let expected = match kind {
            EntryKind::CharDevice => FileType::CharacterDevice,
            EntryKind::BlockDevice => FileType::BlockDevice,
            EntryKind::Symlink => FileType::Symlink,
            _ => FileType::Fifo,
        };
        let (parent, name) = self.parent(path)?;
        let made =
            Made::open(parent, name, expected).map_err(|source| self.failed(path, source))?;
        made.ok_or_else(|| self.replaced(path))
    }

    #[cfg(target_os = "linux")]
    pub(super) fn make_node(&self, path: &[u8], kind: EntryKind, device: (u32, u32)) -> Result<()> {
        use rustix::fs::{FileType, makedev};
        let (parent, name) = self.parent(path)?;
        let (kind, device) = match kind {
            EntryKind::CharDevice => (FileType::CharacterDevice, makedev(device.0, device.1)),
            EntryKind::BlockDevice => (FileType::BlockDevice, makedev(device.0, device.1)),
            _ => (FileType::Fifo, 0),
        };
        rustix::fs::mknodat(&parent, &name, kind, Mode::RUSR | Mode::WUSR, device)
            .map_err(|error| self.refused(path, error))
    }

    /// Other systems number devices differently, and macOS has no `mknodat` before version 13.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn make_node(&self, path: &[u8], _: EntryKind, _: (u32, u32)) -> Result<()> {
        Err(self.failed(path, io::ErrorKind::PermissionDenied.into()))
    }

    /// Opens a directory without following a link anywhere below the root.
    pub(super) fn open_directory(&self, path: &[u8]) -> Result<OwnedFd> {
        let mut current = self
            .file
            .try_clone()
            .map_err(|source| self.failed(path, source))?;
        let components = ImagePath::new(path)
            .into_iter()
            .flat_map(ImagePath::components);
        for component in components {
            let name = self.text(path, component)?;
            current =
                rustix::fs::openat(&current, &name, DIRECTORY, Mode::empty()).map_err(|error| {
                    match error {
                        // Linux tells a link in the way of O_DIRECTORY | O_NOFOLLOW as ENOTDIR, others as ELOOP.
                        Errno::NOTDIR | Errno::LOOP | Errno::MLINK => Error::UnsafeTarget {
                            path: shown(&self.directory, path),
                            reason: "a link or a file stands where a directory should be".into(),
                        },
                        _ => self.failed(path, error.into()),
                    }
                })?;
        }
        Ok(current)
    }

    /// Opens a directory that was made before.
    pub(super) fn open_made(&self, path: &[u8], made: Identity) -> Result<OwnedFd> {
        let directory = self.open_directory(path)?;
        let found =
            rustix::fs::fstat(&directory).map_err(|error| self.failed(path, error.into()))?;
        if made::identity(&found) == made {
            Ok(directory)
        } else {
            Err(self.replaced(path))
        }
    }

    fn replaced(&self, path: &[u8]) -> Error {
        Error::UnsafeTarget {
            path: shown(&self.directory, path),
            reason: "something else took its place while it was written".into(),
        }
    }

    /// Opens the directory a path stands in; returns it with the name.
    pub(super) fn parent(&self, path: &[u8]) -> Result<(OwnedFd, CString)> {
        let place = ImagePath::new(path).filter(|place| !place.is_root());
        let place = place.ok_or_else(|| Error::UnsafeTarget {
            path: shown(&self.directory, path),
            reason: "the path is not inside the directory".into(),
        })?;
        let parent = self.open_directory(place.parent().as_bytes())?;
        Ok((parent, self.text(path, place.name())?))
    }

    /// Names the target of a failure.
    pub(super) fn failed(&self, path: &[u8], source: io::Error) -> Error {
        Error::Write {
            name: shown(&self.directory, path),
            source,
        }
    }

    fn refused(&self, path: &[u8], error: Errno) -> Error {
        match error {
            Errno::EXIST => Error::UnsafeTarget {
                path: shown(&self.directory, path),
                reason: "it exists".into(),
            },
            Errno::LOOP | Errno::MLINK => Error::UnsafeTarget {
                path: shown(&self.directory, path),
                reason: "it is a link".into(),
            },
            _ => self.failed(path, error.into()),
        }
    }

    fn text(&self, path: &[u8], text: &[u8]) -> Result<CString> {
        CString::new(text).map_err(|error| self.failed(path, error.into()))
    }
}
