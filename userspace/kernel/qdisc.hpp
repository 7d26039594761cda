// SPDX-License-Identifier: GPL-2.0-or-later
// The qdisc that packets wait in where they leave: what stands at an interface, and Weir's own fq in its place.
//
// In shape mode the programs write a departure time into each packet; fq (net/sched/sch_fq.c, Linux 4.20 for departure
// times) holds it till then, any other qdisc sends it at once. Weir puts its fq only where the kernel's default stands:
// that one has the handle 0:, which nobody can give (qdisc_create() allots 8001: and up where the user names none), and
// comes back by itself when the root is deleted. Weir's own is known by its kind and the handle 7765: (ASCII 'we').
// Where the default is mq, Weir's is mq with an fq under each queue in use.
//
// Putting another root in place is not free: the kernel stops the device's queues for it, drops what waits in the old
// qdisc and what is sent meanwhile (dev_deactivate()). Changing the sizes of an fq that stands drops nothing.
//
// Functions that change are called under StateLock.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "model/pacing.hpp"

namespace weir {

struct Qdisc {
    std::uint32_t ifindex = 0;
    std::string kind;
    std::uint32_t handle = 0;              // major:minor as in tc; 0: the kernel's default
    std::uint32_t parent = 0;              // the class that it stands under; ~0 for the root
    std::uint32_t limit_packets = 0;       // kind fq only
    std::uint32_t flow_limit_packets = 0;  // kind fq only
    std::uint64_t backlog_packets = 0;     // skbs that wait in it now
    std::uint32_t drops = 0;               // TCA_STATS2, 32 bits; since it was put there
    [[nodiscard]] bool is_root() const { return parent == ~std::uint32_t{0}; }
    [[nodiscard]] bool is_default() const { return handle == 0; }
    [[nodiscard]] bool is_ingress() const { return parent == 0xfffffff1; }  // TC_H_INGRESS: ingress or clsact
};

// All qdiscs of this network namespace, but for ingress and clsact; one dump. An interface that was never up has none.
Result<std::vector<Qdisc>> list_qdiscs();
// With ingress and clsact.
Result<std::vector<Qdisc>> list_every_qdisc();

// Whether fq is there or a module of it is, without asking for it. No: perhaps it is all the same.
bool has_fq_module();

enum class PacingState {
    kernel_default,   // nobody's: Weir may put its own in place
    ours,             // Weir's fq
    ours_incomplete,  // Weir's mq, with a queue in use that has no fq
    foreign_fq,       // set by somebody else, and holds packets till their time
    foreign,          // set by somebody else
};

// What stands at one interface.
struct DeviceQdisc {
    std::string kind = "noop";  // of the root; "noop" where there is none yet
    PacingState state = PacingState::kernel_default;
    std::vector<Qdisc> fqs;       // where packets wait: the root, or those under Weir's or another's mq
    std::size_t queues = 0;       // kind mq: in use
    std::size_t queues_bare = 0;  // … that have no fq
    [[nodiscard]] bool is_ours() const { return state == PacingState::ours || state == PacingState::ours_incomplete; }
};
DeviceQdisc device_qdisc(std::uint32_t ifindex, const std::vector<Qdisc>& qdiscs);

// What an operator should know where packets with a departure time leave, or nothing: a line to follow the interface's
// name. `qdisc_state` is weir_vnic_info.qdisc.
std::string pacing_note(const DeviceQdisc& standing, std::uint32_t qdisc_state, const FqSizes& sizes);

// Puts Weir's fq in place of the kernel's default, or completes it. Errc::unsupported: this kernel has no fq. Errc::
// conflict: another owner's qdisc stands there meanwhile. A failure leaves the kernel's default.
Result<void> install_fq(std::uint32_t ifindex, const DeviceQdisc& standing, const FqSizes& sizes);

// Makes the limits of Weir's fq at least these. They never shrink: fq would drop what is beyond, and room costs
// nothing.
Result<void> grow_fq(std::uint32_t ifindex, const DeviceQdisc& standing, const FqSizes& sizes);

// Takes Weir's fq off, so that the kernel's default comes back; nothing if it does not stand there. Waits until what is
// in it has left, `drain` at most: a queue whose reader has stopped never empties. Returns the kind that stands then.
Result<std::string> remove_fq(std::uint32_t ifindex, std::chrono::milliseconds drain = std::chrono::milliseconds(400));

}  // namespace weir
