// SPDX-License-Identifier: GPL-2.0-or-later
// Each text of the kernel as it is on the kernels that have it.
#include "model/proc_text.hpp"

#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Pair;

TEST(ProcText, PairsOfLines) {
    const auto values = parse_name_and_value_lines("Tcp: RtoMin MaxConn OutRsts\n"
                                                   "Tcp: 200 -1 7\n"
                                                   "Udp: InDatagrams NoPorts\n"
                                                   "Udp: 5 18446744073709551615\n");
    EXPECT_THAT(values, Contains(Pair("Tcp.OutRsts", 7)));
    EXPECT_THAT(values, Contains(Pair("Udp.NoPorts", ~std::uint64_t{0})));
    EXPECT_EQ(values.size(), 4U) << "MaxConn is -1";
}

TEST(ProcText, PairsOfUnequalLinesGiveWhatBothHave) {
    EXPECT_THAT(parse_name_and_value_lines("IpExt: A B C\nIpExt: 1 2\n"),
                testing::ElementsAre(Pair("IpExt.A", 1), Pair("IpExt.B", 2)));
    EXPECT_THAT(parse_name_and_value_lines("IpExt: A\nTcpExt: 1\n"), IsEmpty());
    EXPECT_THAT(parse_name_and_value_lines("IpExt: A"), IsEmpty());
    EXPECT_THAT(parse_name_and_value_lines(""), IsEmpty());
}

TEST(ProcText, Words) {
    EXPECT_THAT(parse_words("Ip6InReceives                   \t12\nIp6InHdrErrors\t0\nnonsense\n"),
                testing::ElementsAre(Pair("Ip6InReceives", 12), Pair("Ip6InHdrErrors", 0)));
}

TEST(Softnet, Linux318HasElevenColumnsAndNoCpu) {
    const auto cpus = parse_softnet_stat(
        "0000000a 00000002 00000003 00000000 00000000 00000000 00000000 00000000 00000000 00000004 00000005\n"
        "000000ff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000\n");
    ASSERT_EQ(cpus.size(), 2U);
    EXPECT_EQ(cpus[0].dropped, 2U);
    EXPECT_EQ(cpus[0].time_squeeze, 3U);
    EXPECT_EQ(cpus[0].flow_limit, 5U);
    EXPECT_EQ(cpus[1].cpu, 1U);
}

TEST(Softnet, Linux61HasTheCpuBecauseOfflineOnesHaveNoLine) {
    const auto cpus = parse_softnet_stat("00000001 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
                                         "00000000 00000000 00000000 00000000 00000000\n"
                                         "00000002 00000009 00000000 00000000 00000000 00000000 00000000 00000000 "
                                         "00000000 00000000 00000000 00000007 0000000c\n");
    ASSERT_EQ(cpus.size(), 2U);
    EXPECT_EQ(cpus[1].cpu, 12U);
    EXPECT_EQ(cpus[1].dropped, 9U);
}

TEST(Softnet, Linux618HasFifteenColumns) {
    const auto cpus = parse_softnet_stat("00000934 00000001 00000000 00000000 00000000 00000000 00000000 00000000 "
                                         "00000000 00000000 00000000 00000000 00000001 00000000 00000000\n");
    ASSERT_EQ(cpus.size(), 1U);
    EXPECT_EQ(cpus[0].cpu, 1U);
    EXPECT_EQ(cpus[0].dropped, 1U);
}

TEST(Softnet, LinesThatAreTooShortAreLeftOut) { EXPECT_THAT(parse_softnet_stat("0000000a 00000002\n\n"), IsEmpty()); }

TEST(NetStat, SumsTheCpusAndTakesTheEntriesOnce) {
    const auto values = parse_net_stat(
        "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop\n"
        "00000010  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000001 0000000a 00000000\n"
        "00000010  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000002 00000001 "
        "00000000\n");
    EXPECT_THAT(values, Contains(Pair("entries", 16)));
    EXPECT_THAT(values, Contains(Pair("insert_failed", 3)));
    EXPECT_THAT(values, Contains(Pair("drop", 11)));
    EXPECT_THAT(values, Contains(Pair("early_drop", 0)));
}

TEST(ProcText, Sockstat) {
    EXPECT_THAT(parse_sockstat("sockets: used 13\nTCP: inuse 1 orphan 2 tw 3 alloc 1 mem 4\n"),
                testing::IsSupersetOf({Pair("TCP.orphan", 2), Pair("TCP.tw", 3), Pair("TCP.mem", 4)}));
}

TEST(ProcText, StealIsTheEighthAndGuestTimeIsNotAddedAgain) {
    const auto ticks = parse_proc_stat("cpu  100 1 50 1000 10 2 3 44 20 5\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
    EXPECT_EQ(ticks.steal, 44U);
    EXPECT_EQ(ticks.all, 1210U);
    EXPECT_EQ(parse_proc_stat("cpu 1 2 3 4\n").steal, 0U) << "Linux 2.6.10 and older";
}

TEST(ProcText, RunDelay) {
    EXPECT_EQ(parse_run_delay_ns("123456 789 12\n"), 789U);
    EXPECT_EQ(parse_run_delay_ns("0\n"), 0U);
}

TEST(ProcText, DefaultRoutes) {
    const auto routes =
        parse_default_routes("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
                             "eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
                             "eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n");
    ASSERT_EQ(routes.size(), 1U);
    EXPECT_EQ(routes[0].interface, "eth0");
    EXPECT_EQ(routes[0].gateway, 0x0100000AU);
}

constexpr std::string_view interrupts = "           CPU0       CPU1\n"
                                        "  1:          9          0   IO-APIC    1-edge      i8042\n"
                                        " 24:          0          0   PCI-MSI 81920-edge      virtio2-config\n"
                                        " 25:          0         77   PCI-MSI 81921-edge      virtio2-input.0\n"
                                        " 26:          5          1   PCI-MSI 81922-edge      virtio21-input.0\n"
                                        "NMI:          0          0   Non-maskable interrupts\n";

TEST(ProcText, InterruptsByName) {
    const auto spread = parse_interrupts(interrupts, {"eth0", "virtio2"}, {});
    EXPECT_EQ(spread.irqs, 1U);
    EXPECT_EQ(spread.cpus, 1U);
}

TEST(ProcText, InterruptsByNumber) {
    const auto spread = parse_interrupts(interrupts, {}, {25, 26});
    EXPECT_EQ(spread.irqs, 2U);
    EXPECT_EQ(spread.cpus, 2U);
}

TEST(ProcText, PortsTowardsOnePeer) {
    constexpr std::string_view tcp = "  sl  local_address rem_address   st tx_queue rx_queue\n"
                                     "   0: 0100007F:9C40 0200007F:0050 06 0\n"
                                     "   1: 0100007F:9C41 0200007F:0050 01 0\n"
                                     "   2: 0100007F:9C42 0200007F:0051 01 0\n"
                                     "   3: 0100007F:0016 0200007F:0050 01 0\n"
                                     "   4: 0100007F:9C43 0200007F:0050 0A 0\n";
    EXPECT_EQ(most_ports_to_one_peer(tcp, 40000, 50000), 2U);
    EXPECT_EQ(most_ports_to_one_peer("", 40000, 50000), 0U);
}

TEST(ProcText, Masks) {
    EXPECT_EQ(count_mask_bits("00000000,0000000f\n"), 4U);
    EXPECT_EQ(count_mask_bits("0\n"), 0U);
}

}  // namespace
}  // namespace weir
