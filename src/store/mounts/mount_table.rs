//! The mount table of this process, and what overlayfs writes into it.

use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// One line of `/proc/self/mountinfo` (`proc_pid_mountinfo`(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) id: u64,
    pub(super) parent: u64,
    /// Major and minor.
    pub(super) device: (u32, u32),
    /// Directory of the file system that is seen at the mount point.
    pub(super) root: PathBuf,
    pub(super) point: PathBuf,
    /// `overlay`, `ext4`.
    pub(super) kind: Vec<u8>,
    /// What the file system says of itself: options between commas, escaped.
    pub(super) options: Vec<u8>,
}

/// Reads a mount table; lines that are none are left out.
pub(super) fn parse(table: &[u8]) -> Vec<Mount> {
    table
        .split(|&byte| byte == b'\n')
        .filter_map(parse_line)
        .collect()
}

fn parse_line(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&byte| byte == b' ');
    let id = number(fields.next()?)?;
    let parent = number(fields.next()?)?;
    let device = fields.next()?;
    let colon = device.iter().position(|&byte| byte == b':')?;
    let root = path(fields.next()?);
    let point = path(fields.next()?);
    // Options of the mount, then any number of fields up to a lone hyphen.
    let mut rest = fields.skip(1).skip_while(|&field| field != b"-").skip(1);
    let kind = rest.next()?.to_vec();
    let _source = rest.next()?;
    Some(Mount {
        id,
        parent,
        device: (number(&device[..colon])?, number(device.get(colon + 1..)?)?),
        root,
        point,
        kind,
        options: rest.next().unwrap_or_default().to_vec(),
    })
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn path(field: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(without_octal(field)))
}

/// Undoes `\040` and the like (linux, `fs/seq_file.c`, `mangle_path` and `seq_escape`).
fn without_octal(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let escaped = octal(after).filter(|_| first == b'\\');
        bytes.push(escaped.unwrap_or(first));
        rest = match escaped {
            Some(_) => after.get(3..).unwrap_or_default(),
            None => after,
        };
    }
    bytes
}

fn octal(digits: &[u8]) -> Option<u8> {
    let digits = digits.get(..3)?;
    let value = digits.iter().try_fold(0_u16, |value, digit| {
        matches!(digit, b'0'..=b'7').then(|| value * 8 + u16::from(digit - b'0'))
    })?;
    u8::try_from(value).ok()
}

impl Mount {
    /// Returns whether something is at or below the mount point.
    pub(super) fn covers(&self, path: &Path) -> bool {
        path.starts_with(&self.point)
    }
}

/// Returns the mount that is seen at a mount point: of several the uppermost.
pub(super) fn seen_at<'m>(
    mounts: &'m [Mount],
    point: &Path,
    device: Option<(u32, u32)>,
) -> Option<&'m Mount> {
    let there: Vec<&Mount> = mounts.iter().filter(|mount| mount.point == point).collect();
    let is_covered = |mount: &Mount| there.iter().any(|above| above.parent == mount.id);
    // The device of what is seen decides where a mount of a directory above hides some.
    let uppermost = there.iter().rev().filter(|mount| !is_covered(mount));
    uppermost
        .clone()
        .find(|mount| Some(mount.device) == device)
        .or_else(|| uppermost.clone().next())
        .or_else(|| there.last())
        .copied()
}

/// What the options of an overlay name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Named {
    /// Uppermost first.
    pub(super) lower: Vec<PathBuf>,
    /// Lower layers that lend data, and no names.
    pub(super) data: Vec<PathBuf>,
    pub(super) upper: Option<PathBuf>,
    pub(super) has_user_attributes: bool,
}

/// Reads the options of an overlay (linux, fs/overlayfs/params.c, `ovl_show_options`).
pub(super) fn named(options: &[u8]) -> Named {
    let mut named = Named::default();
    for option in options.split(|&byte| byte == b',') {
        let equals = option.iter().position(|&byte| byte == b'=');
        let (key, value) = match equals {
            Some(equals) => (&option[..equals], &option[equals + 1..]),
            None => (option, &option[..0]),
        };
        let value = without_octal(value);
        match key {
            b"lowerdir" => {
                let (lower, data) = split_lower(&value);
                named.lower.extend(lower);
                named.data.extend(data);
            }
            b"lowerdir+" => named.lower.push(from_bytes(value)),
            b"datadir+" => named.data.push(from_bytes(value)),
            b"upperdir" => named.upper = Some(from_bytes(without_backslashes(&value))),
            b"userxattr" => named.has_user_attributes = true,
            _ => {}
        }
    }
    named
}

/// Divides a list at its colons; what follows two of them lends data only
/// (linux, Documentation/filesystems/overlayfs.rst, "Multiple lower layers" and "Data-only lower layers").
pub(super) fn split_lower(list: &[u8]) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut found: [Vec<PathBuf>; 2] = Default::default();
    let mut into = 0;
    for part in parts(list) {
        match part {
            part if part.is_empty() => into = 1,
            part => found[into].push(from_bytes(part)),
        }
    }
    let [lower, data] = found;
    (lower, data)
}

/// Divides at colons without a backslash before them, and takes the backslashes away.
pub(super) fn parts(list: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = vec![Vec::new()];
    let mut bytes = list.iter();
    while let Some(&byte) = bytes.next() {
        let literal = match byte {
            b':' => {
                parts.push(Vec::new());
                continue;
            }
            b'\\' => bytes.next().copied().unwrap_or(b'\\'),
            byte => byte,
        };
        if let Some(part) = parts.last_mut() {
            part.push(literal);
        }
    }
    parts
}

fn without_backslashes(value: &[u8]) -> Vec<u8> {
    let mut bytes = value.iter();
    let mut plain = Vec::with_capacity(value.len());
    while let Some(&byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => bytes.next().copied().unwrap_or(b'\\'),
            byte => byte,
        });
    }
    plain
}

fn from_bytes(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

/// Returns how long a path is, in bytes.
pub(super) fn length(path: &Path) -> usize {
    path.as_os_str().as_bytes().len()
}
