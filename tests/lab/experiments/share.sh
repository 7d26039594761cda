# SPDX-License-Identifier: GPL-2.0-or-later
# Tenants that share an uplink of 100 Mbit/s: TCP of three, datagrams at three times the uplink of a fourth, and the pings
# of a fifth.
parameter kind weir
parameter direction tx
parameter delay 10
parameter link 104mbit
parameter web 1
parameter db 1
parameter mail 1
parameter blast 300mbit
parameter web_min 0
parameter wake 0
parameter seconds 5
parameter capture 0

capacity=100mbit
sharers "$delay" "$direction" "$link"
share "$kind" "$capacity" "$direction"
[ "$web_min" = 0 ] || weir limit set web "--$direction-min" "$web_min"

# between NAME DIRECTION: sets sender, receiver and address of a tenant's traffic.
between() {
    if [ "$direction" = tx ]; then
        sender=$1 receiver=far address=10.2.0.2
    else
        sender=far receiver=$1 address=10.${net_of[$1]}.0.2
    fi
}

keep ping_idle inside quiet echoes 10.2.0.2 --seconds 2

# Nothing of Weir's runs from here on: whoever could be there is killed.
if [ "$kind" = weir ]; then
    weir stats --duration 60 >/dev/null 2>&1 &
    sleep 0.1
    kill -9 $!
    wait $! || [ $? = 137 ]
fi
[ "$capture" = 0 ] || { keep links ip -j link; meanwhile arrivals arrivals; }
declare -A flows_of=([web]=$web [db]=$db [mail]=$mail)
waiting=()
receivers=(far)
[ "$direction" = tx ] || receivers=("${sharers[@]}")
for name in "${receivers[@]}"; do meanwhile "wire_$name" inside "$name" wire eth0; done
for name in web db mail; do
    [ "${flows_of[$name]}" != 0 ] || continue
    between $name
    meanwhile "sink_$name" inside "$receiver" bulk sink --port "530${net_of[$name]}" --step-ms 5
done
if [ "$blast" != 0 ]; then
    between noisy
    meanwhile receive inside "$receiver" datagrams receive --idle-ms 5000 --step-ms 5
    keep send inside "$sender" datagrams send "$address" --rate "$(in_bits "$blast")" --seconds $((seconds + 1)) &
    waiting+=($!)
fi
for name in web db mail; do
    [ "${flows_of[$name]}" != 0 ] || continue
    between $name
    start=0
    [ "$name" != mail ] || start=$wake
    (
        sleep "$start"
        keep "source_$name" inside "$sender" bulk source "$address" --port "530${net_of[$name]}" \
            --flows "${flows_of[$name]}" --seconds $((seconds - start))
    ) &
    waiting+=($!)
done
keep ping inside quiet echoes 10.2.0.2 --seconds $((seconds - 1))
wait "${waiting[@]}"
for name in web db mail; do [ "${flows_of[$name]}" = 0 ] || over "sink_$name" TERM; done
[ "$blast" = 0 ] || over receive TERM
for name in "${receivers[@]}"; do over "wire_$name" TERM; done
[ "$capture" = 0 ] || over arrivals TERM
[ "$kind" != weir ] || { keep state weir status -j; keep show weir limit show; }
