//! A working directory with images, and the program run in it.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Codec, Image, Packing, docker_current, image};

/// A working directory with images in it.
pub(crate) struct Desk {
    pub(crate) directory: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("home")).unwrap();
        Self { directory }
    }

    pub(crate) fn with(image: &Image) -> Self {
        let desk = Self::new();
        let packing = Packing::new(Codec::Gzip);
        desk.write(
            "app.tar",
            docker_current(&[image], packing).archive(Codec::None),
        );
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_layerscope"));
        command
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.path("home"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Run {
        Run::of(self.command().args(arguments).output().unwrap())
    }

    /// Splits at spaces.
    pub(crate) fn line(&self, line: &str) -> Run {
        self.run(line.split_whitespace())
    }
}

pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(
            self.stdout.contains(text),
            "no {text:?} in\n{}",
            self.stdout
        );
        self
    }

    #[track_caller]
    pub(crate) fn complains(&self, text: &str) -> &Self {
        assert!(
            self.stderr.contains(text),
            "no {text:?} in\n{}",
            self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// 30 MB stored, 20 MB of them for nothing.
pub(crate) fn wasteful() -> Image {
    image()
        .name("app:1.4")
        .layer("ADD rootfs.tar.xz / # buildkit", |l| {
            l.dir("etc").file("etc/passwd", b"root:x:0:0\n")
        })
        .layer("RUN /bin/sh -c make # buildkit", |l| {
            l.dir("cache")
                .zeros("cache/one", 12_000_000)
                .zeros("cache/two", 8_000_000)
                .dir("app")
                .zeros("app/program", 10_000_000)
                .file("key.pem", b"secret")
        })
        .layer("RUN /bin/sh -c rm -rf /cache # buildkit", |l| {
            l.whiteout("cache").whiteout("key.pem")
        })
        .build()
}

pub(crate) fn small() -> Image {
    image()
        .name("small:1")
        .layer("ADD rootfs.tar.xz /", |l| {
            l.dir("etc")
                .file("etc/os-release.real", b"ID=test\n")
                .symlink("etc/os-release", "../etc/os-release.real")
                .symlink("etc/absolute", "/etc/os-release")
                .symlink("etc/climbing", "../../../../etc/os-release.real")
                .symlink("etc/loop", "loop")
                .symlink("etc/nowhere", "missing")
                .symlink("conf", "etc")
                .file("etc/line\nbreak\x1b[31m", b"x")
                .file(b"etc/bad\xFFname", b"x")
                .hardlink("etc/other", "etc/os-release.real")
                .fifo("pipe")
        })
        .layer("RUN rm", |l| {
            l.whiteout("etc/loop").file("new", b"new").mode(0o4755)
        })
        .build()
}
