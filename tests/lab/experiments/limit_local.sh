# SPDX-License-Identifier: GPL-2.0-or-later
# A tenant held to its limit where no uplink is on the way: to another tenant of the host, and to the host itself.
parameter kind cake
parameter rate 100mbit
parameter seconds 3

path 20 tx
tenant other 3
ip -n other route add default via 10.3.0.1
ethtool -K other tso off
limit "$kind" tx "$rate"
case $kind in weir*) weir attach other --tenant other ;; esac

# towards NAME ADDRESS COMMAND...: UDP at three times the limit and then TCP; the command runs something at the receiver.
towards() {
    local name=$1 address=$2
    shift 2
    meanwhile "receive_$name" "$@" datagrams receive
    keep "send_$name" inside web datagrams send "$address" --seconds "$seconds" --rate $(($(in_bits "$rate") * 3))
    over "receive_$name"
    meanwhile "sink_$name" "$@" bulk sink
    keep "source_$name" inside web bulk source "$address" --seconds "$seconds"
    over "sink_$name" TERM
}
towards tenant 10.3.0.2 inside other
towards host 10.1.0.1 env
limit_state state "$kind" tx
