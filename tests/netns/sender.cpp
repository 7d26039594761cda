// SPDX-License-Identifier: GPL-2.0-or-later
// Sends sequence-numbered frames by a packet socket and says exactly how many the kernel took.
//
//     sender IFACE [--count N] [--duration-ms N] [--rate FRAMES_PER_SECOND] [--cpu C] [--size BYTES] [--seed S]
//                  [--flows fixed|random] [--src-random] [--src-mac MAC] [--dst-mac MAC]
//                  [--ipv6] [--tcp] [--vlan ID]... [--gso PAYLOAD_BYTES] [--linear BYTES] [--bypass-qdisc] [--tap]
//
// The frames are UDP (or bare TCP segments) over IPv4 or IPv6, --size is a whole frame's layer 2 length, tags included.
// Two --vlan make QinQ: the first is the outer, an 802.1ad tag. With --gso, each frame is handed over as one GSO frame
// of
// --size bytes that segments to packets of --gso payload bytes. With --tap, IFACE is a persistent tap and the frames
// are written to it as a virtual machine's driver does; there --linear BYTES asks the kernel to keep only so much of a
// large frame in one piece (virtio's hdr_len), and leaves the checksum offload out. Says "ready", then sends, then
// prints one JSON object:
//     frames, packets, bytes   what the kernel took; wire packets and bytes of it, GSO frames cut
//     refused                  frames it gave back (queue full at the device): seen at egress, not at the other end
// The frames' hardware addresses are nobody's (02:…) unless given, so the receiver counts and drops them.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "tool.hpp"

namespace {

constexpr unsigned batch_max = 64;

struct Wanted {
    std::string interface;
    std::uint64_t frames = 1000;  // 0: without end, until --duration-ms or SIGTERM
    std::uint64_t duration_ms = 0;
    std::uint64_t rate = 0;  // frames a second, 0: as fast as it goes
    std::uint64_t seed = 1;
    unsigned size = 64;
    unsigned gso = 0;
    unsigned linear = 0;
    bool random_flows = false, random_source = false, ipv6 = false, tcp = false, bypass = false, tap = false;
    std::vector<unsigned> vlans;
    std::array<std::uint8_t, 6> source_mac{2, 0, 0, 0, 0x5e, 1}, target_mac{2, 0, 0, 0, 0x5e, 2};
};

struct Layout {
    unsigned network = 0, transport = 0, payload = 0;
};

std::array<std::uint8_t, 6> mac_from(const std::string& text) {
    std::array<unsigned, 6> part{};
    if (std::sscanf(text.c_str(), "%x:%x:%x:%x:%x:%x", &part[0], &part[1], &part[2], &part[3], &part[4], &part[5]) != 6)
        tool::die("not a hardware address: " + text);
    std::array<std::uint8_t, 6> mac{};
    std::ranges::transform(part, mac.begin(), [](unsigned byte) { return static_cast<std::uint8_t>(byte); });
    return mac;
}

void put16(std::uint8_t* at, unsigned value) {
    at[0] = static_cast<std::uint8_t>(value >> 8);
    at[1] = static_cast<std::uint8_t>(value);
}

void put32(std::uint8_t* at, std::uint64_t value) {
    put16(at, static_cast<unsigned>(value >> 16) & 0xffff);
    put16(at + 2, static_cast<unsigned>(value) & 0xffff);
}

// SplitMix64: repeatable for a seed, the same everywhere.
std::uint64_t next_random(std::uint64_t& state) {
    std::uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

unsigned ip_checksum(const std::uint8_t* header) {
    std::uint32_t sum = 0;
    for (unsigned i = 0; i < 20; i += 2)
        sum += static_cast<std::uint32_t>(header[i]) << 8 | header[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

// All that is the same in every frame.
Layout write_frame(const Wanted& wanted, std::vector<std::uint8_t>& frame) {
    Layout layout;
    layout.network = ETH_HLEN + 4 * static_cast<unsigned>(wanted.vlans.size());
    layout.transport = layout.network + (wanted.ipv6 ? 40 : 20);
    layout.payload = layout.transport + (wanted.tcp ? 20 : 8);
    frame.assign(wanted.size, 0);
    if (wanted.size < layout.payload + 8) tool::die("--size is too small for the headers and the number");

    std::ranges::copy(wanted.target_mac, frame.begin());
    std::ranges::copy(wanted.source_mac, frame.begin() + 6);
    std::uint8_t* at = frame.data() + 12;
    for (std::size_t i = 0; i < wanted.vlans.size(); i++, at += 4) {
        put16(at, i + 1 < wanted.vlans.size() ? ETH_P_8021AD : ETH_P_8021Q);
        put16(at + 2, wanted.vlans[i]);
    }
    put16(at, wanted.ipv6 ? ETH_P_IPV6 : ETH_P_IP);

    std::uint8_t* ip = frame.data() + layout.network;
    const unsigned protocol = wanted.tcp ? IPPROTO_TCP : IPPROTO_UDP;
    if (wanted.ipv6) {
        ip[0] = 0x60;
        put16(ip + 4, wanted.size - layout.transport);
        ip[6] = static_cast<std::uint8_t>(protocol);
        ip[7] = 64;
        put16(ip + 8, 0xfd00);
        put16(ip + 24, 0xfd01);
    } else {
        ip[0] = 0x45;
        put16(ip + 2, wanted.size - layout.network);
        ip[8] = 64;
        ip[9] = static_cast<std::uint8_t>(protocol);
    }
    std::uint8_t* transport = frame.data() + layout.transport;
    if (wanted.tcp) {
        transport[12] = 0x50;  // 20 bytes, ACK
        transport[13] = 0x10;
    } else {
        put16(transport + 4, wanted.size - layout.transport);
    }
    return layout;
}

// Addresses and ports of one flow.
void write_flow(const Wanted& wanted, const Layout& layout, std::uint64_t& random, std::vector<std::uint8_t>& frame) {
    std::uint8_t* ip = frame.data() + layout.network;
    std::uint8_t* transport = frame.data() + layout.transport;
    const std::uint64_t ports = next_random(random), hosts = next_random(random);
    // 10.0.0.0/8 is the tenant's, 172.16.0.0/12 and the documentation prefixes the peers'.
    const std::uint64_t source = 0x0a000000 | (wanted.random_source ? hosts & 0xffffff : 1);
    const std::uint64_t target = 0xac100000 | (hosts >> 24 & 0xfffff);
    if (wanted.ipv6) {
        put32(ip + 20, source);
        put32(ip + 36, target);
    } else {
        put32(ip + 12, source);
        put32(ip + 16, target);
        put16(ip + 10, 0);
        put16(ip + 10, ip_checksum(ip));
    }
    put32(transport, ports);
}

class Sender {
public:
    explicit Sender(const Wanted& wanted) : wanted_(wanted), random_(wanted.seed) {
        if (wanted.tap)
            open_tap();
        else
            open_packet_socket();
        for (auto& frame : frames_) {
            layout_ = write_frame(wanted, frame);
            std::uint64_t same = wanted.seed;
            write_flow(wanted, layout_, same, frame);
        }
        hint_.gso_type = !wanted.tcp   ? tool::vnet_gso_udp_l4
                         : wanted.ipv6 ? tool::vnet_gso_tcpv6
                                       : tool::vnet_gso_tcpv4;
        hint_.flags = tool::vnet_needs_csum;
        if (!wanted.gso) hint_.gso_type = 0;
        hint_.gso_size = static_cast<std::uint16_t>(wanted.gso);
        hint_.hdr_len = static_cast<std::uint16_t>(layout_.payload);
        hint_.csum_start = static_cast<std::uint16_t>(layout_.transport);
        hint_.csum_offset = wanted.tcp ? 16 : 6;
        if (wanted.linear) {
            hint_.hdr_len = static_cast<std::uint16_t>(wanted.linear);
            hint_.flags = 0;
        }
        for (unsigned i = 0; i < batch_max; i++) {
            parts_[i][0] = {&hint_, sizeof(hint_)};
            parts_[i][1] = {frames_[i].data(), frames_[i].size()};
            messages_[i].msg_hdr.msg_iov = with_hint() ? parts_[i].data() : &parts_[i][1];
            messages_[i].msg_hdr.msg_iovlen = with_hint() ? 2 : 1;
        }
    }

    void run() {
        start_ns_ = now_ns();
        while (!tool::stop_requested) {
            unsigned batch = batch_max;
            const std::uint64_t done = frames + refused, elapsed_ns = now_ns() - start_ns_;
            if (wanted_.duration_ms && elapsed_ns >= wanted_.duration_ms * 1'000'000) break;
            if (wanted_.frames) batch = static_cast<unsigned>(std::min<std::uint64_t>(batch, wanted_.frames - done));
            if (batch == 0) break;
            if (wanted_.rate) {
                const std::uint64_t due = elapsed_ns * wanted_.rate / 1'000'000'000 + 1;
                if (due <= done) {
                    const timespec pause = {0, 200'000};
                    nanosleep(&pause, nullptr);
                    continue;
                }
                batch = static_cast<unsigned>(std::min<std::uint64_t>(batch, due - done));
            }
            send_batch(batch);
        }
        elapsed_ns_ = now_ns() - start_ns_;
    }

    void print() const {
        std::uint64_t packets = 1, bytes = wanted_.size;
        if (wanted_.gso) {
            const std::uint64_t payload = wanted_.size - layout_.payload;
            packets = (payload + wanted_.gso - 1) / wanted_.gso;
            bytes = payload + packets * layout_.payload;
        }
        std::printf("{\"frames\":%lu,\"packets\":%lu,\"bytes\":%lu,\"refused\":%lu,\"elapsed_ns\":%lu}\n", frames,
                    frames * packets, frames * bytes, refused, elapsed_ns_);
    }

    std::uint64_t frames = 0, refused = 0;

private:
    static std::uint64_t now_ns() {
        timespec now = {};
        clock_gettime(CLOCK_MONOTONIC, &now);
        return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
    }

    [[nodiscard]] bool with_hint() const { return wanted_.tap || wanted_.gso; }

    void open_packet_socket() {
        const unsigned index = if_nametoindex(wanted_.interface.c_str());
        if (!index) tool::die("no interface " + wanted_.interface, errno);
        fd_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);  // protocol 0: receives nothing
        if (fd_ < 0) tool::die("cannot open a packet socket", errno);
        const int one = 1, buffer = 64 << 20;
        setsockopt(fd_, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer));
        if (wanted_.bypass && setsockopt(fd_, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
            tool::die("cannot set PACKET_QDISC_BYPASS", errno);
        if (wanted_.gso && setsockopt(fd_, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)))
            tool::die("cannot set PACKET_VNET_HDR", errno);
        sockaddr_ll address = {};
        address.sll_family = AF_PACKET;
        address.sll_ifindex = static_cast<int>(index);
        if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address))) tool::die("cannot bind", errno);
    }

    void open_tap() {
        fd_ = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
        if (fd_ < 0) tool::die("cannot open /dev/net/tun", errno);
        ifreq request = {};
        std::snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", wanted_.interface.c_str());
        request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
        if (ioctl(fd_, TUNSETIFF, &request)) tool::die("cannot take tap " + wanted_.interface, errno);
        if (ioctl(fd_, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_USO4 | TUN_F_USO6))
            tool::die("cannot set the tap's offloads", errno);
    }

    // How many of the batch were taken, from the first on; -1 if not even that.
    int send_some(unsigned at, unsigned batch) {
        if (!wanted_.tap) return sendmmsg(fd_, messages_.data() + at, batch - at, 0);
        return writev(fd_, parts_[at].data(), 2) < 0 ? -1 : 1;
    }

    void send_batch(unsigned batch) {
        for (unsigned i = 0; i < batch; i++) {
            if (wanted_.random_flows) write_flow(wanted_, layout_, random_, frames_[i]);
            std::memcpy(frames_[i].data() + layout_.payload, &sequence_, sizeof(sequence_));
            sequence_++;
        }
        for (unsigned at = 0; at < batch;) {
            const int sent = send_some(at, batch);
            if (sent > 0) {
                frames += static_cast<unsigned>(sent);
                at += static_cast<unsigned>(sent);
                continue;
            }
            if (errno == EINTR) continue;
            if (errno != ENOBUFS) tool::die("cannot send", errno);
            refused++;
            at++;
        }
    }

    Wanted wanted_;
    int fd_ = -1;
    Layout layout_;
    tool::VnetHeader hint_;
    std::uint64_t random_, sequence_ = 0, start_ns_ = 0, elapsed_ns_ = 0;
    std::array<std::vector<std::uint8_t>, batch_max> frames_;
    std::array<std::array<iovec, 2>, batch_max> parts_{};
    std::array<mmsghdr, batch_max> messages_{};
};

void pin_to(unsigned cpu) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(cpu, &cpus);
    if (sched_setaffinity(0, sizeof(cpus), &cpus)) tool::die("cannot run on CPU " + std::to_string(cpu), errno);
}

}  // namespace

int main(int argc, char** argv) {
    tool::Options options(argc, argv);
    Wanted wanted;
    wanted.duration_ms = options.number("--duration-ms", 0);
    wanted.frames = options.number("--count", wanted.duration_ms ? 0 : 1000);
    wanted.rate = options.number("--rate", 0);
    wanted.seed = options.number("--seed", 1);
    wanted.size = static_cast<unsigned>(options.number("--size", 128));
    wanted.gso = static_cast<unsigned>(options.number("--gso", 0));
    const std::string flows = options.text("--flows", "fixed");
    if (flows != "fixed" && flows != "random") tool::die("--flows is fixed or random");
    wanted.random_flows = flows == "random";
    wanted.random_source = options.flag("--src-random");
    wanted.ipv6 = options.flag("--ipv6");
    wanted.tcp = options.flag("--tcp");
    wanted.tap = options.flag("--tap");
    wanted.linear = static_cast<unsigned>(options.number("--linear", 0));
    wanted.bypass = options.flag("--bypass-qdisc");
    for (std::string tag = options.text("--vlan"); !tag.empty(); tag = options.text("--vlan"))
        wanted.vlans.push_back(static_cast<unsigned>(std::stoul(tag)));
    if (const std::string mac = options.text("--src-mac"); !mac.empty()) wanted.source_mac = mac_from(mac);
    if (const std::string mac = options.text("--dst-mac"); !mac.empty()) wanted.target_mac = mac_from(mac);
    const std::string cpu = options.text("--cpu");
    if (options.rest().size() != 1) tool::usage("IFACE [--count N] [--rate PPS] [--cpu C] … (see sender.cpp)");
    wanted.interface = options.rest()[0];

    if (!cpu.empty()) pin_to(static_cast<unsigned>(std::stoul(cpu)));
    tool::stop_on_signals();
    Sender sender(wanted);
    tool::say_ready();
    sender.run();
    sender.print();
    return 0;
}
