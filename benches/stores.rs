//! Times layer stores: `cargo bench --bench stores`.
//!
//! One store of 110,000 files in 40 layers and one of 200 images with 20 layers each are read beside `du -s` over the same
//! directory, in alternating runs. With `LAYERSCOPE_LONG=1` one of 1,000 images with 30 layers each, of two million
//! inodes, as well. They are made in a temporary directory, in the layout of Docker's overlay2.

#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program for developers prints figures"
)]

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use layerscope::progress::Job;
use layerscope::store::{self, Accounts, Basis, measure};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

const RUNS: usize = 5;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    // Much in little, and little in much.
    time(Made::new(1, 40, 2750)?)?;
    time(Made::new(200, 20, 0)?)?;
    if std::env::var_os("LAYERSCOPE_LONG").is_some() {
        time(Made::new(1000, 30, 55)?)?;
    }
    Ok(())
}

/// A store of images that share nothing.
struct Made {
    root: TempDir,
    images: usize,
    layers: usize,
}

impl Made {
    /// Makes one with so many files in each layer.
    fn new(images: usize, layers: usize, files: usize) -> Result<Self, Box<dyn Error>> {
        let root = tempfile::tempdir()?;
        let made = Self {
            root,
            images,
            layers,
        };
        fs::create_dir_all(made.at("overlay2/l"))?;
        let mut names = serde_json::Map::new();
        for image in 0..images {
            let name = format!("app{image}");
            let id = made.image(image, files)?;
            names.insert(
                name.clone(),
                serde_json::json!({ format!("{name}:latest"): id }),
            );
        }
        let list = serde_json::json!({ "Repositories": names });
        fs::write(
            made.at("image/overlay2/repositories.json"),
            list.to_string(),
        )?;
        Ok(made)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// Writes an image with its layers, and returns its ID.
    fn image(&self, image: usize, files: usize) -> Result<String, Box<dyn Error>> {
        let diff_ids: Vec<String> = (0..self.layers)
            .map(|layer| digest(&format!("{image} {layer}")))
            .collect();
        let (mut parent, mut lower) = (String::new(), Vec::new());
        for (layer, diff_id) in diff_ids.iter().enumerate() {
            let chain = if parent.is_empty() {
                diff_id.clone()
            } else {
                digest(&format!("{parent} {diff_id}"))
            };
            self.layer(diff_id, &chain, &parent)?;
            let hex = chain.trim_start_matches("sha256:").to_owned();
            let home = self.at("overlay2").join(&hex);
            fill(&home.join("diff"), files)?;
            let short = format!("{image:013}{layer:013}");
            fs::write(home.join("link"), &short)?;
            if !lower.is_empty() {
                fs::write(home.join("lower"), lower.join(":"))?;
            }
            symlink(format!("../{hex}/diff"), self.at("overlay2/l").join(&short))?;
            lower.insert(0, format!("l/{short}"));
            parent = chain;
        }
        let config = serde_json::json!({
            "os": "linux", "architecture": "amd64",
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
            "history": (0..self.layers).map(|layer| serde_json::json!({ "created_by": format!("RUN step {layer}") })).collect::<Vec<_>>(),
        });
        let config = config.to_string();
        let id = digest(&config);
        let content = self.at("image/overlay2/imagedb/content/sha256");
        fs::create_dir_all(&content)?;
        fs::write(content.join(id.trim_start_matches("sha256:")), config)?;
        Ok(id)
    }

    /// Writes the records of one layer.
    fn layer(&self, diff_id: &str, chain: &str, parent: &str) -> Outcome {
        let hex = chain.trim_start_matches("sha256:");
        let home = self.at("image/overlay2/layerdb/sha256").join(hex);
        fs::create_dir_all(&home)?;
        fs::write(home.join("diff"), diff_id)?;
        fs::write(home.join("size"), "1")?;
        fs::write(home.join("cache-id"), hex)?;
        let mut record = GzEncoder::new(Vec::new(), Compression::default());
        record.write_all(b"{\"type\":2,\"payload\":\"AAAA\",\"position\":0}\n")?;
        fs::write(home.join("tar-split.json.gz"), record.finish()?)?;
        if !parent.is_empty() {
            fs::write(home.join("parent"), parent)?;
        }
        Ok(())
    }
}

/// Writes files in directories of 25, four levels deep.
fn fill(directory: &Path, files: usize) -> Outcome {
    fs::create_dir_all(directory)?;
    for number in 0..files {
        let place = directory.join(format!("usr/lib{}/part{}", number / 500, number / 25));
        fs::create_dir_all(&place)?;
        fs::File::create(place.join(format!("file{number}")))?;
    }
    Ok(())
}

/// Reads a store in runs that alternate with `du`, stage by stage.
fn time(made: Made) -> Outcome {
    let root = made.root.path();
    let mut du = Vec::new();
    let mut stages: [Vec<Duration>; 4] = Default::default();
    let mut entries = 0;
    for _ in 0..RUNS {
        du.push(timed(|| {
            let status = Command::new("du")
                .arg("-s")
                .arg(root)
                .stdout(Stdio::null())
                .status();
            status.map(|_| ()).map_err(Into::into)
        })?);
        let [records, two, one, accounts] = &mut stages;
        for (threads, walk) in [(2, two), (1, one)] {
            let mut inventory = None;
            records.push(timed(|| {
                inventory = Some(store::read(root, &Job::new())?);
                Ok(())
            })?);
            let mut inventory = inventory.ok_or("no store")?;
            walk.push(timed(|| {
                measure::measure(&mut inventory, NonZeroUsize::new(threads), &Job::new())?;
                Ok(())
            })?);
            accounts.push(timed(|| {
                for store in &inventory.stores {
                    let count = (store.images.len(), store.layers.len());
                    assert_eq!(count, (made.images, made.images * made.layers));
                    let accounts = Accounts::of(store, Basis::Disk);
                    assert_eq!(accounts.images.len(), made.images);
                }
                Ok(())
            })?);
            let pieces = inventory.stores.iter().flat_map(|store| &store.pieces);
            entries = pieces
                .filter_map(|piece| piece.usage)
                .map(|usage| usage.inodes)
                .sum();
        }
    }
    let du = median(du);
    let [records, two, one, accounts] = stages.map(median);
    println!(
        "{} images of {} layers, {entries} inodes",
        made.images, made.layers
    );
    println!("  du -s                {:8.1} ms", millis(du));
    for (stage, time) in [
        ("records", records),
        ("walk, two threads", two),
        ("walk, one thread", one),
        ("accounts", accounts),
    ] {
        let ratio = time.as_secs_f64() / du.as_secs_f64();
        println!("  {stage:<20} {:8.1} ms   {ratio:.2} x du", millis(time));
    }
    println!("  peak memory          {}", peak_memory());
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
