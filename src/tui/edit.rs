//! Edits of a line that is being typed.

/// An edit of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Types a character.
    Insert(char),
    /// Types several, control characters left out.
    Paste(String),
    /// Deletes the character before the cursor.
    DeleteBefore,
    /// Deletes the character under the cursor.
    DeleteUnder,
    /// Deletes the word before the cursor.
    DeleteWord,
    /// Deletes everything before the cursor.
    DeleteToStart,
    /// Moves by one character to the left.
    Left,
    /// Moves by one character to the right.
    Right,
    /// Moves by one word to the left.
    WordLeft,
    /// Moves by one word to the right.
    WordRight,
    /// Moves to the start.
    Start,
    /// Moves to the end.
    End,
}
