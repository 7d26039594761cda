// SPDX-License-Identifier: GPL-2.0-or-later
// Documents as files, and as text that people keep in version control: one vNIC or limit a line.
#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "config/document.hpp"
#include "core/fd.hpp"
#include "core/units.hpp"

namespace weir {
namespace {

std::string quoted(const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string vnic_line(const VnicSpec& spec) {
    std::string line = fmt::format(R"({{"interface": {})", quoted(spec.interface));
    if (!spec.tenant.empty()) line += fmt::format(R"(, "tenant": {})", quoted(spec.tenant));
    line += fmt::format(R"(, "role": "{}", "ingress_hook": "{}", "flows": {})", to_string(spec.role),
                        to_string(spec.ingress), spec.flows);
    if (spec.role == Role::uplink && spec.capacity_bps != 0)
        line += fmt::format(R"(, "capacity": "{}")", print_rate(spec.capacity_bps));
    if (spec.role == Role::uplink && spec.capacity_rx_bps != 0)
        line += fmt::format(R"(, "capacity_rx": "{}")", print_rate(spec.capacity_rx_bps));
    for (std::size_t i = 0; i < spec.addresses.size(); i++)
        line += fmt::format(R"({}"{}")", i == 0 ? R"(, "addresses": [)" : ", ", to_string(spec.addresses[i]));
    if (!spec.addresses.empty()) line += "]";
    if (spec.role == Role::uplink && spec.no_capacity) line += R"(, "capacity": "none")";
    return line + "}";
}

std::string limit_line(const TenantLimit& entry) {
    const Limit& limit = entry.limit;
    std::string line = fmt::format(R"({{"tenant": {})", quoted(entry.tenant));
    if (limit.tx.max_bps != 0) line += fmt::format(R"(, "tx_max": "{}")", print_rate(limit.tx.max_bps));
    if (limit.rx.max_bps != 0) line += fmt::format(R"(, "rx_max": "{}")", print_rate(limit.rx.max_bps));
    if (limit.tx.min_bps != 0) line += fmt::format(R"(, "tx_min": "{}")", print_rate(limit.tx.min_bps));
    if (limit.rx.min_bps != 0) line += fmt::format(R"(, "rx_min": "{}")", print_rate(limit.rx.min_bps));
    if (limit.weight != 0) line += fmt::format(R"(, "weight": {})", limit.weight);
    if (limit.tx.packets_per_second != 0) line += fmt::format(R"(, "tx_pps": {})", limit.tx.packets_per_second);
    if (limit.rx.packets_per_second != 0) line += fmt::format(R"(, "rx_pps": {})", limit.rx.packets_per_second);
    line += fmt::format(R"(, "mode": "{}")", to_string(limit.mode));
    if (limit.burst_ns != 0) line += fmt::format(R"(, "burst": "{}")", print_time(limit.burst_ns));
    if (limit.overhead_bytes != 0) line += fmt::format(R"(, "overhead_bytes": {})", limit.overhead_bytes);
    return line + "}";
}

// "[" and an entry a line.
template <class Entry>
std::string array_text(const std::vector<Entry>& entries, std::string (*line_of)(const Entry&)) {
    std::string text = "[";
    for (std::size_t i = 0; i < entries.size(); i++)
        text += (i == 0 ? "\n    " : ",\n    ") + line_of(entries[i]);
    return text + (entries.empty() ? "]" : "\n  ]");
}

std::string thresholds_text(const std::map<std::string, double>& thresholds) {
    std::string text = "{";
    for (const auto& [name, value] : thresholds)
        text += fmt::format(R"({}"{}": {})", text.size() == 1 ? "" : ", ", name, value);
    return text + "}";
}

Result<std::string> read_all(int fd, const std::string& what, std::size_t most_bytes) {
    std::string text;
    std::string buffer(std::size_t{64} << 10, '\0');
    while (true) {
        ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(Errc::failed, what, errno_text(errno), "give a file with a JSON document");
        if (got == 0) return text;
        text.append(buffer, 0, static_cast<std::size_t>(got));
        if (text.size() > most_bytes)
            return fail(Errc::usage, what, fmt::format("it is larger than {} MiB", most_bytes >> 20),
                        "give a file with a JSON document");
    }
}

}  // namespace

Result<std::string> load_text(const std::string& path, std::size_t most_bytes) {
    if (path == "-") return read_all(STDIN_FILENO, "cannot read standard input", most_bytes);
    const std::string what = fmt::format("cannot read {}", path);
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        const Errc code = errno == EACCES || errno == EPERM ? Errc::permission : Errc::failed;
        return fail(code, what, errno_text(errno), "give the path of a JSON document, or - for standard input");
    }
    return read_all(file.get(), what, most_bytes);
}

Result<Document> load_document(const std::string& path) {
    WEIR_TRY(const std::string text, load_text(path));
    return parse_document(text, path == "-" ? "standard input" : path);
}

std::string print_document(const Document& document) {
    std::string text = "{\n  \"schema_version\": 1,\n  \"vnics\": " + array_text(document.vnics, vnic_line);
    if (document.limits) text += ",\n  \"limits\": " + array_text(*document.limits, limit_line);
    if (document.noisy) text += ",\n  \"noisy\": " + thresholds_text(*document.noisy);
    return text + "\n}\n";
}

}  // namespace weir
