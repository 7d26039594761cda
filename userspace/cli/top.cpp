// SPDX-License-Identifier: GPL-2.0-or-later
// weir top
#include <poll.h>

#include <memory>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/read.hpp"
#include "cli/window.hpp"
#include "collect/collect.hpp"
#include "command_line/values.hpp"
#include "core/clock.hpp"
#include "report/top.hpp"
#include "top/feed.hpp"
#include "top/screen.hpp"
#include "top/top.hpp"

namespace weir::cli {
namespace {

constexpr std::uint64_t usual_interval_ns = second_ns;
constexpr std::uint64_t simulated_max = 100'000;

struct TopWords {
    std::string selector;
    std::string interval;
    std::string sort = "load";
    std::string simulate;
};

// An object a line for every reading, until Ctrl-C or until nobody reads them.
Result<int> print_frames(top::Feed& feed, const TopState& state, const OutputFormat& format) {
    const InterruptibleWait wait;
    for (;;) {
        pollfd ready{.fd = feed.ready_fd(), .events = POLLIN, .revents = 0};
        constexpr std::uint64_t step_ns = 50'000'000;
        while (poll(&ready, 1, 0) == 0)
            if (!wait.until(monotonic_ns() + step_ns)) return 0;
        const auto frame = feed.take();
        if (!frame->trouble.empty()) return fail(Errc::failed, "cannot read any more", frame->trouble);
        WEIR_CHECK(print(top_json(*frame, state), format));
        if (reader_has_gone()) return 0;
    }
}

Result<int> run_top(const TopWords& words, const OutputFormat& format) {
    TopState state;
    WEIR_TRY(state.order.sort,
             word_of("--sort", "load, tx, rx, packets, flows, latency, drops or name", words.sort, load_sort_from));
    auto interval_ns = usual_interval_ns;
    if (!words.interval.empty()) {
        WEIR_TRY(interval_ns, duration_of(words.interval, "--interval"));
    }
    std::uint64_t vnics = 0;
    if (!words.simulate.empty()) {
        WEIR_TRY(vnics, number_of("--simulate", words.simulate, 1, simulated_max));
    }
    if (!format.for_programs()) WEIR_CHECK(top::check_terminal());
    std::unique_ptr<top::Source> source;
    if (vnics != 0) {
        source = top::simulated_source(vnics, interval_ns);
    } else {
        // What is wrong from the start is said before the terminal is taken.
        WEIR_TRY(const auto ledgers, collect_ledgers(words.selector));
        if (ledgers.vnics.empty() && !format.for_programs()) {
            say_nothing_attached();
            return 0;
        }
        source = top::live_source(words.selector);
    }
    if (format.for_programs()) {
        top::Feed feed(std::move(source), interval_ns);
        return print_frames(feed, state, format);
    }
    WEIR_CHECK(top::show(std::move(source), interval_ns, std::move(state)));
    return 0;
}

}  // namespace

void add_top(CLI::App& app, Program& program) {
    const auto words = std::make_shared<TopWords>();
    CLI::App& command =
        add_command(app, program, group_read, "top", "Show live who is loud, what holds them, and who suffers.",
                    "  weir top\n"
                    "  weir top web --interval 2 --sort drops\n"
                    "  weir top -j | head -1\n\n"
                    "Keys: ? tells them; q quits.");
    add_selector(command, words->selector);
    command
        .add_option("--interval", words->interval,
                    fmt::format("Read every so many seconds, {} [{}]", duration_range(), usual_interval_ns / second_ns))
        ->option_text("S");
    command
        .add_option("--sort", words->sort,
                    "load (tx and rx), tx, rx, packets, flows, latency,\ndrops or name, the most first [load]")
        ->option_text("KEY");
    command.add_option("--simulate", words->simulate, "Show so many made-up vNICs, to see how that looks")
        ->option_text("N");
    on_chosen(command, program, [words, &program] { return run_top(*words, program.format); });
}

}  // namespace weir::cli
