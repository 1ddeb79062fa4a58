//! The mount table of this process, and which file systems in it may not answer.
//!
//! What another machine serves, or a program, answers when it likes: looking at it may take for ever, and no signal
//! ends that. So it is told from the table, before anything is asked of it.

mod remote;

#[cfg(test)]
mod tests;

use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

pub(crate) use remote::{Below, RemoteMounts, Shows, Unasked};

/// Where the kernel tells what is mounted.
pub(crate) const TABLE: &str = "/proc/self/mountinfo";

/// One line of `/proc/self/mountinfo` (`proc_pid_mountinfo`(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(crate) id: u64,
    pub(crate) parent: u64,
    /// Major and minor.
    pub(crate) device: (u32, u32),
    /// Directory of the file system that is seen at the mount point.
    pub(crate) root: PathBuf,
    pub(crate) point: PathBuf,
    /// `overlay`, `ext4`.
    pub(crate) kind: Vec<u8>,
    /// What is mounted: a device, `server:/export`; escaped.
    pub(crate) source: Vec<u8>,
    /// What the file system says of itself: options between commas, escaped.
    pub(crate) options: Vec<u8>,
}

/// Reads a mount table; lines that are none are left out.
pub(crate) fn parse(table: &[u8]) -> Vec<Mount> {
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
    let source = rest.next()?.to_vec();
    Some(Mount {
        id,
        parent,
        device: (number(&device[..colon])?, number(device.get(colon + 1..)?)?),
        root,
        point,
        kind,
        source,
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
pub(crate) fn without_octal(field: &[u8]) -> Vec<u8> {
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
    pub(crate) fn covers(&self, path: &Path) -> bool {
        path.starts_with(&self.point)
    }
}

/// Returns the mount that is seen at a mount point: of several the uppermost.
pub(crate) fn seen_at<'m>(
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
