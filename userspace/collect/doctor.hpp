// Everything that `weir doctor` looks at, read once. Nothing needs to be attached; nothing is changed.
//
// Example:
//     WEIR_TRY(const auto before, collect_doctor("eth0"));
//     ...
//     WEIR_TRY(const auto after, collect_doctor("eth0"));
//     const Diagnosis diagnosis = diagnose(before, after, {.interface = "eth0"});
#pragma once

#include <string>

#include "core/result.hpp"
#include "model/doctor.hpp"

namespace weir {

// `interface` is the one that the user asks about; empty: all. An unknown one is an error that names what there is.
// What cannot be read is said in `missing`; only without the list of interfaces there is nothing to say at all.
Result<DoctorSnapshot> collect_doctor(const std::string& interface);

}  // namespace weir
