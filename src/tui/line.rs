//! A line being typed.

use tui_input::{Input, InputRequest};

use super::edit::Edit;

/// Text with a cursor. Control characters never get in.
#[derive(Debug, Clone, Default)]
pub struct Line(Input);

/// Whether letters go into a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Typing {
    /// Not now.
    #[default]
    Ended,
    /// They do.
    Begun,
}

/// Most characters a line holds; further ones are dropped.
const MOST: usize = 4096;

impl Line {
    /// Makes a line with this text, the cursor at its end.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Input::new(text.into()))
    }

    /// Applies an edit.
    pub fn edit(&mut self, edit: &Edit) {
        let request = match edit {
            Edit::Insert(character) => return self.insert(*character),
            Edit::Paste(text) => return text.chars().for_each(|character| self.insert(character)),
            Edit::DeleteBefore => InputRequest::DeletePrevChar,
            Edit::DeleteUnder => InputRequest::DeleteNextChar,
            Edit::DeleteWord => InputRequest::DeletePrevWord,
            Edit::DeleteToStart => InputRequest::DeleteFromStart,
            Edit::Left => InputRequest::GoToPrevChar,
            Edit::Right => InputRequest::GoToNextChar,
            Edit::WordLeft => InputRequest::GoToPrevWord,
            Edit::WordRight => InputRequest::GoToNextWord,
            Edit::Start => InputRequest::GoToStart,
            Edit::End => InputRequest::GoToEnd,
        };
        self.0.handle(request);
    }

    fn insert(&mut self, character: char) {
        if !character.is_control() && self.0.value().len() < MOST {
            self.0.handle(InputRequest::InsertChar(character));
        }
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        self.0.value()
    }

    /// Returns the characters before the cursor.
    pub fn position(&self) -> usize {
        self.0.cursor()
    }

    /// Returns the columns before the cursor.
    pub fn cursor(&self) -> usize {
        self.0.visual_cursor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let mut line = Line::new("usr lib");
        line.edit(&Edit::DeleteWord);
        line.edit(&Edit::Insert('b'));
        line.edit(&Edit::Paste("in\n\x1b[31m".into()));
        assert_eq!(line.text(), "usr bin[31m");
        line.edit(&Edit::Start);
        line.edit(&Edit::DeleteUnder);
        assert_eq!((line.text(), line.cursor()), ("sr bin[31m", 0));
    }
}
