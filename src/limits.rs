//! Every limit that protects the machine from its input, in one place.
//!
//! Images are written by strangers. Nothing here is reached by a sane image; whatever is reached is reported
//! as a warning that names the limit.

/// Longest path of an entry, in bytes. Linux's `PATH_MAX` is 4096; builders have gone beyond it.
pub const PATH_BYTES: usize = 16 * 1024;

/// Most components of a path.
pub const PATH_DEPTH: usize = 1024;

/// Longest symbolic or hard link target, in bytes.
pub const LINK_BYTES: usize = 16 * 1024;

/// Most bytes of targets of one layer's symbolic links that are kept to send later entries where they lead. Reached
/// where something is below a link that was not kept; links to files may be as many as they like.
pub const KEPT_LINK_BYTES: usize = 64 * 1024 * 1024;

/// Most bytes of paths that are looked at in one layer to follow its own symbolic links: seconds.
pub const LINK_LOOKUP_BYTES: u64 = 1 << 30;

/// Longest extended header (PAX records, GNU long name, sparse map), in bytes.
pub const EXTENDED_HEADER_BYTES: u64 = 1024 * 1024;

/// Most extended headers before one entry.
pub const EXTENDED_HEADERS: usize = 64;

/// Most extended attributes of one entry. Linux lists 64 KiB of names of a file.
pub const ENTRY_XATTRS: usize = 10_000;

/// Most entries of one layer; a tree of that many takes about 0.9 GB.
pub const LAYER_ENTRIES: u32 = 8_000_000;

/// Most entries that are added over all layers of an image because a directory above them was moved; each move
/// repeats everything below a directory, and moves of moves multiply.
pub const MOVED_ENTRIES: u32 = LAYER_ENTRIES;

/// Most nodes that are looked at over all layers of an image to find what moved directories have below: seconds.
pub const MOVED_LOOKUPS: u64 = 1 << 26;

/// Most bytes of names and link targets of one layer.
pub const LAYER_NAME_BYTES: usize = 512 * 1024 * 1024;

/// Most bytes of different extended attributes of one layer.
pub const LAYER_XATTR_BYTES: usize = 64 * 1024 * 1024;

/// Most bytes of file data that one layer may claim to hold, so that sums over all layers cannot overflow.
pub const LAYER_CONTENT_BYTES: u64 = 1 << 46;

/// Most layers of an image. Docker's own limit is 127.
pub const LAYERS: usize = 1024;

/// Bytes without a valid header after which a file that never had one is not a tar archive.
pub const TAR_PREAMBLE_BYTES: u64 = 64 * 1024;

/// Longest file of zeros that is taken for an empty tar archive, in bytes: one record of the greatest blocking factor in
/// use. A longer one is a disk nobody wrote to.
pub const EMPTY_ARCHIVE_BYTES: u64 = 32 * 1024;

/// Windows of zstd streams, as powers of two of their bytes, which is what a decoder may hold: of those that begin as
/// usual, those that `zstd --long` makes, and the largest that are read, `--long=28`.
pub const ZSTD_WINDOW_LOGS: [u32; 3] = [25, 27, 28];

/// Warnings of one kind that one layer may raise before the rest is only counted.
pub const WARNINGS_PER_KIND: usize = 20;

/// Most bytes of warnings of one layer, with the paths that they name.
pub const LAYER_WARNING_BYTES: usize = 128 * 1024;

/// Most bytes of warnings of all layers of an image.
pub const WARNING_BYTES: usize = 8 * 1024 * 1024;

/// Bytes that decompression may produce over a whole image unless `--max-expanded` says otherwise.
pub const EXPANDED_BYTES: u64 = 1 << 40;

/// Bytes that a compressed or piped archive may take as a temporary file unless `--max-expanded` says otherwise;
/// half of the free space there if that is less.
pub const SPOOL_BYTES: u64 = 64 << 30;

/// What decompression of a whole image may cost unless `--max-expanded` says otherwise, in bytes, of xz and bzip2 in
/// eighths; on top of [`EXPANSION_RATIO`].
pub const EXPANSION_COST: u64 = 32 << 30;

/// What decompression may cost for each stored byte.
pub const EXPANSION_RATIO: u64 = 1000;

/// Most memory of all decoders at a time, in bytes; layers wait for each other beyond it. The largest window fits into
/// an archive that is compressed as usual.
pub const DECODERS_BYTES: u64 = 288 * 1024 * 1024;

/// Most memory of an xz decoder, in bytes: `xz -9` needs 65 MiB; hostile headers ask for 4 GiB.
pub const XZ_BYTES: u64 = 136 * 1024 * 1024;

/// Most bzip2 streams one after the other in one file; `pbzip2` writes one for each 900 kB.
pub const BZIP2_STREAMS: u64 = 100_000;

/// Most entries of an image unless `--max-entries` says otherwise.
pub const IMAGE_ENTRIES: u64 = 4_000_000;

/// Most bytes of names and link targets of all layers of an image; those of a million files take some 20 MB.
pub const IMAGE_NAME_BYTES: u64 = 160 * 1024 * 1024;

/// Most bytes that are compared over all layers of an image beyond what is stored: holes of sparse files.
pub const HOLES_COMPARED_BYTES: u64 = 8 << 30;

/// Longest sparse file, with its holes, that is compared byte by byte.
pub const SPARSE_COMPARE_BYTES: u64 = 1 << 30;

/// Most bytes of a file that are compared to tell how much of a copy was changed.
pub const COPY_UP_BYTES: u64 = 1 << 30;

/// Most bytes that are kept of the entries of layers that pass by once, packed, of one input: those of some ten million.
pub const RECORDED_BYTES: u64 = 256 * 1024 * 1024;

/// Most bytes that are kept of documents of an archive that passes by, beside the first [`KEPT_DOCUMENTS`].
pub const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// Documents with the four names that an image's may have that are kept whatever there is beside them.
pub const KEPT_DOCUMENTS: usize = 8;

/// Longest member of an archive that passes by that is kept whole where it is neither document nor layer, in bytes: what
/// should be a configuration and is none has to be told as such.
pub const KEPT_MEMBER_BYTES: usize = 64 * 1024;

/// Most bytes that are kept of such members.
pub const KEPT_MEMBERS_BYTES: usize = 8 * 1024 * 1024;

/// Most bytes of sparse files, with their holes, that are hashed as they pass by.
pub const SPARSE_PASSING_BYTES: u64 = 16 << 30;

/// Most bytes that are read of each of two images to tell which of their files differ.
pub const DIFFERENCE_BYTES: u64 = 16 << 30;

/// Longest manifest, index or configuration, in bytes. Registries refuse manifests above 4 MiB.
pub const DOCUMENT_BYTES: u64 = 16 * 1024 * 1024;

/// Most bytes of documents that are read to list what a source offers; thousands of manifests may share one
/// configuration of the greatest length.
pub const LISTED_BYTES: u64 = 512 * 1024 * 1024;

/// Most lists and objects inside each other in a JSON document; sane ones have ten.
pub const JSON_DEPTH: usize = 100;

/// Most values of one JSON document; one of brackets alone would otherwise take a hundred times its length.
pub const JSON_VALUES: usize = 1_000_000;

/// Most manifests that one source may list.
pub const MANIFESTS: usize = 4096;

/// Most indexes inside each other.
pub const INDEX_DEPTH: usize = 8;

/// Longest file of an engine's configuration, in bytes.
pub const CONFIGURATION_BYTES: u64 = 1024 * 1024;

/// Longest record of a layer store other than a database, in bytes: `layers.json` of a large Podman store has a
/// few megabytes.
pub const RECORD_BYTES: u64 = 64 * 1024 * 1024;

/// Longest line of a tar-split record, in bytes. Lines hold a header or two; old versions put everything
/// behind the last file into one.
pub const TAR_SPLIT_LINE_BYTES: u64 = 16 * 1024 * 1024;

/// How much of a tar-split record is looked over for damage before it is read, expanded, in bytes: that of a
/// layer of a million files. Damage behind it costs what is behind it.
pub const TAR_SPLIT_CHECKED_BYTES: u64 = 1024 * 1024 * 1024;

/// Most damaged files of one layer that a verification lists; the rest is counted.
pub const DAMAGED_FILES: usize = 1000;

/// Longest record of a layer store that holds one value, in bytes: a digest, or the short names of 128 layers.
pub const STORE_VALUE_BYTES: u64 = 64 * 1024;

/// Longest database of an engine, in bytes.
pub const DATABASE_BYTES: u64 = 512 * 1024 * 1024;

/// Most directories of a store that are listed at one place: layers, containers, blobs.
pub const STORE_NAMES: usize = 1_000_000;

/// Most members of an archive that is an image; a lone layer may have more.
pub const ARCHIVE_MEMBERS: usize = 200_000;

/// Most bytes of their names.
pub const ARCHIVE_NAME_BYTES: usize = 64 * 1024 * 1024;

/// Compressions of an input inside each other that are undone; downloads are sometimes compressed twice.
pub const COMPRESSIONS: usize = 3;

/// Most symbolic links on the way to one blob, or to one entry of a layer, as in Linux's own path walk.
pub const LINK_HOPS: usize = 40;

/// Most bytes of a file that the preview reads; the rest is for the pager and for `cat`.
pub const PREVIEW_BYTES: u64 = 4 * 1024 * 1024;

/// Most bytes of one line that the preview draws.
pub const PREVIEW_LINE_BYTES: usize = 8 * 1024;

/// Longest file that is read because the cursor passes over it.
pub const FOLLOWED_BYTES: u64 = 1024 * 1024;

/// Most entries of a directory that the preview lists.
pub const PREVIEW_ENTRIES: usize = 200;

/// Most lines of a file, between its equal beginning and end, that are compared one by one.
pub const COMPARED_LINES: usize = 200_000;

/// Longest text handed to the clipboard, in bytes; terminals drop longer sequences, some without a word.
pub const CLIPBOARD_BYTES: usize = 72 * 1024;
