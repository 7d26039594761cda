# SPDX-License-Identifier: GPL-2.0-or-later
"""Stock kernels for the lab: Debian's own packages, unpacked into a cache, never installed.

    kernel = kernels.get("6.12")
    kernel.release, kernel.image, kernel.modules

The cache is $XDG_CACHE_HOME/weir-lab, else /var/cache/weir-lab for root and ~/.cache/weir-lab for others. What is in it
is used as it is; remove it to get the present versions.
"""

import dataclasses
import fcntl
import functools
import glob
import lzma
import os
import platform
import shutil
import subprocess
import tempfile

META_PACKAGE = "linux-image-cloud-amd64"
# A kernel more is a line here: every experiment and the matrix of limits then have it.
SERIES = {"6.1": "bookworm", "6.12": "bookworm-backports"}
# Folders of modules that an experiment may ask for. The rest is thrown away.
KEPT_MODULES = ("crypto", "lib", "net", "drivers/block", "drivers/net", "drivers/virtio")


class Unavailable(Exception):
    """Why a kernel, or a machine to run it, cannot be had here; one line."""


@dataclasses.dataclass(frozen=True)
class Kernel:
    series: str
    release: str  # as uname -r has it
    image: str
    modules: str  # the directory that becomes /lib/modules/<release>


def cache_directory():
    if os.environ.get("XDG_CACHE_HOME"):
        return os.path.join(os.environ["XDG_CACHE_HOME"], "weir-lab")
    if os.geteuid() == 0:
        return "/var/cache/weir-lab"
    return os.path.expanduser("~/.cache/weir-lab")


def version(series):
    """To compare by: 6.12 is newer than 6.6."""
    return tuple(int(number) for number in series.split("."))


def wanted():
    """The kernels that tests are to run on: all, or the one that WEIR_LAB_KERNEL names. Raises Unavailable."""
    one = os.environ.get("WEIR_LAB_KERNEL")
    if one and one not in SERIES:
        raise Unavailable(f"WEIR_LAB_KERNEL is {one}; the lab knows the kernels {', '.join(SERIES)}")
    return [one] if one else list(SERIES)


@functools.cache
def get(series):
    """The newest kernel of a series, from the cache or from apt. Raises Unavailable."""
    if series not in SERIES:
        raise Unavailable(f"the lab knows the kernels {', '.join(SERIES)}, not {series}")
    if platform.machine() != "x86_64":
        raise Unavailable(f"the lab boots x86-64 kernels only, this machine is {platform.machine()}")
    cache = cache_directory()
    os.makedirs(cache, exist_ok=True)
    with open(os.path.join(cache, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one at a time fetches
        kept = os.path.join(cache, series)
        if not os.path.isdir(kept):
            _fetch(series, cache, kept)
    return _kernel_in(series, kept)


def _kernel_in(series, directory):
    images = glob.glob(os.path.join(directory, "boot", "vmlinuz-*"))
    modules = glob.glob(os.path.join(directory, "lib", "modules", "*"))
    if len(images) != 1 or len(modules) != 1:
        raise Unavailable(f"{directory} does not hold one kernel: remove it, and it is fetched anew")
    return Kernel(series, os.path.basename(modules[0]), images[0], modules[0])


def _fetch(series, cache, kept):
    for tool in ("apt-cache", "apt-get", "dpkg-deb", "depmod"):
        if not _find(tool):
            raise Unavailable(f"Linux {series} is fetched by {tool}, which is not here")
    package = _package(series)
    if not package and os.geteuid() == 0:
        _run("apt-get", "update", "-qq", "-o", "Acquire::Retries=3")
        package = _package(series)
    if not package:
        raise Unavailable(f"apt has no {META_PACKAGE} {series} here (Debian's {SERIES[series]} has it)")

    # Put in place by rename, complete or not at all.
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as work:
        run = _run("apt-get", "download", "-qq", "-o", "Acquire::Retries=3", "-o", "APT::Sandbox::User=root", package,
                   cwd=work)
        archives = glob.glob(os.path.join(work, "*.deb"))
        if run.returncode != 0 or len(archives) != 1:
            raise Unavailable(f"{package} could not be downloaded: {_last_line(run.stderr)}")
        root = os.path.join(work, "root")
        run = _run("dpkg-deb", "-x", archives[0], root)
        if run.returncode != 0:
            raise Unavailable(f"{package} could not be unpacked: {_last_line(run.stderr)}")
        if os.path.isdir(os.path.join(root, "usr", "lib", "modules")):
            shutil.copytree(os.path.join(root, "usr", "lib"), os.path.join(root, "lib"), dirs_exist_ok=True)
        shutil.rmtree(os.path.join(root, "usr"), ignore_errors=True)
        kernel = _kernel_in(series, root)
        _keep_modules(kernel)
        run = _run("depmod", "-b", root, kernel.release)
        if run.returncode != 0:
            raise Unavailable(f"depmod failed on {package}: {_last_line(run.stderr)}")
        os.rename(root, kept)


def _package(series):
    """The package that the newest meta package of this series depends on, or None."""
    listing = _run("apt-cache", "madison", META_PACKAGE).stdout
    versions = [line.split("|")[1].strip() for line in listing.splitlines() if line.count("|") >= 2]
    for version in versions:  # madison prints the newest first
        if not version.startswith(series + "."):
            continue
        for line in _run("apt-cache", "depends", f"{META_PACKAGE}={version}").stdout.splitlines():
            word, _, name = line.strip().partition(" ")
            if word == "Depends:" and name.startswith("linux-image-"):
                return name
    return None


def _keep_modules(kernel):
    """Only the kept folders, every module uncompressed: the guest's emulated CPU should not do that."""
    top = os.path.join(kernel.modules, "kernel")
    for folder, _, files in os.walk(top):
        kept = os.path.relpath(folder, top).startswith(KEPT_MODULES)
        for name in files:
            path = os.path.join(folder, name)
            if kept and name.endswith(".xz"):
                with lzma.open(path) as packed, open(path[: -len(".xz")], "wb") as plain:
                    shutil.copyfileobj(packed, plain)
            if not kept or name.endswith(".xz"):
                os.remove(path)


def _find(tool):
    return shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def _run(tool, *arguments, cwd=None):
    environment = dict(os.environ, LC_ALL="C")
    return subprocess.run([_find(tool) or tool, *arguments], cwd=cwd, env=environment, capture_output=True, text=True,
                          check=False)


def _last_line(text):
    return (text.strip().splitlines() or ["no reason given"])[-1]
