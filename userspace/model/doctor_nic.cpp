// SPDX-License-Identifier: GPL-2.0-or-later
// The kinds of virtual NIC: what each is, can and cannot do.
#include <algorithm>

#include "model/doctor.hpp"

namespace weir {
namespace {

constexpr NicKind kinds[] = {
    {"virtio-net", "a paravirtual NIC of KVM/QEMU and most VPS",
     "several queues, large rings, TSO and GRO across the hypervisor, drop counters per queue",
     "it does not know its real speed, and does not see what the host drops for it"},
    {"ena", "Amazon's NIC", "many queues, counters of what the instance's allowances cost",
     "ring sizes and queue counts are bounded by the instance's size"},
    {"gve", "Google's NIC", "many queues, counters per queue",
     "it does not see what the platform drops above the instance's rate"},
    {"hv_netvsc", "a paravirtual NIC of Hyper-V and Azure",
     "many queues, hands traffic over to a VF where there is one",
     "with a VF beside it its own counters are not all of the traffic"},
    {"vmxnet3", "a paravirtual NIC of VMware", "several queues, large rings, counters of packets out of buffers",
     "it does not see what the host drops for it, and its speed is only nominal"},
    {"xen-netfront", "a paravirtual NIC of Xen", "several queues where the host offers them",
     "it has no ring setting, no speed, and hardly any counters"},
    {"e1000", "an emulated Intel NIC", "works with any guest, counts missed packets",
     "one queue, and every packet costs an exit: slow beyond some hundred Mbit/s; use virtio-net or vmxnet3 instead"},
    {"rtl8139", "an emulated 100 Mbit/s NIC", "works with any guest",
     "slow, one queue, no offloads; use virtio-net instead"},
    {"vf", "a virtual function of a hardware NIC (SR-IOV)", "the hardware's speed, queues and offloads",
     "rate limits, spoof checks and link state are set at the physical function: the host's operator's, not visible "
     "here"},
    {"veth", "one end of a virtual cable (containers, namespaces)",
     "GSO frames of 64 KB from end to end; drops show at the sending end",
     "no ring and no speed; a native XDP program switches its large frames off"},
    {"tap", "the host's end of a VM's NIC", "counts what the VM did not take (tx dropped); vhost, several queues",
     "it cannot see inside the VM; its ring is as long as its txqueuelen"},
    {"tun", "a tunnel that a program reads packets from", "counts what the program did not take",
     "no Ethernet header: Weir does not attach to it"},
    {"macvtap", "a VM's NIC on top of a NIC of the host", "several queues",
     "its traffic does not cross the host's own stack and filters"},
    {"macvlan", "a NIC on top of another", "little overhead", "the parent's own traffic does not reach it"},
    {"ipvlan", "a NIC on top of another, sharing its hardware address", "little overhead",
     "the parent's own traffic does not reach it"},
    {"vlan", "a VLAN on top of a NIC", "the parent's offloads", "what the parent drops shows only there"},
    {"bridge", "a switch in software", "joins its ports", "drops show at its ports"},
    {"bond", "several NICs as one", "fails over, spreads flows",
     "one flow uses one of them; their counters are their own"},
    {"dummy", "a NIC that leads nowhere", "holds addresses", "what is sent to it is gone"},
};

struct DriverKind {
    std::string_view driver;
    std::string_view kind;
};

constexpr DriverKind drivers[] = {
    {"virtio_net", "virtio-net"},
    {"ena", "ena"},
    {"gve", "gve"},
    {"hv_netvsc", "hv_netvsc"},
    {"vmxnet3", "vmxnet3"},
    {"vif", "xen-netfront"},
    {"e1000", "e1000"},
    {"e1000e", "e1000"},
    {"8139cp", "rtl8139"},
    {"8139too", "rtl8139"},
    {"iavf", "vf"},
    {"ixgbevf", "vf"},
    {"igbvf", "vf"},
    {"mana", "vf"},
};

}  // namespace

const NicKind* find_nic_kind(std::string_view kind) {
    const auto* const found = std::ranges::find(kinds, kind, &NicKind::kind);
    return found == std::end(kinds) ? nullptr : found;
}

std::string nic_kind_of(std::string_view rtnetlink_kind, std::string_view driver, bool is_tap) {
    if (rtnetlink_kind == "tun") return is_tap ? "tap" : "tun";
    const auto* const found = std::ranges::find(drivers, driver, &DriverKind::driver);
    if (found != std::end(drivers)) return std::string(found->kind);
    return std::string(rtnetlink_kind.empty() ? driver : rtnetlink_kind);
}

}  // namespace weir
