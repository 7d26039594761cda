// SPDX-License-Identifier: GPL-2.0-or-later
// Everything that `weir doctor` looks at, read once. Nothing needs to be attached; nothing is changed.
//
// Example:
//     WEIR_TRY(const auto drops, DropWatch::start());
//     WEIR_TRY(const auto before, collect_doctor("eth0", &drops));
//     ...
//     WEIR_TRY(const auto after, collect_doctor("eth0", &drops));
//     const Diagnosis diagnosis = diagnose(before, after, {.interface = "eth0"});
#pragma once

#include <string>

#include "collect/drops.hpp"
#include "core/result.hpp"
#include "model/doctor.hpp"

namespace weir {

// `interface` is the one that the user asks about; empty: all. An unknown one is an error that names what there is.
// What cannot be read is said in `missing`; only without the list of interfaces there is nothing to say at all.
// `drops` may be nullptr.
Result<DoctorSnapshot> collect_doctor(const std::string& interface, const DropWatch* drops);

}  // namespace weir
