//! Every format of a report, a row each: what it is called, what it can tell of, and who writes it.
//!
//! A new format is a variant of [`Format`] with its row and the module that writes it.

use std::io::{self, Write};

use super::store::StoreReport;
use super::{Report, dive, json, ncdu, store, text};

/// An output format. The order is the one of the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs; the layout is a public contract.
    Json,
    /// For programs that read dive's: its layout and its figures.
    Dive,
    /// For browsing with `ncdu -f`. It stays the last: [`Format::ALL`] is checked by it.
    Ncdu,
}

type StoreWriter = fn(&StoreReport<'_>, &mut dyn Write) -> io::Result<()>;

/// One row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Definition {
    /// The name on the command line.
    name: &'static str,
    /// What ends the name of a file that is meant to be of this format, in lower case.
    endings: &'static [&'static str],
    /// Writes an image.
    pub(super) image: fn(&Report<'_>, &mut dyn Write) -> io::Result<()>,
    /// Whether it tells what a container has written.
    tells_written: bool,
    /// Writes layer stores, where it can tell what they hold.
    pub(super) store: Option<StoreWriter>,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Text, Self::Json, Self::Dive, Self::Ncdu];

    pub(super) const fn definition(self) -> Definition {
        match self {
            Self::Text => Definition {
                name: "text",
                endings: &["txt", "text"],
                image: text::write,
                tells_written: true,
                store: Some(store::text::write),
            },
            Self::Json => Definition {
                name: "json",
                endings: &["json"],
                image: json::write,
                tells_written: true,
                store: Some(store::json::write),
            },
            Self::Dive => Definition {
                name: "dive",
                endings: &[],
                image: |report, output| dive::write(report.analysis, output),
                tells_written: false,
                store: None,
            },
            Self::Ncdu => Definition {
                name: "ncdu",
                endings: &["ncdu"],
                image: |report, output| ncdu::write(report.analysis, output),
                tells_written: false,
                store: Some(store::ncdu::write),
            },
        }
    }

    /// Returns the name used on the command line.
    pub const fn as_str(self) -> &'static str {
        self.definition().name
    }

    /// Returns the format of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// Reads the format from the ending of a file's name; `None` for one that nothing writes.
    pub fn of_file(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        let ending = ending.to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|format| format.definition().endings.contains(&ending.as_str()))
    }

    /// Returns whether its report on an image tells what a container has written.
    pub const fn tells_written(self) -> bool {
        self.definition().tells_written
    }

    /// Returns whether it can tell what a layer store holds.
    pub const fn tells_stores(self) -> bool {
        self.definition().store.is_some()
    }

    /// Returns the names of those that are meant as a choice: `text, json or ncdu`.
    pub(crate) fn choice(is_meant: impl Fn(Self) -> bool) -> String {
        let meant = Self::ALL.into_iter().filter(|format| is_meant(*format));
        let names: Vec<&str> = meant.map(Self::as_str).collect();
        match names.as_slice() {
            [first @ .., last] if !first.is_empty() => {
                format!("{} or {last}", first.join(", "))
            }
            _ => names.concat(),
        }
    }
}

const _: () = assert!(
    Format::ALL.len() == Format::Ncdu as usize + 1,
    "ALL holds every format"
);

impl StoreReport<'_> {
    /// Returns whether a format can say what a store holds.
    pub const fn can_write(format: Format) -> bool {
        format.tells_stores()
    }

    /// Writes the report.
    ///
    /// # Errors
    /// Those of `output`; for a format that cannot say it [`io::ErrorKind::Unsupported`]; for ncdu
    /// [`io::ErrorKind::Interrupted`] once the job is cancelled.
    pub fn write(&self, format: Format, output: &mut dyn Write) -> io::Result<()> {
        match format.definition().store {
            Some(write) => write(self, output),
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_endings_lead_to_their_format() {
        for format in Format::ALL {
            assert_eq!(Format::of_name(format.as_str()), Some(format));
            for ending in format.definition().endings {
                assert_eq!(Format::of_file(&format!("a.b.{ending}")), Some(format));
            }
        }
        assert_eq!(Format::of_file("REPORT.JSON"), Some(Format::Json));
        assert_eq!(Format::of_file("json"), None);
        assert_eq!(Format::choice(Format::tells_stores), "text, json or ncdu");
    }
}
