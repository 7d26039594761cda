# SPDX-License-Identifier: GPL-2.0-or-later
# Weir's fq in place of the kernel's default qdisc and back, beside other owners' qdiscs, resized and taken off under load.
tenant web 1
tenant db 2

# qdiscs NAME: of all interfaces, kept as NAME.
qdiscs() { keep "$1" tc -j -s -d qdisc show; }
default_qdisc() { nsenter --net=/tmp/first-net sh -c "echo $1 >/proc/sys/net/core/default_qdisc"; }
first_default=$(nsenter --net=/tmp/first-net cat /proc/sys/net/core/default_qdisc)
milliseconds() { awk '{ print int($1 * 1000) }' /proc/uptime; }

# Devices that wait for hardware have a qdisc by default: one queue, four, and one that was never up and has none yet.
ip link add name one type ifb
ip link add name four numtxqueues 4 numrxqueues 4 type ifb
ip link add name asleep type ifb
# Attached all the while, so that Weir is loaded only once.
weir attach db
for kind in pfifo_fast fq; do
    default_qdisc $kind
    for device in one four; do
        # What stands stays when a device goes down; a root that is deleted comes back as what is default now.
        ip link set $device up
        tc qdisc replace dev $device root pfifo
        tc qdisc del dev $device root
    done
    qdiscs ${kind}_before
    keep ${kind}_attach weir attach one four asleep web --role uplink --tenant net
    keep ${kind}_set weir limit set net --tx-max 100mbit
    qdiscs ${kind}_limited
    keep ${kind}_clear weir limit clear net
    qdiscs ${kind}_cleared
    keep ${kind}_set_again weir limit set net --tx-max 100mbit
    keep ${kind}_detach weir detach one four asleep web
    weir limit clear net
    qdiscs ${kind}_after
done

# Somebody deletes Weir's fq, puts an own qdisc in its place, or in a queue's: the next change mends what is Weir's.
weir attach one four web --role uplink --tenant net
weir limit set net --tx-max 100mbit
tc qdisc del dev one root
tc qdisc replace dev web root handle 9: pfifo
tc qdisc replace dev four parent 7765:2 handle 9: pfifo
keep spoilt_status weir status -j
keep mend weir attach one --role uplink --tenant net
qdiscs mended
default_qdisc "$first_default"
# The default has changed meanwhile, and that is said.
keep unspoilt weir detach one four web
qdiscs unspoilt_after
weir limit clear net
tc qdisc del dev web root

# Other owners' qdiscs.
tc qdisc add dev one root handle 1: htb default 1
tc qdisc add dev web root handle 1: fq
tc qdisc add dev asleep root handle 1: fq limit 1000000 flow_limit 1000000
qdiscs foreign_before
weir attach one web asleep --role uplink --tenant net
keep foreign_set weir limit set net --tx-max 100mbit
keep foreign_status weir status -j
qdiscs foreign_limited
weir limit clear net
weir detach one web asleep
qdiscs foreign_after
for device in one web asleep; do tc qdisc del dev $device root; done

# Sizes grow while packets wait: all of them arrive. At 500 Mbit/s they are no queue for the limit, at 20 one for fq.
weir attach web
weir limit set web --rx-max 1gbit
meanwhile resized inside web datagrams receive --idle-ms 2000
keep resized_sent datagrams send 10.1.0.2 --count 1000 --rate 500000000 --pace 20000000
qdiscs resize_begin
for rate in 1gbit 2gbit 3gbit 1gbit; do weir limit set db --rx-max $rate; done
qdiscs resize_end
over resized
weir limit clear db

# Detached while packets wait that will leave soon: all of them arrive. 100 of 1484 bytes at 4 Mbit/s are 297 ms.
meanwhile drained inside web datagrams receive --idle-ms 2000
keep drained_sent datagrams send 10.1.0.2 --count 100 --pace 4000000
qdiscs drain_begin
keep drain_detach weir detach web
qdiscs drain_end
over drained

# … and that will not leave for minutes: a queue that nobody empties does not hold up the detach.
weir attach web
keep stuck_sent datagrams send 10.1.0.2 --count 100 --pace 8000
qdiscs stuck_begin
begin=$(milliseconds)
keep stuck_detach weir detach web
figure stuck_detach_ms $(($(milliseconds) - begin))
qdiscs stuck_end

# Killed at any moment: the next change that comes to its end leaves what is wanted, and nothing else.
standing() { tc qdisc show | awk '$2 != "clsact" && ($5 == "one" || $5 == "four") { print $2, $3 == "0:", $5 }' | sort; }
until_killed() {
    local moment=$1
    shift
    "$@" >/dev/null 2>&1 &
    sleep "$moment"
    # It may have come to its end before; but not to a bad one.
    kill -KILL $! 2>/dev/null || true
    wait $! 2>/dev/null || [ $? = 137 ]
}
weir attach one four --role uplink --tenant net
standing >defaults
weir limit set net --tx-max 100mbit
standing >ours
weir limit clear net
astray=0
half_done=0
expect_standing() { standing | cmp -s - "$1" || astray=$((astray + 1)); }
for moment in 0.02 0.04 0.05 0.06 0.08 0.11; do
    until_killed $moment weir limit set net --tx-max 100mbit
    standing | cmp -s - defaults || standing | cmp -s - ours || half_done=$((half_done + 1))
    weir limit set net --tx-max 200mbit
    expect_standing ours
    until_killed $moment weir limit clear net
    weir limit set db --rx-max 1gbit
    weir limit clear --all
    expect_standing defaults
done
weir limit set net --tx-max 200mbit
for moment in 0.02 0.06 0.11; do
    until_killed $moment weir detach one four
    weir attach one four --role uplink --tenant net
    expect_standing ours
done
weir limit clear net
weir detach one four
expect_standing defaults
figure astray $astray
figure half_done $half_done
figure ours_differs "$(cmp -s ours defaults && echo 0 || echo 1)"

# Put in place and taken off under traffic.
weir attach web
meanwhile installed inside web datagrams receive --idle-ms 2000
keep install_sent datagrams send 10.1.0.2 --rate 20000000 --seconds 1 &
sending=$!
sleep 0.3
weir limit set web --rx-max 1gbit
qdiscs installed_limited
sleep 0.3
weir limit clear web
wait $sending
over installed

# A state that is lost leaves an fq that nobody remembers: found, and taken off.
weir limit set web --rx-max 1gbit
rm -r /sys/fs/bpf/weir
qdiscs orphaned
keep orphan_detach weir detach --all
qdiscs orphan_after
