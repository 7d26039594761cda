# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual machines that run experiments on stock kernels, under QEMU's emulation: no KVM, no root, no disk.

    kept = Lab("6.1").run_one("attach_count")
    kept.json("stats_auto")
    kept = Lab("6.12", virtual_time=True).run_one(case("limit_tcp", kind="cake", delay=80))

A case is an experiment with settings of its parameters, as text: "limit_tcp,delay=80,kind=cake".

With virtual_time=True one guest instruction is one nanosecond of guest time, whatever the host does: docs/lab.md.
"""

import contextlib
import ctypes
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile

import kernels
import noisy_plan
from initramfs import Initramfs

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXPERIMENTS = os.path.join(HERE, "experiments")
QEMU = "qemu-system-x86_64"
PROGRAMS = ["bash", "bpftool", "ethtool", "ip", "iperf3", "modprobe", "nft", "nsenter", "nstat", "ping", "tc",
            "unshare"]
# Built for these machines: tests/lab/tools.
TOOLS = ["arrivals", "ask", "bulk", "datagrams", "echoes", "tap", "wire"]
# Found and loaded by the kernel itself when they are first needed, as on any stock machine.
MODULES = ["veth", "bridge", "8021q", "dummy", "tun", "virtio_net", "virtio_pci", "cls_bpf", "cls_matchall",
           "cls_u32", "act_gact", "act_mirred", "act_police", "sch_ingress", "sch_fq", "sch_fq_codel", "sch_cake",
           "sch_htb", "sch_tbf", "sch_netem", "nf_tables", "nft_ct", "nft_numgen", "nf_conntrack",
           "nf_conntrack_bridge", "tcp_bbr", "ifb"]
# Without cmpxchg16b, which QEMU 7.2 emulates with wrong flags now and then: the guest's allocator double-faults on it.
CPU = "qemu64,-cx16"
CONSOLE_LINES = 60
PARAMETER = re.compile(r"^parameter (\w+) (\S+)", re.M)
VIRTUAL_TIME = ["-icount", "shift=0,sleep=off", "-rtc", "base=2024-01-01,clock=vm", "-seed", "1"]


class Case(str):
    """An experiment with settings, as text, that can be marked."""


class Failed(Exception):
    """The machine, or the experiment in it, did not come to its end."""


class Kept:
    """What one experiment kept: text, exit codes, JSON and figures by name."""

    def __init__(self, files, context):
        self._files = files
        self._context = context

    def text(self, name):
        return self._file(name + ".out")

    def errors(self, name):
        return self._file(name + ".err")

    def code(self, name):
        return int(self._file(name + ".code"))

    def json(self, name):
        try:
            return json.loads(self.text(name))
        except json.JSONDecodeError as error:
            raise Failed(f"{name} is no JSON ({error}):\n{self.text(name)}\n{self.errors(name)}") from None

    def names(self):
        """Of what 'keep' ran."""
        return sorted(file.removesuffix(".code") for file in self._files if file.endswith(".code"))

    def figure(self, name):
        return float(self._file(name + ".figure"))

    def as_dict(self):
        """All of it, for people and programs."""
        everything = {}
        for file, content in sorted(self._files.items()):
            name, _, kind = file.rpartition(".")
            if kind == "figure":
                everything[name] = json.loads(content)
            elif kind in ("out", "err", "code"):
                entry = everything.setdefault(name, {})
                try:
                    entry[kind] = json.loads(content)
                except json.JSONDecodeError:
                    if content:
                        entry[kind] = content.splitlines()
        return everything

    def _file(self, name):
        if name not in self._files:
            raise Failed(f"the experiment kept no {name}\n{self._context}")
        return self._files[name]


class Lab:
    """One kind of machine. Each run() boots one, and ends it."""

    def __init__(self, kernel, virtual_time=False, memory_mb=1024, cpus=1, timeout_s=600):
        self._kernel = kernels.get(kernel)
        if not shutil.which(QEMU):
            raise kernels.Unavailable(f"no {QEMU} here")
        self._timeout_s = timeout_s
        # An emulated CPU does not speculate, so there is nothing to guard against.
        self._options = "console=ttyS0 quiet panic=-1 mitigations=off" + (" settle_s=5" if virtual_time else "")
        self._command = [QEMU, "-accel", "tcg", "-smp", str(cpus), "-m", str(memory_mb), "-cpu", CPU,
                         "-no-reboot", "-nodefaults", "-display", "none", "-kernel", self._kernel.image]
        if virtual_time:
            if cpus != 1:
                raise ValueError("virtual time has one CPU")
            self._command += VIRTUAL_TIME

    def run(self, names, experiment_timeout_s=300, verbose=False):
        """Boots, runs cases one after the other, and returns {case: Kept, or the Failed that it came to}."""
        todo = "".join(f"{name} {experiment_timeout_s}\n" for name in names)
        with tempfile.TemporaryFile() as results, tempfile.TemporaryFile() as console:
            # QEMU opens it anew by this path; nothing of it has a name that would outlive this process.
            channel = ["-serial", f"file:/proc/self/fd/{results.fileno()}"]
            stdout = None if verbose else console
            scenes = [settings_of(name) for name in names if name.split(",")[0] == "noisy"]
            files = {"/lab/run": todo.encode(), **noisy_plan.files_of(scenes)}
            ended = self._boot(files, channel, stdout, [results.fileno()])
            console.seek(0)
            log = console.read().decode(errors="replace").splitlines()[-CONSOLE_LINES:]
            context = f"end of the console, Linux {self._kernel.release}:\n" + "\n".join(log)
            results.seek(0)
            return _sort_out(names, results.read(), ended, context)

    def run_one(self, name, **options):
        """Raises Failed."""
        outcome = self.run([name], **options)[name]
        if isinstance(outcome, Failed):
            raise outcome
        return outcome

    def shell(self):
        """An interactive console."""
        self._boot({"/lab/shell": b""}, [], None, [], stdin=None, timeout_s=None)

    @contextlib.contextmanager
    def tenant(self, within, tap, mac, address):
        """A machine with virtio-net on a tap in another network namespace (`within`: the words that enter it); see
        guest/tenant. Yields its process, when QEMU has begun and its system has not."""
        card = ["-netdev", f"tap,id=n,ifname={tap},script=no,downscript=no,vhost=off",
                "-device", f"virtio-net-pci,netdev=n,mac={mac}"]
        with _memory_file() as initramfs, tempfile.TemporaryFile() as console:
            machine = self._start(initramfs, {"/lab/tenant": f"{address}\n".encode()}, within=within, channel=card,
                                  stdout=console)
            try:
                yield machine
            finally:
                machine.kill()
                machine.wait()

    def _start(self, initramfs, files, within=(), channel=(), stdout=None, descriptors=(), stdin=subprocess.DEVNULL):
        _build(self._kernel, files).write(initramfs)
        initramfs.flush()
        command = [*within, *self._command, "-initrd", f"/proc/self/fd/{initramfs.fileno()}", "-append", self._options,
                   "-serial", "mon:stdio" if stdin is None else "stdio", *channel]
        # preexec_fn is meant: only the child itself can ask for its end with this process.
        return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stdout and subprocess.STDOUT,
                                pass_fds=[initramfs.fileno(), *descriptors],
                                preexec_fn=_end_with_parent)  # noqa: PLW1509

    def _boot(self, files, channel, stdout, descriptors, stdin=subprocess.DEVNULL, timeout_s=0):
        with _memory_file() as initramfs:
            machine = self._start(initramfs, files, channel=channel, stdout=stdout, descriptors=descriptors,
                                  stdin=stdin)
            try:
                machine.wait(self._timeout_s if timeout_s == 0 else timeout_s)
                return f"QEMU ended with {machine.returncode}"
            except subprocess.TimeoutExpired:
                return f"the machine was stopped after {self._timeout_s} s"
            finally:
                machine.kill()
                machine.wait()


def machines_at_a_time():
    return int(os.environ.get("WEIR_LAB_MACHINES", os.cpu_count() or 1))


def why_not(kernel):
    """Why this kernel cannot be run here, in one line, or None."""
    try:
        Lab(kernel)
    except kernels.Unavailable as reason:
        return str(reason)
    return None


def experiments():
    return sorted(name[: -len(".sh")] for name in os.listdir(EXPERIMENTS) if name.endswith(".sh"))


def parameters(name):
    """{parameter: default} of an experiment."""
    with open(os.path.join(EXPERIMENTS, name + ".sh"), encoding="utf-8") as file:
        return dict(PARAMETER.findall(file.read()))


def case(name, **settings):
    """An experiment with settings, as text; one and the same text for the same settings. Raises ValueError."""
    known = parameters(name)
    for key, value in settings.items():
        if key not in known:
            raise ValueError(f"{name} has no parameter '{key}'; it has {', '.join(sorted(known)) or 'none'}")
        if not re.fullmatch(r"[\w.:-]+", str(value)):
            raise ValueError(f"{key}: a value is letters, digits and . : - _, not '{value}'")
    return Case(",".join([name, *(f"{key}={settings[key]}" for key in sorted(settings))]))


def settings_of(case):
    """All parameters of a case, the defaults among them."""
    name, *words = case.split(",")
    return {**parameters(name), **dict(word.split("=", 1) for word in words)}


def _build(kernel, files):
    image = Initramfs()
    for path in ("proc", "sys", "dev", "tmp", "run", "etc", "var/run", "root"):
        image.directory(path)
    image.device("/dev/console", 5, 1)
    build = os.environ.get("WEIR_BUILD", os.path.join(ROOT, "build", "dev"))
    image.program(os.environ.get("WEIR", os.path.join(build, "weir")), "weir")
    for helper in ("truth", "load"):
        image.program(os.environ.get("WEIR_" + helper.upper(), os.path.join(build, "tests", "netns", helper)), helper)
    for tool in TOOLS:
        image.program(os.path.join(build, "tests", "lab", tool))
    for program in PROGRAMS:
        image.program(program)
    image.busybox()
    image.link("/sbin", "bin")
    image.modules(kernel, MODULES)
    image.file("/etc/passwd", b"root:x:0:0:root:/:/bin/bash\n")
    image.copy(os.path.join(HERE, "guest", "init"), "/init")
    image.copy(os.path.join(HERE, "guest", "tenant"), "/lab/tenant_agent")
    for name in ("experiment", "lib.sh", "path.sh", "limiter.sh", "sharing.sh"):
        image.copy(os.path.join(HERE, "guest", name), "/lab/" + name)
    for name in experiments():
        image.copy(os.path.join(EXPERIMENTS, name + ".sh"), f"/lab/experiments/{name}.sh")
    for path, content in files.items():
        image.file(path, content)
    return image


def _sort_out(cases, archives, ended, context):
    """The tar archives that came through the serial port, as {name: Kept or Failed}."""
    files = {name: {} for name in cases}
    try:
        with tarfile.open(fileobj=io.BytesIO(archives), mode="r:", ignore_zeros=True) as archive:
            for member in archive:
                name, _, file = member.name.partition("/")
                if member.isfile() and name in files:
                    files[name][file] = archive.extractfile(member).read().decode(errors="replace")
    except tarfile.TarError as error:
        context = f"results cut short ({error})\n{context}"
    return {name: _outcome(name, kept, ended, context) for name, kept in files.items()}


def _outcome(name, kept, ended, context):
    if "exit" not in kept:
        return Failed(f"{name} did not come to its end: {ended}\n{context}")
    code = int(kept["exit"])
    if code != 0:
        why = "ran out of time" if code in (124, 137, 143) else f"ended with {code}"
        told = "".join(f"{file}:\n{kept[file]}" for file in sorted(kept) if file.endswith(".err") and kept[file])
        return Failed(f"{name} {why}\n{kept.get('log', '')}\n{told}\n{context}")
    return Kept(kept, context)


def _memory_file():
    return os.fdopen(os.memfd_create("initramfs"), "wb")


def _end_with_parent():
    """In the child: whatever kills this process, the machine does not outlive it."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


# SIGTERM takes the ordinary way out, through every 'finally'.
signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
