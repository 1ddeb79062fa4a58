//! Which of several images is meant: by name, ID or position, then by platform.

use std::fmt;

use super::catalog::{Candidate, Catalog, Presence, Role, canonical, tag_of};
use super::{Choice, OpenOptions};
use crate::error::{Error, Offer, Result};
use crate::image::Platform;
use crate::path::display_str;

/// Fewest hex digits that are taken for the beginning of an ID.
const SHORTEST_ID: usize = 4;

/// Chooses among the images of a source.
pub(super) struct Chooser<'a> {
    pub catalog: &'a Catalog,
    /// The source, escaped.
    pub name: &'a str,
    /// `archive` or `directory`.
    pub holder: &'static str,
}

impl Chooser<'_> {
    /// Returns what can be chosen, in order; artifacts only where there is nothing else.
    pub(super) fn choices(&self) -> Vec<Choice> {
        let listed = self.listed();
        let choice = |(index, &position): (usize, &usize)| self.choice(index, position);
        listed.iter().enumerate().map(choice).collect()
    }

    /// Returns the position of the candidate that the options choose.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`], [`Error::ManyImages`], [`Error::NoSuchPlatform`] or [`Error::ManyVersions`], with what
    /// there is.
    pub(super) fn choose(&self, options: &OpenOptions) -> Result<usize> {
        let wanted = options.platform.as_ref();
        let Some(image) = options.image.as_deref() else {
            return self.choose_unnamed(wanted);
        };
        let groups = self.groups_named(image);
        if !groups.is_empty() {
            return self.one_of(groups, wanted);
        }
        if let Some(position) = self.by_index(image) {
            return self.for_platform(&[position], wanted);
        }
        let groups = self.groups_by_id(image);
        if groups.is_empty() {
            return Err(self.no_such(image));
        }
        self.one_of(groups, wanted)
    }

    /// Returns the position of the candidate that skopeo would take by what stands behind a place: a name, a tag, or a
    /// position as `@N`. A tag may be a number, which is no position then.
    ///
    /// # Errors
    /// As [`Chooser::choose`].
    pub(super) fn choose_named(&self, name: &str, wanted: Option<&Platform>) -> Result<usize> {
        let position = name
            .strip_prefix('@')
            .and_then(|index| self.by_index(index));
        if let Some(position) = position {
            return self.for_platform(&[position], wanted);
        }
        let mut groups = self.groups_named(name);
        if groups.is_empty() {
            groups = self.members_where(|own| tag_of(own) == Some(name));
        }
        if groups.is_empty() {
            return Err(self.no_such(name));
        }
        self.one_of(groups, wanted)
    }

    fn no_such(&self, wanted: &str) -> Error {
        Error::NoSuchImage {
            name: self.name.to_owned(),
            wanted: display_str(wanted).into_owned(),
            available: self.offers(&self.listed()),
        }
    }

    fn choose_unnamed(&self, wanted: Option<&Platform>) -> Result<usize> {
        let listed = self.listed();
        let groups = self.catalog.groups.iter().map(|group| {
            let members = group.members.iter().copied();
            members
                .filter(|position| listed.contains(position))
                .collect::<Vec<_>>()
        });
        self.one_of(
            groups.filter(|members| !members.is_empty()).collect(),
            wanted,
        )
    }

    /// Chooses a platform in each group; one image must be left.
    fn one_of(&self, groups: Vec<Vec<usize>>, wanted: Option<&Platform>) -> Result<usize> {
        let mut chosen: Vec<usize> = Vec::new();
        let mut refusal = None;
        let counts = |members: &Vec<usize>| members.iter().any(|&position| self.counts(position));
        let some_count = groups.iter().any(counts);
        for members in &groups {
            // What is listed without being there does not make a choice necessary.
            if some_count && !counts(members) {
                continue;
            }
            match self.for_platform(members, wanted) {
                Ok(position) if chosen.contains(&position) => {}
                Ok(position) => chosen.push(position),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        match (chosen.as_slice(), refusal) {
            ([position], _) => Ok(*position),
            ([], Some(error)) => Err(error),
            _ => Err(self.many(&groups.concat())),
        }
    }

    /// Chooses among the members of one group.
    fn for_platform(&self, members: &[usize], wanted: Option<&Platform>) -> Result<usize> {
        let present: Vec<usize> = members
            .iter()
            .copied()
            .filter(|&position| self.counts(position))
            .collect();
        let is_unread = |&position: &usize| {
            let candidate = self.candidate(position);
            candidate.presence == Presence::Unread && candidate.platform.is_unknown()
        };
        // It may be for this platform as well, and an engine would find that out.
        if present.len() > 1 && present.iter().any(is_unread) {
            return Err(self.many(&present));
        }
        let host = Platform::host();
        let wish = wanted.unwrap_or(&host);
        let nearest = present
            .iter()
            .filter_map(|&position| {
                Some((wish.distance(&self.candidate(position).platform)?, position))
            })
            // The first of equals, as OCI image-spec, image-index.md, "manifests", asks for.
            .min_by_key(|(distance, _)| *distance);
        if let Some((_, position)) = nearest {
            return self.of_one_version(position, &present, wish);
        }
        match (present.as_slice(), wanted, members) {
            ([position], None, _) | ([], None, [position]) => Ok(*position),
            (several, None, _)
                if several
                    .iter()
                    .any(|&position| self.candidate(position).platform.is_unknown()) =>
            {
                Err(self.many(several))
            }
            _ => Err(Error::NoSuchPlatform {
                name: self.name.to_owned(),
                wanted: wish.to_string(),
                available: self.platforms(members),
            }),
        }
    }

    /// Returns the candidate that is nearest to a wish, unless others serve it as well on another version of the system:
    /// which of them runs depends on the machine.
    fn of_one_version(&self, nearest: usize, among: &[usize], wish: &Platform) -> Result<usize> {
        let serves = |position: &usize| wish.matches(&self.candidate(*position).platform);
        let version = |position: usize| self.candidate(position).platform.os_version.as_deref();
        let serving: Vec<usize> = among.iter().copied().filter(serves).collect();
        if serving
            .iter()
            .all(|&other| version(other) == version(nearest))
        {
            return Ok(nearest);
        }
        Err(Error::ManyVersions {
            name: self.name.to_owned(),
            wanted: wish.to_string(),
            available: self.platforms(&serving),
        })
    }

    /// Names as they are, or with Docker's defaults filled in; exact ones first.
    fn groups_named(&self, wanted: &str) -> Vec<Vec<usize>> {
        let exact = self.members_where(|name| name == wanted);
        if !exact.is_empty() {
            return exact;
        }
        let wanted = canonical(wanted);
        self.members_where(|name| canonical(name) == wanted)
    }

    fn members_where(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<Vec<usize>> {
        let groups = &self.catalog.groups;
        let whole: Vec<_> = groups
            .iter()
            .filter(|group| group.names.iter().any(|name| is_wanted(name)))
            .map(|group| group.members.clone())
            .collect();
        if !whole.is_empty() {
            return whole;
        }
        let candidates = self.catalog.candidates.iter().enumerate();
        candidates
            .filter(|(_, candidate)| candidate.names.iter().any(|name| is_wanted(name)))
            .map(|(position, _)| vec![position])
            .collect()
    }

    fn by_index(&self, wanted: &str) -> Option<usize> {
        let index: usize = wanted.parse().ok()?;
        self.listed().get(index).copied()
    }

    fn groups_by_id(&self, wanted: &str) -> Vec<Vec<usize>> {
        let hex = wanted
            .strip_prefix("sha256:")
            .unwrap_or(wanted)
            .to_ascii_lowercase();
        if hex.len() < SHORTEST_ID || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Vec::new();
        }
        let is_meant = |digest: Option<&crate::image::Digest>| {
            digest.is_some_and(|digest| digest.encoded().starts_with(&hex))
        };
        let whole = self
            .catalog
            .groups
            .iter()
            .filter(|group| is_meant(group.digest.as_ref()));
        let groups: Vec<_> = whole.map(|group| group.members.clone()).collect();
        if !groups.is_empty() {
            return groups;
        }
        let candidates = self.catalog.candidates.iter().enumerate();
        candidates
            .filter(|(_, candidate)| {
                is_meant(candidate.id.as_ref()) || is_meant(candidate.digest.as_ref())
            })
            .map(|(position, _)| vec![position])
            .collect()
    }

    /// Positions of what is offered: images, or everything where there are none.
    fn listed(&self) -> Vec<usize> {
        let all = 0..self.catalog.candidates.len();
        let images: Vec<usize> = all
            .clone()
            .filter(|&position| self.candidate(position).role == Role::Image)
            .collect();
        if images.is_empty() {
            all.collect()
        } else {
            images
        }
    }

    fn candidate(&self, position: usize) -> &Candidate {
        &self.catalog.candidates[position]
    }

    /// Whether a candidate is one that could be meant: what was not read must not be passed over.
    fn counts(&self, position: usize) -> bool {
        let candidate = self.candidate(position);
        match candidate.presence {
            Presence::Present => true,
            Presence::Unread => candidate.role == Role::Image,
            Presence::Absent | Presence::Broken | Presence::NoImage => false,
        }
    }

    fn choice(&self, index: usize, position: usize) -> Choice {
        let candidate = self.candidate(position);
        let missing = match candidate.presence {
            Presence::Present => None,
            Presence::Absent if self.holder == "archive" => Some("not in archive"),
            Presence::Absent => Some("not in directory"),
            Presence::Broken | Presence::Unread => Some("unusable"),
            Presence::NoImage => Some("an artifact"),
        };
        Choice {
            index,
            names: candidate.names.clone(),
            id: candidate.id.clone(),
            digest: candidate.digest.clone(),
            platform: candidate.platform.clone(),
            missing,
        }
    }

    fn many(&self, positions: &[usize]) -> Error {
        Error::ManyImages {
            name: self.name.to_owned(),
            available: self
                .offers(positions)
                .into_iter()
                .map(|offer| offer.line)
                .collect(),
        }
    }

    /// One line for each of `positions` that is listed, with its index among all.
    fn offers(&self, positions: &[usize]) -> Vec<Offer> {
        let listed = self.listed();
        let shown = listed
            .iter()
            .enumerate()
            .filter(|(_, position)| positions.contains(position));
        shown
            .map(|(index, &position)| {
                let choice = self.choice(index, position);
                let names = choice.names.iter();
                Offer {
                    line: choice.to_string(),
                    names: names.map(|name| display_str(name).into_owned()).collect(),
                }
            })
            .collect()
    }

    /// The platforms of a group, each once.
    fn platforms(&self, members: &[usize]) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for &position in members {
            let choice = self.choice(0, position);
            let line = match choice.missing {
                Some(missing) => format!("{} ({missing})", choice.platform),
                None => choice.platform.to_string(),
            };
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.index)?;
        if self.names.is_empty() {
            formatter.write_str("  <unnamed>")?;
        }
        for (position, name) in self.names.iter().enumerate() {
            let separator = if position == 0 { "  " } else { ", " };
            write!(formatter, "{separator}{}", display_str(name))?;
        }
        if let Some(digest) = self.id.as_ref().or(self.digest.as_ref()) {
            write!(formatter, "  {}", digest.short())?;
        }
        write!(formatter, "  {}", self.platform)?;
        match self.missing {
            Some(missing) => write!(formatter, "  ({missing})"),
            None => Ok(()),
        }
    }
}
