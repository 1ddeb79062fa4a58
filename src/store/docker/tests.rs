//! Small roots made by hand, sound and damaged.
