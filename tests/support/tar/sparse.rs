//! GNU sparse files in their four forms (GNU tar manual, "Storing Sparse Files").

use tar::{GnuExtSparseHeader, GnuSparseHeader, Header};

use super::super::item::{Encoding, Item};
use super::pax::{self, Record};
use super::{BLOCK, fill, gnu_long, put, with_data};

/// A stretch of data: offset and length.
type Segment = (usize, usize);

/// Returns a sparse record; every whole block of zeros is a hole.
pub fn entry(item: &Item) -> Vec<u8> {
    let segments = segments(item.data());
    let data: Vec<u8> = segments
        .iter()
        .flat_map(|&(offset, length)| &item.data()[offset..offset + length])
        .copied()
        .collect();
    match item.encoding {
        Encoding::SparsePax00 => records_00(item, &segments, &data),
        Encoding::SparsePax01 => records_01(item, &segments, &data),
        Encoding::SparsePax10 => records_10(item, &segments, &data),
        _ => old(item, &segments, &data),
    }
}

fn segments(data: &[u8]) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for (number, block) in data.chunks(BLOCK).enumerate() {
        if block.iter().all(|&byte| byte == 0) {
            continue;
        }
        let offset = number * BLOCK;
        match segments.last_mut() {
            Some((start, length)) if *start + *length == offset => *length += block.len(),
            _ => segments.push((offset, block.len())),
        }
    }
    let end = segments
        .last()
        .map_or(0, |(offset, length)| offset + length);
    if end < data.len() || segments.is_empty() {
        // An empty segment at the end is how GNU tar says where a final hole ends.
        segments.push((data.len(), 0));
    }
    segments
}

fn old(item: &Item, segments: &[Segment], data: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    fill(&mut header, item);
    header.set_size(data.len() as u64);
    put(&mut header.as_old_mut().name, &item.stored_name());
    header.as_old_mut().linkflag = [b'S'];
    let fields = header.as_gnu_mut().expect("a GNU header");
    fields.set_real_size(item.data().len() as u64);
    let (first, rest) = segments.split_at(segments.len().min(fields.sparse.len()));
    place(&mut fields.sparse, first);
    fields.set_is_extended(!rest.is_empty());
    header.set_cksum();

    let mut bytes = pax::extended(&pax::attributes(item));
    if item.stored_name().len() > 100 {
        bytes.extend(gnu_long(b'L', &item.stored_name()));
    }
    bytes.extend_from_slice(header.as_bytes());
    let mut chunks = rest.chunks(21).peekable();
    while let Some(chunk) = chunks.next() {
        let mut extension = GnuExtSparseHeader::new();
        place(extension.sparse_mut(), chunk);
        extension.set_is_extended(chunks.peek().is_some());
        bytes.extend_from_slice(extension.as_bytes());
    }
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

fn place(slots: &mut [GnuSparseHeader], segments: &[Segment]) {
    for (slot, &(offset, length)) in slots.iter_mut().zip(segments) {
        slot.set_offset(offset as u64);
        slot.set_length(length as u64);
    }
}

fn records_00(item: &Item, segments: &[Segment], data: &[u8]) -> Vec<u8> {
    let mut records = vec![
        record("GNU.sparse.size", item.data().len()),
        record("GNU.sparse.numblocks", segments.len()),
    ];
    for &(offset, length) in segments {
        records.push(record("GNU.sparse.offset", offset));
        records.push(record("GNU.sparse.numbytes", length));
    }
    if item.stored_name().len() > 100 {
        records.push((b"path".to_vec(), item.stored_name()));
    }
    finish(item, records, &item.stored_name(), data)
}

fn records_01(item: &Item, segments: &[Segment], data: &[u8]) -> Vec<u8> {
    let map: Vec<_> = segments
        .iter()
        .map(|(offset, length)| format!("{offset},{length}"))
        .collect();
    let records = vec![
        record("GNU.sparse.size", item.data().len()),
        record("GNU.sparse.numblocks", segments.len()),
        record("GNU.sparse.map", map.join(",")),
        (b"GNU.sparse.name".to_vec(), item.stored_name()),
    ];
    finish(item, records, b"GNUSparseFile.0/decoy", data)
}

fn records_10(item: &Item, segments: &[Segment], data: &[u8]) -> Vec<u8> {
    let mut numbers = vec![segments.len()];
    numbers.extend(
        segments
            .iter()
            .flat_map(|&(offset, length)| [offset, length]),
    );
    let lines = numbers.iter().map(|number| format!("{number}\n"));
    let mut stored = lines.collect::<String>().into_bytes();
    stored.resize(stored.len().next_multiple_of(BLOCK), 0);
    stored.extend_from_slice(data);
    let records = vec![
        record("GNU.sparse.major", 1),
        record("GNU.sparse.minor", 0),
        (b"GNU.sparse.name".to_vec(), item.stored_name()),
        record("GNU.sparse.realsize", item.data().len()),
    ];
    finish(item, records, b"GNUSparseFile.0/decoy", &stored)
}

fn record(key: &str, value: impl ToString) -> Record {
    (key.into(), value.to_string().into())
}

fn finish(item: &Item, mut records: Vec<Record>, name: &[u8], stored: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    fill(&mut header, item);
    header.set_size(stored.len() as u64);
    put(&mut header.as_old_mut().name, name);
    header.set_cksum();
    records.extend(pax::attributes(item));
    [pax::extended(&records), with_data(&header, stored)].concat()
}
