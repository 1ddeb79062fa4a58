//! JSON as it is found in images: anything may be missing, null, of another type or spelled in another case.
//!
//! Typed structs fail a whole document for one odd field; here every reader asks for what it needs and gets
//! nothing where it is not there. Objects keep their order. Not for documents this program writes itself.

use std::cell::Cell;
use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::limits;

/// UTF-8's byte order mark, which some editors put before a document.
pub const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One value of a document.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Json {
    /// `null`, and whatever is not there.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number.
    Number(serde_json::Number),
    /// A string, its escapes resolved.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object, in the document's order, duplicate keys included.
    Object(Vec<(String, Json)>),
}

const NULL: Json = Json::Null;

impl Json {
    /// Reads one document. A byte order mark and anything after the value are ignored, bytes that are not
    /// UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// One escaped line that says why it is not JSON, or goes beyond [`limits::JSON_VALUES`], [`limits::JSON_DEPTH`]
    /// or what a number or a text can hold here.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = decode(bytes);
        if text.trim().is_empty() {
            return Err("it is empty".into());
        }
        let budget = Cell::new(limits::JSON_VALUES);
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        let value = Value {
            budget: &budget,
            depth: 0,
        };
        value.deserialize(&mut deserializer).map_err(|error| {
            let reason = error.to_string();
            let reason = crate::path::display_str(&reason);
            if is_well_formed(&text) {
                format!("it is JSON beyond what is read here: {reason}")
            } else {
                format!("it is not JSON: {reason}")
            }
        })
    }

    /// Returns whether bytes that [`Json::parse`] refuses are a document that another reader may take: Go's decoder
    /// nests deeper, mends lone surrogates and does not look at numbers that nobody asks for.
    pub fn is_for_others(bytes: &[u8]) -> bool {
        is_well_formed(&decode(bytes)) && Self::parse(bytes).is_err()
    }

    /// Returns a member of an object, spelled in any case; null where there is none.
    ///
    /// Go's decoder, with which engines read these documents, ignores case, and the last one wins: an image must
    /// not show one list of layers here and run another.
    pub fn get(&self, key: &str) -> &Self {
        let Self::Object(members) = self else {
            return &NULL;
        };
        let found = members.iter().rev().find(|(name, _)| is_key(name, key));
        found.map_or(&NULL, |(_, value)| value)
    }

    /// Returns a member of an object by exactly this name, the last one; null where there is none.
    pub fn exact(&self, key: &str) -> &Self {
        let found = self.members().iter().rev().find(|(name, _)| name == key);
        found.map_or(&NULL, |(_, value)| value)
    }

    /// Returns whether an object has a member that [`Json::get`] finds, be it null.
    pub fn has(&self, key: &str) -> bool {
        self.members().iter().any(|(name, _)| is_key(name, key))
    }

    /// Returns text that is not empty.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Returns text that is not empty, as an owned string.
    pub fn to_text(&self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    /// Returns a whole number that is not negative.
    pub fn integer(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// Returns whether the value is `true`; absent and mistyped values are not.
    pub const fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// Returns whether the value is null or absent.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns whether the value is an object.
    pub const fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// Returns the elements of an array; none for anything else.
    pub fn list(&self) -> &[Self] {
        match self {
            Self::List(elements) => elements,
            _ => &[],
        }
    }

    /// Returns the members of an object; none for anything else.
    pub fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// Returns the text elements of an array, empty ones too; a lone text counts as an array of one.
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.clone()],
            _ => self
                .list()
                .iter()
                .filter_map(|element| match element {
                    Self::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
        }
    }
}

/// Decodes UTF-8 as Go's decoder does, with a replacement character per invalid sequence.
fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

/// Whether Go's decoder takes a name for a key: it folds case, and two letters beyond ASCII fold to one in it
/// (encoding/json, fold.go).
fn is_key(name: &str, key: &str) -> bool {
    let mut letters = key.chars();
    name.chars().all(|letter| {
        let folded = match letter {
            '\u{17F}' => 's',
            '\u{212A}' => 'k',
            other => other,
        };
        letters
            .next()
            .is_some_and(|wanted| wanted.eq_ignore_ascii_case(&folded))
    }) && letters.next().is_none()
}

/// Whether a text begins with a JSON value, however deep, long or odd.
fn is_well_formed(text: &str) -> bool {
    IgnoredAny::deserialize(&mut serde_json::Deserializer::from_str(text)).is_ok()
}

struct Value<'a> {
    budget: &'a Cell<usize>,
    depth: usize,
}

impl Value<'_> {
    fn spend<E: serde::de::Error>(&self) -> Result<Self, E> {
        let left =
            self.budget.get().checked_sub(1).ok_or_else(|| {
                E::custom(format_args!("more than {} values", limits::JSON_VALUES))
            })?;
        self.budget.set(left);
        Ok(Self {
            budget: self.budget,
            depth: self.depth,
        })
    }

    /// Returns what reads the values inside a list or an object.
    fn inside<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth >= limits::JSON_DEPTH {
            let most = limits::JSON_DEPTH;
            return Err(E::custom(format_args!(
                "more than {most} lists and objects inside each other"
            )));
        }
        Ok(Self {
            budget: self.budget,
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        self.spend::<D::Error>()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element_seed(self.inside()?)? {
            elements.push(element);
        }
        Ok(Json::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.inside()?)?;
            members.push((key, value));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_any_case_exact_first_last_wins() {
        let document = Json::parse(br#"{"config":"a","Config":"b","repoTags":["x"],"x":1,"x":2}"#);
        let document = document.unwrap();
        assert_eq!(document.get("Config").text(), Some("b"));
        assert_eq!(document.get("CONFIG").text(), Some("b"));
        assert_eq!(document.get("RepoTags").texts(), ["x"]);
        assert_eq!(document.get("x").integer(), Some(2));
        assert!(document.get("nothing").get("below").is_null());
    }

    #[test]
    fn the_last_key_of_any_spelling_wins_as_in_go() {
        for (text, expected) in [
            (r#"{"Layers":["a"],"layers":["b"]}"#, &["b"][..]),
            (r#"{"layers":["b"],"Layers":["a"]}"#, &["a"]),
            ("{\"Layer\u{17F}\":[\"c\"]}", &["c"]),
            (r#"{"Layer\u017f":["d"]}"#, &["d"]),
            (r#"{"Layer":["e"],"Layerss":["e"]}"#, &[]),
        ] {
            let document = Json::parse(text.as_bytes()).unwrap();
            assert_eq!(document.get("Layers").texts(), expected, "{text}");
            assert_eq!(document.has("layers"), !expected.is_empty(), "{text}");
        }
        assert!(is_key("to\u{212A}en", "TOKEN"));
    }

    #[test]
    fn what_others_read_is_told_from_what_nobody_reads() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        for (bytes, expected) in [
            (nested(limits::JSON_DEPTH), false),
            (nested(limits::JSON_DEPTH + 1), true),
            (nested(300_000), true),
            (br#"["\ud800"]"#.to_vec(), true),
            (b"[1e999]".to_vec(), true),
            (b"[1e999]trailing".to_vec(), true),
            (b"[1e999".to_vec(), false),
            (vec![b'['; 200_000], false),
            (b"[1]".to_vec(), false),
            (b"".to_vec(), false),
            (b"[1,]".to_vec(), false),
            (b"\xFF\xFE[\0]\0".to_vec(), false),
        ] {
            let shown = &bytes[..bytes.len().min(20)];
            assert_eq!(
                Json::is_for_others(&bytes),
                expected,
                "{}",
                shown.escape_ascii()
            );
        }
    }

    #[test]
    fn mistyped_values_are_absent() {
        let document =
            Json::parse(br#"{"a":[1,"x",null],"b":"","c":-4,"d":1.5,"e":null}"#).unwrap();
        assert_eq!(document.get("a").texts(), ["x"]);
        assert_eq!(document.get("b").text(), None);
        assert_eq!(document.get("c").integer(), None);
        assert_eq!(document.get("d").integer(), None);
        assert!(document.get("e").list().is_empty());
        assert!(document.get("a").members().is_empty());
    }

    #[test]
    fn odd_encodings_are_read() {
        assert!(Json::parse(b"\xEF\xBB\xBF{}").unwrap().is_object());
        assert_eq!(
            Json::parse(b"\"a\xFFb\"").unwrap().text(),
            Some("a\u{FFFD}b")
        );
        assert!(Json::parse(b"{}\0\0").unwrap().is_object());
    }

    #[test]
    fn what_is_not_json_says_so() {
        for (bytes, reason) in [
            (&b""[..], "it is empty"),
            (b" \n", "it is empty"),
            (b"hello", "it is not JSON"),
            (b"{\"a\":", "it is not JSON"),
        ] {
            let error = Json::parse(bytes).unwrap_err();
            assert!(error.starts_with(reason), "{error}");
        }
    }

    #[test]
    fn bombs_are_refused() {
        let deep = vec![b'['; 200_000];
        assert!(Json::parse(&deep).unwrap_err().contains("100 lists"));
        let mut wide = vec![b'['];
        wide.extend(b"0,".repeat(limits::JSON_VALUES + 1));
        wide.extend(b"0]");
        assert!(Json::parse(&wide).unwrap_err().contains("values"));
    }
}
