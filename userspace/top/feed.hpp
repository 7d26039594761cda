// SPDX-License-Identifier: GPL-2.0-or-later
// Reads a source in threads of its own and makes frames of it, so that whoever shows them never waits for a reading.
//
// Three threads: the list of tenants at each interval; the opened tenant likewise; verdicts every few seconds. None
// waits for another, and each rests in proportion to what its work took, so that a slow one gets slower and not dearer.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "model/top.hpp"
#include "top/source.hpp"

namespace weir::top {

class Feed {
public:
    // Begins to read, every `interval_ns`; less often where reading takes more than a fifth of that. Signals are
    // blocked in its threads.
    Feed(std::unique_ptr<Source> source, std::uint64_t interval_ns);
    // Waits for readings that are under way.
    ~Feed();
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    // Readable when there is a newer frame than the last that was taken; taking it makes it unreadable.
    [[nodiscard]] int ready_fd() const { return ready_.get(); }
    // The newest frame; nothing before the first. A failed reading makes a frame with its trouble.
    std::shared_ptr<const TopFrame> take();
    // From now on frames have this tenant's details; empty: none. The first reading of it comes at once.
    void open(const std::string& tenant);
    // Begins nothing any more. Whether all readings came to their end within `patience_ns`.
    bool stop(std::uint64_t patience_ns);

private:
    void read_list();
    void read_opened();
    void read_verdicts();
    bool rest(std::uint64_t until_ns);
    std::string next_opened(const std::string& tenant, std::uint64_t due_ns);
    void publish();

    std::unique_ptr<Source> source_;
    std::uint64_t interval_ns_;
    Fd ready_;
    std::mutex mutex_;  // of all that follows
    std::condition_variable changed_;
    TopFrame current_;
    std::shared_ptr<const TopFrame> newest_;
    std::string opened_;
    bool stops_ = false;
    int running_ = 0;
    std::array<std::thread, 3> threads_;  // last: they use the others
};

}  // namespace weir::top
