// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "model/drop_reasons.hpp"
#include "model/drops.hpp"
#include "report/report.hpp"

namespace weir {
namespace {

using testing::HasSubstr;
using testing::Not;

DropRow row(std::string interface, std::string reason, std::uint64_t packets) {
    DropRow made;
    made.ifindex = static_cast<std::uint32_t>(interface.size());
    made.interface = std::move(interface);
    made.reason = std::move(reason);
    made.location = "ip_rcv_core+0x10";
    made.packets = packets;
    made.skbs = packets;
    made.direction = Direction::tx;
    made.is_normal = is_normal_end(made);
    return made;
}

DropRow own_row(std::string interface, std::string reason, std::uint64_t packets) {
    DropRow made = row(std::move(interface), std::move(reason), packets);
    made.source = DropSource::weir;
    made.location = "tcx ingress";
    made.hook = Hook::tcx;
    made.skbs = 0;
    return made;
}

TEST(DropReasons, EachNameOnceAndEachDropIsExplained) {
    std::set<std::string_view> names;
    for (const auto& reason : kernel_drop_reasons()) {
        EXPECT_TRUE(names.insert(reason.name).second) << reason.name << " twice";
        EXPECT_FALSE(reason.meaning.empty()) << reason.name;
        EXPECT_EQ(reason.fix.empty(), reason.kind == DropClass::normal) << reason.name;
        EXPECT_EQ(find_drop_reason(DropSource::kernel, reason.name), &reason);
    }
}

TEST(DropReasons, WeirsOwnAreAllThere) {
    for (std::size_t reason = 0; reason < WEIR_DROP_COUNT; ++reason) {
        const auto* known = find_drop_reason(DropSource::weir, drop_reason_name(reason));
        ASSERT_NE(known, nullptr) << drop_reason_name(reason);
        EXPECT_FALSE(known->fix.empty());
    }
    EXPECT_EQ(find_drop_reason(DropSource::kernel, "rate"), nullptr);
    EXPECT_EQ(find_drop_reason(DropSource::weir, "no_socket"), nullptr);
}

TEST(DropReasons, NamesComeFromTheKernelsEnumerators) {
    EXPECT_EQ(drop_reason_name_of("SKB_DROP_REASON_NO_SOCKET"), "no_socket");
    EXPECT_EQ(drop_reason_name_of("SKB_CONSUMED"), "consumed");
    EXPECT_EQ(drop_reason_name_of("OVS"), "ovs");
}

TEST(DropReasons, NormalEndsAreToldByReasonOrByPlace) {
    EXPECT_TRUE(is_normal_end(row("eth0", "otherhost", 1)));
    EXPECT_FALSE(is_normal_end(row("eth0", "no_socket", 1)));
    EXPECT_FALSE(is_normal_end(row("eth0", "not_specified", 1)));
    EXPECT_FALSE(is_normal_end(row("eth0", "a_reason_of_the_future", 1)));
    auto purged = row("eth0", "not_specified", 1);
    for (const char* const place : {"skb_queue_purge+0x20", "udp_destruct_common+0xb9", "netlink_unicast+0x15a",
                                    "virtio_transport_recv_pkt+0x434"}) {
        purged.location = place;
        EXPECT_TRUE(is_normal_end(purged)) << place;
    }
    purged.reason = "netfilter_drop";
    EXPECT_FALSE(is_normal_end(purged));
}

TEST(DropWindow, IsTheDifferenceAndLeavesOutWhatDidNotGrow) {
    DropSnapshot earlier;
    earlier.taken_ns = 100;
    earlier.since_ns = 10;
    earlier.elsewhere_skbs = 5;
    earlier.missed_skbs = 1;
    earlier.rows = {row("eth0", "no_socket", 10), row("eth0", "xdp", 4), own_row("eth0", "rate", 900)};
    DropSnapshot later = earlier;
    later.taken_ns = 200;
    later.elsewhere_skbs = 8;
    later.missed_skbs = 1;
    later.rows = {row("eth0", "no_socket", 17), row("eth0", "xdp", 4), row("eth0", "ip_csum", 2),
                  own_row("eth0", "rate", 30)};
    const auto window = window_of(earlier, later);
    EXPECT_EQ(window.since_ns, 100U);
    EXPECT_EQ(window.taken_ns, 200U);
    EXPECT_EQ(window.elsewhere_skbs, 3U);
    EXPECT_EQ(window.missed_skbs, 0U);
    ASSERT_EQ(window.rows.size(), 3U);
    EXPECT_EQ(window.rows[0].packets, 7U);
    EXPECT_EQ(window.rows[0].skbs, 7U);
    EXPECT_EQ(window.rows[1].packets, 2U);
    EXPECT_EQ(window.rows[2].packets, 30U) << "a counter that began anew counts whole";
}

TEST(DropWindow, RowsOfAnotherPlaceOrDirectionAreOthers) {
    DropSnapshot earlier;
    earlier.rows = {row("eth0", "no_socket", 10)};
    DropSnapshot later = earlier;
    later.rows[0].location = "udp_queue_rcv_skb+0x1";
    later.rows.push_back(earlier.rows[0]);
    later.rows[1].direction = Direction::rx;
    EXPECT_EQ(window_of(earlier, later).rows.size(), 2U);
}

TEST(OwnDrops, AreTakenOutOfTheKernelsRows) {
    DropSnapshot snapshot;
    snapshot.rows = {own_row("vnet3", "rate", 70), own_row("vnet3", "aqm", 5), row("vnet3", "tc_ingress", 80),
                     row("vnet3", "no_socket", 9), row("vnet33", "tc_ingress", 3)};
    take_out_own_drops(snapshot);
    ASSERT_EQ(snapshot.rows.size(), 5U);
    EXPECT_EQ(snapshot.rows[2].packets, 5U);
    EXPECT_EQ(snapshot.rows[3].packets, 9U);
    EXPECT_EQ(snapshot.rows[4].packets, 3U);
    snapshot.rows[2].packets = 60;
    take_out_own_drops(snapshot);
    EXPECT_EQ(snapshot.rows.size(), 4U) << "a row of which nothing is left goes";
}

TEST(OwnDrops, AtXdpAreThoseThatTheKernelPutsDownToXdp) {
    DropSnapshot snapshot;
    snapshot.rows = {own_row("vnet3", "pps", 70), row("vnet3", "tc_ingress", 80), row("vnet3", "not_specified", 75)};
    snapshot.rows[0].hook = Hook::xdp_generic;
    snapshot.rows[2].location = "do_xdp_generic+0x10";
    take_out_own_drops(snapshot);
    ASSERT_EQ(snapshot.rows.size(), 3U);
    EXPECT_EQ(snapshot.rows[1].packets, 80U);
    EXPECT_EQ(snapshot.rows[2].packets, 5U);
}

TEST(DropsJson, HasWhatProgramsReadAndFoldsNormalEnds) {
    DropSnapshot snapshot;
    snapshot.traced = true;
    snapshot.rows = {row("eth0", "no_socket", 20), row("eth0", "otherhost", 3), row("", "77", 1)};
    snapshot.rows[0].tenant = "web";
    snapshot.rows[2].direction.reset();
    const auto json = drops_json(snapshot, 2'000'000'000, false);
    EXPECT_EQ(json["schema_version"], 1);
    EXPECT_EQ(json["window_ns"], 2'000'000'000);
    ASSERT_EQ(json["drops"].size(), 2U);
    const auto& first = json["drops"][0];
    EXPECT_EQ(first["interface"], "eth0");
    EXPECT_EQ(first["tenant"], "web");
    EXPECT_EQ(first["direction"], "tx");
    EXPECT_EQ(first["source"], "kernel");
    EXPECT_EQ(first["reason"], "no_socket");
    EXPECT_EQ(first["location"], "ip_rcv_core+0x10");
    EXPECT_EQ(first["packets"], 20);
    EXPECT_EQ(first["rate_pps"], 10.0);
    EXPECT_NE(first["meaning"], "");
    EXPECT_NE(first["fix"], "");
    const auto& unknown = json["drops"][1];
    EXPECT_TRUE(unknown["interface"].is_null());
    EXPECT_TRUE(unknown["direction"].is_null());
    EXPECT_EQ(unknown["meaning"], "");
    EXPECT_EQ(json["normal_packets"], 3);
    EXPECT_EQ(drops_json(snapshot, 0, true)["drops"].size(), 3U);
}

TEST(DropsTable, NamesReasonMeaningAndFixOnce) {
    DropSnapshot snapshot;
    snapshot.rows = {row("eth0", "no_socket", 1234), row("eth1", "no_socket", 1), row("eth0", "otherhost", 7)};
    const auto text = drops_table(snapshot, 1'000'000'000, false, {});
    EXPECT_THAT(text, HasSubstr("1,234"));
    const auto meaning = std::string(find_drop_reason(DropSource::kernel, "no_socket")->meaning);
    EXPECT_EQ(text.find(meaning), text.rfind(meaning));
    EXPECT_THAT(text, HasSubstr(meaning));
    EXPECT_THAT(text, HasSubstr("7 packets ended normally"));
    EXPECT_THAT(text, Not(HasSubstr("otherhost")));
    EXPECT_THAT(drops_table(snapshot, 0, true, {}), HasSubstr("otherhost"));
    EXPECT_THAT(drops_table({}, 0, false, {}), HasSubstr("no packet was dropped"));
}

TEST(DropsOrder, WhatLostMostComesFirst) {
    std::vector<DropRow> rows{row("b", "xdp", 1), row("a", "xdp", 1), row("c", "ip_csum", 5)};
    sort_by_packets(rows);
    EXPECT_EQ(rows[0].interface, "c");
    EXPECT_EQ(rows[1].interface, "a");
}

}  // namespace
}  // namespace weir
