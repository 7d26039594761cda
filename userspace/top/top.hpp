// SPDX-License-Identifier: GPL-2.0-or-later
// `weir top`: shows frames and follows keys until the user has enough.
#pragma once

#include <cstdint>
#include <memory>

#include "core/result.hpp"
#include "model/top.hpp"
#include "top/source.hpp"

namespace weir::top {

// Takes the terminal until q, Ctrl-C, or the terminal's end; a process told to terminate gives the terminal back first
// and then ends by that signal. Keys are never kept waiting by a reading: one that is still under way at the end, and
// lasts, is left to end with the process, which then does not return from here.
Result<void> show(std::unique_ptr<Source> source, std::uint64_t interval_ns, TopState state);

}  // namespace weir::top
