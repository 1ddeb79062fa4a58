//! Reading the image: progress, browsing what is read, choosing between images, failing.

use layerscope::error::Error;
use layerscope::tui::message::{Complaint, Outcome};
use layerscope::tui::results::{LayerProgress, LayerState, LoadProgress};
use layerscope::tui::{Effect, Msg};

use crate::screen::{Screen, session};

fn layer(title: &str, state: LayerState, done_bytes: u64) -> LayerProgress {
    LayerProgress {
        title: title.into(),
        state,
        done_bytes,
        expected_bytes: 100 << 20,
        entries: 12_345,
    }
}

fn progress(first: LayerState) -> LoadProgress {
    LoadProgress {
        elapsed_milliseconds: 2000,
        title: "app.tar".into(),
        layers: vec![
            layer("RUN \u{1b}[31mred", first, 100 << 20),
            layer("COPY . /app", LayerState::Reading, 50 << 20),
            layer("RUN make", LayerState::Waiting, 0),
        ],
        done_bytes: 150 << 20,
        expected_bytes: 300 << 20,
        entries: 24_690,
    }
}

#[test]
fn every_layer_says_how_far_it_is() {
    let mut screen = Screen::waiting(session(), 80, 24);
    screen.send(Msg::Tick(progress(LayerState::Done)));
    let text = screen.text();
    assert!(
        screen.line_with("\\x1B[31mred").contains("done"),
        "escaped: {text}"
    );
    assert!(screen.line_with("COPY . /app").contains("50 %"));
    assert!(screen.line_with("RUN make").contains("waits"));
    assert!(screen.shows("50 %  150.0 MiB of 300.0 MiB"));
    assert!(screen.shows("75.0 MiB/s  2.0 s elapsed  about 2.0 s left"));
}

#[test]
fn what_is_read_is_browsed_and_nothing_before() {
    let mut screen = Screen::waiting(session(), 80, 24);
    screen.effects.clear();
    screen.send(Msg::Tick(progress(LayerState::Reading)));
    screen.keys("<enter>");
    assert!(screen.effects.is_empty(), "no layer is read yet");
    screen.send(Msg::Tick(progress(LayerState::Damaged)));
    screen.keys("<enter>");
    assert!(matches!(screen.effects.as_slice(), [Effect::Browse(_)]));
}

#[test]
fn cancelling_stops_the_job_and_leaves() {
    for keys in ["q", "<ctrl-c>"] {
        let mut screen = Screen::waiting(session(), 80, 24);
        screen.effects.clear();
        screen.keys(keys);
        let said: Vec<_> = screen.effects.iter().map(kind).collect();
        assert!(said.contains(&"cancel") && said.contains(&"quit"), "{keys}");
    }
}

fn kind(effect: &Effect) -> &'static str {
    match effect {
        Effect::Cancel(_) => "cancel",
        Effect::Quit => "quit",
        _ => "other",
    }
}

#[test]
fn a_failure_is_told_with_a_way_on() {
    let mut screen = Screen::waiting(session(), 80, 24);
    let job = screen.reading().unwrap();
    let error = Error::NotFound {
        name: "app.tar".into(),
    };
    let complaint = Complaint::of(&error);
    assert!(complaint.hint.is_some());
    screen.send(Msg::Done(job, Outcome::Failed(complaint)));
    assert!(screen.reading().is_none());
    assert_eq!(screen.model.popups.len(), 1);
    screen.keys("<esc>");
    assert!(screen.model.popups.is_empty());
}

#[test]
fn a_long_list_shows_the_layer_that_is_read() {
    let mut progress = progress(LayerState::Done);
    progress.layers = (0..200)
        .map(|index| {
            let state = match index {
                0..150 => LayerState::Done,
                150 => LayerState::Reading,
                _ => LayerState::Waiting,
            };
            layer(&format!("RUN step {index}"), state, 1)
        })
        .collect();
    for (width, height) in [(200, 50), (80, 24), (40, 12), (20, 6)] {
        let mut screen = Screen::waiting(session(), width, height);
        screen.send(Msg::Tick(progress.clone()));
        let shown = screen.text();
        assert!(shown.contains("150") || height < 8, "{shown}");
    }
}
