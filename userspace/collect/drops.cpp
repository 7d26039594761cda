// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/drops.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "collect/collect.hpp"
#include "core/clock.hpp"
#include "kernel/drop_names.hpp"
#include "kernel/drop_tracer.hpp"
#include "kernel/netlink.hpp"
#include "model/drop_reasons.hpp"

namespace weir {

struct DropWatch::State {
    std::optional<DropTracer> tracer;
    std::string untraced_why;
    bool is_kept = false;
    OwnDrops own_before;  // of a kept tracer
    DropReasonNames reasons;
    mutable KernelSymbols symbols;
};

namespace {

// What is known of interfaces while a snapshot is made.
struct Interfaces {
    std::vector<Link> links;
    std::vector<Vnic> vnics;

    [[nodiscard]] const Vnic* vnic(std::uint32_t ifindex) const {
        const auto at = std::ranges::find(vnics, ifindex, &Vnic::ifindex);
        return at == vnics.end() ? nullptr : &*at;
    }
    [[nodiscard]] std::string name(std::uint32_t ifindex) const {
        if (ifindex == 0) return {};
        if (const auto at = std::ranges::find(links, ifindex, &Link::ifindex); at != links.end()) return at->name;
        return fmt::format("#{}", ifindex);  // deleted meanwhile
    }
};

// At a tenant's interface on its host, what arrives is what the tenant sends; elsewhere the machine is the tenant.
std::optional<Direction> direction_of(std::uint32_t way, const Vnic* vnic) {
    if (way != WEIR_DROP_ARRIVING && way != WEIR_DROP_LEAVING) return std::nullopt;
    const bool is_host_end = vnic != nullptr && vnic->role == Role::vnic;
    return (way == WEIR_DROP_ARRIVING) == is_host_end ? Direction::tx : Direction::rx;
}

DropRow row_of(const DropCounts::Entry& entry, const Interfaces& interfaces, const DropReasonNames& reasons,
               KernelSymbols& symbols) {
    const auto& key = entry.key;
    const Vnic* vnic = interfaces.vnic(key.ifindex);
    DropRow row;
    row.interface = interfaces.name(key.ifindex);
    row.ifindex = key.ifindex;
    row.from = interfaces.name(key.from_ifindex);
    row.from_ifindex = key.from_ifindex;
    if (vnic != nullptr) row.tenant = vnic->tenant;
    row.source = DropSource::kernel;
    row.reason = reasons.name(key.reason);
    row.location = symbols.name(key.location);
    row.packets = entry.count.packets;
    row.skbs = entry.count.skbs;
    // XDP sees what arrives, and on a veth before the stack has marked the packet as arriving.
    const DropReason* const known = explain(row);
    const bool is_xdp = known != nullptr && known->name == "xdp";
    row.direction = direction_of(is_xdp ? std::uint32_t{WEIR_DROP_ARRIVING} : key.way, vnic);
    row.is_normal = is_normal_end(row);
    return row;
}

void add_kernel_rows(DropSnapshot& snapshot, const DropCounts& counts, const Interfaces& interfaces,
                     const DropReasonNames& reasons, KernelSymbols& symbols) {
    for (const auto& entry : counts.entries)
        snapshot.rows.push_back(row_of(entry, interfaces, reasons, symbols));
    for (std::uint32_t reason = 0; reason < counts.rest.size(); ++reason) {
        const auto& count = counts.rest[reason];
        if (count.skbs == 0) continue;
        DropRow row;
        row.reason = reason + 1 < counts.rest.size() ? reasons.name(reason) : "other";
        row.location = "(the table of places is full)";
        row.packets = count.packets;
        row.skbs = count.skbs;
        row.is_normal = is_normal_end(row);
        snapshot.rows.push_back(std::move(row));
    }
}

// `before` is what does not count: from before the kernel's drops were counted.
void add_own_rows(DropSnapshot& snapshot, const LedgerSnapshot& ledgers, const OwnDrops& before) {
    for (const auto& [vnic, ledger] : ledgers.vnics) {
        for (const Direction direction : directions) {
            for (std::size_t reason = 0; reason < WEIR_DROP_COUNT; ++reason) {
                const auto all = ledger.of(direction).drops[reason].packets;
                const auto packets = all - std::min(all, before.packets(vnic, direction, reason));
                if (packets == 0) continue;
                DropRow row;
                row.interface = vnic.interface;
                row.ifindex = vnic.ifindex;
                row.tenant = vnic.tenant;
                row.direction = direction;
                row.source = DropSource::weir;
                row.reason = drop_reason_name(reason);
                row.hook = hook_of(vnic, direction);
                row.location =
                    fmt::format("{} {}", to_string(row.hook), is_at_ingress(vnic, direction) ? "ingress" : "egress");
                row.packets = packets;
                snapshot.rows.push_back(std::move(row));
            }
        }
    }
}

Result<void> select(DropSnapshot& snapshot, const Interfaces& interfaces, const std::string& selector) {
    if (selector.empty()) return {};
    std::set<std::string> known;
    for (const auto& link : interfaces.links)
        known.insert(link.name);
    for (const auto& vnic : interfaces.vnics)
        known.insert(vnic.tenant);
    if (!known.contains(selector))
        return fail(Errc::failed, fmt::format("no interface or tenant is called \"{}\"", selector),
                    fmt::format("there is {}", fmt::join(known, ", ")), "see: ip link");
    std::set<std::string> meant{selector};
    for (const auto& vnic : interfaces.vnics)
        if (vnic.tenant == selector) meant.insert(vnic.interface);
    std::erase_if(snapshot.rows, [&](const DropRow& row) {
        return row.tenant != selector && !meant.contains(row.interface) && !meant.contains(row.from);
    });
    return {};
}

}  // namespace

DropWatch::DropWatch(std::unique_ptr<State> state) : state_(std::move(state)) {}
DropWatch::DropWatch(DropWatch&&) noexcept = default;
DropWatch& DropWatch::operator=(DropWatch&&) noexcept = default;
DropWatch::~DropWatch() = default;

bool DropWatch::is_kept() const { return state_->is_kept; }

Result<DropWatch> DropWatch::start(bool fresh) {
    auto state = std::make_unique<State>();
    if (!fresh) {
        WEIR_TRY(state->tracer, DropTracer::open_kept());
        state->is_kept = state->tracer.has_value();
        if (state->is_kept) {
            WEIR_TRY(state->own_before, state->tracer->read_own_before());
        }
    }
    if (!state->tracer) {
        auto started = DropTracer::start();
        if (!started && started.error().code == Errc::permission) return std::unexpected(started.error());
        if (started)
            state->tracer = std::move(*started);
        else
            state->untraced_why = to_line(started.error());
    }
    if (state->tracer) {
        WEIR_TRY(state->reasons, DropReasonNames::read());
    }
    return DropWatch(std::move(state));
}

Result<DropSnapshot> DropWatch::snapshot(const std::string& selector) const {
    DropSnapshot snapshot;
    Interfaces interfaces;
    WEIR_TRY(const auto ledgers, collect_ledgers(""));
    for (const auto& entry : ledgers.vnics)
        interfaces.vnics.push_back(entry.vnic);
    snapshot.taken_ns = monotonic_ns();
    snapshot.since_ns = snapshot.taken_ns;
    snapshot.traced = state_->tracer.has_value();
    snapshot.untraced_why = state_->untraced_why;
    if (state_->tracer) {
        WEIR_TRY(const auto counts, state_->tracer->read());
        // After the counters: an interface that is in them and not in the list is gone.
        WEIR_TRY(interfaces.links, list_links());
        snapshot.since_ns = counts.started_ns;
        snapshot.elsewhere_skbs = counts.outside.skbs;
        snapshot.missed_skbs = counts.missed;
        add_kernel_rows(snapshot, counts, interfaces, state_->reasons, state_->symbols);
    } else {
        WEIR_TRY(interfaces.links, list_links());
    }
    add_own_rows(snapshot, ledgers, state_->own_before);
    WEIR_CHECK(select(snapshot, interfaces, selector));
    return snapshot;
}

}  // namespace weir
