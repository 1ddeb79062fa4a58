//! What can go wrong, and what to do about it.
//!
//! [`Error`] ends the job; [`Warning`] does not. Both say where (file, layer, offset), why, and — for
//! errors, through [`Error::hint`] — one thing to do. Every text taken from an image is escaped with
//! [`crate::path::display`] before it is stored here, so these messages can be printed as they are.

pub(crate) mod nearest;
mod warnings;

use std::io;

use crate::units::Units;

pub use warnings::Warnings;

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the job could not be done.
///
/// Variants are divided by what the user can act on. Messages are lower case, without a final stop, and
/// do not repeat their source: print the chain of [`std::error::Error::source`].
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The named file or directory does not exist.
    #[error("{name}: no such file or directory")]
    NotFound {
        /// The name as given, escaped.
        name: String,
    },
    /// A file or directory exists but could not be opened or listed.
    #[error("cannot open {name}")]
    Open {
        /// The file, escaped.
        name: String,
        /// The operating system's reason.
        source: io::Error,
    },
    /// Reading stopped at an offset.
    #[error("cannot read {name} at offset {offset}")]
    Read {
        /// The file or blob, escaped.
        name: String,
        /// Offset in bytes within it.
        offset: u64,
        /// The reason.
        source: io::Error,
    },
    /// Writing failed (a report, an extracted file).
    #[error("cannot write {name}")]
    Write {
        /// The file, escaped.
        name: String,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The temporary file for a compressed or streamed input could not be made or filled.
    #[error("cannot write a temporary file in {directory}")]
    Spool {
        /// The directory, escaped.
        directory: String,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The temporary file would take more of the disk than it may.
    #[error(
        "{name} takes more than {} as a temporary file; {} are free in {directory}",
        Units::Iec.size(*limit),
        Units::Iec.size(*free)
    )]
    SpoolFull {
        /// The input, escaped.
        name: String,
        /// The directory, escaped.
        directory: String,
        /// How long the file may be, in bytes.
        limit: u64,
        /// How much room there is, in bytes.
        free: u64,
    },
    /// The input is readable but is nothing this program knows.
    #[error("{name} is not a container image: {found}")]
    NotAnImage {
        /// The input, escaped.
        name: String,
        /// What it seems to be instead.
        found: String,
    },
    /// A layer that is readable but no archive of a file system.
    #[error("{name} is no layer: {found}, not a tar archive")]
    NotALayer {
        /// The blob, escaped.
        name: String,
        /// What it seems to be instead.
        found: String,
    },
    /// A directory that is nothing this program knows.
    #[error("{name} is neither a container image nor a layer store: {found}")]
    UnknownDirectory {
        /// The directory, escaped.
        name: String,
        /// What it seems to be instead.
        found: String,
        /// What may be meant: the overlay mounted there, layer stores that it is a part of or that are below it;
        /// escaped.
        nearby: Vec<String>,
    },
    /// What was named as a layer store is none.
    #[error("{name} is not a layer store: {found}")]
    NotAStore {
        /// The input, escaped.
        name: String,
        /// What it is instead.
        found: &'static str,
    },
    /// A manifest, index or configuration inside the image cannot be used.
    #[error("{name}: {document} cannot be used: {reason}")]
    BadDocument {
        /// The input, escaped.
        name: String,
        /// Which document (`manifest.json`, `index.json`, a digest).
        document: String,
        /// Why, escaped.
        reason: String,
    },
    /// An archive in which a file has the name of a document of an image and cannot be used as one: it may be an image,
    /// or a layer that holds such a file.
    #[error("{name}: {document} cannot be used: {reason}")]
    DoubtfulArchive {
        /// The input, escaped.
        name: String,
        /// Which document: `manifest.json`, `index.json`, `repositories`.
        document: String,
        /// Why, escaped.
        reason: String,
        /// The input as it was named, escaped.
        word: String,
    },
    /// A blob that the manifest names is not there.
    #[error("{name}: blob {blob} is missing")]
    MissingBlob {
        /// The input, escaped.
        name: String,
        /// Digest or member name, escaped.
        blob: String,
    },
    /// `--image` names nothing in the source.
    #[error("no image {wanted} in {name}")]
    NoSuchImage {
        /// The input, escaped.
        name: String,
        /// What was asked for, escaped.
        wanted: String,
        /// What could have been asked for.
        available: Vec<Offer>,
    },
    /// A layer store has nothing at a position that was asked for: it was read again since, and is another.
    #[error("no {wanted} in {name}")]
    NotInStore {
        /// The store, escaped.
        name: String,
        /// What was asked for: `image 3`.
        wanted: String,
    },
    /// A layer of a store that cannot be read, although its record can.
    #[error("{reason}")]
    UnavailableLayer {
        /// Why, escaped.
        reason: String,
    },
    /// A layer store, or a directory that may be one, that only its owner may read.
    #[error("cannot read {name}")]
    StoreDenied {
        /// The directory, escaped.
        name: String,
        /// The operating system's reason.
        source: io::Error,
    },
    /// `--container` names nothing in the store.
    #[error("no container {wanted} in {name}")]
    NoSuchContainer {
        /// The store, escaped.
        name: String,
        /// What was asked for, escaped.
        wanted: String,
        /// What could have been asked for.
        available: Vec<Offer>,
    },
    /// `--container` names more than one container of the store.
    #[error("no single container {wanted} in {name}")]
    ManyContainers {
        /// The store, escaped.
        name: String,
        /// What was asked for, escaped.
        wanted: String,
        /// One line each, escaped.
        available: Vec<String>,
    },
    /// A name that is no file, and no image that a readable store of this machine has.
    #[error("{name}: {wanted}")]
    NoSuchReference {
        /// The name as given, escaped.
        name: String,
        /// What it is not: `no such image in a local store of Docker`.
        wanted: &'static str,
        /// A name there is that it may have been meant for, escaped.
        near: Option<String>,
        /// Where was looked, and why it was not found there: one line each, escaped.
        looked: Vec<String>,
    },
    /// The source holds several images and none was chosen.
    #[error("{name} holds {} images", available.len())]
    ManyImages {
        /// The input, escaped.
        name: String,
        /// One line each, escaped.
        available: Vec<String>,
    },
    /// The image has no variant for the platform.
    #[error("{name} has no image for platform {wanted}")]
    NoSuchPlatform {
        /// The input, escaped.
        name: String,
        /// The platform asked for or the host's.
        wanted: String,
        /// The platforms there are.
        available: Vec<String>,
    },
    /// The image has variants for several versions of the operating system, and none was chosen.
    #[error("{name} has several images for platform {wanted}")]
    ManyVersions {
        /// The input, escaped.
        name: String,
        /// The platform asked for or the host's.
        wanted: String,
        /// The platforms that serve it.
        available: Vec<String>,
    },
    /// A path that is not in the view asked for.
    #[error("no {path} in {view}")]
    NoSuchPath {
        /// The path, escaped.
        path: String,
        /// The view, for example `the merged view` or `layer 3`.
        view: String,
        /// Whether and where the path exists otherwise.
        elsewhere: Option<String>,
    },
    /// The path exists but is of a type that the command cannot use.
    #[error("{path} is a {kind}")]
    WrongType {
        /// The path, escaped.
        path: String,
        /// What it is.
        kind: &'static str,
        /// What to do instead.
        advice: String,
    },
    /// The layer number does not exist.
    #[error("there is no layer {wanted}: the image has layers 0 to {last}")]
    NoSuchLayer {
        /// What was asked for.
        wanted: u64,
        /// The highest index there is.
        last: u64,
    },
    /// A file's bytes cannot be read back (the layer is damaged there).
    #[error("{path} in layer {layer} is damaged: {reason}")]
    Damaged {
        /// The path, escaped.
        path: String,
        /// Index of the layer.
        layer: u16,
        /// What is wrong with it there.
        reason: String,
    },
    /// Extraction refused to write through a link or outside its directory.
    #[error("refused to write {path}: {reason}")]
    UnsafeTarget {
        /// The target, escaped.
        path: String,
        /// What is in the way.
        reason: String,
    },
    /// A limit that protects this machine was reached.
    #[error("{name}: {what} exceeds the limit of {limit}")]
    Limit {
        /// The input, escaped.
        name: String,
        /// What was counted.
        what: &'static str,
        /// The limit with its unit.
        limit: String,
        /// The option that raises it, if there is one.
        option: Option<&'static str>,
    },
    /// A configuration file, an environment variable or a flag holds something unusable.
    #[error("{place}: {reason}")]
    Config {
        /// File with line, variable or flag, escaped.
        place: String,
        /// What is wrong with it, escaped.
        reason: String,
        /// The nearest thing that would have worked.
        suggestion: Option<String>,
    },
    /// The command line asks for something impossible.
    #[error("{reason}")]
    Usage {
        /// Why it is impossible.
        reason: String,
        /// What to do instead.
        advice: String,
    },
    /// The user pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

/// Something that could have been asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// It on one line, escaped.
    pub line: String,
    /// Its names, escaped.
    pub names: Vec<String>,
}

impl Error {
    /// Says that reading failed, at nobody knows which offset; `name` is escaped.
    pub(crate) fn unread(name: impl Into<String>, source: io::Error) -> Self {
        Self::Read {
            name: name.into(),
            offset: 0,
            source,
        }
    }

    /// Says that something could not be opened or listed; `name` is escaped.
    pub(crate) fn unopened(name: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Open {
            name: name.into(),
            source: source.into(),
        }
    }

    /// Says that a limit was reached that no option raises; `name` is escaped.
    pub(crate) fn limit(name: impl Into<String>, what: &'static str, limit: impl ToString) -> Self {
        Self::Limit {
            name: name.into(),
            what,
            limit: limit.to_string(),
            option: None,
        }
    }

    /// Returns one sentence of advice, where there is one to give.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NotFound { .. } => {
                "give the file that `docker save IMAGE -o image.tar` wrote, an OCI layout, a layer store such as \
                 /var/lib/docker, or `-` for standard input"
                    .into()
            }
            Self::Open { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "run it as a user who may read it: `sudo layerscope …`; or pipe a file: `sudo cat FILE | layerscope -`"
                    .into()
            }
            Self::NotAnImage { .. } => {
                "save one with `docker save IMAGE -o image.tar` or `skopeo copy docker://IMAGE oci-archive:image.tar`"
                    .into()
            }
            Self::UnknownDirectory { name, nearby, .. } if nearby.is_empty() => format!(
                "give an OCI layout, an unpacked `docker save`, or the directory where an engine keeps its layers, such \
                 as /var/lib/docker; any directory as one layer: `layerscope --lower {name}`"
            ),
            Self::UnknownDirectory { name, nearby, .. } => format!(
                "any directory as one layer: `layerscope --lower {name}`; or name what is near it:\n{}",
                indent(nearby)
            ),
            Self::NotAStore { .. } => {
                "name the directory where an engine keeps its layers, such as /var/lib/docker, /var/lib/containerd or \
                 /var/lib/containers/storage; `layerscope store` alone looks at the usual places"
                    .into()
            }
            Self::BadDocument { .. } | Self::MissingBlob { .. } => {
                "the image was saved or copied only in part: save it again".into()
            }
            Self::DoubtfulArchive { word, .. } => format!(
                "the image was saved or copied only in part: save it again; a layer or a root file system with a file \
                 of that name: `layerscope layer:{word}`"
            ),
            Self::NoSuchImage { wanted, available, .. } => {
                offered("--image", wanted, available)
            }
            Self::ManyImages { available, .. } => {
                format!("choose one with --image:\n{}", indent(available))
            }
            Self::NoSuchPlatform { available, .. } | Self::ManyVersions { available, .. } => {
                format!("choose one with --platform:\n{}", indent(available))
            }
            Self::StoreDenied { name, .. } => format!(
                "`sudo layerscope {name}`; a store of rootless Podman: `podman unshare layerscope {name}`; \
                 one image without root: `docker save IMAGE | layerscope -`"
            ),
            Self::NoSuchContainer { available, .. } if available.is_empty() => {
                "the store has no containers".into()
            }
            Self::NoSuchContainer { wanted, available, .. } => {
                offered("--container", wanted, available)
            }
            Self::ManyContainers { available, .. } => {
                format!("choose one with --container:\n{}", indent(available))
            }
            Self::NoSuchReference { looked, .. } if looked.is_empty() => {
                "give the file that `docker save IMAGE -o image.tar` wrote, or pipe it: `docker save IMAGE | layerscope -`; \
                 where a store is elsewhere: `layerscope DIR --image NAME`; \
                 from a registry: `skopeo copy docker://IMAGE oci-archive:image.tar`"
                    .into()
            }
            Self::NoSuchReference { near: Some(near), looked, .. } => {
                format!("did you mean {near}? looked in:\n{}", indent(looked))
            }
            Self::NoSuchReference { looked, .. } => {
                let as_root = if rustix::process::geteuid().is_root() {
                    ""
                } else {
                    "as root more can be read: `sudo layerscope …`; or "
                };
                format!(
                    "{as_root}pipe it: `docker save IMAGE | layerscope -`; from a registry: \
                     `skopeo copy docker://IMAGE oci-archive:image.tar`; looked in:\n{}",
                    indent(looked)
                )
            }
            Self::NoSuchPath { elsewhere: Some(place), .. } => place.clone(),
            Self::NoSuchPath { .. } => "list what is there with `layerscope ls IMAGE`".into(),
            Self::WrongType { advice, .. } | Self::Usage { advice, .. } => advice.clone(),
            Self::NoSuchLayer { .. } => "layers are counted from 0, the bottom".into(),
            Self::Limit { option: Some(option), .. } => format!("raise it with {option} if you trust the input"),
            Self::Config { suggestion: Some(suggestion), .. } => suggestion.clone(),
            Self::SpoolFull { .. } => {
                "reports, ls and --ci need none; set TMPDIR to a directory with more room, or allow more with --max-expanded"
                    .into()
            }
            Self::Spool { .. } => {
                "set TMPDIR to a directory that exists, may be written and has room for the image".into()
            }
            Self::Write { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "make the directory first".into()
            }
            _ => return None,
        };
        Some(text)
    }

    /// Returns the message and what caused it, outermost cause first, in one line, escaped.
    pub fn in_one_line(&self) -> String {
        let mut line = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(source) = cause {
            line.push_str(": ");
            line.push_str(&crate::path::display_str(&source.to_string()));
            cause = source.source();
        }
        line
    }
}

/// Most lines of what there is, before the rest is counted.
const MOST_LINES: usize = 30;

fn indent<T: AsRef<str>>(lines: &[T]) -> String {
    let shown = lines.iter().take(MOST_LINES);
    let mut listed: Vec<String> = shown.map(|line| format!("  {}", line.as_ref())).collect();
    if lines.len() > MOST_LINES {
        listed.push(format!("  and {} more", lines.len() - MOST_LINES));
    }
    listed.join("\n")
}

/// Asks whether another name was meant, and says what there is.
fn offered(option: &str, typed: &str, offers: &[Offer]) -> String {
    let names = offers.iter().flat_map(|offer| &offer.names);
    let meant = match nearest::nearest_name(typed, names.map(String::as_str)) {
        Some(name) => format!("did you mean {name}? "),
        None => String::new(),
    };
    format!("{meant}choose one with {option}:\n{}", indent(offers))
}

impl AsRef<str> for Offer {
    fn as_ref(&self) -> &str {
        &self.line
    }
}

/// Returns the operating system's reason alone: the random name of a temporary file helps nobody, and makes
/// two equal runs differ.
pub(crate) fn without_temporary_name(error: io::Error) -> io::Error {
    // tempfile puts the path behind the reason, and hands out neither alone.
    let text = error.to_string();
    match text.rsplit_once(" at path ") {
        Some((reason, _)) if error.get_ref().is_some() => io::Error::new(error.kind(), reason),
        _ => error,
    }
}

/// What kind of trouble a [`Warning`] reports; the text form is part of the JSON contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum WarningCode {
    /// Part of a layer could not be read; figures below it are incomplete.
    DamagedLayer,
    /// A layer's blob is missing or is not a file-system archive.
    UnreadableLayer,
    /// An archive has no end marker and may have been cut between two entries.
    MissingEnd,
    /// Bytes after the end of an archive were ignored.
    TrailingData,
    /// A limit of this program cut something off.
    LimitReached,
    /// A whiteout of a path that nothing below has.
    DanglingWhiteout,
    /// `.wh.`, `.wh..` or `.wh...`.
    InvalidWhiteout,
    /// AUFS bookkeeping entries were left out.
    AufsBookkeeping,
    /// A name that was absolute or climbed out with `..`; shown where a runtime would put it.
    EscapingPath,
    /// A hard link whose target exists nowhere.
    DanglingHardLink,
    /// An entry below something that is not a directory in the same layer.
    ParentNotDirectory,
    /// A link, or anything else but a directory, of a lower layer became a directory by what a layer has in it.
    ReplacedByDirectory,
    /// A header field that could not be understood was replaced by a default.
    OddHeader,
    /// Manifest, configuration, history and layers do not fit together.
    MetadataMismatch,
    /// The configuration is missing or could only be read in part.
    BadConfig,
    /// A blob's digest is not the one that names it.
    DigestMismatch,
    /// A document that engines may read could not be read here, or is there more than once: images may be missing.
    UnreadDocument,
    /// A platform or image that is listed but not present.
    NotInSource,
    /// Two versions of a file could not be compared; they count as different.
    NotCompared,
    /// A record of a layer store is missing or cannot be used; the rest of the store is shown.
    BadRecord,
    /// A part of a layer store could not be read; what depends on it is unmeasured, not zero.
    Unmeasured,
    /// Opaque directories may have been missed: their marks are for root's eyes.
    HiddenMarks,
    /// A directory moved, or a file copied up without its data, whose lower part could not be resolved.
    Unresolved,
    /// A field is not as the OCI image specification has it; engines may well take it.
    DepartsFromSpec,
    /// Something about the configuration of this run.
    Configuration,
}

impl WarningCode {
    /// Returns the stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DamagedLayer => "damaged-layer",
            Self::UnreadableLayer => "unreadable-layer",
            Self::MissingEnd => "missing-end",
            Self::TrailingData => "trailing-data",
            Self::LimitReached => "limit-reached",
            Self::DanglingWhiteout => "dangling-whiteout",
            Self::InvalidWhiteout => "invalid-whiteout",
            Self::AufsBookkeeping => "aufs-bookkeeping",
            Self::EscapingPath => "escaping-path",
            Self::DanglingHardLink => "dangling-hard-link",
            Self::ParentNotDirectory => "parent-not-directory",
            Self::ReplacedByDirectory => "replaced-by-directory",
            Self::OddHeader => "odd-header",
            Self::MetadataMismatch => "metadata-mismatch",
            Self::BadConfig => "bad-config",
            Self::DigestMismatch => "digest-mismatch",
            Self::UnreadDocument => "unread-document",
            Self::NotInSource => "not-in-source",
            Self::NotCompared => "not-compared",
            Self::BadRecord => "bad-record",
            Self::Unmeasured => "unmeasured",
            Self::HiddenMarks => "hidden-marks",
            Self::Unresolved => "unresolved",
            Self::DepartsFromSpec => "departs-from-spec",
            Self::Configuration => "configuration",
        }
    }

    /// Returns whether the figures are a guess once this warning was raised, so that a gate must not pass.
    pub const fn makes_incomplete(self) -> bool {
        matches!(
            self,
            Self::DamagedLayer
                | Self::MissingEnd
                | Self::UnreadableLayer
                | Self::LimitReached
                | Self::UnreadDocument
                | Self::Unmeasured
                | Self::HiddenMarks
        )
    }
}

/// Something that did not stop the job but that its reader should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What kind of trouble.
    pub code: WarningCode,
    /// One line, escaped, lower case, without final stop; names offset and cause.
    pub message: String,
    /// The layer concerned, bottom layer 0.
    pub layer: Option<u16>,
    /// The path concerned, as bytes relative to the root.
    pub path: Option<Box<[u8]>>,
}

impl Warning {
    /// Makes a warning about the source as a whole.
    pub fn new(code: WarningCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            layer: None,
            path: None,
        }
    }

    /// Returns the message behind the layer concerned.
    pub(crate) fn placed(&self) -> String {
        match self.layer {
            Some(layer) => format!("layer {layer}: {}", self.message),
            None => self.message.clone(),
        }
    }

    /// Names the layer concerned.
    #[must_use]
    pub fn in_layer(mut self, layer: u16) -> Self {
        self.layer = Some(layer);
        self
    }

    /// Names the path concerned.
    #[must_use]
    pub fn at_path(mut self, path: &[u8]) -> Self {
        self.path = Some(path.into());
        self
    }
}
