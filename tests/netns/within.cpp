// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a command in a network namespace, and not longer than the process that asks for it:
//
//     within NETNS COMMAND WORD...      NETNS is a file, as in /run/netns; "-" is the namespace that it is in
//
// A program of its own, and a static one, because a test starts thousands: Python would have to fork itself to do this
// (preexec_fn), which takes ten times as long as starting this.
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

#include "tool.hpp"

int main(int argc, char** argv) {
    if (argc < 3) tool::usage("NETNS|- COMMAND WORD...");
    const std::string netns = argv[1];
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) tool::die("cannot ask for an end with the parent", errno);
    if (netns != "-") {
        const int fd = open(netns.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) tool::die("cannot enter " + netns, errno);
    }
    execvp(argv[2], argv + 2);
    tool::die(std::string("cannot run ") + argv[2], errno);
}
