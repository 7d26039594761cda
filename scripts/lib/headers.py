#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules for bpf/: a file includes what it uses and nothing more, and nothing stands there that nobody uses.

    scripts/lib/headers.py          print what is wrong; exit code 1 if anything is
    scripts/lib/headers.py --graph  print who includes whom
"""
import os
import re
import sys

import sources
from sources import ROOT

# Brings the other headers of its folder along.
UMBRELLA = "bpf/shared/abi.h"
# __u32, WEIR_UNROLL and the like: whoever includes anything has them.
TYPES = "bpf/shared/types.h"
# Enumerators that a table's macro makes: X(NAME, …) in the table is PREFIX_NAME in the sources.
TABLES = {"WEIR_CLASS_TABLE": "WEIR_CLASS_", "WEIR_DROP_TABLE": "WEIR_DROP_"}
# What is meant although nobody names it: memory full of zeros says it, the kernel reads it, the linker needs it.
UNNAMED = {"WEIR_SHARE_NONE"}
UNNAMED_LIKE = re.compile(r"weir_\w+_license|weir_(tc_in|tc_out|xdp|tick|clock|drop)$")


def without_comments(text):
    return re.sub(r"//[^\n]*", " ", re.sub(r"/\*.*?\*/", lambda match: "\n" * match[0].count("\n"), text, flags=re.S))


def texts_of_sources():
    """Path -> text without comments, of all C and C++ but the kernel's own types."""
    found = {}
    for name in sources.c_files(sources.project_files()):
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            found[name] = without_comments(file.read())
    return found


def enumerators(body):
    return re.findall(r"(?:^|,)\s*(\w+)\s*(?:=[^,]*)?(?=,|$)", body.strip())


def definitions(text):
    """The macros, types, enumerators, functions and maps of a file. Not its include guard."""
    defined = set(re.findall(r"^\s*#\s*define\s+(\w+)", text, re.M))
    macros = defined - set(re.findall(r"^\s*#\s*undef\s+(\w+)", text, re.M))
    names = {macro for macro in macros if not re.fullmatch(r"WEIR_BPF_\w+_H", macro)}
    names |= set(re.findall(r"^(?:struct|union|enum)\s+(\w+)\s*\{", text, re.M))
    for body in re.findall(r"^enum(?:\s+\w+)?\s*\{([^}]*)\}", text, re.M):
        names |= set(enumerators(body))
    names |= set(re.findall(r"^(?:static|__weak|int|const)\b[^;={}()]*?\b(\w+)\([^;{}]*\)\s*\{", text, re.M))
    names |= set(re.findall(r"^\}\s*(\w+)\s+(?:__weak\s+)?SEC\(\"\.maps\"\)", text, re.M))
    for table, prefix in TABLES.items():
        body = re.search(rf"#define {table}\(X\)((?:[^\n]*\\\n)*[^\n]*\n)", text)
        names |= {prefix + name for name in re.findall(r"\bX\((\w+),", body[1])} if body else set()
    return {name for name in names if not re.match(r"__", name)}


def words(text):
    """What a file names, its #include lines apart; a table's own X(NAME) counts as nothing."""
    return set(re.findall(r"[A-Za-z_]\w*", re.sub(r"^\s*#\s*include.*$", "", text, flags=re.M)))


def includes(name, text):
    targets = re.findall(r'^\s*#\s*include "([^"]+)"', text, re.M)
    paths = [os.path.join(os.path.dirname(name), target) for target in targets if target != "vmlinux.h"]
    return [os.path.normpath(path) for path in paths]


def all_includes(name, texts, seen=None):
    """The file's own includes, and theirs."""
    seen = set() if seen is None else seen
    for target in includes(name, texts[name]):
        if target in texts and target not in seen:
            seen.add(target)
            all_includes(target, texts, seen)
    return seen


def check_includes(texts, defined):
    for name, text in texts.items():
        if not name.startswith("bpf/"):
            continue
        direct, used = includes(name, text), words(text) - defined[name]
        shared = {target for target in texts if os.path.dirname(target) == os.path.dirname(UMBRELLA)}
        for other in sorted(set(defined) - {name, TYPES}):
            needed = sorted(used & defined[other])
            covered = other in direct or UMBRELLA in direct and other in includes(UMBRELLA, texts[UMBRELLA])
            if needed and not covered and other.endswith(".h") and other in all_includes(name, texts):
                yield f"{name} uses {needed[0]} of {other} and does not include it"
        for target in direct:
            given = {target} | (set(includes(target, texts[target])) & shared if target == UMBRELLA else set())
            is_judged = name != UMBRELLA and target != TYPES and target in texts
            if is_judged and not any(used & defined[one] for one in given):
                yield f"{name} includes {target} and uses nothing of it"


def check_unused(texts, defined):
    named = {}
    for name, text in texts.items():
        for word in re.findall(r"[A-Za-z_]\w*", text):
            files = named.setdefault(word, {})
            files[name] = files.get(name, 0) + 1
    for name, names in defined.items():
        for word in sorted(names - UNNAMED):
            if UNNAMED_LIKE.fullmatch(word) or re.search(rf"^enum\s+{word}\s*\{{", texts[name], re.M):
                continue  # an enum's name is for the reader
            files = named.get(word, {})
            from_table = f"X({word}," not in texts[name] and any(word.startswith(prefix) for prefix in TABLES.values())
            product = sum(count for file, count in files.items() if not file.startswith("tests/"))
            once = 0 if from_table and not re.search(rf"#\s*define {word}\b|\b{word}\s*[=,]", texts[name]) else 1
            if product <= once:
                yield f"{name}: nothing uses {word}" + (" but tests" if sum(files.values()) > product else "")


def check():
    """What is wrong, a line each."""
    texts = texts_of_sources()
    defined = {name: definitions(text) for name, text in texts.items() if name.startswith("bpf/")}
    return sorted([*check_includes(texts, defined), *check_unused(texts, defined)])


def main():
    if sys.argv[1:] == ["--graph"]:
        texts = texts_of_sources()
        for name in texts:
            if name.startswith("bpf/"):
                print(f"{name}: {' '.join(includes(name, texts[name]))}  ({len(all_includes(name, texts))} in all)")
        return 0
    wrong = check()
    print("\n".join(wrong) if wrong else "bpf/: every include is used, and everything that is defined")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
