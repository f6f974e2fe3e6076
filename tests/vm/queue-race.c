// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues of events are created and destroyed while other threads report events, read, and guess ids
 * and file descriptors.
 *
 * Finds these faults:
 *	- the file of a queue is released, or its object freed, under a thread that is putting an
 *	  event into it or waits for one;
 *	- an allocation that fails at the last step, since the struct cannot be written, has
 *	  shown its descriptor already: another thread has it, and the object is freed under it;
 *	  or the id could be looked up before the object was complete.
 *
 * A use of freed memory is best seen with a debug kernel. On any kernel the counts must match: a
 * response for each group of page requests, no descriptor without an owner, no id that can be
 * destroyed before the call returned it.
 *
 * vm: --mock --smp 2 --append preempt=full
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define ROUNDS_FAULT 400
#define ROUNDS_EVENT 400
#define ROUNDS_ABORT 3000
#define IDS 32 /* ids that are guessed at */
#define FDS 32 /* and descriptors above the ones in use */

static struct mock m;
static atomic_bool stop;
static atomic_int queue_fd = -1; /* of the reader */
static atomic_ulong reported, refused, read_ok, guesses, hits, shown;
static int first_fd;   /* none is open from here on */
static uint32_t first_id;  /* no object is there from here on */

static void *report_faults(void *arg)
{
	uint32_t n = 0;

	(void)arg;
	for (; !atomic_load(&stop); n++) {
		int ret = mock__request(&m, 0, 1 + n % 4096, MOCK_BASE, 1 + n % 3);

		if (!ret)
			atomic_fetch_add(&reported, 1);
		else if (ret == -EINVAL)
			atomic_fetch_add(&refused, 1);
	}
	return NULL;
}

/* Poll and read a queue that may be closed at any time: -EBADF, or another file. */
static void *read_queue(void *arg)
{
	char buf[1024];

	(void)arg;
	while (!atomic_load(&stop)) {
		int fd = atomic_load(&queue_fd), dup_fd;
		struct pollfd p = { .events = POLLIN };

		if (fd < 0)
			continue;
		dup_fd = fcntl(fd, F_DUPFD_CLOEXEC, 100);
		p.fd = dup_fd;
		if (dup_fd < 0)
			continue;
		if (poll(&p, 1, 1) == 1 && read(dup_fd, buf, 960) > 0)
			atomic_fetch_add(&read_ok, 1);
		close(dup_fd);
	}
	return NULL;
}

/* The reader may have a copy of the file for a moment. */
static int destroy_soon(uint32_t id)
{
	int ret;

	tap__until((ret = iommu__destroy(m.fd, id)) != -EBUSY);
	return ret;
}

static int fault_round(unsigned int round)
{
	uint32_t fault, hwpt;
	int fd, ret;

	ret = fault__alloc(m.fd, &fault, &fd);
	if (ret)
		return ret;
	atomic_store(&queue_fd, fd);
	ret = mock__hwpt(&m, m.ioas, IOMMU_HWPT_FAULT_ID_VALID, fault, 0, NULL, 0, &hwpt);
	if (!ret)
		ret = mock__replace(&m, hwpt);
	if (ret)
		return ret;
	usleep(round * 37 % 500);
	atomic_store(&queue_fd, -1);
	if (round & 1)
		close(fd);
	ret = mock__replace(&m, m.ioas);
	if (!(round & 1))
		close(fd);
	if (!ret)
		ret = destroy_soon(hwpt);
	if (!ret)
		ret = destroy_soon(fault);
	return ret;
}

/* A FAULT object's last file is closed, and the object destroyed, while groups come in. */
static void test_faults(void)
{
	struct iommufd_mock_device_counts counts = {};
	int objects = mock__objects(m.fd), ret = 0;
	pthread_t threads[2];
	unsigned int round;

	atomic_store(&stop, false);
	pthread_create(&threads[0], NULL, report_faults, NULL);
	pthread_create(&threads[1], NULL, read_queue, NULL);
	for (round = 0;
	     !ret && (round < ROUNDS_FAULT || !atomic_load(&reported) || !atomic_load(&read_ok));
	     round++)
		ret = fault_round(round);
	atomic_store(&stop, true);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	tap__err(ret, 0, "page requests: %u queues come and go", ROUNDS_FAULT);
	tap__ok(atomic_load(&reported), "page requests: groups came in (%lu)", reported);
	tap__ok(atomic_load(&read_ok), "page requests: some were read (%lu)", read_ok);
	tap__err(mock__device_counts(&m, &counts), 0, "page requests: counts");
	tap__is(counts.responses, reported + refused,
		"page requests: each group has one response, also unread ones (%lu)", refused);
	tap__is(mock__objects(m.fd), objects, "page requests: no object is left");
}

/* ---- events of a virtual IOMMU ---- */

static uint32_t viommu;

static void *report_events(void *arg)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_TRIGGER_VEVENT,
		.trigger_vevent.dev_id = m.dev,
	};

	(void)arg;
	while (!atomic_load(&stop))
		if (!mock__test(m.fd, &cmd))
			atomic_fetch_add(&reported, 1);
	return NULL;
}

static int open_viommu(void)
{
	struct iommu_hwpt_selftest data = { .iotlb = 1 };
	uint32_t parent, nested, vdev;
	int ret;

	ret = mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent);
	if (!ret)
		ret = mock__viommu(&m, parent, NULL, &viommu);
	if (!ret)
		ret = mock__vdevice(&m, viommu, 0x99, &vdev);
	if (!ret)
		ret = mock__hwpt(&m, viommu, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &data, sizeof(data),
				 &nested);
	return ret ? ret : mock__replace(&m, nested);
}

static int event_round(unsigned int round)
{
	uint32_t id;
	int fd, ret;

	ret = mock__veventq(&m, viommu, 1 + round % 8, &id, &fd);
	if (ret)
		return ret;
	atomic_store(&queue_fd, fd);
	usleep(round * 29 % 500);
	atomic_store(&queue_fd, -1);
	close(fd);
	return destroy_soon(id);
}

static void test_events(void)
{
	struct iommufd_mock_cmd many = { .op = MOCK_OP_EVENT, .id = m.dev, .event.num = 1 << 16 };
	int objects = mock__objects(m.fd), ret = 0;
	pthread_t threads[2];
	unsigned int round;

	atomic_store(&stop, false);
	atomic_store(&reported, 0);
	atomic_store(&read_ok, 0);
	/* Two sources: a thread of ours, and a worker of the kernel's. */
	tap__err(mock__ext(m.fd, &many), 0, "events: a worker reports some");
	pthread_create(&threads[0], NULL, report_events, NULL);
	pthread_create(&threads[1], NULL, read_queue, NULL);
	for (round = 0;
	     !ret && (round < ROUNDS_EVENT || !atomic_load(&reported) || !atomic_load(&read_ok));
	     round++)
		ret = event_round(round);
	atomic_store(&stop, true);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	tap__err(ret, 0, "events: %u queues come and go", ROUNDS_EVENT);
	tap__ok(atomic_load(&reported), "events: some found a queue (%lu)", reported);
	tap__ok(atomic_load(&read_ok), "events: some were read (%lu)", read_ok);
	tap__is(mock__objects(m.fd), objects, "events: no object is left");
}

/* ---- allocations that fail when all is done ---- */

/* Guessed ids and descriptors must find nothing but the objects from before. */
static void *guess(void *arg)
{
	char buf[64];

	(void)arg;
	while (!atomic_load(&stop)) {
		for (int fd = first_fd; fd < first_fd + FDS; fd++) {
			int copy = fcntl(fd, F_DUPFD_CLOEXEC, first_fd + FDS);

			if (copy < 0)
				continue;
			atomic_fetch_add(&shown, 1);
			if (read(copy, buf, sizeof(buf)) < 0)
				(void)errno;
			close(copy);
		}
		for (uint32_t id = first_id; id < first_id + IDS; id++)
			if (iommu__destroy(m.fd, id) != -ENOENT)
				atomic_fetch_add(&hits, 1);
		atomic_fetch_add(&guesses, 1);
	}
	return NULL;
}

/* The struct cannot be written to, so the call fails after everything else has been done. */
static void *readonly(const void *data, size_t size)
{
	void *page = mem__small(MEM_PAGE);

	memcpy(page, data, size);
	mprotect(page, MEM_PAGE, PROT_READ);
	return page;
}

static void test_abort(const char *name, unsigned long ioctl_nr, const void *data, size_t size)
{
	void *page = readonly(data, size);
	int objects = mock__objects(m.fd);
	unsigned int round, wrong = 0;
	pthread_t thread;

	first_fd = dup(m.fd);
	close(first_fd);
	first_id = 0;
	for (uint32_t id = 1; id < 100; id++) {
		char line[128];

		if (!mock__object(m.fd, id, line, sizeof(line)))
			first_id = id;
	}
	first_id++;
	atomic_store(&stop, false);
	atomic_store(&guesses, 0);
	pthread_create(&thread, NULL, guess, NULL);
	for (round = 0; round < ROUNDS_ABORT || atomic_load(&guesses) < 50; round++)
		wrong += iommu__ioctl(m.fd, ioctl_nr, page) != -EFAULT;
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	tap__is(wrong, 0, "%s: EFAULT %u times and more", name, ROUNDS_ABORT);
	tap__is(atomic_load(&shown), 0, "%s: no descriptor could be seen", name);
	tap__is(atomic_load(&hits), 0, "%s: no id could be used", name);
	tap__is(mock__objects(m.fd), objects, "%s: no object is left", name);
	tap__is(fcntl(first_fd, F_GETFD), -1, "%s: nor a descriptor", name);
	mem__free(page, MEM_PAGE);
}

static void test_aborts(void)
{
	struct iommu_fault_alloc fault = { .size = sizeof(fault) };
	struct iommu_veventq_alloc event = {
		.size = sizeof(event),
		.viommu_id = viommu,
		.type = IOMMU_VEVENTQ_TYPE_SELFTEST,
		.veventq_depth = 4,
	};
	struct iommu_test_cmd trigger = {
		.op = IOMMU_TEST_OP_TRIGGER_VEVENT,
		.trigger_vevent.dev_id = m.dev,
	};
	char buf[64];
	uint32_t id;
	int fd;

	test_abort("aborted fault queue", IOMMU_FAULT_QUEUE_ALLOC, &fault, sizeof(fault));
	test_abort("aborted event queue", IOMMU_VEVENTQ_ALLOC, &event, sizeof(event));

	/* The virtual IOMMU keeps no reference to a queue whose allocation failed. */
	tap__err(mock__test(m.fd, &trigger), -EOPNOTSUPP, "after that: no queue takes an event");
	tap__err(mock__veventq(&m, viommu, 4, &id, &fd), 0, "after that: a queue can be made");
	tap__err(mock__test(m.fd, &trigger), 0, "after that: it takes an event");
	tap__is(read(fd, buf, sizeof(buf)), 12, "after that: which is read");
	close(fd);
}

int main(void)
{
	tap__start();
	if (!tap__err(mock__open(&m, 0), 0, "a device"))
		return tap__done();
	test_faults();
	if (tap__err(open_viommu(), 0, "a virtual IOMMU")) {
		test_events();
		test_aborts();
	}
	close(m.fd);
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
