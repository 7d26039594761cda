#include "top/feed.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

namespace weir::top {
namespace {

constexpr std::uint64_t first_pause_ns = 250'000'000;      // between the first two readings, which make the first rates
constexpr std::uint64_t verdict_pause_ns = 5'000'000'000;  // at least, between two looks at the last minute

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

// What is of one tenant's interest, of everything that was read.
TopDetail detail_of(const std::string& tenant, const LoadSnapshot& loads) {
    TopDetail detail;
    detail.tenant = tenant;
    detail.ledgers.taken_ns = detail.latency.taken_ns = loads.taken_ns;
    for (const VnicState& state : loads.vnics) {
        if (state.vnic.tenant != tenant || state.vnic.role == Role::uplink) continue;
        detail.ledgers.vnics.push_back({state.vnic, state.ledger});
        detail.latency.vnics.push_back({state.vnic, state.latency});
    }
    return detail;
}

}  // namespace

// What is remembered from one reading to the next.
struct Feed::Reading {
    LoadSnapshot earlier;  // taken_ns 0: none yet
    LoadSnapshot later;    // and memory for the next
    TopFrame frame;
    std::uint64_t judge_at_ns = 0;
    std::string flows_of;
    FlowSnapshot flows;
};

Feed::Feed(std::unique_ptr<Source> source, std::uint64_t interval_ns)
    : source_(std::move(source)), interval_ns_(interval_ns), ready_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Feed::~Feed() {
    {
        const std::scoped_lock lock(mutex_);
        stops_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

std::shared_ptr<const TopFrame> Feed::newest() const {
    const std::scoped_lock lock(mutex_);
    return newest_;
}

std::shared_ptr<const TopFrame> Feed::take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t ignored = ::read(ready_.get(), &count, sizeof(count));
    return newest();
}

void Feed::open(const std::string& tenant) {
    {
        const std::scoped_lock lock(mutex_);
        if (tenant == opened_) return;
        opened_ = tenant;
        is_asked_ = !tenant.empty();
    }
    changed_.notify_one();
}

void Feed::publish(TopFrame frame) {
    {
        const std::scoped_lock lock(mutex_);
        newest_ = std::make_shared<const TopFrame>(std::move(frame));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t ignored = write(ready_.get(), &one, sizeof(one));
}

// False: it is to end.
bool Feed::wait(std::uint64_t pause_ns) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::nanoseconds(pause_ns), [&] { return stops_ || is_asked_; });
    is_asked_ = false;
    return !stops_;
}

void Feed::read(Reading& reading) {
    TopFrame& frame = reading.frame;
    std::string opened;
    {
        const std::scoped_lock lock(mutex_);
        opened = opened_;
    }
    LoadSnapshot& loads = reading.later;
    if (auto read = source_->loads(loads); !read) {
        frame.trouble = to_line(read.error());
        return;
    }
    frame.trouble.clear();
    frame.taken_ns = loads.taken_ns;
    frame.share = loads.share;
    if (reading.earlier.taken_ns != 0) frame.loads = loads_of(reading.earlier, loads);
    frame.detail.reset();
    if (opened.empty()) {
        reading.flows_of.clear();
    } else {
        frame.detail = detail_of(opened, loads);
        if (auto flows = source_->flows(opened)) {
            const bool again = reading.flows_of == opened && reading.flows.taken_ns < flows->taken_ns;
            frame.detail->flows_window_ns = again ? flows->taken_ns - reading.flows.taken_ns : 0;
            frame.detail->flows = again ? window_of(reading.flows, *flows) : *flows;
            reading.flows = std::move(*flows);
            reading.flows_of = opened;
        }
    }
    std::swap(reading.earlier, reading.later);
    if (const auto begun_ns = now_ns(); begun_ns >= reading.judge_at_ns) {
        if (auto window = source_->pulses()) {
            window->conntrack.failed = 0;  // since when, nobody knows
            frame.verdicts = noisy::judge(*window, {});
        }
        // A look back of many vNICs shall not take more than a twentieth of a CPU.
        const auto took_ns = now_ns() - begun_ns;
        reading.judge_at_ns = begun_ns + std::max(verdict_pause_ns, 20 * took_ns);
    }
    mark_verdicts(frame.loads, frame.verdicts);
}

void Feed::run() {
    Reading reading;
    reading.frame.interval_ns = interval_ns_;
    auto due_ns = now_ns();
    for (;;) {
        const bool is_first = reading.earlier.taken_ns == 0;
        const auto begun_ns = now_ns();
        read(reading);
        reading.frame.reading_ns = now_ns() - begun_ns;
        const bool has_rates = !is_first || !reading.frame.trouble.empty();
        if (has_rates) publish(reading.frame);
        due_ns = std::max(due_ns + (has_rates ? interval_ns_ : std::min(interval_ns_, first_pause_ns)),
                          begun_ns + 4 * reading.frame.reading_ns);
        const auto then_ns = now_ns();
        if (!wait(due_ns > then_ns ? due_ns - then_ns : 0)) return;
        due_ns = std::min(due_ns, now_ns());  // it was asked for, earlier than due
    }
}

}  // namespace weir::top
