# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers of the ABI, read from bpf/shared/: they stand there once, and no test has a copy that can be wrong.

    constant("WEIR_TENANTS_MAX")   a macro or an enumerator
    size("weir_tenant_info")       of a structure, as its assertion has it
"""
import functools
import os
import pathlib
import re

ROOT = pathlib.Path(os.environ.get("WEIR_SOURCE", pathlib.Path(__file__).resolve().parents[2]))


@functools.cache
def _text():
    text = "\n".join(path.read_text() for path in sorted((ROOT / "bpf" / "shared").glob("*.h")))
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S).replace("\\\n", " ")


def _value(expression):
    expression = re.sub(r"\b(\d+)u?l*\b", r"\1", expression, flags=re.I)
    return eval(re.sub(r"[A-Z]\w+", lambda name: str(constant(name[0])), expression).replace("/", "//"))


@functools.cache
def constant(name):
    found = re.search(rf"^#define {name} +(\S[^\n]*)$", _text(), re.M) or re.search(rf"\b{name} = ([^,}}\n]+)", _text())
    if not found:
        raise KeyError(f"bpf/shared/ has no {name}")
    return _value(found[1])


@functools.cache
def size(structure):
    found = re.search(rf"STATIC_ASSERT\(sizeof\(struct {structure}\) ==\s+([^,]+),", _text())
    if not found:
        raise KeyError(f"bpf/shared/ asserts no size of {structure}")
    return _value(found[1])
