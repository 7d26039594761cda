# SPDX-License-Identifier: GPL-2.0-or-later
# Another owner's ingress qdisc, with a filter in it, stands where clsact would have to.
tenant web
tc qdisc add dev web ingress
tc filter add dev web ingress prio 7 matchall action ok
tc qdisc show dev web >before
keep attach weir attach web
keep status weir status -j
keep forced weir attach web --bpf-hooks clsact
keep detach weir detach --all
tc qdisc show dev web >after
cmp before after
keep filters tc filter show dev web ingress
