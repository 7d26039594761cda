# SPDX-License-Identifier: GPL-2.0-or-later
# Drops by known causes on a stock kernel: a closed port and a firewall rule, counted by a tracer that is kept.
tenant web
nft -f - <<'RULES'
table ip test {
    chain input {
        type filter hook input priority 0
        udp dport 7003 counter drop
    }
}
RULES
keep keep weir drops --keep
keep attach weir attach web --tenant customer
inside web bash -c 'for i in {1..20}; do echo x >/dev/udp/10.1.0.1/7003; done'
inside web bash -c 'for i in {1..30}; do echo x >/dev/udp/10.1.0.1/9; done'
keep nstat nstat -asz --json UdpNoPorts
keep rule nft list table ip test
keep drops weir drops -j
keep stop weir drops --stop
keep all weir detach --all
keep left find /sys/fs/bpf -mindepth 1
