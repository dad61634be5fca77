#!/usr/bin/env python3
"""Makes the picture of the console for the README out of a real run.

It starts `ringfence demo` in a pseudo-terminal, presses keys, and draws what the terminal shows as an SVG. Python's standard library alone;
the binary is `target/debug/ringfence` unless another one is named:

    python3 assets/picture.py assets/console.svg [target/release/ringfence]
"""

import codecs
import html
import os
import pty
import re
import select
import struct
import sys
import termios
import time
import fcntl
import unicodedata

COLUMNS, ROWS = 120, 40
CELL_WIDTH, CELL_HEIGHT = 8.4, 18
GROUND, INK = "#16161e", "#d5d8e5"
# The sixteen colours, as a calm dark terminal has them.
COLOURS = [
    "#16161e", "#f7768e", "#9ece6a", "#e0af68", "#7aa2f7", "#bb9af7", "#7dcfff", "#a9b1d6",
    "#6b7192", "#ff7a93", "#b9f27c", "#ff9e64", "#7da6ff", "#c8a2ff", "#8ad8ff", "#ffffff",
]


class Screen:
    """As much of a terminal as the console needs: moving, erasing, colours."""

    def __init__(self):
        self.cells = [[(" ", {}) for _ in range(COLUMNS)] for _ in range(ROWS)]
        self.x = self.y = 0
        self.style = {}
        self.rest = ""

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        at = 0
        while at < len(text):
            c = text[at]
            if c == "\x1b":
                match = re.match(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*(\x07|\x1b\\)|[()][0-9A-Z]|[=>78])", text[at:])
                if not match:
                    self.rest = text[at:]
                    return
                self.escape(match.group(0))
                at += match.end()
                continue
            at += 1
            if c == "\r":
                self.x = 0
            elif c == "\n":
                self.y = min(self.y + 1, ROWS - 1)
            elif c == "\b":
                self.x = max(self.x - 1, 0)
            elif c >= " ":
                self.put(c)

    def put(self, c):
        if unicodedata.combining(c):
            if self.x:
                before, style = self.cells[self.y][self.x - 1]
                self.cells[self.y][self.x - 1] = (before + c, style)
            return
        wide = 2 if unicodedata.east_asian_width(c) in "WF" else 1
        if self.x + wide > COLUMNS:
            return
        self.cells[self.y][self.x] = (c, dict(self.style))
        if wide == 2:
            self.cells[self.y][self.x + 1] = ("", dict(self.style))
        self.x += wide

    def escape(self, code):
        if not code.startswith("\x1b["):
            return
        body, final = code[2:-1], code[-1]
        if body.startswith("?"):
            if body == "?1049" and final == "h":  # a screen of its own, empty
                self.cells = [[(" ", {}) for _ in range(COLUMNS)] for _ in range(ROWS)]
            return
        numbers = [int(n) if n else 0 for n in body.split(";")] if body else [0]
        first = numbers[0]
        if final in "Hf":
            self.y = min(max((numbers[0] or 1) - 1, 0), ROWS - 1)
            self.x = min(max((numbers[1] if len(numbers) > 1 and numbers[1] else 1) - 1, 0), COLUMNS - 1)
        elif final == "G":
            self.x = min(max((first or 1) - 1, 0), COLUMNS - 1)
        elif final == "C":
            self.x = min(self.x + (first or 1), COLUMNS - 1)
        elif final == "D":
            self.x = max(self.x - (first or 1), 0)
        elif final == "A":
            self.y = max(self.y - (first or 1), 0)
        elif final == "B":
            self.y = min(self.y + (first or 1), ROWS - 1)
        elif final == "J":
            self.cells = [[(" ", {}) for _ in range(COLUMNS)] for _ in range(ROWS)]
        elif final == "K":
            for x in range(self.x, COLUMNS):
                self.cells[self.y][x] = (" ", dict(self.style))
        elif final == "m":
            self.colours(numbers)

    def colours(self, numbers):
        numbers = list(numbers)
        while numbers:
            n = numbers.pop(0)
            if n == 0:
                self.style = {}
            elif n in (1, 2, 3, 4, 7):
                self.style[{1: "bold", 2: "dim", 3: "italic", 4: "under", 7: "reverse"}[n]] = True
            elif n == 22:
                self.style.pop("bold", None)
                self.style.pop("dim", None)
            elif n in (23, 24, 27):
                self.style.pop({23: "italic", 24: "under", 27: "reverse"}[n], None)
            elif n in (38, 48):
                where = "front" if n == 38 else "back"
                if numbers and numbers.pop(0) == 5 and numbers:
                    self.style[where] = numbers.pop(0)
            elif 30 <= n <= 37:
                self.style["front"] = n - 30
            elif 40 <= n <= 47:
                self.style["back"] = n - 40
            elif 90 <= n <= 97:
                self.style["front"] = n - 82
            elif 100 <= n <= 107:
                self.style["back"] = n - 92
            elif n == 39:
                self.style.pop("front", None)
            elif n == 49:
                self.style.pop("back", None)

    def text(self):
        return "\n".join("".join(c for c, _ in row).rstrip() for row in self.cells)

    def svg(self):
        width, height = COLUMNS * CELL_WIDTH + 24, ROWS * CELL_HEIGHT + 24
        out = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">',
            f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>',
        ]
        for y, row in enumerate(self.cells):
            x = 0
            while x < COLUMNS:
                style = row[x][1]
                end = x
                while end < COLUMNS and row[end][1] == style:
                    end += 1
                text = "".join(c for c, _ in row[x:end])
                front = COLOURS[style["front"]] if style.get("front") in range(16) else INK
                back = COLOURS[style["back"]] if style.get("back") in range(16) else None
                if style.get("reverse"):
                    front, back = back or GROUND, front
                left, top = 12 + x * CELL_WIDTH, 12 + y * CELL_HEIGHT
                if back:
                    out.append(
                        f'<rect x="{left:.1f}" y="{top}" width="{(end - x) * CELL_WIDTH:.1f}" '
                        f'height="{CELL_HEIGHT}" fill="{back}"/>'
                    )
                if text.strip():
                    bold = ' font-weight="bold"' if style.get("bold") else ""
                    dim = ' opacity="0.65"' if style.get("dim") else ""
                    out.append(
                        f'<text x="{left:.1f}" y="{top + 13}" fill="{front}"{bold}{dim} xml:space="preserve" '
                        f'textLength="{(end - x) * CELL_WIDTH:.1f}">{html.escape(text)}</text>'
                    )
                x = end
        out.append("</svg>")
        return "\n".join(out) + "\n"


class Console:
    def __init__(self, binary, folder):
        self.screen = Screen()
        # A character may come in two parts.
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", LANG="C.UTF-8")
            os.environ.pop("NO_COLOR", None)
            os.chdir(folder)
            os.execv(binary, [binary, "demo"])
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, size)

    def listen(self, seconds):
        end = time.time() + seconds
        while time.time() < end:
            ready, _, _ = select.select([self.terminal], [], [], 0.1)
            if not ready:
                continue
            try:
                data = os.read(self.terminal, 65536)
            except OSError:
                return
            text = self.decoder.decode(data)
            if "\x1b[6n" in text:
                os.write(self.terminal, b"\x1b[1;1R")
            self.screen.feed(text)

    def until(self, words, seconds=120):
        end = time.time() + seconds
        while words not in self.screen.text():
            if time.time() > end:
                sys.exit(f"waited for “{words}” in vain:\n{self.screen.text()}")
            self.listen(0.2)

    def press(self, keys, words=None):
        os.write(self.terminal, keys.encode())
        self.listen(0.4)
        if words:
            self.until(words)


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else "assets/console.svg"
    binary = os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else "target/debug/ringfence")
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        console = Console(binary, folder)
        console.until("2 Back up")
        console.press("3", "Same e-mail at")
        console.press("A", "The same answer for")
        console.press("of every")
        console.press("\r", "Every conflict has an answer")
        console.press("0", "to answer")
        console.press("A", "accept ")
        console.press("\r", "all answered")
        console.press("1", "Phase 1")
        console.press(">", "May ringfence write?")
        console.press("Y", "stopped here")
        console.listen(1.5)
        with open(out, "w", encoding="utf-8") as file:
            file.write(console.screen.svg())
        console.press("q", "Leaving: the report")
        console.press("Q")
        console.listen(5)


main()
