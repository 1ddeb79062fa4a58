//! What each command does to the tree.

use super::choices::{TOGGLES, Toggle, TreeMode, next_sort, sort_word};
use super::fold::Wish;
use super::listing::Shown;
use super::{TreePane, list_area};
use crate::browse::{Order, Scope};
use crate::path::display_absolute;
use crate::tree::PathId;
use crate::tui::command::Command;
use crate::tui::line::Line;
use crate::tui::message::Effect;
use crate::tui::panes::popup::{Popup, Prompt, Purpose};
use crate::tui::panes::{Request, about, copied_path, done, refused};
use crate::tui::reads::Reads;
use crate::tui::scroll::Moved;
use crate::tui::table::RowsPlace;

impl TreePane {
    /// Does what a command means here.
    pub fn update(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        if self.has_card(reads) && self.step_on_card(command) == Moved::Yes {
            return match command {
                Command::Open => vec![Request::ShowEdits],
                _ => Vec::new(),
            };
        }
        if self.scroll.step(command, self.rows.len(), self.height) == Moved::Yes {
            self.wanted = self.path();
            return Vec::new();
        }
        match command {
            Command::Left
            | Command::Right
            | Command::Open
            | Command::Toggle
            | Command::FoldAll
            | Command::UnfoldAll => self.fold_or_unfold(command, reads),
            Command::NextMode
            | Command::ScopeLayer
            | Command::ScopeAccumulated
            | Command::ToggleAdded
            | Command::ToggleModified
            | Command::ToggleDeleted
            | Command::ToggleUnchanged => self.show_other(command, reads),
            Command::NextSort
            | Command::ReverseSort
            | Command::NextBars
            | Command::ToggleColumns => self.arrange(command, reads),
            Command::Filter
            | Command::Accept
            | Command::Back
            | Command::NextPattern
            | Command::ToggleCase
            | Command::NextMatch
            | Command::PreviousMatch => self.find(command, reads),
            _ => self.act(command, reads),
        }
    }

    /// Moves onto the sentence above the tree, or off it; [`Moved::No`] where the command is about the tree.
    fn step_on_card(&mut self, command: Command) -> Moved {
        let was_chosen = std::mem::take(&mut self.card.is_chosen);
        self.card.is_chosen = match command {
            Command::Up => was_chosen || self.scroll.at == 0,
            Command::Open => was_chosen,
            _ => false,
        };
        if self.card.is_chosen || (was_chosen && command == Command::Down) {
            Moved::Yes
        } else {
            Moved::No
        }
    }

    fn fold_or_unfold(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        let Some(row) = self.rows.get(self.scroll.at).copied() else {
            return Vec::new();
        };
        match command {
            Command::FoldAll => self.fold_all(reads),
            Command::UnfoldAll => self.unfold_all(reads),
            Command::Left if row.is_open() => self.set_open(Wish::Folded, reads),
            Command::Left => self.go_to_row(row.parent as usize),
            Command::Right if row.is_open() => self.go_to_row(self.scroll.at + 1),
            _ if row.is_open() => self.set_open(Wish::Folded, reads),
            _ if row.is_branch() => self.set_open(Wish::Unfolded, reads),
            Command::Open => return self.look(reads),
            Command::Right => {}
            _ => return refused("nothing to unfold here"),
        }
        Vec::new()
    }

    /// Puts the cursor on a row.
    pub fn go_to_row(&mut self, at: usize) {
        self.scroll.go(at, self.rows.len(), self.height);
        self.wanted = self.path();
    }

    /// Returns where the rows are.
    pub fn rows_place(&self, reads: &Reads<'_>) -> RowsPlace {
        RowsPlace {
            area: list_area(self.tree_area(reads), reads.arrangement),
            scroll: self.scroll,
            len: self.rows.len(),
        }
    }

    fn show_other(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        let toggle = match command {
            Command::ToggleAdded => 0,
            Command::ToggleModified => 1,
            Command::ToggleDeleted => 2,
            Command::ToggleUnchanged => 3,
            Command::ScopeLayer => return self.show_mode(TreeMode::Layer, reads),
            Command::ScopeAccumulated => return self.show_mode(TreeMode::Accumulated, reads),
            _ => return self.show_mode(self.mode.next(), reads),
        };
        if self.mode == TreeMode::Merged {
            return refused("the merged view has no changes to choose from; m changes the view");
        }
        self.toggle(TOGGLES[toggle], reads)
    }

    fn show_mode(&mut self, mode: TreeMode, reads: &Reads<'_>) -> Vec<Request> {
        self.set_mode(mode, reads);
        done(self.mode.title(self.layer()).replace("Tree: ", "tree: "))
    }

    fn toggle(&mut self, toggle: Toggle, reads: &Reads<'_>) -> Vec<Request> {
        let marks = self.marks().toggled(toggle.marks);
        self.marks[self.mode as usize] = marks;
        self.search(reads);
        self.list(reads);
        let is_shown = toggle.marks.iter().any(|&mark| marks.contains(mark));
        let state = if is_shown { "shown" } else { "hidden" };
        done(format!("{}: {state}", toggle.word))
    }

    fn arrange(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        match command {
            Command::NextSort => {
                self.sort = next_sort(self.sort);
                self.order = Order::Natural;
            }
            Command::ReverseSort => self.order = self.order.other(),
            Command::NextBars => {
                let (bars, words) = self.bars.next();
                self.bars = bars;
                return done(words);
            }
            _ => {
                self.columns = self.columns.toggled(reads.inner().width);
                return Vec::new();
            }
        }
        self.list(reads);
        let reversed = match self.order {
            Order::Natural => "",
            Order::Reversed => ", reversed",
        };
        done(format!("sorted by {}{reversed}", sort_word(self.sort)))
    }

    fn find(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        match command {
            Command::Filter => self.begin_filter(),
            Command::Accept => self.keep_filter(reads),
            Command::NextPattern => self.next_pattern(reads),
            Command::ToggleCase => self.next_case(reads),
            Command::Back if self.filter.is_typing() => self.cancel_filter(reads),
            Command::Back if self.filter.is_on() => self.drop_filter(reads),
            Command::Back => return vec![Request::ZoomOut],
            _ => return self.go_to_match(command, reads),
        }
        Vec::new()
    }

    fn go_to_match(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        let tree = reads.subject.tree();
        let Some(found) = self.filter.found() else {
            return refused("no filter to look for; / begins one");
        };
        if found.is_empty() {
            return refused("nothing matches the filter");
        }
        let here = self.path();
        let next = self.plan().and_then(|plan| match command {
            Command::NextMatch => plan.next_match(tree, here),
            _ => plan.previous_match(tree, here),
        });
        if let Some(next) = next {
            self.wanted = next;
            self.reveal(tree);
            self.list(reads);
        }
        Vec::new()
    }

    fn act(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        let path = self.path();
        let subject = reads.subject;
        match command {
            Command::View => self.look(reads),
            Command::ShowWaste => vec![Request::ShowWaste {
                path,
                layer: (self.mode != TreeMode::Merged).then_some(self.layer()),
            }],
            Command::ClearMarks => {
                self.marked.clear();
                done("nothing is marked any more")
            }
            Command::LeaveOut => self.try_without(path, reads),
            Command::Page => match self.selected(reads) {
                Some(version) => vec![Request::Do(Effect::Page(version))],
                None => self.nothing_to_look_into(reads),
            },
            Command::Mark => self.mark(path, reads),
            Command::Extract => self.ask_where_to(reads),
            Command::CopyPath => copied_path(&subject.tree().path(path)),
            Command::CopyDigest => about::copy_diff_id(subject, self.layer_of_row(reads)),
            Command::Info => vec![Request::Show(Popup::Notice(about::path(
                subject,
                reads.session.look,
                path,
            )))],
            _ => Vec::new(),
        }
    }

    /// Asks for the image without the row, or without what is marked, as its layer has it.
    fn try_without(&self, path: PathId, reads: &Reads<'_>) -> Vec<Request> {
        if self.mode != TreeMode::Layer {
            return refused("of which layer? m shows the tree of this layer");
        }
        let places: Vec<PathId> = if self.marked.is_empty() {
            vec![path]
        } else {
            self.marked.iter().collect()
        };
        if self.marked.is_empty()
            && self
                .shown(reads.subject)
                .is_none_or(|shown| shown.mark.is_gone())
        {
            return refused("this layer stores nothing here that could be left out");
        }
        let layer = self.layer();
        vec![Request::TryWithout { layer, places }]
    }

    fn look(&self, reads: &Reads<'_>) -> Vec<Request> {
        match self.selected(reads) {
            Some(version) => vec![Request::Look(version)],
            None => self.nothing_to_look_into(reads),
        }
    }

    fn nothing_to_look_into(&self, reads: &Reads<'_>) -> Vec<Request> {
        refused(match self.shown(reads.subject) {
            Some(shown) if shown.is_directory() => "a directory has no contents of its own",
            _ => "nothing was there before: this whiteout has no effect",
        })
    }

    fn mark(&mut self, path: PathId, reads: &Reads<'_>) -> Vec<Request> {
        if !self.marked.remove(path) {
            self.marked.insert(path);
        }
        self.go_to_row(self.scroll.at + 1);
        let (count, e) = (
            self.marked.len(),
            reads.session.keys.key(
                crate::tui::command::Context::Pane(crate::tui::state::Pane::Tree),
                Command::Extract,
            ),
        );
        match (count, e) {
            (0, _) => done("nothing is marked"),
            (count, Some(key)) => done(format!("{count} marked; {key} extracts")),
            (count, None) => done(format!("{count} marked")),
        }
    }

    fn ask_where_to(&self, reads: &Reads<'_>) -> Vec<Request> {
        let tree = reads.subject.tree();
        let path = self.path();
        let (what, paths, scope) = if self.marked.is_empty() {
            let Some(scope) = self.scope_of_row(reads) else {
                return refused("nothing was there before: this whiteout has no effect");
            };
            (display_absolute(&tree.path(path)), vec![path], scope)
        } else {
            let paths: Vec<PathId> = self.marked.iter().collect();
            let what = format!("{} marked paths", paths.len());
            (what, paths, self.scope())
        };
        vec![Request::Show(Popup::Prompt(Prompt {
            question: format!("Extract {what} to the directory"),
            line: Line::new("extracted"),
            purpose: Purpose::Extract { paths, scope },
        }))]
    }

    /// Returns the scope that has what the row of the cursor stands for: of something gone the one before it
    /// went.
    fn scope_of_row(&self, reads: &Reads<'_>) -> Option<Scope> {
        let shown = self.shown(reads.subject)?;
        if !shown.mark.is_gone() {
            return Some(self.scope());
        }
        shown
            .version
            .map(|version| Scope::Accumulated(version.layer))
    }

    /// Returns the layer that the row of the cursor is owed to.
    fn layer_of_row(&self, reads: &Reads<'_>) -> crate::layer::LayerIndex {
        let shown: Option<Shown> = self.shown(reads.subject);
        let version = shown.and_then(|shown| shown.version);
        version.map_or(self.layer(), |version| version.layer)
    }
}
