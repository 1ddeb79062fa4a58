//! Files in which a driver has a disk of its own: `devicemapper` on loop devices.
//!
//! All images and containers are on it, as thin devices that only the kernel can tell apart
//! (moby, daemon/graphdriver/devmapper/README.md; containers/storage, drivers/devmapper).

use super::{Extra, ExtraKind, Location, Role, Store};
use crate::beneath::Beneath;
use crate::limits;
use crate::path;

const HOME: &[u8] = b"devicemapper/devicemapper";

/// Gives every such file a row, `data` and `metadata`. What cannot be listed has none.
pub(super) fn add(store: &mut Store, root: &Beneath) {
    let names = root.names(HOME, limits::STORE_NAMES).ok().flatten();
    for name in names.unwrap_or_default() {
        let place = [HOME, b"/", &name].concat();
        let shown = path::display(&place).into_owned();
        let piece = store.add_piece(Location::new(root, place), Role::Extra);
        store.extras.push(Extra {
            kind: ExtraKind::Pool,
            name: shown,
            pieces: vec![piece],
        });
    }
}
