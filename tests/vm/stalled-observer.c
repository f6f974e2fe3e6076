// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process that holds back its memory delays neither a tool that looks at its address space, nor a
 * policy, nor the unload of a policy.
 *
 * Calls of the process stall at a page (tests/lib/stall.h): GET_DIRTY_BITMAP when it reports, an
 * access when it pins or writes, and a map when it pins. A second call waits behind it for the same
 * address space, because it wants to change it. Then an iterator over the areas of that address
 * space has to return all of them; an unmap asks a policy that iterates over the same areas; and
 * the policy is unloaded. Nothing of that may wait for the page.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/stall.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"
#include "../lib/policy/look.h"

#define P MEM_PAGE
#define IN_TIME 10000 /* ms */

static struct look look;
static char *mem;

/* ---- calls that stall ---- */

static int read_dirty(struct call *call)
{
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = call->id,
		.iova = AT(0),
		.length = P,
		.page_size = P,
		.data = (uintptr_t)stall_page,
	};

	return iommu__ioctl(call->m->fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
}

/* Give the device a page table that tracks, and make its first page dirty. */
static int prepare_dirty(struct call *call, const struct mock *m)
{
	struct iommu_hwpt_set_dirty_tracking on = {
		.size = sizeof(on),
		.flags = IOMMU_HWPT_DIRTY_TRACKING_ENABLE,
	};
	char byte = 1;
	int ret;

	ret = mock__hwpt(m, m->ioas, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, 0, 0, NULL, 0, &call->id);
	if (!ret)
		ret = mock__replace(m, call->id);
	on.hwpt_id = call->id;
	if (!ret)
		ret = iommu__ioctl(m->fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &on);
	return ret ? ret : mock__dma(m, 0, AT(0), &byte, 1, true);
}

static int make_access(struct call *call, const struct mock *m)
{
	struct iommu_test_cmd create = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = call->type,
		.create_access.flags = MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES,
	};
	int ret = mock__test(m->fd, &create);

	call->fd = create.create_access.out_access_fd;
	return ret;
}

static int write_access(struct call *call)
{
	char data[8] = "written";
	struct iommu_test_cmd rw = {
		.op = IOMMU_TEST_OP_ACCESS_RW,
		.id = call->fd,
		.access_rw = {
			.iova = AT(2), .length = sizeof(data), .uptr = (uintptr_t)data,
			.flags = MOCK_ACCESS_RW_WRITE,
		},
	};

	return mock__test(call->m->fd, &rw);
}

static int pin_access(struct call *call)
{
	struct iommu_test_cmd pin = {
		.op = IOMMU_TEST_OP_ACCESS_PAGES,
		.id = call->fd,
		.access_pages = {
			.flags = MOCK_FLAGS_ACCESS_WRITE, .iova = AT(2), .length = P,
			.uptr = (uintptr_t)stall_page,
		},
	};

	return mock__test(call->m->fd, &pin);
}

static int map_page(struct call *call)
{
	return ioas__map_at(call->m->fd, call->type, stall_page, P, AT(40));
}

/* ---- calls that come while it stalls ---- */

static int map_more(struct call *call)
{
	return fixture__map(call->m, call->type, mem, 20, 1);
}

static int unmap_one(struct call *call)
{
	return ioas__unmap_at(call->m->fd, call->type, AT(8), P);
}

static int iterate(struct call *call)
{
	return look__areas(&look, call->id, call->type, 0);
}

static struct policy pol;

static int unload_policy(struct call *call)
{
	(void)call;
	policy__unload(&pol);
	return 0;
}

/*
 * Map pages 0, 4, 6 and 8 of the test's memory, and the page of the stall as page 2 if @with_page.
 */
static bool map_areas(const struct mock *m, uint32_t ioas, bool with_page)
{
	int ret = fixture__map(m, ioas, mem, 0, 1);

	for (unsigned int page = 4; page <= 8 && !ret; page += 2)
		ret = fixture__map(m, ioas, mem, page, 1);
	if (!ret && with_page)
		ret = ioas__map_at(m->fd, ioas, stall_page, P, AT(2));
	return !ret;
}

static void observe(const char *name, int (*stall)(struct call *call),
		    int (*prepare)(struct call *call, const struct mock *m), bool bare)
{
	struct call stalled = {}, writer = {}, unmap = {}, reader = {}, unloader = {};
	bool maps = stall == map_page;
	uint64_t ctx = 0;
	struct mock m;
	int before;

	if (!fixture__start(&m, &pol, name, "iterate=1"))
		return;
	stalled.type = m.ioas;
	if (bare)
		tap__err(ioas__alloc(m.fd, &stalled.type), 0, "%s: an IOAS", name);
	tap__ok(map_areas(&m, stalled.type, bare), "%s: areas", name);
	iommu__fdinfo(m.fd, "iommufd-context", &ctx);
	before = look__areas(&look, ctx, stalled.type, 0);
	if (prepare)
		tap__err(prepare(&stalled, &m), 0, "%s: prepare the call", name);
	tap__err(stall__protect(true), 0, "%s: protect the page", name);
	call__start(&stalled, stall, &m);
	tap__ok(stall__reached(), "%s: the call stalls", name);

	writer.type = unmap.type = reader.type = stalled.type;
	if (!maps) {
		call__start(&writer, map_more, &m);
		tap__ok(!call__done(&writer, 300), "%s: a map waits behind it", name);
	}
	reader.id = ctx;
	call__start(&reader, iterate, &m);
	if (tap__ok(call__done(&reader, IN_TIME), "%s: an iterator does not wait", name))
		tap__is(reader.ret, before + maps, "%s: it returns all areas", name);
	call__start(&unmap, unmap_one, &m);
	usleep(300000);
	call__start(&unloader, unload_policy, &m);
	tap__ok(call__done(&unloader, IN_TIME), "%s: the unload of a policy does not wait", name);

	tap__err(stall__protect(false), 0, "%s: let the call go on", name);
	pthread_join(stalled.thread, NULL);
	tap__err(stalled.ret, 0, "%s: it succeeds", name);
	if (!maps)
		pthread_join(writer.thread, NULL);
	tap__err(writer.ret, 0, "%s: the map succeeds", name);
	pthread_join(unmap.thread, NULL);
	tap__err(unmap.ret, 0, "%s: the unmap succeeds", name);
	pthread_join(reader.thread, NULL);
	pthread_join(unloader.thread, NULL);
	/* The file of an access holds its pins and its context. */
	if (bare)
		close(stalled.fd);
	fixture__end(&m, &pol, name);
}

int main(void)
{
	int ret;

	tap__start();
	ret = stall__init();
	if (ret)
		return tap__skip_all("no userfaultfd with write protection (%s)",
				     tap__errname(ret));
	mem = mem__small(32 * P);
	if (!tap__ok(!look__open(&look), "open the iterators"))
		return tap__done();
	observe("dirty bitmap", read_dirty, prepare_dirty, false);
	observe("access writes", write_access, make_access, true);
	observe("access pins", pin_access, make_access, true);
	observe("map", map_page, NULL, false);
	look__close(&look);
	return tap__done();
}
