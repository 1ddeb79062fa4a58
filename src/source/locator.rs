//! What the command line names: a file, a directory, standard input, and how to read it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::path;

/// How to read the input: found out by looking at it, or as the user insists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// Whatever it is.
    #[default]
    Sniffed,
    /// `docker-archive:` — an archive with `manifest.json` or `repositories`.
    DockerArchive,
    /// `oci-archive:` — an archive with `index.json`.
    OciArchive,
    /// `oci:` — a directory with `index.json`.
    OciDirectory,
    /// `dir:` — a directory with a manifest and blobs side by side, as skopeo writes it.
    Directory,
}

/// Prefixes that force a reading.
const READINGS: [(&str, Reading); 4] = [
    ("docker-archive", Reading::DockerArchive),
    ("oci-archive", Reading::OciArchive),
    ("oci", Reading::OciDirectory),
    ("dir", Reading::Directory),
];

/// Prefixes of places that this version cannot read, and what leads to the same image.
const NOT_YET: [(&str, &str); 6] = [
    (
        "store",
        "save the image with `docker save IMAGE -o image.tar`",
    ),
    (
        "overlay",
        "pack the mount with `tar -C MOUNTPOINT -cf layer.tar .`",
    ),
    ("docker", "save it with `docker save IMAGE | layerscope -`"),
    (
        "docker-daemon",
        "save it with `docker save IMAGE | layerscope -`",
    ),
    ("podman", "save it with `podman save IMAGE | layerscope -`"),
    (
        "registry",
        "copy it with `skopeo copy docker://IMAGE oci-archive:image.tar`",
    ),
];

/// A named input, not yet looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locator {
    /// How to read it.
    pub reading: Reading,
    /// Where it is.
    pub place: Place,
    shown: String,
}

/// Where an input is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `-`.
    StandardInput,
    /// A file or directory.
    Path(PathBuf),
}

impl Locator {
    /// Reads the word from the command line. Nothing is looked up on disk, so a file whose name begins
    /// with a known prefix is named as `./oci:x`.
    ///
    /// # Errors
    /// [`Error::Usage`] for an empty word and for prefixes this version cannot read.
    pub fn parse(word: &OsStr) -> Result<Self> {
        let bytes = word.as_bytes();
        let colon = memchr::memchr(b':', bytes).unwrap_or(bytes.len());
        let prefix = std::str::from_utf8(&bytes[..colon]).unwrap_or_default();
        let is_prefixed = colon < bytes.len();
        if let Some((_, advice)) = NOT_YET
            .iter()
            .find(|(name, _)| is_prefixed && *name == prefix)
        {
            return Err(Error::Usage {
                reason: format!("this version cannot read {prefix}: sources"),
                advice: (*advice).into(),
            });
        }
        let forced = READINGS
            .iter()
            .find(|(name, _)| is_prefixed && *name == prefix);
        let (reading, rest) = match forced {
            Some((_, reading)) => (*reading, &bytes[colon + 1..]),
            None => (Reading::Sniffed, bytes),
        };
        if rest.is_empty() {
            return Err(Error::Usage {
                reason: "the name of the image is empty".into(),
                advice: "give a file, a directory, or `-` for standard input".into(),
            });
        }
        Ok(Self {
            reading,
            place: match rest {
                b"-" => Place::StandardInput,
                _ => Place::Path(PathBuf::from(OsString::from(OsStr::from_bytes(rest)))),
            },
            shown: path::display(rest).into_owned(),
        })
    }

    /// Returns the place as the user named it, without prefix, escaped; `-` for standard input.
    pub fn word(&self) -> &str {
        &self.shown
    }

    /// Returns the place for messages, escaped.
    pub fn name(&self) -> &str {
        match self.place {
            Place::StandardInput => "standard input",
            Place::Path(_) => &self.shown,
        }
    }
}

impl Reading {
    /// Returns what the reading needs to find, for messages.
    pub(super) const fn expectation(self) -> &'static str {
        match self {
            Self::Sniffed => "an image",
            Self::DockerArchive => "an archive with manifest.json, as `docker save` writes it",
            Self::OciArchive => "an archive with index.json, an OCI layout",
            Self::OciDirectory => "a directory with index.json, an OCI layout",
            Self::Directory => {
                "a directory with a manifest.json that is a manifest, as `skopeo copy … dir:` writes it"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(word: &str) -> Result<Locator> {
        Locator::parse(OsStr::new(word))
    }

    #[test]
    fn words_name_places_and_readings() {
        for (word, reading, name) in [
            ("-", Reading::Sniffed, "-"),
            ("app.tar", Reading::Sniffed, "app.tar"),
            ("oci:dir", Reading::OciDirectory, "dir"),
            ("oci:/a:b", Reading::OciDirectory, "/a:b"),
            ("docker-archive:-", Reading::DockerArchive, "-"),
            ("oci-archive:x.tar", Reading::OciArchive, "x.tar"),
            ("dir:x", Reading::Directory, "x"),
            ("./oci:dir", Reading::Sniffed, "./oci:dir"),
            ("image:latest", Reading::Sniffed, "image:latest"),
            ("oci", Reading::Sniffed, "oci"),
            ("a\u{1b}b", Reading::Sniffed, "a\\x1Bb"),
        ] {
            let locator = parse(word).unwrap();
            assert_eq!((locator.reading, locator.word()), (reading, name));
        }
        assert_eq!(parse("-").unwrap().place, Place::StandardInput);
        assert_eq!(parse("oci:a").unwrap().place, Place::Path("a".into()));
    }

    #[test]
    fn what_comes_later_says_so() {
        for word in [
            "store:/x",
            "overlay:/m",
            "docker:a",
            "docker://a",
            "podman:a",
            "registry:a",
        ] {
            let error = parse(word).unwrap_err();
            assert!(error.to_string().contains("this version"), "{error}");
            assert!(error.hint().is_some());
        }
        for word in ["", "oci:", "dir:"] {
            assert!(matches!(parse(word), Err(Error::Usage { .. })), "{word}");
        }
    }
}
