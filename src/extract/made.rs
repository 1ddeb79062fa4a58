//! What this process has just made and can reach by its name alone: links, pipes, devices, directories.
//!
//! The directory written to may belong to somebody else, who may put another thing in the place of what was made.
//! It is opened without following it and without waking it up, looked at, and from then on reached by the
//! descriptor: whatever has the name later is not touched.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::Stat;

/// File system and inode number.
pub(super) type Identity = (u64, u64);

#[cfg(target_os = "linux")]
pub(super) use by_descriptor::Made;
#[cfg(not(target_os = "linux"))]
pub(super) use by_name::Made;

#[cfg(target_os = "linux")]
mod by_descriptor {
    use std::ffi::CString;
    use std::io;
    use std::os::fd::{AsRawFd as _, OwnedFd};

    use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, OFlags, Timestamps, Uid};
    use rustix::io::Errno;

    /// Something that was made, held by a descriptor.
    pub(in crate::extract) struct Made {
        file: OwnedFd,
    }

    impl Made {
        /// Opens what has a name now; `None` where it cannot be what this process made there.
        pub(in crate::extract) fn open(
            parent: OwnedFd,
            name: CString,
            expected: FileType,
        ) -> io::Result<Option<Self>> {
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = rustix::fs::openat(&parent, &name, flags, Mode::empty())?;
            let found = rustix::fs::fstat(&file)?;
            let is_ours = FileType::from_raw_mode(found.st_mode) == expected
                && found.st_uid == rustix::process::geteuid().as_raw()
                && found.st_nlink == 1;
            Ok(is_ours.then_some(Self { file }))
        }

        pub(in crate::extract) fn give_to(
            &self,
            owner: Option<Uid>,
            group: Option<Gid>,
        ) -> rustix::io::Result<()> {
            rustix::fs::chownat(&self.file, c"", owner, group, AtFlags::EMPTY_PATH)
        }

        /// A descriptor that opens nothing changes no mode; the kernel's own link to it leads to the very inode
        /// (`proc_pid_fd(5)`).
        pub(in crate::extract) fn set_mode(&self, mode: Mode) -> rustix::io::Result<()> {
            let place = format!("/proc/self/fd/{}", self.file.as_raw_fd());
            rustix::fs::chmodat(CWD, place, mode, AtFlags::empty())
        }

        pub(in crate::extract) fn set_times(&self, times: &Timestamps) -> rustix::io::Result<()> {
            match rustix::fs::utimensat(&self.file, c"", times, AtFlags::EMPTY_PATH) {
                // Before Linux 5.8 a descriptor that opens nothing had no times.
                Err(Errno::INVAL | Errno::BADF) => Ok(()),
                other => other,
            }
        }
    }
}

/// Other systems have no descriptors that open nothing; pipes and devices are not written there.
#[cfg(not(target_os = "linux"))]
mod by_name {
    use std::ffi::CString;
    use std::io;
    use std::os::fd::OwnedFd;

    use rustix::fs::{AtFlags, FileType, Gid, Mode, Timestamps, Uid};

    pub(in crate::extract) struct Made {
        parent: OwnedFd,
        name: CString,
    }

    impl Made {
        pub(in crate::extract) fn open(
            parent: OwnedFd,
            name: CString,
            _: FileType,
        ) -> io::Result<Option<Self>> {
            Ok(Some(Self { parent, name }))
        }

        pub(in crate::extract) fn give_to(
            &self,
            owner: Option<Uid>,
            group: Option<Gid>,
        ) -> rustix::io::Result<()> {
            rustix::fs::chownat(
                &self.parent,
                &self.name,
                owner,
                group,
                AtFlags::SYMLINK_NOFOLLOW,
            )
        }

        pub(in crate::extract) fn set_mode(&self, _: Mode) -> rustix::io::Result<()> {
            Ok(())
        }

        pub(in crate::extract) fn set_times(&self, times: &Timestamps) -> rustix::io::Result<()> {
            rustix::fs::utimensat(&self.parent, &self.name, times, AtFlags::SYMLINK_NOFOLLOW)
        }
    }
}

/// Returns which inode a directory is that this process has just made, or `None` where it is another's.
pub(super) fn own_directory(directory: &OwnedFd) -> io::Result<Option<Identity>> {
    let found = rustix::fs::fstat(directory)?;
    let is_ours = found.st_uid == rustix::process::geteuid().as_raw();
    Ok(is_ours.then(|| identity(&found)))
}

/// Returns which inode a descriptor leads to.
pub(super) fn identity(found: &Stat) -> Identity {
    crate::beneath::inode_of(found)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::ffi::CString;
    use std::os::fd::OwnedFd;

    use rustix::fs::{FileType, Mode};

    use super::*;

    fn directory() -> io::Result<(tempfile::TempDir, OwnedFd)> {
        let directory = tempfile::tempdir()?;
        let opened = std::fs::File::open(directory.path())?.into();
        Ok((directory, opened))
    }

    #[test]
    fn what_took_the_place_of_a_pipe_is_not_touched() {
        let (directory, opened) = directory().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("secret"), b"").unwrap();
        rustix::fs::mknodat(&opened, c"pipe", FileType::Fifo, Mode::RUSR, 0).unwrap();
        std::os::unix::fs::symlink("secret", at("link")).unwrap();
        std::fs::hard_link(at("pipe"), at("other")).unwrap();
        let is_held = |name: &str, kind| {
            let opened = opened.try_clone().unwrap();
            Made::open(opened, CString::new(name).unwrap(), kind)
                .unwrap()
                .is_some()
        };
        assert!(is_held("link", FileType::Symlink));
        for name in ["secret", "link", "pipe", "other"] {
            assert!(!is_held(name, FileType::Fifo), "{name}");
        }
        std::fs::remove_file(at("other")).unwrap();
        assert!(is_held("pipe", FileType::Fifo));
    }

    #[test]
    fn mode_and_times_are_those_of_what_is_held_whoever_has_its_name() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let (directory, opened) = directory().unwrap();
        let at = |name: &str| directory.path().join(name);
        rustix::fs::mknodat(&opened, c"pipe", FileType::Fifo, Mode::RUSR, 0).unwrap();
        let made = Made::open(opened, c"pipe".to_owned(), FileType::Fifo)
            .unwrap()
            .unwrap();
        std::fs::rename(at("pipe"), at("moved")).unwrap();
        std::fs::write(at("pipe"), b"").unwrap();
        let before = std::fs::metadata(at("pipe")).unwrap();
        made.set_mode(Mode::from_raw_mode(0o641)).unwrap();
        let time = rustix::fs::Timespec {
            tv_sec: 7,
            tv_nsec: 0,
        };
        made.set_times(&rustix::fs::Timestamps {
            last_access: time,
            last_modification: time,
        })
        .unwrap();
        let moved = std::fs::symlink_metadata(at("moved")).unwrap();
        assert_eq!(
            (moved.permissions().mode() & 0o7777, moved.mtime()),
            (0o641, 7)
        );
        let after = std::fs::metadata(at("pipe")).unwrap();
        assert_eq!(
            (after.permissions(), after.mtime()),
            (before.permissions(), before.mtime())
        );
    }
}
