# SPDX-License-Identifier: GPL-2.0-or-later
# Retransmissions as the sender counts them, and on which side of the vNIC the loss was.
tenant web 1
tenant far 2
echo 1 >/proc/sys/net/ipv4/ip_forward
for end in 1:web 2:far; do
    name=${end#*:}
    inside "$name" ip route add default via "10.${end%%:*}.0.1"
    inside "$name" ethtool -K eth0 tso off gso off gro off
    ethtool -K "$name" tso off gso off gro off
done
keep attach_far weir attach far --role uplink

# count_of COUNTER: what the sender's kernel counted.
count_of() { inside web nstat -asz "$1" | awk -v name="$1" '$1 == name { print $2 }'; }

for side in network tenant; do
    of_tenant=() of_network=()
    if [ $side = tenant ]; then of_tenant=(loss 1%); else of_network=(loss 1%); fi
    inside web tc qdisc replace dev eth0 root netem limit 10000 delay 2ms "${of_tenant[@]}"
    inside far tc qdisc replace dev eth0 root netem limit 10000 delay 20ms
    tc qdisc replace dev far root netem limit 10000 "${of_network[@]}"
    keep "attach_$side" weir attach web
    sent_again=$(count_of TcpRetransSegs) lost_again=$(count_of TcpExtTCPLostRetransmit)
    meanwhile "sink_$side" inside far bulk sink
    keep "source_$side" inside web bulk source 10.2.0.2 --seconds 30
    over "sink_$side" TERM
    figure "retransmits_$side" $(($(count_of TcpRetransSegs) - sent_again))
    figure "lost_again_$side" $(($(count_of TcpExtTCPLostRetransmit) - lost_again))
    keep "tcp_$side" inside web nstat -asz
    keep "qdisc_$side" inside web tc -s qdisc show dev eth0
    keep "latency_$side" weir latency web -j
    keep "flows_$side" weir flows web -j
    keep "detach_$side" weir detach web
done
