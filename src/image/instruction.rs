//! History texts turned back into the Dockerfile-like line a human wrote.

/// One build instruction, recovered from a history entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// One line such as `RUN apt-get update` or `COPY . /app`; unescaped text from the image.
    pub line: String,
    /// The text as recorded, unescaped.
    pub recorded: String,
}
