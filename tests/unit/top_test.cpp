// SPDX-License-Identifier: GPL-2.0-or-later
// weir top without a terminal: from snapshots to rows, from keys to states, from both to the lines of a screen.
#include "report/top.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "core/utf8.hpp"
#include "model/load.hpp"
#include "model/top.hpp"

namespace weir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t mbit = 1'000'000;

VnicState vnic(std::uint32_t slot, std::string interface, std::string tenant, Role role = Role::vnic) {
    VnicState state;
    state.vnic.slot = slot;
    state.vnic.ifindex = slot + 10;
    state.vnic.interface = std::move(interface);
    state.vnic.tenant = std::move(tenant);
    state.vnic.role = role;
    state.vnic.attached_ns = 1;
    return state;
}

// So many bits in both directions, by packets of 1,000 bytes.
void send(VnicState& state, std::uint64_t tx_bits, std::uint64_t rx_bits) {
    state.ledger.tx.classes[WEIR_CLASS_IPV4_TCP] += Count{tx_bits / 8000, tx_bits / 8};
    state.ledger.rx.classes[WEIR_CLASS_IPV4_TCP] += Count{rx_bits / 8000, rx_bits / 8};
}

// Two seconds of a host with three tenants, one of which has two vNICs, and an uplink.
struct Host {
    LoadSnapshot earlier;
    LoadSnapshot later;

    Host() {
        earlier.taken_ns = 100 * second;
        earlier.vnics = {vnic(0, "vnet0", "web"), vnic(1, "vnet1", "web"), vnic(2, "vnet2", "db"),
                         vnic(3, "vnet3", "mail"), vnic(4, "eth0", "eth0", Role::uplink)};
        earlier.vnics[4].vnic.capacity_bps = 1000 * mbit;
        for (VnicState& state : earlier.vnics)
            send(state, 8000 * mbit, 8000 * mbit);
        later = earlier;
        later.taken_ns = 102 * second;
        send(later.vnics[0], 160 * mbit, 16 * mbit);
        send(later.vnics[1], 40 * mbit, 4 * mbit);
        send(later.vnics[2], 2 * mbit, 600 * mbit);
        send(later.vnics[4], 202 * mbit, 620 * mbit);
        later.vnics[0].flows = 12;
        later.vnics[1].flows = 3;
        later.vnics[2].flows = 1;
        for (int i = 0; i < 100; i++)
            later.vnics[2].latency.of(LatencyKind::host_tx).add(300'000);
        later.limits.push_back({.tenant = "web", .state = {}});
        later.limits.back().state.limit.tx.max_bps = 100 * mbit;
        later.share.is_on = later.share.is_running = true;
        later.share.capacity_bps.fill(1000 * mbit);
        for (const char* tenant : {"db", "mail", "web"}) {
            TenantShare share{.tenant = tenant};
            for (ShareUse& use : share.use)
                use = {.fair_bps = 333 * mbit, .rate_bps = 333 * mbit, .reason = ShareReason::weight};
            later.share.tenants.push_back(share);
        }
    }

    [[nodiscard]] TopFrame frame() const {
        TopFrame frame;
        frame.taken_ns = later.taken_ns;
        frame.interval_ns = second;
        frame.loads = loads_of(earlier, later);
        frame.share = later.share;
        return frame;
    }
};

noisy::Report verdict() {
    noisy::Report report;
    noisy::Neighbour culprit{.tenant = "web", .pattern = noisy::Pattern::bandwidth_hog, .certainty = 0.9};
    culprit.victims.push_back({.tenant = "db", .harm = noisy::Harm::latency, .certainty = 0.9});
    culprit.remedy = "weir limit set web --tx-max 50mbit";
    report.neighbours.push_back(culprit);
    return report;
}

std::vector<std::string> names(const std::vector<TenantLoad>& loads) {
    std::vector<std::string> out;
    for (const TenantLoad& load : loads)
        out.push_back(load.tenant);
    return out;
}

const TenantLoad& find(const Loads& loads, std::string_view tenant) {
    return *std::ranges::find(loads.tenants, tenant, &TenantLoad::tenant);
}

TopKey letter(char32_t which) { return {.kind = TopKey::character, .letter = which}; }
TopKey key(TopKey::Kind kind) { return {.kind = kind}; }

TopState pressed(TopState state, std::initializer_list<TopKey> keys, const std::vector<TenantLoad>& tenants,
                 std::size_t page = 10) {
    for (const TopKey& one : keys)
        state = after(std::move(state), one, tenants, page);
    return state;
}

std::vector<std::string> painted(const TopFrame& frame, const TopState& state, const TopScreen& screen) {
    std::vector<std::string> out;
    for (const TopLine& line : top_lines(frame, state, screen))
        out.push_back(line.text());
    return out;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines)
        out += line + '\n';
    return out;
}

std::string screen_text(const TopFrame& frame, const TopState& state = {}, const TopScreen& screen = {}) {
    return joined(painted(frame, state, screen));
}

TEST(Loads, SumsTheVnicsOfATenantAndLeavesUplinksOut) {
    const Host host;
    const Loads loads = loads_of(host.earlier, host.later);
    EXPECT_EQ(loads.window_ns, 2 * second);
    EXPECT_THAT(names(loads.tenants), ElementsAre("db", "mail", "web"));
    const TenantLoad& web = find(loads, "web");
    EXPECT_THAT(web.interfaces, ElementsAre("vnet0", "vnet1"));
    EXPECT_DOUBLE_EQ(web.of(Direction::tx).bits_per_second, 100e6);
    EXPECT_DOUBLE_EQ(web.of(Direction::rx).bits_per_second, 10e6);
    EXPECT_DOUBLE_EQ(web.packets_per_second(), (100e6 + 10e6) / 8000);
    EXPECT_EQ(web.flows, 15);
    EXPECT_EQ(web.of(Direction::tx).max_bps, 100 * mbit);
    EXPECT_EQ(web.of(Direction::rx).max_bps, 0);
    EXPECT_EQ(web.of(Direction::tx).fair_bps, 333 * mbit);
    EXPECT_EQ(find(loads, "mail").flows, std::nullopt);
    ASSERT_THAT(loads.uplinks, SizeIs(1));
    EXPECT_EQ(loads.uplinks[0].tenant, "eth0");
    EXPECT_DOUBLE_EQ(loads.uplinks[0].of(Direction::rx).bits_per_second, 310e6);
    EXPECT_EQ(loads.uplinks[0].of(Direction::rx).max_bps, 1000 * mbit);
}

TEST(Loads, WhatIsDroppedIsNotLetThrough) {
    Host host;
    host.later.vnics[2].ledger.rx.drops[WEIR_DROP_RATE] += Count{1000, 1'000'000};
    const TenantLoad db = find(loads_of(host.earlier, host.later), "db");
    EXPECT_DOUBLE_EQ(db.of(Direction::rx).bits_per_second, 300e6 - 4e6);
    EXPECT_EQ(db.drop_packets(), 1000);
}

TEST(Loads, DelaysAreThoseOfTheWindow) {
    Host host;
    for (int i = 0; i < 1000; i++)
        host.earlier.vnics[2].latency.of(LatencyKind::host_rx).add(5'000'000);
    host.later.vnics[2].latency.of(LatencyKind::host_rx) = host.earlier.vnics[2].latency.of(LatencyKind::host_rx);
    const Loads loads = loads_of(host.earlier, host.later);
    EXPECT_NEAR(static_cast<double>(find(loads, "db").host_p99_ns.value()), 300'000, 300'000 / 8);
    EXPECT_EQ(find(loads, "db").rtt_p99_ns, std::nullopt);
    EXPECT_EQ(find(loads, "web").host_p99_ns, std::nullopt);
}

TEST(Loads, AVnicAttachedAnewCountsWholeAndOneThatIsGoneDoesNot) {
    Host host;
    host.later.vnics[3].vnic.attached_ns = 2;
    host.later.vnics[3].ledger = {};
    send(host.later.vnics[3], 2 * mbit, 0);
    host.later.vnics.erase(host.later.vnics.begin() + 2);
    const Loads loads = loads_of(host.earlier, host.later);
    EXPECT_THAT(names(loads.tenants), ElementsAre("mail", "web"));
    EXPECT_DOUBLE_EQ(find(loads, "mail").of(Direction::tx).bits_per_second, 1e6);
}

TEST(Loads, NoTimeBetweenTwoSnapshotsIsNoRate) {
    Host host;
    host.later.taken_ns = host.earlier.taken_ns;
    EXPECT_EQ(find(loads_of(host.earlier, host.later), "web").bits_per_second(), 0);
}

TEST(Loads, VerdictsMarkCulpritsAndVictimsInPlaceOfOlderMarks) {
    const Host host;
    Loads loads = loads_of(host.earlier, host.later);
    mark_verdicts(loads, verdict());
    EXPECT_THAT(find(loads, "web").disturbs, ElementsAre(noisy::Pattern::bandwidth_hog));
    EXPECT_THAT(find(loads, "web").suffers, IsEmpty());
    EXPECT_THAT(find(loads, "db").suffers, ElementsAre(noisy::Harm::latency));
    mark_verdicts(loads, verdict());
    EXPECT_THAT(find(loads, "web").disturbs, SizeIs(1));
    mark_verdicts(loads, {});
    EXPECT_THAT(find(loads, "web").disturbs, IsEmpty());
    EXPECT_THAT(find(loads, "db").suffers, IsEmpty());
}

TEST(Order, EachKeyPutsTheMostFirst) {
    Host host;
    host.later.vnics[3].ledger.tx.drops[WEIR_DROP_RATE] += Count{5, 500};
    const auto tenants = loads_of(host.earlier, host.later).tenants;
    const auto by = [&](LoadSort sort, bool reversed = false) {
        return names(arranged(tenants, {.sort = sort, .reversed = reversed}));
    };
    EXPECT_THAT(by(LoadSort::load), ElementsAre("db", "web", "mail"));
    EXPECT_THAT(by(LoadSort::tx), ElementsAre("web", "db", "mail"));
    EXPECT_THAT(by(LoadSort::rx), ElementsAre("db", "web", "mail"));
    EXPECT_THAT(by(LoadSort::packets), ElementsAre("db", "web", "mail"));
    EXPECT_THAT(by(LoadSort::flows), ElementsAre("web", "db", "mail"));
    EXPECT_THAT(by(LoadSort::latency), ElementsAre("db", "mail", "web"));
    EXPECT_THAT(by(LoadSort::drops), ElementsAre("mail", "db", "web"));
    EXPECT_THAT(by(LoadSort::name), ElementsAre("db", "mail", "web"));
    EXPECT_THAT(by(LoadSort::tx, true), ElementsAre("mail", "db", "web"));
}

TEST(Order, WordsOfTheCommandLine) {
    for (const LoadSort sort : load_sorts)
        EXPECT_EQ(load_sort_from(to_string(sort)), sort);
    EXPECT_EQ(load_sort_from("size"), std::nullopt);
}

TEST(Order, AFilterIsPartOfANameWhateverItsCase) {
    const Host host;
    const auto tenants = loads_of(host.earlier, host.later).tenants;
    EXPECT_THAT(names(arranged(tenants, {.filter = "A"})), ElementsAre("mail"));
    EXPECT_THAT(names(arranged(tenants, {.filter = "net1"})), ElementsAre("web"));
    EXPECT_THAT(names(arranged(tenants, {.filter = "vNET"})), SizeIs(3));
    EXPECT_THAT(names(arranged(tenants, {.filter = "x"})), IsEmpty());
}

TEST(Keys, MoveTheSelectionAndKeepItOnTheTenant) {
    const Host host;
    const TopFrame frame = host.frame();
    TopState state;
    const auto tenants = listed(frame, state);  // db, web, mail
    EXPECT_EQ(pressed({}, {key(TopKey::down)}, tenants).selected, "web");
    EXPECT_EQ(pressed({}, {key(TopKey::up)}, tenants).selected, "db");
    EXPECT_EQ(pressed({}, {key(TopKey::end)}, tenants).selected, "mail");
    EXPECT_EQ(pressed({}, {key(TopKey::page_down)}, tenants, 2).selected, "mail");
    EXPECT_EQ(pressed({}, {key(TopKey::end), key(TopKey::down), key(TopKey::up)}, tenants).selected, "web");
    EXPECT_EQ(pressed({}, {key(TopKey::end), key(TopKey::home)}, tenants).selected, "db");
    state = pressed({}, {key(TopKey::down), letter('r')}, tenants);
    EXPECT_EQ(place_of(state.selected, listed(frame, state)), 1);
    EXPECT_EQ(pressed({}, {key(TopKey::down), key(TopKey::enter)}, {}).opened, "");
}

TEST(Keys, SortAndReverse) {
    EXPECT_EQ(pressed({}, {letter('s')}, {}).order.sort, LoadSort::tx);
    EXPECT_EQ(pressed({}, {letter('s'), letter('S')}, {}).order.sort, LoadSort::load);
    EXPECT_EQ(pressed({}, {letter('S')}, {}).order.sort, LoadSort::name);
    EXPECT_TRUE(pressed({}, {letter('r')}, {}).order.reversed);
}

TEST(Keys, TypeAFilter) {
    TopState state = pressed({}, {letter('/'), letter('q'), letter('s')}, {});
    EXPECT_EQ(state.typed, "qs");
    EXPECT_EQ(state.order.filter, "qs") << "the list follows each letter";
    EXPECT_FALSE(state.quit);
    EXPECT_EQ(pressed(state, {key(TopKey::backspace)}, {}).order.filter, "q");
    EXPECT_EQ(pressed(state, {letter(U'é'), key(TopKey::backspace)}, {}).order.filter, "qs");
    EXPECT_EQ(pressed(state, {letter(U'é')}, {}).order.filter, "qsé");
    const TopState kept = pressed(state, {key(TopKey::enter)}, {});
    EXPECT_EQ(kept.typed, std::nullopt);
    EXPECT_EQ(kept.order.filter, "qs");
    EXPECT_EQ(pressed(state, {key(TopKey::escape)}, {}).order.filter, "");
    EXPECT_EQ(pressed(kept, {key(TopKey::escape)}, {}).order.filter, "");
    EXPECT_EQ(pressed(kept, {letter('/'), letter('x')}, {}).order.filter, "qsx");
}

TEST(Keys, OpenATenantAndGoBack) {
    const Host host;
    const auto tenants = host.frame().loads.tenants;  // db, mail, web
    const TopState opened = pressed({}, {key(TopKey::down), key(TopKey::enter)}, tenants);
    EXPECT_EQ(opened.opened, "mail");
    EXPECT_EQ(opened.tab, TopTab::flows);
    EXPECT_EQ(pressed(opened, {letter('l')}, tenants).tab, TopTab::latency);
    EXPECT_EQ(pressed(opened, {letter('d')}, tenants).tab, TopTab::drops);
    EXPECT_EQ(pressed(opened, {key(TopKey::tab), key(TopKey::tab), key(TopKey::tab)}, tenants).tab, TopTab::flows);
    EXPECT_EQ(pressed(opened, {key(TopKey::down), key(TopKey::down)}, tenants).scroll, 2);
    EXPECT_EQ(pressed(opened, {key(TopKey::down), letter('d')}, tenants).scroll, 0);
    const TopState back = pressed(opened, {key(TopKey::escape)}, tenants);
    EXPECT_EQ(back.opened, "");
    EXPECT_EQ(back.selected, "mail");
}

TEST(Keys, PauseHelpAndQuit) {
    EXPECT_TRUE(pressed({}, {letter('p')}, {}).paused);
    EXPECT_FALSE(pressed({}, {letter('p'), letter(' ')}, {}).paused);
    EXPECT_TRUE(pressed({}, {letter('?')}, {}).help);
    EXPECT_FALSE(pressed({}, {letter('h'), letter('s')}, {}).help);
    EXPECT_EQ(pressed({}, {letter('h'), letter('s')}, {}).order.sort, LoadSort::load)
        << "that key only closed the help";
    EXPECT_TRUE(pressed({}, {letter('q')}, {}).quit);
    EXPECT_TRUE(pressed({}, {letter('h'), letter('q')}, {}).quit);
}

// Every line of every screen fits, and there are as many as the screen has.
TEST(Screen, FitsEverySize) {
    Host host;
    for (int i = 0; i < 60; i++) {
        host.later.vnics.push_back(vnic(static_cast<std::uint32_t>(100 + i), "veth" + std::to_string(i),
                                        "tenant-with-quite-a-long-name-" + std::to_string(i)));
        send(host.later.vnics.back(), 123'456'789ULL * static_cast<unsigned>(i), 98'765);
    }
    host.later.vnics.push_back(vnic(200, "veth200", "ein-gäst-名前"));
    TopFrame frame = host.frame();
    frame.trouble = "cannot read a ledger: " + std::string(200, 'x');
    frame.verdicts = verdict();
    mark_verdicts(frame.loads, frame.verdicts);
    TopState opened;
    opened.opened = "web";
    TopState typing;
    typing.typed = std::string(64, 'y');
    TopState help;
    help.help = true;
    TopState filtered;
    filtered.order.filter = std::string(64, 'z');
    for (const TopState& state : {TopState{}, opened, typing, help, filtered})
        for (const bool utf8 : {true, false})
            for (unsigned columns = 1; columns <= 200; columns += columns < 90 ? 1 : 10)
                for (const unsigned lines : {1U, 2U, 7U, 8U, 9U, 24U, 60U}) {
                    const auto shown = painted(frame, state, {.columns = columns, .lines = lines, .utf8 = utf8});
                    ASSERT_THAT(shown, SizeIs(lines));
                    for (const std::string& line : shown) {
                        ASSERT_LE(display_width(line), columns) << columns << 'x' << lines << ": " << line;
                        if (!utf8) {
                            ASSERT_TRUE(std::ranges::all_of(line, [](char c) { return c >= ' ' && c < 127; })) << line;
                        }
                    }
                }
}

TEST(Screen, ShowsTheHostAt80x24) {
    TopFrame frame = Host().frame();
    frame.verdicts = verdict();
    mark_verdicts(frame.loads, frame.verdicts);
    const auto shown = painted(frame, {}, {});
    const std::vector<std::string> expected{
        "weir top  3 tenants, 4 vNICs  by load  every 1.0s",
        "uplink eth0  tx 101.0M/1.00G ▊·······  rx 310.0M/1.00G ██▍·····",
        "! web: bandwidth_hog (high confidence), disturbs db (latency)",
        "TENANT           TX OF MAX       RX OF MAX      PPS  FLOWS     P99  DROPS       ",
        "db            1.00M ····╎··· 300.0M ███▌╎···  37.6k      1   300µs      0 harmed",
        "web          100.0M ████████  10.0M ····╎···  13.8k     15       -      0 !hog  ",
        "mail              0 ····╎···      0 ····╎···      0      -       -      0       ",
    };
    EXPECT_THAT(std::vector(shown.begin(), shown.begin() + 7), ::testing::ElementsAreArray(expected));
    EXPECT_EQ(shown.back(), "q quit  s sort  r reverse  / filter  Enter open  p pause  ? help");
}

TEST(Screen, ShowsMoreWhereItIsWider) {
    const auto shown = painted(Host().frame(), {}, {.columns = 120, .lines = 10});
    EXPECT_THAT(shown[2], HasSubstr("RTT99"));
    EXPECT_THAT(shown[3], HasSubstr("██████████▊·╎···········"));
}

TEST(Screen, LeavesColumnsOutWhereItIsNarrow) {
    const auto shown = painted(Host().frame(), {}, {.columns = 50, .lines = 10});
    EXPECT_THAT(shown[2], Not(HasSubstr("FLOWS")));
    EXPECT_THAT(shown[3], HasSubstr("300.0M"));
    EXPECT_EQ(painted(Host().frame(), {}, {.columns = 30, .lines = 4})[0], "at least 40x8");
}

TEST(Screen, ABarHasItsMarkAtTheFairShareAndWhatIsBeyondIsBorrowed) {
    Host host;
    send(host.later.vnics[3], 900 * mbit, 0);  // 450 Mbit/s of a fair share of 333
    TopFrame frame = host.frame();
    const auto lines = top_lines(frame, {}, {});
    const auto row = std::ranges::find_if(lines, [](const TopLine& line) { return line.text().starts_with("mail"); });
    ASSERT_NE(row, lines.end());
    std::string bar;
    std::string borrowed;
    for (const TopSpan& span : row->spans) {
        if (span.tone == TopTone::bar) bar += span.text;
        if (span.tone == TopTone::borrowed) borrowed += span.text;
    }
    EXPECT_EQ(bar, "█████");
    EXPECT_EQ(borrowed, "▍");
}

TEST(Screen, SaysHowOldItIsWhenAReadingIsLate) {
    const TopFrame frame = Host().frame();
    const auto title = [&](std::uint64_t age_ns, bool paused = false) {
        TopState state;
        state.paused = paused;
        return painted(frame, state, {.now_ns = frame.taken_ns + age_ns})[0];
    };
    EXPECT_THAT(title(second), Not(HasSubstr("ago")));
    EXPECT_THAT(title(3 * second), HasSubstr("  read 3.0 s ago"));
    EXPECT_THAT(title(12 * second, true), HasSubstr("  paused 12.0 s ago"));
    TopFrame slow = frame;
    slow.reading_ns = second;
    EXPECT_THAT(painted(slow, {}, {})[0], HasSubstr("  reading takes 1.0 s"));
    EXPECT_THAT(screen_text(TopFrame{}), HasSubstr("reading …"));
}

TEST(Screen, WhatIsTypedAndFilteredIsSaid) {
    const TopFrame frame = Host().frame();
    TopState state;
    state.typed = state.order.filter = "we";
    EXPECT_THAT(painted(frame, state, {}).back(), HasSubstr("filter: we_"));
    EXPECT_THAT(painted(frame, state, {})[0], HasSubstr("1 of 3 tenants with \"we\""));
    state.order.filter = "x";
    EXPECT_THAT(screen_text(frame, state), HasSubstr("no tenant's name has that in it"));
}

TEST(Screen, NamesCannotDriveTheTerminal) {
    Host host;
    host.later.vnics.push_back(vnic(9, "veth9", "a\x1b[2Jb\x07"));
    TopState opened;
    opened.opened = "a\x1b[2Jb\x07";
    for (const TopState& state : {TopState{}, opened})
        for (const std::string& line : painted(host.frame(), state, {}))
            EXPECT_TRUE(std::ranges::none_of(line, [](char c) { return c >= 0 && c < ' '; })) << line;
}

TEST(Screen, TheSelectedRowIsMarkedAndItsPageShown) {
    Host host;
    for (std::uint32_t i = 10; i < 70; i++)
        host.later.vnics.push_back(vnic(i, "veth" + std::to_string(i), "t" + std::to_string(i)));
    const TopFrame frame = host.frame();
    TopState state;
    state.selected = "t45";
    const auto lines = top_lines(frame, state, {});
    const auto row = std::ranges::find(lines, true, &TopLine::is_selected);
    ASSERT_NE(row, lines.end());
    EXPECT_TRUE(row->text().starts_with("t45"));
    EXPECT_THAT(lines.back().text(), ::testing::EndsWith("21-40 of 63"));
    EXPECT_EQ(top_page(frame, state, {}), 20);
}

// An opened tenant as two readings make it.
TopDetail detail() {
    TopReading first;
    first.flows.taken_ns = first.ledgers.taken_ns = first.latency.taken_ns = first.drops.taken_ns = 100 * second;
    first.drops.traced = true;
    first.ledgers.vnics.push_back({.vnic = vnic(0, "vnet0", "web").vnic, .ledger = {}});
    first.latency.vnics.push_back({.vnic = vnic(0, "vnet0", "web").vnic, .latency = {}});
    first.flows.untracked.push_back({.interface = "vnet0", .tenant = "web"});
    for (std::uint16_t i = 0; i < 600; i++) {
        Flow flow;
        flow.interface = "vnet0";
        flow.tenant = "web";
        flow.key.protocol = 6;
        flow.key.tenant_address = prefix_from("10.0.0.2")->address;
        flow.key.peer_address = prefix_from("192.0.2.1")->address;
        flow.key.tenant_port = static_cast<std::uint16_t>(1000 + i);
        flow.key.peer_port = 443;
        flow.tx = {1, 1000};
        flow.first_seen_ns = 90 * second;
        flow.last_seen_ns = 100 * second;
        first.flows.flows.push_back(flow);
    }
    TopReading last = first;
    last.flows.taken_ns = last.ledgers.taken_ns = last.latency.taken_ns = last.drops.taken_ns = 102 * second;
    for (Flow& flow : last.flows.flows)
        flow.tx += Count{flow.key.tenant_port, std::uint64_t{flow.key.tenant_port} * 1000};
    for (int i = 0; i < 10; i++)
        last.latency.vnics[0].latency.of(LatencyKind::host_tx).add(300'000);
    DropRow row;
    row.interface = "vnet0";
    row.tenant = "web";
    row.direction = Direction::tx;
    row.source = DropSource::weir;
    row.reason = "rate";
    row.location = "tcx ingress";
    row.packets = 7;
    last.drops.rows.push_back(row);
    return detail_of("web", first, first, last);
}

TEST(Tenant, ItsFlowsAreOfTheIntervalAndTheRestSinceItWasOpened) {
    TopFrame frame = Host().frame();
    frame.detail = std::make_shared<const TopDetail>(detail());
    EXPECT_EQ(frame.detail->window_ns, 2 * second);
    EXPECT_EQ(frame.detail->flows_window_ns, 2 * second);
    TopState state;
    state.opened = "web";
    EXPECT_THAT(painted(frame, state, {})[0], HasSubstr("web  vnet0, vnet1"));
    EXPECT_THAT(screen_text(frame, state), HasSubstr("of its limit, 100mbit"));
    EXPECT_THAT(screen_text(frame, state), HasSubstr("of twice its fair share, 333.0 Mbit/s"));
    EXPECT_THAT(screen_text(frame, state), HasSubstr("[d]rops   in 2.0 s"));
    EXPECT_THAT(screen_text(frame, state), HasSubstr("10.0.0.2:1599"));
    state.scroll = 1'000'000;
    EXPECT_THAT(screen_text(frame, state), HasSubstr("500 of 600 flows shown, see: weir flows web"));
    state.scroll = 0;
    state.tab = TopTab::latency;
    EXPECT_THAT(screen_text(frame, state), HasSubstr("since opened, 2.0 s"));
    EXPECT_THAT(screen_text(frame, state), HasSubstr("10 samples"));
    state.tab = TopTab::drops;
    EXPECT_THAT(screen_text(frame, state), HasSubstr("tx   weir    rate          7"));
}

TEST(Tenant, VerdictsComeWithWhatMendsThem) {
    TopFrame frame = Host().frame();
    frame.verdicts = verdict();
    TopState state;
    state.opened = "web";
    EXPECT_THAT(screen_text(frame, state), HasSubstr("mend with: weir limit\n    set web --tx-max 50mbit"));
    state.opened = "db";
    EXPECT_THAT(screen_text(frame, state), HasSubstr("harmed by web: bandwidth_hog in its latency"));
}

TEST(Tenant, OneThatIsGoneIsSaidToBe) {
    TopState state;
    state.opened = "nobody";
    EXPECT_THAT(painted(Host().frame(), state, {})[0], HasSubstr("is not attached any more"));
}

TEST(Json, IsOfTheSameRows) {
    TopFrame frame = Host().frame();
    mark_verdicts(frame.loads, verdict());
    const Json json = top_json(frame, {});
    EXPECT_EQ(json["schema_version"], 1);
    EXPECT_EQ(json["window_ns"], 2 * second);
    ASSERT_EQ(json["tenants"].size(), 3);
    const Json& web = json["tenants"][1];
    EXPECT_EQ(web["tenant"], "web");
    EXPECT_EQ(web["interfaces"], Json({"vnet0", "vnet1"}));
    EXPECT_EQ(web["tx"]["rate_bps"], 100 * mbit);
    EXPECT_EQ(web["tx"]["max_bps"], 100 * mbit);
    EXPECT_EQ(web["rx"]["max_bps"], nullptr);
    EXPECT_EQ(web["tx"]["fair_bps"], 333 * mbit);
    EXPECT_EQ(web["flows"], 15);
    EXPECT_EQ(web["host_p99_ns"], nullptr);
    EXPECT_EQ(web["disturbs"], Json({"bandwidth_hog"}));
    EXPECT_EQ(json["tenants"][0]["suffers"], Json({"latency"}));
    EXPECT_EQ(json["uplinks"][0]["interface"], "eth0");
    EXPECT_EQ(json["uplinks"][0]["tx"]["max_bps"], 1000 * mbit);
}

}  // namespace
}  // namespace weir
