use proptest::prelude::*;

use super::*;

fn all(tiling: &Tiling) -> Vec<Rect> {
    tiling.tiles.iter().copied().chain(tiling.rest).collect()
}

fn assert_exact(tiling: &Tiling, place: Rect) {
    let mut cells = vec![0u8; place.area() as usize];
    for tile in all(tiling) {
        assert_eq!(tile.union(place), place, "{tile} leaves {place}");
        for cell in tile.positions() {
            let (x, y) = (cell.x - place.x, cell.y - place.y);
            cells[usize::from(y) * usize::from(place.width) + usize::from(x)] += 1;
        }
    }
    assert!(cells.iter().all(|&count| count == 1), "{tiling:?}");
}

fn whole(largest: &[u64]) -> Weights<'_> {
    Weights {
        largest,
        others: 0,
        others_sum: 0,
    }
}

proptest! {
    #[test]
    fn tiles_fill_their_place_and_are_never_too_small(
        mut weights in prop::collection::vec(0u64..2_000_000, 0..60),
        huge in prop::option::of(any::<u64>()),
        others in 0usize..3,
        (x, y, width, height) in (0u16..5, 0u16..5, 0u16..160, 0u16..60),
    ) {
        weights.extend(huge);
        weights.sort_unstable_by(|one, other| other.cmp(one));
        let others_sum = weights.last().map_or(0, |least| least.saturating_mul(others as u64));
        let weights = Weights { largest: &weights, others, others_sum };
        let place = Rect::new(x, y, width, height);
        let tiling = divide(weights, place);
        let is_nothing = weights.largest.is_empty() && others == 0;
        if is_nothing || width < LEAST.width || height < LEAST.height {
            prop_assert_eq!(tiling, Tiling::default());
            return Ok(());
        }
        assert_exact(&tiling, place);
        for tile in all(&tiling) {
            prop_assert!(tile.width >= LEAST.width && tile.height >= LEAST.height);
        }
        // Everything is shown: one by one, or in the tile of the rest.
        let is_all = tiling.tiles.len() == weights.largest.len() && others == 0;
        prop_assert_eq!(tiling.rest.is_none(), is_all);
    }

    #[test]
    fn a_much_larger_weight_has_the_larger_tile(
        mut weights in prop::collection::vec(1u64..1_000_000, 2..40),
        (width, height) in (40u16..160, 12u16..60),
    ) {
        weights.sort_unstable_by(|one, other| other.cmp(one));
        let tiling = divide(whole(&weights), Rect::new(0, 0, width, height));
        let pairs: Vec<(u64, Rect)> = weights.iter().copied().zip(tiling.tiles).collect();
        for (at, (large, of_large)) in pairs.iter().enumerate() {
            for (small, of_small) in &pairs[at..] {
                if *large >= small.saturating_mul(4) && of_small.area() > LEAST.area() * 3 {
                    prop_assert!(of_large.area() >= of_small.area(), "{large} {small}");
                }
            }
        }
    }

    #[test]
    fn parts_of_a_strip_are_in_order(
        mut shares in prop::collection::vec(0.001f64..1000.0, 1..12),
        length in 1u16..200,
        least in 1u16..9,
    ) {
        shares.sort_unstable_by(|one, other| other.total_cmp(one));
        let Some(parts) = parts(length, least, &shares) else {
            prop_assert!(usize::from(length) < usize::from(least) * shares.len());
            return Ok(());
        };
        prop_assert_eq!(parts.iter().sum::<u16>(), length);
        prop_assert!(parts.is_sorted_by(|one, other| one >= other), "{:?}", parts);
        prop_assert!(parts.iter().all(|&part| part >= least));
    }
}

#[test]
fn tiles_of_equal_weights_are_about_square_to_the_eye() {
    for count in [4usize, 6, 9, 12, 16] {
        let tiling = divide(whole(&vec![10; count]), Rect::new(0, 0, 150, 60));
        assert_eq!((tiling.tiles.len(), tiling.rest), (count, None));
        for tile in tiling.tiles {
            let ratio = f64::from(tile.width) / (f64::from(tile.height) * CELL);
            assert!((0.4..2.5).contains(&ratio), "{tile} of {count}");
        }
    }
}

#[test]
fn areas_follow_weights() {
    let place = Rect::new(0, 0, 100, 40);
    let tiling = divide(whole(&[600, 300, 100]), place);
    let areas: Vec<u32> = tiling.tiles.iter().map(|tile| tile.area()).collect();
    for (area, wanted) in areas.iter().zip([2400u32, 1200, 400]) {
        assert!(area.abs_diff(wanted) <= 80, "{areas:?}");
    }
}

#[test]
fn what_is_small_shares_a_tile() {
    let mut weights = vec![1_000_000u64, 500_000];
    weights.extend(vec![10u64; 46]);
    let tiling = divide(whole(&weights), Rect::new(0, 0, 78, 18));
    assert_eq!(tiling.tiles.len(), 2);
    assert!(tiling.rest.is_some());
}

#[test]
fn nothing_but_empty_things_are_alike() {
    let tiling = divide(whole(&[0, 0, 0, 0]), Rect::new(0, 0, 80, 20));
    assert_eq!((tiling.tiles.len(), tiling.rest), (4, None));
    let areas: Vec<u32> = tiling.tiles.iter().map(|tile| tile.area()).collect();
    assert!(
        areas.iter().all(|area| area.abs_diff(400) < 60),
        "{areas:?}"
    );
}

#[test]
fn a_thousand_alike_are_not_all_the_rest() {
    let tiling = divide(whole(&[10; 1000]), Rect::new(0, 0, 78, 18));
    assert!(tiling.tiles.len() >= 4, "{tiling:?}");
    assert!(tiling.rest.is_some());
}
