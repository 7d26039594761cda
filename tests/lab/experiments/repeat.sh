# SPDX-License-Identifier: GPL-2.0-or-later
# Throughput and round trips through fq, with Weir attached: figures that depend on how long every step takes.
tenant web
tc qdisc add dev web root fq
server web
keep attach weir attach web
keep iperf iperf3 -c 10.1.0.2 -n 20M -J
keep ping ping -n -q -c 20 -i 0.05 10.1.0.2
keep stats weir stats -j
figure uptime_s "$(cut -d' ' -f1 /proc/uptime)"
