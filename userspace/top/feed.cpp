// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/feed.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include "core/clock.hpp"

namespace weir::top {
namespace {

constexpr std::uint64_t first_pause_ns = 250'000'000;      // between the first two readings, which make the first rates
constexpr std::uint64_t verdict_pause_ns = 5'000'000'000;  // at least, between two looks at the last minute
constexpr std::uint64_t verdict_rest = 19;                 // as top_reading_rest: a twentieth of a CPU

std::chrono::nanoseconds until(std::uint64_t moment_ns) {
    const auto now = monotonic_ns();
    return std::chrono::nanoseconds(moment_ns - std::min(moment_ns, now));
}

}  // namespace

Feed::Feed(std::unique_ptr<Source> source, std::uint64_t interval_ns)
    : source_(std::move(source)), interval_ns_(interval_ns), ready_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    current_.interval_ns = interval_ns;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    constexpr std::array work{&Feed::read_list, &Feed::read_opened, &Feed::read_verdicts};
    running_ = static_cast<int>(work.size());
    for (std::size_t i = 0; i < work.size(); i++)
        threads_.at(i) = std::thread([this, job = work.at(i)] {
            (this->*job)();
            const std::scoped_lock lock(mutex_);
            running_--;
            changed_.notify_all();
        });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Feed::~Feed() {
    (void)stop(0);
    for (auto& thread : threads_)
        thread.join();
}

bool Feed::stop(std::uint64_t patience_ns) {
    std::unique_lock lock(mutex_);
    stops_ = true;
    changed_.notify_all();
    return changed_.wait_for(lock, std::chrono::nanoseconds(patience_ns), [&] { return running_ == 0; });
}

std::shared_ptr<const TopFrame> Feed::take() {
    eventfd_t count = 0;
    (void)eventfd_read(ready_.get(), &count);
    const std::scoped_lock lock(mutex_);
    return newest_;
}

void Feed::open(const std::string& tenant) {
    const std::scoped_lock lock(mutex_);
    if (tenant == opened_) return;
    opened_ = tenant;
    current_.detail.reset();
    current_.detail_trouble.clear();
    changed_.notify_all();
}

// Under the lock. What went wrong before the first rates is a frame too.
void Feed::publish() {
    if (current_.taken_ns == 0 && current_.trouble.empty()) return;
    newest_ = std::make_shared<const TopFrame>(current_);
    (void)eventfd_write(ready_.get(), 1);
}

// False: it is to end.
bool Feed::rest(std::uint64_t until_ns) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, until(until_ns), [&] { return stops_; });
    return !stops_;
}

void Feed::read_list() {
    LoadSnapshot earlier;  // taken_ns 0: none yet
    LoadSnapshot later;
    for (auto due_ns = monotonic_ns();;) {
        const auto begun_ns = monotonic_ns();
        const auto read = source_->loads(later);
        const bool is_first = earlier.taken_ns == 0;
        std::optional<Loads> loads;
        if (read && !is_first) loads = loads_of(earlier, later);
        const auto took_ns = monotonic_ns() - begun_ns;
        {
            const std::scoped_lock lock(mutex_);
            current_.trouble = read ? "" : to_line(read.error());
            if (loads) {
                current_.taken_ns = begun_ns;
                current_.reading_ns = took_ns;
                current_.loads = std::move(*loads);
                current_.share = later.share;
                mark_verdicts(current_.loads, current_.verdicts);
            }
            if (loads || !read) publish();
        }
        due_ns += is_first && read ? std::min(interval_ns_, first_pause_ns) : interval_ns_;
        due_ns = std::max(due_ns, begun_ns + (1 + top_reading_rest) * took_ns);
        if (read) std::swap(earlier, later);
        if (!rest(due_ns)) return;
    }
}

// The tenant to be read next, once it is due or another was opened.
std::string Feed::next_opened(const std::string& tenant, std::uint64_t due_ns) {
    std::unique_lock lock(mutex_);
    const auto is_other = [&] { return stops_ || opened_ != tenant; };
    if (tenant.empty())
        changed_.wait(lock, is_other);
    else
        changed_.wait_for(lock, until(due_ns), is_other);
    return opened_;
}

void Feed::read_opened() {
    std::string tenant;
    std::optional<TopReading> first;  // of this tenant, without its flows
    TopReading before;
    for (std::uint64_t due_ns = 0;;) {
        auto next = next_opened(tenant, due_ns);
        if (next != tenant) first.reset();
        tenant = std::move(next);
        {
            const std::scoped_lock lock(mutex_);
            if (stops_) return;
        }
        const auto begun_ns = monotonic_ns();
        auto reading = source_->tenant(tenant);
        std::shared_ptr<const TopDetail> detail;
        if (reading && !tenant.empty()) {
            if (!first) {
                first = before = *reading;
                first->flows = {};
            }
            detail = std::make_shared<const TopDetail>(detail_of(tenant, *first, before, *reading));
            before = std::move(*reading);
        }
        due_ns = std::max(begun_ns + interval_ns_, begun_ns + (1 + top_reading_rest) * (monotonic_ns() - begun_ns));
        const std::scoped_lock lock(mutex_);
        if (opened_ != tenant || tenant.empty()) continue;
        current_.detail_trouble = reading ? "" : to_line(reading.error());
        if (detail) current_.detail = std::move(detail);
        publish();
    }
}

void Feed::read_verdicts() {
    for (;;) {
        const auto begun_ns = monotonic_ns();
        if (auto window = source_->pulses()) {
            window->conntrack.failed = 0;  // since when, nobody knows
            auto report = noisy::judge(*window, {});
            const std::scoped_lock lock(mutex_);
            current_.verdicts = std::move(report);
            mark_verdicts(current_.loads, current_.verdicts);
            publish();
        }
        const auto took_ns = monotonic_ns() - begun_ns;
        if (!rest(begun_ns + std::max(verdict_pause_ns, (1 + verdict_rest) * took_ns))) return;
    }
}

}  // namespace weir::top
