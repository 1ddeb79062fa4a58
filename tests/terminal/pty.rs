//! A program on a pseudo-terminal, and what that terminal shows. Nothing here sleeps: everything waits for
//! something to be seen.

use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use vt100::Screen;

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// Columns and rows of a new terminal.
pub const USUAL: (u16, u16) = (80, 24);

pub struct Pty {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// Everything that ever reached the terminal.
    pub raw: Vec<u8>,
    home: TempDir,
}

/// Runs a script of `sh` on a new terminal; `None` with a remark where there can be no terminal.
///
/// `$LAYERSCOPE` is the program, `$DEMO` the demo image, `$HOME` an empty directory.
pub fn script(text: &str) -> Option<Pty> {
    Pty::start(&["/bin/sh", "-c", text], &[])
}

impl Pty {
    /// Starts a program with further variables in an otherwise bare environment.
    pub fn start(words: &[&str], variables: &[(&str, &str)]) -> Option<Self> {
        let (columns, rows) = USUAL;
        let pair = match native_pty_system().openpty(size(columns, rows)) {
            Ok(pair) => pair,
            Err(error) => {
                eprintln!("skipped: there is no pseudo-terminal: {error}");
                return None;
            }
        };
        let home = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(words[0]);
        command.args(&words[1..]);
        command.env_clear();
        command.cwd(home.path());
        for (name, value) in [
            ("PATH", std::env::var("PATH").unwrap().as_str()),
            ("HOME", home.path().to_str().unwrap()),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("LAYERSCOPE", env!("CARGO_BIN_EXE_layerscope")),
            (
                "DEMO",
                concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo-image.tar"),
            ),
        ]
        .iter()
        .chain(variables)
        {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The end is an error on Linux: nobody has the other side open any more.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Some(Self {
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            output,
            parser: vt100::Parser::new(rows, columns, 0),
            raw: Vec::new(),
            home,
        })
    }

    /// Types.
    pub fn send(&mut self, keys: impl AsRef<[u8]>) {
        self.writer.write_all(keys.as_ref()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits until the screen is as it should be.
    #[track_caller]
    pub fn wait(&mut self, what: &str, is_so: impl Fn(&Screen) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !is_so(self.parser.screen()) {
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.see(&bytes),
                Err(error) => panic!("waited for {what}: {error}\n{}", self.contents()),
            }
        }
    }

    /// Waits for a text anywhere on the screen.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    /// Waits until the view has the terminal.
    #[track_caller]
    pub fn wait_for_view(&mut self) {
        self.wait("the view", |screen| {
            screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste()
        });
    }

    /// Waits until nothing of the view is left.
    #[track_caller]
    pub fn wait_for_farewell(&mut self) {
        self.wait("the end of the view", |screen| {
            !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
        });
    }

    fn see(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.parser.process(bytes);
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.parser.screen_mut().set_size(rows, columns);
        self.master.resize(size(columns, rows)).unwrap();
    }

    pub fn contents(&self) -> String {
        self.parser.screen().contents()
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Returns what the script wrote to a file of its home.
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.home().join(name)).unwrap()
    }

    /// Sends a signal to the process whose number is in the file `pid`.
    pub fn signal(&self, signal: Signal) {
        let number = self.file("pid").trim().parse().unwrap();
        kill_process(Pid::from_raw(number).unwrap(), signal).unwrap();
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
    }
}

const fn size(cols: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}
