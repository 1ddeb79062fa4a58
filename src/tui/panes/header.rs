//! The first two lines: which image, which view.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::tree::choices::{TOGGLES, TreeMode, sort_word};
use crate::analysis::rules::State;
use crate::analysis::{Analysis, Stage};
use crate::browse::{Order, SortField};
use crate::text::{Cut, Glyphs, Look};
use crate::tree::PathId;
use crate::tui::layout::{Areas, Arrangement};
use crate::tui::model::Model;
use crate::tui::paint::{Paint, matches};
use crate::tui::state::Tab;
use crate::tui::subject::Subject;
use crate::tui::tabs::labels;
use crate::tui::theme::Role;
use crate::units::{count, percent};

pub(in crate::tui) fn draw(model: &Model, subject: &Subject, areas: &Areas, paint: &mut Paint<'_>) {
    identity(model, subject, areas.header, paint);
    if areas.tabs.is_empty() {
        return;
    }
    if areas.arrangement == Arrangement::Bare {
        layer(model, areas.tabs, paint);
    } else {
        tabs(model, areas.tabs, paint);
    }
}

/// Something to say in the first line.
pub(in crate::tui) struct HeaderPart {
    /// From the longest form to the shortest.
    forms: Vec<String>,
    role: Role,
    /// What matters least is left out first; shortened is before anything that matters is left out.
    weight: u8,
}

impl HeaderPart {
    pub(super) fn new<const N: usize>(weight: u8, role: Role, forms: [String; N]) -> Self {
        let forms = forms.into_iter().filter(|form| !form.is_empty()).collect();
        Self {
            forms,
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

fn identity(model: &Model, subject: &Subject, line: Rect, paint: &mut Paint<'_>) {
    draw_pieces(pieces(model, subject, paint), line, paint);
}

/// Draws what there is to say, shortened and left out from the least important on until it fits.
pub(in crate::tui) fn draw_pieces(mut pieces: Vec<HeaderPart>, line: Rect, paint: &mut Paint<'_>) {
    let indent = usize::from(paint.arrangement > Arrangement::Bare);
    let room = usize::from(line.width).saturating_sub(indent);
    // The last one needs no gap behind it.
    while pieces.iter().map(HeaderPart::width).sum::<usize>() > room + 2 {
        let least = pieces
            .iter_mut()
            .filter(|piece| !piece.forms.is_empty())
            .min_by_key(|piece| piece.weight());
        match least {
            // The name is cut where even it alone is too long.
            None => break,
            Some(piece) if piece.weight == NAME && piece.forms.len() == 1 => break,
            Some(piece) => {
                piece.forms.remove(0);
            }
        }
    }
    let mut place = line;
    if paint.arrangement > Arrangement::Bare {
        place.x += 1;
        place.width = place.width.saturating_sub(1);
    }
    for piece in &pieces {
        let Some(form) = piece.forms.first() else {
            continue;
        };
        let style = paint.style(piece.role);
        let used = paint.text_cut(place, form, Cut::Middle, style);
        let used = (used + 2).min(place.width);
        place.x += used;
        place.width -= used;
    }
}

/// Weight of the piece that is never left out.
pub(super) const NAME: u8 = 100;

fn pieces(model: &Model, subject: &Subject, paint: &Paint<'_>) -> Vec<HeaderPart> {
    let analysis = &subject.analysis;
    let totals = &analysis.totals;
    let look = paint.look;
    let size = |bytes| look.units.size(bytes);
    let short = |ratio| percent(ratio).replace(' ', "");
    let name = look.shown(name(analysis).as_bytes());
    let with_platform = analysis
        .image
        .platform
        .written()
        .map(|platform| format!("{name} ({})", look.shown(platform.as_bytes())));
    let layers = analysis.layers.len();
    let plural = if layers == 1 { "" } else { "s" };
    let blobs = totals
        .stored_bytes
        .map(|stored| format!("{} (blobs {})", size(totals.content_bytes), size(stored)));
    let wasted = size(totals.wasted_bytes);
    let ratio = short(totals.wasted_ratio());
    let dim = Role::Dim;
    let mut pieces = vec![
        HeaderPart::new(5, dim, ["layerscope".into()]),
        HeaderPart::new(2, dim, [model.session.locator.clone()]),
        HeaderPart::new(
            NAME,
            Role::Strong,
            [with_platform.unwrap_or_default(), name],
        ),
        HeaderPart::new(50, Role::Plain, [format!("{layers} layer{plural}")]),
        HeaderPart::new(3, Role::Plain, [format!("{} paths", count(totals.paths))]),
        HeaderPart::new(80, Role::Plain, [size(totals.content_bytes)]),
        HeaderPart::new(
            60,
            Role::Plain,
            [
                format!("efficiency {}", short(totals.efficiency)),
                format!("eff {}", short(totals.efficiency)),
            ],
        ),
        HeaderPart::new(
            70,
            Role::Waste,
            [
                format!("wasted {wasted} ({ratio})"),
                format!("waste {wasted} {ratio}"),
                format!("waste {wasted}"),
            ],
        ),
    ];
    if let Some(blobs) = blobs {
        pieces[5].forms.insert(0, blobs);
    }
    pieces.extend(verdict(subject));
    pieces.extend(state(model, analysis, look));
    pieces
}

fn name(analysis: &Analysis) -> String {
    let image = &analysis.image;
    match (image.names.first(), &image.id) {
        (Some(name), _) => name.clone(),
        (None, Some(id)) => id.short().to_owned(),
        (None, None) => "unnamed image".into(),
    }
}

fn verdict(subject: &Subject) -> Option<HeaderPart> {
    let verdict = subject.verdict.as_ref()?;
    let outcomes = verdict.outcomes.iter();
    let failing = outcomes.filter(|outcome| outcome.state != State::Pass);
    Some(match failing.count() {
        0 => HeaderPart::new(40, Role::Good, ["rules pass".into()]),
        1 => HeaderPart::new(75, Role::Alarm, ["1 rule fails".into()]),
        many => HeaderPart::new(75, Role::Alarm, [format!("{many} rules fail")]),
    })
}

/// Says why figures are not the last word.
fn state(model: &Model, analysis: &Analysis, look: Look) -> Option<HeaderPart> {
    let more = look.ellipsis();
    let read = analysis.layers.iter().filter(|layer| !layer.unread).count();
    let all = analysis.layers.len();
    Some(match analysis.stage {
        Stage::Partial => HeaderPart::new(
            90,
            Role::Alarm,
            [
                format!("reading: {read} of {all} layers"),
                format!("{read}/{all} read"),
            ],
        ),
        Stage::Provisional => HeaderPart::new(
            65,
            Role::Dim,
            [format!("comparing contents{more}"), "provisional".into()],
        ),
        Stage::Final if !analysis.complete => HeaderPart::new(
            90,
            Role::Alarm,
            ["! a part could not be read".into(), "! incomplete".into()],
        ),
        Stage::Final => {
            model.loading.as_ref()?;
            HeaderPart::new(65, Role::Dim, [format!("reading again{more}")])
        }
    })
}

fn tabs(model: &Model, line: Rect, paint: &mut Paint<'_>) {
    let mut place = Rect {
        x: line.x + 1,
        width: line.width.saturating_sub(1),
        ..line
    };
    for label in labels(&model.session.keys, model.tab, line.width) {
        let role = if label.tab == model.tab {
            Role::Strong
        } else {
            Role::Plain
        };
        let style = paint.style(role);
        let used = paint.text(place, &label.text, style);
        let used = (used + label.gap).min(place.width);
        place.x += used;
        place.width -= used;
    }
    if model.tab == Tab::Layers {
        let room = usize::from(place.width).saturating_sub(1);
        let forms = choices(model, paint);
        if let Some(form) = forms.iter().find(|form| form.width() <= room) {
            let style = paint.style(Role::Dim);
            let width = place.width.saturating_sub(1);
            paint.text_right(Rect { width, ..place }, form, style);
        }
    }
}

/// Returns what is shown and how it is sorted, from the longest form to the shortest.
fn choices(model: &Model, paint: &Paint<'_>) -> Vec<String> {
    let pane = &model.tree;
    let words = TreeMode::ALL.map(|mode| {
        let word = mode.word();
        if mode == pane.mode {
            format!("[{word}]")
        } else {
            word.to_owned()
        }
    });
    let shown = TOGGLES.iter().filter(|toggle| {
        let mut marks = toggle.marks.iter();
        marks.any(|&mark| pane.marks().contains(mark))
    });
    let shown: Vec<String> = shown.map(|toggle| toggle.letter.to_string()).collect();
    // Sizes and counts begin with the largest, names and changes with the first.
    let falls = matches!(pane.sort, SortField::Size | SortField::Files);
    let is_reversed = pane.order == Order::Reversed;
    let arrow = match (paint.look.glyphs, falls != is_reversed) {
        (Glyphs::Unicode, true) => "↓",
        (Glyphs::Unicode, false) => "↑",
        (Glyphs::Ascii, _) if is_reversed => " reversed",
        (Glyphs::Ascii, _) => "",
    };
    let sort = format!("sort:{}{arrow}", sort_word(pane.sort));
    let show = format!("show: {}", shown.join(" "));
    vec![
        format!("tree: {}   {show}   {sort}", words.join(" ")),
        format!("{show}   {sort}"),
        sort,
    ]
}

/// On the smallest screens the second line is the current layer.
fn layer(model: &Model, line: Rect, paint: &mut Paint<'_>) {
    let pane = &model.layers;
    let Some(row) = pane.rows.get(pane.scroll.at) else {
        return;
    };
    let tree = &model.tree;
    let last = pane.rows.len().saturating_sub(1);
    let whole = tree.projection.as_ref();
    let whole = whole.map_or(0, |projection| projection.bytes(PathId::ROOT));
    let whole = paint.look.units.size(whole);
    let (words, size) = match (model.tab, tree.mode) {
        (Tab::Layers, TreeMode::Layer) => (
            format!("L{}/{last} {}", row.number, row.title),
            row.size.clone(),
        ),
        (Tab::Layers, TreeMode::Accumulated) => {
            (format!("up to L{}/{last} {}", row.number, row.title), whole)
        }
        (Tab::Layers, TreeMode::Merged) => ("merged".into(), whole),
        (tab, _) => (tab.title().to_owned(), String::new()),
    };
    let words = match tree.filter.found() {
        Some(found) if model.tab == Tab::Layers => {
            let text = paint.look.shown(tree.filter.line.text().as_bytes());
            let found = u64::from(found.directories()) + u64::from(found.files());
            format!("/{text}: {}", matches(found))
        }
        _ => words,
    };
    let style = paint.style(Role::Strong);
    let width = u16::try_from(size.width()).unwrap_or(u16::MAX);
    paint.text_right(line, &size, style);
    let place = Rect {
        width: line.width.saturating_sub(width + 1),
        ..line
    };
    paint.text(place, &words, style);
}
