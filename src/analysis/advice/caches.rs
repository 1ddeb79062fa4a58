//! Caches of package managers and compilers: cleaned where they are filled, or mounted instead of stored.

use super::Advice;
use super::case::{Case, Maker, is_plain_word};
use super::script::{Call, Script};
use crate::path::ImagePath;

/// Where a cache is.
#[derive(Debug, Clone, Copy)]
enum CachePath {
    /// At this path.
    At(&'static str),
    /// At a path that ends so, in whatever home directory.
    Under(&'static str),
}

/// How to keep it out of a layer.
#[derive(Debug, Clone, Copy)]
enum Remedy {
    /// Clean it in the `RUN` that filled it.
    Clean(&'static str),
    /// Tell the tool not to keep it: sub-command, option.
    Option(&'static str, &'static str),
    /// Mount a cache there; builders without mounts clean it.
    Mount(&'static str),
}

struct Cache {
    rule: &'static str,
    place: CachePath,
    tools: &'static [&'static str],
    remedy: Remedy,
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
    }
}

use CachePath::{At, Under};
use Remedy::{Clean, Mount, Option as With};

const APT: &[&str] = &["apt-get", "apt"];
const DNF: &[&str] = &["dnf", "microdnf", "dnf5", "yum"];
const PIP: &[&str] = &["pip", "pip3"];
const NODE: &[&str] = &["npm", "npx"];
const LISTS: &str = "rm -rf /var/lib/apt/lists/*";

#[rustfmt::skip]
const CACHES: [Cache; 29] = [
    cache("apt-lists", At("var/lib/apt/lists"), APT, Clean(LISTS)),
    cache("apt-archives", At("var/cache/apt"), APT, Clean("apt-get clean")),
    cache("apk-cache", At("var/cache/apk"), &["apk"], With("add", "--no-cache")),
    cache("dnf-cache", At("var/cache/dnf"), DNF, Clean("dnf clean all")),
    cache("dnf-cache", At("var/cache/libdnf5"), DNF, Clean("dnf clean all")),
    cache("dnf-cache", At("var/lib/dnf/repos"), DNF, Clean("dnf clean all")),
    cache("yum-cache", At("var/cache/yum"), DNF, Clean("yum clean all")),
    cache("zypper-cache", At("var/cache/zypp"), &["zypper"], Clean("zypper clean -a")),
    cache("pacman-cache", At("var/cache/pacman/pkg"), &["pacman"], Clean("pacman -Scc --noconfirm")),
    cache("pip-cache", Under(".cache/pip"), PIP, With("install", "--no-cache-dir")),
    cache("uv-cache", Under(".cache/uv"), &["uv"], Mount("uv cache clean")),
    cache("poetry-cache", Under(".cache/pypoetry"), &["poetry"], Mount("rm -rf ~/.cache/pypoetry")),
    cache("npm-cache", Under(".npm"), NODE, Mount("npm cache clean --force")),
    cache("yarn-cache", Under(".cache/yarn"), &["yarn"], Mount("yarn cache clean")),
    cache("pnpm-store", Under(".local/share/pnpm/store"), &["pnpm"], Mount("pnpm store prune")),
    cache("bun-cache", Under(".bun/install/cache"), &["bun"], Mount("bun pm cache rm")),
    cache("cargo-registry", Under("cargo/registry"), &["cargo"], Mount("rm -rf \"$CARGO_HOME/registry\"")),
    cache("cargo-registry", Under(".cargo/registry"), &["cargo"], Mount("rm -rf ~/.cargo/registry")),
    cache("go-modules", Under("go/pkg/mod"), &["go"], Mount("go clean -modcache")),
    cache("go-build-cache", Under(".cache/go-build"), &["go"], Mount("go clean -cache")),
    cache("maven-repository", Under(".m2/repository"), &["mvn", "mvnw"], Mount("rm -rf ~/.m2/repository")),
    cache("gradle-caches", Under(".gradle/caches"), &["gradle", "gradlew"], Mount("rm -rf ~/.gradle/caches")),
    cache("composer-cache", Under(".composer/cache"), &["composer"], Mount("composer clear-cache")),
    cache("composer-cache", Under(".cache/composer"), &["composer"], Mount("composer clear-cache")),
    cache("nuget-packages", Under(".nuget/packages"), &["dotnet"], Mount("dotnet nuget locals all --clear")),
    cache("coursier-cache", Under(".cache/coursier"), &["sbt", "cs"], Mount("rm -rf ~/.cache/coursier")),
    cache("bazel-cache", Under(".cache/bazel"), &["bazel", "bazelisk"], Mount("rm -rf ~/.cache/bazel")),
    cache("ccache", Under(".cache/ccache"), &["make", "ninja", "cmake"], Mount("ccache --clear")),
    cache("ccache", Under(".ccache"), &["make", "ninja", "cmake"], Mount("ccache --clear")),
];

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    if !case.creator.is_run() {
        return None;
    }
    let (cache, root) = find(case)?;
    let advice = match cache.remedy {
        Clean(LISTS) => lists(case, cache),
        Clean(command) => clean(case, cache, command),
        With(word, option) => with_option(case, cache, word, option),
        Mount(command) => mount(case, cache, command, &root),
    };
    Some(advice)
}

/// Returns the cache a group is in, with the cache's own path.
fn find(case: &Case<'_>) -> Option<(&'static Cache, Vec<u8>)> {
    if let Some(found) = find_around(&case.place) {
        return Some(found);
    }
    // The directory above went with it: `rm -rf /root/.cache` where all that was in there is one cache.
    let tree = &case.analysis.tree;
    let mut members = case.members();
    let (cache, root) = find_around(&tree.path(members.next()?.path))?;
    members
        .all(|member| cache.root(&tree.path(member.path)).as_ref() == Some(&root))
        .then_some((cache, root))
}

fn find_around(place: &[u8]) -> Option<(&'static Cache, Vec<u8>)> {
    CACHES
        .iter()
        .find_map(|cache| Some((cache, cache.root(place)?)))
}

impl Cache {
    /// Returns the cache's own path where a place is at or below it.
    fn root(&self, place: &[u8]) -> Option<Vec<u8>> {
        let (CachePath::At(text) | CachePath::Under(text)) = self.place;
        let parts: Vec<&[u8]> = text.split('/').map(str::as_bytes).collect();
        let place: Vec<&[u8]> = ImagePath::new(place)?.components().collect();
        let first = match self.place {
            CachePath::At(_) => place.starts_with(&parts).then_some(0)?,
            CachePath::Under(_) => place
                .windows(parts.len())
                .position(|window| window == parts)?,
        };
        Some(place[..first + parts.len()].join(&b'/'))
    }

    fn advice(&self, goal: impl Into<String>) -> Advice {
        Advice::new(self.rule, goal)
    }

    fn calls<'s, 'a>(&self, script: &'s Script<'a>) -> impl Iterator<Item = &'s Call<'a>> {
        let calls = script.calls().iter();
        calls.filter(|call| call.tool().is_some_and(|tool| self.tools.contains(&tool)))
    }
}

/// Cleans in the same `RUN`.
fn clean(case: &Case<'_>, cache: &Cache, command: &str) -> Advice {
    let advice = cache.advice(format!("clean it in the same RUN: && {command}"));
    rewritten(case, cache, advice, |script| script.extended(command))
}

/// Lists of packages: an update without an install goes to the install.
fn lists(case: &Case<'_>, cache: &Cache) -> Advice {
    let only_updates = case.creator.script().is_some_and(|script| {
        let calls = script.calls();
        !calls.is_empty()
            && calls.iter().all(|call| {
                call.tool().is_some_and(|tool| APT.contains(&tool)) && call.has("update")
            })
    });
    if !only_updates {
        return clean(case, cache, LISTS);
    }
    let advice = cache.advice(format!("update, install and clean in one RUN: && {LISTS}"));
    joined_with_install(case)
        .map(|(before, after)| advice.clone().rewrite(&before, [after]))
        .unwrap_or(advice)
}

fn joined_with_install<'a>(case: &Case<'a>) -> Option<(Vec<&'a str>, String)> {
    let installs = |maker: &Maker<'_>| {
        let script = maker.script();
        script.is_some_and(|script| script.call(APT).is_some_and(|call| call.has("install")))
    };
    let install = case.later(installs)?;
    let update = case.creator.script()?;
    let after = install.script()?.extended(LISTS)?;
    let before = vec![case.creator.line()?, install.line()?];
    Some((before, format!("RUN {} && {after}", update.text())))
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

/// Mounts a cache, or cleans it where the builder has no mounts.
fn mount(case: &Case<'_>, cache: &Cache, command: &str, root: &[u8]) -> Advice {
    let target = std::str::from_utf8(root)
        .ok()
        .filter(|text| is_plain_word(text));
    let Some(target) = target.filter(|_| case.creator.knows_mounts()) else {
        return clean(case, cache, command);
    };
    let option = format!("--mount=type=cache,target=/{target}");
    let advice = cache.advice(format!("keep it out of the layer: RUN {option}"));
    let Some((script, line)) = case.creator.script().zip(case.creator.line()) else {
        return advice;
    };
    advice.rewrite(&[line], [format!("RUN {option} {}", script.text())])
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
