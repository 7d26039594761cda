# SPDX-License-Identifier: GPL-2.0-or-later
# TCP through a limit, with a ping and a small request/response flow beside it.
parameter kind cake
parameter direction tx
parameter rate 100mbit
parameter delay 20
parameter flows 1
parameter cc cubic
parameter seconds 6
parameter ecn 0

path "$delay" "$direction"
ends "$direction"
for end in web far; do inside $end sh -c "echo $ecn >/proc/sys/net/ipv4/tcp_ecn"; done
limit "$kind" "$direction" "$rate"

# Nothing else on the way.
keep ping_idle inside "$sender" echoes "$receiver_address" --seconds 1

busy=$(busy_ms)
meanwhile sink inside "$receiver" bulk sink
meanwhile wire inside "$receiver" wire eth0
meanwhile server inside "$receiver" ask server
keep source inside "$sender" bulk source "$receiver_address" --flows "$flows" --cc "$cc" --seconds "$seconds" &
source=$!
keep ask inside "$sender" ask client "$receiver_address" --seconds "$seconds" &
ask=$!
keep ping inside "$sender" echoes "$receiver_address" --seconds "$seconds" &
wait $! $source $ask
figure busy_share "$(awk "BEGIN { print ($(busy_ms) - $busy) / $seconds / 1000 }")"
over wire TERM
over sink TERM
over server TERM
limit_state state "$kind" "$direction"
figure other_drops "$(other_drops)"
