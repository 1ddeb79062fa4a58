//! Single fields of a document and what the specification asks of them.

use std::str::FromStr as _;

use base64::Engine as _;
use oci_spec::image::Digest;

use crate::error::{Warning, WarningCode, Warnings};
use crate::image::json::Json;
use crate::path::display_str;

/// Most characters of a name or a value in a message.
const SHOWN: usize = 80;

const ANNOTATIONS: &str = "annotations.md, \"Rules\"";
const DIGESTS: &str = "descriptor.md, \"Digests\"";

/// A value with the way to it: `manifests[3].digest`, empty for the whole document; unescaped.
pub(super) struct Field<'j> {
    pub(super) json: &'j Json,
    path: String,
}

impl<'j> Field<'j> {
    pub(super) const fn top(json: &'j Json) -> Self {
        let path = String::new();
        Self { json, path }
    }

    /// Returns a member, null where there is none of exactly this name.
    pub(super) fn at(&self, key: &str) -> Self {
        self.member(key, self.json.exact(key))
    }

    fn member(&self, key: &str, json: &'j Json) -> Self {
        let path = match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        Self { json, path }
    }

    fn elements(&self) -> impl Iterator<Item = Self> + use<'j> {
        let path = self.path.clone();
        let elements = self.json.list().iter().enumerate();
        elements.map(move |(index, json)| Self {
            json,
            path: format!("{path}[{index}]"),
        })
    }
}

/// Collects what is odd about one document.
pub(super) struct Findings<'a> {
    document: &'a str,
    warnings: &'a mut Warnings,
    count: usize,
}

impl<'a> Findings<'a> {
    pub(super) const fn new(document: &'a str, warnings: &'a mut Warnings) -> Self {
        Self {
            document,
            warnings,
            count: 0,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a warning; the reason need not be escaped.
    pub(super) fn depart(&mut self, field: &Field<'_>, reason: &str, section: &str) {
        self.count += 1;
        let document = self.document;
        let code = WarningCode::DepartsFromSpec;
        self.warnings.note(code, None, || {
            let place = match field.path.as_str() {
                "" => document.to_owned(),
                path => format!("{document}: {}", shown(path)),
            };
            let reason = shown(reason);
            Warning::new(
                code,
                format!("{place}: {reason} (OCI image-spec, {section})"),
            )
        });
    }

    /// Returns whether a field is there.
    pub(super) fn required(&mut self, field: &Field<'_>, section: &str) -> bool {
        if field.json.is_null() {
            self.depart(field, "it is missing, and required", section);
        }
        !field.json.is_null()
    }

    pub(super) fn required_text(&mut self, field: &Field<'_>, section: &str) {
        if self.required(field, section) {
            self.text(field, section);
        }
    }

    /// Returns the text of a field that is there.
    pub(super) fn text<'j>(&mut self, field: &Field<'j>, section: &str) -> Option<&'j str> {
        match field.json {
            Json::Text(text) => return Some(text),
            Json::Null => {}
            _ => self.depart(field, "it is no text", section),
        }
        None
    }

    pub(super) fn required_list<'j>(
        &mut self,
        field: &Field<'j>,
        section: &str,
    ) -> impl Iterator<Item = Field<'j>> + use<'j> {
        self.required(field, section);
        self.list(field, section)
    }

    /// Returns the elements of a list that may be absent.
    pub(super) fn list<'j>(
        &mut self,
        field: &Field<'j>,
        section: &str,
    ) -> impl Iterator<Item = Field<'j>> + use<'j> {
        if !matches!(field.json, Json::Null | Json::List(_)) {
            self.depart(field, "it is no list", section);
        }
        field.elements()
    }

    /// Returns the elements of a list that are texts.
    pub(super) fn texts<'j>(&mut self, field: &Field<'j>, section: &str) -> Vec<Field<'j>> {
        let mut texts = Vec::new();
        for element in self.list(field, section) {
            match element.json {
                Json::Text(_) => texts.push(element),
                _ => self.depart(&element, "it is no text", section),
            }
        }
        texts
    }

    /// Returns whether a field may have members.
    pub(super) fn object_or_null(&mut self, field: &Field<'_>, section: &str) -> bool {
        let is_one = matches!(field.json, Json::Null | Json::Object(_));
        if !is_one {
            self.depart(field, "it is no object", section);
        }
        is_one
    }

    pub(super) fn map_of_texts(&mut self, field: &Field<'_>, section: &str) {
        self.object_or_null(field, section);
        for (key, value) in field.json.members() {
            if !matches!(value, Json::Text(_)) {
                self.depart(&field.member(key, value), "it is no text", section);
            }
        }
    }

    pub(super) fn annotations(&mut self, field: &Field<'_>) {
        self.map_of_texts(field, ANNOTATIONS);
        if field.json.members().iter().any(|(key, _)| key.is_empty()) {
            self.depart(field, "a name is empty", ANNOTATIONS);
        }
    }

    pub(super) fn digest(&mut self, field: &Field<'_>) {
        let Some(text) = self.text(field, DIGESTS) else {
            return;
        };
        if let Err(error) = Digest::from_str(text) {
            self.depart(field, &format!("it is no digest: {error}"), DIGESTS);
        }
    }

    /// Asks for a type and a subtype as RFC 6838, section 4.2, names them.
    pub(super) fn media_type(&mut self, field: &Field<'_>, section: &str) {
        let text = self.text(field, section);
        let is_one = |text: &str| {
            let parts = text.split_once('/');
            parts.is_some_and(|(kind, subtype)| is_media_name(kind) && is_media_name(subtype))
        };
        if text.is_some_and(|text| !is_one(text)) {
            self.depart(field, "it is no media type (RFC 6838, 4.2)", section);
        }
    }

    pub(super) fn uri(&mut self, field: &Field<'_>, section: &str) {
        let text = self.text(field, section).unwrap_or_default();
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
        let is_scheme = scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if matches!(field.json, Json::Text(_))
            && !(is_scheme && text.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            self.depart(field, "it is no URI (RFC 3986)", section);
        }
    }

    pub(super) fn base64(&mut self, field: &Field<'_>, section: &str) {
        let text = self.text(field, section);
        let engine = base64::engine::general_purpose::STANDARD;
        if text.is_some_and(|text| engine.decode(text).is_err()) {
            self.depart(field, "it is not base64 (RFC 4648)", section);
        }
    }

    pub(super) fn date(&mut self, field: &Field<'_>, section: &str) {
        let text = self.text(field, section);
        if text.is_some_and(|text| jiff::Timestamp::from_str(text).is_err()) {
            self.depart(field, "it is no date and time (RFC 3339)", section);
        }
    }
}

fn is_media_name(name: &str) -> bool {
    name.len() <= 127
        && name.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
}

/// Returns the beginning of a text, escaped.
fn shown(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(SHOWN).collect();
    let mut shown = display_str(&start).into_owned();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Returns a document as `oci-spec` takes it: null is absent, the last of equal keys counts.
pub(super) fn without_nulls(json: &Json) -> serde_json::Value {
    match json {
        Json::Null => serde_json::Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::Number(number) => number.clone().into(),
        Json::Text(text) => text.as_str().into(),
        Json::List(elements) => elements.iter().map(without_nulls).collect(),
        Json::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), without_nulls(value)))
            .collect(),
    }
}
