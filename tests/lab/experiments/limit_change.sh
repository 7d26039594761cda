# SPDX-License-Identifier: GPL-2.0-or-later
# A limit that changes all the time: first beside numbered UDP below all of its values, of which none may be lost; then under
# a flood and under TCP, each settled, to see when the new rate is in force.
parameter kind cake
parameter direction tx
parameter low 50mbit
parameter high 100mbit
parameter every_ms 100
parameter changes 30

path 20 "$direction"
ends "$direction"
limit "$kind" "$direction" "$high"

# What the changes take, the commands' own time with them, which is up to 100 ms on this CPU.
lasts=$((changes * (every_ms + 100) / 1000 + 1))

# change_often COUNT: low and high by turns; a line for each: begun and done in nanoseconds, and the rate.
change_often() {
    local number rate begun
    for ((number = 0; number < $1; number++)); do
        rate=$high
        [ $((number % 2)) = 1 ] || rate=$low
        begun=${EPOCHREALTIME/./}000
        change_limit "$kind" "$direction" "$rate" >/dev/null
        echo "$begun ${EPOCHREALTIME/./}000 $(in_bits "$rate")"
        sleep "$(printf '%d.%03d' $((every_ms / 1000)) $((every_ms % 1000)))"
    done
}

meanwhile receive inside "$receiver" datagrams receive
keep send inside "$sender" datagrams send "$receiver_address" --rate $(($(in_bits "$low") / 2)) \
    --seconds $lasts &
sending=$!
sleep 0.3
keep changes_under_udp change_often "$changes"
wait $sending
over receive
limit_state state_udp "$kind" "$direction"

meanwhile receive_flood inside "$receiver" datagrams receive
meanwhile wire inside "$receiver" wire eth0 --step-ms 2
keep flood inside "$sender" datagrams send "$receiver_address" --rate $(($(in_bits "$high") * 3 / 2)) \
    --seconds $((lasts + 3)) &
sending=$!
sleep 3
keep changes_under_flood change_often "$changes"
wait $sending
over wire TERM
over receive_flood

meanwhile sink inside "$receiver" bulk sink
meanwhile wire_tcp inside "$receiver" wire eth0 --step-ms 10
keep source inside "$sender" bulk source "$receiver_address" --seconds $((lasts + 2)) &
sending=$!
sleep 1.5
limit_state state_tcp_before "$kind" "$direction"
keep changes_under_tcp change_often "$changes"
limit_state state_tcp "$kind" "$direction"
wait $sending
over wire_tcp TERM
over sink TERM
figure other_drops "$(other_drops)"
