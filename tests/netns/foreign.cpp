// SPDX-License-Identifier: GPL-2.0-or-later
// Another owner's BPF program: attaches one that is not Weir's, and holds it until its standard input ends or SIGTERM.
//
//     foreign tcx-ingress|tcx-egress IFACE [--first]    a tcx link that says "next"; --first: before all others
//     foreign xdp-native|xdp-generic IFACE              an XDP link that passes everything
//     … --drop                                          either drops everything instead
//     foreign pin PATH                                  a classifier pinned at PATH, then ends: for
//                                                       tc filter … bpf object-pinned PATH
//
// A tcx program and a pinned one can do VLAN tags: each --push ID puts one on every frame (the last one stays beside
// the frame, in the skb; the ones before go into it), --pop N takes N off: how a kernel without VLAN devices gets both
// kinds of tags. Prints {"prog_id":N,"link_id":N} and "ready". Uses bpf(2) alone: nothing here is shared with what is
// tested.
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tool.hpp"

namespace {

long bpf(bpf_cmd command, bpf_attr& attr) { return syscall(SYS_bpf, command, &attr, sizeof(attr)); }

std::uint64_t pointer(const void* at) { return reinterpret_cast<std::uint64_t>(at); }

bpf_insn instruction(unsigned code, unsigned target, unsigned source, int value) {
    bpf_insn result = {};
    result.code = static_cast<__u8>(code);
    result.dst_reg = target & 15;
    result.src_reg = source & 15;
    result.imm = value;
    return result;
}

bpf_insn set(unsigned target, int value) { return instruction(BPF_ALU64 | BPF_MOV | BPF_K, target, 0, value); }
bpf_insn copy(unsigned target, unsigned source) { return instruction(BPF_ALU64 | BPF_MOV | BPF_X, target, source, 0); }
bpf_insn call(int helper) { return instruction(BPF_JMP | BPF_CALL, 0, 0, helper); }
bpf_insn leave() { return instruction(BPF_JMP | BPF_EXIT, 0, 0, 0); }

std::vector<bpf_insn> tag_program(const std::vector<unsigned>& push, unsigned pop, int verdict) {
    std::vector<bpf_insn> code = {copy(6, 1)};
    for (std::size_t i = 0; i < push.size(); i++) {
        code.push_back(copy(1, 6));
        code.push_back(set(2, htons(i == 0 ? ETH_P_8021Q : ETH_P_8021AD)));
        code.push_back(set(3, static_cast<int>(push[i])));
        code.push_back(call(BPF_FUNC_skb_vlan_push));
    }
    for (unsigned i = 0; i < pop; i++) {
        code.push_back(copy(1, 6));
        code.push_back(call(BPF_FUNC_skb_vlan_pop));
    }
    code.push_back(set(0, verdict));
    code.push_back(leave());
    return code;
}

int load(bpf_prog_type type, bpf_attach_type attach, const std::vector<bpf_insn>& code) {
    static char log[1 << 16];
    bpf_attr attr = {};
    attr.prog_type = type;
    attr.expected_attach_type = attach;
    attr.insn_cnt = static_cast<__u32>(code.size());
    attr.insns = pointer(code.data());
    attr.license = pointer("GPL");
    attr.log_buf = pointer(log);
    attr.log_size = sizeof(log);
    attr.log_level = 1;
    std::strcpy(attr.prog_name, "foreign");
    const long fd = bpf(BPF_PROG_LOAD, attr);
    if (fd < 0) tool::die(std::string("cannot load the program: ") + log, errno);
    return static_cast<int>(fd);
}

int link(int program, bpf_attach_type attach, const std::string& interface, unsigned flags) {
    bpf_attr attr = {};
    attr.link_create.prog_fd = static_cast<__u32>(program);
    attr.link_create.target_ifindex = if_nametoindex(interface.c_str());
    attr.link_create.attach_type = attach;
    attr.link_create.flags = flags;
    if (!attr.link_create.target_ifindex) tool::die("no interface " + interface, errno);
    const long fd = bpf(BPF_LINK_CREATE, attr);
    if (fd < 0) tool::die("cannot attach to " + interface, errno);
    return static_cast<int>(fd);
}

template <class Info>
Info info_of(int fd) {
    Info info = {};
    bpf_attr attr = {};
    attr.info.bpf_fd = static_cast<__u32>(fd);
    attr.info.info_len = sizeof(info);
    attr.info.info = pointer(&info);
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, attr)) tool::die("cannot read an object's id", errno);
    return info;
}

void hold() {
    pollfd input = {STDIN_FILENO, POLLIN, 0};
    char byte = 0;
    while (!tool::stop_requested) {
        if (poll(&input, 1, -1) < 0) continue;
        if (input.revents && read(STDIN_FILENO, &byte, 1) <= 0) return;
    }
}

constexpr const char* words =
    "tcx-ingress|tcx-egress|xdp-native|xdp-generic IFACE | pin PATH [--push ID]... [--pop N] [--first] [--drop]";

}  // namespace

int main(int argc, char** argv) {
    tool::Options options(argc, argv);
    std::vector<unsigned> push;
    for (std::string tag = options.text("--push"); !tag.empty(); tag = options.text("--push"))
        push.push_back(static_cast<unsigned>(std::stoul(tag)));
    const bool first = options.flag("--first");
    const bool drop = options.flag("--drop");
    const auto pop = static_cast<unsigned>(options.number("--pop", 0));
    if (options.rest().size() != 2) tool::usage(words);
    const std::string kind = options.rest()[0], where = options.rest()[1];
    const std::vector<bpf_insn> pass = {set(0, drop ? XDP_DROP : XDP_PASS), leave()};
    tool::stop_on_signals();

    int program = -1, held = -1;
    if (kind == "tcx-ingress" || kind == "tcx-egress") {
        const bpf_attach_type hook = kind == "tcx-ingress" ? BPF_TCX_INGRESS : BPF_TCX_EGRESS;
        program = load(BPF_PROG_TYPE_SCHED_CLS, hook, tag_program(push, pop, drop ? TCX_DROP : TCX_NEXT));
        held = link(program, hook, where, first ? BPF_F_BEFORE : 0);
    } else if (kind == "xdp-native" || kind == "xdp-generic") {
        program = load(BPF_PROG_TYPE_XDP, BPF_XDP, pass);
        held = link(program, BPF_XDP, where, kind == "xdp-native" ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
    } else if (kind == "pin") {
        program = load(BPF_PROG_TYPE_SCHED_CLS, bpf_attach_type{}, tag_program(push, pop, drop ? TCX_DROP : TCX_NEXT));
        bpf_attr attr = {};
        attr.pathname = pointer(where.c_str());
        attr.bpf_fd = static_cast<__u32>(program);
        if (bpf(BPF_OBJ_PIN, attr)) tool::die("cannot pin at " + where, errno);
    } else {
        tool::usage(words);
    }
    std::printf("{\"prog_id\":%u,\"link_id\":%u}\n", info_of<bpf_prog_info>(program).id,
                held < 0 ? 0 : info_of<bpf_link_info>(held).id);
    tool::say_ready();
    if (held >= 0) hold();
    return 0;
}
