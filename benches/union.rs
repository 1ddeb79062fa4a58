//! Times the union and the waste per entry, beside sorting the same paths: `cargo bench --bench union -- [--scale 1]`.
//!
//! The stack is that of image `b`: ten layers of small files, written, rewritten and removed. Building the
//! layers' own trees is not counted; it belongs to reading them.

#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
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
mod stack;

use std::error::Error;
use std::time::{Duration, Instant};

use layerscope::tree::{Content, MergedTree};

use small_files::SmallFiles;
use stack::{analyse, paths, trees};

const SCALE: f64 = 0.25;
const RUNS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let plan = SmallFiles::new(scale()?);
    let mut paths = paths(&plan)?;
    let entries = paths.len() as f64;
    let mut union = Vec::new();
    let mut waste = Vec::new();
    let mut sort = Vec::new();
    let mut wasted = 0;
    for _ in 0..RUNS {
        let trees = trees(&plan)?;
        let start = Instant::now();
        let mut tree = MergedTree::build(trees);
        let outcomes = vec![Content::Different; tree.comparisons().len()];
        tree.settle(&outcomes);
        union.push(start.elapsed());
        let start = Instant::now();
        let analysis = analyse(tree);
        waste.push(start.elapsed());
        wasted = analysis.waste.total_bytes;
        let mut unsorted = paths.clone();
        let start = Instant::now();
        unsorted.sort_unstable();
        sort.push(start.elapsed());
        paths.swap(0, 1);
    }
    let (union, waste, sort) = (median(union), median(waste), median(sort));
    println!("entries             {entries:>10}");
    println!("wasted bytes        {wasted:>10}");
    println!("union               {:>10.1} ns per entry", union / entries);
    println!("waste and figures   {:>10.1} ns per entry", waste / entries);
    println!(
        "union + waste       {:>10.1} ns per entry",
        (union + waste) / entries
    );
    println!("reference: sorting  {:>10.1} ns per entry", sort / entries);
    Ok(())
}

/// Returns the size of the stack, as the generator has it.
fn scale() -> Result<f64, Box<dyn Error>> {
    let mut words = std::env::args().skip_while(|word| word != "--scale");
    Ok(words.nth(1).map_or(Ok(SCALE), |scale| scale.parse())?)
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_nanos() as f64
}
