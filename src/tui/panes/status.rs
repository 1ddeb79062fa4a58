//! The last two lines: where the cursor is and what just happened, and the keys.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::about::layer_title;
use super::loading::LoadingPane;
use super::tree::filter::{Filter, case_word, pattern_word};
use crate::text::Cut;
use crate::tree::PathId;
use crate::tui::command::{Command, Context};
use crate::tui::keys::shown_key;
use crate::tui::layout::{Areas, Arrangement};
use crate::tui::model::Model;
use crate::tui::paint::Paint;
use crate::tui::state::{Focus, Screen, Tab, Tone};
use crate::tui::subject::Subject;
use crate::tui::theme::Role;
use crate::units::count;

pub(in crate::tui) fn draw(model: &Model, subject: &Subject, areas: &Areas, paint: &mut Paint<'_>) {
    let line = inset(areas.status, paint);
    if model.tab == Tab::Layers && model.tree.is_typing() && model.focus != Focus::Preview {
        filter_line(&model.tree.filter, line, paint);
    } else if let Some((tone, words)) = &model.said {
        let role = match tone {
            Tone::Done => Role::Good,
            Tone::Refused => Role::Alarm,
        };
        let style = paint.style(role);
        let cut = if words.starts_with("copied /") {
            Cut::Middle
        } else {
            Cut::End
        };
        paint.text_cut(line, words, cut, style);
    } else {
        standing(model, subject, line, paint);
    }
    footer(model, areas, paint);
}

/// Leaves a column free where there is room.
pub(super) fn inset(line: Rect, paint: &Paint<'_>) -> Rect {
    let indent = u16::from(paint.arrangement > Arrangement::Bare).min(line.width);
    Rect {
        x: line.x + indent,
        width: line.width - indent,
        ..line
    }
}

/// Least columns for a path beside what else is said.
const LEAST_PATH: usize = 24;

fn standing(model: &Model, subject: &Subject, line: Rect, paint: &mut Paint<'_>) {
    let (place, facts, cut) = match (model.focus, model.tab) {
        (Focus::Layers, Tab::Layers) => {
            let layer = model.layers.layer();
            let title = layer_title(subject, paint.look, layer);
            let size = model.layers.rows.get(layer.as_usize());
            let size = size.map(|row| row.size.clone());
            (format!("L{layer} {title}"), Vec::from_iter(size), Cut::End)
        }
        (Focus::Tree, Tab::Layers) => {
            let (path, facts) = model.tree.standing(subject, paint.look);
            (path, facts, Cut::Middle)
        }
        (Focus::Preview, _) => match model.preview.version {
            Some(at) => (shown_path(subject, paint, at.path), Vec::new(), Cut::Middle),
            None => return,
        },
        (_, Tab::Waste) => match model.waste.selected(subject) {
            Some((_, group)) => {
                let cause = group.cause.as_str().to_owned();
                let facts = vec![paint.look.units.size(group.bytes), cause];
                (shown_path(subject, paint, group.place), facts, Cut::Middle)
            }
            None => return,
        },
        (_, Tab::Files) => match model.files.standing(subject, paint.look) {
            Some((path, facts)) => (path, facts, Cut::Middle),
            None => return,
        },
        (_, Tab::Treemap) => match model.treemap.standing(subject, paint.look) {
            Some((path, facts)) => (path, facts, Cut::Middle),
            None => return,
        },
        (_, Tab::Image) => return,
    };
    let room = usize::from(line.width);
    let path_room = place.width().min(LEAST_PATH.max(room * 3 / 5));
    let mut right = String::new();
    for fact in facts {
        let longer = if right.is_empty() {
            fact
        } else {
            format!("{right}  {fact}")
        };
        if path_room + 2 + longer.width() > room {
            break;
        }
        right = longer;
    }
    let taken = u16::try_from(right.width()).unwrap_or(u16::MAX);
    let plain = paint.style(Role::Plain);
    paint.text_right(line, &right, plain);
    let left = Rect {
        width: line
            .width
            .saturating_sub(taken.saturating_add(2 * u16::from(taken > 0))),
        ..line
    };
    paint.text_cut(left, &place, cut, plain);
}

fn shown_path(subject: &Subject, paint: &Paint<'_>, path: PathId) -> String {
    format!("/{}", paint.look.shown(&subject.tree().path(path)))
}

/// The filter being typed: text, what was found, how it is written.
fn filter_line(filter: &Filter, line: Rect, paint: &mut Paint<'_>) {
    let plain = paint.style(Role::Plain);
    let (words, role) = match (filter.complaint(), filter.found()) {
        (Some(complaint), _) => (complaint.to_owned(), Role::Alarm),
        (None, Some(found)) => {
            let (directories, files) = (found.directories(), found.files());
            (matches(directories, files), Role::Good)
        }
        (None, None) => (String::new(), Role::Plain),
    };
    let kinds = format!(
        "{}, {}",
        pattern_word(filter.kind()),
        case_word(filter.case)
    );
    let room = usize::from(line.width);
    let typed = filter.line.text().width() + 2;
    let mut right = format!("{words}   {kinds}");
    if filter.complaint().is_some() || typed + right.width() + 2 > room {
        right.clone_from(&words);
    }
    let style = paint.style(role);
    let right_width = right
        .width()
        .min(room.saturating_sub(typed.min(room / 2) + 2));
    let taken = u16::try_from(right_width)
        .unwrap_or(u16::MAX)
        .min(line.width);
    let place = Rect {
        x: line.x + (line.width - taken),
        width: taken,
        ..line
    };
    paint.text(place, &right, style);
    let left = Rect {
        width: line.width - taken.saturating_add(1).min(line.width),
        ..line
    };
    let used = paint.text(left, "/", plain);
    let typing = Rect {
        x: left.x + used.min(left.width),
        width: left.width.saturating_sub(used),
        ..left
    };
    typed_text(filter, typing, paint);
}

/// Draws a line being typed so that the cursor is on the screen.
fn typed_text(filter: &Filter, place: Rect, paint: &mut Paint<'_>) {
    if place.is_empty() {
        return;
    }
    let shown = paint.look.shown(filter.line.text().as_bytes());
    let before: String = filter
        .line
        .text()
        .chars()
        .take(filter.line.position())
        .collect();
    let cursor = paint.look.shown(before.as_bytes()).width();
    let room = usize::from(place.width);
    let skipped = (cursor + 1).saturating_sub(room);
    let visible = skip_columns(&shown, skipped);
    let plain = paint.style(Role::Strong);
    let end = paint.text(place, &visible, plain);
    let x = place.x + u16::try_from(cursor - skipped).unwrap_or(0);
    let style = paint.style(Role::Cursor);
    let under = if x < place.x + end { None } else { Some(" ") };
    match under {
        Some(blank) => paint.symbol(x, place.y, blank, style),
        None => paint.tint(Rect::new(x, place.y, 1, 1), Role::Cursor),
    }
}

fn skip_columns(text: &str, columns: usize) -> String {
    use unicode_width::UnicodeWidthChar as _;
    let mut skipped = 0;
    text.chars()
        .skip_while(|character| {
            let is_before = skipped < columns;
            skipped += character.width().unwrap_or(0);
            is_before
        })
        .collect()
}

fn matches(directories: u32, files: u32) -> String {
    let word = |number: u32, one: &str, many: &str| {
        let word = if number == 1 { one } else { many };
        format!("{} {word}", count(u64::from(number)))
    };
    match (directories, files) {
        (0, 0) => "nothing matches".into(),
        (0, files) => format!("{} match", word(files, "file", "files")),
        (directories, 0) => format!("{} match", word(directories, "dir", "dirs")),
        (directories, files) => format!(
            "{} {} match",
            word(directories, "dir", "dirs"),
            word(files, "file", "files")
        ),
    }
}

/// Returns whether what is typed looks for any path, and not only through the list.
fn is_finding(model: &Model, context: Context) -> bool {
    context == Context::Filter && model.tab == Tab::Files && model.files.is_finding()
}

/// Returns whether a key that means the same everywhere does something here.
fn is_of_use(model: &Model, context: Context, command: Command) -> bool {
    let is_files = model.tab == Tab::Files && model.focus != Focus::Preview;
    match (context, command) {
        (Context::Loading, _) => {
            return model
                .loading
                .as_ref()
                .is_some_and(LoadingPane::has_read_layers);
        }
        // A fuzzy pattern has no kinds.
        (Context::Filter, Command::NextPattern | Command::ToggleCase) => return !is_files,
        (Context::Global, Command::Help | Command::Quit) => return true,
        (Context::Global, _) if model.screen() == Screen::Loading => return false,
        (Context::Global, _) => {}
        _ => return true,
    }
    let has_panes = match model.screen() {
        Screen::Store => true,
        Screen::Comparison => return false,
        _ => model.tab == Tab::Layers || model.focus == Focus::Preview,
    };
    let is_pane = matches!(command, Command::NextPane | Command::Zoom);
    model.popups.is_empty() && (has_panes || !is_pane)
}

/// Draws the keys below everything else.
pub(super) fn footer(model: &Model, areas: &Areas, paint: &mut Paint<'_>) {
    if !areas.footer.is_empty() {
        keys_line(model, inset(areas.footer, paint), paint);
    }
}

/// Draws as many hints as fit, none cut; help and the way out keep their place.
fn keys_line(model: &Model, line: Rect, paint: &mut Paint<'_>) {
    let (mut hints, last) = hints(model);
    let room = usize::from(line.width);
    let width = |hints: &[(String, &str)]| -> usize {
        hints
            .iter()
            .map(|(key, hint)| key.width() + hint.width() + 3)
            .sum()
    };
    let mut last = last;
    while !last.is_empty() && width(&last) > room + 2 {
        last.pop();
    }
    while !hints.is_empty() && width(&hints) + width(&last) > room + 2 {
        hints.pop();
    }
    let bold = paint.style(Role::Key);
    let plain = paint.style(Role::Plain);
    let mut place = line;
    let mut gap = "";
    for (key, hint) in hints.iter().chain(&last) {
        for (text, style) in [
            (gap, plain),
            (key.as_str(), bold),
            (" ", plain),
            (hint, plain),
        ] {
            let used = paint.text(place, text, style).min(place.width);
            place.x += used;
            place.width -= used;
        }
        gap = "  ";
    }
}

type Hints = Vec<(String, &'static str)>;

/// Returns the hints of the contexts in effect, and those that come last.
fn hints(model: &Model) -> (Hints, Hints) {
    let mut first = Vec::new();
    let mut last = Vec::new();
    let mut known: Vec<Command> = Vec::new();
    let leads_back = model.entered.is_some() || model.screen() == Screen::Comparison;
    for context in model.contexts() {
        for (binding, keys) in model.session.keys.in_context(context) {
            let (Some(hint), Some(&key)) = (binding.hint, keys.first()) else {
                continue;
            };
            if known.contains(&binding.command) || !is_of_use(model, context, binding.command) {
                continue;
            }
            known.push(binding.command);
            let hint = match binding.command {
                Command::Quit if leads_back => "back",
                Command::Accept if is_finding(model, context) => "go to it",
                Command::Back if is_finding(model, context) => "close",
                _ => hint,
            };
            let entry = (shown_key(key), hint);
            match (context, binding.command) {
                (Context::Global, Command::Help) => last.insert(0, entry),
                (Context::Global, Command::Quit) => last.push(entry),
                _ => first.push(entry),
            }
        }
    }
    (first, last)
}
