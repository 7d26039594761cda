// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/nft_counters.hpp"

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace weir {
namespace {

using Socket = std::unique_ptr<mnl_socket, decltype(&mnl_socket_close)>;
using Rule = std::unique_ptr<nftnl_rule, decltype(&nftnl_rule_free)>;
using Expressions = std::unique_ptr<nftnl_expr_iter, decltype(&nftnl_expr_iter_destroy)>;

// A dump that the rules changed under is begun anew.
constexpr int dump_tries = 4;

std::string_view family_word(std::uint32_t family) {
    switch (family) {
    case NFPROTO_INET:
        return "inet";
    case NFPROTO_IPV4:
        return "ip";
    case NFPROTO_ARP:
        return "arp";
    case NFPROTO_NETDEV:
        return "netdev";
    case NFPROTO_BRIDGE:
        return "bridge";
    case NFPROTO_IPV6:
        return "ip6";
    default:
        return "?";
    }
}

bool drops(const nftnl_expr* expression, std::string_view name) {
    if (name == "reject") return true;
    return name == "immediate" && nftnl_expr_is_set(expression, NFTNL_EXPR_IMM_VERDICT) &&
           nftnl_expr_get_u32(expression, NFTNL_EXPR_IMM_VERDICT) == NF_DROP;
}

// What the rule's counter says if a drop follows it at once: an expression in between might not match.
std::optional<std::uint64_t> dropped_by(const nftnl_rule* rule) {
    const Expressions expressions(nftnl_expr_iter_create(rule), nftnl_expr_iter_destroy);
    if (!expressions) return std::nullopt;
    std::optional<std::uint64_t> counted;
    while (const nftnl_expr* expression = nftnl_expr_iter_next(expressions.get())) {
        const std::string_view name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
        if (counted && drops(expression, name)) return counted;
        counted.reset();
        if (name == "counter") counted = nftnl_expr_get_u64(expression, NFTNL_EXPR_CTR_PACKETS);
    }
    return std::nullopt;
}

int take_rule(const nlmsghdr* message, void* into) {
    const Rule rule(nftnl_rule_alloc(), nftnl_rule_free);
    if (!rule || nftnl_rule_nlmsg_parse(message, rule.get()) < 0) return MNL_CB_OK;
    const auto packets = dropped_by(rule.get());
    if (!packets) return MNL_CB_OK;
    static_cast<std::vector<NftDropRule>*>(into)->push_back(
        {fmt::format("{} {} {} handle {}", family_word(nftnl_rule_get_u32(rule.get(), NFTNL_RULE_FAMILY)),
                     nftnl_rule_get_str(rule.get(), NFTNL_RULE_TABLE), nftnl_rule_get_str(rule.get(), NFTNL_RULE_CHAIN),
                     nftnl_rule_get_u64(rule.get(), NFTNL_RULE_HANDLE)),
         *packets});
    return MNL_CB_OK;
}

// errno; 0 when it is done.
int dump(mnl_socket* socket, std::uint32_t sequence, std::vector<NftDropRule>& rules) {
    std::array<char, 65536> buffer{};
    const nlmsghdr* request =
        nftnl_nlmsg_build_hdr(buffer.data(), NFT_MSG_GETRULE, NFPROTO_UNSPEC, NLM_F_DUMP, sequence);
    if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0) return errno;
    for (;;) {
        const auto size = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
        if (size < 0) return errno;
        const int state = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), sequence,
                                     mnl_socket_get_portid(socket), take_rule, &rules);
        if (state == MNL_CB_STOP) return 0;
        if (state < 0) return errno;
    }
}

// Where the kernel has modules, a question for a subsystem that is not there has it loaded.
bool would_load_it() { return access("/proc/modules", F_OK) == 0 && access("/sys/module/nf_tables", F_OK) != 0; }

}  // namespace

Result<std::vector<NftDropRule>> read_nft_drops() {
    std::vector<NftDropRule> rules;
    if (would_load_it()) return rules;
    int error = 0;
    for (int attempt = 0; attempt < dump_tries; ++attempt) {
        rules.clear();
        const Socket socket(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC), mnl_socket_close);
        if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
            error = errno;
            break;
        }
        error = dump(socket.get(), static_cast<std::uint32_t>(attempt) + 1, rules);
        if (error != EINTR) break;
    }
    if (error == 0) return rules;
    // No nf_tables in this kernel.
    if (error == EOPNOTSUPP || error == EPROTONOSUPPORT || error == EINVAL) return std::vector<NftDropRule>();
    return fail(error == EPERM ? Errc::permission : Errc::failed, "cannot read the rules of nftables",
                errno_text(error));
}

}  // namespace weir
