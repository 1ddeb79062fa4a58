//! What the lines say.

use super::{Fact, FactKind, Section, Target};
use crate::error::Warning;
use crate::image::{HistoryEntry, Layer};
use crate::layer::LayerIndex;
use crate::path::ImagePath;
use crate::text::Look;
use crate::text::columns::{head, left, right, widest};
use crate::tree::PathId;
use crate::tui::subject::Subject;

/// Narrower than these the figures in front of an instruction leave nothing of it.
const WITH_TIMES: u16 = 96;
const WITH_DAYS: u16 = 60;
const WITH_SIZES: u16 = 46;

/// Returns every line, part by part.
pub(super) fn facts(subject: &Subject, look: Look, width: u16) -> Vec<Fact> {
    let writer = Writer {
        subject,
        look,
        width,
        lines: Vec::new(),
    };
    writer
        .part(Section::Identity, "Identity", Writer::identity)
        .part(
            Section::Configuration,
            "Configuration",
            Writer::configuration,
        )
        .part(Section::Labels, "Labels", |writer| {
            pairs(writer, &subject.analysis.image.config.labels);
        })
        .part(Section::Annotations, "Annotations", |writer| {
            pairs(writer, &subject.analysis.image.annotations);
        })
        .part(Section::History, "History", Writer::history)
        .part(Section::Layers, "Layers", Writer::layers)
        .part(Section::Warnings, "Warnings", Writer::warnings)
        .lines
}

struct Writer<'a> {
    subject: &'a Subject,
    look: Look,
    width: u16,
    lines: Vec<Fact>,
}

fn pairs(writer: &mut Writer<'_>, pairs: &[(String, String)]) {
    for (key, value) in pairs {
        let text = writer.shown(&format!("{key}={value}"));
        writer.fact("", text);
    }
}

impl<'a> Writer<'a> {
    /// Writes a part with its heading; one without lines is left out.
    fn part(
        mut self,
        section: Section,
        heading: &str,
        write: impl FnOnce(&mut Writer<'a>),
    ) -> Self {
        let start = self.lines.len();
        self.push(heading, String::new(), FactKind::Heading);
        write(&mut self);
        if self.lines.len() == start + 1 {
            self.lines.pop();
        }
        let part = self.lines.iter().skip(start + 1);
        let width = widest(part.map(|fact| fact.label.as_str()));
        let width = u16::try_from(width).unwrap_or(u16::MAX);
        for fact in self.lines.iter_mut().skip(start) {
            fact.section = section;
            fact.label_width = width;
        }
        self
    }

    fn push(&mut self, label: &str, text: String, kind: FactKind) {
        self.lines.push(Fact {
            section: Section::Identity,
            label: label.to_owned(),
            label_width: 0,
            text,
            kind,
            target: None,
        });
    }

    fn fact(&mut self, label: &str, text: String) {
        if !text.is_empty() {
            self.push(label, text, FactKind::Plain);
        }
    }

    fn leading_to(&mut self, layer: LayerIndex, path: PathId) {
        if layer.as_usize() < self.subject.analysis.layers.len()
            && let Some(fact) = self.lines.last_mut()
        {
            fact.target = Some(Target { layer, path });
        }
    }

    /// Returns text of the image, escaped.
    fn shown(&self, text: &str) -> String {
        self.look.shown(text.as_bytes())
    }

    fn size(&self, bytes: u64) -> String {
        self.look.units.size(bytes)
    }

    fn identity(&mut self) {
        let analysis = &self.subject.analysis;
        let image = &analysis.image;
        for name in &image.names {
            self.fact("Name", self.shown(name));
        }
        let digest = |digest: &Option<crate::image::Digest>| {
            digest.as_ref().map(ToString::to_string).unwrap_or_default()
        };
        self.fact("ID", digest(&image.id));
        self.fact("Digest", digest(&image.digest));
        let platform = image.platform.written().unwrap_or_default();
        self.fact("Platform", self.shown(&platform));
        let created = image.config.created.clone().unwrap_or_default();
        self.fact("Created", self.shown(&created));
        let source = &analysis.source;
        self.fact("Source", format!("{}  {}", source.kind, source.locator));
        self.fact("Sizes", self.sizes());
        self.fact("Base", self.base());
    }

    fn sizes(&self) -> String {
        let totals = &self.subject.analysis.totals;
        let mut sizes = format!(
            "content {}  visible {}  wasted {}",
            self.size(totals.content_bytes),
            self.size(totals.effective_bytes),
            self.size(totals.wasted_bytes)
        );
        if let Some(stored) = totals.stored_bytes {
            sizes.push_str("  stored ");
            sizes.push_str(&self.size(stored));
        }
        sizes
    }

    fn base(&self) -> String {
        let base = &self.subject.analysis.base;
        let evidence = self.shown(&base.evidence);
        match base.layers {
            0 => format!("no layers ({evidence})"),
            1 => format!("layer 0 ({evidence})"),
            layers => format!("layers 0-{} ({evidence})", layers - 1),
        }
    }

    fn configuration(&mut self) {
        let config = &self.subject.analysis.image.config;
        let words = |words: &[String]| match words {
            [] => String::new(),
            words => serde_json::to_string(words).unwrap_or_default(),
        };
        self.fact("User", self.shown(&config.user));
        self.fact("Workdir", self.shown(&config.working_dir));
        self.fact("Entrypoint", self.shown(&words(&config.entrypoint)));
        self.fact("Cmd", self.shown(&words(&config.cmd)));
        self.fact("Shell", self.shown(&words(&config.shell)));
        self.fact("Healthcheck", self.shown(&words(&config.healthcheck)));
        let signal = config.stop_signal.as_deref().unwrap_or_default();
        self.fact("Stop signal", self.shown(signal));
        for (label, texts) in [
            ("Port", &config.exposed_ports),
            ("Volume", &config.volumes),
            ("Onbuild", &config.on_build),
            ("Env", &config.env),
        ] {
            for text in texts {
                self.fact(label, self.shown(text));
            }
        }
    }

    fn history(&mut self) {
        let image = &self.subject.analysis.image;
        if image.history.is_empty() {
            return self.push("", "the image has no history".into(), FactKind::Faint);
        }
        if !image.history.iter().any(|entry| entry.layer.is_some()) && !image.layers.is_empty() {
            let words = "it does not match the layers: what made which is unknown";
            self.push("", words.into(), FactKind::Odd);
        }
        let number_width = (image.history.len() - 1).to_string().len();
        let layer_width = image.layers.len().saturating_sub(1).to_string().len() + 1;
        for (number, entry) in image.history.iter().enumerate() {
            let layer = entry
                .layer
                .map_or("-".to_owned(), |layer| format!("L{layer}"));
            let mut label = format!(
                "{}  {}",
                right(&number.to_string(), number_width),
                left(&layer, layer_width)
            );
            if self.width >= WITH_SIZES {
                label.push_str("  ");
                label.push_str(&right(&self.layer_size(entry), "1023.9 MiB".len()));
            }
            if self.width >= WITH_DAYS {
                let columns = if self.width < WITH_TIMES { 10 } else { 16 };
                label.push_str("  ");
                label.push_str(&self.time(entry, columns));
            }
            let (text, kind) = self.instruction(entry);
            self.push(&label, text, kind);
            if let Some(layer) = entry.layer {
                self.leading_to(LayerIndex(layer), PathId::ROOT);
            }
        }
    }

    fn layer_size(&self, entry: &HistoryEntry) -> String {
        let figures = &self.subject.analysis.layers;
        let figures = entry
            .layer
            .and_then(|layer| figures.get(usize::from(layer)));
        figures.map_or(String::new(), |layer| self.size(layer.content_bytes))
    }

    fn instruction(&self, entry: &HistoryEntry) -> (String, FactKind) {
        let line = entry.instruction.as_ref().map(|one| one.line.as_str());
        let recorded = entry.created_by.as_deref().or(entry.comment.as_deref());
        let line = line.filter(|line| !line.is_empty()).or(recorded);
        match line.filter(|line| !line.is_empty()) {
            Some(line) if entry.layer.is_some() => (self.shown(line), FactKind::Plain),
            Some(line) => (self.shown(line), FactKind::Faint),
            None => ("nothing is recorded".into(), FactKind::Faint),
        }
    }

    fn layers(&mut self) {
        let layers = &self.subject.analysis.image.layers;
        for layer in layers {
            let name = format!("L{}", layer.index);
            let rest = " ".repeat(name.len());
            let mut labels = [name].into_iter().chain(std::iter::repeat(rest));
            for (what, text) in self.digests(layer) {
                if !text.is_empty() {
                    let label = labels.next().unwrap_or_default();
                    self.fact(&format!("{label}  {what}"), text);
                    self.leading_to(layer.index, PathId::ROOT);
                }
            }
        }
    }

    fn digests(&self, layer: &Layer) -> [(&'static str, String); 3] {
        let digest = |digest: &Option<crate::image::Digest>| {
            digest.as_ref().map(ToString::to_string).unwrap_or_default()
        };
        let size = layer.stored_bytes;
        let size = size.map_or("missing".to_owned(), |bytes| self.size(bytes));
        let mut stored = format!("{size}  compression {}", layer.compression.as_str());
        if let Some(media_type) = &layer.media_type {
            stored.push_str("  ");
            stored.push_str(&self.shown(media_type));
        }
        [
            ("diff ID", digest(&layer.diff_id)),
            ("digest", digest(&layer.digest)),
            ("stored", stored),
        ]
    }

    fn warnings(&mut self) {
        let warnings = &self.subject.analysis.warnings;
        for warning in warnings {
            let label = warning
                .layer
                .map_or("image".to_owned(), |layer| format!("L{layer}"));
            let text = self.shown(&warning.message);
            self.push(&label, text, FactKind::Odd);
            if let Some(layer) = warning.layer {
                let path = self.place(warning).unwrap_or(PathId::ROOT);
                self.leading_to(LayerIndex(layer), path);
            }
        }
    }

    fn place(&self, warning: &Warning) -> Option<PathId> {
        let path = ImagePath::new(warning.path.as_deref()?)?;
        self.subject.tree().find(path)
    }

    /// Returns a time to the day or minute where it is written as it should be, else as it is, in some columns.
    fn time(&self, entry: &HistoryEntry, columns: usize) -> String {
        let created = entry.created.as_deref().unwrap_or_default();
        let written = match (created.get(..10), created.get(11..16)) {
            (Some(day), Some(minute)) if created.get(10..11) == Some("T") => {
                format!("{day} {minute}")
            }
            _ => created.to_owned(),
        };
        let shown = self.shown(&written);
        left(head(&shown, columns), columns)
    }
}
