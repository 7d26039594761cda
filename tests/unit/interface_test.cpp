// SPDX-License-Identifier: GPL-2.0-or-later
// Where an interface stands in the table: the same arithmetic for who writes and who looks.
#include "lib/interface.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace weir::test {
namespace {

TEST(Interface, FirstPlaceIsTheNumberItself) {
    for (__u32 ifindex = 1; ifindex < WEIR_IF_TABLE_SIZE; ifindex++)
        ASSERT_EQ(weir_if_place(ifindex, 0), ifindex);
    EXPECT_EQ(weir_if_place(WEIR_IF_TABLE_SIZE, 0), 0u);
    EXPECT_EQ(weir_if_place(WEIR_IF_TABLE_SIZE + 5, 0), 5u);
    EXPECT_LT(weir_if_place(0xffffffff, WEIR_IF_PROBES), static_cast<__u32>(WEIR_IF_TABLE_SIZE));
}

TEST(Interface, ProbesAreDistinctAndInsideTheTable) {
    for (__u32 ifindex : {1u, 16380u, 16383u, 16384u, 0x7fffffffu, 0xffffffffu}) {
        std::set<__u32> places;
        for (__u32 probe = 0; probe < WEIR_IF_PROBES; probe++) {
            EXPECT_LT(weir_if_place(ifindex, probe), static_cast<__u32>(WEIR_IF_TABLE_SIZE));
            places.insert(weir_if_place(ifindex, probe));
        }
        EXPECT_EQ(places.size(), static_cast<std::size_t>(WEIR_IF_PROBES));
    }
}

// Put in at the first free place, taken out in any order, each is found by looking at all its places (so no
// tombstones).
TEST(Interface, PlacedAndFoundAgainUnderChurn) {
    std::vector<weir_if_entry> table(WEIR_IF_TABLE_SIZE);
    std::set<__u32> present;
    std::mt19937 random(7);
    const auto find = [&](__u32 ifindex) -> weir_if_entry* {
        for (__u32 probe = 0; probe < WEIR_IF_PROBES; probe++) {
            auto& entry = table[weir_if_place(ifindex, probe)];
            if (entry.ifindex == ifindex) return &entry;
        }
        return nullptr;
    };
    for (int step = 0; step < 20000; step++) {
        // Numbers that meet: 32 homes, several tables' worth apart.
        const __u32 ifindex = 1 + random() % 32 + WEIR_IF_TABLE_SIZE * (random() % 3);
        if (present.contains(ifindex)) {
            *find(ifindex) = {};
            present.erase(ifindex);
        } else {
            for (__u32 probe = 0; probe < WEIR_IF_PROBES; probe++) {
                auto& entry = table[weir_if_place(ifindex, probe)];
                if (entry.ifindex != 0) continue;
                entry.ifindex = ifindex;
                present.insert(ifindex);
                break;
            }
        }
        ASSERT_EQ(find(ifindex) != nullptr, present.contains(ifindex));
    }
    for (__u32 ifindex : present)
        EXPECT_NE(find(ifindex), nullptr);
    EXPECT_GT(present.size(), 20u);
}

}  // namespace
}  // namespace weir::test
