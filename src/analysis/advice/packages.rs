//! Packages: databases that every installation rewrites, and what is installed only to be removed.

use super::Advice;
use super::case::{Case, Maker};
use super::deletions::join;
use crate::analysis::WasteCause;
use crate::path::ImagePath;

/// What package managers write anew with every call.
const DATABASES: [&str; 13] = [
    "var/lib/dpkg",
    "var/lib/apt",
    "var/cache/debconf",
    "var/log/dpkg.log",
    "var/log/apt",
    "var/lib/rpm",
    "usr/lib/sysimage",
    "usr/share/rpm",
    "var/lib/dnf",
    "lib/apk",
    "usr/lib/apk",
    "etc/ld.so.cache",
    "var/cache/ldconfig",
];

const MANAGERS: [&str; 10] = [
    "apt-get", "apt", "dpkg", "apk", "yum", "dnf", "microdnf", "zypper", "rpm", "pacman",
];

/// Sub-commands that take packages away.
const REMOVALS: [&str; 8] = [
    "purge",
    "remove",
    "autoremove",
    "del",
    "erase",
    "rm",
    "-e",
    "-Rns",
];

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    if !case.creator.is_run() || !case.destroyer.is_run() {
        return None;
    }
    database(case).or_else(|| removal(case))
}

fn database(case: &Case<'_>) -> Option<Advice> {
    let place = ImagePath::new(&case.place)?;
    let is_database = DATABASES
        .iter()
        .filter_map(|path| ImagePath::new(path.as_bytes()))
        .any(|path| place.is_within(path));
    let is_rewritten = matches!(
        case.group.cause,
        WasteCause::Overwritten | WasteCause::MetadataOnly | WasteCause::Identical
    );
    if !is_database || !is_rewritten || !manages(case.creator) || !manages(case.destroyer) {
        return None;
    }
    let goal = "install in one RUN: each one writes the database anew";
    Some(join(case, Advice::new("package-database", goal)))
}

fn removal(case: &Case<'_>) -> Option<Advice> {
    let is_deleted = matches!(
        case.group.cause,
        WasteCause::Deleted | WasteCause::DeletedDir
    );
    let script = case.destroyer.commands()?;
    let removes = script.calls().iter().any(|call| {
        let is_manager = call.tool().is_some_and(|tool| MANAGERS.contains(&tool));
        is_manager && REMOVALS.iter().any(|word| call.has(word))
    });
    if !is_deleted || !removes || !manages(case.creator) {
        return None;
    }
    let goal = "install, use and remove build packages in one RUN";
    Some(join(case, Advice::new("build-packages", goal)))
}

fn manages(maker: Maker<'_>) -> bool {
    maker
        .commands()
        .is_some_and(|script| script.call(&MANAGERS).is_some())
}
