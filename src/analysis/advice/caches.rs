//! Caches of package managers and compilers: cleaned where they are filled, or mounted instead of stored.

use super::Advice;
use super::case::{Case, Maker, is_plain_path};
use super::operands::{Located, Operand, located};
use super::runs;
use super::script::{Call, Script};
use super::stored;
use crate::layer::LayerIndex;

/// Whether something may need what is in a cache later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Its tools fetch or make it again.
    Spare,
    /// Other commands work with it, or its tools do without a network.
    Wanted,
}

/// Where a cache is.
#[derive(Debug, Clone, Copy)]
enum CachePath {
    /// At this path.
    At(&'static str),
    /// At this path in a directory that is somebody's home.
    Under(&'static str),
}

/// How to keep it out of a layer.
#[derive(Debug, Clone, Copy)]
enum Remedy {
    /// Clean it in the `RUN` that filled it.
    Clean(&'static str),
    /// Tell the tool not to keep it: sub-command, option.
    Option(&'static str, &'static str),
    /// Mount a cache there; builders without mounts remove it.
    Mount,
    /// Mount a cache there; others clean it by a command, since its directories cannot be written to.
    MountOr(&'static str),
}

struct Cache {
    rule: &'static str,
    place: CachePath,
    tools: &'static [&'static str],
    remedy: Remedy,
    need: Need,
}

const fn cache(
    rule: &'static str,
    place: CachePath,
    tools: &'static [&'static str],
    remedy: Remedy,
) -> Cache {
    Cache {
        rule,
        place,
        tools,
        remedy,
        need: Need::Spare,
    }
}

impl Cache {
    /// Says that something may need it later.
    const fn wanted(self) -> Self {
        Self {
            need: Need::Wanted,
            ..self
        }
    }
}

use CachePath::{At, Under};
use Remedy::{Clean, Mount, MountOr, Option as With};

const APT: &[&str] = &["apt-get", "apt"];
const DNF: &[&str] = &["dnf", "microdnf", "dnf5", "yum"];
const PIP: &[&str] = &["pip", "pip3"];
const NODE: &[&str] = &["npm", "npx"];
const LISTS: &str = "rm -rf /var/lib/apt/lists/*";

#[rustfmt::skip]
const CACHES: [Cache; 29] = [
    cache("apt-lists", At("var/lib/apt/lists"), APT, Clean(LISTS)).wanted(),
    cache("apt-archives", At("var/cache/apt"), APT, Clean("apt-get clean")).wanted(),
    cache("apk-cache", At("var/cache/apk"), &["apk"], With("add", "--no-cache")),
    cache("dnf-cache", At("var/cache/dnf"), DNF, Clean("dnf clean all")),
    cache("dnf-cache", At("var/cache/libdnf5"), DNF, Clean("dnf clean all")),
    cache("dnf-cache", At("var/lib/dnf/repos"), DNF, Clean("dnf clean all")),
    cache("yum-cache", At("var/cache/yum"), DNF, Clean("yum clean all")),
    cache("zypper-cache", At("var/cache/zypp"), &["zypper"], Clean("zypper clean -a")),
    cache("pacman-cache", At("var/cache/pacman/pkg"), &["pacman"], Clean("rm -rf /var/cache/pacman/pkg/*")),
    cache("pip-cache", Under(".cache/pip"), PIP, With("install", "--no-cache-dir")),
    cache("uv-cache", Under(".cache/uv"), &["uv"], Mount),
    // Its environments are in there.
    cache("poetry-cache", Under(".cache/pypoetry"), &["poetry"], Mount).wanted(),
    cache("npm-cache", Under(".npm"), NODE, Mount),
    cache("yarn-cache", Under(".cache/yarn"), &["yarn"], Mount),
    cache("pnpm-store", Under(".local/share/pnpm/store"), &["pnpm"], Mount),
    cache("bun-cache", Under(".bun/install/cache"), &["bun"], Mount),
    cache("cargo-registry", Under("cargo/registry"), &["cargo"], Mount).wanted(),
    cache("cargo-registry", Under(".cargo/registry"), &["cargo"], Mount).wanted(),
    cache("go-modules", Under("go/pkg/mod"), &["go"], MountOr("go clean -modcache")).wanted(),
    cache("go-build-cache", Under(".cache/go-build"), &["go"], Mount),
    cache("maven-repository", Under(".m2/repository"), &["mvn", "mvnw"], Mount).wanted(),
    cache("gradle-caches", Under(".gradle/caches"), &["gradle", "gradlew"], Mount).wanted(),
    cache("composer-cache", Under(".composer/cache"), &["composer"], Mount),
    cache("composer-cache", Under(".cache/composer"), &["composer"], Mount),
    cache("nuget-packages", Under(".nuget/packages"), &["dotnet"], Mount).wanted(),
    cache("coursier-cache", Under(".cache/coursier"), &["sbt", "cs"], Mount).wanted(),
    cache("bazel-cache", Under(".cache/bazel"), &["bazel", "bazelisk"], Mount).wanted(),
    cache("ccache", Under(".cache/ccache"), &["make", "ninja", "cmake"], Mount),
    cache("ccache", Under(".ccache"), &["make", "ninja", "cmake"], Mount),
];

/// What a cleaning of its own is called in the words of the tools.
const CLEANERS: [&str; 6] = [
    "clean",
    "autoclean",
    "cache",
    "prune",
    "locals",
    "clear-cache",
];

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    if !case.creator.is_run() {
        return None;
    }
    let (cache, root) = find(case)?;
    let root = root.as_str();
    let (created, destroyed) = (case.group.created_in, case.group.destroyed_in);
    if !is_cleaned(case, cache) && stored::stays(case, root, created, destroyed) {
        return None;
    }
    // What one command gets leave for, one put behind it does not.
    let commands = case.creator.commands();
    if commands.is_some_and(|script| script.calls().iter().any(Call::is_raised)) {
        return None;
    }
    if cache.remedy_is_apt_lists()
        && let Some(advice) = updated_alone(case, cache, root)
    {
        return Some(advice);
    }
    if !is_free(case, cache, root) {
        let goal = "fill, use and clean it in one RUN";
        return runs::one(case, cache.rule, goal);
    }
    Some(match cache.remedy {
        Clean(command) if is_known(case, command) => clean(case, cache, command),
        Clean(_) => remove(case, cache, root),
        With(word, option) => with_option(case, cache, word, option),
        Mount => mount(case, cache, None, root),
        MountOr(command) => mount(case, cache, Some(command), root),
    })
}

/// Returns whether the build goes on where the cache is gone right after it was filled.
fn is_free(case: &Case<'_>, cache: &Cache, root: &str) -> bool {
    let is_spare = |run: Maker<'_>| {
        cache.need == Need::Spare
            && run
                .commands()
                .is_some_and(|script| spares(case, cache, root, &script, run))
    };
    let later = case.later_runs().unwrap_or_default();
    let mut runs = later.iter().filter(|run| !run.is_copy());
    case.is_destroyer_tolerant()
        && !later.is_empty()
        && runs.all(|&run| is_spare(run) || ignores(case, cache, root, run))
}

/// Returns whether a `RUN` does no more to a cache than clean it.
fn ignores(case: &Case<'_>, cache: &Cache, root: &str, run: Maker<'_>) -> bool {
    run.script().is_some_and(|script| {
        let mut calls = located(&script, run.directory()).into_iter();
        calls.all(|call| {
            cache.is_cleaner(call.call)
                || (case.ignores(&call, root) && !stored::leans_on(case, &call, root))
        })
    })
}

/// Returns whether a `RUN` finds again what is missing in a cache: it has a network, and names no place in there.
fn spares(case: &Case<'_>, cache: &Cache, root: &str, script: &Script<'_>, run: Maker<'_>) -> bool {
    let calls = located(script, run.directory());
    let is_fine = |call: &Located<'_, '_>| {
        cache.is_cleaner(call.call)
            || (!cache.is_named(call, root) && !stored::leans_on(case, call, root))
    };
    let may_stand_for = script.text().contains('$') && run.has_variable_with(cache.hint());
    !may_stand_for
        && !script.text().to_ascii_lowercase().contains("offline")
        && !calls.is_empty()
        && calls.iter().all(is_fine)
}

/// Returns the cache a group is in, with the cache's own path.
fn find(case: &Case<'_>) -> Option<(&'static Cache, String)> {
    if let Some(found) = find_around(std::str::from_utf8(&case.place).ok()?) {
        return Some(found);
    }
    // The directory above went with it: `rm -rf /root/.cache` where all that was in there is one cache.
    let mut paths = case.members().iter().map(|&member| case.text(member));
    let (cache, root) = find_around(&paths.next()??)?;
    let is_in =
        |path: Option<String>| path.and_then(|path| cache.root(&path)).as_ref() == Some(&root);
    paths.all(is_in).then_some((cache, root))
}

fn find_around(place: &str) -> Option<(&'static Cache, String)> {
    CACHES
        .iter()
        .find_map(|cache| Some((cache, cache.root(place)?)))
}

impl Cache {
    /// Returns the cache's own path where a place is at or below it.
    fn root(&self, place: &str) -> Option<String> {
        let (CachePath::At(text) | CachePath::Under(text)) = self.place;
        let parts: Vec<&str> = text.split('/').collect();
        let place: Vec<&str> = place.split('/').collect();
        let first = match self.place {
            CachePath::At(_) => place.starts_with(&parts).then_some(0)?,
            CachePath::Under(_) => place
                .windows(parts.len())
                .position(|window| window == parts)
                .filter(|&first| is_home(&place[..first]))?,
        };
        Some(place[..first + parts.len()].join("/"))
    }

    /// Returns what every way to write its path has in it.
    fn hint(&self) -> &'static str {
        match self.place {
            Under(text) if text.starts_with('.') => text.split('/').next().unwrap_or(text),
            At(text) | Under(text) => text,
        }
    }

    /// Returns whether a command names it, a place in there or a directory that holds it.
    fn is_named(&self, call: &Located<'_, '_>, root: &str) -> bool {
        let operands = call.operands().unwrap_or_default();
        let is_about = |one: &Operand| *one != Operand::Unknown && !one.misses(root);
        call.call.text().contains(self.hint()) || operands.iter().any(is_about)
    }

    /// Returns whether a command cleans it and looks at nothing.
    fn is_cleaner(&self, call: &Call<'_>) -> bool {
        match call.tool() {
            Some("rm") => !call.text().contains(['(', '`', '<']),
            Some(tool) => self.tools.contains(&tool) && CLEANERS.iter().any(|word| call.has(word)),
            None => false,
        }
    }

    fn remedy_is_apt_lists(&self) -> bool {
        matches!(self.remedy, Clean(LISTS))
    }

    fn advice(&self, goal: impl Into<String>) -> Advice {
        Advice::new(self.rule, goal)
    }

    fn calls<'s, 'a>(&self, script: &'s Script<'a>) -> impl Iterator<Item = &'s Call<'a>> {
        let calls = script.calls().iter();
        calls.filter(|call| call.tool().is_some_and(|tool| self.tools.contains(&tool)))
    }
}

/// Returns whether a directory is where tools put what belongs to a user.
fn is_home(components: &[&str]) -> bool {
    matches!(
        components,
        [] | ["root"] | ["home", _] | ["usr", "local"] | ["usr", "local", "share"] | ["var", "www"]
    )
}

/// Cleans in the same `RUN`.
fn clean(case: &Case<'_>, cache: &Cache, command: &str) -> Advice {
    let advice = cache.advice(format!("clean it in the same RUN: && {command}"));
    rewritten(case, cache, advice, |script| script.extended(command))
}

/// Returns whether the tool that is to clean it earlier has cleaned it: it knows what may stay.
fn is_cleaned(case: &Case<'_>, cache: &Cache) -> bool {
    let Clean(command) = cache.remedy else {
        return false;
    };
    let script = case.destroyer.commands();
    let is_tool = !command.starts_with("rm ") && is_known(case, command);
    is_tool && script.is_some_and(|script| cache.calls(&script).any(|call| cache.is_cleaner(call)))
}

/// Removes it in the same `RUN`, by its path.
fn remove(case: &Case<'_>, cache: &Cache, root: &str) -> Advice {
    if is_plain_path(root) {
        let is_there = stored::is_there(case, root, case.group.destroyed_in);
        let all = if is_there { "/*" } else { "" };
        clean(case, cache, &format!("rm -rf /{root}{all}"))
    } else {
        cache.advice("clean it in the same RUN")
    }
}

/// Returns whether the `RUN` shows that a cleaning command is there: distributions have one of several tools.
fn is_known(case: &Case<'_>, command: &str) -> bool {
    let tool = command.split(' ').next().unwrap_or_default();
    let commands = case.creator.commands();
    let is_called = |tool| {
        let mut calls = commands.iter().flat_map(Script::calls);
        calls.any(|call| call.is_plain(tool))
    };
    tool == "rm" || is_called(tool) || (tool == "apt-get" && is_called("apt"))
}

/// Lists of packages that a `RUN` of its own fetches: it goes to the installation behind it.
fn updated_alone(case: &Case<'_>, cache: &Cache, root: &str) -> Option<Advice> {
    let update = case.creator.script()?;
    let is_update =
        |call: &Call<'_>| call.tool().is_some_and(|tool| APT.contains(&tool)) && call.has("update");
    let install = case.next_run()?;
    let script = install.script()?;
    let installs = script.call(APT).is_some_and(|call| call.has("install"));
    let later = case.later_runs()?;
    let mut behind = later.iter().filter(|run| run.entry() > install.entry());
    let is_last = case.destroyer.entry() > install.entry()
        && behind.all(|&run| ignores(case, cache, root, run));
    if !update.calls().iter().all(is_update)
        || !installs
        || !is_last
        || !case.is_destroyer_tolerant()
    {
        return None;
    }
    let advice = cache.advice(format!("update, install and clean in one RUN: && {LISTS}"));
    let after = Script::new(&update.joined(&script)?).extended(LISTS)?;
    let before = [case.creator.line()?, install.line()?];
    Some(advice.rewrite(&before, [format!("RUN {after}")]))
}

/// Tells the tool not to keep it.
fn with_option(case: &Case<'_>, cache: &Cache, word: &str, option: &str) -> Advice {
    let tool = cache.tools.first().copied().unwrap_or_default();
    let advice = cache.advice(format!("do not keep it: {tool} {word} {option}"));
    rewritten(case, cache, advice, |script| {
        // `apk update` fills the cache whatever the option says; a call that has it filled nothing.
        let is_enough = !cache
            .calls(script)
            .any(|call| call.has("update") || call.has("upgrade") || call.has(option));
        let is_single = cache.calls(script).filter(|call| call.has(word)).count() == 1;
        (is_enough && is_single)
            .then(|| script.with_option(cache.tools, word, option))
            .flatten()
    })
}

/// Mounts a cache, or cleans it where that cannot be.
fn mount(case: &Case<'_>, cache: &Cache, command: Option<&str>, root: &str) -> Advice {
    let is_last = |tool| {
        let commands = case.creator.commands();
        commands.is_some_and(|script| {
            script
                .calls()
                .last()
                .is_some_and(|call| call.is_plain(tool))
        })
    };
    match command {
        _ if is_mountable(case, cache, root) => {
            let option = format!("--mount=type=cache,target=/{root}");
            let advice = cache.advice(format!("keep it out of the layer: RUN {option}"));
            rewritten(case, cache, advice, |script| {
                Some(format!("{option} {}", script.text()))
            })
        }
        Some(command) if cache.tools.iter().any(|tool| is_last(tool)) => {
            clean(case, cache, command)
        }
        Some(_) if !case.creator.is_root() => cache.advice("clean it in the same RUN"),
        _ => remove(case, cache, root),
    }
}

/// Returns whether a `RUN` works with a cache mounted, and what it is mounted at needs not stay: that belongs to root,
/// hides what was there and cannot be removed.
fn is_mountable(case: &Case<'_>, cache: &Cache, root: &str) -> bool {
    let maker = case.creator;
    let below = case.group.created_in.0.checked_sub(1).map(LayerIndex);
    let is_new = below.is_none_or(|below| !stored::stays(case, root, below, below));
    let is_gone = !stored::is_there(case, root, case.group.destroyed_in)
        || below.is_some_and(|below| stored::is_there(case, root, below));
    let is_told = maker.commands().is_some_and(|script| {
        let calls = located(&script, maker.directory());
        let mut named = calls.iter().filter(|call| cache.is_named(call, root));
        cache.calls(&script).next().is_some() && named.next().is_none()
    });
    maker.knows_mounts() && maker.is_root() && is_plain_path(root) && is_new && is_gone && is_told
}

/// Adds the rewritten `RUN` where its text names the tool.
fn rewritten(
    case: &Case<'_>,
    cache: &Cache,
    advice: Advice,
    edit: impl FnOnce(&Script<'_>) -> Option<String>,
) -> Advice {
    let script = case.creator.script();
    let script = script.filter(|script| cache.calls(script).next().is_some());
    let after = script.and_then(|script| edit(&script));
    match after.zip(case.creator.line()) {
        Some((after, line)) => advice.rewrite(&[line], [format!("RUN {after}")]),
        None => advice,
    }
}
