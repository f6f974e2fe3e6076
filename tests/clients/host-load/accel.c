// SPDX-License-Identifier: GPL-2.0-only
/*
 * An accelerator with PASIDs. They reach:
 *
 *	0, 1		an IOAS with a buffer, and no page requests: other addresses fault
 *	2, 3, 4		the main IOAS, whose page table has a queue of page requests
 *	5		the page table of this process, when the IOMMU can do that
 *
 * DMA in a hole of the main IOAS raises a page request. A thread answers: it maps a page, or says
 * that there is none (each eighth time). When all of the hole is mapped it is unmapped again. At
 * times there are requests for addresses after the hole: they are never answered. PASID 4 goes at
 * times and a new one comes; its unanswered requests end then.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "../../lib/ext.h"
#include "../../lib/mem.h"
#include "host.h"

#define PASID_TABLE IOMMUFD_NEW_HWPT_ALLOC_PASID
#define SLOTS 6
#define FIRST_PRI 2  /* slot */
#define CHURN 4 /* slot */
#define SVA 5  /* slot */
#define FIRST_VIRT 0x10 /* the guest's number of the PASID of slot 0 */
#define BUFFER MIB
#define HOLE (MOCK_BASE + 16 * MIB)
#define HOLE_PAGES 64
#define HOLE_END (HOLE + HOLE_PAGES * MEM_PAGE)

struct slot {
	uint32_t id, number, pt;
	bool attached;
};

static struct mock m;
static struct slot slots[SLOTS];
static char *buffer, *late;  /* late is mapped into the hole */
static int fault_fd;
static atomic_bool done;

static int slot_open(unsigned int n, uint32_t pt)
{
	struct slot *slot = &slots[n];
	uint32_t flags = n % 2 ? IOMMU_EXT_PASID_VIRT : 0;
	int ret;

	ret = pasid__alloc(m.fd, m.dev, flags, 0, flags ? FIRST_VIRT + n : 0, &slot->id,
			   &slot->number);
	if (ret)
		return ret;
	host_counts.pasids++;
	slot->pt = pt;
	ret = pasid__attach(m.fd, slot->id, pt, NULL);
	slot->attached = !ret;
	return ret;
}

static int slot_close(unsigned int n)
{
	int ret = pasid__detach(m.fd, slots[n].id);

	slots[n].attached = false;
	return ret ?: iommu__destroy(m.fd, slots[n].id);
}

static int open_tables(uint32_t *requests, uint32_t *plain)
{
	uint32_t whole, queue;
	int ret;

	ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID);
	if (ret)
		return ret;
	/* Beside PASIDs the device itself needs a page table that was made for it. */
	ret = mock__hwpt(&m, m.ioas, PASID_TABLE, 0, 0, NULL, 0, &whole);
	ret = ret ?: mock__replace(&m, whole);
	ret = ret ?: fault__alloc(m.fd, &queue, &fault_fd);
	ret = ret   ?:
		      mock__hwpt(&m, m.ioas, PASID_TABLE | IOMMU_HWPT_FAULT_ID_VALID, queue, 0,
				 NULL, 0, requests);
	ret = ret ?: ioas__map_at(m.fd, m.ioas, buffer, BUFFER, MOCK_BASE);
	ret = ret ?: ioas__alloc(m.fd, plain);
	return ret ?: ioas__map_at(m.fd, *plain, buffer, BUFFER, MOCK_BASE);
}

static int open_slots(uint32_t requests, uint32_t plain)
{
	uint32_t sva;
	int ret = 0;

	for (unsigned int n = 0; n < SVA && !ret; n++)
		ret = slot_open(n, n < FIRST_PRI ? plain : requests);
	if (!ret && !sva__alloc(m.fd, &sva))
		ret = slot_open(SVA, sva);
	return ret == -EOPNOTSUPP ? 0 : ret;
}

static void answer(const struct iommu_hwpt_pgfault *fault, unsigned int nth)
{
	uint64_t iova = fault->addr & -MEM_PAGE;
	uint32_t code = IOMMUFD_PAGE_RESP_INVALID;

	host__nap(1 + host__random(8));
	if (nth % 8 && iova >= HOLE && iova < HOLE_END) {
		int ret = ioas__map_at(m.fd, m.ioas, late + (iova - HOLE), MEM_PAGE, iova);

		if (!ret || ret == -EEXIST)
			code = IOMMUFD_PAGE_RESP_SUCCESS;
	}
	if (fault__answer(fault_fd, fault->cookie, code))
		return;
	if (code == IOMMUFD_PAGE_RESP_SUCCESS)
		host_counts.success++;
	else
		host_counts.invalid++;
}

static void *answer_all(void *arg)
{
	struct pollfd poll_queue = { .fd = fault_fd, .events = POLLIN };
	struct iommu_hwpt_pgfault faults[8];
	unsigned int nth = 0;
	int num;

	while (!atomic_load(&done)) {
		if (poll(&poll_queue, 1, 100) <= 0)
			continue;
		num = fault__read(fault_fd, faults, 8);
		for (int i = 0; i < num; i++)
			if (faults[i].flags & IOMMU_PGFAULT_FLAGS_LAST_PAGE &&
			    faults[i].addr < HOLE_END)
				answer(&faults[i], ++nth);
	}
	return arg;
}

/* One DMA; that the IOMMU stops it, or that a request is refused, is part of the play. */
static int dma(unsigned int n, uint64_t iova)
{
	char data[256];
	int ret;

	if (!slots[n].attached)
		return 0;
	ret = mock__dma(&m, slots[n].number, iova, data, sizeof(data), false);
	if (!ret)
		host_counts.dmas++;
	else if (ret == -EFAULT || ret == -EIO)
		host_counts.stopped++;
	else
		return ret;
	return 0;
}

/* The next page of the hole; from the start again when it has been all of it. */
static int dma_hole(void)
{
	static unsigned int next;
	unsigned int n = FIRST_PRI + next % (CHURN - FIRST_PRI + 1);
	uint64_t iova = HOLE + next % HOLE_PAGES * MEM_PAGE;
	int ret = 0;

	if (next && next % HOLE_PAGES == 0)
		ret = ioas__unmap_at(m.fd, m.ioas, HOLE, HOLE_PAGES * MEM_PAGE);
	next++;
	return ret ?: dma(n, iova);
}

/*
 * Page requests that nobody answers. Every other group is larger than the burst that the demo's
 * policy allows, so it is refused however slow the machine is.
 */
static int leave_alone(void)
{
	static unsigned int group;
	unsigned int requests = group % 2 ? 2 : 6;
	int ret = mock__request(&m, slots[CHURN].number, group++, HOLE_END, requests);

	if (!ret)
		host_counts.unanswered++;
	return ret;
}

static int step(unsigned int i)
{
	uint64_t offset = host__random(BUFFER / MEM_PAGE) * MEM_PAGE;
	unsigned int n = i % SLOTS;
	int ret;

	ret = dma(n, n == SVA ? (uintptr_t)buffer + offset : MOCK_BASE + offset);
	if (!ret && i % 3 == 0)
		ret = dma_hole();
	if (!ret && i % 75 == 0)
		ret = dma(i / 75 % FIRST_PRI, HOLE);
	if (!ret && i % 100 == 0)
		ret = leave_alone();
	if (!ret && i % 400 == 0) {
		ret = slot_close(CHURN);
		ret = ret ?: slot_open(CHURN, slots[CHURN].pt);
	}
	return ret;
}

int host__accel(const struct host_options *options)
{
	uint32_t requests, plain;
	pthread_t thread;
	int ret;

	(void)options;
	buffer = mem__small(BUFFER);
	late = mem__small(HOLE_PAGES * MEM_PAGE);
	if (!buffer || !late)
		return host__fail("buffers", -ENOMEM);
	ret = open_tables(&requests, &plain);
	ret = ret ?: open_slots(requests, plain);
	if (ret)
		return host__fail("a mock device with PASIDs", ret);
	if (pthread_create(&thread, NULL, answer_all, NULL))
		return host__fail("a thread", -EAGAIN);
	for (unsigned int i = 1; !ret && host__nap(40); i++)
		ret = step(i);
	atomic_store(&done, true);
	pthread_join(thread, NULL);
	return ret ? host__fail("PASIDs", ret) : 0;
}
