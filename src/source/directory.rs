//! Blobs as files below a directory. Links inside it work; none leads out of it.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::blobs::{BlobRef, BlobStore, follow_links, unusable};
use super::signs::Signs;
use crate::error::{Error, Result};
use crate::layer::EntryKind;
use crate::layer::bytes::Region;
use crate::path;

/// Most names read from the top of a directory.
const NAMES: usize = 4096;

/// A directory that holds an image.
#[derive(Debug)]
pub struct DirBlobs {
    root: OwnedFd,
    path: PathBuf,
    name: String,
}

impl DirBlobs {
    /// Takes an open directory.
    pub fn new(root: OwnedFd, path: &Path, name: &str) -> Self {
        Self {
            root,
            path: path.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Opens what stands at a place, following no link: every component is opened relative to the one
    /// before, so that a link put there meanwhile cannot lead out.
    fn open_beneath(&self, place: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let mut components = place.split(|&byte| byte == b'/').peekable();
        let mut directory = self
            .root
            .try_clone()
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        while let Some(component) = components.next() {
            let is_last = components.peek().is_none();
            let how = if is_last {
                flags
            } else {
                flags | OFlags::DIRECTORY
            };
            directory = rustix::fs::openat(&directory, component, how, Mode::empty())?;
        }
        Ok(directory)
    }

    fn link_at(&self, place: &[u8]) -> Result<Option<Vec<u8>>> {
        let (parent, name) = match memchr::memrchr(b'/', place) {
            Some(slash) => (
                self.open_beneath(&place[..slash], OFlags::DIRECTORY),
                &place[slash + 1..],
            ),
            None => (rustix::io::fcntl_dupfd_cloexec(&self.root, 0), place),
        };
        match parent.and_then(|parent| rustix::fs::readlinkat(parent, name, Vec::new())) {
            Ok(target) => Ok(Some(target.into_bytes())),
            Err(Errno::INVAL | Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(error) => Err(self.open_error(place, error)),
        }
    }

    /// Returns whether there is something at a place for those who follow links anywhere.
    fn leads_out(&self, place: &[u8]) -> bool {
        rustix::fs::statat(&self.root, place, AtFlags::empty()).is_ok()
    }

    fn shown(&self, place: &[u8]) -> String {
        format!(
            "{}/{}",
            self.name.trim_end_matches('/'),
            path::display(place)
        )
    }

    fn open_error(&self, place: &[u8], error: Errno) -> Error {
        Error::unopened(self.shown(place), error)
    }
}

impl BlobStore for DirBlobs {
    fn name(&self) -> &str {
        &self.name
    }

    fn holder(&self) -> &'static str {
        "directory"
    }

    fn open_at(&self, written: &[u8], blob: &BlobRef) -> Result<Option<Region>> {
        let Some(place) = follow_links(written.to_vec(), |place| self.link_at(place))? else {
            return Err(unusable(self, blob, "it is a loop of links"));
        };
        let file = match self.open_beneath(&place, OFlags::empty()) {
            Ok(file) => file,
            // Builders that keep blobs in one place for all images link to them (Bazel).
            Err(Errno::NOENT | Errno::NOTDIR) if self.leads_out(written) => {
                let reason = "a link leads out of the directory, and is not followed: `cp -rL` makes a whole copy";
                return Err(unusable(self, blob, reason));
            }
            Err(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG) => return Ok(None),
            Err(error) => return Err(self.open_error(&place, error)),
        };
        let status = rustix::fs::fstat(&file).map_err(|error| self.open_error(&place, error))?;
        match FileType::from_raw_mode(status.st_mode) {
            FileType::RegularFile => {}
            FileType::Directory => return Err(unusable(self, blob, "it is a directory")),
            _ => return Err(unusable(self, blob, "it is not a regular file")),
        }
        let length = u64::try_from(status.st_size).unwrap_or(0);
        let name = self.shown(&place);
        Ok(Some(Region::new(
            Arc::new(File::from(file)),
            name.into(),
            0,
            length,
        )))
    }

    fn names(&self) -> Vec<Vec<u8>> {
        let entries = std::fs::read_dir(&self.path)
            .into_iter()
            .flatten()
            .flatten();
        let mut names: Vec<Vec<u8>> = entries
            .take(NAMES)
            .map(|entry| entry.file_name().into_encoded_bytes())
            .collect();
        names.sort_unstable();
        names
    }

    fn has(&self, name: &str) -> bool {
        rustix::fs::statat(&self.root, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    fn signs(&self) -> Signs {
        let mut signs = Signs::default();
        for name in self.names() {
            signs.note(&name, EntryKind::Dir);
        }
        signs
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn member(blobs: &DirBlobs, name: &str) -> Option<Vec<u8>> {
        let region = blobs.open(&BlobRef::member(name)).unwrap()?;
        Some(region.head::<64>().unwrap())
    }

    #[test]
    fn links_inside_work_and_none_leads_out() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("image");
        std::fs::create_dir_all(root.join("a")).unwrap();
        std::fs::create_dir_all(root.join("b")).unwrap();
        std::fs::write(outer.path().join("secret"), "secret").unwrap();
        std::fs::write(root.join("a/layer.tar"), "layer").unwrap();
        symlink("../a/layer.tar", root.join("b/layer.tar")).unwrap();
        symlink("a", root.join("c")).unwrap();
        symlink("../secret", root.join("out")).unwrap();
        symlink(outer.path().join("secret"), root.join("absolute")).unwrap();
        symlink("..", root.join("up")).unwrap();
        symlink("../nothing", root.join("dangling")).unwrap();
        symlink("self", root.join("self")).unwrap();

        let fd = OwnedFd::from(File::open(&root).unwrap());
        let blobs = DirBlobs::new(fd, &root, "image");
        for name in [
            "a/layer.tar",
            "b/layer.tar",
            "c/layer.tar",
            "/a/../a/layer.tar",
        ] {
            assert_eq!(
                member(&blobs, name).as_deref(),
                Some(&b"layer"[..]),
                "{name}"
            );
        }
        for name in ["../secret", "missing", "a/layer.tar/x", "dangling"] {
            assert_eq!(member(&blobs, name), None, "{name}");
        }
        for name in ["out", "absolute", "up/secret"] {
            let error = blobs.open(&BlobRef::member(name)).unwrap_err().to_string();
            assert!(
                error.contains("a link leads out of the directory"),
                "{error}"
            );
        }
        assert!(blobs.open(&BlobRef::member("self")).is_err());
        assert!(blobs.open(&BlobRef::member("a")).is_err());
        assert_eq!(blobs.names()[0], b"a");
    }

    #[test]
    fn a_pipe_is_refused_without_waiting_for_its_writer() {
        let root = tempfile::tempdir().unwrap();
        let pipe = root.path().join("layer.tar");
        let status = std::process::Command::new("mkfifo").arg(&pipe).status();
        if !status.is_ok_and(|status| status.success()) {
            return;
        }
        let fd = OwnedFd::from(File::open(root.path()).unwrap());
        let blobs = DirBlobs::new(fd, root.path(), "image");
        assert!(blobs.open(&BlobRef::member("layer.tar")).is_err());
    }
}
