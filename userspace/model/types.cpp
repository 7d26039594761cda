// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/types.hpp"

namespace weir {
namespace {

template <class T>
struct Word {
    T value;
    std::string_view word;
};

constexpr std::array direction_words{Word{Direction::tx, "tx"}, Word{Direction::rx, "rx"}};
constexpr std::array role_words{Word{Role::vnic, "vnic"}, Word{Role::uplink, "uplink"}, Word{Role::guest, "guest"}};
constexpr std::array ingress_words{Word{IngressChoice::automatic, "auto"}, Word{IngressChoice::tc, "tc"},
                                   Word{IngressChoice::xdp, "xdp"}};
constexpr std::array tc_way_words{Word{TcWay::automatic, "auto"}, Word{TcWay::tcx, "tcx"},
                                  Word{TcWay::clsact, "clsact"}};
constexpr std::array hook_words{Word{Hook::none, "none"}, Word{Hook::tcx, "tcx"}, Word{Hook::clsact, "clsact"},
                                Word{Hook::xdp_native, "xdp"}, Word{Hook::xdp_generic, "xdp-generic"}};

template <class T, std::size_t N>
std::string_view word_of(const std::array<Word<T>, N>& words, T value) {
    for (const auto& entry : words)
        if (entry.value == value) return entry.word;
    return "unknown";
}

template <class T, std::size_t N>
std::optional<T> value_of(const std::array<Word<T>, N>& words, std::string_view word) {
    for (const auto& entry : words)
        if (entry.word == word) return entry.value;
    return std::nullopt;
}

#define WEIR_NAME(identifier, name, meaning) std::string_view(name),
constexpr std::array classes{WEIR_CLASS_TABLE(WEIR_NAME)};
constexpr std::array drop_reasons{WEIR_DROP_TABLE(WEIR_NAME)};
#undef WEIR_NAME
static_assert(classes.size() == WEIR_CLASS_COUNT);
static_assert(drop_reasons.size() == WEIR_DROP_COUNT);

}  // namespace

std::string_view to_string(Direction direction) { return word_of(direction_words, direction); }
std::string_view to_string(Role role) { return word_of(role_words, role); }
std::string_view to_string(IngressChoice choice) { return word_of(ingress_words, choice); }
std::string_view to_string(TcWay way) { return word_of(tc_way_words, way); }
std::string_view to_string(Hook hook) { return word_of(hook_words, hook); }

std::optional<Role> role_from(std::string_view word) { return value_of(role_words, word); }
std::optional<IngressChoice> ingress_choice_from(std::string_view word) { return value_of(ingress_words, word); }
std::optional<TcWay> tc_way_from(std::string_view word) { return value_of(tc_way_words, word); }

std::string_view class_name(std::size_t class_id) { return class_id < classes.size() ? classes[class_id] : "unknown"; }

std::string_view drop_reason_name(std::size_t reason) {
    return reason < drop_reasons.size() ? drop_reasons[reason] : "unknown";
}

std::string_view untracked_name(std::size_t kind) {
    switch (kind) {
    case WEIR_UNTRACKED_NO_FLOW:
        return "no_flow";
    case WEIR_UNTRACKED_EVICTED:
        return "evicted";
    case WEIR_UNTRACKED_BUSY:
        return "busy";
    default:
        return "unknown";
    }
}

double per_second(std::uint64_t amount, std::uint64_t window_ns) {
    return window_ns == 0 ? 0 : static_cast<double>(amount) * 1e9 / static_cast<double>(window_ns);
}

}  // namespace weir
