// SPDX-License-Identifier: GPL-2.0-or-later
// Sends every known frame (tests/support/frame_table.hpp) that is long enough for a link, once, by a raw socket.
//
//     send_frames IFACE           one packet a frame, in the order of the table; IFACE needs an MTU of 9000 or more
//     send_frames --list          JSON lines: what would be sent, and what it counts as
//
// A frame that the table has with a tag beside it is sent with that tag in front: the receive path of the kernel takes
// the outer tag out of the frame again.
#include "support/frame_table.hpp"
#include "tool.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using weir::test::KnownFrame;

std::vector<std::uint8_t> on_the_link(const KnownFrame& frame) {
    std::vector<std::uint8_t> bytes = frame.bytes;
    constexpr std::array<std::uint8_t, 4> tag = {0x81, 0, 0, 7};
    if (frame.tags_outside != 0) bytes.insert(bytes.begin() + 12, tag.begin(), tag.end());
    return bytes;
}

// Where the outer tag is cut short, the receive path drops the frame before any tc hook sees it (skb_vlan_untag wants
// the tag and the type behind it).
bool reaches_tc_ingress(const std::vector<std::uint8_t>& bytes) {
    const int type = bytes[12] << 8 | bytes[13];
    return (type != ETH_P_8021Q && type != ETH_P_8021AD) || bytes.size() >= ETH_HLEN + 4 + 2;
}

void list() {
    for (const KnownFrame& frame : weir::test::frame_table()) {
        const auto bytes = on_the_link(frame);
        if (bytes.size() < ETH_HLEN) continue;
        std::printf("{\"name\":\"%s\",\"length_bytes\":%zu,\"class\":\"%s\",\"flow\":%s,\"reaches_tc_ingress\":%s}\n",
                    frame.name.c_str(), bytes.size(), weir::test::class_name(frame.expected),
                    frame.has_flow() ? "true" : "false", reaches_tc_ingress(bytes) ? "true" : "false");
    }
}

int send_all(const std::string& interface) {
    const unsigned ifindex = if_nametoindex(interface.c_str());
    if (ifindex == 0) tool::die(interface, errno);
    const int socket = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (socket < 0) tool::die("AF_PACKET socket", errno);
    int failed = 0;
    for (const KnownFrame& frame : weir::test::frame_table()) {
        const auto bytes = on_the_link(frame);
        if (bytes.size() < ETH_HLEN) continue;
        sockaddr_ll to{};
        to.sll_family = AF_PACKET;
        to.sll_ifindex = static_cast<int>(ifindex);
        to.sll_halen = ETH_ALEN;
        std::memcpy(to.sll_addr, bytes.data(), ETH_ALEN);
        const ssize_t sent = sendto(socket, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
        if (sent == static_cast<ssize_t>(bytes.size())) continue;
        std::fprintf(stderr, "send_frames: %s (%zu bytes): %s\n", frame.name.c_str(), bytes.size(),
                     std::strerror(errno));
        failed++;
    }
    close(socket);
    return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    tool::Options options(argc, argv);
    const bool only_list = options.flag("--list");
    const auto rest = options.rest();
    if (rest.size() != (only_list ? 0u : 1u)) tool::usage("IFACE | --list");
    if (only_list) {
        list();
        return 0;
    }
    return send_all(rest[0]);
}
