//! A browser shows the pictures as the terminal shows the frames: every word in its columns, nothing between.
//!
//! Without a browser the test says that it is skipped; where `CI` is `true` it has to be there.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ratatui::buffer::Buffer;

use crate::pictures::Picture;
use crate::svg::{CELL, ORIGIN};

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Many times what it takes.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn browsers_show_every_word_of_the_pictures_where_it_belongs() {
    let Some(browser) = browser() else {
        let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!is_ci, "no Chromium: .ci/run installs it");
        println!("skipped: no Chromium");
        return;
    };
    let pictures = crate::pictures::all();
    let measured = measured(browser, &page(&pictures));
    for picture in &pictures {
        assert_words(picture, &measured);
        assert_cells(picture, &measured);
    }
}

fn browser() -> Option<&'static str> {
    let runs = |name: &&&str| {
        let version = Command::new(name).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    };
    BROWSERS.iter().find(runs).copied()
}

/// Returns a page with every picture twice: as a part of the page, and as the image that our pages show.
fn page(pictures: &[Picture]) -> String {
    let mut page = String::from(
        "<!doctype html><meta charset=\"utf-8\"><style>svg { display: block }</style>\n",
    );
    for picture in pictures {
        let (svg, area) = (picture.svg(), picture.frame.area);
        writeln!(
            page,
            "<section id=\"{}\" data-cells='{{\"left\":{},\"top\":{},\"width\":{},\"height\":{},\"columns\":{},\"rows\":{}}}'>\n\
             {svg}<img src=\"data:image/svg+xml;base64,{}\">\n</section>",
            picture.file,
            ORIGIN.0,
            ORIGIN.1,
            CELL.0,
            CELL.1,
            area.width,
            area.height,
            STANDARD.encode(&svg)
        )
        .unwrap();
    }
    write!(page, "<script>\n{}</script>\n", include_str!("browser.js")).unwrap();
    page
}

/// Returns the lines that the script leaves on the page.
fn measured(browser: &str, page: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pictures.html");
    fs::write(&file, page).unwrap();
    let dom = dump(browser, directory.path(), &file);
    let (_, found) = dom.split_once("measured\n").expect("the script ran");
    let (found, _) = found
        .split_once("\nend")
        .expect("the script came to its end");
    found.lines().map(str::to_owned).collect()
}

fn dump(browser: &str, directory: &Path, page: &Path) -> String {
    let dom = directory.join("dom.html");
    let mut child = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
        ])
        .args(["--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync"])
        .args(["--force-device-scale-factor=1", "--dump-dom"])
        .arg(format!(
            "--user-data-dir={}",
            directory.join("profile").display()
        ))
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .stdout(fs::File::create(&dom).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let end = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > end {
            child.kill().unwrap();
            panic!("{browser} does not come to an end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    fs::read_to_string(dom).unwrap()
}

/// Letters and figures that stand together and look alike.
#[derive(Debug)]
struct Word {
    text: String,
    column: u16,
    row: u16,
}

/// Returns the words of a frame in the order in which they are read.
fn words(frame: &Buffer) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut before = None;
    for row in 0..frame.area.height {
        for column in 0..frame.area.width {
            let cell = &frame[(column, row)];
            let look = is_letter(cell.symbol()).then(|| (row, cell.style()));
            match words.last_mut() {
                Some(word) if look.is_some() && look == before => word.text.push_str(cell.symbol()),
                _ if look.is_some() => words.push(Word {
                    text: cell.symbol().to_owned(),
                    column,
                    row,
                }),
                _ => {}
            }
            before = look;
        }
    }
    words
}

fn is_letter(symbol: &str) -> bool {
    symbol
        .chars()
        .all(|character| character.is_ascii_alphanumeric())
}

/// The words of a picture that is part of the page stand in their columns, and none is missing.
fn assert_words(picture: &Picture, measured: &[String]) {
    let begin = format!("word {} ", picture.file);
    let mut lines = measured.iter().filter_map(|line| line.strip_prefix(&begin));
    for word in words(&picture.frame) {
        let line = lines
            .next()
            .expect("as many words as there are in the frame");
        let (text, place) = line.split_once(' ').unwrap();
        let numbers: Vec<f64> = place
            .split(' ')
            .map(|number| number.parse().unwrap())
            .collect();
        let [x, width, middle] = numbers[..] else {
            panic!("{line}")
        };
        let column = (x - f64::from(ORIGIN.0)) / f64::from(CELL.0);
        let row = (middle - f64::from(ORIGIN.1)) / f64::from(CELL.1) - 0.5;
        let columns = width / f64::from(CELL.0);
        let length = f64::from(u16::try_from(word.text.len()).unwrap());
        let off = [
            column - f64::from(word.column),
            row - f64::from(word.row),
            columns - length,
        ];
        assert!(
            text == word.text && off.iter().all(|cells| cells.abs() < 0.4),
            "{}: {text:?} is at column {column:.2} of row {row:.2}, {columns:.2} wide, and should be {word:?}",
            picture.file,
        );
    }
    assert_eq!(lines.next(), None, "{} has words of its own", picture.file);
}

/// Where the frame has something, the image has; where the frame is blank, nothing reaches in.
fn assert_cells(picture: &Picture, measured: &[String]) {
    let begin = format!("row {} ", picture.file);
    let mut lines = measured.iter().filter_map(|line| line.strip_prefix(&begin));
    for y in 0..picture.frame.area.height {
        let shown = lines
            .next()
            .expect("as many rows as there are in the frame");
        let expected: String = (0..picture.frame.area.width)
            .zip(shown.chars())
            .map(|(x, shown)| expected(picture.frame[(x, y)].symbol()).unwrap_or(shown))
            .collect();
        assert!(
            shown == expected,
            "{}, row {y}:\n{shown}\n{expected} is right",
            picture.file
        );
    }
}

/// Returns whether something is seen in a cell; of some characters it is too little to tell.
fn expected(symbol: &str) -> Option<char> {
    match symbol {
        " " | "█" => Some('.'),
        "─" | "━" | "│" | "┃" | "├" | "└" | "┌" | "┐" | "┘" | "▾" | "▸" => {
            Some('#')
        }
        _ => is_letter(symbol).then_some('#'),
    }
}
