//! How far reading an image is.

/// How far loading is, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadProgress {
    /// Since the start, in milliseconds.
    pub elapsed_milliseconds: u64,
    /// What is being read, escaped; a tag or a file name.
    pub title: String,
    /// Bottom first; empty until the manifests are read.
    pub layers: Vec<LayerProgress>,
    /// Bytes read or skipped, of all layers or of the archive while it is taken in.
    pub done_bytes: u64,
    /// Bytes announced; 0 while nothing is known.
    pub expected_bytes: u64,
    /// Entries understood.
    pub entries: u64,
}

/// How far one layer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerProgress {
    /// The instruction, unescaped.
    pub title: String,
    /// What happens with it.
    pub state: LayerState,
    /// Stored bytes read or skipped.
    pub done_bytes: u64,
    /// Stored bytes of all of it.
    pub expected_bytes: u64,
    /// Entries understood.
    pub entries: u64,
}

/// What happens with a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerState {
    /// Its turn has not come.
    Waiting,
    /// It is being read.
    Reading,
    /// It is read.
    Done,
    /// It could be read in part, or not at all.
    Damaged,
}
