//! Finds out what an input is and lists the images in it.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;

use super::archive::ArchiveBlobs;
use super::assemble;
use super::blobs::{BlobRef, BlobStore};
use super::catalog::{Candidate, Catalog, Origin, Presence, Role};
use super::choose::Chooser;
use super::described::DescribedImage;
use super::directory::DirBlobs;
use super::formats::{self, DescribedBy, Search};
use super::locator::{Holder, InputPlace, Locator, Reading};
use super::manifest::{self, DocumentKind};
use super::refusal::{
    describe_directory, doubtful, first_names, near, no_archive, refuse_image_inside, refuse_other,
    unexpected,
};
use super::spool::{self, Bytes, Input};
use super::{
    Choice, MARKERS, OpenOptions, Opened, SourceInfo, docker, passing, stored, strict, v1,
};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::{Image, Layer, Platform};
use crate::layer::bytes::Region;
use crate::layer::codec::Codec;
use crate::layer::tar::TarLayer;
use crate::layer::{LayerIndex, LayerSource};
use crate::limits;
use crate::progress::Job;
use crate::store::{self, Inventory, mounts};

/// An input that was recognised, with the images it holds. Opening one of them does not read it again.
#[derive(Debug)]
pub struct Source {
    info: SourceInfo,
    /// What the user named, for messages.
    name: String,
    catalog: Catalog,
    content: Content,
    warnings: Vec<Warning>,
    /// The image that was asked for by name, where the source was found by it or the name stands behind its place.
    named: Option<String>,
}

#[derive(Debug)]
enum Content {
    Blobs(Box<dyn BlobStore>),
    Store(Inventory),
    /// What needs no choosing, and the word for what it is in.
    Image(&'static str, Box<Image>),
}

/// Reads whatever the locator names.
///
/// # Errors
/// See [`super::list`].
pub(super) fn read(locator: &Locator, options: &OpenOptions, job: &Job) -> Result<Source> {
    let file = match &locator.place {
        InputPlace::StandardInput => spool::standard_input()?,
        InputPlace::Directories(overlay) => return Ok(opened_image(locator, overlay.open()?)),
        InputPlace::Engine(holder, name) => {
            return read_named(locator, *holder, name, options, job);
        }
        InputPlace::Path(path) if locator.reading == Reading::Overlay => {
            return Ok(opened_image(locator, mounts::find(path)?.open()?));
        }
        InputPlace::Path(path) if locator.reading == Reading::Store => {
            return read_store(locator, path, job);
        }
        InputPlace::Path(path) => {
            let file = match open_path(path, locator.name()) {
                Err(error @ Error::NotFound { .. }) => match locator.without_reference() {
                    Some((shorter, name)) => {
                        refuse_second_name(&name, options)?;
                        let source = read(&shorter, options, job)?;
                        return Ok(Source {
                            named: Some(name),
                            ..source
                        });
                    }
                    None if stored::may_be_name(locator) => {
                        return read_named(locator, Holder::Any, locator.word(), options, job);
                    }
                    None => return Err(error),
                },

                // What cannot be looked into is known by its place alone.
                Err(Error::Open { .. })
                    if options.places.iter().any(|place| path.starts_with(place)) =>
                {
                    return read_store(locator, path, job);
                }
                Err(Error::Open { name, source })
                    if source.kind() == io::ErrorKind::PermissionDenied && !path.is_file() =>
                {
                    return Err(Error::StoreDenied { name, source });
                }
                other => other?,
            };
            let metadata = file
                .metadata()
                .map_err(|source| Error::unopened(locator.name(), source))?;
            if metadata.is_dir() {
                return read_directory(locator, path, file, job);
            }
            file
        }
    };
    match spool::take(file, locator.name(), options, job)? {
        Bytes::Placed(input) => read_archive(locator, input, job),
        Bytes::Passing(file) => read_passing(locator, file, job),
    }
}

fn open_path(path: &Path, name: &str) -> Result<File> {
    // A pipe without a writer would not even open.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path);
    file.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::NotFound {
            name: name.to_owned(),
        },
        _ => Error::unopened(name, source),
    })
}

fn read_directory(locator: &Locator, path: &Path, directory: File, job: &Job) -> Result<Source> {
    let blobs = DirBlobs::new(OwnedFd::from(directory), path, locator.name());
    if matches!(
        locator.reading,
        Reading::DockerArchive | Reading::OciArchive
    ) {
        return Err(unexpected(locator, "a directory"));
    }
    if locator.reading == Reading::Layer {
        return Err(unexpected(locator, "a directory"));
    }
    let Search::Image(found) = formats::find(&blobs, locator.reading, job)? else {
        if locator.reading == Reading::Sniffed && stored::means_store(locator) {
            return read_store(locator, path, job);
        }
        let what = describe_directory(&blobs);
        return Err(match locator.reading {
            Reading::Sniffed => Error::UnknownDirectory {
                name: locator.name().to_owned(),
                found: what,
                nearby: near(locator, path),
            },
            _ => unexpected(locator, &what),
        });
    };
    let kind = found.form.kind_of_directory();
    let content = Content::Blobs(Box::new(blobs));
    Ok(Source {
        warnings: found.warnings,
        ..Source::new(locator, kind, found.catalog, content)
    })
}

/// An archive: as an image's, and as the one layer that it is where it holds no image.
struct Archive {
    blobs: ArchiveBlobs,
    layer: Arc<dyn LayerSource>,
    /// How it was compressed, and its length as it came.
    codec: Codec,
    stored_bytes: u64,
    warnings: Vec<Warning>,
}

fn read_archive(locator: &Locator, input: Input, job: &Job) -> Result<Source> {
    refuse_other(locator, &input.region)?;
    let blobs = ArchiveBlobs::new(input.region.clone(), job);
    let layer =
        TarLayer::new(input.region).map_err(|source| Error::unread(locator.name(), source))?;
    let archive = Archive {
        blobs: blobs.map_err(|error| no_archive(locator, error))?,
        layer: Arc::new(layer),
        codec: input.codec,
        stored_bytes: input.stored_bytes,
        warnings: input.warnings,
    };
    open_archive(locator, archive, job)
}

fn read_passing(locator: &Locator, file: File, job: &Job) -> Result<Source> {
    let check = |head: &Region| refuse_other(locator, head);
    let passed = passing::read(file, locator.name(), check, job);
    let passed = passed.map_err(|error| no_archive(locator, error))?;
    let layer = passed.archive.layer.stored(Codec::None, passed.length);
    let archive = Archive {
        blobs: passed.archive.blobs,
        layer: Arc::new(layer),
        codec: passed.codec,
        stored_bytes: passed.stored_bytes,
        warnings: passed.warnings,
    };
    open_archive(locator, archive, job)
}

fn open_archive(locator: &Locator, archive: Archive, job: &Job) -> Result<Source> {
    let search = formats::find(&archive.blobs, locator.reading, job);
    let found = match search.map_err(|error| doubtful(locator, error))? {
        Search::Image(found) => found,
        Search::Nothing(warnings)
            if matches!(locator.reading, Reading::Sniffed | Reading::Layer) =>
        {
            refuse_image_inside(locator, &archive.blobs, job)?;
            return Ok(single_layer(locator, archive, warnings));
        }
        Search::Nothing(_) => {
            let found = format!("an archive with {}", first_names(&archive.blobs));
            return Err(unexpected(locator, &found));
        }
    };
    let store = archive.blobs;
    if store.is_cut() {
        return Err(Error::Limit {
            name: locator.name().to_owned(),
            what: "the number of members of an archive that is an image",
            limit: limits::ARCHIVE_MEMBERS.to_string(),
            option: None,
        });
    }
    let mut warnings = archive.warnings;
    warnings.extend(store.warnings().iter().cloned());
    warnings.extend(found.warnings);
    let kind = found.form.kind_of_archive();
    let content = Content::Blobs(Box::new(store));
    Ok(Source {
        warnings,
        ..Source::new(locator, kind, found.catalog, content)
    })
}

/// Reads the records of a layer store.
fn read_store(locator: &Locator, path: &Path, job: &Job) -> Result<Source> {
    let inventory = store::read(path, job)?;
    Ok(Source {
        warnings: stored::warnings(&inventory),
        ..Source::new(
            locator,
            "store",
            stored::catalog(&inventory),
            Content::Store(inventory),
        )
    })
}

/// Looks for an image by its name in the stores of this machine.
fn read_named(
    locator: &Locator,
    holder: Holder,
    name: &str,
    options: &OpenOptions,
    job: &Job,
) -> Result<Source> {
    refuse_second_name(name, options)?;
    let inventory = stored::find(holder, name, options, job)?;
    log::debug!("{} is in {}", locator.word(), inventory.name);
    Ok(Source {
        name: inventory.name.clone(),
        info: SourceInfo {
            kind: "store",
            locator: inventory.name.clone(),
        },
        catalog: stored::catalog(&inventory),
        warnings: stored::warnings(&inventory),
        content: Content::Store(inventory),
        named: Some(name.to_owned()),
    })
}

/// Refuses to choose between the image that stands behind a place and another that is asked for.
fn refuse_second_name(name: &str, options: &OpenOptions) -> Result<()> {
    match &options.image {
        Some(other) => Err(Error::Usage {
            reason: format!(
                "two images are named, {} and --image {}",
                crate::path::display_str(name),
                crate::path::display_str(other)
            ),
            advice: "leave one of them out".into(),
        }),
        None => Ok(()),
    }
}

/// An image that needs no choosing.
fn opened_image(locator: &Locator, image: Image) -> Source {
    let content = Content::Image("mount", Box::new(image));
    Source::new(locator, "overlay", alone(), content)
}

/// An archive that describes no image is a layer, or a root file system.
fn single_layer(locator: &Locator, archive: Archive, more: Vec<Warning>) -> Source {
    let layer = Layer {
        compression: archive.codec,
        stored_bytes: Some(archive.stored_bytes),
        ..Layer::new(LayerIndex(0), archive.layer)
    };
    let image = Image {
        layers: vec![layer],
        ..Image::default()
    };
    let mut warnings = archive.warnings;
    warnings.extend(more);
    let content = Content::Image("archive", Box::new(image));
    Source {
        warnings,
        ..Source::new(locator, "layer", alone(), content)
    }
}

fn alone() -> Catalog {
    let mut catalog = Catalog::default();
    catalog.add_alone(Candidate {
        names: Vec::new(),
        id: None,
        digest: None,
        platform: Platform::default(),
        presence: Presence::Present,
        role: Role::Image,
        origin: Origin::Layer,
    });
    catalog
}

impl Source {
    fn new(locator: &Locator, kind: &'static str, catalog: Catalog, content: Content) -> Self {
        Self {
            info: SourceInfo {
                kind,
                locator: locator.word().to_owned(),
            },
            name: locator.name().to_owned(),
            catalog,
            content,
            warnings: Vec::new(),
            named: None,
        }
    }

    /// Returns the images it offers, in its order.
    pub fn choices(&self) -> Vec<Choice> {
        self.chooser().choices()
    }

    /// Returns the chooser among the images of this source.
    fn chooser(&self) -> Chooser<'_> {
        let holder = match &self.content {
            Content::Blobs(store) => store.holder(),
            Content::Store(_) => "store",
            Content::Image(holder, _) => holder,
        };
        Chooser {
            catalog: &self.catalog,
            name: &self.name,
            holder,
        }
    }

    /// Opens the image that the options choose.
    ///
    /// # Errors
    /// As [`super::open`].
    pub fn open(&self, options: &OpenOptions, job: &Job) -> Result<Opened> {
        if options.container.is_some() && self.inventory().is_none() {
            return Err(Error::Usage {
                reason: format!("{} has no containers: it is no layer store", self.name),
                advice:
                    "leave --container out, or name the store: `layerscope DIR --container NAME`"
                        .into(),
            });
        }
        let mut image = match &self.content {
            Content::Blobs(store) => self.load(&**store, self.position(options)?, job)?,
            Content::Store(inventory) => self.open_stored(inventory, options)?,
            Content::Image(_, image) => {
                self.refuse_choice(options)?;
                (**image).clone()
            }
        };
        let own = std::mem::take(&mut image.warnings);
        image.warnings.clone_from(&self.warnings);
        image.warnings.extend(own);
        Ok(Opened {
            source: self.info.clone(),
            image,
        })
    }

    fn position(&self, options: &OpenOptions) -> Result<usize> {
        match &self.named {
            Some(name) if options.image.is_none() => {
                self.chooser().choose_named(name, options.platform.as_ref())
            }
            _ => self.chooser().choose(options),
        }
    }

    /// Says where the documents of the image that the options choose depart from the OCI image specification; nothing of
    /// those that are Docker's. Reads them again.
    ///
    /// # Errors
    /// As [`Source::open`] where none can be chosen, [`Error::Limit`], and [`Error::Interrupted`].
    pub fn departures(&self, options: &OpenOptions, job: &Job) -> Result<Vec<Warning>> {
        let Content::Blobs(store) = &self.content else {
            return Ok(Vec::new());
        };
        match &self.catalog.candidates[self.position(options)?].origin {
            Origin::Manifest(descriptor) => strict::departures(&**store, descriptor, job),
            _ => Ok(Vec::new()),
        }
    }

    /// Refuses the name of an image where there is but one without a name. It does not know its platform either, so
    /// that any wish is as good.
    fn refuse_choice(&self, options: &OpenOptions) -> Result<()> {
        let anywhere = OpenOptions {
            platform: None,
            ..options.clone()
        };
        self.chooser().choose(&anywhere).map(|_| ())
    }

    /// Returns the layer store, where the source is one.
    pub fn inventory(&self) -> Option<&Inventory> {
        match &self.content {
            Content::Store(inventory) => Some(inventory),
            _ => None,
        }
    }

    /// Returns the layer store, where it was named and not something in it.
    pub fn overview(&self) -> Option<&Inventory> {
        self.inventory().filter(|_| self.named.is_none())
    }

    fn open_stored(&self, inventory: &Inventory, options: &OpenOptions) -> Result<Image> {
        if let Some(container) = &options.container {
            return stored::open_container(inventory, container);
        }
        let options = OpenOptions {
            image: options.image.clone().or_else(|| self.named.clone()),
            ..options.clone()
        };
        let position = self.chooser().choose(&options)?;
        match self.catalog.candidates[position].origin {
            Origin::Stored(store, image) => inventory.stores[store].open_image(image),
            _ => Err(Error::NotInStore {
                name: self.name.clone(),
                wanted: format!("image {position}"),
            }),
        }
    }

    fn load(&self, store: &dyn BlobStore, position: usize, job: &Job) -> Result<Image> {
        let candidate = &self.catalog.candidates[position];
        let mut parts = describe(store, &candidate.origin, job)?;
        parts.names.clone_from(&candidate.names);
        parts.platform = candidate.platform.clone();
        parts.digest = candidate.digest.clone().or(parts.digest);
        parts
            .warnings
            .extend(self.note_absent(position, store.holder()));
        assemble::assemble(store, parts)
    }

    /// Names the platforms that are listed beside the chosen image without being there.
    fn note_absent(&self, position: usize, holder: &str) -> Option<Warning> {
        let groups = self.catalog.groups.iter();
        let beside = groups
            .filter(|group| group.members.contains(&position))
            .flat_map(|group| &group.members)
            .map(|&member| &self.catalog.candidates[member])
            .filter(|other| other.role == Role::Image && other.presence == Presence::Absent);
        let mut platforms: Vec<String> = beside.map(|other| other.platform.to_string()).collect();
        platforms.dedup();
        let message = format!("listed, but not in the {holder}: {}", platforms.join(", "));
        (!platforms.is_empty()).then(|| Warning::new(WarningCode::NotInSource, message))
    }
}

fn describe(store: &dyn BlobStore, origin: &Origin, job: &Job) -> Result<DescribedImage> {
    match origin {
        Origin::Docker(entry) => docker::describe(store, entry),
        Origin::Chain(top) => v1::describe(store, top, job),
        Origin::Manifest(descriptor) => {
            let document = descriptor.load(store)?;
            let document = document.ok_or_else(|| manifest::missing(store, descriptor))?;
            if let Some(written) = manifest::cache_in(&document.json) {
                return Err(manifest::cache(store, written));
            }
            match DocumentKind::of(&document.json) {
                DocumentKind::Schema1 => v1::describe_schema1(store, &document),
                DocumentKind::Manifest => manifest::describe(store, &document),
                _ => Err(manifest::no_manifest(store, descriptor)),
            }
        }
        Origin::Layer | Origin::Stored(..) => Err(Error::MissingBlob {
            name: store.name().to_owned(),
            blob: BlobRef::member(MARKERS[0]).to_string(),
        }),
    }
}

impl DescribedBy {
    const fn kind_of_archive(self) -> &'static str {
        match self {
            Self::Docker => "docker-archive",
            Self::Oci => "oci-archive",
            Self::Single => "dir-archive",
        }
    }

    const fn kind_of_directory(self) -> &'static str {
        match self {
            Self::Docker => "docker-dir",
            Self::Oci => "oci",
            Self::Single => "dir",
        }
    }
}
