//! Times what a tree pane does at a key press, on one thread: `cargo bench --bench rows`.
//!
//! The stack is that of image `b`: ten layers of small files, written, rewritten and removed. A layer switch is a
//! projection with its first rows; a keystroke is a filter read and run, what it unfolds, and the rows.

#![allow(
    clippy::print_stdout,
    reason = "a program for developers prints figures"
)]

#[path = "../tests/support/random.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    reason = "shared with tests"
)]
mod random;
#[path = "generate/record.rs"]
#[allow(dead_code, reason = "shared with the generator")]
mod record;
#[path = "generate/small_files.rs"]
mod small_files;
#[path = "generate/stack.rs"]
#[allow(dead_code, reason = "shared with the benchmark of the union")]
mod stack;

use std::error::Error;
use std::time::{Duration, Instant};

use layerscope::browse::{
    Case, Chains, MarkSet, Names, Order, PathSet, Pattern, Plan, Projection, Rows, Scope, Search,
    SortField, Weights, first_open,
};
use layerscope::layer::LayerIndex;
use layerscope::tree::{Content, MergedTree, PathId};

use small_files::SmallFiles;

const RUNS: usize = 15;
const SCREEN: usize = 60;
const UNFOLDED_BY_FILTER: usize = 2000;

fn main() -> Result<(), Box<dyn Error>> {
    let tree = union(1.4)?;
    let versions: usize = tree.paths().map(|path| tree.versions(path).len()).sum();
    println!("{} paths, {versions} versions", tree.len());
    switch_layers(&tree);
    drop(tree);
    let tree = union(0.7)?;
    println!("{} paths", tree.len());
    let weights = Weights::new(&tree);
    let projection = Projection::new(&tree, &weights, Scope::Merged);
    unfold_everything(&tree, &projection);
    filter(&tree, &projection)?;
    Ok(())
}

fn union(scale: f64) -> Result<MergedTree, Box<dyn Error>> {
    let mut tree = MergedTree::build(stack::trees(&SmallFiles::new(scale))?);
    let outcomes = vec![Content::Different; tree.comparisons().len()];
    tree.settle(&outcomes);
    Ok(tree)
}

fn switch_layers(tree: &MergedTree) {
    let once = Instant::now();
    let weights = Weights::new(tree);
    println!(
        "weights, once                    {:>8.2} ms",
        millis(once.elapsed())
    );
    for (name, scope, marks) in [
        ("this layer", Scope::Layer(LayerIndex(5)), MarkSet::CHANGES),
        (
            "accumulated",
            Scope::Accumulated(LayerIndex(5)),
            MarkSet::ALL,
        ),
        ("merged", Scope::Merged, MarkSet::ALL),
    ] {
        let projecting = time(|| {
            std::hint::black_box(Projection::new(tree, &weights, scope));
        });
        let switching = time(|| {
            let projection = Projection::new(tree, &weights, scope);
            let closed = PathSet::default();
            let plan = plan(&projection, &closed, marks);
            let open = first_open(tree, &plan, SCREEN);
            let plan = Plan {
                open: &open,
                ..plan
            };
            std::hint::black_box(Rows::build(tree, &plan));
        });
        println!("switch to {name:<12}           {switching}, projection {projecting}");
    }
}

fn unfold_everything(tree: &MergedTree, projection: &Projection) {
    let mut open = PathSet::with_room(tree.len());
    for path in tree.paths() {
        open.insert(path);
    }
    let plan = plan(projection, &open, MarkSet::ALL);
    let rows = Rows::build(tree, &plan).len();
    for (name, sort) in [
        ("size", SortField::Size),
        ("name", SortField::Name),
        ("files", SortField::Files),
        ("mark", SortField::Mark),
    ] {
        let plan = Plan { sort, ..plan };
        let taken = time(|| {
            std::hint::black_box(Rows::build(tree, &plan));
        });
        println!("unfold {rows} rows by {name:<6}      {taken}");
    }
    let rows = Rows::build(tree, &plan);
    let last = rows.as_slice().last().map_or(PathId::ROOT, |row| row.path);
    let taken = time(|| {
        std::hint::black_box(rows.nearest(tree, last));
    });
    println!("nearest row, the last            {taken}");
}

fn filter(tree: &MergedTree, projection: &Projection) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let names = Names::new(tree);
    println!(
        "names, once                      {:>8.2} ms, {} bytes a path",
        millis(start.elapsed()),
        names.bytes() / tree.len()
    );
    for (text, pattern) in [
        ("j", Pattern::Substring),
        ("item-4", Pattern::Substring),
        ("item-42424", Pattern::Substring),
        ("nowhere", Pattern::Substring),
        ("Item", Pattern::Substring),
        (">1KiB", Pattern::Substring),
        ("item >1KiB", Pattern::Substring),
        ("group-04/set", Pattern::Substring),
        ("set-42/item", Pattern::Substring),
        ("/", Pattern::Substring),
        ("*", Pattern::Glob),
        ("*.json", Pattern::Glob),
        ("item-?2*.json", Pattern::Glob),
        ("part-0*/**/item-*7.json", Pattern::Glob),
        ("item-[0-9]*7", Pattern::Regex),
        ("^item.*42.json$", Pattern::Regex),
        ("[^x]*zz", Pattern::Regex),
        (r"\d+", Pattern::Regex),
        ("group-04/.*7.json", Pattern::Regex),
    ] {
        let mut matches = 0;
        let mut steps = 0.0;
        let mut failed = None;
        let taken = time(
            || match keystroke(tree, projection, &names, (text, pattern)) {
                Ok((found, next)) => (matches, steps) = (found, next),
                Err(error) => failed = Some(error),
            },
        );
        if let Some(error) = failed {
            return Err(error.into());
        }
        println!(
            "filter {pattern:<10} {text:<24} {taken}, {matches} matches, next in {steps:.2} ms",
            pattern = format!("{pattern:?}")
        );
    }
    Ok(())
}

/// Returns the number of matches, and how long the step to the first took.
fn keystroke(
    tree: &MergedTree,
    projection: &Projection,
    names: &Names,
    (text, pattern): (&str, Pattern),
) -> Result<(u32, f64), layerscope::browse::SearchError> {
    let search = Search::parse(text, pattern, Case::Smart)?;
    let found = search.run(tree, names, projection, MarkSet::ALL);
    let closed = PathSet::default();
    let plan = Plan {
        found: Some(&found),
        ..plan(projection, &closed, MarkSet::ALL)
    };
    let open = found.opened(tree, &plan, UNFOLDED_BY_FILTER);
    let plan = Plan {
        open: &open,
        ..plan
    };
    std::hint::black_box(Rows::build(tree, &plan));
    let start = Instant::now();
    std::hint::black_box(plan.next_match(tree, PathId::ROOT));
    Ok((found.files() + found.directories(), millis(start.elapsed())))
}

fn plan<'a>(projection: &'a Projection, open: &'a PathSet, marks: MarkSet) -> Plan<'a> {
    Plan {
        projection,
        open,
        marks,
        found: None,
        sort: SortField::Size,
        order: Order::Natural,
        chains: Chains::Joined,
    }
}

/// What several runs took, in milliseconds: the median, and the least, which other programs disturb less.
struct Timing {
    median: f64,
    least: f64,
}

impl std::fmt::Display for Timing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{:>8.2} ms (least {:>6.2})",
            self.median, self.least
        )
    }
}

fn time(mut run: impl FnMut()) -> Timing {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    Timing {
        median: millis(times[times.len() / 2]),
        least: millis(times[0]),
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
