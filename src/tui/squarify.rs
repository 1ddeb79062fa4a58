//! Areas in proportion to weights, as close to squares as they can be: squarified treemaps
//! (Bruls, Huizing and van Wijk, 2000) in whole cells of a terminal.
//!
//! Tiles fill their place exactly. What is too small for a tile of its own shares one with all that is smaller.

use ratatui::layout::{Rect, Size};

/// Smallest tile: with a line around it that it shares with its neighbours, it has room for a short name and a
/// size.
pub const LEAST: Size = Size::new(8, 3);

/// Height of a cell in widths of one.
const CELL: f64 = 2.5;

/// A place, divided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tiling {
    /// Places of the largest weights, in their order.
    pub tiles: Vec<Rect>,
    /// Place of everything else; `None` where nothing else is.
    pub rest: Option<Rect>,
}

/// What is divided.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a> {
    /// Weights, largest first.
    pub largest: &'a [u64],
    /// Number of further ones, none of them larger.
    pub others: usize,
    /// Their sum.
    pub others_sum: u64,
}

/// Returns how many tiles fit at most: further weights need not be told one by one.
pub fn most_tiles(place: Rect) -> usize {
    (place.area() / LEAST.area()) as usize
}

/// Returns whether at least two tiles fit.
pub const fn has_room(place: Rect) -> bool {
    let across = place.width / LEAST.width;
    let down = place.height / LEAST.height;
    across >= 1 && down >= 1 && across + down >= 3
}

/// Divides a place. Without room for one tile there is none.
///
/// Every tile is at least [`LEAST`] and they cover the place exactly. The rest has a tile even where its weight
/// alone would not earn one. Where all weights are 0, all are alike. Cost is quadratic in [`most_tiles`] at worst.
pub fn divide(weights: Weights<'_>, place: Rect) -> Tiling {
    if place.width < LEAST.width || place.height < LEAST.height {
        return Tiling::default();
    }
    let most = most_tiles(place).min(weights.largest.len());
    let earned = told_apart(weights, place).min(most);
    // Where nothing earns a tile, as many get one as leave half of the place to the rest.
    let first = if earned > 0 { earned } else { most.div_ceil(2) };
    for shown in (0..=first).rev() {
        let (told, small) = weights.largest.split_at(shown);
        let has_rest = !small.is_empty() || weights.others > 0;
        if told.is_empty() && !has_rest {
            break;
        }
        let laid = Division::new(place).lay(&shares(told, small, weights, place));
        if let Some(mut tiles) = laid {
            let rest = if has_rest { tiles.pop() } else { None };
            return Tiling { tiles, rest };
        }
    }
    Tiling::default()
}

/// Returns how many weights deserve at least half of the smallest tile. Where all are 0, all do.
fn told_apart(weights: Weights<'_>, place: Rect) -> usize {
    let least = weights.sum() * f64::from(LEAST.area()) / f64::from(place.area()) / 2.0;
    let deserves = |&&weight: &&u64| amount(weight) >= least;
    weights.largest.iter().take_while(deserves).count()
}

/// Returns the share of each tile, that of the rest last.
fn shares(told: &[u64], small: &[u64], weights: Weights<'_>, place: Rect) -> Vec<f64> {
    let has_rest = !small.is_empty() || weights.others > 0;
    let all = weights.sum();
    if all <= 0.0 {
        return vec![1.0; told.len() + usize::from(has_rest)];
    }
    let mut shares: Vec<f64> = told.iter().map(|&weight| amount(weight)).collect();
    if has_rest {
        let rest: f64 = small.iter().map(|&weight| amount(weight)).sum();
        let least = all * f64::from(LEAST.area()) / f64::from(place.area());
        shares.push((rest + amount(weights.others_sum)).max(least));
    }
    shares
}

impl Weights<'_> {
    fn sum(&self) -> f64 {
        let largest: f64 = self.largest.iter().map(|&weight| amount(weight)).sum();
        largest + amount(self.others_sum)
    }
}

#[expect(clippy::cast_precision_loss, reason = "areas are cells")]
const fn amount(bytes: u64) -> f64 {
    bytes as f64
}

/// Which way the tiles of a strip stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// One above the other, the strip at the left.
    Down,
    /// Side by side, the strip at the top.
    Across,
}

/// A place being filled strip by strip.
struct Division {
    left: Rect,
}

impl Division {
    const fn new(left: Rect) -> Self {
        Self { left }
    }

    /// Lays tiles for all shares; `None` where one would be too small.
    fn lay(mut self, shares: &[f64]) -> Option<Vec<Rect>> {
        let mut tiles = Vec::with_capacity(shares.len());
        let mut open = shares;
        while !open.is_empty() {
            let way = self.way();
            let count = self.strip(way, open);
            let (strip, further) = open.split_at(count);
            let taken = if further.is_empty() {
                self.left
            } else {
                self.cut(way, strip.iter().sum::<f64>() / open.iter().sum::<f64>())?
            };
            fill(taken, way, strip, &mut tiles)?;
            open = further;
        }
        Some(tiles)
    }

    /// Strips lie along the shorter side, measured in cells' widths.
    fn way(&self) -> Way {
        let is_wide = f64::from(self.left.width) >= f64::from(self.left.height) * CELL;
        match self.left {
            // Nothing can be cut off any more: all that is left stands in one strip.
            left if left.width < 2 * LEAST.width => Way::Down,
            left if left.height < 2 * LEAST.height => Way::Across,
            _ if is_wide => Way::Down,
            _ => Way::Across,
        }
    }

    /// Returns how many shares the next strip takes: as many as make its worst tile better.
    fn strip(&self, way: Way, shares: &[f64]) -> usize {
        let is_only = match way {
            Way::Down => self.left.width < 2 * LEAST.width,
            Way::Across => self.left.height < 2 * LEAST.height,
        };
        if is_only && self.is_indivisible() {
            return shares.len();
        }
        let (length, thickness, least_length, least_thickness) = match way {
            Way::Down => (self.left.height, self.left.width, LEAST.height, LEAST.width),
            Way::Across => (self.left.width, self.left.height, LEAST.width, LEAST.height),
        };
        let all: f64 = shares.iter().sum();
        let most = usize::from(length / least_length).max(1);
        let (mut sum, mut worst) = (0.0, f64::INFINITY);
        for (count, &share) in shares.iter().enumerate().take(most) {
            let next = sum + share;
            let thick = f64::from(thickness) * next / all;
            let next_worst = worst_ratio(&shares[..=count], next, way, (thick, f64::from(length)));
            let was_thick = f64::from(thickness) * sum / all >= f64::from(least_thickness);
            if count > 0 && was_thick && next_worst > worst {
                return count;
            }
            (sum, worst) = (next, next_worst);
        }
        most.min(shares.len())
    }

    /// Returns whether no strip can be cut off in either direction.
    const fn is_indivisible(&self) -> bool {
        self.left.width < 2 * LEAST.width || self.left.height < 2 * LEAST.height
    }

    /// Cuts a strip off; `None` where it or what is left would be too thin.
    fn cut(&mut self, way: Way, part: f64) -> Option<Rect> {
        let left = self.left;
        let (whole, least) = match way {
            Way::Down => (left.width, LEAST.width),
            Way::Across => (left.height, LEAST.height),
        };
        let most = whole.checked_sub(least).filter(|&most| most >= least)?;
        let thick = cells(f64::from(whole) * part).clamp(least, most);
        let (taken, further) = match way {
            Way::Down => (
                Rect {
                    width: thick,
                    ..left
                },
                Rect {
                    x: left.x + thick,
                    width: whole - thick,
                    ..left
                },
            ),
            Way::Across => (
                Rect {
                    height: thick,
                    ..left
                },
                Rect {
                    y: left.y + thick,
                    height: whole - thick,
                    ..left
                },
            ),
        };
        self.left = further;
        Some(taken)
    }
}

/// Returns how far the worst tile of a strip is from a square; 1 is one.
fn worst_ratio(shares: &[f64], sum: f64, way: Way, (thick, length): (f64, f64)) -> f64 {
    shares.iter().fold(1.0, |worst, share| {
        let long = length * share / sum;
        let (width, height) = match way {
            Way::Down => (thick, long * CELL),
            Way::Across => (long, thick * CELL),
        };
        let ratio = if width > height {
            width / height
        } else {
            height / width
        };
        f64::max(worst, ratio)
    })
}

/// Fills a strip; `None` where it is too short for its tiles.
fn fill(strip: Rect, way: Way, shares: &[f64], tiles: &mut Vec<Rect>) -> Option<()> {
    let (length, least) = match way {
        Way::Down => (strip.height, LEAST.height),
        Way::Across => (strip.width, LEAST.width),
    };
    let mut at = 0;
    for part in parts(length, least, shares)? {
        tiles.push(match way {
            Way::Down => Rect {
                y: strip.y + at,
                height: part,
                ..strip
            },
            Way::Across => Rect {
                x: strip.x + at,
                width: part,
                ..strip
            },
        });
        at += part;
    }
    Some(())
}

/// Divides a length into whole parts of at least `least`; a larger share never gets the smaller part.
fn parts(length: u16, least: u16, shares: &[f64]) -> Option<Vec<u16>> {
    let count = u16::try_from(shares.len()).ok()?;
    if least.checked_mul(count)? > length {
        return None;
    }
    let sum: f64 = shares.iter().sum();
    let ideal: Vec<f64> = shares
        .iter()
        .map(|share| f64::from(length) * share / sum)
        .collect();
    let mut parts: Vec<u16> = ideal.iter().map(|&ideal| floor(ideal).max(least)).collect();
    let mut total: u16 = parts.iter().sum();
    while total > length {
        // What the smallest need comes from the largest; of equal ones from the last.
        let largest = (0..parts.len()).max_by_key(|&at| parts[at])?;
        parts[largest] -= 1;
        total -= 1;
    }
    while total < length {
        let missing = |at: &usize| ideal[*at] - f64::from(parts[*at]);
        let neediest = (0..parts.len())
            .rev()
            .max_by(|one, other| missing(one).total_cmp(&missing(other)))?;
        parts[neediest] += 1;
        total += 1;
    }
    Some(parts)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "lengths on a screen"
)]
fn floor(length: f64) -> u16 {
    length.floor() as u16
}

fn cells(length: f64) -> u16 {
    floor(length + 0.5)
}

#[cfg(test)]
mod tests;
