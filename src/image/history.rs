//! History entries and how they pair with layers.

use super::Instruction;

/// One entry of the configuration's history. Every field may be missing in the wild.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryEntry {
    /// RFC 3339 time as recorded.
    pub created: Option<String>,
    /// What made it, as recorded.
    pub created_by: Option<String>,
    /// Who, as recorded.
    pub author: Option<String>,
    /// Remark; several builders are recognised by it.
    pub comment: Option<String>,
    /// Whether it made no layer.
    pub empty_layer: bool,
    /// The layer it made, once paired.
    pub layer: Option<u16>,
    /// The recovered instruction.
    pub instruction: Option<Instruction>,
}
