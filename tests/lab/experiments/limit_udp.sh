# SPDX-License-Identifier: GPL-2.0-or-later
# UDP at several times a limit: what is delivered of it.
parameter kind cake
parameter direction tx
parameter rate 100mbit
parameter overload 3
parameter size 1442
parameter seconds 3

path 20 "$direction"
ends "$direction"
limit "$kind" "$direction" "$rate"

meanwhile receive inside "$receiver" datagrams receive
meanwhile wire inside "$receiver" wire eth0 --step-ms 20
keep send inside "$sender" datagrams send "$receiver_address" --size "$size" --seconds "$seconds" \
    --rate $(($(in_bits "$rate") * overload))
over receive
over wire TERM
limit_state state "$kind" "$direction"
figure other_drops "$(other_drops)"
