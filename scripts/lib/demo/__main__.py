# SPDX-License-Identifier: GPL-2.0-or-later
"""Weir at work, in namespaces of processes, mounts and networks of its own. Called by scripts/demo.

No interface of the machine is touched. The kernel takes away all that the demo makes, however it ends: the processes
die with the first of their namespace (play.py), and with them go the networks, the mounts and Weir's state.
"""
import argparse
import ctypes
import os
import shutil
import signal
import subprocess
import sys

from stage import Failure

SECONDS_MIN, SECONDS_MAX = 1, 600
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
CLONE_NEWPID = 0x20000000
# The first process of its namespace; it dies with this one. What others unmount goes here, too; not the other way.
APART = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "slave", "--net")


def perform(words):
    """Returns when all is gone. Signals are events here: none is lost, and none comes between."""
    stops = [number for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
             if signal.getsignal(number) != signal.SIG_IGN]  # nohup
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # were it ignored, nobody could be waited for
    signal.pthread_sigmask(signal.SIG_BLOCK, [*stops, signal.SIGCHLD])
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWPID) != 0:
        raise Failure(f"cannot make a namespace of processes: {os.strerror(ctypes.get_errno())}")
    play = subprocess.Popen([*APART, sys.executable, "-B", f"{HERE}/play.py", words.weir, str(words.seconds)],
                            stdin=subprocess.DEVNULL, start_new_session=True)
    stopped = None
    while play.poll() is None:  # for the first process of a namespace, not before all others of it are gone
        if (number := signal.sigwaitinfo([*stops, signal.SIGCHLD]).si_signo) != signal.SIGCHLD:
            stopped = stopped or number
            play.kill()
    if stopped:
        raise Failure(f"the demo was stopped by {signal.Signals(stopped).name}: what it had made has been taken away")
    if play.returncode < 0:
        raise Failure(f"the demo's own process ended before its time: {signal.Signals(-play.returncode).name} "
                      "(what it had made has been taken away)")
    return play.returncode


def prepare(words):
    """Installs and builds, unless there is a weir already."""
    if not words.weir:
        subprocess.run([f"{ROOT}/scripts/setup", "--build"], check=True)
        if sys.stderr.isatty():
            print("Building weir...", end="", file=sys.stderr, flush=True)
        try:
            subprocess.run([f"{ROOT}/scripts/build", "release"], check=True)
        finally:
            if sys.stderr.isatty():
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        words.weir = f"{ROOT}/build/release/weir"
    for program, package in ((words.weir, "weir"), ("ip", "iproute2"), ("iperf3", "iperf3"),
                             *((program, "util-linux") for program in ("setpriv", "unshare", "nsenter", "mount"))):
        if not shutil.which(program):
            raise Failure(f"there is no {program} here: install {package}, or let scripts/setup do it")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"demo: {message} (see scripts/demo --help)\n")


def parse(arguments):
    def length(text):
        if text.isascii() and text.isdigit() and SECONDS_MIN <= int(text) <= SECONDS_MAX:
            return int(text)
        raise argparse.ArgumentTypeError(f"expected a number from {SECONDS_MIN} to {SECONDS_MAX}, not {text!r}")

    parser = Parser(prog="scripts/demo", allow_abbrev=False,
                    description="Show Weir at work, in namespaces of its own that are gone afterwards.")
    parser.add_argument("--seconds", metavar="N", type=length, default=8,
                        help=f"how long the traffic runs, {SECONDS_MIN} to {SECONDS_MAX} [8]")
    parser.add_argument("--weir", metavar="PATH", help="an installed weir; else one is built")
    return parser.parse_args(arguments)


def main(arguments):
    words = parse(arguments)
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # ip lives there, out of some roots' sight
    try:
        if os.geteuid() != 0:
            raise Failure("needs root, for namespaces and BPF: sudo scripts/demo", 4)
        prepare(words)
        return perform(words)
    except Failure as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return failure.code
    except subprocess.CalledProcessError as error:
        return error.returncode  # it has said why
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
