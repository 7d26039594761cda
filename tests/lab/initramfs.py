# SPDX-License-Identifier: GPL-2.0-or-later
"""An initramfs made of this machine's own programs, in memory.

    image = Initramfs()
    image.program("/usr/sbin/tc")               # with the shared libraries it needs, as /bin/tc
    image.modules(kernel, ["veth", "sch_fq"])   # with the modules they need
    image.file("/init", b"#!/bin/sh\n...", 0o755)
    image.write(out)                            # a newc cpio archive, uncompressed: faster for an emulated CPU
"""

import os
import re
import shutil
import stat
import subprocess

SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin"
LIBRARY = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x", re.M)


class Initramfs:
    def __init__(self):
        self._entries = {}  # path without the leading slash -> (mode, content, device)

    def directory(self, path):
        parts = path.strip("/").split("/")
        for count in range(1, len(parts) + 1):
            self._entries.setdefault("/".join(parts[:count]), (stat.S_IFDIR | 0o755, b"", (0, 0)))

    def file(self, path, content, mode=0o644):
        self._add(path, stat.S_IFREG | mode, content)

    def link(self, path, target):
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def device(self, path, major, minor):
        self._add(path, stat.S_IFCHR | 0o600, b"", (major, minor))

    def copy(self, source, path=None):
        mode = 0o755 if os.access(source, os.X_OK) else 0o644
        with open(source, "rb") as file:
            self.file(path or source, file.read(), mode)

    def program(self, source, name=None):
        """A program, by path or by name, as /bin/<name>."""
        found = source if "/" in source else shutil.which(source, path=SEARCH)
        if not found or not os.path.exists(found):
            raise FileNotFoundError(f"no program {source} on this machine")
        self.copy(os.path.realpath(found), f"/bin/{name or os.path.basename(source)}")
        listing = subprocess.run(["ldd", found], capture_output=True, text=True, check=False)
        if "not found" in listing.stdout:
            raise FileNotFoundError(f"{found} lacks a library: {listing.stdout.strip()}")
        for library in LIBRARY.findall(listing.stdout):
            if library.strip("/") not in self._entries:
                self.copy(os.path.realpath(library), library)

    def busybox(self):
        """Its applets as commands, for what no real program stands in for: call after the last program()."""
        path = shutil.which("busybox", path=SEARCH)
        if not path:
            raise FileNotFoundError("no program busybox on this machine")
        self.copy(path, "/bin/busybox")
        listing = subprocess.run([path, "--list"], capture_output=True, text=True, check=True)
        for applet in listing.stdout.split():
            if f"bin/{applet}" not in self._entries:
                self.link(f"/bin/{applet}", "busybox")

    def modules(self, kernel, names):
        """Modules by name, all that these depend on, and the indexes by which the kernel and modprobe find them."""
        needs = {}
        with open(os.path.join(kernel.modules, "modules.dep"), encoding="utf-8") as file:
            for line in file:
                path, _, others = line.partition(":")
                needs[os.path.basename(path)[: -len(".ko")].replace("-", "_")] = [path, *others.split()]
        chosen = {path for name in names for path in needs.get(name.replace("-", "_"), [])}
        # Sorted: the same image in every process, or virtual time would not be the same.
        for path in sorted(chosen | {name for name in os.listdir(kernel.modules) if name.startswith("modules.")}):
            self.copy(os.path.join(kernel.modules, path), f"/lib/modules/{kernel.release}/{path}")

    def write(self, out):
        for number, (path, (mode, content, device)) in enumerate(self._entries.items(), 1):
            _write_entry(out, number, path, mode, content, device)
        _write_entry(out, 0, "TRAILER!!!", 0, b"", (0, 0))

    def _add(self, path, mode, content, device=(0, 0)):
        path = path.strip("/")
        if "/" in path:
            self.directory(os.path.dirname(path))
        self._entries[path] = (mode, content, device)


def _write_entry(out, number, path, mode, content, device):
    name = path.encode() + b"\0"
    # Magic, inode, mode, uid, gid, links, mtime, size, device twice, length of the name, check sum.
    fields = [number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name), 0]
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    out.write(header + name + bytes(-(len(header) + len(name)) % 4))
    out.write(content + bytes(-len(content) % 4))
