//! Where keys come from: standard input, or the terminal itself while standard input carries the image.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// A terminal that can be read.
#[derive(Debug)]
pub struct Keyboard(OwnedFd);

impl Keyboard {
    /// Finds the terminal: standard input where it is one, else the one that controls the process.
    ///
    /// # Errors
    /// When there is none.
    pub fn find() -> io::Result<Self> {
        let input = io::stdin();
        if input.is_terminal() {
            return input.as_fd().try_clone_to_owned().map(Self);
        }
        let device = File::options().read(true).write(true).open("/dev/tty")?;
        Ok(Self(device.into()))
    }

    pub(super) fn duplicate(&self) -> io::Result<OwnedFd> {
        self.0.try_clone()
    }
}

impl AsFd for Keyboard {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Keyboard {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
