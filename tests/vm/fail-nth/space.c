// SPDX-License-Identifier: GPL-2.0-only
/* Address spaces: maps of all kinds of memory, copies, ranges, options, change of the owner. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/iommufd_new.h>

#include "../../lib/policy/fixture.h"
#include "../../lib/policy/hooks.h"
#include "fail-nth.h"

static int call_ioas(struct world *w)
{
	return ioas__alloc(w->m.fd, &w->id[0]);
}

/* ---- maps ---- */

static int unmap_free(struct world *w)
{
	return ioas__unmap_at(w->m.fd, w->m.ioas, FREE, SIZE);
}

static int map_small(struct world *w)
{
	return ioas__map_at(w->m.fd, w->m.ioas, memory.small, SIZE, FREE);
}

static int map_huge(struct world *w)
{
	return ioas__map_at(w->m.fd, w->m.ioas, memory.huge, MEM_HUGE, FREE);
}

static int unmap_huge(struct world *w)
{
	return ioas__unmap_at(w->m.fd, w->m.ioas, FREE, MEM_HUGE);
}

static int map_anywhere(struct world *w)
{
	return ioas__map(w->m.fd, w->m.ioas, memory.small, SIZE, IOAS_RW, &w->iova);
}

static int unmap_anywhere(struct world *w)
{
	return ioas__unmap_at(w->m.fd, w->m.ioas, w->iova, SIZE);
}

static int map_file(struct world *w)
{
	uint64_t iova = FREE;

	return hooks__map_file(&w->m, w->m.ioas, memory.file, 0, SIZE, IOAS_RW | IOAS_FIXED, &iova);
}

static int map_dmabuf(struct world *w)
{
	uint64_t iova = FREE;

	return hooks__map_file(&w->m, w->m.ioas, memory.dmabuf, 0, SIZE, IOAS_RW | IOAS_FIXED,
			       &iova);
}

/* Two more page tables, one with small pages only. */
static int setup_tables(struct world *w)
{
	struct iommu_hwpt_selftest huge = { .pagetable_type = MOCK_IOMMUPT_HUGE };
	int ret = mock__hwpt(&w->m, w->m.ioas, 0, 0, 0, NULL, 0, &w->id[0]);

	return ret ? ret :
		     mock__hwpt(&w->m, w->m.ioas, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &huge,
				sizeof(huge), &w->id[1]);
}

static int set_buffers(struct world *w, uint32_t bytes)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_SET_TEMP_MEMORY_LIMIT,
		.memory_limit.limit = bytes,
	};

	return mock__test(w->m.fd, &cmd);
}

static int setup_buffers(struct world *w)
{
	return setup_tables(w) ?: set_buffers(w, 64);
}

/* ---- address spaces without a page table ---- */

static int map_detached(struct world *w)
{
	return ioas__map_at(w->m.fd, w->id[0], memory.small, SIZE, FREE);
}

static int unmap_detached(struct world *w)
{
	return ioas__unmap_at(w->m.fd, w->id[0], FREE, SIZE);
}

static int setup_full(struct world *w)
{
	return call_ioas(w) ?: map_detached(w);
}

static int copy_pinned(struct world *w)
{
	uint64_t iova = FREE;

	return ioas__copy(w->m.fd, w->id[0], w->m.ioas, BASE, SIZE, IOAS_RW | IOAS_FIXED, &iova);
}

static int copy_unpinned(struct world *w)
{
	uint64_t iova = FREE;

	return ioas__copy(w->m.fd, w->m.ioas, w->id[0], FREE, SIZE, IOAS_RW | IOAS_FIXED, &iova);
}

static int destroy_full(struct world *w)
{
	return iommu__destroy(w->m.fd, w->id[0]);
}

/* All areas of the device's address space: 3. */
static int setup_areas(struct world *w)
{
	return map_small(w) ?: ioas__map_at(w->m.fd, w->m.ioas, memory.huge, P, FREE + SIZE);
}

static int unmap_all(struct world *w)
{
	return ioas__unmap_all(w->m.fd, w->m.ioas);
}

static int map_all(struct world *w)
{
	return ioas__map_at(w->m.fd, w->m.ioas, memory.mapped, SIZE, BASE) ?: setup_areas(w);
}

/* ---- ranges and options ---- */

static int call_ranges(struct world *w)
{
	struct iommu_iova_range ranges[4];
	uint32_t num = 4;
	uint64_t align;

	return ioas__ranges(w->m.fd, w->m.ioas, ranges, &num, &align);
}

static int allow(struct world *w)
{
	const struct iommu_iova_range ranges[] = {
		{ BASE, BASE + SIZE - 1 },
		{ FREE, FREE + SIZE - 1 },
		{ FREE + 2 * SIZE, FREE + 3 * SIZE - 1 },
	};

	return ioas__allow(w->m.fd, w->m.ioas, ranges, 3);
}

static int allow_all(struct world *w)
{
	return ioas__allow(w->m.fd, w->m.ioas, NULL, 0);
}

static int set_huge(struct world *w, uint64_t on)
{
	return iommu__option(w->m.fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, w->id[0], &on);
}

static int huge_off(struct world *w)
{
	return set_huge(w, 0);
}

static int huge_on(struct world *w)
{
	return set_huge(w, 1);
}

static int open_other(struct world *w)
{
	w->fd[0] = iommu__open();
	return w->fd[0] < 0 ? w->fd[0] : 0;
}

static int set_rlimit_mode(struct world *w, uint64_t mode)
{
	return iommu__option(w->fd[0], IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &mode);
}

static int rlimit_mode_on(struct world *w)
{
	return set_rlimit_mode(w, 1);
}

static int rlimit_mode_off(struct world *w)
{
	return set_rlimit_mode(w, 0);
}

/* ---- another owner: the process in another cgroup ---- */

static int change(struct world *w)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return iommu__ioctl(w->m.fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}

/* Only memory of files can get another owner. */
static int setup_change(struct world *w)
{
	int ret = unmap_all(w) ?: map_file(w);

	if (ret)
		return ret;
	if (mkdir(CGROUP "/fail-nth", 0755) && errno != EEXIST)
		return -errno;
	return fixture__join_cgroup("fail-nth") ? 0 : -EIO;
}

/* Make the first cgroup the owner again, and go back to the second. */
static int change_back(struct world *w)
{
	int ret;

	if (!fixture__join_cgroup(""))
		return -EIO;
	ret = change(w);
	return fixture__join_cgroup("fail-nth") ? ret : -EIO;
}

/* ---- devices without an IOMMU ---- */

static int setup_noiommu(struct world *w)
{
	static const char path[] = "/sys/module/iommufd/parameters/enable_unsafe_noiommu";
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, "1", 1) < 0 ? -errno : 0;
	close(fd);
	return ret ?: call_ioas(w);
}

static int bind_noiommu(struct world *w)
{
	struct mock dev;
	int ret = mock__device(&dev, w->m.fd, w->id[0], MOCK_FLAGS_DEVICE_NO_IOMMU);

	w->id[1] = dev.obj;
	return ret;
}

static int unbind_noiommu(struct world *w)
{
	int ret = iommu__destroy(w->m.fd, w->id[1]);

	w->id[1] = ret ? w->id[1] : 0;
	return ret;
}

static int setup_pa(struct world *w)
{
	return setup_noiommu(w) ?: bind_noiommu(w) ?: map_detached(w);
}

static int call_pa(struct world *w)
{
	struct iommu_ioas_noiommu_get_pa cmd = {
		.size = sizeof(cmd),
		.ioas_id = w->id[0],
		.iova = FREE,
		.length = P,
	};

	return iommu__ioctl(w->m.fd, IOMMU_IOAS_NOIOMMU_GET_PA, &cmd);
}

const struct step space_steps[] = {
	{ "IOAS", NULL, call_ioas, undo_object, 0 },
	{ "IOAS with memory is destroyed", setup_full, destroy_full, setup_full,
	  FREES | UNDO_ONCE },
	{ "map scattered pages", NULL, map_small, unmap_free, 0 },
	{ "map, charged to the process", NULL, map_small, unmap_free, CHARGES_PROCESS },
	{ "map a huge page", NULL, map_huge, unmap_huge, 0 },
	{ "map anywhere", NULL, map_anywhere, unmap_anywhere, 0 },
	{ "map for three page tables", setup_tables, map_small, unmap_free, 0 },
	{ "map without a page table", call_ioas, map_detached, unmap_detached, 0 },
	{ "map a file", NULL, map_file, unmap_free, 0 },
	{ "map a dma-buf", NULL, map_dmabuf, unmap_free, 0 },
	{ "copy pinned pages", call_ioas, copy_pinned, unmap_detached, 0 },
	{ "copy pages to be pinned", setup_full, copy_unpinned, unmap_free, 0 },
	{ "unmap all", setup_areas, unmap_all, map_all, FREES | UNDO_ONCE },
	{ "usable ranges", NULL, call_ranges, NULL, 0 },
	{ "allow ranges", NULL, allow, allow_all, 0 },
	{ "no huge pages", call_ioas, huge_off, huge_on, 0 },
	{ "mode of the limit", open_other, rlimit_mode_on, rlimit_mode_off, 0 },
	{ "change the process", setup_change, change, change_back, UNDO_ONCE },
	{ "device without an IOMMU", setup_noiommu, bind_noiommu, unbind_noiommu, NAMES_DEVICE },
	{ "physical address", setup_pa, call_pa, NULL, 0 },
	{},
};

const struct step buffer_steps[] = {
	{ "map with small buffers", setup_buffers, map_small, unmap_free, 0 },
	{ "copy with small buffers", setup_full, copy_unpinned, unmap_free, 0 },
	{},
};
