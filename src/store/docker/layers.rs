//! Layers of images: `layerdb/sha256/<chain ID>/`.

use std::collections::HashMap;

use crate::error::{Result, WarningCode};
use crate::image::Digest;
use crate::path;

use super::super::{Contents, Exit, Layer, LayerId, Listing, Location, PieceId, Role};
use super::graph::Graph;
use super::reader::{Claimed, DockerReader};
use super::records::{Records, place};

/// One directory of the layer database.
#[derive(Debug)]
struct Record {
    chain: Digest,
    place: Vec<u8>,
    diff_id: Option<Digest>,
    parent: Option<Digest>,
    cache_id: Option<String>,
    bytes: Option<u64>,
    has_headers: bool,
    /// Where its files are.
    contents: Contents,
}

/// Reads every layer that the database has, and what is left of those being removed.
pub(super) fn read(reader: &mut DockerReader<'_>) -> Result<()> {
    let records = read_records(reader)?;
    let directories: HashMap<Digest, String> = records
        .iter()
        .filter_map(|record| Some((record.chain.clone(), record.cache_id.clone()?)))
        .collect();
    for record in &records {
        reader.check()?;
        add(reader, record, &directories);
    }
    for record in records {
        connect(reader, &record);
    }
    Ok(())
}

fn read_records(reader: &mut DockerReader<'_>) -> Result<Vec<Record>> {
    // moby, layer/filestore.go: SHA-256 is the only algorithm in use.
    let database = reader.image(&[b"layerdb", b"sha256"]);
    let images = reader.image(&[b"imagedb", b"content", b"sha256"]);
    let has_images =
        matches!(reader.records.root().names(&images, 1), Ok(Some(names)) if !names.is_empty());
    if reader.records.is_missing(&database) && has_images {
        reader.records.lost(&database, "images");
    }
    let names = reader.records.listed(&database).unwrap_or_else(|reason| {
        let location = reader.location(database.clone());
        let piece = reader.store.add_unreachable(location, Role::Layer, reason);
        reader.layers_out_of_reach = Some(piece);
        Vec::new()
    });
    let mut found = Vec::new();
    for name in names {
        let at = place(&[&database, &name]);
        if name.ends_with(b"-removing") {
            half_removed(reader, at);
            continue;
        }
        match Digest::from_name(&name) {
            Some(chain) => found.push((chain, at)),
            None => reader.records.bad(&at, "its name is not a digest"),
        }
    }
    let records = read_each(reader, found)?;
    if records.iter().any(|record| record.cache_id.is_none()) {
        reader.claimed = Claimed::InPart;
    }
    Ok(records)
}

/// Most threads that read records: the kernel answers most of it from memory.
const THREADS: usize = 4;

/// Fewest records that are worth a thread.
const WORTH_A_THREAD: usize = 64;

/// Reads records by several threads, each some that follow each other.
fn read_each(reader: &mut DockerReader<'_>, found: Vec<(Digest, Vec<u8>)>) -> Result<Vec<Record>> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(THREADS).min(found.len() / WORTH_A_THREAD + 1);
    let share = found.len().div_ceil(threads).max(1);
    let (graph, job) = (&reader.graph, reader.job);
    let read = |share: &[(Digest, Vec<u8>)], mut records: Records| {
        let each = share.iter().map(|(chain, at)| {
            job.check()?;
            Ok(read_record(&mut records, graph, chain.clone(), at.clone()))
        });
        let read: Result<Vec<Record>> = each.collect();
        read.map(|read| (read, records))
    };
    let parts: Vec<Result<(Vec<Record>, Records)>> = std::thread::scope(|scope| {
        let mut shares = found.chunks(share);
        let own = shares.next();
        let others: Vec<_> = shares
            .map(|share| {
                let records = reader.records.beside();
                scope.spawn(move || read(share, records))
            })
            .collect();
        let own = own.map(|share| read(share, reader.records.beside()));
        let others = others.into_iter().map(|other| match other.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        own.into_iter().chain(others).collect()
    });
    let mut all = Vec::with_capacity(found.len());
    for part in parts {
        let (read, records) = part?;
        all.extend(read);
        reader.records.take(records);
    }
    Ok(all)
}

fn read_record(records: &mut Records, graph: &Graph, chain: Digest, at: Vec<u8>) -> Record {
    let file = |name: &str| place(&[&at, name.as_bytes()]);
    let cache_id = records.component(&file("cache-id"));
    if cache_id.is_none() {
        records.bad(&at, "it does not say which directory has the layer's files");
    }
    let refused = || Contents::Refused("no record says where its files are".to_owned());
    let contents = cache_id
        .as_deref()
        .map_or_else(refused, |directory| graph.files(directory));
    let bytes = records.text(&file("size"));
    let size = bytes.as_ref().and_then(|text| text.parse().ok());
    if bytes.is_some() && size.is_none() {
        records.bad(&file("size"), "it holds no number of bytes");
    }
    Record {
        diff_id: records.digest(&file("diff")),
        parent: records.digest(&file("parent")),
        has_headers: records.has_content(&file("tar-split.json.gz")),
        contents,
        place: at,
        cache_id,
        bytes: size,
        chain,
    }
}

fn add(reader: &mut DockerReader<'_>, record: &Record, directories: &HashMap<Digest, String>) {
    let below = record
        .parent
        .as_ref()
        .and_then(|parent| directories.get(parent));
    let mut pieces = directory_pieces(reader, record);
    pieces.push(reader.piece(record.place.clone(), Role::Bookkeeping));
    let listing = listing(reader, record, below.map(String::as_str));
    let layer = reader.store.add_layer(Layer {
        diff_id: record.diff_id.clone(),
        chain_id: Some(record.chain.clone()),
        pieces,
        recorded_bytes: record.bytes,
        ..Layer::new(record.chain.to_string(), listing)
    });
    reader.by_chain.insert(record.chain.clone(), layer);
    if let Some(directory) = &record.cache_id {
        reader
            .by_directory
            .entry(directory.clone())
            .or_insert(layer);
    }
}

/// Two records may name one directory: it then belongs to both.
fn directory_pieces(reader: &mut DockerReader<'_>, record: &Record) -> Vec<PieceId> {
    let Some(directory) = &record.cache_id else {
        let location = reader.location(place(&[&record.place, b"cache-id"]));
        let reason = "it does not say which directory has the layer's files";
        return vec![reader.store.add_unreachable(location, Role::Layer, reason)];
    };
    if let Some(&other) = reader.by_directory.get(directory) {
        let reason = format!(
            "it names the directory {} of another layer",
            path::display_str(directory)
        );
        reader.records.bad(&record.place, reason);
        let mut pieces = reader.store.layer(other).pieces.clone();
        pieces.pop();
        return pieces;
    }
    let is_there = matches!(record.contents, Contents::Directory(_)) || reader.graph.has(directory);
    if !is_there {
        let obstacle = reader.graph.obstacle(directory);
        if obstacle.is_none() {
            let missing = reader.graph.directory(directory).shown();
            reader
                .records
                .bad(&record.place, format!("its directory {missing} is missing"));
            reader.doubt_name(directory);
        }
        return reader.out_of_reach(directory, Role::Layer, obstacle);
    }
    let contents = record.contents.clone();
    reader.pieces_at(directory, contents, Role::Layer, Role::Layer)
}

fn listing(reader: &DockerReader<'_>, record: &Record, below: Option<&str>) -> Listing {
    let contents = record.contents.clone();
    let headers = reader.location(place(&[&record.place, b"tar-split.json.gz"]));
    match record.cache_id {
        Some(_) if !record.has_headers => match reader.graph.listing_of(contents, below) {
            Listing::Unavailable(reason) => {
                Listing::Unavailable(format!("{} is missing, and {reason}", headers.shown()))
            }
            listing => listing,
        },
        _ => Listing::TarSplit {
            fallback: fallback(reader, &contents),
            record: headers,
            contents,
        },
    }
}

fn fallback(
    reader: &DockerReader<'_>,
    contents: &Contents,
) -> Option<(Location, crate::layer::dir::Encoding)> {
    let Contents::Directory(files) = contents else {
        return None;
    };
    match reader.graph.listing_of(contents.clone(), None) {
        Listing::Directory { encoding, .. } => Some((files.clone(), encoding)),
        _ => None,
    }
}

fn connect(reader: &mut DockerReader<'_>, record: &Record) {
    let own = reader.by_chain.get(&record.chain).copied();
    let below = record.parent.as_ref();
    if let Some(diff_id) = &record.diff_id
        && Digest::chain_id(below, diff_id) != record.chain
    {
        let shown = reader.records.root().shown(&record.place);
        let message = format!("{shown}: it is not the chain ID of its diff ID and its parent");
        reader.records.warn(WarningCode::MetadataMismatch, message);
    }
    let Some(below) = below else {
        return;
    };
    let parent: Option<LayerId> = reader.by_chain.get(below).copied();
    if parent.is_none() {
        let reason = format!("its parent {} is not in the store", below.short());
        reader.records.bad(&record.place, reason);
    }
    if let Some(own) = own {
        reader.store.layers[own.as_usize()].parent = parent;
    }
}

/// moby renames a layer's record before it removes the layer, and finishes the job when it stops in good order
/// (layer/filestore.go, getOrphan; daemon/daemon.go, Shutdown).
fn half_removed(reader: &mut DockerReader<'_>, record: Vec<u8>) {
    let directory = reader.records.component(&place(&[&record, b"cache-id"]));
    reader.half_removed.extend(directory);
    let reason = "record of a layer that was being removed when the engine stopped";
    reader.orphan_until(Exit::Stop, record, "half-removed-layer", reason.to_owned());
}
