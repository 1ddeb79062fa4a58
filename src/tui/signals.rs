//! Signals that the view heeds, as something that can be waited for.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// The terminal has another size.
    Resized,
    /// A shell has continued the program.
    Continued,
    /// Leave: Ctrl-C from outside.
    Interrupted,
    /// Leave: somebody ends the program, or the terminal is gone.
    Terminated,
}

/// Listens from its making until it is dropped.
#[derive(Debug)]
pub(super) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        let signals = [SIGWINCH, SIGCONT, SIGINT, SIGTERM, SIGHUP];
        SignalDelivery::with_pipe(read, write, SignalOnly, signals).map(Self)
    }

    /// Returns what arrived since the last call, every kind once.
    pub(super) fn take(&mut self) -> Vec<Signal> {
        let arrived = self.0.pending();
        arrived
            .map(|number| match number {
                SIGWINCH => Signal::Resized,
                SIGCONT => Signal::Continued,
                SIGINT => Signal::Interrupted,
                _ => Signal::Terminated,
            })
            .collect()
    }
}

impl AsRawFd for Signals {
    fn as_raw_fd(&self) -> RawFd {
        self.0.get_read().as_raw_fd()
    }
}
