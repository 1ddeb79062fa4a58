//! What identifies an image or a blob: digests and platforms.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::layer::verified::sha256_text;

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

    /// Returns the SHA-256 digest of bytes.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(sha256_text(&Sha256::digest(bytes)).into())
    }

    /// Reads the hexadecimal part of a SHA-256 digest, as the names of files have it: only in lower case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let digest = Self::parse(&format!("sha256:{}", std::str::from_utf8(name).ok()?))?;
        (digest.encoded().as_bytes() == name).then_some(digest)
    }

    /// Returns the digest of a layer with everything below it (OCI image-spec, config.md, "Layer `ChainID`").
    pub fn chain_id(below: Option<&Self>, diff_id: &Self) -> Self {
        match below {
            None => diff_id.clone(),
            Some(below) => Self::of(format!("{below} {diff_id}")),
        }
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
    /// The version of the operating system, where an image needs a certain one: `10.0.20348.2655` of Windows.
    pub os_version: Option<String>,
}

impl Platform {
    /// Returns `linux/arm/v7` as it is written, without a version of the system, unescaped; `None` where nothing is known.
    pub fn written(&self) -> Option<String> {
        if self.is_unknown() {
            return None;
        }
        let known = |text: &str| if text.is_empty() { "unknown" } else { text }.to_owned();
        let variant = self.variant.iter().cloned();
        let parts = [known(&self.os), known(&self.architecture)];
        Some(
            parts
                .into_iter()
                .chain(variant)
                .collect::<Vec<_>>()
                .join("/"),
        )
    }

    /// Reads `OS/ARCH[/VARIANT][:OS-VERSION]`, or `ARCH` alone for Linux; case and common other names of architectures
    /// (`x86_64`, `aarch64`, `armhf`, …) are accepted. Returns `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (text, os_version) = match text.split_once(':') {
            Some((_, version)) if !is_platform_word(version) => return None,
            Some((text, version)) => (text, Some(version.to_owned())),
            None => (text.as_str(), None),
        };
        let parts: Vec<&str> = text.split('/').collect();
        if parts.iter().any(|part| !is_platform_word(part)) {
            return None;
        }
        let (os, architecture, variant) = match *parts.as_slice() {
            [architecture] if KNOWN_ARCHITECTURES.contains(&go_architecture(architecture).0) => {
                ("linux", architecture, None)
            }
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => return None,
        };
        let (architecture, implied) = go_architecture(architecture);
        Some(Self {
            os: if os == "macos" { "darwin" } else { os }.into(),
            architecture: architecture.into(),
            variant: variant.or(implied).map(str::to_owned),
            os_version,
        })
    }

    /// Returns Linux on this machine's architecture: what an engine here would run.
    pub fn host() -> Self {
        let name = match std::env::consts::ARCH {
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            other => other,
        };
        Self {
            os: "linux".into(),
            architecture: go_architecture(name).0.into(),
            variant: None,
            os_version: None,
        }
    }

    /// Returns whether neither operating system nor architecture is known.
    pub fn is_unknown(&self) -> bool {
        let unknown = |part: &str| part.is_empty() || part == "unknown";
        unknown(&self.os) && unknown(&self.architecture)
    }

    /// Returns whether an image for `offered` serves a wish for `self`; see [`Platform::distance`].
    pub fn matches(&self, offered: &Self) -> bool {
        self.distance(offered).is_some()
    }

    /// Returns whether a version of the operating system is the one wished for, or a later build of it.
    fn takes_version(&self, offered: Option<&str>) -> bool {
        let Some(wish) = &self.os_version else {
            return true;
        };
        let rest = offered.and_then(|offered| offered.strip_prefix(wish.as_str()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Returns how far `offered` is from the wish `self`, 0 for exactly it, `None` where it does not serve.
    ///
    /// A wish for a variant is served by it and lower ones (an `arm/v7` machine runs v6 code); a wish without
    /// one by any, the architecture's usual variant first (`arm64` is v8, `arm` v7, `amd64` v1, as in
    /// containerd's platform matching).
    pub fn distance(&self, offered: &Self) -> Option<u32> {
        const ABOVE: u32 = 1000;
        let same_os = self.os.eq_ignore_ascii_case(&offered.os);
        let (wanted, implied) = go_architecture(&self.architecture);
        let (found, found_implied) = go_architecture(&offered.architecture);
        if !same_os || !wanted.eq_ignore_ascii_case(found) || offered.is_unknown() {
            return None;
        }
        if !self.takes_version(offered.os_version.as_deref()) {
            return None;
        }
        let wish = self.variant.as_deref().or(implied);
        let offer = offered.variant.as_deref().or(found_implied);
        if wish == offer {
            return Some(0);
        }
        match (variant_number(wanted, wish), variant_number(wanted, offer)) {
            (Some(wish), Some(offer)) if offer <= wish => Some(wish - offer),
            (Some(number), Some(offer)) if wish.is_none() => Some(ABOVE + offer - number),
            (_, None) | (None, _) if wish.is_none() || offer.is_none() => Some(2 * ABOVE),
            _ => None,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.written() {
            Some(mut text) => {
                if let Some(version) = &self.os_version {
                    text.push(':');
                    text.push_str(version);
                }
                formatter.pad(&crate::path::display_str(&text))
            }
            None => formatter.pad("unknown"),
        }
    }
}

/// Architectures that may stand alone on a command line, in Go's names.
const KNOWN_ARCHITECTURES: [&str; 12] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips64", "mips64le", "ppc64", "ppc64le", "riscv64",
    "s390x", "wasm",
];

/// Returns Go's name of an architecture and the variant that the other name implies.
fn go_architecture(name: &str) -> (&str, Option<&'static str>) {
    match name {
        "x86_64" | "x86-64" => ("amd64", None),
        "aarch64" => ("arm64", None),
        "x86" | "i386" | "i486" | "i586" | "i686" => ("386", None),
        "armhf" | "armv7" | "armv7l" => ("arm", Some("v7")),
        "armel" | "armv6" | "armv6l" => ("arm", Some("v6")),
        "powerpc64" => ("ppc64", None),
        "powerpc64le" => ("ppc64le", None),
        "loongarch64" => ("loong64", None),
        other => (other, None),
    }
}

fn variant_number(architecture: &str, variant: Option<&str>) -> Option<u32> {
    let Some(variant) = variant else {
        return match architecture {
            "arm64" => Some(8),
            "arm" => Some(7),
            "amd64" => Some(1),
            _ => None,
        };
    };
    let digits = variant.strip_prefix('v').unwrap_or(variant);
    let major = digits.split('.').next().unwrap_or(digits);
    major.parse().ok().filter(|number| *number < 1000)
}

fn is_platform_word(part: &str) -> bool {
    !part.is_empty()
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_validated_and_folded() {
        let hex = "A".repeat(64);
        let digest = Digest::parse(&format!("sha256:{hex}")).unwrap();
        assert_eq!(digest.encoded(), "a".repeat(64));
        assert_eq!(digest.short().len(), 12);
        assert_eq!(digest.algorithm(), "sha256");
        for text in [
            "",
            "sha256",
            "sha256:",
            "sha256:abc",
            "../etc:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert!(Digest::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn platforms_are_read_and_shown() {
        for (text, shown) in [
            ("linux/amd64", Some("linux/amd64")),
            ("Linux/X86_64", Some("linux/amd64")),
            ("linux/arm64/v8", Some("linux/arm64/v8")),
            ("linux/aarch64", Some("linux/arm64")),
            ("armhf", Some("linux/arm/v7")),
            ("arm64", Some("linux/arm64")),
            ("windows/amd64", Some("windows/amd64")),
            ("linux", None),
            ("", None),
            ("linux/", None),
            ("a/b/c/d", None),
            ("linux/am d64", None),
            ("Windows/amd64:10.0.20348", Some("windows/amd64:10.0.20348")),
            ("windows/amd64:", None),
        ] {
            let shown_here = Platform::parse(text).map(|platform| platform.to_string());
            assert_eq!(shown_here.as_deref(), shown, "{text}");
        }
        assert_eq!(Platform::default().to_string(), "unknown");
        assert_eq!(Platform::host().os, "linux");
    }

    #[test]
    fn variants_serve_downwards() {
        for (wanted, offered, distance) in [
            ("linux/amd64", "linux/amd64", Some(0)),
            ("linux/amd64", "windows/amd64", None),
            ("linux/amd64", "linux/arm64", None),
            ("linux/arm64", "linux/arm64/v8", Some(0)),
            ("linux/arm64/v8", "linux/arm64", Some(0)),
            ("linux/arm", "linux/arm/v7", Some(0)),
            ("linux/arm", "linux/arm/v6", Some(1)),
            ("linux/arm/v6", "linux/arm/v7", None),
            ("linux/arm/v7", "linux/arm/v5", Some(2)),
            ("linux/amd64", "linux/amd64/v3", Some(1002)),
            ("linux/amd64/v2", "linux/amd64", Some(1)),
            ("linux/mips64", "linux/mips64/hardfloat", Some(2000)),
            ("windows/amd64", "windows/amd64:10.0.20348.2655", Some(0)),
            (
                "windows/amd64:10.0.20348",
                "windows/amd64:10.0.20348.2655",
                Some(0),
            ),
            (
                "windows/amd64:10.0.2034",
                "windows/amd64:10.0.20348.2655",
                None,
            ),
            ("windows/amd64:10.0.20348", "windows/amd64", None),
        ] {
            let wanted = Platform::parse(wanted).unwrap();
            let offered = Platform::parse(offered).unwrap();
            assert_eq!(wanted.distance(&offered), distance, "{wanted} {offered}");
        }
        assert!(!Platform::host().matches(&Platform::default()));
    }
}
