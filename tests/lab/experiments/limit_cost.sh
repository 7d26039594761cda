# SPDX-License-Identifier: GPL-2.0-or-later
# Instructions per packet: the same packets flat out through the host, into a black hole behind it. With virtual time the
# time that this takes is the number of instructions; what a limit adds to it is its price; of
# Weir's, also what it adds to Weir without a limit. weir_share: a fair share of that rate, and no limit.
parameter kind cake
parameter direction tx
parameter rate 40gbit
parameter packets 10000
parameter size 472

path 0 "$direction"
ends "$direction"
# The price of the path itself stays small: behind the limit, packets end at once.
if [ "$direction" = tx ]; then
    inside up ip route add blackhole 10.2.0.2/32
else
    inside web ip route add blackhole 10.7.0.0/16
    ip route add 10.7.0.0/16 via 10.1.0.2
    ip -n up route add 10.7.0.0/16 via 10.9.0.1
    inside web sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    receiver_address=10.7.0.1
fi
# flat_out NAME: the same packets again and again; the first time warms up.
flat_out() {
    local round
    inside "$sender" datagrams send "$receiver_address" --count "$packets" --size "$size" >/dev/null
    for round in 1 2 3; do
        keep "$1_$round" inside "$sender" datagrams send "$receiver_address" --count "$packets" --size "$size"
    done
}
flat_out before
case $kind in
    weir | weir_fq)
        limit "${kind/weir/weir_idle}" "$direction" "$rate"
        flat_out idle
        weir limit set web "--$direction-max" "$rate" >/dev/null
        ;;
    weir_share)
        limit weir_idle "$direction" "$rate"
        flat_out idle
        weir attach up --role uplink --capacity "$rate"
        ;;
    *) limit "$kind" "$direction" "$rate" ;;
esac
flat_out after
limit_state state "$kind" "$direction"
