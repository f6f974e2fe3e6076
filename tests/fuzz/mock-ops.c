// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz the whole uAPI on mock devices, by IOMMU_TEST_CMD where it needs a device: random
 * operations, the same for the same seed, with a trace of all results. See tests/lib/fuzz.h for the
 * options.
 *
 * tests/fuzz/mock-ops.expected has the hashes of traces recorded on the kernel's own driver of
 * Linux 7.3 with its own mock (CONFIG_IOMMUFD_TEST). To find the cause of a wrong hash, print the
 * trace on both drivers: a kernel that has all that the guest needs built in boots with
 * "tests/vm/run --kernel BZIMAGE --no-load".
 *
 * Not in the trace are object ids, file descriptors, cookies of page requests, offsets for mmap(),
 * and results that depend on the physical addresses of the memory. Operations and values on which
 * the two drivers differ for good reason are left out, with the reason where they would be drawn.
 * The operations are in mock-ops/, one file for each subject.
 *
 * vm: --mock
 * takes: 18
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "mock-ops/mock-ops.h"

static const struct {
	void (*op)(struct fuzz *f);
	unsigned int weight;
/* clang-format off */
} ops[] = {
	{ op_ioas_alloc, 10 }, { op_map, 34 }, { op_map_file, 10 }, { op_unmap, 16 },
	{ op_copy, 14 }, { op_allow, 2 }, { op_ranges, 3 }, { op_option, 6 }, { op_reserve, 1 },
	{ op_change_process, 1 }, { op_check_map, 8 }, { op_check_refs, 4 }, { op_dmabuf, 5 },
	{ op_destroy, 10 },
	{ op_device, 16 }, { op_device_destroy, 2 }, { op_replace, 10 }, { op_pasid, 14 },
	{ op_pasid_check, 6 }, { op_hw_info, 2 }, { op_hwpt, 24 }, { op_invalidate, 5 },
	{ op_tracking, 5 }, { op_set_dirty, 6 }, { op_get_dirty, 12 },
	{ op_access, 5 }, { op_access_pin, 9 }, { op_access_unpin, 5 }, { op_access_rw, 9 },
	{ op_access_replace, 2 }, { op_access_close, 2 },
	{ op_fault, 4 }, { op_fault_close, 1 }, { op_iopf, 10 }, { op_fault_read, 8 },
	{ op_fault_respond, 8 }, { op_viommu, 8 }, { op_vdevice, 8 }, { op_veventq, 5 },
	{ op_vevent, 6 }, { op_vevent_read, 7 }, { op_veventq_close, 1 }, { op_hw_queue, 6 },
	{ op_check_cache, 2 }, { op_stack, 14 }, { op_small_pages, 1 },
	{ op_vfio_ioas, 4 }, { op_vfio_set, 3 }, { op_vfio_map, 5 }, { op_vfio_unmap, 5 },
	{ op_vfio_info, 2 },
};

#define OPS (sizeof(ops) / sizeof(ops[0]))

/* The first operations of a sequence, which make objects for the others. */
static void (*const opening[])(struct fuzz *f) = {
	op_ioas_alloc, op_ioas_alloc, op_ioas_alloc, op_small_pages, op_small_pages,
	op_device, op_device, op_device, op_device, op_fault, op_fault,
	op_hwpt, op_hwpt, op_hwpt, op_hwpt, op_hwpt, op_access, op_access,
	op_stack, op_stack, op_viommu, op_vdevice, op_veventq, op_vfio_ioas,
};

/* clang-format on */

/* Map memory at a fixed address, because the address influences the chosen IOVAs. */
static int prepare_memory(struct fuzz *f)
{
	size_t good = MEM_GOOD * P, readonly = MEM_READONLY * P, absent = MEM_ABSENT * P;
	char *mem = (char *)MEM_AT, *file = (char *)FILE_AT;

	if (mmap(mem, MEM_ALL * P, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != mem)
		return -ENOMEM;
	madvise(mem, MEM_ALL * P, MADV_NOHUGEPAGE);
	memset(mem, 1, good + readonly);
	mprotect(mem + good, readonly, PROT_READ);
	mprotect(mem + good + readonly, absent, PROT_NONE);
	f->memfd = memfd_create("fuzz", MFD_CLOEXEC);
	if (f->memfd < 0 || ftruncate(f->memfd, FILE_PAGES * P))
		return -errno;
	if (mmap(file, FILE_PAGES * P, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
		 f->memfd, 0) != file)
		return -ENOMEM;
	memset(file, 2, FILE_PAGES * P);
	return 0;
}

static int prepare(struct fuzz *f)
{
	int ret = prepare_memory(f);

	if (ret)
		return ret;
	f->fd = iommu__open();
	if (f->fd < 0)
		return f->fd;
	f->compat = -1;
	for (int i = 0; i < FAULTS; i++)
		f->fault[i].fd = -1;
	for (int i = 0; i < ACCESSES; i++)
		f->access[i].fd = -1;
	for (int i = 0; i < QUEUES; i++)
		f->veventq[i].fd = -1;
	for (int i = 0; i < DMABUFS; i++)
		f->dmabuf[i] = -1;
	return ioas__alloc(f->fd, &f->scratch);
}

static void finish(struct fuzz *f)
{
	for (int i = 0; i < DEVICES; i++)
		device_detach_all(f, &f->dev[i]);
	for (int i = 0; i < ACCESSES; i++)
		if (f->access[i].fd >= 0)
			close(f->access[i].fd);
	/* Close queues before or after the context; the exit of the process closes the rest. */
	if (f->t.state & 1)
		close(f->fd);
	for (int i = 0; i < FAULTS; i++)
		if (f->fault[i].fd >= 0)
			close(f->fault[i].fd);
	for (int i = 0; i < QUEUES; i++)
		if (f->veventq[i].fd >= 0)
			close(f->veventq[i].fd);
}

/* Run the whole sequence in this process. */
static int run(struct fuzz_trace *t, const char *profile, uint64_t num)
{
	static struct fuzz f;
	unsigned int all = 0;
	int ret = prepare(&f);

	(void)profile;
	if (ret)
		return ret;
	f.t = *t;
	for (size_t i = 0; i < OPS; i++)
		all += ops[i].weight;
	for (size_t i = 0; i < sizeof(opening) / sizeof(opening[0]); i++)
		opening[i](&f);
	for (f.t.step = 0; f.t.step < num; f.t.step++) {
		uint32_t w = rnd(&f, all);
		size_t i = 0;

		while (w >= ops[i].weight)
			w -= ops[i++].weight;
		ops[i].op(&f);
	}
	finish(&f);
	*t = f.t;
	return 0;
}

int main(int argc, char **argv)
{
	return fuzz__main(argc, argv, "tests/fuzz/mock-ops.expected", "mock", run);
}
