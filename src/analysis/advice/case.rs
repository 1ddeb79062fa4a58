//! A group of waste as the recognisers look at it: where it is, and the two instructions behind it.

use super::script::Script;
use crate::analysis::groups::{self, Group};
use crate::analysis::{Analysis, WastedPath};
use crate::image::instruction::{Builder, Keyword};
use crate::image::{Instruction, Layer};
use crate::layer::LayerIndex;
use crate::path::ImagePath;

/// What a recogniser looks at.
#[derive(Debug)]
pub(super) struct Case<'a> {
    pub(super) analysis: &'a Analysis,
    pub(super) group: &'a Group,
    /// The place, relative, without leading slash.
    pub(super) place: Vec<u8>,
    /// Who stored it.
    pub(super) creator: Maker<'a>,
    /// Who made it useless.
    pub(super) destroyer: Maker<'a>,
}

/// The instruction of a layer, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Maker<'a> {
    instruction: Option<&'a Instruction>,
}

/// `COPY` or `ADD` in its plain form.
#[derive(Debug)]
pub(super) struct Copied<'a> {
    pub(super) flags: Vec<&'a str>,
    pub(super) sources: Vec<&'a str>,
    pub(super) target: &'a str,
}

impl<'a> Case<'a> {
    pub(super) fn new(analysis: &'a Analysis, group: &'a Group) -> Self {
        Self {
            analysis,
            group,
            place: analysis.tree.path(group.place),
            creator: Maker::of(analysis, group.created_in),
            destroyer: Maker::of(analysis, group.destroyed_in),
        }
    }

    /// Returns the place as written in a Dockerfile; `None` where that would need quotes.
    pub(super) fn plain_place(&self) -> Option<String> {
        let text = std::str::from_utf8(&self.place).ok()?;
        is_plain_word(text).then(|| format!("/{text}"))
    }

    /// Returns whether everything in the group is at or below a path written absolutely.
    pub(super) fn is_within(&self, absolute: &str) -> bool {
        let Some(path) = absolute.strip_prefix('/') else {
            return false;
        };
        let path = ImagePath::new(path.trim_end_matches('/').as_bytes());
        let place = ImagePath::new(&self.place);
        place
            .zip(path)
            .is_some_and(|(place, path)| place.is_within(path))
    }

    /// Returns the wasted paths of the group.
    pub(super) fn members(&self) -> impl Iterator<Item = &'a WastedPath> + '_ {
        let all = &self.analysis.waste.paths;
        groups::members(&self.analysis.tree, all, self.group)
    }

    /// Returns whether the creator is the only one whose bytes the destroyer made useless.
    pub(super) fn is_only_victim(&self) -> bool {
        let group = self.group;
        let mut here = self.analysis.waste.paths.iter();
        here.all(|wasted| {
            wasted.destroyed_in != group.destroyed_in || wasted.created_in == group.created_in
        })
    }

    /// Returns whether the destroyer's layer comes right after the creator's.
    pub(super) fn is_next(&self) -> bool {
        self.group.created_in.0.checked_add(1) == Some(self.group.destroyed_in.0)
    }

    /// Returns the first layer above the creator's that a recogniser picks.
    pub(super) fn later(&self, is_meant: impl Fn(&Maker<'a>) -> bool) -> Option<Maker<'a>> {
        let layers = self.analysis.image.layers.iter();
        let later = layers.filter(|layer| layer.index > self.group.created_in);
        later.map(Maker::of_layer).find(is_meant)
    }
}

impl<'a> Maker<'a> {
    fn of(analysis: &'a Analysis, layer: LayerIndex) -> Self {
        let found = analysis.image.layers.get(layer.as_usize());
        Self {
            instruction: found.and_then(|layer| layer.instruction.as_ref()),
        }
    }

    fn of_layer(layer: &'a Layer) -> Self {
        Self {
            instruction: layer.instruction.as_ref(),
        }
    }

    /// Returns the instruction if it is one of a Dockerfile.
    fn dockerfile(self) -> Option<&'a Instruction> {
        self.instruction
            .filter(|one| one.builder.reads_dockerfiles())
    }

    pub(super) fn line(self) -> Option<&'a str> {
        self.dockerfile().map(|one| one.line.as_str())
    }

    pub(super) fn keyword(self) -> Keyword {
        self.dockerfile().map(|one| one.keyword).unwrap_or_default()
    }

    pub(super) fn is_run(self) -> bool {
        self.keyword() == Keyword::Run
    }

    pub(super) fn is_copy(self) -> bool {
        matches!(self.keyword(), Keyword::Copy | Keyword::Add)
    }

    /// Returns whether `RUN --mount` would be understood where it was built.
    pub(super) fn knows_mounts(self) -> bool {
        self.instruction
            .is_some_and(|one| one.builder == Builder::BuildKit)
    }

    /// Returns the words of a `RUN`, be it of the shell form or not; to recognise, not to rewrite.
    pub(super) fn commands(self) -> Option<Script<'a>> {
        self.is_run()
            .then(|| self.dockerfile())
            .flatten()
            .map(|one| Script::new(one.operand()))
    }

    /// Returns the command of a `RUN` that a shell ran, as it was written.
    pub(super) fn script(self) -> Option<Script<'a>> {
        let instruction = self.dockerfile().filter(|_| self.is_run())?;
        let command = instruction.text.strip_prefix("RUN")?.trim();
        // Several lines are a here-document; what is recorded of it is not what was written.
        let is_shell = !command.contains('\n') && was_shell(instruction, command);
        is_shell.then(|| Script::new(instruction.operand()))
    }

    /// Returns sources and target of a `COPY` or `ADD` whose text names them.
    pub(super) fn copied(self) -> Option<Copied<'a>> {
        let instruction = self.dockerfile().filter(|_| self.is_copy())?;
        let words = || instruction.operand().split(' ');
        let flags: Vec<&str> = words().take_while(|word| word.starts_with("--")).collect();
        let mut sources: Vec<&str> = words().skip(flags.len()).collect();
        let target = sources.pop()?;
        // `<file 3d7c1f0a>` stands for what the builder did not record; `[` and `"` are the other form.
        let is_plain = sources.iter().all(|source| is_plain_word(source));
        (is_plain && is_plain_word(target) && !sources.is_empty()).then_some(Copied {
            flags,
            sources,
            target,
        })
    }
}

/// Returns whether the recorded text names a shell before the command.
fn was_shell(instruction: &Instruction, command: &str) -> bool {
    if instruction.builder == Builder::Kaniko {
        return !command.starts_with('[');
    }
    let recorded = instruction.recorded.trim();
    let recorded = recorded.strip_suffix("# buildkit").unwrap_or(recorded);
    let before = recorded.trim_end().strip_suffix(command);
    before.is_some_and(|before| before.trim_end().ends_with(" -c"))
}

/// Returns whether a word needs no quotes in a Dockerfile or a shell.
pub(super) fn is_plain_word(word: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@:=~%*?".contains(&byte);
    !word.is_empty() && word.bytes().all(is_plain)
}

impl Copied<'_> {
    /// Returns whether a path written absolutely is exactly what it wrote.
    pub(super) fn writes(&self, absolute: &str) -> bool {
        let target = self.target.trim_end_matches('/');
        if !absolute.starts_with('/') || !target.starts_with('/') {
            return false;
        }
        let [source] = self.sources.as_slice() else {
            return target == absolute.trim_end_matches('/');
        };
        let name = source.rsplit('/').next().unwrap_or(source);
        let below = format!("{target}/{name}");
        target == absolute.trim_end_matches('/') || below == absolute
    }

    /// Returns the instruction with a further flag.
    pub(super) fn with(&self, keyword: Keyword, flag: &str) -> String {
        let words = [keyword.as_str(), flag];
        let words = words.iter().chain(&self.flags).chain(&self.sources);
        let words: Vec<&str> = words.copied().chain([self.target]).collect();
        words.join(" ")
    }

    /// Returns whether it has a flag already.
    pub(super) fn has_flag(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| flag.starts_with(name))
    }
}
