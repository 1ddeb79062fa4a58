//! Writes bbolt databases for tests: every bucket with pages of its own or inline, leaves split as asked.

use std::collections::BTreeMap;

use super::page::checksum;

/// Size of the pages that are written.
pub(in crate::store) const PAGE: usize = 1024;

/// What a test wants in a database.
#[derive(Debug, Clone)]
pub(in crate::store) enum Node {
    Value(Vec<u8>),
    Bucket(Tree),
}

/// A bucket in the making.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Tree {
    items: BTreeMap<Vec<u8>, Node>,
}

impl Tree {
    /// Puts a value at the end of a path of buckets, which are made as needed.
    pub(in crate::store) fn put(&mut self, path: &[&[u8]], value: impl Into<Vec<u8>>) {
        let [buckets @ .., key] = path else {
            panic!("a value needs a key");
        };
        let tree = self.at(buckets);
        tree.items.insert(key.to_vec(), Node::Value(value.into()));
    }

    /// Returns the bucket at the end of a path, made as needed.
    pub(in crate::store) fn at(&mut self, path: &[&[u8]]) -> &mut Self {
        let mut tree = self;
        for key in path {
            let next = tree.items.entry(key.to_vec());
            let Node::Bucket(inner) = next.or_insert(Node::Bucket(Self::default())) else {
                panic!("a value is in the way");
            };
            tree = inner;
        }
        tree
    }

    /// Returns whether a key is there.
    pub(in crate::store) fn has(&self, key: &[u8]) -> bool {
        self.items.contains_key(key)
    }

    /// Returns the bytes of a database with this as its root bucket.
    pub(in crate::store) fn database(&self) -> Vec<u8> {
        self.database_at(7)
    }

    /// As [`Tree::database`], of a transaction.
    pub(in crate::store) fn database_at(&self, txid: u64) -> Vec<u8> {
        let mut pages = Pages {
            bytes: vec![0; 2 * PAGE],
        };
        let root = pages.bucket(self);
        let high_water = (pages.bytes.len() / PAGE) as u64;
        for (index, txid) in [(0, txid), (1, txid - 1)] {
            let page = meta(index, root, high_water, txid);
            let start = usize::try_from(index).unwrap() * PAGE;
            pages.bytes[start..start + page.len()].copy_from_slice(&page);
        }
        pages.bytes
    }
}

/// Returns a meta page.
pub(in crate::store) fn meta(id: u64, root: u64, high_water: u64, txid: u64) -> Vec<u8> {
    let mut page = header(id, 4, 0, 0);
    for word in [0xED0C_DAED_u32, 2, u32::try_from(PAGE).unwrap(), 0] {
        page.extend(word.to_le_bytes());
    }
    for word in [root, 0, u64::MAX, high_water, txid] {
        page.extend(word.to_le_bytes());
    }
    let sum = checksum(&page[16..72]);
    page.extend(sum.to_le_bytes());
    page
}

/// Returns the header of a page.
pub(in crate::store) fn header(id: u64, flags: u16, count: usize, overflow: usize) -> Vec<u8> {
    let mut bytes = id.to_le_bytes().to_vec();
    bytes.extend(flags.to_le_bytes());
    bytes.extend(u16::try_from(count).unwrap().to_le_bytes());
    bytes.extend(u32::try_from(overflow).unwrap().to_le_bytes());
    bytes
}

struct Pages {
    bytes: Vec<u8>,
}

type Pair = (Vec<u8>, Vec<u8>, u32);

impl Pages {
    /// Writes a bucket's pages and returns the number of the uppermost.
    fn bucket(&mut self, tree: &Tree) -> u64 {
        let pairs = self.pairs(tree);
        // Four keys a leaf: small databases have branches too.
        let leaves: Vec<_> = pairs.chunks(4).map(<[Pair]>::to_vec).collect();
        let mut level: Vec<(Vec<u8>, u64)> = leaves
            .iter()
            .map(|pairs| (pairs[0].0.clone(), self.leaf(pairs)))
            .collect();
        if level.is_empty() {
            return self.leaf(&[]);
        }
        while level.len() > 1 {
            level = level
                .chunks(3)
                .map(|children| (children[0].0.clone(), self.branch(children)))
                .collect();
        }
        level[0].1
    }

    fn pairs(&mut self, tree: &Tree) -> Vec<Pair> {
        let pair = |(key, node): (&Vec<u8>, &Node)| match node {
            Node::Value(value) => (key.clone(), value.clone(), 0),
            Node::Bucket(inner) => (key.clone(), self.nested(inner), 1),
        };
        tree.items.iter().map(pair).collect()
    }

    /// Returns the value that stands for a bucket: inline where it is small and has no buckets, as bbolt does.
    fn nested(&mut self, tree: &Tree) -> Vec<u8> {
        let pairs = self.pairs(tree);
        let is_inline = pairs.iter().all(|(_, _, flags)| *flags == 0)
            && pairs
                .iter()
                .map(|(key, value, _)| 16 + key.len() + value.len())
                .sum::<usize>()
                < PAGE / 4;
        let mut value;
        if is_inline {
            value = vec![0; 16];
            value.extend(leaf(0, &pairs, 0));
        } else {
            value = self.bucket(tree).to_le_bytes().to_vec();
            value.extend(0_u64.to_le_bytes());
        }
        value
    }

    fn leaf(&mut self, pairs: &[Pair]) -> u64 {
        let pages = leaf(0, pairs, 0).len().div_ceil(PAGE);
        let id = (self.bytes.len() / PAGE) as u64;
        self.bytes.extend(leaf(id, pairs, pages - 1));
        self.pad();
        id
    }

    fn branch(&mut self, children: &[(Vec<u8>, u64)]) -> u64 {
        let id = (self.bytes.len() / PAGE) as u64;
        let mut bytes = header(id, 1, children.len(), 0);
        let mut position = 16 * children.len();
        for (index, (key, child)) in children.iter().enumerate() {
            let from_here = u32::try_from(position - 16 * index).unwrap();
            bytes.extend(from_here.to_le_bytes());
            bytes.extend(u32::try_from(key.len()).unwrap().to_le_bytes());
            bytes.extend(child.to_le_bytes());
            position += key.len();
        }
        bytes.extend(children.iter().flat_map(|(key, _)| key.iter().copied()));
        assert!(bytes.len() <= PAGE);
        self.bytes.extend(bytes);
        self.pad();
        id
    }

    fn pad(&mut self) {
        self.bytes
            .resize(self.bytes.len().next_multiple_of(PAGE), 0);
    }
}

fn leaf(id: u64, pairs: &[Pair], overflow: usize) -> Vec<u8> {
    let mut bytes = header(id, 2, pairs.len(), overflow);
    let mut position = 16 * pairs.len();
    for (index, (key, value, flags)) in pairs.iter().enumerate() {
        let from_here = position - 16 * index;
        let words = [
            usize::try_from(*flags).unwrap(),
            from_here,
            key.len(),
            value.len(),
        ];
        for word in words {
            bytes.extend(u32::try_from(word).unwrap().to_le_bytes());
        }
        position += key.len() + value.len();
    }
    for (key, value, _) in pairs {
        bytes.extend(key);
        bytes.extend(value);
    }
    bytes
}
