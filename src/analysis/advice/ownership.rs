//! Owners and modes set by a later `RUN`, which stores every file again.

use super::case::{Case, Copied, Maker, is_plain_path};
use super::operands::{Operand, located};
use super::script::Script;
use super::stored;
use super::{Advice, Effect};
use crate::analysis::WasteCause;
use crate::analysis::copy_up::Shift;
use crate::image::instruction::Keyword;
use crate::layer::{EntryKind, Meta};
use crate::tree::PathId;

/// What a file's metadata was, and is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Restyled {
    mode: Shift<u16>,
    owner: Shift<(u32, u32)>,
}

impl Restyled {
    fn between(old: Meta, new: Meta) -> Self {
        Self {
            mode: Shift {
                from: old.mode,
                to: new.mode,
            },
            owner: Shift {
                from: (old.uid, old.gid),
                to: (new.uid, new.gid),
            },
        }
    }

    fn has_mode(self) -> bool {
        self.mode.from != self.mode.to
    }

    fn has_owner(self) -> bool {
        self.owner.from != self.owner.to
    }
}

/// Returns what became of the metadata of a file, or of the files of the group below a directory where all are
/// treated alike.
pub(super) fn shift(case: &Case<'_>, from: &str, to: &str) -> Option<Restyled> {
    let (creator, destroyer) = case.trees();
    let mut all = case.paths()?.iter().map(|path| {
        let rest = path.strip_prefix(from)?;
        let old = stored::file(creator, path)?.1;
        let new = stored::file(destroyer, &format!("{to}{rest}"))?.1;
        Some(Restyled::between(old, new))
    });
    let first = all.next()??;
    let is_same = |one: Option<Restyled>| {
        one.is_some_and(|one| match (one.has_mode(), one.has_owner()) {
            (false, false) => !first.has_mode() && !first.has_owner(),
            _ => one.mode.to == first.mode.to && one.owner.to == first.owner.to,
        })
    };
    all.all(is_same).then_some(first)
}

/// Returns what a `COPY` is told so that it brings a file as it is in the end; `None` where its builder cannot.
pub(super) fn flags(case: &Case<'_>, restyled: Restyled) -> Option<Vec<String>> {
    let mut flags = Vec::new();
    if restyled.has_owner() {
        let (user, group) = restyled.owner.to;
        flags.push(format!("--chown={user}:{group}"));
    }
    if restyled.has_mode() {
        flags.push(format!("--chmod={:o}", restyled.mode.to));
    }
    (!restyled.has_mode() || case.creator.knows_modes()).then_some(flags)
}

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    let is_copied = case.group.cause == WasteCause::MetadataOnly && case.creator.is_copy();
    if !is_copied || !case.is_idle_between() {
        return None;
    }
    let script = case.destroyer.script().filter(Script::is_chain)?;
    let named = named(case, &script)?;
    whole(case, &script, named).or_else(|| part(case))
}

/// Who owns the files from now on, in the words of the `RUN`; `None` where it sets modes alone.
type Owner<'a> = Option<&'a str>;

/// Returns the owner that the `RUN` names, where its own calls of `chown` and `chmod` are about all of the group.
fn named<'a>(case: &Case<'_>, script: &Script<'a>) -> Option<Owner<'a>> {
    let paths = case.paths()?;
    let mut owner = None;
    let mut is_set = false;
    for call in located(script, case.destroyer.directory()) {
        let tool = call
            .call
            .tool()
            .filter(|tool| matches!(*tool, "chown" | "chmod"));
        let is_known = |word: &str| {
            !word.starts_with('-') || matches!(word, "-R" | "--recursive" | "-v" | "-c" | "-f")
        };
        let (Some(tool), Some(operands)) = (tool, call.operands()) else {
            continue;
        };
        let targets = operands.get(1..).unwrap_or_default();
        let is_about = paths
            .iter()
            .all(|path| targets.iter().any(|target| target.covers(path)));
        // `chmod -x` takes its mode for an option; the first operand is a file then.
        if !is_about || !call.call.words().all(is_known) {
            continue;
        }
        is_set = true;
        if tool == "chown" {
            owner = call.call.operands().next();
        }
    }
    is_set.then_some(owner)
}

/// The `COPY` brings nothing that is not set, and all of it alike.
fn whole(case: &Case<'_>, script: &Script<'_>, owner: Owner<'_>) -> Option<Advice> {
    let restyled = alike(case)?;
    let made = stored::made_directories(case, case.creator, case.group.created_in);
    let set = stored::restyled_directories(case, case.group.destroyed_in);
    let (own, others): (Vec<&String>, Vec<&String>) =
        set.iter().partition(|path| made.contains(path));
    // What `--chmod` does to directories differs from builder to builder; this mode they have in any case.
    let has_directories = !made.is_empty() || !set.is_empty();
    if restyled.has_mode() && has_directories && (restyled.mode.to != 0o755 || !set.is_empty()) {
        return None;
    }
    let names = owner.filter(|_| !restyled.has_mode());
    let flags = match names.and_then(|owner| by_name(case, script, owner)) {
        Some(owner) => vec![format!("--chown={owner}")],
        None => flags(case, restyled)?,
    };
    let copied = case.creator.copied();
    if copied.as_ref().is_some_and(|copied| !copied.takes(&flags)) {
        return None;
    }
    // A directory of its own or a link that stays as it is would change hands with the files.
    let is_closed = own.len() == made.len() && are_links_owned(case, restyled);
    if restyled.has_owner() && !is_closed {
        return None;
    }
    let flag = flags.join(" ");
    let more = brought_by_others(case);
    let goal = match (more.is_empty(), others.as_slice()) {
        (true, []) => format!("set it while copying: COPY {flag}"),
        (true, _) => format!("set it while copying: COPY {flag}; chown the directory alone"),
        (false, _) if are_copied(case, &more, &others) => {
            format!("set it while copying, in every COPY: {flag}")
        }
        (false, _) => return None,
    };
    let advice = Advice::new("copied-then-owned", goal).with(Effect::finished());
    let copied = copied.filter(|_| more.is_empty());
    let edit = copied.and_then(|copied| edit(case, script, &advice, &copied, (&flags, &others)));
    Some(edit.unwrap_or(advice))
}

/// Returns whether what the creator's layer has beside files gets the owner of the files too.
fn are_links_owned(case: &Case<'_>, restyled: Restyled) -> bool {
    let (creator, destroyer) = case.trees();
    let is_link = |node| stored::is_entry(creator, node) && creator.kind(node) != EntryKind::File;
    let is_owned = |path| {
        let node = stored::node_at(case, path, case.group.destroyed_in)?;
        let meta = destroyer.meta(node)?;
        Some((meta.uid, meta.gid) == restyled.owner.to)
    };
    stored::nodes(case, case.group.created_in)
        .filter(|&(node, _)| is_link(node))
        .all(|(_, path)| is_owned(path) == Some(true))
}

/// Returns what became of the metadata of all files of the creator's layer, where it is one thing.
fn alike(case: &Case<'_>) -> Option<Restyled> {
    let mut first: Option<Restyled> = None;
    for (_, path) in stored::of_kind(case, case.group.created_in, EntryKind::File) {
        let one = restyled(case, path)?;
        let known = *first.get_or_insert(one);
        let is_alike = known.mode.to == one.mode.to || (!known.has_mode() && !one.has_mode());
        if !is_alike || known.owner.to != one.owner.to || known.has_mode() != one.has_mode() {
            return None;
        }
    }
    first
}

/// Returns what became of the mode and owner of a file, where nothing else did: it is stored again otherwise.
fn restyled(case: &Case<'_>, path: PathId) -> Option<Restyled> {
    let (creator, destroyer) = case.trees();
    let (old_node, old) = stored::file_at(case, path, case.group.created_in)?;
    let (new_node, new) = stored::file_at(case, path, case.group.destroyed_in)?;
    let is_alike = old.mtime == new.mtime && creator.xattrs(old_node) == destroyer.xattrs(new_node);
    is_alike.then(|| Restyled::between(old, new))
}

/// Returns the files that the `RUN` stores again and the `COPY` did not bring.
fn brought_by_others(case: &Case<'_>) -> Vec<PathId> {
    let (_, destroyer) = case.trees();
    let versions = |path| case.analysis.tree.versions(path).iter();
    let is_own = |path| versions(path).any(|version| version.layer == case.group.created_in);
    let again = stored::nodes(case, case.group.destroyed_in);
    again
        .filter(|&(node, _)| stored::is_entry(destroyer, node))
        .map(|(_, path)| path)
        .filter(|&path| !is_own(path) && case.below(path).is_some())
        .collect()
}

/// Returns whether all that the `RUN` sets besides came with some `COPY` too.
fn are_copied(case: &Case<'_>, files: &[PathId], directories: &[&String]) -> bool {
    let files = files.iter().map(|&path| case.below(path));
    let mut all = files.chain(directories.iter().map(|path| case.below_place(path)));
    all.all(|maker| maker.is_some_and(Maker::is_copy))
}

/// Returns the owner as named, where `COPY` takes it as `chown` does, and the names are there by then.
fn by_name<'a>(case: &Case<'_>, script: &Script<'_>, owner: &'a str) -> Option<&'a str> {
    let (user, group) = owner.split_once(':')?;
    let is_plain = |name: &str| is_plain_path(name) && !name.contains(['.', '/', ':']);
    let (creator, _) = case.trees();
    let mut names = ["etc/passwd", "etc/group"].into_iter();
    let is_there = !names.any(|name| stored::file(creator, name).is_some());
    let is_certain = is_there && case.is_next() && script.only_call().is_some();
    (is_plain(user) && is_plain(group) && is_certain).then_some(owner)
}

/// Rewrites a `COPY` that names its sources, and a `RUN` that sets nothing but what it brought.
fn edit(
    case: &Case<'_>,
    script: &Script<'_>,
    advice: &Advice,
    copied: &Copied<'_>,
    (flags, others): (&[String], &[&String]),
) -> Option<Advice> {
    let call = script
        .only_call()
        .filter(|_| case.creator.keyword() == Keyword::Copy)?;
    let mut after = vec![copied.line(flags, &copied.sources, copied.target)];
    match others {
        [] => {}
        [directory] => {
            let calls = located(script, case.destroyer.directory());
            let operands = calls.first()?.operands()?;
            let is_meant =
                matches!(operands.as_slice(), [_, Operand::Path(path)] if path == *directory);
            let value = call
                .operands()
                .next()
                .filter(|_| is_meant && is_plain_path(directory))?;
            after.push(format!("RUN {} {value} /{directory}", call.tool()?));
        }
        _ => return None,
    }
    let before = [case.creator.line()?, case.destroyer.line()?];
    Some(advice.clone().rewrite(&before, after))
}

/// Only part of what was copied, or not all alike. A mode comes along from the context and from a build stage, an
/// owner from a build stage alone.
fn part(case: &Case<'_>) -> Option<Advice> {
    let place = std::str::from_utf8(&case.place).ok()?;
    let mut changes = case.members().iter().map(|&path| restyled(case, path));
    let is_mode = changes.all(|one| one.is_some_and(|one| one.has_mode() && !one.has_owner()));
    let is_told = case
        .creator
        .line()
        .is_none_or(|line| line.contains("--chmod"));
    let goal = "chmod it before it is copied: in the context or a build stage";
    let advice = || Advice::new("copied-then-owned", goal).with(Effect::finished());
    (is_mode && !is_told && !place.is_empty()).then(advice)
}
