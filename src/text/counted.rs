//! Numbers of things.

use crate::units::count;

/// Returns a number with the word for one or for many: `1 match`, `1,204 matches`.
pub fn plural(number: u64, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{} {word}", count(number))
}

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn one_is_not_many() {
        let matches = |number| plural(number, "match", "matches");
        assert_eq!(
            [0, 1, 1204].map(matches),
            ["0 matches", "1 match", "1,204 matches"]
        );
    }
}
