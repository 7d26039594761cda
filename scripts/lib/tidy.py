# SPDX-License-Identifier: GPL-2.0-or-later
"""clang-tidy over every translation unit of userspace/.

One that was found clean is not run again until what it is made of changes: it, the project's headers that it includes,
its compile command, the .clang-tidy files and the version of clang-tidy. The hash of all that is the name of an empty
file in ~/.cache/weir/tidy, and holds no path of the checkout: a fresh clone knows what another one found clean. What is
generated into build/ is left out: it follows from sources that are no C++, and has warnings of its own kind.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import re
import shlex
import time

import sources
from checks import run, tool
from sources import ROOT, contents

BUILD = os.path.join(ROOT, "build", "dev")
KEPT_DAYS = 30
INCLUDE = re.compile(rb'^\s*#\s*include\s*[<"]([^">]+)[">]', re.M)
NOISE = re.compile(r"^\d+ warnings? |^Suppressed |^Use -header-filter|warnings treated as errors")
# The commands are g++'s: some of its warning options are unknown to clang.
OPTIONS = ["--quiet", "--warnings-as-errors=*", "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-error"]


def units():
    """(path, compile command) of each source of userspace/ that build/dev compiles, once."""
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        database = json.load(file)
    found = {}
    for entry in database:
        path = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
        if path.startswith(os.path.join(ROOT, "userspace") + os.sep):
            found.setdefault(path, entry["command"])
    return sorted(found.items())


@functools.cache
def digest_of(path):
    return hashlib.sha256(contents(path)).hexdigest()


@functools.cache
def included_by(path, roots):
    """The project's own files that this one includes, under whatever condition."""
    found = set()
    for name in INCLUDE.findall(contents(path)):
        for root in (os.path.dirname(path), *roots):
            file = os.path.normpath(os.path.join(root, name.decode(errors="replace")))
            if os.path.isfile(file):
                found.add(file)
                break
    return found


def files_of(path, command):
    """A translation unit and all of the project that it includes."""
    words = shlex.split(command)
    roots = [word[2:] for word in words if word.startswith("-I")]
    roots += [words[number + 1] for number, word in enumerate(words[:-1]) if word in ("-isystem", "-I")]
    roots = tuple(root for root in roots if root.startswith(ROOT + os.sep) and not root.startswith(BUILD + os.sep))
    seen, todo = set(), [path]
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += included_by(file, roots)
    return sorted(seen)


def rules_of(path):
    """The .clang-tidy files that apply to a file."""
    found, folder = [], os.path.dirname(path)
    while folder.startswith(ROOT):
        found.append(os.path.join(folder, ".clang-tidy"))
        folder = os.path.dirname(folder)
    return [file for file in found if os.path.exists(file)]


def key_of(version, path, command):
    total = hashlib.sha256()
    parts = [version, *OPTIONS, command.replace(ROOT, ".")]
    parts += [f"{os.path.relpath(file, ROOT)} {digest_of(file)}" for file in files_of(path, command) + rules_of(path)]
    for part in parts:
        total.update(part.encode() + b"\0")
    return total.hexdigest()


def prune(folder):
    oldest = time.time() - KEPT_DAYS * 86400
    with os.scandir(folder) as stamps:
        for stamp in stamps:
            if stamp.stat().st_mtime < oldest:
                os.remove(stamp.path)


def check_tidy(report, fresh=False):
    tidy = tool("clang-tidy-19")
    if not tidy:
        report.skipped("clang-tidy", "no clang-tidy-19 here")
        return
    if not os.path.exists(os.path.join(BUILD, "compile_commands.json")):
        report.failed_with("clang-tidy", "  no build/dev/compile_commands.json; run scripts/build")
        return
    folder = sources.cache_directory("tidy")
    os.makedirs(folder, exist_ok=True)
    version = run(tidy, "--version").stdout
    everything = units()
    stamps = {path: os.path.join(folder, key_of(version, path, command)) for path, command in everything}
    for stamp in stamps.values():
        if not fresh and os.path.exists(stamp):
            os.utime(stamp)
    prune(folder)
    todo = [path for path, stamp in stamps.items() if fresh or not os.path.exists(stamp)]

    def check(path):
        done = run(tidy, "-p", BUILD, *OPTIONS, path)
        if done.returncode == 0:
            with open(stamps[path], "w", encoding="utf-8"):
                pass
            return ""
        lines = [line for line in (done.stdout + done.stderr).splitlines() if not NOISE.search(line)]
        return "\n".join(lines).replace(ROOT + os.sep, "") or f"{path}: clang-tidy ended with {done.returncode}"

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = [text for text in pool.map(check, todo) if text]
    print(f"clang-tidy: {len(todo)} of {len(everything)} sources were not known to be clean")
    if not everything:
        report.failed_with("clang-tidy", "  build/dev compiles no source under userspace/")
    elif found:
        report.failed_with("clang-tidy", "\n".join(found))
    else:
        report.passed("clang-tidy")
