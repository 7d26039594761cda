# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables, numbers and a little colour, as weir itself prints them (userspace/report/table.cpp, core/human.cpp)."""
import os
import re
import textwrap
import typing

PLAIN_COLUMNS = 100  # of sentences, where there is no terminal
TONES = {"strong": "1", "dim": "2", "warning": "33"}
EIGHTHS = "▏▎▍▌▋▊▉█"


class Style(typing.NamedTuple):
    colour: bool = False
    columns: int = 0  # 0: no limit

    @classmethod
    def of(cls, file):
        if not file.isatty():
            return cls()
        colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
        return cls(colour, os.get_terminal_size(file.fileno()).columns)


class Column(typing.NamedTuple):
    header: str
    kind: str = "number"  # right; quantity: likewise, units in a line-up of their own; plain: left; text: may be cut
    spare: int = 0  # the highest goes first when there is too little room; 0 stays
    least: int = 8  # text is not made narrower while a spare column is left


class Cell(typing.NamedTuple):
    text: str
    tone: str = ""


def toned(text, tone, style):
    return f"\x1b[{TONES[tone]}m{text}\x1b[0m" if tone and text and style.colour else text


def painted(text, style):
    if not style.colour:
        return text
    text = text.replace("✓", "\x1b[32m✓\x1b[0m").replace("✗", "\x1b[31m✗\x1b[0m")
    return re.sub(f"[{EIGHTHS}]+", lambda bar: f"\x1b[36m{bar[0]}\x1b[0m", text)


def wrapped(text, style):
    return textwrap.fill(text, style.columns or PLAIN_COLUMNS, break_long_words=False, break_on_hyphens=False)


def bar(share, width):
    steps = round(min(max(share, 0), 1) * width * 8)
    return ("█" * (steps // 8) + (EIGHTHS[steps % 8 - 1] if steps % 8 else "")).ljust(width)


def scaled(value, unit):
    for prefix in ("", "k", "M", "G", "T"):
        if round(value, 1 if prefix else 0) < 1000:
            break
        value /= 1000
    if prefix:
        return f"{value:.2f} {prefix}{unit}" if round(value, 2) < 10 else f"{value:.1f} {prefix}{unit}"
    return f"{value:.0f} {unit}" if value >= 9.95 or value == int(value) else f"{value:.1f} {unit}"


def duration(nanoseconds):
    if nanoseconds < 1000:
        return f"{nanoseconds} ns"
    for scale, unit in ((1e3, "µs"), (1e6, "ms"), (1e9, "s")):
        value = nanoseconds / scale
        if round(value) < 1000:
            break
    return f"{value:.1f} {unit}" if round(value, 1) < 100 else f"{value:.0f} {unit}"


def unit_start(column, text):
    return text.rfind(" ") % (len(text) + 1) if column.kind == "quantity" else len(text)


def fit(columns, widths, room):
    """Which columns are shown, and how wide: the least important go, what is text is shortened, the widest first."""
    shown = list(range(len(columns)))

    def shrunk(floor):
        narrow = dict(widths)
        while room and sum(narrow[i] + 2 for i in shown) - 2 > room:
            able = [i for i in shown if columns[i].kind == "text" and narrow[i] > floor(columns[i])]
            if not able:
                return narrow, False
            narrow[max(able, key=narrow.get)] -= 1
        return narrow, True

    while True:
        narrow, fits = shrunk(lambda column: max(column.least, len(column.header)))
        spare = max(shown, key=lambda i: columns[i].spare)
        if fits or not columns[spare].spare:
            return shown, narrow if fits else shrunk(lambda _: 4)[0]
        shown.remove(spare)


def table(columns, rows, style):
    rows = [[Cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    widths, units = {}, {}
    for i, column in enumerate(columns):
        starts = [(len(row[i].text), unit_start(column, row[i].text)) for row in rows]
        units[i] = max((length - start for length, start in starts), default=0)
        widths[i] = max(len(column.header), max((start for _, start in starts), default=0) + units[i])
    shown, widths = fit(columns, widths, style.columns)

    def padded(i, cell, kind):
        text, blank = cell.text, widths[i] - len(cell.text)
        if blank < 0:
            text, blank = text[:widths[i] - 1] + "…", 0
        if kind in ("plain", "text"):
            return toned(text, cell.tone, style) + " " * blank
        split = unit_start(columns[i], text) if kind == "quantity" else len(text)
        behind = min(blank, units[i] - (len(text) - split)) if kind == "quantity" else 0
        return (" " * (blank - behind) + toned(text[:split], cell.tone, style)
                + toned(text[split:], cell.tone or "dim", style) + " " * behind)

    def line(cells, kinds):
        return "  ".join(padded(i, cells[i], kinds[i]) for i in shown).rstrip() + "\n"

    kinds = [column.kind for column in columns]
    header = [Cell(column.header, "strong") for column in columns]
    return (line(header, ["number" if kind == "quantity" else kind for kind in kinds])
            + "".join(line(row, kinds) for row in rows))
