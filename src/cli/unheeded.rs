//! Options that a command would not heed.
//!
//! Every option may stand anywhere, but silence about one that does nothing misleads: `ls --ci` would pass any
//! image, `ls --layer 3` would list another view than the one asked for.

use crate::error::{Error, Result};

use super::options::{Common, Gate};

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

/// Refuses the first option that the task has no use for.
///
/// # Errors
/// [`Error::Usage`] with where the option belongs.
pub(crate) fn refuse(task: Task, common: &Common) -> Result<()> {
    let layer = common.layer.unwrap_or_default();
    let (name, rows) = match task {
        Task::Report => {
            let advice = format!("files as of a layer: layerscope ls IMAGE --view {layer}");
            (
                "the report",
                vec![("--layer", common.layer.is_some(), advice)],
            )
        }
        Task::List => {
            let mut rows = of_reports(common);
            let advice =
                format!("write --view {layer}, or --view layer:{layer} for that layer alone");
            rows.push(("--layer", common.layer.is_some(), advice));
            ("ls", rows)
        }
        Task::Cat => ("cat", of_bytes(common)),
        Task::Extract => ("extract", of_bytes(common)),
        Task::Store => ("a layer store", of_stores(common)),
    };
    match rows.into_iter().find(|(_, is_given, _)| *is_given) {
        None => Ok(()),
        Some((option, _, advice)) => Err(Error::Usage {
            reason: format!("{name} does not take {option}"),
            advice,
        }),
    }
}

type Row = (&'static str, bool, String);

/// Returns what only a report has a use for.
fn of_reports(common: &Common) -> Vec<Row> {
    [
        ("--ci", common.gate.ci),
        ("--report", !common.report.is_empty()),
        ("--dive-compat", common.gate.dive_compat),
        ("--top", common.top.is_some()),
    ]
    .into_iter()
    .map(|(option, is_given)| {
        let advice = format!("it belongs to the report: layerscope {option} IMAGE");
        (option, is_given, advice)
    })
    .collect()
}

/// Returns what only an image has a use for.
fn of_stores(common: &Common) -> Vec<Row> {
    [
        ("--ci", common.gate.ci),
        ("--dive-compat", common.gate.dive_compat),
        ("--layer", common.layer.is_some()),
        ("--base-layers", common.base_layers.is_some()),
        ("--platform", common.platform.is_some()),
        ("--verify", common.verify),
        ("--image", common.image_name.is_some()),
        ("--container", common.container.is_some()),
    ]
    .into_iter()
    .chain(of_rules(&common.gate))
    .map(|(option, is_given)| {
        let advice = "name one store, and choose what of it with --image or --container".into();
        (option, is_given, advice)
    })
    .collect()
}

/// Returns the rules: a store is not judged. Those of a configuration are for the images it is used with.
fn of_rules(gate: &Gate) -> [(&'static str, bool); 14] {
    [
        ("--ci-config", gate.ci_config.is_some()),
        ("--min-efficiency", gate.min_efficiency.is_some()),
        ("--max-wasted-bytes", gate.max_wasted_bytes.is_some()),
        ("--max-wasted-ratio", gate.max_wasted_ratio.is_some()),
        (
            "--max-own-wasted-ratio",
            gate.max_own_wasted_ratio.is_some(),
        ),
        ("--max-image-bytes", gate.max_image_bytes.is_some()),
        ("--max-layer-bytes", gate.max_layer_bytes.is_some()),
        ("--max-layers", gate.max_layers.is_some()),
        ("--floor-bytes", gate.floor_bytes.is_some()),
        ("--ignore", !gate.ignore.is_empty()),
        ("--forbid", !gate.forbid.is_empty()),
        ("--lowestEfficiency", gate.lowest_efficiency.is_some()),
        ("--highestWastedBytes", gate.highest_wasted_bytes.is_some()),
        (
            "--highestUserWastedPercent",
            gate.highest_user_wasted_percent.is_some(),
        ),
    ]
}

/// Returns what those that write files as they are have no use for.
fn of_bytes(common: &Common) -> Vec<Row> {
    let mut rows = of_reports(common);
    for (option, is_given) in [
        ("--json", common.json),
        ("--format", common.format.is_some()),
    ] {
        rows.push((option, is_given, "files are written as they are".into()));
    }
    rows
}
