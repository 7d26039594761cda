// Reads snapshots in a thread of its own and makes frames of them, so that whoever shows them never waits for a
// reading.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "model/top.hpp"
#include "top/source.hpp"

namespace weir::top {

class Feed {
public:
    // Begins to read, every `interval_ns`; less often where reading takes more than a quarter of that. Signals are
    // blocked in its thread.
    Feed(std::unique_ptr<Source> source, std::uint64_t interval_ns);
    // Waits for a reading that is under way.
    ~Feed();
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    // The newest frame; nothing before the first. A failed reading makes a frame with its trouble.
    [[nodiscard]] std::shared_ptr<const TopFrame> newest() const;
    // Readable when there is a newer frame than the last that was taken; taking it makes it unreadable.
    [[nodiscard]] int ready_fd() const { return ready_.get(); }
    std::shared_ptr<const TopFrame> take();
    // From now on frames have this tenant's details; empty: none. The next reading comes at once.
    void open(const std::string& tenant);

private:
    struct Reading;
    void run();
    void read(Reading& reading);
    void publish(TopFrame frame);
    bool wait(std::uint64_t pause_ns);

    std::unique_ptr<Source> source_;
    std::uint64_t interval_ns_;
    Fd ready_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<const TopFrame> newest_;
    std::string opened_;
    bool is_asked_ = false;
    bool stops_ = false;
    std::thread thread_;  // last: it uses the others
};

}  // namespace weir::top
