# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for weir(8)
# shellcheck disable=SC2207 # words without spaces

_weir_interfaces() {
    local path names=
    for path in /sys/class/net/*; do
        if [ -e "$path/ifindex" ]; then names+=" ${path##*/}"; fi
    done
    printf '%s' "$names"
}

_weir_files() {
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$1"))
}

_weir() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command='' word words index
    COMPREPLY=()

    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        case $word in
            limit)
                command=limit
                if ((index + 1 < COMP_CWORD)); then command="limit ${COMP_WORDS[index + 1]}"; fi
                break
                ;;
            attach | detach | apply | export | status | stats | flows | latency | drops | doctor | noisy | record | top | features | version | bench)
                command=$word
                break
                ;;
        esac
    done

    case $previous in
        --replay | --config)
            _weir_files "$current"
            return
            ;;
        --role) words='vnic uplink guest' ;;
        --ingress-hook) words='auto tc xdp' ;;
        --bpf-hooks) words='auto tcx clsact' ;;
        --sort)
            words='bytes packets rate age rtt retransmits'
            if [ "$command" = top ]; then words='load tx rx packets flows latency drops name'; fi
            ;;
        --protocol) words='tcp udp icmp icmpv6 sctp gre esp igmp' ;;
        --mode) words='shape mark police' ;;
        --overhead) words='ethernet none' ;;
        --tx-max | --rx-max | --tx-min | --rx-min | --weight | --tx-pps | --rx-pps | --burst | --confirm-timeout) return ;;
        --tenant | --capacity | --capacity-rx | --addresses | --flows | --limit | --address | --port | --duration | --interval | --simulate | --runs | --repeat | --seconds) return ;;
        *) words= ;;
    esac
    if [ -n "$words" ]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
        return
    fi

    local reading='--duration --json --pretty --help'
    case $command in
        '') words='attach detach limit apply export status stats flows latency drops doctor noisy record top features version bench --help --version' ;;
        attach)
            words='--role --tenant --capacity --capacity-rx --addresses --ingress-hook --flows --bpf-hooks --reload --dry-run --json --pretty --help'
            words+=$(_weir_interfaces)
            ;;
        detach) words="--all --dry-run --json --pretty --help$(_weir_interfaces)" ;;
        limit) words='set show clear confirm --help' ;;
        'limit set')
            words='--tx-max --rx-max --weight --tx-min --rx-min --tx-pps --rx-pps --burst --mode --overhead --confirm-timeout'
            words+=' --dry-run --json --pretty --help'
            ;;
        'limit show') words=$reading ;;
        'limit clear') words='--all --dry-run --json --pretty --help' ;;
        'limit confirm') words='--dry-run --json --pretty --help' ;;
        apply)
            if [[ $current != -* ]]; then
                _weir_files "$current"
                return
            fi
            words='--bpf-hooks --reload --dry-run --json --pretty --help'
            ;;
        export) words='--json --pretty --help' ;;
        status) words="--json --pretty --help$(_weir_interfaces)" ;;
        stats) words="$reading$(_weir_interfaces)" ;;
        flows) words="$reading --sort --limit --address --port --protocol --tenant$(_weir_interfaces)" ;;
        latency) words="$reading --hist$(_weir_interfaces)" ;;
        drops) words="$reading --watch --all --keep --stop --dry-run$(_weir_interfaces)" ;;
        doctor) words="$reading --list$(_weir_interfaces)" ;;
        noisy) words="$reading --watch --replay --config --explain --thresholds" ;;
        top) words="--interval --sort --simulate --json --pretty --help$(_weir_interfaces)" ;;
        record)
            if [[ $current != -* ]]; then
                _weir_files "$current"
                return
            fi
            words=$reading
            ;;
        bench) words='--quick --runs --repeat --json --pretty --help' ;;
        features | version) words='--json --pretty --help' ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}

complete -F _weir weir
