//! Every directory below one: parents first, siblings by name, few descriptors open however deep it goes.

use rustix::fs::Dir;

use crate::beneath::Beneath;
use crate::error::{Error, Result};
use crate::limits;

/// Most directories on the way down that are kept open. Deeper ones push out the highest, which are opened
/// again from the root when their turn comes.
const OPEN_DIRECTORIES: usize = 32;

/// The walk. Whoever walks says which directories to go into, and hands each a note of type `N` along.
#[derive(Debug)]
pub(in crate::layer) struct DirWalk<'a, N> {
    root: &'a Beneath,
    frames: Vec<Frame<N>>,
}

/// A directory whose subdirectories are not all visited.
#[derive(Debug)]
struct Frame<N> {
    path: Vec<u8>,
    handle: Option<Beneath>,
    /// The next one last.
    left: Vec<(Vec<u8>, N)>,
}

/// A directory as it was found.
#[derive(Debug)]
pub(in crate::layer) struct Listing<N> {
    /// Its path below the root of the walk.
    pub(in crate::layer) path: Vec<u8>,
    /// The directory.
    pub(in crate::layer) handle: Beneath,
    /// Its names, sorted.
    pub(in crate::layer) names: Vec<Vec<u8>>,
    /// What was handed along.
    pub(in crate::layer) note: N,
}

/// A directory that could not be listed; the walk goes on behind it.
#[derive(Debug)]
pub(in crate::layer) struct Unlisted {
    /// Its path below the root of the walk.
    pub(in crate::layer) path: Vec<u8>,
    /// Why; `None` where it is gone.
    pub(in crate::layer) error: Option<Error>,
}

impl<'a, N> DirWalk<'a, N> {
    /// Starts at a directory.
    pub(in crate::layer) fn new(root: &'a Beneath) -> Self {
        Self {
            root,
            frames: Vec::new(),
        }
    }

    /// Lists the root.
    ///
    /// # Errors
    /// When that is not possible; there is nothing to walk then.
    pub(in crate::layer) fn root(&self, note: N) -> Result<Listing<N>> {
        let handle = self.root.clone();
        let names = names_of(&handle)?;
        Ok(Listing {
            path: Vec::new(),
            handle,
            names,
            note,
        })
    }

    /// Takes a directory that was listed and the names of its subdirectories to go into, sorted.
    pub(in crate::layer) fn descend(
        &mut self,
        path: Vec<u8>,
        handle: Beneath,
        mut into: Vec<(Vec<u8>, N)>,
    ) {
        if into.is_empty() {
            return;
        }
        into.reverse();
        if let Some(highest) = self.frames.len().checked_sub(OPEN_DIRECTORIES) {
            self.frames[highest].handle = None;
        }
        self.frames.push(Frame {
            path,
            handle: Some(handle),
            left: into,
        });
    }

    /// Opens and lists the next directory; `None` at the end.
    pub(in crate::layer) fn next(&mut self) -> Option<Result<Listing<N>, Unlisted>> {
        let (name, note) = loop {
            match self.frames.last_mut()?.left.pop() {
                Some(next) => break next,
                None => drop(self.frames.pop()),
            }
        };
        let frame = self.frames.last_mut()?;
        let path = joined(&frame.path, &name);
        Some(match open(self.root, frame, &name) {
            Ok(Some((handle, names))) => Ok(Listing {
                path,
                handle,
                names,
                note,
            }),
            Ok(None) => Err(Unlisted { path, error: None }),
            Err(error) => Err(Unlisted {
                path,
                error: Some(error),
            }),
        })
    }
}

fn open<N>(
    root: &Beneath,
    frame: &mut Frame<N>,
    name: &[u8],
) -> Result<Option<(Beneath, Vec<Vec<u8>>)>> {
    if frame.handle.is_none() {
        frame.handle = root.directory(&frame.path)?;
    }
    let Some(above) = &frame.handle else {
        return Ok(None);
    };
    let Some(handle) = above.directory(name)? else {
        return Ok(None);
    };
    let names = names_of(&handle)?;
    Ok(Some((handle, names)))
}

/// Returns the names in a directory, sorted.
///
/// # Errors
/// When it cannot be listed, or holds more names than a layer may have entries.
pub(in crate::layer) fn names_of(directory: &Beneath) -> Result<Vec<Vec<u8>>> {
    let failed = |error: rustix::io::Errno| Error::unopened(directory.name(), error);
    let mut names = Vec::new();
    for entry in Dir::read_from(directory.as_descriptor()).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        if names.len() >= limits::LAYER_ENTRIES as usize {
            return Err(Error::limit(
                directory.name(),
                "the number of names in a directory",
                limits::LAYER_ENTRIES,
            ));
        }
        names.push(name.to_vec());
    }
    names.sort_unstable();
    Ok(names)
}

/// Returns the path of a name in a directory.
pub(in crate::layer) fn joined(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(directory.len() + name.len() + 1);
    if !directory.is_empty() {
        path.extend_from_slice(directory);
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}
