//! x
mod arguments;
mod config;
mod dive_ci;
mod load;
mod nearest;
mod print_config;
mod settings;
