//! What the command line names: a file, a directory, standard input, and how to read it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::path;
use crate::store::mounts::Overlay;

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
    /// `layer:` — an archive that is one layer or a root file system, whatever files are in it.
    Layer,
    /// `store:` — a directory where an engine keeps layers.
    Store,
    /// `overlay:` — where an overlay file system is mounted.
    Overlay,
}

/// Prefixes that force a reading.
const READINGS: [(&str, Reading); 8] = [
    ("docker-archive", Reading::DockerArchive),
    ("oci-archive", Reading::OciArchive),
    ("oci", Reading::OciDirectory),
    ("dir", Reading::Directory),
    ("layer", Reading::Layer),
    // skopeo's word.
    ("tarball", Reading::Layer),
    ("store", Reading::Store),
    ("overlay", Reading::Overlay),
];

/// Prefixes of engines, whose stores are searched for an image.
const ENGINES: [(&str, Holder); 4] = [
    ("docker", Holder::Docker),
    ("docker-daemon", Holder::Docker),
    ("podman", Holder::Podman),
    ("containers-storage", Holder::Podman),
];

/// Prefixes of places that this version cannot read, and what leads to the same image.
const NOT_YET: [(&str, &str); 1] = [(
    "registry",
    "copy it with `skopeo copy docker://IMAGE oci-archive:image.tar`",
)];

/// A named input, not yet looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locator {
    /// How to read it.
    pub reading: Reading,
    /// Where it is.
    pub place: InputPlace,
    shown: String,
}

/// Where an input is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputPlace {
    /// `-`.
    StandardInput,
    /// A file or directory.
    Path(PathBuf),
    /// An image that an engine of this machine has, by name or ID.
    Engine(Holder, String),
    /// Directories of an overlay, named by hand.
    Directories(Overlay),
}

/// Whose images are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Docker's, with either kind of store.
    Docker,
    /// Podman's, Buildah's and CRI-O's.
    Podman,
    /// Anybody's.
    Any,
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
        let engine = ENGINES
            .iter()
            .find(|(name, _)| is_prefixed && *name == prefix);
        if let Some((_, holder)) = engine {
            return Self::of_engine(*holder, &bytes[colon + 1..]);
        }
        let forced = READINGS
            .iter()
            .find(|(name, _)| is_prefixed && *name == prefix);
        let (reading, rest) = match forced {
            Some((_, reading)) => (*reading, behind_slashes(&bytes[colon + 1..])),
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
                b"-" => InputPlace::StandardInput,
                _ => InputPlace::Path(PathBuf::from(OsString::from(OsStr::from_bytes(rest)))),
            },
            shown: path::display(rest).into_owned(),
        })
    }

    /// Names an image of an engine: `app:1.4`, `//app:1.4`, an ID.
    fn of_engine(holder: Holder, rest: &[u8]) -> Result<Self> {
        let rest = behind_slashes(rest);
        if rest.starts_with(b"[") {
            return Err(Error::Usage {
                reason: "this version does not read which store is meant from brackets".into(),
                advice: "name its directory: layerscope GRAPHROOT --image NAME".into(),
            });
        }
        match std::str::from_utf8(rest) {
            Ok(name) if !name.is_empty() => Ok(Self {
                reading: Reading::Store,
                place: InputPlace::Engine(holder, name.to_owned()),
                shown: path::display_str(name).into_owned(),
            }),
            _ => Err(Error::Usage {
                reason: "the name of the image is empty or not UTF-8".into(),
                advice: "give a name or an ID, for example docker:app:1.4".into(),
            }),
        }
    }

    /// Names the directories of an overlay, as its mount options would.
    pub fn of_directories(overlay: Overlay) -> Self {
        let shown = overlay.to_string();
        Self {
            reading: Reading::Overlay,
            place: InputPlace::Directories(overlay),
            shown,
        }
    }

    /// Returns the place without the name of an image behind it, and that name, as skopeo writes `oci:DIR:TAG` and
    /// `docker-archive:FILE:NAME`; `None` where nothing is at such a place.
    pub(super) fn without_reference(&self) -> Option<(Self, String)> {
        let InputPlace::Path(path) = &self.place else {
            return None;
        };
        if !matches!(
            self.reading,
            Reading::DockerArchive | Reading::OciArchive | Reading::OciDirectory
        ) {
            return None;
        }
        let bytes = path.as_os_str().as_bytes();
        let mut colons = memchr::memchr_iter(b':', bytes);
        let (place, name) = colons.find_map(|colon| {
            let place = PathBuf::from(OsStr::from_bytes(&bytes[..colon]));
            place.exists().then_some((place, &bytes[colon + 1..]))
        })?;
        let shown = path::display_os(place.as_os_str());
        let name = std::str::from_utf8(name)
            .ok()
            .filter(|name| !name.is_empty())?;
        Some((
            Self {
                place: InputPlace::Path(place),
                shown,
                ..*self
            },
            name.to_owned(),
        ))
    }

    /// Returns the file or directory that is named, if it is one; what stands behind it may be an image in it.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        let InputPlace::Path(path) = &self.place else {
            return None;
        };
        match self.without_reference() {
            Some((shorter, _)) if !path.exists() => shorter.path(),
            _ => Some(path.clone()),
        }
    }

    /// Returns the place as the user named it, without prefix, escaped; `-` for standard input.
    pub fn word(&self) -> &str {
        &self.shown
    }

    /// Returns the place for messages, escaped.
    pub fn name(&self) -> &str {
        match self.place {
            InputPlace::StandardInput => "standard input",
            InputPlace::Path(_) | InputPlace::Engine(..) | InputPlace::Directories(_) => {
                &self.shown
            }
        }
    }
}

/// dive writes its sources as URLs: `docker-archive://FILE`.
fn behind_slashes(rest: &[u8]) -> &[u8] {
    rest.strip_prefix(b"//").unwrap_or(rest)
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
            Self::Layer => "a tar archive of a layer or a root file system",
            Self::Store => "a directory where an engine keeps layers, such as /var/lib/docker",
            Self::Overlay => "a directory where an overlay file system is mounted",
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
            ("docker-archive://x.tar", Reading::DockerArchive, "x.tar"),
            (
                "docker-archive:///a/x.tar",
                Reading::DockerArchive,
                "/a/x.tar",
            ),
            ("tarball:x.tar", Reading::Layer, "x.tar"),
            ("containers-storage:app:1", Reading::Store, "app:1"),
            ("layer:x.tar", Reading::Layer, "x.tar"),
            ("layer:-", Reading::Layer, "-"),
            ("./oci:dir", Reading::Sniffed, "./oci:dir"),
            ("image:latest", Reading::Sniffed, "image:latest"),
            ("oci", Reading::Sniffed, "oci"),
            ("store:/var/lib/docker", Reading::Store, "/var/lib/docker"),
            ("overlay:/mnt", Reading::Overlay, "/mnt"),
            ("docker:app:1.4", Reading::Store, "app:1.4"),
            ("docker://app", Reading::Store, "app"),
            ("podman:app", Reading::Store, "app"),
            ("a\u{1b}b", Reading::Sniffed, "a\\x1Bb"),
        ] {
            let locator = parse(word).unwrap();
            assert_eq!((locator.reading, locator.word()), (reading, name));
        }
        assert_eq!(parse("-").unwrap().place, InputPlace::StandardInput);
        assert_eq!(parse("oci:a").unwrap().place, InputPlace::Path("a".into()));
    }

    #[test]
    fn what_comes_later_says_so() {
        let error = parse("registry:a").unwrap_err();
        assert!(error.to_string().contains("this version"), "{error}");
        assert!(error.hint().is_some());
        for word in [
            "",
            "oci:",
            "oci://",
            "dir:",
            "store:",
            "docker:",
            "docker://",
            "containers-storage:[overlay@/x]app",
        ] {
            assert!(matches!(parse(word), Err(Error::Usage { .. })), "{word}");
        }
    }
}
