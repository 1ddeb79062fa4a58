//! The specification's own examples and tests: what it passes raises no warning, what it fails does.

mod support;

use std::fs;

use layerscope::error::Warnings;
use layerscope::image::json::Json;
use layerscope::image::spec::{Kind, check};

use support::corpus;

const FOLDERS: [(&str, Kind); 5] = [
    ("config", Kind::Config),
    ("descriptor", Kind::Descriptor),
    ("imageindex", Kind::Index),
    ("imagelayout", Kind::Layout),
    ("manifest", Kind::Manifest),
];

const EXAMPLES: [(&str, Kind); 9] = [
    ("backwards_compatibility/02-pass.json", Kind::Config),
    ("md/config-0.json", Kind::Config),
    ("md/descriptor-0.json", Kind::Descriptor),
    ("md/descriptor-2.json", Kind::Descriptor),
    ("md/image-index-0.json", Kind::Index),
    ("md/image-layout-0.json", Kind::Layout),
    ("md/manifest-2.json", Kind::Manifest),
    ("md/manifest-3.json", Kind::Manifest),
    ("md/manifest-4.json", Kind::Manifest),
];

fn judged(kind: Kind, bytes: &[u8]) -> Vec<String> {
    let mut warnings = Warnings::within(1 << 20);
    match Json::parse(bytes) {
        Ok(json) => check(kind, "it", &json, &mut warnings),
        Err(reason) => return vec![reason],
    }
    let warnings = warnings.into_vec();
    warnings
        .into_iter()
        .map(|warning| warning.message)
        .collect()
}

#[test]
fn the_specification_agrees() {
    let Some(files) = corpus::files() else {
        return;
    };
    let root = files.join("json/opencontainers+image-spec");
    let mut documents: Vec<_> = EXAMPLES
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), *kind))
        .collect();
    for (folder, kind) in FOLDERS {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            documents.push((format!("{folder}/{name}"), kind));
        }
    }
    assert!(documents.len() > 40, "{}", documents.len());
    let mut wrong = Vec::new();
    for (name, kind) in documents {
        let found = judged(kind, &fs::read(root.join(&name)).unwrap());
        if found.is_empty() == name.ends_with("-fail.json") {
            wrong.push(format!("{name}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
