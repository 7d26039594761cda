#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every relative link in the project's *.md leads to a file, and to a heading of it where it names one.

    scripts/lib/links.py      print what is wrong, a line each; exit code 1 if anything is
"""

import os
import re
import sys

import sources
from sources import ROOT

LINK = re.compile(r"\]\(([^()\s]+)\)")  # its text may have begun on the line before
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")


def prose(path):
    """(number, line) of a page without what stands in code: fences, blocks that are indented, `spans`."""
    is_fenced = False
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.lstrip().startswith(("```", "~~~")):
                is_fenced = not is_fenced
            elif not is_fenced and not line.startswith(("    ", "\t")):
                yield number, line.rstrip("\n")


def anchors(path):
    """The names by which the headings of a page are linked to, as GitHub makes them."""
    found, seen = set(), {}
    for _, line in prose(path):
        heading = HEADING.match(line)
        if not heading:
            continue
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).replace("`", "").replace("*", "").lower()
        name = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        count = seen.get(name, 0)
        seen[name] = count + 1
        found.add(f"{name}-{count}" if count else name)
    return found


def check():
    """What is wrong, a line each."""
    wrong = []
    for page in (file for file in sources.project_files() if file.endswith(".md")):
        for number, line in prose(os.path.join(ROOT, page)):
            for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if re.match(r"[a-z][a-z0-9+.-]*:", target):
                    continue
                name, _, anchor = target.partition("#")
                beside = os.path.join(os.path.dirname(page), name) if name else page
                file = os.path.normpath(os.path.join(ROOT, beside))
                if not os.path.exists(file):
                    wrong.append(f"{page}:{number}: {target}: there is no such file")
                elif anchor and file.endswith(".md") and anchor not in anchors(file):
                    wrong.append(f"{page}:{number}: {target}: no such heading in {os.path.relpath(file, ROOT)}")
    return wrong


if __name__ == "__main__":
    problems = check()
    print("\n".join(problems), end="\n" if problems else "")
    sys.exit(1 if problems else 0)
