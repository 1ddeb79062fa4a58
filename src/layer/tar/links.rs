//! Symbolic links that a layer has made so far: what comes behind them in the archive goes where they lead.
//!
//! Engines unpack a layer name by name into a directory that is the root for every link (containers/storage,
//! pkg/archive, `Unpack`; umoci, oci/layer; containerd, pkg/archive): a layer's own links are followed, inside the
//! root. Links of lower layers are no business of a layer's archive.
//!
//! A layer without links pays nothing. One with links pays for every directory that differs from that of the entry
//! before: a hash and a lookup for each of its components. Places are known by their hashes alone, whose seed no
//! author of an image knows.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use crate::layer::EntryKind;
use crate::limits;
use crate::path::ImagePath;

/// The links, by where they really are.
#[derive(Debug)]
pub(super) struct Links {
    seed: RandomState,
    made: HashMap<u64, Link>,
    /// Targets, each behind its length in two bytes.
    targets: Vec<u8>,
    /// Directories that ever had a link in them, at any depth.
    above: HashSet<u64>,
    /// Of those the ones that something else took the place of, and how many links were made before.
    buried: HashMap<u64, u32>,
    clock: u32,
    /// Bytes that may still be looked at to follow links.
    budget: u64,
    last: Option<Last>,
    way: Way,
}

#[derive(Debug, Clone, Copy)]
struct Link {
    /// Where its target begins in [`Links::targets`]; `None` where there was no room.
    target: Option<u32>,
    /// How many links were made before.
    made: u32,
}

/// The directory that was asked for last, as long as no link changes.
#[derive(Debug)]
struct Last {
    directory: Vec<u8>,
    lead: Lead,
    /// The hash of where it is.
    place: u64,
}

/// Where a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lead {
    /// Where its name says.
    Straight,
    /// Elsewhere: see [`Links::place`].
    Away,
    /// Nowhere: its links lead in a circle, or to one.
    Circle,
    /// Nobody knows: following its links takes more than a limit allows.
    TooFar,
}

/// A place and the hashes of all directories on the way to it.
#[derive(Debug, Default)]
struct Way {
    bytes: Vec<u8>,
    /// For every component where the one before ends, and the hash of the place up to here.
    steps: Vec<(usize, u64)>,
}

/// The hash of the root.
const ROOT: u64 = 0;

impl Way {
    fn clear(&mut self) {
        self.bytes.clear();
        self.steps.clear();
    }

    fn place(&self) -> u64 {
        self.steps.last().map_or(ROOT, |&(_, place)| place)
    }

    fn enter(&mut self, name: &[u8], seed: &RandomState) {
        let place = seed.hash_one((self.place(), name));
        self.steps.push((self.bytes.len(), place));
        if !self.bytes.is_empty() {
            self.bytes.push(b'/');
        }
        self.bytes.extend_from_slice(name);
    }

    /// Goes back to the parent; that of the root is the root.
    fn leave(&mut self) {
        let end = self.steps.pop().map_or(0, |(end, _)| end);
        self.bytes.truncate(end);
    }

    fn is_too_long(&self) -> bool {
        self.bytes.len() > limits::PATH_BYTES || self.steps.len() >= limits::PATH_DEPTH
    }
}

impl Links {
    pub(super) fn new() -> Self {
        Self {
            seed: RandomState::new(),
            made: HashMap::new(),
            targets: Vec::new(),
            above: HashSet::new(),
            buried: HashMap::new(),
            clock: 0,
            budget: limits::LINK_LOOKUP_BYTES,
            last: None,
            way: Way::default(),
        }
    }

    /// Says where a directory is. Free while there are no links, and nearly so for the same directory again.
    pub(super) fn lead(&mut self, directory: ImagePath<'_>) -> Lead {
        if self.made.is_empty() || directory.is_root() {
            return Lead::Straight;
        }
        let bytes = directory.as_bytes();
        if let Some(last) = self.last.as_ref().filter(|last| last.directory == bytes) {
            return last.lead;
        }
        let (lead, place) = match self.straight(directory) {
            Some(place) => (Lead::Straight, place),
            None => self.follow(bytes),
        };
        let mut last = self
            .last
            .take()
            .map_or_else(Vec::new, |last| last.directory);
        last.clear();
        last.extend_from_slice(bytes);
        self.last = Some(Last {
            directory: last,
            lead,
            place,
        });
        lead
    }

    /// Returns where the directory is that [`Links::lead`] has just called [`Lead::Away`].
    pub(super) fn place(&self) -> &[u8] {
        &self.way.bytes
    }

    /// Returns the hash of a directory on the way to which no links are.
    fn straight(&self, directory: ImagePath<'_>) -> Option<u64> {
        directory.components().try_fold(ROOT, |place, name| {
            let place = self.seed.hash_one((place, name));
            (!self.made.contains_key(&place)).then_some(place)
        })
    }

    fn follow(&mut self, directory: &[u8]) -> (Lead, u64) {
        let mut way = std::mem::take(&mut self.way);
        way.clear();
        let mut left: Vec<&[u8]> = directory.rsplit(|&byte| byte == b'/').collect();
        let (mut budget, mut hops) = (self.budget, 0);
        let lead = loop {
            let Some(component) = left.pop() else {
                break if hops == 0 {
                    Lead::Straight
                } else {
                    Lead::Away
                };
            };
            let Some(rest) = budget.checked_sub(component.len() as u64 + 1) else {
                break Lead::TooFar;
            };
            budget = rest;
            match component {
                b"" | b"." => continue,
                b".." => {
                    way.leave();
                    continue;
                }
                name => way.enter(name, &self.seed),
            }
            if way.is_too_long() {
                break Lead::TooFar;
            }
            let Some(link) = self.link_at(&way) else {
                continue;
            };
            hops += 1;
            let Some(target) = link.target.map(|at| self.target(at)) else {
                break Lead::TooFar;
            };
            if hops > limits::LINK_HOPS {
                break Lead::Circle;
            }
            way.leave();
            if target.starts_with(b"/") {
                way.clear();
            }
            left.extend(target.rsplit(|&byte| byte == b'/'));
        };
        let place = way.place();
        (self.way, self.budget) = (way, budget);
        (lead, place)
    }

    /// Returns the link at a place, unless a directory on the way there is not the one it was made in.
    fn link_at(&self, way: &Way) -> Option<Link> {
        let (&(_, place), parents) = way.steps.split_last()?;
        let link = *self.made.get(&place)?;
        let buried = |(_, place): &(usize, u64)| self.buried.get(place).copied();
        let is_gone = !self.buried.is_empty()
            && parents
                .iter()
                .filter_map(buried)
                .any(|clock| link.made < clock);
        (!is_gone).then_some(link)
    }

    fn target(&self, at: u32) -> &[u8] {
        let rest = self.targets.get(at as usize..).unwrap_or_default();
        let (length, rest) = rest.split_at_checked(2).unwrap_or_default();
        let length = length
            .first_chunk::<2>()
            .map_or(0, |bytes| u16::from_le_bytes(*bytes));
        rest.get(..usize::from(length)).unwrap_or_default()
    }

    /// Notes a symbolic link at a place that [`Links::lead`] gave.
    pub(super) fn link(&mut self, path: ImagePath<'_>, target: &[u8]) {
        // The kernel makes no link to nothing, and follows none (path_resolution(7)).
        if target.is_empty() {
            self.other(path, EntryKind::File);
            return;
        }
        let at = u32::try_from(self.targets.len()).ok();
        let length = u16::try_from(target.len()).ok();
        let has_room = self.targets.len() + target.len() + 2 <= limits::KEPT_LINK_BYTES;
        let kept = at.zip(length).filter(|_| has_room);
        if let Some((_, length)) = kept {
            self.targets.extend_from_slice(&length.to_le_bytes());
            self.targets.extend_from_slice(target);
        }
        self.insert(path, kept.map(|(at, _)| at));
    }

    /// Notes a hard link: a further name of a symbolic link is one too. Neither is followed in its last component.
    pub(super) fn hard_link(&mut self, path: ImagePath<'_>, aim: ImagePath<'_>) {
        if self.made.is_empty() {
            return;
        }
        let link = if self.straight(aim).is_some() {
            None
        } else {
            let mut way = Way::default();
            for name in aim.components() {
                way.enter(name, &self.seed);
            }
            self.link_at(&way)
        };
        if let Some(link) = link {
            self.insert(path, link.target);
        }
    }

    fn insert(&mut self, path: ImagePath<'_>, target: Option<u32>) {
        self.clear_way(path.parent());
        let place = self.replace(path);
        let mut at = ROOT;
        for name in path.parent().components() {
            at = self.seed.hash_one((at, name));
            self.above.insert(at);
        }
        let made = self.clock;
        self.clock = self.clock.saturating_add(1);
        self.made.insert(place, Link { target, made });
        self.last = None;
    }

    /// Notes that an entry that is no symbolic link took a place that [`Links::lead`] gave.
    pub(super) fn other(&mut self, path: ImagePath<'_>, kind: EntryKind) {
        if self.made.is_empty() {
            return;
        }
        self.clear_way(path.parent());
        if kind == EntryKind::Dir {
            let place = self.hash(path);
            self.remove(place);
        } else {
            self.replace(path);
        }
    }

    /// Ends links that an entry stands below by name because they lead nowhere: they are directories now.
    fn clear_way(&mut self, directory: ImagePath<'_>) {
        let last = self
            .last
            .as_ref()
            .filter(|last| last.directory == directory.as_bytes());
        if !last.is_some_and(|last| matches!(last.lead, Lead::Circle | Lead::TooFar)) {
            return;
        }
        let mut place = ROOT;
        for name in directory.components() {
            place = self.seed.hash_one((place, name));
            self.remove(place);
        }
    }

    /// Ends what was at a place and in it; returns its hash.
    fn replace(&mut self, path: ImagePath<'_>) -> u64 {
        let place = self.hash(path);
        self.remove(place);
        if self.above.contains(&place) {
            self.buried.insert(place, self.clock);
            self.last = None;
        }
        place
    }

    fn remove(&mut self, place: u64) {
        if self.made.remove(&place).is_some() {
            self.last = None;
        }
    }

    fn hash(&self, path: ImagePath<'_>) -> u64 {
        let (parent, name) = path.split();
        let bytes = parent.as_bytes();
        let is_last = |last: &&Last| last.lead == Lead::Straight && last.directory == bytes;
        let parent = match self.last.as_ref().filter(is_last) {
            Some(last) => last.place,
            None if self.way.bytes == bytes => self.way.place(),
            None => parent
                .components()
                .fold(ROOT, |place, name| self.seed.hash_one((place, name))),
        };
        self.seed.hash_one((parent, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> ImagePath<'_> {
        ImagePath::new(text.as_bytes()).unwrap()
    }

    fn links(made: &[(&str, &str)]) -> Links {
        let mut links = Links::new();
        for (place, target) in made {
            links.link(path(place), target.as_bytes());
        }
        links
    }

    #[track_caller]
    fn assert_leads(links: &mut Links, expected: &[(&str, &str)]) {
        for &(directory, place) in expected {
            let found = match links.lead(path(directory)) {
                Lead::Straight => directory.to_owned(),
                Lead::Away => String::from_utf8(links.place().to_vec()).unwrap(),
                other => format!("{other:?}"),
            };
            assert_eq!(found, place, "{directory}");
        }
    }

    #[test]
    fn links_lead_inside_the_root() {
        let mut links = links(&[
            ("lib", "usr/lib"),
            ("a/abs", "/opt"),
            ("a/up", "../../../b"),
            ("opt", "srv"),
            ("root", "/"),
            ("loop", "pool"),
            ("pool", "./loop/."),
            ("nothing", ""),
        ]);
        let expected = [
            ("lib", "usr/lib"),
            ("lib/x/y", "usr/lib/x/y"),
            ("library", "library"),
            ("a/abs/x", "srv/x"),
            ("a/up", "b"),
            ("root/a/up", "b"),
            ("root", ""),
            ("loop/x", "Circle"),
            ("nothing/x", "nothing/x"),
            ("usr/lib", "usr/lib"),
        ];
        assert_leads(&mut links, &expected);
    }

    #[test]
    fn what_takes_the_place_of_a_link_ends_it() {
        let mut links = links(&[("lib", "usr/lib"), ("d/l", "/x"), ("e/f/l", "/y")]);
        assert_leads(&mut links, &[("lib", "usr/lib"), ("d/l", "x")]);
        links.other(path("lib"), EntryKind::Dir);
        links.other(path("d"), EntryKind::Dir);
        assert_leads(&mut links, &[("lib", "lib"), ("d/l", "x")]);
        links.other(path("d"), EntryKind::File);
        links.link(path("e"), b"d");
        assert_leads(&mut links, &[("d/l", "d/l"), ("e/f/l", "d/f/l")]);
        links.link(path("d/l"), b"/z");
        assert_leads(
            &mut links,
            &[("d/l", "z"), ("e/l", "z"), ("e/f/l", "d/f/l")],
        );
    }

    #[test]
    fn what_stands_below_a_circle_by_name_ends_it() {
        let mut links = links(&[("a", "./a//b"), ("c", "a")]);
        assert_leads(&mut links, &[("c", "Circle"), ("a", "Circle")]);
        links.link(path("a/b"), b"../x");
        assert_leads(&mut links, &[("a/b", "x"), ("c/b", "x"), ("c", "a")]);
    }

    #[test]
    fn a_further_name_of_a_link_leads_there_too() {
        let mut links = links(&[("d/l", "../t")]);
        links.hard_link(path("a/b/m"), path("d/l"));
        links.hard_link(path("n"), path("d"));
        assert_leads(&mut links, &[("a/b/m/x", "a/t/x"), ("n", "n")]);
        links.hard_link(path("t/o"), path("a/b/m"));
        assert_leads(&mut links, &[("a/b/m", "a/t"), ("t/o", "t")]);
        // What was found is not forgotten for what is no link.
        links.hard_link(path("t/p"), path("u/v"));
        assert_leads(&mut links, &[("t/o", "t"), ("t/p", "t/p")]);
    }

    #[test]
    fn following_has_limits() {
        let mut links = links(&[("l", "x"), ("k", "l")]);
        links.budget = 9;
        assert_leads(&mut links, &[("l/aa", "x/aa"), ("k", "TooFar"), ("m", "m")]);
        links.budget = limits::LINK_LOOKUP_BYTES;
        links.targets.resize(limits::KEPT_LINK_BYTES, 0);
        links.link(path("m"), b"x");
        assert_leads(&mut links, &[("m/n", "TooFar"), ("k", "x"), ("n/m", "n/m")]);
        let long = "a/".repeat(limits::PATH_DEPTH - 1) + "a";
        assert_leads(&mut links, &[(&format!("l/{long}"), "TooFar")]);
    }

    /// A layer of links alone, and one whose every entry is below a link.
    #[test]
    fn many_links_stay_fast() {
        let start = std::time::Instant::now();
        let mut links = Links::new();
        for number in 0..100_000 {
            let name = format!("usr/share/{}/{number}", number % 1000);
            links.lead(path(&name).parent());
            links.link(path(&name), b"../../lib/x");
        }
        for number in 0..1_000_000 {
            let name = format!("usr/lib/{}/{number}", number / 10);
            assert_eq!(links.lead(path(&name).parent()), Lead::Straight);
            links.other(path(&name), EntryKind::File);
        }
        for number in 0..100_000 {
            let name = format!("usr/share/{}/{number}/{number}/x", number % 1000);
            assert_eq!(links.lead(path(&name).parent()), Lead::Away);
        }
        // Two seconds without optimisation; were anything quadratic, it would be hours.
        assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    }
}
