# SPDX-License-Identifier: GPL-2.0-or-later
# A tenant's source addresses on a stock kernel, at both ingress hooks: its own pass, others do not.
tenant web
inside web ip addr add 10.1.0.77/24 dev eth0
for hook in tc xdp; do
    keep "${hook}_attach" weir attach web --tenant customer --ingress-hook "$hook" --addresses 10.1.0.2
    keep "${hook}_own" inside web ping -c 3 -W 1 -I 10.1.0.2 10.1.0.1
    keep "${hook}_other" inside web ping -c 4 -W 1 -I 10.1.0.77 10.1.0.1
    keep "${hook}_stats" weir stats -j
    keep "${hook}_echos" nstat -asz --json IcmpInEchos
done
keep all weir detach --all
keep left find /sys/fs/bpf -mindepth 1
