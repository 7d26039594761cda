// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "lib/histogram.h"
#include "top/source.hpp"

namespace weir::top {
namespace {

constexpr std::uint64_t fair_bps = 100'000'000;
// Of every third, by Direction.
constexpr std::array<std::uint64_t, WEIR_DIRECTIONS> max_bps{200'000'000, 100'000'000};
constexpr std::uint64_t packet_bytes = 1000;

constexpr std::uint64_t begun_ns = 3'600'000'000'000;  // of the simulated clock

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

TenantShare share_of(std::string tenant) {
    TenantShare share;
    share.tenant = std::move(tenant);
    for (ShareUse& use : share.use) {
        use.fair_bps = use.rate_bps = use.grant_bps = fair_bps;
        use.reason = ShareReason::weight;
    }
    return share;
}

TenantLimitState limit_of(std::string tenant) {
    TenantLimitState limited;
    limited.tenant = std::move(tenant);
    limited.state.limit.tx.max_bps = max_bps[WEIR_TX];
    limited.state.limit.rx.max_bps = max_bps[WEIR_RX];
    return limited;
}

std::string tenant_at(std::size_t number) { return fmt::format("tenant-{:04}", number); }

bool is_limited(std::size_t number) { return number % 3 == 0; }

// Packets a second. A quarter is idle; of the others one has a multiple of the next. All even, so that half a second
// has a whole number of them.
std::uint64_t rate_of(std::size_t number, Direction direction) {
    const auto chance = mixed(number + 1) >> (8 * static_cast<int>(direction));
    const auto rate = number % 4 == 3 ? 0 : std::uint64_t{2} << chance % 16;
    return is_limited(number) ? std::min(rate, max_bps.at(static_cast<std::size_t>(direction)) / packet_bytes / 8)
                              : rate;
}

Count count_of(std::uint64_t rate, std::uint64_t at_ns) {
    const std::uint64_t packets = rate * ((at_ns - begun_ns) / 1'000'000) / 1000;
    return {packets, packets * packet_bytes};
}

// The vNIC of that number at that moment.
void fill(VnicState& state, std::size_t number, std::uint64_t at_ns) {
    const auto chance = mixed(number + 1);
    state.vnic.slot = static_cast<std::uint32_t>(number);
    state.vnic.ifindex = static_cast<std::uint32_t>(number + 10);
    state.vnic.interface = fmt::format("vnet{}", number);
    state.vnic.tenant = tenant_at(number);
    state.flows = chance % 500;
    for (Direction direction : directions) {
        const Count all = count_of(rate_of(number, direction), at_ns);
        auto& ledger = state.ledger.of(direction);
        ledger.skbs = all.packets;
        ledger.classes[WEIR_CLASS_IPV4_TCP] = all;
        ledger.drops[WEIR_DROP_RATE] = {all.packets >> 7, (all.packets >> 7) * packet_bytes};
        state.latency.of(direction == Direction::tx ? LatencyKind::host_tx : LatencyKind::host_rx) =
            delays(all.packets, chance);
    }
    state.latency.of(LatencyKind::rtt_network) = delays((at_ns - begun_ns) / 1'000'000, chance >> 5);
}

// As many as are said to be alive, each with less than the one before; what is left over is the first's.
FlowSnapshot flows_of(const VnicState& state, std::size_t number, std::uint64_t at_ns) {
    FlowSnapshot snapshot;
    snapshot.taken_ns = at_ns;
    snapshot.untracked.push_back({.interface = state.vnic.interface, .tenant = state.vnic.tenant});
    const auto count = state.flows.value_or(0);
    Count tx;
    Count rx;
    for (std::uint64_t place = count; place-- > 0;) {
        Flow flow;
        flow.interface = state.vnic.interface;
        flow.tenant = state.vnic.tenant;
        flow.key.slot = state.vnic.slot;
        flow.key.protocol = place % 4 == 3 ? 17 : 6;
        flow.key.tenant_port = static_cast<std::uint16_t>(32768 + place);
        flow.key.peer_port = 443;
        flow.key.tenant_address = {.family = 4, .bytes = {10, 0, 0, 2}};
        flow.key.peer_address = {.family = 4, .bytes = {192, 0, 2, static_cast<std::uint8_t>(place)}};
        const auto part = [&](Direction direction, Count& sum) {
            const auto rate = rate_of(number, direction) * (count - place) / (count * (count + 1)) * 2;
            const Count own = place == 0 ? state.ledger.of(direction).total() - sum : count_of(rate, at_ns);
            sum += own;
            return own;
        };
        flow.tx = part(Direction::tx, tx);
        flow.rx = part(Direction::rx, rx);
        flow.first_seen_ns = begun_ns;
        flow.last_seen_ns = at_ns;
        snapshot.flows.push_back(std::move(flow));
    }
    return snapshot;
}

class Simulated : public Source {
public:
    Simulated(std::size_t vnics, std::uint64_t interval_ns) : count_(vnics), interval_ns_(interval_ns) {}

    Result<void> loads(LoadSnapshot& snapshot) override {
        snapshot.taken_ns = begun_ns + interval_ns_ * ++readings_;
        // What a vNIC has of counters is written whole, so what stood there does not matter.
        snapshot.vnics.resize(count_ + 1);
        VnicState& uplink = snapshot.vnics.back();
        uplink.vnic.slot = static_cast<std::uint32_t>(count_);
        uplink.vnic.interface = uplink.vnic.tenant = "uplink0";
        uplink.vnic.role = Role::uplink;
        uplink.vnic.capacity_bps = fair_bps * count_;
        uplink.ledger = {};
        snapshot.limits.clear();
        snapshot.share = {};
        snapshot.share.is_on = snapshot.share.is_running = true;
        snapshot.share.capacity_bps.fill(fair_bps * count_);
        for (std::size_t number = 0; number < count_; number++) {
            fill(snapshot.vnics[number], number, snapshot.taken_ns);
            for (Direction direction : directions)
                uplink.ledger.of(direction).classes[WEIR_CLASS_IPV4_TCP] +=
                    passed(snapshot.vnics[number].ledger.of(direction));
            snapshot.share.tenants.push_back(share_of(tenant_at(number)));
            if (is_limited(number)) snapshot.limits.push_back(limit_of(tenant_at(number)));
        }
        return {};
    }

    Result<TopReading> tenant(const std::string& name) override {
        TopReading reading;
        std::size_t number = 0;
        while (number < count_ && tenant_at(number) != name)
            number++;
        if (number == count_) return reading;
        const auto at_ns = begun_ns + interval_ns_ * ++tenant_readings_;
        VnicState state;
        fill(state, number, at_ns);
        reading.flows = flows_of(state, number, at_ns);
        reading.ledgers = {.taken_ns = at_ns, .vnics = {{state.vnic, state.ledger}}};
        reading.latency = {.taken_ns = at_ns, .vnics = {{state.vnic, state.latency}}};
        reading.drops.taken_ns = at_ns;
        reading.drops.traced = true;
        for (Direction direction : directions) {
            DropRow row;
            row.interface = state.vnic.interface;
            row.tenant = name;
            row.direction = direction;
            row.source = DropSource::weir;
            row.reason = drop_reason_name(WEIR_DROP_RATE);
            row.location = "simulated";
            row.packets = state.ledger.of(direction).drop_total().packets;
            if (row.packets != 0) reading.drops.rows.push_back(std::move(row));
        }
        return reading;
    }

    Result<noisy::Window> pulses() override { return noisy::Window{}; }

private:
    std::size_t count_;
    std::uint64_t interval_ns_;
    std::uint64_t readings_ = 0;         // of loads()
    std::uint64_t tenant_readings_ = 0;  // of tenant(), which is called by another thread
};

}  // namespace

std::unique_ptr<Source> simulated_source(std::size_t vnics, std::uint64_t interval_ns) {
    return std::make_unique<Simulated>(vnics, interval_ns);
}

}  // namespace weir::top
