//! The steps of writing, each over all rows, in the order that keeps them safe.

use std::collections::HashMap;
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::os::fd::AsFd;

use rustix::fs::{Gid, Timespec, Timestamps, Uid, XattrFlags};

use super::made::Identity;
use super::place::{DirectoryOrigin, Root};
use super::{Devices, Extracted, Options, Owner, Privileges};
use crate::analysis::Analysis;
use crate::error::{Error, Result};
use crate::layer::{Access, EntryKind, FileAt, LayerIndex, LayerSource};
use crate::path::{display, display_absolute};
use crate::progress::Job;
use crate::tree::{EntryRef, Listed, NodeId};
use crate::units::count;

/// What writing needs and what it has done.
pub(super) struct Writer<'a> {
    analysis: &'a Analysis,
    root: Root,
    /// What is possible, not what is wished.
    ownership: Owner,
    devices: Devices,
    privileges: Privileges,
    dropped: Dropped,
    done: Extracted,
    job: &'a Job,
}

/// A file's data and all names of it.
type OfInode<'a> = (NodeId, Vec<&'a Listed>);

/// Files of one layer by the place of their data.
type ByOffset<'a> = Vec<OfInode<'a>>;

/// How often a right was left out that nobody asked for.
#[derive(Default)]
struct Dropped {
    modes: u64,
    attributes: u64,
}

impl Dropped {
    fn sentence(&self) -> Option<String> {
        let parts = [
            (
                self.modes,
                "set-uid or set-gid bit",
                "set-uid or set-gid bits",
            ),
            (
                self.attributes,
                "attribute that gives rights",
                "attributes that give rights",
            ),
        ];
        let parts = parts.into_iter().filter(|(number, ..)| *number > 0);
        let parts = parts.map(|(number, one, many)| {
            format!("{} {}", count(number), if number == 1 { one } else { many })
        });
        let parts: Vec<String> = parts.collect();
        (!parts.is_empty())
            .then(|| format!("left out: {} (--privileges writes them)", parts.join(", ")))
    }
}

/// What became of a file's data.
enum Copied {
    Whole,
    /// Not all of it could be read, and why.
    Damaged(String),
}

impl<'a> Writer<'a> {
    /// Opens the directory, making it where it is not there.
    pub(super) fn new(analysis: &'a Analysis, options: &Options, job: &'a Job) -> Result<Self> {
        let may_give_away = rustix::process::geteuid().is_root() && options.owner == Owner::Image;
        Ok(Self {
            analysis,
            root: Root::create(&options.directory)?,
            ownership: if may_give_away {
                Owner::Image
            } else {
                Owner::Process
            },
            devices: options.devices,
            privileges: options.privileges,
            dropped: Dropped::default(),
            done: Extracted::default(),
            job,
        })
    }

    /// Writes rows sorted by path.
    pub(super) fn write(mut self, rows: &[Listed]) -> Result<Extracted> {
        let made = self.make_directories(rows)?;
        self.write_files(rows)?;
        self.make_specials(rows)?;
        self.make_links(rows)?;
        self.finish_directories(rows, &made)?;
        self.done.remarks.extend(self.dropped.sentence());
        Ok(self.done)
    }

    /// Makes directories from the top; returns which of the rows did not exist before.
    fn make_directories(&mut self, rows: &[Listed]) -> Result<Vec<(usize, Identity)>> {
        let mut made = Vec::new();
        for (at, row) in rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.kind == EntryKind::Dir)
        {
            self.job.check()?;
            if let DirectoryOrigin::Made(directory) = self.root.make_directory(&row.path)? {
                made.push((at, directory));
                self.done.directories += 1;
            }
        }
        Ok(made)
    }

    fn write_files(&mut self, rows: &[Listed]) -> Result<()> {
        let analysis = self.analysis;
        for (layer, files) in self.files_by_layer(rows) {
            let Some(stored) = analysis.image.layers.get(layer.as_usize()) else {
                continue;
            };
            let tree = analysis.tree.layer(layer);
            let access = stored.source.facts().access;
            for files in files.chunks(access.batch()) {
                let paths = tree.paths_for(access, files.iter().map(|(node, _)| *node));
                let places = files.iter().zip(&paths);
                let places: Vec<FileAt<'_>> = places
                    .map(|((node, _), path)| tree.file_at(*node, path))
                    .collect();
                self.write_batch(&*stored.source, files, &places)?;
            }
        }
        Ok(())
    }

    fn write_batch(
        &mut self,
        source: &dyn LayerSource,
        files: &[OfInode<'_>],
        places: &[FileAt<'_>],
    ) -> Result<()> {
        let mut done = 0;
        while let Some(failure) =
            self.write_some(source, &files[done..], &places[done..], &mut done)?
        {
            // Of a stream nothing behind a failure can be had; elsewhere it is the failure of one file.
            let lost = match source.facts().access {
                Access::Sequential => files.len() - done,
                Access::Random => 1.min(files.len() - done),
            };
            for (_, names) in &files[done..done + lost] {
                self.leave_out_damaged(names, &failure);
            }
            done += lost;
        }
        Ok(())
    }

    /// Writes files of a layer until one cannot be reached; returns why. `done` counts those before it.
    fn write_some(
        &mut self,
        source: &dyn LayerSource,
        files: &[OfInode<'_>],
        places: &[FileAt<'_>],
        done: &mut usize,
    ) -> Result<Option<String>> {
        let job = self.job;
        let (mut visited, mut is_ours) = (0, false);
        let result = source.visit(
            places,
            &mut |position, data| {
                visited = position + 1;
                let names = files.get(position).map_or(&[][..], |(_, names)| names);
                let written = self.write_names(names, data);
                is_ours = written.is_err();
                written
            },
            job,
        );
        *done += visited;
        match result {
            Err(error) if is_ours || job.is_cancelled() => Err(error),
            Err(error) => Ok(Some(reason_of(&error))),
            Ok(()) if visited >= files.len() => Ok(None),
            Ok(()) => Ok(Some("its data could not be reached".to_owned())),
        }
    }

    /// Layers are read once each, from front to back; names of one inode stay together.
    fn files_by_layer<'r>(&mut self, rows: &'r [Listed]) -> Vec<(LayerIndex, ByOffset<'r>)> {
        let mut inodes: HashMap<EntryRef, Vec<&Listed>> = HashMap::new();
        for row in rows.iter().filter(|row| row.kind.is_file()) {
            match row.data {
                Some(data) => inodes.entry(data).or_default().push(row),
                None => self.leave_out(row, "a hard link to a file that is not there"),
            }
        }
        let mut layers: HashMap<LayerIndex, ByOffset<'r>> = HashMap::new();
        for ((layer, node), names) in inodes {
            layers.entry(layer).or_default().push((node, names));
        }
        let mut layers: Vec<_> = layers.into_iter().collect();
        layers.sort_by_key(|(layer, _)| *layer);
        for (layer, files) in &mut layers {
            let tree = self.analysis.tree.layer(*layer);
            files.sort_by_key(|(node, _)| tree.offset(*node));
        }
        layers
    }

    /// Writes the first name and links the others to it.
    fn write_names(&mut self, names: &[&Listed], data: &mut dyn Read) -> Result<()> {
        let Some((first, others)) = names.split_first() else {
            return Ok(());
        };
        let mut file = self.root.make_file(&first.path)?;
        if let Copied::Damaged(reason) = self.copy(first, data, &mut file)? {
            self.root.remove_file(&first.path)?;
            self.leave_out_damaged(names, &reason);
            return Ok(());
        }
        self.finish(first, &file)?;
        self.done.files += 1;
        for other in others {
            self.root.link(&first.path, &other.path)?;
            self.done.files += 1;
        }
        Ok(())
    }

    /// Blocks of zeros become holes: an image of a few bytes may hold a file of terabytes.
    fn copy(&mut self, row: &Listed, data: &mut dyn Read, file: &mut File) -> Result<Copied> {
        let mut buffer = vec![0; 64 * 1024];
        let mut offset: u64 = 0;
        loop {
            self.job.check()?;
            let count = match data.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) if self.job.is_cancelled() => return Err(Error::Interrupted),
                Err(error) => return Ok(Copied::Damaged(error.to_string())),
            };
            let piece = &buffer[..count];
            if piece.iter().all(|&byte| byte == 0) {
                file.seek(SeekFrom::Start(offset + count as u64))
            } else {
                file.write_all(piece).map(|()| 0)
            }
            .map_err(|source| self.root.failed(&row.path, source))?;
            offset += count as u64;
        }
        file.set_len(offset)
            .map_err(|source| self.root.failed(&row.path, source))?;
        if offset < row.size {
            let reason = format!("{offset} of {} bytes could be read", row.size);
            return Ok(Copied::Damaged(reason));
        }
        self.done.bytes += offset;
        Ok(Copied::Whole)
    }

    fn make_specials(&mut self, rows: &[Listed]) -> Result<()> {
        for row in rows {
            let is_device = match row.kind {
                EntryKind::Fifo => false,
                EntryKind::CharDevice | EntryKind::BlockDevice => true,
                EntryKind::Socket => {
                    self.leave_out(row, "a socket");
                    continue;
                }
                _ => continue,
            };
            if is_device && self.devices == Devices::Skip {
                self.leave_out(row, "a device (--devices writes them)");
                continue;
            }
            match self
                .root
                .make_node(&row.path, row.kind, row.device.unwrap_or_default())
            {
                Ok(()) => {}
                Err(Error::Write { source, .. })
                    if source.kind() == io::ErrorKind::PermissionDenied =>
                {
                    self.leave_out(row, "this process may not create it");
                    continue;
                }
                Err(error) => return Err(error),
            }
            self.finish_unopened(row)?;
            self.done.others += 1;
        }
        Ok(())
    }

    fn make_links(&mut self, rows: &[Listed]) -> Result<()> {
        for row in rows.iter().filter(|row| row.kind == EntryKind::Symlink) {
            self.job.check()?;
            self.root
                .make_symlink(&row.path, row.link.as_deref().unwrap_or_default())?;
            self.finish_unopened(row)?;
            self.done.others += 1;
        }
        Ok(())
    }

    /// Deepest first: writing into a directory changes its time, and its mode may forbid writing.
    fn finish_directories(&mut self, rows: &[Listed], made: &[(usize, Identity)]) -> Result<()> {
        for &(at, directory) in made.iter().rev() {
            let directory = self.root.open_made(&rows[at].path, directory)?;
            self.finish(&rows[at], &directory)?;
        }
        Ok(())
    }

    /// Gives an open file or directory its metadata.
    fn finish(&mut self, row: &Listed, file: impl AsFd) -> Result<()> {
        let failed = |root: &Root, error: rustix::io::Errno| root.failed(&row.path, error.into());
        if self.ownership == Owner::Image {
            let (owner, group) = owner(row);
            rustix::fs::fchown(&file, owner, group).map_err(|error| failed(&self.root, error))?;
        }
        let mode = self.mode(row);
        rustix::fs::fchmod(&file, mode).map_err(|error| failed(&self.root, error))?;
        self.set_attributes(row, &file);
        rustix::fs::futimens(&file, &times(row)).map_err(|error| failed(&self.root, error))
    }

    /// The same for what cannot be opened: links, pipes, devices.
    fn finish_unopened(&mut self, row: &Listed) -> Result<()> {
        let held = self.root.hold(&row.path, row.kind)?;
        let failed = |root: &Root, error: rustix::io::Errno| root.failed(&row.path, error.into());
        if self.ownership == Owner::Image {
            let (owner, group) = owner(row);
            held.give_to(owner, group)
                .map_err(|error| failed(&self.root, error))?;
        }
        if row.kind != EntryKind::Symlink {
            let mode = self.mode(row);
            held.set_mode(mode)
                .map_err(|error| failed(&self.root, error))?;
        }
        held.set_times(&times(row))
            .map_err(|error| failed(&self.root, error))
    }

    /// A program of another owner's with set-uid must not become one of ours, and one that keeps its owner gets the
    /// right only where it was asked for.
    fn mode(&mut self, row: &Listed) -> rustix::fs::Mode {
        let usual = if row.kind == EntryKind::Dir {
            0o755
        } else {
            0o644
        };
        let mode = row.mode.unwrap_or(usual);
        let kept = match (self.ownership, self.privileges) {
            (Owner::Process, _) => 0o777,
            (Owner::Image, Privileges::Keep) => 0o7777,
            (Owner::Image, Privileges::Drop) => 0o1777,
        };
        if self.ownership == Owner::Image && mode & 0o7777 & !kept != 0 {
            self.dropped.modes += 1;
        }
        rustix::fs::Mode::from_raw_mode((mode & kept).into())
    }

    /// Attributes are an extra: a file system without them still gets the data.
    fn set_attributes(&mut self, row: &Listed, file: impl AsFd) {
        if self.ownership != Owner::Image {
            return;
        }
        let Some((layer, node)) = row.metadata else {
            return;
        };
        for (name, value) in self.analysis.tree.layer(layer).xattrs(node) {
            if self.privileges == Privileges::Drop && gives_rights(name) {
                self.dropped.attributes += 1;
                continue;
            }
            let result = CString::new(name.as_slice())
                .map_err(io::Error::from)
                .and_then(|name| {
                    Ok(rustix::fs::fsetxattr(
                        &file,
                        &name,
                        value,
                        XattrFlags::empty(),
                    )?)
                });
            if let Err(error) = result {
                let message = format!("attribute {} is not written: {error}", display(name));
                self.remark(row, message);
            }
        }
    }

    fn leave_out_damaged(&mut self, names: &[&Listed], reason: &str) {
        for row in names {
            self.done.damaged += 1;
            let layer = row.layer;
            self.leave_out(row, &format!("damaged in layer {layer}: {reason}"));
        }
    }

    fn leave_out(&mut self, row: &Listed, reason: &str) {
        self.remark(row, format!("left out, {reason}"));
    }

    fn remark(&mut self, row: &Listed, text: String) {
        let remark = format!("{}: {text}", display_absolute(&row.path));
        self.done.remarks.push(remark);
    }
}

/// Whether an attribute is one of the kernel's or the administrator's (xattr(7)), such as a file's capabilities.
fn gives_rights(name: &[u8]) -> bool {
    name.starts_with(b"security.") || name.starts_with(b"trusted.")
}

fn owner(row: &Listed) -> (Option<Uid>, Option<Gid>) {
    // The highest number is the system call's word for "leave it".
    let known = |id: Option<u32>| id.filter(|&id| id != u32::MAX);
    (
        known(row.uid).map(Uid::from_raw),
        known(row.gid).map(Gid::from_raw),
    )
}

fn times(row: &Listed) -> Timestamps {
    let time = Timespec {
        tv_sec: row.mtime.unwrap_or(0),
        tv_nsec: row.mtime_nanos.into(),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// Returns the innermost cause, escaped: what fails is named beside it.
fn reason_of(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
