//! The first line of a screen: what there is to say, shortened and left out until it fits.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::paint::{Paint, behind};
use super::theme::Role;
use crate::text::Cut;

/// Something to say in the first line.
pub(super) struct HeaderPart {
    /// From the longest form to the shortest.
    forms: Vec<String>,
    role: Role,
    /// What matters least is left out first; shortened is before anything that matters is left out.
    weight: u8,
}

/// Weight of the part that is never left out.
pub(super) const NAME: u8 = 100;

impl HeaderPart {
    /// Makes one that looks like a role; empty forms are left out.
    pub(super) fn new(
        weight: u8,
        role: Role,
        forms: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let forms = forms.into_iter().map(Into::into);
        Self {
            forms: forms.filter(|form: &String| !form.is_empty()).collect(),
            role,
            weight,
        }
    }

    /// Returns how much it would be missed if its longest form went.
    fn weight(&self) -> u8 {
        match self.forms.len() {
            0 | 1 => self.weight,
            _ if self.weight == NAME => 45,
            _ => self.weight.min(10),
        }
    }

    fn width(&self) -> usize {
        self.forms.first().map_or(0, |form| form.width() + 2)
    }
}

/// Draws what there is to say, shortened and left out from the least important on until it fits.
pub(super) fn draw(mut parts: Vec<HeaderPart>, line: Rect, paint: &mut Paint<'_>) {
    let mut place = paint.inset(line);
    let room = usize::from(place.width);
    // The last one needs no gap behind it.
    while parts.iter().map(HeaderPart::width).sum::<usize>() > room + 2 {
        let least = parts
            .iter_mut()
            .filter(|part| !part.forms.is_empty())
            .min_by_key(|part| part.weight());
        match least {
            // The name is cut where even it alone is too long.
            None => break,
            Some(part) if part.weight == NAME && part.forms.len() == 1 => break,
            Some(part) => {
                part.forms.remove(0);
            }
        }
    }
    for part in &parts {
        let Some(form) = part.forms.first() else {
            continue;
        };
        let used = paint.text_cut(place, form, Cut::Middle, part.role);
        place = behind(place, used + 2);
    }
}
