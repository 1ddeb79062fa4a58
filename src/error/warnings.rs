//! Warnings within limits: whoever raises them is a stranger's file, and each may hold a path of many kilobytes.

use std::collections::BTreeMap;

use super::{Warning, WarningCode};
use crate::limits;
use crate::units::Units;

/// Collects warnings of one layer or one image; what is beyond a limit is counted.
#[derive(Debug)]
pub struct Warnings {
    kept: Vec<Warning>,
    counts: BTreeMap<(Option<u16>, WarningCode), Count>,
    /// Bytes that all together may take, and those that they take.
    limit: usize,
    taken: usize,
}

#[derive(Debug, Default)]
struct Count {
    seen: u64,
    kept: u64,
    /// Some would have been kept for their number.
    is_cut: bool,
}

impl Warnings {
    /// Starts a list that takes so many bytes at most.
    pub const fn within(limit: usize) -> Self {
        Self {
            kept: Vec::new(),
            counts: BTreeMap::new(),
            limit,
            taken: 0,
        }
    }

    /// Keeps a warning, of one kind and layer no more than [`limits::WARNINGS_PER_KIND`].
    pub fn push(&mut self, warning: Warning) {
        self.note(warning.code, warning.layer, || warning);
    }

    /// Counts warnings of one kind that nobody keeps.
    pub fn count(&mut self, code: WarningCode, layer: u16, further: usize) {
        self.counts.entry((Some(layer), code)).or_default().seen += further as u64;
    }

    /// Keeps a warning as [`Warnings::push`] does; it is made only where there is room, and is of this layer.
    pub fn note(&mut self, code: WarningCode, layer: Option<u16>, make: impl FnOnce() -> Warning) {
        if self.is_few(code, layer) {
            self.keep(code, layer, make);
        } else {
            self.counts.entry((layer, code)).or_default().seen += 1;
        }
    }

    /// Returns whether a warning may be kept and not only counted.
    pub fn has_room(&self, code: WarningCode, layer: Option<u16>) -> bool {
        self.taken < self.limit && self.is_few(code, layer)
    }

    fn is_few(&self, code: WarningCode, layer: Option<u16>) -> bool {
        let seen = self
            .counts
            .get(&(layer, code))
            .map_or(0, |count| count.seen);
        seen < limits::WARNINGS_PER_KIND as u64
    }

    /// Keeps warnings whose number a list of their own has limited already.
    pub fn extend(&mut self, warnings: impl IntoIterator<Item = Warning>) {
        for warning in warnings {
            self.keep(warning.code, warning.layer, || warning);
        }
    }

    fn keep(&mut self, code: WarningCode, layer: Option<u16>, make: impl FnOnce() -> Warning) {
        let count = self.counts.entry((layer, code)).or_default();
        count.seen += 1;
        let room = self.limit.saturating_sub(self.taken);
        let warning = (room > 0).then(|| Warning { layer, ..make() });
        let taken = |warning: &Warning| {
            let path = warning.path.as_ref().map_or(0, |path| path.len());
            size_of::<Warning>() + warning.message.len() + path
        };
        if let Some(warning) = warning.filter(|warning| taken(warning) <= room) {
            count.kept += 1;
            self.taken += taken(&warning);
            self.kept.push(warning);
        } else {
            count.is_cut = true;
            // One that was too long is no reason to try the next.
            self.taken = self.limit;
        }
    }

    /// Returns what was kept, and of every kind how many more there were.
    pub fn into_vec(self) -> Vec<Warning> {
        let Self {
            mut kept,
            counts,
            limit,
            ..
        } = self;
        for ((layer, code), count) in counts {
            let more = count.seen - count.kept;
            if more > 0 {
                let why = if count.is_cut {
                    let limit = Units::Iec.size(limit as u64);
                    format!(": all together take more than the limit of {limit}")
                } else {
                    String::new()
                };
                let message = format!("and {more} more of this kind{why}");
                let warning = Warning::new(code, message);
                kept.push(Warning { layer, ..warning });
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: WarningCode = WarningCode::OddHeader;

    fn long(layer: u16) -> Warning {
        let path = vec![b'p'; 1000];
        Warning::new(ODD, "m".repeat(2000))
            .in_layer(layer)
            .at_path(&path)
    }

    #[test]
    fn twenty_of_a_kind_are_kept_and_the_rest_is_counted() {
        let mut warnings = Warnings::within(1 << 20);
        for _ in 0..30 {
            warnings.push(Warning::new(ODD, "odd"));
        }
        warnings.push(Warning::new(WarningCode::MissingEnd, "end"));
        let found = warnings.into_vec();
        assert_eq!(found.len(), 22);
        assert_eq!(found[21].message, "and 10 more of this kind");
    }

    #[test]
    fn long_ones_are_kept_while_there_is_room() {
        let mut warnings = Warnings::within(10_000);
        for layer in 0..100 {
            warnings.push(long(layer));
        }
        let found = warnings.into_vec();
        assert_eq!(found.len(), 100);
        let kept = found.iter().filter(|warning| warning.path.is_some());
        assert_eq!(kept.count(), 3);
        assert_eq!(found[99].layer, Some(99));
        assert_eq!(
            found[99].message,
            "and 1 more of this kind: all together take more than the limit of 9.8 KiB"
        );
    }

    #[test]
    fn what_has_no_room_is_not_made() {
        let mut warnings = Warnings::within(100);
        let mut made = 0;
        for _ in 0..10 {
            warnings.note(ODD, Some(0), || {
                made += 1;
                long(0)
            });
        }
        assert_eq!(made, 1);
        assert_eq!(warnings.into_vec().len(), 1);
    }
}
