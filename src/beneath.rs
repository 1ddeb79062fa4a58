//! Files below a directory, and nowhere else.
//!
//! Every component of a path is opened relative to the one before and no symbolic link is followed, so that
//! neither a link in a hostile tree nor one put there meanwhile leads out of it. Nothing is ever written. What
//! another machine serves below it, or a program, is refused without being asked: it may never answer.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::mount_table::{Below, RemoteMounts};
use crate::path;

/// A directory that is open, with the name it has in messages. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Beneath {
    directory: Arc<OwnedFd>,
    name: Arc<str>,
    remote: RemoteMounts,
}

/// Most room that is made for a file before it is read.
const MOST_EXPECTED: u64 = 1024 * 1024;

/// The directory that a name is looked up in.
enum Parent<'b> {
    Own(BorrowedFd<'b>),
    Opened(OwnedFd),
}

impl AsFd for Parent<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Own(own) => *own,
            Self::Opened(opened) => opened.as_fd(),
        }
    }
}

impl Beneath {
    /// Opens a directory as the user named it; links on the way to it are followed.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Open`], also when it is no directory.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path::display_os(path.as_os_str());
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(directory) => Ok(Self::new(directory, &name)),
            Err(Errno::NOENT) => Err(Error::NotFound { name }),
            Err(error) => Err(Error::Open {
                name,
                source: error.into(),
            }),
        }
    }

    /// Takes an open directory; `name` is escaped.
    pub fn new(directory: OwnedFd, name: &str) -> Self {
        let remote = RemoteMounts::below_open(&directory);
        Self::knowing(directory, name, remote)
    }

    fn knowing(directory: OwnedFd, name: &str, remote: RemoteMounts) -> Self {
        Self {
            directory: Arc::new(directory),
            name: name.trim_end_matches('/').into(),
            remote,
        }
    }

    /// Returns the mounts below that may never answer.
    pub(crate) const fn remote_mounts(&self) -> &RemoteMounts {
        &self.remote
    }

    /// Returns what is below a place, unless it may never answer.
    fn answering(&self, place: &[u8]) -> Result<RemoteMounts> {
        match self.remote.at(place) {
            Below::Local(further) => Ok(further),
            Below::Remote(mounted) => {
                let told = mounted.told;
                let words =
                    format!("{told} is mounted there, which may never answer, and is not asked");
                Err(self.error(place, io::Error::other(words)))
            }
        }
    }

    /// Returns the name for messages, escaped, without a slash at its end.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name of something below for messages, escaped.
    pub fn shown(&self, place: &[u8]) -> String {
        match place {
            b"" => self.name.to_string(),
            _ => format!("{}/{}", self.name, path::display(place)),
        }
    }

    /// Returns the descriptor.
    pub fn as_descriptor(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// Returns its file system and inode: directories of equal ones are the same.
    pub fn object(&self) -> Option<(u64, u64)> {
        let found = rustix::fs::fstat(&self.directory).ok()?;
        Some(inode_of(&found))
    }

    /// Opens a directory below; `None` where nothing has the name. The empty path is this directory.
    ///
    /// # Errors
    /// [`Error::Open`], also for a symbolic link and for anything else that is no directory.
    pub fn directory(&self, place: &[u8]) -> Result<Option<Self>> {
        if place.is_empty() {
            return Ok(Some(self.clone()));
        }
        let remote = self.answering(place)?;
        let opened = self.open_at(place, OFlags::DIRECTORY)?;
        Ok(opened.map(|directory| Self::knowing(directory, &self.shown(place), remote)))
    }

    /// Opens a regular file below; `None` where nothing has the name.
    ///
    /// # Errors
    /// [`Error::Open`], also for a symbolic link and for anything else that is no regular file.
    pub fn file(&self, place: &[u8]) -> Result<Option<File>> {
        Ok(self.file_and_length(place)?.map(|(file, _)| file))
    }

    /// Opens a regular file below, and returns how long it says that it is.
    fn file_and_length(&self, place: &[u8]) -> Result<Option<(File, u64)>> {
        // A pipe would be waited for and a device woken up; neither is opened for reading.
        let Some(found) = self.status(place)? else {
            return Ok(None);
        };
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            let reason = self.obstacle(place);
            let reason = reason.unwrap_or_else(|| format!("it is {}", described(&found)));
            return Err(self.error(place, io::Error::other(reason)));
        }
        let length = u64::try_from(found.st_size).unwrap_or(0);
        let opened = self.open_at(place, OFlags::NONBLOCK)?;
        Ok(opened.map(|file| (File::from(file), length)))
    }

    /// Reads a file of at most `limit` bytes; `None` where nothing has the name.
    ///
    /// # Errors
    /// As [`Beneath::file`], [`Error::Read`], and [`Error::Limit`] for a longer one.
    pub fn read(&self, place: &[u8], limit: u64) -> Result<Option<Vec<u8>>> {
        let Some((file, length)) = self.file_and_length(place)? else {
            return Ok(None);
        };
        // One byte more shows the end without growing, and a lie about the length costs no memory.
        let expected = length.min(limit).min(MOST_EXPECTED) + 1;
        let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
        file.take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|source| Error::Read {
                name: self.shown(place),
                offset: 0,
                source,
            })?;
        if bytes.len() as u64 > limit {
            return Err(Error::Limit {
                name: self.shown(place),
                what: "the length of the file",
                limit: format!("{limit} bytes"),
                option: None,
            });
        }
        Ok(Some(bytes))
    }

    /// Returns the names in a directory, sorted, at most `limit` of them; `None` where there is no directory.
    ///
    /// # Errors
    /// As [`Beneath::directory`], or when it cannot be listed.
    pub fn names(&self, place: &[u8], limit: usize) -> Result<Option<Vec<Vec<u8>>>> {
        let Some(directory) = self.directory(place)? else {
            return Ok(None);
        };
        let failed = |error: Errno| self.error(place, error.into());
        let listing = Dir::read_from(&directory.directory).map_err(failed)?;
        let mut names = Vec::new();
        for entry in listing {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." && names.len() < limit {
                names.push(name.to_vec());
            }
        }
        names.sort_unstable();
        Ok(Some(names))
    }

    /// Returns what stands at a place, of a symbolic link itself; `None` where nothing has the name.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub fn status(&self, place: &[u8]) -> Result<Option<Stat>> {
        if place.is_empty() {
            let found = rustix::fs::fstat(&self.directory);
            return found
                .map(Some)
                .map_err(|error| self.error(place, error.into()));
        }
        let Some((parent, name)) = self.parent(place)? else {
            return Ok(None);
        };
        match rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG) => Ok(None),
            Err(error) => Err(self.error(place, error.into())),
        }
    }

    /// Returns the target of a symbolic link; `None` where there is nothing or something else.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub fn link(&self, place: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some((parent, name)) = self.parent(place)? else {
            return Ok(None);
        };
        match rustix::fs::readlinkat(&parent, name, Vec::new()) {
            Ok(target) => Ok(Some(target.into_bytes())),
            Err(Errno::INVAL | Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG) => Ok(None),
            Err(error) => Err(self.error(place, error.into())),
        }
    }

    /// Returns what to say of the first symbolic link on the way to a place, or at it, escaped; `None` where none
    /// is in the way. Of a link at the place itself it is told as "it".
    pub fn obstacle(&self, place: &[u8]) -> Option<String> {
        let (length, target) = self.first_link(place)?;
        let what = if length == place.len() {
            "it".to_owned()
        } else {
            self.shown(&place[..length])
        };
        let target = path::display(&target);
        Some(format!(
            "{what} is a symbolic link to {target}, which is not followed"
        ))
    }

    /// Returns how long the part of a place is that ends in a symbolic link, and where that leads.
    fn first_link(&self, place: &[u8]) -> Option<(usize, Vec<u8>)> {
        if self.remote.on_the_way(place).is_some() {
            return None;
        }
        let mut reached: Option<OwnedFd> = None;
        let mut length = 0;
        for component in place.split(|&byte| byte == b'/') {
            if matches!(component, b"" | b"." | b"..") {
                return None;
            }
            length += component.len() + usize::from(length > 0);
            let from = reached.as_ref().map_or(self.directory.as_fd(), AsFd::as_fd);
            if let Ok(target) = rustix::fs::readlinkat(from, component, Vec::new()) {
                return Some((length, target.into_bytes()));
            }
            let flags = OFlags::DIRECTORY | OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            reached = Some(rustix::fs::openat(from, component, flags, Mode::empty()).ok()?);
        }
        None
    }

    fn parent<'p>(&self, place: &'p [u8]) -> Result<Option<(Parent<'_>, &'p [u8])>> {
        self.answering(place)?;
        let (above, name) = match memchr::memrchr(b'/', place) {
            // Absolute places are nowhere below.
            Some(0) => return Ok(None),
            Some(slash) => (&place[..slash], &place[slash + 1..]),
            None => (&place[..0], place),
        };
        if matches!(name, b"" | b"." | b"..") || place.starts_with(b"/") {
            return Ok(None);
        }
        if above.is_empty() {
            return Ok(Some((Parent::Own(self.directory.as_fd()), name)));
        }
        match self.open_beneath(above, OFlags::DIRECTORY | OFlags::PATH) {
            Ok(parent) => Ok(Some((Parent::Opened(parent), name))),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG) => Ok(None),
            Err(error) => Err(self.error(place, error.into())),
        }
    }

    fn open_at(&self, place: &[u8], flags: OFlags) -> Result<Option<OwnedFd>> {
        match self.open_beneath(place, flags) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::NOENT | Errno::NAMETOOLONG) => Ok(None),
            // A component in the middle that is no directory: nothing can be below it.
            Err(Errno::NOTDIR) if !flags.contains(OFlags::DIRECTORY) => Ok(None),
            Err(error) => Err(self.error(place, error.into())),
        }
    }

    fn open_beneath(&self, place: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let always = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let components = place.split(|&byte| byte == b'/');
        if components
            .clone()
            .any(|component| matches!(component, b"" | b"." | b".."))
        {
            return Err(Errno::NOENT);
        }
        // One call for all components, where the kernel has it (Linux 5.6) and lets us; what fails is looked at closer.
        let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
        let how = always | flags;
        match rustix::fs::openat2(&self.directory, place, how, Mode::empty(), resolve) {
            Err(error) if error != Errno::NOENT => {}
            found => return found,
        }
        let mut components = components.peekable();
        let mut reached: Option<OwnedFd> = None;
        while let Some(component) = components.next() {
            let how = match components.peek() {
                None => always | flags,
                // Searching is enough on the way: a directory need not be readable.
                Some(_) => always | OFlags::DIRECTORY | OFlags::PATH,
            };
            let from = reached.as_ref().map_or(self.directory.as_fd(), AsFd::as_fd);
            let opened = rustix::fs::openat(from, component, how, Mode::empty());
            let opened = opened.map_err(|error| unless_link(from, component, error))?;
            reached = Some(opened);
        }
        reached.ok_or(Errno::NOENT)
    }

    /// The system's word for a link where none is followed is that there are too many.
    pub(crate) fn error(&self, place: &[u8], source: io::Error) -> Error {
        let is_link = source.raw_os_error() == Some(Errno::LOOP.raw_os_error());
        let words = is_link.then(|| self.obstacle(place)).flatten();
        let source = words.map_or(source, io::Error::other);
        Error::Open {
            name: self.shown(place),
            source,
        }
    }
}

/// A link where a directory is wanted is reported by the kernel as no directory; it is not the same as nothing.
fn unless_link(from: BorrowedFd<'_>, name: &[u8], error: Errno) -> Errno {
    if error != Errno::NOTDIR {
        return error;
    }
    match rustix::fs::statat(from, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::Symlink => Errno::LOOP,
        _ => error,
    }
}

fn described(status: &Stat) -> &'static str {
    match FileType::from_raw_mode(status.st_mode) {
        FileType::Directory => "a directory",
        // One that was put there meanwhile; see `Beneath::obstacle`.
        FileType::Symlink => "a symbolic link, which is not followed",
        _ => "not a regular file",
    }
}

/// Returns file system and inode number.
#[allow(
    clippy::useless_conversion,
    clippy::unnecessary_fallible_conversions,
    reason = "the fields' types differ between platforms"
)]
pub(crate) fn inode_of(found: &Stat) -> (u64, u64) {
    (
        u64::try_from(found.st_dev).unwrap_or(u64::MAX),
        u64::try_from(found.st_ino).unwrap_or(u64::MAX),
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_leads_out() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("root");
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(outer.path().join("secret"), "secret").unwrap();
        std::fs::write(root.join("a/b/file"), "inside").unwrap();
        symlink("../secret", root.join("out")).unwrap();
        symlink("a", root.join("link")).unwrap();

        let beneath = Beneath::open(&root).unwrap();
        assert_eq!(beneath.read(b"a/b/file", 6).unwrap().unwrap(), b"inside");
        assert!(matches!(
            beneath.read(b"a/b/file", 5),
            Err(Error::Limit { .. })
        ));
        for absent in [
            &b"x"[..],
            b"a/x",
            b"../secret",
            b"a/../a/b/file",
            b"a/b/file/x",
            b"/a",
            b"a//b",
        ] {
            assert!(
                matches!(beneath.read(absent, 9), Ok(None)),
                "{}",
                path::display(absent)
            );
        }
        for link in [&b"out"[..], b"link", b"link/b/file", b"a"] {
            assert!(beneath.read(link, 9).is_err(), "{}", path::display(link));
        }
        for outside in [&b".."[..], b"a/..", b"a/../..", b"/", b"/a", b".", b"a/"] {
            let found = beneath.status(outside).unwrap();
            assert!(found.is_none(), "{}", path::display(outside));
        }
        assert_eq!(beneath.link(b"out").unwrap().unwrap(), b"../secret");
        assert_eq!(beneath.link(b"a").unwrap(), None);
        assert_eq!(
            beneath.names(b"", 9).unwrap().unwrap(),
            [&b"a"[..], b"link", b"out"]
        );
        assert_eq!(beneath.names(b"x", 9).unwrap(), None);
        assert!(beneath.names(b"link", 9).is_err());
        for (place, words) in [
            (
                &b"link"[..],
                "it is a symbolic link to a, which is not followed".to_owned(),
            ),
            (
                b"out",
                "it is a symbolic link to ../secret, which is not followed".to_owned(),
            ),
            (
                b"link/b/file",
                format!(
                    "{} is a symbolic link to a, which is not followed",
                    beneath.shown(b"link")
                ),
            ),
        ] {
            let error = beneath.read(place, 9).unwrap_err();
            let source = std::error::Error::source(&error).unwrap();
            assert_eq!(source.to_string(), words);
        }
        assert_eq!(beneath.obstacle(b"a/b/file"), None);
        assert_eq!(beneath.obstacle(b"a/x/../link"), None);
        let inner = beneath.directory(b"a").unwrap().unwrap();
        assert_eq!(inner.read(b"b/file", 6).unwrap().unwrap(), b"inside");
        assert!(inner.status(b"b").unwrap().is_some());
    }
}
