# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables, numbers and a little colour, in the manner of weir itself."""
import os
import re
import sys
import textwrap

IS_TERMINAL = sys.stdout.isatty()
COLUMNS = (os.get_terminal_size(sys.stdout.fileno()).columns if IS_TERMINAL else 0) or 100
COLOUR = IS_TERMINAL and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
CODES = {"strong": 1, "dim": 2, "red": 31, "green": 32, "warning": 33, "cyan": 36}
EIGHTHS = "▏▎▍▌▋▊▉█"
GAP = 2


def toned(text, tone):
    return f"\x1b[{CODES[tone]}m{text}\x1b[0m" if COLOUR and tone and text else text


def painted(text):
    text = re.sub(f"[{EIGHTHS}]+", lambda bar: toned(bar[0], "cyan"), text)
    return text.replace("✓", toned("✓", "green")).replace("✗", toned("✗", "red"))


def wrapped(text):
    return textwrap.fill(text, COLUMNS, break_long_words=False, break_on_hyphens=False) + "\n"


def heading(strong, rest=""):
    return toned(strong, "strong") + wrapped(strong + rest)[len(strong):]


def bar(share, width):
    steps = round(share * width * 8)
    return ("█" * (steps // 8) + EIGHTHS[steps % 8 - 1] * (steps % 8 > 0)).ljust(width)


def scaled(value, unit):
    """1.53 GB, 941.2 Mbit/s, 12 pps."""
    for prefix in ("", "k", "M", "G", "T"):
        if round(value, 1 if prefix else 0) < 1000:
            break
        value /= 1000
    digits = (0 if value >= 9.95 or value == int(value) else 1) if not prefix else 2 if round(value, 2) < 10 else 1
    return f"{value:.{digits}f} {prefix}{unit}"


def duration(nanoseconds):
    """812 ns, 1.2 µs, 340 ms."""
    value, units = float(nanoseconds), iter(("ns", "µs", "ms", "s"))
    unit = next(units)
    while round(value) >= 1000 and unit != "s":
        value, unit = value / 1000, next(units)
    return f"{value:.{0 if unit == 'ns' or round(value, 1) >= 100 else 1}f} {unit}"


def table(headers, rows):
    """A header is its text and how its column stands: < or >, and how soon it goes where there is too little room, the
    highest first (nothing: never). A cell is its text, or (text, tone)."""
    names, sides, spare = zip(*((name, how[0], int(how[1:] or 0)) for name, how in headers), strict=True)
    lines = [[(name, "strong") for name in names]]
    lines += [[(cell, "") if isinstance(cell, str) else cell for cell in row] for row in rows]
    widths = [max(len(line[i][0]) for line in lines) for i in range(len(names))]
    shown = list(range(len(names)))
    while sum(widths[i] + GAP for i in shown) - GAP > COLUMNS and any(spare[i] for i in shown):
        shown.remove(max(shown, key=lambda i: spare[i]))

    def placed(i, text, tone):
        blank = " " * (widths[i] - len(text))
        return toned(text, tone) + blank if sides[i] == "<" else blank + toned(text, tone)

    return "".join((" " * GAP).join(placed(i, *line[i]) for i in shown).rstrip() + "\n" for line in lines)
