# SPDX-License-Identifier: GPL-2.0-or-later
# What experiments use. They run in bash with -e: what may fail, and whose failure is of interest, is run by 'keep'.
# shellcheck shell=bash
RESULTS=${RESULTS:-/tmp}
declare -A settings

# parameter NAME DEFAULT: a variable of the experiment, and what it is unless the case says otherwise. One per line, at
# the head of the script, where 'scripts/lab' reads them too.
parameter() { printf -v "$1" %s "${settings[$1]-$2}"; }

# keep NAME COMMAND...: keeps standard output, standard error and exit code under this name, for the expectations.
keep() {
    local name=$1 code=0
    shift
    "$@" >"$RESULTS/$name.out" 2>"$RESULTS/$name.err" || code=$?
    echo "$code" >"$RESULTS/$name.code"
}

# figure NAME VALUE: one number.
figure() { echo "$2" >"$RESULTS/$1.figure"; }

# tenant NAME [N]: a network namespace with a veth pair, NAME here (10.N.0.1) and eth0 inside (10.N.0.2). Neighbours are
# set and IPv6 is off, so that no packet passes but those of the experiment.
tenant() {
    local name=$1 net=10.${2:-1}.0
    ip netns add "$name"
    ip link add name "$name" address 02:00:00:00:00:01 type veth peer name eth0 address 02:00:00:00:00:02 netns "$name"
    echo 1 >"/proc/sys/net/ipv6/conf/$name/disable_ipv6"
    inside "$name" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6'
    ip -n "$name" link set lo up
    ip -n "$name" addr add "$net.2/24" dev eth0
    ip -n "$name" link set eth0 up
    ip addr add "$net.1/24" dev "$name"
    ip link set dev "$name" up
    ip neighbour replace "$net.2" lladdr 02:00:00:00:00:02 dev "$name" nud permanent
    ip -n "$name" neighbour replace "$net.1" lladdr 02:00:00:00:00:01 dev eth0 nud permanent
}

# inside TENANT COMMAND...: in its network namespace; files are shared ('ip netns exec' would hide the BPF file system).
inside() {
    local name=$1
    shift
    nsenter --net="/run/netns/$name" "$@"
}

# server TENANT: an iperf3 server inside, ready when this returns.
server() {
    inside "$1" iperf3 -s -D
    until inside "$1" netstat -ltn | grep -q :5201; do sleep 0.1; done
}

# quiet IFACE: returns when nothing has crossed it for half a second; a connection may take its time to close.
quiet() {
    local before='' now
    now=$(grep "\<$1:" /proc/net/dev)
    until [ "$now" = "$before" ]; do
        before=$now
        sleep 0.5
        now=$(grep "\<$1:" /proc/net/dev)
    done
}

# meanwhile NAME COMMAND...: starts a program that says "ready", and returns when it has; over NAME [SIGNAL] waits for its
# end, after a signal if one is given, and keeps it as 'keep' does.
declare -A meanwhile_pid
meanwhile() {
    local name=$1
    shift
    # A truncated file of an earlier run must not look ready.
    rm -f "$RESULTS/$name.out"
    # Without a shell between, so that its process id is the program's.
    if [ "$1" = inside ]; then set -- nsenter --net="/run/netns/$2" "${@:3}"; fi
    "$@" >"$RESULTS/$name.out" 2>"$RESULTS/$name.err" &
    meanwhile_pid[$name]=$!
    until grep -qs ready "$RESULTS/$name.out"; do
        kill -0 $! || { cat "$RESULTS/$name.err" >&2; return 1; }
        sleep 0.01
    done
}
over() {
    local code=0
    # It may have come to its end by itself.
    [ $# -lt 2 ] || kill "-$2" "${meanwhile_pid[$1]}" 2>/dev/null || true
    wait "${meanwhile_pid[$1]}" || code=$?
    sed -i '/^ready$/d' "$RESULTS/$1.out"
    echo "$code" >"$RESULTS/$1.code"
}

# watch NAME WORDS...: begins a reading command of weir's, which lasts until 'over NAME INT'.
watch() {
    local name=$1
    shift
    set -m # else the shell has it ignore the interrupt that ends it
    weir "$@" --duration 300 -j >"$RESULTS/$name.out" 2>"$RESULTS/$name.err" &
    meanwhile_pid[$name]=$!
    set +m
    # It waits for a signal between its first look and its second.
    until grep -qs sigtimedwait "/proc/$!/wchan"; do
        kill -0 $! || { cat "$RESULTS/$name.err" >&2; return 1; }
        sleep 0.01
    done
}

# truth_start IFACE, truth_stop NAME: what packet sockets see at an interface meanwhile, kept as NAME.
truth_start() { meanwhile witness truth "$1" --ring-mb 32; }
truth_stop() {
    local end
    over witness TERM
    for end in out err code; do mv "$RESULTS/witness.$end" "$RESULTS/$1.$end"; done
}

# busy_ms: how long the CPU has not been idle since the machine came up.
busy_ms() { awk '{ printf "%d\n", ($1 - $2) * 1000 }' /proc/uptime; }

source /lab/path.sh
source /lab/limiter.sh
source /lab/sharing.sh
