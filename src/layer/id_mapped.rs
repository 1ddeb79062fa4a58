//! A layer whose files belong, on disk, to other users than in the container: user namespaces.
//!
//! Without root an engine runs containers whose owner 0 is the user, and others a range given to that user. What a
//! container wrote then lies there with the host's owners, while the layers below are listed with the container's.
//! Which is which is learnt from files of the layers below, whose list and whose inodes both tell an owner.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::sync::Arc;

use super::{
    Completeness, Entry, EntryKind, EntrySink, FileAt, LayerFacts, LayerSource, Origin, Visitor,
};
use crate::beneath::Beneath;
use crate::error::{Result, Warning, WarningCode};
use crate::path::ImagePath;
use crate::progress::Job;

/// Most files of one layer that are looked at; a hostile list could have millions of owners.
const LOOKS: usize = 4096;

/// A layer below: what it lists, and where its files lie.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Its entries, with the container's owners.
    pub listing: Arc<dyn LayerSource>,
    /// Its files, with the host's.
    pub directory: Beneath,
}

/// A layer with the host's owners, told with the container's.
#[derive(Debug)]
pub struct MappedLayer {
    inner: Arc<dyn LayerSource>,
    evidence: Vec<Evidence>,
}

impl MappedLayer {
    /// Takes the layer, and layers below to learn from.
    pub fn new(inner: Arc<dyn LayerSource>, evidence: Vec<Evidence>) -> Self {
        Self { inner, evidence }
    }

    fn owners(&self, job: &Job) -> Result<Owners> {
        let mut owners = Owners::default();
        for evidence in &self.evidence {
            let mut pupil = Pupil {
                directory: &evidence.directory,
                owners: &mut owners,
                met: HashSet::new(),
                looks: 0,
                job,
            };
            // What is wrong with the layer, and what reading it costs, is told when it is read for itself.
            evidence
                .listing
                .scan(&mut pupil, &Job::new())
                .unwrap_or(Completeness::Partial);
            job.check()?;
        }
        Ok(owners)
    }
}

impl LayerSource for MappedLayer {
    fn scan(&self, sink: &mut dyn EntrySink, job: &Job) -> Result<Completeness> {
        let owners = self.owners(job)?;
        self.inner.scan(&mut Translated { sink, owners }, job)
    }

    fn open(&self, file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        self.inner.open(file)
    }

    fn visit(&self, files: &[FileAt<'_>], visit: &mut Visitor<'_>, job: &Job) -> Result<()> {
        self.inner.visit(files, visit, job)
    }

    fn origin(&self, path: ImagePath<'_>, kind: EntryKind) -> Origin {
        self.inner.origin(path, kind)
    }

    fn object(&self) -> Option<(u64, u64)> {
        self.inner.object()
    }

    fn withheld(&self) -> Option<&str> {
        self.inner.withheld()
    }

    fn facts(&self) -> LayerFacts {
        self.inner.facts()
    }
}

/// The host's owners, and the container's for them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Owners {
    users: Ids,
    groups: Ids,
}

/// The host's numbers, and the container's for them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ids(BTreeMap<u32, u32>);

impl Ids {
    /// Where a user has one number only, all files are its own, whosever they are in the image; its own files in
    /// the container are those of root.
    fn learn(&mut self, host: u32, container: u32) {
        let known = self.0.entry(host).or_insert(container);
        *known = container.min(*known);
    }

    /// Returns the container's number for one of the host. Numbers are mapped in ranges (`user_namespaces(7)`): one
    /// that was not met lies as far above the next lower one as in the host. The user's own number is a range by
    /// itself.
    fn of(&self, host: u32) -> u32 {
        let below = self.0.range(..=host).next_back();
        match below {
            Some((known, container)) if *known == host => *container,
            Some((known, container)) if *container > 0 => container.saturating_add(host - known),
            _ => host,
        }
    }
}

struct Pupil<'a> {
    directory: &'a Beneath,
    owners: &'a mut Owners,
    met: HashSet<(u32, u32)>,
    looks: usize,
    job: &'a Job,
}

impl EntrySink for Pupil<'_> {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        self.job.check()?;
        let meta = entry.meta;
        let is_new = meta.kind == EntryKind::File && !self.met.contains(&(meta.uid, meta.gid));
        if !is_new || self.looks == LOOKS {
            return Ok(());
        }
        self.looks += 1;
        // A file that cannot be looked at teaches nothing.
        if let Ok(Some(found)) = self.directory.status(entry.path.as_bytes()) {
            self.owners.users.learn(found.st_uid, meta.uid);
            self.owners.groups.learn(found.st_gid, meta.gid);
            self.met.insert((meta.uid, meta.gid));
        }
        Ok(())
    }

    fn warn(&mut self, _warning: Warning) {}
}

struct Translated<'a> {
    sink: &'a mut dyn EntrySink,
    owners: Owners,
}

impl EntrySink for Translated<'_> {
    fn entry(&mut self, mut entry: Entry<'_>) -> Result<()> {
        entry.meta.uid = self.owners.users.of(entry.meta.uid);
        entry.meta.gid = self.owners.groups.of(entry.meta.gid);
        self.sink.entry(entry)
    }

    fn warn(&mut self, warning: Warning) {
        self.sink.warn(warning);
    }

    fn wants(&self, code: WarningCode) -> bool {
        self.sink.wants(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::layer::dir::{DirLayer, Encoding};
    use crate::layer::{Access, Meta, Placement};

    #[test]
    fn numbers_are_mapped_in_ranges() {
        let mut ids = Ids::default();
        ids.learn(1000, 0);
        ids.learn(100_032, 33);
        let expected = [
            (1000, 0),
            (100_032, 33),
            (100_041, 42),
            (0, 0),
            // Below what was met, and beside the user: unknown.
            (100_000, 100_000),
            (1001, 1001),
        ];
        for (host, container) in expected {
            assert_eq!(ids.of(host), container, "{host}");
        }
        assert_eq!(Ids::default().of(7), 7);
    }
    /// Lists a file, whatever lies on disk.
    #[derive(Debug)]
    struct Listed {
        uid: u32,
        gid: u32,
    }

    impl LayerSource for Listed {
        fn scan(&self, sink: &mut dyn EntrySink, _job: &Job) -> Result<Completeness> {
            let meta = Meta {
                size: 0,
                mtime: 0,
                mtime_nanos: 0,
                uid: self.uid,
                gid: self.gid,
                mode: 0o644,
                kind: EntryKind::File,
                opaque: false,
                device: (0, 0),
            };
            for path in [b"gone".as_slice(), b"file"] {
                sink.entry(Entry {
                    path: ImagePath::new(path).unwrap(),
                    link: None,
                    meta,
                    xattrs: &[],
                    content: None,
                    offset: 0,
                    data: None,
                    placement: Placement::Shown,
                })?;
            }
            Ok(Completeness::Complete)
        }

        fn open(&self, _file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
            Ok(Box::new(std::io::empty()))
        }

        fn facts(&self) -> LayerFacts {
            LayerFacts::archive(Access::Random, 0)
        }
    }

    #[derive(Default)]
    struct Seen(Vec<(u32, u32)>);

    impl EntrySink for Seen {
        fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
            if entry.meta.kind == EntryKind::File {
                self.0.push((entry.meta.uid, entry.meta.gid));
            }
            Ok(())
        }

        fn warn(&mut self, _warning: Warning) {}
    }

    #[test]
    fn owners_are_those_that_the_layers_below_list_for_the_same() {
        let below = tempfile::tempdir().unwrap();
        let own = tempfile::tempdir().unwrap();
        for place in [&below, &own] {
            std::fs::write(place.path().join("file"), "").unwrap();
        }
        let directory = Beneath::open(own.path()).unwrap();
        let inner: Arc<dyn LayerSource> = Arc::new(DirLayer::new(directory, Encoding::Plain));
        let layer = MappedLayer::new(
            inner,
            vec![Evidence {
                listing: Arc::new(Listed { uid: 7, gid: 8 }),
                directory: Beneath::open(below.path()).unwrap(),
            }],
        );
        let mut seen = Seen::default();
        layer.scan(&mut seen, &Job::new()).unwrap();
        assert_eq!(seen.0, [(7, 8)]);

        let job = Job::new();
        job.cancel();
        let cancelled = layer.scan(&mut seen, &job);
        assert!(matches!(cancelled, Err(Error::Interrupted)));
    }
}
