//! The JSON documents of a store, as records. A record that cannot be used costs itself and a warning.

use crate::beneath::Beneath;
use crate::error::{Error, Warning, WarningCode};
use crate::image::Digest;
use crate::image::json::Json;
use crate::store::places;
use crate::{limits, path};

/// Whether a layer is all there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// It is.
    Whole,
    /// It was being made or removed when the engine was stopped (containers/storage, layers.go, `incompleteFlag`).
    HalfMade,
}

/// One element of `layers.json`.
#[derive(Debug, Clone)]
pub(super) struct LayerRecord {
    /// One plain path component.
    pub(super) id: String,
    pub(super) parent: Option<String>,
    pub(super) created: Option<i64>,
    pub(super) diff_id: Option<Digest>,
    /// Length of the uncompressed tar.
    pub(super) diff_bytes: Option<u64>,
    pub(super) condition: Condition,
}

/// One element of `images.json`.
#[derive(Debug, Clone)]
pub(super) struct ImageRecord {
    /// One plain path component.
    pub(super) id: String,
    pub(super) names: Vec<String>,
    pub(super) digest: Option<Digest>,
    /// Its uppermost layer; none for a manifest list.
    pub(super) top: Option<String>,
    /// The same for other user namespaces.
    pub(super) mapped: Vec<String>,
    /// What lies in its directory, by key.
    pub(super) documents: Vec<String>,
    pub(super) created: Option<String>,
}

/// One element of `containers.json`.
#[derive(Debug, Clone)]
pub(super) struct ContainerRecord {
    /// One plain path component.
    pub(super) id: String,
    pub(super) names: Vec<String>,
    pub(super) image: Option<String>,
    /// What it writes to.
    pub(super) layer: Option<String>,
    /// What the engine added: a document of its own in Podman and CRI-O.
    pub(super) metadata: Json,
    pub(super) created: Option<i64>,
}

/// The elements of one kind of document, and whether the document could be read.
#[derive(Debug)]
pub(super) struct Records<T> {
    pub(super) elements: Vec<T>,
    pub(super) readability: Readability,
}

/// Whether what is not in the records is known to be without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readability {
    /// All of it was read.
    Whole,
    /// A document, or a part of one, was damaged: who has no record may have had one.
    Partial,
    /// There is no document, as in a store that was never used.
    Missing,
}

impl<T> Default for Records<T> {
    fn default() -> Self {
        Self {
            elements: Vec::new(),
            readability: Readability::Whole,
        }
    }
}

/// Reads the documents of one kind: the first must be there, the others may be.
pub(super) fn read<T>(
    root: &Beneath,
    places: &[String],
    element: fn(&Json) -> Result<T, String>,
    warnings: &mut Vec<Warning>,
) -> Records<T> {
    let mut records = Records::default();
    for (position, place) in places.iter().enumerate() {
        let document = match root.read(place.as_bytes(), limits::RECORD_BYTES) {
            Ok(Some(bytes)) => Json::parse(&bytes),
            Ok(None) if position > 0 => continue,
            Ok(None) => {
                records.readability = Readability::Missing;
                continue;
            }
            Err(error) => Err(reason(&error)),
        };
        let document = document.and_then(|document| match document {
            Json::List(_) | Json::Null => Ok(document),
            _ => Err("it is not a list".to_owned()),
        });
        match document {
            Ok(document) => records.take(&document, element, (root, place), warnings),
            Err(reason) => {
                records.readability = Readability::Partial;
                warnings.push(unusable(root, place, &reason));
            }
        }
    }
    records
}

impl<T> Records<T> {
    /// Where something else stands in place of the directory, whatever was in it is lost.
    pub(super) fn doubt_unless_directory(
        &mut self,
        root: &Beneath,
        place: &str,
        warnings: &mut Vec<Warning>,
    ) {
        if self.readability == Readability::Missing && !places::is_directory(root, place.as_bytes())
        {
            self.readability = Readability::Partial;
            warnings.push(unusable(root, place, "it is no directory"));
        }
    }

    fn take(
        &mut self,
        document: &Json,
        element: fn(&Json) -> Result<T, String>,
        (root, place): (&Beneath, &str),
        warnings: &mut Vec<Warning>,
    ) {
        for (position, found) in document.list().iter().enumerate() {
            match element(found) {
                Ok(record) => self.elements.push(record),
                Err(reason) => {
                    self.readability = Readability::Partial;
                    let reason = format!("record {position} was left out: {reason}");
                    warnings.push(unusable(root, place, &reason));
                }
            }
        }
    }
}

/// Makes the warning for a document; `reason` is escaped, about "it".
pub(super) fn unusable(root: &Beneath, place: &str, reason: &str) -> Warning {
    let name = root.shown(place.as_bytes());
    Warning::new(WarningCode::BadRecord, format!("{name}: {reason}"))
}

/// Returns what kept a document from being read, without the document's name: that stands before it already.
pub(super) fn reason(error: &crate::error::Error) -> String {
    match error {
        Error::Open { source, .. } => {
            format!(
                "it cannot be opened: {}",
                path::display_str(&source.to_string())
            )
        }
        other => other.in_one_line(),
    }
}

/// Accepts text as the name of one file: IDs become parts of paths.
fn component(value: &Json) -> Result<String, String> {
    let Some(text) = value.text() else {
        return Err("it has no ID".to_owned());
    };
    let plain = !matches!(text, "." | "..") && !text.contains(['/', '\0']) && text.len() <= 255;
    if plain {
        Ok(text.to_owned())
    } else {
        let shown = path::display_str(text);
        Err(format!("its ID {shown} is not a file name"))
    }
}

/// Reads a layer.
pub(super) fn layer(record: &Json) -> Result<LayerRecord, String> {
    let half = record.get("flags").get("incomplete").is_true();
    Ok(LayerRecord {
        id: component(record.get("id"))?,
        parent: record.get("parent").to_text(),
        created: seconds(record.get("created")),
        diff_id: record.get("diff-digest").text().and_then(Digest::parse),
        diff_bytes: record.get("diff-size").integer(),
        condition: if half {
            Condition::HalfMade
        } else {
            Condition::Whole
        },
    })
}

/// Reads an image.
pub(super) fn image(record: &Json) -> Result<ImageRecord, String> {
    Ok(ImageRecord {
        id: component(record.get("id"))?,
        names: record.get("names").texts(),
        digest: record.get("digest").text().and_then(Digest::parse),
        top: record.get("layer").to_text(),
        mapped: record.get("mapped-layers").texts(),
        documents: record.get("big-data-names").texts(),
        created: record.get("created").to_text(),
    })
}

/// Reads a container.
pub(super) fn container(record: &Json) -> Result<ContainerRecord, String> {
    let metadata = record.get("metadata").text().map(str::as_bytes);
    Ok(ContainerRecord {
        id: component(record.get("id"))?,
        names: record.get("names").texts(),
        image: record.get("image").to_text(),
        layer: record.get("layer").to_text(),
        metadata: metadata
            .and_then(|bytes| Json::parse(bytes).ok())
            .unwrap_or_default(),
        created: seconds(record.get("created")),
    })
}

fn seconds(value: &Json) -> Option<i64> {
    let time: jiff::Timestamp = value.text()?.parse().ok()?;
    Some(time.as_second())
}
