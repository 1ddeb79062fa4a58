//! Look.
use crate::screen::Screen;
#[test]
fn look() {
    for (w, h) in [(200, 30), (120, 24), (80, 20), (50, 14), (40, 12), (20, 5)] {
        let mut s = Screen::demo(w, h);
        s.keys("3");
        println!("{}", s.text());
        s.keys("m");
        println!("{}", s.text());
        s.keys("/node");
        println!("{}", s.styled());
        s.keys("<esc>Fnode");
        println!("{}", s.text());
    }
}
