// SPDX-License-Identifier: GPL-2.0-or-later
// What a reason for a drop means and what can be done about it: one table, by name, because the numbers differ in each
// kernel. A name that is not in it still shows, without words.
//
// Names are those of the kernel's enum skb_drop_reason without SKB_DROP_REASON_ (or SKB_) in lower case: "no_socket",
// "consumed"; those of a subsystem carry its name: "openvswitch.last_action". The table covers all of Linux 6.1, 6.12
// and 6.18, and Weir's own reasons, which are looked up apart.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/drops.hpp"

namespace weir {

enum class DropClass {
    normal,  // a packet's life ended as it should: nothing was lost
    drop,
};

struct DropReason {
    std::string_view name;
    DropClass kind = DropClass::drop;
    std::string_view meaning;  // a clause: "nothing listens on the port"
    std::string_view fix;      // an imperative or a command; empty where nothing can or need be done
};

// The kernel's reasons, as written; the table itself.
std::span<const DropReason> kernel_drop_reasons();

// nullptr if it is not in the table.
const DropReason* find_drop_reason(DropSource source, std::string_view name);

// The same for a row; where the kernel gives no reason, by the place.
const DropReason* explain(const DropRow& row);

// Whether the row is a normal end of a packet's life.
bool is_normal_end(const DropRow& row);

// The name above from the enum's own: "SKB_DROP_REASON_NO_SOCKET" -> "no_socket".
std::string drop_reason_name_of(std::string_view enumerator);

}  // namespace weir
