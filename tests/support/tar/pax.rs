//! PAX records: `length key=value\n`.

use super::super::item::Item;
use super::raw_entry;

/// A key and its value.
pub type Record = (Vec<u8>, Vec<u8>);

/// Prefix of records that carry extended attributes.
pub const XATTR: &[u8] = b"SCHILY.xattr.";

/// The largest owner or group that seven octal digits hold.
pub const LARGEST_OCTAL_ID: u64 = 0o777_7777;

/// Returns one record, its length counted in itself.
pub fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    [length.to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
}

/// Returns a header of type `x` or `g` with its records.
pub fn header(kind: u8, name: &[u8], records: &[(&[u8], &[u8])]) -> Vec<u8> {
    let data: Vec<u8> = records
        .iter()
        .flat_map(|(key, value)| record(key, value))
        .collect();
    raw_entry(name, kind, &data, |_| ())
}

/// Returns an extended header for the record that follows; nothing when there is nothing to say.
pub fn extended(records: &[Record]) -> Vec<u8> {
    if records.is_empty() {
        return Vec::new();
    }
    let records: Vec<_> = records
        .iter()
        .map(|(key, value)| (&key[..], &value[..]))
        .collect();
    header(b'x', b"PaxHeaders.0/entry", &records)
}

/// Returns the records for what a ustar header cannot say: times with fractions or before 1970, large
/// owners, extended attributes.
pub fn attributes(item: &Item) -> Vec<Record> {
    let mut records = Vec::new();
    if item.mtime < 0 || item.mtime_nanos > 0 {
        records.push((b"mtime".to_vec(), time(item)));
    }
    for (key, value) in [("uid", item.uid), ("gid", item.gid)] {
        if value > LARGEST_OCTAL_ID {
            records.push((key.into(), value.to_string().into()));
        }
    }
    for (name, value) in &item.xattrs {
        records.push(([XATTR, name].concat(), value.clone()));
    }
    records
}

/// Returns the time as PAX writes it.
///
/// The nanoseconds count forward from the second, the decimal fraction does not before 1970.
pub fn time(item: &Item) -> Vec<u8> {
    match (item.mtime, item.mtime_nanos) {
        (seconds, 0) => seconds.to_string().into(),
        (seconds, nanos) if seconds < 0 => {
            format!("-{}.{:09}", -(seconds + 1), 1_000_000_000 - nanos).into()
        }
        (seconds, nanos) => format!("{seconds}.{nanos:09}").into(),
    }
}
