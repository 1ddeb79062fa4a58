//! A group of waste as the recognisers look at it: where it is, and the two instructions behind it.

use std::cell::OnceCell;

use super::operands::{Located, resolved};
use super::script::{Call, Script};
use crate::analysis::waste_groups::Group;
use crate::analysis::{Analysis, WasteCause, waste_groups};
use crate::image::instruction::{Builder, Keyword};
use crate::image::{HistoryEntry, Image, Instruction};
use crate::layer::{EntryKind, LayerIndex};
use crate::path::ImagePath;
use crate::tree::{FileTree, PathId};

/// Paths of a group that are compared with globs.
const MOST_GLOBBED: usize = 1000;

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
    members: OnceCell<Vec<PathId>>,
    paths: OnceCell<Option<Vec<String>>>,
}

/// The instruction of a layer, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Maker<'a> {
    image: &'a Image,
    /// Its place in the history.
    entry: Option<usize>,
    instruction: Option<&'a Instruction>,
}

/// `COPY` or `ADD` in its plain form.
#[derive(Debug)]
pub(super) struct Copied<'a> {
    pub(super) flags: Vec<&'a str>,
    pub(super) sources: Vec<&'a str>,
    pub(super) target: &'a str,
}

impl Copied<'_> {
    /// Writes the COPY of what it copies, to another place and with flags before its own.
    pub(super) fn line(&self, flags: &[String], sources: &[&str], target: &str) -> String {
        let flags = flags
            .iter()
            .map(String::as_str)
            .chain(self.flags.iter().copied());
        let places = sources.iter().copied().chain([target]);
        let words: Vec<&str> = ["COPY"].into_iter().chain(flags).chain(places).collect();
        words.join(" ")
    }
}

impl<'a> Case<'a> {
    pub(super) fn new(analysis: &'a Analysis, group: &'a Group) -> Self {
        Self {
            analysis,
            group,
            place: analysis.tree.path(group.place),
            creator: Maker::of(analysis, group.created_in),
            destroyer: Maker::of(analysis, group.destroyed_in),
            members: OnceCell::new(),
            paths: OnceCell::new(),
        }
    }

    /// Returns the place as written in a Dockerfile; `None` where that would need quotes.
    pub(super) fn plain_place(&self) -> Option<String> {
        let text = std::str::from_utf8(&self.place).ok()?;
        is_plain_path(text).then(|| format!("/{text}"))
    }

    /// Returns the own tree of the creator's layer, and that of the destroyer's.
    pub(super) fn trees(&self) -> (&'a FileTree, &'a FileTree) {
        let tree = &self.analysis.tree;
        let group = self.group;
        (tree.layer(group.created_in), tree.layer(group.destroyed_in))
    }

    /// Returns whether the destroyer's layer comes right after the creator's.
    pub(super) fn is_next(&self) -> bool {
        self.group.created_in.0.checked_add(1) == Some(self.group.destroyed_in.0)
    }

    /// Returns who made what the destroyer found at a path, if there was something.
    pub(super) fn below(&self, path: PathId) -> Option<Maker<'a>> {
        let below = LayerIndex(self.group.destroyed_in.0.checked_sub(1)?);
        let (layer, _) = self.analysis.tree.metadata_at(path, below)?;
        Some(Maker::of(self.analysis, layer))
    }

    /// The same by name.
    pub(super) fn below_place(&self, path: &str) -> Option<Maker<'a>> {
        self.below(self.analysis.tree.find(ImagePath::new(path.as_bytes())?)?)
    }

    /// Returns a path as text, if it is some.
    pub(super) fn text(&self, path: PathId) -> Option<String> {
        String::from_utf8(self.analysis.tree.path(path)).ok()
    }

    pub(super) fn is_deleted(&self) -> bool {
        let cause = self.group.cause;
        matches!(cause, WasteCause::Deleted | WasteCause::DeletedDir)
    }

    /// Returns the wasted paths of the group. Cost is linear in all waste, once.
    pub(super) fn members(&self) -> &[PathId] {
        self.members.get_or_init(|| {
            let all = &self.analysis.waste.paths;
            let members = waste_groups::members(&self.analysis.tree, all, self.group);
            let paths = members.map(|member| member.path);
            paths.take(self.group.count).collect()
        })
    }

    /// Returns the paths of the group, where all are text, and not too many to be compared with globs.
    pub(super) fn paths(&self) -> Option<&[String]> {
        let paths = self.paths.get_or_init(|| {
            let script = self.destroyer.commands();
            let has_globs = script.is_some_and(|script| script.text().contains(['*', '?']));
            if has_globs && self.group.count > MOST_GLOBBED {
                return None;
            }
            let members = self.members().iter();
            members.map(|&member| self.text(member)).collect()
        });
        paths.as_deref()
    }

    /// Returns whether a command cannot have looked at a path or changed it.
    pub(super) fn ignores(&self, call: &Located<'_, '_>, path: &str) -> bool {
        let operands = call.operands().unwrap_or_default();
        let is_direct = || {
            operands
                .iter()
                .all(|operand| !self.has_link(operand.text()))
        };
        call.ignores(path) && is_direct()
    }

    /// Returns whether any layer has a symbolic link at a place or above it.
    pub(super) fn has_link(&self, place: &str) -> bool {
        let tree = &self.analysis.tree;
        let mut at = PathId::ROOT;
        place.split('/').any(|name| {
            let Some(next) = tree.child(at, name.as_bytes()) else {
                return false;
            };
            at = next;
            let mut versions = tree.versions(at).iter();
            versions.any(|one| tree.layer(one.layer).kind(one.node) == EntryKind::Symlink)
        })
    }

    /// Returns what the history has between the two, with its place, where it has everything.
    fn between(&self) -> Option<impl Iterator<Item = (usize, Keyword)> + use<'a>> {
        let (first, last) = self.creator.entry.zip(self.destroyer.entry)?;
        let all = self.analysis.image.history.get(first..=last)?;
        let is_recorded = |entry: &HistoryEntry| {
            let instruction = entry.instruction.as_ref();
            instruction.is_some_and(|one| one.builder.records_everything())
        };
        let count = all.len().saturating_sub(2);
        let keywords = (first + 1..).zip(all.iter().skip(1).map(keyword_of));
        all.iter().all(is_recorded).then(|| keywords.take(count))
    }

    /// Returns whether nothing ran between the two, nothing at all, and the history would tell.
    pub(super) fn is_idle_between(&self) -> bool {
        self.later_runs().is_some_and(|runs| runs.len() == 1)
    }

    /// Returns every `RUN`, or what may be one, behind the creator, up to the destroyer and with it.
    pub(super) fn later_runs(&self) -> Option<Vec<Maker<'a>>> {
        let image = &self.analysis.image;
        let runs = self
            .between()?
            .filter(|(_, keyword)| matches!(keyword, Keyword::Run | Keyword::Other))
            .map(|(at, _)| Maker::of_entry(image, at));
        Some(runs.chain([self.destroyer]).collect())
    }

    /// Returns every `RUN` from the creator to the destroyer where they may be one: a shell runs each, and nothing
    /// between them brings files or changes where, as whom and with what they run.
    pub(super) fn runs(&self) -> Option<Vec<Maker<'a>>> {
        let mut runs = vec![self.creator];
        for (at, keyword) in self.between()? {
            match keyword {
                Keyword::Run => runs.push(Maker::of_entry(&self.analysis.image, at)),
                Keyword::Cmd
                | Keyword::Entrypoint
                | Keyword::Expose
                | Keyword::Healthcheck
                | Keyword::Label
                | Keyword::Maintainer
                | Keyword::OnBuild
                | Keyword::StopSignal => {}
                _ => return None,
            }
        }
        runs.push(self.destroyer);
        runs.iter().all(|run| run.is_shell()).then_some(runs)
    }

    /// Returns whether the destroyer still works where there is nothing to destroy.
    pub(super) fn is_destroyer_tolerant(&self) -> bool {
        let script = self.destroyer.commands();
        script.is_none_or(|script| {
            let calls = script.calls();
            !calls.is_empty() && !calls.iter().any(Call::removes_loudly)
        })
    }

    /// Returns the first `RUN` behind the creator, if nothing before it brings files or changes who runs it.
    pub(super) fn next_run(&self) -> Option<Maker<'a>> {
        let first = self.creator.entry?;
        let history = &self.analysis.image.history;
        let mut later = (first + 1..).zip(history.iter().skip(first + 1));
        let (at, _) = later.find(|(_, entry)| {
            !matches!(
                keyword_of(entry),
                Keyword::WorkDir | Keyword::Label | Keyword::Expose | Keyword::Env
            )
        })?;
        let next = Maker::of_entry(&self.analysis.image, at);
        next.is_shell().then_some(next)
    }
}

fn keyword_of(entry: &HistoryEntry) -> Keyword {
    let instruction = entry.instruction.as_ref();
    instruction.map(|one| one.keyword).unwrap_or_default()
}

impl<'a> Maker<'a> {
    fn of(analysis: &'a Analysis, layer: LayerIndex) -> Self {
        let found = analysis.image.layers.get(layer.as_usize());
        Self {
            image: &analysis.image,
            entry: found.and_then(|layer| layer.history),
            instruction: found.and_then(|layer| layer.instruction.as_ref()),
        }
    }

    fn of_entry(image: &'a Image, entry: usize) -> Self {
        let found = image.history.get(entry);
        Self {
            image,
            entry: Some(entry),
            instruction: found.and_then(|entry| entry.instruction.as_ref()),
        }
    }

    /// Returns the instruction if it is one of a Dockerfile.
    fn dockerfile(self) -> Option<&'a Instruction> {
        self.instruction
            .filter(|one| one.builder.reads_dockerfiles())
    }

    /// Returns the instructions before it, in order.
    fn before(self) -> impl Iterator<Item = &'a Instruction> {
        let before = self.entry.and_then(|entry| self.image.history.get(..entry));
        let entries = before.unwrap_or_default().iter();
        entries.filter_map(|entry| entry.instruction.as_ref())
    }

    /// Returns whether a base image runs it in every build on top (`ONBUILD`).
    pub(super) fn is_trigger(self) -> bool {
        let line = self.instruction.map(|one| one.line.as_str());
        self.before()
            .any(|one| one.keyword == Keyword::OnBuild && Some(one.operand()) == line)
    }

    /// Returns the operands of every instruction of a kind before it, in order: the last one holds.
    fn setting(self, keyword: Keyword) -> impl Iterator<Item = &'a str> {
        self.before()
            .filter(move |one| one.keyword == keyword)
            .map(Instruction::operand)
    }

    /// Returns whether a variable set before it has this in its value.
    pub(super) fn has_variable_with(self, part: &str) -> bool {
        let kinds = [Keyword::Env, Keyword::Arg].into_iter();
        let mut all = kinds.flat_map(|kind| self.setting(kind));
        all.any(|operand| operand.contains(part))
    }

    /// What the history ends with, to be compared with what the image says of itself.
    fn ends(self) -> Self {
        Self {
            entry: Some(self.image.history.len()),
            ..self
        }
    }

    /// Returns the directories that `WORKDIR` set before it, in order, as far as they are certain.
    pub(super) fn directories_before(self) -> Vec<String> {
        let mut directory = String::new();
        let mut directories = Vec::new();
        for operand in self.setting(Keyword::WorkDir) {
            match resolved(Some(&directory), operand).filter(|_| is_plain_path(operand)) {
                Some(path) => path.clone_into(&mut directory),
                None => break,
            }
            directories.push(directory.clone());
        }
        directories
    }

    fn directory_by_history(self) -> Option<String> {
        let directories = self.directories_before();
        let is_certain = directories.len() == self.setting(Keyword::WorkDir).count();
        is_certain.then(|| directories.last().cloned().unwrap_or_default())
    }

    /// Returns the directory it ran in, relative to the root, where the history tells.
    pub(super) fn directory(self) -> Option<String> {
        self.instruction
            .filter(|one| one.builder.records_everything())?;
        let last = resolved(Some(""), &self.image.config.working_dir);
        let is_told =
            self.image.config.working_dir.is_empty() || self.ends().directory_by_history() == last;
        is_told.then(|| self.directory_by_history()).flatten()
    }

    /// Returns whether it ran as root for certain.
    pub(super) fn is_root(self) -> bool {
        let is_root = |user: Option<&str>| {
            matches!(user, None | Some("" | "root" | "0" | "0:0" | "root:root"))
        };
        let last = self.ends().setting(Keyword::User).last();
        let config = Some(self.image.config.user.as_str()).filter(|user| !user.is_empty());
        let is_recorded = self
            .instruction
            .is_some_and(|one| one.builder.records_everything());
        is_recorded && last == config && is_root(self.setting(Keyword::User).last())
    }

    /// Returns its place in the history.
    pub(super) const fn entry(self) -> Option<usize> {
        self.entry
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

    /// Returns whether `COPY` and `ADD` could be told a mode where it was built.
    pub(super) fn knows_modes(self) -> bool {
        self.instruction
            .is_some_and(|one| matches!(one.builder, Builder::BuildKit | Builder::Buildah))
    }

    /// Returns the words of what looks like a `RUN`, of the shell form or not, on one line or several, by whatever
    /// builder; to recognise, not to rewrite.
    pub(super) fn commands(self) -> Option<Script<'a>> {
        let instruction = self.instruction.filter(|one| one.keyword == Keyword::Run)?;
        let command = instruction.text.strip_prefix("RUN");
        Some(Script::new(command.unwrap_or(&instruction.text)))
    }

    /// Returns whether a shell ran it, one that knows `&&`.
    pub(super) fn is_shell(self) -> bool {
        self.command().is_some()
    }

    /// Returns the command of a `RUN` that a shell ran.
    fn command(self) -> Option<&'a str> {
        let instruction = self.dockerfile().filter(|_| self.is_run())?;
        let command = instruction.text.strip_prefix("RUN")?.trim();
        let is_file = command
            .strip_prefix("<<")
            .is_some_and(|name| !name.contains('\n'));
        let is_shell = !is_file && was_shell(instruction, command);
        let set: Option<Vec<String>> = self
            .setting(Keyword::Shell)
            .last()
            .map(|words| serde_json::from_str(words).unwrap_or_default());
        let shell = set.as_deref().unwrap_or(&self.image.config.shell);
        let is_known =
            set.is_none() && shell.is_empty() || shell.first().is_some_and(|name| is_posix(name));
        (is_shell && is_known).then_some(command)
    }

    /// Returns the command of a `RUN` that a shell ran, as it was written.
    pub(super) fn script(self) -> Option<Script<'a>> {
        let command = self.command()?;
        let operand = self.instruction?.operand();
        // Several lines are a here-document; what is recorded of it is not what was written. Options before the
        // command are recorded by few, and what is a blank within quotes stays one.
        let is_written =
            !command.contains('\n') && !command.starts_with("--") && tidied(command) == operand;
        is_written.then(|| Script::new(operand))
    }

    /// Returns sources and target of a `COPY` or `ADD` whose text names them.
    pub(super) fn copied(self) -> Option<Copied<'a>> {
        let instruction = self.dockerfile().filter(|_| self.is_copy())?;
        let words = || instruction.operand().split(' ');
        let flags: Vec<&str> = words().take_while(|word| word.starts_with("--")).collect();
        let mut sources: Vec<&str> = words().skip(flags.len()).collect();
        let target = sources.pop()?;
        // A hash stands for what the builder did not record; `[`, `"` and `<` are other forms.
        let is_plain = sources.iter().all(|source| is_plain_word(source)) && is_plain_path(target);
        let is_recorded = HASHES
            .iter()
            .all(|hash| !instruction.recorded.contains(hash));
        (is_plain && is_recorded && !sources.is_empty()).then_some(Copied {
            flags,
            sources,
            target,
        })
    }
}

/// How builders begin the hash that they record in place of sources.
const HASHES: [&str; 3] = [" file:", " dir:", " multi:"];

/// Returns whether the recorded text names a shell before the command, one that knows `&&`.
fn was_shell(instruction: &Instruction, command: &str) -> bool {
    // buildah puts a shell before the exec form too.
    if command.starts_with('[') {
        return false;
    }
    if instruction.builder == Builder::Kaniko {
        return true;
    }
    let recorded = instruction.recorded.trim();
    let recorded = recorded.strip_suffix("# buildkit").unwrap_or(recorded);
    let body = command.strip_prefix("<<").map_or(command, |rest| {
        let lines = rest.split_once('\n').map_or("", |(_, body)| body);
        lines.rsplit_once('\n').map_or("", |(body, _)| body)
    });
    let before = recorded.trim_end().strip_suffix(body).unwrap_or_default();
    let before = before.trim_end();
    let words: Vec<&str> = before.split(' ').collect();
    let shell = words.iter().find(|word| is_posix(word));
    shell.is_some()
        && words
            .last()
            .is_some_and(|last| last.starts_with('-') && last.ends_with('c'))
}

fn is_posix(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    matches!(
        name,
        "sh" | "bash" | "ash" | "dash" | "ksh" | "zsh" | "mksh"
    )
}

/// Makes one blank of every run of blanks that no quotes hold.
fn tidied(command: &str) -> String {
    let mut tidy = String::with_capacity(command.len());
    let mut quote = None;
    let mut is_escaped = false;
    for character in command.chars() {
        let is_blank = quote.is_none() && !is_escaped && matches!(character, ' ' | '\t');
        match (quote, character) {
            _ if is_escaped => is_escaped = false,
            (None | Some('"'), '\\') => is_escaped = true,
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
        if !is_blank {
            tidy.push(character);
        } else if !tidy.ends_with(' ') {
            tidy.push(' ');
        }
    }
    tidy
}

/// Returns whether a word needs no quotes in a Dockerfile or a shell.
pub(super) fn is_plain_word(word: &str) -> bool {
    is_plain_path(&word.replace(['*', '?', '~'], "x"))
}

/// Returns whether a word needs no quotes and stands for itself alone.
pub(super) fn is_plain_path(word: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@:=%".contains(&byte);
    !word.is_empty() && word.bytes().all(is_plain)
}

impl Copied<'_> {
    /// Returns the only source, if it is one path of the build context: what begins at the root came from elsewhere.
    pub(super) fn only_source(&self) -> Option<&str> {
        match self.sources.as_slice() {
            [source]
                if is_plain_path(source) && !source.starts_with('/') && !source.contains(':') =>
            {
                Some(source)
            }
            _ => None,
        }
    }

    pub(super) fn has_flag(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| flag.starts_with(name))
    }

    /// Returns whether it has none of these flags yet, whatever they say.
    pub(super) fn takes(&self, flags: &[String]) -> bool {
        let mut names = flags.iter().filter_map(|flag| flag.split('=').next());
        !names.any(|name| self.has_flag(name))
    }
}
