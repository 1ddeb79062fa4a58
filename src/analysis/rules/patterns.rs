//! Globs over paths of an image.
//!
//! Patterns are compared with absolute paths (`/usr/share/locale/de`), as bytes. `*` and `?` stay within one
//! component, `**` crosses them. A pattern without a leading `/` may begin at any directory.

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

/// Compiled globs.
#[derive(Debug, Clone)]
pub struct Patterns {
    set: GlobSet,
}

impl Patterns {
    /// Compiles globs in order.
    ///
    /// # Errors
    /// The first glob that is none, with the reason.
    pub fn new<'a>(globs: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut builder = GlobSetBuilder::new();
        for glob in globs {
            builder.add(compile(glob)?);
        }
        let set = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { set })
    }

    /// Returns whether there are no patterns.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Returns whether any pattern matches; `absolute` starts with `/` and need not be UTF-8.
    pub fn matches(&self, absolute: &[u8]) -> bool {
        self.set
            .is_match_candidate(&Candidate::from_bytes(absolute))
    }
}

fn compile(glob: &str) -> Result<globset::Glob, String> {
    if glob.is_empty() {
        return Err("an empty pattern matches nothing".into());
    }
    if let Some(reason) = never_matches(glob) {
        let shown = crate::path::display_str(glob);
        return Err(format!("'{shown}' can match nothing: {reason}"));
    }
    let anchored = if glob.starts_with('/') || glob.starts_with("**/") {
        glob.to_owned()
    } else {
        format!("**/{glob}")
    };
    GlobBuilder::new(&anchored)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|error| {
            let shown = crate::path::display_str(glob);
            format!("'{shown}' is not a glob: {}", error.kind())
        })
}

/// Says why no path of an image is like a glob. Git's patterns look alike, and a rule that can never fail is
/// worse than none.
fn never_matches(glob: &str) -> Option<&'static str> {
    let mut components = glob.strip_prefix('/').unwrap_or(glob).split('/');
    if glob.starts_with('!') {
        Some("a pattern cannot be negated; a name that starts so is written \\!")
    } else if glob.ends_with('/') {
        Some("no path ends with a slash; what is below a directory is DIRECTORY/**")
    } else if components.any(|component| matches!(component, "" | "." | "..")) {
        Some("paths are absolute, without '//', './' and '../'")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_absolute_paths() {
        for (glob, path, expected) in [
            (
                "/usr/share/locale/**",
                &b"/usr/share/locale/de/x.mo"[..],
                true,
            ),
            ("/usr/share/locale/**", b"/usr/share/localedata/x", false),
            ("**/.git/**", b"/.git/config", true),
            ("**/.git/**", b"/app/.git/objects/00/x", true),
            ("**/.git/**", b"/app/.gitignore", false),
            ("**/*.pem", b"/etc/ssl/key.pem", true),
            ("*.pem", b"/etc/ssl/key.pem", true),
            ("/*.pem", b"/etc/ssl/key.pem", false),
            ("/etc/*", b"/etc/ssl/key.pem", false),
            ("*.pem", b"/etc/bad\xFFname.pem", true),
            ("*.pem", b"/etc/line\nbreak.pem", true),
            ("/etc/bad?name.pem", b"/etc/bad\xFFname.pem", true),
        ] {
            let patterns = Patterns::new([glob]).unwrap();
            assert_eq!(patterns.matches(path), expected, "{glob} on {path:?}");
        }
        assert!(Patterns::new(["a[b"]).is_err());
        assert!(Patterns::new([""]).is_err());
    }

    #[test]
    fn what_can_match_nothing_is_refused() {
        for glob in [
            ".git/", "/app/", "/", "./key", "/a//b", "//a", "../key", "!/app/**",
        ] {
            let error = Patterns::new([glob]).unwrap_err();
            assert!(error.starts_with(&format!("'{glob}' can match nothing")));
        }
        for glob in ["\\!a", "{/app,/usr}/**", "/**/x", "**", ".*", "..a", "[/]x"] {
            assert!(Patterns::new([glob]).is_ok(), "{glob}");
        }
    }
}
