//! The image configuration, read leniently.
//!
//! OCI image-spec, config.md, and what Docker adds to it (health check, shell, triggers). A field that is
//! missing, null or of another type is empty; what was there but unusable is named in
//! [`ConfigDocument::problems`].

use std::str::FromStr as _;

use super::json::Json;
use super::{Digest, HistoryEntry, Platform};

const REFUSED: &str = "engines refuse the image";

/// What a container of this image starts with. Unknown or unusable parts are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageConfig {
    /// RFC 3339 time as recorded.
    pub created: Option<String>,
    /// User and group a process starts as.
    pub user: String,
    /// `NAME=value`, in order.
    pub env: Vec<String>,
    /// Entry point.
    pub entrypoint: Vec<String>,
    /// Command, or arguments of the entry point.
    pub cmd: Vec<String>,
    /// Working directory.
    pub working_dir: String,
    /// Labels, sorted by key.
    pub labels: Vec<(String, String)>,
    /// Ports such as `80/tcp`, sorted.
    pub exposed_ports: Vec<String>,
    /// Volumes, sorted.
    pub volumes: Vec<String>,
    /// The shell of shell-form instructions, where a `SHELL` instruction set one.
    pub shell: Vec<String>,
    /// Signal that stops a container.
    pub stop_signal: Option<String>,
    /// Health check command, as recorded (`["CMD-SHELL", "…"]`).
    pub healthcheck: Vec<String>,
    /// `ONBUILD` triggers.
    pub on_build: Vec<String>,
}

/// A configuration document: the part for containers, and the part that describes the layers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigDocument {
    /// What a container starts with.
    pub config: ImageConfig,
    /// What the image runs on.
    pub platform: Platform,
    /// Digests of the uncompressed layers, bottom first; `None` for one that is no digest.
    pub diff_ids: Vec<Option<Digest>>,
    /// Oldest first, not yet paired with layers.
    pub history: Vec<HistoryEntry>,
    /// What could not be used: one escaped line each, about "it", the configuration.
    pub problems: Vec<String>,
}

impl ConfigDocument {
    /// Reads an image configuration; never fails, says in `problems` what it could not use.
    pub fn read(document: &Json) -> Self {
        let mut problems = Vec::new();
        if !document.is_object() {
            problems.push("it is not an object".to_owned());
        }
        let platform = read_platform(document);
        if document.is_object() && (platform.os.is_empty() || platform.architecture.is_empty()) {
            problems.push("it does not name operating system and architecture".to_owned());
        }
        Self {
            config: read_config(document, &mut problems),
            platform,
            diff_ids: read_diff_ids(document.get("rootfs").get("diff_ids"), &mut problems),
            history: read_history(document.get("history"), &mut problems),
            problems,
        }
    }
}

/// Reads `os`, `architecture`, `variant` and `os.version`, the spelling shared by configurations and descriptors.
pub fn read_platform(document: &Json) -> Platform {
    Platform {
        os: document.get("os").text().unwrap_or_default().into(),
        architecture: document
            .get("architecture")
            .text()
            .unwrap_or_default()
            .into(),
        variant: document.get("variant").to_text(),
        os_version: document
            .get("os.version")
            .to_text()
            .filter(|version| !version.is_empty()),
    }
}

fn read_config(document: &Json, problems: &mut Vec<String>) -> ImageConfig {
    let config = document.get("config");
    if !config.is_null() && !config.is_object() {
        problems.push("its \"config\" is not an object".to_owned());
    }
    ImageConfig {
        created: read_time(document, problems),
        user: read_text(config, "User", problems).unwrap_or_default(),
        env: read_texts(config, "Env", problems),
        entrypoint: read_texts(config, "Entrypoint", problems),
        cmd: read_texts(config, "Cmd", problems),
        working_dir: read_text(config, "WorkingDir", problems).unwrap_or_default(),
        labels: read_labels(config.get("Labels"), problems),
        exposed_ports: read_keys(config, "ExposedPorts", problems),
        volumes: read_keys(config, "Volumes", problems),
        shell: read_texts(config, "Shell", problems),
        stop_signal: read_text(config, "StopSignal", problems),
        healthcheck: read_texts(config.get("Healthcheck"), "Test", problems),
        on_build: read_texts(config, "OnBuild", problems),
    }
}

fn read_text(object: &Json, key: &str, problems: &mut Vec<String>) -> Option<String> {
    let value = object.get(key);
    if !is_text(value) {
        problems.push(format!("its \"{key}\" is not a text: {REFUSED}"));
    }
    value.to_text()
}

fn read_time(document: &Json, problems: &mut Vec<String>) -> Option<String> {
    let value = document.get("created");
    if !is_time(value) {
        problems.push(format!("its \"created\" is no time (RFC 3339): {REFUSED}"));
    }
    value.to_text()
}

/// Whether Go's decoder, which engines use, takes a value for a text; null and nothing are an empty one.
const fn is_text(value: &Json) -> bool {
    matches!(value, Json::Null | Json::Text(_))
}

/// Whether Go's decoder takes a value for a time.
fn is_time(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Text(text) => jiff::Timestamp::from_str(text).is_ok(),
        _ => false,
    }
}

/// Reads an array of text, or a lone text: some engines accept one for commands.
fn read_texts(object: &Json, key: &str, problems: &mut Vec<String>) -> Vec<String> {
    let value = object.get(key);
    let texts = value.texts();
    let complete = match value {
        Json::Null => true,
        Json::Text(_) => {
            problems.push(format!("its \"{key}\" is a text, not a list: {REFUSED}"));
            return texts.into_iter().filter(|text| !text.is_empty()).collect();
        }
        Json::List(elements) => elements.len() == texts.len(),
        _ => false,
    };
    if !complete {
        problems.push(format!("its \"{key}\" is not a list of text"));
    }
    texts
}

/// Reads a set written as an object with empty values, or as an array.
fn read_keys(object: &Json, key: &str, problems: &mut Vec<String>) -> Vec<String> {
    let value = object.get(key);
    let mut keys: Vec<String> = match value {
        Json::Null => Vec::new(),
        Json::Object(members) => members.iter().map(|(name, _)| name.clone()).collect(),
        _ => {
            problems.push(format!("its \"{key}\" is not an object: {REFUSED}"));
            value.texts()
        }
    };
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn read_labels(labels: &Json, problems: &mut Vec<String>) -> Vec<(String, String)> {
    let mut odd = 0_usize;
    let mut read: Vec<(String, String)> = labels
        .members()
        .iter()
        .rev()
        .map(|(key, value)| {
            let text = match value {
                Json::Text(text) => return (key.clone(), text.clone()),
                Json::Number(number) => number.to_string(),
                Json::Bool(value) => value.to_string(),
                Json::Null | Json::List(_) | Json::Object(_) => String::new(),
            };
            odd += 1;
            (key.clone(), text)
        })
        .collect();
    if odd > 0 {
        problems.push(format!("{odd} of its labels are not text"));
    }
    if !labels.is_null() && !labels.is_object() {
        problems.push("its \"Labels\" is not an object".to_owned());
    }
    // Reversed above and sorted stably, so that the last of equal keys is the one kept.
    read.sort_by(|one, other| one.0.cmp(&other.0));
    read.dedup_by(|later, kept| later.0 == kept.0);
    read
}

fn read_diff_ids(list: &Json, problems: &mut Vec<String>) -> Vec<Option<Digest>> {
    let read: Vec<_> = list
        .list()
        .iter()
        .map(|element| element.text().and_then(Digest::parse))
        .collect();
    let odd = read.iter().filter(|digest| digest.is_none()).count();
    if odd > 0 {
        problems.push(format!("{odd} of its diff IDs are not digests"));
    }
    read
}

fn read_history(list: &Json, problems: &mut Vec<String>) -> Vec<HistoryEntry> {
    if !list.is_null() && !matches!(list, Json::List(_)) {
        problems.push("its history is not a list".to_owned());
    }
    let odd = list
        .list()
        .iter()
        .filter(|entry| !is_history(entry))
        .count();
    if odd > 0 {
        problems.push(format!(
            "{odd} of its history entries have a value of a wrong type: {REFUSED}"
        ));
    }
    list.list().iter().map(HistoryEntry::read).collect()
}

fn is_history(entry: &Json) -> bool {
    let mut texts = ["created_by", "author", "comment"].into_iter();
    (entry.is_null() || entry.is_object())
        && texts.all(|key| is_text(entry.get(key)))
        && is_time(entry.get("created"))
        && matches!(entry.get("empty_layer"), Json::Null | Json::Bool(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> ConfigDocument {
        ConfigDocument::read(&Json::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn a_whole_configuration_is_read() {
        let document = read(
            r#"{"created":"2026-01-02T03:04:05Z","architecture":"arm64","variant":"v8","os":"linux",
            "config":{"User":"1000:100","Env":["A=b"],"Entrypoint":["/e"],"Cmd":["c"],"WorkingDir":"/w",
            "Labels":{"z":"1","a":"2"},"ExposedPorts":{"80/tcp":{},"53/udp":{}},"Volumes":{"/v":{}},
            "Shell":["/bin/bash","-c"],"StopSignal":"SIGINT","Healthcheck":{"Test":["CMD","true"]},
            "OnBuild":["RUN x"]},
            "rootfs":{"type":"layers","diff_ids":["sha256:AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]},
            "history":[{"created_by":"ADD x","empty_layer":false},{"created_by":"CMD","empty_layer":true}]}"#,
        );
        assert_eq!(document.problems, [""; 0]);
        assert_eq!(document.platform.to_string(), "linux/arm64/v8");
        let config = &document.config;
        assert_eq!(config.user, "1000:100");
        assert_eq!(
            config.labels,
            [("a".into(), "2".into()), ("z".into(), "1".into())]
        );
        assert_eq!(config.exposed_ports, ["53/udp", "80/tcp"]);
        assert_eq!(config.healthcheck, ["CMD", "true"]);
        assert_eq!(config.shell, ["/bin/bash", "-c"]);
        assert!(document.diff_ids[0].is_some());
        assert!(document.history[1].empty_layer && !document.history[0].empty_layer);
    }

    #[test]
    fn nothing_in_a_configuration_fails_the_rest_of_it() {
        for (text, problem) in [
            ("[]", "not an object"),
            ("7", "not an object"),
            (r#"{"os":"linux"}"#, "architecture"),
            (r#"{"architecture":null,"os":3}"#, "architecture"),
            (r#"{"config":[]}"#, "\"config\" is not an object"),
            (
                r#"{"config":{"Env":["A=b",null,3]}}"#,
                "\"Env\" is not a list of text",
            ),
            (r#"{"config":{"Cmd":{"a":1}}}"#, "\"Cmd\""),
            (
                r#"{"config":{"Cmd":"/bin/sh"}}"#,
                "\"Cmd\" is a text, not a list",
            ),
            (
                r#"{"config":{"Labels":{"a":null,"b":2}}}"#,
                "2 of its labels",
            ),
            (r#"{"config":{"Labels":"x"}}"#, "\"Labels\""),
            (
                r#"{"rootfs":{"diff_ids":["sha256:12",null]}}"#,
                "2 of its diff IDs",
            ),
            (r#"{"history":{"a":1}}"#, "history"),
            (
                r#"{"history":[{"created_by":["RUN"]},{"created":""},{"empty_layer":"true"},7,{}]}"#,
                "4 of its history entries",
            ),
            (r#"{"created":""}"#, "\"created\" is no time"),
            (r#"{"created":1700000000}"#, "\"created\" is no time"),
            (r#"{"created":"2024-01-01"}"#, "\"created\" is no time"),
            (r#"{"config":{"User":1000}}"#, "\"User\" is not a text"),
            (
                r#"{"config":{"WorkingDir":["/"]}}"#,
                "\"WorkingDir\" is not a text",
            ),
            (
                r#"{"config":{"StopSignal":9}}"#,
                "\"StopSignal\" is not a text",
            ),
            (
                r#"{"config":{"ExposedPorts":["80/tcp"]}}"#,
                "\"ExposedPorts\" is not an object",
            ),
            (
                r#"{"config":{"Volumes":"/v"}}"#,
                "\"Volumes\" is not an object",
            ),
        ] {
            let document = read(text);
            assert!(
                document.problems.iter().any(|line| line.contains(problem)),
                "{text}: {:?}",
                document.problems
            );
        }
        let document = read(
            r#"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":null},"history":null,"config":null}"#,
        );
        assert_eq!(document.problems, [""; 0]);
        assert!(document.diff_ids.is_empty() && document.history.is_empty());
        let document = read(
            r#"{"os":"linux","architecture":"amd64","created":"0001-01-01T00:00:00Z","config":{"User":"","Volumes":null,
            "ExposedPorts":{}},"history":[{"created":null,"created_by":"","empty_layer":null}]}"#,
        );
        assert_eq!(document.problems, [""; 0]);
    }

    #[test]
    fn odd_values_are_shown_as_far_as_possible() {
        let config = read(
            r#"{"config":{"Entrypoint":"/bin/sh -c x","Cmd":"","ExposedPorts":["9/tcp"],
            "Labels":{"n":5,"t":true,"d":"1","d":"2"}}}"#,
        )
        .config;
        assert_eq!(config.entrypoint, ["/bin/sh -c x"]);
        assert!(config.cmd.is_empty());
        assert_eq!(config.exposed_ports, ["9/tcp"]);
        assert_eq!(config.labels[0], ("d".into(), "2".into()));
        assert_eq!(config.labels[1], ("n".into(), "5".into()));
    }
}
