//! Short forms of long `RUN` lines.

use super::analysed;

/// Tools worth naming in a title, with the options of theirs that take the next word.
const TOOLS: [(&str, &str); 23] = [
    ("apt-get", "-t -o -c --target-release --option"),
    ("apt", "-t -o -c --target-release --option"),
    ("apk", "-t --virtual -X --repository -p --root"),
    (
        "yum",
        "-c --setopt --enablerepo --disablerepo --installroot",
    ),
    (
        "dnf",
        "-c --setopt --enablerepo --disablerepo --installroot",
    ),
    (
        "microdnf",
        "-c --setopt --enablerepo --disablerepo --installroot",
    ),
    ("zypper", "-R --root"),
    ("pip", "-i --index-url --extra-index-url -t --target -c -f"),
    ("pip3", "-i --index-url --extra-index-url -t --target -c -f"),
    ("npm", "--prefix -w --workspace"),
    ("yarn", "--cwd"),
    ("pnpm", "-C --filter"),
    ("go", "-o -ldflags -tags -C"),
    ("cargo", "--target --features --manifest-path -p"),
    ("mvn", "-f -s -pl"),
    ("gradle", "-p -b"),
    ("curl", "-o --output -H --header -d -X -u --retry -A"),
    ("wget", "-O -P --output-document --header"),
    (
        "useradd",
        "-u -g -G -d -s -c --uid --gid --groups --home-dir --home --shell",
    ),
    (
        "adduser",
        "-u -G -h -s -g --uid --gid --home --shell --ingroup --gecos",
    ),
    ("make", "-C -f -j"),
    ("gem", "-v"),
    ("bundle", "--jobs --path"),
];

/// Sub-commands that bring something; others only prepare or clean.
const BRINGING: &str = "add build ci compile dist-upgrade download get groupinstall i in install localinstall package \
    run sync update-all upgrade";

/// Tools whose first operand is not a sub-command.
const WITHOUT_SUBCOMMAND: [&str; 5] = ["curl", "wget", "useradd", "adduser", "make"];

/// Returns the title of a shell command: its first well-known tool that brings something.
pub(super) fn of_command(command: &str) -> Option<String> {
    let calls: Vec<Call<'_>> = simple_commands(analysed(command))
        .iter()
        .filter_map(|words| Call::of(words))
        .collect();
    calls
        .iter()
        .find(|call| call.brings())
        .or(calls.first())
        .map(Call::title)
}

/// A call of a well-known tool.
struct Call<'a> {
    tool: &'a str,
    operands: Vec<&'a str>,
}

impl<'a> Call<'a> {
    fn of(words: &[&'a str]) -> Option<Self> {
        let start = words.iter().position(|word| !is_preamble(word))?;
        let (_, words) = words.split_at(start);
        let name = words.first()?.rsplit('/').next()?;
        let &(tool, options) = TOOLS.iter().find(|(tool, _)| *tool == name)?;
        let mut operands = Vec::new();
        let mut rest = words.iter().skip(1);
        while let Some(&word) = rest.next() {
            if has_word(options, word) {
                rest.next();
            } else if !word.starts_with('-') && !word.starts_with(['>', '<']) {
                operands.push(word);
            }
        }
        Some(Self { tool, operands })
    }

    fn brings(&self) -> bool {
        WITHOUT_SUBCOMMAND.contains(&self.tool)
            || matches!(self.tool, "mvn" | "gradle")
            || self
                .operands
                .first()
                .is_some_and(|command| has_word(BRINGING, command))
            // Plain `yarn` installs.
            || (self.tool == "yarn" && self.operands.is_empty())
    }

    fn title(&self) -> String {
        let shown = 1 + usize::from(!WITHOUT_SUBCOMMAND.contains(&self.tool));
        let mut title = format!("RUN {}", self.tool);
        for operand in self.operands.iter().take(shown) {
            title.push(' ');
            title.push_str(operand);
        }
        match self.operands.len().saturating_sub(shown) {
            0 => title,
            rest => format!("{title} +{rest}"),
        }
    }
}

/// Returns whether a list of words has this one.
fn has_word(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known == word)
}

/// Words that may stand before a command without being one.
fn is_preamble(word: &str) -> bool {
    let is_assignment = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    is_assignment
        || matches!(
            word,
            "sudo" | "exec" | "env" | "time" | "then" | "do" | "else" | "if" | "!" | "{" | "("
        )
}

/// Splits a command line at `&&`, `||`, `;`, `|`, `&` and line breaks outside quotes, and into words.
fn simple_commands(text: &str) -> Vec<Vec<&str>> {
    let mut commands = Vec::new();
    let mut words = Vec::new();
    let mut start = 0;
    let mut quote = None;
    let mut is_escaped = false;
    for (position, character) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
            continue;
        }
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None | Some('"'), '\\') => is_escaped = true,
            (None, ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')') => {
                words.extend(text.get(start..position).filter(|word| !word.is_empty()));
                start = position + 1;
                if !matches!(character, ' ' | '\t') {
                    commands.push(std::mem::take(&mut words));
                }
            }
            _ => {}
        }
    }
    words.extend(text.get(start..).filter(|word| !word.is_empty()));
    commands.push(words);
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_counted() {
        for (command, expected) in [
            (
                "set -eux; apt-get update; apt-get install -y --no-install-recommends curl git wget ; rm -rf /var/lib/apt/lists/*",
                Some("RUN apt-get install curl +2"),
            ),
            (
                "apk add --no-cache ca-certificates curl openssl",
                Some("RUN apk add ca-certificates +2"),
            ),
            (
                "apk add --no-cache --virtual .build-deps gcc",
                Some("RUN apk add gcc"),
            ),
            ("apt-get update", Some("RUN apt-get update")),
            (
                "cd /src && CGO_ENABLED=0 go build -o /bin/x ./cmd/x",
                Some("RUN go build ./cmd/x"),
            ),
            (
                "pip3 install --no-index --find-links=./ /wheels/*.whl",
                Some("RUN pip3 install /wheels/*.whl"),
            ),
            ("npm ci", Some("RUN npm ci")),
            (
                "curl -fSL \"https://x.org/a;b\" -o x && tar x",
                Some("RUN curl \"https://x.org/a;b\""),
            ),
            (
                "adduser -u 2000 -g 2000 -D vcap && mkdir -p /home",
                Some("RUN adduser vcap"),
            ),
            ("echo 'apt-get install x'", None),
            ("mv a b", None),
            ("", None),
        ] {
            assert_eq!(of_command(command).as_deref(), expected, "{command}");
        }
    }
}
