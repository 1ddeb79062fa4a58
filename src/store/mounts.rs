//! Overlay mounts without an engine: from the mount table, or from directories named by hand.

mod overlay_options;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::beneath::Beneath;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::writable::DiffDialect;
use crate::image::{self, Image, ImageConfig, Platform, Writable, Writer};
use crate::layer::LayerIndex;
use crate::layer::dir::{DirLayer, Encoding, Namespace, sees_trusted};
use crate::mount_table::{self, Mount};
use crate::{limits, path};
use overlay_options::Named;

/// The directories of an overlay mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// Uppermost first, as `lowerdir=` lists them.
    pub lower: Vec<PathBuf>,
    /// Where writes go; `None` for a read-only mount.
    pub upper: Option<PathBuf>,
    /// Lower directories that lend data to files above, and no names.
    pub data: Vec<PathBuf>,
    /// Which attributes count in them.
    pub attributes: Namespace,
    /// Where it is mounted; `None` where directories were named by hand.
    pub mount_point: Option<PathBuf>,
}

/// Returns the names in a directory at or below which something is mounted; `None` where nobody can tell.
///
/// The name of the directory is that without links.
pub(super) fn mounted_below(directory: &Path) -> Option<BTreeSet<Vec<u8>>> {
    let mounts = mount_table::parse(&read_table().ok()?);
    let below = mounts
        .iter()
        .filter_map(|mount| mount.point.strip_prefix(directory).ok());
    let names = below.filter_map(|below| below.iter().next());
    Some(names.map(|name| name.as_bytes().to_vec()).collect())
}

/// Returns the directories behind a mount point.
///
/// # Errors
/// When no overlay is mounted there, its directories cannot be told, or the mount table cannot be read.
pub fn find(mount_point: &Path) -> Result<Overlay> {
    let name = path::display_os(mount_point.as_os_str());
    let point = match std::fs::canonicalize(mount_point) {
        Ok(point) => point,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::NotFound { name });
        }
        Err(source) => return Err(Error::Open { name, source }),
    };
    let device = rustix::fs::stat(&point).ok().map(|found| {
        let device = found.st_dev;
        (rustix::fs::major(device), rustix::fs::minor(device))
    });
    let mounts = mount_table::parse(&read_table()?);
    let mount = mount_table::seen_at(&mounts, &point, device);
    match mount {
        Some(mount) if mount.kind == b"overlay" => directories(mount),
        Some(mount) => Err(not_overlay(&name, mount)),
        None => Err(not_mounted(&name, &point, &mounts)),
    }
}

fn read_table() -> Result<Vec<u8>> {
    let name = mount_table::TABLE;
    std::fs::read(name).map_err(|source| Error::Open {
        name: name.into(),
        source,
    })
}

fn not_overlay(name: &str, mount: &Mount) -> Error {
    let kind = path::display(&mount.kind);
    let advice = if mount.kind.starts_with(b"fuse") {
        "a file system in user space does not tell its directories: name them with --lower and --upper"
    } else {
        "name a directory where an overlay is mounted: `findmnt -t overlay` lists them"
    };
    Error::Usage {
        reason: format!("at {name} a file system of type {kind} is mounted, not an overlay"),
        advice: advice.into(),
    }
}

fn not_mounted(name: &str, point: &Path, mounts: &[Mount]) -> Error {
    let around = mounts.iter().filter(|mount| mount.covers(point));
    let around = around.max_by_key(|mount| overlay_options::length(&mount.point));
    match around {
        Some(mount) if mount.kind == b"overlay" => {
            let point = path::display_os(mount.point.as_os_str());
            Error::Usage {
                reason: format!("{name} is inside of the overlay that is mounted at {point}"),
                advice: format!("name the mount point: overlay:{point}"),
            }
        }
        _ => Error::Usage {
            reason: format!("nothing is mounted at {name}"),
            advice: "name a directory where an overlay is mounted: `findmnt -t overlay` lists them"
                .into(),
        },
    }
}

/// Makes absolute what the mount was given.
fn directories(mount: &Mount) -> Result<Overlay> {
    let point = path::display_os(mount.point.as_os_str());
    if mount.root != Path::new("/") {
        let part = path::display_os(mount.root.as_os_str());
        return Err(Error::Usage {
            reason: format!("{point} shows only {part} of an overlay"),
            advice: "name the directory where all of it is mounted".into(),
        });
    }
    let named = overlay_options::named(&mount.options);
    let bases = bases(mount, &named);
    let resolve = |path: &PathBuf| resolved(path, &bases, &point);
    Ok(Overlay {
        lower: named.lower.iter().map(resolve).collect::<Result<_>>()?,
        upper: named.upper.as_ref().map(resolve).transpose()?,
        data: named.data.iter().map(resolve).collect::<Result<_>>()?,
        attributes: if named.has_user_attributes {
            Namespace::User
        } else {
            Namespace::Trusted
        },
        mount_point: Some(mount.point.clone()),
    })
}

/// Directories that names may be relative to: engines shorten options to fit a page and mount from within
/// `overlay2`, `overlay` or `snapshots` (moby, daemon/graphdriver/overlay2/overlay.go, Get; containerd,
/// `core/mount/mount_linux.go`, `compactLowerdirOption`). Writable and mounted directories lie two levels below.
fn bases(mount: &Mount, named: &Named) -> Vec<PathBuf> {
    let upper = named.upper.as_deref().filter(|upper| upper.is_absolute());
    let below = upper.into_iter().chain([mount.point.as_path()]);
    let two_above = |path: &Path| Some(path.parent()?.parent()?.to_owned());
    below.filter_map(two_above).collect()
}

fn resolved(path: &PathBuf, bases: &[PathBuf], point: &str) -> Result<PathBuf> {
    if path.is_absolute() {
        return Ok(path.clone());
    }
    let candidates = bases.iter().map(|base| base.join(path));
    let mut there = candidates.filter(|candidate| candidate.is_dir());
    there.next().ok_or_else(|| Error::Usage {
        reason: format!(
            "the overlay at {point} has a directory {}, which is relative to where `mount` was run, and that is not \
             known",
            path::display_os(path.as_os_str())
        ),
        advice: "name all of its directories with --lower and --upper, with their full paths".into(),
    })
}

impl std::fmt::Display for Overlay {
    /// Writes the directories as mount options list them, escaped.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |path: &PathBuf| path::display_os(path.as_os_str());
        let lower: Vec<String> = self.lower.iter().map(shown).collect();
        formatter.write_str(&lower.join(":"))?;
        match &self.upper {
            Some(upper) => write!(formatter, " + {}", shown(upper)),
            None => Ok(()),
        }
    }
}

impl Overlay {
    /// Takes directories as a person names them: lower ones as `lowerdir=` does, the uppermost first, and the one
    /// with the changes.
    ///
    /// # Errors
    /// [`Error::Usage`] where a name is empty.
    pub fn by_hand(lower: &OsStr, upper: Option<&Path>) -> Result<Self> {
        let parts = overlay_options::parts(lower.as_bytes());
        let is_empty = upper.is_some_and(|upper| upper.as_os_str().is_empty());
        if is_empty || parts.iter().any(Vec::is_empty) {
            return Err(Error::Usage {
                reason: "a directory without a name is given".into(),
                advice: "list directories as mount(8) takes them: --lower UPPERMOST:NEXT:LOWEST, with \\: for a colon \
                         in a name"
                    .into(),
            });
        }
        let from_bytes = |bytes| PathBuf::from(std::ffi::OsString::from_vec(bytes));
        Ok(Self {
            lower: parts.into_iter().map(from_bytes).collect(),
            upper: upper.map(Path::to_owned),
            data: Vec::new(),
            attributes: Namespace::Either,
            mount_point: None,
        })
    }

    /// Returns the directories as an image, the lowest one layer 0, the upper one last.
    ///
    /// Links on the way to a directory are followed, as the kernel did; inside of it none is.
    ///
    /// # Errors
    /// When a directory cannot be opened, or there are more than [`limits::LAYERS`].
    pub fn open(&self) -> Result<Image> {
        let directories: Vec<&PathBuf> = self.lower.iter().rev().chain(&self.upper).collect();
        if directories.len() > limits::LAYERS {
            return Err(Error::Limit {
                name: self.to_string(),
                what: "the number of directories",
                limit: limits::LAYERS.to_string(),
                option: None,
            });
        }
        let mut layers = Vec::with_capacity(directories.len());
        for (index, directory) in (0..).zip(directories) {
            layers.push(self.open_directory(LayerIndex(index), directory)?);
        }
        let writable = self.upper.as_ref().zip(layers.last());
        let writable = writable.map(|(upper, layer)| Writable {
            layer: layer.index,
            writer: Writer::Directory(path::display_os(upper.as_os_str())),
            engine: DiffDialect::Docker,
        });
        Ok(Image {
            names: self
                .mount_point
                .iter()
                .map(|point| readable(point))
                .collect(),
            id: None,
            digest: None,
            platform: Platform::default(),
            config: ImageConfig::default(),
            history: Vec::new(),
            annotations: Vec::new(),
            layers,
            writable,
            warnings: self.warnings(),
        })
    }

    fn open_directory(&self, index: LayerIndex, directory: &Path) -> Result<image::Layer> {
        let opened = Beneath::open(directory).map_err(|error| self.explain(error))?;
        let label = path::display_os(directory.as_os_str());
        // Marks say what becomes of the layers below, and the lowest has none: it does not matter whether they are
        // seen.
        let attributes = match index {
            LayerIndex(0) if !sees_trusted() => Namespace::User,
            _ => self.attributes,
        };
        let source = Arc::new(DirLayer::new(opened, Encoding::Overlay(attributes)));
        Ok(image::Layer {
            label: Some(label),
            ..image::Layer::new(index, source)
        })
    }

    /// Says what a directory that is not there means here.
    fn explain(&self, error: Error) -> Error {
        match (error, &self.mount_point) {
            (Error::NotFound { name }, None) => Error::Usage {
                reason: format!("{name}: no such directory"),
                advice: "name directories that exist: --lower UPPERMOST:NEXT:LOWEST --upper DIR".into(),
            },
            (Error::NotFound { name }, Some(_)) => Error::Usage {
                reason: format!("the mount names the directory {name}, which is not there"),
                advice: "it was removed since, or lies in another mount namespace: `nsenter -m -t PID layerscope …`"
                    .into(),
            },
            (other, _) => other,
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        let lending = self.data.iter().map(|directory| {
            let name = path::display_os(directory.as_os_str());
            let message = format!(
                "{name} lends data to files of other directories; their contents are not looked up in it"
            );
            Warning::new(WarningCode::Unresolved, message)
        });
        lending.collect()
    }
}

/// Names are text: what is not UTF-8 in a mount point is escaped.
fn readable(point: &Path) -> String {
    match point.to_str() {
        Some(text) => text.to_owned(),
        None => path::display_os(point.as_os_str()),
    }
}
