//! What lies in the root of a store beside what its engine makes: a backup, what was found after a crash.

use crate::beneath::Beneath;
use crate::limits;
use crate::path;

use super::{Extra, ExtraKind, Location, Role, Store};

/// Gives everything in a root a row that its engine is not known to make. What cannot be listed has none.
pub(super) fn add(store: &mut Store, root: &Beneath, is_known: impl Fn(&[u8]) -> bool) {
    let names = root.names(b"", limits::STORE_NAMES).ok().flatten();
    for name in names.unwrap_or_default() {
        if is_known(&name) {
            continue;
        }
        let shown = path::display(&name).into_owned();
        let piece = store.add_piece(Location::new(root, name), Role::Extra);
        store.extras.push(Extra {
            kind: ExtraKind::Foreign,
            name: shown,
            pieces: vec![piece],
        });
    }
}
