//! From rows in stored order to a frozen tree: sort, decide between entries of one name, resolve hard links,
//! put the nodes in breadth-first order.
//!
//! The last entry of a name wins. A file that comes behind a directory of its name buries what was below it;
//! an entry below something that is no directory turns that into one. A marker makes the directories on the way to
//! it, but hides nothing of its own layer, wherever it stands (podman, umoci). Position in the archive is the row
//! number, since rows are only ever appended.

use std::collections::HashMap;
use std::mem::take;
use std::ops::Range;

use super::build::{ROOT, TreeBuilder};
use super::file_tree::{BELOW, FileTree, Node, NodeId, Shadowed, flag};
use super::headers::Headers;
use crate::error::{Warning, WarningCode};
use crate::layer::{Completeness, EntryKind, EntrySink as _};
use crate::path;

impl FileTree {
    /// Returns the tree that stands for a layer nobody has read yet: a root that no entry lists.
    pub fn unread() -> Self {
        TreeBuilder::new("").freeze(Completeness::Partial)
    }
}

impl TreeBuilder {
    /// Freezes the tree. Cost is that of sorting every directory's names.
    pub fn freeze(mut self, completeness: Completeness) -> FileTree {
        // Everything that only building needs goes before the sort takes its memory.
        self.attribute_ids = HashMap::default();
        self.xattr_ids = HashMap::default();
        self.texts.shrink_to_fit();
        self.rows.shrink_to_fit();
        let mut freeze = Freeze::of(self);
        if freeze.sort() {
            freeze.decide();
        }
        freeze.resolve_links();
        freeze.vacate();
        let order = freeze.breadth_first();
        freeze.finish(order, completeness)
    }
}

/// A tree that is being frozen.
struct Freeze {
    builder: TreeBuilder,
    /// Rows by parent, sorted by name, whiteouts first, and then by position.
    sorted: Vec<u32>,
    /// Where the rows below each row begin in `sorted`, and where the last end.
    starts: Vec<u32>,
    /// Rows that lost against a later row of the same name: loser to winner.
    losers: HashMap<u32, u32>,
    /// Files that took the place of a directory: file to directory, whose children hang below the file now.
    buried: HashMap<u32, u32>,
    /// Losers whose data lives on in a link: loser to that link.
    promoted: HashMap<u32, u32>,
    /// When directories were made to exist last; only while names are decided.
    events: Events,
    /// Directories whose rows are buried that are older than this; only while names are decided.
    cuts: HashMap<u32, u32>,
}

/// When a row was stored. Directories listed again have no row of their own: their time lies between two rows.
const fn time_of_row(row: u32) -> u32 {
    2 * row + 1
}

/// When something happened that found `rows` rows stored.
const fn time_between(rows: u32) -> u32 {
    2 * rows
}

/// When a marker was stored, as far as anybody asks: its position never matters.
const MARKED: u32 = u32::MAX - 1;

/// For every directory the time of the last thing that makes it exist.
#[derive(Default)]
struct Events {
    /// Entries and markers.
    any: Vec<u32>,
    /// Entries alone; 0 for a directory that only markers make.
    entries: Vec<u32>,
}

impl Freeze {
    fn of(builder: TreeBuilder) -> Self {
        Self {
            sorted: vec![0; builder.rows.len() - 1],
            starts: vec![0; builder.rows.len() + 1],
            builder,
            losers: HashMap::new(),
            buried: HashMap::new(),
            promoted: HashMap::new(),
            events: Events::default(),
            cuts: HashMap::new(),
        }
    }

    fn row(&self, row: u32) -> &Node {
        &self.builder.rows[row as usize]
    }

    fn row_mut(&mut self, row: u32) -> &mut Node {
        &mut self.builder.rows[row as usize]
    }

    fn kind(&self, row: u32) -> EntryKind {
        self.row(row).kind()
    }

    /// Returns where the rows below a row are in `sorted`.
    fn below(&self, parent: u32) -> Range<usize> {
        let parent = parent as usize;
        self.starts[parent] as usize..self.starts[parent + 1] as usize
    }

    /// Sorts rows by parent and name; returns whether a name occurs twice.
    fn sort(&mut self) -> bool {
        let (rows, starts) = (&self.builder.rows, &mut self.starts);
        for row in &rows[1..] {
            starts[row.parent as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        // Filling moves every start to its bucket's end, which is the next bucket's start: shift back after.
        for (id, row) in (0u32..).zip(rows).skip(1) {
            let slot = &mut starts[row.parent as usize];
            self.sorted[*slot as usize] = id;
            *slot += 1;
        }
        starts.rotate_right(1);
        starts[0] = 0;
        let mut has_repeats = false;
        for bounds in starts.windows(2) {
            let bucket = &mut self.sorted[bounds[0] as usize..bounds[1] as usize];
            has_repeats |= sort_by_name(&self.builder, bucket);
        }
        has_repeats
    }

    /// Decides every group of rows with one name. Directories come before their children in row order, so one
    /// pass downwards passes on from where everything is buried.
    fn decide(&mut self) {
        self.events = self.last_events();
        for directory in 0..u32::try_from(self.builder.rows.len()).unwrap_or(u32::MAX) {
            if self.kind(directory) != EntryKind::Dir {
                continue;
            }
            let cut = self.cuts.get(&directory).copied().unwrap_or(0);
            let Range { mut start, end } = self.below(directory);
            while start < end {
                let rows = &self.sorted[start..end];
                let name = self.builder.row_name(rows[0]);
                let is_same = |row: &&u32| self.builder.row_name(**row) == name;
                let length = rows.iter().take_while(is_same).count();
                for at in start..start + length {
                    if cut > 0 {
                        self.bury(self.sorted[at], cut);
                    }
                }
                if length > 1 {
                    self.decide_group(start..start + length);
                }
                start += length;
            }
        }
        self.events = Events::default();
        self.cuts = HashMap::new();
    }

    /// Returns when a directory was last listed or marked; for anything else when it was stored.
    fn last_listing(&self, row: u32) -> u32 {
        let again = self.builder.listed_again.get(&row).copied();
        again.map_or(time_of_row(row), time_between)
    }

    fn last_events(&self) -> Events {
        let rows = &self.builder.rows;
        let is_entry = |row: &Node| row.kind() != EntryKind::Whiteout && !row.has(flag::IMPLIED);
        let time = |(id, row)| if is_entry(row) { time_of_row(id) } else { 0 };
        let mut entries: Vec<u32> = (0u32..).zip(rows).map(time).collect();
        for (&row, &position) in &self.builder.listed_again {
            entries[row as usize] = time_between(position);
        }
        let mut any = entries.clone();
        for (event, row) in any.iter_mut().zip(rows) {
            if row.kind() == EntryKind::Whiteout {
                *event = MARKED;
            }
        }
        for &row in &self.builder.marked {
            any[row as usize] = MARKED;
        }
        for (id, row) in rows.iter().enumerate().skip(1).rev() {
            let parent = row.parent as usize;
            for events in [&mut any, &mut entries] {
                events[parent] = events[parent].max(events[id]);
            }
        }
        Events { any, entries }
    }

    /// Marks a row that an ancestor's replacement buried.
    fn bury(&mut self, row: u32, cut: u32) {
        match self.kind(row) {
            EntryKind::Whiteout => {}
            EntryKind::Dir => {
                if self.last_listing(row) < cut {
                    let is_marked = self.builder.marked.contains(&row);
                    let node = self.row_mut(row);
                    make_implied(node);
                    node.packed |= if is_marked { flag::OPAQUE } else { 0 };
                }
                if self.events.any[row as usize] < cut {
                    self.row_mut(row).packed |= flag::DEAD;
                }
                self.cut(row, cut);
            }
            _ if time_of_row(row) < cut => self.row_mut(row).packed |= flag::DEAD,
            _ => {}
        }
    }

    fn cut(&mut self, directory: u32, time: u32) {
        let cut = self.cuts.entry(directory).or_default();
        *cut = (*cut).max(time);
    }

    fn decide_group(&mut self, group: Range<usize>) {
        // A copy: names that repeat are few, and what is decided is written to the tree.
        let rows = self.sorted[group].to_vec();
        let group = SameName::of(&self.builder, &rows);
        let Some(winner) = self.winner(&group) else {
            return;
        };
        for &row in &rows {
            if row != winner && Some(row) != group.directory {
                self.losers.insert(row, winner);
            }
        }
        if group.whiteout.is_some_and(|row| row != winner) {
            self.row_mut(winner).packed |= flag::WHITED_OUT;
        }
        let Some(directory) = group.directory else {
            return;
        };
        if winner != directory {
            // Not even markers bring back what is in it. Its children hang below what took its place.
            self.cuts.insert(directory, u32::MAX);
            self.buried.insert(winner, directory);
            self.losers.insert(directory, winner);
            self.row_mut(directory).packed |= flag::DEAD;
        } else if let Some(other) = group.other {
            self.cut(directory, time_of_row(other));
            self.outlive(directory, other);
        }
    }

    fn winner(&self, group: &SameName) -> Option<u32> {
        // One that an ancestor's replacement buried does not exist.
        let event = |row: u32| self.events.entries[row as usize];
        let exists = |row: u32| event(row) > 0 && !self.row(row).has(flag::DEAD);
        match (group.directory, group.other) {
            (Some(directory), Some(other))
                if event(directory) > time_of_row(other) && exists(directory) =>
            {
                Some(directory)
            }
            (_, Some(other)) => Some(other),
            (Some(directory), None) if group.whiteout.is_none() || exists(directory) => {
                Some(directory)
            }
            _ => group.whiteout.or(group.dead),
        }
    }

    /// Notes that a directory stays although something else had its name for a while.
    fn outlive(&mut self, directory: u32, other: u32) {
        if self.last_listing(directory) < time_of_row(other) {
            let node = self.row_mut(directory);
            let kept = node.packed & (flag::OPAQUE | flag::WHITED_OUT);
            make_implied(node);
            node.packed |= kept;
        }
        let path = self.builder.shown_path(directory);
        self.builder.warn(Warning::new(
            WarningCode::ParentNotDirectory,
            format!("{path} is a directory and something else in one layer; the later wins"),
        ));
    }

    /// Finds the data of every hard link, and lets every name of an inode say what its headers said.
    fn resolve_links(&mut self) {
        let mut headers = Headers::default();
        for at in 0..self.builder.links.len() {
            let link = self.builder.links[at];
            match (self.kind(link), self.row(link).content) {
                (EntryKind::Hardlink, BELOW) => {}
                (EntryKind::Hardlink, _) => self.resolve_link(link, &mut headers),
                // One that data went over to is done.
                _ => headers.note(link, link),
            }
        }
        headers.share(&mut self.builder);
        // Directories were looked up for the last time.
        self.builder.directories = hashbrown::HashTable::new();
    }

    fn resolve_link(&mut self, link: u32, headers: &mut Headers) {
        let is_lost = self.losers.contains_key(&link);
        let target = match self.find_target(link) {
            Target::Row(target) => target,
            Target::Foreign(last) => {
                // A link to a link that leads out of the layer leads there itself.
                if !is_lost && last != link {
                    self.copy_aim(link, last);
                    self.row_mut(link).content = self.row(last).content;
                }
                return;
            }
        };
        headers.note(target, link);
        // A link that lost its own name again keeps nothing alive.
        if is_lost {
            return;
        }
        if self.kind(target) == EntryKind::File {
            self.link_to(link, target);
        } else {
            // A second name of a symbolic link or device is another one just like it.
            self.copy_special(link, target);
            headers.note_name(link, target);
        }
        if let Some(&heir) = self.promoted.get(&target) {
            headers.note_name(heir, target);
        }
    }

    /// Follows a link to the row with the data: the last of that name before the link, else the first behind it.
    fn find_target(&self, link: u32) -> Target {
        const HOPS: usize = 64;
        let mut at = link;
        for _ in 0..HOPS {
            let Some(target) = self.named_row(at) else {
                return Target::Foreign(at);
            };
            let row = self.row(target);
            match (row.kind(), row.content) {
                (EntryKind::Hardlink, BELOW) => return Target::Foreign(target),
                (EntryKind::Hardlink, _) => {}
                _ => return Target::Row(target),
            }
            if let Ok(known) = u32::try_from(row.content) {
                return Target::Row(known);
            }
            at = target;
        }
        Target::Foreign(link)
    }

    fn named_row(&self, link: u32) -> Option<u32> {
        let builder = &self.builder;
        let target = path::ImagePath::new(builder.row_link(link))?;
        let parent = target
            .parent()
            .components()
            .try_fold(ROOT, |parent, name| builder.find_directory(parent, name))?;
        // Markers come first in a group, what is left is in stored order and has one directory at most: a group may be
        // long, and so may the list of links to it.
        let group = self.group(parent, target.name());
        let markers = group.partition_point(|&row| self.kind(row) == EntryKind::Whiteout);
        let group = &group[markers..];
        let middle = group.partition_point(|&row| row < link);
        let is_target = |row: &u32| *row != link && self.kind(*row) != EntryKind::Dir;
        let before = group[..middle].iter().copied().rfind(is_target);
        // What a device removes later is still there for the link.
        let is_kept = |row: &u32| is_target(row) && !builder.vacated.contains(row);
        before.or_else(|| group[middle..].iter().copied().find(is_kept))
    }

    /// Returns the rows of one name.
    fn group(&self, parent: u32, name: &[u8]) -> &[u32] {
        let bucket = &self.sorted[self.below(parent)];
        let start = bucket.partition_point(|&row| self.builder.row_name(row) < name);
        let rest = &bucket[start..];
        &rest[..rest.partition_point(|&row| self.builder.row_name(row) == name)]
    }

    /// Joins a link to a file's data. Data whose own row lost its name goes over to a link: to the one that took the
    /// name, if it is a link to this very data, else to the first.
    fn link_to(&mut self, link: u32, file: u32) {
        let keeper = match (self.losers.get(&file), self.promoted.get(&file)) {
            (None, _) => file,
            (Some(_), Some(&keeper)) => keeper,
            (Some(&winner), None) => {
                let keeper = if self.leads_to(winner, file) {
                    winner
                } else {
                    link
                };
                self.promoted.insert(file, keeper);
                let data = *self.row(file);
                let row = self.row_mut(keeper);
                row.size = data.size;
                row.content = data.content;
                row.offset = data.offset;
                row.packed =
                    row.packed & !flag::KIND | EntryKind::File as u32 | data.packed & flag::HASHED;
                keeper
            }
        };
        if keeper != link {
            self.row_mut(link).content = u64::from(keeper);
            self.row_mut(keeper).packed |= flag::LINKED;
        }
    }

    fn leads_to(&self, link: u32, file: u32) -> bool {
        self.kind(link) == EntryKind::Hardlink
            && matches!(self.find_target(link), Target::Row(row) if row == file)
    }

    fn copy_special(&mut self, link: u32, target: u32) {
        if self.kind(target) == EntryKind::Symlink {
            self.copy_aim(link, target);
        }
        if self.builder.vacated.contains(&target) {
            self.builder.vacated.insert(link);
        }
        let kind = self.kind(target);
        let row = self.row_mut(link);
        row.packed = row.packed & !flag::KIND | kind as u32;
        row.content = 0;
    }

    /// Lets a row name what another one names as the target of its link.
    fn copy_aim(&mut self, row: u32, other: u32) {
        let name = self.builder.row_name(row).to_vec();
        let aim = self.builder.row_link(other).to_vec();
        self.row_mut(row).text = self.builder.push_text(&name, Some(&aim));
    }

    /// Makes whiteouts of devices that took their names like any entry.
    fn vacate(&mut self) {
        for row in take(&mut self.builder.vacated) {
            let node = self.row_mut(row);
            if !node.has(flag::DEAD) {
                node.packed = node.packed & !flag::KIND | EntryKind::Whiteout as u32;
            }
        }
    }

    /// Returns the rows in breadth-first order and gives every row its first child's place in it.
    fn breadth_first(&mut self) -> Vec<u32> {
        let mut order = Vec::with_capacity(self.builder.rows.len());
        order.push(ROOT);
        let mut at = 0;
        while at < order.len() {
            let row = order[at];
            self.row_mut(row).first_child = u32::try_from(order.len()).unwrap_or(u32::MAX);
            let directory = self.buried.get(&row).copied().unwrap_or(row);
            if self.kind(directory) == EntryKind::Dir {
                let children = self.sorted[self.below(directory)].iter().copied();
                if self.losers.is_empty() {
                    order.extend(children);
                } else {
                    order.extend(children.filter(|child| !self.losers.contains_key(child)));
                }
            }
            at += 1;
        }
        self.sorted = Vec::new();
        self.starts = Vec::new();
        order
    }

    fn finish(mut self, mut order: Vec<u32>, completeness: Completeness) -> FileTree {
        let mut rows = take(&mut self.builder.rows);
        let mut places = vec![u32::MAX; rows.len()];
        for (place, &row) in (0u32..).zip(&order) {
            places[row as usize] = place;
        }
        let shadowed = self.shadowed(&rows, &places);
        let mut foreign_links = Vec::new();
        for id in 1..rows.len() {
            // Children of a buried directory hang below what buried it.
            rows[id].parent = self.survivor(rows[id].parent, &places).0;
            if rows[id].kind() == EntryKind::Hardlink && places[id] != u32::MAX {
                match u32::try_from(rows[id].content) {
                    Ok(file) => rows[id].content = u64::from(places[file as usize]),
                    Err(_) => foreign_links.push(NodeId(places[id])),
                }
            }
        }
        foreign_links.sort_unstable();
        let kept = order.len();
        // Losers go behind the end, where they are cut off.
        let lost = (0u32..).zip(&places);
        let lost = lost.filter(|&(_, &place)| place == u32::MAX);
        order.extend(lost.map(|(row, _)| row));
        drop(places);
        let mut nanos = take(&mut self.builder.nanos);
        if !nanos.is_empty() {
            nanos.resize(rows.len(), 0);
            let kept = order[..kept].iter();
            nanos = kept.map(|&row| nanos[row as usize]).collect();
        }
        permute(&mut rows, &mut order);
        rows.truncate(kept);
        rows.shrink_to_fit();
        let builder = self.builder;
        FileTree {
            nodes: rows,
            texts: builder.texts,
            attributes: builder.attributes,
            xattr_sets: builder.xattr_sets,
            nanos,
            shadowed,
            foreign_links,
            has_links: !builder.links.is_empty(),
            has_moves: builder.has_moves,
            entries: builder.entries,
            content_bytes: builder.content_bytes,
            completeness,
            warnings: builder.warnings.into_vec(),
        }
    }

    /// Returns the node that a row became, or the one that won against it.
    fn survivor(&self, row: u32, places: &[u32]) -> NodeId {
        NodeId(places[self.losers.get(&row).copied().unwrap_or(row) as usize])
    }

    fn shadowed(&self, rows: &[Node], places: &[u32]) -> Vec<Shadowed> {
        let losers = self.losers.iter();
        let mut shadowed: Vec<Shadowed> = losers
            .filter(|(loser, _)| !self.promoted.contains_key(loser))
            .map(|(&loser, &winner)| Shadowed {
                node: self.survivor(winner, places),
                size: rows[loser as usize].size,
            })
            .filter(|shadowed| shadowed.size > 0)
            .collect();
        shadowed.sort_unstable_by_key(|shadowed| (shadowed.node, shadowed.size));
        shadowed
    }
}

/// The rows of one name, by what they are.
struct SameName {
    directory: Option<u32>,
    /// The last that is neither directory nor whiteout, and was not buried.
    other: Option<u32>,
    whiteout: Option<u32>,
    /// The last that was buried and is no directory.
    dead: Option<u32>,
}

impl SameName {
    fn of(builder: &TreeBuilder, rows: &[u32]) -> Self {
        let mut found = Self {
            directory: None,
            other: None,
            whiteout: None,
            dead: None,
        };
        for &id in rows {
            let row = &builder.rows[id as usize];
            let is_dead = row.has(flag::DEAD);
            match row.kind() {
                EntryKind::Dir => found.directory = found.directory.or(Some(id)),
                EntryKind::Whiteout => found.whiteout = Some(id),
                _ if !is_dead => found.other = Some(id),
                _ => {}
            }
            if is_dead && row.kind() != EntryKind::Dir {
                found.dead = Some(id);
            }
        }
        found
    }
}

/// Where a hard link leads.
enum Target {
    /// To this row, which is no hard link.
    Row(u32),
    /// Out of the layer: to what this link names.
    Foreign(u32),
}

/// Sorts a bucket; returns whether a name occurs twice.
fn sort_by_name(builder: &TreeBuilder, bucket: &mut [u32]) -> bool {
    let name = |row: u32| builder.row_name(row);
    // Most writers sort already; then one pass of comparisons is all.
    if bucket.windows(2).all(|pair| name(pair[0]) < name(pair[1])) {
        return false;
    }
    // Stable, so that equal names stay in stored order; and it finds the sorted runs most buckets consist of.
    let is_entry = |row: u32| builder.rows[row as usize].kind() != EntryKind::Whiteout;
    bucket.sort_by(|&left, &right| {
        let by_name = name(left).cmp(name(right));
        by_name.then_with(|| is_entry(left).cmp(&is_entry(right)))
    });
    bucket.windows(2).any(|pair| name(pair[0]) == name(pair[1]))
}

/// Forgets what a directory's entry said; its text, position and parent stay.
fn make_implied(node: &mut Node) {
    node.packed = EntryKind::Dir as u32 | flag::IMPLIED;
    node.mtime = 0;
}

/// Moves `rows[order[i]]` to `i`, in place: a second copy of a million nodes would be the peak of memory.
fn permute(rows: &mut [Node], order: &mut [u32]) {
    for start in 0..rows.len() {
        if order[start] as usize == start {
            continue;
        }
        let first = rows[start];
        let mut at = start;
        loop {
            let from = order[at] as usize;
            order[at] = u32::try_from(at).unwrap_or(u32::MAX);
            if from == start {
                rows[at] = first;
                break;
            }
            rows[at] = rows[from];
            at = from;
        }
    }
}
