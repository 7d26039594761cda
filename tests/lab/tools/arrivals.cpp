// SPDX-License-Identifier: GPL-2.0-or-later
// Every packet that crosses an interface of this namespace, as it does: when, where, whose.
//
//     arrivals [--most N]
//
// Says "ready", and prints on SIGTERM one JSON object, with the first --most (400000) packets:
//     {"lost": N, "packets": [[time_ns, ifindex, outgoing, source, port, id, bytes, segment_bytes], ...]}
// `source` is the second number of an IPv4 source address, `port` the source port and the destination's, exclusive or;
// `segment_bytes` is 0 for a frame of one packet.
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>

#include <array>

#include "common.hpp"

namespace {

struct Packet {
    std::uint64_t time_ns;
    int ifindex;
    int outgoing;
    unsigned source, port, id, bytes, segment;
};

unsigned be16(const std::uint8_t* at) { return static_cast<unsigned>(at[0] << 8 | at[1]); }

}  // namespace

int main(int argc, char** argv) {
    tool::Options options(argc, argv);
    const std::size_t most = options.number("--most", 400'000);
    tool::stop_on_signals();
    tool::measure_first();
    const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
    if (fd < 0) tool::die("cannot open a packet socket", errno);
    tool::set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20, "SO_RCVBUFFORCE");
    tool::set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
    tool::set_option(fd, SOL_PACKET, PACKET_VNET_HDR, 1, "PACKET_VNET_HDR");
    std::vector<Packet> packets;
    packets.reserve(most);
    tool::say_ready();
    while (!tool::stop_requested) {
        std::array<std::uint8_t, 128> data{};
        std::array<std::uint8_t, 256> control{};
        sockaddr_ll from = {};
        iovec part = {data.data(), data.size()};
        msghdr message = {};
        message.msg_name = &from;
        message.msg_namelen = sizeof(from);
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t length = recvmsg(fd, &message, MSG_TRUNC);
        if (length < 44 || packets.size() == most) continue;
        Packet one = {};
        for (cmsghdr* at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at)) {
            if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SO_TIMESTAMPNS) continue;
            timespec time = {};
            std::memcpy(&time, CMSG_DATA(at), sizeof(time));
            one.time_ns =
                static_cast<std::uint64_t>(time.tv_sec) * tool::ns_per_s + static_cast<std::uint64_t>(time.tv_nsec);
        }
        tool::VnetHeader head;
        std::memcpy(&head, data.data(), sizeof(head));
        const std::uint8_t* ip = data.data() + sizeof(head) + 14;
        if (ip[0] != 0x45) continue;
        one.ifindex = from.sll_ifindex;
        one.outgoing = from.sll_pkttype == PACKET_OUTGOING;
        one.source = ip[13];
        one.id = be16(ip + 4);
        one.port = be16(ip + 20) ^ be16(ip + 22);
        one.bytes = static_cast<unsigned>(length) - static_cast<unsigned>(sizeof(head));
        one.segment = head.gso_type ? head.gso_size : 0;
        packets.push_back(one);
    }
    tpacket_stats stats = {};
    socklen_t size = sizeof(stats);
    getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
    std::printf("{\"lost\":%u,\"packets\":", stats.tp_drops);
    tool::print_list(packets, [](const Packet& one) {
        std::printf("[%lu,%d,%d,%u,%u,%u,%u,%u]", one.time_ns, one.ifindex, one.outgoing, one.source, one.port, one.id,
                    one.bytes, one.segment);
    });
    std::puts("}");
    return 0;
}
