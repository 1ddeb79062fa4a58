//! Plans to files, streaming: every byte is made, hashed, perhaps compressed, and written once.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tar::Header;

use crate::content::Content;
use crate::record::{Plan, Record};

const BLOCK: u64 = 512;
/// 2026-01-01.
const MTIME: u64 = 1_767_225_600;
const BUFFER: usize = 1 << 20;

/// The container an image is put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// `docker save` before 25.0, uncompressed.
    DockerArchive,
    /// An OCI layout with gzip layers.
    GzipLayout,
    /// An OCI layout with zstd layers.
    ZstdLayout,
}

/// Writes an uncompressed `docker save` archive.
pub(crate) fn docker_archive(plan: &dyn Plan, path: &Path) -> io::Result<()> {
    let content = Content::new();
    let mut archive = BufWriter::with_capacity(BUFFER, File::create(path)?);
    let mut diff_ids = Vec::new();
    let mut names = Vec::new();
    for layer in 0..plan.layers() {
        let name = format!("layer-{layer:03}/layer.tar");
        // The length is known once the layer is written: its header is filled in afterwards.
        let start = archive.stream_position()?;
        archive.write_all(&[0; 512])?;
        let mut hashed = Hashed::new(&mut archive);
        write_layer(plan, layer, &content, &mut hashed)?;
        let (digest, length) = hashed.finish();
        pad(&mut archive, length)?;
        let end = archive.stream_position()?;
        archive.seek(SeekFrom::Start(start))?;
        archive.write_all(header(&name, b'0', 0o644, length)?.as_bytes())?;
        archive.seek(SeekFrom::Start(end))?;
        diff_ids.push(digest);
        names.push(name);
    }
    let manifest = json!([{ "Config": "config.json", "RepoTags": ["bench:1"], "Layers": names }]);
    for (name, document) in [
        ("config.json", config(&diff_ids)),
        ("manifest.json", manifest),
    ] {
        let bytes = document.to_string().into_bytes();
        archive.write_all(header(name, b'0', 0o644, bytes.len() as u64)?.as_bytes())?;
        archive.write_all(&bytes)?;
        pad(&mut archive, bytes.len() as u64)?;
    }
    archive.write_all(&[0; 1024])?;
    archive.flush()
}

/// Writes an OCI layout with compressed layers.
pub(crate) fn layout(plan: &dyn Plan, packing: Packing, path: &Path) -> io::Result<()> {
    let content = Content::new();
    let blobs = path.join("blobs/sha256");
    if path.exists() {
        fs::remove_dir_all(path)?;
    }
    fs::create_dir_all(&blobs)?;
    let suffix = if packing == Packing::GzipLayout {
        "gzip"
    } else {
        "zstd"
    };
    let media_type = format!("application/vnd.oci.image.layer.v1.tar+{suffix}");
    let mut diff_ids = Vec::new();
    let mut layers = Vec::new();
    for layer in 0..plan.layers() {
        let unnamed = blobs.join("unnamed");
        let diff_id = compressed_layer(plan, layer, &content, packing, &unnamed)?;
        let (digest, size) = digest_of(&unnamed)?;
        fs::rename(&unnamed, blobs.join(&digest))?;
        layers.push(
            json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": size }),
        );
        diff_ids.push(diff_id);
    }
    let config = blob(
        &blobs,
        "application/vnd.oci.image.config.v1+json",
        &config(&diff_ids),
    )?;
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers });
    let mut manifest = blob(
        &blobs,
        "application/vnd.oci.image.manifest.v1+json",
        &manifest,
    )?;
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": "1" });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    fs::write(path.join("index.json"), index.to_string())?;
    fs::write(path.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)
}

/// Writes one compressed layer and returns the digest of what is in it.
fn compressed_layer(
    plan: &dyn Plan,
    layer: usize,
    content: &Content,
    packing: Packing,
    path: &Path,
) -> io::Result<String> {
    let mut file = BufWriter::with_capacity(BUFFER, File::create(path)?);
    let digest = if packing == Packing::GzipLayout {
        let level = flate2::Compression::new(6);
        let mut hashed = Hashed::new(flate2::write::GzEncoder::new(&mut file, level));
        write_layer(plan, layer, content, &mut hashed)?;
        hashed.inner.try_finish()?;
        hashed.finish().0
    } else {
        let mut hashed = Hashed::new(zstd::stream::write::Encoder::new(&mut file, 3)?);
        write_layer(plan, layer, content, &mut hashed)?;
        hashed.inner.do_finish()?;
        hashed.finish().0
    };
    file.flush()?;
    Ok(digest)
}

fn config(diff_ids: &[String]) -> Value {
    let created = "2026-01-01T00:00:00Z";
    let diff_ids: Vec<_> = diff_ids
        .iter()
        .map(|digest| format!("sha256:{digest}"))
        .collect();
    let history: Vec<_> = (0..diff_ids.len())
        .map(|layer| json!({ "created": created, "created_by": format!("RUN step {layer} # buildkit") }))
        .collect();
    json!({
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        "config": { "Cmd": ["sh"] },
        "history": history,
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    })
}

fn blob(blobs: &Path, media_type: &str, document: &Value) -> io::Result<Value> {
    let bytes = document.to_string().into_bytes();
    let digest = hex(&Sha256::digest(&bytes));
    fs::write(blobs.join(&digest), &bytes)?;
    Ok(
        json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": bytes.len() }),
    )
}

fn write_layer(
    plan: &dyn Plan,
    layer: usize,
    content: &Content,
    output: &mut dyn Write,
) -> io::Result<()> {
    let mut buffered = BufWriter::with_capacity(BUFFER, output);
    plan.layer(layer, &mut |path, record| {
        write_record(path, record, content, &mut buffered)
    })?;
    buffered.write_all(&[0; 1024])?;
    buffered.flush()
}

fn write_record(
    path: &str,
    record: &Record,
    content: &Content,
    output: &mut dyn Write,
) -> io::Result<()> {
    match record {
        Record::Dir { mode } => {
            output.write_all(header(&format!("{path}/"), b'5', *mode, 0)?.as_bytes())
        }
        Record::File {
            mode,
            length,
            seed,
            texture,
        } => {
            output.write_all(header(path, b'0', *mode, *length)?.as_bytes())?;
            content.write(*texture, *seed, *length, output)?;
            pad(output, *length)
        }
        Record::Symlink { target } => {
            let mut header = header(path, b'2', 0o777, 0)?;
            header.set_link_name_literal(target)?;
            header.set_cksum();
            output.write_all(header.as_bytes())
        }
        Record::Whiteout => {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            let name = format!("{parent}/.wh.{name}");
            output.write_all(header(&name, b'0', 0o644, 0)?.as_bytes())
        }
        Record::Opaque => {
            let name = format!("{path}/.wh..wh..opq");
            output.write_all(header(&name, b'0', 0o644, 0)?.as_bytes())
        }
    }
}

fn header(path: &str, kind: u8, mode: u32, length: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(path)?;
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(MTIME);
    header.set_size(length);
    header.set_cksum();
    Ok(header)
}

fn pad(output: &mut dyn Write, length: u64) -> io::Result<()> {
    let rest = usize::try_from(length.next_multiple_of(BLOCK) - length).unwrap_or(0);
    output.write_all(&[0; 512][..rest])
}

fn digest_of(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut size = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok((hex(&hash.finalize()), size));
        }
        hash.update(&buffer[..count]);
        size += count as u64;
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

/// Hashes and counts what passes.
struct Hashed<W> {
    inner: W,
    hash: Sha256,
    length: u64,
}

impl<W: Write> Hashed<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            length: 0,
        }
    }

    fn finish(self) -> (String, u64) {
        (hex(&self.hash.finalize()), self.length)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.hash.update(&buffer[..count]);
        self.length += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
