// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the driver allocates for events of devices is charged to the memory cgroup of the
 * process that made the queue: page requests that it does not answer, and events that it does not
 * read.
 *
 * Finds this fault: they are charged to nobody, because they come in kernel threads, so a process
 * in a small cgroup can use up the memory of the machine.
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

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"

#define GROUP "memcg"
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
	uint32_t parent, viommu, nested, vdev, queue;
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
	tap__ok(fixture__join_cgroup(GROUP), "join a memory cgroup");
	test_requests();
	test_events();
	tap__ok(fixture__join_cgroup(""), "leave it");
	rmdir(CGROUP "/" GROUP);
	return tap__done();
}
