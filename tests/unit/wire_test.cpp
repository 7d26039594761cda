// SPDX-License-Identifier: GPL-2.0-or-later
// Wire truth against segmentation done one packet at a time.
#include "lib/wire.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weir::test {
namespace {

struct Segmented {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
};

// What a segmenting device sends: each packet takes up to gso_size bytes of the payload and all the headers.
Segmented segment(std::uint64_t header, std::uint64_t payload, std::uint64_t gso_size, std::uint64_t tag) {
    Segmented out;
    do {
        const std::uint64_t part = gso_size == 0 ? payload : std::min(payload, gso_size);
        payload -= part;
        out.packets += 1;
        out.bytes += header + part + tag;
    } while (payload > 0);
    return out;
}

void expect_count(const weir_wire_input& in, const Segmented& expected) {
    const weir_count count = weir_wire_count(&in);
    EXPECT_EQ(count.packets, expected.packets)
        << "length " << in.length << " size " << in.gso_size << " segs " << in.gso_segs << " tag " << in.tag_bytes;
    EXPECT_EQ(count.bytes, expected.bytes)
        << "length " << in.length << " size " << in.gso_size << " segs " << in.gso_segs << " tag " << in.tag_bytes;
}

TEST(Wire, OneFrameIsOnePacketOfItsLength) {
    for (std::uint32_t length : {0u, 1u, 14u, 60u, 1514u, 9014u, 65535u, 200000u}) {
        for (std::uint32_t tag : {0u, 4u}) {
            for (std::uint32_t header : {0u, 54u, 66u}) {
                expect_count({length, 0, 0, header, 0, tag}, {1, length + tag});
                // Without a size there are no segments, whatever else is said.
                expect_count({length, 0, 7, header, 0, tag}, {1, length + tag});
            }
        }
    }
}

// TCP over IPv4 and IPv6, UDP, with and without a VLAN tag in the frame; with a tag beside it; counted by the kernel or
// (a guest's frame through a tap) not.
TEST(Wire, GsoFrameIsItsSegments) {
    for (std::uint32_t header :
         {14u + 20 + 20, 14u + 20 + 32, 18u + 40 + 32, 14u + 20 + 8, 14u + 40 + 8, 22u + 60 + 60}) {
        for (std::uint32_t gso_size : {1u, 8u, 536u, 1380u, 1448u, 1460u, 8948u, 65000u}) {
            for (std::uint32_t payload :
                 {1u,    2u,    7u,    8u,    9u,     535u,   536u,   537u,   1072u,   1447u,
                  1448u, 1449u, 2896u, 2897u, 17520u, 64000u, 65000u, 65460u, 150000u, 524000u}) {
                for (std::uint32_t tag : {0u, 4u}) {
                    const Segmented expected = segment(header, payload, gso_size, tag);
                    const auto segments = static_cast<std::uint32_t>(expected.packets);
                    expect_count({header + payload, gso_size, 0, header, 0, tag}, expected);
                    expect_count({header + payload, gso_size, segments, header, 0, tag}, expected);
                }
            }
        }
    }
}

TEST(Wire, GsoFrameWithoutPayloadIsOnePacket) {
    expect_count({54, 1448, 0, 54, 0, 0}, {1, 54});
    expect_count({54, 1448, 0, 54, 0, 4}, {1, 58});
}

// More than 64 KiB of TCP over IPv6 carries a jumbo option of 8 bytes, which segmentation takes out.
TEST(Wire, JumboHeaderIsNotOnTheWire) {
    const std::uint32_t header = 14 + 40 + 32;
    for (std::uint32_t payload : {65537u, 100000u, 185344u, 500000u}) {
        const Segmented expected = segment(header, payload, 1428, 0);
        const auto segments = static_cast<std::uint32_t>(expected.packets);
        expect_count({header + 8 + payload, 1428, 0, header + 8, 8, 0}, expected);
        expect_count({header + 8 + payload, 1428, segments, header + 8, 8, 0}, expected);
        expect_count({header + 8 + payload, 1428, segments, header + 8, 8, 4}, segment(header, payload, 1428, 4));
    }
}

// In a frame that is short enough without it, the option is the sender's own and stays (ipv6_has_hopopt_jumbo).
TEST(Wire, JumboHeaderOfAShortFrameStays) {
    const std::uint32_t header = 14 + 40 + 8 + 32;
    expect_count({header + 60000, 1428, 0, header, 8, 0}, segment(header, 60000, 1428, 0));
    expect_count({65536, 1428, 0, header, 8, 0}, segment(header, 65536 - header, 1428, 0));
    expect_count({65537, 1428, 0, header, 8, 0}, segment(header - 8, 65537 - header, 1428, 0));
}

// GSO by fragments (SCTP) has no size to divide by: the kernel's number of segments is all there is.
TEST(Wire, GsoByFragmentsTrustsTheKernelsNumber) {
    expect_count({46 + 3000, WEIR_GSO_BY_FRAGS, 3, 46, 0, 0}, {3, 46 + 3000 + 2 * 46});
    expect_count({46 + 3000, WEIR_GSO_BY_FRAGS, 0, 46, 0, 0}, {1, 46 + 3000});
    expect_count({46 + 70000, WEIR_GSO_BY_FRAGS, 0, 46, 0, 0}, {1, 46 + 70000});
}

// Where the headers are not known, no header is made up: the packets are right, the bytes are those at hand.
TEST(Wire, UnknownHeaderAddsNoBytes) {
    expect_count({5000, 1448, 4, 0, 0, 0}, {4, 5000});
    expect_count({5000, 1448, 4, 0, 0, 4}, {4, 5000 + 4 * 4});
    expect_count({5000, 1448, 0, 0, 0, 0}, {4, 5000});
    // A TCP data offset that points behind the frame's end is no header length.
    expect_count({5000, 1448, 4, 5001, 0, 0}, {4, 5000});
}

}  // namespace
}  // namespace weir::test
