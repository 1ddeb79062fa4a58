//! A shell command taken apart as far as a rewrite needs it: simple commands, their words, and what joins them.
//!
//! This is no shell. What it does not understand for certain is not [`Script::extended`] nor [`Script::joined`],
//! and nothing is rewritten.

use std::ops::Range;

/// Commands longer than this are not taken apart.
const LONGEST: usize = 16 * 1024;

/// Rows of more words are not compared with paths, nor are longer globs.
const MOST_WORDS: usize = 128;
const LONGEST_GLOB: usize = 32;

/// A command line of a `RUN` in shell form.
#[derive(Debug, Clone)]
pub(super) struct Script<'a> {
    text: &'a str,
    calls: Vec<Call<'a>>,
    reach: Reach,
    joints: Joints,
    has_jobs: bool,
}

/// What stands between the commands of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Joints {
    /// `&&` alone: a failure ends the row.
    #[default]
    And,
    /// `;` too.
    Sequence,
}

/// A word as far as it is certain what a shell makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// Itself.
    Is(&'a str),
    /// The paths that match; `*` and `?` alone.
    Glob(&'a str),
    /// Variables, substitutions, redirections, other quotes.
    Unknown,
}

/// What may be done to a script with certainty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// Nothing: quotes that do not end, comments, here-documents, several lines.
    Read,
    /// A command may be added at its end.
    Extend,
    /// It is a row of simple commands of which each may be taken out.
    TakeApart,
}

/// One simple command.
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    text: &'a str,
    words: Vec<Range<usize>>,
}

/// Words that make a command more than a row of simple ones.
const COMPOUND: [&str; 16] = [
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "{",
    "}", "!", "function",
];

/// Words before a command that are not the command.
const PREAMBLE: [&str; 6] = ["sudo", "env", "exec", "time", "command", "nice"];

/// Words after which a command put behind a script may not be reached.
const ENDS: [&str; 4] = ["exit", "exec", "return", "trap"];

/// Commands that change what a command behind them means.
const SETTERS: [&str; 24] = [
    "cd", "pushd", "popd", "export", "unset", "umask", "alias", "unalias", "source", ".", "eval",
    "readonly", "shopt", "local", "ulimit", "su", "read", "declare", "typeset", "let", "getopts",
    "hash", "enable", "builtin",
];

/// Words of commands that leave a program behind which still runs.
const STARTERS: [&str; 7] = [
    "start",
    "restart",
    "nohup",
    "setsid",
    "start-stop-daemon",
    "mysqld_safe",
    "supervisord",
];

impl<'a> Script<'a> {
    /// Takes a command line apart. Cost is linear in it.
    pub(super) fn new(text: &'a str) -> Self {
        let text = text.trim();
        let mut reader = ShellLexer::default();
        if text.len() <= LONGEST {
            text.char_indices()
                .for_each(|(at, character)| reader.take(text, at, character));
        }
        reader.finish(text)
    }

    /// Returns the whole line, without a `;` at its end.
    pub(super) const fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the simple commands in order.
    pub(super) fn calls(&self) -> &[Call<'a>] {
        &self.calls
    }

    /// Returns the only simple command, if there is but one.
    pub(super) fn only_call(&self) -> Option<&Call<'a>> {
        match self.calls.as_slice() {
            [call] if self.reach == Reach::TakeApart => Some(call),
            _ => None,
        }
    }

    /// Returns the first call of one of these tools.
    pub(super) fn call(&self, tools: &[&str]) -> Option<&Call<'a>> {
        self.calls
            .iter()
            .find(|call| call.tool().is_some_and(|tool| tools.contains(&tool)))
    }

    /// Returns whether it is a row of simple commands that ends with the first failure.
    pub(super) fn is_chain(&self) -> bool {
        let words: usize = self.calls.iter().map(|call| call.words.len()).sum();
        self.reach == Reach::TakeApart
            && words <= MOST_WORDS
            && (self.joints == Joints::And
                || self.calls.first().is_some_and(Call::ends_at_failures))
    }

    /// Returns the line with a further command behind it, which must mean the same everywhere; `None` where it
    /// might not be reached.
    pub(super) fn extended(&self, command: &str) -> Option<String> {
        let ends = self.calls.iter().any(|call| call.has_raw(&ENDS));
        (self.reach >= Reach::Extend && !ends).then(|| format!("{} && {command}", self.text))
    }

    /// Returns one line that does this and then the other; `None` where one may change what the other means, or
    /// hide its failure.
    pub(super) fn joined(&self, next: &Script<'_>) -> Option<String> {
        let is_compound =
            self.text.contains("()") || self.calls.iter().any(|call| call.has_raw(&COMPOUND));
        // What a variable is, and what becomes of the build where it is none, may be set.
        let is_literal = !next.text.contains(['$', '`'])
            || (!self.text.contains('=') && self.call(&["set", "printf"]).is_none());
        let is_neutral = is_literal && !is_compound && !self.calls.iter().any(Call::sets_something);
        let is_chain = next.reach == Reach::TakeApart && next.joints == Joints::And;
        (is_neutral && is_chain)
            .then(|| self.extended(next.text))
            .flatten()
    }

    /// Returns whether something that it starts may still run behind it.
    pub(super) fn leaves_running(&self) -> bool {
        self.has_jobs
            || self.text.contains("--daemon")
            || self.calls.iter().any(|call| call.has_raw(&STARTERS))
    }

    /// Returns the line without the simple commands that `is_out` picks; `None` where that may change what the
    /// rest means, or where nothing is left.
    pub(super) fn without(&self, is_out: impl Fn(&Call<'a>) -> bool) -> Option<String> {
        if self.reach != Reach::TakeApart || self.joints != Joints::And {
            return None;
        }
        let mut line = String::new();
        let mut end_before = 0;
        for call in &self.calls {
            let place = call.place();
            if !is_out(call) {
                let joint = self.text.get(end_before..place.start);
                if !line.is_empty() {
                    line.push_str(joint.unwrap_or_default());
                }
                line.push_str(call.text());
            }
            end_before = place.end;
        }
        (!line.is_empty()).then_some(line)
    }

    /// Returns the line with an option behind the words of a call up to `word`.
    pub(super) fn with_option(&self, tools: &[&str], word: &str, option: &str) -> Option<String> {
        let call = self
            .calls
            .iter()
            .find(|call| call.tool().is_some_and(|tool| tools.contains(&tool)) && call.has(word))?;
        let end = call
            .words
            .iter()
            .find(|range| self.text.get((*range).clone()) == Some(word))?
            .end;
        let (before, after) = self.text.split_at_checked(end)?;
        (self.reach >= Reach::Extend).then(|| format!("{before} {option}{after}"))
    }
}

impl<'a> Call<'a> {
    /// Returns the words, quotes around a whole word taken off.
    pub(super) fn words(&self) -> impl Iterator<Item = &'a str> + Clone + '_ {
        let all = self
            .words
            .iter()
            .filter_map(|range| self.text.get(range.clone()));
        all.map(unquoted).skip_while(|word| is_preamble(word))
    }

    /// Returns the name of the program, without its directory.
    pub(super) fn tool(&self) -> Option<&'a str> {
        self.words().next()?.rsplit('/').next()
    }

    /// Returns the words behind the program that are no options.
    pub(super) fn operands(&self) -> impl Iterator<Item = &'a str> + Clone + '_ {
        self.words().skip(1).filter(|word| !word.starts_with('-'))
    }

    /// Returns whether one of its words is this.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words().any(|one| one == word)
    }

    /// Returns the words behind the program, as far as they are certain; `None` where something stands before the
    /// program.
    pub(super) fn exact(&self) -> Option<impl Iterator<Item = Word<'a>> + Clone + '_> {
        let mut words = self
            .words
            .iter()
            .filter_map(|range| self.text.get(range.clone()));
        let first = words.next()?;
        let is_plain = !is_preamble(first) && matches!(Word::of(first), Word::Is(_));
        is_plain.then(|| words.map(Word::of))
    }

    /// Returns whether it calls a tool by its name alone, and finds it where others would.
    pub(super) fn is_plain(&self, tool: &str) -> bool {
        self.words().next() == Some(tool) && !self.text().contains("PATH=")
    }

    fn has_raw(&self, any: &[&str]) -> bool {
        let mut words = self.words.iter();
        words.any(|range| {
            self.text
                .get(range.clone())
                .is_some_and(|word| any.contains(&word))
        })
    }

    /// Returns whether it runs as somebody else.
    pub(super) fn is_raised(&self) -> bool {
        self.has_raw(&[
            "sudo", "doas", "gosu", "su-exec", "su", "runuser", "setpriv", "chpst",
        ])
    }

    /// Returns whether it may remove something and fail where there is nothing, as some versions of pip do.
    pub(super) fn removes_loudly(&self) -> bool {
        let is_short = |word: &str| word.starts_with('-') && !word.starts_with("--");
        let mut words = self.words().skip(1);
        let is_quiet =
            words.any(|word| word == "--force" || (is_short(word) && word.contains('f')));
        let removes = self.has_raw(&["rm", "rmdir", "unlink", "shred"]);
        let is_pip = matches!(self.tool(), Some("pip" | "pip3"));
        (removes && !is_quiet) || (is_pip && self.has("cache"))
    }

    /// Returns whether a command behind it may mean something else. `set` with these options matters to pipes and
    /// variables alone.
    fn sets_something(&self) -> bool {
        let is_harmless = |word: &str| {
            let letters = word.strip_prefix('-').unwrap_or("?");
            letters.bytes().all(|letter| b"euxo".contains(&letter)) || word == "pipefail"
        };
        match self.tool() {
            Some("set") => !self.words().skip(1).all(is_harmless),
            tool => tool.is_none_or(|tool| SETTERS.contains(&tool)),
        }
    }

    fn ends_at_failures(&self) -> bool {
        let is_e = |word: &str| word.starts_with('-') && word.contains('e');
        self.tool() == Some("set") && self.words().skip(1).any(is_e)
    }

    /// Returns its text.
    pub(super) fn text(&self) -> &'a str {
        self.text.get(self.place()).unwrap_or_default()
    }

    fn place(&self) -> Range<usize> {
        let start = self.words.first().map_or(0, |range| range.start);
        start..self.words.last().map_or(start, |range| range.end)
    }
}

impl<'a> Word<'a> {
    fn of(raw: &'a str) -> Self {
        let is_bare =
            |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@:=,%".contains(&byte) || byte > 0x7F;
        let is_glob = |byte: u8| is_bare(byte) || b"*?".contains(&byte);
        let inner = |quote| {
            raw.strip_prefix(quote)
                .and_then(|rest| rest.strip_suffix(quote))
        };
        if let Some(inner) = inner('\'').filter(|inner| !inner.contains('\'')) {
            Self::Is(inner)
        } else if let Some(inner) =
            inner('"').filter(|inner| !inner.contains(['"', '$', '`', '\\']))
        {
            Self::Is(inner)
        } else if raw.bytes().all(is_bare) {
            Self::Is(raw)
        } else if raw.len() <= LONGEST_GLOB && raw.bytes().all(is_glob) {
            Self::Glob(raw)
        } else {
            Self::Unknown
        }
    }
}

fn unquoted(word: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| word.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(word)
}

fn is_preamble(word: &str) -> bool {
    let is_assignment = word.split_once('=').is_some_and(|(name, _)| {
        let mut bytes = name.bytes();
        bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    is_assignment || PREAMBLE.contains(&word)
}

/// Reads a line character by character.
#[derive(Debug, Default)]
struct ShellLexer {
    commands: Vec<Vec<Range<usize>>>,
    words: Vec<Range<usize>>,
    start: Option<usize>,
    quote: Option<char>,
    escape: Escape,
    /// Whether something was met that is more than simple commands joined by `&&` or `;`.
    flaw: Flaw,
    joints: Joints,
    has_jobs: bool,
    /// Whether a `;` was met: a joint, if a command follows.
    is_sequence: bool,
    last: Option<char>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    No,
    /// The next character is no more than itself.
    Next,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Flaw {
    #[default]
    None,
    /// Pipes, subshells, alternatives.
    Structure,
    /// What may swallow a command put behind it.
    Open,
}

impl ShellLexer {
    fn take(&mut self, text: &str, at: usize, character: char) {
        let last = self.last.replace(character);
        if self.escape == Escape::Next {
            self.escape = Escape::No;
            return;
        }
        match (self.quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') => self.quote = None,
            (None | Some('"'), '\\') => {
                self.start.get_or_insert(at);
                self.escape = Escape::Next;
            }
            (Some(_), '`') => self.note(Flaw::Structure),
            (Some('"'), '(') if last == Some('$') => self.note(Flaw::Structure),
            (Some(_), _) => {}
            (None, '"' | '\'') => {
                self.start.get_or_insert(at);
                self.quote = Some(character);
            }
            (None, ' ' | '\t') => self.end_word(at),
            (None, '\n' | '\r' | '\x0B' | '\x0C') => {
                self.note(Flaw::Open);
                self.end_command(at);
            }
            (None, ';') => {
                if last == Some(';') {
                    self.note(Flaw::Structure);
                }
                self.end_command(at);
                self.is_sequence = true;
            }
            (None, '&') => self.ampersand(text, at, last),
            (None, '|' | '(' | ')' | '`') => {
                self.note(Flaw::Structure);
                self.end_command(at);
            }
            (None, '<') if last == Some('<') => self.note(Flaw::Open),
            (None, '#') if self.start.is_none() => self.note(Flaw::Open),
            (None, _) => {
                self.start.get_or_insert(at);
            }
        }
    }

    /// `&&` joins, `>&` redirects, and a single one sends into the background.
    fn ampersand(&mut self, text: &str, at: usize, last: Option<char>) {
        let next = text.get(at + 1..).and_then(|rest| rest.chars().next());
        if last == Some('>') || last == Some('<') || next == Some('>') {
            self.start.get_or_insert(at);
            return;
        }
        if last != Some('&') && next != Some('&') {
            self.note(Flaw::Open);
            self.has_jobs = true;
        }
        self.end_command(at);
    }

    fn note(&mut self, flaw: Flaw) {
        self.flaw = self.flaw.max(flaw);
    }

    fn end_word(&mut self, at: usize) {
        if let Some(start) = self.start.take() {
            self.words.push(start..at);
        }
    }

    fn end_command(&mut self, at: usize) {
        self.end_word(at);
        if !self.words.is_empty() {
            if self.is_sequence {
                self.joints = Joints::Sequence;
            }
            self.commands.push(std::mem::take(&mut self.words));
        }
    }

    fn finish(mut self, text: &str) -> Script<'_> {
        let is_ended = self.start.is_none();
        let cut = text.strip_suffix(';').filter(|_| is_ended);
        let text = cut.map_or(text, str::trim_end);
        self.end_command(text.len());
        let is_cut_off = text.len() > LONGEST
            || text.ends_with(['\\', '|', '&'])
            || (is_ended && text.ends_with(';'));
        if is_cut_off || self.quote.is_some() || self.escape == Escape::Next {
            self.note(Flaw::Open);
        }
        let calls: Vec<Call<'_>> = self
            .commands
            .into_iter()
            .map(|words| Call { text, words })
            .collect();
        let is_compound = |call: &Call<'_>| {
            call.words()
                .next()
                .is_some_and(|word| COMPOUND.contains(&word))
        };
        let reach = match self.flaw {
            Flaw::Open => Reach::Read,
            _ if calls.is_empty() => Reach::Read,
            Flaw::None if !calls.iter().any(is_compound) => Reach::TakeApart,
            Flaw::None | Flaw::Structure => Reach::Extend,
        };
        Script {
            text,
            calls,
            reach,
            joints: self.joints,
            has_jobs: self.has_jobs || text.len() > LONGEST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(text: &str) -> Vec<String> {
        let script = Script::new(text);
        let calls = script.calls().iter();
        calls
            .filter_map(|call| call.tool().map(str::to_owned))
            .collect()
    }

    #[test]
    fn a_line_falls_into_its_commands() {
        assert_eq!(
            tools(
                "set -eux; DEBIAN_FRONTEND=noninteractive apt-get update && /usr/bin/apt-get install -y 'a;b'"
            ),
            ["set", "apt-get", "apt-get"]
        );
        assert_eq!(
            tools("curl -s x | tar xz; echo \"a && rm b\""),
            ["curl", "tar", "echo"]
        );
        assert_eq!(tools("make 2>&1 && sudo rm x"), ["make", "rm"]);
        assert_eq!(tools(""), [""; 0]);
    }

    #[test]
    fn only_what_is_understood_is_extended() {
        for (text, expected) in [
            ("a && b", Some("a && b && c")),
            ("a || b", Some("a || b && c")),
            ("if a; then b; fi", Some("if a; then b; fi && c")),
            ("a # comment", None),
            ("a 'open", None),
            ("a &", None),
            ("a\nb", None),
            ("cat <<EOF > x", None),
            ("a \\", None),
            ("set -eux; a; b;", Some("set -eux; a; b && c")),
            ("if a; then b; fi ;", Some("if a; then b; fi && c")),
            ("find -exec a {} \\;", Some("find -exec a {} \\; && c")),
            ("a ';'", Some("a ';' && c")),
            ("a;;", None),
            ("a ; ;", None),
            ("", None),
        ] {
            assert_eq!(
                Script::new(text).extended("c").as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn two_lines_are_joined_where_the_second_means_the_same() {
        for (first, second, expected) in [
            ("set -eux; a", "rm x", true),
            ("a;", "rm x", true),
            ("a b=c", "rm x", true),
            // What is not set ends it now, or is set by now.
            ("set -eux; a", "echo $X && rm x", false),
            ("set -o nounset; a", "rm x", false),
            (": ${X:=a}; a", "rm $X", false),
            ("printf -v X a", "rm $X", false),
            ("read X < y", "rm $X", false),
            ("a | read PATH", "rm x", false),
            ("rm() (a)", "rm x", false),
            ("a", "rm \"$(b; c)\"", false),
            ("a &", "rm x", false),
            ("a", "rm x;", true),
            ("a", "rm x; b", false),
        ] {
            let joined = Script::new(first).joined(&Script::new(second));
            assert_eq!(
                joined.is_some(),
                expected,
                "{first} and {second}: {joined:?}"
            );
        }
    }

    #[test]
    fn what_goes_on_behind_a_line_is_seen() {
        for (text, expected) in [
            ("daemon & make", true),
            ("a && (b &)", true),
            ("service x start && make", true),
            ("redis-server --daemonize yes", true),
            ("make 2>&1 && curl 'u?a&b' &> c", false),
            ("systemctl enable x", false),
        ] {
            assert_eq!(Script::new(text).leaves_running(), expected, "{text}");
        }
    }

    #[test]
    fn a_command_is_taken_out_of_a_plain_row_only() {
        let is_rm = |call: &Call<'_>| call.tool() == Some("rm");
        for (text, expected) in [
            ("tar xf /a && rm /a", Some("tar xf /a")),
            ("tar xf /a && rm /a && ls", Some("tar xf /a && ls")),
            ("tar xf /a; rm /a; ls", None),
            ("rm /a", None),
            ("tar xf /a || rm /a", None),
            ("if x; then rm /a; fi", None),
            ("(tar xf /a; rm /a)", None),
        ] {
            assert_eq!(
                Script::new(text).without(is_rm).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn an_option_goes_behind_the_subcommand() {
        let script = Script::new("apk update && apk add curl 'add'");
        assert_eq!(
            script.with_option(&["apk"], "add", "--no-cache").as_deref(),
            Some("apk update && apk add --no-cache curl 'add'")
        );
        assert_eq!(script.with_option(&["apk"], "del", "--no-cache"), None);
        assert_eq!(script.with_option(&["pip"], "add", "--x"), None);
    }
}
