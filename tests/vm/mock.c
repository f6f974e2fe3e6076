// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software IOMMU of iommufd_mock.ko, and iommufd with the features that only that IOMMU has:
 * DMA to any address, PASIDs, page tables of guests, dirty bits, page requests, and failures.
 *
 * Every test makes a context of its own. At the end nothing may be pinned.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include <linux/iommufd_new.h>

#define P MEM_PAGE
#define BASE ((uint64_t)MOCK_APERTURE_START)
#define PAGES 16

static char *mem, *buf, *copy;

static struct iommufd_mock_device_counts device_counts(struct mock *c)
{
	struct iommufd_mock_device_counts counts = {};

	tap__err(mock__device_counts(c, &counts), 0, "counts of a device");
	return counts;
}

static struct iommufd_mock_table_counts table_counts(struct mock *c, uint32_t hwpt)
{
	struct iommufd_mock_table_counts counts = {};

	tap__err(mock__table_counts(c, hwpt, &counts), 0, "counts of a page table");
	return counts;
}

/* Read a whole page: the number of the page in mem, else -errno, or -1. */
static int page_at(struct mock *c, uint32_t pasid, uint64_t iova)
{
	int ret = mock__dma_done(c, pasid, iova, buf, P, false, NULL), i;

	for (i = 0; !ret && i < PAGES; i++)
		if (!memcmp(buf, mem + i * P, P))
			return i;
	return ret ?: -1;
}

static void test_dma(void)
{
	struct iommufd_mock_device_counts dev;
	struct iommufd_mock_table_counts table;
	struct mock c;
	uint64_t done;

	if (!mock__start(&c, "DMA", 0))
		return;
	mem__fill(mem, PAGES * P, 1);
	tap__err(ioas__map_at(c.fd, c.ioas, mem, 8 * P, BASE), 0, "DMA: map 8 pages");
	tap__err(mock__dma_done(&c, 0, BASE + 100, buf, 3 * P + 1000, false, &done), 0,
		 "DMA: read");
	tap__ok(done == 3 * P + 1000 && !memcmp(buf, mem + 100, done), "DMA: reads the memory");

	mem__fill(buf, PAGES * P, 2);
	memcpy(copy, mem, PAGES * P);
	memcpy(copy + P + 7, buf, 2 * P + 5);
	tap__err(mock__dma_done(&c, 0, BASE + P + 7, buf, 2 * P + 5, true, NULL), 0, "DMA: write");
	tap__ok(!memcmp(mem, copy, PAGES * P), "DMA: writes the memory, and nothing else");

	tap__err(mock__dma_done(&c, 0, BASE + 7 * P + 50, buf, P, true, &done), -EFAULT,
		 "DMA: write over the end");
	tap__is(done, P - 50, "DMA: it came to the end");
	table = table_counts(&c, c.hwpt);
	tap__is(table.mapped, 8 * P, "DMA: 8 pages are in the page table");

	tap__err(ioas__unmap_at(c.fd, c.ioas, BASE, 8 * P), 0, "DMA: unmap");
	memcpy(copy, mem, PAGES * P);
	tap__err(mock__dma_done(&c, 0, BASE, buf, P, true, &done), -EFAULT,
		 "DMA: write after the unmap");
	tap__ok(!done && !memcmp(mem, copy, PAGES * P), "DMA: it has written nothing");
	table = table_counts(&c, c.hwpt);
	tap__ok(!table.mapped && table.tables == 1, "DMA: the page table is empty");
	tap__ok(table.syncs > 0, "DMA: it was flushed");
	dev = device_counts(&c);
	tap__is(dev.dma_read, 3 * P + 1000, "DMA: bytes read");
	tap__is(dev.dma_written, 3 * P - 45, "DMA: bytes written");
	tap__is(dev.faults, 2, "DMA: unrecoverable faults");
	close(c.fd);
}

static void test_readonly(void)
{
	uint64_t iova = BASE;
	struct mock c;

	if (!mock__start(&c, "read-only", 0))
		return;
	mem__fill(mem, P, 3);
	tap__err(ioas__map(c.fd, c.ioas, mem, P, IOAS_R | IOAS_FIXED, &iova), 0, "read-only: map");
	tap__is(page_at(&c, 0, BASE), 0, "read-only: can be read");
	mem__fill(buf, P, 4);
	tap__err(mock__dma_done(&c, 0, BASE, buf, P, true, NULL), -EFAULT,
		 "read-only: cannot be written");
	tap__is(mem__check(mem, P, 3), -1, "read-only: was not written");
	close(c.fd);
}

struct writer {
	struct mock *c;
	atomic_bool stop;
	unsigned long hits;
};

static void *write_on(void *arg)
{
	struct writer *w = arg;
	uint64_t n = 0, done;

	while (!atomic_load(&w->stop)) {
		memset(buf, n++, PAGES * P);
		mock__dma_done(w->c, 0, BASE, buf, PAGES * P, true, &done);
		w->hits += done == PAGES * P;
	}
	return NULL;
}

static void test_race(void)
{
	unsigned int round, bad = 0;
	struct writer w = {};
	pthread_t thread;
	struct mock c;
	int ret = 0;

	if (!mock__start(&c, "unmap during DMA", 0))
		return;
	w.c = &c;
	pthread_create(&thread, NULL, write_on, &w);
	for (round = 0; round < 100 && !ret; round++) {
		ret = ioas__map_at(c.fd, c.ioas, mem, PAGES * P, BASE);
		usleep(1000);
		if (!ret)
			ret = ioas__unmap_at(c.fd, c.ioas, BASE, PAGES * P);
		memcpy(copy, mem, PAGES * P);
		usleep(1000);
		bad += memcmp(copy, mem, PAGES * P) != 0;
	}
	atomic_store(&w.stop, true);
	pthread_join(thread, NULL);
	tap__err(ret, 0, "unmap during DMA: map and unmap 100 times");
	tap__is(bad, 0, "unmap during DMA: nothing is written after an unmap");
	tap__ok(w.hits > 0, "unmap during DMA: before, it was (%lu times)", w.hits);
	close(c.fd);
}

static int pasid_cmd(struct mock *c, uint32_t op, uint32_t pasid, uint32_t pt)
{
	struct iommu_test_cmd cmd = {
		.op = op,
		.id = c->obj,
		.pasid_attach = { .pasid = pasid, .pt_id = pt },
	};

	return mock__test(c->fd, &cmd);
}

static void test_pasid(void)
{
	uint32_t ioas2, table, table2;
	struct mock c;

	if (!mock__start(&c, "PASID", MOCK_FLAGS_DEVICE_PASID))
		return;
	mem__fill(mem, PAGES * P, 5);
	tap__err(ioas__alloc(c.fd, &ioas2), 0, "PASID: another IOAS");
	tap__err(ioas__map_at(c.fd, c.ioas, mem, P, BASE), 0, "PASID: map page 0 in one");
	tap__err(ioas__map_at(c.fd, ioas2, mem + P, P, BASE), 0, "PASID: map page 1 in the other");
	tap__err(mock__hwpt(&c, c.ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, NULL, 0, &table), 0,
		 "PASID: page table for the device");
	tap__err(mock__hwpt(&c, ioas2, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, NULL, 0, &table2), 0,
		 "PASID: page table for the PASID");
	tap__err(mock__replace(&c, table), 0, "PASID: attach the device to the one");
	tap__err(pasid_cmd(&c, IOMMU_TEST_OP_PASID_ATTACH, 5, table2), 0,
		 "PASID: attach 5 to the other");

	tap__is(page_at(&c, 0, BASE), 0, "PASID: the device sees page 0");
	tap__is(page_at(&c, 5, BASE), 1, "PASID: 5 sees page 1");
	tap__is(page_at(&c, 6, BASE), -EFAULT, "PASID: 6 sees nothing");
	tap__is(page_at(&c, 1 << MOCK_PASID_WIDTH, BASE), -EINVAL, "PASID: too large a one");
	tap__err(pasid_cmd(&c, IOMMU_TEST_OP_PASID_REPLACE, 5, table), 0,
		 "PASID: replace that of 5");
	tap__is(page_at(&c, 5, BASE), 0, "PASID: 5 sees page 0");

	tap__err(pasid_cmd(&c, IOMMU_TEST_OP_PASID_ATTACH, IOMMU_TEST_PASID_RESERVED, table), 0,
		 "PASID: attach 1024");
	tap__err(pasid_cmd(&c, IOMMU_TEST_OP_PASID_REPLACE, IOMMU_TEST_PASID_RESERVED, table2),
		 -ENOMEM, "PASID: replace that of 1024, which fails");
	tap__is(page_at(&c, IOMMU_TEST_PASID_RESERVED, BASE), 0, "PASID: 1024 still sees page 0");
	tap__is(device_counts(&c).pasids, 2, "PASID: two are attached");
	tap__err(pasid_cmd(&c, IOMMU_TEST_OP_PASID_DETACH, 5, 0), 0, "PASID: detach 5");
	tap__is(page_at(&c, 5, BASE), -EFAULT, "PASID: 5 sees nothing");
	tap__is(page_at(&c, 0, BASE), 0, "PASID: the device still sees page 0");
	/* 1024 is left to the end of the device. */
	tap__err(iommu__destroy(c.fd, c.obj), 0, "PASID: destroy the device");
	close(c.fd);
}

/* Queues of a device without a PASID object: they stay without a PASID. */
static void test_queue(void)
{
	uint32_t pasid = 0;
	struct mock c;

	if (!mock__start(&c, "queues", MOCK_FLAGS_DEVICE_PASID))
		return;
	tap__err(ioas__map_at(c.fd, c.ioas, mem, P, BASE), 0, "queues: map a page");
	tap__err(mock__queue(&c, 7, MOCK_QUEUE_READ, 0, &pasid, NULL), 0, "queues: the last one");
	tap__hex(pasid, UINT32_MAX, "queues: has no PASID");
	tap__err(mock__queue(&c, MOCK_QUEUES, MOCK_QUEUE_READ, 0, NULL, NULL), -EINVAL,
		 "queues: one too many");
	tap__err(mock__queue(&c, 0, MOCK_QUEUE_CLEAR + 1, 0, NULL, NULL), -EINVAL,
		 "queues: no such action");
	tap__err(mock__queue(&c, 0, MOCK_QUEUE_GUEST, 1, NULL, NULL), -ENOENT,
		 "queues: no virtual PASID is there");
	tap__err(mock__queue(&c, 0, MOCK_QUEUE_TABLE, c.ioas, NULL, NULL), -ENOENT,
		 "queues: nor one with the page table");
	tap__err(mock__queue(&c, 0, MOCK_QUEUE_CLEAR, 0, NULL, NULL), 0, "queues: clear");
	tap__err(mock__dma_queue(&c, 0, BASE, buf, P, false), -ENXIO, "queues: no DMA");
	tap__err(mock__dma_queue(&c, MOCK_QUEUES, BASE, buf, P, false), -EINVAL,
		 "queues: nor of one too many");
	tap__err(mock__dma(&c, 0, BASE, buf, P, false), 0, "queues: but DMA without");
	close(c.fd);
}

/* The guest's memory is mem, from BASE on; its tables are pages 0, 1 and 2. */
#define GUEST_VA 0x40201000ull

static void guest_map(unsigned int page, uint64_t bits)
{
	volatile uint64_t *t = (void *)mem;

	t[GUEST_VA >> 30 & 511] = (BASE + P) | MOCK_S1_PRESENT;
	t[512 + (GUEST_VA >> 21 & 511)] = (BASE + 2 * P) | MOCK_S1_PRESENT;
	t[1024 + (GUEST_VA >> 12 & 511)] = (BASE + page * P) | bits;
}

static int guest_invalidate(struct mock *c, uint32_t hwpt, uint64_t iova, uint32_t *num)
{
	struct iommu_hwpt_invalidate_mock_s1 inv[2] = {
		{ .iova = iova, .length = P },
		{ .iova = iova, .length = *num > 1 ? 0 : P },
	};
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.hwpt_id = hwpt,
		.data_uptr = (uintptr_t)inv,
		.data_type = IOMMU_HWPT_INVALIDATE_DATA_MOCK_S1,
		.entry_len = sizeof(*inv),
		.entry_num = *num,
	};
	int ret = iommu__ioctl(c->fd, IOMMU_HWPT_INVALIDATE, &cmd);

	*num = cmd.entry_num;
	return ret;
}

static void test_nested(void)
{
	struct iommu_hwpt_mock_s1 data = { .table = BASE };
	uint32_t parent, nested, num = 1;
	struct mock c;

	if (!mock__start(&c, "nested", 0))
		return;
	mem__fill(mem, PAGES * P, 6);
	memset(mem, 0, 3 * P);
	tap__err(ioas__map_at(c.fd, c.ioas, mem, PAGES * P, BASE), 0, "nested: guest memory");
	tap__err(mock__hwpt(&c, c.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent), 0,
		 "nested: parent");
	tap__err(mock__hwpt(&c, parent, 0, 0, IOMMU_HWPT_DATA_MOCK_S1, &data, sizeof(data),
			    &nested),
		 0, "nested: page table of the guest");
	tap__err(mock__replace(&c, nested), 0, "nested: attach");

	tap__is(page_at(&c, 0, GUEST_VA), -EFAULT, "nested: nothing is mapped");
	guest_map(3, MOCK_S1_PRESENT);
	tap__is(page_at(&c, 0, GUEST_VA), 3, "nested: page 3 is seen");
	guest_map(4, MOCK_S1_PRESENT);
	tap__is(page_at(&c, 0, GUEST_VA), 3, "nested: page 3 still is when page 4 is mapped");
	tap__err(guest_invalidate(&c, nested, GUEST_VA + P, &num), 0,
		 "nested: invalidate elsewhere");
	tap__is(page_at(&c, 0, GUEST_VA), 3, "nested: which changes nothing");
	tap__err(guest_invalidate(&c, nested, GUEST_VA, &num), 0, "nested: invalidate");
	tap__is(page_at(&c, 0, GUEST_VA), 4, "nested: page 4 is seen");
	num = 2;
	tap__err(guest_invalidate(&c, nested, GUEST_VA, &num), -EINVAL,
		 "nested: second one is bad");
	tap__is(num, 1, "nested: one was done");

	mem__fill(buf, P, 7);
	tap__err(mock__dma_done(&c, 0, GUEST_VA, buf, P, true, NULL), -EFAULT,
		 "nested: write without right");
	guest_map(5, MOCK_S1_PRESENT | MOCK_S1_WRITE);
	num = 1;
	tap__err(guest_invalidate(&c, nested, GUEST_VA, &num), 0, "nested: invalidate");
	tap__is(page_at(&c, 0, GUEST_VA), 5, "nested: read");
	tap__hex(((uint64_t *)mem)[1024 + (GUEST_VA >> 12 & 511)] & MOCK_S1_DIRTY, 0,
		 "nested: page 5 is clean");
	mem__fill(buf, P, 7);
	tap__err(mock__dma_done(&c, 0, GUEST_VA, buf, P, true, NULL), 0,
		 "nested: write with right");
	tap__is(mem__check(mem + 5 * P, P, 7), -1, "nested: to page 5");
	tap__hex(((uint64_t *)mem)[1024 + (GUEST_VA >> 12 & 511)] & MOCK_S1_DIRTY, MOCK_S1_DIRTY,
		 "nested: page 5 is dirty");

	tap__err(ioas__unmap_at(c.fd, c.ioas, BASE, PAGES * P), 0, "nested: unmap guest memory");
	tap__is(page_at(&c, 0, GUEST_VA), -EFAULT, "nested: nothing is seen without invalidation");
	close(c.fd);
}

static int dirty_read(struct mock *c, uint32_t hwpt, uint32_t flags, uint64_t *bitmap)
{
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = hwpt,
		.flags = flags,
		.iova = BASE,
		.length = PAGES * P,
		.page_size = P,
		.data = (uintptr_t)bitmap,
	};

	*bitmap = 0;
	return iommu__ioctl(c->fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
}

static void test_dirty(void)
{
	struct iommu_hwpt_set_dirty_tracking on = {
		.size = sizeof(on),
		.flags = IOMMU_HWPT_DIRTY_TRACKING_ENABLE,
	};
	uint64_t small = 0, bitmap;
	uint32_t hwpt;
	struct mock c;

	if (!mock__start(&c, "dirty", 0))
		return;
	tap__err(iommu__option(c.fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, c.ioas, &small),
		 0, "dirty: small pages only");
	tap__err(ioas__map_at(c.fd, c.ioas, mem, PAGES * P, BASE), 0, "dirty: map");
	tap__err(mock__hwpt(&c, c.ioas, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, 0, 0, NULL, 0, &hwpt), 0,
		 "dirty: page table");
	tap__err(mock__replace(&c, hwpt), 0, "dirty: attach");
	tap__err(mock__dma_done(&c, 0, BASE, buf, P, true, NULL), 0, "dirty: write page 0 before");
	on.hwpt_id = hwpt;
	tap__err(iommu__ioctl(c.fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &on), 0, "dirty: switch on");
	tap__err(mock__dma_done(&c, 0, BASE + 3 * P - 1, buf, 2, true, NULL), 0,
		 "dirty: write pages 2 and 3");
	tap__err(mock__dma_done(&c, 0, BASE + 9 * P + 3000, buf, 1, true, NULL), 0,
		 "dirty: write page 9");
	tap__err(mock__dma_done(&c, 0, BASE + 5 * P, buf, P, false, NULL), 0, "dirty: read page 5");

	tap__err(dirty_read(&c, hwpt, IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR, &bitmap), 0,
		 "dirty: look");
	tap__hex(bitmap, 0x20c, "dirty: pages 2, 3 and 9");
	tap__err(mock__fail(&c, hwpt, MOCK_FAIL_DIRTY_READ, 0, 1), 0, "dirty: let it fail");
	tap__err(dirty_read(&c, hwpt, 0, &bitmap), -EIO, "dirty: it does");
	tap__err(dirty_read(&c, hwpt, 0, &bitmap), 0, "dirty: look and clear");
	tap__hex(bitmap, 0x20c, "dirty: nothing was lost");
	tap__err(dirty_read(&c, hwpt, 0, &bitmap), 0, "dirty: look again");
	tap__hex(bitmap, 0, "dirty: nothing any more");
	tap__err(mock__dma_done(&c, 0, BASE + 15 * P, buf, P, true, NULL), 0,
		 "dirty: write page 15");
	tap__err(dirty_read(&c, hwpt, 0, &bitmap), 0, "dirty: look");
	tap__hex(bitmap, 0x8000, "dirty: page 15");
	close(c.fd);
}

/* A DMA in another thread, which waits for page requests to be answered. */
struct waiter {
	struct mock *c;
	struct iommufd_mock_cmd cmd;
	int ret;
	pthread_t thread;
};

static void *waiter_run(void *arg)
{
	struct waiter *w = arg;

	w->ret = mock__ext(w->c->fd, &w->cmd);
	return NULL;
}

static void waiter_start(struct waiter *w, struct mock *c, uint64_t iova, size_t length,
			 uint32_t requests)
{
	*w = (struct waiter) {
		.c = c,
		.cmd = {
			.op = MOCK_OP_DMA,
			.id = c->dev,
			.dma = {
				.flags = MOCK_DMA_WRITE,
				.iova = iova,
				.length = length,
				.uptr = (uintptr_t)buf,
				.requests = requests,
				.timeout_ms = TAP_PATIENCE_MS,
			},
		},
	};
	pthread_create(&w->thread, NULL, waiter_run, w);
}

static int waiter_end(struct waiter *w)
{
	pthread_join(w->thread, NULL);
	return w->ret;
}

/* Read one group; how many requests it has, or -errno. */
static int fault_read(int fd, struct iommu_hwpt_pgfault *faults, unsigned int max)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, TAP_PATIENCE_MS) != 1)
		return -ETIMEDOUT;
	n = read(fd, faults, max * sizeof(*faults));
	return n < 0 ? -errno : n / (ssize_t)sizeof(*faults);
}

static int fault_answer(int fd, uint32_t cookie, uint32_t code)
{
	struct iommu_hwpt_page_response resp = { .cookie = cookie, .code = code };

	return write(fd, &resp, sizeof(resp)) < 0 ? -errno : 0;
}

static bool fault_open(struct mock *c, int *fd, uint32_t *hwpt)
{
	struct iommu_fault_alloc cmd = { .size = sizeof(cmd) };
	int ret = iommu__ioctl(c->fd, IOMMU_FAULT_QUEUE_ALLOC, &cmd);

	*fd = cmd.out_fault_fd;
	if (!ret)
		ret = mock__hwpt(c, c->ioas, IOMMU_HWPT_FAULT_ID_VALID, cmd.out_fault_id, 0, NULL,
				 0, hwpt);
	if (!ret)
		ret = mock__replace(c, *hwpt);
	if (!mock__has_requests()) {
		tap__err(ret, -ENODEV, "faults: a kernel without page requests refuses the attach");
		return false;
	}
	return tap__err(ret, 0, "faults: attach to a page table with a queue");
}

static void test_answers(struct mock *c, int fd)
{
	struct iommu_hwpt_pgfault faults[4];
	struct waiter w;

	/* Map the missing pages. */
	waiter_start(&w, c, BASE, 2 * P, 1);
	tap__is(fault_read(fd, faults, 4), 1, "faults: one for the first page");
	tap__hex(faults[0].addr, BASE, "faults: its address");
	tap__is(faults[0].dev_id, c->dev, "faults: its device");
	tap__hex(faults[0].perm, IOMMU_PGFAULT_PERM_WRITE, "faults: it is a write");
	tap__err(ioas__map_at(c->fd, c->ioas, mem, P, BASE), 0, "faults: map it");
	tap__err(fault_answer(fd, faults[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS), 0,
		 "faults: answer");
	tap__is(fault_read(fd, faults, 4), 1, "faults: one for the second page");
	tap__hex(faults[0].addr, BASE + P, "faults: its address");
	tap__err(ioas__map_at(c->fd, c->ioas, mem + P, P, BASE + P), 0, "faults: map it");
	tap__err(fault_answer(fd, faults[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS), 0,
		 "faults: answer");
	tap__err(waiter_end(&w), 0, "faults: the DMA is done");
	tap__ok(!memcmp(mem, buf, 2 * P), "faults: it wrote both pages");
	tap__err(fault_answer(fd, faults[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS), -EINVAL,
		 "faults: a second answer is refused");

	/* A group of three, refused. */
	waiter_start(&w, c, BASE + 2 * P, P, 3);
	tap__is(fault_read(fd, faults, 4), 3, "faults: a group of three");
	tap__ok(faults[0].addr != faults[1].addr && faults[1].addr != faults[2].addr,
		"faults: for three pages");
	tap__err(fault_answer(fd, faults[0].cookie, IOMMUFD_PAGE_RESP_INVALID), 0,
		 "faults: refuse it");
	tap__err(waiter_end(&w), -EIO, "faults: the DMA fails");
}

static void test_fault(void)
{
	struct iommufd_mock_response resp[8] = {};
	struct iommufd_mock_cmd read_resp = {
		.op = MOCK_OP_RESPONSES,
		.responses = { .uptr = (uintptr_t)resp, .num = 8 },
	};
	struct iommufd_mock_cmd prq = {
		.op = MOCK_OP_PAGE_REQUEST,
		.page_request = { .grpid = 77, .requests = 2, .addr = BASE },
	};
	struct iommu_hwpt_pgfault faults[4];
	struct waiter w;
	uint32_t hwpt;
	struct mock c;
	int fd;

	if (!mock__start(&c, "faults", 0) || !fault_open(&c, &fd, &hwpt))
		return;
	mem__fill(buf, 4 * P, 8);
	test_answers(&c, fd);

	read_resp.id = c.dev;
	tap__err(mock__ext(c.fd, &read_resp), 0, "faults: read the device's responses");
	tap__is(read_resp.responses.out_num, 3, "faults: three responses");
	tap__ok(resp[0].sequence == 1 && resp[1].sequence == 2 && resp[2].sequence == 3,
		"faults: in order");
	tap__ok(resp[0].code == 0 && resp[1].code == 0 && resp[2].code == 1,
		"faults: two successes, and an invalid one");

	/* No response: the first is unread, the second read; a detach answers both. */
	waiter_start(&w, &c, BASE + 4 * P, P, 1);
	tap__is(fault_read(fd, faults, 4), 1, "faults: one that is read");
	prq.id = c.dev;
	tap__err(mock__ext(c.fd, &prq), 0, "faults: one that is not");
	tap__err(mock__replace(&c, c.ioas), 0, "faults: attach to another page table");
	tap__err(waiter_end(&w), -EIO, "faults: the DMA fails");
	tap__err(fault_answer(fd, faults[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS), -EINVAL,
		 "faults: an answer after that is refused");
	read_resp.responses.num = 8;
	tap__err(mock__ext(c.fd, &read_resp), 0, "faults: read the device's responses");
	tap__is(read_resp.responses.out_num, 2, "faults: two responses");
	tap__ok(resp[0].code == 1 && resp[1].code == 1, "faults: both invalid");
	tap__err(mock__ext(c.fd, &prq), -EINVAL, "faults: a request without a queue");
	tap__err(mock__dma_done(&c, 0, BASE + 4 * P, buf, P, true, NULL), -EFAULT,
		 "faults: a DMA to an unmapped address fails at once");

	tap__err(mock__fail(&c, c.dev, MOCK_FAIL_IOPF, 0, 1), 0,
		 "faults: let the next attachment fail");
	tap__err(mock__replace(&c, hwpt), -ENOMEM, "faults: it does");
	tap__err(mock__replace(&c, hwpt), 0, "faults: the one after does not");
	waiter_start(&w, &c, BASE + 4 * P, P, 1);
	tap__is(fault_read(fd, faults, 4), 1, "faults: again one that is read");
	tap__err(iommu__destroy(c.fd, c.obj), 0, "faults: destroy the device meanwhile");
	tap__err(waiter_end(&w), -EIO, "faults: the DMA fails");
	close(fd);
	close(c.fd);
}

struct answerer {
	int fd;
	atomic_bool stop;
};

static void *answer_on(void *arg)
{
	struct answerer *a = arg;
	struct pollfd p = { .fd = a->fd, .events = POLLIN };
	struct iommu_hwpt_pgfault fault;

	while (!atomic_load(&a->stop))
		if (poll(&p, 1, 10) == 1 && read(a->fd, &fault, sizeof(fault)) == sizeof(fault))
			fault_answer(a->fd, fault.cookie, IOMMUFD_PAGE_RESP_INVALID);
	return NULL;
}

/* Page requests, their answers, and the attachment that comes and goes under them. */
static void test_fault_race(void)
{
	struct iommufd_mock_device_counts counts;
	struct answerer a = {};
	struct writer w = {};
	pthread_t threads[2];
	unsigned int round;
	uint32_t hwpt;
	struct mock c;
	int ret = 0;

	if (!mock__start(&c, "replace during faults", 0) || !fault_open(&c, &a.fd, &hwpt))
		return;
	w.c = &c;
	pthread_create(&threads[0], NULL, write_on, &w);
	pthread_create(&threads[1], NULL, answer_on, &a);
	for (round = 0; !ret && (round < 200 || !device_counts(&c).requests); round++) {
		ret = mock__replace(&c, round & 1 ? hwpt : c.ioas);
		usleep(500);
	}
	atomic_store(&w.stop, true);
	pthread_join(threads[0], NULL);
	atomic_store(&a.stop, true);
	pthread_join(threads[1], NULL);
	tap__err(ret, 0, "replace during faults: 200 times");
	counts = device_counts(&c);
	tap__ok(counts.requests > 0, "replace during faults: %llu requests",
		(unsigned long long)counts.requests);
	tap__is(counts.responses, counts.requests, "replace during faults: each was answered once");
	tap__is(w.hits, 0, "replace during faults: nothing was written");
	close(a.fd);
	close(c.fd);
}

static void test_fail(void)
{
	unsigned int i, failed = 0;
	uint32_t hwpt, ioas2;
	char *scattered;
	struct mock c;

	if (!mock__start(&c, "failures", 0))
		return;
	scattered = mem__scattered(64 * P);
	if (!tap__ok(scattered, "failures: scattered memory"))
		return;
	for (i = 0; i < 12; i++) {
		mock__fail(&c, c.hwpt, MOCK_FAIL_MAP, i * 5, 1);
		failed += ioas__map_at(c.fd, c.ioas, scattered, 64 * P, BASE) == -ENOMEM;
	}
	tap__is(failed, 12, "failures: maps that fail at different pages");
	tap__is(table_counts(&c, c.hwpt).mapped, 0, "failures: nothing of them is mapped");
	tap__is(mem__pinned(0), 0, "failures: nothing of them is pinned");
	mock__fail(&c, c.hwpt, MOCK_FAIL_MAP, 0, 0);
	tap__err(ioas__map_at(c.fd, c.ioas, scattered, 64 * P, BASE), 0, "failures: map");

	mem__fill(mem, PAGES * P, 9);
	tap__err(ioas__alloc(c.fd, &ioas2), 0, "failures: another IOAS");
	tap__err(ioas__map_at(c.fd, ioas2, mem, P, BASE + 64 * P), 0, "failures: map there");
	tap__err(mock__fail(&c, c.dev, MOCK_FAIL_ATTACH, 0, 1), 0,
		 "failures: let an attachment fail");
	tap__err(mock__replace(&c, ioas2), -ENOMEM, "failures: it does");
	tap__is(page_at(&c, 0, BASE + 64 * P), -EFAULT, "failures: the other IOAS is not seen");
	tap__err(mock__dma_done(&c, 0, BASE, buf, 64 * P, false, NULL), 0,
		 "failures: the first still is");
	tap__ok(!memcmp(buf, scattered, 64 * P), "failures: all of it");
	tap__is(mem__pinned(64), 64, "failures: only that is pinned");

	mock__fail(&c, c.hwpt, MOCK_FAIL_MAP, 3, 1);
	tap__err(mock__hwpt(&c, ioas2, 0, 0, 0, NULL, 0, &hwpt), 0, "failures: a page table");
	tap__err(mock__replace(&c, hwpt), 0, "failures: attach to it");
	tap__is(page_at(&c, 0, BASE + 64 * P), 0, "failures: now it is seen");
	close(c.fd);
	mem__free(scattered, 64 * P);
}

static void test_reserved(void)
{
	struct iommufd_mock_cmd cmd = {
		.op = MOCK_OP_DEVICE,
		.device = { .start = BASE + 4 * P, .length = 2 * P },
	};
	struct mock c;
	int ret;

	if (!mock__start(&c, "reserved", 0))
		return;
	cmd.id = c.ioas;
	tap__err(mock__ext(c.fd, &cmd), 0, "reserved: a device with a reserved region");
	tap__err(ioas__map_at(c.fd, c.ioas, mem, 4 * P, BASE), 0, "reserved: map below");
	ret = ioas__map_at(c.fd, c.ioas, mem, P, BASE + 5 * P);
	tap__ok(ret == -EINVAL, "reserved: map in it is refused (%s)", tap__errname(ret));
	tap__err(iommu__destroy(c.fd, cmd.device.out_stdev_id), 0, "reserved: destroy the device");
	tap__err(ioas__map_at(c.fd, c.ioas, mem, P, BASE + 5 * P), 0, "reserved: map there now");
	cmd.device.start = BASE;
	cmd.device.length = P;
	tap__err(mock__ext(c.fd, &cmd), -EADDRINUSE, "reserved: a device that cannot be attached");
	close(c.fd);
}

/* A nested table of a virtual IOMMU that calls the device 0x99, and a queue for its events. */
static int viommu_open(struct mock *c, int *fd)
{
	struct iommu_hwpt_selftest data = { .iotlb = 1 };
	struct iommu_viommu_alloc viommu = {
		.size = sizeof(viommu),
		.type = IOMMU_VIOMMU_TYPE_SELFTEST,
		.dev_id = c->dev,
	};
	struct iommu_vdevice_alloc vdev = {
		.size = sizeof(vdev),
		.dev_id = c->dev,
		.virt_id = 0x99,
	};
	struct iommu_veventq_alloc q = {
		.size = sizeof(q),
		.type = IOMMU_VEVENTQ_TYPE_SELFTEST,
		.veventq_depth = 64,
	};
	uint32_t nested;
	int ret;

	ret = mock__hwpt(c, c->ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &viommu.hwpt_id);
	if (!ret)
		ret = iommu__ioctl(c->fd, IOMMU_VIOMMU_ALLOC, &viommu);
	vdev.viommu_id = viommu.out_viommu_id;
	q.viommu_id = viommu.out_viommu_id;
	if (!ret)
		ret = iommu__ioctl(c->fd, IOMMU_VDEVICE_ALLOC, &vdev);
	if (!ret)
		ret = iommu__ioctl(c->fd, IOMMU_VEVENTQ_ALLOC, &q);
	*fd = q.out_veventq_fd;
	if (!ret)
		ret = mock__hwpt(c, viommu.out_viommu_id, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &data,
				 sizeof(data), &nested);
	return ret ?: mock__replace(c, nested);
}

static void test_event(void)
{
	struct {
		struct iommufd_vevent_header head;
		struct iommu_viommu_event_selftest event;
	} event;
	struct iommufd_mock_cmd cmd = { .op = MOCK_OP_EVENT, .event.num = 23 };
	unsigned int n = 0, bad = 0;
	struct pollfd p = { .events = POLLIN };
	struct mock c;
	int fd;

	if (!mock__start(&c, "events", 0))
		return;
	if (!tap__err(viommu_open(&c, &fd), 0, "events: virtual IOMMU with a queue"))
		return;
	cmd.id = c.dev;
	tap__err(mock__ext(c.fd, &cmd), 0, "events: 23 from another thread");
	p.fd = fd;
	while (n < 23 && poll(&p, 1, TAP_PATIENCE_MS) == 1 &&
	       read(fd, &event, sizeof(event)) == sizeof(event)) {
		bad += event.head.flags || event.head.sequence != n || event.event.virt_id != 0x99;
		n++;
	}
	tap__is(n, 23, "events: 23 came");
	tap__is(bad, 0, "events: in order, with the guest's number of the device");
	tap__is(device_counts(&c).events, 23, "events: 23 were reported");
	tap__is(page_at(&c, 0, BASE), -EFAULT, "events: nothing is mapped for the guest");
	mem__fill(mem, PAGES * P, 10);
	tap__err(ioas__map_at(c.fd, c.ioas, mem + 2 * P, P, BASE), 0, "events: map");
	tap__is(page_at(&c, 0, BASE), 2, "events: the guest's device sees it");
	close(fd);
	close(c.fd);
}

int main(void)
{
	tap__start();
	mem = mem__small(PAGES * P);
	buf = mem__small(64 * P);
	copy = mem__small(PAGES * P);
	if (!mem || !buf || !copy)
		return tap__bail("no memory");

	test_dma();
	test_readonly();
	test_race();
	test_pasid();
	test_queue();
	test_nested();
	test_dirty();
	test_fault();
	test_fault_race();
	test_fail();
	test_reserved();
	test_event();
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
