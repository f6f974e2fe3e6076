# SPDX-License-Identifier: GPL-2.0-only
# Completion of iopolicy(8) for bash. tests/cli/iopolicy.t compares it with iopolicy --help.
# shellcheck shell=bash

_iopolicy() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]-}
	local folder names=''
	local -A options=(
		[load]="--name --set --priority --cgroup --audit --json --verbose --help"
		[unload]="--all --json --verbose --help"
		[replace]="--set --priority --cgroup --audit --keep-maps --json --verbose --help"
		[list]="--wide --json --verbose --help"
		[inspect]="--json --verbose --help"
		[verify]="--set --priority --cgroup --audit --json --verbose --help"
		[run]="--name --set --priority --cgroup --audit --all --json --verbose --help"
		[clean]="--json --verbose --help"
	)

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "${!options[*]} --version --help" -- "$cur")
		return
	fi
	case $prev in
	--cgroup) mapfile -t COMPREPLY < <(compgen -d -- "${cur:-/sys/fs/cgroup/}"); return ;;
	--name|--set|--priority) return ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${options[$command]-}" -- "$cur")
		return
	fi
	if [[ $command == unload ]] || [[ $command == replace && $COMP_CWORD == 2 ]]; then
		# A comma stands for a dot in the name of a folder.
		for folder in /sys/fs/bpf/iommufd/*/; do
			folder=${folder%/}
			names+=" ${folder##*/}"
		done
		mapfile -t COMPREPLY < <(compgen -W "${names//,/.}" -- "$cur")
		return
	fi
	case $command in
	load|replace|inspect|verify|run)
		mapfile -t COMPREPLY < <(compgen -d -S / -- "$cur"; compgen -f -X '!*.o' -- "$cur") ;;
	esac
}
complete -F _iopolicy iopolicy
