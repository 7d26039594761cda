#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What comments and pages name has to exist: weir_… and WEIR_… identifiers, files of this repository. Links: links.py.

    scripts/lib/names.py   print what does not; exit code 1 if anything does not

A name that ends in `*` or `…` stands for all that begin so. Names of the kernel, of other projects and of generated
files are nobody's business here: only what begins with weir_ or WEIR_, paths into this repository's folders, and
files without a folder are looked up.
"""
import fnmatch
import os
import re
import sys

import sources
from sources import ROOT

IDENTIFIER = re.compile(r"(?<![\w/.-])(weir_\w+|WEIR_\w+)(\*|…)?")
PATH = re.compile(r"(?<![\w./@<>*-])((?:\.\./)*\w[\w.-]*(?:/[\w.*-]+)*\.(?:bpf\.c|[ch]|[ch]pp|py|sh|md)|"
                  r"(?:bpf|cmake|configs|docs|packaging|scripts|tests|userspace|vmlinux)(?:/[\w.*-]*\w)+/?)(?![\w*/-]|\.\w)")
FOLDERS = ("bpf", "cmake", "configs", "docs", "packaging", "scripts", "tests", "userspace", "vmlinux")

# Files that come to be in the build.
OTHERS = {
    "weir.skel.h", "weir_drop.skel.h", "weir_version.h", "tests/fuzz/corpus",  # generated
}
# Environment variables that CMake makes of a file's name.
MADE = {"WEIR_TRUTH"}


def split(name, text):
    """(what is read by people, what is read by machines), each as long as the text, the rest blank."""
    if name.endswith((".md", ".8")):
        return text, ""
    if name.endswith((".c", ".h", ".cpp", ".hpp", ".h.in")):
        # Strings first, so that a // within one begins no comment.
        token = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.S)
        is_comment = lambda found: found[0] == "/"  # noqa: E731
    elif name.endswith(".py"):
        token = re.compile(r'"""(?:.|\n)*?"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*')
        is_comment = lambda found: found.startswith(("#", '"""'))  # noqa: E731
    else:
        token, is_comment = re.compile(r"(?:^|(?<=\s))#[^\n]*"), lambda _: True
    blank = lambda part: re.sub(r"[^\n]", " ", part)  # noqa: E731
    comments, code, end = [], [], 0
    for match in token.finditer(text):
        comments.append(blank(text[end:match.start()]))
        code.append(text[end:match.start()])
        comments.append(match[0] if is_comment(match[0]) else blank(match[0]))
        code.append(blank(match[0]) if is_comment(match[0]) else match[0])
        end = match.end()
    return "".join(comments) + blank(text[end:]), "".join(code) + text[end:]


def exists(path, files, folders, beside):
    path = path.rstrip("/")
    for begin in (beside, ""):
        full = os.path.normpath(os.path.join(begin, path))
        if full in files or full in folders or "*" in full and fnmatch.filter(files, full):
            return True
    # With a part of its path only: "lib/parse.h" is bpf/lib/parse.h, "account.h" any file of that name.
    return any(file.endswith("/" + path) for file in files) or any(folder.endswith("/" + path) for folder in folders)


def is_ours(path):
    """Whether the path claims to be of this repository: the kernel's (net/ipv4/arp.c) do not, nor one with a NAME."""
    return "NAME" not in path and (path.split("/", 1)[0] in FOLDERS or "/" not in path)


def check():
    """What is named and does not exist, a line each."""
    names = sources.project_files()
    files, folders = set(names), {os.path.dirname(name) for name in names}
    folders |= {os.path.dirname(folder) for folder in folders} | {folder.rsplit("/", 2)[0] for folder in folders}
    people, known = {}, set()
    for name in names:
        if name.startswith(("vmlinux/vmlinux.h", "tests/data/", "LICENSE")):
            continue
        with open(os.path.join(ROOT, name), "rb") as file:
            data = file.read()
        if b"\0" in data:
            continue
        people[name], code = split(name, data.decode(errors="replace"))
        known |= set(re.findall(r"\w+", code))
    begins = "\n" + "\n".join(sorted(known))
    for name, text in people.items():
        for number, line in enumerate(text.splitlines(), 1):
            for word, star in IDENTIFIER.findall(line):
                is_there = f"\n{word}" in begins if star or word.endswith("_") else word in known or word in MADE
                if not is_there:
                    yield f"{name}:{number}: {word} does not exist"
            for path in PATH.findall(line):
                if is_ours(path) and path not in OTHERS and not exists(path, files, folders, os.path.dirname(name)):
                    yield f"{name}:{number}: there is no {path}"


def main():
    wrong = list(check())
    print("\n".join(wrong) if wrong else "everything that comments and pages name exists")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
