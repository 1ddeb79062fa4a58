//! What a scan has to say besides entries.

use rustix::io::Errno;

use super::{NamedEntry, Scan, shown};
use crate::error::{Error, Warning, WarningCode};
use crate::layer::Completeness;
use crate::layer::dir::walk::Unlisted;
use crate::layer::dir::{Encoding, Namespace, sees_trusted};
use crate::limits;
use crate::path::{self, ImagePath};

impl Scan<'_> {
    /// Returns whether a limit refuses the path.
    pub(super) fn is_refused(&mut self, path: &[u8]) -> bool {
        // A path of n components has at least 2n - 1 bytes.
        let is_deep = path.len() >= 2 * limits::PATH_DEPTH
            && path.split(|&byte| byte == b'/').count() > limits::PATH_DEPTH;
        let (what, limit, unit) = match is_deep {
            true => ("deep", limits::PATH_DEPTH, "components"),
            false if path.len() > limits::PATH_BYTES => ("long", limits::PATH_BYTES, "bytes"),
            false => return false,
        };
        let start = path::display_absolute(&path[..path.len().min(60)]);
        let message =
            format!("a path is too {what} and is left out (limit {limit} {unit}): {start}…");
        self.raise(Warning::new(WarningCode::LimitReached, message));
        true
    }

    /// Says once that overlayfs may have marked something for root alone; a layer without directories has nothing
    /// that would matter.
    pub(super) fn note_hidden_marks(&mut self) {
        let is_for_root = matches!(
            self.encoding,
            Encoding::Overlay(Namespace::Trusted | Namespace::Either)
        );
        if is_for_root && !self.hidden_marks_noted && !sees_trusted() {
            self.hidden_marks_noted = true;
            let message = "only root sees which directories are opaque and which files have their data below: what \
                           they hide may be shown here; try sudo";
            self.raise(Warning::new(WarningCode::HiddenMarks, message));
        }
    }

    pub(super) fn note_unlisted(&mut self, unlisted: &Unlisted) {
        let (code, reason) = match &unlisted.error {
            None => (WarningCode::DamagedLayer, "it is gone".to_owned()),
            Some(error) => (WarningCode::Unmeasured, cause(error)),
        };
        let message = format!(
            "{} could not be listed, and what is in it is missing here: {reason}",
            path::display_absolute(&unlisted.path)
        );
        self.raise(Warning::new(code, message).at_path(&unlisted.path));
    }

    pub(super) fn note_unread(&mut self, path: ImagePath<'_>, what: &str, error: Errno) {
        let code = match error {
            Errno::NOENT => WarningCode::DamagedLayer,
            _ => WarningCode::Unmeasured,
        };
        self.warn(code, format!("{} {what}: {error}", shown(path)), path);
    }

    pub(super) fn note_moved(&mut self, found: &NamedEntry<'_>, target: &[u8]) {
        let message = format!(
            "{} was moved from {}, which no path of the layers below can be; what was left of it there is missing",
            shown(found.path),
            path::display(&target[..target.len().min(60)])
        );
        self.warn(WarningCode::Unresolved, message, found.path);
    }

    pub(super) fn note_metacopy(&mut self, found: &NamedEntry<'_>) {
        let target = found.marks.redirect.as_deref();
        let message = format!(
            "{} has no data of its own: it is that of {} in the layers below",
            shown(found.path),
            path::display(target.unwrap_or(found.path.as_bytes()))
        );
        self.warn(WarningCode::Unresolved, message, found.path);
    }

    pub(super) fn warn(&mut self, code: WarningCode, message: String, path: ImagePath<'_>) {
        self.raise(Warning::new(code, message).at_path(path.as_bytes()));
    }

    pub(super) fn raise(&mut self, warning: Warning) {
        if warning.code.makes_incomplete() {
            self.completeness = Completeness::Partial;
        }
        self.sink.warn(warning);
    }
}

/// Returns the reason alone: the layer and the path are named already.
fn cause(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}
