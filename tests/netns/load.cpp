// SPDX-License-Identifier: GPL-2.0-or-later
// Traffic of tenants, good and bad, for the scenarios of weir noisy (tests/noisy).
//
//     load server                                    in the world: answers, takes and gives all below
//     load ask ADDRESS [--interval-us N] [--size N]  a request at a time over one connection, answered by --size bytes
//     load visit ADDRESS [--interval-us N] [--size N]   the same, each by a new connection; none waits for another
//     load bulk ADDRESS [--flows N]                  uploads as fast as TCP does
//     load fetch ADDRESS [--flows N]                 downloads as fast as TCP does
//     load pace ADDRESS --kbps N                     uploads at that rate by TCP, in chunks every 10 ms
//     load udp ADDRESS --kbps N [--size N] [--period-ms N]   datagrams; all of a period at once, which makes bursts
//     load churn ADDRESS [--per-second N]            connections, opened and closed
//     load raw IFACE --to MAC --kind syn|scan|small|spoof|storm --pps N [--source A.B.C.D] [--target A.B.C.D]
//
// Each runs for --seconds (3600) or until SIGTERM. All but raw go by the kernel's sockets. With --log FILE, ask and
// visit write a line a request: when it was sent and how long the answer took, in ns; bulk and fetch one a tenth of a
// second: when, and the bytes since the last.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "tool.hpp"

namespace {

constexpr std::uint64_t ns_per_s = 1'000'000'000;
constexpr std::uint16_t sink_port = 7000, ask_port = 7001, source_port = 7002, churn_port = 7003, udp_port = 7004;

std::uint64_t now_ns() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * ns_per_s + static_cast<std::uint64_t>(time.tv_nsec);
}

void sleep_until(std::uint64_t at_ns) {
    const timespec time{static_cast<time_t>(at_ns / ns_per_s), static_cast<long>(at_ns % ns_per_s)};
    while (!tool::stop_requested && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
    }
}

sockaddr_in address_of(const std::string& text, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (inet_pton(AF_INET, text.c_str(), &address.sin_addr) != 1) tool::die("not an address: " + text);
    return address;
}

sockaddr* general(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

int connected(const std::string& to, std::uint16_t port, int type = SOCK_STREAM) {
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    auto address = address_of(to, port);
    if (fd < 0 || connect(fd, general(address), sizeof(address))) tool::die("cannot connect to " + to, errno);
    return fd;
}

int listening(std::uint16_t port, int type = SOCK_STREAM) {
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    auto address = address_of("0.0.0.0", port);
    if (bind(fd, general(address), sizeof(address)) || (type == SOCK_STREAM && listen(fd, 4096)))
        tool::die("cannot listen", errno);
    return fd;
}

// Two numbers a line, at once: a program that is killed leaves all that it had.
class Log {
public:
    explicit Log(const std::string& path) : file_(path.empty() ? nullptr : std::fopen(path.c_str(), "w")) {
        if (!path.empty() && !file_) tool::die("cannot write " + path, errno);
        if (file_) std::setvbuf(file_, nullptr, _IOLBF, 4096);
    }
    void line(std::uint64_t when_ns, std::uint64_t value) {
        if (file_)
            std::fprintf(file_, "%llu %llu\n", static_cast<unsigned long long>(when_ns),
                         static_cast<unsigned long long>(value));
    }

private:
    std::FILE* file_;
};

// What a request asks for.
struct Request {
    std::uint32_t size;
    char padding[60];
};

int serve() {
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    std::map<int, std::uint16_t> ports;  // of each socket
    const auto watch = [&](int fd, std::uint16_t port, std::uint32_t events) {
        ports[fd] = port;
        epoll_event event{.events = events, .data = {.fd = fd}};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    };
    std::map<int, std::uint16_t> listeners;
    for (const auto port : {sink_port, ask_port, source_port, churn_port}) {
        const int fd = listening(port);
        listeners[fd] = port;
        watch(fd, port, EPOLLIN);
    }
    watch(listening(udp_port, SOCK_DGRAM), udp_port, EPOLLIN);
    std::vector<char> buffer(1 << 18);
    tool::say_ready();
    std::array<epoll_event, 256> events{};
    while (!tool::stop_requested) {
        const int count = epoll_wait(poller, events.data(), static_cast<int>(events.size()), 200);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (const auto listener = listeners.find(fd); listener != listeners.end()) {
                for (int peer; (peer = accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
                    watch(peer, listener->second, listener->second == source_port ? EPOLLOUT | EPOLLIN : EPOLLIN);
                continue;
            }
            const auto port = ports[fd];
            ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
            if (port == ask_port && got >= static_cast<ssize_t>(sizeof(Request))) {
                Request request{};
                std::memcpy(&request, buffer.data(), sizeof(request));
                if (send(fd, buffer.data(), std::min<std::size_t>(request.size, buffer.size()), MSG_NOSIGNAL) < 0)
                    got = 0;
            }
            if (port == source_port && got != 0 && send(fd, buffer.data(), 1 << 16, MSG_NOSIGNAL) < 0 &&
                errno != EAGAIN)
                got = 0;
            if (port == udp_port) continue;
            if (got == 0 || (got < 0 && errno != EAGAIN)) {
                ports.erase(fd);
                close(fd);
            }
        }
    }
    return 0;
}

void ask(const std::string& to, std::uint64_t interval_us, std::uint32_t size, std::uint64_t end_ns, Log log) {
    const int fd = connected(to, ask_port);
    std::vector<char> buffer(1 << 18);
    const Request request{size, {}};
    // Half to one and a half intervals apart: in step with nobody.
    std::minstd_rand random(static_cast<unsigned>(getpid()));
    for (std::uint64_t at = now_ns(); at < end_ns && !tool::stop_requested;
         at = std::max(at + interval_us * (500 + random() % 1000), now_ns())) {
        sleep_until(at);
        const auto sent_ns = now_ns();
        if (send(fd, &request, sizeof(request), MSG_NOSIGNAL) < 0) break;
        for (std::size_t got = 0; got < size;) {
            pollfd waiting{fd, POLLIN, 0};
            if (poll(&waiting, 1, 200) < 0 || tool::stop_requested || now_ns() > end_ns) break;
            if (waiting.revents == 0) continue;
            const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
            if (n <= 0) return;
            got += static_cast<std::size_t>(n);
        }
        log.line(sent_ns, now_ns() - sent_ns);
    }
}

// One request by a connection of its own.
struct Visit {
    std::uint64_t began_ns;
    bool is_asked;
    std::size_t got;
};

void visit(const std::string& to, std::uint64_t interval_us, std::uint32_t size, std::uint64_t end_ns, Log log) {
    auto address = address_of(to, ask_port);
    const Request request{size, {}};
    std::vector<char> buffer(1 << 18);
    std::map<int, Visit> visits;
    for (std::uint64_t next_ns = now_ns(); now_ns() < end_ns && !tool::stop_requested;) {
        for (; next_ns <= now_ns(); next_ns += interval_us * 1000) {
            const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            if (fd < 0) tool::die("no socket", errno);
            (void)connect(fd, general(address), sizeof(address));
            visits[fd] = {next_ns, false, 0};
        }
        std::vector<pollfd> fds;
        fds.reserve(visits.size());
        for (const auto& [fd, one] : visits)
            fds.push_back({fd, static_cast<short>(one.is_asked ? POLLIN : POLLOUT), 0});
        const auto left_ns = next_ns - std::min(next_ns, now_ns());
        const timespec wait{0, static_cast<long>(std::min(left_ns, ns_per_s - 1))};
        if (ppoll(fds.data(), fds.size(), &wait, nullptr) <= 0) continue;
        for (const auto& ready : fds) {
            if (!ready.revents) continue;
            auto& one = visits[ready.fd];
            if (!one.is_asked) {
                one.is_asked = send(ready.fd, &request, sizeof(request), MSG_NOSIGNAL) > 0;
                if (one.is_asked) continue;
            }
            const ssize_t n = recv(ready.fd, buffer.data(), buffer.size(), 0);
            one.got += static_cast<std::size_t>(std::max<ssize_t>(n, 0));
            if (n > 0 && one.got < size) continue;
            if (n > 0) log.line(one.began_ns, now_ns() - one.began_ns);
            close(ready.fd);
            visits.erase(ready.fd);
        }
    }
}

void flows(const std::string& to, std::uint16_t port, std::uint64_t number, std::uint64_t end_ns, Log log) {
    std::vector<pollfd> fds;
    for (std::uint64_t i = 0; i < number; ++i)
        fds.push_back({connected(to, port), static_cast<short>(port == sink_port ? POLLOUT : POLLIN), 0});
    std::vector<char> buffer(1 << 16);
    ssize_t moved = 0;
    for (auto logged_ns = now_ns(); !tool::stop_requested && now_ns() < end_ns;) {
        if (now_ns() >= logged_ns + 100'000'000) {
            logged_ns = now_ns();
            log.line(logged_ns, static_cast<std::uint64_t>(moved));
            moved = 0;
        }
        if (poll(fds.data(), fds.size(), 100) <= 0) continue;
        for (auto& one : fds) {
            ssize_t n = 0;
            if (one.revents & POLLOUT) n = send(one.fd, buffer.data(), buffer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (one.revents & POLLIN) n = recv(one.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
            moved += std::max<ssize_t>(n, 0);
        }
    }
}

void pace(const std::string& to, std::uint64_t kbps, std::uint64_t end_ns) {
    const int fd = connected(to, sink_port);
    const std::vector<char> buffer(kbps * 10 / 8);
    for (std::uint64_t at = now_ns(); at < end_ns && !tool::stop_requested; at += 10'000'000) {
        sleep_until(at);
        (void)send(fd, buffer.data(), buffer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

void datagrams(const std::string& to, std::uint64_t kbps, std::uint64_t size, std::uint64_t period_ms,
               std::uint64_t end_ns) {
    const int fd = connected(to, udp_port, SOCK_DGRAM);
    const int room = 8 << 20;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
    const std::vector<char> payload(size);
    const std::uint64_t wire = size + 42;
    std::uint64_t due = 0;
    for (std::uint64_t at = now_ns(); at < end_ns && !tool::stop_requested; at += period_ms * 1'000'000) {
        sleep_until(at);
        for (due += kbps * period_ms / 8; due >= wire; due -= wire)
            (void)send(fd, payload.data(), payload.size(), MSG_DONTWAIT);
    }
}

void churn(const std::string& to, std::uint64_t per_second, std::uint64_t end_ns) {
    const std::uint64_t begin = now_ns();
    auto address = address_of(to, churn_port);
    for (std::uint64_t made = 0; now_ns() < end_ns && !tool::stop_requested;) {
        for (const auto due = (now_ns() - begin) * per_second / ns_per_s; made < due; ++made) {
            const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            (void)connect(fd, general(address), sizeof(address));
            // Reset on close: no port stays in TIME_WAIT.
            const linger none{1, 0};
            pollfd waiting{fd, POLLOUT, 0};
            (void)poll(&waiting, 1, 2);
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
            close(fd);
        }
        sleep_until(now_ns() + 2'000'000);
    }
}

std::uint16_t checksum(const unsigned char* bytes, std::size_t size, std::uint32_t sum = 0) {
    for (std::size_t i = 0; i + 1 < size; i += 2)
        sum += static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

// A frame of raw's kind; `n` makes it another than the last.
std::size_t make_frame(unsigned char* frame, const std::string& kind, const unsigned char* from,
                       const unsigned char* to, in_addr source, in_addr target, std::uint32_t n) {
    std::memcpy(frame, to, 6);
    std::memcpy(frame + 6, from, 6);
    if (kind == "storm") {
        const unsigned char arp[] = {8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
        std::memset(frame, 0xff, 6);
        std::memcpy(frame + 12, arp, sizeof(arp));
        std::memcpy(frame + 22, from, 6);
        std::memcpy(frame + 28, &source, 4);
        std::memset(frame + 32, 0, 6);
        std::memcpy(frame + 38, &target, 4);
        frame[41] = static_cast<unsigned char>(n);
        std::memset(frame + 42, 0, 18);
        return 60;
    }
    const bool is_tcp = kind == "syn" || kind == "scan";
    const std::size_t l4 = is_tcp ? 20 : 26, total = 20 + l4;
    frame[12] = 8;
    frame[13] = 0;
    unsigned char* const ip = frame + 14;
    std::memset(ip, 0, total);
    ip[0] = 0x45;
    ip[3] = static_cast<unsigned char>(total);
    ip[8] = 64;
    ip[9] = is_tcp ? 6 : 17;
    if (kind == "spoof") source.s_addr = n * 2654435761u;
    std::memcpy(ip + 12, &source, 4);
    std::memcpy(ip + 16, &target, 4);
    const std::uint16_t check = checksum(ip, 20);
    ip[10] = static_cast<unsigned char>(check >> 8);
    ip[11] = static_cast<unsigned char>(check);
    unsigned char* const segment = ip + 20;
    const std::uint32_t from_port = kind == "scan" ? 40000 : 1024 + n * 7919 % 64000,
                        to_port = kind == "scan"  ? 10000 + n % 50000
                                  : kind == "syn" ? 80
                                                  : udp_port;
    segment[0] = static_cast<unsigned char>(from_port >> 8);
    segment[1] = static_cast<unsigned char>(from_port);
    segment[2] = static_cast<unsigned char>(to_port >> 8);
    segment[3] = static_cast<unsigned char>(to_port);
    if (is_tcp) {
        std::memcpy(segment + 4, &n, 4);
        segment[12] = 5 << 4;
        segment[13] = 2;
        segment[14] = 0xff;
        std::uint32_t sum = 6 + static_cast<std::uint32_t>(l4);
        for (int i = 12; i < 20; i += 2)
            sum += static_cast<std::uint32_t>(ip[i] << 8 | ip[i + 1]);
        const std::uint16_t tcp_check = checksum(segment, l4, sum);
        segment[16] = static_cast<unsigned char>(tcp_check >> 8);
        segment[17] = static_cast<unsigned char>(tcp_check);
    } else {
        segment[5] = static_cast<unsigned char>(l4);
    }
    return 14 + total;
}

void raw(tool::Options& options, const std::string& interface, std::uint64_t end_ns) {
    const std::string kind = options.text("--kind", "small");
    const std::uint64_t pps = options.number("--pps", 1000);
    unsigned char to[6] = {}, from[6] = {2, 0, 0, 0, 0, 9};
    const std::string words = options.text("--to", "ff:ff:ff:ff:ff:ff");
    for (std::size_t i = 0; i < 6; ++i)
        to[i] = static_cast<unsigned char>(std::stoul(words.substr(i * 3, 2), nullptr, 16));
    in_addr source{}, target{};
    inet_pton(AF_INET, options.text("--source", "10.0.0.9").c_str(), &source);
    inet_pton(AF_INET, options.text("--target", "10.0.0.1").c_str(), &target);
    const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)))
        tool::die("cannot open " + interface, errno);
    sockaddr_ll own{};
    socklen_t size = sizeof(own);
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0) std::memcpy(from, own.sll_addr, 6);
    constexpr std::size_t batch = 32;
    std::array<std::array<unsigned char, 64>, batch> frames{};
    std::array<iovec, batch> parts{};
    std::array<mmsghdr, batch> messages{};
    const std::uint64_t begin = now_ns();
    std::uint64_t sent = 0;
    while (now_ns() < end_ns && !tool::stop_requested) {
        const std::uint64_t due = (now_ns() - begin) * pps / ns_per_s;
        if (due <= sent) {
            sleep_until(now_ns() + 500'000);
            continue;
        }
        const std::size_t count = std::min<std::size_t>(batch, due - sent);
        for (std::size_t i = 0; i < count; ++i) {
            parts[i] = {frames[i].data(), make_frame(frames[i].data(), kind, from, to, source, target,
                                                     static_cast<std::uint32_t>(sent + i))};
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        (void)sendmmsg(fd, messages.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
        sent += count;
    }
}

}  // namespace

int main(int argc, char** argv) {
    tool::Options options(argc, argv);
    tool::stop_on_signals();
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "server") return serve();
    if (argc < 3) tool::usage("server | ask|visit|bulk|fetch|pace|udp|churn ADDRESS | raw IFACE [OPTIONS]");
    const std::string to = argv[2];
    const std::uint64_t end_ns = now_ns() + options.number("--seconds", 3600) * ns_per_s;
    const Log log(options.text("--log"));
    tool::say_ready();
    if (what == "ask")
        ask(to, options.number("--interval-us", 5000), static_cast<std::uint32_t>(options.number("--size", 200)),
            end_ns, log);
    if (what == "visit")
        visit(to, options.number("--interval-us", 20000), static_cast<std::uint32_t>(options.number("--size", 200)),
              end_ns, log);
    if (what == "bulk") flows(to, sink_port, options.number("--flows", 1), end_ns, log);
    if (what == "fetch") flows(to, source_port, options.number("--flows", 1), end_ns, log);
    if (what == "pace") pace(to, options.number("--kbps", 1000), end_ns);
    if (what == "udp")
        datagrams(to, options.number("--kbps", 1000), options.number("--size", 1200), options.number("--period-ms", 2),
                  end_ns);
    if (what == "churn") churn(to, options.number("--per-second", 1000), end_ns);
    if (what == "raw") raw(options, to, end_ns);
    return 0;
}
