# SPDX-License-Identifier: GPL-2.0-or-later
"""The arrows between the folders of userspace/: what each may include.

They are written once, in userspace/CMakeLists.txt, as what each folder's library links:

    weir_folder(NAME LINKS OTHER ... LIBRARY ... [EXCEPT FOLDER ...])      with weir_ before a folder's name

A folder may include its own files, those of the folders it links, and those of the folders that these link in turn, but
for those after EXCEPT. A library's headers it may include only if its own line names the library.
"""

import os
import re

CMAKE = "userspace/CMakeLists.txt"
LINE = re.compile(r"^weir_folder\(([^)]*)\)", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')

# What a folder's line has to name, in part, before the folder may include such a header.
LIBRARIES = {
    r"bpf/": ("LIBBPF", "skeleton"),
    r"libmnl/": ("LIBMNL",),
    r"libnftnl/": ("LIBNFTNL",),
    r"n?curses\.h$": ("NCURSES",),
    r"CLI/": ("CLI11",),
}


class Folder:
    """One line of CMakeLists.txt."""

    def __init__(self, words):
        links = words.index("LINKS") if "LINKS" in words else len(words)
        end = words.index("EXCEPT") if "EXCEPT" in words else len(words)
        self.name = words[0]
        self.links = words[links + 1:end]
        self.hidden = set(folders_in(words[end + 1:]))


def folders_in(words):
    return [word.removeprefix("weir_") for word in words if word.startswith("weir_")]


def read(cmake_text):
    """Folder name -> Folder."""
    text = re.sub(r"#.*", "", cmake_text)
    folders = [Folder(match.group(1).split()) for match in LINE.finditer(text)]
    return {folder.name: folder for folder in folders}


def allowed(folders, name):
    """The folders whose files `name` may include."""
    reached, waiting = {name}, [name]
    while waiting:
        new = {other for other in folders_in(folders[waiting.pop()].links) if other in folders} - reached
        reached |= new
        waiting += new
    return reached - folders[name].hidden


def problem(folders, folder, quote, target):
    """Why a file of `folder` must not include this; None if it may."""
    other = target.split("/", 1)[0]
    if quote == '"' and "/" in target and other in folders and other not in allowed(folders, folder):
        return f"{folder} must not include {target}: {CMAKE} has no arrow from {folder} to {other}"
    for header, names in LIBRARIES.items():
        named = any(name in link for name in names for link in folders[folder].links)
        if re.match(header, target) and not named:
            return f"{folder} must not include <{target}>: its line in {CMAKE} names no such library"
    return None


def check(root, files):
    """What is wrong with the includes of `files` (paths from `root`), a line each."""
    with open(os.path.join(root, CMAKE), encoding="utf-8") as cmake:
        folders = read(cmake.read())
    if not folders:
        return [f"{CMAKE}: no weir_folder(...) was found"]
    wrong = []
    for file in files:
        parts = file.split("/")
        if parts[0] != "userspace" or len(parts) < 3 or file.endswith(".bpf.c"):
            continue
        if parts[1] not in folders:
            wrong.append(f"{file}: {CMAKE} has no line for the folder {parts[1]}/")
            continue
        with open(os.path.join(root, file), encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                match = INCLUDE.match(line)
                why = problem(folders, parts[1], *match.groups()) if match else None
                if why:
                    wrong.append(f"{file}:{number}: {why}")
    return wrong
