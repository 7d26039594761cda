#include "kernel/limits.hpp"

#include <bpf/bpf.h>

#include <cerrno>

#include <fmt/format.h>

namespace weir {

Result<std::vector<weir_tenant_info>> read_tenant_infos(const Instance& instance) {
    std::vector<weir_tenant_info> infos(WEIR_TENANTS_MAX);
    std::vector<std::uint32_t> keys(WEIR_TENANTS_MAX);
    std::uint32_t count = WEIR_TENANTS_MAX;
    std::uint32_t cursor = 0;
    DECLARE_LIBBPF_OPTS(bpf_map_batch_opts, options);
    const int error =
        bpf_map_lookup_batch(instance.tenant_info.get(), nullptr, &cursor, keys.data(), infos.data(), &count, &options);
    if (error != 0 && error != -ENOENT)
        return fail(Errc::failed, "cannot read the table of tenants", errno_text(-error));
    if (count != WEIR_TENANTS_MAX)
        return fail(Errc::failed, "cannot read the table of tenants",
                    fmt::format("{} of {} slots", count, infos.size()));
    return infos;
}

}  // namespace weir
