# SPDX-License-Identifier: GPL-2.0-or-later
# Round-trip times split at the vNIC: known delays on both sides, with and without TCP timestamps and loss, IPv4 and IPv6.
# NETWORK_MS:TENANT_MS, one after the other.
parameter delays 5:1-20:10-80:1
delays=${delays//-/ }

tenant web 1
tenant far 2
echo 1 >/proc/sys/net/ipv4/ip_forward
for end in 1:web 2:far; do
    net=${end%%:*} name=${end#*:}
    inside "$name" ip route add default via "10.$net.0.1"
    echo 0 >"/proc/sys/net/ipv6/conf/$name/disable_ipv6"
    inside "$name" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6'
    ip addr add "fd00:$net::1/64" dev "$name" nodad
    ip -n "$name" addr add "fd00:$net::2/64" dev eth0 nodad
    ip -n "$name" route add default via "fd00:$net::1"
    ip -6 neighbour replace "fd00:$net::2" lladdr 02:00:00:00:00:02 dev "$name" nud permanent
    ip -n "$name" -6 neighbour replace "fd00:$net::1" lladdr 02:00:00:00:00:01 dev eth0 nud permanent
    # netem drops frames: without GSO a frame is a packet.
    inside "$name" ethtool -K eth0 tso off gso off gro off
    ethtool -K "$name" tso off gso off gro off
done
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
server far
keep attach_far weir attach far --role uplink
keep attach_web weir attach web

# sides NETWORK_MS TENANT_MS LOSS_PERCENT: the delay is on the way back from each side, the loss both ways on the network's.
sides() {
    local loss=()
    [ "$3" = 0 ] || loss=(loss "$3%")
    inside far tc qdisc replace dev eth0 root netem limit 10000 delay "$1ms" "${loss[@]}"
    inside web tc qdisc replace dev eth0 root netem limit 10000 delay "$2ms"
    tc qdisc replace dev far root netem limit 10000 "${loss[@]}"
}

for timestamps in 1 0; do
    for name in web far; do
        inside "$name" sh -c "echo $timestamps >/proc/sys/net/ipv4/tcp_timestamps"
    done
    for loss in 0 1; do
        for family in 4 6; do
            peer=10.2.0.2
            [ $family = 4 ] || peer=fd00:2::2
            for delay in $delays; do
                case=ts$timestamps.loss$loss.ip$family.$delay
                sides "${delay%:*}" "${delay#*:}" $loss
                # Under loss iperf3's own control connection is reset now and then.
                for attempt in 1 2 3; do
                    # It watches as long as iperf3 takes: a SYN that is lost is a second.
                    watch "latency_$case" latency web
                    keep "iperf_$case" inside web iperf3 -c $peer --bidir -b 4M -l 8K -t 2
                    over "latency_$case" INT
                    [ "$(cat "$RESULTS/iperf_$case.code")" != 0 ] || break
                    echo "iperf3 failed, attempt $attempt of $case" >&2
                done
            done
        done
    done
done

# Echo, without other traffic.
for delay in $delays; do
    sides "${delay%:*}" "${delay#*:}" 0
    for family in 4 6; do
        peer=10.2.0.2
        [ $family = 4 ] || peer=fd00:2::2
        watch "latency_echo.$family.$delay" latency web
        keep "ping_echo.$family.$delay" inside web ping -q -c 20 -i 0.1 $peer
        over "latency_echo.$family.$delay" INT
    done
done
