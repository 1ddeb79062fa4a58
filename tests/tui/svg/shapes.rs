//! Characters that are drawn and not written: fonts leave gaps between lines, or have no such character.

/// How a character fills its cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Lines from the middle up, to the right, down and to the left: 0 none, 1 light, 2 heavy.
    Lines([u8; 4]),
    /// This many eighths of the width, from the left.
    Left(u8),
    /// This many eighths of the height, from below.
    Lower(u8),
    /// All of it, in part transparent.
    Shade(f64),
    /// A triangle that points to the right.
    Folded,
    /// A triangle that points down.
    Unfolded,
}

/// Returns how a character is drawn, or none where it is written.
pub fn shape(symbol: &str) -> Option<Shape> {
    Some(match symbol {
        "█" => Shape::Left(8),
        "▉" => Shape::Left(7),
        "▊" => Shape::Left(6),
        "▋" => Shape::Left(5),
        "▌" => Shape::Left(4),
        "▍" => Shape::Left(3),
        "▎" => Shape::Left(2),
        "▏" => Shape::Left(1),
        "▁" => Shape::Lower(1),
        "▂" => Shape::Lower(2),
        "▃" => Shape::Lower(3),
        "▄" => Shape::Lower(4),
        "▅" => Shape::Lower(5),
        "▆" => Shape::Lower(6),
        "▇" => Shape::Lower(7),
        "░" => Shape::Shade(0.25),
        "▒" => Shape::Shade(0.5),
        "▓" => Shape::Shade(0.75),
        "▸" => Shape::Folded,
        "▾" => Shape::Unfolded,
        _ => return lines(symbol),
    })
}

/// Lines that meet, at the number whose digits to base 3 are the weights up, right, down and left.
const LINES: &str =
    " ╴╸╷┐┑╻┒┓╶─╾┌┬┭┎┰┱╺╼━┍┮┯┏┲┳╵┘┙│┤┥╽┧┪└┴┵├┼┽┟╁╅┕┶┷┝┾┿┢╆╈╹┚┛╿┦┩┃┨┫┖┸┹┞╀╃┠╂╉┗┺┻┡╄╇┣╊╋";

fn lines(symbol: &str) -> Option<Shape> {
    let at = (0..).zip(LINES.chars()).skip(1);
    let (number, _) = at.into_iter().find(|(_, line)| symbol.starts_with(*line))?;
    Some(Shape::Lines(
        [27, 9, 3, 1].map(|place: u8| number / place % 3),
    ))
}
