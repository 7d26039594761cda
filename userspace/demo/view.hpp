// SPDX-License-Identifier: GPL-2.0-or-later
// The table that is drawn again and again in place while the traffic runs.
#pragma once

#include <string>

#include "core/result.hpp"
#include "model/ledger.hpp"
#include "report/report.hpp"

namespace weir::demo {

class LiveView {
public:
    // Draws only if stdout is a terminal.
    LiveView(const Style& style, unsigned seconds);
    ~LiveView() { erase(); }
    LiveView(const LiveView&) = delete;
    LiveView& operator=(const LiveView&) = delete;

    // One line instead of the table: what is going on.
    void say(const std::string& line);
    // Reads Weir's figures and draws them, with the rates since the last time.
    Result<void> refresh(double elapsed_s);
    void erase();

private:
    void draw(const std::string& text);

    Style style_;
    unsigned seconds_;
    bool terminal_;
    std::size_t lines_ = 0;  // that stand on the terminal now
    LedgerSnapshot before_;
};

}  // namespace weir::demo
