// SPDX-License-Identifier: GPL-2.0-or-later
// The help, of report/top.hpp.
#include "report/top.hpp"
#include "report/top_parts.hpp"

namespace weir::top {

std::vector<TopLine> help_lines(const TopScreen& screen) {
    // No line longer than 79 columns.
    auto lines = lines_of("up, down, PgUp, PgDn, Home, End   choose a tenant; scroll in an opened one\n"
                          "Enter    open it: flows (f), latency (l), drops (d), Tab the next; Esc back\n"
                          "s, S     sort by the next key, by the one before: load (tx and rx), tx, rx,\n"
                          "         packets, flows, latency, drops, name; r reverses\n"
                          "/        only tenants with these letters in their or an interface's name\n"
                          "p        pause, and go on; q quits\n"
                          "\n"
                          "TX, RX   bit/s that were let through, as the tenant sees it\n"
                          "OF MAX   that of its limit; without one, of twice its fair share. The mark is\n"
                          "         its fair share, beyond it is lent by others; yellow: it is held back\n"
                          "PPS      packets a second, both directions\n"
                          "FLOWS    those with a packet in the last ten seconds\n"
                          "P99      of 100 packets 99 took no longer through this host\n"
                          "RTT99    the same of the round trip from here to the network and back\n"
                          "DROPS    packets that Weir dropped in this interval\n"
                          "!hog     it disturbs others, says weir noisy; likewise !flood (of packets),\n"
                          "         !burst, !syn, !scan, !churn, !conns (conntrack), !bcast (storm),\n"
                          "         !spoof, !ddos (comes in); harmed: another disturbs it\n",
                          screen);
    LineMaker title(screen);
    title.put("weir top: keys and columns", TopTone::title);
    lines.insert(lines.begin(), {title.take(), TopLine{}});
    const bool is_cut = lines.size() + 1 > screen.lines;
    lines.resize(screen.lines - 1);
    LineMaker foot(screen);
    foot.put(is_cut ? "any key goes back (a taller screen shows more)" : "any key goes back", TopTone::dim);
    lines.push_back(foot.take());
    return lines;
}

}  // namespace weir::top
