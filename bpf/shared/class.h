/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The classes that every frame is counted in, exactly one a frame.
 *
 * A class is decided by the deepest header that could be read, or by the reason why reading stopped. The ledger counts
 * packets and bytes by class, and its totals are the sums over the classes, so no frame can be in the totals and in no
 * class. WEIR_CLASS_TABLE is the one place that names them: X(IDENTIFIER, name, meaning). */
#ifndef WEIR_BPF_SHARED_CLASS_H
#define WEIR_BPF_SHARED_CLASS_H

#include "types.h"

#define WEIR_CLASS_TABLE(X)                                                                                            \
    X(L2_SHORT, "l2_short", "shorter than an Ethernet header")                                                         \
    X(LLC, "llc", "IEEE 802.3 length field: LLC, SNAP, spanning tree")                                                 \
    X(ARP, "arp", "ARP and RARP")                                                                                      \
    X(LLDP, "lldp", "link layer discovery")                                                                            \
    X(MPLS, "mpls", "MPLS, unicast or multicast")                                                                      \
    X(PPPOE, "pppoe", "PPPoE discovery or session")                                                                    \
    X(MACSEC, "macsec", "MACsec")                                                                                      \
    X(EAPOL, "eapol", "IEEE 802.1X authentication")                                                                    \
    X(ETHERTYPE_OTHER, "ethertype_other", "an EtherType that Weir does not read")                                      \
    X(VLAN_TRUNCATED, "vlan_truncated", "ends inside a VLAN tag")                                                      \
    X(VLAN_DEEP, "vlan_deep", "more than two VLAN tags")                                                               \
    X(IPV4_TRUNCATED, "ipv4_truncated", "ends inside the IPv4 header")                                                 \
    X(IPV4_MALFORMED, "ipv4_malformed", "IPv4 version, IHL or total length that cannot be")                            \
    X(IPV4_TCP, "ipv4_tcp", "TCP over IPv4")                                                                           \
    X(IPV4_UDP, "ipv4_udp", "UDP and UDP-Lite over IPv4")                                                              \
    X(IPV4_ICMP, "ipv4_icmp", "ICMP")                                                                                  \
    X(IPV4_IGMP, "ipv4_igmp", "IGMP")                                                                                  \
    X(IPV4_SCTP, "ipv4_sctp", "SCTP and DCCP over IPv4")                                                               \
    X(IPV4_GRE, "ipv4_gre", "GRE over IPv4")                                                                           \
    X(IPV4_ESP, "ipv4_esp", "IPsec ESP over IPv4")                                                                     \
    X(IPV4_TUNNEL, "ipv4_tunnel", "an IP packet inside IPv4")                                                          \
    X(IPV4_OTHER, "ipv4_other", "another protocol over IPv4")                                                          \
    X(IPV4_FRAGMENT, "ipv4_fragment", "a later IPv4 fragment, which has no ports")                                     \
    X(IPV4_L4_TRUNCATED, "ipv4_l4_truncated", "ends inside the header above IPv4")                                     \
    X(IPV6_TRUNCATED, "ipv6_truncated", "ends inside the IPv6 header")                                                 \
    X(IPV6_MALFORMED, "ipv6_malformed", "EtherType says IPv6, the version field does not")                             \
    X(IPV6_TCP, "ipv6_tcp", "TCP over IPv6")                                                                           \
    X(IPV6_UDP, "ipv6_udp", "UDP and UDP-Lite over IPv6")                                                              \
    X(IPV6_ICMP, "ipv6_icmp", "ICMPv6")                                                                                \
    X(IPV6_SCTP, "ipv6_sctp", "SCTP and DCCP over IPv6")                                                               \
    X(IPV6_GRE, "ipv6_gre", "GRE over IPv6")                                                                           \
    X(IPV6_ESP, "ipv6_esp", "IPsec ESP over IPv6")                                                                     \
    X(IPV6_TUNNEL, "ipv6_tunnel", "an IP packet inside IPv6")                                                          \
    X(IPV6_NO_NEXT, "ipv6_no_next", "IPv6 with no next header")                                                        \
    X(IPV6_OTHER, "ipv6_other", "another protocol over IPv6")                                                          \
    X(IPV6_FRAGMENT, "ipv6_fragment", "a later IPv6 fragment, which has no ports")                                     \
    X(IPV6_L4_TRUNCATED, "ipv6_l4_truncated", "ends inside the header above IPv6")                                     \
    X(IPV6_EXT_TRUNCATED, "ipv6_ext_truncated", "ends inside an IPv6 extension header")                                \
    X(IPV6_EXT_DEEP, "ipv6_ext_deep", "more IPv6 extension headers than Weir follows")

#define WEIR_CLASS_ENUM(identifier, name, meaning) WEIR_CLASS_##identifier,
enum weir_class { WEIR_CLASS_TABLE(WEIR_CLASS_ENUM) WEIR_CLASS_COUNT };
#undef WEIR_CLASS_ENUM

/* Room in the ledger's class array: a power of two above WEIR_CLASS_COUNT, so that one mask bounds an index. */
#define WEIR_CLASS_ROOM 64

WEIR_STATIC_ASSERT((int)WEIR_CLASS_COUNT <= WEIR_CLASS_ROOM, "the ledger's class array is too small");

#endif
