# SPDX-License-Identifier: GPL-2.0-or-later
# A receiver that reads nothing for a while, and 'weir detach' in mid-transfer: traffic goes on, and the queueing disciplines
# that stood before stand again.
parameter rate 100mbit
parameter found pfifo_fast

path 20 tx
[ "$found" = default ] || tc qdisc add dev up root "$found"
[ "$found" = default ] || tc qdisc add dev web root "$found"
qdiscs() { for device in web up; do tc qdisc show dev $device | sed 's/ [0-9a-f]*: / /'; done; }
keep qdiscs_before qdiscs
keep attach_up weir attach up --role uplink --capacity 10gbit
keep attach weir attach web --tenant web
keep set weir limit set web --tx-max "$rate" --rx-max "$rate"
keep qdiscs_limited qdiscs

for direction in tx rx; do
    ends $direction
    meanwhile "sink_$direction" inside "$receiver" bulk sink
    keep "source_$direction" inside "$sender" bulk source "$receiver_address" --seconds 4 &
    sending=$!
    sleep 1
    # The reader is stopped; the queue behind the limit must not be what breaks when it comes back.
    kill -STOP "${meanwhile_pid[sink_$direction]}"
    sleep 0.5
    kill -CONT "${meanwhile_pid[sink_$direction]}"
    sleep 0.5
    if [ $direction = rx ]; then
        keep detach weir detach --all
        keep qdiscs_after qdiscs
    fi
    wait $sending
    over "sink_$direction" TERM
done
keep ping inside web ping -n -q -c 10 -i 0.05 10.2.0.2
keep left find /sys/fs/bpf -mindepth 1
