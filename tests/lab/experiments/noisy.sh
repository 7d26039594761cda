# SPDX-License-Identifier: GPL-2.0-or-later
# A labelled scenario of tests/noisy/scenarios.py, what weir noisy says of it, and whether the remedy that it prints mends.
parameter scene udp_hog
parameter seed 1
parameter place host
parameter remedy 0
parameter window 0

# The uplink's rate is that of the host's own queue, which nobody else may replace, or that of a router behind it.
stand() {
    local name=$1 port=vnic_$1
    [ "$name" != world ] || port=up0
    ip netns add "$name"
    inside "$name" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
    if [ "$name $place" = "world router" ]; then
        ip netns add router
        inside router sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
        ip link add up0 type veth peer name south netns router
        ip -n router link add north type veth peer name eth0 address "$3" netns world
        ip -n router link add br0 type bridge
        for device in north south; do ip -n router link set $device master br0; done
        for device in north south br0; do ip -n router link set $device up; done
    else
        ip link add "$port" type veth peer name eth0 address "$3" netns "$name"
    fi
    ip link set "$port" master br0
    ip link set "$port" up
    ip -n "$name" link set lo up
    ip -n "$name" addr add "$2/24" dev eth0
    ip -n "$name" link set eth0 up
}

# tbf VERB MBIT: both ways through the uplink.
tbf() {
    local words=(root tbf rate "${2}mbit" burst 5kb latency 150ms)
    if [ "$place" = router ]; then inside router tc qdisc "$1" dev north "${words[@]}"; else tc qdisc "$1" dev up0 "${words[@]}"; fi
    inside world tc qdisc "$1" dev eth0 "${words[@]}"
}

# What plans are made of.
at() {
    local seconds=${1%.*} ms=${1#*.} left
    left=$((begin_us + seconds * 1000000 + 10#$ms * 1000 - ${EPOCHREALTIME/./}))
    [ $left -le 0 ] || sleep "$((left / 1000000)).$(printf %06d $((left % 1000000)))"
    shift
    "$@"
}
declare -A act_pid
begin() {
    nsenter --net="/run/netns/$2" load "${@:3}" >/dev/null 2>>"$RESULTS/acts.err" &
    act_pid[$1]=$!
}
end() {
    kill -KILL "${act_pid[$1]}" 2>/dev/null || true
    wait "${act_pid[$1]}" || [ $? = 137 ]
}
server() { kill "-$2" "${meanwhile_pid[server_$1]}"; }
uplink() { tbf change "$1"; }
lose() {
    inside world nft -f - <<RULES
table ip loss {
    chain input { type filter hook input priority 0; ip saddr $1 numgen random mod 100 < $2 drop; }
    chain output { type filter hook output priority 0; ip daddr $1 numgen random mod 100 < $2 drop; }
}
RULES
}

# track MAX: the host's connections, through the bridge too. The bound is one of the machine: whoever else runs in it has
# what was there before.
track() {
    nft -f - <<RULES
table bridge connections {
    chain forward { type filter hook prerouting priority 0; ct state established accept; }
}
RULES
    local max=/proc/sys/net/netfilter/nf_conntrack_max before
    before=$(nsenter --net=/tmp/first-net cat $max)
    nsenter --net=/tmp/first-net sh -c "echo $1 >$max"
    # With what these are now: they end with the function.
    # shellcheck disable=SC2064
    trap "nsenter --net=/tmp/first-net sh -c 'echo $before >$max'" EXIT
}

# play NAME: the acts, recorded; the verdict is kept as NAME, what the victims' programs logged as NAME-<act>.
play() {
    local recorder busy act
    weir record "/tmp/$1.json" --duration "$seconds" &
    recorder=$!
    sleep 0.2
    busy=$(busy_ms)
    begin_us=${EPOCHREALTIME/./}
    figure "$1-begin" "$(cut -d' ' -f1 /proc/uptime)"
    acts
    figure "$1-busy_share" "$(awk "BEGIN { print ($(busy_ms) - $busy) / $seconds / 1000 }")"
    wait $recorder
    keep "$1" weir noisy --replay "/tmp/$1.json" -j
    [ "$window" = 0 ] || cp "/tmp/$1.json" "$RESULTS/$1-window.out"
    [ "$remedy" = 0 ] || for act in $logs; do mv "/tmp/act-$act" "$RESULTS/$1-$act.out"; done
}

source "/lab/scenes/$scene-$seed"
ip link add br0 type bridge
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
echo 1 >/proc/sys/net/ipv6/conf/br0/disable_ipv6
ip link set br0 up
stage
tbf add "$uplink_mbit"
for name in $tenants; do weir attach "vnic_$name" --tenant "$name" --flows 2048; done
capacity=()
[ "$capacity_mbit" = 0 ] || capacity=(--capacity "${capacity_mbit}mbit")
weir attach up0 --role uplink "${capacity[@]}"
for name in $tenants; do
    [ "$capacity_mbit" = 0 ] || weir limit set "$name" --weight 1 --mode police --burst 5ms
done
[ "$conntrack_max" = 0 ] || track "$conntrack_max"
for name in world $tenants; do meanwhile "server_$name" inside "$name" load server; done

play first
if [ "$remedy" = 1 ]; then
    tr , '\n' <"$RESULTS/first.out" | sed -n 's/.*"remedy": *"\(weir [^"]*\)".*/\1/p' | sort -u >"$RESULTS/remedies.out"
    while read -r command; do
        # Words without quotes or patterns.
        # shellcheck disable=SC2086
        keep remedy $command
    done <"$RESULTS/remedies.out"
    # What the first play left in a table of connections is not the second one's.
    [ "$conntrack_max" = 0 ] || until [ "$(cat /proc/sys/net/netfilter/nf_conntrack_count)" -lt 10 ]; do sleep 5; done
    play second
    keep limits weir limit show -j
fi
rm -f /tmp/first.json /tmp/second.json
