//! The table of keys.

use std::collections::HashMap;

use layerscope::tui::keys::{Key, TABLE};

#[test]
fn every_key_of_the_table_has_a_name_and_one_meaning_in_its_context() {
    let mut meanings = HashMap::new();
    for binding in TABLE {
        for name in binding.keys.iter().chain(binding.dive) {
            assert!(Key::parse(name).is_some(), "{name}");
        }
        for name in binding.keys {
            let key = Key::parse(name).unwrap();
            assert_eq!(key.to_string(), *name);
            let other = meanings.insert((binding.context, key), binding.command);
            assert_eq!(other, None, "{name} in {:?}", binding.context);
        }
    }
}
