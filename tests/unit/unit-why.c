// SPDX-License-Identifier: GPL-2.0-only
/*
 * Explanations of faults: each kind, its sentence, and that nothing is claimed that is not known.
 */
#include <stdio.h>
#include <string.h>

#include <linux/iommufd.h>

#include "../lib/tap.h"
#include "clock.h"
#include "event.h"
#include "why.h"

#define CTX 3
#define SBDF 0x20
#define SECOND NS_PER_SEC

static struct why_source source;
static __u64 since_ns; /* of the area */

/* One area, [0x20000, 0x21fff] of IOAS 1, read-only. */
static bool find_area(void *ctx, struct top_area_find *find)
{
	const struct top_area area = { 0x20000, 0x2000 };

	(void)ctx;
	if (find->ioas != 1)
		return true;
	find->prot = IOMMUFD_PROT_READ;
	if (find->addr < area.iova) {
		find->has_above = 1;
		find->above = area;
	} else if (find->addr < area.iova + area.length) {
		find->is_inside = 1;
		find->since_ns = since_ns;
		find->inside = area;
	} else {
		find->has_below = 1;
		find->below = area;
	}
	return true;
}

union record {
	struct event_record head;
	__u64 words[4 + EVENT_MAX_ARGS];
};

static void note(__u64 time_ns, enum event_id event, const void *args)
{
	union record record = { .head = { .time_ns = time_ns,
					  .event = event,
					  .nr_args = event_infos[event].nr_fields,
					  .comm = "io-thread" } };

	memcpy(record.head.args, args, record.head.nr_args * sizeof(__u64));
	history__note(&source.history, &record.head);
}

static void unmap(__u64 time_ns, __u32 ioas, __u64 iova, __u64 length)
{
	const struct args_ioas_unmap args = {
		.ctx = CTX,
		.tgid = 77,
		.ioas = ioas,
		.iova = iova,
		.length = length,
		.unmapped = length,
		.areas = 1,
		.ns = 1000,
	};

	note(time_ns, EVENT_ioas_unmap, &args);
}

static void map(__u64 time_ns, __u64 iova, __u64 length, __u64 flags)
{
	const struct args_ioas_map args = {
		.ctx = CTX,
		.tgid = 77,
		.ioas = 1,
		.iova = iova,
		.length = length,
		.flags = flags,
	};

	note(time_ns, EVENT_ioas_map, &args);
}

static void attach(__u64 time_ns, __u32 ioas, __u32 hwpt)
{
	const struct args_device_attach args = {
		.ctx = CTX,
		.tgid = 77,
		.device = 2,
		.sbdf = SBDF,
		.pasid = EVENT_NONE,
		.ioas = ioas,
		.hwpt = hwpt,
	};

	note(time_ns, EVENT_device_attach, &args);
}

static void begin(void)
{
	history__close(&source.history);
	source = (struct why_source){};
	history__open(&source.history, -1, SECOND);
}

/* The sentence for a DMA fault. */
static const char *fault(__u64 time_ns, __u64 addr, __u32 perm)
{
	const struct args_dma_fault args = {
		.ctx = CTX,
		.tgid = 77,
		.sbdf = SBDF,
		.pasid = EVENT_NONE,
		.addr = addr,
		.perm = perm,
		.reason = 5,
	};
	union record record = { .head = { .time_ns = time_ns,
					  .event = EVENT_dma_fault,
					  .nr_args = EVENT_NR_ARGS(dma_fault),
					  .comm = "qemu" } };
	const struct why_owner owner = { 77, "qemu", 5 };
	static char text[WHY_MAX];
	struct why_full full;

	memcpy(record.head.args, &args, sizeof(args));
	if (!why__explain(&source, &record.head, &full))
		return "";
	return why__text(text, &full.why, &record.head, &owner);
}

static void is(const char *got, const char *expected, const char *name)
{
	if (!tap__ok(!strcmp(got, expected), "%s", name))
		tap__diag("got '%s', expected '%s'", got, expected);
}

#define WRITE IOMMU_PGFAULT_PERM_WRITE
#define READ IOMMU_PGFAULT_PERM_READ

static void addresses(void)
{
	begin();
	is(fault(2 * SECOND, 0x5000, WRITE), "", "nothing known, nothing said");
	attach(SECOND, 1, 4);
	is(fault(5 * SECOND, 0x5000, WRITE), "ioas 1 of PID 77 qemu: not mapped for at least 4s",
	   "no unmap, no areas");
	source.is_partial = true;
	is(fault(5 * SECOND, 0x5000, WRITE), "", "unmaps may be missing, so nothing is said");
	source.is_partial = false;
	unmap(2 * SECOND, 1, 0x4000, 0x2000);
	unmap(3 * SECOND, 2, 0x4000, 0x2000);
	is(fault(2 * SECOND + 3100000, 0x5fff, WRITE),
	   "ioas 1 of PID 77 qemu: unmapped 3.1ms ago by PID 77 io-thread (4000-5fff)",
	   "the unmap of this address space");
	is(fault(2 * SECOND - 500, 0x5000, WRITE),
	   "ioas 1 of PID 77 qemu: being unmapped just then by PID 77 io-thread (4000-5fff)",
	   "an unmap in progress");
	is(fault(2 * SECOND - 2000, 0x5000, WRITE),
	   "ioas 1 of PID 77 qemu: unmapped only after the fault by PID 77 io-thread (4000-5fff)",
	   "a later unmap is no reason");
	source.find_area = find_area;
	is(fault(5 * SECOND, 0x22000, WRITE),
	   "ioas 1 of PID 77 qemu: not mapped for at least 4s; nearest area ends directly below",
	   "an address behind an area");
	is(fault(5 * SECOND, 0x24000, WRITE),
	   "ioas 1 of PID 77 qemu: not mapped for at least 4s; nearest area ends 0x2000 below",
	   "an address farther away");
	is(fault(5 * SECOND, 0x1f000, WRITE),
	   "ioas 1 of PID 77 qemu: not mapped for at least 4s; nearest area begins 0x1000 above",
	   "an address before an area");
	is(fault(5 * SECOND, 0x20000, WRITE),
	   "ioas 1 of PID 77 qemu: mapped read-only (20000-21fff), the device wrote",
	   "an area without the access");
	is(fault(5 * SECOND, 0x20000, READ),
	   "ioas 1 of PID 77 qemu: mapped when it was looked up, after the fault (20000-21fff)",
	   "an area with the access");
	unmap(4 * SECOND, 1, 0x20000, 0x1000);
	is(fault(5 * SECOND, 0x20000, READ),
	   "ioas 1 of PID 77 qemu: unmapped 1s ago by PID 77 io-thread (20000-20fff), mapped again "
	   "since",
	   "mapped again");
	is(fault(5 * SECOND, 0x20000, WRITE),
	   "ioas 1 of PID 77 qemu: mapped read-only (20000-21fff), the device wrote; unmapped 1s "
	   "ago by PID 77 io-thread",
	   "mapped again without the access, perhaps after the fault");
	since_ns = 4 * SECOND + SECOND / 2;
	is(fault(5 * SECOND, 0x20000, WRITE),
	   "ioas 1 of PID 77 qemu: mapped read-only (20000-21fff), the device wrote",
	   "the driver's time of the map tells that the area is older than the fault");
	since_ns = 6 * SECOND;
	is(fault(5 * SECOND, 0x20000, WRITE),
	   "ioas 1 of PID 77 qemu: unmapped 1s ago by PID 77 io-thread (20000-20fff), mapped again "
	   "since",
	   "or that it is newer");
	is(fault(5 * SECOND, 0x21000, WRITE),
	   "ioas 1 of PID 77 qemu: not mapped for at least 4s, mapped since",
	   "also without an unmap");
	since_ns = 0;
	map(4 * SECOND + 1, 0x4000, 0x1000, IOMMU_IOAS_MAP_READABLE);
	is(fault(5 * SECOND, 0x4000, WRITE),
	   "ioas 1 of PID 77 qemu: mapped read-only (4000-4fff), the device wrote",
	   "a recording has maps");
	unmap(5 * SECOND, 1, 0, ~0ULL);
	is(fault(6 * SECOND, 0x5000, READ),
	   "ioas 1 of PID 77 qemu: unmapped 1s ago by PID 77 io-thread (all)",
	   "an unmap of everything; the newest counts");
}

static void never(void)
{
	const struct args_ctx_open open = { .ctx = CTX, .tgid = 77 };
	unsigned int i;

	begin();
	note(2 * SECOND, EVENT_ctx_open, &open);
	attach(2 * SECOND, 1, 4);
	is(fault(5 * SECOND, 0x5000, WRITE), "ioas 1 of PID 77 qemu: never mapped",
	   "the context is known since its open");
	for (i = 0; i < PAST_ENTRIES + 5; i++)
		unmap(10 * SECOND + i, 1, 0x100000, 0x1000);
	is(fault(20 * SECOND, 0x5000, WRITE), "ioas 1 of PID 77 qemu: not mapped for at least 10s",
	   "after more unmaps than are kept, only for as long as they go back");
}

static void attachments(void)
{
	const struct args_device_detach detach = {
		.ctx = CTX,
		.tgid = 78,
		.device = 2,
		.sbdf = SBDF,
		.pasid = EVENT_NONE,
		.ioas = 1,
		.hwpt = 4,
		.ns = 1000,
	};
	const struct args_device_unbind unbind = {
		.ctx = CTX,
		.tgid = 78,
		.device = 2,
		.sbdf = SBDF,
	};
	const struct args_device_replace replace = {
		.ctx = CTX,
		.tgid = 78,
		.device = 2,
		.sbdf = SBDF,
		.pasid = EVENT_NONE,
		.ioas = 3,
		.hwpt = 5,
		.old_hwpt = 4,
		.ns = 1000,
	};
	const struct iommufd_object_info objects[] = {
		{ .ctx = CTX, .id = 1, .type = IOMMUFD_INFO_IOAS },
		{ .ctx = CTX, .id = 2, .type = IOMMUFD_INFO_DEVICE, .sbdf = SBDF, .pt = 6 },
		{ .ctx = CTX, .id = 3, .type = IOMMUFD_INFO_IOAS },
		{ .ctx = CTX, .id = 4, .type = IOMMUFD_INFO_HWPT, .parent = 1 },
		{ .ctx = CTX, .id = 5, .type = IOMMUFD_INFO_HWPT, .parent = 3 },
		{ .ctx = CTX, .id = 6, .type = IOMMUFD_INFO_NESTED, .parent = 4 },
	};

	begin();
	attach(SECOND, 1, 4);
	unmap(2 * SECOND, 1, 0x4000, 0x1000);
	note(3 * SECOND, EVENT_device_detach, &detach);
	is(fault(4 * SECOND, 0x4000, WRITE),
	   "ioas 1 of PID 77 qemu: device detached 1s ago by PID 78 io-thread", "detached");
	is(fault(2 * SECOND + 5000000, 0x4000, WRITE),
	   "ioas 1 of PID 77 qemu: unmapped 5ms ago by PID 77 io-thread (4000-4fff)",
	   "a detach after the fault is no reason, and tells the address space");
	note(3 * SECOND + 5, EVENT_device_unbind, &unbind);
	is(fault(5 * SECOND, 0x4000, WRITE),
	   "ioas 1 of PID 77 qemu: device detached 2s ago by PID 78 io-thread",
	   "the detach says more than the unbind");

	begin();
	note(3 * SECOND, EVENT_device_unbind, &unbind);
	is(fault(5 * SECOND, 0x4000, WRITE),
	   "PID 77 qemu: device unbound 2s ago by PID 78 io-thread", "unbound");

	begin();
	source.has_objects = true;
	is(fault(5 * SECOND, 0x4000, WRITE), "PID 77 qemu: device not bound to iommufd",
	   "not bound");
	source.objects = objects;
	source.nr_objects = sizeof(objects) / sizeof(objects[0]);
	is(fault(5 * SECOND, 0x4000, WRITE),
	   "PID 77 qemu: an address in the page table of the guest", "nested");
	source.find_area = find_area;
	note(3 * SECOND, EVENT_device_replace, &replace);
	is(fault(3 * SECOND + 40000000, 0x20000, WRITE),
	   "ioas 3 of PID 77 qemu: device moved here from ioas 1 40ms ago by PID 78 io-thread, "
	   "only mapped there",
	   "replaced, and mapped in the address space before");
	is(fault(4 * SECOND, 0x4000, WRITE),
	   "ioas 3 of PID 77 qemu: not mapped for at least 3s; nothing is mapped",
	   "replaced, and mapped in neither");
}

/* A page request with a PASID that was refused. */
static const char *refused(__u64 time_ns, __u64 addr, __u32 code)
{
	const struct args_fault_response args = {
		.ctx = CTX,
		.tgid = 77,
		.device = 2,
		.pasid = 5,
		.code = code,
		.ns = 1000,
		.sbdf = SBDF,
		.addr = addr,
	};
	union record record = { .head = { .time_ns = time_ns,
					  .event = EVENT_fault_response,
					  .nr_args = EVENT_NR_ARGS(fault_response) } };
	const struct why_owner owner = { 77, "", 1 };
	static char text[WHY_MAX];
	struct why_full full;

	memcpy(record.head.args, &args, sizeof(args));
	if (!why__explain(&source, &record.head, &full))
		return "";
	return why__text(text, &full.why, &record.head, &owner);
}

static void pasids(void)
{
	const struct args_pasid_attach attached = {
		.ctx = CTX,
		.tgid = 77,
		.id = 9,
		.device = 2,
		.sbdf = SBDF,
		.pasid = 5,
		.pt = 1,
	};
	const struct args_pasid_detach detached = {
		.ctx = CTX,
		.tgid = 78,
		.id = 9,
		.device = 2,
		.sbdf = SBDF,
		.pasid = 5,
		.pt = 1,
	};
	const struct iommufd_object_info objects[] = {
		{ .ctx = CTX, .id = 2, .type = IOMMUFD_INFO_DEVICE, .sbdf = SBDF },
		{ .ctx = CTX, .id = 8, .type = IOMMUFD_INFO_SVA },
		{ .ctx = CTX,
		  .id = 9,
		  .type = IOMMUFD_INFO_PASID,
		  .parent = 2,
		  .pasid = 5,
		  .attached = 8 },
	};

	begin();
	note(SECOND, EVENT_pasid_attach, &attached);
	unmap(2 * SECOND, 1, 0x4000, 0x1000);
	is(refused(3 * SECOND, 0x4000, 1),
	   "ioas 1 of PID 77: unmapped 1s ago by PID 77 io-thread (4000-4fff)",
	   "a page request of a PASID");
	is(refused(3 * SECOND, 0x4000, 0), "", "one that got what it asked for needs no reason");
	attach(SECOND, 3, 4);
	is(refused(3 * SECOND, 0x4000, 1),
	   "ioas 1 of PID 77: unmapped 1s ago by PID 77 io-thread (4000-4fff)",
	   "the device itself may be attached elsewhere");
	note(4 * SECOND, EVENT_pasid_detach, &detached);
	is(refused(5 * SECOND, 0x4000, 1), "PID 77: PASID 5 detached 1s ago by PID 78 io-thread",
	   "a PASID that was detached");

	begin();
	source.objects = objects;
	source.nr_objects = sizeof(objects) / sizeof(objects[0]);
	is(refused(5 * SECOND, 0x4000, 1),
	   "PID 77: an address of the process, whose page table the PASID shares",
	   "a PASID that shares the page table of a process");
}

int main(void)
{
	tap__start();
	addresses();
	never();
	attachments();
	pasids();
	history__close(&source.history);
	return tap__done();
}
