// SPDX-License-Identifier: GPL-2.0-or-later
// One body on two CPUs at once, for what must hold when they meet.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>
#include <vector>

namespace weir::test {

// Runs `body(cpu)` on two CPUs at once.
template <typename Body>
void on_two_cpus(Body body) {
    cpu_set_t allowed;
    ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    std::vector<int> cpus;
    for (int cpu = 0; cpu < CPU_SETSIZE && cpus.size() < 2; cpu++) {
        if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
    }
    if (cpus.size() < 2) GTEST_SKIP() << "needs two CPUs";
    std::vector<std::thread> threads;
    for (int cpu : cpus)
        threads.emplace_back([=] {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            sched_setaffinity(0, sizeof one, &one);
            body(cpu);
        });
    for (auto& thread : threads)
        thread.join();
}

}  // namespace weir::test
