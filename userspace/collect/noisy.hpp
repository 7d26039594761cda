// SPDX-License-Identifier: GPL-2.0-or-later
// Reads the pulses of the attached vNICs: the last minute, without having watched it. Takes no lock; a reader never
// stops a packet.
#pragma once

#include <cstddef>
#include <string>

#include "core/result.hpp"
#include "model/noisy.hpp"

namespace weir {

inline constexpr std::size_t noisy_look_back_slots = 600;

// The last `slots` whole slots (at most noisy_look_back_slots) of every attached vNIC; a window without vNICs where
// nothing is attached.
Result<noisy::Window> collect_pulses(std::size_t slots);

// Adds what is in `later` and not in `window`, both of this machine. What was detached meanwhile goes, what was
// attached comes with slots of zeros before.
void append(noisy::Window& window, const noisy::Window& later);

}  // namespace weir
