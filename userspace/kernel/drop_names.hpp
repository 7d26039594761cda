// SPDX-License-Identifier: GPL-2.0-or-later
// Names for what the drop tracer counts: reasons from the running kernel's BTF, places from /proc/kallsyms.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace weir {

// Names of enum skb_drop_reason, which differ in number from kernel to kernel, and of the subsystems' own enums.
class DropReasonNames {
public:
    static Result<DropReasonNames> read();

    // "no_socket", "openvswitch.last_action", "openvswitch.7" where the module's own names are not to be had, "77".
    [[nodiscard]] std::string name(std::uint32_t reason) const;

private:
    std::map<std::uint32_t, std::string> names_;
    std::map<std::uint32_t, std::string> subsystems_;
};

// The kernel's functions by address.
class KernelSymbols {
public:
    // "tcp_v4_rcv+0x3c", "nf_hook_slow+0x9d [nf_tables]"; "0xffffffff81234567" where kallsyms shows no addresses
    // (kernel.kptr_restrict=2). Reads the list at first need, and again when an address lies in no function of it
    // (a module that came later).
    [[nodiscard]] std::string name(std::uint64_t address);

private:
    struct Symbol {
        std::uint64_t address;
        std::string name;  // with its module
    };
    void read();
    [[nodiscard]] const Symbol* find(std::uint64_t address) const;
    std::vector<Symbol> symbols_;
    std::map<std::uint64_t, std::string> known_;
};

}  // namespace weir
