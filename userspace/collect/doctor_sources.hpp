// SPDX-License-Identifier: GPL-2.0-or-later
// The sources, each adding its readings. Internal to collect/.
#pragma once

#include <string>

#include "collect/drops.hpp"
#include "collect/parts.hpp"
#include "core/result.hpp"
#include "model/doctor.hpp"

namespace weir::doctor_sources {

// Machine-wide tables and sysctls show in the initial network namespace only.
bool is_initial_network_namespace();

// rtnetlink, ethtool and sysfs: links, qdiscs, drivers, neighbours.
Result<void> add_interfaces(DoctorSnapshot& snapshot, const std::string& interface);

// /proc/net: protocols, CPUs' backlogs, connection tracking, sockets.
void add_protocols(DoctorSnapshot& snapshot);
void add_softnet(DoctorSnapshot& snapshot);
void add_conntrack(DoctorSnapshot& snapshot);
void add_machine_tables(DoctorSnapshot& snapshot);
void add_sockets(DoctorSnapshot& snapshot);

// /proc: steal, and how long the threads of VMs waited for a CPU.
void add_cpu_time(DoctorSnapshot& snapshot);
void add_vm_threads(DoctorSnapshot& snapshot);

// nf_tables: rules that drop, and count what they drop.
void add_firewall(DoctorSnapshot& snapshot);

// Drops of Weir's own, from its ledgers.
void add_ledgers(DoctorSnapshot& snapshot);
void add_shares(DoctorSnapshot& snapshot);

// Drops that the tracer saw, normal ends left out. Weir's own are not taken out of the kernel's rows.
void add_traced(DoctorSnapshot& snapshot, const DropWatch& drops);

}  // namespace weir::doctor_sources
