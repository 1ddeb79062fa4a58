//! Waste.
