//! Image `a`: a distribution, a language with its packages, an application — and trees that `chmod -R` and
//! `chown -R` copied up.

use std::io;

use crate::random::Random;
use crate::record::{Plan, Record, Sink, Texture, scaled};

/// Data at scale 1.
const BYTES: u64 = 3_040_000_000;
/// No file is larger at scale 1.
const LARGEST: f64 = 160e6;

/// A tree as one layer adds it.
struct Tree {
    entries: Vec<(String, Record)>,
}

/// The image: four trees, and what eight layers do with them.
pub(crate) struct System {
    base: Tree,
    packages: Tree,
    libraries: Tree,
    application: Tree,
}

impl System {
    /// Plans every entry.
    pub(crate) fn new(scale: f64) -> Self {
        let tree = |root: &str, seed, entries, typical| {
            Tree::new(root, seed, scaled(entries, scale), typical)
        };
        let mut system = Self {
            base: tree("usr", 1, 50_000, 3_000.0),
            packages: tree("usr/local", 2, 14_000, 3_000.0),
            libraries: tree("opt/python/lib", 3, 13_000, 1_000.0),
            application: tree("srv/app", 4, 8_000, 1_000.0),
        };
        system.stretch(scaled(BYTES, scale));
        system
    }

    /// Multiplies every length so that all layers together store this much.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "lengths far below 2^52, never negative"
    )]
    fn stretch(&mut self, bytes: u64) {
        let planned: u64 = (0..self.layers())
            .map(|layer| {
                let mut sum = 0;
                let counted = self.layer(layer, &mut |_, record| {
                    if let Record::File { length, .. } = record {
                        sum += length;
                    }
                    Ok(())
                });
                counted.map_or(0, |()| sum)
            })
            .sum();
        let factor = bytes as f64 / planned as f64;
        for tree in [
            &mut self.base,
            &mut self.packages,
            &mut self.libraries,
            &mut self.application,
        ] {
            for (_, record) in &mut tree.entries {
                if let Record::File { length, .. } = record {
                    *length = (*length as f64 * factor) as u64;
                }
            }
        }
    }
}

impl Plan for System {
    fn layers(&self) -> usize {
        8
    }

    fn layer(&self, layer: usize, sink: &mut Sink<'_>) -> io::Result<()> {
        match layer {
            0 => self.base.send(sink),
            1 => self.packages.send(sink),
            2 => self.libraries.send(sink),
            3 => self.libraries.send_with_mode(1, 0o020, sink),
            4 => self.application.send(sink),
            5 => {
                self.application.send_with_mode(1, 0o020, sink)?;
                self.packages.remove(5, sink)
            }
            6 => self.packages.send_with_mode(8, 0o002, sink),
            _ => self.base.send_with_mode(40, 0o020, sink),
        }
    }
}

impl Tree {
    fn new(root: &str, seed: u64, count: u64, typical: f64) -> Self {
        let mut random = Random::new(seed);
        let mut entries = vec![(root.to_owned(), Record::Dir { mode: 0o755 })];
        let mut directories = vec![root.to_owned()];
        for number in 1..count {
            let parent = directories
                [usize::try_from(random.below(directories.len() as u64)).unwrap_or(0)]
            .clone();
            let depth = parent.matches('/').count();
            match random.below(100) {
                0..=9 if depth < 9 => {
                    let path = format!("{parent}/directory-{number}");
                    directories.push(path.clone());
                    entries.push((path, Record::Dir { mode: 0o755 }));
                }
                10..=13 => {
                    let target = format!("../lib/library-{number}.so");
                    entries.push((
                        format!("{parent}/link-{number}.so"),
                        Record::Symlink { target },
                    ));
                }
                _ => entries.push((
                    format!("{parent}/file-{number}.py"),
                    file(&mut random, seed, number, typical),
                )),
            }
        }
        Self { entries }
    }

    fn send(&self, sink: &mut Sink<'_>) -> io::Result<()> {
        for (path, record) in &self.entries {
            sink(path, record)?;
        }
        Ok(())
    }

    /// Sends a part of the tree (the entries below every `one_in`th) with other permission bits and equal data.
    fn send_with_mode(&self, one_in: usize, bits: u32, sink: &mut Sink<'_>) -> io::Result<()> {
        for (path, record) in self.entries.iter().step_by(one_in) {
            match record.clone() {
                Record::Dir { mode } => sink(path, &Record::Dir { mode: mode | bits })?,
                Record::File {
                    mode,
                    length,
                    seed,
                    texture,
                } => {
                    let mode = mode | bits;
                    sink(
                        path,
                        &Record::File {
                            mode,
                            length,
                            seed,
                            texture,
                        },
                    )?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes every `one_in`th file.
    fn remove(&self, one_in: usize, sink: &mut Sink<'_>) -> io::Result<()> {
        let is_file = |entry: &&(String, Record)| matches!(entry.1, Record::File { .. });
        for (path, _) in self.entries.iter().filter(is_file).step_by(one_in) {
            sink(path, &Record::Whiteout)?;
        }
        Ok(())
    }
}

/// A file as systems have them: half below the typical length, most of the bytes in a few large ones.
fn file(random: &mut Random, seed: u64, number: u64, typical: f64) -> Record {
    // Box–Muller; lengths are log-normal.
    let normal = (-2.0 * random.fraction().max(1e-12).ln()).sqrt()
        * (std::f64::consts::TAU * random.fraction()).cos();
    let length = (typical * (2.1 * normal).exp()).min(LARGEST);
    let texture = match random.below(10) {
        0..=5 => Texture::Text,
        6..=8 => Texture::Mixed,
        _ => Texture::Noise,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and LARGEST"
    )]
    let length = length as u64;
    Record::File {
        mode: 0o644,
        length,
        seed: seed << 32 | number,
        texture,
    }
}
