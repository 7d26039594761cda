// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstring>

#include "model/flow.hpp"

namespace weir {
namespace {

// As the programs fold it (bpf/lib/flow_key.h); the unused words of an IPv4 address are 0.
std::uint32_t word_of(const Address& address) {
    std::array<std::uint32_t, 4> words{};
    std::memcpy(words.data(), address.bytes.data(), sizeof words);
    return words[0] ^ words[1] ^ words[2] ^ words[3];
}

bool is_of(const Flow& flow, std::uint32_t slot, const weir_parked& parked) {
    const auto& key = flow.key;
    return key.slot == slot && key.protocol == parked.protocol && key.tenant_address.family == parked.family &&
           key.tenant_port == parked.tenant_port && key.peer_port == parked.peer_port &&
           word_of(key.tenant_address) == parked.tenant_word && word_of(key.peer_address) == parked.peer_word;
}

}  // namespace

void add_parked(FlowSnapshot& snapshot, FlowSnapshot::Untracked& untracked, std::uint32_t slot,
                const weir_ledger& cpu) {
    for (const Direction direction : directions) {
        const bool tx = direction == Direction::tx;
        const auto& parked = cpu.direction[static_cast<std::size_t>(direction)].parked;
        if (parked.count.packets == 0) continue;
        const auto flow = std::ranges::find_if(snapshot.flows, [&](const Flow& f) { return is_of(f, slot, parked); });
        const Count count{parked.count.packets, parked.count.bytes};
        if (flow != snapshot.flows.end())
            (tx ? flow->tx : flow->rx) += count;
        else
            (tx ? untracked.tx : untracked.rx)[WEIR_UNTRACKED_BUSY] += count;
    }
}

}  // namespace weir
