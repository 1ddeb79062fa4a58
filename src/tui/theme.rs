//! Colours: the sixteen of every terminal, and none where none are wanted.
//!
//! Nothing is told by colour alone; the cursor is reverse video, so that it is seen without colours.

use ratatui::style::{Color, Modifier, Style};

use crate::browse::Mark;

/// A choice of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Green, yellow, red.
    #[default]
    Default,
    /// Blue, yellow, magenta: told apart without red and green.
    Colourblind,
    /// Bold, dim and reversed text alone.
    Mono,
}

/// Whether colours are wanted at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// As the theme has them.
    Wanted,
    /// `NO_COLOR`, `--color never`.
    None,
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Ordinary text.
    Plain,
    /// Text that matters less.
    Dim,
    /// Headings, the tab one is on.
    Strong,
    /// Border and title of the pane that has the keys.
    Focus,
    /// Border of others.
    Border,
    /// The row the cursor is on, in the pane that has the keys.
    Cursor,
    /// The row the cursor is on, elsewhere.
    Selected,
    /// The filled part of a bar.
    Bar,
    /// Wasted bytes.
    Waste,
    /// What failed, what is damaged.
    Alarm,
    /// What went well.
    Good,
    /// What a filter matched.
    Match,
    /// A row marked by the user.
    Marked,
    /// A key, in footers and help.
    Key,
    /// What the layer did.
    Change(Mark),
}

impl Theme {
    /// Returns the names used in the configuration with the themes.
    pub const ALL: [(&'static str, Self); 3] = [
        ("default", Self::Default),
        ("colourblind", Self::Colourblind),
        ("mono", Self::Mono),
    ];

    /// Returns the theme of a run: the one that was set, or none of colours where none are wanted.
    pub fn chosen(setting: Option<&str>, colours: Colours) -> Self {
        if colours == Colours::None {
            return Self::Mono;
        }
        let mut known = Self::ALL.into_iter();
        let chosen = known.find(|(name, _)| Some(*name) == setting);
        chosen.map_or_else(Self::default, |(_, theme)| theme)
    }

    /// Returns how a piece of text looks.
    pub fn style(self, role: Role) -> Style {
        let style = Style::new();
        match role {
            Role::Plain | Role::Border => style,
            // Bold and dim are one attribute to many terminals: the last one wins.
            Role::Dim => style
                .add_modifier(Modifier::DIM)
                .remove_modifier(Modifier::BOLD),
            Role::Strong | Role::Focus | Role::Key => style.add_modifier(Modifier::BOLD),
            // Dim text on a reversed ground cannot be read.
            Role::Cursor => style
                .add_modifier(Modifier::REVERSED)
                .remove_modifier(Modifier::DIM),
            Role::Selected => style
                .add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
                .remove_modifier(Modifier::DIM),
            Role::Bar => self.colour(style, Color::Cyan, Color::Cyan),
            Role::Waste => self.colour(style, Color::Yellow, Color::Yellow),
            Role::Alarm => self
                .colour(style, Color::Red, Color::Magenta)
                .add_modifier(Modifier::BOLD),
            Role::Good => self.colour(style, Color::Green, Color::LightBlue),
            Role::Match => self
                .colour(style, Color::Cyan, Color::Cyan)
                .add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Role::Marked => self
                .colour(style, Color::Magenta, Color::Magenta)
                .add_modifier(Modifier::BOLD),
            Role::Change(mark) => self.change(mark),
        }
    }

    fn change(self, mark: Mark) -> Style {
        let style = Style::new();
        match mark {
            Mark::Unchanged => style,
            Mark::Added => self.colour(style, Color::Green, Color::LightBlue),
            Mark::Modified => self.colour(style, Color::Yellow, Color::Yellow),
            Mark::Touched | Mark::Repeated => self.colour(style, Color::Cyan, Color::Cyan),
            Mark::Removed | Mark::Opaque => self.colour(style, Color::Red, Color::Magenta),
            Mark::Hidden => self
                .colour(style, Color::Red, Color::Magenta)
                .add_modifier(Modifier::DIM),
        }
    }

    fn colour(self, style: Style, default: Color, colourblind: Color) -> Style {
        match self {
            Self::Default => style.fg(default),
            Self::Colourblind => style.fg(colourblind),
            Self::Mono => style,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 13] = [
        Role::Plain,
        Role::Dim,
        Role::Strong,
        Role::Focus,
        Role::Border,
        Role::Cursor,
        Role::Selected,
        Role::Bar,
        Role::Waste,
        Role::Alarm,
        Role::Good,
        Role::Match,
        Role::Marked,
    ];

    fn styles(theme: Theme) -> impl Iterator<Item = Style> {
        let changes = Mark::ALL.into_iter().map(Role::Change);
        ROLES
            .into_iter()
            .chain(changes)
            .map(move |role| theme.style(role))
    }

    #[test]
    fn only_colours_that_every_terminal_has_and_no_ground() {
        for (_, theme) in Theme::ALL {
            for style in styles(theme) {
                assert_eq!(style.bg, None);
                // Black, grey and white vanish on one ground or the other; plain blue is too dark for text.
                let known = [
                    Color::Red,
                    Color::Green,
                    Color::Yellow,
                    Color::LightBlue,
                    Color::Magenta,
                    Color::Cyan,
                ];
                assert!(style.fg.is_none_or(|colour| known.contains(&colour)));
            }
        }
        assert!(styles(Theme::Mono).all(|style| style.fg.is_none()));
    }

    #[test]
    fn without_colours_what_matters_is_still_told_apart() {
        let mono = |role| Theme::Mono.style(role).add_modifier;
        let roles = [
            Role::Plain,
            Role::Dim,
            Role::Strong,
            Role::Cursor,
            Role::Selected,
        ];
        for (at, one) in roles.iter().enumerate() {
            for other in &roles[at + 1..] {
                assert_ne!(mono(*one), mono(*other), "{one:?} {other:?}");
            }
        }
        assert_ne!(mono(Role::Alarm), mono(Role::Plain));
        assert_ne!(mono(Role::Match), mono(Role::Plain));
    }

    #[test]
    fn the_colourblind_theme_has_neither_red_nor_green() {
        let mut styles = styles(Theme::Colourblind);
        assert!(!styles.any(|style| matches!(style.fg, Some(Color::Red | Color::Green))));
    }

    #[test]
    fn a_cursor_is_never_dim() {
        for (_, theme) in Theme::ALL {
            let dimmed = theme.style(Role::Dim).patch(theme.style(Role::Cursor));
            assert!(!dimmed.add_modifier.contains(Modifier::DIM));
        }
    }

    #[test]
    fn the_theme_is_the_one_that_was_set_unless_colours_are_not_wanted() {
        assert_eq!(Theme::chosen(None, Colours::Wanted), Theme::Default);
        assert_eq!(
            Theme::chosen(Some("colourblind"), Colours::Wanted),
            Theme::Colourblind
        );
        assert_eq!(
            Theme::chosen(Some("colourblind"), Colours::None),
            Theme::Mono
        );
        assert_eq!(Theme::chosen(Some("mono"), Colours::Wanted), Theme::Mono);
    }
}
