// SPDX-License-Identifier: GPL-2.0-or-later
// The vocabulary as C++ types, and the words for them on the command line and in JSON. Plain values, no I/O.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/address.hpp"
#include "model/limit.hpp"
#include "shared/abi.h"

namespace weir {

enum class Direction { tx = WEIR_TX, rx = WEIR_RX };
inline constexpr std::array directions{Direction::tx, Direction::rx};

enum class Role { vnic = WEIR_ROLE_VNIC, uplink = WEIR_ROLE_UPLINK, guest = WEIR_ROLE_GUEST };

// What the user asked for with --ingress-hook.
enum class IngressChoice { automatic = WEIR_INGRESS_AUTO, tc = WEIR_INGRESS_TC, xdp = WEIR_INGRESS_XDP };

// How tc programs are attached; 'automatic' takes tcx where the kernel has it.
enum class TcWay { automatic, tcx, clsact };

// How a hook is held now.
enum class Hook {
    none = WEIR_HOOK_NONE,
    tcx = WEIR_HOOK_TCX,
    clsact = WEIR_HOOK_CLSACT,
    xdp_native = WEIR_HOOK_XDP_NATIVE,
    xdp_generic = WEIR_HOOK_XDP_GENERIC,
};

inline bool is_xdp(Hook hook) { return hook == Hook::xdp_native || hook == Hook::xdp_generic; }
inline bool is_xdp(std::uint32_t hook) { return is_xdp(static_cast<Hook>(hook)); }  // as the state has it

// Words as in the JSON and on the command line: "vnic", "uplink", "guest"; "auto", "tc", "xdp"; "tcx", "clsact", "xdp",
// "xdp-generic", "none"; "tx", "rx". from_* return nothing for a word that is none of them.
std::string_view to_string(Direction direction);
std::string_view to_string(Role role);
std::string_view to_string(IngressChoice choice);
std::string_view to_string(TcWay way);
std::string_view to_string(Hook hook);
std::optional<Role> role_from(std::string_view word);
std::optional<IngressChoice> ingress_choice_from(std::string_view word);
std::optional<TcWay> tc_way_from(std::string_view word);

// Names of the frame classes, drop reasons and untracked kinds, by their number in bpf/shared/abi.h.
std::string_view class_name(std::size_t class_id);
std::string_view drop_reason_name(std::size_t reason);
std::string_view untracked_name(std::size_t kind);  // "no_flow", "evicted", "busy"

// Packets and bytes as the wire carries them (docs/ledger.md).
struct Count {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    Count& operator+=(const Count& other) {
        packets += other.packets;
        bytes += other.bytes;
        return *this;
    }
    // Modulo 2^64, like the counters themselves.
    friend Count operator-(Count a, const Count& b) { return {a.packets - b.packets, a.bytes - b.bytes}; }
    friend bool operator==(const Count&, const Count&) = default;
};

// `amount` over `window_ns`, in a second; 0 over no time.
double per_second(std::uint64_t amount, std::uint64_t window_ns);

inline constexpr std::uint32_t flows_min = 64;
inline constexpr std::uint32_t flows_max = 4'194'304;
inline constexpr std::uint32_t flows_default = 8192;

// What the user wants of one interface: a line of `weir attach`, or an entry of a document.
struct VnicSpec {
    std::string interface;
    std::string tenant;  // empty: the interface's name
    Role role = Role::vnic;
    IngressChoice ingress = IngressChoice::automatic;
    std::uint32_t flows = flows_default;  // live flows that the table has room for, flows_min to flows_max
    std::uint64_t capacity_bps = 0;       // role uplink: bits per second; 0: the link's speed, if it has one
    std::uint64_t capacity_rx_bps = 0;    // what comes in, where that differs; 0: it does not
    bool no_capacity = false;             // role uplink: not even the link's speed
    std::vector<Prefix> addresses = {};   // role vnic: what it may send from (model/guard.hpp); empty: anything
    friend bool operator==(const VnicSpec&, const VnicSpec&) = default;
};

// One attached vNIC as it stands.
struct Vnic {
    std::uint32_t slot = 0;
    std::uint32_t ifindex = 0;
    std::string interface;  // its name now; the name at attach time if the interface is gone
    std::string tenant;
    Role role = Role::vnic;
    IngressChoice ingress = IngressChoice::automatic;  // as asked
    Hook ingress_hook = Hook::none;                    // as held
    Hook egress_hook = Hook::none;
    std::uint32_t flows = 0;      // as asked
    std::uint32_t flow_sets = 0;  // as built: flow_sets * WEIR_FLOW_WAYS slots
    std::uint64_t capacity_bps = 0;
    std::uint64_t capacity_rx_bps = 0;  // 0: as capacity_bps
    bool capacity_is_link_speed = false;
    bool no_capacity = false;         // as asked
    std::uint64_t memory_bytes = 0;   // kernel memory of its ledger and flow table
    std::uint64_t attached_ns = 0;    // CLOCK_REALTIME
    std::string qdisc;                // root qdisc's kind; empty if unknown
    bool present = true;              // false: the interface has been deleted
    std::vector<Prefix> addresses;    // what it may send from; empty: anything
    std::optional<LimitState> limit;  // its tenant's, if it has one
    std::vector<std::string> notes;   // what the operator should know, a sentence each
};

// What an uplink carries of what comes in.
inline std::uint64_t rx_capacity_bps(const Vnic& vnic) {
    return vnic.capacity_rx_bps != 0 ? vnic.capacity_rx_bps : vnic.capacity_bps;
}

// Whether the tenant's tx or rx arrives at the interface, or leaves by it.
inline bool is_at_ingress(const Vnic& vnic, Direction direction) {
    return (direction == Direction::tx) == (vnic.role == Role::vnic);
}
inline Hook hook_of(const Vnic& vnic, Direction direction) {
    return is_at_ingress(vnic, direction) ? vnic.ingress_hook : vnic.egress_hook;
}

// Whether two sights of a vNIC are of one attachment: one that was detached and attached again has begun anew.
inline bool same_attachment(const Vnic& a, const Vnic& b) {
    return a.slot == b.slot && a.ifindex == b.ifindex && a.attached_ns == b.attached_ns;
}

// Takes off the counters of each entry what the same attachment had earlier; one that is new since keeps all.
template <class Entry, class Counters>
void take_off(std::vector<Entry>& entries, const std::vector<Entry>& earlier, Counters Entry::* counters) {
    for (Entry& now : entries) {
        const auto before = std::ranges::find_if(
            earlier, [&](const Entry& candidate) { return same_attachment(candidate.vnic, now.vnic); });
        if (before != earlier.end()) now.*counters = now.*counters - (*before).*counters;
    }
}

// The document that apply takes and export gives: everything that is attached, and the limits of all tenants.
struct Document {
    std::vector<VnicSpec> vnics;
    std::optional<std::vector<TenantLimit>> limits = {};      // nothing: it does not say; limits stay as they are
    std::optional<std::map<std::string, double>> noisy = {};  // thresholds of weir noisy that are not the usual ones
};

}  // namespace weir
