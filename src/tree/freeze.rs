//! From rows in stored order to a frozen tree: sort, decide between entries of one name, resolve hard links,
//! put the nodes in breadth-first order.
//!
//! The last entry of a name wins. A file that comes behind a directory of its name buries what was below it;
//! an entry below something that is no directory turns that into one. A marker makes the directories on the way to
//! it, but hides nothing of its own layer, wherever it stands (podman, umoci). Position in the archive is the row
//! number, since rows are only ever appended.

use std::collections::HashMap;

use super::build::{ROOT, TreeBuilder};
use super::file_tree::{BELOW, Node, NodeId, Shadowed, flag};
use crate::error::{Warning, WarningCode};
use crate::layer::{EntryKind, EntrySink as _};
use crate::path;

/// The parts of a frozen tree that settling decides.
pub(super) struct Settled {
    pub(super) nodes: Vec<Node>,
    pub(super) nanos: Vec<u32>,
    pub(super) shadowed: Vec<Shadowed>,
    pub(super) foreign_links: Vec<NodeId>,
}

/// Rows by parent, sorted by name, whiteouts first, and then by position.
struct Buckets {
    order: Vec<u32>,
    starts: Vec<u32>,
}

impl Buckets {
    fn of(&self, parent: u32) -> &[u32] {
        let parent = parent as usize;
        &self.order[self.starts[parent] as usize..self.starts[parent + 1] as usize]
    }

    /// Returns the rows of one name.
    fn group(&self, builder: &TreeBuilder, parent: u32, name: &[u8]) -> &[u32] {
        let bucket = self.of(parent);
        let start = bucket.partition_point(|&row| builder.row_name(row) < name);
        let rest = &bucket[start..];
        &rest[..rest.partition_point(|&row| builder.row_name(row) == name)]
    }
}

/// What the entries of repeated names amount to.
#[derive(Default)]
struct Conflicts {
    /// Rows that lost against a later row of the same name: loser to winner.
    losers: HashMap<u32, u32>,
    /// Files that took the place of a directory: file to directory, whose children hang below the file now.
    buried: HashMap<u32, u32>,
}

pub(super) fn settle(builder: &mut TreeBuilder) -> Settled {
    let (buckets, has_repeats) = bucket(builder);
    let conflicts = if has_repeats {
        decide(builder, &buckets)
    } else {
        Conflicts::default()
    };
    let promoted = resolve_links(builder, &buckets, &conflicts);
    // Directories were looked up for the last time.
    builder.directories = hashbrown::HashTable::new();
    let order = breadth_first(builder, buckets, &conflicts);
    freeze(builder, order, &conflicts, &promoted)
}

fn bucket(builder: &TreeBuilder) -> (Buckets, bool) {
    let rows = &builder.rows;
    let mut starts = vec![0u32; rows.len() + 1];
    for row in &rows[1..] {
        starts[row.parent as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let mut order = vec![0u32; rows.len() - 1];
    // Filling moves every start to its bucket's end, which is the next bucket's start: shift back after.
    for (id, row) in (0u32..).zip(rows).skip(1) {
        let slot = &mut starts[row.parent as usize];
        order[*slot as usize] = id;
        *slot += 1;
    }
    starts.rotate_right(1);
    starts[0] = 0;
    let mut has_repeats = false;
    for bounds in starts.windows(2) {
        let bucket = &mut order[bounds[0] as usize..bounds[1] as usize];
        has_repeats |= sort_by_name(builder, bucket);
    }
    (Buckets { order, starts }, has_repeats)
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

/// Decides every group of rows with one name. Directories come before their children in row order, so one
/// pass downwards passes on from where everything is buried.
fn decide(builder: &mut TreeBuilder, buckets: &Buckets) -> Conflicts {
    let mut conflicts = Conflicts::default();
    let events = last_events(builder);
    // Rows below a directory that are older than its cut are buried.
    let mut cuts: HashMap<u32, u32> = HashMap::new();
    for directory in 0..u32::try_from(builder.rows.len()).unwrap_or(u32::MAX) {
        if builder.rows[directory as usize].kind() != EntryKind::Dir {
            continue;
        }
        let cut = cuts.get(&directory).copied().unwrap_or(0);
        let bucket = buckets.of(directory);
        let mut start = 0;
        while start < bucket.len() {
            let name = builder.row_name(bucket[start]);
            let length = bucket[start..]
                .iter()
                .take_while(|&&row| builder.row_name(row) == name)
                .count();
            let group = &bucket[start..start + length];
            start += length;
            if cut > 0 {
                bury(builder, group, cut, &events.any, &mut cuts);
            }
            if length > 1 {
                decide_group(builder, group, &events.entries, &mut cuts, &mut conflicts);
            }
        }
    }
    conflicts
}

/// When a row was stored. Directories listed again have no row of their own: their time lies between two rows.
const fn time_of_row(row: u32) -> u32 {
    2 * row + 1
}

/// When something happened that found `rows` rows stored.
const fn time_between(rows: u32) -> u32 {
    2 * rows
}

/// Returns when a directory was last listed or marked; for anything else when it was stored.
fn last_listing(builder: &TreeBuilder, row: u32) -> u32 {
    let again = builder.listed_again.get(&row).copied();
    again.map_or(time_of_row(row), time_between)
}

/// When a marker was stored, as far as anybody asks: its position never matters.
const MARKED: u32 = u32::MAX - 1;

/// For every directory the time of the last thing that makes it exist.
struct Events {
    /// Entries and markers.
    any: Vec<u32>,
    /// Entries alone; 0 for a directory that only markers make.
    entries: Vec<u32>,
}

fn last_events(builder: &TreeBuilder) -> Events {
    let is_entry = |row: &Node| row.kind() != EntryKind::Whiteout && !row.has(flag::IMPLIED);
    let rows = (0u32..).zip(&builder.rows);
    let time = |(id, row)| if is_entry(row) { time_of_row(id) } else { 0 };
    let mut entries: Vec<u32> = rows.map(time).collect();
    for (&row, &position) in &builder.listed_again {
        entries[row as usize] = time_between(position);
    }
    let mut any = entries.clone();
    for (event, row) in any.iter_mut().zip(&builder.rows) {
        if row.kind() == EntryKind::Whiteout {
            *event = MARKED;
        }
    }
    for &row in &builder.marked {
        any[row as usize] = MARKED;
    }
    for id in (1..builder.rows.len()).rev() {
        let parent = builder.rows[id].parent as usize;
        for events in [&mut any, &mut entries] {
            events[parent] = events[parent].max(events[id]);
        }
    }
    Events { any, entries }
}

/// Marks what an ancestor's replacement buried.
fn bury(
    builder: &mut TreeBuilder,
    group: &[u32],
    cut: u32,
    events: &[u32],
    cuts: &mut HashMap<u32, u32>,
) {
    for &row in group {
        let listed = last_listing(builder, row);
        let is_marked = builder.marked.contains(&row);
        let node = &mut builder.rows[row as usize];
        match node.kind() {
            EntryKind::Whiteout => {}
            EntryKind::Dir => {
                if listed < cut {
                    make_implied(node);
                    node.packed |= if is_marked { flag::OPAQUE } else { 0 };
                }
                if events[row as usize] < cut {
                    node.packed |= flag::DEAD;
                }
                let inherited = cuts.entry(row).or_default();
                *inherited = (*inherited).max(cut);
            }
            _ if time_of_row(row) < cut => node.packed |= flag::DEAD,
            _ => {}
        }
    }
}

/// Forgets what a directory's entry said; its text, position and parent stay.
fn make_implied(node: &mut Node) {
    node.packed = EntryKind::Dir as u32 | flag::IMPLIED;
    node.mtime = 0;
}

fn decide_group(
    builder: &mut TreeBuilder,
    group: &[u32],
    events: &[u32],
    cuts: &mut HashMap<u32, u32>,
    conflicts: &mut Conflicts,
) {
    let kind = |row: u32| builder.rows[row as usize].kind();
    let is_dead = |row: u32| builder.rows[row as usize].has(flag::DEAD);
    let directory = group
        .iter()
        .copied()
        .find(|&row| kind(row) == EntryKind::Dir);
    let is_other =
        |row: &u32| !matches!(kind(*row), EntryKind::Dir | EntryKind::Whiteout) && !is_dead(*row);
    let last_other = group.iter().copied().rfind(is_other);
    let whiteout = group
        .iter()
        .copied()
        .rfind(|&row| kind(row) == EntryKind::Whiteout);
    let dead = group
        .iter()
        .copied()
        .rfind(|&row| is_dead(row) && kind(row) != EntryKind::Dir);
    // One that an ancestor's replacement buried does not exist.
    let exists = |row: u32| events[row as usize] > 0 && !is_dead(row);
    let winner = match (directory, last_other) {
        (Some(directory), Some(other))
            if events[directory as usize] > time_of_row(other) && exists(directory) =>
        {
            directory
        }
        (_, Some(other)) => other,
        (Some(directory), None) if whiteout.is_none() || exists(directory) => directory,
        _ => match whiteout.or(dead) {
            Some(row) => row,
            None => return,
        },
    };
    for &row in group {
        if row != winner && Some(row) != directory {
            conflicts.losers.insert(row, winner);
        }
    }
    if whiteout.is_some_and(|row| row != winner) {
        builder.rows[winner as usize].packed |= flag::WHITED_OUT;
    }
    let Some(directory) = directory else { return };
    if winner != directory {
        // Not even markers bring back what is in it.
        cuts.insert(directory, u32::MAX);
        hang_below(directory, winner, builder, conflicts);
    } else if let Some(other) = last_other {
        let cut = cuts.entry(directory).or_default();
        *cut = (*cut).max(time_of_row(other));
        if last_listing(builder, directory) < time_of_row(other) {
            let opaque =
                builder.rows[directory as usize].packed & (flag::OPAQUE | flag::WHITED_OUT);
            make_implied(&mut builder.rows[directory as usize]);
            builder.rows[directory as usize].packed |= opaque;
        }
        builder.warn(Warning::new(
            WarningCode::ParentNotDirectory,
            format!(
                "{} is a directory and something else in one layer; the later wins",
                builder.shown_path(directory)
            ),
        ));
    }
}

/// Lets a directory's children hang below the row that took its place.
fn hang_below(directory: u32, winner: u32, builder: &mut TreeBuilder, conflicts: &mut Conflicts) {
    conflicts.buried.insert(winner, directory);
    conflicts.losers.insert(directory, winner);
    builder.rows[directory as usize].packed |= flag::DEAD;
}

/// Finds the data of every hard link. Returns losers whose data lives on in a link: loser to that link.
fn resolve_links(
    builder: &mut TreeBuilder,
    buckets: &Buckets,
    conflicts: &Conflicts,
) -> HashMap<u32, u32> {
    let mut promoted: HashMap<u32, u32> = HashMap::new();
    let mut headers = Headers::default();
    for link in builder.links.clone() {
        let row = &builder.rows[link as usize];
        if row.content == BELOW {
            continue;
        }
        // One that data went over to is done.
        if row.kind() != EntryKind::Hardlink {
            headers.push(link, link);
            continue;
        }
        let is_lost = conflicts.losers.contains_key(&link);
        let target = match find_target(builder, buckets, link) {
            Target::Row(target) => target,
            Target::Foreign(last) => {
                if !is_lost {
                    aim_like(builder, link, last);
                }
                continue;
            }
        };
        headers.push(target, link);
        // A link that lost its own name again keeps nothing alive.
        if is_lost {
            continue;
        }
        match builder.rows[target as usize].kind() {
            EntryKind::File => link_to(builder, buckets, (link, target), conflicts, &mut promoted),
            // A second name of a symbolic link or device is another one just like it.
            _ => copy_special(builder, link, target),
        }
        headers.note_heir(target, &promoted);
    }
    headers.share(builder);
    promoted
}

/// The headers that were stored for inodes with several names.
#[derive(Default)]
struct Headers {
    /// Inode, known by any of its rows, and row of the header; in stored order.
    stored: Vec<(u32, u32)>,
    /// The first row of an inode whose data went over to another: by that other.
    origins: HashMap<u32, u32>,
}

impl Headers {
    fn push(&mut self, inode: u32, link: u32) {
        self.stored.push((inode, link));
    }

    fn note_heir(&mut self, file: u32, promoted: &HashMap<u32, u32>) {
        if let Some(&heir) = promoted.get(&file) {
            self.origins.insert(heir, file);
        }
    }

    /// Lets every name of an inode say what its headers said one after the other.
    fn share(&self, builder: &mut TreeBuilder) {
        let first = |row: u32| self.origins.get(&row).copied().unwrap_or(row);
        for &(inode, link) in self
            .stored
            .iter()
            .filter(|&&(inode, link)| link > first(inode))
        {
            builder.take_header(first(inode), link);
        }
        for &(inode, link) in &self.stored {
            if link != first(inode) {
                builder.copy_metadata(first(inode), link);
            }
        }
    }
}

/// Where a hard link leads.
enum Target {
    /// To this row, which is no hard link.
    Row(u32),
    /// Out of the layer: to what this link names.
    Foreign(u32),
}

/// Follows a link to the row with the data: the last of that name before the link, else the first behind it.
fn find_target(builder: &TreeBuilder, buckets: &Buckets, link: u32) -> Target {
    const HOPS: usize = 64;
    let mut at = link;
    for _ in 0..HOPS {
        let Some(target) = named_row(builder, buckets, at) else {
            return Target::Foreign(at);
        };
        let row = &builder.rows[target as usize];
        match (row.kind(), row.content) {
            (EntryKind::Hardlink, BELOW) => return Target::Foreign(target),
            (EntryKind::Hardlink, _) => {}
            _ => return Target::Row(target),
        }
        if let Ok(known) = u32::try_from(builder.rows[target as usize].content) {
            return Target::Row(known);
        }
        at = target;
    }
    Target::Foreign(link)
}

/// Lets a link to a link that leads out of the layer lead there itself.
fn aim_like(builder: &mut TreeBuilder, link: u32, last: u32) {
    if link != last {
        let (name, aim) = (
            builder.row_name(link).to_vec(),
            builder.row_link(last).to_vec(),
        );
        builder.rows[link as usize].text = builder.push_text(&name, Some(&aim));
        builder.rows[link as usize].content = builder.rows[last as usize].content;
    }
}

fn named_row(builder: &TreeBuilder, buckets: &Buckets, link: u32) -> Option<u32> {
    let target = path::ImagePath::new(builder.row_link(link))?;
    let parent = target
        .parent()
        .components()
        .try_fold(ROOT, |parent, name| builder.find_directory(parent, name))?;
    // Markers come first in a group, what is left is in stored order and has one directory at most: a group may be
    // long, and so may the list of links to it.
    let group = buckets.group(builder, parent, target.name());
    let kind = |row: u32| builder.rows[row as usize].kind();
    let markers = group.partition_point(|&row| kind(row) == EntryKind::Whiteout);
    let group = &group[markers..];
    let middle = group.partition_point(|&row| row < link);
    let is_target = |row: &u32| *row != link && kind(*row) != EntryKind::Dir;
    let before = group[..middle].iter().copied().rfind(is_target);
    before.or_else(|| group[middle..].iter().copied().find(is_target))
}

/// Joins a link to a file's data. Data whose own row lost its name goes over to a link: to the one that took the
/// name, if it is a link to this very data, else to the first.
fn link_to(
    builder: &mut TreeBuilder,
    buckets: &Buckets,
    (link, file): (u32, u32),
    conflicts: &Conflicts,
    promoted: &mut HashMap<u32, u32>,
) {
    let keeper = match (conflicts.losers.get(&file), promoted.get(&file)) {
        (None, _) => file,
        (Some(_), Some(&keeper)) => keeper,
        (Some(&winner), None) => {
            let keeper = if leads_to(builder, buckets, winner, file) {
                winner
            } else {
                link
            };
            promoted.insert(file, keeper);
            let data = builder.rows[file as usize];
            let row = &mut builder.rows[keeper as usize];
            row.size = data.size;
            row.content = data.content;
            row.offset = data.offset;
            row.packed =
                row.packed & !flag::KIND | EntryKind::File as u32 | data.packed & flag::HASHED;
            keeper
        }
    };
    if keeper != link {
        builder.rows[link as usize].content = u64::from(keeper);
        builder.rows[keeper as usize].packed |= flag::LINKED;
    }
}

fn leads_to(builder: &TreeBuilder, buckets: &Buckets, link: u32, file: u32) -> bool {
    builder.rows[link as usize].kind() == EntryKind::Hardlink
        && matches!(find_target(builder, buckets, link), Target::Row(row) if row == file)
}

fn copy_special(builder: &mut TreeBuilder, link: u32, target: u32) {
    let kind = builder.rows[target as usize].kind();
    if kind == EntryKind::Symlink {
        let (name, aim) = (
            builder.row_name(link).to_vec(),
            builder.row_link(target).to_vec(),
        );
        builder.rows[link as usize].text = builder.push_text(&name, Some(&aim));
    }
    let row = &mut builder.rows[link as usize];
    row.packed = row.packed & !flag::KIND | kind as u32;
    row.content = 0;
}

/// Returns the rows in breadth-first order and gives every row its first child's place in it.
fn breadth_first(builder: &mut TreeBuilder, buckets: Buckets, conflicts: &Conflicts) -> Vec<u32> {
    let mut order = Vec::with_capacity(builder.rows.len());
    order.push(ROOT);
    let mut at = 0;
    while at < order.len() {
        let row = order[at];
        builder.rows[row as usize].first_child = u32::try_from(order.len()).unwrap_or(u32::MAX);
        let directory = conflicts.buried.get(&row).copied().unwrap_or(row);
        if builder.rows[directory as usize].kind() == EntryKind::Dir {
            let children = buckets.of(directory).iter().copied();
            if conflicts.losers.is_empty() {
                order.extend(children);
            } else {
                order.extend(children.filter(|child| !conflicts.losers.contains_key(child)));
            }
        }
        at += 1;
    }
    order
}

fn freeze(
    builder: &mut TreeBuilder,
    mut order: Vec<u32>,
    conflicts: &Conflicts,
    promoted: &HashMap<u32, u32>,
) -> Settled {
    let mut places = vec![u32::MAX; builder.rows.len()];
    for (place, &row) in (0u32..).zip(&order) {
        places[row as usize] = place;
    }
    let survivor =
        |row: u32| NodeId(places[conflicts.losers.get(&row).copied().unwrap_or(row) as usize]);
    let mut shadowed: Vec<Shadowed> = conflicts
        .losers
        .iter()
        .filter(|(loser, _)| !promoted.contains_key(loser))
        .map(|(&loser, &winner)| Shadowed {
            node: survivor(winner),
            size: builder.rows[loser as usize].size,
        })
        .filter(|shadowed| shadowed.size > 0)
        .collect();
    shadowed.sort_unstable_by_key(|shadowed| (shadowed.node, shadowed.size));
    let mut rows = std::mem::take(&mut builder.rows);
    let mut foreign_links = Vec::new();
    for id in 1..rows.len() {
        // Children of a buried directory hang below what buried it.
        rows[id].parent = survivor(rows[id].parent).0;
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
    order.extend(
        (0u32..)
            .zip(&places)
            .filter(|&(_, &place)| place == u32::MAX)
            .map(|(row, _)| row),
    );
    drop(places);
    let mut nanos = std::mem::take(&mut builder.nanos);
    if !nanos.is_empty() {
        nanos.resize(rows.len(), 0);
        nanos = order[..kept]
            .iter()
            .map(|&row| nanos[row as usize])
            .collect();
    }
    permute(&mut rows, &mut order);
    rows.truncate(kept);
    rows.shrink_to_fit();
    Settled {
        nodes: rows,
        nanos,
        shadowed,
        foreign_links,
    }
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
