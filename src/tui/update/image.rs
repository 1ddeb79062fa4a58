//! An image: views, panes, layers, and going from one to the other.

use std::sync::Arc;

use super::{fulfil, leave, shared};
use crate::analysis::Stage;
use crate::analysis::what_if::Suggestions;
use crate::layer::LayerIndex;
use crate::path::ImagePath;
use crate::tree::PathId;
use crate::tui::command::Command;
use crate::tui::edit::Edit;
use crate::tui::ids::{JobId, VersionAt};
use crate::tui::layout;
use crate::tui::message::Effect;
use crate::tui::model::Model;
use crate::tui::panes::layers::first_choice;
use crate::tui::panes::tree::TreeMode;
use crate::tui::panes::{Request, refused};
use crate::tui::reads::Surroundings;
use crate::tui::screen::{Hands, ImageScreen, OverWaste, Screen};
use crate::tui::state::{Focus, Jobs, Pane, Tab, Tone, ZoomState};
use crate::tui::subject::Subject;

/// Does what a command means here.
pub(super) fn command_given(model: &mut Model, command: Command) -> Vec<Effect> {
    let Screen::Image(image) = &model.screen else {
        return Vec::new();
    };
    let pane = image.pane();
    let leaves = match command {
        Command::Quit => pane != Pane::Preview,
        Command::Back => !image.panes.has_step_back(pane) && image.before_jump.is_none(),
        _ => false,
    };
    if leaves && model.screen.leads_back() {
        return leave(model);
    }
    let is_left = command == Command::Quit && pane == Pane::Preview;
    let shared = if is_left {
        None
    } else {
        shared(model, command)
    };
    let mut effects = shared.unwrap_or_else(|| {
        on_image(model, |image, around, jobs| {
            image.command_given(command, around, jobs)
        })
    });
    effects.extend(follow(model));
    effects
}

/// Calls the image on the screen and does what it asks for.
pub(super) fn on_image(
    model: &mut Model,
    call: impl FnOnce(&mut ImageScreen, Surroundings<'_>, &mut Jobs) -> Vec<Request>,
) -> Vec<Effect> {
    let (screen, around, jobs) = model.screen_and_around();
    let Screen::Image(image) = screen else {
        return Vec::new();
    };
    let requests = call(image, around, jobs);
    fulfil(model, requests)
}

/// Lets the preview beside the tree show what the cursor is on.
pub(super) fn follow(model: &mut Model) -> Vec<Effect> {
    on_image(model, ImageScreen::follow)
}

/// Stops what runs for the preview that has the keys; `None` where nothing does.
pub(super) fn give_up_preview(model: &mut Model) -> Option<Vec<Effect>> {
    let image = model.image()?;
    image
        .panes
        .preview
        .job()
        .filter(|_| image.focus == Focus::Preview)?;
    model.say(Tone::Refused, "cancelled: v reads it again");
    Some(on_image(model, |image, around, _| {
        let (panes, reads) = image.panes_and_reads(Pane::Preview, around);
        panes.preview.give_up(&reads)
    }))
}

/// Shows an image, or the same one with more known about it.
pub(super) fn take(model: &mut Model, subject: Arc<Subject>) -> Vec<Effect> {
    let (screen, around, _) = model.screen_and_around();
    if let Screen::Loading(reading) = screen {
        let mut image = ImageScreen::new(Arc::clone(&subject), std::mem::take(reading));
        image.choose_first(around);
        *screen = Screen::Image(Box::new(image));
    }
    if let Screen::Image(image) = screen {
        image.take(subject, around);
        if image.hands == Hands::Off {
            image.choose_first(around);
        }
    }
    let mut effects = on_image(model, ImageScreen::enter_view);
    effects.extend(on_image(model, ImageScreen::look_for_edits));
    effects.extend(follow(model));
    effects
}

/// Takes the edits that a job has found.
pub(super) fn take_edits(model: &mut Model, job: JobId, found: &Suggestions) -> Vec<Effect> {
    on_image(model, |image, around, _| {
        if image.panes.edits.job == Some(job) && image.subject.as_it_is.is_none() {
            let subject = Arc::clone(&image.subject);
            image.panes.edits.take(&subject, found);
            image.show_card(around);
        }
        Vec::new()
    })
}

/// Shows the image as it would be.
pub(super) fn take_tried(model: &mut Model, job: JobId, subject: Arc<Subject>) -> Vec<Effect> {
    let mut effects = on_image(model, |image, around, jobs| {
        if image.panes.edits.job != Some(job) {
            return Vec::new();
        }
        image.panes.edits.job = None;
        image.take(subject, around);
        image.enter_view(around, jobs)
    });
    effects.extend(follow(model));
    effects
}

impl ImageScreen {
    /// Returns whether every layer is read and compared.
    pub(super) fn is_whole(&self) -> bool {
        self.subject.analysis.stage == Stage::Final
    }

    /// Chooses the layer to begin with.
    fn choose_first(&mut self, around: Surroundings<'_>) {
        let first = first_choice(&self.subject);
        let (panes, reads) = self.panes_and_reads(Pane::Layers, around);
        panes.layers.show(&reads);
        panes.layers.choose(first, &reads);
        let (panes, reads) = self.panes_and_reads(Pane::Tree, around);
        panes.tree.choose(first, &reads);
    }

    /// Looks for edits, once the image is read.
    fn look_for_edits(&mut self, _around: Surroundings<'_>, jobs: &mut Jobs) -> Vec<Request> {
        self.panes.edits.forget();
        if !self.is_whole() {
            return Vec::new();
        }
        let job = jobs.take_number();
        self.panes.edits.job = Some(job);
        vec![Request::Do(Effect::Suggest { job })]
    }

    fn take(&mut self, subject: Arc<Subject>, around: Surroundings<'_>) {
        self.subject = subject;
        if self.is_whole() {
            self.reading.running = None;
        }
        for pane in Pane::ALL {
            let (panes, reads) = self.panes_and_reads(pane, around);
            panes.show(pane, &reads);
        }
    }

    /// Lets views that are worked out when they are looked at catch up with image and layer.
    fn enter_view(&mut self, around: Surroundings<'_>, jobs: &mut Jobs) -> Vec<Request> {
        let tab = self.tab;
        let (panes, reads) = self.panes_and_reads(Pane::Waste, around);
        panes.enter(tab, &reads, jobs)
    }

    fn follow(&mut self, around: Surroundings<'_>, jobs: &mut Jobs) -> Vec<Request> {
        let is_beside = self.tab == Tab::Layers
            && self.focus != Focus::Preview
            && self.columns(around.size).preview.is_some();
        if !is_beside {
            return Vec::new();
        }
        let selected = self.panes.tree.selected(&self.reads(Pane::Tree, around));
        let (panes, reads) = self.panes_and_reads(Pane::Preview, around);
        panes.preview.follow(selected, &reads, jobs)
    }

    fn command_given(
        &mut self,
        command: Command,
        around: Surroundings<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        self.hands = Hands::On;
        match command {
            Command::Show(tab) => self.show_tab(tab, around, jobs),
            Command::NextPane | Command::PreviousPane => self.next_pane(command, around),
            Command::NextLayer | Command::PreviousLayer if self.focus != Focus::Preview => {
                self.step_layer(command)
            }
            Command::Fuzzy => self.find(around, jobs),
            Command::ShowEdits if self.pane() != Pane::Edits => self.show_edits(around, jobs),
            _ => {
                let pane = self.pane();
                let (panes, reads) = self.panes_and_reads(pane, around);
                panes.update(pane, command, &reads, jobs)
            }
        }
    }

    pub(super) fn text_typed(
        &mut self,
        edit: &Edit,
        around: Surroundings<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        let pane = self.pane();
        let (panes, reads) = self.panes_and_reads(pane, around);
        panes.edit(pane, edit, &reads, jobs)
    }

    /// Hands the tree a command of another pane.
    pub(super) fn tell_tree(&mut self, command: Command, around: Surroundings<'_>) -> Vec<Request> {
        let (panes, reads) = self.panes_and_reads(Pane::Tree, around);
        panes.tree.update(command, &reads)
    }

    fn find(&mut self, around: Surroundings<'_>, jobs: &mut Jobs) -> Vec<Request> {
        let from = self.tab;
        let mut requests = self.show_tab(Tab::Files, around, jobs);
        let (panes, reads) = self.panes_and_reads(Pane::Files, around);
        requests.extend(panes.files.find(from, &reads));
        requests
    }

    /// Goes to another view.
    pub(super) fn show_tab(
        &mut self,
        tab: Tab,
        around: Surroundings<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        self.tab = tab;
        self.over_waste = OverWaste::Nothing;
        self.before_jump = None;
        if self.focus == Focus::Preview {
            self.focus = self.before_preview;
        }
        self.resize(around);
        let mut requests = self.enter_view(around, jobs);
        requests.extend(self.follow(around, jobs));
        requests
    }

    /// Gives another pane the keys.
    pub(super) fn give_keys(&mut self, focus: Focus, around: Surroundings<'_>) -> Vec<Request> {
        if focus == Focus::Preview && self.focus != Focus::Preview {
            self.before_preview = self.focus;
        }
        self.focus = focus;
        self.resize(around);
        Vec::new()
    }

    fn next_pane(&mut self, command: Command, around: Surroundings<'_>) -> Vec<Request> {
        if self.tab != Tab::Layers {
            return Vec::new();
        }
        let columns = layout::columns(&layout::areas(around.size), self.focus, ZoomState::Shared);
        let has_preview = columns.preview.is_some();
        let focus = match (self.focus, command) {
            (Focus::Layers, Command::NextPane) | (Focus::Preview, Command::PreviousPane) => {
                Focus::Tree
            }
            (Focus::Tree, Command::NextPane) | (Focus::Layers, _) if has_preview => Focus::Preview,
            (Focus::Tree | Focus::Preview, _) => Focus::Layers,
            (Focus::Layers, _) => Focus::Tree,
        };
        self.give_keys(focus, around);
        self.before_preview = Focus::Tree;
        Vec::new()
    }

    fn step_layer(&self, command: Command) -> Vec<Request> {
        let at = self.panes.layers.layer().0;
        let last = self.subject.analysis.layers.len().saturating_sub(1);
        let next = match command {
            Command::NextLayer => at.saturating_add(1),
            _ => at.saturating_sub(1),
        };
        let next = next.min(u16::try_from(last).unwrap_or(u16::MAX));
        vec![Request::ChooseLayer(LayerIndex(next))]
    }

    /// Makes another layer the current one.
    pub(super) fn choose_layer(
        &mut self,
        layer: LayerIndex,
        around: Surroundings<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        let (panes, reads) = self.panes_and_reads(Pane::Layers, around);
        panes.layers.choose(layer, &reads);
        let (panes, reads) = self.panes_and_reads(Pane::Tree, around);
        panes.tree.choose(layer, &reads);
        let mut requests = self.enter_view(around, jobs);
        requests.extend(self.follow(around, jobs));
        requests
    }

    /// Shows a path in the tree; with a layer, in the tree of that layer.
    pub(super) fn go_to(
        &mut self,
        path: PathId,
        layer: Option<LayerIndex>,
        around: Surroundings<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        let before = self.place();
        self.focus = Focus::Tree;
        let mut requests = self.show_tab(Tab::Layers, around, jobs);
        self.before_jump = Some(before);
        let mode = match layer {
            None => TreeMode::Merged,
            Some(layer) => {
                requests.extend(self.choose_layer(layer, around, jobs));
                TreeMode::Layer
            }
        };
        let (panes, reads) = self.panes_and_reads(Pane::Tree, around);
        panes.tree.set_mode(mode, &reads);
        panes.tree.go_to(path, &reads);
        requests.extend(self.follow(around, jobs));
        requests
    }

    /// Shows what is wasted at or below a path, and remembers the way back.
    pub(super) fn show_waste(
        &mut self,
        path: PathId,
        layer: Option<LayerIndex>,
        around: Surroundings<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        let before = self.place();
        let (panes, reads) = self.panes_and_reads(Pane::Waste, around);
        if !panes.waste.go_to(path, layer, &reads) {
            return refused("nothing is wasted here");
        }
        let requests = self.show_tab(Tab::Waste, around, jobs);
        self.before_jump = Some(before);
        requests
    }

    /// Shows the edits, and remembers the way back.
    pub(super) fn show_edits(&mut self, around: Surroundings<'_>, jobs: &mut Jobs) -> Vec<Request> {
        let before = self.before_jump.take().filter(|before| {
            // From what the edits led to there is no way back but to where they were opened.
            self.subject.as_it_is.is_some() && before.over_waste == OverWaste::Nothing
        });
        let before = before.unwrap_or_else(|| self.place());
        let requests = self.show_tab(Tab::Waste, around, jobs);
        self.over_waste = OverWaste::Edits;
        self.before_jump = (before.over_waste == OverWaste::Nothing).then_some(before);
        let (panes, reads) = self.panes_and_reads(Pane::Edits, around);
        panes.edits.resize(&reads);
        requests
    }

    /// Leaves the edits, and shows the image as it is where one was.
    pub(super) fn leave_edits(
        &mut self,
        around: Surroundings<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        self.panes.edits.take_back();
        self.panes.edits.job = None;
        self.show_as_it_is(around);
        match self.jump_back(around, jobs) {
            Some(requests) => requests,
            None => self.show_tab(Tab::Waste, around, jobs),
        }
    }

    fn show_as_it_is(&mut self, around: Surroundings<'_>) {
        if self.subject.as_it_is.is_some() {
            let subject = Arc::clone(self.as_it_is());
            self.take(subject, around);
        }
    }

    /// Shows the image with the edits that are applied.
    pub(super) fn try_edits(&mut self, around: Surroundings<'_>, jobs: &mut Jobs) -> Vec<Request> {
        let deeds = self.panes.edits.deeds();
        self.panes.edits.job = None;
        if deeds.is_empty() {
            self.show_as_it_is(around);
            return self.enter_view(around, jobs);
        }
        let job = jobs.take_number();
        self.panes.edits.job = Some(job);
        let of = Arc::clone(self.as_it_is());
        vec![Request::Do(Effect::Try { job, of, deeds })]
    }

    /// Shows layers and tree as they would be; Esc leads back to the edits.
    pub(super) fn see_tried(&mut self, around: Surroundings<'_>, jobs: &mut Jobs) -> Vec<Request> {
        let before = self.place();
        let requests = self.show_tab(Tab::Layers, around, jobs);
        self.before_jump = Some(before);
        requests
    }

    /// Shows the image without some places of a layer.
    pub(super) fn try_without(
        &mut self,
        layer: LayerIndex,
        places: Vec<PathId>,
        around: Surroundings<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        if self.subject.as_it_is.is_some() || self.panes.edits.subject.is_none() {
            return refused("only what the image has now can be left out: t shows the edits");
        }
        self.panes.edits.leave_out(layer, places);
        let mut requests = self.show_edits(around, jobs);
        requests.extend(self.try_edits(around, jobs));
        requests
    }

    /// Makes one layer of several.
    pub(super) fn squash(
        &mut self,
        text: &str,
        around: Surroundings<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        match self.panes.edits.squash(text) {
            Ok(()) => self.try_edits(around, jobs),
            Err(words) => refused(words),
        }
    }

    /// Hands the tree the sentence that stands above it.
    fn show_card(&mut self, around: Surroundings<'_>) {
        let card = self.panes.edits.card(around.session.look);
        let (panes, reads) = self.panes_and_reads(Pane::Tree, around);
        panes.tree.show_card(card, &reads);
    }

    /// Looks into a version of a file.
    pub(super) fn look(
        &mut self,
        version: VersionAt,
        around: Surroundings<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        if self.focus != Focus::Preview {
            self.give_keys(Focus::Preview, around);
        }
        let (panes, reads) = self.panes_and_reads(Pane::Preview, around);
        panes.preview.look(version, &reads, jobs)
    }

    /// Goes back to where a jump came from, if one did.
    pub(super) fn jump_back(
        &mut self,
        around: Surroundings<'_>,
        jobs: &mut Jobs,
    ) -> Option<Vec<Request>> {
        let place = self.before_jump.take()?;
        let mut requests = self.choose_layer(place.layer, around, jobs);
        let path = ImagePath::new(&place.path);
        let path = path.and_then(|path| self.subject.tree().find(path));
        let (panes, reads) = self.panes_and_reads(Pane::Tree, around);
        panes.tree.set_mode(place.mode, &reads);
        panes.tree.go_to(path.unwrap_or(PathId::ROOT), &reads);
        self.focus = place.focus;
        requests.extend(self.show_tab(place.tab, around, jobs));
        self.over_waste = place.over_waste;
        Some(requests)
    }
}
