# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Tenants that share an uplink, beside the path's own (path.sh): web (weight 1), db (2), mail (4), noisy (1) and quiet (1).
# The uplink's link is a token bucket at the network's router, a little faster than the capacity that is shared: what is
# too much waits there, for everybody.
sharers=(web db mail noisy quiet)
declare -A weight_of=([web]=1 [db]=2 [mail]=4 [noisy]=1 [quiet]=1)
declare -A net_of=([web]=1 [db]=3 [mail]=4 [noisy]=5 [quiet]=6)

# sharers RTT_MS DIRECTION LINK_RATE: the tenants and their network; no link without a rate ("0").
sharers() {
    local name net forward=eth1
    path "$1" "$2"
    [ "$2" = tx ] || forward=eth0
    for name in "${sharers[@]}"; do
        net=${net_of[$name]}
        [ "$net" = 1 ] || {
            tenant "$name" "$net"
            ip -n "$name" route add default via "10.$net.0.1"
            ip -n up route add "10.$net.0.0/24" via 10.9.0.1
            ethtool -K "$name" tso off
            inside "$name" sh -c 'echo "4096 131072 67108864" >/proc/sys/net/ipv4/tcp_rmem
                echo "4096 65536 67108864" >/proc/sys/net/ipv4/tcp_wmem
                echo 1 >/proc/sys/net/ipv4/tcp_no_metrics_save'
        }
    done
    [ "$3" = 0 ] || inside up tc qdisc add dev "$forward" root tbf rate "$3" burst 20k latency 200ms
}

# share KIND CAPACITY DIRECTION: by weir, htb or htb_fq_codel, these with _quantum too: then what they lend is in proportion
# to the weights; or none. HTB stands at the host's device; what comes in goes by an ifb, which it stands at.
share() {
    local name bits total=0 at=up side=src
    local -a quantum
    bits=$(in_bits "$2")
    for name in "${sharers[@]}"; do total=$((total + weight_of[$name])); done
    case $1 in
        none) ;;
        weir)
            weir attach up --role uplink --capacity "$2"
            weir attach "${sharers[@]}"
            for name in "${sharers[@]}"; do weir limit set "$name" --weight "${weight_of[$name]}"; done
            ;;
        htb | htb_quantum | htb_fq_codel | htb_fq_codel_quantum)
            if [ "$3" = rx ]; then
                at=ifb0 side=dst
                ip link add ifb0 type ifb
                ip link set ifb0 up
                tc qdisc add dev up clsact
                tc filter add dev up ingress matchall action mirred egress redirect dev ifb0
            fi
            tc qdisc add dev "$at" root handle 1: htb default 1
            tc class add dev "$at" parent 1: classid 1:99 htb rate "$2" ceil "$2"
            for name in "${sharers[@]}"; do
                quantum=()
                [ "${1%_quantum}" = "$1" ] || quantum=(quantum $((weight_of[$name] * 3028)))
                tc class add dev "$at" parent 1:99 classid "1:${net_of[$name]}" htb ceil "$2" \
                    rate "$((bits * weight_of[$name] / total))bit" "${quantum[@]}"
                [ "${1#htb_fq_codel}" = "$1" ] || tc qdisc add dev "$at" parent "1:${net_of[$name]}" fq_codel
                tc filter add dev "$at" parent 1: protocol ip u32 match ip "$side" "10.${net_of[$name]}.0.0/24" \
                    flowid "1:${net_of[$name]}"
            done
            ;;
        *) echo "nobody shares by $1" >&2; return 1 ;;
    esac
}
