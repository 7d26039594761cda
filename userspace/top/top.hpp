// `weir top`: shows frames and follows keys until the user has enough.
#pragma once

#include "core/result.hpp"
#include "model/top.hpp"
#include "top/feed.hpp"

namespace weir::top {

// Takes the terminal until q, Ctrl-C, or the terminal's end; a process told to terminate gives the terminal back first
// and then ends by that signal.
Result<void> show(Feed& feed, TopState state);

}  // namespace weir::top
