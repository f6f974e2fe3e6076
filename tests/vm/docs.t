#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands of the documents and manual pages work as they stand there, on a machine with clients
# of iommufd; see tests/lib/docs.py for which. Those that do not end by themselves are interrupted,
# as with Ctrl-C, and must exit with 0.
# vm: --mock
# takes: 65
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
dir=$(mktemp -d /tmp/docs.XXXXXX)
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	build/iopolicy unload --all >/dev/null 2>&1
	# They have names of their own, so look at the command line.
	pkill -KILL -f build/tests/host-load
	pkill -KILL -x 'iosnoop|iommutop|iopolicy'
	wait 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT

# The environment of a reader: the tools and policies, and clients with the names of the examples.
mkdir -p "$dir/bin" /usr/local/lib/iommuscope /var/lib/prometheus/node-exporter
ln -s "$PWD"/build/{iosnoop,iommutop,iopolicy} "$dir/bin"
ln -s "$PWD"/{build,include,tests} "$PWD/build/policies/quota.bpf.o" "$dir"
cp -r build/policies /usr/local/lib/iommuscope
ln -s /bin/cat "$dir/bin/flamegraph.pl"
bpftool=$(sed -n 's/^SETUP_BPFTOOL = //p' build/setup/paths.mk)
ln -s "$(realpath "$bpftool")" "$dir/bin/bpftool"
export PATH=$dir/bin:$PATH
mkdir -p /sys/fs/cgroup/machine.slice
chmod 666 /dev/iommu
build/tests/host-load vm --name qemu-web1 --size 16 >"$dir/vm.log" 2>&1 &
(
	echo "$BASHPID" >/sys/fs/cgroup/machine.slice/cgroup.procs
	exec build/tests/host-load leak --name leaky-vm
) >"$dir/leak.log" 2>&1 &
edu=$(tests/vm/bind --bdf edu)
tests/vm/bind edu >/dev/null
build/tests/host-load edu --name edu-dma --bdf "$edu" >"$dir/edu.log" 2>&1 &
cd "$dir" || exit 1

names=() scripts=()
while IFS= read -r -d '' name && IFS= read -r -d '' script; do
	names+=("$name")
	scripts+=("$script")
done < <(cd "$OLDPWD" && tests/lib/docs.py guest)
ok "the documents have commands" test "${#scripts[@]}" -gt 10

# start N: run a script in a process group of its own, pid[N]
declare -A pid=() status=() begun=() since=() interrupted=()
start() {
	set -m
	bash -c "${scripts[$1]}" >"$1.out" 2>"$1.err" </dev/null &
	set +m
	pid[$1]=$!
	begun[$1]=$SECONDS
}
# watching N: a program of script N has attached BPF programs, and handles SIGINT, which it does not
# before it begins
watching() {
	local p caught
	for p in $(pgrep -g "${pid[$1]}"); do
		caught=$(sed -n 's/^SigCgt:[[:blank:]]*//p' "/proc/$p/status" 2>/dev/null)
		if [[ $caught && $(ls -l "/proc/$p/fd" 2>/dev/null) == *bpf_link* ]] &&
			((16#$caught & 1 << 1)); then return 0; fi
	done
	return 1
}
# endless SCRIPT: it has to be interrupted. Others attach programs, too, for as long as a slow
# machine needs to load them.
endless() {
	case $1 in
	*iosnoop*--check*) return 1 ;;
	*"iopolicy run"*) return 0 ;;
	*iopolicy*) return 1 ;;
	esac
	[[ ! $1 =~ \ -[dn]\ [0-9]+(\ |$) ]]
}
# look N: set status[N] if the script has ended. One that does not end by itself is interrupted once
# it has worked for a while.
look() {
	if ! kill -0 "${pid[$1]}" 2>/dev/null; then
		wait "${pid[$1]}"
		status[$1]=$?
	elif ((SECONDS - begun[$1] > 900)); then
		kill -KILL -- "-${pid[$1]}"
		status[$1]="killed after 900 s"
	elif endless "${scripts[$1]}" && watching "$1"; then
		since[$1]=${since[$1]:-$SECONDS}
		# Once: the second signal ends a tool that is still writing its last lines.
		if ((SECONDS - since[$1] > 1)) && [[ ! ${interrupted[$1]-} ]]; then
			interrupted[$1]=1
			kill -INT -- "-${pid[$1]}"
		fi
	fi
}
# unmet SCRIPT: print what a script needs that a machine just booted does not have. Other tests run
# these commands: cli/iommutop-time and cli/recordings on folders, cli/systemd the units,
# vm/policy-folder --confirm, vm/rules why, cli/rules-replay --replay, and vm/machines --machine.
unmet() {
	case $1 in
	*'apply --confirm'*) echo "waits for another command" ;;
	*'iopolicy why'*) echo "needs a process that was refused" ;;
	*traffic.rec*) echo "needs a minute of traffic" ;;
	modprobe*) echo "the modules are loaded from build/" ;;
	systemctl*) echo "needs a running systemd" ;;
	*/var/log/iommuscope*|*monday.rec*) echo "needs recordings of some days" ;;
	*'--machine vm1'*) echo "needs a virtual machine called vm1" ;;
	esac
}
# Watching can be done at the same time, by a few; policies are loaded and unloaded one after the
# other.
running=() waiting=() queue=()
for i in "${!scripts[@]}"; do
	if [[ $(unmet "${scripts[i]}") ]]; then continue; fi
	case ${scripts[i]} in
	iosnoop*|iommutop*) waiting+=("$i") ;;
	*) queue+=("$i") ;;
	esac
done
while ((${#running[@]} + ${#waiting[@]} + ${#queue[@]})); do
	while ((${#running[@]} < 6 && ${#waiting[@]})); do
		start "${waiting[0]}"
		running+=("${waiting[0]}")
		waiting=("${waiting[@]:1}")
	done
	left=()
	for i in "${running[@]}"; do
		look "$i"
		if [[ ! ${status[$i]-} ]]; then left+=("$i"); fi
	done
	running=("${left[@]}")
	if ((${#queue[@]})) && [[ ! ${pid[${queue[0]}]-} ]]; then
		if [[ ${scripts[${queue[0]}]} == *"iopolicy load"* ]]; then
			iopolicy unload --all >/dev/null
		fi
		start "${queue[0]}"
	elif ((${#queue[@]})); then
		look "${queue[0]}"
		if [[ ${status[${queue[0]}]-} ]]; then queue=("${queue[@]:1}"); fi
	fi
	sleep 1
done
for i in "${!scripts[@]}"; do
	if [[ $(unmet "${scripts[i]}") ]]; then
		skip "${names[i]}: ${scripts[i]%%$'\n'*}" "$(unmet "${scripts[i]}")"
	elif [[ ${scripts[i]} == *jq* ]] && ! command -v jq >/dev/null; then
		skip "${names[i]}: ${scripts[i]%%$'\n'*}" "jq is not installed"
	elif ! is "${names[i]}: ${scripts[i]%%$'\n'*}" "${status[$i]}" 0; then
		while read -r line; do diag "$line"; done < <(tail -n 5 "$i.out" "$i.err")
	fi
done
cd "$OLDPWD" || exit 1
finish
