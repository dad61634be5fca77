//! For terminals that show nothing but ASCII: after all is drawn, each sign and border is replaced by one that such a terminal has.

use ratatui::buffer::Buffer;

/// Replaces what is not ASCII.
pub fn reduce(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        let plain = plain(symbol);
        cell.set_symbol(plain);
    }
}

#[allow(clippy::match_same_arms)] // what looks alike stands together
fn plain(symbol: &str) -> &'static str {
    match symbol {
        "─" | "━" | "═" | "–" | "—" => "-",
        "│" | "║" => "|",
        "┌" | "┐" | "└" | "┘" | "├" | "┤" | "┬" | "┴" | "┼" | "╔" | "╗" | "╚" | "╝" | "╠" | "╣" => {
            "+"
        }
        "▸" | "›" | "»" | "→" | "▾" => ">",
        "✓" => "v",
        "✗" | "×" => "x",
        "≠" => "#",
        "·" => ".",
        "…" => "~",
        "●" => "*",
        "◇" | "○" | "☐" => "o",
        "■" | "█" | "▉" | "▊" | "▋" | "▌" => "#",
        "▍" | "▎" | "▏" => ":",
        "▁" | "▂" | "▃" => "_",
        "▄" | "▅" => "=",
        "▆" | "▇" => "#",
        "▲" | "▴" | "↑" => "^",
        "▼" | "↓" => "v",
        "←" => "<",
        "␣" => "_",
        "“" | "”" => "\"",
        "’" | "‘" => "'",
        "░" => ".",
        "✎" => "w",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn nothing_but_ascii_is_left() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        buffer.set_string(0, 0, "┌ Łódź 成都 ✓ …", Style::new());
        reduce(&mut buffer);
        let text: String = buffer
            .content
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        assert!(text.is_ascii(), "{text}");
        assert!(text.starts_with("+ "), "{text}");
    }
}
