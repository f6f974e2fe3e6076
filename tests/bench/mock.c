// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cost of what needs a device with PASIDs, page requests or a nested page table, or a mediated
 * driver: the mock has all of them. Also the flushes of its IOTLB. Upstream's driver has no such
 * device that runs on a stock kernel, so these rows are of this driver alone.
 *
 *	bench-mock [--rows PATTERN]
 *
 * Figures and output are as those of bench-ops. They include the ioctl of the mock that makes the
 * call, and the mock's own work, which is little.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "iommu.h"
#include "mem.h"
#include "mock.h"

#define REPS 41
#define PASID 5
#define AREAS 512

static const char *pattern = "*";
static struct mock m;
static char *mem;
static long long clock_cost;

static int die(const char *what, int err)
{
	fprintf(stderr, "bench-mock: %s: %s\n", what, strerror(-err));
	return err;
}

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int cmp(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return x < y ? -1 : x > y;
}

static long long median(long long *v)
{
	qsort(v, REPS, sizeof(*v), cmp);
	return v[REPS / 2] - clock_cost;
}

static void calibrate(void)
{
	long long v[REPS], t;
	unsigned int i;

	for (i = 0; i < REPS; i++) {
		t = now();
		v[i] = now() - t;
	}
	clock_cost = median(v);
}

/**
 * struct row - what is done, REPS times, in this order
 * @steps: each is measured, and returns 0 or -errno
 * @name: as in the file rows
 * @begin: makes what the steps need
 * @end: undoes it
 */
struct row {
	int (*steps[3])(void);
	const char *name;
	int (*begin)(void);
	int (*end)(void);
};

/* ---- PASIDs ---- */

static uint32_t other;

static int begin_pasid(void)
{
	int ret = mock__hwpt(&m, m.ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, NULL, 0, &m.hwpt);

	if (!ret)
		ret = mock__hwpt(&m, m.ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, NULL, 0, &other);
	return ret ? ret : mock__replace(&m, m.hwpt);
}

static int attach_pasid(void)
{
	return mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, PASID, m.hwpt);
}

static int replace_pasid(void)
{
	return mock__pasid(&m, IOMMU_TEST_OP_PASID_REPLACE, PASID, other);
}

static int detach_pasid(void)
{
	return mock__pasid(&m, IOMMU_TEST_OP_PASID_DETACH, PASID, 0);
}

static int end_pasid(void)
{
	return iommu__destroy(m.fd, other);
}

/* ---- nested page tables ---- */

static uint32_t parent, nested;

static int begin_nested(void)
{
	const struct iommu_hwpt_selftest data = { .iotlb = IOMMU_TEST_IOTLB_DEFAULT };
	int ret = mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent);

	return ret ? ret :
		     mock__hwpt(&m, parent, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &data, sizeof(data),
				&nested);
}

static int invalidate(void)
{
	struct iommu_hwpt_invalidate_selftest entry = { .iotlb_id = 0 };
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.hwpt_id = nested,
		.data_uptr = (uintptr_t)&entry,
		.data_type = IOMMU_HWPT_INVALIDATE_DATA_SELFTEST,
		.entry_len = sizeof(entry),
		.entry_num = 1,
	};

	return iommu__ioctl(m.fd, IOMMU_HWPT_INVALIDATE, &cmd);
}

static int end_nested(void)
{
	return iommu__destroy(m.fd, nested) ?: iommu__destroy(m.fd, parent);
}

/* ---- an access of a mediated driver ---- */

static uint32_t access_fd, access_pages;

static int begin_access(void)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = m.ioas,
		.create_access.flags = MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES,
	};
	int ret = ioas__map_at(m.fd, m.ioas, mem, MEM_PAGE, MOCK_BASE) ?: mock__test(m.fd, &cmd);

	access_fd = cmd.create_access.out_access_fd;
	return ret;
}

static int write_access(void)
{
	static char data[64];
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_RW,
		.id = access_fd,
		.access_rw = {
			.iova = MOCK_BASE, .length = sizeof(data), .uptr = (uintptr_t)data,
			.flags = MOCK_ACCESS_RW_WRITE,
		},
	};

	return mock__test(m.fd, &cmd);
}

static int pin_access(void)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_PAGES,
		.id = access_fd,
		.access_pages = {
			.flags = MOCK_FLAGS_ACCESS_WRITE, .iova = MOCK_BASE, .length = MEM_PAGE,
			.uptr = (uintptr_t)mem,
		},
	};
	int ret = mock__test(m.fd, &cmd);

	access_pages = cmd.access_pages.out_access_pages_id;
	return ret;
}

static int unpin_access(void)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_DESTROY_ACCESS_PAGES,
		.id = access_fd,
		.destroy_access_pages.access_pages_id = access_pages,
	};

	return mock__test(m.fd, &cmd);
}

static int end_access(void)
{
	close(access_fd);
	return ioas__unmap_all(m.fd, m.ioas);
}

/* ---- page requests ---- */

static uint32_t fault, table;
static int fault_fd;
static struct iommu_hwpt_pgfault request;

static int begin_request(void)
{
	int ret = fault__alloc(m.fd, &fault, &fault_fd);

	if (!ret)
		ret = mock__hwpt(&m, m.ioas, IOMMU_HWPT_FAULT_ID_VALID, fault, 0, NULL, 0, &table);
	return ret ? ret : mock__replace(&m, table);
}

/* The mock raises it, and the driver puts it into the queue. */
static int raise_request(void)
{
	return mock__request(&m, 0, 1, MOCK_BASE, 1);
}

static int read_request(void)
{
	int n = fault__read(fault_fd, &request, 1);

	return n == 1 ? 0 : n < 0 ? n : -ENODATA;
}

static int answer_request(void)
{
	return fault__answer(fault_fd, request.cookie, IOMMUFD_PAGE_RESP_SUCCESS);
}

static int end_request(void)
{
	int ret = mock__replace(&m, m.ioas);

	if (!ret)
		ret = iommu__destroy(m.fd, table);
	close(fault_fd);
	return ret ? ret : iommu__destroy(m.fd, fault);
}

/* ---- */

static const struct row rows[] = {
	{ { attach_pasid, replace_pasid, detach_pasid },
	  "PASID of a device",
	  begin_pasid,
	  end_pasid },
	{ { invalidate }, "nested page table", begin_nested, end_nested },
	{ { write_access }, "64 bytes by an access", begin_access, end_access },
	{ { pin_access, unpin_access }, "4 KiB by an access", begin_access, end_access },
	{ { raise_request, read_request, answer_request },
	  "page request",
	  begin_request,
	  end_request },
};

#define STEPS (sizeof(rows[0].steps) / sizeof(rows[0].steps[0]))

static int run_row(const struct row *row)
{
	long long took[STEPS][REPS], t;
	unsigned int i, step;
	int ret;

	if (fnmatch(pattern, row->name, 0))
		return 0;
	ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID);
	if (!ret)
		ret = row->begin();
	for (i = 0; i < REPS && !ret; i++)
		for (step = 0; step < STEPS && row->steps[step] && !ret; step++) {
			t = now();
			ret = row->steps[step]();
			took[step][i] = now() - t;
		}
	if (!ret)
		ret = row->end();
	if (ret)
		return die(row->name, ret);
	printf("%s", row->name);
	for (step = 0; step < STEPS && row->steps[step]; step++)
		printf("\t%lld", median(took[step]));
	printf("\n");
	close(m.fd);
	return 0;
}

/* Flushes of the IOTLB by one unmap of areas that touch. */
static int count_flushes(void)
{
	static const char name[] = "512 areas that touch, flushes";
	struct iommufd_mock_table_counts before = {}, after = {};
	unsigned int i;
	int ret;

	if (fnmatch(pattern, name, 0))
		return 0;
	ret = mock__open(&m, 0);
	for (i = 0; i < AREAS && !ret; i++)
		ret = ioas__map_at(m.fd, m.ioas, mem + i * MEM_PAGE, MEM_PAGE,
				   MOCK_BASE + i * MEM_PAGE);
	ret = ret ?: mock__table_counts(&m, m.hwpt, &before);
	ret = ret ?: ioas__unmap_at(m.fd, m.ioas, MOCK_BASE, AREAS * MEM_PAGE);
	ret = ret ?: mock__table_counts(&m, m.hwpt, &after);
	if (ret)
		return die(name, ret);
	printf("%s\t%llu\n", name, (unsigned long long)(after.syncs - before.syncs));
	close(m.fd);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int i;
	int ret = 0;

	if (argc == 3 && !strcmp(argv[1], "--rows")) {
		pattern = argv[2];
	} else if (argc != 1) {
		fprintf(stderr, "usage: bench-mock [--rows PATTERN]\n");
		return 2;
	}
	mem = mem__small(AREAS * MEM_PAGE);
	if (!mem)
		return die("memory", -ENOMEM), 1;
	calibrate();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]) && !ret; i++)
		ret = run_row(&rows[i]);
	if (!ret)
		ret = count_flushes();
	return ret ? 1 : 0;
}
