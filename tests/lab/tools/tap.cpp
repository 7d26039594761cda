// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's end of a tap: makes the tap, reads its frames, and can be stopped like a paused virtual machine.
//
//     tap NAME
//
// Says "ready" when the tap is there, reads until SIGTERM, and prints {"frames": N, "last_ns": T}. SIGSTOP and SIGCONT
// pause it.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <array>

#include "common.hpp"

int main(int argc, char** argv) {
    tool::Options options(argc, argv);
    if (options.rest().size() != 1) tool::usage("NAME");
    const std::string& name = options.rest()[0];

    tool::stop_on_signals();
    const int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) tool::die("cannot open /dev/net/tun", errno);
    ifreq request = {};
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    if (ioctl(fd, TUNSETIFF, &request)) tool::die("cannot make the tap " + name, errno);
    tool::say_ready();

    std::uint64_t frames = 0, last_ns = 0;
    std::array<char, 1 << 16> buffer{};
    while (!tool::stop_requested) {
        pollfd waiting = {fd, POLLIN, 0};
        if (poll(&waiting, 1, -1) <= 0) continue;
        while (read(fd, buffer.data(), buffer.size()) > 0) {
            frames += 1;
            last_ns = tool::now_ns();
        }
    }
    std::printf("{\"frames\":%lu,\"last_ns\":%lu}\n", frames, last_ns);
    return 0;
}
