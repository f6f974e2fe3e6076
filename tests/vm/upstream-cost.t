#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Cost of iosnoop for each event of the kernel's own iommufd, where a map has six programs and not
# one, beside a bpftrace script that measures the times of pins and of page tables as well: half of
# it at most. See iosnoop-cost.t.
# vm: --icount --upstream
# before: scripts/upstream --built
# takes: 60
share='half' parts=2 functions='io\(mmufd_ioas_\|pt_area_fill\)\|pfn_reader_' probes=8
write_script() {
	cat >"$1" <<'END'
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
kprobe:iopt_area_fill_domains
{
	@fills[tid] = nsecs;
}
kretprobe:iopt_area_fill_domains /@fills[tid]/
{
	@fills[tid] = nsecs - @fills[tid];
}
kprobe:pfn_reader_user_pin
{
	@pins[tid] = nsecs;
}
kretprobe:pfn_reader_user_pin /@pins[tid]/
{
	@pins[tid] = nsecs - @pins[tid];
}
kretprobe:iommufd_ioas_map /@calls[tid].0/
{
	$cmd = (struct map *)@calls[tid].1;
	printf("%12llu %5d %-10s %-6s %4d %9lx %5lu %2x %8llu %8llu %d\n", nsecs, pid, comm,
		"map", $cmd->ioas, $cmd->iova, $cmd->length, $cmd->flags & 6, @pins[tid],
		@fills[tid] - @pins[tid], retval);
	delete(@calls[tid]);
	delete(@fills[tid]);
	delete(@pins[tid]);
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
# shellcheck source=tests/vm/iosnoop-cost.t
. "$(dirname "$0")/iosnoop-cost.t"
