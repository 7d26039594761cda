// SPDX-License-Identifier: GPL-2.0-or-later
// Noisy neighbours: who disturbs whom, how, how sure that is, and what would mend it. docs/noisy-method.md has the
// reasons. Plain values and pure functions over the pulses of vNICs (bpf/shared/pulse.h), no I/O.
//
// Example:
//     const noisy::Report report = noisy::judge(window, {});
//     for (const noisy::Neighbour& neighbour : report.neighbours) ...
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/types.hpp"
#include "shared/pulse.h"

namespace weir::noisy {

inline constexpr std::uint64_t slot_ns = WEIR_PULSE_SLOT_NS;

// One vNIC's pulse: a slot for each of the window's. All zero where nothing passed.
struct VnicPulse {
    std::string interface;
    std::string tenant;
    Role role = Role::vnic;
    std::uint64_t capacity_bps = 0;  // role uplink; 0: not known
    std::uint64_t tx_max_bps = 0;    // its tenant's limit; 0: none
    std::uint64_t rx_max_bps = 0;
    bool is_paced = false;  // what a limit delays is held where it leaves by this one: by an fq, there or to be put
    std::vector<weir_pulse_slot> slots = {};
};

// The kernel's connection tracking, at the window's end, and what it gave up in the window.
struct Conntrack {
    std::uint64_t count = 0;
    std::uint64_t max = 0;     // 0: there is none
    std::uint64_t failed = 0;  // drop + insert_failed + early_drop since the window's beginning
    friend bool operator==(const Conntrack&, const Conntrack&) = default;
};

// What is judged: the pulses of all vNICs over the same slots, the oldest first.
struct Window {
    std::uint64_t first_slot = 0;  // CLOCK_MONOTONIC / slot_ns
    std::size_t slots = 0;
    std::vector<VnicPulse> vnics;
    Conntrack conntrack;
};

enum class Pattern {
    bandwidth_hog,
    packet_flood,
    microburst,
    syn_flood,
    scan,
    connection_churn,
    conntrack_pressure,
    broadcast_storm,
    spoofing,
    inbound_flood,
};
// "bandwidth_hog", …
std::string_view to_string(Pattern pattern);
// A sentence for people.
std::string_view meaning_of(Pattern pattern);

enum class Harm { latency, loss, throughput };
std::string_view to_string(Harm harm);

struct Evidence {
    std::string_view metric;  // "tx_bits_per_second"
    double value = 0;         // while it was loud
    double baseline = 0;      // else
    std::string_view unit;    // "bit/s", "packets/s", "ns", …
};

struct Victim {
    std::string tenant;
    Harm harm = Harm::latency;
    double certainty = 0;  // 0 to 1
    std::vector<Evidence> evidence = {};
};

struct Neighbour {
    std::string tenant;
    Pattern pattern = Pattern::bandwidth_hog;
    Direction direction = Direction::tx;
    double certainty = 0;        // 0 to 1: the best of its victims'
    std::size_t begin = 0;       // slot of the window in which it became loud
    std::size_t loud_slots = 0;  // how many it was loud in
    std::size_t episodes = 0;    // how often it became loud
    std::vector<Evidence> evidence = {};
    std::vector<Victim> victims = {};
    std::vector<std::string> alternatives = {};  // considered and why they are not it, a sentence each
    std::string remedy = {};                     // a command
    std::string advice = {};                     // where no command of this host mends it
};

struct Report {
    std::uint64_t window_ns = 0;
    std::vector<Neighbour> neighbours;   // the surest first
    std::vector<std::string> dismissed;  // what looked like it and was not, a sentence each
};

// Every number that a verdict depends on: name, value, unit, reason. Settable by name.
#define WEIR_NOISY_THRESHOLDS(X)                                                                                       \
    X(loud_slots, 5, "slots", "shorter than half a second, loudness and harm can meet by chance")                      \
    X(quiet_slots, 10, "slots", "a second without it at least: without a baseline there is no accusation")             \
    X(loud_ratio, 3, "times", "what it does when loud, against what it does when not")                                 \
    X(separation, 0.85, "probability", "that the victim is worse off in a loud slot than in a quiet one")              \
    X(latency_ratio, 1.5, "times", "a slower round trip than that is felt")                                            \
    X(latency_ns, 1000000, "ns", "and it must be more than a queue of a millisecond")                                  \
    X(loss_packets, 10, "packets", "fewer lost packets are no series")                                                 \
    X(loss_ratio, 4, "times", "as many as its usual losses would be")                                                  \
    X(loss_share, 0.002, "share", "of its packets: two in a thousand already halve a long transfer")                   \
    X(throughput_ratio, 0.7, "times", "what is left of its throughput")                                                \
    X(throughput_bps, 1000000, "bit/s", "it must have had that much for it to be missed")                              \
    X(own_load_ratio, 1.5, "times", "if its own load rose so far at the same moments, its own load explains it")       \
    X(share, 0.3, "share", "of what all tenants do: less is not what fills a host")                                    \
    X(crowd, 3, "tenants", "as loud as the accused, itself among them: the host is too small for so many")             \
    X(hog_bps, 5000000, "bit/s", "less does not fill an uplink")                                                       \
    X(flood_pps, 10000, "packets/s", "small packets; less does not fill a CPU")                                        \
    X(small_share, 0.7, "share", "of a flood's packets are small")                                                     \
    X(burst_ratio, 10, "times", "a millisecond's peak above the mean makes it a burst")                                \
    X(burst_bytes, 25000, "bytes", "in a millisecond, 200 Mbit/s: more than an ordinary answer of a server")           \
    X(burst_latency_ns, 2000000, "ns", "a queue of bursts is met by few packets: it must be worth it")                 \
    X(syn_pps, 200, "SYN/s", "without answer")                                                                         \
    X(unanswered_share, 0.5, "share", "of SYNs that nobody answers")                                                   \
    X(scan_reset_share, 0.2, "share", "of SYNs that are refused: closed ports")                                        \
    X(churn_fps, 500, "flows/s", "new ones")                                                                           \
    X(conntrack_share, 0.8, "share", "of the table full")                                                              \
    X(group_pps, 500, "packets/s", "to broadcast or multicast addresses, ARP included")                                \
    X(foreign_fps, 100, "flows/s", "from source addresses that are not its own")                                       \
    X(foreign_share, 0.5, "share", "of its new flows")                                                                 \
    X(certainty, 0.5, "of 1", "below it nothing is said")

struct Thresholds {
#define WEIR_NOISY_FIELD(name, value, unit, reason) double name = value;
    WEIR_NOISY_THRESHOLDS(WEIR_NOISY_FIELD)
#undef WEIR_NOISY_FIELD
};

struct ThresholdInfo {
    std::string_view name;
    double value;
    std::string_view unit;
    std::string_view reason;
    double Thresholds::* field;
};
const std::vector<ThresholdInfo>& threshold_table();
const ThresholdInfo* find_threshold(std::string_view name);

Report judge(const Window& window, const Thresholds& thresholds);

// "high" from 0.8, "medium" from 0.65, else "low".
std::string_view confidence_word(double certainty);

}  // namespace weir::noisy
