//! The first two lines over an image: which image, which view.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::analysis::rules::State;
use crate::analysis::{Analysis, Stage};
use crate::browse::{Order, SortField};
use crate::text::{Glyphs, Look};
use crate::tree::PathId;
use crate::tui::header_line::{self, HeaderPart, KEPT, NAME};
use crate::tui::layout::{Areas, Arrangement};
use crate::tui::paint::{Paint, matches};
use crate::tui::panes::tree::choices::{TOGGLES, TreeMode, sort_word};
use crate::tui::screen::ImageScreen;
use crate::tui::session::Session;
use crate::tui::state::Tab;
use crate::tui::subject::Subject;
use crate::tui::tabs::TabLine;
use crate::tui::theme::Role;
use crate::units::{count, percent};

pub(super) fn draw(image: &ImageScreen, session: &Session, areas: &Areas, paint: &mut Paint<'_>) {
    header_line::draw(parts(image, session, paint.look), areas.header, paint);
    if areas.tabs.is_empty() {
        return;
    }
    if areas.arrangement == Arrangement::Bare {
        return layer(image, areas.tabs, paint);
    }
    let choices = match image.tab {
        Tab::Layers => choices(image, paint.look),
        _ => Vec::new(),
    };
    TabLine::of_image(&session.keys, image.tab).draw(areas.tabs, &choices, paint);
}

fn parts(image: &ImageScreen, session: &Session, look: Look) -> Vec<HeaderPart> {
    let analysis = &image.subject.analysis;
    let totals = &analysis.totals;
    let size = |bytes| look.units.size(bytes);
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
    let ratio = percent(totals.wasted_ratio());
    let efficiency = percent(totals.efficiency);
    let dim = Role::Dim;
    let mut parts = vec![
        HeaderPart::new(5, dim, ["layerscope"]),
        HeaderPart::new(2, dim, [session.locator.clone()]),
        HeaderPart::new(
            NAME,
            Role::Strong,
            [with_platform.unwrap_or_default(), name],
        ),
        HeaderPart::new(50, Role::Plain, [format!("{layers} layer{plural}")]),
        HeaderPart::new(3, Role::Plain, [format!("{} paths", count(totals.paths))]),
    ];
    parts.extend(as_it_would_be(&image.subject, look));
    parts.extend(so_far(analysis));
    parts.extend([
        HeaderPart::new(
            55,
            Role::Plain,
            [blobs.unwrap_or_default(), size(totals.content_bytes)],
        ),
        HeaderPart::new(
            85,
            Role::Plain,
            [
                format!("efficiency {efficiency}"),
                format!("eff {efficiency}"),
            ],
        ),
        HeaderPart::new(
            KEPT,
            waste_role(&image.subject),
            [
                format!("wasted {wasted} ({ratio})"),
                format!("waste {wasted} {ratio}"),
                format!("waste {wasted}"),
            ],
        ),
    ]);
    parts.extend(verdict(&image.subject));
    parts.extend(state(image, look));
    parts
}

/// Waste from this part of the image on is some, and from that on much, where no rule says what is too much.
const SOME: f64 = 0.1;
const MUCH: f64 = 0.5;

/// Returns how waste looks: by the rules in effect, else by its part of the image.
fn waste_role(subject: &Subject) -> Role {
    let ratio = subject.analysis.totals.wasted_ratio();
    let is_failing = subject.verdict.as_ref().map(|verdict| {
        let mut outcomes = verdict.outcomes.iter();
        outcomes.any(|outcome| outcome.state != State::Pass)
    });
    match is_failing {
        Some(true) => Role::Alarm,
        Some(false) => Role::Good,
        None if ratio >= MUCH => Role::Alarm,
        None if ratio >= SOME => Role::Waste,
        None => Role::Plain,
    }
}

/// Says that the image is shown as it would be, and what became of its size.
fn as_it_would_be(subject: &Subject, look: Look) -> Option<HeaderPart> {
    let before = subject.as_it_is?.content_bytes;
    let after = subject.analysis.totals.content_bytes;
    let size = |bytes| look.units.size(bytes);
    let change = if after > before {
        format!("+{}", size(after - before))
    } else {
        format!("-{}", size(before - after))
    };
    let arrow = match look.glyphs {
        Glyphs::Unicode => "→",
        Glyphs::Ascii => "to",
    };
    Some(HeaderPart::new(
        KEPT,
        Role::Alarm,
        [
            format!(
                "AS IT WOULD BE: {} {arrow} {} ({change})",
                size(before),
                size(after)
            ),
            format!("WOULD BE {} ({change})", size(after)),
            "WOULD BE".into(),
        ],
    ))
}

/// Says that the figures behind are those of a part.
fn so_far(analysis: &Analysis) -> Option<HeaderPart> {
    let read = analysis.layers.iter().filter(|layer| !layer.unread).count();
    let all = analysis.layers.len();
    (analysis.stage == Stage::Partial).then(|| {
        HeaderPart::new(
            98,
            Role::Alarm,
            [
                format!("reading: {read} of {all} layers, so far"),
                format!("{read}/{all} so far"),
            ],
        )
    })
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
        0 => HeaderPart::new(40, Role::Good, ["rules pass"]),
        1 => HeaderPart::new(75, Role::Alarm, ["1 rule fails"]),
        many => HeaderPart::new(75, Role::Alarm, [format!("{many} rules fail")]),
    })
}

/// Says why figures of all layers are not the last word.
fn state(image: &ImageScreen, look: Look) -> Option<HeaderPart> {
    let analysis = &image.subject.analysis;
    let more = look.ellipsis();
    Some(match analysis.stage {
        Stage::Partial => return None,
        Stage::Provisional => HeaderPart::new(
            65,
            Role::Dim,
            [format!("comparing contents{more}"), "provisional".into()],
        ),
        Stage::Final if !analysis.complete => HeaderPart::new(
            90,
            Role::Alarm,
            ["! a part could not be read", "! incomplete"],
        ),
        Stage::Final => {
            image.reading.running.as_ref()?;
            HeaderPart::new(65, Role::Dim, [format!("reading again{more}")])
        }
    })
}

/// Returns what is shown and how it is sorted, from the longest form to the shortest.
fn choices(image: &ImageScreen, look: Look) -> Vec<String> {
    let pane = &image.panes.tree;
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
    let falls = !matches!(pane.sort, SortField::Name | SortField::Mark);
    let is_reversed = pane.order == Order::Reversed;
    let arrow = match (look.glyphs, falls != is_reversed) {
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
fn layer(image: &ImageScreen, line: Rect, paint: &mut Paint<'_>) {
    let pane = &image.panes.layers;
    let Some(row) = pane.rows.get(pane.scroll.at) else {
        return;
    };
    let tree = &image.panes.tree;
    let whole = tree.projection.as_ref();
    let whole = whole.map_or(0, |projection| projection.bytes(PathId::ROOT));
    let whole = paint.look.units.size(whole);
    let (words, size) = match (image.tab, tree.mode) {
        (Tab::Layers, TreeMode::Layer) => {
            (format!("L{} {}", row.number, row.title), row.size.clone())
        }
        (Tab::Layers, TreeMode::Accumulated) => {
            (format!("up to L{} {}", row.number, row.title), whole)
        }
        (Tab::Layers, TreeMode::Merged) => ("merged".into(), whole),
        (tab, _) => (tab.title().to_owned(), String::new()),
    };
    let words = match tree.filter.found() {
        Some(found) if image.tab == Tab::Layers => {
            let text = paint.look.shown(tree.filter.line.text().as_bytes());
            let found = u64::from(found.directories()) + u64::from(found.files());
            format!("/{text}: {}", matches(found))
        }
        _ => words,
    };
    let width = u16::try_from(size.width()).unwrap_or(u16::MAX);
    paint.text_right(line, &size, Role::Strong);
    let place = Rect {
        width: line.width.saturating_sub(width + 1),
        ..line
    };
    paint.text(place, &words, Role::Strong);
}
