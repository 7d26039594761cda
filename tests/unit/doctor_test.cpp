// SPDX-License-Identifier: GPL-2.0-or-later
// From two snapshots to findings: what counts for what, how sure it is, and what gives way.
#include "model/doctor.hpp"

#include <gmock/gmock.h>

#include <set>

#include "model/doctor_knowledge.hpp"
#include "model/drop_reasons.hpp"
#include "report/doctor.hpp"

namespace weir {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

struct Case {
    DoctorSnapshot before;
    DoctorSnapshot after;
    Case() { after.taken_ns = 10'000'000'000; }
    Case& grow(const std::string& metric, std::uint64_t by, const Place& place = {}) {
        before.counters[{metric, place}] = 7;
        after.counters[{metric, place}] = 7 + by;
        return *this;
    }
    Case& level(const std::string& metric, std::uint64_t value, const Place& place = {}) {
        before.levels[{metric, place}] = after.levels[{metric, place}] = value;
        return *this;
    }
    Case& nic(const std::string& name, const std::string& kind) {
        NicFacts facts;
        facts.interface = name;
        facts.kind = kind;
        after.nics.push_back(facts);
        return *this;
    }
    [[nodiscard]] std::vector<DoctorFinding> findings(const std::string& interface = "") const {
        return diagnose(before, after, {.interface = interface}).findings;
    }
};

std::vector<std::string> ids(const std::vector<DoctorFinding>& findings) {
    std::vector<std::string> names;
    for (const auto& finding : findings)
        names.emplace_back(finding.id);
    return names;
}

TEST(Diagnosis, NothingGrewNothingIsWrong) {
    Case quiet;
    quiet.grow("snmp.Udp.RcvbufErrors", 0).grow("snmp.Udp.InDatagrams", 1000);
    EXPECT_THAT(quiet.findings(), IsEmpty());
    EXPECT_FALSE(diagnose(quiet.before, quiet.after, {}).is_ill());
}

TEST(Diagnosis, OneSourceIsMediumTwoAreHighAndTheirCountsAreNotAdded) {
    Case one;
    one.grow("snmp.Udp.InCsumErrors", 40);
    ASSERT_EQ(one.findings().size(), 1U);
    EXPECT_EQ(one.findings()[0].confidence, Confidence::medium);
    one.grow("trace.udp_csum", 40, {"eth0", "rx"});
    ASSERT_EQ(one.findings().size(), 1U);
    EXPECT_EQ(one.findings()[0].confidence, Confidence::high);
    EXPECT_EQ(one.findings()[0].count, 40U);
    EXPECT_EQ(one.findings()[0].place.interface, "eth0");
}

TEST(Diagnosis, TwoFilesOfTheProtocolAreOneSource) {
    Case both;
    both.grow("snmp.Udp.RcvbufErrors", 3).grow("snmp.Udp6RcvbufErrors", 4);
    ASSERT_EQ(both.findings().size(), 1U);
    EXPECT_EQ(both.findings()[0].count, 7U);
    EXPECT_EQ(both.findings()[0].confidence, Confidence::medium);
}

TEST(Diagnosis, AHopCountThatRanOutIsNotABadHeader) {
    Case expired;
    expired.grow("snmp.Ip.InHdrErrors", 50).grow("snmp.Icmp.OutTimeExcds", 6);
    EXPECT_THAT(ids(expired.findings()), ElementsAre("ttl_expired"));
    EXPECT_EQ(expired.findings()[0].count, 50U);
    Case bad;
    bad.grow("snmp.Ip.InHdrErrors", 50).grow("netstat.IpExt.InCsumErrors", 20);
    EXPECT_THAT(ids(bad.findings()), testing::UnorderedElementsAre("bad_ip_header", "bad_ip_checksum"));
    for (const auto& finding : bad.findings())
        EXPECT_EQ(finding.count, finding.id == "bad_ip_header" ? 30U : 20U);
}

TEST(Diagnosis, AFullConnectionTableIsNotAFirewallRule) {
    Case full;
    full.grow("conntrack.drop", 30).grow("trace.netfilter_drop", 30, {"eth0", "rx"}).level("conntrack.full", 1);
    const auto found = full.findings();
    EXPECT_THAT(ids(found), ElementsAre("conntrack_full"));
    EXPECT_EQ(found[0].confidence, Confidence::high);
}

TEST(Diagnosis, WhatOnlySaysThatSomethingWasLostGivesWay) {
    Case tap;
    tap.nic("vnet0", "tap").grow("link.tx_dropped", 30, {"vnet0", ""});
    EXPECT_THAT(ids(tap.findings()), ElementsAre("tap_ring_full"));
    Case veth;
    veth.nic("veth0", "veth").grow("link.tx_dropped", 30, {"veth0", ""});
    ASSERT_THAT(ids(veth.findings()), ElementsAre("tx_dropped"));
    EXPECT_EQ(veth.findings()[0].confidence, Confidence::low);
}

TEST(Diagnosis, EachInterfaceHasItsOwnFinding) {
    Case two;
    two.grow("qdisc.drops", 50, {"eth0", "qdisc fq 1:"}).grow("qdisc.drops", 90, {"eth1", "qdisc fq 2:"});
    two.grow("trace.qdisc_drop", 50, {"eth0", "tx"});
    const auto found = two.findings();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].place.interface, "eth0") << "the more certain one first";
    EXPECT_EQ(found[1].count, 90U);
    EXPECT_THAT(found[1].fix, testing::HasSubstr("dev eth1"));
    EXPECT_EQ(two.findings("eth1").size(), 1U);
}

TEST(Diagnosis, FewAreNoAlarm) {
    Case few;
    few.grow("trace.netfilter_drop", 5, {"eth0", "rx"});
    ASSERT_EQ(few.findings().size(), 1U);
    EXPECT_EQ(few.findings()[0].severity, Severity::info);
}

TEST(Diagnosis, TrapsAreNoAlarm) {
    Case trap;
    trap.grow("softnet.time_squeeze", 5000, {"", "CPU 0"})
        .grow("snmp.Tcp.OutRsts", 5000)
        .grow("snmp.Udp.NoPorts", 5000)
        .grow("link.rx_dropped", 5000, {"eth0", ""})
        .grow("link.rx_otherhost_dropped", 5000, {"eth0", ""})
        .grow("link.rx_nohandler", 5000, {"eth0", ""})
        .grow("trace.unhandled_proto", 5000, {"eth0", "rx"})
        .grow("qdisc.aqm_drops", 5000, {"eth0", "qdisc fq_codel 1:"})
        .grow("trace.a_reason_of_tomorrow", 5000, {"eth0", "rx"});
    EXPECT_FALSE(diagnose(trap.before, trap.after, {}).is_ill());
}

TEST(Diagnosis, AReasonThatNobodyKnowsIsShown) {
    Case unknown;
    unknown.grow("trace.a_reason_of_tomorrow", 5, {"eth0", "rx"});
    EXPECT_THAT(ids(unknown.findings()), ElementsAre("other_drops"));
}

TEST(Diagnosis, ACounterThatIsNewOrWasResetSaysNothing) {
    Case odd;
    odd.after.counters[{"link.rx_crc_errors", {"eth9", ""}}] = 1000;
    odd.before.counters[{"snmp.Udp.RcvbufErrors", {}}] = 1000;
    odd.after.counters[{"snmp.Udp.RcvbufErrors", {}}] = 10;
    EXPECT_THAT(odd.findings(), IsEmpty());
    odd.after.counters[{"trace.udp_csum", {"eth0", "rx"}}] = 3;
    EXPECT_THAT(ids(odd.findings()), ElementsAre("bad_udp_checksum")) << "a drop's first sight has no counter before";
}

TEST(Diagnosis, ProvidersAllowances) {
    for (const auto& [metric, id] : std::vector<std::pair<std::string, std::string>>{
             {"ethtool.bw_in_allowance_exceeded", "provider_bandwidth_in"},
             {"ethtool.bw_out_allowance_exceeded", "provider_bandwidth_out"},
             {"ethtool.pps_allowance_exceeded", "provider_packet_rate"},
             {"ethtool.conntrack_allowance_exceeded", "provider_connections"},
             {"ethtool.linklocal_allowance_exceeded", "provider_link_local"}}) {
        Case ena;
        ena.grow(metric, 3, {"ens5", ""});
        EXPECT_THAT(ids(ena.findings()), ElementsAre(id));
    }
}

TEST(Diagnosis, Ratios) {
    Case steal;
    steal.grow("cpu.all_ticks", 2000).grow("cpu.steal_ticks", 99);
    EXPECT_THAT(steal.findings(), IsEmpty());
    steal.grow("cpu.steal_ticks", 100);
    EXPECT_THAT(ids(steal.findings()), ElementsAre("cpu_steal"));
    Case table;
    table.level("conntrack.count", 89).level("conntrack.max", 100);
    EXPECT_THAT(table.findings(), IsEmpty());
    table.level("conntrack.count", 90);
    EXPECT_THAT(ids(table.findings()), ElementsAre("conntrack_nearly_full"));
    Case thread;
    thread.grow("thread.run_delay_ns", 1'000'000'000, {"", "thread CPU 0/KVM (2) of qemu (1)"});
    EXPECT_THAT(ids(thread.findings()), ElementsAre("vm_thread_waits"));
}

TEST(Diagnosis, WeirsOwnDropsAreNotAnothersProgram) {
    Case own;
    own.grow("weir.rate", 500, {"vnet0", "tx"})
        .grow("weir_hook.tc", 500, {"vnet0", "tx"})
        .grow("trace.tc_ingress", 500, {"vnet0", "tx"});
    EXPECT_THAT(ids(own.findings()), ElementsAre("weir_limit"));
    own.grow("trace.tc_ingress", 700, {"vnet0", "tx"});
    EXPECT_THAT(ids(own.findings()), ElementsAre("weir_limit", "tc_dropped"));
    EXPECT_EQ(own.findings()[1].count, 200U);

    Case xdp;
    xdp.grow("weir.pps", 300, {"vnet0", "tx"})
        .grow("weir_hook.xdp", 300, {"vnet0", "tx"})
        .grow("ethtool.rx_queue_0_xdp_drops", 300, {"vnet0", ""})
        .grow("trace.xdp", 300, {"vnet0", "tx, at veth_xdp_rcv_skb+0x10"});
    EXPECT_THAT(ids(xdp.findings()), ElementsAre("weir_packet_limit"));
}

TEST(Diagnosis, ALimitIsNamedAndItsCommandIsReady) {
    Case limited;
    limited.nic("vnet0", "tap")
        .grow("weir.rate", 100, {"vnet0", "tx"})
        .grow("weir.horizon", 500, {"vnet0", "rx"})
        .level("limit.rx_max_bps", 8'000'000, {"vnet0", "rx"});
    limited.after.nics[0].tenant = "web";
    const auto findings = limited.findings();
    ASSERT_THAT(ids(findings), ElementsAre("weir_limit"));
    EXPECT_EQ(findings[0].count, 600U);
    EXPECT_EQ(findings[0].confidence, Confidence::medium) << "the limit's value is no second source of the loss";
    EXPECT_THAT(findings[0].fix, HasSubstr("weir limit set web --rx-max RATE"));
    EXPECT_THAT(findings[0].evidence, Contains(AllOf(Field(&DoctorEvidence::metric, "limit.rx_max_bps"),
                                                     Field(&DoctorEvidence::after, 8'000'000U))));
}

TEST(Knowledge, TablesFitTogether) {
    std::set<std::string_view> causes;
    for (const Cause& cause : doctor_causes())
        EXPECT_TRUE(causes.insert(cause.id).second) << cause.id;
    std::set<std::string_view> used{"other_drops"};
    for (const Sign& sign : doctor_signs()) {
        EXPECT_TRUE(causes.contains(sign.cause)) << sign.cause;
        used.insert(sign.cause);
    }
    for (const Ratio& ratio : doctor_ratios()) {
        EXPECT_TRUE(causes.contains(ratio.cause)) << ratio.cause;
        used.insert(ratio.cause);
    }
    EXPECT_EQ(used, causes) << "a cause that nothing points to";
}

TEST(Knowledge, TracedReasonsAreOnesOfTheKernel) {
    for (const Sign& sign : doctor_signs()) {
        if (!sign.metric.starts_with("trace.") || sign.metric.ends_with('*')) continue;
        const auto* const reason = find_drop_reason(DropSource::kernel, sign.metric.substr(6));
        ASSERT_NE(reason, nullptr) << sign.metric;
        EXPECT_EQ(reason->kind, DropClass::drop) << sign.metric << " is a normal end and is never counted";
    }
}

TEST(NicKinds, FromWhatTheKernelSays) {
    EXPECT_EQ(nic_kind_of("", "virtio_net", false), "virtio-net");
    EXPECT_EQ(nic_kind_of("veth", "veth", false), "veth");
    EXPECT_EQ(nic_kind_of("tun", "tun", true), "tap");
    EXPECT_EQ(nic_kind_of("tun", "tun", false), "tun");
    EXPECT_EQ(nic_kind_of("", "iavf", false), "vf");
    EXPECT_EQ(nic_kind_of("", "e1000e", false), "e1000");
    EXPECT_EQ(nic_kind_of("", "something_new", false), "something_new");
    for (const char* const kind :
         {"virtio-net", "e1000", "vmxnet3", "ena", "veth", "tap", "vf", "hv_netvsc", "xen-netfront"})
        EXPECT_NE(find_nic_kind(kind), nullptr) << kind;
}

TEST(DoctorReport, SumsUp) {
    Case quiet;
    EXPECT_EQ(doctor_text(diagnose(quiet.before, quiet.after, {}), {}), "nothing wrong found in 10.0 s\n");
    quiet.grow("snmp.Udp.NoPorts", 1);
    EXPECT_THAT(doctor_text(diagnose(quiet.before, quiet.after, {}), {}),
                testing::HasSubstr("nothing wrong found in 10.0 s; 1 note"));
    quiet.grow("snmp.Udp.RcvbufErrors", 1);
    EXPECT_THAT(doctor_text(diagnose(quiet.before, quiet.after, {}), {}),
                testing::HasSubstr("1 problem in 10.0 s, and 1 note"));
}

TEST(DoctorReport, JsonHasTheContractsKeys) {
    Case one;
    one.grow("snmp.Udp.RcvbufErrors", 1);
    const Json json = doctor_json(diagnose(one.before, one.after, {}));
    EXPECT_EQ(json["schema_version"], 1);
    const Json& finding = json["findings"][0];
    for (const char* const key :
         {"id", "place", "severity", "confidence", "evidence", "meaning", "fix", "kernel_range"})
        EXPECT_TRUE(finding.contains(key)) << key;
    EXPECT_EQ(finding["evidence"][0]["before"], 7);
    EXPECT_EQ(finding["evidence"][0]["after"], 8);
}

}  // namespace
}  // namespace weir
