// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <sstream>

#include "core/utf8.hpp"
#include "model/guard.hpp"
#include "report/table.hpp"

namespace weir {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::uint64_t second = 1'000'000'000;

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        out.push_back(line);
    return out;
}

std::string without_colour(std::string text) {
    for (std::size_t at; (at = text.find('\x1b')) != std::string::npos;)
        text.erase(at, text.find('m', at) - at + 1);
    return text;
}

Vnic vnic(std::string name, std::string tenant, Role role = Role::vnic) {
    Vnic made;
    made.ifindex = 12;
    made.interface = std::move(name);
    made.tenant = std::move(tenant);
    made.role = role;
    made.ingress_hook = made.egress_hook = Hook::tcx;
    made.flows = 8192;
    made.flow_sets = 1024;
    made.memory_bytes = 1 << 20;
    made.attached_ns = 1'700'000'000 * second;
    made.qdisc = "noqueue";
    return made;
}

VnicLedger entry(std::string name, std::string tenant, Count tx, Count rx, Role role = Role::vnic) {
    VnicLedger made{vnic(std::move(name), std::move(tenant), role), {}};
    made.ledger.tx.classes[WEIR_CLASS_IPV4_TCP] = tx;
    made.ledger.rx.classes[WEIR_CLASS_IPV4_TCP] = rx;
    return made;
}

FlowSnapshot flow_snapshot() {
    FlowSnapshot snapshot;
    snapshot.taken_ns = 100 * second;
    auto add = [&](std::uint8_t protocol, const char* tenant, std::uint16_t tenant_port, const char* peer,
                   std::uint16_t peer_port, Count tx, Count rx) {
        Flow flow;
        flow.interface = "vnet3";
        flow.tenant = "web";
        flow.key = {0, protocol, prefix_from(tenant)->address, prefix_from(peer)->address, tenant_port, peer_port};
        flow.tx = tx;
        flow.rx = rx;
        flow.first_seen_ns = 40 * second;
        flow.last_seen_ns = 98 * second;
        snapshot.flows.push_back(flow);
    };
    add(6, "192.168.122.10", 54321, "203.0.113.7", 443, {1000, 1'500'000}, {500, 30'000});
    add(17, "2001:db8::1:2", 53, "2001:db8::8", 40000, {1, 80}, {});
    add(1, "192.168.122.10", 7, "8.8.8.8", 7, {1, 98}, {1, 98});
    add(47, "192.168.122.10", 0, "8.8.4.4", 0, {1, 60}, {});
    snapshot.untracked.push_back({"vnet3", "web", {}, {}});
    return snapshot;
}

TEST(Table, AlignsByDisplayWidth) {
    Table table(
        {{.header = "NAME"}, {.header = "SIZE", .kind = Column::quantity}, {.header = "N", .kind = Column::number}});
    table.add({"日本", "1.53 GB", "7"});
    table.add({"münchen", "812 B", "12,345"});
    EXPECT_EQ(table.print({}), "NAME        SIZE       N\n"
                               "日本     1.53 GB       7\n"
                               "münchen   812 B   12,345\n");
}

TEST(Table, ColourAddsNoText) {
    Table table({{.header = "NAME"}, {.header = "SIZE", .kind = Column::quantity}});
    table.add({"a", "1.53 GB"});
    table.add({{"b", Tone::warning}, {"0 B", Tone::dim}});
    std::string coloured = table.print({.colour = true, .columns = 0});
    EXPECT_EQ(without_colour(coloured), "NAME     SIZE\na     1.53 GB\nb        0 B\n");
    EXPECT_THAT(coloured, HasSubstr("\x1b[1mNAME\x1b[0m"));
    EXPECT_THAT(coloured, HasSubstr("1.53\x1b[2m GB\x1b[0m"));
    EXPECT_THAT(coloured, HasSubstr("\x1b[33mb\x1b[0m"));
    EXPECT_THAT(table.print({}), Not(HasSubstr("\x1b")));
}

TEST(Table, ShortensTheWidestTextToFit) {
    Table table(
        {{.header = "NAME", .least = 4}, {.header = "WHO", .least = 4}, {.header = "N", .kind = Column::number}});
    table.add({"a-very-long-interface-name", "short", "123"});
    EXPECT_EQ(table.print({.colour = false, .columns = 24}), "NAME          WHO      N\n"
                                                             "a-very-long…  short  123\n");
    EXPECT_EQ(table.print({.colour = false, .columns = 0}), "NAME                        WHO      N\n"
                                                            "a-very-long-interface-name  short  123\n");
}

TEST(Table, DropsSpareColumnsBeforeItShortensBelowTheLeast) {
    Table table({{.header = "NAME", .least = 10},
                 {.header = "FIRST", .kind = Column::number, .spare = 2},
                 {.header = "SECOND", .kind = Column::number, .spare = 1}});
    table.add({"0123456789", "1", "2"});
    EXPECT_EQ(lines(table.print({.colour = false, .columns = 25}))[0], "NAME        FIRST  SECOND");
    EXPECT_EQ(lines(table.print({.colour = false, .columns = 24}))[0], "NAME        SECOND");
    EXPECT_EQ(lines(table.print({.colour = false, .columns = 17}))[0], "NAME");
    EXPECT_EQ(lines(table.print({.colour = false, .columns = 6}))[1], "01234…");
}

TEST(Table, ShortensEndpointsInTheMiddle) {
    EXPECT_EQ(shortened("[2001:db8::1234:5678]:443", 15, true), "[2001:d…78]:443");
    EXPECT_EQ(shortened("日本日本", 6, false), "日本…");
    EXPECT_EQ(shortened("日本日本", 8, false), "日本日本");
    EXPECT_EQ(shortened("abc", 1, true), "…");
    EXPECT_EQ(shortened("abc", 0, false), "");
}

TEST(Table, NamesCannotDriveTheTerminal) {
    Table table({{.header = "NAME"}});
    table.add({"a\x1b[31mb\n\xff\u202e"});
    EXPECT_EQ(table.print({}), "NAME\na?[31mb???\n");
}

TEST(Wrapped, BreaksAtSpaces) {
    EXPECT_EQ(wrapped("one two three four", 9, 2), "one two\n  three\n  four");
    EXPECT_EQ(wrapped("one two three", 0, 2), "one two three");
    EXPECT_EQ(wrapped("unbreakable x", 4, 2), "unbreakable\n  x");
}

TEST(StatsTable, SortsByLoadWithATotalAndUplinksBelow) {
    LedgerSnapshot snapshot{0,
                            {entry("eth0", "eth0", {999, 9'000'000'000}, {}, Role::uplink),
                             entry("vnet10", "a", {1, 100}, {}), entry("vnet2", "b", {}, {1, 100}),
                             entry("vnet1", "c", {10, 600'000}, {20, 800'000}), entry("vnet7", "d", {}, {})}};
    snapshot.vnics[3].ledger.tx.drops[WEIR_DROP_RATE] = {1234, 99};
    snapshot.vnics[3].ledger.tx.classes[WEIR_CLASS_ARP] = {1, 42};
    EXPECT_EQ(stats_table(snapshot, 0, {}), "VNIC    TENANT          TX        RX  PACKETS  DROPS  TOP CLASS\n"
                                            "vnet1   c         600.0 kB  800.0 kB       31  1,234  99% ipv4_tcp\n"
                                            "vnet2   b             0 B     100 B         1      0  100% ipv4_tcp\n"
                                            "vnet10  a           100 B       0 B         1      0  100% ipv4_tcp\n"
                                            "vnet7   d             0 B       0 B         0      0  -\n"
                                            "total   4 vNICs   600.1 kB  800.1 kB       33  1,234  99% ipv4_tcp\n"
                                            "eth0    (uplink)   9.00 GB      0 B       999      0  100% ipv4_tcp\n"
                                            "\n"
                                            "vnet1 tx: 1,234 packets dropped (rate 1,234)\n");
}

TEST(StatsTable, ShowsRatesInAWindow) {
    LedgerSnapshot snapshot{0, {entry("vnet1", "web", {25'000, 12'500'000}, {10, 1250})}};
    EXPECT_EQ(stats_table(snapshot, 10 * second, {}),
              "VNIC   TENANT         TX/s         RX/s  PACKETS/s  DROPS  TOP CLASS\n"
              "vnet1  web     10.0 Mbit/s  1.00 kbit/s  2.50 kpps      0  100% ipv4_tcp\n");
}

TEST(StatsTable, FitsTheTerminal) {
    LedgerSnapshot snapshot;
    for (int i = 0; i < 30; i++)
        snapshot.vnics.push_back(entry("interface-" + std::to_string(i), std::string(63, 't'),
                                       {1ULL << (i * 2), 1ULL << (i * 2)}, {1ULL << i, 1ULL << i}));
    for (unsigned columns : {60U, 80U, 100U, 120U})
        for (const std::string& line : lines(stats_table(snapshot, second, {.colour = false, .columns = columns})))
            EXPECT_LE(display_width(line), columns) << line;
}

TEST(StatsJson, HasTheKeysOfTheContract) {
    LedgerSnapshot snapshot{0, {entry("vnet1", "web", {25'000, 12'500'000}, {~0ULL, ~0ULL})}};
    DirectionLedger& tx = snapshot.vnics[0].ledger.tx;
    tx.skbs = 3;
    tx.ecn_marked_packets = 4;
    tx.drops[WEIR_DROP_RATE] = {5, 500};
    tx.drops[WEIR_DROP_SPOOF] = {6, 600};
    tx.untracked[WEIR_UNTRACKED_EVICTED] = {7, 700};
    tx.untracked[WEIR_UNTRACKED_NO_FLOW] = {1, 60};
    Json json = stats_json(snapshot, 0);
    EXPECT_EQ(json["schema_version"], 1);
    EXPECT_FALSE(json.contains("window_ns"));
    EXPECT_EQ(json["vnics"][0]["tx"].dump(),
              R"({"packets":25000,"bytes":12500000,"skbs":3,"drop_packets":11,"drop_bytes":1100,)"
              R"("drops":{"rate":5,"aqm":0,"horizon":0,"pps":0,"spoof":6},"ecn_marked_packets":4,)"
              R"("classes":{"ipv4_tcp":{"packets":25000,"bytes":12500000}},)"
              R"("untracked":{"packets":8,"bytes":760,"no_flow":{"packets":1,"bytes":60},)"
              R"("evicted":{"packets":7,"bytes":700},"busy":{"packets":0,"bytes":0}}})");
    EXPECT_EQ(json["vnics"][0]["rx"]["packets"], ~0ULL);
    json["vnics"][0].erase("tx");
    json["vnics"][0].erase("rx");
    EXPECT_EQ(json["vnics"][0].dump(), R"({"interface":"vnet1","ifindex":12,"tenant":"web","role":"vnic"})");

    Json window = stats_json(snapshot, 10 * second);
    EXPECT_EQ(window["window_ns"], 10 * second);
    EXPECT_EQ(window["vnics"][0]["tx"]["rate_bps"], 10'000'000);
    EXPECT_EQ(window["vnics"][0]["tx"]["rate_pps"], 2500);
    EXPECT_EQ(stats_json({}, 0).dump(), R"({"schema_version":1,"vnics":[]})");
}

TEST(StatusJson, HasTheKeysOfTheContract) {
    Vnic uplink = vnic("eth0", "eth0", Role::uplink);
    uplink.capacity_bps = 10'000'000'000;
    uplink.ingress = IngressChoice::xdp;
    uplink.ingress_hook = Hook::xdp_native;
    uplink.egress_hook = Hook::clsact;
    uplink.notes = {"one", "two"};
    Json json = status_json({vnic("vnet1", "web"), uplink});
    EXPECT_EQ(json["vnics"].size(), 2U);
    EXPECT_EQ(json["vnics"][1].dump(),
              R"({"interface":"eth0","ifindex":12,"tenant":"eth0","role":"uplink","present":true,"ingress_hook":"xdp",)"
              R"("hooks":{"ingress":"xdp","egress":"clsact"},"qdisc":"noqueue","flows":8192,"flow_slots":8192,)"
              R"("memory_bytes":1048576,"capacity_bps":10000000000,"attached_ns":1700000000000000000,)"
              R"("addresses":[],"limit":null,"notes":["one","two"]})");
    EXPECT_EQ(
        json["uplinks"].dump(),
        R"([{"interface":"eth0","ifindex":12,"tenant":"eth0","capacity_bps":10000000000,"capacity_rx_bps":10000000000,)"
        R"("capacity_is_link_speed":false}])");
}

TEST(Status, SaysWhatATenantMaySendFrom) {
    Vnic guarded = vnic("vnet1", "web");
    guarded.addresses = {*guard_prefix_from("10.0.0.2"), *guard_prefix_from("fd00::2/64")};
    EXPECT_EQ(status_json({guarded})["vnics"][0]["addresses"].dump(), R"(["10.0.0.2","fd00::/64"])");
    EXPECT_THAT(status_table({guarded}, {}), HasSubstr("vnet1: may send only from 10.0.0.2, fd00::/64\n"));
    EXPECT_THAT(status_table({vnic("vnet1", "web")}, {}), Not(HasSubstr("may send")));
}

TEST(StatusTable, SortsNaturallyAndGathersNotes) {
    setenv("TZ", "UTC0", 1);
    tzset();
    std::vector<Vnic> vnics;
    for (const char* name : {"vnet10", "vnet2", "eth0", "vnet3", "vnet4", "vnet5"}) {
        vnics.push_back(vnic(name, "web"));
        vnics.back().notes = {"a note that they all share"};
    }
    vnics[2].role = Role::uplink;
    vnics[2].capacity_bps = 10'000'000'000;
    vnics[2].notes.emplace_back("its own");
    auto shown = lines(status_table(vnics, {}));
    ASSERT_EQ(shown.size(), 11U);
    EXPECT_EQ(shown[0], "VNIC    TENANT  ROLE           INGRESS  EGRESS  QDISC    LIMIT  FLOWS   MEMORY  SINCE");
    EXPECT_EQ(shown[1],
              "eth0    web     uplink 10gbit  tcx      tcx     noqueue  -      8,192  1.0 MiB  2023-11-14 22:13");
    EXPECT_THAT(shown[2], StartsWith("vnet2 "));
    EXPECT_THAT(shown[6], StartsWith("vnet10 "));
    EXPECT_EQ(shown[7], "6 interfaces, 6.0 MiB of kernel memory");
    EXPECT_EQ(shown[9], "eth0, vnet2, vnet3, vnet4 and 2 more: a note that they all share");
    EXPECT_EQ(shown[10], "eth0: its own");
}

LimitState limit_state(std::uint64_t tx_bps, std::uint64_t rx_bps) {
    return {.limit = {.tx = {tx_bps, 0}, .rx = {rx_bps, 0}, .overhead_bytes = 24},
            .revert_in_ns = 0,
            .before = {},
            .reverted_ago_ns = 0};
}

LimitSnapshot limit_snapshot() {
    LimitSnapshot snapshot;
    snapshot.limits = {{"web", limit_state(100'000'000, 0)}, {"db", limit_state(0, 1'000'000'000)}};
    snapshot.limits[1].state.revert_in_ns = 23 * second;
    snapshot.limits[1].state.before = Limit{.tx = {1'000'000, 0}, .rx = {}};
    auto web = entry("vnet1", "web", {100, 150'000}, {50, 4'000});
    web.ledger.tx.drops[WEIR_DROP_AQM] = {4, 6'000};
    web.ledger.tx.drops[WEIR_DROP_HORIZON] = {1, 1'000};
    web.ledger.tx.ecn_marked_packets = 2;
    snapshot.ledgers.vnics.push_back(web);
    VnicLatency waited{web.vnic, {}};
    for (int i = 0; i < 95; i++)
        waited.latency.of(LatencyKind::shaping_tx).add(3'000'000);
    snapshot.latency.vnics.push_back(waited);
    return snapshot;
}

TEST(StatusTable, ShowsTheTenantsLimit) {
    auto limited = vnic("vnet1", "web");
    limited.limit = limit_state(100'000'000, 200'000'000);
    EXPECT_THAT(status_table({limited}, {}), HasSubstr("  100mbit/200mbit shape  "));
    EXPECT_EQ(
        status_json({limited})["vnics"][0]["limit"].dump(),
        R"({"mode":"shape","burst_ns":null,"overhead_bytes":24,"weight":null,"tx":{"max_bps":100000000,)"
        R"("packets_per_second":null,"min_bps":null},"rx":{"max_bps":200000000,"packets_per_second":null,"min_bps":null},)"
        R"("revert_in_ns":null})");
}

TEST(StatsTable, SaysWhatWasDroppedAndMarked) {
    const auto shown = stats_table(limit_snapshot().ledgers, 0, {});
    EXPECT_THAT(shown, EndsWith("\n\nvnet1 tx: 5 packets dropped (aqm 4, horizon 1), 2 packets marked\n"));
}

TEST(LimitsTable, ShowsEachDirectionThatIsLimited) {
    const auto shown = lines(limits_table(limit_snapshot(), second, {}));
    ASSERT_EQ(shown.size(), 9U);
    EXPECT_EQ(shown[0],
              "TENANT  WAY      MAX  PPS  MODE   BURST        USE/s  DROPS  MARKED  DELAY P50     P99  HELD BY");
    EXPECT_EQ(shown[1], "db      rx     1gbit    -  shape    2ms     0 bit/s       0       0       -       -     -");
    EXPECT_EQ(shown[2], "web     tx   100mbit    -  shape    2ms  1.14 Mbit/s      5       2     3.0 ms  3.0 ms  max");
    EXPECT_EQ(shown[4], "db: reverts to tx 1mbit, shape in 23.0 s unless confirmed: weir limit confirm db");
    EXPECT_EQ(shown[5], "db: each packet counts with 24 bytes of overhead");
    EXPECT_EQ(shown[6], "db: no interface is attached; the limits take effect when one is");
    EXPECT_EQ(shown[8], "web tx: 5 packets dropped (aqm 4, horizon 1), 2 packets marked");
}

TEST(LimitsJson, HasTheLimitAndWhatItDid) {
    const Json json = limits_json(limit_snapshot(), 0);
    EXPECT_EQ(json["schema_version"], 1);
    EXPECT_FALSE(json.contains("window_ns"));
    ASSERT_EQ(json["limits"].size(), 2U);
    const Json& web = json["limits"][1];
    EXPECT_EQ(web["tenant"], "web");
    EXPECT_EQ(web["mode"], "shape");
    EXPECT_EQ(web["overhead_bytes"], 24);
    EXPECT_TRUE(web["revert_in_ns"].is_null());
    EXPECT_TRUE(web["before"].is_null());
    EXPECT_EQ(web["interfaces"], Json({"vnet1"}));
    EXPECT_EQ(web["tx"]["max_bps"], 100'000'000);
    EXPECT_TRUE(web["rx"]["max_bps"].is_null());
    EXPECT_EQ(web["tx"]["passed"].dump(), R"({"packets":95,"bytes":143000})");
    EXPECT_EQ(web["tx"]["drops"]["aqm"], 4);
    EXPECT_EQ(web["tx"]["ecn_marked_packets"], 2);
    EXPECT_EQ(web["tx"]["shaping"]["p50_ns"], 3'000'000);
    EXPECT_EQ(web["tx"]["held_by"], Json({"max"}));
    EXPECT_EQ(web["rx"]["held_by"], Json::array());
    EXPECT_EQ(json["limits"][0]["revert_in_ns"], 23 * second);
    EXPECT_EQ(json["limits"][0]["before"]["tx"]["max_bps"], 1'000'000);
    EXPECT_EQ(limits_json(limit_snapshot(), second)["limits"][1]["tx"]["passed"]["rate_bps"], 1'144'000);
}

TEST(FlowsTable, ShowsEndpointsAndWhatIsNotInAFlow) {
    FlowSnapshot snapshot = flow_snapshot();
    snapshot.untracked[0].tx = {Count{345, 20'000}, Count{12'000, 1'200'000}, Count{}};
    snapshot.flows[0].rtt_tenant = {.last_ns = 250'000, .min_ns = 90'000, .samples = 12};
    snapshot.flows[0].rtt_network = {.last_ns = 20'500'000, .min_ns = 20'000'000, .samples = 40};
    snapshot.flows[0].tx_trouble.retransmits = 7;
    snapshot.flows[0].rx_trouble.retransmits = 2;
    EXPECT_EQ(
        flows_table(snapshot.flows, snapshot, 0, {}),
        "PROTO  TENANT-END            PEER-END                  TX       RX  PACKETS          RATE  RTT TENANT  "
        "RTT NET  RETRANS    AGE   IDLE\n"
        "tcp    192.168.122.10:54321  203.0.113.7:443      1.50 MB  30.0 kB    1,500  211.0 kbit/s      250 µs  "
        "20.5 ms        9  1m 0s  2.0 s\n"
        "udp    [2001:db8::1:2]:53    [2001:db8::8]:40000    80 B      0 B         1     11 bit/s         -       "
        " -           -  1m 0s  2.0 s\n"
        "icmp   192.168.122.10 id 7   8.8.8.8 id 7           98 B     98 B         2     27 bit/s         -       "
        " -           -  1m 0s  2.0 s\n"
        "gre    192.168.122.10        8.8.4.4                60 B      0 B         1    8.3 bit/s         -       "
        " -           -  1m 0s  2.0 s\n"
        "\n"
        "vnet3: 12,345 packets (1.22 MB) not in a flow: 12,000 evicted, 345 no flow\n");
}

TEST(FlowsTable, NamesTheVnicWhereThereAreSeveral) {
    FlowSnapshot snapshot = flow_snapshot();
    snapshot.untracked.push_back({"vnet4", "db", {}, {Count{}, Count{}, Count{1, 60}}});
    std::string shown = flows_table({snapshot.flows[0]}, snapshot, second, {});
    EXPECT_THAT(lines(shown)[0], StartsWith("VNIC   PROTO"));
    EXPECT_THAT(lines(shown)[1], HasSubstr("12.2 Mbit/s"));  // over the window
    EXPECT_EQ(lines(shown)[2], "1 of 4 flows");
    EXPECT_THAT(shown, EndsWith("\n\nvnet4: 1 packet (60 B) not in a flow: 1 busy\n"));
    for (unsigned columns : {50U, 60U, 80U, 100U, 120U})
        for (const std::string& line :
             lines(flows_table(snapshot.flows, snapshot, 0, {.colour = false, .columns = columns})))
            EXPECT_LE(display_width(line), columns) << line;
}

TEST(FlowsJson, HasTheKeysOfTheContract) {
    FlowSnapshot snapshot = flow_snapshot();
    snapshot.untracked[0].rx[WEIR_UNTRACKED_BUSY] = {2, 120};
    snapshot.flows[1].rtt_network = {.last_ns = 64000, .min_ns = 6400, .samples = 3};
    snapshot.flows[1].tx_trouble = {.retransmits = 5, .unseen = 2, .out_of_order = 3, .zero_windows = 0};
    snapshot.flows[1].rx_trouble = {.retransmits = 7, .unseen = 2, .out_of_order = 0, .zero_windows = 4};
    Json json = flows_json({snapshot.flows[1]}, snapshot, 0);
    EXPECT_EQ(json["schema_version"], 1);
    EXPECT_EQ(json["taken_ns"], 100 * second);
    EXPECT_EQ(json["flows"].dump(), R"([{"interface":"vnet3","tenant":"web","protocol":"udp",)"
                                    R"("tenant_address":"2001:db8::1:2","tenant_port":53,)"
                                    R"("peer_address":"2001:db8::8","peer_port":40000,)"
                                    R"("tx":{"packets":1,"bytes":80},"rx":{"packets":0,"bytes":0},)"
                                    R"("first_seen_ns":40000000000,"last_seen_ns":98000000000,)"
                                    R"("rtt":{"tenant":{"last_ns":0,"min_ns":0,"samples":0},)"
                                    R"("network":{"last_ns":64000,"min_ns":6400,"samples":3}},)"
                                    R"("retransmits":{"tx":5,"rx":7},"lost":{"tenant":7,"network":5},)"
                                    R"("out_of_order":{"tx":3,"rx":0},"zero_windows":{"tx":0,"rx":4}}])");
    EXPECT_EQ(json["untracked"][0]["interface"], "vnet3");
    EXPECT_EQ(json["untracked"][0]["rx"]["packets"], 2);
    EXPECT_EQ(json["untracked"][0]["rx"]["busy"]["bytes"], 120);
    Json window = flows_json(snapshot.flows, snapshot, 2 * second);
    EXPECT_EQ(window["window_ns"], 2 * second);
    EXPECT_EQ(window["flows"][0]["tx"]["rate_bps"], 6'000'000);
    EXPECT_EQ(window["flows"][0]["tx"]["rate_pps"], 500);
}

TEST(Json, CarriesAnyBytes) {
    LedgerSnapshot snapshot{0, {entry("v\xff", "web", {}, {})}};
    EXPECT_THAT(stats_json(snapshot, 0).dump(), HasSubstr("\"v\xef\xbf\xbd\""));
    Error error{Errc::conflict, "w\xff", "e", "h"};
    EXPECT_EQ(error_json(error).dump(),
              "{\"schema_version\":1,\"error\":{\"code\":\"conflict\",\"what\":\"w\xef\xbf\xbd\","
              "\"evidence\":\"e\",\"hint\":\"h\"}}");
    EXPECT_EQ(error_json({Errc::unsupported, "w", "", ""})["error"]["code"], "unsupported");
}

TEST(Empty, SaysWhatToDoNext) {
    constexpr const char* next = "nothing is attached; attach with: weir attach IFACE\n";
    EXPECT_EQ(stats_table({}, 0, {}), next);
    EXPECT_EQ(status_table({}, {}), next);
    EXPECT_EQ(flows_table({}, {}, 0, {}), next);
    FlowSnapshot snapshot = flow_snapshot();
    EXPECT_EQ(flows_table({}, snapshot, 0, {}), "none of the 4 flows matches\n");
    snapshot.flows.clear();
    EXPECT_THAT(flows_table({}, snapshot, 0, {}), StartsWith("no flows yet"));
    EXPECT_THAT(flows_table({}, snapshot, second, {}), StartsWith("no flow moved"));
}

}  // namespace
}  // namespace weir
