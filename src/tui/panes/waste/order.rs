//! Which groups of waste are shown, and in which order.

use std::cmp::Reverse;

use crate::analysis::WasteCause;
use crate::analysis::waste_groups::Bundle;
use crate::browse::{Order, Sorting};
use crate::image::Layer;
use crate::path::display;
use crate::tui::subject::Subject;
use crate::tui::text_filter::TextFilter;

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Field {
    /// Their bytes, the most first.
    #[default]
    Bytes,
    /// Their place.
    Path,
    /// Their cause.
    Cause,
    /// The layer that stored them, then the one that made them useless.
    Layers,
}

impl Sorting<Field> {
    /// Returns the order by the next field.
    #[must_use]
    pub const fn next(self) -> Self {
        Self::by(match self.field {
            Field::Bytes => Field::Path,
            Field::Path => Field::Cause,
            Field::Cause => Field::Layers,
            Field::Layers => Field::Bytes,
        })
    }

    /// Returns how people say it.
    pub fn words(self) -> String {
        let field = match self.field {
            Field::Bytes => "bytes",
            Field::Path => "path",
            Field::Cause => "cause",
            Field::Layers => "layers",
        };
        match self.order {
            Order::Natural => field.to_owned(),
            Order::Reversed => format!("{field}, reversed"),
        }
    }

    /// Sorts rows.
    pub(super) fn sort(self, subject: &Subject, rows: &mut [Bundle]) {
        let lead = |row: &Bundle| subject.waste().get(row.lead);
        let size = |row: &Bundle| (Reverse(row.bytes), row.lead);
        match self.field {
            Field::Bytes => rows.sort_by_key(size),
            Field::Path => rows.sort_by_cached_key(|row| {
                let path = lead(row).map(|group| subject.tree().path(group.place));
                (path, size(row))
            }),
            Field::Cause => rows.sort_by_key(|row| (lead(row).map(|group| group.cause), size(row))),
            Field::Layers => rows.sort_by_key(|row| {
                let layers = lead(row).map(|group| (group.created_in, group.destroyed_in));
                (layers, size(row))
            }),
        }
        if self.order == Order::Reversed {
            rows.reverse();
        }
    }
}

/// Returns the positions of the groups that pass: by path, cause, or instruction of one of the two layers.
pub(super) fn choose(subject: &Subject, filter: &TextFilter) -> Vec<usize> {
    if !filter.is_on() {
        return (0..subject.waste().len()).collect();
    }
    let test = filter.test();
    let layers = subject.analysis.image.layers.iter();
    let layers: Vec<bool> = layers
        .map(Layer::title)
        .map(|title| test.passes(&display(title.as_bytes())))
        .collect();
    let causes = WasteCause::ALL.map(|cause| test.passes(cause.as_str()));
    let passes_layer = |at: usize| layers.get(at).copied().unwrap_or_default();
    let passing = subject.waste().iter().enumerate().filter(|(_, group)| {
        causes[group.cause as usize]
            || passes_layer(group.created_in.as_usize())
            || passes_layer(group.destroyed_in.as_usize())
            || test.passes(&crate::path::display_absolute(
                &subject.tree().path(group.place),
            ))
    });
    passing.map(|(position, _)| position).collect()
}
