//! bbolt databases, read without a lock: bounds-checked, of any state.
