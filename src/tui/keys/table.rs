//! The one table of keys: bindings, footer, help, `docs/keys.md` and manual page are made from it.

use crate::tui::command::{Command as C, Context as In};
use crate::tui::state::{Pane, StoreTab, Tab};

/// One meaning of some keys in one context.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// Where the keys mean it.
    pub context: In,
    /// What the keys ask for.
    pub command: C,
    /// Name of the action in the configuration; the same in every context where it means the same.
    pub name: &'static str,
    /// Keys, the one to show first.
    pub keys: &'static [&'static str],
    /// Further keys of the preset `dive`; they win over other meanings in the same context.
    pub dive: &'static [&'static str],
    /// What it does, for help.
    pub help: &'static str,
    /// A word or two for the footer; `None` keeps it out of there.
    pub hint: Option<&'static str>,
}

const fn bind(
    context: In,
    command: C,
    name: &'static str,
    keys: &'static [&'static str],
    help: &'static str,
) -> Binding {
    Binding {
        context,
        command,
        name,
        keys,
        dive: &[],
        help,
        hint: None,
    }
}

const fn on(
    pane: Pane,
    command: C,
    name: &'static str,
    keys: &'static [&'static str],
    help: &'static str,
) -> Binding {
    bind(In::Pane(pane), command, name, keys, help)
}

impl Binding {
    const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    const fn dive(mut self, keys: &'static [&'static str]) -> Self {
        self.dive = keys;
        self
    }
}

/// Every binding, in the order of help.
#[rustfmt::skip]
pub const TABLE: &[Binding] = &[
    bind(In::Always, C::QuitNow, "quit-now", &["ctrl-c"], "cancel what runs, or leave at once"),
    bind(In::Always, C::Suspend, "suspend", &["ctrl-z"], "stop as a shell job; fg returns"),
    bind(In::Global, C::Quit, "quit", &["q"], "close what is on top, back to the store, or quit").hint("quit"),
    bind(In::Global, C::Back, "back", &["esc"], "one step back: close, clear the filter, zoom out, back to the store"),
    bind(In::Global, C::Help, "help", &["?", "f1"], "this list").hint("help"),
    bind(In::Global, C::NextPane, "next-pane", &["tab"], "next pane").hint("pane"),
    bind(In::Global, C::PreviousPane, "previous-pane", &["shift-tab"], "previous pane"),
    bind(In::Global, C::Zoom, "zoom", &["z"], "this pane alone, and back").hint("zoom"),
    bind(In::Global, C::Export, "export", &["E"], "write a report: JSON, text; of a store ncdu too"),
    bind(In::Global, C::Reload, "reload", &["r"], "read the image or the store again"),
    bind(In::Global, C::ToggleMouse, "mouse", &[",", "f2"], "mouse on or off"),

    bind(In::Views, C::Show(Tab::Layers), "layers", &["1"], "layers and their tree"),
    bind(In::Views, C::Show(Tab::Waste), "waste", &["2"], "waste: what, who stored it, who made it useless"),
    bind(In::Views, C::Show(Tab::Files), "files", &["3"], "all files in one list"),
    bind(In::Views, C::Show(Tab::Treemap), "treemap", &["4"], "treemap"),
    bind(In::Views, C::Show(Tab::Image), "image", &["5"], "configuration, history, digests, warnings"),
    bind(In::Views, C::NextLayer, "next-layer", &["J"], "next layer, from any pane"),
    bind(In::Views, C::PreviousLayer, "previous-layer", &["K"], "previous layer, from any pane"),
    bind(In::Views, C::ShowEdits, "edits", &["t"], "edits that would make the image smaller: try them"),
    bind(In::Views, C::Fuzzy, "fuzzy", &["F"], "fuzzy search over all paths of all layers").hint("find"),

    bind(In::Move, C::Up, "up", &["up", "k"], "up"),
    bind(In::Move, C::Down, "down", &["down", "j"], "down"),
    bind(In::Move, C::PageUp, "page-up", &["pgup", "u"], "a screenful up"),
    bind(In::Move, C::PageDown, "page-down", &["pgdn", "d"], "a screenful down"),
    bind(In::Move, C::HalfPageUp, "half-page-up", &["ctrl-u", "("], "half a screenful up"),
    bind(In::Move, C::HalfPageDown, "half-page-down", &["ctrl-d", ")"], "half a screenful down"),
    bind(In::Move, C::Top, "top", &["g", "home"], "first row"),
    bind(In::Move, C::Bottom, "bottom", &["G", "end"], "last row"),

    on(Pane::Layers, C::Open, "open", &["enter", "right", "l"], "go to the tree of the layer").hint("tree"),
    on(Pane::Layers, C::NextMode, "mode", &["m"], "tree: this layer, accumulated, merged").hint("mode"),
    on(Pane::Layers, C::ScopeLayer, "scope-layer", &[], "tree of this layer").dive(&["ctrl-l"]),
    on(Pane::Layers, C::ScopeAccumulated, "scope-accumulated", &[], "tree accumulated up to this layer").dive(&["ctrl-a"]),
    on(Pane::Layers, C::Wrap, "wrap", &["w"], "whole instruction in the details").dive(&["ctrl-p"]),
    on(Pane::Layers, C::Filter, "filter", &["/"], "filter the tree while typing").hint("filter").dive(&["ctrl-f"]),
    on(Pane::Layers, C::CopyPath, "copy", &["y"], "copy the instruction").hint("copy"),
    on(Pane::Layers, C::CopyDigest, "copy-digest", &["Y"], "copy the diff ID"),
    on(Pane::Layers, C::Info, "info", &["i"], "everything about the layer"),

    on(Pane::Tree, C::Toggle, "toggle", &["space"], "fold or unfold").hint("fold"),
    on(Pane::Tree, C::Left, "fold", &["left", "h"], "fold, or go to the parent"),
    on(Pane::Tree, C::Right, "unfold", &["right", "l"], "unfold, or go to the first child"),
    on(Pane::Tree, C::Open, "open", &["enter"], "unfold a directory, look into a file"),
    on(Pane::Tree, C::FoldAll, "fold-all", &["-"], "fold everything"),
    on(Pane::Tree, C::UnfoldAll, "unfold-all", &["+", "*"], "unfold everything").dive(&["ctrl-space"]),
    on(Pane::Tree, C::NextMode, "mode", &["m"], "this layer, accumulated up to it, merged").hint("mode"),
    on(Pane::Tree, C::ToggleAdded, "added", &["A"], "show or hide what was added").dive(&["ctrl-a"]),
    on(Pane::Tree, C::ToggleModified, "modified", &["M"], "show or hide what was modified or touched"),
    on(Pane::Tree, C::ToggleDeleted, "deleted", &["D"], "show or hide what was deleted").dive(&["ctrl-r"]),
    on(Pane::Tree, C::ToggleUnchanged, "unchanged", &["U"], "show or hide what was not changed").dive(&["ctrl-u"]),
    on(Pane::Tree, C::NextSort, "sort", &["s"], "sort by size, waste, name, files, change").dive(&["ctrl-o"]),
    on(Pane::Tree, C::ReverseSort, "reverse", &["S"], "reverse the order"),
    on(Pane::Tree, C::NextBars, "bars", &["b"], "bars and percent, bars, percent, neither"),
    on(Pane::Tree, C::ToggleColumns, "columns", &["c"], "mode, owner, time, layers").dive(&["ctrl-b"]),
    on(Pane::Tree, C::Filter, "filter", &["/"], "filter while typing: text, glob, regular expression, >10MB").hint("filter").dive(&["ctrl-f"]),
    on(Pane::Tree, C::NextMatch, "next-match", &["n"], "next match"),
    on(Pane::Tree, C::PreviousMatch, "previous-match", &["N"], "previous match"),
    on(Pane::Tree, C::ShowWaste, "row-waste", &["w"], "what of the row is wasted, and why").hint("why"),
    on(Pane::Tree, C::View, "view", &["v"], "look into the file: text or hex, every version").hint("view"),
    on(Pane::Tree, C::Page, "pager", &["o"], "look into the file with $PAGER"),
    on(Pane::Tree, C::Extract, "extract", &["e"], "write the row, or what is marked, to disk").hint("extract").dive(&["ctrl-e"]),
    on(Pane::Tree, C::Mark, "mark", &["x"], "mark for extraction"),
    on(Pane::Tree, C::ClearMarks, "clear-marks", &["C"], "take all marks away"),
    on(Pane::Tree, C::LeaveOut, "leave-out", &["X"], "see the image without the row, or what is marked"),
    on(Pane::Tree, C::CopyPath, "copy", &["y"], "copy the path").hint("copy"),
    on(Pane::Tree, C::CopyDigest, "copy-digest", &["Y"], "copy the diff ID of the layer"),
    on(Pane::Tree, C::Info, "info", &["i"], "everything about the path: which layers touched it").hint("info"),

    on(Pane::Waste, C::Open, "open", &["enter"], "go to it in the tree, or list the places of the row").hint("go to file"),
    on(Pane::Waste, C::ShowWaste, "row-waste", &["w"], "back to where it was asked for"),
    on(Pane::Waste, C::NextMode, "mode", &["m"], "group by what happened, directory, path, cause").hint("group"),
    on(Pane::Waste, C::NextSort, "sort", &["s"], "sort by bytes, path, cause, layers").hint("sort"),
    on(Pane::Waste, C::ReverseSort, "reverse", &["S"], "reverse the order"),
    on(Pane::Waste, C::Filter, "filter", &["/"], "filter by path, cause or instruction").hint("filter").dive(&["ctrl-f"]),
    on(Pane::Waste, C::View, "view", &["v"], "look into the wasted version").hint("view"),
    on(Pane::Waste, C::CopyPath, "copy", &["y"], "copy the path"),
    on(Pane::Waste, C::Info, "info", &["i"], "everything about the path"),

    on(Pane::Edits, C::Toggle, "toggle", &["space"], "apply the edit, or take it back: everything shows the image as it would be").hint("apply"),
    on(Pane::Edits, C::ApplyAll, "apply-all", &["a"], "apply all edits, or none").hint("all"),
    on(Pane::Edits, C::Open, "open", &["enter"], "see layers and tree as they would be").hint("see layers"),
    on(Pane::Edits, C::Squash, "squash", &["s"], "make one layer of several").hint("squash"),
    on(Pane::Edits, C::CopyPath, "copy", &["y"], "copy the edits that are applied, or the row's, as lines of a Dockerfile").hint("copy lines"),
    on(Pane::Edits, C::Info, "info", &["i"], "everything about the edit"),

    on(Pane::Files, C::Open, "open", &["enter"], "go to it in the tree").hint("go to file"),
    on(Pane::Files, C::NextMode, "mode", &["m"], "the merged view, or every version in every layer").hint("mode"),
    on(Pane::Files, C::NextSort, "sort", &["s"], "sort by size, path, layer").hint("sort"),
    on(Pane::Files, C::ReverseSort, "reverse", &["S"], "reverse the order"),
    on(Pane::Files, C::Filter, "filter", &["/"], "fuzzy filter while typing").hint("filter").dive(&["ctrl-f"]),
    on(Pane::Files, C::ShowWaste, "row-waste", &["w"], "what of the row is wasted, and why"),
    on(Pane::Files, C::View, "view", &["v"], "look into the file").hint("view"),
    on(Pane::Files, C::Page, "pager", &["o"], "look into the file with $PAGER"),
    on(Pane::Files, C::Extract, "extract", &["e"], "write the file to disk").hint("extract").dive(&["ctrl-e"]),
    on(Pane::Files, C::CopyPath, "copy", &["y"], "copy the path").hint("copy"),
    on(Pane::Files, C::Info, "info", &["i"], "everything about the path"),

    on(Pane::Treemap, C::Up, "up", &["up", "k"], "tile above"),
    on(Pane::Treemap, C::Down, "down", &["down", "j"], "tile below"),
    on(Pane::Treemap, C::Left, "tile-left", &["left", "h"], "tile to the left"),
    on(Pane::Treemap, C::Right, "tile-right", &["right", "l"], "tile to the right"),
    on(Pane::Treemap, C::Open, "open", &["enter"], "into the directory").hint("zoom in"),
    on(Pane::Treemap, C::ZoomOut, "zoom-out", &["backspace"], "out of the directory").hint("out"),
    on(Pane::Treemap, C::ToggleSmall, "small", &["+"], "the small entries instead of the large ones").hint("small"),
    on(Pane::Treemap, C::NextColour, "colour", &["c"], "colours show change, or waste").hint("colour"),
    on(Pane::Treemap, C::NextMode, "mode", &["m"], "this layer, accumulated, merged").hint("mode"),
    on(Pane::Treemap, C::Toggle, "toggle", &["space"], "go to it in the tree").hint("tree"),
    on(Pane::Treemap, C::ShowWaste, "row-waste", &["w"], "what of the row is wasted, and why"),
    on(Pane::Treemap, C::View, "view", &["v"], "look into the file"),
    on(Pane::Treemap, C::CopyPath, "copy", &["y"], "copy the path"),
    on(Pane::Treemap, C::Info, "info", &["i"], "everything about the path"),

    on(Pane::Image, C::CopyPath, "copy", &["y"], "copy the line").hint("copy"),
    on(Pane::Image, C::Open, "open", &["enter"], "go to the layer").hint("go there"),
    on(Pane::Image, C::Filter, "filter", &["/"], "show only lines with this text").hint("filter").dive(&["ctrl-f"]),
    on(Pane::Image, C::Wrap, "wrap", &["w"], "wrap long lines").hint("wrap"),

    on(Pane::Preview, C::View, "view", &["v"], "read it, where that takes time and was not done unasked"),
    on(Pane::Preview, C::NextMode, "mode", &["m"], "text or hex").hint("text/hex"),
    on(Pane::Preview, C::Diff, "diff", &["d"], "difference from the version below").hint("diff"),
    on(Pane::Preview, C::NextLayer, "next-layer", &["J"], "next version").hint("version"),
    on(Pane::Preview, C::PreviousLayer, "previous-layer", &["K"], "previous version"),
    on(Pane::Preview, C::Filter, "filter", &["/"], "search").hint("search").dive(&["ctrl-f"]),
    on(Pane::Preview, C::NextMatch, "next-match", &["n"], "next match"),
    on(Pane::Preview, C::PreviousMatch, "previous-match", &["N"], "previous match"),
    on(Pane::Preview, C::Left, "scroll-left", &["left", "h"], "scroll to the left"),
    on(Pane::Preview, C::Right, "scroll-right", &["right", "l"], "scroll to the right"),
    on(Pane::Preview, C::Wrap, "wrap", &["w"], "wrap long lines").hint("wrap").dive(&["ctrl-p"]),
    on(Pane::Preview, C::Page, "pager", &["o"], "open in $PAGER").hint("pager"),
    on(Pane::Preview, C::Extract, "extract", &["e"], "write this version to disk").hint("extract").dive(&["ctrl-e"]),
    on(Pane::Preview, C::CopyPath, "copy", &["y"], "copy the path"),
    on(Pane::Preview, C::Info, "info", &["i"], "everything about the path"),

    bind(In::Store, C::Open, "open", &["enter"], "open the image or the container; of others everything known").hint("open"),
    bind(In::Store, C::ShowOfStore(StoreTab::Images), "images", &["1"], "images"),
    bind(In::Store, C::Show(Tab::Layers), "layers", &["2"], "layers, and who has each"),
    bind(In::Store, C::ShowOfStore(StoreTab::Containers), "containers", &["3"], "containers: what they have written, logs, what grew"),
    bind(In::Store, C::ShowOfStore(StoreTab::Orphans), "orphans", &["4"], "what nobody owns, and why"),
    bind(In::Store, C::ShowOfStore(StoreTab::Cache), "build-cache", &["5"], "build cache"),
    bind(In::Store, C::ShowOfStore(StoreTab::Volumes), "volumes", &["6"], "volumes"),
    bind(In::Store, C::ShowOfStore(StoreTab::Extras), "extras", &["7"], "plugins, artifacts, what is foreign, and the largest paths of what has no rows"),
    bind(In::Store, C::Mark, "mark", &["space", "x"], "mark for comparison, or for the commands").hint("mark"),
    bind(In::Store, C::ClearMarks, "clear-marks", &["C"], "take all marks away"),
    bind(In::Store, C::CompareMarked, "compare", &["D"], "compare the two images or containers that are marked").hint("compare"),
    bind(In::Store, C::Reclaim, "reclaim", &["d"], "commands that would free the row, or what is marked; nothing is run").hint("commands"),
    bind(In::Store, C::NextSort, "sort", &["s"], "sort by size, total, name, users, time").hint("sort"),
    bind(In::Store, C::ReverseSort, "reverse", &["S"], "reverse the order"),
    bind(In::Store, C::NextBasis, "basis", &["a"], "sizes: on disk, lengths of files, the engine's own").hint("basis"),
    bind(In::Store, C::Filter, "filter", &["/"], "filter by name, ID, state or reason").hint("filter").dive(&["ctrl-f"]),
    bind(In::Store, C::Info, "info", &["i"], "everything about the row: IDs, pieces, owners").hint("info"),
    bind(In::Store, C::NextStore, "next-store", &["J"], "next store below the directory"),
    bind(In::Store, C::PreviousStore, "previous-store", &["K"], "previous store below the directory"),
    bind(In::Store, C::NextMode, "mode", &["m"], "list images of a build's steps too, or not"),
    bind(In::Store, C::Warnings, "warnings", &["w"], "what was odd about the store, or could not be read"),
    bind(In::Store, C::CopyPath, "copy", &["y"], "copy the name"),
    bind(In::Store, C::CopyDigest, "copy-digest", &["Y"], "copy the ID"),

    bind(In::Comparison, C::NextSort, "sort", &["s"], "sort by bytes, path, what happened").hint("sort"),
    bind(In::Comparison, C::Filter, "filter", &["/"], "filter by path").hint("filter").dive(&["ctrl-f"]),
    bind(In::Comparison, C::CopyPath, "copy", &["y"], "copy the path").hint("copy"),

    bind(In::Loading, C::Open, "open", &["enter"], "browse the layers that are read").hint("browse what is ready"),

    bind(In::Filter, C::Accept, "accept", &["enter"], "keep the filter").hint("keep"),
    bind(In::Filter, C::Back, "back", &["esc"], "clear the filter").hint("clear"),
    bind(In::Filter, C::NextPattern, "pattern", &["ctrl-r", "f3"], "substring, glob, regular expression").hint("pattern"),
    bind(In::Filter, C::ToggleCase, "case", &["ctrl-t", "f4"], "case: smart, exact, ignored").hint("case"),
    bind(In::Filter, C::Up, "up", &["up"], "up in what is found"),
    bind(In::Filter, C::Down, "down", &["down"], "down in what is found"),

    bind(In::Prompt, C::Accept, "accept", &["enter"], "do it").hint("do it"),
    bind(In::Prompt, C::Back, "back", &["esc"], "leave it").hint("leave it"),

    bind(In::Help, C::Back, "back", &["esc", "f1", "?"], "close").hint("close"),
    bind(In::Help, C::Up, "up", &["up"], "up"),
    bind(In::Help, C::Down, "down", &["down"], "down"),
    bind(In::Help, C::PageUp, "page-up", &["pgup"], "a screenful up"),
    bind(In::Help, C::PageDown, "page-down", &["pgdn"], "a screenful down"),

    bind(In::Notice, C::Open, "open", &["enter"], "close").hint("close"),
    bind(In::Notice, C::CopyPath, "copy", &["y"], "copy the text").hint("copy"),

    bind(In::Picker, C::Open, "open", &["enter"], "open it").hint("open"),
];
