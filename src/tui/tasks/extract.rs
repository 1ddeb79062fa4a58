//! Paths of a scope to disk, by way of [`crate::extract`].

use std::path::{Path, PathBuf};

use crate::browse::Scope;
use crate::error::{Error, Result};
use crate::extract::{Extracted, Options};
use crate::progress::Job;
use crate::tree::{Change, MergedTree, PathId, View};
use crate::tui::subject::Subject;
use crate::units::Units;

/// Writes paths, and what is below them, below a directory; returns a sentence about it.
///
/// # Errors
/// [`Error::Usage`] where the scope shows none of the paths, and those of [`crate::extract::extract`].
pub(super) fn run(
    subject: &Subject,
    paths: &[PathId],
    scope: Scope,
    directory: &Path,
    units: Units,
    job: &Job,
) -> Result<String> {
    let tree = subject.tree();
    let view = view_of(tree, scope);
    let starts: Vec<PathId> = paths
        .iter()
        .copied()
        .filter(|&path| shows(tree, view, path))
        .collect();
    if starts.is_empty() {
        return Err(Error::Usage {
            reason: "nothing was written: it is deleted there".into(),
            advice: "choose the version below the deletion, or a layer that has it".into(),
        });
    }
    let options = Options {
        directory: at_home(directory),
        ..Options::default()
    };
    let done = crate::extract::extract(&subject.analysis, view, &starts, &options, job)?;
    Ok(told(&done, &options.directory, units))
}

fn view_of(tree: &MergedTree, scope: Scope) -> View {
    match scope {
        Scope::Layer(layer) => View::Layer(layer),
        Scope::Accumulated(layer) => View::Union(layer),
        Scope::Merged => View::Union(tree.top()),
    }
}

fn shows(tree: &MergedTree, view: View, path: PathId) -> bool {
    match view {
        View::Union(layer) => path == PathId::ROOT || tree.at(path, layer).is_some(),
        View::Layer(layer) => tree.versions(path).iter().any(|version| {
            let is_gone = matches!(
                version.change,
                Change::Removed | Change::Hidden | Change::Dangling
            );
            version.layer == layer && !is_gone
        }),
    }
}

/// Takes `~/` as a shell would have done.
fn at_home(directory: &Path) -> PathBuf {
    match (directory.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => directory.to_owned(),
    }
}

fn told(done: &Extracted, directory: &Path, units: Units) -> String {
    let sentence = done.sentence(directory, units);
    match done.remarks.as_slice() {
        [] => sentence,
        [only] => format!("{sentence}; {only}"),
        [first, rest @ ..] => format!("{sentence}; {first}; {} more like this", rest.len()),
    }
}
