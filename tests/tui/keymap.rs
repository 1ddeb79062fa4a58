//! The table of keys: what every key means where, and that nothing is lost or meant twice.

use std::collections::{BTreeMap, HashMap};

use layerscope::tui::Effect;
use layerscope::tui::command::{Command, Context};
use layerscope::tui::keys::{Key, KeyError, KeyMap, Preset, TABLE};
use layerscope::tui::state::{Pane, StoreTab, Tab};

use crate::screen::{Screen, session};
use crate::support::LayerBuilder;

fn map(preset: Preset) -> KeyMap {
    KeyMap::new(preset, &BTreeMap::new()).expect("presets have no clash of their own")
}

fn key(name: &str) -> Key {
    Key::parse(name).expect("a key")
}

/// Lists every command there is; a new one does not compile until it is listed.
macro_rules! all_commands {
    ($($name:ident),*) => {{
        for command in [$(Command::$name),*] {
            match command {
                $(Command::$name => {})*
                Command::Show(_) | Command::ShowOfStore(_) => {}
            }
        }
        let views = Tab::ALL.map(Command::Show);
        let of_store = StoreTab::ALL.map(StoreTab::command);
        [&[$(Command::$name),*][..], &views, &of_store].concat()
    }};
}

#[rustfmt::skip]
fn all_commands() -> Vec<Command> {
    all_commands![
        Quit, QuitNow, Back, Suspend, Help, NextPane, PreviousPane, Zoom, Reload, ToggleMouse, NextLayer, PreviousLayer, NextStore, PreviousStore, Up,
        Down, Left, Right, PageUp, PageDown, HalfPageUp, HalfPageDown, Top, Bottom, Open, Toggle,
        FoldAll, UnfoldAll, ShowWaste, ShowEdits, ApplyAll, Squash, LeaveOut, ClearMarks, NextMode, ScopeLayer, ScopeAccumulated, ToggleAdded, ToggleModified,
        ToggleDeleted, ToggleUnchanged, NextSort, ReverseSort, NextBars, ToggleColumns, Wrap,
        Filter, NextMatch, PreviousMatch, Fuzzy, View, Page, Extract, Mark, CopyPath, CopyDigest,
        Info, Reclaim, NextBasis, Warnings, Export, ZoomOut, ToggleSmall, NextColour, Diff, CompareMarked, Accept, NextPattern, ToggleCase
    ]
}

#[test]
fn every_key_of_the_table_has_a_name_and_one_meaning_in_its_context() {
    let mut meanings = HashMap::new();
    for binding in TABLE {
        for name in binding.keys.iter().chain(binding.dive) {
            assert!(Key::parse(name).is_some(), "{name}");
        }
        for name in binding.keys {
            let key = Key::parse(name).unwrap();
            assert_eq!(key.to_string(), *name);
            let other = meanings.insert((binding.context, key), binding.command);
            assert_eq!(other, None, "{name} in {:?}", binding.context);
        }
    }
}

/// What a pane takes away from the contexts below it is listed here, so that nothing is taken by accident.
#[test]
fn a_context_hides_keys_of_others_only_on_purpose() {
    let shadowed = |preset| {
        let clashes = map(preset).clashes();
        let told = clashes.iter().map(|clash| {
            format!(
                "{} {}: {} over {}",
                clash.context.title(),
                clash.key,
                clash.action,
                clash.other
            )
        });
        let mut told: Vec<String> = told.collect();
        told.sort();
        told
    };
    // Pages are turned with pgdn and ctrl-d there.
    assert_eq!(
        shadowed(Preset::Default),
        [
            "Layer store d: reclaim over page-down",
            "Preview d: diff over page-down"
        ]
    );
    // What dive has there. Half pages have ( and ) too.
    assert_eq!(
        shadowed(Preset::Dive),
        [
            "Layer store d: reclaim over page-down",
            "Preview d: diff over page-down",
            "Tree ctrl-u: unchanged over half-page-up"
        ]
    );
}

#[test]
fn every_command_is_reachable() {
    let default = map(Preset::Default);
    let dive = map(Preset::Dive);
    let contexts: Vec<Context> = TABLE.iter().map(|binding| binding.context).collect();
    let has_key = |map: &KeyMap, command| {
        contexts
            .iter()
            .any(|&context| map.key(context, command).is_some())
    };
    for command in all_commands() {
        // dive's two keys for what `m` goes through one by one.
        let is_dives = matches!(command, Command::ScopeLayer | Command::ScopeAccumulated);
        assert!(is_dives || has_key(&default, command), "{command:?}");
        assert!(has_key(&dive, command), "{command:?}");
    }
}

#[test]
fn what_a_terminal_sends_for_other_keys_is_not_bound() {
    for binding in TABLE {
        for name in binding.keys.iter().chain(binding.dive) {
            // Enter, Tab, Backspace, Escape, newline.
            for impossible in ["ctrl-m", "ctrl-i", "ctrl-h", "ctrl-[", "ctrl-j"] {
                assert_ne!(*name, impossible, "{}", binding.name);
            }
        }
    }
}

#[test]
fn nothing_needs_ctrl_or_a_key_that_some_keyboards_hide() {
    for binding in TABLE {
        // What a shell means by them as well; q is there for those who cannot press the first.
        if matches!(binding.command, Command::QuitNow | Command::Suspend) {
            continue;
        }
        let is_plain = |name: &&&str| !name.starts_with("ctrl-") && !name.starts_with("alt-");
        let plain = binding.keys.iter().filter(is_plain).count();
        assert!(binding.keys.is_empty() || plain > 0, "{}", binding.name);
        let hidden = ["[", "]", "{", "}", "~", "\\", "|", "@"];
        let easy = binding.keys.iter().filter(|name| !hidden.contains(name));
        assert!(
            binding.keys.is_empty() || easy.count() > 0,
            "{}",
            binding.name
        );
    }
}

#[test]
fn one_name_means_one_thing_to_the_configuration() {
    let mut commands: HashMap<&str, Command> = HashMap::new();
    for binding in TABLE {
        let known = commands.entry(binding.name).or_insert(binding.command);
        assert_eq!(*known, binding.command, "{}", binding.name);
    }
}

#[test]
fn the_preset_dive_does_what_dive_does() {
    let keys = map(Preset::Dive);
    let pane = |context| {
        [
            context,
            Context::Move,
            Context::Views,
            Context::Global,
            Context::Always,
        ]
    };
    for (context, name, command) in [
        (
            Context::Pane(Pane::Layers),
            "ctrl-a",
            Command::ScopeAccumulated,
        ),
        (Context::Pane(Pane::Layers), "ctrl-l", Command::ScopeLayer),
        (Context::Pane(Pane::Layers), "ctrl-f", Command::Filter),
        (Context::Pane(Pane::Layers), "ctrl-p", Command::Wrap),
        (Context::Pane(Pane::Tree), "ctrl-f", Command::Filter),
        (Context::Pane(Pane::Tree), "ctrl-a", Command::ToggleAdded),
        (Context::Pane(Pane::Tree), "ctrl-r", Command::ToggleDeleted),
        (
            Context::Pane(Pane::Tree),
            "ctrl-u",
            Command::ToggleUnchanged,
        ),
        (Context::Pane(Pane::Tree), "ctrl-b", Command::ToggleColumns),
        (Context::Pane(Pane::Tree), "ctrl-o", Command::NextSort),
        (Context::Pane(Pane::Tree), "ctrl-e", Command::Extract),
        (Context::Pane(Pane::Tree), "ctrl-space", Command::UnfoldAll),
        (Context::Pane(Pane::Tree), "space", Command::Toggle),
        (Context::Pane(Pane::Tree), "tab", Command::NextPane),
        (Context::Pane(Pane::Tree), "u", Command::PageUp),
        (Context::Pane(Pane::Tree), "d", Command::PageDown),
        (Context::Pane(Pane::Preview), "ctrl-p", Command::Wrap),
        (Context::Pane(Pane::Preview), "ctrl-e", Command::Extract),
        (Context::Pane(Pane::Tree), "ctrl-c", Command::QuitNow),
    ] {
        let found = keys.command(&pane(context), key(name));
        assert_eq!(found, Some(command), "{name} in {context:?}");
    }
    let default = map(Preset::Default);
    let half = default.command(&pane(Context::Pane(Pane::Tree)), key("ctrl-u"));
    assert_eq!(half, Some(Command::HalfPageUp));
}

fn with(preset: Preset, action: &str, keys: &[&str]) -> Result<KeyMap, KeyError> {
    let keys = keys.iter().map(ToString::to_string).collect();
    KeyMap::new(preset, &BTreeMap::from([(action.to_owned(), keys)]))
}

#[test]
fn keys_of_ones_own_replace_those_of_the_table() {
    let map = with(Preset::Default, "filter", &["f", "ctrl-f"]).unwrap();
    let contexts = [Context::Pane(Pane::Tree), Context::Move, Context::Global];
    for (name, command) in [
        ("f", Some(Command::Filter)),
        ("ctrl-f", Some(Command::Filter)),
        ("/", None),
    ] {
        assert_eq!(map.command(&contexts, key(name)), command, "{name}");
    }
    assert!(with(Preset::Default, "filter", &[]).is_ok());
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    assert!(matches!(
        with(Preset::Default, "fly", &["f"]),
        Err(KeyError::UnknownAction { action }) if action == "fly"
    ));
    assert!(matches!(
        with(Preset::Default, "filter", &["hyper-f"]),
        Err(KeyError::UnknownKey { action, key }) if action == "filter" && key == "hyper-f"
    ));
    let Err(KeyError::Clash(clash)) = with(Preset::Default, "filter", &["x"]) else {
        panic!("x marks in the tree");
    };
    assert_eq!((clash.action, clash.other), ("filter", "mark"));
    // What the table itself has is no reason to refuse, and letters are text while typing.
    assert!(with(Preset::Default, "diff", &["d"]).is_ok());
    assert!(with(Preset::Default, "accept", &["x", "enter"]).is_ok());
    assert!(with(Preset::Default, "quit", &["ctrl-z"]).is_err());
    // A key that dive's preset had given away is free once its owner has others.
    assert!(with(Preset::Dive, "added", &["A"]).is_ok());
}

#[test]
fn remapped_keys_are_pressed_and_shown() {
    let mut session = session();
    session.keys = with(Preset::Default, "quit", &["ctrl-x", "Q"]).unwrap();
    let layer = LayerBuilder::new().file("a", "a");
    let analysis =
        crate::support::opened::analyse(&[layer.into_items()], &[crate::support::Codec::None]);
    let mut screen = Screen::of(analysis, session, 80, 24);
    screen.keys("q");
    assert!(
        !screen
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    );
    screen.keys("?close what");
    assert!(
        screen
            .line_with("close what is on top")
            .contains("ctrl-x Q")
    );
    screen.keys("<esc><esc>Q");
    assert!(
        screen
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    );
}

#[test]
fn one_way_out_is_left_whatever_is_switched_off() {
    let none = ["quit", "back", "quit-now"].map(|action| (action.to_owned(), Vec::new()));
    let keys = KeyMap::new(Preset::Default, &none.into_iter().collect()).unwrap();
    assert!(keys.key(Context::Global, Command::Quit).is_none());
    assert!(keys.key(Context::Always, Command::QuitNow).is_some());
}
