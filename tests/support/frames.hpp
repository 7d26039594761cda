// SPDX-License-Identifier: GPL-2.0-or-later
// Builds frames byte by byte, layer by layer.
//
//     Bytes frame = FrameBuilder().eth().vlan(7).ipv4({.more_fragments = true}).udp({.src_port = 53}).payload(100);
//
// Each layer writes its own number into the layer before it (EtherType, protocol, next header) and, once the frame is
// complete, its length field counts what follows. Every such field can be set to a lie instead. truncate(n) cuts the
// finished frame, so length fields keep promising what is gone; padding(n) adds bytes that no length field counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

namespace weir::test {

using Bytes = std::vector<std::uint8_t>;

// The addresses that every frame has unless told otherwise: documentation ranges (RFC 5737, RFC 3849).
inline constexpr std::array<std::uint8_t, 4> source_v4 = {192, 0, 2, 1};
inline constexpr std::array<std::uint8_t, 4> destination_v4 = {198, 51, 100, 2};
inline constexpr std::array<std::uint8_t, 16> source_v6 = {0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0xaa, 0, 0, 1};
inline constexpr std::array<std::uint8_t, 16> destination_v6 = {0x20, 1, 0x0d, 0xb8, 0, 2, 0, 0,
                                                                0,    0, 0xbb, 0,    0, 0, 0, 2};
inline constexpr std::uint16_t source_port = 40001;
inline constexpr std::uint16_t destination_port = 443;

struct EthFields {
    std::array<std::uint8_t, 6> destination = {2, 0, 0, 0, 0, 2};  // locally administered: nobody's
    std::array<std::uint8_t, 6> source = {2, 0, 0, 0, 0, 1};
    std::uint16_t type = 0x88b5;  // local experimental (IEEE 802); the next layer overwrites it
};

struct Ipv4Fields {
    std::array<std::uint8_t, 4> source = source_v4;
    std::array<std::uint8_t, 4> destination = destination_v4;
    std::uint8_t version = 4;
    std::optional<std::uint8_t> ihl{};  // in words; else what the options need
    std::optional<std::uint16_t> total_length{};
    std::size_t option_words = 0;  // of no-operation options
    bool more_fragments = false;
    bool dont_fragment = false;
    std::uint16_t fragment_offset = 0;  // in units of 8 bytes
    std::uint8_t protocol = 255;        // the next layer overwrites it
};

struct Ipv6Fields {
    std::array<std::uint8_t, 16> source = source_v6;
    std::array<std::uint8_t, 16> destination = destination_v6;
    std::uint8_t version = 6;
    std::optional<std::uint16_t> payload_length{};
    std::uint8_t next_header = 255;  // the next layer overwrites it
};

struct TcpFields {
    std::uint16_t source_port = test::source_port;
    std::uint16_t destination_port = test::destination_port;
    std::uint8_t flags = 0x10;
    std::optional<std::uint8_t> data_offset{};  // in words
    std::size_t option_words = 0;
};

struct UdpFields {
    std::uint16_t source_port = test::source_port;
    std::uint16_t destination_port = test::destination_port;
    std::optional<std::uint16_t> length{};
};

class FrameBuilder {
public:
    // Link layer -------------------------------------------------------------------------------------------------

    FrameBuilder& eth(const EthFields& fields = {}) {
        append(fields.destination);
        append(fields.source);
        link_ = Link{bytes_.size(), 2};
        return be16(fields.type);
    }

    FrameBuilder& vlan(std::uint16_t id, std::uint16_t tpid = 0x8100) {
        begin(tpid);
        be16(id);
        link_ = Link{bytes_.size(), 2};
        return be16(0x88b5);
    }
    FrameBuilder& qinq(std::uint16_t id) { return vlan(id, 0x88a8); }

    FrameBuilder& arp(std::uint16_t operation = 1, std::uint16_t type = 0x0806) {
        begin(type);
        raw({0, 1, 8, 0, 6, 4}).be16(operation);
        raw({2, 0, 0, 0, 0, 1}).append(source_v4);
        return raw({0, 0, 0, 0, 0, 0}).append(destination_v4);
    }
    FrameBuilder& rarp() { return arp(3, 0x8035); }

    FrameBuilder& lldp() {
        begin(0x88cc);
        // Chassis by MAC, port by name, time to live, end.
        return raw({2, 7, 4, 2, 0, 0, 0, 0, 1, 4, 3, 5, 'e', '0', 6, 2, 0, 120, 0, 0});
    }

    FrameBuilder& mpls(std::uint32_t label, bool multicast = false) {
        begin(multicast ? 0x8848 : 0x8847);
        return be32(label << 12 | 1u << 8 | 64);
    }

    FrameBuilder& pppoe_session(std::uint16_t session = 1) {
        begin(0x8864);
        return raw({0x11, 0}).be16(session).length_of_rest().be16(0x0021);
    }
    FrameBuilder& pppoe_discovery() {
        begin(0x8863);
        return raw({0x11, 9}).be16(0).be16(4).raw({1, 1, 0, 0});
    }

    FrameBuilder& eapol() {
        begin(0x888e);
        return raw({2, 1, 0, 0});
    }

    FrameBuilder& macsec() {
        begin(0x88e5);
        return raw({0x2c, 0}).be32(1).payload(48);
    }

    // 802.3: a length in place of the type, then LLC.
    FrameBuilder& llc(std::uint8_t dsap, std::uint8_t ssap, std::uint8_t control = 3) {
        ether_length_ = link_->at;
        link_.reset();
        return raw({dsap, ssap, control});
    }
    FrameBuilder& snap(std::uint16_t type) { return llc(0xaa, 0xaa).raw({0, 0, 0}).be16(type); }
    FrameBuilder& stp() { return llc(0x42, 0x42).payload(35); }

    // Network layer ----------------------------------------------------------------------------------------------

    FrameBuilder& ipv4(const Ipv4Fields& fields = {}) {
        if (link_) begin(link_->width == 2 ? 0x0800 : 4);
        const std::size_t start = bytes_.size();
        const auto ihl = fields.ihl.value_or(static_cast<std::uint8_t>(5 + fields.option_words));
        byte(static_cast<std::uint8_t>(fields.version << 4 | ihl)).byte(0);
        if (!fields.total_length) lengths_.push_back({start + 2, start});
        be16(fields.total_length.value_or(0)).be16(0x4242);
        be16(static_cast<std::uint16_t>((fields.dont_fragment ? 0x4000 : 0) | (fields.more_fragments ? 0x2000 : 0) |
                                        fields.fragment_offset));
        byte(64);
        link_ = Link{bytes_.size(), 1};
        byte(fields.protocol).be16(0);
        append(fields.source);
        append(fields.destination);
        for (std::size_t i = 0; i < fields.option_words; i++)
            be32(0x01010101);
        checksums_.push_back({start, bytes_.size()});
        return *this;
    }

    FrameBuilder& ipv6(const Ipv6Fields& fields = {}) {
        if (link_) begin(link_->width == 2 ? 0x86dd : 41);
        byte(static_cast<std::uint8_t>(fields.version << 4)).raw({0, 0, 0});
        if (!fields.payload_length) lengths_.push_back({bytes_.size(), bytes_.size() + 36});
        be16(fields.payload_length.value_or(0));
        link_ = Link{bytes_.size(), 1};
        byte(fields.next_header).byte(64);
        append(fields.source);
        return append(fields.destination);
    }

    // IPv6 extension headers: `units` is their length field, in 8 bytes beyond the first 8. Padded with PadN.
    FrameBuilder& hop_by_hop(std::uint8_t units = 0) { return extension(0, units, {1, 4, 0, 0, 0, 0}); }
    FrameBuilder& destination_options(std::uint8_t units = 0) { return extension(60, units, {1, 4, 0, 0, 0, 0}); }
    FrameBuilder& routing(std::uint8_t units = 0) { return extension(43, units, {4, 0, 0, 0, 0, 0}); }
    FrameBuilder& mobility() { return extension(135, 0, {0, 0, 0, 0, 0, 0}); }
    FrameBuilder& hip(std::uint8_t units = 4) { return extension(139, units, {1, 0x11, 0, 0, 0, 0}); }
    FrameBuilder& shim6() { return extension(140, 0, {0x80, 0, 0, 0, 0, 0}); }
    FrameBuilder& jumbo(std::uint32_t length) {
        extension(0, 0, {0xc2, 4});
        return be32(length);
    }
    FrameBuilder& fragment(std::uint16_t offset, bool more, std::uint8_t next = 255) {  // offset in units of 8 bytes
        begin(44);
        link_ = Link{bytes_.size(), 1};
        byte(next).byte(0);
        return be16(static_cast<std::uint16_t>(offset << 3 | (more ? 1 : 0))).be32(0xabcdef01);
    }

    // AH (RFC 4302): the length field is in words minus 2; the fixed part is 3 words.
    FrameBuilder& ah(std::size_t icv_words = 3, std::optional<std::uint8_t> length = {}) {
        begin(51);
        link_ = Link{bytes_.size(), 1};
        byte(255).byte(length.value_or(static_cast<std::uint8_t>(icv_words + 1))).be16(0).be32(0x100).be32(1);
        return payload(4 * icv_words);
    }
    FrameBuilder& esp() {
        begin(50);
        return be32(0x200).be32(1);
    }
    FrameBuilder& no_next() { return begin(59); }

    // Transport layer --------------------------------------------------------------------------------------------

    FrameBuilder& tcp(const TcpFields& fields = {}) {
        begin(6);
        const auto offset = fields.data_offset.value_or(static_cast<std::uint8_t>(5 + fields.option_words));
        be16(fields.source_port).be16(fields.destination_port).be32(1000).be32(2000);
        byte(static_cast<std::uint8_t>(offset << 4)).byte(fields.flags).be16(0xffff).be32(0);
        for (std::size_t i = 0; i < fields.option_words; i++)
            be32(0x01010101);
        return *this;
    }
    FrameBuilder& udp(const UdpFields& fields = {}, std::uint8_t protocol = 17) {
        begin(protocol);
        be16(fields.source_port).be16(fields.destination_port);
        if (!fields.length) lengths_.push_back({bytes_.size(), bytes_.size() - 4});
        return be16(fields.length.value_or(0)).be16(0);
    }
    FrameBuilder& udp_lite() { return udp({}, 136); }
    FrameBuilder& sctp() {
        begin(132);
        return be16(source_port).be16(destination_port).be32(0x55).be32(0);
    }
    FrameBuilder& dccp() {
        begin(33);
        return be16(source_port).be16(destination_port).raw({3, 0, 0, 0, 4, 0, 0, 1});
    }
    FrameBuilder& icmp(std::uint8_t type, std::uint8_t code, std::uint16_t identifier) {
        begin(1);
        return byte(type).byte(code).be16(0).be16(identifier).be16(1);
    }
    FrameBuilder& icmpv6(std::uint8_t type, std::uint8_t code, std::uint16_t identifier) {
        begin(58);
        return byte(type).byte(code).be16(0).be16(identifier).be16(1);
    }
    FrameBuilder& igmp() {
        begin(2);
        return raw({0x16, 0, 0, 0, 224, 1, 2, 3});
    }
    FrameBuilder& gre(std::uint16_t type = 0x0800) {
        begin(47);
        return be16(0).be16(type);
    }
    // Any other protocol.
    FrameBuilder& protocol(std::uint8_t number) { return begin(number); }

    // Bytes ------------------------------------------------------------------------------------------------------

    FrameBuilder& payload(std::size_t count) {
        for (std::size_t i = 0; i < count; i++)
            byte(static_cast<std::uint8_t>('a' + i % 26));
        return *this;
    }
    FrameBuilder& raw(std::initializer_list<std::uint8_t> bytes) {
        bytes_.insert(bytes_.end(), bytes);
        return *this;
    }
    // From here on the frame is padding, or a lie: no length field counts it.
    FrameBuilder& padding(std::size_t count) {
        if (!counted_end_) counted_end_ = bytes_.size();
        bytes_.resize(bytes_.size() + count);
        return *this;
    }
    FrameBuilder& truncate(std::size_t size) {
        cut_ = size;
        return *this;
    }

    [[nodiscard]] Bytes bytes() const {
        Bytes out = bytes_;
        const std::size_t end = counted_end_.value_or(out.size());
        for (const auto& [at, from] : lengths_)
            put16(out, at, end - from);
        if (ether_length_) put16(out, *ether_length_, end - *ether_length_ - 2);
        for (const auto& [from, to] : checksums_)
            put16(out, from + 10, checksum(out, from, to));
        if (cut_ && *cut_ < out.size()) out.resize(*cut_);
        return out;
    }
    operator Bytes() const { return bytes(); }

private:
    struct Link {  // where the next layer writes its number
        std::size_t at;
        int width;
    };

    FrameBuilder& begin(std::uint16_t number) {
        if (link_ && link_->width == 2) put16(bytes_, link_->at, number);
        if (link_ && link_->width == 1) bytes_[link_->at] = static_cast<std::uint8_t>(number);
        link_.reset();
        return *this;
    }
    FrameBuilder& extension(std::uint8_t number, std::uint8_t units, std::initializer_list<std::uint8_t> start) {
        begin(number);
        link_ = Link{bytes_.size(), 1};
        return byte(255).byte(units).raw(start).payload(units * 8u);
    }
    FrameBuilder& length_of_rest() {
        lengths_.push_back({bytes_.size(), bytes_.size() + 2});
        return be16(0);
    }
    FrameBuilder& byte(std::uint8_t value) {
        bytes_.push_back(value);
        return *this;
    }
    FrameBuilder& be16(std::uint16_t value) {
        return byte(static_cast<std::uint8_t>(value >> 8)).byte(static_cast<std::uint8_t>(value));
    }
    FrameBuilder& be32(std::uint32_t value) {
        return be16(static_cast<std::uint16_t>(value >> 16)).be16(static_cast<std::uint16_t>(value));
    }
    template <typename Range>
    FrameBuilder& append(const Range& bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return *this;
    }
    static void put16(Bytes& out, std::size_t at, std::size_t value) {
        out[at] = static_cast<std::uint8_t>(value >> 8);
        out[at + 1] = static_cast<std::uint8_t>(value);
    }
    static std::uint16_t checksum(const Bytes& out, std::size_t from, std::size_t to) {
        std::uint32_t sum = 0;
        for (std::size_t i = from; i + 1 < to; i += 2)
            sum += static_cast<std::uint32_t>(out[i] << 8 | out[i + 1]);
        while (sum >> 16)
            sum = (sum & 0xffff) + (sum >> 16);
        return static_cast<std::uint16_t>(~sum);
    }

    Bytes bytes_;
    std::optional<Link> link_;
    std::vector<std::pair<std::size_t, std::size_t>> lengths_;  // field at first counts from second to the end
    std::vector<std::pair<std::size_t, std::size_t>> checksums_;
    std::optional<std::size_t> ether_length_;
    std::optional<std::size_t> counted_end_;
    std::optional<std::size_t> cut_;
};

}  // namespace weir::test
