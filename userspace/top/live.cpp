// SPDX-License-Identifier: GPL-2.0-or-later
#include <optional>

#include "collect/collect.hpp"
#include "collect/drops.hpp"
#include "collect/load.hpp"
#include "collect/noisy.hpp"
#include "top/source.hpp"

namespace weir::top {
namespace {

class Live : public Source {
public:
    explicit Live(const std::string& selector) : reader_(selector) {}

    Result<void> loads(LoadSnapshot& snapshot) override { return reader_.read(snapshot); }

    Result<noisy::Window> pulses() override { return collect_pulses(noisy_look_back_slots); }

    Result<TopReading> tenant(const std::string& name) override {
        TopReading reading;
        if (name.empty()) {
            drops_.reset();
            return reading;
        }
        if (!drops_) {
            WEIR_TRY(drops_, DropWatch::start());
        }
        WEIR_TRY(reading.flows, collect_flows(name));
        WEIR_TRY(reading.ledgers, collect_ledgers(name));
        WEIR_TRY(reading.latency, collect_latency(name));
        WEIR_TRY(reading.drops, drops_->snapshot(name));
        // A selector may be an interface's name too, which may be another tenant's.
        const auto is_other = [&](const auto& entry) { return entry.vnic.tenant != name; };
        std::erase_if(reading.flows.flows, [&](const Flow& flow) { return flow.tenant != name; });
        std::erase_if(reading.flows.untracked, [&](const auto& entry) { return entry.tenant != name; });
        std::erase_if(reading.ledgers.vnics, is_other);
        std::erase_if(reading.latency.vnics, is_other);
        return reading;
    }

private:
    LoadReader reader_;
    std::optional<DropWatch> drops_;  // while a tenant is open
};

}  // namespace

std::unique_ptr<Source> live_source(const std::string& selector) { return std::make_unique<Live>(selector); }

}  // namespace weir::top
