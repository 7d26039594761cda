# SPDX-License-Identifier: GPL-2.0-or-later
# A known delay inside the host: two bridges joined by a veth pair with netem, on the way of the tenant's packets. Then the
# same routed and with NAT, and an fq that is given departure times by somebody else.
tenant web 1
tenant far 1
ip addr flush dev web
ip addr flush dev far
inside far ip addr flush dev eth0
inside far ip link set eth0 address 02:00:00:00:00:03
inside far ip addr add 10.1.0.3/24 dev eth0
inside web ip neighbour replace 10.1.0.3 lladdr 02:00:00:00:00:03 dev eth0 nud permanent
inside far ip neighbour replace 10.1.0.2 lladdr 02:00:00:00:00:02 dev eth0 nud permanent
ip link add inner1 type veth peer name inner2
for number in 1 2; do
    ip link add "br$number" type bridge
    echo 1 >"/proc/sys/net/ipv6/conf/br$number/disable_ipv6"
    echo 1 >"/proc/sys/net/ipv6/conf/inner$number/disable_ipv6"
    ip link set "inner$number" master "br$number"
    ip link set "inner$number" up
    ip link set "br$number" up
done
ip link set web master br1
ip link set far master br2
server far
keep attach weir attach web
keep attach_far weir attach far --role uplink
# The switch has to have learned both, so that nothing is flooded.
inside web ping -q -c 3 -i 0.2 10.1.0.3 >"$RESULTS/ping.out"

for delay in 2 10; do
    tc qdisc replace dev inner1 root netem limit 10000 delay "${delay}ms"
    keep "latency_$delay" weir latency -j --duration 3 &
    keep "iperf_$delay" inside web iperf3 -c 10.1.0.3 -b 8M -t 2
    wait $!
done
tc qdisc del dev inner1 root
keep measured_before weir latency -j
keep stats_before weir stats -j
keep iperf_plain inside web iperf3 -c 10.1.0.3 -n 20M
keep measured_after weir latency -j
keep stats_after weir stats -j
