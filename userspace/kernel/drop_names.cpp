// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/drop_names.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include "kernel/btf.hpp"
#include "kernel/libbpf_words.hpp"
#include "model/drop_reasons.hpp"

namespace weir {
namespace {

constexpr std::uint32_t subsystem_shift = 16;  // SKB_DROP_REASON_SUBSYS_SHIFT (include/net/dropreason.h, Linux 6.4)
constexpr std::uint32_t reason_mask = (1U << subsystem_shift) - 1;

// Functions are no longer than this; an address beyond lies in something that kallsyms does not list.
constexpr std::uint64_t longest_function_bytes = 1U << 20;

// A subsystem's reasons stand in its module's BTF, each with a prefix of its own.
struct Subsystem {
    const char* name;  // as in enum skb_drop_reason_subsys, in lower case
    const char* module;
    const char* enumeration;
    const char* prefix;
};
constexpr std::array subsystems{
    Subsystem{"openvswitch", "openvswitch", "ovs_drop_reason", "OVS_DROP_"},
    Subsystem{"mac80211_unusable", "mac80211", "mac80211_drop_reason", "RX_DROP_U_"},
    Subsystem{"mac80211_monitor", "mac80211", "mac80211_drop_reason", "RX_DROP_M_"},
};

template <class Take>
void each_enumerator(const btf* types, const char* enumeration, const Take& take) {
    const int id = btf__find_by_name_kind(types, enumeration, BTF_KIND_ENUM);
    if (id < 0) return;
    const btf_type* type = btf__type_by_id(types, static_cast<std::uint32_t>(id));
    const struct btf_enum* member = btf_enum(type);
    for (int i = 0; i < btf_vlen(type); ++i, ++member)
        take(btf__name_by_offset(types, member->name_off), static_cast<std::uint32_t>(member->val));
}

}  // namespace

Result<DropReasonNames> DropReasonNames::read() {
    const LibbpfWords words;
    const Btf kernel(btf__load_vmlinux_btf());
    if (!kernel)
        return fail(Errc::unsupported, "cannot read the kernel's type information", errno_text(errno),
                    "see: weir features");
    DropReasonNames names;
    each_enumerator(kernel.get(), "skb_drop_reason", [&](std::string_view enumerator, std::uint32_t value) {
        // Neither is a reason: the number of them, and a mask over the subsystem.
        if (enumerator != "SKB_DROP_REASON_MAX" && enumerator != "SKB_DROP_REASON_SUBSYS_MASK")
            names.names_.emplace(value, drop_reason_name_of(enumerator));
    });
    each_enumerator(kernel.get(), "skb_drop_reason_subsys", [&](std::string_view enumerator, std::uint32_t value) {
        auto name = drop_reason_name_of(enumerator);
        if (name.starts_with("subsys_")) name.erase(0, std::string_view("subsys_").size());
        if (value != 0 && name != "num") names.subsystems_.emplace(value, std::move(name));
    });
    for (const auto& subsystem : names.subsystems_) {
        const std::uint32_t number = subsystem.first;
        const std::string& name = subsystem.second;
        const auto* known = std::ranges::find_if(subsystems, [&](const auto& entry) { return entry.name == name; });
        if (known == subsystems.end()) continue;
        const Btf module(btf__load_module_btf(known->module, kernel.get()));
        if (!module) continue;
        each_enumerator(module.get(), known->enumeration, [&](std::string_view enumerator, std::uint32_t value) {
            if (value >> subsystem_shift != number) return;
            while (enumerator.starts_with('_'))
                enumerator.remove_prefix(1);
            if (enumerator.starts_with(known->prefix)) enumerator.remove_prefix(std::string_view(known->prefix).size());
            names.names_.try_emplace(value, name + "." + drop_reason_name_of(enumerator));
        });
    }
    return names;
}

std::string DropReasonNames::name(std::uint32_t reason) const {
    if (const auto at = names_.find(reason); at != names_.end()) return at->second;
    const auto subsystem = subsystems_.find(reason >> subsystem_shift);
    if (reason >> subsystem_shift == 0) return names_.empty() && reason == 0 ? "not_specified" : fmt::to_string(reason);
    return fmt::format("{}.{}",
                       subsystem != subsystems_.end() ? subsystem->second
                                                      : fmt::format("subsystem_{}", reason >> subsystem_shift),
                       reason & reason_mask);
}

// Lines: "ffffffff81000000 T name", and "\t[module]" after it where it is one's.
void KernelSymbols::read() {
    symbols_.clear();
    std::ifstream file("/proc/kallsyms");
    std::string line;
    while (std::getline(file, line)) {
        const std::string_view text(line);
        std::uint64_t address = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), address, 16);
        const auto type_at = static_cast<std::size_t>(end - text.data()) + 1;
        if (error != std::errc{} || address == 0 || type_at + 2 >= text.size()) continue;
        if (std::string_view("tTwW").find(text[type_at]) == std::string_view::npos) continue;
        std::string name(text.substr(type_at + 2));
        std::ranges::replace(name, '\t', ' ');
        symbols_.push_back({address, std::move(name)});
    }
    // Of several names of one place the first stays, as the kernel itself prints it.
    std::ranges::stable_sort(symbols_, {}, &Symbol::address);
}

const KernelSymbols::Symbol* KernelSymbols::find(std::uint64_t address) const {
    // The return address of a call that is a function's last instruction lies behind it: look one byte before.
    const auto after = std::ranges::upper_bound(symbols_, address - 1, {}, &Symbol::address);
    if (after == symbols_.begin()) return nullptr;
    auto at = std::prev(after);
    if (address - at->address > longest_function_bytes) return nullptr;
    while (at != symbols_.begin() && std::prev(at)->address == at->address)
        --at;
    return &*at;
}

std::string KernelSymbols::name(std::uint64_t address) {
    if (const auto known = known_.find(address); known != known_.end()) return known->second;
    // An address that was not met before may be of a module that was not there when the list was read.
    if (symbols_.empty() || find(address) == nullptr) read();
    const Symbol* symbol = find(address);
    std::string text;
    if (symbol == nullptr) {
        text = fmt::format("{:#x}", address);
    } else {
        const auto space = symbol->name.find(' ');
        text = fmt::format("{}+{:#x}{}", symbol->name.substr(0, space), address - symbol->address,
                           space == std::string::npos ? "" : symbol->name.substr(space));
    }
    return known_.emplace(address, std::move(text)).first->second;
}

}  // namespace weir
