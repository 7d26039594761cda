// SPDX-License-Identifier: GPL-2.0-or-later
// The outside truth: counts what crosses an interface, as wire packets, with nothing of Weir in it.
//
//     truth IFACE [--idle-ms N] [--ring-mb N]
//
// Says "ready" once it captures, then counts until SIGTERM, or until nothing came for --idle-ms after the first frame,
// and prints one JSON object. It reads the kernel's own taps (AF_PACKET), so it sees at ingress what a tc ingress hook
// sees, and at egress what the driver is given. PACKET_VNET_HDR tells each frame's gso_size, the ring's header the VLAN
// tag beside it. The interface may be down: counting starts with its coming up. "lost" counts frames that came but were
// not counted here; a test that finds any has no truth to compare with.
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

#include "tool.hpp"

namespace {

constexpr unsigned block_bytes = 1 << 20;
constexpr unsigned snap_bytes = 256;
constexpr unsigned retire_ms = 10;
constexpr long patience_ms = 2000;  // until what the kernel says it had is given up as lost

// Coarse, and named as Weir's classes where they mean the same.
enum Kind { arp, ipv4_tcp, ipv4_udp, ipv4_icmp, ipv6_tcp, ipv6_udp, ipv6_icmp, other, kinds };
constexpr std::array<const char*, kinds> kind_names = {"arp",      "ipv4_tcp", "ipv4_udp",  "ipv4_icmp",
                                                       "ipv6_tcp", "ipv6_udp", "ipv6_icmp", "other"};

struct Sum {
    std::uint64_t frames = 0;       // as the kernel held them
    std::uint64_t frame_bytes = 0;  // of these, with the tag beside
    std::uint64_t packets = 0;      // on the wire
    std::uint64_t bytes = 0;
};

struct Direction {
    Sum total;
    std::array<Sum, kinds> by_kind{};
    std::uint64_t gso_frames = 0;
    std::uint64_t tagged_frames = 0;  // with a VLAN tag beside the frame
    std::uint64_t largest_frame = 0;
};

// What a frame's headers say. header_bytes reaches to the end of TCP's or UDP's; 0 where there is none.
struct Reading {
    Kind kind = other;
    std::size_t header_bytes = 0;
    std::size_t jumbo_bytes = 0;  // of these, the hop-by-hop header that segmentation takes out
};

unsigned be16(std::span<const std::uint8_t> bytes, std::size_t at) { return bytes[at] << 8 | bytes[at + 1]; }

void read_transport(std::span<const std::uint8_t> bytes, std::size_t at, unsigned protocol, bool v6, Reading& reading) {
    if (protocol == IPPROTO_TCP && at + 20 <= bytes.size()) {
        reading.kind = v6 ? ipv6_tcp : ipv4_tcp;
        reading.header_bytes = at + (bytes[at + 12] >> 4) * 4u;
    } else if (protocol == IPPROTO_UDP && at + 8 <= bytes.size()) {
        reading.kind = v6 ? ipv6_udp : ipv4_udp;
        reading.header_bytes = at + 8;
    } else if (protocol == IPPROTO_ICMP && !v6) {
        reading.kind = ipv4_icmp;
    } else if (protocol == IPPROTO_ICMPV6 && v6) {
        reading.kind = ipv6_icmp;
    }
}

Reading read(std::span<const std::uint8_t> bytes) {
    Reading reading;
    if (bytes.size() < ETH_HLEN) return reading;
    std::size_t at = ETH_HLEN;
    unsigned type = be16(bytes, 12);
    while ((type == ETH_P_8021Q || type == ETH_P_8021AD) && at + 4 <= bytes.size()) {
        type = be16(bytes, at + 2);
        at += 4;
    }
    if (type == ETH_P_ARP) reading.kind = arp;
    if (type == ETH_P_IP && at + 20 <= bytes.size()) {
        const std::size_t header = (bytes[at] & 15) * 4u;
        if ((be16(bytes, at + 6) & 0x1fff) == 0) read_transport(bytes, at + header, bytes[at + 9], false, reading);
    }
    if (type == ETH_P_IPV6 && at + 40 <= bytes.size()) {
        unsigned next = bytes[at + 6];
        at += 40;
        // Extension headers as the tests send them: hop-by-hop, destination options, routing, fragment.
        while ((next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS || next == IPPROTO_ROUTING ||
                next == IPPROTO_FRAGMENT) &&
               at + 8 <= bytes.size()) {
            if (next == IPPROTO_FRAGMENT && be16(bytes, at + 2) >> 3) return reading;
            const bool jumbo = next == IPPROTO_HOPOPTS && bytes[at + 2] == 0xc2;
            const std::size_t length = next == IPPROTO_FRAGMENT ? 8 : (bytes[at + 1] + 1u) * 8u;
            if (jumbo && length == 8) reading.jumbo_bytes = 8;
            next = bytes[at];
            at += length;
        }
        read_transport(bytes, at, next, true, reading);
    }
    return reading;
}

void add(Sum& sum, std::uint64_t frame_bytes, std::uint64_t packets, std::uint64_t bytes) {
    sum.frames += 1;
    sum.frame_bytes += frame_bytes;
    sum.packets += packets;
    sum.bytes += bytes;
}

// Cuts a frame into the packets that the wire would carry.
void count(Direction& direction, std::span<const std::uint8_t> bytes, std::uint64_t length, std::uint64_t tag_bytes,
           const tool::VnetHeader& hint) {
    const Reading reading = read(bytes);
    std::uint64_t packets = 1, on_wire = length + tag_bytes;

    if (hint.gso_type && hint.gso_size) {
        if (reading.header_bytes == 0) tool::die("a GSO frame of a protocol that this program cannot cut");
        const std::uint64_t payload = length - reading.header_bytes;
        const std::uint64_t header = reading.header_bytes - reading.jumbo_bytes + tag_bytes;
        packets = std::max<std::uint64_t>(1, (payload + hint.gso_size - 1) / hint.gso_size);
        on_wire = payload + packets * header;
        direction.gso_frames += 1;
    }
    if (tag_bytes) direction.tagged_frames += 1;
    direction.largest_frame = std::max(direction.largest_frame, length);
    add(direction.total, length + tag_bytes, packets, on_wire);
    add(direction.by_kind[reading.kind], length + tag_bytes, packets, on_wire);
}

class Capture {
public:
    Capture(const std::string& interface, unsigned ring_mb) {
        const unsigned index = if_nametoindex(interface.c_str());
        if (!index) tool::die("no interface " + interface, errno);
        // Protocol 0: nothing arrives before all is set up.
        fd_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
        if (fd_ < 0) tool::die("cannot open a packet socket", errno);

        set(SOL_PACKET, PACKET_VERSION, static_cast<int>(TPACKET_V3), "PACKET_VERSION");
        set(SOL_PACKET, PACKET_VNET_HDR, 1, "PACKET_VNET_HDR");
        sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, snap_bytes)};
        set(SOL_SOCKET, SO_ATTACH_FILTER, sock_fprog{1, code}, "SO_ATTACH_FILTER");

        blocks_ = ring_mb;
        tpacket_req3 ring = {};
        ring.tp_block_size = block_bytes;
        ring.tp_block_nr = blocks_;
        ring.tp_frame_size = 2048;
        ring.tp_frame_nr = blocks_ * (block_bytes / ring.tp_frame_size);
        ring.tp_retire_blk_tov = retire_ms;
        set(SOL_PACKET, PACKET_RX_RING, ring, "PACKET_RX_RING");
        void* memory = mmap(nullptr, std::size_t{block_bytes} * blocks_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
        if (memory == MAP_FAILED) tool::die("cannot map the ring", errno);
        memory_ = static_cast<std::uint8_t*>(memory);

        sockaddr_ll address = {};
        address.sll_family = AF_PACKET;
        address.sll_protocol = htons(ETH_P_ALL);
        address.sll_ifindex = static_cast<int>(index);
        if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address))) tool::die("cannot bind", errno);
    }

    // Counts until asked to stop, then what is still under way.
    void run(std::uint64_t idle_ms) {
        using Clock = std::chrono::steady_clock;
        auto last = Clock::now();
        bool any = false;
        while (true) {
            if (take_block()) {
                any = true;
                last = Clock::now();
                continue;
            }
            const auto idle = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - last).count();
            const bool is_over = (tool::stop_requested && idle >= 4 * static_cast<int>(retire_ms)) ||
                                 (idle_ms && any && idle >= static_cast<long>(idle_ms));
            if (is_over && (has_all() || idle >= patience_ms)) return;
            pollfd waiting = {fd_, POLLIN, 0};
            poll(&waiting, 1, static_cast<int>(retire_ms));
            if (waiting.revents & POLLERR) forget_error();
        }
    }

    // Frames that the kernel had for the socket and that are in no count.
    [[nodiscard]] std::uint64_t lost() const {
        const std::uint64_t counted = in.total.frames + out.total.frames;
        return std::max(drops_, seen_ > counted ? seen_ - counted : 0);
    }

    Direction in, out;

private:
    template <class T>
    void set(int level, int option, const T& value, const char* name) {
        if (setsockopt(fd_, level, option, &value, sizeof(value))) tool::die(std::string("cannot set ") + name, errno);
    }

    // A block that is not full is handed over by a timer, which on a busy machine may be late by more than a few of its
    // turns.
    bool has_all() {
        tpacket_stats_v3 stats = {};
        socklen_t size = sizeof(stats);
        if (getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &stats, &size)) tool::die("no PACKET_STATISTICS", errno);
        // Reading sets them to 0; tp_packets includes tp_drops.
        seen_ += stats.tp_packets;
        drops_ += stats.tp_drops;
        return in.total.frames + out.total.frames + drops_ >= seen_;
    }

    // An interface that goes down leaves ENETDOWN on the socket; the capture goes on when it comes up again.
    void forget_error() {
        int error = 0;
        socklen_t size = sizeof(error);
        getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error == ENETDOWN) usleep(retire_ms * 1000);
    }

    bool take_block() {
        auto* block = reinterpret_cast<tpacket_block_desc*>(memory_ + std::size_t{block_bytes} * next_);
        if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) return false;
        const auto* at = reinterpret_cast<const std::uint8_t*>(block) + block->hdr.bh1.offset_to_first_pkt;
        for (unsigned i = 0; i < block->hdr.bh1.num_pkts; i++) {
            const auto* header = reinterpret_cast<const tpacket3_hdr*>(at);
            take_frame(*header);
            at += header->tp_next_offset;
        }
        __atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
        next_ = (next_ + 1) % blocks_;
        return true;
    }

    void take_frame(const tpacket3_hdr& header) {
        const auto* start = reinterpret_cast<const std::uint8_t*>(&header);
        const auto* from = reinterpret_cast<const sockaddr_ll*>(start + TPACKET_ALIGN(sizeof(header)));
        tool::VnetHeader hint;
        std::memcpy(&hint, start + header.tp_mac - sizeof(hint), sizeof(hint));
        const std::uint64_t tag_bytes = header.tp_status & TP_STATUS_VLAN_VALID ? 4 : 0;
        count(from->sll_pkttype == PACKET_OUTGOING ? out : in, {start + header.tp_mac, header.tp_snaplen},
              header.tp_len, tag_bytes, hint);
    }

    int fd_ = -1;
    std::uint8_t* memory_ = nullptr;
    std::uint64_t seen_ = 0;
    std::uint64_t drops_ = 0;
    unsigned blocks_ = 0;
    unsigned next_ = 0;
};

void print(const char* name, const Sum& sum) {
    std::printf("\"%s\":{\"frames\":%lu,\"frame_bytes\":%lu,\"packets\":%lu,\"bytes\":%lu}", name, sum.frames,
                sum.frame_bytes, sum.packets, sum.bytes);
}

void print(const char* name, const Direction& direction) {
    const Sum& total = direction.total;
    std::printf("\"%s\":{\"frames\":%lu,\"frame_bytes\":%lu,\"packets\":%lu,\"bytes\":%lu,\"gso_frames\":%lu,"
                "\"tagged_frames\":%lu,\"largest_frame\":%lu,\"classes\":{",
                name, total.frames, total.frame_bytes, total.packets, total.bytes, direction.gso_frames,
                direction.tagged_frames, direction.largest_frame);
    const char* comma = "";
    for (std::size_t i = 0; i < kinds; i++) {
        if (!direction.by_kind[i].frames) continue;
        std::fputs(comma, stdout);
        print(kind_names[i], direction.by_kind[i]);
        comma = ",";
    }
    std::fputs("}}", stdout);
}

}  // namespace

int main(int argc, char** argv) {
    tool::Options options(argc, argv);
    const std::uint64_t idle_ms = options.number("--idle-ms", 0);
    const auto ring_mb = static_cast<unsigned>(options.number("--ring-mb", 64));
    if (options.rest().size() != 1) tool::usage("IFACE [--idle-ms N] [--ring-mb N]");

    tool::stop_on_signals();
    Capture capture(options.rest()[0], ring_mb);
    tool::say_ready();
    capture.run(idle_ms);

    std::printf("{\"interface\":\"%s\",\"lost\":%lu,", options.rest()[0].c_str(), capture.lost());
    print("in", capture.in);
    std::putchar(',');
    print("out", capture.out);
    std::puts("}");
    return 0;
}
