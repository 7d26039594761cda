// SPDX-License-Identifier: GPL-2.0-or-later
#include "demo/iperf3.hpp"

#include <nlohmann/json.hpp>

namespace weir::demo {

Result<Iperf3Totals> parse_iperf3(const std::string& json) {
    try {
        const auto document = nlohmann::json::parse(json);
        if (document.contains("error")) {
            auto why = document.at("error").get<std::string>();
            return fail(Errc::failed, "iperf3 failed", std::move(why));
        }
        Iperf3Totals totals;
        for (const auto& stream : document.at("start").at("connected"))
            totals.client_ports.push_back(stream.at("local_port").get<std::uint16_t>());
        const auto& end = document.at("end");
        const auto& sent = end.at("sum_sent");
        const auto& received = end.at("sum_received");
        totals.seconds = sent.at("seconds").get<double>();
        totals.sent_bytes = sent.at("bytes").get<std::uint64_t>();
        totals.received_bytes = received.at("bytes").get<std::uint64_t>();
        totals.retransmits = sent.value("retransmits", std::uint64_t{0});
        totals.sent_packets = sent.value("packets", std::uint64_t{0});
        totals.lost_packets = received.value("lost_packets", std::uint64_t{0});
        return totals;
    } catch (const nlohmann::json::exception& error) {
        return fail(Errc::failed, "cannot read what iperf3 printed", error.what(), "is it iperf 3.9 or newer?");
    }
}

}  // namespace weir::demo
