// SPDX-License-Identifier: GPL-2.0-or-later
// The copies of single headers that the slow way reads (skb and XDP) say the same as the bytes in memory.
#include "lib/parse.h"
#include "packets/harness.hpp"
#include "slow_way.skel.h"
#include "support/frame_table.hpp"

#include <cerrno>
#include <cstring>

namespace weir::test {
namespace {

class SlowWay : public testing::Test {
protected:
    void SetUp() override {
        programs_.reset(slow_way_bpf__open_and_load());
        ASSERT_NE(programs_, nullptr);
    }

    void expect_same_as_whole(const KnownFrame& frame) {
        const __u32 key = 0;
        weir_packet packet, whole;
        ASSERT_EQ(bpf_map_lookup_elem(bpf_map__fd(programs_->maps.parsed), &key, &packet), 0);
        weir_view view = {frame.bytes.data(), frame.bytes.data() + frame.bytes.size(), nullptr, nullptr,
                          WEIR_VIEW_WHOLE};
        const weir_frame_hint hint = {0, 0};
        weir_parse(&view, &hint, &whole);
        EXPECT_STREQ(class_name(packet.class_id), class_name(frame.expected));
        EXPECT_EQ(packet.src_port, frame.source_port);
        EXPECT_EQ(packet.dst_port, frame.destination_port);
        EXPECT_EQ(std::memcmp(&packet, &whole, sizeof packet), 0) << "another field differs";
    }

    int run_all(int program) {
        int taken = 0;
        for (const KnownFrame& frame : frame_table()) {
            if (frame.tags_outside != 0) continue;
            SCOPED_TRACE(frame.name);
            if (Machine::run(program, frame.bytes).error != 0) continue;
            taken++;
            expect_same_as_whole(frame);
        }
        return taken;
    }

    struct Destroy {
        void operator()(slow_way_bpf* programs) const { slow_way_bpf__destroy(programs); }
    };
    std::unique_ptr<slow_way_bpf, Destroy> programs_;
};

TEST_F(SlowWay, SkbLoads) { EXPECT_GT(run_all(bpf_program__fd(programs_->progs.slow_skb)), 200); }
TEST_F(SlowWay, XdpLoads) { EXPECT_GT(run_all(bpf_program__fd(programs_->progs.slow_xdp)), 220); }

}  // namespace
}  // namespace weir::test
