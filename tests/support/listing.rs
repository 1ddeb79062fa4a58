//! What is in an image and what is in a directory, listed alike so that they can be compared.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use layerscope::analysis::Analysis;
use layerscope::layer::EntryKind;
use layerscope::tree::{PathId, View};

/// By path, relative to the root.
pub type Rows = BTreeMap<Vec<u8>, Row>;

/// What a listing says of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub kind: &'static str,
    /// `None` for directories that no layer lists.
    pub mode: Option<u32>,
    pub owner: Option<(u32, u32)>,
    pub size: u64,
    /// Names of the data; 1 for anything but files.
    pub names: u32,
    pub link: Option<Vec<u8>>,
    /// Of files: tools give directories another time when they put something into them.
    pub mtime: Option<i64>,
}

/// Lists the merged view.
pub fn rows(analysis: &Analysis) -> Rows {
    let mut rows = BTreeMap::new();
    let view = View::Union(analysis.tree.top());
    let Ok(()) = view.list::<Infallible>(&analysis.tree, PathId::ROOT, &mut |listed| {
        let is_file = listed.kind.is_file();
        let row = Row {
            kind: listed.kind.as_str(),
            // The mode of a symbolic link says nothing, and tools differ.
            mode: listed
                .mode
                .map(u32::from)
                .filter(|_| listed.kind != EntryKind::Symlink),
            owner: listed.uid.zip(listed.gid),
            size: listed.size,
            names: listed.nlink,
            link: listed.link.clone(),
            mtime: listed.mtime.filter(|_| is_file),
        };
        rows.insert(listed.path.clone(), row);
        Ok(())
    });
    rows
}

/// Lists what is below a directory.
pub fn rows_of_directory(root: &Path) -> Rows {
    let mut rows = BTreeMap::new();
    let mut names: HashMap<u64, u32> = HashMap::new();
    let mut inodes = HashMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            // An overlay names whiteouts in directories that it does not merge, but has nothing there.
            let Ok(meta) = fs::symlink_metadata(&path) else {
                continue;
            };
            let name = path.strip_prefix(root).unwrap().as_os_str().as_bytes();
            let kind = match meta.mode() & 0o170_000 {
                0o100_000 => "file",
                0o040_000 => "dir",
                0o120_000 => "symlink",
                0o010_000 => "fifo",
                0o020_000 => "char",
                0o060_000 => "block",
                0o140_000 => "socket",
                other => panic!("{other:o}"),
            };
            let row = Row {
                kind,
                mode: Some(meta.mode() & 0o7777).filter(|_| kind != "symlink"),
                owner: Some((meta.uid(), meta.gid())),
                size: if kind == "file" { meta.size() } else { 0 },
                names: 1,
                link: (kind == "symlink").then(|| {
                    let target = fs::read_link(&path).unwrap();
                    target.as_os_str().as_bytes().to_vec()
                }),
                mtime: (kind == "file").then(|| meta.mtime()),
            };
            if kind == "dir" {
                left.push(path.clone());
            } else if kind == "file" {
                *names.entry(meta.ino()).or_default() += 1;
                inodes.insert(name.to_vec(), meta.ino());
            }
            rows.insert(name.to_vec(), row);
        }
    }
    for (name, inode) in inodes {
        rows.get_mut(&name).unwrap().names = names[&inode];
    }
    rows
}

/// Asserts that two listings say the same where both say something.
#[track_caller]
pub fn assert_same(what: &str, found: &Rows, expected: &Rows) {
    let wrong = differences(found, expected);
    assert!(wrong.is_empty(), "{what}\n{}", wrong.join("\n"));
    assert!(found.len() > 10, "{what}: something was compared");
}

/// Returns where two listings differ that both say something.
pub fn differences(found: &Rows, expected: &Rows) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, expected) in expected {
        let same = found.get(path).map(|found| Row {
            mode: found.mode.and(expected.mode),
            owner: found.owner.and(expected.owner),
            ..expected.clone()
        });
        let found = found.get(path).map(|found| Row {
            mode: expected.mode.and(found.mode),
            owner: expected.owner.and(found.owner),
            ..found.clone()
        });
        if same.is_none() || same != found {
            wrong.push(format!(
                "{}: {found:?}, not {expected:?}",
                path.escape_ascii()
            ));
        }
    }
    let more = found.keys().filter(|path| !expected.contains_key(*path));
    wrong.extend(more.map(|path| format!("{}: should not be there", path.escape_ascii())));
    wrong
}
