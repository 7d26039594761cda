// SPDX-License-Identifier: GPL-2.0-or-later
// The benchmark's programs and maps, loaded, and one run of one of them. Everything lives in file descriptors of this
// process.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/traffic.hpp"
#include "core/fd.hpp"

namespace weir::bench {

inline constexpr std::uint32_t table_flows = 65536;
inline constexpr std::uint32_t table_sets = 2 * table_flows / WEIR_FLOW_WAYS;  // half full, as `weir attach` makes it
inline constexpr std::uint64_t hash_seed = 0x5eed0fbe9c41d237;

// Flows that the reference's map holds: twice the live ones, as Weir's table has twice as many slots.
inline constexpr std::uint32_t lru_entries = 2 * table_flows;

// In the order of the table. Every program stands for itself but the two empty ones, which are subtracted.
enum class Program : std::size_t {
    empty,
    parse,
    clock,
    lru,
    tc_in,
    tc_in_latency,  // the same program with latency on
    tc_in_limit,    // … and with a limit so high that nothing is ever delayed
    tc_in_share,    // … and with a share of an uplink in its place
    tc_in_guard,    // … with latency and a guard whose last entry is the one that matches
    tc_out,
    tc_out_latency,
    xdp_empty,
    xdp
};
inline constexpr std::array programs{
    Program::empty,          Program::parse,       Program::clock,       Program::lru,         Program::tc_in,
    Program::tc_in_latency,  Program::tc_in_limit, Program::tc_in_share, Program::tc_in_guard, Program::tc_out,
    Program::tc_out_latency, Program::xdp_empty,   Program::xdp};

constexpr std::size_t index_of(Program program) { return static_cast<std::size_t>(program); }
constexpr bool is_xdp(Program program) { return program == Program::xdp || program == Program::xdp_empty; }
constexpr Program base_of(Program program) { return is_xdp(program) ? Program::xdp_empty : Program::empty; }
constexpr bool with_latency(Program program) {
    return program == Program::tc_in_latency || program == Program::tc_in_limit || program == Program::tc_in_share ||
           program == Program::tc_in_guard || program == Program::tc_out_latency;
}
// The one whose flow table and ledger it shares.
constexpr Program table_of(Program program) {
    if (program == Program::tc_in_latency || program == Program::tc_in_limit || program == Program::tc_in_share ||
        program == Program::tc_in_guard)
        return Program::tc_in;
    return program == Program::tc_out_latency ? Program::tc_out : program;
}
constexpr bool has_table(Program program) {
    return program == Program::tc_in || program == Program::tc_out || program == Program::xdp;
}
constexpr bool is_weir(Program program) { return has_table(table_of(program)); }

std::string_view name_of(Program program);

// The direction that a program counts in, for an interface of role vnic.
constexpr std::uint32_t direction_of(Program program) {
    return table_of(program) == Program::tc_out ? WEIR_RX : WEIR_TX;
}

class Rig {
public:
    static Result<std::unique_ptr<Rig>> open();
    ~Rig();
    Rig(const Rig&) = delete;
    Rig& operator=(const Rig&) = delete;

    // Sends `packets` through the program, and returns the kernel's figure of nanoseconds per packet. Fails unless
    // every packet reached the program and it gave its proper verdict.
    Result<double> run(const Traffic& traffic, Program program, bench_mode mode, std::uint32_t packets);

    // Fails unless every program's own counters agree, to the packet, with what was sent through it so far.
    Result<void> check() const;

    [[nodiscard]] Result<std::vector<BenchProgram>> describe() const;
    [[nodiscard]] Result<BenchMemory> memory() const;

private:
    Rig();
    struct Objects;
    [[nodiscard]] int program_fd(Program program, std::size_t group) const;
    Result<void> make_tables();
    Result<void> make_limit();
    Result<void> make_guards();
    Result<void> check_weir(std::size_t group, Program program) const;
    [[nodiscard]] std::uint64_t sent_to(const Traffic& traffic, Program table) const;
    Result<void> check_latency(std::size_t group, Program program) const;
    Result<void> check_lru(std::size_t group) const;
    Result<void> check_parse() const;

    std::unique_ptr<Objects> objects_;
    std::array<std::array<std::uint64_t, programs.size()>, 16> sent_{};  // packets, by traffic and program
};

}  // namespace weir::bench
