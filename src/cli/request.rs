//! What the command line asks for, understood once: whoever does it takes it as it is.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::image::Platform;
use crate::path::display_str;
use crate::source::{self, Contents, InputPlace, Locator, OpenOptions, Reading};
use crate::store::mounts::Overlay;
use crate::store::{self, Homes, homes};
use crate::text::{Detail, Glyphs, Look};
use crate::{analysis, scan};

use super::load_settings::{Gating, Loaded};
use super::options::Common;
use super::{onto_input, output};

/// What is asked about.
pub(crate) enum Subject {
    /// An image, or a container with what it has written.
    Image,
    /// The layer stores at these places as a whole.
    Stores(Homes),
}

/// A subject and what to do with it.
pub(crate) struct Request<'a> {
    pub(crate) subject: Subject,
    /// Where it is; of several stores the first, whose name stands for all.
    pub(crate) locator: Locator,
    /// Which image of the subject, and where others may be.
    pub(crate) open: OpenOptions,
    pub(crate) analysis: analysis::Options,
    pub(crate) options: &'a Common,
    /// Whether rules decide, and which.
    pub(crate) gating: Gating,
    /// Without what configurations say, unless it was loaded for this request.
    pub(crate) loaded: Loaded,
}

impl<'a> Request<'a> {
    /// Asks about an image: the one named, or the directories of `--lower` and `--upper`.
    ///
    /// # Errors
    /// [`Error::Usage`] and [`Error::Config`] for what makes no sense.
    pub(crate) fn of_image(image: Option<&OsStr>, options: &'a Common) -> Result<Self> {
        Self::of(Subject::Image, locator(image, options)?, options)
    }

    /// Asks about an image, or about a whole store where one is named and nothing in it is chosen.
    ///
    /// # Errors
    /// As [`Request::of_image`].
    pub(crate) fn of_anything(image: Option<&OsStr>, options: &'a Common) -> Result<Self> {
        let request = Self::of_image(image, options)?;
        match &request.locator.place {
            InputPlace::Path(path) if source::means_store(&request.locator, &request.open) => {
                Self::of_stores(places(path, request.locator.reading), options)
            }
            _ => Ok(request),
        }
    }

    /// Asks about the stores at these places.
    ///
    /// # Errors
    /// As [`Request::of_image`].
    pub(crate) fn of_stores(homes: Homes, options: &'a Common) -> Result<Self> {
        let first = homes
            .paths()
            .next()
            .map_or(Path::new("."), PathBuf::as_path);
        let locator = Locator::parse(&store_at(first.as_os_str()))?;
        Self::of(Subject::Stores(homes), locator, options)
    }

    fn of(subject: Subject, locator: Locator, options: &'a Common) -> Result<Self> {
        onto_input::refuse(&locator, options)?;
        let open = OpenOptions {
            image: options.image_name.clone(),
            container: options.container.clone(),
            platform: options.platform.as_deref().map(platform).transpose()?,
            contents: Contents::Wanted,
            spool_limit: options.max_expanded,
            places: homes::of_this_machine(home().as_deref(), false)
                .paths()
                .cloned()
                .collect(),
        };
        let analysis = analysis::Options {
            scan: scan::Options {
                threads: options.threads.and_then(NonZeroUsize::new),
            },
            base_layers: options.base_layers,
        };
        Ok(Self {
            subject,
            locator,
            open,
            analysis,
            options,
            gating: Gating::Off,
            loaded: Loaded::default(),
        })
    }

    /// Asks for no contents of files; they are needed all the same to be compared with digests.
    pub(crate) fn without_contents(mut self) -> Self {
        if !self.options.verify {
            self.open.contents = Contents::Unwanted;
        }
        self
    }

    /// Returns how reports look, on whatever they are.
    pub(crate) fn look(&self) -> Look {
        Look {
            width: output::width(),
            units: self.loaded.settings.units(),
            glyphs: if self.options.ascii {
                Glyphs::Ascii
            } else {
                Glyphs::Unicode
            },
            detail: if self.options.verbose {
                Detail::Full
            } else {
                Detail::Short
            },
        }
    }
}

/// Returns where engines of this machine keep their layers, asking the daemons that run.
pub(crate) fn homes_of_machine() -> Homes {
    homes::of_this_machine(home().as_deref(), true)
}

fn home() -> Option<PathBuf> {
    etcetera::home_dir().ok()
}

/// Returns the word for a directory that is meant as a store whatever it looks like.
pub(crate) fn store_at(directory: &OsStr) -> OsString {
    let mut word = OsString::from("store:");
    word.push(directory);
    word
}

/// Returns the store at a path, those at the usual places below it, or the path itself to be told what is wrong.
fn places(path: &Path, reading: Reading) -> Homes {
    // What was sniffed out is one.
    let is_store = reading == Reading::Sniffed || store::is_store(path);
    let mut below = if is_store {
        Homes::default()
    } else {
        homes::on_disk(path)
    };
    below.places.retain(|place| store::is_store(&place.path));
    if below.places.is_empty() {
        let mut named = Homes::named(path, home().as_deref());
        named.warnings = below.warnings;
        named
    } else {
        below
    }
}

fn locator(image: Option<&OsStr>, options: &Common) -> Result<Locator> {
    let locator = match (image, &options.lower) {
        (None, Some(lower)) => {
            let overlay = Overlay::by_hand(lower, options.upper.as_deref())?;
            Locator::of_directories(overlay)
        }
        (Some(image), None) => match &options.source {
            Some(source) => {
                let mut word = OsString::from(format!("{source}:"));
                word.push(image);
                Locator::parse(&word)?
            }
            None => Locator::parse(image)?,
        },
        (Some(_), Some(_)) => {
            return Err(Error::Usage {
                reason: "an image and --lower are given".into(),
                advice: "give one of them: --lower names the directories to read".into(),
            });
        }
        (None, None) => return Err(no_image()),
    };
    if locator.place == InputPlace::StandardInput && std::io::stdin().is_terminal() {
        return Err(Error::Usage {
            reason: "standard input is a terminal".into(),
            advice: "pipe an image: `docker save IMAGE | layerscope -`".into(),
        });
    }
    Ok(locator)
}

/// Says how to name an image.
pub(crate) fn no_image() -> Error {
    Error::Usage {
        reason: "no image is given".into(),
        advice: "name a file that `docker save` wrote, `-` for standard input, or a layer store such as \
                 /var/lib/docker"
            .into(),
    }
}

fn platform(text: &str) -> Result<Platform> {
    Platform::parse(text).ok_or_else(|| Error::Config {
        place: "--platform".into(),
        reason: format!("'{}' is no platform", display_str(text)),
        suggestion: Some(
            "write OS/ARCH or OS/ARCH/VARIANT, for example linux/arm64; of Windows also windows/amd64:10.0.20348"
                .into(),
        ),
    })
}
