//! How well a style can be read: its contrast by xterm's default palette, on a terminal that is black or white.

#![allow(clippy::panic)]

use ratatui::style::{Color, Modifier, Style};

/// What a terminal may have behind the text.
pub const GROUNDS: [Color; 2] = [Color::Black, Color::White];
/// Below this nobody can read it. Sixteen colours that have to do on black and on white leave no more.
pub const LEAST: f64 = 3.0;

/// Xterm's default palette.
fn rgb(color: Color) -> [f64; 3] {
    let rgb: [u8; 3] = match color {
        Color::Black => [0, 0, 0],
        Color::Red => [205, 0, 0],
        Color::Green => [0, 205, 0],
        Color::Yellow => [205, 205, 0],
        Color::Blue => [0, 0, 238],
        Color::Magenta => [205, 0, 205],
        Color::Cyan => [0, 205, 205],
        Color::Gray => [229, 229, 229],
        Color::DarkGray => [127, 127, 127],
        Color::LightRed => [255, 0, 0],
        Color::LightGreen => [0, 255, 0],
        Color::LightYellow => [255, 255, 0],
        Color::LightBlue => [92, 92, 255],
        Color::LightMagenta => [255, 0, 255],
        Color::LightCyan => [0, 255, 255],
        Color::White => [255, 255, 255],
        other => panic!("{other} is none of the sixteen"),
    };
    rgb.map(|part| f64::from(part) / 255.0)
}

fn luminance(rgb: [f64; 3]) -> f64 {
    let [red, green, blue] = rgb.map(|part| {
        if part <= 0.03928 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// The contrast of a style on a terminal with that ground. What names no colour takes the terminal's own.
pub fn contrast(style: Style, ground: Color) -> f64 {
    let own = if ground == Color::Black {
        Color::Gray
    } else {
        Color::Black
    };
    let colour =
        |named: Option<Color>, own| rgb(named.filter(|it| *it != Color::Reset).unwrap_or(own));
    let (mut front, mut back) = (colour(style.fg, own), colour(style.bg, ground));
    if style.add_modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut front, &mut back);
    }
    if style.add_modifier.contains(Modifier::DIM) {
        let half = |at: usize| f64::midpoint(front[at], back[at]);
        front = [half(0), half(1), half(2)];
    }
    let (front, back) = (luminance(front), luminance(back));
    (front.max(back) + 0.05) / (front.min(back) + 0.05)
}
