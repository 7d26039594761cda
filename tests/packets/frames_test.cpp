// SPDX-License-Identifier: GPL-2.0-or-later
// Every known frame through the programs as the kernel runs them: passed, unchanged, and counted once, in its class, in
// its direction, in its flow.
#include "packets/harness.hpp"
#include "support/frame_table.hpp"
#include "tagger.skel.h"

#include <cerrno>
#include <cstring>

namespace weir::test {
namespace {

constexpr int tcx_next = -1;

// What BPF_PROG_TEST_RUN makes no skb of, depending on the kernel: a frame of more than about a page, an IP header that
// is cut short right behind the Ethernet header. XDP takes both.
bool may_be_refused(const KnownFrame& frame) {
    const bool ends_in_ip = frame.expected == WEIR_CLASS_IPV4_TRUNCATED || frame.expected == WEIR_CLASS_IPV6_TRUNCATED;
    return frame.bytes.size() > 3500 || (ends_in_ip && frame.bytes.size() < 14 + 40);
}

class Frames : public testing::Test {
protected:
    void SetUp() override { machine_.add_vnic(1, 0, 0, 1); }

    void expect_counted(const KnownFrame& frame, weir_direction direction) {
        const __u64 bytes = frame.bytes.size() + frame.tags_outside * 4u;
        const weir_ledger ledger = machine_.ledger();
        weir_ledger expected{};
        auto& to = expected.direction[direction];
        to.skbs = 1;
        to.classes[frame.expected] = {1, bytes};
        if (!frame.has_flow()) to.untracked[WEIR_UNTRACKED_NO_FLOW] = {1, bytes};
        EXPECT_EQ(ledger.direction[direction].skbs, 1u);
        for (unsigned id = 0; id < WEIR_CLASS_ROOM; id++) {
            EXPECT_EQ(ledger.direction[direction].classes[id].packets, id == frame.expected) << class_name(id);
            EXPECT_EQ(ledger.direction[direction].classes[id].bytes, id == frame.expected ? bytes : 0)
                << class_name(id);
        }
        EXPECT_EQ(std::memcmp(&ledger, &expected, sizeof ledger), 0) << "a counter elsewhere";
        expect_in_flow(frame, direction, bytes);
    }

    void expect_in_flow(const KnownFrame& frame, weir_direction direction, __u64 bytes) {
        const auto flows = machine_.flows();
        ASSERT_EQ(flows.size(), frame.has_flow() ? 1u : 0u);
        if (!frame.has_flow()) return;
        const weir_flow_hot& hot = flows[0].hot;
        const bool tx = direction == WEIR_TX;
        EXPECT_EQ(hot.family, frame.family);
        EXPECT_EQ(hot.protocol, frame.protocol);
        EXPECT_EQ(hot.tenant_port, tx ? frame.source_port : frame.destination_port);
        EXPECT_EQ(hot.peer_port, tx ? frame.destination_port : frame.source_port);
        EXPECT_EQ(hot.direction[direction].packets, 1u);
        EXPECT_EQ(hot.direction[direction].bytes, bytes);
        EXPECT_EQ(hot.direction[!direction].packets, 0u);
        EXPECT_EQ(hot.state & WEIR_FLOW_LOCKED, 0u);
        if (frame.family == 4) {
            EXPECT_EQ(std::memcmp(&hot.tenant_word, (tx ? source_v4 : destination_v4).data(), 4), 0);
            EXPECT_EQ(std::memcmp(&hot.peer_word, (tx ? destination_v4 : source_v4).data(), 4), 0);
        } else {
            const weir_flow_address& address = flows[0].address;
            EXPECT_EQ(std::memcmp(address.tenant, (tx ? source_v6 : destination_v6).data(), 16), 0);
            EXPECT_EQ(std::memcmp(address.peer, (tx ? destination_v6 : source_v6).data(), 16), 0);
        }
    }

    // Runs all frames of the table through a program; how many the kernel took.
    int run_all(int program, int verdict, weir_direction direction, bool tagged, std::size_t least) {
        int taken = 0;
        for (const KnownFrame& frame : frame_table()) {
            if ((frame.tags_outside != 0) != tagged || frame.bytes.size() < least) continue;
            SCOPED_TRACE(frame.name);
            machine_.reset();
            const RunResult run = Machine::run(program, frame.bytes);
            if (run.error == EINVAL && verdict == tcx_next && may_be_refused(frame)) continue;
            EXPECT_EQ(run.error, 0);
            if (run.error != 0) continue;
            taken++;
            EXPECT_EQ(run.verdict, verdict);
            EXPECT_EQ(run.out, frame.bytes) << "the frame was changed";
            expect_counted(frame, direction);
        }
        return taken;
    }

    // A test run needs at least one byte behind the Ethernet header to make an skb.
    static constexpr std::size_t least_skb = 15;

    Machine machine_;
};

TEST_F(Frames, TcIn) { EXPECT_GT(run_all(machine_.tc_in(), tcx_next, WEIR_TX, false, least_skb), 200); }

TEST_F(Frames, TcOut) { EXPECT_GT(run_all(machine_.tc_out(), tcx_next, WEIR_RX, false, least_skb), 200); }

TEST_F(Frames, TcWithATagBesideTheFrame) {
    std::unique_ptr<tagger_bpf, void (*)(tagger_bpf*)> tagger(tagger_bpf__open_and_load(), tagger_bpf__destroy);
    ASSERT_NE(tagger, nullptr);
    const int program = bpf_program__fd(tagger->progs.push_tag);
    for (const bool out : {false, true}) {
        const __u32 key = 0;
        const int next = out ? machine_.tc_out() : machine_.tc_in();
        ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(tagger->maps.next), &key, &next, BPF_ANY), 0);
        EXPECT_GE(run_all(program, tcx_next, out ? WEIR_RX : WEIR_TX, true, least_skb), 6);
    }
}

TEST_F(Frames, Xdp) {
    machine_.set_entry(1, {1, 0, 0, WEIR_IF_XDP_ACCOUNTS, 7, 0, 0});
    EXPECT_GT(run_all(machine_.xdp(), XDP_PASS, WEIR_TX, false, 14), 220);
}

}  // namespace
}  // namespace weir::test
