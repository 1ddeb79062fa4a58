//! Which paths the commands of a script name, as far as that is certain.

use super::script::{Call, Script, Word};
use crate::path::ImagePath;

/// A simple command and the directory it runs in.
#[derive(Debug)]
pub(super) struct Located<'s, 'a> {
    pub(super) call: &'s Call<'a>,
    /// Relative to the root, without leading slash; `None` where it is not certain.
    directory: Option<String>,
}

/// What a word names. Paths are relative to the root, without leading slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    /// One path.
    Path(String),
    /// The paths that match.
    Glob(String),
    /// Nobody knows.
    Unknown,
}

/// Commands that read no file but those they name, and change nothing else.
const NEUTRAL: [&str; 11] = [
    "mkdir", "rmdir", "mv", "rm", "ln", "chmod", "chown", "chgrp", "touch", "setcap", "sed",
];

/// Where the names of users and groups come from.
const ACCOUNTS: [&str; 3] = ["etc/passwd", "etc/group", "etc/nsswitch.conf"];

/// Commands that do nothing to any file, unless they are redirected.
const IDLE: [&str; 4] = ["cd", "set", "true", ":"];

/// Returns the commands of a script that begins in a directory, each with its own.
pub(super) fn located<'s, 'a>(
    script: &'s Script<'a>,
    directory: Option<String>,
) -> Vec<Located<'s, 'a>> {
    let mut directory = directory;
    let calls = script.calls().iter();
    calls
        .map(|call| {
            let located = Located {
                call,
                directory: directory.clone(),
            };
            if call.tool() == Some("cd") {
                let operands = located.operands();
                directory = match operands.as_deref() {
                    Some([Operand::Path(path)]) => Some(path.clone()),
                    _ => None,
                };
            }
            located
        })
        .collect()
}

impl Located<'_, '_> {
    /// Returns the words that are no options; `None` where something stands before the program.
    pub(super) fn operands(&self) -> Option<Vec<Operand>> {
        let words = self.call.exact()?;
        let is_option = |word: &Word<'_>| matches!(word, Word::Is(text) if text.starts_with('-'));
        Some(
            words
                .filter(|word| !is_option(word))
                .map(|word| self.operand(word))
                .collect(),
        )
    }

    pub(super) fn operand(&self, word: Word<'_>) -> Operand {
        let absolute = |text: &str| resolved(self.directory.as_deref(), text);
        match word {
            Word::Is(text) => absolute(text).map_or(Operand::Unknown, Operand::Path),
            Word::Glob(text) => absolute(text).map_or(Operand::Unknown, Operand::Glob),
            Word::Unknown => Operand::Unknown,
        }
    }

    /// Returns whether it does no more than remove what it names.
    pub(super) fn removes(&self) -> bool {
        let operands = self.operands();
        self.call.tool() == Some("rm")
            && operands.is_some_and(|operands| !operands.contains(&Operand::Unknown))
    }

    /// Returns whether the command cannot have looked at a path or changed it, links left aside.
    pub(super) fn ignores(&self, path: &str) -> bool {
        let tool = self.call.tool().unwrap_or_default();
        let Some(operands) = self.operands() else {
            return false;
        };
        let is_there = || ["-p", "--parents"].iter().any(|word| self.call.has(word));
        if IDLE.contains(&tool) || (tool == "mkdir" && is_there() && !self.call.has("-m")) {
            return !operands.contains(&Operand::Unknown);
        }
        let is_owner = matches!(tool, "chown" | "chgrp");
        let mut unasked = ACCOUNTS.into_iter().filter(|_| is_owner);
        NEUTRAL.contains(&tool)
            && self.is_frank()
            && operands.iter().all(|operand| operand.misses(path))
            && unasked.all(|own| Operand::Path(own.to_owned()).misses(path))
    }

    /// Returns whether the operands are all files that the command reads or changes: no option holds one, nor does
    /// what `sed` is told.
    pub(super) fn is_frank(&self) -> bool {
        let tool = self.call.tool().unwrap_or_default();
        let is_mute = |word: &str| match word.strip_prefix("--") {
            _ if tool == "sed" => matches!(word, "-i" | "--in-place" | "-E" | "-r" | "-n" | "-s"),
            Some(long) => !long.contains('='),
            // None of these letters takes what stands behind it; in `touch -r` it does.
            None => {
                let is_mute = |letter| b"Rrfvnscp".contains(&letter);
                word.len() <= 2 || (tool != "touch" && word.bytes().skip(1).all(is_mute))
            }
        };
        let mut options = self.call.words().filter(|word| word.starts_with('-'));
        let is_told = tool != "sed" || self.call.operands().next().is_some_and(is_substitution);
        is_told && options.all(is_mute)
    }
}

/// Returns whether a script of `sed` is one `s` that reads, writes and runs nothing.
fn is_substitution(script: &str) -> bool {
    let Some(rest) = script.strip_prefix('s') else {
        return false;
    };
    let parts: Vec<&str> = rest
        .chars()
        .next()
        .map_or_else(Vec::new, |mark| rest.split(mark).collect());
    let is_flag = |byte: u8| byte.is_ascii_digit() || b"gIip".contains(&byte);
    matches!(parts.as_slice(), ["", _, _, flags] if flags.bytes().all(is_flag))
}

impl Operand {
    /// Returns whether a path is one of these, or lies below one.
    pub(super) fn covers(&self, path: &str) -> bool {
        match self {
            Self::Path(own) => is_within(path, own),
            Self::Glob(glob) => {
                let mut components = path.split('/');
                glob.split('/')
                    .all(|pattern| components.next().is_some_and(|name| matches(pattern, name)))
            }
            Self::Unknown => false,
        }
    }

    /// Returns what is written there; nothing where nobody knows.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Path(text) | Self::Glob(text) => text,
            Self::Unknown => "",
        }
    }

    /// Returns whether it certainly has nothing to do with a path.
    pub(super) fn misses(&self, path: &str) -> bool {
        match self {
            Self::Path(own) => !is_within(path, own) && !is_within(own, path),
            Self::Glob(glob) => {
                let mut pairs = glob.split('/').zip(path.split('/'));
                pairs.any(|(pattern, name)| !matches(pattern, name))
            }
            Self::Unknown => false,
        }
    }
}

/// Returns whether a path is another one or lies below it.
pub(super) fn is_within(path: &str, ancestor: &str) -> bool {
    let both = ImagePath::new(path.as_bytes()).zip(ImagePath::new(ancestor.as_bytes()));
    both.is_some_and(|(path, ancestor)| path.is_within(ancestor))
}

/// Returns an absolute path, or a relative one against a directory, in normal form; `None` where the directory is
/// needed and not known.
pub(super) fn resolved(directory: Option<&str>, path: &str) -> Option<String> {
    let start = if path.starts_with('/') {
        ""
    } else {
        directory?
    };
    let mut components: Vec<&str> = Vec::new();
    for component in start.split('/').chain(path.split('/')) {
        match component {
            "" | "." => {}
            ".." => {
                components.pop();
            }
            name => components.push(name),
        }
    }
    Some(components.join("/"))
}

/// No file system of Linux has longer names.
const LONGEST_NAME: usize = 255;

/// Compares a name with `*` and `?`; neither stands for a dot at the beginning. Cost is the product of the lengths.
fn matches(pattern: &str, name: &str) -> bool {
    if name.len() > LONGEST_NAME || (name.starts_with('.') && !pattern.starts_with('.')) {
        return false;
    }
    let name: Vec<char> = name.chars().collect();
    // Which beginnings of the name the pattern matches so far.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for wanted in pattern.chars() {
        if wanted == '*' {
            let first = reached.iter().position(|&is| is).unwrap_or(reached.len());
            reached.iter_mut().skip(first).for_each(|is| *is = true);
        } else {
            for at in (0..name.len()).rev() {
                reached[at + 1] = reached[at] && (wanted == '?' || wanted == name[at]);
            }
            reached[0] = false;
        }
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operands(line: &str, directory: Option<&str>) -> Vec<Operand> {
        let script = Script::new(line);
        let calls = located(&script, directory.map(str::to_owned));
        calls.last().unwrap().operands().unwrap_or_default()
    }

    fn path(text: &str) -> Operand {
        Operand::Path(text.to_owned())
    }

    #[test]
    fn operands_are_resolved_where_the_directory_is_known() {
        for (line, expected) in [
            ("mv a ./b/../c", vec![path("app/a"), path("app/c")]),
            ("mv -f /x 'y z'", vec![path("x"), path("app/y z")]),
            ("cd /srv && rm a", vec![path("srv/a")]),
            ("cd sub && rm ../a", vec![path("app/a")]),
            ("cd $X && rm a /b", vec![Operand::Unknown, path("b")]),
            ("cd && rm a", vec![Operand::Unknown]),
            ("rm \"$X\" ~/a {b,c} >d", vec![Operand::Unknown; 4]),
            ("rm *.js", vec![Operand::Glob("app/*.js".to_owned())]),
            ("sudo rm a", vec![]),
        ] {
            assert_eq!(operands(line, Some("app")), expected, "{line}");
        }
        assert_eq!(operands("rm a", None), [Operand::Unknown]);
    }

    #[test]
    fn only_what_names_every_file_it_reads_ignores_the_others() {
        let ignores = |line: &str, path: &str| {
            let script = Script::new(line);
            let calls = located(&script, Some("app".to_owned()));
            calls.iter().all(|call| call.ignores(path))
        };
        for line in [
            "rm -rf /a b",
            "chmod --recursive 755 b && chmod -x b",
            "mv -f -- /b /c && cd /srv && set -eux",
            "sed -i -E 's/a/b/g' /etc/conf && sed -i s,a,b, /etc/conf",
            "touch -c b && ln -sf b c",
            "true && : x && mkdir -p b",
        ] {
            assert!(ignores(line, "tmp/part.txt"), "{line}");
        }
        for line in [
            "sed -i '/MARK/r /tmp/part.txt' /etc/conf",
            "sed --file=/tmp/part.txt -i /etc/conf",
            "sed -f/tmp/part.txt -i /etc/conf",
            "sed -i 's/a/b/w /tmp/part.txt' /etc/conf",
            "sed -i 's/a/b/;r /tmp/part.txt' /etc/conf",
            "sed -i -e s/a/b/ -e 'r /tmp/part.txt' /etc/conf",
            "cd /tmp && sed -i 's/a/cat part.txt/e' /etc/conf",
            "touch --reference=/tmp/part.txt /etc/conf",
            "touch -r/tmp/part.txt /etc/conf",
            "cd /tmp && touch -rpart.txt /etc/conf",
            "chmod --reference=/tmp/part.txt /etc/conf",
            "mv -t/tmp /etc/conf",
            "useradd -k/tmp u",
            "useradd -m u",
            ": > /tmp/part.txt",
            "true < /tmp/part.txt",
            "cd $X",
            "cat b",
        ] {
            assert!(!ignores(line, "tmp/part.txt"), "{line}");
        }
        assert!(!ignores("chown app /b", "etc/passwd") && !ignores("chgrp app /b", "etc"));
        assert!(ignores("chown app /b", "etc/conf") && ignores("chmod 7 /b", "etc/passwd"));
    }

    #[test]
    fn what_a_word_names_is_certain_or_unknown() {
        let glob = Operand::Glob("app/*-runner".to_owned());
        for (path, covers, misses) in [
            ("app/thing-runner", true, false),
            ("app/thing-runner/x", true, false),
            ("app", false, false),
            ("app/other", false, true),
            ("app/.x-runner", false, true),
        ] {
            assert_eq!(
                (glob.covers(path), glob.misses(path)),
                (covers, misses),
                "{path}"
            );
        }
        assert!(!Operand::Unknown.covers("a") && !Operand::Unknown.misses("a"));
        for (pattern, name, expected) in [
            ("a*b?", "axxbc", true),
            ("a*b?", "ab", false),
            ("*", "", true),
            ("?", "é", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
