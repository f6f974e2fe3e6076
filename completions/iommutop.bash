# SPDX-License-Identifier: GPL-2.0-only
# Completion of iommutop(8) for bash. tests/cli/iommutop.t compares it with iommutop --help.
# shellcheck shell=bash

_iommutop() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} names
	local options="--batch --json --csv --openmetrics --output --view --sort --wide --interval
		--duration --count --pid --comm --uid --cgroup --ctx --ioas --device --pasid --replay
		--self-stats --ascii --no-color --quiet --verbose --version --help"

	COMPREPLY=()
	case $prev in
	--view)
		names=$(iommutop --help 2>/dev/null | sed -n 's/^Views: //p') ;;
	--sort)
		names=$(iommutop --sort help 2>/dev/null | awk '/^  / { print $1; print "+" $1 }') ;;
	-p|--pid)
		names=$(cd /proc && echo [0-9]*) ;;
	--uid)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur"); return ;;
	--cgroup)
		mapfile -t COMPREPLY < <(compgen -d -- "${cur:-/sys/fs/cgroup/}"); return ;;
	--device)
		names=$(cd /sys/bus/pci/devices 2>/dev/null && echo *) ;;
	-o|--output|--replay)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	-c|--comm|--ctx|--ioas|--pasid|-i|--interval|-d|--duration|-n|--count)
		return ;;
	*)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
		fi
		return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$names" -- "$cur")
}
complete -F _iommutop iommutop
