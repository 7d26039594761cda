// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/drop_tracing.hpp"

#include "kernel/drop_tracer.hpp"
#include "kernel/instance.hpp"
#include "kernel/state_dir.hpp"
#include "kernel/tables.hpp"
#include "kernel/vnic_list.hpp"

namespace weir {
namespace {

Result<OwnDrops> own_drops_now() {
    WEIR_TRY(const auto instance, open_instance());
    if (!instance) return OwnDrops();
    WEIR_TRY(auto vnics, list_vnics(*instance));
    std::vector<VnicLedger> ledgers;
    for (auto& vnic : vnics) {
        WEIR_TRY(const auto cpus, read_ledger(*instance, vnic.slot));
        ledgers.push_back({std::move(vnic), ledger_of(cpus)});
    }
    return OwnDrops(ledgers);
}

}  // namespace

Result<ChangeReport> keep_drop_tracer(const ChangeOptions& options) {
    WEIR_TRY(const auto lock, StateLock::take());
    WEIR_TRY(const bool is_kept, DropTracer::is_kept());
    ChangeReport report;
    if (is_kept) return report;
    if (!options.dry_run) {
        WEIR_TRY(const auto tracer, DropTracer::start());
        WEIR_TRY(const auto own, own_drops_now());
        WEIR_CHECK(tracer.keep(own));
    }
    report.lines.emplace_back(options.dry_run ? "would count drops until told to stop"
                                              : "counting drops until told to stop (weir drops --stop)");
    return report;
}

Result<ChangeReport> stop_drop_tracer(const ChangeOptions& options) {
    WEIR_TRY(const auto lock, StateLock::take());
    ChangeReport report;
    WEIR_CHECK(stop_drop_tracer(report, options));
    return report;
}

Result<void> stop_drop_tracer(ChangeReport& report, const ChangeOptions& options) {
    WEIR_TRY(const bool is_kept, DropTracer::is_kept());
    // In any case: what a process that died left half made goes too.
    if (!options.dry_run) WEIR_CHECK(DropTracer::remove_kept());
    if (is_kept) report.lines.emplace_back(options.dry_run ? "would stop counting drops" : "stopped counting drops");
    return {};
}

}  // namespace weir
