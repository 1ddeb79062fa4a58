//! Everything a row says about its path.

use super::TreePane;
use crate::browse::{Mark, Projection, Scope, Useless};
use crate::layer::{EntryKind, LayerIndex, Meta};
use crate::text::Look;
use crate::text::bars::Stack;
use crate::tree::{Change, MergedTree, PathId, Version};
use crate::tui::panes::Standing;
use crate::tui::panes::about::{files, length, meta};
use crate::tui::subject::Subject;

/// What a projection shows at a path.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// The path.
    pub path: PathId,
    /// What happened to it.
    pub mark: Mark,
    /// The version that describes it: of something gone what it was. `None` for whiteouts of nothing.
    pub version: Option<Version>,
    /// What the entry says; `None` for directories that no layer lists.
    pub meta: Option<Meta>,
    /// Bytes at and below.
    pub bytes: u64,
    /// Bytes gone below what is still there.
    pub removed: u64,
    /// What of it is stored for nothing.
    pub useless: Option<Useless>,
    /// Files at and below.
    pub files: u32,
    /// Type; `None` for whiteouts of nothing.
    pub kind: Option<EntryKind>,
}

impl Shown {
    /// Looks a path up.
    pub fn of(tree: &MergedTree, projection: &Projection, path: PathId) -> Self {
        let version = projection.described(tree, path);
        let kind = version.map(|version| tree.layer(version.layer).kind(version.node));
        let implied = projection.is_directory(path).then_some(EntryKind::Dir);
        Self {
            path,
            mark: projection.mark(path),
            version,
            meta: version.and_then(|version| meta(tree, path, version)),
            bytes: projection.bytes(path),
            removed: projection.removed_bytes(path),
            useless: projection.useless(path).copied(),
            files: projection.files(path),
            kind: kind.or(implied),
        }
    }

    /// Returns whether it is a directory, or was.
    pub fn is_directory(&self) -> bool {
        self.kind == Some(EntryKind::Dir)
    }

    /// Returns whether more is gone there than is left.
    pub const fn is_mostly_removed(&self) -> bool {
        self.removed > self.bytes
    }

    /// Returns the bytes that are shown though nothing needs them in the end.
    pub fn useless_bytes(&self) -> u64 {
        match self.useless {
            Some(useless) if !self.mark.is_gone() => useless.bytes,
            _ => 0,
        }
    }

    /// Returns whether nothing of it is needed in the end.
    pub fn is_useless(&self) -> bool {
        let bytes = self.useless_bytes();
        bytes > 0 && bytes >= self.bytes
    }

    /// Divides a share of the largest sibling into what is needed, what is wasted and what is gone.
    pub fn stack(&self, share: u16) -> Stack {
        let share = u64::from(share);
        if self.mark.is_gone() {
            return Stack {
                removed: share,
                ..Stack::default()
            };
        }
        let both = u128::from(self.bytes) + u128::from(self.removed);
        let part = |bytes: u64| {
            let part = u128::from(share) * u128::from(bytes);
            u64::try_from(part.div_ceil(both.max(1))).unwrap_or(share)
        };
        // None vanishes as long as the others do not.
        let is_live = self.bytes > 0 && !self.is_useless();
        let room = share.saturating_sub(u64::from(is_live));
        let removed = part(self.removed).min(room);
        let wasted = part(self.useless_bytes().min(self.bytes)).min(room - removed);
        Stack {
            base: 0,
            live: share - removed - wasted,
            wasted,
            removed,
        }
    }

    /// Returns the size as the row shows it: with a minus what is gone, where that is more than what is there.
    pub fn size(&self, projection: &Projection, look: Look) -> String {
        if self.is_mostly_removed() {
            return format!("-{}", look.units.size(self.removed));
        }
        let size = look.units.size(self.bytes);
        match self.kind {
            None => "-".into(),
            _ if projection.is_counted_elsewhere(self.path) => "-".into(),
            Some(EntryKind::Dir) if self.bytes == 0 => "-".into(),
            _ if self.mark.is_gone() && self.bytes > 0 => format!("-{size}"),
            Some(EntryKind::File | EntryKind::Hardlink | EntryKind::Dir) => size,
            Some(_) => "-".into(),
        }
    }

    /// Returns what else there is to say, the most important first, escaped.
    pub fn notes(&self, tree: &MergedTree, projection: &Projection, look: Look) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(version) = self.version {
            notes.extend(self.link(tree, version, projection, look));
        }
        if self.is_useless() {
            notes.push(since(self.useless));
        }
        if self.mark == Mark::Opaque {
            let hidden = look.units.size(self.removed);
            notes.push(format!("opaque: hides {hidden}"));
        }
        match projection.scope() {
            Scope::Merged => {}
            Scope::Layer(layer) | Scope::Accumulated(layer) => {
                notes.extend(self.difference(tree, layer, look));
            }
        }
        notes
    }

    fn link(
        &self,
        tree: &MergedTree,
        version: Version,
        projection: &Projection,
        look: Look,
    ) -> Option<String> {
        let target = || tree.layer(version.layer).link(version.node);
        match self.kind? {
            EntryKind::Symlink => target().map(|target| format!("-> {}", look.shown(target))),
            EntryKind::Hardlink => target().map(|target| format!("H /{}", look.shown(target))),
            EntryKind::File if projection.is_linked(self.path) => Some("H".into()),
            EntryKind::CharDevice | EntryKind::BlockDevice => self.meta.map(|meta| {
                let (major, minor) = meta.device;
                format!("device {major},{minor}")
            }),
            EntryKind::Fifo => Some("pipe".into()),
            EntryKind::Socket => Some("socket".into()),
            _ => None,
        }
    }

    /// Says what there was before.
    fn difference(&self, tree: &MergedTree, layer: LayerIndex, look: Look) -> Option<String> {
        if self.mark.is_gone() {
            return Some(match self.version {
                Some(version) => format!("was L{}", version.layer),
                None => "whiteout of nothing".into(),
            });
        }
        if matches!(self.mark, Mark::Unchanged | Mark::Added | Mark::Opaque) {
            return None;
        }
        let before = previous(tree, self.path, layer)?;
        let from = before.layer;
        let old_kind = tree.layer(before.layer).kind(before.node);
        match self.mark {
            Mark::Repeated => Some(format!("same as L{from}")),
            Mark::Modified
                if self
                    .kind
                    .is_some_and(|kind| kind.is_file() != old_kind.is_file()) =>
            {
                Some(format!("was {} of L{from}", old_kind.as_str()))
            }
            Mark::Modified if old_kind.is_file() => {
                let size = look.units.size(length(tree, before));
                Some(format!("was L{from} {size}"))
            }
            Mark::Modified => Some(format!("was L{from}")),
            _ => Some(self.metadata_difference(tree, before)),
        }
    }

    fn metadata_difference(&self, tree: &MergedTree, before: Version) -> String {
        let (Some(new), Some(old)) = (self.meta, meta(tree, self.path, before)) else {
            return format!("was L{}", before.layer);
        };
        let mut words = Vec::new();
        if new.mode != old.mode {
            words.push(format!("{:04o}>{:04o}", old.mode, new.mode));
        }
        if (new.uid, new.gid) != (old.uid, old.gid) {
            words.push(format!("{}:{}>{}:{}", old.uid, old.gid, new.uid, new.gid));
        }
        if words.is_empty() && new.mtime != old.mtime {
            words.push("mtime".into());
        }
        if words.is_empty() {
            words.push("attributes".into());
        }
        words.join(" ")
    }
}

/// Says which layers made something useless.
fn since(useless: Option<Useless>) -> String {
    match useless.map(|useless| useless.since) {
        Some([low, high]) if low < high => format!("useless since L{low}-{high}"),
        Some([low, _]) => format!("useless since L{low}"),
        None => String::new(),
    }
}

/// Returns what a layer replaced at a path: the last version below it, where that was visible.
pub fn previous(tree: &MergedTree, path: PathId, layer: LayerIndex) -> Option<Version> {
    let below = tree.versions(path).iter().rev();
    below
        .copied()
        .find(|version| version.layer < layer && version.change != Change::Dangling)
        .filter(|version| version.is_visible())
}

impl TreePane {
    /// Returns what the row of the cursor shows.
    pub fn shown(&self, subject: &Subject) -> Option<Shown> {
        let projection = self.projection.as_ref()?;
        Some(Shown::of(subject.tree(), projection, self.path()))
    }

    /// Returns the full path of the cursor, escaped, and what is known about it, the most important first.
    pub fn standing(&self, subject: &Subject, look: Look) -> Standing {
        let path = look.shown(&subject.tree().path(self.path()));
        let path = format!("/{path}");
        let (Some(shown), Some(projection)) = (self.shown(subject), &self.projection) else {
            return Standing::of_path(path, Vec::new());
        };
        let mut facts = vec![shown.size(projection, look)];
        if let Some(meta) = shown.meta {
            facts.push(format!("{:04o} {}:{}", meta.mode, meta.uid, meta.gid));
        }
        facts.extend(origin(projection, shown));
        if shown.is_directory() {
            facts.push(files(u64::from(shown.files)));
        }
        if shown.removed > 0 {
            let removed = look.units.size(shown.removed);
            facts.push(format!("{removed} deleted"));
        }
        if let Some(useless) = shown.useless {
            let size = |bytes| look.units.size(bytes);
            if !shown.is_useless() && shown.useless_bytes() > 0 {
                let bytes = size(useless.bytes);
                facts.push(format!("{bytes} of it {}", since(shown.useless)));
            }
            if useless.replaced_bytes > 0 && !shown.mark.is_gone() {
                facts.push(format!("makes {} useless", size(useless.replaced_bytes)));
            }
        }
        if shown.is_mostly_removed() && shown.bytes > 0 {
            facts.push(format!("{} stored", look.units.size(shown.bytes)));
        }
        facts.extend(shown.notes(subject.tree(), projection, look));
        Standing::of_path(path, facts)
    }
}

/// Says which layers a row is owed to.
fn origin(projection: &Projection, shown: Shown) -> Option<String> {
    let done = match shown.mark {
        Mark::Unchanged => "",
        Mark::Added => " added",
        Mark::Modified => " modified",
        Mark::Touched => " metadata",
        Mark::Repeated => " stored again",
        Mark::Removed => " deleted",
        Mark::Hidden => " hidden",
        Mark::Opaque => " opaque",
    };
    layers(projection, shown.path).map(|layers| format!("{layers}{done}"))
}

/// Returns `L2` or `L1-3`: what provides something at or below a path.
pub fn layers(projection: &Projection, path: PathId) -> Option<String> {
    let (low, high) = projection.layers(path)?;
    Some(if low == high {
        format!("L{low}")
    } else {
        format!("L{low}-{high}")
    })
}
