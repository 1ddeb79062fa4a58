//! The interactive view: layers, diffs and the merged view on a terminal.
//!
//! [`message`](events::message) turns what the terminal reports into a [`Msg`], [`update`](update::update) a
//! message into the next [`Model`] and the [`Effect`]s it asks for, [`draw`](draw::draw) a model into cells.
//! All three are plain functions without I/O.

pub mod clipboard;
pub mod command;
pub mod draw;
pub mod edit;
pub mod events;
mod header_line;
pub mod ids;
pub mod keys;
pub mod layout;
pub mod line;
pub mod message;
pub mod model;
mod pager;
pub mod paint;
pub mod panes;
pub mod reads;
pub mod results;
pub mod run;
pub mod scorer;
pub mod screen;
pub mod scroll;
pub mod session;
mod signals;
pub mod squarify;
pub mod state;
pub mod store_subject;
pub mod subject;
pub mod table;
mod tabs;
pub mod tasks;
pub mod terminal;
pub mod text_filter;
pub mod theme;
mod typed_line;
pub mod update;
mod version;
mod worker;

pub use message::{Effect, Msg};
pub use model::Model;
pub use session::Session;
pub use store_subject::StoreSubject;
pub use subject::Subject;
pub use worker::Origin;
