// SPDX-License-Identifier: GPL-2.0-or-later
// The table, in the order of Linux 6.18's enum (include/net/dropreason-core.h), and how it is looked up.
#include "model/drop_reasons.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace weir {
namespace {

using enum DropClass;

// clang-format off: a reason a line or two, as a table reads.
constexpr auto kernel_reasons = std::to_array<DropReason>({
{"not_dropped_yet", drop, "the kernel gives no reason; the place says which function dropped it", "Look at the location: it names the function, and in brackets the module, that dropped the packet."},
{"consumed", normal, "the packet reached its end", ""},
{"not_specified", drop, "the kernel gives no reason; the place says which function dropped it", "Look at the location: it names the function, and in brackets the module, that dropped the packet."},
{"no_socket", drop, "nothing on this machine listens on the packet's port", "Start the service, or have it listen on that address and port: ss -tulnp"},
{"socket_close", normal, "the socket was closed with unread packets in its queue", ""},
{"socket_filter", drop, "a filter that the program put on its own socket (SO_ATTACH_FILTER, SO_ATTACH_BPF) refused it", "Intended by the program as a rule; ss -0 -u -t -e -b shows the filters."},
{"socket_rcvbuff", drop, "the socket's receive buffer was full: the program reads more slowly than packets come", "Have the program read faster or set a larger SO_RCVBUF; its upper bound: sysctl -w net.core.rmem_max=26214400"},
{"unix_disconnect", normal, "a UNIX socket was disconnected with unread data; no network is involved", ""},
{"unix_skip_oob", normal, "a UNIX socket's out-of-band data was skipped; no network is involved", ""},
{"pkt_too_small", drop, "the packet is shorter than its headers say", "Look at the sender: tcpdump -e -vv shows the packet; switch a faulty NIC's offloads off there."},
{"tcp_csum", drop, "the TCP checksum is wrong", "Look for what changes packets on the way; on a virtual NIC try: ethtool -K IFACE rx off"},
{"udp_csum", drop, "the UDP checksum is wrong", "Look for what changes packets on the way; on a virtual NIC try: ethtool -K IFACE rx off"},
{"netfilter_drop", drop, "a firewall rule (nftables or iptables) dropped it", "See which rule counts up: nft list ruleset; iptables -vnL; then change it if that is not intended."},
{"otherhost", normal, "the frame is for another machine's hardware address (flooded by a switch or bridge, or seen by promiscuous mode)", ""},
{"ip_csum", drop, "the IPv4 header's checksum is wrong", "Look at the sender and at what rewrites packets on the way."},
{"ip_inhdr", drop, "the IP header is malformed, or the packet's TTL ran out while it was forwarded", "If it is the TTL (nstat IcmpOutTimeExcds), look for a routing loop: ip route get ADDRESS; mtr ADDRESS"},
{"ip_rpfilter", drop, "the reverse path filter: the way back to the packet's source leads through another interface", "Correct the routes, or relax the filter on that interface: sysctl -w net.ipv4.conf.IFACE.rp_filter=2"},
{"unicast_in_l2_multicast", drop, "a unicast packet came in a multicast or broadcast frame", "Look at the sender, or at a load balancer that uses multicast hardware addresses."},
{"xfrm_policy", drop, "an IPsec policy does not let it through", "See: ip xfrm policy; ip xfrm state; nstat -az 'Xfrm*'"},
{"ip_noproto", drop, "no protocol handler for it: nothing on this machine speaks that IP protocol", "Load the module of that protocol if it is wanted, or block it at the firewall."},
{"proto_mem", drop, "the protocol's memory for all sockets together is used up", "See /proc/net/sockstat; raise the third number of net.ipv4.udp_mem or net.ipv4.tcp_mem, or find the program that does not read."},
{"tcp_auth_hdr", drop, "the TCP authentication option (MD5 or AO) cannot be read", "Compare the keys and options of both ends (BGP peers)."},
{"tcp_md5notfound", drop, "a TCP MD5 signature is expected and missing", "Set the same key at both ends (BGP peers)."},
{"tcp_md5unexpected", drop, "a TCP MD5 signature came where none is expected", "Set the same key at both ends (BGP peers)."},
{"tcp_md5failure", drop, "the TCP MD5 signature is wrong", "Set the same key at both ends (BGP peers)."},
{"tcp_aonotfound", drop, "a TCP-AO signature is expected and missing", "Set the same key at both ends (BGP peers)."},
{"tcp_aounexpected", drop, "a TCP-AO signature came where none is expected", "Set the same key at both ends (BGP peers)."},
{"tcp_aokeynotfound", drop, "the TCP-AO key id is not known here", "Set the same keys at both ends (BGP peers)."},
{"tcp_aofailure", drop, "the TCP-AO signature is wrong", "Set the same key at both ends (BGP peers)."},
{"socket_backlog", drop, "the socket's backlog was full while a program held the socket", "Spread the load over more sockets (SO_REUSEPORT), or have the program set a larger SO_RCVBUF."},
{"tcp_flags", drop, "the TCP flags do not fit the connection's state", "Some of them after a connection ends are usual; many of them are a scan or a broken middlebox."},
{"tcp_abort_on_data", drop, "data came for a connection whose program had closed it", "The peer sends to a program that has stopped reading; look at the program's shutdown."},
{"tcp_zerowindow", drop, "data came while the receive window was closed: the program does not read", "Have the program read faster; its receive queue shows in: ss -tm"},
{"tcp_old_data", normal, "the data had been received before (a retransmission that was not needed)", ""},
{"tcp_overwindow", drop, "the data lies beyond the receive window", "Usually the peer's zero window probe, or a middlebox that changes sequence numbers."},
{"tcp_ofomerge", normal, "the data is already in the out-of-order queue", ""},
{"tcp_rfc7323_paws", drop, "the TCP timestamp is too old (PAWS): a duplicate from long ago, or several machines behind one NAT address", "If many: look for a NAT or load balancer that mixes timestamps of several machines."},
{"tcp_rfc7323_paws_ack", normal, "a reordered pure acknowledgement with an older timestamp", ""},
{"tcp_rfc7323_tw_paws", drop, "a new connection's timestamp is older than that of the one in TIME_WAIT with the same addresses", "Several machines behind one NAT address; have the NAT use more ports or addresses."},
{"tcp_rfc7323_tsecr", drop, "the TCP timestamp echo answers nothing that was sent", "Look for a middlebox that rewrites TCP timestamps."},
{"tcp_listen_overflow", drop, "the listener's accept queue was full: the program accepts more slowly than connections come", "Raise the program's listen() backlog and: sysctl -w net.core.somaxconn=8192"},
{"tcp_old_sequence", normal, "an old sequence number: a late duplicate", ""},
{"tcp_invalid_sequence", drop, "the sequence number lies outside the window", "Late duplicates are usual; many of them are blind attacks or a middlebox that changes sequence numbers."},
{"tcp_invalid_end_sequence", drop, "the segment ends beyond the window", "Look for a middlebox that changes sequence numbers or windows."},
{"tcp_invalid_ack_sequence", drop, "the acknowledgement number cannot be", "Look for a middlebox that changes sequence numbers."},
{"tcp_reset", normal, "the packet reset the connection, and did", ""},
{"tcp_invalid_syn", drop, "a SYN in the middle of a connection", "A blind attack, or a peer that restarted."},
{"tcp_close", drop, "the socket is closed already", "Late packets after a close are usual; many of them say that the peer has not noticed the close."},
{"tcp_fastopen", normal, "the data of a fast open was taken, or is to be sent again by the usual way", ""},
{"tcp_old_ack", normal, "the acknowledgement says nothing new", ""},
{"tcp_too_old_ack", drop, "the acknowledgement is older than the window allows", "A few are usual with heavy reordering; many of them are blind attacks."},
{"tcp_ack_unsent_data", drop, "it acknowledges what was never sent", "A blind attack, or a middlebox that changes sequence numbers."},
{"tcp_ofo_queue_prune", drop, "the out-of-order queue was thrown away because the receive buffer was full", "Have the program read faster, or raise the third number of net.ipv4.tcp_rmem."},
{"tcp_ofo_drop", drop, "there was no room for data that came out of order", "Have the program read faster, or raise the third number of net.ipv4.tcp_rmem."},
{"ip_outnoroutes", drop, "no route to the destination for a packet that this machine sends", "See: ip route get ADDRESS; then add the route."},
{"bpf_cgroup_egress", drop, "a BPF program of a cgroup refused it (systemd's IPAddressDeny=, a container's policy)", "See: bpftool cgroup tree; systemctl show UNIT -p IPAddressDeny"},
{"ipv6disabled", drop, "IPv6 is switched off on the interface", "If it is wanted: sysctl -w net.ipv6.conf.IFACE.disable_ipv6=0"},
{"neigh_createfail", drop, "the neighbour table (ARP, NDISC) is full", "Raise it: sysctl -w net.ipv4.neigh.default.gc_thresh3=8192, and net.ipv6 likewise; see: ip -s neigh"},
{"neigh_failed", drop, "the next hop's hardware address is unknown: nobody answered ARP or neighbour discovery", "See: ip neigh show nud failed; check that the next hop is up and on this link."},
{"neigh_queuefull", drop, "too many packets waited for the next hop's hardware address", "Check that the next hop answers ARP: ip neigh; else raise net.ipv4.neigh.default.unres_qlen_bytes"},
{"neigh_dead", drop, "the neighbour entry was being removed", "See: ip neigh; ip monitor neigh"},
{"neigh_hh_fillfail", drop, "the link header could not be written", "See: ip -d link show IFACE"},
{"tc_egress", drop, "a tc filter or program at egress dropped it", "See whose: tc -s filter show dev IFACE egress; bpftool net"},
{"security_hook", drop, "a security module (SELinux, AppArmor, Smack, BPF LSM) refused it", "See: ausearch -m avc; dmesg"},
{"qdisc_drop", drop, "the queue at the interface dropped it: full, or by its rule", "See: tc -s qdisc show dev IFACE; a longer queue or a higher rate where that is intended."},
{"qdisc_overlimit", drop, "the queue at the interface was full", "See: tc -s qdisc show dev IFACE; raise its limit, or send less."},
{"qdisc_congested", drop, "the queue's own congestion control dropped it (CoDel, RED, PIE)", "Intended: it tells TCP to slow down. See: tc -s qdisc show dev IFACE"},
{"cake_flood", drop, "CAKE found the flow not to slow down (BLUE) and dropped it", "Intended; see: tc -s qdisc show dev IFACE"},
{"fq_band_limit", drop, "fq's limit of its priority band was reached", "See: tc -s qdisc show dev IFACE; raise fq's limit."},
{"fq_horizon_limit", drop, "the packet's departure time lies beyond fq's horizon", "See: tc -s qdisc show dev IFACE; raise fq's horizon, or send less."},
{"fq_flow_limit", drop, "fq's limit of packets a flow was reached", "Raise it: tc qdisc change dev IFACE root fq flow_limit 1000"},
{"cpu_backlog", drop, "the CPU's input queue was full: packets came faster than one CPU can take them", "Spread over CPUs (RPS: /sys/class/net/IFACE/queues/rx-0/rps_cpus), or: sysctl -w net.core.netdev_max_backlog=10000"},
{"xdp", drop, "an XDP program dropped it (in generic mode, or at a veth)", "See whose: ip link show IFACE; bpftool net"},
{"tc_ingress", drop, "a tc filter or program at ingress dropped it", "See whose: tc -s filter show dev IFACE ingress; bpftool net"},
{"unhandled_proto", drop, "no protocol handler for the frame's EtherType", "Usual for LLDP, spanning tree and the like; load the module of that protocol if it is wanted."},
{"skb_csum", drop, "the checksum could not be computed", "Look at the NIC's offloads: ethtool -k IFACE"},
{"skb_gso_seg", drop, "the large frame could not be cut into packets", "Look at the NIC's offloads: ethtool -k IFACE; try: ethtool -K IFACE tso off gso off"},
{"skb_ucopy_fault", drop, "the program's buffer could not be read or written", "A fault of the program that uses the tap or packet socket."},
{"dev_hdr", drop, "the device's own header on the packet cannot be read", "A fault of the program that uses the tap, or of the driver."},
{"dev_ready", drop, "the device was not ready: down, or nobody has opened the tap", "See: ip link show IFACE; start the virtual machine, or set the interface up."},
{"full_ring", drop, "the device's ring was full: a tap whose virtual machine does not take its packets, or a veth peer that is behind", "Look at the guest's and vhost's CPU time (steal); a longer ring: ip link set IFACE txqueuelen 10000"},
{"nomem", drop, "the kernel had no memory for it", "See: free -m; dmesg; raise vm.min_free_kbytes"},
{"hdr_trunc", drop, "the headers are cut off", "Look at the sender: tcpdump -e -vv"},
{"tap_filter", drop, "the tap's own filter (TUNSETTXFILTER) refused it", "Intended by the program that opened the tap."},
{"tap_txfilter", drop, "the tap's hardware address filter refused it", "Intended by the program that opened the tap."},
{"icmp_csum", drop, "the ICMP checksum is wrong", "Look at the sender and at what rewrites packets on the way."},
{"invalid_proto", drop, "the packet does not keep to its protocol", "Look at the sender: tcpdump -e -vv"},
{"ip_inaddrerrors", drop, "the address cannot be the source or destination of a packet that arrives here", "See: ip addr; ip route get ADDRESS"},
{"ip_innoroutes", drop, "no route for a packet that arrived", "See: ip route get ADDRESS from SOURCE iif IFACE; then add the route."},
{"ip_local_source", drop, "a packet from outside carries one of this machine's own addresses as its source", "An address that is used twice, or spoofing; see: ip addr; arping -D -I IFACE ADDRESS"},
{"ip_invalid_source", drop, "the source address is a multicast, broadcast or zero address", "Look at the sender."},
{"ip_localnet", drop, "a packet from outside carries a 127.0.0.0/8 address", "Spoofing, or a NAT to 127.0.0.1, which wants: sysctl -w net.ipv4.conf.IFACE.route_localnet=1"},
{"ip_invalid_dest", drop, "the destination address cannot be one", "Look at the sender."},
{"pkt_too_big", drop, "the packet is larger than the MTU and must not be fragmented", "Let ICMP 'fragmentation needed' through, or make the MTUs agree: ip link set IFACE mtu N"},
{"dup_frag", drop, "the fragment had been received before", "A duplicate on the way; a loop if many."},
{"frag_reasm_timeout", drop, "not all fragments of a packet came in time", "A fragment was lost on the way; avoid fragments by a smaller MTU at the sender."},
{"frag_too_far", drop, "too many other fragments came in between", "Fragments are reordered on the way; see net.ipv4.ipfrag_max_dist"},
{"tcp_minttl", drop, "the TTL is lower than the socket asks for (IP_MINTTL, BGP's GTSM)", "The peer is farther away than configured, or it is spoofing."},
{"ipv6_bad_exthdr", drop, "an IPv6 extension header is malformed", "Look at the sender."},
{"ipv6_ndisc_frag", drop, "a neighbour discovery message came in fragments", "Look at the sender; such messages are refused (RFC 6980)."},
{"ipv6_ndisc_hop_limit", drop, "a neighbour discovery message came from beyond this link", "Spoofing, or a faulty router."},
{"ipv6_ndisc_bad_code", drop, "a neighbour discovery message has a wrong code", "Look at the sender."},
{"ipv6_ndisc_bad_options", drop, "a neighbour discovery message has malformed options", "Look at the sender."},
{"ipv6_ndisc_ns_otherhost", normal, "a neighbour solicitation for another machine's address", ""},
{"queue_purge", normal, "a queue was emptied because its owner closed it", ""},
{"tc_cookie_error", drop, "tc could not carry on where a driver's offload had stopped", "See: tc -s filter show dev IFACE ingress"},
{"packet_sock_error", drop, "a packet socket (capture) had no room for its copy; the packet itself went on", "A longer ring for the capture, as tcpdump -B 8192"},
{"tc_chain_notfound", drop, "a tc filter leads to a chain that does not exist", "See: tc filter show dev IFACE ingress; add the chain."},
{"tc_reclassify_loop", drop, "tc filters lead in a circle", "See: tc filter show dev IFACE ingress"},
{"vxlan_invalid_hdr", drop, "the VXLAN header is malformed", "Compare both ends' VXLAN settings: ip -d link show type vxlan"},
{"vxlan_vni_not_found", drop, "no VXLAN device here has the packet's network number", "Compare both ends' VXLAN settings: ip -d link show type vxlan"},
{"mac_invalid_source", drop, "the source hardware address is multicast, zero or this device's own", "Look for a loop or a hardware address that is used twice."},
{"vxlan_entry_exists", drop, "the hardware address is fixed to another VXLAN peer", "See: bridge fdb show dev IFACE"},
{"no_tx_target", drop, "there is nowhere to send it: no default destination, no member that is up", "See: bridge fdb show dev IFACE; ip -d link show IFACE"},
{"ip_tunnel_ecn", drop, "the ECN bits of the outer and inner header contradict each other", "Something on the way sets CE on packets that cannot carry it; see net.ipv4's tunnels: ip -d link show"},
{"tunnel_txinfo", drop, "a packet without tunnel settings was sent into a tunnel that takes them from each packet", "Send it by a route or tc action that sets them: ip route add … encap"},
{"local_mac", drop, "the source hardware address is this device's own: the frame came back", "Look for a loop between switches or bridges."},
{"arp_pvlan_disable", drop, "an ARP request that proxy_arp_pvlan would not answer", "See net.ipv4.conf.IFACE.proxy_arp_pvlan"},
{"mac_ieee_mac_control", normal, "a MAC control frame (pause), which ends at the link", ""},
{"bridge_ingress_stp_state", drop, "the bridge port does not forward: spanning tree keeps it blocked or learning", "See: bridge link show; wait for it to forward, or look for a loop."},
{"can_rx_invalid_frame", drop, "a malformed CAN frame", "Look at the sender."},
{"canfd_rx_invalid_frame", drop, "a malformed CAN FD frame", "Look at the sender."},
{"canxl_rx_invalid_frame", drop, "a malformed CAN XL frame", "Look at the sender."},
{"pfmemalloc", drop, "memory was so short that only packets that free memory were taken", "See: free -m; dmesg; raise vm.min_free_kbytes"},
{"dualpi2_step_drop", drop, "DualPI2 dropped it: its queue stood too long", "Intended; see: tc -s qdisc show dev IFACE"},
{"psp_input", drop, "PSP: it could not be decrypted, or came in clear where it must not", "Compare both ends' PSP keys."},
{"psp_output", drop, "PSP: it would have been sent in clear where it must not", "Compare both ends' PSP keys."},
{"recursion_limit", drop, "devices lead into each other in a circle or too deep", "Look for a tunnel whose outer packets are routed into itself: ip route get ADDRESS"},
{"openvswitch.last_action", drop, "Open vSwitch: the flow's actions ended without an output", "See: ovs-appctl dpctl/dump-flows; ovs-appctl ofproto/trace"},
{"openvswitch.action_error", drop, "Open vSwitch: an action failed", "See: ovs-appctl dpctl/dump-flows; the log of ovs-vswitchd"},
{"openvswitch.explicit", drop, "Open vSwitch: a drop action", "See: ovs-ofctl dump-flows BRIDGE; ovs-appctl ofproto/trace"},
{"openvswitch.explicit_with_error", drop, "Open vSwitch: a drop action after an error", "See: the log of ovs-vswitchd"},
{"openvswitch.meter", drop, "Open vSwitch: a meter's rate was exceeded", "See: ovs-ofctl -O OpenFlow13 meter-stats BRIDGE"},
{"openvswitch.recursion_limit", drop, "Open vSwitch: actions lead in a circle", "See: ovs-appctl ofproto/trace"},
{"openvswitch.deferred_limit", drop, "Open vSwitch: too many actions were put off", "See: ovs-appctl ofproto/trace"},
{"openvswitch.frag_l2_too_long", drop, "Open vSwitch: the link header is too long to fragment the packet", "Make the MTUs agree."},
{"openvswitch.frag_invalid_proto", drop, "Open vSwitch: it cannot fragment this protocol", "Make the MTUs agree."},
{"openvswitch.conntrack", drop, "Open vSwitch: connection tracking refused it", "See: nstat; conntrack -S"},
{"openvswitch.ip_ttl", drop, "Open vSwitch: the TTL ran out", "Look for a routing loop."},
});

constexpr auto own_reasons = std::to_array<DropReason>({
{"rate", drop, "over the rate and burst of the tenant's limit", "Intended by whoever set the limit: weir limit show TENANT"},
{"aqm", drop, "the limit's virtual queue stood too long: TCP is told to slow down", "Intended; a higher limit queues less: weir limit show TENANT"},
{"horizon", drop, "its departure would have been too far in the future: the tenant sends far more than its limit", "weir limit show TENANT"},
{"pps", drop, "over the tenant's limit of packets per second", "Intended by whoever set the limit: weir limit show TENANT"},
{"spoof", drop, "its source address is not one of the vNIC's own", "Correct the guest's address, or allow it: weir attach IFACE --addresses LIST"},
});
// clang-format on

// Functions, by the beginning of their names, that drop without giving a reason, on some kernels or on all, and the
// reason that explains what they do. The messages of UNIX, netlink and VM sockets are no network's.
struct Place {
    std::string_view begin;
    std::string_view reason;
};
constexpr auto places = std::to_array<Place>({
    {"skb_queue_purge", "queue_purge"},
    {"__skb_queue_purge", "queue_purge"},
    {"skb_rbtree_purge", "queue_purge"},
    {"tcp_write_queue_purge", "queue_purge"},
    {"inet_sock_destruct", "queue_purge"},
    {"udp_destruct_common", "queue_purge"},
    {"sk_stream_kill_queues", "queue_purge"},
    {"unix_", "queue_purge"},
    {"netlink_", "queue_purge"},
    {"__netlink_", "queue_purge"},
    {"virtio_transport_", "queue_purge"},
    {"do_xdp_generic", "xdp"},
    {"netif_receive_generic_xdp", "xdp"},
    {"bpf_prog_run_generic_xdp", "xdp"},
    {"veth_xdp_rcv", "xdp"},
});

const DropReason* find_in(std::span<const DropReason> table, std::string_view name) {
    const auto at = std::ranges::find(table, name, &DropReason::name);
    return at == table.end() ? nullptr : &*at;
}

}  // namespace

std::span<const DropReason> kernel_drop_reasons() { return kernel_reasons; }

const DropReason* find_drop_reason(DropSource source, std::string_view name) {
    return source == DropSource::weir ? find_in(own_reasons, name) : find_in(kernel_reasons, name);
}

const DropReason* explain(const DropRow& row) {
    if (row.source == DropSource::kernel && row.reason == "not_specified")
        for (const auto& place : places)
            if (row.location.starts_with(place.begin)) return find_drop_reason(row.source, place.reason);
    return find_drop_reason(row.source, row.reason);
}

bool is_normal_end(const DropRow& row) {
    const auto* known = explain(row);
    return known != nullptr && known->kind == normal;
}

std::string drop_reason_name_of(std::string_view enumerator) {
    for (const std::string_view prefix : {"SKB_DROP_REASON_", "SKB_"})
        if (enumerator.starts_with(prefix)) {
            enumerator.remove_prefix(prefix.size());
            break;
        }
    return lower(enumerator);
}

}  // namespace weir
