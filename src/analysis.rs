//! Everything known about one image: what every presenter reads and none computes.

pub mod advice;
pub mod changes;
pub mod comparison;
pub mod container_writes;
pub mod copy_up;
pub mod dive;
mod instructions;
pub mod rules;
mod stage;
pub mod waste;
pub mod waste_groups;
pub mod what_if;

use std::sync::OnceLock;

use crate::error::{Result, Warning, WarningCode};
use crate::image::Image;
use crate::image::base::{self, BaseBoundary};
use crate::layer::{Completeness, LayerIndex};
use crate::progress::Job;
use crate::scan::{self, Scanned};
use crate::tree::{Change, MergedTree, PathId};
use waste_groups::Group;

pub use crate::source::SourceInfo;
pub use stage::Stage;

/// The result of opening an image.
#[derive(Debug)]
pub struct Analysis {
    /// Where it came from.
    pub source: SourceInfo,
    /// What its manifests say.
    pub image: Image,
    /// All paths of all layers.
    pub tree: MergedTree,
    /// Figures per layer, bottom first.
    pub layers: Vec<LayerFigures>,
    /// Figures of the whole.
    pub totals: Totals,
    /// What is stored for nothing.
    pub waste: WasteReport,
    /// Where the base image ends.
    pub base: BaseBoundary,
    /// What was odd, in the order source, layers bottom first, analysis.
    pub warnings: Vec<Warning>,
    /// `false` where at least one layer could only be read in part.
    pub complete: bool,
    /// How much of the image the figures stand for.
    pub stage: Stage,
    /// Worked out when they are asked for first: gates and machines do not.
    waste_groups: OnceLock<Vec<Group>>,
}

impl Analysis {
    /// Returns the waste as a person would tell it, largest group first.
    pub fn waste_groups(&self) -> &[Group] {
        self.waste_groups
            .get_or_init(|| waste_groups::group(&self.tree, &self.waste.paths))
    }
}

/// Figures of one layer; bytes are content bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LayerFigures {
    /// Records in the layer, whiteouts and directories included.
    pub entries: u64,
    /// Length of all file data it stores.
    pub content_bytes: u64,
    /// Part of it that the merged view still shows.
    pub live_bytes: u64,
    /// Part of it that is useless in the end: `content_bytes - live_bytes`.
    pub wasted_bytes: u64,
    /// Bytes of lower layers that this layer made useless.
    pub destroyed_bytes: u64,
    /// Paths added.
    pub added: u64,
    /// Paths with other content, type or link target.
    pub modified: u64,
    /// Paths with other metadata only.
    pub touched: u64,
    /// Paths other than directories stored again without difference.
    pub repeated: u64,
    /// Paths removed by a whiteout of exactly this path.
    pub removed: u64,
    /// `false` where it could only be read in part.
    pub complete: bool,
    /// `true` where it was not read yet: every other figure is 0.
    pub unread: bool,
}

/// Figures of the whole image; bytes are content bytes unless named otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Totals {
    /// Records of all layers.
    pub entries: u64,
    /// Paths the merged view shows.
    pub paths: u64,
    /// Length of all file data stored in all layers.
    pub content_bytes: u64,
    /// Length of all layer blobs as stored; `None` where one is unknown.
    pub stored_bytes: Option<u64>,
    /// Content of the merged view, every inode once.
    pub effective_bytes: u64,
    /// `content_bytes - effective_bytes`.
    pub wasted_bytes: u64,
    /// `effective_bytes / content_bytes`; 1 when nothing is stored.
    pub efficiency: f64,
    /// The same without the base image.
    pub own: OwnFigures,
}

impl Totals {
    /// Returns `wasted_bytes / content_bytes`; 0 when nothing is stored.
    pub fn wasted_ratio(&self) -> f64 {
        ratio(self.wasted_bytes, self.content_bytes)
    }
}

/// Figures of the layers above the base image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnFigures {
    /// Layers that belong to the base image.
    pub base_layers: u16,
    /// Bytes own layers store.
    pub content_bytes: u64,
    /// Bytes own layers store for nothing.
    pub wasted_bytes: u64,
    /// Bytes of the base image that own layers made useless.
    pub hidden_base_bytes: u64,
}

impl OwnFigures {
    /// Returns `wasted_bytes / content_bytes`; 0 when nothing is stored.
    pub fn wasted_ratio(&self) -> f64 {
        ratio(self.wasted_bytes, self.content_bytes)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio for people and thresholds"
)]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// Why a stored version is useless. The order is the one reports use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum WasteCause {
    /// A whiteout of the path in a higher layer.
    Deleted,
    /// A whiteout of an ancestor.
    DeletedDir,
    /// An opaque marker on an ancestor.
    Opaque,
    /// A higher layer has another type here or at an ancestor.
    Replaced,
    /// A higher layer stores different content.
    Overwritten,
    /// A higher layer stores the same content with other metadata.
    MetadataOnly,
    /// A higher layer stores the same again.
    Identical,
    /// The same path comes again in the same layer.
    ShadowedInLayer,
}

impl WasteCause {
    /// Every cause, in report order.
    pub const ALL: [Self; 8] = [
        Self::Deleted,
        Self::DeletedDir,
        Self::Opaque,
        Self::Replaced,
        Self::Overwritten,
        Self::MetadataOnly,
        Self::Identical,
        Self::ShadowedInLayer,
    ];

    /// Returns the stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::DeletedDir => "deleted-dir",
            Self::Opaque => "opaque",
            Self::Replaced => "replaced",
            Self::Overwritten => "overwritten",
            Self::MetadataOnly => "metadata-only",
            Self::Identical => "identical",
            Self::ShadowedInLayer => "shadowed-in-layer",
        }
    }
}

/// One stored version that nothing shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WastedPath {
    /// Its place.
    pub path: PathId,
    /// Its length in bytes, never 0.
    pub bytes: u64,
    /// Why it is useless.
    pub cause: WasteCause,
    /// The layer that stores it.
    pub created_in: LayerIndex,
    /// The layer that made it useless.
    pub destroyed_in: LayerIndex,
}

/// All waste of an image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WasteReport {
    /// Sum of all.
    pub total_bytes: u64,
    /// Sums in the order of [`WasteCause::ALL`].
    pub by_cause: [u64; 8],
    /// In tree order, parents before children; [`WasteReport::largest`] picks.
    pub paths: Vec<WastedPath>,
}

/// How to analyse.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How to read the layers.
    pub scan: scan::Options,
    /// Layers that belong to the base image, where the user knows better than the image's history.
    pub base_layers: Option<u16>,
}

/// Reads an image's layers and works everything out.
///
/// # Errors
/// As [`scan::run`].
pub fn run(source: SourceInfo, image: Image, options: &Options, job: &Job) -> Result<Analysis> {
    let scanned = scan::run(&image, &options.scan, job)?;
    Ok(from_scan(source, image, scanned, options))
}

/// Works everything out from layers that were read before, or from those of them that were.
pub fn from_scan(
    source: SourceInfo,
    mut image: Image,
    scanned: Scanned,
    options: &Options,
) -> Analysis {
    let Scanned {
        tree,
        warnings: found,
        unread,
    } = scanned;
    let stage = match (unread.as_slice(), tree.comparisons()) {
        ([], []) => Stage::Final,
        ([], _) => Stage::Provisional,
        _ => Stage::Partial,
    };
    let balance = waste::balance(&tree);
    let layers = layer_figures(&tree, &balance, &unread);
    let layer_count = u16::try_from(tree.layers().len()).unwrap_or(u16::MAX);
    instructions::attach(&mut image, &tree, &unread);
    let base = match options.base_layers {
        Some(layers) => BaseBoundary::fixed(layers, layer_count),
        None => base::detect(&image),
    };
    let totals = totals(&image, &layers, &balance, base.layers);
    let mut warnings = std::mem::take(&mut image.warnings);
    warnings.extend(found);
    let complete = is_complete(&layers, &warnings);
    Analysis {
        source,
        image,
        tree,
        layers,
        totals,
        waste: balance.report,
        base,
        warnings,
        complete,
        stage,
        waste_groups: OnceLock::new(),
    }
}

fn is_complete(layers: &[LayerFigures], warnings: &[Warning]) -> bool {
    let mut codes = warnings.iter().map(|warning| warning.code);
    layers.iter().all(|layer| layer.complete) && !codes.any(WarningCode::makes_incomplete)
}

fn layer_figures(
    tree: &MergedTree,
    balance: &waste::Balance,
    unread: &[LayerIndex],
) -> Vec<LayerFigures> {
    let mut figures: Vec<LayerFigures> = tree
        .layers()
        .iter()
        .zip(balance.live_bytes.iter().zip(&balance.destroyed_bytes))
        .map(|(layer, (&live_bytes, &destroyed_bytes))| LayerFigures {
            entries: layer.entries(),
            content_bytes: layer.content_bytes(),
            live_bytes,
            wasted_bytes: layer.content_bytes() - live_bytes,
            destroyed_bytes,
            complete: layer.completeness() == Completeness::Complete,
            ..LayerFigures::default()
        })
        .collect();
    for layer in unread {
        figures[layer.as_usize()].unread = true;
    }
    for path in tree.paths().skip(1) {
        for version in tree.versions(path) {
            let figures = &mut figures[version.layer.as_usize()];
            match version.change {
                Change::Added => figures.added += 1,
                Change::Modified => figures.modified += 1,
                Change::Touched => figures.touched += 1,
                Change::Repeated => figures.repeated += 1,
                Change::Removed => figures.removed += 1,
                Change::Unchanged | Change::Dangling | Change::Hidden => {}
            }
        }
    }
    figures
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio for people and thresholds"
)]
fn totals(
    image: &Image,
    layers: &[LayerFigures],
    balance: &waste::Balance,
    base_layers: u16,
) -> Totals {
    let sum = |figure: fn(&LayerFigures) -> u64| layers.iter().map(figure).sum::<u64>();
    let content_bytes = sum(|layer| layer.content_bytes);
    let effective_bytes = sum(|layer| layer.live_bytes);
    let own = layers.get(usize::from(base_layers)..).unwrap_or_default();
    let hidden =
        balance.report.paths.iter().filter(|wasted| {
            wasted.created_in.0 < base_layers && wasted.destroyed_in.0 >= base_layers
        });
    Totals {
        entries: sum(|layer| layer.entries),
        paths: balance.paths,
        content_bytes,
        stored_bytes: image.layers.iter().map(|layer| layer.stored_bytes).sum(),
        effective_bytes,
        wasted_bytes: content_bytes - effective_bytes,
        efficiency: if content_bytes == 0 {
            1.0
        } else {
            effective_bytes as f64 / content_bytes as f64
        },
        own: OwnFigures {
            base_layers,
            content_bytes: own.iter().map(|layer| layer.content_bytes).sum(),
            wasted_bytes: own.iter().map(|layer| layer.wasted_bytes).sum(),
            hidden_base_bytes: hidden.map(|wasted| wasted.bytes).sum(),
        },
    }
}
