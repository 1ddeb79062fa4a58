//! What overlayfs writes into the mount table of itself.

use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use crate::mount_table::without_octal;

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
