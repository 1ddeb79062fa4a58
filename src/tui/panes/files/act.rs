//! What can be done with the file under the cursor.

use super::FilesPane;
use super::finder::Reach;
use super::row::{FileRow, shown_path};
use crate::browse::{FlatFile, FlatView, Scope};
use crate::tui::command::Command;
use crate::tui::ids::VersionAt;
use crate::tui::line::Line;
use crate::tui::message::Effect;
use crate::tui::panes::popup::{Popup, Prompt, Purpose};
use crate::tui::panes::{Request, about, copied_path, refused};
use crate::tui::reads::Reads;

impl FilesPane {
    pub(super) fn act(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        if !command.is_about_row() {
            return Vec::new();
        }
        let Some(file) = self.selected() else {
            return refused("there is no file here");
        };
        let row = FileRow::of(reads.subject, file);
        let version = VersionAt {
            path: file.path,
            layer: file.layer,
        };
        match command {
            Command::Open => self.go_to(file, reads),
            Command::View if row.is_directory() => {
                refused("a directory: Enter shows it in the tree")
            }
            Command::View => vec![Request::Look(version)],
            Command::ShowWaste => vec![Request::ShowWaste {
                path: file.path,
                layer: Some(file.layer),
            }],
            Command::Page if !row.has_data() => refused("only files can be paged"),
            Command::Page => vec![Request::Do(Effect::Page(version))],
            Command::Extract => vec![Request::Show(self.ask_where_to(row, reads))],
            Command::CopyPath => copied_path(&reads.subject.tree().path(file.path)),
            _ => vec![Request::Show(Popup::Notice(about::path(
                reads.subject,
                reads.session.look,
                file.path,
            )))],
        }
    }

    /// Goes to the file in the tree: in the merged view, or in the layer of the version.
    fn go_to(&mut self, file: FlatFile, reads: &Reads<'_>) -> Vec<Request> {
        let tree = reads.subject.tree();
        let is_merged = self.finder.reach != Reach::List || self.view == FlatView::Merged;
        let is_visible = tree.at(file.path, tree.top()).is_some();
        let mut requests = Vec::new();
        if let Reach::Everything(from) = self.finder.reach {
            // The search has led somewhere: the list is the list again, and the way back leads past it.
            requests.extend(self.finder.clear());
            self.found = None;
            self.put_cursor(0, reads);
            requests.push(Request::ShowView(from));
        } else {
            self.finder.keep();
        }
        requests.push(Request::GoTo {
            path: file.path,
            layer: (!(is_merged && is_visible)).then_some(file.layer),
        });
        requests
    }

    fn scope(&self, file: FlatFile, reads: &Reads<'_>) -> Scope {
        let tree = reads.subject.tree();
        let shown = tree.at(file.path, tree.top());
        let is_merged = self.finder.reach != Reach::List || self.view == FlatView::Merged;
        if is_merged && shown.is_some() {
            Scope::Merged
        } else {
            Scope::Layer(file.layer)
        }
    }

    fn ask_where_to(&self, row: FileRow, reads: &Reads<'_>) -> Popup {
        let look = reads.session.look;
        let what = shown_path(reads.subject.tree(), look, row.file.path, row.kind);
        Popup::Prompt(Prompt {
            question: format!("Extract {what} to the directory"),
            line: Line::new("extracted"),
            purpose: Purpose::Extract {
                paths: vec![row.file.path],
                scope: self.scope(row.file, reads),
            },
        })
    }
}
