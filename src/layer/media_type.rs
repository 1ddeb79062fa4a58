//! What media types say: whether a blob may be a layer, and what else it is. They are hints; content decides.

/// The beginning of a media type, and what a blob or a manifest of it is.
const ARTIFACTS: [(&str, &str); 20] = [
    (
        "application/vnd.docker.ai.",
        "a model of Docker Model Runner",
    ),
    ("application/vnd.ollama.", "a model of Ollama"),
    ("application/vnd.cncf.model.", "a model"),
    ("application/vnd.cncf.helm.", "a Helm chart"),
    ("application/vnd.cncf.flux.", "manifests for Flux"),
    ("application/vnd.cncf.notary.", "a signature of Notation"),
    (
        "application/vnd.dev.cosign.simplesigning.",
        "a signature of cosign",
    ),
    (
        "application/vnd.dev.cosign.artifact.sig.",
        "a signature of cosign",
    ),
    (
        "application/vnd.dev.sigstore.bundle",
        "a signature of Sigstore",
    ),
    ("application/vnd.in-toto", "an attestation"),
    ("application/vnd.dsse.", "an attestation"),
    ("application/spdx", "a bill of materials"),
    ("text/spdx", "a bill of materials"),
    ("application/vnd.cyclonedx", "a bill of materials"),
    ("application/vnd.syft", "a bill of materials"),
    ("application/vnd.wasm.", "a WebAssembly module"),
    (
        "application/vnd.module.wasm.",
        "a WebAssembly module for Envoy",
    ),
    ("application/wasm", "a WebAssembly module"),
    ("application/vnd.sylabs.sif.", "a Singularity image (SIF)"),
    (
        "application/vnd.buildkit.cacheconfig.",
        "a cache of BuildKit",
    ),
];

/// Returns what is of this media type: a noun; `None` where it is not one of the known artifacts.
pub fn artifact(media_type: &str) -> Option<&'static str> {
    let mut rows = ARTIFACTS.iter();
    rows.find(|(start, _)| media_type.starts_with(start))
        .map(|(_, what)| *what)
}

/// Returns what a document is that names one of the known artifacts' media types.
pub fn artifact_in(text: &str) -> Option<&'static str> {
    let mut rows = ARTIFACTS.iter();
    rows.find(|(start, _)| text.contains(start))
        .map(|(_, what)| *what)
}

/// Returns whether this is the media type of what a build may use again: its layers are those of all steps, and no stack.
pub fn is_cache(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.buildkit.cacheconfig.")
}

/// Returns whether a blob of this media type may be a layer of a file system; an absent one may be.
pub fn may_be_layer(media_type: &str) -> bool {
    let says = |word: &str| media_type.contains(word);
    let names_layer = says("tar") || says("layer") || says("octet-stream") || says("gzip");
    media_type.is_empty() || (names_layer && artifact(media_type).is_none()) || says("tar")
}

/// Returns whether a blob of this media type is encrypted (ocicrypt).
pub fn is_encrypted(media_type: &str) -> bool {
    media_type.ends_with("+encrypted")
}

/// Returns whether layers of this media type are usually not saved with their image.
pub fn is_foreign(media_type: &str) -> bool {
    media_type.contains(".foreign.") || media_type.contains(".nondistributable.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_told_from_artifacts() {
        for (media_type, layer, what) in [
            ("", true, None),
            ("application/vnd.oci.image.layer.v1.tar+gzip", true, None),
            (
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
                true,
                None,
            ),
            ("application/octet-stream", true, None),
            (
                "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                true,
                Some("a Helm chart"),
            ),
            (
                "application/vnd.wasm.content.layer.v1+wasm",
                false,
                Some("a WebAssembly module"),
            ),
            (
                "application/vnd.in-toto+json",
                false,
                Some("an attestation"),
            ),
            ("application/vnd.example.thing", false, None),
        ] {
            assert_eq!(may_be_layer(media_type), layer, "{media_type}");
            assert_eq!(artifact(media_type), what, "{media_type}");
        }
        assert!(is_encrypted(
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"
        ));
        assert!(is_foreign(
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
        ));
    }
}
