//! Which groups of waste are shown, and in which order.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::{event_of, is_within};
use crate::analysis::waste_groups::{Bundle, Event, Group, Grouping, bundle, copies};
use crate::analysis::{WasteCause, WastedPath};
use crate::browse::{Order, Sorting};
use crate::image::Layer;
use crate::layer::LayerIndex;
use crate::path::{display, display_absolute};
use crate::tree::PathId;
use crate::tui::subject::Subject;
use crate::tui::text_filter::{Test, TextFilter};

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
        let event = |row: &Bundle| event_of(subject, row);
        let size = |row: &Bundle| (Reverse(row.bytes), row.lead);
        match self.field {
            Field::Bytes => rows.sort_by_key(size),
            Field::Path => {
                rows.sort_by_cached_key(|row| (subject.tree().path(row.place), size(row)));
            }
            Field::Cause => {
                rows.sort_by_key(|row| (event(row).map(|event| event.cause), size(row)));
            }
            Field::Layers => rows.sort_by_key(|row| {
                let layers = event(row).map(|event| (event.created_in, event.destroyed_in));
                (layers, size(row))
            }),
        }
        if self.order == Order::Reversed {
            rows.reverse();
        }
    }
}

/// Makes the rows of what passes a filter; of one event alone where there is one.
pub(super) fn rows(
    subject: &Subject,
    filter: &TextFilter,
    grouping: Grouping,
    within: Option<Event>,
) -> Vec<Bundle> {
    let sieve = Sieve::new(subject, filter);
    let passes = |event: Event, place: PathId| {
        within.is_none_or(|within| within == event) && sieve.passes(event, place)
    };
    if grouping == Grouping::Path {
        let passes = |wasted: &WastedPath| passes(wasted.event(), wasted.path);
        return copies(&subject.analysis.waste.paths, passes);
    }
    let groups = subject.waste();
    let passing = groups.iter().enumerate();
    let passing = passing.filter(|(_, group)| passes(group.event(), group.place));
    let passing = passing.map(|(position, _)| position);
    bundle(subject.tree(), groups, passing, grouping)
}

/// A filter of waste: by path, cause, or instruction of one of the two layers.
struct Sieve<'a> {
    subject: &'a Subject,
    test: Option<Test>,
    layers: Vec<bool>,
    causes: [bool; 8],
}

impl<'a> Sieve<'a> {
    fn new(subject: &'a Subject, filter: &TextFilter) -> Self {
        let test = filter.is_on().then(|| filter.test());
        let passes = |text: &str| test.as_ref().is_none_or(|test| test.passes(text));
        let layers = subject.analysis.image.layers.iter();
        let layers = layers.map(Layer::title);
        let layers = layers.map(|title| passes(&display(title.as_bytes())));
        Self {
            subject,
            layers: layers.collect(),
            causes: WasteCause::ALL.map(|cause| passes(cause.as_str())),
            test,
        }
    }

    fn passes(&self, event: Event, place: PathId) -> bool {
        let passes_layer = |at: LayerIndex| self.layers.get(at.as_usize()) == Some(&true);
        self.test.as_ref().is_none_or(|test| {
            self.causes[event.cause as usize]
                || passes_layer(event.created_in)
                || passes_layer(event.destroyed_in)
                || test.passes(&display_absolute(&self.subject.tree().path(place)))
        })
    }
}

/// Returns the largest group of what is wasted at or below a path: of what happened there most, stored by a layer
/// where that stored some of it, else made useless by it, else by any. Cost is linear in the waste.
pub(super) fn largest_at(
    subject: &Subject,
    path: PathId,
    layer: Option<LayerIndex>,
) -> Option<&Group> {
    let tree = subject.tree();
    let mut events: HashMap<Event, u64> = HashMap::new();
    let paths = subject.analysis.waste.paths.iter();
    for wasted in paths.filter(|wasted| is_within(tree, wasted.path, path)) {
        let bytes = events.entry(wasted.event()).or_default();
        *bytes = bytes.saturating_add(wasted.bytes);
    }
    let nearness = |event: &Event| match layer {
        Some(layer) if event.created_in == layer => 2,
        Some(layer) if event.destroyed_in == layer => 1,
        _ => 0,
    };
    let (event, _) = events
        .into_iter()
        .max_by_key(|(event, bytes)| (nearness(event), *bytes, Reverse(*event)))?;
    subject.waste().iter().find(|group| {
        let is_about = is_within(tree, group.place, path) || is_within(tree, path, group.place);
        group.event() == event && is_about
    })
}
