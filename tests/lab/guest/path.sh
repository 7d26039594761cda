# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The path that limits are tried on, and what is measured along it.
#
#     web (eth0 10.1.0.2) -- web [host] up -- up (eth0 10.9.0.2, eth1 10.2.0.1) -- far (eth0 10.2.0.2)
#
# The tenant is the namespace web, the host is the experiment's own, up is the network's first router, far the server. The
# path's delay is netem at the router, on its own device, and on the way back of the acknowledgements: round trips are the
# same wherever it is, and there it has the fewest packets to hold. Both ends send GSO frames, as virtual machines do; the
# last link to either end has no TSO, so what a frame becomes on the wire can be counted there.

# path RTT_MS DIRECTION: of what is limited.
path() {
    local end back=eth0
    [ "$2" = tx ] || back=eth1
    tenant web 1
    tenant up 9
    ip netns add far
    ip -n up link add eth1 address 02:00:00:00:00:01 type veth peer name eth0 address 02:00:00:00:00:02 netns far
    ip -n far link set lo up
    ip -n up addr add 10.2.0.1/24 dev eth1
    ip -n far addr add 10.2.0.2/24 dev eth0
    inside up sh -c 'echo 1 >/proc/sys/net/ipv6/conf/eth1/disable_ipv6; echo 1 >/proc/sys/net/ipv4/ip_forward'
    inside far sh -c 'echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6'
    echo 1 >/proc/sys/net/ipv4/ip_forward
    ip -n up link set eth1 up
    ip -n far link set eth0 up
    ip -n up neighbour replace 10.2.0.2 lladdr 02:00:00:00:00:02 dev eth1 nud permanent
    ip -n far neighbour replace 10.2.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
    ip route add 10.2.0.0/24 via 10.9.0.2
    ip -n up route add 10.1.0.0/24 via 10.9.0.1
    ip -n web route add default via 10.1.0.1
    ip -n far route add default via 10.2.0.1
    [ "$1" = 0 ] || inside up tc qdisc add dev $back root netem limit 200000 delay "$1ms"
    ethtool -K web tso off
    inside up ethtool -K eth1 tso off
    # Room for 80 ms at 1 Gbit/s, and no memory of earlier connections.
    for end in web far; do
        inside "$end" sh -c 'echo "4096 131072 67108864" >/proc/sys/net/ipv4/tcp_rmem
            echo "4096 65536 67108864" >/proc/sys/net/ipv4/tcp_wmem
            echo 1 >/proc/sys/net/ipv4/tcp_no_metrics_save'
    done
}

# ends DIRECTION: sets sender and receiver, and the receiver's address, of a direction as the tenant sees it.
# shellcheck disable=SC2034 # for the experiments
ends() {
    case $1 in
        tx) sender=web receiver=far receiver_address=10.2.0.2 ;;
        rx) sender=far receiver=web receiver_address=10.1.0.2 ;;
        *) echo "direction is tx or rx, not $1" >&2; return 1 ;;
    esac
}

# in_bits RATE: '100mbit' as a number of bits a second.
in_bits() {
    case $1 in
        *gbit) echo $((${1%gbit} * 1000000000)) ;;
        *mbit) echo $((${1%mbit} * 1000000)) ;;
        *kbit) echo $((${1%kbit} * 1000)) ;;
        *) echo "a rate is Nkbit, Nmbit or Ngbit, not $1" >&2; return 1 ;;
    esac
}

# other_drops: packets that the machine itself dropped on the way, where no limit is: backlog, and the path's netem.
other_drops() {
    local backlog netem=0 dev
    backlog=$((16#$(awk '{ print $2; exit }' /proc/net/softnet_stat)))
    for dev in eth0 eth1; do
        netem=$((netem + $(inside up tc -s qdisc show dev $dev | awk '/dropped/ { gsub(",", "", $7); n += $7 } END { print n + 0 }')))
    done
    echo $((backlog + netem))
}
