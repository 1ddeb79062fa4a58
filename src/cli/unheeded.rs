//! Options that a task would not heed.
//!
//! Every option may stand anywhere, but silence about one that does nothing misleads: `ls --ci` would pass any
//! image, `ls --layer 3` would list another view than the one asked for.

use crate::error::{Error, Result};

use super::options::Common;

/// What is asked for, as far as options differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// The report on an image.
    Report,
    /// `ls`.
    List,
    /// `cat`.
    Cat,
    /// `extract`.
    Extract,
    /// A layer store as a whole.
    Store,
}

use Task::{Cat, Extract, List, Report, Store};

const COMMANDS: &[Task] = &[List, Cat, Extract];
const BYTES: &[Task] = &[Cat, Extract];

/// Returns options, whether each is given, and the tasks that would not heed it, in the order of complaints.
fn table(options: &Common) -> [(&'static str, bool, &'static [Task]); 13] {
    let gate = &options.gate;
    [
        ("--ci", gate.ci, &[List, Cat, Extract, Store]),
        ("--report", !options.report.is_empty(), COMMANDS),
        (
            "--dive-compat",
            gate.dive_compat,
            &[List, Cat, Extract, Store],
        ),
        ("--top", options.top.is_some(), COMMANDS),
        ("--layer", options.layer.is_some(), &[Report, List, Store]),
        ("--json", options.json, BYTES),
        ("--format", options.format.is_some(), BYTES),
        ("--base-layers", options.base_layers.is_some(), &[Store]),
        ("--platform", options.platform.is_some(), &[Store]),
        ("--verify", options.verify, &[Store]),
        ("--image", options.image_name.is_some(), &[Store]),
        ("--container", options.container.is_some(), &[Store]),
        ("--ci-config", gate.ci_config.is_some(), &[Store]),
    ]
}

/// Refuses the first option that the task has no use for.
///
/// # Errors
/// [`Error::Usage`] with where the option belongs.
pub(crate) fn refuse(task: Task, options: &Common) -> Result<()> {
    let table = table(options).into_iter();
    let unheeded = table.filter(|(_, is_given, tasks)| *is_given && tasks.contains(&task));
    // A store is not judged. Rules of a configuration are for the images it is used with.
    let rules = options.gate.rules.0.iter().filter(|_| task == Store);
    let mut refused = unheeded
        .map(|(option, ..)| option)
        .chain(rules.map(|rule| rule.flag.as_str()));
    match refused.next() {
        None => Ok(()),
        Some(option) => Err(Error::Usage {
            reason: format!("{} does not take {option}", name(task)),
            advice: advice(task, option, options.layer.unwrap_or_default()),
        }),
    }
}

const fn name(task: Task) -> &'static str {
    match task {
        Report => "the report",
        List => "ls",
        Cat => "cat",
        Extract => "extract",
        Store => "a layer store",
    }
}

/// Returns where the option belongs, or what to write instead.
fn advice(task: Task, option: &str, layer: u16) -> String {
    match (task, option) {
        (Store, _) => "name one store, and choose what of it with --image or --container".into(),
        (Report, _) => format!("files as of a layer: layerscope ls IMAGE --view {layer}"),
        (List, "--layer") => {
            format!("write --view {layer}, or --view layer:{layer} for that layer alone")
        }
        (_, "--json" | "--format") => "files are written as they are".into(),
        _ => format!("it belongs to the report: layerscope {option} IMAGE"),
    }
}
