// Tenants' limits in the running state: what is remembered of them.
#pragma once

#include <vector>

#include "core/result.hpp"
#include "kernel/instance.hpp"

namespace weir {

// Every slot of tenant_info, WEIR_TENANTS_MAX of them; one without a name is free.
Result<std::vector<weir_tenant_info>> read_tenant_infos(const Instance& instance);

}  // namespace weir
