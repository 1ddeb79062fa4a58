//! Colours: the sixteen of every terminal, and none where none are wanted.
//!
//! Nothing is told by colour alone; the cursor is reverse video, so that it is seen without colours.

use ratatui::style::{Color, Modifier, Style};

use crate::tree::Mark;

/// A choice of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Green, yellow, red.
    #[default]
    Default,
    /// Blue, yellow, magenta: told apart without red and green.
    Colourblind,
    /// None.
    Mono,
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
    /// Bars.
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

    /// Returns how a piece of text looks.
    pub fn style(self, role: Role) -> Style {
        let style = Style::new();
        match role {
            Role::Plain | Role::Border => style,
            Role::Dim => style.add_modifier(Modifier::DIM),
            Role::Strong | Role::Focus | Role::Key => style.add_modifier(Modifier::BOLD),
            Role::Cursor => style.add_modifier(Modifier::REVERSED),
            Role::Selected => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Role::Bar => self.colour(style, Color::Blue, Color::Cyan),
            Role::Waste => self.colour(style, Color::Yellow, Color::Yellow),
            Role::Alarm => self
                .colour(style, Color::Red, Color::Magenta)
                .add_modifier(Modifier::BOLD),
            Role::Good => self.colour(style, Color::Green, Color::Blue),
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
            Mark::Added => self.colour(style, Color::Green, Color::Blue),
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
