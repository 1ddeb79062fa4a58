//! Whether this process sees the marks that overlayfs makes for root.

use std::fs;
use std::sync::OnceLock;

/// Returns whether `trusted` attributes are there for this process: they are for `CAP_SYS_ADMIN` of the first user
/// namespace alone, and to everybody else, root of another namespace included, it looks as if there were none
/// (xattr(7), "Trusted extended attributes").
pub(crate) fn sees_trusted() -> bool {
    static SEES: OnceLock<bool> = OnceLock::new();
    *SEES.get_or_init(|| {
        // Where there is no such file there are no namespaces.
        let map = fs::read_to_string("/proc/self/uid_map");
        rustix::process::geteuid().is_root() && map.map_or(true, |map| is_first(&map))
    })
}

/// Returns whether a map of user IDs is that of the first namespace: everybody is who they are (`user_namespaces(7)`).
fn is_first(map: &str) -> bool {
    let numbers: Vec<&str> = map.split_whitespace().collect();
    numbers == ["0", "0", "4294967295"]
}

#[cfg(test)]
mod tests {
    use super::is_first;

    #[test]
    fn root_of_a_namespace_is_not_root() {
        assert!(is_first("         0          0 4294967295\n"));
        for other in ["0 1000 1\n", "0 0 1\n", "0 1000 1\n1 100000 65536\n", ""] {
            assert!(!is_first(other), "{other}");
        }
    }
}
