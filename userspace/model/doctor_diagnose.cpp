// SPDX-License-Identifier: GPL-2.0-or-later
// From two snapshots to findings, by the tables of doctor_knowledge.cpp.
#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "model/doctor.hpp"
#include "model/doctor_knowledge.hpp"

namespace weir {
namespace {

constexpr std::string_view traced = "trace.";

// How much a reading has grown, with both ends as evidence.
struct Growth {
    const ReadingKey* key = nullptr;
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    [[nodiscard]] std::uint64_t amount() const { return after - before; }
};

bool starts_absent_at_zero(std::string_view metric) {
    return metric.starts_with(traced) || metric.starts_with("weir.") || metric.starts_with("weir_hook.");
}

// What grew. A drop that was seen for the first time had no counter before; all others have been there.
std::vector<Growth> growth_of(const DoctorSnapshot& before, const DoctorSnapshot& after, std::string_view interface) {
    std::vector<Growth> grown;
    for (const auto& [key, value] : after.counters) {
        if (!interface.empty() && !key.place.interface.empty() && key.place.interface != interface) continue;
        const auto earlier = before.counters.find(key);
        const bool known = earlier != before.counters.end();
        if (!known && !starts_absent_at_zero(key.metric)) continue;
        const std::uint64_t was = known ? earlier->second : 0;
        if (value > was) grown.push_back({&key, was, value});
    }
    return grown;
}

// One '*' stands for anything.
bool matches(std::string_view pattern, std::string_view metric) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == metric;
    const auto head = pattern.substr(0, star);
    const auto tail = pattern.substr(star + 1);
    return metric.size() >= head.size() + tail.size() && metric.starts_with(head) && metric.ends_with(tail);
}

// Sources that could be wrong for the same reason are one: the protocol's files; a device's two ways of telling.
std::string_view family_of(std::string_view metric) {
    const auto source = metric.substr(0, metric.find('.'));
    if (source == "snmp" || source == "netstat") return "protocol";
    if (source == "ethtool") return "link";
    if (source == "limit") return "weir";
    return source;
}

class Examination {
public:
    Examination(const DoctorSnapshot& before, const DoctorSnapshot& after, const DoctorOptions& options)
        : before_(before),
          after_(after),
          grown_(growth_of(before, after, options.interface)),
          interface_(options.interface) {
        window_ns_ = after.taken_ns - before.taken_ns;
    }

    std::vector<DoctorFinding> findings() {
        std::vector<DoctorFinding> found;
        for (const Cause& cause : doctor_causes())
            add_signs_of(cause, found);
        add_unknown_drops(found);
        for (const Ratio& ratio : doctor_ratios())
            add_ratio(ratio, found);
        give_way(found);
        std::ranges::stable_sort(found, [](const DoctorFinding& a, const DoctorFinding& b) {
            const auto rank = [](const DoctorFinding& f) {
                return std::tuple(f.severity != Severity::info, f.confidence, f.severity, f.count);
            };
            return rank(a) > rank(b);
        });
        return found;
    }

private:
    // Of one cause, at one interface or (empty) everywhere.
    struct Weighed {
        std::map<std::string_view, std::uint64_t> by_family;  // counted
        std::set<std::string_view> families;                  // counted or bearing out
        std::vector<DoctorEvidence> evidence;
    };

    [[nodiscard]] bool has_grown(std::string_view metric) const {
        return std::ranges::any_of(grown_, [&](const Growth& growth) { return matches(metric, growth.key->metric); });
    }

    // What is of no interface counts at each.
    [[nodiscard]] std::uint64_t growth_at(std::string_view metric, std::string_view interface) const {
        std::uint64_t sum = 0;
        for (const Growth& growth : grown_) {
            const auto& at = growth.key->place.interface;
            const bool is_here = interface.empty() || at.empty() || at == interface;
            if (is_here && matches(metric, growth.key->metric)) sum += growth.amount();
        }
        return sum;
    }

    [[nodiscard]] std::string_view kind_of(std::string_view interface) const {
        const auto nic = std::ranges::find(after_.nics, interface, &NicFacts::interface);
        return nic == after_.nics.end() ? std::string_view() : std::string_view(nic->kind);
    }

    [[nodiscard]] bool is_valid_at(const Sign& sign, const Growth& growth) const {
        if (!matches(sign.metric, growth.key->metric)) return false;
        if (sign.nic_kinds.empty()) return true;
        const auto kind = kind_of(growth.key->place.interface);
        return !kind.empty() && sign.nic_kinds.find(kind) != std::string_view::npos;
    }

    [[nodiscard]] bool applies(const Sign& sign) const {
        return (sign.only_if.empty() || has_grown(sign.only_if)) && (sign.unless.empty() || !has_grown(sign.unless));
    }

    // Where a cause shows: at each of several interfaces, or as one thing everywhere if any of its counts is of none.
    [[nodiscard]] std::set<std::string> interfaces_of(const Cause& cause) const {
        std::set<std::string> interfaces;
        for (const Sign& sign : doctor_signs()) {
            if (sign.cause != cause.id || sign.kind != SignKind::counts || !applies(sign)) continue;
            for (const Growth& growth : grown_)
                if (is_valid_at(sign, growth)) interfaces.insert(growth.key->place.interface);
        }
        return interfaces.contains("") ? std::set<std::string>{""} : interfaces;
    }

    [[nodiscard]] Weighed weigh(const Cause& cause, const std::string& interface) const {
        Weighed weighed;
        for (const Sign& sign : doctor_signs()) {
            if (sign.cause != cause.id || !applies(sign)) continue;
            std::uint64_t sum = 0;
            std::vector<DoctorEvidence> evidence;
            for (const Growth& growth : grown_) {
                const auto& place = growth.key->place;
                const bool is_here = interface.empty() || place.interface == interface || place.interface.empty();
                if (!is_here || !is_valid_at(sign, growth)) continue;
                sum += growth.amount();
                const auto unit = sign.kind == SignKind::counts ? cause.unit : std::string_view("count");
                evidence.push_back({growth.key->metric, place, growth.before, growth.after, unit});
            }
            for (const auto& other : sign.minus)
                if (!other.empty()) sum -= std::min(sum, growth_at(other, interface));
            if (sign.kind == SignKind::supports && sum == 0) sum = add_levels(sign, interface, evidence);
            if (sum == 0) continue;
            const auto family = family_of(sign.metric);
            weighed.families.insert(family);
            if (sign.kind == SignKind::counts) weighed.by_family[family] += sum;
            std::ranges::move(evidence, std::back_inserter(weighed.evidence));
        }
        return weighed;
    }

    // A state that bears a cause out stands there, and need not have grown: a full table, a program at the NIC.
    [[nodiscard]] std::uint64_t add_levels(const Sign& sign, const std::string& interface,
                                           std::vector<DoctorEvidence>& evidence) const {
        std::uint64_t sum = 0;
        for (const auto& [key, value] : after_.levels) {
            const bool is_here = interface.empty() || key.place.interface.empty() || key.place.interface == interface;
            if (value == 0 || !is_here || !matches(sign.metric, key.metric)) continue;
            sum += value;
            const auto earlier = before_.levels.find(key);
            evidence.push_back(
                {key.metric, key.place, earlier == before_.levels.end() ? 0 : earlier->second, value, "level"});
        }
        return sum;
    }

    static DoctorFinding finding_of(const Cause& cause, std::uint64_t count) {
        DoctorFinding finding;
        finding.id = cause.id;
        finding.severity = count < cause.alarm_at ? Severity::info : cause.severity;
        finding.confidence = cause.is_general ? Confidence::low : Confidence::medium;
        finding.count = count;
        finding.unit = cause.unit;
        finding.meaning = cause.meaning;
        finding.kernels = cause.kernels;
        finding.fix = cause.fix;
        return finding;
    }

    // The interface that all of the evidence names, if it is one; with its part if there is only one.
    static Place place_of(const std::vector<DoctorEvidence>& evidence) {
        std::set<Place> places;
        std::set<std::string> interfaces;
        for (const DoctorEvidence& one : evidence) {
            if (one.place != Place{}) places.insert(one.place);
            if (!one.place.interface.empty()) interfaces.insert(one.place.interface);
        }
        if (places.size() == 1) return *places.begin();
        return interfaces.size() == 1 ? Place{*interfaces.begin(), ""} : Place{};
    }

    static void fill_in(std::string& text, std::string_view placeholder, std::string_view value) {
        if (value.empty()) return;
        for (std::size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos; at += value.size())
            text.replace(at, placeholder.size(), value);
    }

    // The direction in which Weir dropped most.
    static std::string_view direction_of(const DoctorFinding& finding) {
        std::map<std::string_view, std::uint64_t> grown;
        for (const DoctorEvidence& one : finding.evidence)
            if (family_of(one.metric) == "weir" && one.unit == finding.unit)
                grown[one.place.part] += one.after - one.before;
        const auto most = std::ranges::max_element(grown, {}, [](const auto& direction) { return direction.second; });
        return most == grown.end() ? std::string_view() : most->first;
    }

    void name_what_is_meant(DoctorFinding& finding) const {
        if (finding.place.interface.empty()) return;
        fill_in(finding.fix, "IFACE", finding.place.interface);
        const auto nic = std::ranges::find(after_.nics, finding.place.interface, &NicFacts::interface);
        if (nic != after_.nics.end()) fill_in(finding.fix, "TENANT", nic->tenant);
        fill_in(finding.fix, "DIRECTION", direction_of(finding));
    }

    void add_signs_of(const Cause& cause, std::vector<DoctorFinding>& found) const {
        for (const auto& interface : interfaces_of(cause)) {
            Weighed weighed = weigh(cause, interface);
            std::uint64_t count = 0;
            for (const auto& [family, sum] : weighed.by_family)
                count = std::max(count, sum);
            if (count == 0) continue;
            DoctorFinding finding = finding_of(cause, count);
            if (weighed.families.size() > 1) finding.confidence = Confidence::high;
            finding.evidence = std::move(weighed.evidence);
            finding.place = place_of(finding.evidence);
            name_what_is_meant(finding);
            found.push_back(std::move(finding));
        }
    }

    // Reasons that no sign knows: of a newer kernel, or of none.
    void add_unknown_drops(std::vector<DoctorFinding>& found) const {
        const Cause& cause = *find_cause("other_drops");
        DoctorFinding finding = finding_of(cause, 0);
        for (const Growth& growth : grown_) {
            const auto& metric = growth.key->metric;
            const auto knows = [&](const Sign& sign) { return matches(sign.metric, metric); };
            if (!metric.starts_with(traced) || std::ranges::any_of(doctor_signs(), knows)) continue;
            finding.count += growth.amount();
            finding.evidence.push_back({metric, growth.key->place, growth.before, growth.after, cause.unit});
        }
        if (finding.count == 0) return;
        finding.place = place_of(finding.evidence);
        found.push_back(std::move(finding));
    }

    // What a ratio's metric is held against, at the same place or at none; 0 if it was not read.
    [[nodiscard]] std::uint64_t whole_of(const Ratio& ratio, const Place& place) const {
        if (ratio.of.empty()) return 1;
        if (ratio.of == "window_ns") return window_ns_;
        if (ratio.is_growth) return growth_at(ratio.of, place.interface);
        for (const auto& [key, value] : after_.levels)
            if (key.metric == ratio.of && key.place == place) return value;
        return 0;
    }

    void add_ratio(const Ratio& ratio, std::vector<DoctorFinding>& found) const {
        const auto consider = [&](const ReadingKey& key, std::uint64_t before, std::uint64_t after) {
            const std::uint64_t part = ratio.is_growth ? after - before : after;
            const std::uint64_t whole = whole_of(ratio, key.place);
            if (whole == 0 || part < ratio.least || part == 0) return;
            if (static_cast<double>(part) < ratio.alarm_at * static_cast<double>(whole)) return;
            const Cause& cause = *find_cause(ratio.cause);
            DoctorFinding finding = finding_of(cause, part);
            finding.place = key.place;
            finding.evidence.push_back({key.metric, key.place, before, after, cause.unit});
            if (!ratio.of.empty())
                finding.evidence.push_back(
                    {std::string(ratio.of), key.place, ratio.is_growth ? 0 : whole, whole, cause.unit});
            for (DoctorEvidence& more : weigh(cause, key.place.interface).evidence) {
                if (family_of(more.metric) != family_of(key.metric)) finding.confidence = Confidence::high;
                finding.evidence.push_back(std::move(more));
            }
            name_what_is_meant(finding);
            found.push_back(std::move(finding));
        };
        if (ratio.is_growth) {
            for (const Growth& growth : grown_)
                if (growth.key->metric == ratio.metric) consider(*growth.key, growth.before, growth.after);
            return;
        }
        for (const auto& [key, value] : after_.levels) {
            const bool is_wanted =
                interface_.empty() || key.place.interface.empty() || key.place.interface == interface_;
            if (key.metric == ratio.metric && is_wanted) consider(key, value, value);
        }
    }

    // A finding that only says that packets were lost goes when others say why of at least as many.
    static void give_way(std::vector<DoctorFinding>& found) {
        std::vector<DoctorFinding> kept;
        for (const DoctorFinding& candidate : found) {
            std::uint64_t explained = 0;
            for (const DoctorFinding& other : found) {
                const auto& a = candidate.place.interface;
                const auto& b = other.place.interface;
                if (!find_cause(other.id)->is_general && other.unit == "packets" && (a.empty() || b.empty() || a == b))
                    explained += other.count;
            }
            if (!find_cause(candidate.id)->is_general || explained < candidate.count) kept.push_back(candidate);
        }
        found = std::move(kept);
    }

    const DoctorSnapshot& before_;
    const DoctorSnapshot& after_;
    std::vector<Growth> grown_;
    std::string interface_;
    std::uint64_t window_ns_ = 0;
};

}  // namespace

std::string_view to_string(Severity severity) {
    constexpr std::array<std::string_view, 3> words{"info", "warning", "error"};
    return words.at(static_cast<std::size_t>(severity));
}

std::string_view to_string(Confidence confidence) {
    constexpr std::array<std::string_view, 3> words{"low", "medium", "high"};
    return words.at(static_cast<std::size_t>(confidence));
}

bool Diagnosis::is_ill() const {
    return std::ranges::any_of(findings,
                               [](const DoctorFinding& finding) { return finding.severity != Severity::info; });
}

Diagnosis diagnose(const DoctorSnapshot& before, const DoctorSnapshot& after, const DoctorOptions& options) {
    Diagnosis diagnosis;
    diagnosis.window_ns = after.taken_ns - before.taken_ns;
    for (const NicFacts& nic : after.nics)
        if (options.interface.empty() || nic.interface == options.interface) diagnosis.nics.push_back(nic);
    diagnosis.findings = Examination(before, after, options).findings();
    diagnosis.missing = after.missing;
    return diagnosis;
}

}  // namespace weir
