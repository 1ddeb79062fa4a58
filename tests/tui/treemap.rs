//! Look.
use crate::screen::Screen;
#[test]
fn look() {
    for (w, h) in [(200, 50), (120, 40), (80, 24), (50, 20), (40, 12), (20, 5)] {
        let mut s = Screen::demo(w, h);
        s.keys("4");
        println!("{}", s.text());
        s.keys("<enter>");
        println!("{}", s.text());
        s.keys("<esc>+");
        println!("{}", s.text());
        if w == 80 {
            println!("{}", s.styled());
        }
        s.keys("<right>");
        println!("{}", s.text());
        s.keys("mm");
        println!("{}", s.text());
        s.keys("mmKK");
        println!("{}", s.text());
    }
}
