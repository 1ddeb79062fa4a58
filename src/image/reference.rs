//! What identifies an image or a blob: digests and platforms.

use std::fmt;

/// A content digest such as `sha256:…`, validated and lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(Box<str>);

impl Digest {
    /// Accepts `algorithm:hex`; sha256 must have 64, sha512 128 hex digits, others at least 32.
    ///
    /// Upper-case hex is folded. Returns `None` for anything else, so that a digest can be part of a file
    /// name without further care (OCI image-spec, descriptor.md, "Digests").
    pub fn parse(text: &str) -> Option<Self> {
        let (algorithm, encoded) = text.split_once(':')?;
        let known = match algorithm {
            "sha256" => encoded.len() == 64,
            "sha512" => encoded.len() == 128,
            _ => {
                !algorithm.is_empty()
                    && algorithm
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                    && (32..=256).contains(&encoded.len())
            }
        };
        (known && encoded.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| Self(text.to_ascii_lowercase().into()))
    }

    /// Returns `algorithm:hex`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the algorithm.
    pub fn algorithm(&self) -> &str {
        self.0
            .split_once(':')
            .map_or("", |(algorithm, _)| algorithm)
    }

    /// Returns the hexadecimal part.
    pub fn encoded(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, encoded)| encoded)
    }

    /// Returns the first 12 hex digits, as engines print IDs.
    pub fn short(&self) -> &str {
        self.encoded().get(..12).unwrap_or_default()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What an image runs on. Empty parts are unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Platform {
    /// `linux`, `windows`, …
    pub os: String,
    /// `amd64`, `arm64`, … in Go's names.
    pub architecture: String,
    /// `v7` and the like.
    pub variant: Option<String>,
}
