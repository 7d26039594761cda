// SPDX-License-Identifier: GPL-2.0-or-later
// What is counted, beyond the table of frames: GSO, roles, interfaces that are not counted (any more).
#include "packets/harness.hpp"
#include "tagger.skel.h"

namespace weir::test {
namespace {

constexpr int tcx_next = -1;

class Counts : public testing::Test {
protected:
    void expect_total(weir_direction direction, __u64 packets, __u64 bytes) {
        const weir_count total = total_of(machine_.ledger().direction[direction]);
        EXPECT_EQ(total.packets, packets);
        EXPECT_EQ(total.bytes, bytes);
        EXPECT_EQ(total_of(machine_.ledger().direction[!direction]).packets, 0u);
        expect_identity(machine_);
    }

    void expect_run(int program, const Bytes& frame, const RunOptions& options = {}, int verdict = tcx_next) {
        const RunResult run = Machine::run(program, frame, options);
        ASSERT_EQ(run.error, 0);
        EXPECT_EQ(run.verdict, verdict);
        EXPECT_EQ(run.out, frame);
    }

    const Bytes udp_ = FrameBuilder().eth().ipv4().udp().payload(100);
    Machine machine_;
};

TEST_F(Counts, GsoFrameAtIngressIsItsSegments) {
    machine_.add_vnic(1);
    struct Case {
        Bytes frame;
        __u32 size, segments, header;
    };
    using F = FrameBuilder;
    const Case cases[] = {
        {F().eth().ipv4().tcp({.option_words = 3}).payload(2896), 1448, 2, 14 + 20 + 32},
        {F().eth().ipv4().tcp({.option_words = 3}).payload(2897), 1448, 3, 14 + 20 + 32},
        {F().eth().vlan(9).ipv4({.option_words = 1}).tcp().payload(1000), 100, 10, 18 + 24 + 20},
        {F().eth().ipv6().tcp().payload(3000), 536, 6, 14 + 40 + 20},
        {F().eth().ipv6().hop_by_hop().tcp().payload(3000), 536, 6, 14 + 48 + 20},
        {F().eth().ipv4().udp().payload(3001), 1000, 4, 14 + 20 + 8},
        {F().eth().ipv6().udp().payload(3), 1, 3, 14 + 40 + 8},
        {F().eth().ipv4({.total_length = 0}).tcp().payload(2896), 1448, 2, 14 + 20 + 20},
        {F().eth().ipv4().tcp(), 1448, 1, 14 + 20 + 20},
    };
    for (const int program : {machine_.tc_in(), machine_.tc_out()}) {
        const auto direction = program == machine_.tc_in() ? WEIR_TX : WEIR_RX;
        for (const Case& c : cases) {
            SCOPED_TRACE(c.frame.size());
            // With the kernel's number of segments, and without: a guest's frame through a tap has none.
            for (__u32 segments : {c.segments, 0u}) {
                machine_.reset();
                expect_run(program, c.frame, {.gso_size = c.size, .gso_segs = segments});
                expect_total(direction, c.segments, c.frame.size() + (c.segments - 1) * c.header);
                EXPECT_EQ(machine_.ledger().direction[direction].skbs, 1u);
                ASSERT_EQ(machine_.flows().size(), 1u);
                EXPECT_EQ(machine_.flows()[0].hot.direction[direction].packets, c.segments);
            }
        }
    }
}

TEST_F(Counts, WireLengthOfTheKernelIsNotUsed) {
    machine_.add_vnic(1);
    expect_run(machine_.tc_out(), udp_, {.wire_len = 9999});
    expect_total(WEIR_RX, 1, udp_.size());
}

TEST_F(Counts, GsoFrameWithATagBesideIt) {
    machine_.add_vnic(1);
    std::unique_ptr<tagger_bpf, void (*)(tagger_bpf*)> tagger(tagger_bpf__open_and_load(), tagger_bpf__destroy);
    ASSERT_NE(tagger, nullptr);
    const __u32 key = 0;
    const int next = machine_.tc_in();
    ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(tagger->maps.next), &key, &next, BPF_ANY), 0);
    const Bytes frame = FrameBuilder().eth().ipv4().tcp().payload(3000);
    expect_run(bpf_program__fd(tagger->progs.push_tag), frame, {.gso_size = 1000, .gso_segs = 3});
    expect_total(WEIR_TX, 3, 3000 + 3 * (54 + 4));
}

TEST_F(Counts, RolesTurnTheDirection) {
    machine_.add_vnic(1, 0, 0);
    expect_run(machine_.tc_in(), udp_);
    expect_total(WEIR_TX, 1, udp_.size());
    machine_.reset();
    expect_run(machine_.tc_out(), udp_);
    expect_total(WEIR_RX, 1, udp_.size());

    machine_.set_entry(1, {1, 0, 15, WEIR_IF_EGRESS_IS_TX, 1, 0, 0});
    machine_.reset();
    expect_run(machine_.tc_in(), udp_);
    expect_total(WEIR_RX, 1, udp_.size());
    ASSERT_EQ(machine_.flows().size(), 1u);
    EXPECT_EQ(machine_.flows()[0].hot.tenant_port, destination_port);
    machine_.reset();
    expect_run(machine_.tc_out(), udp_);
    expect_total(WEIR_TX, 1, udp_.size());
    ASSERT_EQ(machine_.flows().size(), 1u);
    EXPECT_EQ(machine_.flows()[0].hot.tenant_port, source_port);

    machine_.set_entry(1, {1, 0, 15, WEIR_IF_EGRESS_IS_TX | WEIR_IF_XDP_ACCOUNTS, 1, 0, 0});
    machine_.reset();
    expect_run(machine_.xdp(), udp_, {}, XDP_PASS);
    expect_total(WEIR_RX, 1, udp_.size());
}

TEST_F(Counts, BothDirectionsOfAConversationAreOneFlow) {
    machine_.add_vnic(1);
    const Bytes reply = FrameBuilder()
                            .eth()
                            .ipv4({.source = destination_v4, .destination = source_v4})
                            .udp({.source_port = destination_port, .destination_port = source_port})
                            .payload(300);
    expect_run(machine_.tc_in(), udp_);
    expect_run(machine_.tc_out(), reply);
    ASSERT_EQ(machine_.flows().size(), 1u);
    EXPECT_EQ(machine_.flows()[0].hot.direction[WEIR_TX].bytes, udp_.size());
    EXPECT_EQ(machine_.flows()[0].hot.direction[WEIR_RX].bytes, reply.size());
    expect_identity(machine_);
}

TEST_F(Counts, InterfaceThatIsNotCountedPasses) {
    // Another interface stands at this one's first place.
    machine_.add_vnic(1 + WEIR_IF_TABLE_SIZE);
    expect_run(machine_.tc_in(), udp_);
    expect_run(machine_.tc_out(), udp_);
    expect_run(machine_.xdp(), udp_, {}, XDP_PASS);
    expect_nothing(machine_);
}

TEST_F(Counts, DetachedEntryCountsNoMore) {
    machine_.add_vnic(1);
    expect_run(machine_.tc_in(), udp_);
    machine_.detach(1);
    machine_.reset();
    expect_run(machine_.tc_in(), udp_);
    expect_run(machine_.tc_out(), udp_);
    expect_nothing(machine_);
}

TEST_F(Counts, EntryIsFoundAtEachOfItsPlaces) {
    machine_.add_vnic(1);
    machine_.detach(1);
    for (__u32 probe = 0; probe < WEIR_IF_PROBES; probe++) {
        machine_.reset();
        machine_.set_entry(1 + probe, {1, 0, 15, 0, 1, 0, 0});
        expect_run(machine_.tc_in(), udp_);
        expect_total(WEIR_TX, 1, udp_.size());
        machine_.detach(1 + probe);
    }
    machine_.reset();
    machine_.set_entry(1 + WEIR_IF_PROBES, {1, 0, 15, 0, 1, 0, 0});
    expect_run(machine_.tc_in(), udp_);
    expect_nothing(machine_);
}

// One of the two ingress hooks counts, never both: XDP_ACCOUNTS says which.
TEST_F(Counts, OneIngressHookCounts) {
    machine_.add_vnic(1, 0, WEIR_IF_XDP_ACCOUNTS);
    expect_run(machine_.tc_in(), udp_);
    expect_nothing(machine_);
    expect_run(machine_.xdp(), udp_, {}, XDP_PASS);
    expect_total(WEIR_TX, 1, udp_.size());
    machine_.reset();
    expect_run(machine_.tc_out(), udp_);
    expect_total(WEIR_RX, 1, udp_.size());

    machine_.set_entry(1, {1, 0, 15, 0, 1, 0, 0});
    machine_.reset();
    expect_run(machine_.xdp(), udp_, {}, XDP_PASS);
    expect_nothing(machine_);
    expect_run(machine_.tc_in(), udp_);
    expect_total(WEIR_TX, 1, udp_.size());
}

TEST_F(Counts, VnicsAreKeptApart) {
    machine_.add_vnic(1, 5);
    machine_.add_vnic(2, 6);
    expect_run(machine_.tc_in(), udp_);
    expect_nothing(machine_, 6);
    EXPECT_EQ(total_of(machine_.ledger(5).direction[WEIR_TX]).packets, 1u);
    expect_identity(machine_, 5);
}

// A vNIC whose ledger is gone (being detached) is not counted; one whose table is gone is counted as untracked.
TEST_F(Counts, EntryThatPointsAtNoLedgerPasses) {
    machine_.add_vnic(1, 0);
    machine_.set_entry(1, {1, 77, 15, 0, 1, 0, 0});
    expect_run(machine_.tc_in(), udp_);
    expect_nothing(machine_);
    machine_.set_entry(1, {1, 0xffffffff, 15, 0, 1, 0, 0});
    expect_run(machine_.tc_in(), udp_);
    expect_run(machine_.tc_out(), udp_);
    expect_nothing(machine_);
}

TEST_F(Counts, TableSmallerThanItsMaskIsUntracked) {
    machine_.add_vnic(1, 0, 0, 1);
    machine_.set_entry(1, {1, 0, 0xffff, 0, 1, 0, 0});
    for (__u8 last = 0; last < 50; last++) {
        expect_run(machine_.tc_in(), FrameBuilder().eth().ipv4({.source = {10, 0, 0, last}}).udp());
        expect_run(machine_.tc_in(), FrameBuilder().eth().ipv6({.source = {0x20, 1, last}}).udp());
    }
    EXPECT_EQ(total_of(machine_.ledger().direction[WEIR_TX]).packets, 100u);
    EXPECT_GT(untracked_of(machine_.ledger().direction[WEIR_TX]).packets, 90u);
    expect_identity(machine_);
}

}  // namespace
}  // namespace weir::test
