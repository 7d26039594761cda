# SPDX-License-Identifier: GPL-2.0-or-later
# TCP through a limit, with pings and four small request/response flows beside it: enough answers for a p99.
parameter kind cake
parameter direction tx
parameter rate 100mbit
parameter delay 20
parameter flows 1
parameter cc cubic
parameter seconds 6
parameter ecn 0
parameter run 1

path "$delay" "$direction"
ends "$direction"
for end in web far; do inside $end sh -c "echo $ecn >/proc/sys/net/ipv4/tcp_ecn"; done
limit "$kind" "$direction" "$rate"

# Where chance has a say, another run is another case of the same.
sleep "0.$((run * 37))"

# Nothing else on the way.
keep ping_idle inside "$sender" echoes "$receiver_address" --seconds 1

asks=()
busy=$(busy_ms)
meanwhile sink inside "$receiver" bulk sink
meanwhile wire inside "$receiver" wire eth0
for port in 5401 5402 5403 5404; do meanwhile "server_$port" inside "$receiver" ask server --port "$port"; done
keep source inside "$sender" bulk source "$receiver_address" --flows "$flows" --cc "$cc" --seconds "$seconds" &
source=$!
for port in 5401 5402 5403 5404; do
    keep "ask_$port" inside "$sender" ask client "$receiver_address" --port "$port" --seconds "$seconds" &
    asks+=($!)
done
keep ping inside "$sender" echoes "$receiver_address" --interval-ms 10 --seconds "$seconds" &
wait $! $source "${asks[@]}"
figure busy_share "$(awk "BEGIN { print ($(busy_ms) - $busy) / $seconds / 1000 }")"
over wire TERM
over sink TERM
for port in 5401 5402 5403 5404; do over "server_$port" TERM; done
limit_state state "$kind" "$direction"
figure other_drops "$(other_drops)"
