// SPDX-License-Identifier: GPL-2.0-or-later
// What packets of a TCP connection tell: single situations, then a great many random ones against a plain reference
// that remembers every packet.
#include "lib/tcp_track.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <vector>

#include "lib/echo_track.h"

namespace {

constexpr __u64 ms = 1'000'000;
constexpr __u32 mss = 1448;

// weir_tcp_segment with defaults, so that a test says only what matters to it.
struct Segment {
    __u32 seq = 0;
    __u32 ack = 0;
    __u32 tsval = 0;
    __u32 tsecr = 0;
    __u32 payload_bytes = 0;
    __u32 packets = 1;
    __u16 window = 1000;
    __u8 flags = 0;
    __u8 has_timestamps = 0;
};

struct Connection {
    weir_flow_track track{};
    __u64 now_ns = 5000 * ms;
    weir_tcp_trouble sums[2]{};
    __u32 tenant_seq = 1000;  // next to send
    __u32 peer_seq = 900'000;
    bool with_timestamps = false;
    __u32 rtt_samples = 0;

    weir_track_events pass(int direction, Segment given) {
        weir_track_events events{};
        if (with_timestamps && !given.has_timestamps) {
            given.has_timestamps = 1;
            given.tsval = static_cast<__u32>(now_ns / ms);
        }
        const weir_tcp_segment segment{given.seq,    given.ack,           given.tsval,
                                       given.tsecr,  given.payload_bytes, given.packets,
                                       given.window, given.flags,         given.has_timestamps};
        const bool needs_time = weir_tcp_needs_time(&track, static_cast<__u32>(direction), &segment);
        weir_tcp_track(&track, static_cast<__u32>(direction), &segment, needs_time ? now_ns : 0, &events);
        sums[direction].retransmits += events.retransmits;
        sums[direction].unseen += events.unseen;
        sums[direction].out_of_order += events.out_of_order;
        sums[direction].zero_windows += events.zero_windows;
        rtt_samples += events.rtt_ns != 0;
        return events;
    }
    void wait(__u64 ns) { now_ns += ns; }
    // The tenant's data and the peer's acknowledgement.
    weir_track_events data(__u32 seq, __u32 bytes = mss) {
        return pass(WEIR_TX, {.seq = seq, .ack = peer_seq, .payload_bytes = bytes, .flags = WEIR_TCP_ACK});
    }
    weir_track_events ack(__u32 number) {
        return pass(WEIR_RX, {.seq = peer_seq, .ack = number, .flags = WEIR_TCP_ACK});
    }
    void handshake() {
        pass(WEIR_TX, {.seq = tenant_seq - 1, .flags = WEIR_TCP_SYN});
        wait(20 * ms);
        const auto answer =
            pass(WEIR_RX, {.seq = peer_seq - 1, .ack = tenant_seq, .flags = WEIR_TCP_SYN | WEIR_TCP_ACK});
        EXPECT_EQ(answer.rtt_ns, 20 * ms);
        wait(3 * ms);
        const auto last = pass(WEIR_TX, {.seq = tenant_seq, .ack = peer_seq, .flags = WEIR_TCP_ACK});
        EXPECT_EQ(last.rtt_ns, 3 * ms);
        rtt_samples = 0;
    }
};

TEST(TcpTrack, HandshakeMeasuresBothSides) {
    Connection c;
    c.handshake();
    EXPECT_EQ(c.sums[0].retransmits + c.sums[1].retransmits, 0U);
}

TEST(TcpTrack, DataIsMeasuredByTheFirstAcknowledgementThatCoversIt) {
    Connection c;
    c.handshake();
    c.data(1000, 3 * mss);  // a GSO frame: its end counts
    c.wait(7 * ms);
    EXPECT_EQ(c.ack(1000 + mss).rtt_ns, 0U);
    c.wait(1 * ms);
    EXPECT_EQ(c.ack(1000 + 3 * mss).rtt_ns, 8 * ms);
    EXPECT_EQ(c.ack(1000 + 3 * mss).rtt_ns, 0U);
}

TEST(TcpTrack, WhatIsSentAgainIsNotMeasured) {
    Connection c;
    c.handshake();
    c.data(1000);
    c.wait(200 * ms);
    const auto again = c.data(1000);
    EXPECT_EQ(again.retransmits, 1U);
    EXPECT_EQ(again.unseen, 0U);
    c.wait(20 * ms);
    EXPECT_EQ(c.ack(1000 + mss).rtt_ns, 0U);
    c.data(1000 + mss);
    c.wait(20 * ms);
    EXPECT_EQ(c.ack(1000 + 2 * mss).rtt_ns, 20 * ms);
}

TEST(TcpTrack, NothingIsMeasuredBehindALossUntilItIsMadeGood) {
    for (const bool with_timestamps : {false, true}) {
        Connection c;
        c.with_timestamps = with_timestamps;
        c.data(1000);
        c.wait(ms);
        c.ack(1000 + mss);
        c.data(1000 + mss);      // lost beyond the vNIC
        c.data(1000 + 2 * mss);  // arrives
        c.wait(20 * ms);
        EXPECT_EQ(c.ack(1000 + mss).rtt_ns, 0U);
        EXPECT_EQ(c.data(1000 + mss).retransmits, 1U);
        c.data(1000 + 3 * mss);
        c.wait(20 * ms);
        EXPECT_EQ(c.ack(1000 + 3 * mss).rtt_ns, 0U) << "of the time before the loss was made good";
        c.wait(ms);
        c.ack(1000 + 4 * mss);
        c.data(1000 + 4 * mss);
        c.wait(20 * ms);
        EXPECT_EQ(c.ack(1000 + 5 * mss).rtt_ns, 20 * ms);
    }
}

TEST(TcpTrack, AGapThatIsFilledLateWasLostBeforeTheVnic) {
    Connection c;
    c.handshake();
    c.data(1000);
    c.data(1000 + 3 * mss, mss);  // two are missing
    c.wait(40 * ms);
    const auto filled = c.pass(
        WEIR_TX, {.seq = 1000 + mss, .ack = c.peer_seq, .payload_bytes = 2 * mss, .packets = 2, .flags = WEIR_TCP_ACK});
    EXPECT_EQ(filled.retransmits, 2U);
    EXPECT_EQ(filled.unseen, 2U);
    EXPECT_EQ(filled.out_of_order, 0U);
    // What comes from before the gap now was seen before.
    const auto seen = c.data(1000);
    EXPECT_EQ(seen.retransmits, 1U);
    EXPECT_EQ(seen.unseen, 0U);
}

TEST(TcpTrack, AGapThatIsFilledAtOnceWasOvertaken) {
    for (const bool with_timestamps : {false, true}) {
        Connection c;
        c.with_timestamps = with_timestamps;
        c.data(1000);
        c.data(1000 + 2 * mss);
        c.wait(ms / 10);
        const auto late = c.data(1000 + mss);
        EXPECT_EQ(late.out_of_order, 1U);
        EXPECT_EQ(late.retransmits, 0U);
    }
}

TEST(TcpTrack, TimestampsTellOvertakenFromSentAgain) {
    Connection c;
    const auto at = [&](__u32 seq, __u32 tsval) {
        return c.pass(WEIR_TX, {.seq = seq,
                                .ack = c.peer_seq,
                                .tsval = tsval,
                                .payload_bytes = mss,
                                .flags = WEIR_TCP_ACK,
                                .has_timestamps = 1});
    };
    at(1000, 100);
    at(1000 + 2 * mss, 101);
    c.wait(300 * ms);  // stood in somebody's queue, but was sent before
    EXPECT_EQ(at(1000 + mss, 100).out_of_order, 1U);
    at(1000 + 4 * mss, 400);
    EXPECT_EQ(at(1000 + 3 * mss, 402).retransmits, 1U);  // sent after
}

TEST(TcpTrack, AnEchoOfSomethingSentLaterIsNoSample) {
    Connection c;
    const auto both = [&](int direction, __u32 seq, __u32 ack, __u32 bytes, __u32 tsval, __u32 tsecr) {
        return c.pass(direction, {.seq = seq,
                                  .ack = ack,
                                  .tsval = tsval,
                                  .tsecr = tsecr,
                                  .payload_bytes = bytes,
                                  .flags = WEIR_TCP_ACK,
                                  .has_timestamps = 1});
    };
    both(WEIR_TX, 1000, 9, 100, 50, 0);
    both(WEIR_TX, 1100, 9, 100, 51, 0);
    c.wait(10 * ms);
    EXPECT_EQ(both(WEIR_RX, 9, 1300, 0, 7, 55).rtt_ns, 0U);
    both(WEIR_TX, 1300, 9, 100, 0xffffffff, 0);
    both(WEIR_TX, 1400, 9, 100, 0xffffffff, 0);
    c.wait(10 * ms);
    EXPECT_EQ(both(WEIR_RX, 9, 1500, 0, 8, 2).rtt_ns, 0U) << "the clock has wrapped";
    both(WEIR_TX, 1500, 9, 100, 3, 0);
    c.wait(10 * ms);
    EXPECT_EQ(both(WEIR_RX, 9, 1600, 0, 8, 0xfffffff0).rtt_ns, 10 * ms) << "an earlier one is a delayed ACK's";
}

TEST(TcpTrack, SequenceNumbersWrap) {
    Connection c;
    c.tenant_seq = 0xfffffff0;
    c.handshake();
    c.data(0xfffffff0, 100);
    c.wait(5 * ms);
    EXPECT_EQ(c.ack(0xfffffff0 + 100).rtt_ns, 5 * ms);
    EXPECT_EQ(c.data(0xfffffff0, 100).retransmits, 1U);
}

TEST(TcpTrack, OpeningAtOnceIsNoRetransmission) {
    Connection c;
    c.pass(WEIR_TX, {.seq = 999, .flags = WEIR_TCP_SYN});
    c.wait(10 * ms);
    c.pass(WEIR_RX, {.seq = 4999, .flags = WEIR_TCP_SYN});
    c.wait(2 * ms);
    EXPECT_EQ(c.pass(WEIR_TX, {.seq = 999, .ack = 5000, .flags = WEIR_TCP_SYN | WEIR_TCP_ACK}).rtt_ns, 2 * ms);
    c.wait(10 * ms);
    EXPECT_EQ(c.pass(WEIR_RX, {.seq = 4999, .ack = 1000, .flags = WEIR_TCP_SYN | WEIR_TCP_ACK}).rtt_ns, 0U);
    EXPECT_EQ(c.sums[0].retransmits + c.sums[1].retransmits, 0U);
}

TEST(TcpTrack, ASynThatIsRepeatedIsCountedAndNotMeasured) {
    Connection c;
    c.pass(WEIR_TX, {.seq = 999, .flags = WEIR_TCP_SYN});
    c.wait(1000 * ms);
    EXPECT_EQ(c.pass(WEIR_TX, {.seq = 999, .flags = WEIR_TCP_SYN}).retransmits, 1U);
    c.wait(10 * ms);
    EXPECT_EQ(c.pass(WEIR_RX, {.seq = 4999, .ack = 1000, .flags = WEIR_TCP_SYN | WEIR_TCP_ACK}).rtt_ns, 0U);
}

TEST(TcpTrack, ANewConnectionOnTheSamePortsBeginsAnew) {
    Connection c;
    c.handshake();
    c.data(1000);
    c.pass(WEIR_TX, {.seq = 77'000'000, .flags = WEIR_TCP_SYN});
    c.wait(4 * ms);
    EXPECT_EQ(c.pass(WEIR_RX, {.seq = 12, .ack = 77'000'001, .flags = WEIR_TCP_SYN | WEIR_TCP_ACK}).rtt_ns, 4 * ms);
    EXPECT_EQ(c.sums[0].retransmits + c.sums[1].retransmits, 0U);
}

TEST(TcpTrack, AResetEndsEverything) {
    Connection c;
    c.handshake();
    c.data(1000);
    c.pass(WEIR_RX, {.seq = c.peer_seq, .ack = 1000 + mss, .flags = WEIR_TCP_RST | WEIR_TCP_ACK});
    EXPECT_EQ(c.ack(1000 + mss).rtt_ns, 0U);
}

TEST(TcpTrack, AHalfSeenFlowBeginsWithoutASample) {
    Connection c;
    c.data(1000);  // may be anything: not a probe
    c.wait(30 * ms);
    EXPECT_EQ(c.ack(1000 + mss).rtt_ns, 0U);
    c.data(1000 + mss);
    c.wait(20 * ms);
    EXPECT_EQ(c.ack(1000 + 2 * mss).rtt_ns, 20 * ms);
}

TEST(TcpTrack, OneDirectionAloneGivesNoSampleAndNoRetransmission) {
    Connection c;
    for (__u32 i = 0; i < 1000; i++) {
        c.wait(ms);
        EXPECT_EQ(c.data(1000 + i * mss).rtt_ns, 0U);
    }
    EXPECT_EQ(c.sums[0].retransmits, 0U);
    // The other way, acknowledgements of what never passed.
    Connection other;
    for (__u32 i = 0; i < 1000; i++)
        EXPECT_EQ(other.ack(1000 + i * mss).rtt_ns, 0U);
}

TEST(TcpTrack, KeepAlivesAreNotRetransmissions) {
    Connection c;
    c.handshake();
    c.data(1000);
    c.wait(20 * ms);
    c.ack(1000 + mss);
    c.wait(60'000 * ms);
    EXPECT_EQ(c.data(1000 + mss - 1, 1).retransmits, 0U);
    EXPECT_EQ(c.data(1000 + mss - 1, 0).retransmits, 0U);
}

TEST(TcpTrack, AClosedWindowIsCountedOnceUntilItOpens) {
    Connection c;
    c.handshake();
    const auto window = [&](__u16 bytes) {
        return c.pass(WEIR_RX, {.seq = c.peer_seq, .ack = 1000, .window = bytes, .flags = WEIR_TCP_ACK}).zero_windows;
    };
    EXPECT_EQ(window(500), 0U);
    EXPECT_EQ(window(0), 1U);
    EXPECT_EQ(window(0), 0U);
    EXPECT_EQ(window(10), 0U);
    EXPECT_EQ(window(0), 1U);
}

// Every packet ever seen, and what may be measured by it. Modulo 2^32 like the numbers themselves.
class Reference {
public:
    void pass(int direction, const weir_tcp_segment& segment, __u64 now_ns) {
        if (segment.flags & WEIR_TCP_RST) history_.clear();
        history_.push_back({direction, segment, now_ns});
    }

    // Whether an acknowledgement that just passed may be the answer to something that passed `rtt_ns` before: sent
    // once, and not answered by any earlier one.
    [[nodiscard]] bool justifies(__u64 rtt_ns) const {
        const Seen& last = history_.back();
        if (rtt_ns > WEIR_RTT_MAX_NS) return false;
        for (std::size_t i = 0; i + 1 < history_.size(); i++) {
            const Seen& sent = history_[i];
            if (sent.direction == last.direction || last.now_ns - sent.now_ns != rtt_ns) continue;
            if (covers(last, end_of(sent)) && sent_once(i) && !answered_before(i)) return true;
        }
        return false;
    }

private:
    struct Seen {
        int direction;
        weir_tcp_segment segment;
        __u64 now_ns;
    };

    static __u32 length(const Seen& seen) {
        return seen.segment.payload_bytes + ((seen.segment.flags & WEIR_TCP_SYN) != 0) +
               ((seen.segment.flags & WEIR_TCP_FIN) != 0);
    }
    // Of a SYN with data, the SYN alone is what has to be answered.
    static __u32 end_of(const Seen& seen) {
        return seen.segment.seq + ((seen.segment.flags & WEIR_TCP_SYN) != 0 ? 1 : length(seen));
    }
    static bool covers(const Seen& answer, __u32 end) {
        return (answer.segment.flags & WEIR_TCP_ACK) != 0 && static_cast<__s32>(answer.segment.ack - end) >= 0;
    }
    [[nodiscard]] bool sent_once(std::size_t which) const {
        const Seen& sent = history_[which];
        if (length(sent) == 0) return false;
        for (std::size_t i = which + 1; i < history_.size(); i++) {
            const Seen& other = history_[i];
            if (other.direction != sent.direction || length(other) == 0) continue;
            const bool is_apart = static_cast<__s32>(other.segment.seq - end_of(sent)) >= 0 ||
                                  static_cast<__s32>(sent.segment.seq - (other.segment.seq + length(other))) >= 0;
            if (!is_apart) return false;
        }
        return true;
    }
    [[nodiscard]] bool answered_before(std::size_t which) const {
        for (std::size_t i = which + 1; i + 1 < history_.size(); i++)
            if (history_[i].direction != history_[which].direction && covers(history_[i], end_of(history_[which])))
                return true;
        return false;
    }

    std::vector<Seen> history_;
};

weir_tcp_segment random_segment(std::mt19937& random, __u32 (&next)[2], int direction, bool with_timestamps,
                                __u64 now) {
    const auto one_in = [&](unsigned n) { return random() % n == 0; };
    weir_tcp_segment segment{};
    segment.packets = 1;
    segment.window = static_cast<__u16>(one_in(30) ? 0 : 1000);
    segment.seq = next[direction];
    segment.ack = next[1 - direction];
    segment.flags = static_cast<__u8>(one_in(40) ? 0 : WEIR_TCP_ACK);
    if (!one_in(3)) segment.payload_bytes = 1 + random() % 4000;
    if (one_in(4)) segment.ack -= random() % 6000;   // not all of it yet
    if (one_in(50)) segment.ack += random() % 6000;  // of what never passed
    if (one_in(8)) segment.seq -= random() % 9000;   // again
    if (one_in(12)) segment.seq += random() % 9000;  // a gap
    if (one_in(40)) segment.flags |= WEIR_TCP_FIN;
    if (one_in(60)) segment.flags |= WEIR_TCP_SYN;
    if (one_in(150)) segment.flags |= WEIR_TCP_RST;
    if (one_in(100)) segment.seq = static_cast<__u32>(random());
    if (one_in(100)) segment.ack = static_cast<__u32>(random());
    if (with_timestamps && !one_in(20)) {
        segment.has_timestamps = 1;
        segment.tsval = static_cast<__u32>(now / ms) + 0xfffffc00u - (one_in(10) ? 3 : 0);
        segment.tsecr = segment.tsval - random() % 40;
    }
    const __u32 end = segment.seq + segment.payload_bytes + ((segment.flags & (WEIR_TCP_SYN | WEIR_TCP_FIN)) != 0);
    if (static_cast<__s32>(end - next[direction]) > 0) next[direction] = end;
    return segment;
}

TEST(TcpTrack, NoSampleThatAFullMemoryWouldNotJustify) {
    std::size_t samples = 0;
    for (unsigned seed = 0; seed < 4000; seed++) {
        std::mt19937 random(seed);
        const bool with_timestamps = seed % 2 == 0;
        const unsigned one_way = seed % 7 == 0 ? 1 + seed % 2 : 0;  // asymmetric: only one direction passes here
        weir_flow_track track{};
        Reference reference;
        __u64 now_ns = ms;
        __u32 next[2] = {static_cast<__u32>(random()), 0xfffff000u + static_cast<__u32>(random() % 8000)};
        for (int i = 0; i < 200; i++) {
            now_ns += random() % 50 == 0 ? random() % (200'000 * ms) : random() % (4 * ms);
            const int direction = one_way ? static_cast<int>(one_way - 1) : static_cast<int>(random() % 2);
            const auto segment = random_segment(random, next, direction, with_timestamps, now_ns);
            weir_track_events events{};
            const bool needs_time = weir_tcp_needs_time(&track, static_cast<__u32>(direction), &segment);
            weir_tcp_track(&track, static_cast<__u32>(direction), &segment, needs_time ? now_ns : 0, &events);
            reference.pass(direction, segment, now_ns);
            ASSERT_LE(events.unseen, events.retransmits);
            if (events.rtt_ns == 0) continue;
            samples++;
            ASSERT_TRUE(reference.justifies(events.rtt_ns))
                << "seed " << seed << ", packet " << i << ", " << events.rtt_ns;
        }
    }
    EXPECT_GT(samples, 5000U) << "or the test says nothing";
}

// A sender that loses packets on one side of the vNIC and sends them again a round trip later; nothing else is odd.
void expect_loss_side(bool before_vnic, bool with_timestamps) {
    std::mt19937 random(7);
    Connection c;
    c.with_timestamps = with_timestamps;
    c.handshake();
    std::vector<__u32> lost;
    __u32 seq = 1000, sent_again = 0;
    for (int round = 0; round < 2000; round++) {
        const __u32 round_began = seq;
        for (int i = 0; i < 10; i++, seq += mss) {
            c.wait(ms / 20);
            const bool is_lost = random() % 50 == 0;
            if (is_lost) lost.push_back(seq);
            if (!is_lost || !before_vnic) c.data(seq);
        }
        c.wait(20 * ms);
        c.data(seq, 10);  // so that a loss at the end shows
        seq += 10;
        c.wait(20 * ms);
        if (!lost.empty()) c.ack(std::max(lost.front(), round_began));
        for (const __u32 again : lost) {
            c.data(again);
            sent_again++;
        }
        lost.clear();
        c.wait(20 * ms);
        EXPECT_LE(c.ack(seq).rtt_ns, 61 * ms);
    }
    ASSERT_GT(sent_again, 200U);
    EXPECT_EQ(c.sums[WEIR_TX].retransmits, sent_again);
    EXPECT_EQ(c.sums[WEIR_TX].unseen, before_vnic ? sent_again : 0U);
    EXPECT_EQ(c.sums[WEIR_TX].out_of_order, 0U);
}

TEST(TcpTrack, LossBeforeTheVnicIsCountedAndNamed) {
    expect_loss_side(true, false);
    expect_loss_side(true, true);
}
TEST(TcpTrack, LossBehindTheVnicIsCountedAndNamed) {
    expect_loss_side(false, false);
    expect_loss_side(false, true);
}

weir_track_events echo(weir_flow_track& track, int direction, __u32 kind, __u32 number, __u64 now_ns) {
    weir_track_events events{};
    const bool needs_time = weir_echo_needs_time(&track, static_cast<__u32>(direction), kind, number);
    weir_echo_track(&track, static_cast<__u32>(direction), kind, number, needs_time ? now_ns : 0, &events);
    return events;
}

TEST(EchoTrack, TheReplyWithTheNumberIsTheSample) {
    weir_flow_track track{};
    echo(track, WEIR_TX, WEIR_ECHO_REQUEST, 0xffff, 10 * ms);
    EXPECT_EQ(echo(track, WEIR_RX, WEIR_ECHO_REPLY, 0xfffe, 12 * ms).rtt_ns, 0U);
    EXPECT_EQ(echo(track, WEIR_RX, WEIR_ECHO_REPLY, 0xffff, 15 * ms).rtt_ns, 5 * ms);
    EXPECT_EQ(echo(track, WEIR_RX, WEIR_ECHO_REPLY, 0xffff, 16 * ms).rtt_ns, 0U) << "twice the same reply";
    echo(track, WEIR_TX, WEIR_ECHO_REQUEST, 0, 20 * ms);
    EXPECT_EQ(echo(track, WEIR_RX, WEIR_ECHO_REPLY, 0, 27 * ms).rtt_ns, 7 * ms) << "the number wraps";
}

TEST(EchoTrack, WithoutAReplyALaterRequestTakesOver) {
    weir_flow_track track{};
    for (__u32 i = 1; i <= 1 + WEIR_ECHO_PATIENCE; i++)
        echo(track, WEIR_TX, WEIR_ECHO_REQUEST, i, i * 1000 * ms);
    EXPECT_EQ(echo(track, WEIR_RX, WEIR_ECHO_REPLY, 1 + WEIR_ECHO_PATIENCE, 9020 * ms).rtt_ns, 20 * ms);
}

TEST(EchoTrack, AnswersToLaterRequestsGiveTheOldOneUp) {
    weir_flow_track track{};
    echo(track, WEIR_TX, WEIR_ECHO_REQUEST, 1, 10 * ms);
    echo(track, WEIR_TX, WEIR_ECHO_REQUEST, 2, 20 * ms);
    EXPECT_EQ(echo(track, WEIR_RX, WEIR_ECHO_REPLY, 2, 25 * ms).rtt_ns, 0U);
    EXPECT_EQ(echo(track, WEIR_RX, WEIR_ECHO_REPLY, 1, 90 * ms).rtt_ns, 0U);
}

TEST(EchoTrack, ANumberAskedTwiceIsNotMeasured) {
    weir_flow_track track{};
    echo(track, WEIR_TX, WEIR_ECHO_REQUEST, 1, 10 * ms);
    echo(track, WEIR_TX, WEIR_ECHO_REQUEST, 1, 1010 * ms);
    EXPECT_EQ(echo(track, WEIR_RX, WEIR_ECHO_REPLY, 1, 1015 * ms).rtt_ns, 0U);
}

TEST(EchoTrack, BothSidesAtOnce) {
    weir_flow_track track{};
    echo(track, WEIR_TX, WEIR_ECHO_REQUEST, 1, 10 * ms);
    echo(track, WEIR_RX, WEIR_ECHO_REQUEST, 1, 11 * ms);
    EXPECT_EQ(echo(track, WEIR_TX, WEIR_ECHO_REPLY, 1, 12 * ms).rtt_ns, ms);
    EXPECT_EQ(echo(track, WEIR_RX, WEIR_ECHO_REPLY, 1, 13 * ms).rtt_ns, 3 * ms);
}

}  // namespace
