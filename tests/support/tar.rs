//! Records to tar bytes, in every encoding that layers come in.
//!
//! Headers are filled through [`tar::Header`]; names are copied in as bytes, because fixtures need names that
//! the crate would refuse to write.

pub mod pax;
pub mod sparse;

use tar::Header;

use super::item::{Encoding, Item, Kind};

/// Length of a tar block.
pub const BLOCK: usize = 512;

/// Returns a complete archive: records and two zero blocks.
pub fn archive(items: &[Item]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for item in items {
        bytes.extend(entry(item));
    }
    bytes.extend([0; 2 * BLOCK]);
    bytes
}

/// Returns one record: extension headers, header, data and padding.
pub fn entry(item: &Item) -> Vec<u8> {
    if let Kind::Raw(bytes) = &item.kind {
        return bytes.clone();
    }
    match item.encoding {
        Encoding::Ustar => ustar(item),
        Encoding::Pax => pax_entry(item),
        Encoding::Gnu => gnu(item),
        Encoding::V7 => seventh_edition(item),
        _ if !matches!(item.kind, Kind::File(_)) => ustar(item),
        _ => sparse::entry(item),
    }
}

/// Returns a record with a header and data chosen freely; for hostile and odd cases.
///
/// The checksum is right after `change` had its say.
pub fn raw_entry(name: &[u8], kind: u8, data: &[u8], change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut header = Header::new_gnu();
    put(&mut header.as_old_mut().name, name);
    header.as_old_mut().linkflag = [kind];
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(data.len() as u64);
    change(&mut header);
    header.set_cksum();
    with_data(&header, data)
}

/// Returns header, data and the zeros that fill the last block.
pub fn with_data(header: &Header, data: &[u8]) -> Vec<u8> {
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

/// Copies as much as fits, zeros behind it.
pub fn put(field: &mut [u8], value: &[u8]) {
    field.fill(0);
    let length = value.len().min(field.len());
    field[..length].copy_from_slice(&value[..length]);
}

fn ustar(item: &Item) -> Vec<u8> {
    let mut header = Header::new_ustar();
    fill(&mut header, item);
    let name = item.stored_name();
    let mut records = pax::attributes(item);
    if name.len() <= 100 {
        put(&mut header.as_old_mut().name, &name);
    } else if let Some((prefix, rest)) = split_name(&name) {
        let ustar = header.as_ustar_mut().expect("a ustar header");
        put(&mut ustar.prefix, prefix);
        put(&mut ustar.name, rest);
    } else {
        put(&mut header.as_old_mut().name, &name);
        records.push((b"path".to_vec(), name));
    }
    let link = link(item);
    put(&mut header.as_old_mut().linkname, link);
    if link.len() > 100 {
        records.push((b"linkpath".to_vec(), link.to_vec()));
    }
    header.set_cksum();
    [pax::extended(&records), with_data(&header, item.data())].concat()
}

fn pax_entry(item: &Item) -> Vec<u8> {
    let mut header = Header::new_ustar();
    fill(&mut header, item);
    put(&mut header.as_old_mut().name, b"decoy-name");
    header.set_size(0);
    header.set_mtime(1);
    let mut records = pax::attributes(item);
    records.retain(|(key, _)| key != b"mtime");
    records.push((b"path".to_vec(), item.stored_name()));
    records.push((b"mtime".to_vec(), pax::time(item)));
    records.push((b"size".to_vec(), item.data().len().to_string().into()));
    if !link(item).is_empty() {
        put(&mut header.as_old_mut().linkname, b"decoy-link");
        records.push((b"linkpath".to_vec(), link(item).to_vec()));
    }
    header.set_cksum();
    [pax::extended(&records), with_data(&header, item.data())].concat()
}

fn gnu(item: &Item) -> Vec<u8> {
    let mut header = Header::new_gnu();
    fill(&mut header, item);
    let fields = header.as_gnu_mut().expect("a GNU header");
    base256(
        &mut fields.size,
        item.data().len().try_into().expect("a length"),
    );
    base256(&mut fields.uid, item.uid.try_into().expect("an owner"));
    base256(&mut fields.gid, item.gid.try_into().expect("a group"));
    base256(&mut fields.mtime, item.mtime);
    let name = item.stored_name();
    put(&mut fields.name, &name);
    put(&mut fields.linkname, link(item));
    header.set_cksum();

    let mut bytes = gnu_long(b'L', &name);
    if !link(item).is_empty() {
        bytes.extend(gnu_long(b'K', link(item)));
    }
    // GNU headers have no place for these.
    let mut records = pax::attributes(item);
    records.retain(|(key, _)| {
        key.starts_with(pax::XATTR) || (key == b"mtime" && item.mtime_nanos > 0)
    });
    bytes.extend(pax::extended(&records));
    bytes.extend(with_data(&header, item.data()));
    bytes
}

fn seventh_edition(item: &Item) -> Vec<u8> {
    let name = item.stored_name();
    let is_device = matches!(item.kind, Kind::CharDevice(..) | Kind::BlockDevice(..));
    if is_device || name.len() > 100 || link(item).len() > 100 {
        // The old header has no room for these.
        return ustar(item);
    }
    let mut header = Header::new_old();
    fill(&mut header, item);
    put(&mut header.as_old_mut().name, &name);
    put(&mut header.as_old_mut().linkname, link(item));
    if matches!(
        item.kind,
        Kind::File(_) | Kind::Dir | Kind::Whiteout | Kind::Opaque
    ) {
        header.as_old_mut().linkflag = [0];
    }
    header.set_cksum();
    let records = pax::attributes(item);
    [pax::extended(&records), with_data(&header, item.data())].concat()
}

/// Sets type, mode, owner, group, time, size and device; leaves names and checksum.
pub fn fill(header: &mut Header, item: &Item) {
    let (flag, device) = match item.kind {
        Kind::File(_) | Kind::Whiteout | Kind::Opaque | Kind::Raw(_) => (b'0', None),
        Kind::Hardlink(_) => (b'1', None),
        Kind::Symlink(_) => (b'2', None),
        Kind::CharDevice(major, minor) => (b'3', Some((major, minor))),
        Kind::BlockDevice(major, minor) => (b'4', Some((major, minor))),
        Kind::Dir => (b'5', None),
        Kind::Fifo => (b'6', None),
    };
    header.as_old_mut().linkflag = [flag];
    header.set_mode(item.mode);
    header.set_uid(item.uid.min(pax::LARGEST_OCTAL_ID));
    header.set_gid(item.gid.min(pax::LARGEST_OCTAL_ID));
    header.set_mtime(item.mtime.try_into().unwrap_or(0));
    header.set_size(item.data().len() as u64);
    if let Some((major, minor)) = device {
        header.set_device_major(major).expect("room for devices");
        header.set_device_minor(minor).expect("room for devices");
    }
}

/// Returns the link target of a record; empty where it has none.
pub fn link(item: &Item) -> &[u8] {
    match &item.kind {
        Kind::Symlink(target) | Kind::Hardlink(target) => target,
        _ => b"",
    }
}

/// Returns a GNU long-name (`L`) or long-link (`K`) record.
pub fn gnu_long(kind: u8, value: &[u8]) -> Vec<u8> {
    let data = [value, b"\0"].concat();
    raw_entry(b"././@LongLink", kind, &data, |_| ())
}

/// Writes a number in GNU base-256, negative ones too.
pub fn base256(field: &mut [u8], value: i64) {
    let fill = if value < 0 { 0xff } else { 0 };
    field.fill(fill);
    let start = field.len() - 8;
    field[start..].copy_from_slice(&value.to_be_bytes());
    // The marker bit; eight-byte fields lose the uppermost bit of the value, which no fixture needs.
    field[0] = if value < 0 { 0xff } else { 0x80 };
}

fn split_name(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let fits = |&slash: &usize| {
        let rest = name.len() - slash - 1;
        name[slash] == b'/' && slash > 0 && slash <= 155 && (1..=100).contains(&rest)
    };
    let slash = (0..name.len()).find(fits)?;
    Some((&name[..slash], &name[slash + 1..]))
}
