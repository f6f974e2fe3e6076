// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables of PASIDs are attached and detached while the device makes page requests with them.
 *
 * Finds these faults:
 *	- a request is on its way to an attachment that is being detached, and is put into the
 *	  queue through it afterwards, or its struct has been freed;
 *	- where the whole device has a guest's page table, which takes the requests of all PASIDs:
 *	  one meets the attachment of a PASID that has just been detached, or was refused;
 *	- a request has two responses, or none.
 *
 * A use of freed memory is best seen with a debug kernel. On any kernel there is one response for
 * each request, and nothing is left in the queue.
 *
 * vm: --mock --smp 2 --append preempt=full
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define ROUNDS 300
#define PASIDS 2
#define PASID 5 /* the first of them */
#define NEW IOMMUFD_NEW_HWPT_ALLOC_PASID

/* A device whose page requests go to a queue, if the page table they are for has it. */
static struct mock m;
static uint32_t fault, plain, asking, nested;
static int fault_fd;
static atomic_bool stop;
static atomic_ulong taken, refused, answered;

static void *report(void *arg)
{
	uint32_t n = 0;

	(void)arg;
	for (; !atomic_load(&stop); n++) {
		int ret = mock__request(&m, PASID + n % PASIDS, 1 + n % 4096, MOCK_BASE, 1);

		if (!ret)
			atomic_fetch_add(&taken, 1);
		else if (ret == -EINVAL)
			atomic_fetch_add(&refused, 1);
	}
	return NULL;
}

/* Every second one is left to the detach. */
static void *answer(void *arg)
{
	struct iommu_hwpt_pgfault got[8];
	unsigned int n = 0;

	(void)arg;
	while (!atomic_load(&stop)) {
		struct pollfd poll_fd = { .fd = fault_fd, .events = POLLIN };
		int num;

		poll(&poll_fd, 1, 10);
		num = fault__read(fault_fd, got, 8);
		for (int i = 0; i < num; i++)
			if (n++ & 1 &&
			    !fault__answer(fault_fd, got[i].cookie, IOMMUFD_PAGE_RESP_SUCCESS))
				atomic_fetch_add(&answered, 1);
	}
	return NULL;
}

static bool set_up(uint32_t flags)
{
	struct iommu_hwpt_mock_s1 data = { .table = MOCK_BASE };
	uint32_t parent;
	int ret;

	ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID | flags);
	if (!ret)
		ret = fault__alloc(m.fd, &fault, &fault_fd);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, NEW, 0, 0, NULL, 0, &plain);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, NEW | IOMMU_HWPT_FAULT_ID_VALID, fault, 0, NULL, 0,
				 &asking);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent);
	if (!ret)
		ret = mock__hwpt(&m, parent, NEW | IOMMU_HWPT_FAULT_ID_VALID, fault,
				 IOMMU_HWPT_DATA_MOCK_S1, &data, sizeof(data), &nested);
	return tap__err(ret, 0, "a device with page tables and a queue");
}

/* Attach and detach, replace, or replace the whole device's in between. */
static unsigned int change(unsigned int round, uint32_t whole)
{
	uint32_t pasid = PASID + round % PASIDS;
	unsigned int wrong = 0;

	wrong += mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, pasid, asking) != 0;
	if (round % 3 == 1)
		wrong += mock__pasid(&m, IOMMU_TEST_OP_PASID_REPLACE, pasid, plain) != 0;
	if (round % 5 == 1) {
		wrong += mock__replace(&m, plain) != 0;
		wrong += mock__replace(&m, whole) != 0;
	}
	/* Some requests should come that far. */
	if (round % 4 == 0)
		usleep(1000);
	wrong += mock__pasid(&m, IOMMU_TEST_OP_PASID_DETACH, pasid, 0) != 0;
	return wrong;
}

/* Check that the core has the expected attachment. */
static int check_attached(uint32_t pasid, uint32_t hwpt)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_PASID_CHECK_HWPT,
		.id = m.obj,
		.pasid_check = { .pasid = pasid, .hwpt_id = hwpt },
	};

	return mock__test(m.fd, &cmd);
}

static void test_changes(const char *name, uint32_t whole)
{
	struct iommufd_mock_device_counts counts = {};
	struct iommu_hwpt_pgfault got[8];
	unsigned int wrong = 0, round = 0;
	pthread_t threads[3];

	tap__err(mock__replace(&m, whole), 0, "%s: the whole device's", name);
	atomic_store(&stop, false);
	atomic_store(&taken, 0);
	atomic_store(&refused, 0);
	pthread_create(&threads[0], NULL, report, NULL);
	pthread_create(&threads[1], NULL, report, NULL);
	pthread_create(&threads[2], NULL, answer, NULL);
	for (; round < ROUNDS || !atomic_load(&taken); round++)
		wrong += change(round, whole);
	atomic_store(&stop, true);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	tap__is(wrong, 0, "%s: %u changes", name, round);
	tap__err(check_attached(PASID, 0), 0, "%s: nothing is attached", name);
	tap__ok(atomic_load(&taken), "%s: %lu requests, %lu refused, %lu answered", name,
		atomic_load(&taken), atomic_load(&refused), atomic_load(&answered));

	/* Requests that came through the device's page table end with it. */
	tap__err(mock__replace(&m, plain), 0, "%s: a page table without a queue", name);
	tap__is(fault__read(fault_fd, got, 8), 0, "%s: no request is left", name);
	tap__err(mock__device_counts(&m, &counts), 0, "%s: counts", name);
	tap__is(counts.requests, counts.responses, "%s: one response for each request", name);
	tap__is(counts.pasids, 0, "%s: no PASID is attached", name);
}

/* The device is destroyed in the midst of it. */
static void test_destroy(void)
{
	pthread_t thread;

	tap__err(mock__replace(&m, nested), 0, "destroy: a guest's page table");
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, PASID, asking), 0,
		 "destroy: and a PASID");
	tap__err(check_attached(PASID, asking), 0, "destroy: it is attached in the core");
	atomic_store(&stop, false);
	atomic_store(&taken, 0);
	pthread_create(&thread, NULL, report, NULL);
	tap__until(atomic_load(&taken) > 20);
	tap__err(iommu__destroy(m.fd, m.obj), 0, "destroy: the device");
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	tap__err(mock__request(&m, PASID, 1, MOCK_BASE, 1), -ENOENT, "destroy: it is gone");
	tap__err(iommu__destroy(m.fd, nested), 0, "destroy: nothing uses the guest's page table");
	tap__err(iommu__destroy(m.fd, asking), 0, "destroy: nor the PASID's");
	close(fault_fd);
	tap__err(iommu__destroy(m.fd, fault), 0, "destroy: nor the queue");
}

static void test_all(uint32_t flags)
{
	if (!set_up(flags))
		return;
	test_changes("without requests", plain);
	test_changes("a guest's", nested);
	test_destroy();
	close(m.fd);
}

int main(void)
{
	tap__start();
	test_all(0);
	tap__diag("with a detach that ends the queue of the device at once");
	test_all(MOCK_FLAGS_DEVICE_EARLY_IOPF);
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
