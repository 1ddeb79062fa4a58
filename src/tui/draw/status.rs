//! The last two lines: where the cursor is and what just happened, and the keys.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::browse::Pattern;
use crate::text::plural;
use crate::tui::command::{Command, Context};
use crate::tui::keys::shown_key;
use crate::tui::layout::Arrangement;
use crate::tui::line::Typing;
use crate::tui::model::Model;
use crate::tui::paint::{Paint, behind};
use crate::tui::panes::popup::Popup;
use crate::tui::panes::tree::filter::{Filter, pattern_word};
use crate::tui::panes::{Standing, comparison, loading::LoadingPane, store};
use crate::tui::screen::{ImageScreen, Screen};
use crate::tui::state::{Pane, Said, Tone};
use crate::tui::text_filter::{case_sign, case_word};
use crate::tui::theme::Role;
use crate::tui::typed_line;

/// Says what just happened, or where the cursor is.
pub(super) fn draw(model: &Model, line: Rect, paint: &mut Paint<'_>) {
    let line = paint.inset(line);
    match (&model.screen, &model.said) {
        (Screen::Loading(_), _) => {}
        (Screen::Image(image), _)
            if matches!(image.pane(), Pane::Layers | Pane::Tree)
                && image.panes.tree.is_typing() =>
        {
            filter_line(&image.panes.tree.filter, line, paint);
        }
        (_, Some(said)) => draw_said(said, line, paint),
        (Screen::Image(image), None) => standing(model, image, line, paint),
        (Screen::Store(store), None) => {
            store::draw_standing(&store.pane, &store.reads(model.around()), line, paint);
        }
        (Screen::Comparison(comparison), None) => {
            comparison::draw_standing(&comparison.pane, line, paint);
        }
    }
}

fn draw_said(said: &Said, line: Rect, paint: &mut Paint<'_>) {
    let role = match said.tone {
        Tone::Done => Role::Good,
        Tone::Refused => Role::Alarm,
    };
    paint.text_cut(line, &said.text, said.cut, role);
}

/// Least columns for a path beside what else is said.
const LEAST_PATH: usize = 24;

fn standing(model: &Model, image: &ImageScreen, line: Rect, paint: &mut Paint<'_>) {
    let pane = image.pane();
    let standing = image
        .panes
        .standing(pane, &image.reads(pane, model.around()));
    let Some(Standing { name, facts, cut }) = standing else {
        return;
    };
    let room = usize::from(line.width);
    let path_room = name.width().min(LEAST_PATH.max(room * 3 / 5));
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
    paint.text_right(line, &right, Role::Plain);
    let left = Rect {
        width: line
            .width
            .saturating_sub(taken.saturating_add(2 * u16::from(taken > 0))),
        ..line
    };
    paint.text_cut(left, &name, cut, Role::Plain);
}

/// The filter being typed: text, what was found, how it is written.
fn filter_line(filter: &Filter, line: Rect, paint: &mut Paint<'_>) {
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
    let signs = match filter.kind() {
        Pattern::Substring => String::new(),
        kind => format!("[{}]", pattern_word(kind)),
    };
    let signs = format!("{words} {signs}{}", case_sign(filter.case));
    let room = usize::from(line.width);
    let typed = filter.line.text().width() + 2;
    let forms = [format!("{words}   {kinds}"), signs.trim_end().to_owned()];
    let fits = |form: &String| filter.complaint().is_none() && typed + form.width() + 2 <= room;
    let right = forms.into_iter().find(fits).unwrap_or(words);
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
    paint.text(place, &right, role);
    let left = Rect {
        width: line.width - taken.saturating_add(1).min(line.width),
        ..line
    };
    let used = paint.text(left, "/", Role::Plain);
    let place = behind(left, used);
    typed_line::draw(&filter.line, place, Role::Strong, Typing::Begun, paint);
}

fn matches(directories: u32, files: u32) -> String {
    let found_directories = plural(directories.into(), "dir", "dirs");
    let found_files = plural(files.into(), "file", "files");
    match (directories, files) {
        (0, 0) => "nothing matches".into(),
        (0, 1) => format!("{found_files} matches"),
        (1, 0) => format!("{found_directories} matches"),
        (0, _) => format!("{found_files} match"),
        (_, 0) => format!("{found_directories} match"),
        _ => format!("{found_directories} {found_files} match"),
    }
}

/// Returns whether what is typed looks for any path, and not only through the list.
fn is_finding(model: &Model, context: Context) -> bool {
    let finds = |image: &ImageScreen| image.pane() == Pane::Files && image.panes.files.is_finding();
    context == Context::Filter && model.image().is_some_and(finds)
}

/// Returns what a key does, where that is another thing than its hint says.
fn other_hint(model: &Model, context: Context, command: Command) -> Option<&'static str> {
    if let Some(popup) = model.popups.last() {
        return match (command, popup) {
            (Command::Quit, _) if !model.is_last_popup() => Some("close"),
            (Command::Back, Popup::Help(help)) if !help.search.text().is_empty() => Some("clear"),
            _ => None,
        };
    }
    match command {
        Command::Quit if model.writing.is_some() => Some("cancel"),
        Command::Quit if model.pane() == Some(Pane::Preview) => Some("close"),
        Command::Quit if model.screen.leads_back() => Some("back"),
        Command::Accept if is_finding(model, context) => Some("go to it"),
        Command::Back if is_finding(model, context) => Some("close"),
        _ => None,
    }
}

/// Returns whether a key does something here.
fn is_of_use(model: &Model, context: Context, command: Command) -> bool {
    match (context, command) {
        (Context::Loading, _) => {
            let reading = model.screen.reading();
            let running = reading.and_then(|reading| reading.running.as_ref());
            return running.is_some_and(LoadingPane::has_read_layers);
        }
        // Only what is sought in a tree or a file is written in several ways, and only a fuzzy pattern in a single one.
        (Context::Filter, Command::NextPattern) => {
            let pane = model.pane();
            return matches!(pane, Some(Pane::Layers | Pane::Tree | Pane::Preview));
        }
        (Context::Filter, Command::ToggleCase) => return model.pane() != Some(Pane::Files),
        (Context::Pane(pane), _) => {
            let offers = |image: &ImageScreen| image.panes.offers(pane, command, &image.subject);
            return model.image().is_some_and(offers);
        }
        (Context::Global, Command::Help | Command::Quit) => return true,
        (Context::Global, _) => {}
        _ => return true,
    }
    let has_panes = match &model.screen {
        Screen::Loading(_) | Screen::Comparison(_) => return false,
        Screen::Store(_) => true,
        Screen::Image(image) => {
            matches!(image.pane(), Pane::Layers | Pane::Tree | Pane::Preview)
        }
    };
    if command == Command::Zoom && model.areas().arrangement <= Arrangement::One {
        return false;
    }
    let is_pane = matches!(command, Command::NextPane | Command::Zoom);
    model.popups.is_empty() && (has_panes || !is_pane)
}

/// Draws as many hints as fit, none cut; help and the way out keep their place.
pub(super) fn draw_keys(model: &Model, line: Rect, paint: &mut Paint<'_>) {
    let line = paint.inset(line);
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
            let used = paint.text(place, text, style);
            place = behind(place, used);
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
    for context in model.contexts() {
        for (binding, keys) in model.session.keys.in_context(context) {
            let (Some(hint), Some(&key)) = (binding.hint, keys.first()) else {
                continue;
            };
            if known.contains(&binding.command) || !is_of_use(model, context, binding.command) {
                continue;
            }
            known.push(binding.command);
            let hint = other_hint(model, context, binding.command).unwrap_or(hint);
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
