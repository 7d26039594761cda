// SPDX-License-Identifier: GPL-2.0-or-later
// The table of crafted frames, which every layer of tests goes through: the pure parser, the programs under
// BPF_PROG_TEST_RUN, and a real link. What is expected comes from the standards, not from the parser.
#pragma once

#include "support/frame_table_ipv4.hpp"
#include "support/frame_table_ipv6.hpp"
#include "support/frame_table_ipv6_chain.hpp"
#include "support/frame_table_l4.hpp"
#include "support/frame_table_link.hpp"

namespace weir::test {

inline KnownFrames make_frame_table() {
    KnownFrames all;
    for (auto* part : {link_frames, tagged_frames, ipv4_frames, ipv4_fragment_frames, ipv4_l4_frames, ipv6_frames,
                       ipv6_l4_frames, ipv6_chain_frames, ipv6_broken_chain_frames}) {
        for (KnownFrame& frame : part())
            all.push_back(std::move(frame));
    }
    return all;
}

inline const KnownFrames& frame_table() {
    static const KnownFrames table = make_frame_table();
    return table;
}

}  // namespace weir::test
