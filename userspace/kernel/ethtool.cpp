// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/ethtool.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>

namespace weir {
namespace {

// A structure with a list behind it, of which the kernel is told the length.
template <class Head>
class WithTail {
public:
    explicit WithTail(std::size_t tail_bytes) : words_((sizeof(Head) + tail_bytes + 7) / 8) {}
    Head* head() { return reinterpret_cast<Head*>(words_.data()); }
    const char* tail() { return reinterpret_cast<const char*>(words_.data()) + sizeof(Head); }

private:
    std::vector<std::uint64_t> words_;
};

std::string text_of_field(const char* field, std::size_t room) {
    std::string text(field, strnlen(field, room));
    text.erase(0, text.find_first_not_of(' '));
    return text.erase(text.find_last_not_of(' ') + 1);
}

// More counters than that is a driver that does not tell the truth.
constexpr std::uint32_t counters_max = 65536;

struct Offload {
    const char* name;
    std::uint32_t command;
};
constexpr std::array offloads{
    Offload{"rx-checksum", ETHTOOL_GRXCSUM},
    Offload{"tx-checksum", ETHTOOL_GTXCSUM},
    Offload{"sg", ETHTOOL_GSG},
    Offload{"tso", ETHTOOL_GTSO},
    Offload{"gso", ETHTOOL_GGSO},
    Offload{"gro", ETHTOOL_GGRO},
};

}  // namespace

Result<Ethtool> Ethtool::open() {
    Fd sock(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!sock) return fail(Errc::failed, "cannot ask ethtool", errno_text(errno));
    return Ethtool(std::move(sock));
}

bool Ethtool::ask(const std::string& interface, void* data) const {
    ifreq request{};
    interface.copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_data = static_cast<char*>(data);
    return ioctl(sock_.get(), SIOCETHTOOL, &request) == 0;
}

std::string Ethtool::driver(const std::string& interface) const {
    ethtool_drvinfo info{};
    info.cmd = ETHTOOL_GDRVINFO;
    return ask(interface, &info) ? text_of_field(info.driver, sizeof(info.driver)) : std::string();
}

EthtoolFacts Ethtool::facts(const std::string& interface) const {
    constexpr std::uint64_t megabit = 1'000'000;
    EthtoolFacts facts;
    ethtool_drvinfo driver{};
    driver.cmd = ETHTOOL_GDRVINFO;
    if (ask(interface, &driver)) {
        facts.driver = text_of_field(driver.driver, sizeof(driver.driver));
        facts.bus = text_of_field(driver.bus_info, sizeof(driver.bus_info));
    }
    // The old command: its answer has no list behind it, and the speed in two halves.
    ethtool_cmd settings{};
    settings.cmd = ETHTOOL_GSET;
    if (ask(interface, &settings)) {
        const std::uint32_t speed_mbps = ethtool_cmd_speed(&settings);
        const bool is_known = speed_mbps != 0 && speed_mbps != static_cast<std::uint32_t>(SPEED_UNKNOWN) &&
                              speed_mbps != static_cast<std::uint16_t>(SPEED_UNKNOWN);
        if (is_known) facts.speed_bps = speed_mbps * megabit;
    }
    ethtool_ringparam rings{};
    rings.cmd = ETHTOOL_GRINGPARAM;
    if (ask(interface, &rings)) {
        facts.rx_ring = rings.rx_pending;
        facts.rx_ring_max = rings.rx_max_pending;
        facts.tx_ring = rings.tx_pending;
        facts.tx_ring_max = rings.tx_max_pending;
    }
    ethtool_channels channels{};
    channels.cmd = ETHTOOL_GCHANNELS;
    if (ask(interface, &channels)) {
        facts.rx_queues = channels.rx_count + channels.combined_count;
        facts.tx_queues = channels.tx_count + channels.combined_count;
        facts.queues_max = std::max({channels.max_combined, channels.max_rx, channels.max_tx});
    }
    for (const Offload& offload : offloads) {
        ethtool_value value{};
        value.cmd = offload.command;
        if (ask(interface, &value) && value.data != 0) facts.offloads.emplace_back(offload.name);
    }
    return facts;
}

std::vector<std::pair<std::string, std::uint64_t>> Ethtool::counters(const std::string& interface) const {
    WithTail<ethtool_sset_info> size(sizeof(std::uint32_t));
    size.head()->cmd = ETHTOOL_GSSET_INFO;
    size.head()->sset_mask = std::uint64_t{1} << ETH_SS_STATS;
    if (!ask(interface, size.head()) || size.head()->sset_mask == 0) return {};
    std::uint32_t count = 0;
    std::memcpy(&count, size.tail(), sizeof(count));
    if (count == 0 || count > counters_max) return {};

    WithTail<ethtool_gstrings> names(std::size_t{count} * ETH_GSTRING_LEN);
    names.head()->cmd = ETHTOOL_GSTRINGS;
    names.head()->string_set = ETH_SS_STATS;
    names.head()->len = count;
    WithTail<ethtool_stats> values(std::size_t{count} * sizeof(std::uint64_t));
    values.head()->cmd = ETHTOOL_GSTATS;
    values.head()->n_stats = count;
    // The driver writes as many as it has now; another number than a moment ago is not to be trusted.
    if (!ask(interface, names.head()) || names.head()->len != count) return {};
    if (!ask(interface, values.head()) || values.head()->n_stats != count) return {};

    std::map<std::string, std::uint64_t> sums;
    for (std::size_t i = 0; i < count; i++) {
        std::uint64_t value = 0;
        std::memcpy(&value, values.tail() + i * sizeof(value), sizeof(value));
        sums[text_of_field(names.tail() + i * ETH_GSTRING_LEN, ETH_GSTRING_LEN)] += value;
    }
    return {sums.begin(), sums.end()};
}

std::string driver_of(const std::string& interface) {
    const auto ethtool = Ethtool::open();
    return ethtool ? ethtool->driver(interface) : std::string();
}

LinkSpeed link_speed(const std::string& interface) {
    constexpr std::array made_up{"veth", "tun", "bridge", "dummy", "openvswitch"};
    const auto ethtool = Ethtool::open();
    if (!ethtool) return {.bps = 0, .why_unknown = to_line(ethtool.error())};
    const auto facts = ethtool->facts(interface);
    if (std::ranges::find(made_up, facts.driver) != made_up.end())
        return {.bps = 0, .why_unknown = "the speed of a link of driver " + facts.driver + " is made up"};
    if (facts.speed_bps == 0) return {.bps = 0, .why_unknown = "its driver knows no speed, or the link is down"};
    return {.bps = facts.speed_bps, .why_unknown = {}};
}

}  // namespace weir
