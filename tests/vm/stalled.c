// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that wait for user memory. A page is write-protected by userfaultfd, and given to the
 * kernel to write a result to: the call waits there until we lift the protection. Meanwhile
 *
 *	a vIOMMU that is being made cannot be mapped, because its allocation may still fail
 *	a device can be destroyed although a reader of its page requests waits
 *	a device that a waiting call uses is destroyed once the call ends, and not before
 *	a device, and an IOAS, can be destroyed although a query of them is running
 *	a PASID can be detached although its device waits for the address space of the call
 *
 * And a device is moved to an address space that other threads use all the time.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/info.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/stall.h"
#include "../lib/tap.h"

#define P 4096UL

static int make_viommu(struct call *call)
{
	return mock__viommu(call->m, call->id, (void *)stall_page, &call->type);
}

static void test_mmap(void)
{
	struct iommu_viommu_selftest *data = (void *)stall_page;
	struct call call = {};
	struct mock m;
	void *map;

	if (!mock__start(&m, "a vIOMMU that is being made", 0))
		return;
	tap__err(mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &call.id), 0,
		 "a parent");
	*data = (struct iommu_viommu_selftest){ .in_data = 0x5eed };
	tap__err(stall__protect(true), 0, "protect the page");
	call__start(&call, make_viommu, &m);
	tap__ok(stall__reached(), "the call stands still when it writes its data back");

	/* The first offset that is given is known: it is that of the second page. */
	map = mmap(NULL, 2 * P, PROT_READ, MAP_SHARED, m.fd, P);
	tap__ok(map == MAP_FAILED && errno == ENXIO, "its registers cannot be mapped yet");
	if (map != MAP_FAILED)
		munmap(map, 2 * P);

	tap__err(stall__protect(false), 0, "let it go on");
	pthread_join(call.thread, NULL);
	tap__err(call.ret, 0, "the vIOMMU is made");
	tap__is(data->out_mmap_offset, P, "that is its offset");
	map = mmap(NULL, 2 * P, PROT_READ, MAP_SHARED, m.fd, P);
	tap__ok(map != MAP_FAILED, "now they can be mapped");
	if (map != MAP_FAILED) {
		tap__hex(*(uint32_t *)map, 0x5eed, "they are its own");
		tap__err(iommu__destroy(m.fd, call.type), -EBUSY, "mapped, it stays");
		munmap(map, 2 * P);
	}
	tap__err(iommu__destroy(m.fd, call.type), 0, "unmapped, it goes");
	close(m.fd);
}

static int read_fault(struct call *call)
{
	ssize_t n = read(call->fd, stall_page, sizeof(struct iommu_hwpt_pgfault));

	return n < 0 ? -errno : n;
}

static void test_reader(void)
{
	struct iommu_hwpt_pgfault *fault = (void *)stall_page;
	uint32_t fault_id = 0, hwpt = 0;
	struct call call = {};
	struct mock m;

	if (!mock__start(&m, "a reader that stands still", 0))
		return;
	tap__err(fault__alloc(m.fd, &fault_id, &call.fd), 0, "a fault queue");
	tap__err(mock__hwpt(&m, m.ioas, IOMMU_HWPT_FAULT_ID_VALID, fault_id, 0, NULL, 0, &hwpt), 0,
		 "a page table with it");
	tap__err(mock__replace(&m, hwpt), 0, "attach the device");
	tap__err(mock__request(&m, 0, 7, MOCK_BASE, 1), 0, "a page request");
	tap__err(stall__protect(true), 0, "protect the page");
	call__start(&call, read_fault, NULL);
	tap__ok(stall__reached(), "the reader stands still");

	tap__err(iommu__destroy(m.fd, m.obj), 0, "the device goes all the same");
	tap__err(iommu__destroy(m.fd, hwpt), 0, "and its page table");
	tap__err(stall__protect(false), 0, "let the reader go on");
	pthread_join(call.thread, NULL);
	tap__is(call.ret, sizeof(struct iommu_hwpt_pgfault), "it has read the request");
	tap__err(fault__answer(call.fd, fault->cookie, IOMMUFD_PAGE_RESP_SUCCESS), -EINVAL,
		 "which is answered already");
	close(call.fd);
	tap__err(iommu__destroy(m.fd, fault_id), 0, "the fault queue goes");
	close(m.fd);
}

/* The struct of the ioctl is in the page, and is written at the end, with the HWPT made. */
static int make_hwpt(struct call *call)
{
	struct iommu_hwpt_alloc *cmd = (void *)stall_page;

	return iommu__ioctl(call->m->fd, IOMMU_HWPT_ALLOC, cmd);
}

static int destroy_device(struct call *call)
{
	return iommu__destroy(call->m->fd, call->m->obj);
}

static void test_unbind(void)
{
	struct call make = {}, destroy = {};
	struct mock m;

	if (!mock__start(&m, "a device that a call stands still on", 0))
		return;
	*(struct iommu_hwpt_alloc *)stall_page = (struct iommu_hwpt_alloc){
		.size = sizeof(struct iommu_hwpt_alloc),
		.dev_id = m.dev,
		.pt_id = m.ioas,
	};
	tap__err(stall__protect(true), 0, "protect the page");
	call__start(&make, make_hwpt, &m);
	tap__ok(stall__reached(), "making a page table for it stands still");
	call__start(&destroy, destroy_device, &m);
	tap__ok(!call__done(&destroy, 300), "the device waits for the call");
	tap__err(stall__protect(false), 0, "let it go on");
	pthread_join(make.thread, NULL);
	tap__err(make.ret, 0, "the page table is made");
	tap__ok(call__done(&destroy, TAP_PATIENCE_MS), "then the device goes");
	pthread_join(destroy.thread, NULL);
	tap__err(destroy.ret, 0, "and nothing was wrong with that");
	close(m.fd);
}

/* The ranges go into the page. */
static int ask_device(struct call *call)
{
	struct iommu_ext_device_info info = {
		.size = sizeof(info),
		.dev_id = call->m->dev,
		.num_ranges = 8,
		.ranges = (uintptr_t)stall_page,
	};
	int ret = iommu__ioctl(call->m->fd, IOMMU_EXT_DEVICE_INFO, &info);

	call->type = info.num_ranges;
	return ret == -EMSGSIZE && info.num_formats ? 0 : ret;
}

static int ask_ioas(struct call *call)
{
	struct iommu_ext_pt_info info = {
		.size = sizeof(info),
		.pt_id = call->id,
		.num_ranges = 8,
		.ranges = (uintptr_t)stall_page,
	};
	int ret = iommu__ioctl(call->m->fd, IOMMU_EXT_PT_INFO, &info);

	call->type = info.num_ranges;
	return ret;
}

static void test_info(void)
{
	const struct iommu_iova_range claim = { 0x1000, 0x1fff };
	struct call ask = {};
	struct mock m;

	if (!mock__start(&m, "objects in a query", 0))
		return;
	tap__err(stall__protect(true), 0, "protect the page");
	call__start(&ask, ask_device, &m);
	tap__ok(stall__reached(), "a query of a device stands still");
	tap__err(iommu__destroy(m.fd, m.obj), 0, "the device goes all the same");
	tap__err(stall__protect(false), 0, "let it go on");
	pthread_join(ask.thread, NULL);
	tap__err(ask.ret, 0, "it returns the state from before");
	tap__is(ask.type, 1, "one range");

	ask.id = m.ioas;
	tap__err(stall__protect(true), 0, "protect the page");
	call__start(&ask, ask_ioas, &m);
	tap__ok(stall__reached(), "a query of an IOAS stands still");
	tap__err(ioas__allow(m.fd, m.ioas, &claim, 1), 0, "it can be changed");
	tap__err(iommu__destroy(m.fd, m.ioas), 0, "and goes all the same");
	tap__err(stall__protect(false), 0, "let it go on");
	pthread_join(ask.thread, NULL);
	tap__err(ask.ret, 0, "it returns the state from before");
	tap__is(ask.type, 1, "one range");
	close(m.fd);
}

/* ---- a replace that waits for an address space ---- */

static int read_dirty(struct call *call)
{
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = call->id,
		.iova = MOCK_BASE,
		.length = P,
		.page_size = P,
		.data = (uintptr_t)stall_page,
	};

	return iommu__ioctl(call->m->fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
}

static int replace(struct call *call)
{
	return mock__replace(call->m, call->id);
}

static int detach_pasid(struct call *call)
{
	return pasid__detach(call->m->fd, call->id);
}

/* Make a page table of an IOAS with a page that the device has made dirty. */
static int make_dirty(const struct mock *m, void *page, uint32_t ioas, uint32_t *hwpt)
{
	struct iommu_hwpt_set_dirty_tracking on = {
		.size = sizeof(on),
		.flags = IOMMU_HWPT_DIRTY_TRACKING_ENABLE,
	};
	char byte = 1;
	int ret = ioas__map_at(m->fd, ioas, page, P, MOCK_BASE);

	if (!ret)
		ret = mock__hwpt(m, ioas,
				 IOMMU_HWPT_ALLOC_DIRTY_TRACKING | IOMMUFD_NEW_HWPT_ALLOC_PASID, 0,
				 0, NULL, 0, hwpt);
	if (!ret)
		ret = mock__replace(m, *hwpt);
	on.hwpt_id = *hwpt;
	if (!ret)
		ret = iommu__ioctl(m->fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &on);
	return ret ? ret : mock__dma(m, 0, MOCK_BASE, &byte, 1, true);
}

static void test_replace(void)
{
	struct call read = {}, move = {}, detach = {};
	void *page = mem__small(P);
	uint32_t ioas, home, number;
	struct mock m;

	if (!mock__start(&m, "a device that waits for an address space", MOCK_FLAGS_DEVICE_PASID))
		return;
	tap__err(mock__hwpt(&m, m.ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, NULL, 0, &home), 0,
		 "a page table");
	tap__err(ioas__alloc(m.fd, &ioas), 0, "another IOAS");
	tap__err(make_dirty(&m, page, ioas, &read.id), 0, "its page table, with a dirty page");
	tap__err(mock__replace(&m, home), 0, "move the device to the first one");
	tap__err(pasid__new(m.fd, m.dev, &detach.id, &number), 0, "a PASID of it");
	tap__err(pasid__attach(m.fd, detach.id, home, NULL), 0, "attach the PASID");

	tap__err(stall__protect(true), 0, "protect the page");
	call__start(&read, read_dirty, &m);
	tap__ok(stall__reached(), "a read of the dirty page stands still");
	move.id = read.id;
	call__start(&move, replace, &m);
	tap__ok(!call__done(&move, 300), "a move of the device to that IOAS waits for it");
	call__start(&detach, detach_pasid, &m);
	tap__ok(call__done(&detach, 10000), "a detach of the PASID waits for neither");
	tap__err(stall__protect(false), 0, "let it go on");
	pthread_join(read.thread, NULL);
	tap__err(read.ret, 0, "the page is read");
	pthread_join(move.thread, NULL);
	tap__err(move.ret, 0, "the device is moved");
	pthread_join(detach.thread, NULL);
	tap__err(detach.ret, 0, "the PASID is detached");
	close(m.fd);
	mem__free(page, P);
}

/* ---- a replace among threads that never leave an address space alone ---- */

#define POLLERS 6
#define MOVES 20
#define READ_PAGES 32768ul /* of the dirty bitmap: windows of 1 GiB take turns */

static atomic_bool enough;

/* Read a long dirty bitmap again and again. */
static int poll_dirty(struct call *call)
{
	static char bitmap[POLLERS][READ_PAGES / 8];
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = call->id,
		.flags = IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR,
		.iova = MOCK_BASE,
		.length = READ_PAGES * P,
		.page_size = P,
		.data = (uintptr_t)bitmap[call->type],
	};
	int ret = 0;

	while (!atomic_load(&enough) && !ret)
		ret = iommu__ioctl(call->m->fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
	return ret;
}

static int move_often(struct call *call)
{
	int ret = 0;

	for (unsigned int i = 0; i < MOVES && !ret; i++)
		ret = mock__replace(call->m, i % 2 ? call->type : call->id);
	return ret;
}

static void test_polled(void)
{
	struct call poll[POLLERS] = {}, move = {};
	char *mem = mem__small(READ_PAGES * P);
	uint32_t ioas, home, hwpt;
	struct mock m;

	if (!mock__start(&m, "an address space that is always in use", MOCK_FLAGS_DEVICE_PASID))
		return;
	tap__err(mock__hwpt(&m, m.ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, NULL, 0, &home), 0,
		 "a page table");
	tap__err(ioas__alloc(m.fd, &ioas), 0, "another IOAS");
	tap__err(make_dirty(&m, mem, ioas, &hwpt), 0, "its page table");
	tap__err(ioas__map_at(m.fd, ioas, mem + P, (READ_PAGES - 1) * P, MOCK_BASE + P), 0,
		 "with much memory");
	tap__err(mock__replace(&m, home), 0, "move the device to the first one");
	atomic_store(&enough, false);
	for (unsigned int i = 0; i < POLLERS; i++) {
		poll[i].id = hwpt;
		poll[i].type = i;
		call__start(&poll[i], poll_dirty, &m);
	}
	move.id = hwpt;
	move.type = home;
	call__start(&move, move_often, &m);
	tap__ok(call__done(&move, 60000), "%u moves get their turn", MOVES);
	atomic_store(&enough, true);
	pthread_join(move.thread, NULL);
	tap__err(move.ret, 0, "the device is moved");
	for (unsigned int i = 0; i < POLLERS; i++) {
		pthread_join(poll[i].thread, NULL);
		tap__err(poll[i].ret, 0, "reader %u", i);
	}
	close(m.fd);
	mem__free(mem, READ_PAGES * P);
}

int main(void)
{
	int ret;

	tap__start();
	ret = stall__init();
	if (ret)
		return tap__skip_all("no userfaultfd with write protection (%s)",
				     tap__errname(ret));
	test_mmap();
	test_reader();
	test_unbind();
	test_info();
	test_replace();
	test_polled();
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}
