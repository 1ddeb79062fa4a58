//! Pages, meta pages and elements of a bbolt database; every offset in them is a claim.

/// Length of a page's header: id u64, flags u16, count u16, overflow u32 (bbolt, internal/common/page.go).
const HEADER_BYTES: usize = 16;

/// Length of an element in front of its key, on branch and leaf pages alike.
const ELEMENT_BYTES: usize = 16;

/// Length of a bucket's header: root page u64, sequence u64.
pub(super) const BUCKET_BYTES: usize = 16;

/// Longest key (bbolt, `MaxKeySize`).
const KEY_BYTES: usize = 32768;

/// Where a meta page's record ends: a page header and 64 bytes.
pub(super) const META_END: usize = HEADER_BYTES + 64;

const BRANCH: u16 = 1;
const LEAF: u16 = 2;
const MAGIC: u32 = 0xED0C_DAED;
const VERSION: u32 = 2;

/// One of the two records that a database starts with (bbolt, internal/common/meta.go).
#[derive(Debug, Clone, Copy)]
pub(super) struct Meta {
    pub page_size: u64,
    pub root: u64,
    /// First page that was never used.
    pub high_water: u64,
    pub txid: u64,
}

impl Meta {
    /// Reads a meta page; `None` where it is not intact.
    pub(super) fn read(page: &[u8]) -> Option<Self> {
        let record = page.get(HEADER_BYTES..META_END)?;
        let is_known = u32_at(record, 0)? == MAGIC && u32_at(record, 4)? == VERSION;
        if !is_known || u64_at(record, 56)? != checksum(&record[..56]) {
            return None;
        }
        let page_size = u32_at(record, 8)?;
        if !(512..=1 << 24).contains(&page_size) {
            return None;
        }
        Some(Self {
            page_size: page_size.into(),
            root: u64_at(record, 16)?,
            high_water: u64_at(record, 40)?,
            txid: u64_at(record, 48)?,
        })
    }

    /// Returns the newer of the intact ones.
    pub(super) fn newest(bytes: &[u8]) -> Option<Self> {
        let first = Self::read(bytes);
        let second = match first {
            Some(first) => Self::second(bytes, first.page_size),
            // The size of a page is known from the first one alone; without it, every size is tried
            // (bbolt, db.go, getPageSizeFromSecondMeta).
            None => (0..15).find_map(|power| Self::second(bytes, 1024 << power)),
        };
        let newest = first.into_iter().chain(second);
        newest.max_by_key(|meta| meta.txid)
    }

    fn second(bytes: &[u8], page_size: u64) -> Option<Self> {
        let start = usize::try_from(page_size).ok()?;
        let meta = Self::read(bytes.get(start..)?)?;
        (meta.page_size == page_size).then_some(meta)
    }
}

/// FNV-1a, 64 bits.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// What the elements of a page are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageKind {
    /// Pages below.
    Branch,
    /// Keys with values.
    Leaf,
}

/// A page with what overflows from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    pub id: u64,
    pub kind: PageKind,
    pub count: usize,
    bytes: &'a [u8],
}

/// One element of a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub key: &'a [u8],
    /// Empty on a branch page.
    pub value: &'a [u8],
    pub is_bucket: bool,
    /// The page below, on a branch page.
    pub child: u64,
}

impl<'a> Page<'a> {
    /// Finds a page; the error is one line that says what is wrong with it.
    pub(super) fn at(bytes: &'a [u8], meta: &Meta, id: u64) -> Result<Self, String> {
        if id < 2 || id >= meta.high_water {
            return Err(format!("page {id} is none of its pages"));
        }
        let rest = usize::try_from(u128::from(id) * u128::from(meta.page_size))
            .ok()
            .and_then(|start| bytes.get(start..))
            .filter(|rest| rest.len() >= HEADER_BYTES)
            .ok_or_else(|| format!("page {id} is behind the end of the file"))?;
        let page = Self::read(rest)?;
        if page.id != id {
            return Err(format!("page {id} says that it is page {}", page.id));
        }
        let overflow = u32_at(rest, 12).unwrap_or(0);
        let length = (u64::from(overflow) + 1).saturating_mul(meta.page_size);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Ok(Self {
            bytes: &rest[..length.min(rest.len())],
            ..page
        })
    }

    /// Takes the page of a bucket that lies in a value.
    pub(super) fn inline(bytes: &'a [u8]) -> Result<Self, String> {
        let page = Self::read(bytes)?;
        match page.kind {
            PageKind::Leaf => Ok(page),
            PageKind::Branch => Err("a bucket without pages of its own points at pages".into()),
        }
    }

    fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let header = u64_at(bytes, 0)
            .zip(u16_at(bytes, 8))
            .zip(u16_at(bytes, 10));
        let Some(((id, flags), count)) = header else {
            return Err("a bucket is cut short".into());
        };
        let kind = match flags & (BRANCH | LEAF) {
            BRANCH => PageKind::Branch,
            LEAF => PageKind::Leaf,
            _ => {
                return Err(format!(
                    "page {id} holds no elements: its flags are {flags:#x}"
                ));
            }
        };
        Ok(Self {
            id,
            kind,
            count: count.into(),
            bytes,
        })
    }

    /// Returns an element; `None` where it is not, or does not lie in the page.
    pub(super) fn element(&self, index: usize) -> Option<Element<'a>> {
        if index >= self.count {
            return None;
        }
        let start = HEADER_BYTES + index * ELEMENT_BYTES;
        let word = |at: usize| u32_at(self.bytes, start + at);
        let (position, key_bytes, value_bytes) = match self.kind {
            PageKind::Leaf => (word(4)?, word(8)?, word(12)?),
            PageKind::Branch => (word(0)?, word(4)?, 0),
        };
        let key_start = start.checked_add(usize::try_from(position).ok()?)?;
        let key_end = key_start.checked_add(usize::try_from(key_bytes).ok()?)?;
        let value_end = key_end.checked_add(usize::try_from(value_bytes).ok()?)?;
        let (key, value) = (
            self.bytes.get(key_start..key_end)?,
            self.bytes.get(key_end..value_end)?,
        );
        if key.len() > KEY_BYTES {
            return None;
        }
        let is_leaf = self.kind == PageKind::Leaf;
        Some(Element {
            key,
            value,
            is_bucket: is_leaf && word(0)? & 1 != 0,
            child: if is_leaf {
                0
            } else {
                u64_at(self.bytes, start + 8)?
            },
        })
    }

    /// Returns the element of a leaf page that has a key.
    pub(super) fn exactly(&self, key: &[u8]) -> Option<Element<'a>> {
        let element = self.element(self.first_not(|other| other < key))?;
        (element.key == key).then_some(element)
    }

    /// Returns the page below a branch page where a key would be.
    pub(super) fn child_for(&self, key: &[u8]) -> Option<u64> {
        let after = self.first_not(|other| other <= key);
        let element = self.element(after.saturating_sub(1))?;
        Some(element.child)
    }

    /// Returns the index of the first element whose key is not below; those that cannot be read are.
    fn first_not(&self, is_below: impl Fn(&[u8]) -> bool) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self
                .element(middle)
                .is_none_or(|element| is_below(element.key))
            {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// Returns the root page of a bucket; 0 for one that lies in the value.
pub(super) fn bucket_root(value: &[u8]) -> Option<u64> {
    if value.len() < BUCKET_BYTES {
        return None;
    }
    u64_at(value, 0)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}
