#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

#include "lib/histogram.h"
#include "top/source.hpp"

namespace weir::top {
namespace {

constexpr std::uint64_t capacity_bps = 10'000'000'000;
constexpr std::uint64_t packet_bytes = 1000;

std::uint64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

// Spreads the vNICs' numbers out, always in the same way.
std::uint64_t mixed(std::uint64_t number) {
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
    number = (number ^ number >> 27) * 0x94d049bb133111eb;
    return number ^ number >> 31;
}

Histogram delays(std::uint64_t packets, std::uint64_t seed) {
    weir_histogram raw{};
    if (packets == 0) return Histogram(raw);
    const auto lowest = static_cast<std::uint32_t>(40 + seed % 60);
    for (std::uint32_t i = 0; i < 6; i++) {
        auto& bucket = raw.buckets[lowest + i * 3];
        bucket.count = packets >> i;
        bucket.sum_ns = bucket.count * weir_histogram_low_ns(lowest + i * 3);
    }
    raw.not_min_ns = ~weir_histogram_low_ns(lowest);
    raw.max_ns = weir_histogram_low_ns(lowest + 5 * 3);
    return Histogram(raw);
}

class Simulated : public Source {
public:
    explicit Simulated(std::size_t vnics) : count_(vnics), begun_ns_(monotonic_ns()) {}

    Result<LoadSnapshot> loads() override {
        LoadSnapshot snapshot;
        snapshot.taken_ns = monotonic_ns();
        snapshot.vnics.resize(count_);
        snapshot.share.is_on = snapshot.share.is_running = true;
        snapshot.share.capacity_bps.fill(capacity_bps);
        for (std::size_t number = 0; number < count_; number++)
            fill(snapshot, number);
        return snapshot;
    }

    Result<TopReading> tenant(const std::string& name) override {
        TopReading reading;
        const auto all = loads();
        const auto found =
            std::ranges::find(all->vnics, name, [](const VnicState& state) { return state.vnic.tenant; });
        if (found == all->vnics.end()) return reading;
        reading.flows = flows(*found, all->taken_ns);
        reading.ledgers = {.taken_ns = all->taken_ns, .vnics = {{found->vnic, found->ledger}}};
        reading.latency = {.taken_ns = all->taken_ns, .vnics = {{found->vnic, found->latency}}};
        reading.drops.taken_ns = all->taken_ns;
        reading.drops.traced = true;
        for (Direction direction : directions) {
            DropRow row;
            row.interface = found->vnic.interface;
            row.tenant = name;
            row.direction = direction;
            row.source = DropSource::weir;
            row.reason = drop_reason_name(WEIR_DROP_RATE);
            row.location = "simulated";
            row.packets = found->ledger.of(direction).drop_total().packets;
            if (row.packets != 0) reading.drops.rows.push_back(std::move(row));
        }
        return reading;
    }

    Result<noisy::Window> pulses() override { return noisy::Window{}; }

private:
    // As many as are said to be alive; the first have more than the last.
    [[nodiscard]] FlowSnapshot flows(const VnicState& state, std::uint64_t taken_ns) const {
        FlowSnapshot snapshot;
        snapshot.taken_ns = taken_ns;
        snapshot.untracked.push_back({.interface = state.vnic.interface, .tenant = state.vnic.tenant});
        const auto count = state.flows.value_or(0);
        for (std::uint64_t number = 0; number < count; number++) {
            Flow flow;
            flow.interface = state.vnic.interface;
            flow.tenant = state.vnic.tenant;
            flow.key.slot = state.vnic.slot;
            flow.key.protocol = number % 4 == 3 ? 17 : 6;
            flow.key.tenant_port = static_cast<std::uint16_t>(32768 + number);
            flow.key.peer_port = 443;
            flow.key.tenant_address = {.family = 4, .bytes = {10, 0, 0, 2}};
            flow.key.peer_address = {.family = 4, .bytes = {192, 0, 2, static_cast<std::uint8_t>(number)}};
            const auto part = [&](const DirectionLedger& ledger) {
                const auto packets = ledger.total().packets * 2 * (count - number) / (count * (count + 1));
                return Count{packets, packets * packet_bytes};
            };
            flow.tx = part(state.ledger.tx);
            flow.rx = part(state.ledger.rx);
            flow.first_seen_ns = begun_ns_;
            flow.last_seen_ns = taken_ns;
            snapshot.flows.push_back(std::move(flow));
        }
        return snapshot;
    }

    void fill(LoadSnapshot& snapshot, std::size_t number) const {
        VnicState& state = snapshot.vnics[number];
        const auto chance = mixed(number + 1);
        state.vnic.slot = static_cast<std::uint32_t>(number);
        state.vnic.ifindex = static_cast<std::uint32_t>(number + 10);
        state.vnic.interface = fmt::format("vnet{}", number);
        state.vnic.tenant = fmt::format("tenant-{:04}", number);
        state.flows = chance % 500;
        const std::uint64_t seconds_1024 = (snapshot.taken_ns - begun_ns_) / 976'562;
        for (Direction direction : directions) {
            // A quarter is idle; of the others one has twice the rate of the next.
            const auto rate =
                number % 4 == 3 ? 0 : std::uint64_t{1} << (chance >> (8 * static_cast<int>(direction))) % 16;
            const std::uint64_t packets = rate * seconds_1024 / 1024;
            auto& ledger = state.ledger.of(direction);
            ledger.skbs = packets;
            ledger.classes[WEIR_CLASS_IPV4_TCP] = {packets, packets * packet_bytes};
            ledger.drops[WEIR_DROP_RATE] = {packets >> 7, (packets >> 7) * packet_bytes};
            state.latency.of(direction == Direction::tx ? LatencyKind::host_tx : LatencyKind::host_rx) =
                delays(packets, chance);
        }
        state.latency.of(LatencyKind::rtt_network) = delays(seconds_1024, chance >> 5);
        TenantShare share;
        share.tenant = state.vnic.tenant;
        for (ShareUse& use : share.use) {
            use.fair_bps = use.rate_bps = capacity_bps / count_;
            use.reason = ShareReason::weight;
        }
        snapshot.share.tenants.push_back(std::move(share));
        if (number % 3 != 0) return;
        TenantLimitState limited;
        limited.tenant = state.vnic.tenant;
        limited.state.limit.tx.max_bps = 200'000'000;
        limited.state.limit.rx.max_bps = 100'000'000;
        snapshot.limits.push_back(std::move(limited));
    }

    std::size_t count_;
    std::uint64_t begun_ns_;
};

}  // namespace

std::unique_ptr<Source> simulated_source(std::size_t vnics) { return std::make_unique<Simulated>(vnics); }

}  // namespace weir::top
