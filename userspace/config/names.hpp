// What an interface, a tenant and a vNIC's settings may be. The command line and documents obey the same rules. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "model/types.hpp"

namespace weir {

// What is expected instead of such a name; nothing if the name is fine. Interface names by the kernel's rules.
std::optional<std::string> interface_name_problem(std::string_view name);
std::optional<std::string> tenant_name_problem(std::string_view name);

// All that a document says of one vNIC, checked for one that comes from elsewhere. Errc::usage.
Result<void> check_spec(const VnicSpec& spec);

}  // namespace weir
