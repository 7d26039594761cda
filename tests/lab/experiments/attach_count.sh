# SPDX-License-Identifier: GPL-2.0-or-later
# Each way of attaching: TCP both ways with GSO on, counted by Weir and by packet sockets; programs replaced amid the
# traffic; then everything gone.
parameter ways auto-clsact-xdp

tenant web
server web
declare -A options=([auto]='' [clsact]='--bpf-hooks clsact' [xdp]='--ingress-hook xdp')

for way in ${ways//-/ }; do
    read -ra with <<<"${options[$way]}"
    quiet web
    keep "attach_$way" weir attach web "${with[@]}"
    keep "status_$way" weir status -j
    keep "offloads_$way" inside web ethtool -k eth0

    truth_start web
    # Traffic for as long as the reload takes, however slow the machine.
    touch reloading
    (while [ -e reloading ]; do iperf3 -c 10.1.0.2 -n 2M; done) >/dev/null &
    load=$!
    sleep 0.5
    keep "before_reload_$way" weir stats -j
    keep "reload_$way" weir attach web "${with[@]}" --reload
    keep "after_reload_$way" weir stats -j
    rm reloading
    wait "$load"
    keep "to_tenant_$way" iperf3 -c 10.1.0.2 -n 20M -J
    keep "from_tenant_$way" iperf3 -c 10.1.0.2 -n 20M -R -J
    quiet web
    truth_stop "truth_$way"

    keep "stats_$way" weir stats -j
    keep "flows_$way" weir flows -j
    keep "detach_$way" weir detach web
    keep "all_$way" weir detach --all
    keep "left_$way" find /sys/fs/bpf -mindepth 1
    keep "qdiscs_$way" tc qdisc show dev web
    keep "links_$way" bpftool link show
    keep "xdp_$way" ip link show dev web
done
