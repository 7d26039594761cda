// Documents as files, and as text that people keep in version control: one vNIC a line.
#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "config/document.hpp"
#include "core/fd.hpp"
#include "core/units.hpp"

namespace weir {
namespace {

constexpr std::size_t size_max = std::size_t{16} << 20;

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
    return line + "}";
}

Result<std::string> read_all(int fd, const std::string& what) {
    std::string text;
    std::string buffer(std::size_t{64} << 10, '\0');
    while (true) {
        ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(Errc::failed, what, errno_text(errno), "give a file with a JSON document");
        if (got == 0) return text;
        text.append(buffer, 0, static_cast<std::size_t>(got));
        if (text.size() > size_max)
            return fail(Errc::usage, what, fmt::format("it is larger than {} MiB", size_max >> 20),
                        "give a file with a JSON document");
    }
}

}  // namespace

Result<Document> load_document(const std::string& path) {
    if (path == "-") {
        WEIR_TRY(std::string text, read_all(STDIN_FILENO, "cannot read standard input"));
        return parse_document(text, "standard input");
    }
    std::string what = fmt::format("cannot read {}", path);
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        Errc code = errno == EACCES || errno == EPERM ? Errc::permission : Errc::failed;
        return fail(code, what, errno_text(errno), "give the path of a JSON document, or - for standard input");
    }
    WEIR_TRY(std::string text, read_all(file.get(), what));
    return parse_document(text, path);
}

std::string print_document(const Document& document) {
    std::string text = "{\n  \"schema_version\": 1,\n  \"vnics\": [";
    for (std::size_t i = 0; i < document.vnics.size(); i++)
        text += (i == 0 ? "\n    " : ",\n    ") + vnic_line(document.vnics[i]);
    text += document.vnics.empty() ? "]\n}\n" : "\n  ]\n}\n";
    return text;
}

}  // namespace weir
