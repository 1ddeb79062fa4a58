//! The state of the view: one small struct a pane, and what they have in common.

use std::sync::Arc;

use ratatui::layout::Size;

use super::command::Context;
use super::ids::JobId;
use super::layout::{self, Areas, Columns};
use super::message::MouseMode;
use super::panes::comparison::ComparisonPane;
use super::panes::files::FilesPane;
use super::panes::image::ImagePane;
use super::panes::layers::LayersPane;
use super::panes::loading::LoadingPane;
use super::panes::popup::Popup;
use super::panes::preview::PreviewPane;
use super::panes::store::StorePane;
use super::panes::tree::TreePane;
use super::panes::treemap::TreemapPane;
use super::panes::waste::WastePane;
use super::session::Session;
use super::store_subject::{Item, StoreSubject};
use super::subject::Subject;
use crate::tui::state::Focus;
use crate::tui::state::Jobs;
use crate::tui::state::Screen;
use crate::tui::state::Tab;
use crate::tui::state::Tone;
use crate::tui::state::ZoomState;

/// An image or a container of a store that was opened.
#[derive(Debug, Clone)]
pub struct Entered {
    /// The stores as they were then: positions may change when they are read again.
    pub stores: Arc<StoreSubject>,
    /// Which of them.
    pub item: Item,
}

/// Everything on the screen.
#[derive(Debug)]
pub struct Model {
    /// What does not change.
    pub session: Arc<Session>,
    /// Of the terminal.
    pub size: Size,
    /// The layer stores, where that is what was named.
    pub stores: Option<Arc<StoreSubject>>,
    /// Job that measures them, while it runs.
    pub measuring: Option<JobId>,
    /// Entries counted so far while they are measured.
    pub counted: u64,
    /// What is open of them.
    pub entered: Option<Entered>,
    /// What they hold.
    pub store: StorePane,
    /// Two of their images against each other.
    pub comparison: Option<ComparisonPane>,
    /// The image, once there is something to show.
    pub subject: Option<Arc<Subject>>,
    /// Reading the image: how far, and how to stop; gone once every layer is read.
    pub loading: Option<LoadingPane>,
    /// Which view.
    pub tab: Tab,
    /// Which pane has the keys.
    pub focus: Focus,
    /// Whether it is alone.
    pub zoom: ZoomState,
    /// The list of layers.
    pub layers: LayersPane,
    /// The tree.
    pub tree: TreePane,
    /// Waste.
    pub waste: WastePane,
    /// All files.
    pub files: FilesPane,
    /// Treemap.
    pub treemap: TreemapPane,
    /// Configuration and history.
    pub image: ImagePane,
    /// Contents of a file.
    pub preview: PreviewPane,
    /// What lies on top, the last uppermost.
    pub popups: Vec<Popup>,
    /// What just happened; cleared by the next command.
    pub said: Option<(Tone, String)>,
    /// Whether the mouse is reported.
    pub mouse: MouseMode,
    /// Numbers jobs.
    pub jobs: Jobs,
    /// Job that writes something, if one runs.
    pub writing: Option<JobId>,
    /// Where the keys go back to when the preview is left.
    pub before_preview: Focus,
    /// The view a jump into the tree came from; Esc goes back there.
    pub before_jump: Option<Tab>,
}

impl Model {
    /// Makes a model that waits for its image.
    pub fn new(session: Session, size: Size) -> Self {
        let mouse = session.mouse;
        Self {
            session: Arc::new(session),
            size,
            stores: None,
            measuring: None,
            counted: 0,
            entered: None,
            store: StorePane::default(),
            comparison: None,
            subject: None,
            loading: None,
            tab: Tab::default(),
            focus: Focus::Tree,
            zoom: ZoomState::default(),
            layers: LayersPane::default(),
            tree: TreePane::default(),
            waste: WastePane::default(),
            files: FilesPane::default(),
            treemap: TreemapPane::default(),
            image: ImagePane::default(),
            preview: PreviewPane::default(),
            popups: Vec::new(),
            said: None,
            mouse,
            jobs: Jobs::default(),
            writing: None,
            before_preview: Focus::Tree,
            before_jump: None,
        }
    }

    /// Returns what is on the screen.
    pub fn screen(&self) -> Screen {
        if self.subject.is_some() {
            Screen::Image
        } else if self.entered.is_some() || self.stores.is_none() {
            Screen::Loading
        } else if self.comparison.is_some() {
            Screen::Comparison
        } else {
            Screen::Store
        }
    }

    /// Returns where things are.
    pub fn areas(&self) -> Areas {
        layout::areas(self.size)
    }

    /// Returns where the panes of the view are.
    pub fn columns(&self) -> Columns {
        let areas = self.areas();
        if self.tab == Tab::Layers {
            return layout::columns(&areas, self.focus, self.zoom);
        }
        let preview = (self.focus == Focus::Preview).then_some(areas.body);
        Columns {
            preview,
            ..Columns::default()
        }
    }

    /// Returns the contexts keys are looked up in, the most special first.
    pub fn contexts(&self) -> Vec<Context> {
        if let Some(popup) = self.popups.last() {
            return popup.contexts();
        }
        if self.is_typing() {
            return vec![Context::Filter, Context::Always];
        }
        let own = match (self.screen(), self.focus, self.tab) {
            (Screen::Loading, ..) => {
                return vec![Context::Loading, Context::Global, Context::Always];
            }
            (Screen::Store, ..) => Context::Store,
            (Screen::Comparison, ..) => Context::Comparison,
            (_, Focus::Preview, _) => Context::Preview,
            (_, Focus::Layers, Tab::Layers) => Context::Layers,
            (_, Focus::Tree, Tab::Layers) => Context::Tree,
            (_, _, Tab::Waste) => Context::Waste,
            (_, _, Tab::Files) => Context::Files,
            (_, _, Tab::Treemap) => Context::Treemap,
            (_, _, Tab::Image) => Context::Image,
        };
        let mut contexts = vec![own, Context::Move, Context::Global];
        if self.screen() == Screen::Image {
            contexts.push(Context::Views);
        }
        contexts.push(Context::Always);
        contexts
    }

    /// Returns whether the pane with the keys takes text.
    pub fn is_typing(&self) -> bool {
        match self.screen() {
            Screen::Loading => return false,
            Screen::Store => return self.store.is_typing(),
            Screen::Comparison => {
                return self
                    .comparison
                    .as_ref()
                    .is_some_and(ComparisonPane::is_typing);
            }
            Screen::Image => {}
        }
        match (self.focus, self.tab) {
            (Focus::Preview, _) => self.preview.is_typing(),
            (_, Tab::Layers) => self.tree.is_typing(),
            (_, Tab::Waste) => self.waste.is_typing(),
            (_, Tab::Files) => self.files.is_typing(),
            (_, Tab::Image) => self.image.is_typing(),
            (_, Tab::Treemap) => false,
        }
    }
}
