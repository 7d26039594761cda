// SPDX-License-Identifier: GPL-2.0-or-later
// Probes of hooks and qdiscs, on interfaces of the throw-away network namespace that this process is in.
#include <net/if.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include <cerrno>

#include "core/result.hpp"
#include "kernel/features_probe.hpp"
#include "kernel/features_program.hpp"
#include "kernel/rtnetlink.hpp"

namespace weir {
namespace {

using rtnetlink::put_tc;
using rtnetlink::Request;
using rtnetlink::transact;

constexpr int tcx_next = -1;
constexpr int xdp_pass = 2;

int loopback() { return static_cast<int>(if_nametoindex("lo")); }

Finding probe_tcx() {
    const Fd program = load_trivial(BPF_PROG_TYPE_SCHED_CLS, tcx_next);
    if (!program) return {false, "no tc program: " + errno_text(errno)};
    for (const auto hook : {BPF_TCX_INGRESS, BPF_TCX_EGRESS}) {
        const Fd link(bpf_link_create(program.get(), loopback(), hook, nullptr));
        if (!link) return missing(errno);
    }
    return {true, "attached at both hooks"};
}

Finding probe_clsact() {
    const Fd program = load_trivial(BPF_PROG_TYPE_SCHED_CLS, tcx_next);
    if (!program) return {false, "no tc program: " + errno_text(errno)};
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = loopback(), .attach_point = BPF_TC_INGRESS);
    if (const int error = bpf_tc_hook_create(&hook); error != 0) return {false, "clsact: " + errno_text(-error)};
    for (const auto point : {BPF_TC_INGRESS, BPF_TC_EGRESS}) {
        hook.attach_point = point;
        LIBBPF_OPTS(bpf_tc_opts, filter, .prog_fd = program.get());
        if (const int error = bpf_tc_attach(&hook, &filter); error != 0)
            return {false, "filter of kind bpf: " + errno_text(-error)};
    }
    return {true, "attached at both hooks"};
}

// Attaches an XDP program by a link, replaces it by a link update, lets go of it. 0 or an errno value.
int try_xdp_link(int ifindex, __u32 mode, __u32 program_flags) {
    const Fd program = load_trivial(BPF_PROG_TYPE_XDP, xdp_pass, program_flags);
    const Fd successor = load_trivial(BPF_PROG_TYPE_XDP, xdp_pass, program_flags);
    if (!program || !successor) return errno;
    LIBBPF_OPTS(bpf_link_create_opts, options, .flags = mode);
    const Fd link(bpf_link_create(program.get(), ifindex, BPF_XDP, &options));
    if (!link) return errno;
    return bpf_link_update(link.get(), successor.get(), nullptr) != 0 ? errno : 0;
}

Finding probe_links() {
    const int error = try_xdp_link(loopback(), XDP_FLAGS_SKB_MODE, 0);
    return error ? missing(error) : Finding{true, "a program was replaced in place"};
}

Finding probe_xdp_generic() {
    const int error = try_xdp_link(loopback(), XDP_FLAGS_SKB_MODE, 0);
    return error ? missing(error) : Finding{true, "attached"};
}

// Both ends in this namespace, down. Its ifindex, or the negative of an errno value.
int create_veth() {
    const char* const name = "weir-probe0";
    if (const auto there = if_nametoindex(name); there != 0) return static_cast<int>(there);
    Request request(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    request.extra<ifinfomsg>();
    nlmsghdr* const message = request.get();
    mnl_attr_put_strz(message, IFLA_IFNAME, name);
    nlattr* const info = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
    nlattr* const data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
    nlattr* const peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
    request.extra<ifinfomsg>();
    mnl_attr_put_strz(message, IFLA_IFNAME, "weir-probe1");
    mnl_attr_nest_end(message, peer);
    mnl_attr_nest_end(message, data);
    mnl_attr_nest_end(message, info);
    const int error = transact(request);
    return error ? -error : static_cast<int>(if_nametoindex(name));
}

Finding probe_xdp_on_veth(__u32 program_flags) {
    const int ifindex = create_veth();
    if (ifindex <= 0) return {false, "not tried: no veth pair: " + errno_text(-ifindex)};
    const int error = try_xdp_link(ifindex, XDP_FLAGS_DRV_MODE, program_flags);
    return error ? missing(error) : Finding{true, "attached to a veth"};
}

Finding probe_xdp_native() { return probe_xdp_on_veth(0); }
Finding probe_xdp_frags() { return probe_xdp_on_veth(BPF_F_XDP_HAS_FRAGS); }

using Options = void (*)(nlmsghdr&);

void no_options(nlmsghdr&) {}

void htb_options(nlmsghdr& message) {
    const tc_htb_glob options{.version = 3, .rate2quantum = 10, .defcls = 0, .debug = 0, .direct_pkts = 0};
    nlattr* const nest = mnl_attr_nest_start(&message, TCA_OPTIONS);
    mnl_attr_put(&message, TCA_HTB_INIT, sizeof options, &options);
    mnl_attr_nest_end(&message, nest);
}

void tbf_options(nlmsghdr& message) {
    tc_tbf_qopt options{};
    options.rate.linklayer = TC_LINKLAYER_ETHERNET;
    options.rate.rate = 125'000'000;  // bytes per second
    options.limit = 1'000'000;
    options.buffer = 1'000'000;
    const std::uint32_t burst = 100'000;
    nlattr* const nest = mnl_attr_nest_start(&message, TCA_OPTIONS);
    mnl_attr_put(&message, TCA_TBF_PARMS, sizeof options, &options);
    mnl_attr_put_u32(&message, TCA_TBF_BURST, burst);
    mnl_attr_nest_end(&message, nest);
}

void put_root(Request& request) { put_tc(request, static_cast<std::uint32_t>(loopback()), TC_H_ROOT, 0, 0); }

Finding probe_qdisc(const char* kind, Options options) {
    Request request(RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    put_root(request);
    mnl_attr_put_strz(request.get(), TCA_KIND, kind);
    options(*request.get());
    const int error = transact(request);
    if (error == ENOENT) return {false, std::string("no sch_") + kind + " in this kernel, nor as a module"};
    if (error) return missing(error);
    Request removal(RTM_DELQDISC, NLM_F_ACK);
    put_root(removal);
    transact(removal);
    return {true, "added to an interface"};
}

Finding probe_fq() { return probe_qdisc("fq", no_options); }
Finding probe_fq_codel() { return probe_qdisc("fq_codel", no_options); }
Finding probe_cake() { return probe_qdisc("cake", no_options); }
Finding probe_htb() { return probe_qdisc("htb", htb_options); }
Finding probe_tbf() { return probe_qdisc("tbf", tbf_options); }

constexpr Probe probes[] = {
    {"tcx", false, probe_tcx, "attaching beside others (Linux 6.6)"},
    {"clsact", false, probe_clsact, "attaching where there is no tcx"},
    {"bpf_links", false, probe_links, "replacing XDP without a gap (Linux 5.9)"},
    {"xdp_native", false, probe_xdp_native, "--ingress-hook xdp in the driver"},
    {"xdp_frags", false, probe_xdp_frags, "XDP with jumbo frames (Linux 5.18)"},
    {"xdp_generic", false, probe_xdp_generic, "--ingress-hook xdp where the driver has none"},
    {"fq", false, probe_fq, "shaping: packets wait for their time"},
    {"fq_codel", false, probe_fq_codel, "comparison in experiments"},
    {"cake", false, probe_cake, "comparison in experiments"},
    {"htb", false, probe_htb, "comparison in experiments"},
    {"tbf", false, probe_tbf, "comparison in experiments"},
};

}  // namespace

std::span<const Probe> network_probes() { return probes; }

}  // namespace weir
