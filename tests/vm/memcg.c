// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the driver allocates is charged to the memory cgroup of the calling process: objects
 * that a process can make without end, and areas.
 * Memory for events of devices is charged to that of the process that made the queue: page requests
 * that it does not answer, and events that it does not read. A process in a small cgroup is stopped
 * before it uses up more than its limit, and gives all of it back.
 *
 * Finds these faults: an allocation is charged to nobody, for instance because it comes in a kernel
 * thread; memory is kept after the file was closed.
 *
 * vm: --mock
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"

#define GROUP "memcg"
#define SELF GROUP "/self"
#define FULL GROUP "/full" /* for a child alone, so that the kernel kills only that */
#define FULL_BYTES "16777216"
#define REQUESTS 4000
#define EVENTS 8000

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Bytes of kernel memory that are charged to the cgroup. */
static long kernel_bytes(void)
{
	FILE *f = fopen(CGROUP "/" GROUP "/memory.stat", "re");
	char line[128];
	long bytes = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "kernel %ld", &bytes) == 1)
			break;
	if (f)
		fclose(f);
	return bytes;
}

/* The same once the kernel has freed what earlier calls gave up. */
static long settled_bytes(void)
{
	long last, now = kernel_bytes();

	do {
		last = now;
		usleep(50000);
		now = kernel_bytes();
	} while (now < last);
	return now;
}

/* ---- objects ---- */

/* The data that the functions below use besides the number of the object. */
static struct mock dev;
static uint32_t parent;
static char *mem;

static int make_ioas(unsigned int n)
{
	uint32_t id;

	(void)n;
	return ioas__alloc(dev.fd, &id);
}

static int make_hwpt(unsigned int n)
{
	uint32_t id;

	(void)n;
	return mock__hwpt(&dev, dev.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &id);
}

static int make_nested(unsigned int n)
{
	struct iommu_hwpt_selftest data = { .iotlb = 1 };
	uint32_t id;

	(void)n;
	return mock__hwpt(&dev, parent, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &data, sizeof(data), &id);
}

static int make_viommu(unsigned int n)
{
	uint32_t id;

	(void)n;
	return mock__viommu(&dev, parent, NULL, &id);
}

static int make_fault(unsigned int n)
{
	uint32_t id;
	int fd, ret = fault__alloc(dev.fd, &id, &fd);

	(void)n;
	if (!ret)
		close(fd);
	return ret;
}

static int make_pasid(unsigned int n)
{
	uint32_t id, number;

	(void)n;
	return pasid__new(dev.fd, dev.dev, &id, &number);
}

static int make_area(unsigned int n)
{
	return ioas__map_at(dev.fd, parent, mem, MEM_PAGE, MOCK_BASE + 2ull * n * MEM_PAGE);
}

/* A page of a memory of its own, pinned for the mock's page table. */
static int make_pinned(unsigned int n)
{
	return ioas__map_at(dev.fd, dev.ioas, mem, MEM_PAGE, MOCK_BASE + 2ull * n * MEM_PAGE);
}

static const struct kind {
	const char *name;
	int (*make)(unsigned int n);
	long bytes; /* at least */
} kinds[] = {
	/* clang-format off */
	{ "IOAS", make_ioas, 512 },
	{ "area", make_area, 256 },
	{ "pinned area", make_pinned, 256 },
	{ "HWPT", make_hwpt, 512 },
	{ "nested HWPT", make_nested, 512 },
	{ "vIOMMU", make_viommu, 128 },
	{ "fault queue", make_fault, 128 },
	{ "PASID", make_pasid, 64 },
	/* clang-format on */
};

#define FULL_KINDS 3 /* the first ones */

/* The kernel adds up its counters only now and then; then 2 MiB are enough for it to be exact. */
#define AT_LEAST (2l << 20)

/* @parent is an IOAS for areas, otherwise a page table for nested ones. */
static bool prepare(const struct kind *kind)
{
	bool ioas = kind->make == make_area;

	if (!mock__start(&dev, kind->name, MOCK_FLAGS_DEVICE_PASID))
		return false;
	return tap__err(ioas ? ioas__alloc(dev.fd, &parent) :
			       mock__hwpt(&dev, dev.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL,
					  0, &parent),
			0, "%s: its parent", kind->name);
}

static void test_kind(const struct kind *kind)
{
	unsigned int n, objects = AT_LEAST / kind->bytes;
	long before, after;
	int ret = 0;

	if (!prepare(kind))
		return;
	before = settled_bytes();
	for (n = 0; n < objects && !ret; n++)
		ret = kind->make(n);
	after = kernel_bytes();
	tap__err(ret, 0, "%s: %u of them", kind->name, objects);
	tap__diag("%s: %ld bytes are charged for each", kind->name, (after - before) / objects);
	tap__ok(after - before >= AT_LEAST, "%s: each is charged", kind->name);
	close(dev.fd);
	tap__ok(tap__until(kernel_bytes() < before + (1 << 20)), "%s: nothing is kept", kind->name);
}

/* Make objects in a child until its cgroup is full. Returns true if it was stopped. */
static bool is_stopped(const struct kind *kind)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		if (!fixture__join_cgroup(FULL))
			_exit(0);
		for (unsigned int n = 0; n < 10000000; n++)
			if (kind->make(n) == -ENOMEM)
				_exit(1);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	tap__diag("%s: the process %s", kind->name,
		  WIFSIGNALED(status) ? "was killed for lack of memory" : "got ENOMEM");
	return WIFSIGNALED(status) || WEXITSTATUS(status);
}

/* A cgroup that is full stops the process: ENOMEM, or the kernel kills it. */
static void test_full(const struct kind *kind)
{
	long before;

	if (!prepare(kind))
		return;
	before = settled_bytes();
	tap__ok(is_stopped(kind), "%s: a full cgroup stops the process", kind->name);
	close(dev.fd);
	tap__ok(tap__until(kernel_bytes() < before + (2 << 20)), "%s: all is given back",
		kind->name);
}

/* ---- events ---- */

static void test_requests(void)
{
	unsigned int i, failed = 0;
	uint32_t fault = 0, hwpt = 0;
	long before, after;
	struct mock m;
	int fd;

	if (!mock__start(&m, "page requests", 0))
		return;
	tap__err(fault__alloc(m.fd, &fault, &fd), 0, "a fault queue");
	tap__err(mock__hwpt(&m, m.ioas, IOMMU_HWPT_FAULT_ID_VALID, fault, 0, NULL, 0, &hwpt), 0,
		 "a page table with it");
	tap__err(mock__replace(&m, hwpt), 0, "attach the device");
	before = kernel_bytes();
	for (i = 0; i < REQUESTS; i++)
		failed += mock__request(&m, 0, i % 512, MOCK_BASE, 1) < 0;
	after = kernel_bytes();
	tap__is(failed, 0, "%u page requests", REQUESTS);
	tap__diag("%ld bytes are charged for each", (after - before) / REQUESTS);
	tap__ok(after - before >= REQUESTS * 64l, "each is charged");
	close(fd);
	close(m.fd);
}

static void test_events(void)
{
	struct iommu_hwpt_selftest data = { .iotlb = 1 };
	uint32_t viommu, nested, vdev, queue;
	unsigned int i, failed = 0;
	long before, after;
	struct mock m;
	int fd;

	if (!mock__start(&m, "events", 0))
		return;
	tap__err(mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent), 0,
		 "a parent");
	tap__err(mock__viommu(&m, parent, NULL, &viommu), 0, "a vIOMMU");
	tap__err(mock__vdevice(&m, viommu, 0x99, &vdev), 0, "a virtual device");
	tap__err(mock__hwpt(&m, viommu, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &data, sizeof(data),
			    &nested),
		 0, "a nested page table");
	tap__err(mock__replace(&m, nested), 0, "attach the device");
	tap__err(mock__veventq(&m, viommu, EVENTS, &queue, &fd), 0, "an event queue");
	before = kernel_bytes();
	for (i = 0; i < EVENTS; i++) {
		struct iommu_test_cmd cmd = {
			.op = IOMMU_TEST_OP_TRIGGER_VEVENT,
			.trigger_vevent.dev_id = m.dev,
		};

		failed += mock__test(m.fd, &cmd) < 0;
	}
	after = kernel_bytes();
	tap__is(failed, 0, "%u events", EVENTS);
	tap__diag("%ld bytes are charged for each", (after - before) / EVENTS);
	tap__ok(after - before >= EVENTS * 32l, "each is charged");
	close(fd);
	close(m.fd);
}

int main(void)
{
	tap__start();
	write_file(CGROUP "/cgroup.subtree_control", "+memory");
	if (mkdir(CGROUP "/" GROUP, 0755) || kernel_bytes() < 0)
		return tap__skip_all("no memory cgroup: %s", tap__errname(-errno));
	tap__ok(write_file(CGROUP "/" GROUP "/cgroup.subtree_control", "+memory") &&
			!mkdir(CGROUP "/" SELF, 0755) && !mkdir(CGROUP "/" FULL, 0755) &&
			write_file(CGROUP "/" FULL "/memory.max", FULL_BYTES),
		"a memory cgroup, and one with a limit");
	tap__ok(fixture__join_cgroup(SELF), "join it");
	mem = mem__small(MEM_PAGE);
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		test_kind(&kinds[i]);
	for (unsigned int i = 0; i < FULL_KINDS; i++)
		test_full(&kinds[i]);
	test_requests();
	test_events();
	mem__free(mem, MEM_PAGE);
	tap__ok(fixture__join_cgroup(""), "leave it");
	rmdir(CGROUP "/" FULL);
	rmdir(CGROUP "/" SELF);
	rmdir(CGROUP "/" GROUP);
	return tap__done();
}
