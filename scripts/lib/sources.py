# SPDX-License-Identifier: GPL-2.0-or-later
"""The files of this project, by kind, as paths relative to ROOT."""

import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
C_SUFFIXES = (".c", ".h", ".cpp", ".hpp", ".cc")
GENERATED = {"vmlinux/vmlinux.h"}


def project_files():
    """Tracked files and new ones that git does not ignore; without git, everything outside build/."""
    try:
        command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-co", "--exclude-standard"]
        files = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        files = []
        for directory, folders, names in os.walk(ROOT):
            folders[:] = [name for name in folders if name not in ("build", ".git", "__pycache__")]
            files += [os.path.relpath(os.path.join(directory, name), ROOT) for name in names]
    return sorted(file for file in set(files) if os.path.isfile(os.path.join(ROOT, file)))


def c_files(files):
    return [file for file in files if file.endswith(C_SUFFIXES) and file not in GENERATED]


def python_files(files):
    return [file for file in files if file.endswith(".py") or "python" in shebang(file)]


def shell_files(files):
    """Those of tests/lab/guest are run by the guest's bash, whatever they are called."""
    return [file for file in files if file.endswith((".sh", ".bash")) or shebang(file).endswith(("bash", "/sh"))
            or (file.startswith("tests/lab/guest/") and "." not in os.path.basename(file))]


def shebang(file):
    """The first line of a script without a suffix, or ''."""
    if "." in os.path.basename(file):
        return ""
    with open(os.path.join(ROOT, file), "rb") as opened:
        line = opened.readline(100)
    return line.decode(errors="replace").strip() if line.startswith(b"#!") else ""


def head(file, count):
    with open(os.path.join(ROOT, file), "rb") as opened:
        return [opened.readline(400).decode(errors="replace") for _ in range(count)]


def contents(path):
    """Of a file anywhere; nothing if it is not there."""
    try:
        with open(path, "rb") as opened:
            return opened.read()
    except OSError:
        return b""


def cache_directory(*names):
    """What outlives a checkout: in $XDG_CACHE_HOME/weir or ~/.cache/weir."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "weir", *names)
