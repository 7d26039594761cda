# SPDX-License-Identifier: GPL-2.0-or-later
# Doctor on this kernel: faults that need its conntrack limit or its qdiscs, some of any kernel, and whether the sysctls
# that it advises exist.
tenant web
server web
modprobe nf_conntrack

# examine NAME COMMAND...: what doctor finds at web while COMMAND, which has to succeed, runs.
examine() {
    local name=$1 failed=0
    shift
    watch "$name" doctor web
    "$@" || failed=$?
    over "$name" INT
    if [ "$failed" -ne 0 ]; then
        echo "examine $name: \"$*\" failed with $failed" >&2
        return 1
    fi
}

# datagrams ADDRESS N: to ports 2001 and up; how many the kernel refused to send.
datagrams() {
    local port refused=0
    for ((port = 2001; port <= 2000 + $2; port++)); do
        { echo x >"/dev/udp/$1/$port"; } 2>/dev/null || refused=$((refused + 1))
    done
    echo "$refused" >"$RESULTS/.refused"
}

examine healthy iperf3 -c 10.1.0.2 -n 5M -b 20M

examine closed_port inside web bash -c 'for i in {1..40}; do echo x >/dev/udp/10.1.0.1/9; done'
figure closed_port "$(nstat -asz UdpNoPorts | awk '/UdpNoPorts/ { print $2 }')"

nft 'table ip test { chain input { type filter hook input priority 0; udp dport 7 counter drop; }; }'
examine firewall inside web bash -c 'for i in {1..120}; do echo x >/dev/udp/10.1.0.1/7; done'
figure firewall "$(nft list table ip test | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p')"
nft delete table ip test

# fq takes 20 packets, and lets a flow's leave at 1 Mbit/s.
tc qdisc replace dev web root fq limit 20 maxrate 1mbit
examine fq iperf3 -c 10.1.0.2 -u -b 8M -n 300K -l 1000
figure fq "$(tc -s qdisc show dev web | sed -n 's/.*(dropped \([0-9]*\),.*/\1/p')"
tc qdisc del dev web root

# Connections that live hold the table's room, so that none is given up for a new one.
nft 'table ip test { chain output { type filter hook output priority 0; ct state new counter accept; }; }'
iperf3 -c 10.1.0.2 -P 24 -b 16K -l 1000 -t 120 >/dev/null &
load=$!
until [ "$(cat /proc/sys/net/netfilter/nf_conntrack_count)" -ge 25 ]; do sleep 0.1; done
max=$(cat /proc/sys/net/netfilter/nf_conntrack_max)
nsenter --net=/tmp/first-net sh -c 'echo 20 >/proc/sys/net/netfilter/nf_conntrack_max'
examine conntrack datagrams 10.1.0.2 30
figure conntrack "$(cat "$RESULTS/.refused")"
nsenter --net=/tmp/first-net sh -c "echo $max >/proc/sys/net/netfilter/nf_conntrack_max"
examine conntrack_mended datagrams 10.1.0.2 30
kill "$load"
nft delete table ip test

keep causes weir doctor --list -j
grep -oE '\b(net|vm|kernel)\.[a-z0-9_]+(\.[a-z0-9_]+)*' "$RESULTS/causes.out" | sort -u >"$RESULTS/sysctls.out"
while read -r name; do
    nsenter --net=/tmp/first-net test -e "/proc/sys/${name//.//}" || echo "$name"
done <"$RESULTS/sysctls.out" >"$RESULTS/dead.out"
