#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Cost of iosnoop for each event of the kernel's own VFIO type1, with the times of pins, beside a
# bpftrace script that prints the same fields, see iosnoop-cost.t: half of it at most.
# vm: --icount --no-load
# alone: it loads the kernel's own vfio
# takes: 60
share='half' parts=2 prefix=type1- functions='vfio_' probes=4
prepare() {
	modprobe -a vfio-pci vfio_iommu_type1 || return
	# It has no cdevs, which is an error for that script.
	tests/vm/bind edu >/dev/null 2>&1
	[[ -e /sys/bus/pci/drivers/vfio-pci/$bdf ]]
}
work() { build/tests/type1-script --pairs "$1" "$bdf" >/dev/null; }
write_script() {
	cat >"$1" <<'END'
struct map {
	unsigned int argsz, flags;
	unsigned long va, iova, length;
};
struct unmap {
	unsigned int argsz, flags;
	unsigned long iova, length;
};
kprobe:vfio_iommu_type1_ioctl /arg1 == 0x3b71 || arg1 == 0x3b72/
{
	@calls[tid] = (nsecs, arg1, arg2);
}
kprobe:vfio_pin_pages_remote
{
	@pins[tid] = nsecs;
}
kretprobe:vfio_pin_pages_remote /@pins[tid]/
{
	@pinned[tid] = (nsecs - @pins[tid], retval);
	delete(@pins[tid]);
}
kretprobe:vfio_iommu_type1_ioctl /@calls[tid].1/
{
	$begin = @calls[tid].0;
	if (@calls[tid].1 == 0x3b71) {
		$map = (struct map *)uptr(@calls[tid].2);
		printf("%12llu %5d %-10s %-6s %9lx %5lu %2x %5ld %8llu %8llu %d\n", nsecs, pid,
			comm, "type1-map", $map->iova, $map->length, $map->flags & 3,
			@pinned[tid].1, @pinned[tid].0, nsecs - $begin, retval);
		delete(@pinned[tid]);
	} else {
		$unmap = (struct unmap *)uptr(@calls[tid].2);
		printf("%12llu %5d %-10s %-6s %9lx %5lu  - %8llu %d\n", nsecs, pid, comm,
			"type1-unmap", $unmap->iova, $unmap->length, nsecs - $begin, retval);
	}
	delete(@calls[tid]);
}
END
}
# shellcheck source=tests/vm/iosnoop-cost.t
. "$(dirname "$0")/iosnoop-cost.t"
