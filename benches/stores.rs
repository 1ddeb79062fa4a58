//! Times layer stores: `cargo bench --bench stores`.
//!
//! One store of 110,000 files in 40 layers is walked with two threads, beside `du -s` over the same directory in
//! alternating runs; another of 200 images with 20 layers each has its records read. Both are made in a
//! temporary directory, in the layout of Docker's overlay2.

#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program for developers prints figures"
)]

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use layerscope::progress::Job;
use layerscope::store::{self, Accounts, Basis, measure};
use sha2::{Digest as _, Sha256};

const RUNS: usize = 9;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    walk()?;
    list()
}

fn walk() -> Outcome {
    const LAYERS: usize = 40;
    const FILES: usize = 2750;
    let root = tempfile::tempdir()?;
    let short = |layer: usize| format!("SHORT{layer:021}");
    fs::create_dir_all(root.path().join("overlay2/l"))?;
    for layer in 0..LAYERS {
        let home = root.path().join(format!("overlay2/{layer:064}"));
        fill(&home.join("diff"), FILES)?;
        fs::write(home.join("link"), short(layer))?;
        let lower: Vec<String> = (0..layer)
            .rev()
            .map(|below| format!("l/{}", short(below)))
            .collect();
        if !lower.is_empty() {
            fs::write(home.join("lower"), lower.join(":"))?;
        }
        let target = format!("../{layer:064}/diff");
        std::os::unix::fs::symlink(target, root.path().join("overlay2/l").join(short(layer)))?;
    }
    let (mut ours, mut alone, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let mut entries = 0;
    for _ in 0..RUNS {
        theirs.push(timed(|| {
            let status = Command::new("du")
                .arg("-s")
                .arg(root.path())
                .stdout(Stdio::null())
                .status();
            status.map(|_| ()).map_err(Into::into)
        })?);
        for (threads, times) in [(2, &mut ours), (1, &mut alone)] {
            times.push(timed(|| {
                let mut inventory = store::read(root.path(), &Job::new())?;
                measure::measure(&mut inventory, NonZeroUsize::new(threads), &Job::new())?;
                let pieces = inventory.stores.iter().flat_map(|store| &store.pieces);
                entries = pieces
                    .filter_map(|piece| piece.usage)
                    .map(|usage| usage.inodes)
                    .sum();
                Ok(())
            })?);
        }
    }
    let [ours, alone, theirs] = [ours, alone, theirs].map(median);
    println!("walk of {entries} inodes, records and sums included");
    println!("  du -s         {:8.1} ms", millis(theirs));
    println!(
        "  two threads   {:8.1} ms   {:.2} x du",
        millis(ours),
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
    println!(
        "  one thread    {:8.1} ms   {:.2} x du",
        millis(alone),
        alone.as_secs_f64() / theirs.as_secs_f64()
    );
    println!("  peak memory   {}", peak_memory());
    Ok(())
}

/// Writes small files in directories of 25, four levels deep.
fn fill(directory: &Path, files: usize) -> Outcome {
    for number in 0..files {
        let place = directory.join(format!("usr/lib{}/part{}", number / 500, number / 25));
        fs::create_dir_all(&place)?;
        fs::write(place.join(format!("file{number}")), b"x")?;
    }
    Ok(())
}

fn list() -> Outcome {
    const IMAGES: usize = 200;
    const LAYERS: usize = 20;
    let root = tempfile::tempdir()?;
    let at = |path: &str| root.path().join(path);
    let mut names = serde_json::Map::new();
    let mut record = GzEncoder::new(Vec::new(), Compression::default());
    record.write_all(b"{\"type\":2,\"payload\":\"AAAA\",\"position\":0}\n")?;
    let record = record.finish()?;
    for image in 0..IMAGES {
        let diff_ids: Vec<String> = (0..LAYERS)
            .map(|layer| digest(&format!("{image} {layer}")))
            .collect();
        let mut chain = String::new();
        for diff_id in &diff_ids {
            let parent = std::mem::take(&mut chain);
            chain = if parent.is_empty() {
                diff_id.clone()
            } else {
                digest(&format!("{parent} {diff_id}"))
            };
            let hex = chain.trim_start_matches("sha256:");
            let home = at("image/overlay2/layerdb/sha256").join(hex);
            fs::create_dir_all(&home)?;
            fs::write(home.join("diff"), diff_id)?;
            fs::write(home.join("size"), "1")?;
            fs::write(home.join("cache-id"), hex)?;
            fs::write(home.join("tar-split.json.gz"), &record)?;
            if !parent.is_empty() {
                fs::write(home.join("parent"), parent)?;
            }
            fs::create_dir_all(at("overlay2").join(hex).join("diff"))?;
            fs::write(at("overlay2").join(hex).join("link"), "A")?;
        }
        let config = serde_json::json!({
            "os": "linux", "architecture": "amd64",
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
            "history": (0..LAYERS).map(|layer| serde_json::json!({ "created_by": format!("RUN step {layer}") })).collect::<Vec<_>>(),
        });
        let config = config.to_string();
        let id = digest(&config);
        let content = at("image/overlay2/imagedb/content/sha256");
        fs::create_dir_all(&content)?;
        fs::write(content.join(id.trim_start_matches("sha256:")), config)?;
        let name = format!("app{image}");
        names.insert(
            name.clone(),
            serde_json::json!({ format!("{name}:latest"): id }),
        );
    }
    let list = serde_json::json!({ "Repositories": names });
    fs::write(at("image/overlay2/repositories.json"), list.to_string())?;
    let (mut read, mut counted) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mut inventory = None;
        read.push(timed(|| {
            inventory = Some(store::read(root.path(), &Job::new())?);
            Ok(())
        })?);
        counted.push(timed(|| {
            for store in inventory.iter().flat_map(|inventory| &inventory.stores) {
                assert_eq!(
                    (store.images.len(), store.layers.len()),
                    (IMAGES, IMAGES * LAYERS)
                );
                let accounts = Accounts::of(store, Basis::Disk);
                assert_eq!(accounts.images.len(), IMAGES);
            }
            Ok(())
        })?);
    }
    println!("{IMAGES} images of {LAYERS} layers");
    println!("  records       {:8.1} ms", millis(median(read)));
    println!("  accounts      {:8.1} ms", millis(median(counted)));
    Ok(())
}

fn digest(text: &str) -> String {
    let sum = Sha256::digest(text.as_bytes());
    let hex: Vec<String> = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{}", hex.concat())
}

fn timed(work: impl FnOnce() -> Outcome) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Returns the most memory that this process had, as the kernel tells it.
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.and_then(|line| line.split_once(':'))
        .map_or("unknown".into(), |(_, amount)| amount.trim().to_owned())
}
