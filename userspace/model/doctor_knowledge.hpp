// SPDX-License-Identifier: GPL-2.0-or-later
// What doctor knows: one table of causes, with their words, and one of signs, which say what points to which cause.
// To teach it something, add a line there; no other code changes.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "model/doctor.hpp"

namespace weir {

// Something that can be wrong.
struct Cause {
    std::string_view id;
    Severity severity = Severity::warning;
    // Fewer than so many in a window are worth mentioning and no alarm (info).
    std::uint32_t alarm_at = 1;
    std::string_view unit;
    std::string_view meaning;  // a sentence
    // A plain instruction or a command; never carried out. IFACE, TENANT and DIRECTION (tx or rx) become what they are.
    std::string_view fix;
    std::string_view kernels = "all";
    bool is_general = false;  // only says that something was lost: gives way to what says why
};

// How a reading counts for its cause.
enum class SignKind {
    counts,    // its growth is the number of what happened
    supports,  // its growth bears the cause out, in other units, and never makes a finding alone
};

struct Sign {
    std::string_view cause;
    std::string_view metric;  // one '*' stands for anything
    SignKind kind = SignKind::counts;
    // Growth of these is another cause's and is taken off.
    std::array<std::string_view, 3> minus{};
    std::string_view only_if{};    // counts only if this has grown too
    std::string_view unless{};     // … if this has not
    std::string_view nic_kinds{};  // "tap macvtap": only at these
};

// A level against another, or growth of one against growth of another.
struct Ratio {
    std::string_view cause;
    std::string_view metric;
    std::string_view of;  // "window_ns": how long was watched; empty: 1
    bool is_growth = false;
    double alarm_at = 1.0;
    std::uint64_t least = 0;  // of `metric`: below it the ratio says nothing
};

std::span<const Cause> doctor_causes();
std::span<const Sign> doctor_signs();
std::span<const Ratio> doctor_ratios();
const Cause* find_cause(std::string_view id);

}  // namespace weir
