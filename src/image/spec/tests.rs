use super::*;
use crate::limits;

fn warned(kind: Kind, text: &str) -> Vec<String> {
    let mut warnings = Warnings::within(limits::WARNING_BYTES);
    check(
        kind,
        "the document",
        &Json::parse(text.as_bytes()).unwrap(),
        &mut warnings,
    );
    let warnings = warnings.into_vec();
    warnings
        .into_iter()
        .map(|warning| warning.message)
        .collect()
}

const DIGEST: &str = "sha256:5b0bcabd1ed22e9fb1310cf6c2dec7cdef19f0ad69efa1f392e94a4333501270";

/// A document with every field as it should be.
fn sound(kind: Kind) -> String {
    let blob = |kind: &str| {
        format!(r#"{{"mediaType":"application/{kind}","digest":"{DIGEST}","size":7}}"#)
    };
    match kind {
        Kind::Layout => r#"{"imageLayoutVersion":"1.0.0"}"#.into(),
        Kind::Descriptor => format!(
            r#"{{"mediaType":"a/b","digest":"{DIGEST}","size":7,"urls":["https://a.example/b"],"data":"YQ==","annotations":{{"k":"v"}},"platform":{{"architecture":"arm","os":"linux","variant":"v7","os.features":["f"]}}}}"#
        ),
        Kind::Index => format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{}]}}"#,
            blob("vnd.oci.image.manifest.v1+json")
        ),
        Kind::Manifest => format!(
            r#"{{"schemaVersion":2,"config":{},"layers":[{}],"annotations":null}}"#,
            blob("vnd.oci.image.config.v1+json"),
            blob("vnd.oci.image.layer.v1.tar")
        ),
        Kind::Config => format!(
            r#"{{"created":"2015-10-31T22:22:56.015925234Z","architecture":"amd64","os":"linux","config":{{"User":"","Env":["A=b"],"Cmd":null,"Volumes":{{"/v":{{}}}},"Labels":{{"k":"v"}}}},"rootfs":{{"type":"layers","diff_ids":["{DIGEST}"]}},"history":[{{"created_by":"RUN","empty_layer":true}}]}}"#
        ),
    }
}

#[test]
fn sound_documents_are_no_news() {
    for kind in [
        Kind::Layout,
        Kind::Descriptor,
        Kind::Index,
        Kind::Manifest,
        Kind::Config,
    ] {
        assert_eq!(warned(kind, &sound(kind)), [""; 0], "{kind:?}");
    }
}

#[test]
fn each_odd_field_is_named_with_its_place() {
    for (kind, from, to, field) in [
        (Kind::Layout, r#""1.0.0""#, "1", "imageLayoutVersion"),
        (Kind::Index, "Version\":2", "Version\":1", "schemaVersion"),
        (Kind::Index, "image.index", "image.manifest", "mediaType"),
        (Kind::Index, "sha256:5b", "sha256:5B", "manifests[0].digest"),
        (Kind::Index, "manifests", "Manifests", "manifests"),
        (Kind::Manifest, "layers", "blobs", "layers"),
        (Kind::Manifest, r#""config":"#, r#""x":"#, "config"),
        (Kind::Manifest, ":[{", ":[7,{", "layers[0]"),
        (
            Kind::Manifest,
            "vnd.oci.image.config.v1",
            "vnd.oci.empty.v1",
            "artifactType",
        ),
        (Kind::Manifest, ":null", r#":{"k":1}"#, "annotations.k"),
        (Kind::Manifest, ":null", r#":{"":"v"}"#, "annotations"),
        (Kind::Descriptor, "a/b\"", "a\"", "mediaType"),
        (Kind::Descriptor, "\"size\":7", "\"size\":-7", "size"),
        (
            Kind::Descriptor,
            "\"size\":7",
            "\"size\":9223372036854775808",
            "size",
        ),
        (Kind::Descriptor, "https://a.example/b", "a b", "urls[0]"),
        (Kind::Descriptor, "YQ==", "YQ", "data"),
        (Kind::Descriptor, "\"linux\"", "7", "platform.os"),
        (Kind::Descriptor, "\"v7\"", "7", "platform.variant"),
        (Kind::Descriptor, "[\"f\"]", "\"f\"", "platform.os.features"),
        (Kind::Config, "2015-10-31T", "31.10.2015 ", "created"),
        (Kind::Config, "\"amd64\"", "null", "architecture"),
        (Kind::Config, "A=b", "=b", "config.Env[0]"),
        (Kind::Config, "\"\"", "0", "config.User"),
        (Kind::Config, "null", "\"sh\"", "config.Cmd"),
        (Kind::Config, "{\"/v\":{}}", "[]", "config.Volumes"),
        (Kind::Config, "\"k\":\"v\"", "\"k\":null", "config.Labels.k"),
        (Kind::Config, "\"layers\"", "\"layer\"", "rootfs.type"),
        (Kind::Config, "sha256:5b", "sha256:", "rootfs.diff_ids[0]"),
        (Kind::Config, "\"RUN\"", "1", "history[0].created_by"),
        (Kind::Config, "true", "\"true\"", "history[0].empty_layer"),
    ] {
        let document = sound(kind).replacen(from, to, 1);
        let found = warned(kind, &document);
        let expected = format!("the document: {field}: ");
        assert!(
            found.len() == 1 && found[0].starts_with(&expected),
            "{document}: {found:?}"
        );
        assert!(found[0].contains("(OCI image-spec, "), "{found:?}");
    }
}

#[test]
fn many_are_counted_and_what_is_hostile_is_escaped_and_cut() {
    let layers = "7,".repeat(10_000);
    let found = warned(
        Kind::Manifest,
        &sound(Kind::Manifest).replacen(":[", &format!(":[{layers}"), 1),
    );
    assert_eq!(found.len(), limits::WARNINGS_PER_KIND + 1);
    assert_eq!(found.last().unwrap(), "and 9980 more of this kind");
    let key = format!("\u{1b}[2J{}", "x".repeat(100_000));
    let key = serde_json::to_string(&key).unwrap();
    let annotations = format!(":{{{key}:1}}");
    let found = warned(
        Kind::Manifest,
        &sound(Kind::Manifest).replacen(":null", &annotations, 1),
    );
    assert!(
        found[0].len() < 400 && !found[0].contains('\u{1b}'),
        "{found:?}"
    );
    assert_eq!(warned(Kind::Index, "[]").len(), 1);
}
