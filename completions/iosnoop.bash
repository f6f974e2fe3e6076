# SPDX-License-Identifier: GPL-2.0-only
# Completion of iosnoop(8) for bash. tests/cli/iosnoop.t compares it with iosnoop --help.
# shellcheck shell=bash

_iosnoop() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} names head=''
	local options="--event --pid --comm --uid --cgroup --ctx --ioas --device --pasid
		--min-latency --min-len --failed --wide --fields --timestamps --json --csv --quiet
		--stacks --histogram --sizes --summary --folded --interval --duration --count
		--record --replay --strict --buffer-size --check --verbose --version --help"

	COMPREPLY=()
	case $prev in
	-e|--event)
		names=$(iosnoop --help 2>/dev/null | sed -nE \
			'/^Events:/,/^Groups/ { s/^(Events:|Groups.*)//; p }; s/^  ([a-z0-9]+) +[a-z].*/\1/p')
		;;
	--fields)
		names=$(iosnoop --fields help 2>/dev/null) ;;
	-p|--pid)
		names=$(cd /proc && echo [0-9]*) ;;
	--uid)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur"); return ;;
	--cgroup)
		mapfile -t COMPREPLY < <(compgen -d -- "${cur:-/sys/fs/cgroup/}"); return ;;
	--device)
		names=$(cd /sys/bus/pci/devices 2>/dev/null && echo *) ;;
	-o|--record|--replay)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	-c|--comm|--ctx|--ioas|--pasid|-m|--min-latency|--min-len|-i|--interval|-d|--duration|\
	-n|--count|--buffer-size)
		return ;;
	*)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
		fi
		return ;;
	esac
	# Lists have commas: what is before the last one stays.
	if [[ $cur == *,* && $prev != --device ]]; then
		head=${cur%,*},
	fi
	mapfile -t COMPREPLY < <(compgen -P "$head" -W "${names//,/ }" -- "${cur##*,}")
}
complete -F _iosnoop iosnoop
