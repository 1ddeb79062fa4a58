//! What a user can ask for, and where.

use super::state::{Pane, StoreTab, Tab};

/// Something a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Close what is on top, or the program.
    Quit,
    /// Cancel the running job or leave at once.
    QuitNow,
    /// One step back: close, clear, zoom out.
    Back,
    /// Stop as a shell job.
    Suspend,
    /// Show or hide the keys.
    Help,
    /// Go to a view of the image.
    Show(Tab),
    /// Go to a view of the store that images have not.
    ShowOfStore(StoreTab),
    /// Next pane of this view.
    NextPane,
    /// Previous pane of this view.
    PreviousPane,
    /// Give the pane the whole screen, or take it back.
    Zoom,
    /// Read the image again.
    Reload,
    /// Mouse on or off.
    ToggleMouse,
    /// Next layer up; in a preview the next version.
    NextLayer,
    /// Next layer down; in a preview the previous version.
    PreviousLayer,
    /// Next store below the directory.
    NextStore,
    /// Previous store below the directory.
    PreviousStore,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// One column or tile to the left; in trees fold or go to the parent.
    Left,
    /// One column or tile to the right; in trees unfold.
    Right,
    /// A screenful up.
    PageUp,
    /// A screenful down.
    PageDown,
    /// Half a screenful up.
    HalfPageUp,
    /// Half a screenful down.
    HalfPageDown,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
    /// The main thing to do with a row: unfold, look, go there.
    Open,
    /// Fold or unfold.
    Toggle,
    /// Fold everything.
    FoldAll,
    /// Unfold everything.
    UnfoldAll,
    /// The waste at or below the row; in the waste view back to where it was asked for.
    ShowWaste,
    /// The edits that would make the image smaller.
    ShowEdits,
    /// Apply all of them, or none.
    ApplyAll,
    /// Make one layer of several.
    Squash,
    /// Try the image without the row, or without what is marked.
    LeaveOut,
    /// Next mode of the pane: scope of a tree, grouping of waste, text or hex.
    NextMode,
    /// The tree of this layer alone (dive).
    ScopeLayer,
    /// The tree accumulated up to this layer (dive).
    ScopeAccumulated,
    /// Show or hide what was added.
    ToggleAdded,
    /// Show or hide what was modified.
    ToggleModified,
    /// Show or hide what was deleted.
    ToggleDeleted,
    /// Show or hide what was not changed.
    ToggleUnchanged,
    /// Next field to sort by.
    NextSort,
    /// Reverse the order.
    ReverseSort,
    /// Bars and percent, bars, percent, neither.
    NextBars,
    /// Columns of mode, owner, time and layer.
    ToggleColumns,
    /// Wrap long lines.
    Wrap,
    /// Filter while typing; in a preview search.
    Filter,
    /// Next match.
    NextMatch,
    /// Previous match.
    PreviousMatch,
    /// Fuzzy search over every path of every layer.
    Fuzzy,
    /// Look into the file.
    View,
    /// Look into the file with the pager.
    Page,
    /// Write to disk.
    Extract,
    /// Mark for what comes next.
    Mark,
    /// Take all marks away.
    ClearMarks,
    /// Copy the path.
    CopyPath,
    /// Copy the digest.
    CopyDigest,
    /// Everything known about the row: which layers touched it.
    Info,
    /// Write a report.
    Export,
    /// One level out of the treemap.
    ZoomOut,
    /// Show small entries of the treemap.
    ToggleSmall,
    /// Next meaning of the colours of the treemap.
    NextColour,
    /// Difference from the version below.
    Diff,
    /// Hold the two that are marked against each other.
    CompareMarked,
    /// Show the commands that would get room back; nothing runs them.
    Reclaim,
    /// Next sense of sizes: disk, files, the engine's own.
    NextBasis,
    /// What was odd about a store.
    Warnings,
    /// Take what was typed.
    Accept,
    /// Next kind of pattern: substring, glob, regular expression.
    NextPattern,
    /// Upper and lower case count or not.
    ToggleCase,
}

impl Command {
    /// Returns whether it does something with the row under the cursor.
    pub const fn is_about_row(self) -> bool {
        matches!(
            self,
            Self::Open
                | Self::View
                | Self::Page
                | Self::Extract
                | Self::CopyPath
                | Self::Info
                | Self::ShowWaste
        )
    }
}

impl StoreTab {
    /// Returns the command that shows it: one name means one thing, wherever it is.
    pub const fn command(self) -> Command {
        match self {
            Self::Layers => Command::Show(Tab::Layers),
            other => Command::ShowOfStore(other),
        }
    }
}

/// Where a key means something. A model is in several at a time, the most special first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Everywhere, while typing too.
    Always,
    /// Everywhere but while typing.
    Global,
    /// Every view of an image.
    Views,
    /// Every list that can be moved in.
    Move,
    /// A pane of an image.
    Pane(Pane),
    /// What a layer store holds.
    Store,
    /// Two images of a store against each other.
    Comparison,
    /// While layers are read.
    Loading,
    /// Typing a filter.
    Filter,
    /// Typing an answer.
    Prompt,
    /// The list of keys, where typing searches.
    Help,
    /// A message that waits to be read.
    Notice,
    /// A choice between images.
    Picker,
}

impl Context {
    /// Returns every context in the order of the documentation, those of one title together.
    pub fn all() -> impl Iterator<Item = Self> {
        let first = [Self::Global, Self::Always, Self::Views, Self::Move];
        let others = [
            Self::Store,
            Self::Comparison,
            Self::Loading,
            Self::Filter,
            Self::Prompt,
            Self::Help,
            Self::Notice,
            Self::Picker,
        ];
        let panes = Pane::ALL.map(Self::Pane);
        first.into_iter().chain(panes).chain(others)
    }

    /// Returns the contexts in effect where this is the most special one, that one first.
    pub fn stack(self) -> Vec<Self> {
        let below: &[Self] = match self {
            Self::Pane(_) => &[Self::Move, Self::Global, Self::Views, Self::Always],
            Self::Store | Self::Comparison | Self::Notice | Self::Picker => {
                &[Self::Move, Self::Global, Self::Always]
            }
            Self::Loading => &[Self::Global, Self::Always],
            Self::Filter | Self::Prompt | Self::Help => &[Self::Always],
            Self::Move | Self::Global | Self::Views | Self::Always => &[],
        };
        [&[self], below].concat()
    }

    /// Returns whether letters are text here.
    pub const fn takes_text(self) -> bool {
        matches!(self, Self::Filter | Self::Prompt | Self::Help)
    }

    /// Returns the heading under which help lists its keys.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Always | Self::Global => "Everywhere",
            Self::Views => "Any view of an image",
            Self::Move => "Moving",
            Self::Pane(pane) => pane.title(),
            Self::Store => "Layer store",
            Self::Comparison => "Comparison of two images",
            Self::Loading => "Loading",
            Self::Filter => "Filter",
            Self::Prompt => "Prompt",
            Self::Help => "Help",
            Self::Notice => "Message",
            Self::Picker => "Choice",
        }
    }
}
