// SPDX-License-Identifier: GPL-2.0-or-later
// The maps and programs of this network namespace, loaded once and pinned; everything else goes through them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "shared/abi.h"

namespace weir {

// Open files of what is pinned in one state directory. Owns only the files: closing them changes nothing.
struct Instance {
    std::string directory;
    Fd vnics;
    Fd vnic_info;
    Fd ledgers;
    Fd flow_tables;
    Fd pulses;
    Fd limits;
    Fd tenant_info;
    Fd guards;
    Fd shares;
    Fd share_rounds;
    Fd tick_timer;
    Fd tick_settings;
    Fd settings;
    Fd tc_in;
    Fd tc_out;
    Fd clock;
};

// Programs that few instances need. Each is loaded and pinned with the first use of it: the kernel takes longer to verify
// these two than all the others together.
enum class OnDemand { xdp, tick };

// Opens it, and before that loads this binary's over the running maps if nobody has. Under StateLock.
Result<Fd> program_on_demand(const Instance& instance, OnDemand which);

// Opens what is pinned; nothing if Weir is not loaded in this network namespace.
Result<std::optional<Instance>> open_instance();

// Loads maps and programs, but for those on demand, and pins them, complete or not at all. Under StateLock.
Result<Instance> create_instance();

// Loads this binary's programs over the running maps and pins them in place of the old ones, those on demand only where
// there is an old one. Whoever is attached keeps the old ones until update_hooks. Under StateLock.
Result<void> reload_programs(Instance& instance);

// Removes what a process killed in the middle of that has left. Under StateLock.
void remove_unfinished_reload(const Instance& instance);

// Whether the pinned programs are the ones that this binary carries.
Result<bool> programs_are_current(const Instance& instance);

// Which weir loaded the running programs: "0.1.0+5f3a90c1".
Result<std::string> running_version(const Instance& instance);

// Every slot of vnic_info, WEIR_VNICS_MAX of them.
Result<std::vector<weir_vnic_info>> read_vnic_infos(const Instance& instance);
Result<void> write_vnic_info(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info);

// The kernel's clocks, as the programs read them.
Result<weir_clock_sample> read_clock(const Instance& instance);

// Id of a program behind a file; 0 if it cannot be told.
std::uint32_t program_id(int program_fd);

}  // namespace weir
