//! Layers as nobody should write them, and as engines unpack them all the same: entries behind links, markers in odd
//! places, names in odd spellings, changes of type, headers of one inode that differ.
//!
//! What makes containers/storage refuse a layer is rare in them: a name that is stored twice, a whiteout of what the
//! layer itself has, an entry below what is no directory, a hard link to nothing.

use std::collections::BTreeSet;

use super::image::{Image, image};
use super::item::{Encoding, Item, Kind};
use super::random::Random;

/// Makes an image of one to four layers; the same for the same seed.
pub fn odd_image(seed: u64) -> Image {
    let mut random = Random::new(seed);
    let layers = 1 + random.below(4);
    let mut builder = image().name(&name(seed));
    for number in 0..layers {
        let items = Odd::new(&mut random).layer();
        builder = builder.layer(&format!("RUN step {number}"), |layer| layer.items(items));
    }
    builder.build()
}

/// Returns the name of an odd image.
pub fn name(seed: u64) -> String {
    format!("localhost/odd/image{seed}:1")
}

/// One layer under construction.
struct Odd<'r> {
    random: &'r mut Random,
    items: Vec<Item>,
    /// Ways to say a directory of this layer, the root's first.
    directories: Vec<String>,
    /// Names a hard link may have as its target.
    targets: Vec<String>,
    /// Names stored so far, those that whiteouts remove among them.
    taken: BTreeSet<String>,
    removed: BTreeSet<String>,
}

impl<'r> Odd<'r> {
    fn new(random: &'r mut Random) -> Self {
        Self {
            random,
            items: Vec::new(),
            directories: vec![String::new()],
            targets: Vec::new(),
            taken: BTreeSet::new(),
            removed: BTreeSet::new(),
        }
    }

    fn layer(mut self) -> Vec<Item> {
        for _ in 0..=self.random.below(11) {
            self.add();
        }
        self.items
    }

    fn once_in(&mut self, times: u64) -> bool {
        self.random.below(times) == 0
    }

    fn add(&mut self) {
        let path = self.path();
        let is_refused = self.once_in(150);
        match self.random.below(32) {
            0..8 => self.file(&path, is_refused),
            8..14 => self.directory(&path, is_refused),
            14..19 => self.whiteout(&path, is_refused),
            19..21 => self.opaque(),
            21..25 => self.symlink(&path, is_refused),
            25..29 => self.hard_link(&path, is_refused),
            29 => self.special(&path, Kind::Fifo, is_refused),
            30 => self.special(&path, Kind::CharDevice(1, 3), is_refused),
            _ => self.special(&path, Kind::CharDevice(0, 0), is_refused),
        }
    }

    /// A name in a directory there is, or in one that is implied.
    fn path(&mut self) -> String {
        let at = usize::try_from(self.random.below(self.directories.len() as u64)).unwrap();
        let mut path = self.directories[at].clone();
        if self.once_in(6) {
            let name = self.random.choose(&["a", "b", "d", "e"]);
            let implied = join(&path, name);
            if self.taken.contains(&implied) && !self.directories.contains(&implied) {
                return join(&path, "z");
            }
            path = implied;
            if !self.directories.contains(&path) {
                self.directories.push(path.clone());
                self.taken.insert(path.clone());
            }
        }
        let name = self.random.choose(&["a", "b", "c", "d", "a-b", "a.b"]);
        if self.once_in(300) {
            // A marker for most, a name for some.
            let prefix = self.random.choose(&[".wh.", ".wh..wh."]);
            return join(&path, &format!("{prefix}{name}"));
        }
        join(&path, name)
    }

    /// Takes a name; `false` where the layer has it.
    fn take(&mut self, path: &str, is_refused: bool) -> bool {
        self.taken.insert(path.to_owned()) || is_refused
    }

    fn file(&mut self, path: &str, is_refused: bool) {
        if self.take(path, is_refused) {
            let length = usize::try_from(self.random.below(40)).unwrap();
            self.targets.push(path.to_owned());
            let mut spelled = self.spelled(path);
            let mut item = Item::new("", Kind::File(vec![b'x'; length]));
            if self.once_in(8) {
                // Of type `0` a file all the same; of type NUL a directory.
                spelled.push('/');
                if self.once_in(2) {
                    item.encoding = Encoding::V7;
                    item.kind = Kind::File(Vec::new());
                    self.targets.pop();
                    self.directories.push(path.to_owned());
                }
            }
            item.path = spelled.into_bytes();
            self.push(item);
        }
    }

    fn directory(&mut self, path: &str, is_refused: bool) {
        // What a whiteout of the layer removes may be made again.
        let is_removed = self.removed.contains(path);
        let is_again = is_removed && !self.directories.iter().any(|one| one == path);
        let is_again = is_again && self.once_in(2);
        if self.take(path, is_refused || is_again) {
            self.directories.push(path.to_owned());
            let spelled = self.spelled(path);
            let mut item = Item::new(spelled, Kind::Dir);
            if self.once_in(4) {
                item.mode = 0o1777;
            }
            self.push(item);
        }
    }

    fn whiteout(&mut self, path: &str, is_refused: bool) {
        if self.take(path, is_refused) {
            let spelled = self.spelled(path);
            self.push(Item::new(spelled, Kind::Whiteout));
            self.removed.insert(path.to_owned());
            // As builders write the removal of a tree.
            let inside = join(path, "a");
            if self.once_in(5) && self.taken.insert(inside.clone()) {
                self.push(Item::new(inside, Kind::Whiteout));
            }
        }
    }

    fn opaque(&mut self) {
        let at = usize::try_from(self.random.below(self.directories.len() as u64)).unwrap();
        let directory = self.directories[at].clone();
        if !directory.is_empty() && self.taken.insert(join(&directory, ".opq")) {
            let spelled = self.spelled(&directory);
            self.push(Item::new(spelled, Kind::Opaque));
        }
    }

    fn symlink(&mut self, path: &str, is_refused: bool) {
        if !self.take(path, is_refused) {
            return;
        }
        self.targets.push(path.to_owned());
        let at = usize::try_from(self.random.below(self.directories.len() as u64)).unwrap();
        let directory = self.directories[at].clone();
        let depth = path.matches('/').count();
        let up = "../".repeat(depth);
        let target = match self.random.below(10) {
            0..3 => format!("/{directory}"),
            3..6 => format!("{up}{directory}"),
            6 => format!("../../../..//{directory}/."),
            7 => format!("{up}{directory}/../{directory}"),
            8 => "gone".to_owned(),
            _ => "../a".to_owned(),
        };
        let is_followed = target.ends_with(&directory) || target.ends_with("/.");
        if target.is_empty() {
            return;
        }
        self.push(Item::new(path, Kind::Symlink(target.into_bytes())));
        if is_followed {
            self.directories.push(path.to_owned());
        }
    }

    fn hard_link(&mut self, path: &str, is_refused: bool) {
        if self.targets.is_empty() || !self.take(path, is_refused) {
            return;
        }
        let at = usize::try_from(self.random.below(self.targets.len() as u64)).unwrap();
        let target = self.targets[at].clone();
        let target = if is_refused {
            "nowhere".to_owned()
        } else {
            self.spelled(&target)
        };
        let target = target.trim_end_matches('/').to_owned();
        self.targets.push(path.to_owned());
        let spelled = self.spelled(path);
        self.push(Item::new(spelled, Kind::Hardlink(target.into_bytes())));
    }

    fn special(&mut self, path: &str, kind: Kind, is_refused: bool) {
        if self.take(path, is_refused) {
            if kind != Kind::CharDevice(0, 0) {
                self.targets.push(path.to_owned());
            }
            self.push(Item::new(path, kind));
        }
    }

    fn push(&mut self, mut item: Item) {
        let is_marker = matches!(item.kind, Kind::Whiteout | Kind::Opaque);
        if !is_marker && self.once_in(3) {
            item.mode = *[0o600, 0o4755, 0o640, 0o2711]
                .get(usize::try_from(self.random.below(4)).unwrap())
                .unwrap();
        }
        if !is_marker && self.once_in(3) {
            (item.uid, item.gid) = (self.random.below(3) * 1000, self.random.below(3) * 1000);
        }
        item.mtime += i64::try_from(self.random.below(3)).unwrap();
        let is_plain = item.encoding == Encoding::default();
        if is_plain && self.once_in(4) {
            item.encoding = if self.once_in(2) {
                Encoding::Pax
            } else {
                Encoding::Gnu
            };
        }
        self.items.push(item);
    }

    /// The same name in another spelling.
    fn spelled(&mut self, path: &str) -> String {
        match self.random.below(16) {
            0 => format!("./{path}"),
            1 => format!("/{path}"),
            2 => format!("../{path}"),
            3 => format!("x/.././{path}"),
            4 => path.replace('/', "//"),
            5 => path.replace('/', "/./"),
            _ => path.to_owned(),
        }
    }
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() {
        name.to_owned()
    } else {
        format!("{directory}/{name}")
    }
}
