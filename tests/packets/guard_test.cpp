// SPDX-License-Identifier: GPL-2.0-or-later
// The guard in the real programs, at both ingress hooks: crafted frames, what passes and what does not.
#include "packets/harness.hpp"
#include "tagger.skel.h"

#include "model/guard.hpp"

namespace weir::test {
namespace {

constexpr int tc_next = -1, tc_drop = 2, xdp_drop = 1, xdp_pass = 2;
constexpr std::array<std::uint8_t, 4> own_v4 = {10, 0, 0, 2}, other_v4 = {10, 0, 0, 3}, none_v4 = {0, 0, 0, 0},
                                      all_v4 = {255, 255, 255, 255};
constexpr std::array<std::uint8_t, 16> own_v6 = {0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8},
                                       other_v6 = {0xfd, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2},
                                       link_v6 = {0xfe, 0xbf, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9},
                                       site_v6 = {0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}, none_v6 = {};

weir_guard list(std::initializer_list<const char*> words) {
    std::vector<Prefix> prefixes;
    for (const char* word : words)
        prefixes.push_back(*guard_prefix_from(word));
    return guard_of(prefixes);
}

struct Case {
    const char* name;
    Bytes frame;
    bool passes;
};

Bytes arp_of(std::array<std::uint8_t, 4> sender, FrameBuilder frame = FrameBuilder().eth(), bool is_rarp = false) {
    Bytes bytes = is_rarp ? frame.rarp() : frame.arp();
    std::copy(sender.begin(), sender.end(), bytes.end() - 14);
    return bytes;
}

Bytes changed(Bytes frame, std::size_t from_end, std::uint8_t value) {
    *(frame.end() - static_cast<std::ptrdiff_t>(from_end)) = value;
    return frame;
}

// Of a guard that has 10.0.0.2, 192.0.2.128/25 and fd00::/64.
std::vector<Case> cases() {
    using F = FrameBuilder;
    const auto v4 = [](std::array<std::uint8_t, 4> source) { return F().eth().ipv4({.source = source}); };
    const auto v6 = [](std::array<std::uint8_t, 16> source) { return F().eth().ipv6({.source = source}); };
    const auto dhcp = [](std::array<std::uint8_t, 4> source, std::array<std::uint8_t, 4> to, std::uint16_t port) {
        return F()
            .eth()
            .ipv4({.source = source, .destination = to})
            .udp({.source_port = 68, .destination_port = port})
            .payload(240);
    };
    return {
        {"v4 own", v4(own_v4).udp(), true},
        {"v4 other", v4(other_v4).udp(), false},
        {"v4 in the prefix", v4({192, 0, 2, 255}).tcp(), true},
        {"v4 below the prefix", v4({192, 0, 2, 127}).tcp(), false},
        {"v4 none, TCP", v4(none_v4).tcp(), false},
        {"v4 broadcast", v4(all_v4).udp(), false},
        {"v4 options, own", F().eth().ipv4({.source = own_v4, .option_words = 10}).tcp(), true},
        {"v4 options, other", F().eth().ipv4({.source = other_v4, .option_words = 10}).tcp(), false},
        {"v4 first fragment, other", F().eth().ipv4({.source = other_v4, .more_fragments = true}).udp(), false},
        {"v4 later fragment, own",
         F().eth().ipv4({.source = own_v4, .fragment_offset = 100, .protocol = 17}).payload(64), true},
        {"v4 later fragment, other",
         F().eth().ipv4({.source = other_v4, .fragment_offset = 100, .protocol = 17}).payload(64), false},
        {"v4 of length 0, own", F().eth().ipv4({.source = own_v4, .total_length = 0}).tcp(), true},
        {"v4 of length 0, other", F().eth().ipv4({.source = other_v4, .total_length = 0}).tcp(), false},
        {"v4 cut before the source", v4(other_v4).udp().truncate(14 + 12), true},
        {"v4 of version 5", F().eth().ipv4({.source = other_v4, .version = 5}).udp(), true},
        {"v4 with a v6 inside", v4(own_v4).ipv6({.source = other_v6}).udp(), true},
        {"v4 in two tags, own", F().eth().qinq(5).vlan(6).ipv4({.source = own_v4}).udp(), true},
        {"v4 in a tag, other", F().eth().vlan(6).ipv4({.source = other_v4}).udp(), false},
        {"v4 in two tags, other", F().eth().qinq(5).vlan(6).ipv4({.source = other_v4}).udp(), false},
        {"DHCP", dhcp(none_v4, all_v4, 67), true},
        {"DHCP to one server", dhcp(none_v4, destination_v4, 67), false},
        {"from none to another port", dhcp(none_v4, all_v4, 53), false},
        {"DHCP from another", dhcp(other_v4, all_v4, 67), false},
        {"DHCP renewal", dhcp(own_v4, destination_v4, 67), true},

        {"v6 own", v6(own_v6).udp(), true},
        {"v6 other", v6(other_v6).udp(), false},
        {"v6 own, extensions", v6(own_v6).hop_by_hop().destination_options(3).tcp(), true},
        {"v6 other, extensions", v6(other_v6).hop_by_hop().destination_options(3).tcp(), false},
        {"v6 other, later fragment", v6(other_v6).fragment(181, true, 17).payload(64), false},
        {"v6 other, cut chain", v6(other_v6).hop_by_hop(100), false},
        {"v6 other, tagged", F().eth().vlan(6).ipv6({.source = other_v6}).udp(), false},
        {"v6 link-local", v6(link_v6).udp(), true},
        {"v6 behind link-local", v6(site_v6).udp(), false},
        {"v6 detection of duplicates", v6(none_v6).icmpv6(135, 0, 0).payload(16), true},
        {"v6 listener report", v6(none_v6).hop_by_hop().icmpv6(143, 0, 0).payload(20), true},
        {"v6 none, UDP", v6(none_v6).udp(), false},

        {"ARP own", arp_of(own_v4), true},
        {"ARP other", arp_of(other_v4), false},
        {"ARP probe", arp_of(none_v4), true},
        {"ARP reply of another", changed(arp_of(other_v4), 21, 2), false},
        {"ARP other, padded", F(F().eth()).arp().padding(18), false},  // 192.0.2.1
        {"ARP other, tagged", arp_of(other_v4, F().eth().vlan(6)), false},
        {"ARP other, two tags", arp_of(other_v4, F().eth().qinq(5).vlan(6)), false},
        {"ARP other, of IEEE 802", changed(arp_of(other_v4), 27, 6), false},
        {"ARP of another protocol", changed(arp_of(other_v4), 26, 0x86), true},
        {"RARP", arp_of(other_v4, F().eth(), true), true},
        {"LLDP", F().eth().lldp(), true},
        {"EtherType nobody knows", F().eth().payload(60), true},
    };
}

class Guarded : public testing::Test {
protected:
    void start(__u32 flags) {
        machine_.add_vnic(1, 0, WEIR_IF_GUARD | flags);
        machine_.add_guard(list({"10.0.0.2", "192.0.2.128/25", "fd00::2/64"}));
    }
    [[nodiscard]] weir_count spoofed() const { return machine_.ledger().direction[WEIR_TX].drops[WEIR_DROP_SPOOF]; }

    Machine machine_;
};

TEST_F(Guarded, AtTcTheSourceDecides) {
    start(0);
    for (const auto& one : cases()) {
        if (one.frame.size() < 14 + 20) continue;  // a test run of tc wants the whole IP header
        machine_.reset();
        const auto run = Machine::run(machine_.tc_in(), one.frame);
        ASSERT_EQ(run.error, 0) << one.name;
        EXPECT_EQ(run.verdict, one.passes ? tc_next : tc_drop) << one.name;
        EXPECT_EQ(spoofed().packets, one.passes ? 0U : 1U) << one.name;
        EXPECT_EQ(spoofed().bytes, one.passes ? 0U : total_of(machine_.ledger().direction[WEIR_TX]).bytes) << one.name;
        expect_identity(machine_);
    }
}

TEST_F(Guarded, AtXdpTheSourceDecides) {
    start(WEIR_IF_XDP_ACCOUNTS);
    for (const auto& one : cases()) {
        machine_.reset();
        const auto run = Machine::run(machine_.xdp(), one.frame);
        ASSERT_EQ(run.error, 0) << one.name;
        EXPECT_EQ(run.verdict, one.passes ? xdp_pass : xdp_drop) << one.name;
        EXPECT_EQ(spoofed().packets, one.passes ? 0U : 1U) << one.name;
        expect_identity(machine_);
    }
}

// The tag that the kernel keeps beside the frame.
TEST_F(Guarded, TagBesideTheFrame) {
    start(0);
    const std::unique_ptr<tagger_bpf, void (*)(tagger_bpf*)> tagger(tagger_bpf__open_and_load(), tagger_bpf__destroy);
    ASSERT_NE(tagger, nullptr);
    const __u32 key = 0;
    const int next = machine_.tc_in();
    ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(tagger->maps.next), &key, &next, BPF_ANY), 0);
    const int program = bpf_program__fd(tagger->progs.push_tag);
    const Bytes arp = arp_of(other_v4), own = arp_of(own_v4);
    const Bytes udp = FrameBuilder().eth().ipv4({.source = other_v4}).udp();
    EXPECT_EQ(Machine::run(program, arp).verdict, tc_drop);
    EXPECT_EQ(Machine::run(program, udp).verdict, tc_drop);
    EXPECT_EQ(Machine::run(program, own).verdict, tc_next);
    EXPECT_EQ(spoofed().packets, 2U);
}

TEST_F(Guarded, GsoFramesCountAsTheirPackets) {
    start(0);
    const Bytes frame = FrameBuilder().eth().ipv4({.source = other_v4}).tcp().payload(2500);
    EXPECT_EQ(Machine::run(machine_.tc_in(), frame, {.gso_size = 1000, .gso_segs = 3}).verdict, tc_drop);
    EXPECT_EQ(spoofed().packets, 3U);
    EXPECT_EQ(spoofed().bytes, frame.size() + 2 * 54);
}

TEST_F(Guarded, OnlyTx) {
    start(0);
    const Bytes frame = FrameBuilder().eth().ipv4({.source = other_v4}).udp();
    EXPECT_EQ(Machine::run(machine_.tc_out(), frame).verdict, tc_next);
    EXPECT_EQ(spoofed().packets, 0U);
}

// Sixteen entries, and the last one counts. One family's addresses are no word for the other's.
TEST_F(Guarded, TheWholeListCounts) {
    machine_.add_vnic(1, 0, WEIR_IF_GUARD);
    std::vector<Prefix> prefixes;
    for (int i = 0; i < WEIR_GUARD_PREFIXES_MAX; i++)
        prefixes.push_back(*guard_prefix_from("10.0.1." + std::to_string(i + 1)));
    machine_.add_guard(guard_of(prefixes));
    const auto from = [this](std::uint8_t last) {
        const Bytes frame = FrameBuilder().eth().ipv4({.source = {10, 0, 1, last}}).udp();
        return Machine::run(machine_.tc_in(), frame).verdict;
    };
    EXPECT_EQ(from(16), tc_next);
    EXPECT_EQ(from(17), tc_drop);
    machine_.add_guard(list({"0.0.0.0/0"}));
    EXPECT_EQ(from(17), tc_next);
    const Bytes frame = FrameBuilder().eth().ipv6({.source = own_v6}).udp();
    EXPECT_EQ(Machine::run(machine_.tc_in(), frame).verdict, tc_drop);
}

// No flag, no look; a flag without a list, as for a moment while one is taken away, lets everything pass.
TEST(Guard, OffByDefault) {
    const Bytes frame = FrameBuilder().eth().ipv4({.source = other_v4}).udp();
    for (const __u32 flags : {0u, static_cast<__u32>(WEIR_IF_GUARD)}) {
        Machine machine;
        machine.add_vnic(1, 0, flags);
        if (flags == 0) machine.add_guard(list({"10.0.0.2"}));
        EXPECT_EQ(Machine::run(machine.tc_in(), frame).verdict, tc_next);
    }
}

}  // namespace
}  // namespace weir::test
