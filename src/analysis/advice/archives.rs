//! Archives that are stored only to be unpacked.

use super::Advice;
use super::case::Case;
use super::script::Call;
use crate::analysis::WasteCause;
use crate::image::instruction::Keyword;

const ENDINGS: [&str; 14] = [
    ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst", ".zip", ".deb",
    ".rpm", ".whl", ".jar.gz", ".7z",
];

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    let name = case.place.to_ascii_lowercase();
    let is_archive = ENDINGS
        .iter()
        .any(|ending| name.ends_with(ending.as_bytes()));
    let is_deleted = matches!(
        case.group.cause,
        WasteCause::Deleted | WasteCause::DeletedDir
    );
    if !is_archive || !is_deleted || case.group.count != 1 || !case.destroyer.is_run() {
        return None;
    }
    if is_fetched(case) {
        let goal = "fetch and unpack it in one RUN: curl … | tar -x";
        return Some(Advice::new("fetched-archive", goal));
    }
    if !case.creator.is_copy() {
        return None;
    }
    let goal = "mount it where it is unpacked: RUN --mount=type=bind,source=…";
    let advice = Advice::new("copied-archive", goal);
    Some(mounted(case, &advice).unwrap_or(advice))
}

fn is_fetched(case: &Case<'_>) -> bool {
    let copied = case.creator.copied();
    let is_url = |source: &&str| source.starts_with("https://") || source.starts_with("http://");
    case.creator.keyword() == Keyword::Add
        && copied.is_some_and(|copied| copied.sources.iter().all(is_url))
}

/// One local source, unpacked and removed by one `RUN` that names it absolutely.
fn mounted(case: &Case<'_>, advice: &Advice) -> Option<Advice> {
    let place = case.plain_place()?;
    let copied = case.creator.copied()?;
    let [source] = copied.sources.as_slice() else {
        return None;
    };
    let is_local = !source.contains(['*', '?', ':']) && copied.flags.is_empty();
    if !is_local || !copied.writes(&place) || !case.destroyer.knows_mounts() {
        return None;
    }
    let script = case.destroyer.script()?;
    let removes =
        |call: &Call<'_>| call.tool() == Some("rm") && call.operands().eq([place.as_str()]);
    let uses = |call: &Call<'_>| !removes(call) && call.has(&place);
    if !script.calls().iter().any(removes) || !script.calls().iter().any(uses) {
        return None;
    }
    let rest = script.without(removes)?;
    let before = [case.creator.line()?, case.destroyer.line()?];
    let after = format!("RUN --mount=type=bind,source={source},target={place} {rest}");
    Some(advice.clone().rewrite(&before, [after]))
}
