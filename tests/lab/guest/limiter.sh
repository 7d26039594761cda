# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# One limit on the tenant web of the path, by any of the means that are compared. A queueing discipline limits at the device
# by which the host sends: up for tx, web for rx. tc police stands at the host's end of the vNIC, like Weir.

# limit KIND DIRECTION RATE [WEIR OPTIONS...]: none, tbf, htb, htb_fq_codel, cake, cake_gso (which leaves GSO frames
# whole), police, weir, weir_fq (with an fq that stood there before), weir_idle (attached, with no limit).
limit() {
    local kind=$1 direction=$2 rate=$3 bits device=web
    shift 3
    bits=$(in_bits "$rate")
    [ "$direction" = rx ] || device=up
    case $kind in
        none) ;;
        tbf) tc qdisc add dev $device root tbf rate "$rate" burst "$(burst_bytes "$bits" 4)" latency 50ms ;;
        htb | htb_fq_codel)
            tc qdisc add dev $device root handle 1: htb default 1
            tc class add dev $device parent 1: classid 1:1 htb rate "$rate" ceil "$rate"
            [ "$kind" = htb ] || tc qdisc add dev $device parent 1:1 handle 2: fq_codel
            ;;
        cake) tc qdisc add dev $device root cake bandwidth "$rate" ;;
        cake_gso) tc qdisc add dev $device root cake bandwidth "$rate" no-split-gso ;;
        police)
            tc qdisc add dev web clsact
            tc filter add dev web "$([ "$direction" = tx ] && echo ingress || echo egress)" prio 1 matchall action police \
                rate "$rate" burst "$(burst_bytes "$bits" 20)" conform-exceed drop
            ;;
        weir | weir_fq | weir_idle | weir_idle_fq)
            [ "${kind%_fq}" = "$kind" ] || tc qdisc add dev $device root fq limit 100000 flow_limit 100000
            weir attach up --role uplink --capacity none
            weir attach web --tenant web
            [ "${kind%_fq}" = weir_idle ] || weir limit set web "--$direction-max" "$rate" "$@"
            ;;
        *) echo "no kind of limit is called $kind" >&2; return 1 ;;
    esac
}

# change_limit KIND DIRECTION RATE: another rate for what 'limit' has set.
change_limit() {
    local device=web
    [ "$2" = rx ] || device=up
    case $1 in
        tbf) tc qdisc change dev $device root tbf rate "$3" burst "$(burst_bytes "$(in_bits "$3")" 4)" latency 50ms ;;
        htb | htb_fq_codel) tc class change dev $device parent 1: classid 1:1 htb rate "$3" ceil "$3" ;;
        cake) tc qdisc change dev $device root cake bandwidth "$3" ;;
        weir | weir_fq) weir limit set web "--$2-max" "$3" ;;
        *) echo "a limit of kind $1 is not changed here" >&2; return 1 ;;
    esac
}

# limit_state NAME KIND DIRECTION: what the limit counts, kept as NAME.
limit_state() {
    local device=web
    [ "$3" = rx ] || device=up
    case $2 in
        police) keep "$1" tc -s -j filter show dev web "$([ "$3" = tx ] && echo ingress || echo egress)" ;;
        weir*) keep "$1" weir stats web -j ;;
        *) keep "$1" tc -s -j qdisc show dev $device ;;
    esac
}

# burst_bytes BITS_PER_SECOND MS: so much time at that rate, and at least one GSO frame.
burst_bytes() {
    # Divided first, so that a great rate does not overflow.
    # shellcheck disable=SC2017
    local bytes=$(($1 / 8 * $2 / 1000))
    echo $((bytes > 70000 ? bytes : 70000))
}
