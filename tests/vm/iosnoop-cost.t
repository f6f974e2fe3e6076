#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Cost of iosnoop for each event, beside a bpftrace script with kprobes on the same functions
# that prints the same fields, as far as a kprobe can see them: a third of it at most, and likewise
# of the time that the calls themselves take longer.
#
# The cost is that of the whole machine: one thread maps and unmaps pages of an attached device,
# while the tool writes its lines to a file, until it has written the last one and has ended; less
# the same calls without a tool, and less the tool's start and end without any call. Guest time
# counts instructions, save where the machine is idle, which the kernel's timer list says.
# vm: --icount
# takes: 45
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
calls=5000
# As tests/vm/upstream-cost.t and type1-cost.t want it, or else:
share=${share:-a third} parts=${parts:-3} prefix=${prefix-}
functions=${functions:-iommufd_ioas_} probes=${probes:-4}
is_function() { [[ $(type -t "$1") == function ]]; }
events=$((2 * calls))
dir=$(mktemp -d /tmp/iosnoop-cost.XXXXXX)
bpftrace=$(sed -n 's/^SETUP_BPFTRACE = *//p' build/setup/paths.mk 2>/dev/null)
tool=''
trap '[[ ! $tool ]] || kill "$tool"; rm -rf "$dir"' EXIT

# skip_all REASON
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
[[ -x ${bpftrace:-/nowhere} ]] ||
	skip_all "bpftrace is not there: scripts/setup has not unpacked it"

# Structures are named here, since bpftrace does not read the module's BTF. One map is written
# and deleted for each call, which is as few as there can be.
is_function write_script || write_script() { cat >"$1" <<'END'
struct ucmd {
	unsigned long ctx;
	unsigned long ubuffer;
	unsigned int user_size;
	unsigned long cmd;
};
struct map {
	unsigned int size, flags, ioas, reserved;
	unsigned long va, length, iova;
};
struct unmap {
	unsigned int size, ioas;
	unsigned long iova, length;
};
kprobe:iommufd_ioas_map, kprobe:iommufd_ioas_unmap
{
	@calls[tid] = (nsecs, ((struct ucmd *)arg0)->cmd);
}
kretprobe:iommufd_ioas_map /@calls[tid].0/
{
	$cmd = (struct map *)@calls[tid].1;
	printf("%12llu %5d %-10s %-6s %4d %9lx %5lu %2x %8llu %d\n", nsecs, pid, comm, "map",
		$cmd->ioas, $cmd->iova, $cmd->length, $cmd->flags & 6, nsecs - @calls[tid].0,
		retval);
	delete(@calls[tid]);
}
kretprobe:iommufd_ioas_unmap /@calls[tid].0/
{
	$cmd = (struct unmap *)@calls[tid].1;
	printf("%12llu %5d %-10s %-6s %4d %9lx %5lu  - %8llu %d\n", nsecs, pid, comm, "unmap",
		$cmd->ioas, $cmd->iova, $cmd->length, nsecs - @calls[tid].0, retval);
	delete(@calls[tid]);
}
END
}
is_function prepare || prepare() { tests/vm/bind edu; }
is_function work || work() { build/tests/iommu-load --bdf "$bdf" --pairs "$1" >/dev/null; }
write_script "$dir/map.bt"

# work_done: sets now, the instructions the machine has executed, idle time taken off
work_done() {
	local line
	now=0
	while read -r line; do
		case $line in
		"now at "*) line=${line#now at }; now=$((now + ${line% nsecs})) ;;
		.idle_sleeptime*|.iowait_sleeptime*)
			line=${line#*: }; now=$((now - ${line% nsecs})) ;;
		esac
	done <<<"$(</proc/timer_list)"
}

# attached COMMAND...: until it is true, at most 60 s
attached() {
	local i
	for ((i = 0; i < 600; i++)); do
		"$@" && return
		[[ -d /proc/$tool ]] || return 1
		sleep 0.1
	done
	return 1
}
iosnoop_attached() { [[ -s $dir/out ]]; }
bpftrace_attached() {
	(($(grep -c "$functions.*\[FTRACE" /sys/kernel/debug/kprobes/list) == probes))
}

# run CALLS ATTACHED [TOOL...]: sets cost, of that many maps and unmaps, and the end of the tool
# that watches, and path, the milliseconds of processor time of the calls alone; the tool's output
# is in $dir/out
run() {
	local count=$1 attached=$2 start user system TIMEFORMAT='%3U %3S'
	shift 2
	: >"$dir/out"
	cost=''
	if (($#)); then
		"$@" >"$dir/out" 2>"$dir/err" </dev/null &
		tool=$!
		if ! attached "$attached"; then
			diag "$1 did not start: $(tail -n 3 "$dir/err")"
			kill "$tool" 2>/dev/null
			tool=''
			return 1
		fi
		# Work that a start leaves for later, in the kernel too.
		sleep 2
	fi
	work_done
	start=$now
	if ((count)); then
		{ time work "$count"; } 2>"$dir/time" || return 1
		read -r user system < <(tail -n 1 "$dir/time")
		path=$((10#${user/./} + 10#${system/./}))
	fi
	if (($#)); then
		# bpftrace drops unread events at its end. Sleep costs nothing here.
		sleep 2
		kill -INT "$tool"
		wait "$tool" || return 1
		tool=''
	fi
	work_done
	cost=$((now - start))
}

# measure NAME PATTERN ATTACHED TOOL...: sets each, the cost of an event, and added, that of a call
# for its thread alone; PATTERN finds the lines of events
measure() {
	local name=$1 pattern=$2 idle lines
	shift 2
	each=''
	run 0 "$@" && idle=$cost && run "$calls" "$@" || return 1
	lines=$(grep -cE "$pattern" "$dir/out")
	if ((lines != events)); then
		diag "$name printed $lines of $events events"
		return 1
	fi
	each=$(((cost - idle - bare) / events))
	added=$(((path - bare_path) * 1000000 / events))
	diag "$name: $each instructions an event ($cost with, $bare without, $idle for its end)," \
		"$added of them in the call"
	((each > 0))
}

bdf=$(tests/vm/bind --bdf edu)
ok "the edu device is bound to vfio-pci" prepare
# Variables are set, so not by ok. The first run also reads the program from the disk.
run 10 true
run "$calls" true
tap_point $? "the load alone"
bare=$cost bare_path=$path
diag "$events events"

export BPFTRACE_PERF_RB_PAGES=4096
measure bpftrace " $prefix(un)?map +[0-9]" bpftrace_attached "$bpftrace" -B full "$dir/map.bt"
tap_point $? "bpftrace prints each event, its lines written many at a time"
theirs=$each theirs_added=$added
measure iosnoop " $prefix(un)?map +[0-9]" iosnoop_attached build/iosnoop
tap_point $? "iosnoop prints each event"
table=$each table_added=$added
measure "iosnoop -j" "\"event\":\"$prefix(un)?map\"" iosnoop_attached build/iosnoop -j
tap_point $? "iosnoop -j prints each event"
json=$each

# cheap NAME COST OF_BPFTRACE
cheap() {
	if [[ ! $2 || ! $3 ]]; then
		skip "$1 costs $share of bpftrace at most" "not measured"
		return
	fi
	((parts * $2 <= $3))
	tap_point $? "$1 costs $share of bpftrace at most: $((100 * $2 / $3)) %"
}
cheap iosnoop "$table" "$theirs"
cheap "iosnoop -j" "$json" "$theirs"
cheap "iosnoop, in the call," "$table_added" "$theirs_added"
finish
