// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals, hook by hook; audit, invalid return values, and reasons. The policy is that of
 * policy-hooks.c.
 *
 * Finds these faults: a call fails with another errno than the policy's; a refused call is
 * done, or leaves memory pinned or mapped, a device attached or an object allocated; a refused
 * replace detaches the old page table; a policy in audit mode refuses; an invalid return value
 * allows the call; a reason contains unprintable bytes, or belongs to another request.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/iommufd_ext.h>

#include "../lib/ext.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/vfio-type1.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"

#define P MEM_PAGE
#define PAGES 32

static struct policy pol;
static struct mock m;
static char *mem;

static int map(uint32_t ioas, unsigned int page, unsigned int pages)
{
	return fixture__map(&m, ioas, mem, page, pages);
}

/* Each hook has its own errno. */
static int error_of(enum iommufd_policy_hook hook)
{
	return -(100 + (int)hook);
}

static uint64_t ioas_areas(uint32_t ioas)
{
	char line[256] = "", *at;
	unsigned long areas = ULONG_MAX;

	mock__object(m.fd, ioas, line, sizeof(line));
	at = strstr(line, "areas=");
	if (at)
		sscanf(at, "areas=%lu", &areas);
	return areas;
}

static void deny_memory(void)
{
	const int map_err = error_of(IOMMUFD_HOOK_IOAS_MAP);
	const int unmap_err = error_of(IOMMUFD_HOOK_IOAS_UNMAP);
	int file = memfd_create("hooks", MFD_CLOEXEC), buf = hooks__dmabuf(m.fd, 4 * P);
	uint64_t iova = 0, size = P;
	char byte = 0;

	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, 0);
	tap__err(map(m.ioas, 0, 2), 0, "deny: map two pages before");
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, map_err);
	tap__err(map(m.ioas, 4, 3), map_err, "deny: map");
	tap__err(ioas__map(m.fd, m.ioas, mem + 4 * P, P, IOAS_RW, &iova), map_err,
		 "deny: map at any address");
	iova = AT(4);
	tap__err(ioas__copy(m.fd, m.ioas, m.ioas, AT(0), P, IOAS_RW | IOAS_FIXED, &iova), map_err,
		 "deny: copy");
	tap__ok(!ftruncate(file, 4 * P), "deny: a memfd");
	tap__err(hooks__map_file(&m, m.ioas, file, 0, P, IOAS_RW | IOAS_FIXED, &iova), map_err,
		 "deny: map a memfd");
	tap__err(hooks__map_file(&m, m.ioas, buf, 0, P, IOAS_RW | IOAS_FIXED, &iova), map_err,
		 "deny: map a dma-buf");
	tap__err(compat__ioas(m.fd, IOMMU_VFIO_IOAS_SET, &m.ioas), 0,
		 "deny: set the IOAS for VFIO");
	tap__err(type1__map(m.fd, mem, P, TYPE1_RW, AT(4)), map_err, "deny: map by VFIO");
	tap__is(mem__pinned(2), 2, "deny: nothing more is pinned");
	tap__is(ioas_areas(m.ioas), 1, "deny: no area is left");
	tap__err(mock__dma(&m, 0, AT(4), &byte, 1, false), -EFAULT,
		 "deny: the device does not reach it");
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, 0);
	tap__err(map(m.ioas, 4, 3), 0, "deny: the address is free");
	close(file);
	close(buf);

	hooks__say(&pol, IOMMUFD_HOOK_IOAS_UNMAP, unmap_err);
	tap__err(ioas__unmap_at(m.fd, m.ioas, AT(0), 2 * P), unmap_err, "deny: unmap");
	tap__err(ioas__unmap_all(m.fd, m.ioas), unmap_err, "deny: unmap all");
	tap__err(type1__unmap(m.fd, AT(0), &size, 0), unmap_err, "deny: unmap by VFIO");
	tap__is(mem__pinned(5), 5, "deny: all pages are still pinned");
	tap__is(ioas_areas(m.ioas), 2, "deny: the areas are still there");
	tap__err(mock__dma(&m, 0, AT(0), &byte, 1, false), 0,
		 "deny: the device still reaches them");
}

static void deny_device(void)
{
	const int bind = error_of(IOMMUFD_HOOK_DEVICE_BIND);
	const int attach = error_of(IOMMUFD_HOOK_DEVICE_ATTACH);
	const int hwpt_err = error_of(IOMMUFD_HOOK_HWPT_ALLOC);
	int objects;
	uint32_t full, hwpt;
	struct mock other;
	char byte = 0;

	tap__err(ioas__alloc(m.fd, &full), 0, "deny: alloc an IOAS");
	tap__err(ioas__map_at(m.fd, full, mem + 8 * P, 4 * P, AT(8)), 0, "deny: map pages in it");
	objects = mock__objects(m.fd);
	hooks__say(&pol, IOMMUFD_HOOK_DEVICE_BIND, bind);
	tap__err(mock__add(&other, &m, full, 0), bind, "deny: bind");
	hooks__say(&pol, IOMMUFD_HOOK_DEVICE_BIND, 0);
	hooks__say(&pol, IOMMUFD_HOOK_DEVICE_ATTACH, attach);
	tap__err(mock__add(&other, &m, full, 0), attach, "deny: attach");
	tap__err(mock__replace(&m, full), attach, "deny: replace");
	hooks__say(&pol, IOMMUFD_HOOK_HWPT_ALLOC, hwpt_err);
	tap__err(mock__hwpt(&m, full, 0, 0, 0, NULL, 0, &hwpt), hwpt_err,
		 "deny: alloc a page table");
	tap__is(mock__objects(m.fd), objects, "deny: no object is left");
	tap__is(mem__pinned(5), 5, "deny: nothing more is pinned");
	tap__err(mock__dma(&m, 0, AT(0), &byte, 1, false), 0,
		 "deny: the device reaches the old IOAS");
	tap__err(mock__dma(&m, 0, AT(8), &byte, 1, false), -EFAULT,
		 "deny: it does not reach the new IOAS");
	hooks__say(&pol, IOMMUFD_HOOK_DEVICE_ATTACH, 0);
	tap__err(mock__add(&other, &m, full, 0), 0, "deny: allowed bind and attach");
	tap__is(mem__pinned(9), 9, "deny: the pages are pinned");
	tap__err(iommu__destroy(m.fd, other.obj), 0, "deny: unbind the device");
}

static void deny_fault(const struct hooks_tables *t, uint32_t pasid)
{
	struct iommufd_mock_response resp[4];
	struct iommu_hwpt_pgfault got[4];

	hooks__say(&pol, IOMMUFD_HOOK_FAULT, -EDOM);
	tap__err(mock__request(&m, pasid, 41, AT(3), 2), 0, "deny: make page requests");
	tap__is(mock__responses(&m, resp, 4), 1, "deny: the device gets one response");
	tap__ok(resp[0].grpid == 41 && resp[0].pasid == pasid && resp[0].code == 1,
		"deny: the response is invalid (%u)", resp[0].code);
	tap__is(fault__read(t->fault_fd, got, 4), 0, "deny: the queue is empty");
	hooks__say(&pol, IOMMUFD_HOOK_FAULT, 0);
	tap__err(mock__request(&m, pasid, 42, AT(3), 2), 0, "deny: allowed page requests");
	tap__is(fault__read(t->fault_fd, got, 4), 2, "deny: both are in the queue");
}

static void deny_pasid(void)
{
	const int alloc = error_of(IOMMUFD_HOOK_PASID_ALLOC);
	const int attach = error_of(IOMMUFD_HOOK_PASID_ATTACH);
	struct iommu_ext_pasid_query query = {};
	struct hooks_tables t;
	uint32_t id, nr;
	int objects;

	if (!fixture__start(&m, &pol, "deny, PASIDs", "") ||
	    !hooks__tables(&t, &m, mem, "deny, PASIDs"))
		return;
	objects = mock__objects(m.fd);
	hooks__say(&pol, IOMMUFD_HOOK_PASID_ALLOC, alloc);
	tap__err(pasid__alloc(m.fd, m.dev, IOMMU_EXT_PASID_FIXED, 7, 0, &id, &nr), alloc,
		 "deny: alloc a PASID");
	tap__err(pasid__new(m.fd, m.dev, &id, &nr), alloc, "deny: alloc any PASID");
	tap__is(mock__objects(m.fd), objects, "deny: no object is left");
	hooks__say(&pol, IOMMUFD_HOOK_PASID_ALLOC, 0);
	tap__err(pasid__alloc(m.fd, m.dev, IOMMU_EXT_PASID_FIXED, 7, 0, &id, &nr), 0,
		 "deny: the PASID is free");

	hooks__say(&pol, IOMMUFD_HOOK_PASID_ATTACH, attach);
	tap__err(pasid__attach(m.fd, id, t.hwpt, NULL), attach, "deny: attach a PASID");
	tap__err(pasid__attach(m.fd, id, t.sva, NULL), attach,
		 "deny: attach it to the memory of the process");
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 8, t.hwpt), attach,
		 "deny: attach by a driver");
	pasid__query(m.fd, id, &query);
	tap__ok(!(query.out_state & IOMMU_EXT_PASID_IS_ATTACHED),
		"deny: the PASID is not attached");
	hooks__say(&pol, IOMMUFD_HOOK_PASID_ATTACH, 0);
	tap__err(pasid__attach(m.fd, id, t.hwpt, NULL), 0, "deny: allowed attach");
	hooks__say(&pol, IOMMUFD_HOOK_PASID_ATTACH, attach);
	tap__err(pasid__replace(m.fd, id, t.whole, NULL), attach, "deny: replace");
	pasid__query(m.fd, id, &query);
	tap__is(query.out_hwpt_id, t.hwpt, "deny: the old page table stays attached");
	tap__err(pasid__detach(m.fd, id), 0, "deny: detach does not ask");
	hooks__say(&pol, IOMMUFD_HOOK_PASID_ATTACH, 0);
	tap__err(pasid__attach(m.fd, id, t.hwpt, NULL), 0, "deny: attach again");
	deny_fault(&t, 7);
	close(t.fault_fd);
	fixture__end(&m, &pol, "deny, PASIDs");
}

static void deny(void)
{
	if (!fixture__start(&m, &pol, "deny", ""))
		return;
	deny_memory();
	deny_device();
	fixture__end(&m, &pol, "deny");
	deny_pasid();
}

/* The policy refuses every call, and every call succeeds. */
static void audit(void)
{
	static const char name[] = "audit";
	struct iommu_hwpt_pgfault got[4];
	struct hooks_tables t;
	uint32_t id, nr;

	if (!fixture__load(&pol, name, "@flags=1"))
		return;
	for (int i = 0; i < IOMMUFD_HOOKS; i++)
		hooks__say(&pol, i, -EACCES);
	tap__err(mock__open(&m, MOCK_FLAGS_DEVICE_PASID), 0, "%s: open a device", name);
	if (!hooks__tables(&t, &m, mem, name))
		return;
	tap__err(pasid__new(m.fd, m.dev, &id, &nr), 0, "%s: alloc a PASID", name);
	tap__err(pasid__attach(m.fd, id, t.hwpt, NULL), 0, "%s: attach it", name);
	tap__err(mock__request(&m, nr, 1, AT(9), 2), 0, "%s: make page requests", name);
	tap__is(fault__read(t.fault_fd, got, 4), 2, "%s: both are in the queue", name);
	tap__err(ioas__unmap_all(m.fd, t.ioas), 0, "%s: unmap", name);
	hooks__counts("hooks", IOMMUFD_HOOK_DEVICE_BIND, 0, 0, 1, 0, name);
	hooks__counts("hooks", IOMMUFD_HOOK_DEVICE_ATTACH, 0, 0, 2, 0, name);
	hooks__counts("hooks", IOMMUFD_HOOK_IOAS_MAP, 0, 0, 1, 0, name);
	hooks__counts("hooks", IOMMUFD_HOOK_IOAS_UNMAP, 0, 0, 1, 0, name);
	hooks__counts("hooks", IOMMUFD_HOOK_HWPT_ALLOC, 0, 0, 2, 0, name);
	hooks__counts("hooks", IOMMUFD_HOOK_PASID_ALLOC, 0, 0, 1, 0, name);
	hooks__counts("hooks", IOMMUFD_HOOK_PASID_ATTACH, 0, 0, 1, 0, name);
	hooks__counts("hooks", IOMMUFD_HOOK_FAULT, 0, 0, 1, 0, name);
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, 5);
	tap__err(map(m.ioas, 0, 1), 0, "%s: an invalid return value", name);
	hooks__counts("hooks", IOMMUFD_HOOK_IOAS_MAP, 0, 0, 2, 1, name);
	close(t.fault_fd);
	fixture__end(&m, &pol, name);
}

/* ---- return values and reasons ---- */

static void invalid(void)
{
	/* From 512 on errnos are the kernel's own: ERESTARTSYS, EPROBE_DEFER, ENOTSUPP. */
	static const int answers[] = {
		1, 4096, INT_MAX, INT_MIN, -512, -513, -516, -517, -524, -4095, -4096,
	};
	const unsigned int nr = sizeof(answers) / sizeof(answers[0]);
	static const char name[] = "invalid";

	if (!fixture__start(&m, &pol, name, ""))
		return;
	for (unsigned int i = 0; i < nr; i++) {
		hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, answers[i]);
		tap__err(map(m.ioas, 0, 1), -EPERM, "%s: %d is EPERM", name, answers[i]);
	}
	hooks__counts("hooks", IOMMUFD_HOOK_IOAS_MAP, 0, nr, 0, nr, name);
	policy__refused("hooks", IOMMUFD_HOOK_IOAS_MAP, -EPERM, "");
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, -511);
	tap__is(map(m.ioas, 0, 1), -511, "%s: -511 is an errno", name);
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, -1);
	tap__err(map(m.ioas, 0, 1), -EPERM, "%s: -1 is an errno", name);
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, 0);
	tap__err(map(m.ioas, 0, 1), 0, "%s: 0 allows", name);
	hooks__counts("hooks", IOMMUFD_HOOK_IOAS_MAP, 1, nr + 2, 0, nr, name);
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_UNMAP, 7);
	tap__err(ioas__unmap_all(m.fd, m.ioas), -EPERM, "%s: unmap", name);
	fixture__end(&m, &pol, name);
}

static void refuse_with(const char *text, unsigned int size, const char *want)
{
	hooks__reason(&pol, text, size);
	tap__err(map(m.ioas, 0, 1), -EACCES, "reason: refused");
	policy__refused("hooks", IOMMUFD_HOOK_IOAS_MAP, -EACCES, want);
}

static void reasons(void)
{
	static const char long_text[64] =
		"0123456789012345678901234567890123456789 and bytes without room";

	if (!fixture__start(&m, &pol, "reason", ""))
		return;
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, -EACCES);
	refuse_with("not today", 10, "not today");
	refuse_with("without the end", 7, "without");
	refuse_with("a\nb\tc\033[31md\177\200\377e\001", 15, "a?b?c?[31md???e");
	refuse_with(long_text, 40, "012345678901234567890123456789012345678");
	refuse_with(long_text, 64, "012345678901234567890123456789012345678");
	refuse_with("", 1, "");
	refuse_with("again", 6, "again");
	/* The reason for an allowed request is not kept. */
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, 0);
	hooks__reason(&pol, "allowed", 8);
	tap__err(map(m.ioas, 0, 1), 0, "reason: allowed");
	policy__refused("hooks", IOMMUFD_HOOK_IOAS_MAP, -EACCES, "again");
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, -EACCES);
	hooks__reason(&pol, "", 0);
	tap__err(map(m.ioas, 1, 1), -EACCES, "reason: refused without one");
	policy__refused("hooks", IOMMUFD_HOOK_IOAS_MAP, -EACCES, "");
	fixture__end(&m, &pol, "reason");
}

int main(void)
{
	tap__start();
	mem = mem__small(PAGES * P);
	if (!mem)
		return tap__bail("no memory");
	deny();
	audit();
	invalid();
	reasons();
	tap__is(policy__count(), 0, "no policy is loaded at the end");
	return tap__done();
}
