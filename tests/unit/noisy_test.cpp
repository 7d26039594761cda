// SPDX-License-Identifier: GPL-2.0-or-later
// Verdicts on synthetic pulses: each pattern, each innocent story, many seeds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>

#include "config/noisy_record.hpp"
#include "model/noisy.hpp"

namespace weir::noisy {
namespace {

constexpr std::size_t length = 200;
constexpr int seeds = 40;

// Three tenants: a and c ask small things all the time, b does what the test says.
class Play {
public:
    explicit Play(unsigned seed) : random_(seed) {
        window.first_slot = 1000;
        window.slots = length;
        for (const char* name : {"a", "b", "c"})
            window.vnics.push_back({.interface = std::string("vnic_") + name,
                                    .tenant = name,
                                    .slots = std::vector<weir_pulse_slot>(length)});
        for (std::size_t i = 0; i < length; ++i)
            for (const std::size_t tenant : {0U, 2U}) {
                auto& slot = at(tenant, i);
                set_rtt(slot, between(0.2e6, 0.4e6));
                slot.direction[WEIR_TX].packets = 20;
                slot.direction[WEIR_RX].packets = 20;
                slot.direction[WEIR_TX].bytes = 4000;
                slot.direction[WEIR_RX].bytes = 9000;
            }
        begin = 80 + random_() % 40;
        end = begin + 30 + random_() % 40;
    }

    weir_pulse_slot& at(std::size_t tenant, std::size_t slot) { return window.vnics[tenant].slots[slot]; }
    double between(double low, double high) { return std::uniform_real_distribution<>(low, high)(random_); }

    static void set_rtt(weir_pulse_slot& slot, double ns) {
        auto& tx = slot.direction[WEIR_TX];
        tx.rtt_count = 10;
        tx.rtt_sum_ns = static_cast<std::uint64_t>(ns * 10);
        tx.rtt_max_ns = static_cast<std::uint32_t>(ns * 1.5);
        tx.rtt_not_min_ns = ~static_cast<std::uint32_t>(ns / 2);
    }

    // Of every slot of the loud time.
    void loudly(const std::function<void(weir_pulse_slot&)>& act, std::size_t tenant = 1) {
        for (std::size_t i = begin; i < end; ++i)
            act(at(tenant, i));
    }
    void harm(double ms = 20, std::size_t from = 0) {
        for (std::size_t i = from == 0 ? begin + 1 : from; i < end; ++i)
            for (const std::size_t tenant : {0U, 2U})
                set_rtt(at(tenant, i), between(0.7, 1.3) * ms * 1e6);
    }
    void hog(std::size_t tenant = 1, double mbit = 50) {
        loudly(
            [&](weir_pulse_slot& slot) {
                slot.direction[WEIR_TX].bytes = static_cast<std::uint64_t>(between(0.9, 1.1) * mbit * 1e6 / 80);
                slot.direction[WEIR_TX].packets = static_cast<std::uint32_t>(slot.direction[WEIR_TX].bytes / 1200);
                slot.direction[WEIR_TX].peak_bytes = static_cast<std::uint32_t>(slot.direction[WEIR_TX].bytes / 90);
            },
            tenant);
    }
    void send(std::size_t tenant, double mbit) {  // all the time
        for (std::size_t i = 0; i < length; ++i)
            at(tenant, i).direction[WEIR_TX].bytes = static_cast<std::uint64_t>(between(0.9, 1.1) * mbit * 1e6 / 80);
    }
    void burst(std::size_t slot) {
        auto& tx = at(1, slot).direction[WEIR_TX];
        tx.bytes = 60000;
        tx.packets = 50;
        tx.peak_bytes = 30000;
    }
    void small_packets(int direction, std::uint32_t per_slot) {
        loudly([&](weir_pulse_slot& slot) {
            slot.direction[direction].packets = per_slot;
            slot.direction[direction].small_packets = per_slot;
            slot.direction[direction].bytes = per_slot * 60ULL;
        });
    }

    Window window;
    std::size_t begin = 0;
    std::size_t end = 0;

private:
    std::mt19937 random_;
};

using Story = std::function<void(Play&)>;

const std::map<std::string, Story>& guilty() {
    static const std::map<std::string, Story> stories{
        {"bandwidth_hog",
         [](Play& play) {
             play.hog();
             play.harm();
         }},
        {"packet_flood",
         [](Play& play) {
             play.small_packets(WEIR_TX, 3000);
             play.harm();
         }},
        {"inbound_flood",
         [](Play& play) {
             play.small_packets(WEIR_RX, 3000);
             play.harm();
         }},
        {"syn_flood",
         [](Play& play) {
             play.small_packets(WEIR_TX, 3000);
             play.loudly([](weir_pulse_slot& slot) {
                 slot.direction[WEIR_TX].syns = 3000;
                 slot.direction[WEIR_TX].new_flows = 3000;
             });
             play.harm();
         }},
        {"scan",
         [](Play& play) {
             play.loudly([](weir_pulse_slot& slot) {
                 slot.direction[WEIR_TX].syns = 2000;
                 slot.direction[WEIR_RX].resets = 1500;
                 slot.direction[WEIR_TX].packets = 2000;
                 slot.direction[WEIR_RX].packets = 1500;
             });
             play.harm();
         }},
        {"connection_churn",
         [](Play& play) {
             play.loudly([](weir_pulse_slot& slot) {
                 slot.direction[WEIR_TX].syns = 300;
                 slot.direction[WEIR_TX].new_flows = 200;
                 slot.direction[WEIR_RX].syn_acks = 290;
             });
             play.harm();
         }},
        {"conntrack_pressure",
         [](Play& play) {
             play.window.conntrack = {.count = 990, .max = 1000, .failed = 5000};
             play.loudly([](weir_pulse_slot& slot) {
                 slot.direction[WEIR_TX].syns = 300;
                 slot.direction[WEIR_TX].new_flows = 200;
                 slot.direction[WEIR_RX].syn_acks = 60;  // of the rest the table refused to know
             });
             play.harm();
         }},
        {"broadcast_storm",
         [](Play& play) {
             play.small_packets(WEIR_TX, 2000);
             play.loudly([](weir_pulse_slot& slot) { slot.direction[WEIR_TX].group_packets = 2000; });
             play.harm();
         }},
        {"spoofing",
         [](Play& play) {
             play.small_packets(WEIR_TX, 2000);
             play.loudly([](weir_pulse_slot& slot) {
                 slot.direction[WEIR_TX].new_flows = 2000;
                 slot.direction[WEIR_TX].foreign_flows = 1990;
             });
             play.harm();
         }},
        {"microburst",
         [](Play& play) {
             for (std::size_t i = play.begin; i < play.end; i += 3) {
                 play.burst(i);
                 for (const std::size_t tenant : {0U, 2U})
                     play.at(tenant, i).direction[WEIR_TX].rtt_max_ns =
                         static_cast<std::uint32_t>(play.between(4e6, 6e6));
             }
         }},
    };
    return stories;
}

const std::map<std::string, Story>& innocent() {
    static const std::map<std::string, Story> stories{
        {"nobody does anything", [](Play&) {}},
        {"loud and harmless", [](Play& play) { play.hog(); }},
        {"a flood that harms nobody", [](Play& play) { play.small_packets(WEIR_TX, 5000); }},
        {"harm without a culprit", [](Play& play) { play.harm(); }},
        {"the harm was there before",
         [](Play& play) {
             play.hog();
             play.harm(20, play.begin - 25);
         }},
        {"harm that comes and goes",
         [](Play& play) {
             play.hog();
             for (std::size_t i = 0; i < length; ++i)
                 if (i / 7 % 2 == 0) Play::set_rtt(play.at(0, i), 20e6);
         }},
        {"a crowd",
         [](Play& play) {
             for (const std::size_t tenant : {0U, 1U, 2U})
                 play.hog(tenant);
             play.harm();
         }},
        {"a crowd that shares unevenly",
         [](Play& play) {
             play.send(0, 21);
             play.send(2, 21);
             play.hog();
             play.harm();
         }},
        {"loud all the time",
         [](Play& play) {
             play.begin = 0;
             play.end = length;
             play.hog();
         }},
        {"a slow VM",
         [](Play& play) {
             play.hog();
             for (std::size_t i = play.begin; i < play.end; ++i) {
                 play.at(0, i).direction[WEIR_RX].rtt_count = 10;
                 play.at(0, i).direction[WEIR_RX].rtt_sum_ns = 500'000'000;
                 play.at(0, i).direction[WEIR_TX].bytes /= 10;
             }
         }},
        {"held by its own limit",
         [](Play& play) {
             play.hog();
             play.harm();
             for (std::size_t i = play.begin; i < play.end; ++i)
                 for (const std::size_t tenant : {0U, 2U})
                     play.at(tenant, i).direction[WEIR_TX].delayed_packets = 15;
         }},
        {"too short",
         [](Play& play) {
             play.end = play.begin + 3;
             play.hog();
             play.harm();
         }},
        {"answers to a download",
         [](Play& play) {
             play.small_packets(WEIR_TX, 2000);
             play.loudly([](weir_pulse_slot& slot) {
                 slot.direction[WEIR_RX].bytes = 3'000'000;
                 slot.direction[WEIR_RX].packets = 2000;
             });
         }},
    };
    return stories;
}

class Guilty : public testing::TestWithParam<std::string> {};

TEST_P(Guilty, IsFoundWithItsPatternAndItsVictims) {
    int right = 0;
    for (unsigned seed = 0; seed < seeds; ++seed) {
        Play play(seed);
        guilty().at(GetParam())(play);
        const auto report = judge(play.window, {});
        ASSERT_LE(report.neighbours.size(), 1U) << "seed " << seed;
        if (report.neighbours.empty()) continue;
        const auto& found = report.neighbours.front();
        EXPECT_EQ(found.tenant, "b");
        EXPECT_EQ(to_string(found.pattern), GetParam()) << "seed " << seed;
        for (const char* victim : {"a", "c"})
            EXPECT_TRUE(std::ranges::any_of(found.victims, [&](const Victim& one) { return one.tenant == victim; }))
                << victim;
        if (found.pattern == Pattern::inbound_flood)
            EXPECT_FALSE(found.advice.empty());
        else
            EXPECT_TRUE(found.remedy.starts_with("weir limit set b --")) << found.remedy;
        right += 1;
    }
    EXPECT_GE(right, seeds * 95 / 100);
}

std::string word_of(const testing::TestParamInfo<std::string>& info) {
    std::string word = info.param;
    std::ranges::replace(word, ' ', '_');
    return word;
}

std::vector<std::string> names_of(const std::map<std::string, Story>& stories) {
    std::vector<std::string> names;
    for (const auto& [name, story] : stories)
        names.push_back(name);
    return names;
}

INSTANTIATE_TEST_SUITE_P(Noisy, Guilty, testing::ValuesIn(names_of(guilty())), word_of);

TEST(Noisy, AHogBesideTwoThatSendAFifthOfWhatItDoesIsNoCrowd) {
    for (unsigned seed = 0; seed < seeds; ++seed) {
        Play play(seed);
        play.send(0, 10);
        play.send(2, 10);
        play.hog();
        play.harm();
        const auto report = judge(play.window, {});
        ASSERT_EQ(report.neighbours.size(), 1U) << "seed " << seed;
        EXPECT_EQ(report.neighbours.front().tenant, "b");
    }
}

class Innocent : public testing::TestWithParam<std::string> {};

TEST_P(Innocent, IsNotAccused) {
    for (unsigned seed = 0; seed < seeds; ++seed) {
        Play play(seed);
        innocent().at(GetParam())(play);
        for (const auto& found : judge(play.window, {}).neighbours)
            ADD_FAILURE() << "seed " << seed << ": " << found.tenant << " " << to_string(found.pattern) << " "
                          << found.certainty;
    }
}

INSTANTIATE_TEST_SUITE_P(Noisy, Innocent, testing::ValuesIn(names_of(innocent())), word_of);

TEST(Noisy, RandomWindowsAccuseNobody) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        std::mt19937 random(seed);
        Play play(seed);
        for (auto& vnic : play.window.vnics)
            for (auto& slot : vnic.slots) {
                slot.direction[WEIR_TX].bytes = random() % 1'000'000;
                slot.direction[WEIR_TX].packets = random() % 1000;
                slot.direction[WEIR_TX].retransmits = random() % 20 == 0 ? random() % 10 : 0;
                Play::set_rtt(slot, static_cast<double>(random() % 20'000'000));
            }
        EXPECT_TRUE(judge(play.window, {}).neighbours.empty()) << "seed " << seed;
    }
}

// Bursts beside delays of the machine's own, which come and go for two seconds each; `met` of the bursts delay the
// others by some milliseconds more.
void burst_on_a_busy_machine(Play& play, double met) {
    play.end = play.begin + 78;
    for (std::size_t i = 0; i < length; ++i) {
        const bool is_burst = i >= play.begin && i < play.end && i % 3 == 0;
        if (is_burst) play.burst(i);
        const bool is_met = is_burst && play.between(0, 1) < met;
        const bool is_busy = i / 20 % 2 == 0;
        for (const std::size_t tenant : {0U, 2U})
            play.at(tenant, i).direction[WEIR_TX].rtt_max_ns =
                static_cast<std::uint32_t>((is_busy ? play.between(3e6, 10e6) : play.between(0.2e6, 0.6e6)) +
                                           (is_met ? play.between(4e6, 8e6) : 0));
    }
}

TEST(Noisy, BurstsAreComparedWithWhatIsBesideThem) {
    int right = 0;
    for (unsigned seed = 0; seed < seeds; ++seed) {
        Play play(seed);
        burst_on_a_busy_machine(play, 0.95);
        const auto report = judge(play.window, {});
        ASSERT_LE(report.neighbours.size(), 1U) << "seed " << seed;
        right += report.neighbours.size() == 1 && report.neighbours.front().pattern == Pattern::microburst ? 1 : 0;
    }
    EXPECT_GE(right, seeds * 95 / 100);
}

TEST(Noisy, BurstsThatFewMeetHarmNobody) {
    for (const double met : {0.0, 0.25})
        for (unsigned seed = 0; seed < 200; ++seed) {
            Play play(seed);
            burst_on_a_busy_machine(play, met);
            EXPECT_TRUE(judge(play.window, {}).neighbours.empty()) << met << " seed " << seed;
        }
}

TEST(Noisy, AThresholdCanBeSet) {
    Play play(1);
    play.hog();
    play.harm(20);
    Thresholds strict;
    strict.*find_threshold("latency_ns")->field = 100e6;
    EXPECT_EQ(judge(play.window, {}).neighbours.size(), 1U);
    EXPECT_TRUE(judge(play.window, strict).neighbours.empty());
}

TEST(Noisy, TheCapacityOfTheUplinkDecidesTheRemedy) {
    Play play(1);
    play.hog();
    play.harm();
    play.window.vnics.push_back({.interface = "up0",
                                 .tenant = "up0",
                                 .role = Role::uplink,
                                 .capacity_bps = 20'000'000,
                                 .is_paced = true,
                                 .slots = std::vector<weir_pulse_slot>(length)});
    EXPECT_EQ(judge(play.window, {}).neighbours.front().remedy, "weir limit set b --tx-max 15mbit");
    // Where no fq holds what is delayed, a limit that delays would let a tenth of a second pass at once.
    play.window.vnics.back().is_paced = false;
    EXPECT_EQ(judge(play.window, {}).neighbours.front().remedy,
              "weir limit set b --tx-max 15mbit --mode police --burst 5ms");
}

TEST(Noisy, WhoHadFilledTheUplinkAloneGetsMostOfItBack) {
    Play play(1);
    play.hog();
    play.harm();
    const auto rate_of = [&] { return judge(play.window, {}).neighbours.front().remedy; };
    const auto usual = rate_of();
    // a sends all that the uplink carries, 20 Mbit/s, and next to nothing while b is loud.
    for (auto& vnic : play.window.vnics)
        if (vnic.tenant == "a")
            for (std::size_t i = 0; i < vnic.slots.size(); ++i)
                vnic.slots[i].direction[WEIR_TX].bytes = i >= play.begin && i < play.end ? 10'000 : 250'000;
    EXPECT_NE(rate_of(), usual);
    EXPECT_TRUE(rate_of().starts_with("weir limit set b --tx-max 2.")) << rate_of();
}

TEST(NoisyRecord, SaysTheSameWhenReadAgain) {
    Play play(3);
    play.hog();
    play.harm();
    const auto text = print_record(play.window);
    const auto again = parse_record(text, "test");
    ASSERT_TRUE(again) << to_line(again.error());
    EXPECT_EQ(print_record(*again), text);
    EXPECT_EQ(judge(*again, {}).neighbours.front().certainty, judge(play.window, {}).neighbours.front().certainty);
}

TEST(NoisyRecord, RefusesWhatItDoesNotKnow) {
    Play play(3);
    auto text = print_record(play.window);
    text.replace(text.find("\"packets\""), 9, "\"packetz\"");
    const auto bad = parse_record(text, "test");
    ASSERT_FALSE(bad);
    EXPECT_THAT(bad.error().evidence, testing::HasSubstr("/vnics/0/tx/packetz"));
    EXPECT_FALSE(parse_record("{}", "test"));
}

}  // namespace
}  // namespace weir::noisy
