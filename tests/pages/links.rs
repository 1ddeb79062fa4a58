//! Where links lead.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::{Page, docs, pages, root};

/// Returns the targets of links and pictures.
fn targets(page: &Page) -> Vec<String> {
    let prose = page.prose();
    let behind = prose.split("](").skip(1);
    let targets = behind.filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// Returns the file a link on a page leads to, relative to the project, and the heading in it.
fn followed(page: &Page, target: &str) -> (PathBuf, Option<String>) {
    let (file, heading) = match target.split_once('#') {
        Some((file, heading)) => (file, Some(heading.to_owned())),
        None => (target, None),
    };
    if file.is_empty() {
        return (page.path.clone(), heading);
    }
    let mut path = PathBuf::new();
    for component in page.path.with_file_name(file).components() {
        match component {
            Component::ParentDir => assert!(path.pop(), "{target} leaves the project"),
            other => path.push(other),
        }
    }
    (path, heading)
}

/// Returns the name that a heading has in links.
fn anchor(heading: &str) -> String {
    let kept = heading
        .trim()
        .chars()
        .filter_map(|character| match character {
            ' ' => Some('-'),
            '-' | '_' => Some(character),
            _ => character
                .is_alphanumeric()
                .then(|| character.to_ascii_lowercase()),
        });
    kept.collect()
}

fn has_heading(file: &Path, wanted: &str) -> bool {
    let prose = Page::read(file).prose();
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#')))
        .any(|anchor| anchor == wanted)
}

#[test]
fn every_link_leads_somewhere() {
    let mut dead = Vec::new();
    for page in pages() {
        for target in targets(&page) {
            assert!(
                !target.contains("://"),
                "{target}: a page is complete without a network"
            );
            let (file, heading) = followed(&page, &target);
            let leads = root().join(&file).exists()
                && heading.is_none_or(|heading| has_heading(&file, &heading));
            if !leads {
                dead.push(format!("{}: {target}", page.path.display()));
            }
        }
    }
    assert!(dead.is_empty(), "links that lead nowhere: {dead:#?}");
}

#[test]
fn every_page_can_be_reached_from_the_readme() {
    let mut reached = BTreeSet::new();
    let mut next = vec![PathBuf::from("README.md")];
    while let Some(path) = next.pop() {
        if path.extension().is_none_or(|extension| extension != "md")
            || !reached.insert(path.clone())
        {
            continue;
        }
        let page = Page::read(path);
        next.extend(
            targets(&page)
                .iter()
                .map(|target| followed(&page, target).0),
        );
    }
    for page in docs() {
        assert!(
            reached.contains(&page.path),
            "nothing leads to {}",
            page.path.display()
        );
    }
    assert!(reached.contains(Path::new("CONTRIBUTING.md")));
}

/// Files of the project that pages name are there, so that a list of files to touch is one.
#[test]
fn files_that_are_named_exist() {
    let mut missing = Vec::new();
    for page in pages() {
        for name in page.prose().split('`').skip(1).step_by(2) {
            let is_ours = ["src/", "tests/", "benches/", "assets/", "docs/"]
                .iter()
                .any(|directory| name.starts_with(directory));
            if is_ours && !root().join(name).exists() {
                missing.push(format!("{}: {name}", page.path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "files that are not there: {missing:#?}");
}

#[test]
fn the_readme_is_short() {
    let readme = Page::read("README.md");
    let length = readme.text.len();
    assert!(
        length <= 8 * 1024,
        "{length} bytes: what is not for everybody stands in docs/"
    );
    // What forges show of an example without scrolling.
    for line in ["sh", "console"]
        .iter()
        .flat_map(|language| readme.examples(language))
        .flat_map(str::lines)
    {
        assert!(line.chars().count() <= 96, "{line}");
    }
}
