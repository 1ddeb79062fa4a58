//! What is moved after it was copied: the old place costs as much as the new one.

use super::case::{Case, Maker, is_plain_path};
use super::operands::{Located, Operand, is_within, located, resolved};
use super::ownership::{flags, shift};
use super::script::Script;
use super::stored;
use super::{Advice, Effect};
use crate::analysis::WasteCause;
use crate::image::instruction::Keyword;

/// What was moved, and where it is now. Paths are relative to the root.
#[derive(Debug)]
struct Move {
    from: String,
    to: String,
}

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    if !case.is_deleted() || !case.creator.is_copy() || !case.is_idle_between() {
        return None;
    }
    let script = case.destroyer.script().filter(Script::is_chain)?;
    let calls = located(&script, case.destroyer.directory());
    let place = std::str::from_utf8(&case.place).ok()?;
    let mut others = calls.iter().filter(|one| !case.ignores(one, place));
    let (call, None) = (others.next()?, others.next()) else {
        return None;
    };
    let moved = moved(case, call)?;
    // What is done before would be done to the copy.
    let mut before = calls
        .iter()
        .take_while(|one| one.call.text() != call.call.text());
    if case.has_link(&moved.to) || !before.all(|one| case.ignores(one, &moved.to)) {
        return None;
    }
    let flags = flags(case, shift(case, &moved.from, &moved.to)?)?;
    let with = if flags.is_empty() {
        String::new()
    } else {
        format!("with {} ", flags.join(" "))
    };
    let goal = format!("copy it {with}to /{} at once, without the mv", moved.to);
    let advice = Advice::new("moved", goal).with(Effect::Finished {
        from: moved.from.clone().into(),
        to: moved.to.clone().into(),
    });
    Some(copied(case, &advice, &calls, &moved, &flags).unwrap_or(advice))
}

/// Returns what a `mv` did to all of the group, as the two layers show it.
fn moved(case: &Case<'_>, call: &Located<'_, '_>) -> Option<Move> {
    let mut options = call.call.words().filter(|word| word.starts_with('-'));
    let is_plain = call.call.tool() == Some("mv")
        && options.all(|word| matches!(word, "-f" | "-v" | "-fv" | "-vf"));
    let mut operands = call.operands().filter(|_| is_plain)?;
    let Operand::Path(target) = operands.pop()? else {
        return None;
    };
    let paths = case.paths()?;
    let first = paths.first()?;
    let source = operands.iter().find(|one| one.covers(first))?;
    let from = match source {
        Operand::Path(path) => path.clone(),
        // Which of several it is, only the one that there is tells.
        Operand::Glob(_) if case.group.count == 1 => first.clone(),
        _ => return None,
    };
    let name = from.rsplit('/').next()?;
    let below = resolved(Some(&target), name)?;
    let mut places = [target, below].into_iter();
    let to = places.find(|to| is_moved(case, paths, &from, to))?;
    // Copied there at once it would be below what another COPY puts there in between.
    let is_later = |maker: Maker<'_>| maker.entry() > case.creator.entry();
    (!case.below_place(&to).is_some_and(is_later)).then_some(Move { from, to })
}

/// Returns whether the destroyer's layer has all that the creator's has below one place below another.
fn is_moved(case: &Case<'_>, paths: &[String], from: &str, to: &str) -> bool {
    let (creator, destroyer) = case.trees();
    let is_there = |path: &String| {
        let rest = path.strip_prefix(from);
        let pair = stored::file(creator, path)
            .zip(rest.and_then(|rest| stored::file(destroyer, &format!("{to}{rest}"))));
        pair.is_some_and(|((old, _), (new, _))| stored::is_alike((creator, old), (destroyer, new)))
    };
    paths
        .iter()
        .all(|path| is_within(path, from) && is_there(path))
        && stored::count(creator, from) == stored::count(destroyer, to)
}

/// The `COPY` brings nothing else, and the `RUN` does nothing else.
fn copied(
    case: &Case<'_>,
    advice: &Advice,
    calls: &[Located<'_, '_>],
    moved: &Move,
    flags: &[String],
) -> Option<Advice> {
    let copied = case
        .creator
        .copied()
        .filter(|_| case.creator.keyword() == Keyword::Copy)?;
    let source = copied
        .only_source()
        .filter(|source| !source.ends_with('/'))?;
    let target = resolved(case.creator.directory().as_deref(), copied.target)?;
    let is_file = case.group.count == 1 && case.group.cause == WasteCause::Deleted;
    let below = resolved(Some(&target), source.rsplit('/').next()?)?;
    let is_meant = target == moved.from || (is_file && below == moved.from);
    let is_all = is_meant
        && copied.takes(flags)
        && !copied.has_flag("--parents")
        && is_plain_path(&moved.to);
    let does_more = |call: &Located<'_, '_>| {
        let operands = call.operands().unwrap_or_default();
        let is_about = operands.last().is_some_and(|last| last.covers(&moved.to));
        match call.call.tool() {
            Some("mv" | "set") => false,
            Some("chmod" | "chown") => !is_about,
            _ => true,
        }
    };
    if !is_all || calls.iter().any(does_more) || !is_closed(case, moved) {
        return None;
    }
    let before = [case.creator.line()?, case.destroyer.line()?];
    let to = format!("/{}", moved.to);
    let after = copied.line(flags, &[source], &to);
    Some(advice.clone().rewrite(&before, [after]))
}

/// Returns whether neither layer holds, or has made, anything beside what was moved.
fn is_closed(case: &Case<'_>, moved: &Move) -> bool {
    let layers = [
        (case.creator, case.group.created_in, &moved.from),
        (case.destroyer, case.group.destroyed_in, &moved.to),
    ];
    layers.into_iter().all(|(maker, layer, place)| {
        let tree = case.analysis.tree.layer(layer);
        let made = stored::made_directories(case, maker, layer);
        made.iter().all(|path| is_within(path, place))
            && stored::count(tree, place) == stored::entries(tree).count()
    })
}
