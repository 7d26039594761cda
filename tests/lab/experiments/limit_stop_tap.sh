# SPDX-License-Identifier: GPL-2.0-or-later
# A tap with a limit, whose guest is stopped and goes on; then stops again, and Weir is detached.
parameter rate 20mbit

modprobe tun
path 20 rx
meanwhile guest tap vm
echo 1 >/proc/sys/net/ipv6/conf/vm/disable_ipv6
ip addr add 10.4.0.1/24 dev vm
ip link set dev vm up
ip neighbour replace 10.4.0.2 lladdr 02:00:00:00:00:02 dev vm nud permanent
ip -n up route add 10.4.0.0/24 via 10.9.0.1
tc qdisc show dev vm | sed 's/ [0-9a-f]*: / /' >before
keep attach weir attach vm --tenant vm
keep set weir limit set vm --rx-max "$rate"

# frames: how many the tap has carried to its guest.
frames() { cat /sys/class/net/vm/statistics/tx_packets; }

keep flood inside far datagrams send 10.4.0.2 --rate 40000000 --seconds 5 &
flood=$!
sleep 1
kill -STOP "${meanwhile_pid[guest]}"
sleep 1
figure frames_stopped "$(frames)"
kill -CONT "${meanwhile_pid[guest]}"
sleep 1
figure frames_going_on "$(frames)"
kill -STOP "${meanwhile_pid[guest]}"
sleep 0.5
keep detach weir detach --all
tc qdisc show dev vm | sed 's/ [0-9a-f]*: / /' >after
keep same_qdisc cmp before after
figure frames_detached "$(frames)"
kill -CONT "${meanwhile_pid[guest]}"
sleep 0.5
figure frames_after "$(frames)"
wait $flood
over guest TERM
keep left find /sys/fs/bpf -mindepth 1
