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
    /// What matters least is left out first; all are shortened before anything that matters is left out.
    weight: u8,
}

/// Weight of what is never left out.
pub(super) const KEPT: u8 = 99;
/// Weight of the part that gives way to others: its middle is left out.
pub(super) const NAME: u8 = 45;
/// Columns of it that stay.
const LEAST_NAME: usize = 10;

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

    /// Returns how much it would be missed if its longest form went; `None` where nothing of it may go.
    fn weight(&self) -> Option<u8> {
        match self.forms.len() {
            0 => None,
            1 => Some(self.weight).filter(|weight| ![NAME, KEPT].contains(weight)),
            _ if self.weight == NAME => Some(8),
            _ => Some(self.weight.min(10)),
        }
    }

    /// Returns the columns it takes beside parts that weigh no less than this.
    fn width(&self, least: u8) -> usize {
        let width = self.forms.first().map_or(0, |form| form.width() + 2);
        if self.weight == NAME && least > NAME {
            width.min(LEAST_NAME + 2)
        } else {
            width
        }
    }
}

/// Draws what there is to say, shortened and left out from the least important on until it fits. The name is cut before
/// anything is left out that weighs more.
pub(super) fn draw(mut parts: Vec<HeaderPart>, line: Rect, paint: &mut Paint<'_>) {
    let mut place = paint.inset(line);
    // The last one needs no gap behind it.
    let room = usize::from(place.width) + 2;
    let lightest = |parts: &[HeaderPart]| {
        let weights = parts.iter().enumerate();
        let weights = weights.filter_map(|(at, part)| Some((part.weight()?, at)));
        weights.min()
    };
    while let Some((weight, at)) = lightest(&parts)
        && parts.iter().map(|part| part.width(weight)).sum::<usize>() > room
    {
        parts[at].forms.remove(0);
    }
    let others = parts.iter().filter(|part| part.weight != NAME);
    let others: usize = others.map(|part| part.width(u8::MAX)).sum();
    for part in parts {
        let Some(form) = part.forms.first() else {
            continue;
        };
        let columns = if part.weight == NAME {
            u16::try_from(room.saturating_sub(others + 2)).unwrap_or(u16::MAX)
        } else {
            place.width
        };
        let width = columns.min(place.width);
        let used = paint.text_cut(Rect { width, ..place }, form, Cut::Middle, part.role);
        place = behind(place, used + 2);
    }
}
