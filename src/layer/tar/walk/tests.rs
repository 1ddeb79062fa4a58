use std::io::Cursor;

use super::*;
use crate::layer::tar::window::Input;
use crate::progress::Job;

/// Headers that state an impossible length, one after the other: nothing but troubles.
#[test]
fn troubles_between_two_entries_are_handed_over_in_small_lots() {
    let mut block = [0u8; 512];
    block[0] = b'x';
    block[124] = 0xff;
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let stream = Cursor::new(block.repeat(1000));
    let job = Job::new();
    let window = Window::new(Input::Stream(Box::new(stream), 1), 0, &job);
    let mut walk = TarWalk::new(window, 0);
    let (mut most, mut all) = (0, 0);
    while walk.next(&mut Record::default()).unwrap() == Step::Pause {
        most = most.max(walk.troubles.len());
        all += std::mem::take(&mut walk.troubles).len();
    }
    assert!(most > 0 && most <= 64, "{most}");
    assert!(all + walk.troubles.len() >= 1000);
}
