// SPDX-License-Identifier: GPL-2.0-or-later
// Fair share follows from what is attached and what tenants wish: brought up after every change of either.
#pragma once

#include "control/limit_plan.hpp"
#include "control/plan.hpp"
#include "core/result.hpp"
#include "kernel/instance.hpp"

namespace weir {

// Makes parts, fallbacks, capacities and the tick what the journals say (vnic_info, tenant_info): a tenant that shares
// an uplink gets a slot if it has none, and one that does not any more and has no limits loses it. Under StateLock.
Result<void> bring_shares_up(const Instance& instance);

// Before a plan is carried out: who gets a vNIC by it has a share, the one if everybody asked, so that no vNIC is
// without one for a moment. What the plan takes away stays till bring_shares_up(). Under StateLock.
Result<void> prepare_shares(const Instance& instance, const Plan& plan);

// Whether what tenants are guaranteed fits into what the uplinks carry once both plans are carried out. Changes
// nothing. Where it does not fit even now (a link that came up slower), only what makes it worse is refused.
Result<void> check_shares_after(const Running& running, const Plan& vnics, const Tenants& tenants,
                                const LimitPlan& limits);

}  // namespace weir
