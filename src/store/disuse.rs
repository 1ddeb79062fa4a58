//! Which of several stores an engine works with, where more is known of that than stands in them.

use super::docker::is_remapped;
use super::homes::{Place, is_open_by_daemon, last_opened};
use super::{Activity, Engine, Store};
use crate::beneath::Beneath;

/// Marks the stores at a place that their engine does not work with.
pub(super) fn settle(stores: &mut [Store], place: &Place) {
    if let Some(why) = &place.disuse {
        for store in stores {
            leave(store, why);
        }
        return;
    }
    let is_mapped = |store: &Store| {
        let name = store.root.name().rsplit('/').next().unwrap_or_default();
        is_remapped(name.as_bytes())
    };
    let mut roots: Vec<(Beneath, bool)> = Vec::new();
    for store in stores.iter() {
        let is_new = roots
            .iter()
            .all(|(root, _)| root.object() != store.root.object());
        if is_new && matches!(store.engine, Engine::Docker | Engine::DockerContainerd) {
            roots.push((store.root.clone(), is_mapped(store)));
        }
    }
    if roots.len() < 2 || !roots.iter().any(|(_, is_mapped)| *is_mapped) {
        return;
    }
    let Some((used, why)) = used(&roots, place.is_remapped) else {
        return;
    };
    let why = format!("{why} {}", roots[used].0.name());
    let others = stores.iter_mut().filter(|store| {
        store.root.object() != roots[used].0.object()
            && roots
                .iter()
                .any(|(root, _)| root.object() == store.root.object())
    });
    others.for_each(|store| leave(store, &why));
}

/// Returns which of several data roots of one Docker it works with, and how that is known.
fn used(roots: &[(Beneath, bool)], is_remapped: Option<bool>) -> Option<(usize, &'static str)> {
    let only: Vec<&Beneath> = roots.iter().map(|(root, _)| root).collect();
    let opened = is_open_by_daemon(&only);
    if let Some(at) = opened.iter().position(|&is_open| is_open) {
        return Some((at, "dockerd serves"));
    }
    let newest = |wanted: Option<bool>| {
        let all = roots.iter().enumerate();
        let fit =
            all.filter(|(_, (_, is_mapped))| wanted.is_none_or(|wanted| wanted == *is_mapped));
        fit.max_by_key(|(_, (root, _))| last_opened(root))
            .map(|(at, _)| at)
    };
    match is_remapped {
        Some(true) => Some((newest(Some(true))?, "userns-remap is on: dockerd works in")),
        Some(false) => Some((
            newest(Some(false))?,
            "userns-remap is off: dockerd works in",
        )),
        None => Some((newest(None)?, "dockerd seems to have worked last in")),
    }
}

fn leave(store: &mut Store, why: &str) {
    store.activity = Activity::LeftBehind;
    store.left_for = Some(why.to_owned());
}
