// SPDX-License-Identifier: GPL-2.0-or-later
// One crafted frame and what RFCs and IEEE standards say about it.
#pragma once

#include "shared/class.h"
#include "support/frames.hpp"

#include <array>
#include <string>
#include <vector>

namespace weir::test {

struct KnownFrame {
    std::string name;
    Bytes bytes;
    weir_class expected = WEIR_CLASS_COUNT;
    std::uint8_t family = 0;  // 4 or 6 where the frame belongs to a flow (of the builder's own addresses), else 0
    std::uint8_t protocol = 0;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint8_t tags_outside = 0;  // VLAN tags beside the frame, in the skb

    [[nodiscard]] bool has_flow() const { return family != 0; }
};

using KnownFrames = std::vector<KnownFrame>;

struct Ports {
    std::uint16_t source = 0;
    std::uint16_t destination = 0;
};
inline constexpr Ports usual_ports = {source_port, destination_port};

inline KnownFrame no_flow(std::string name, Bytes bytes, weir_class expected) {
    return {std::move(name), std::move(bytes), expected, 0, 0, 0, 0, 0};
}
inline KnownFrame flow4(std::string name, Bytes bytes, weir_class expected, std::uint8_t protocol, Ports ports = {}) {
    return {std::move(name), std::move(bytes), expected, 4, protocol, ports.source, ports.destination, 0};
}
inline KnownFrame flow6(std::string name, Bytes bytes, weir_class expected, std::uint8_t protocol, Ports ports = {}) {
    return {std::move(name), std::move(bytes), expected, 6, protocol, ports.source, ports.destination, 0};
}
inline KnownFrame with_tag_outside(KnownFrame frame) {
    frame.tags_outside = 1;
    return frame;
}

inline constexpr std::array<const char*, WEIR_CLASS_COUNT> class_names = {
#define WEIR_CLASS_NAME(identifier, name, meaning) name,
    WEIR_CLASS_TABLE(WEIR_CLASS_NAME)
#undef WEIR_CLASS_NAME
};

inline const char* class_name(unsigned id) { return id < class_names.size() ? class_names[id] : "out of range"; }

}  // namespace weir::test
