// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cutting areas (type1) that are not plain: memory of a memfd, a dma-buf, areas with pins of an
 * in-kernel access. All on the software IOMMU.
 *
 * vm: --mock
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../kernel/mock/iommufd_mock_uapi.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"
#include "../lib/vfio-type1.h"
#include <linux/iommufd_new.h>

#define P MEM_PAGE
#define BASE ((uint64_t)MOCK_APERTURE_START)

static int fd;
static uint32_t ioas, hwpt;
static char *mem;

static int test_cmd(struct iommu_test_cmd *cmd)
{
	cmd->size = sizeof(*cmd);
	return iommu__ioctl(fd, IOMMU_TEST_CMD, cmd);
}

/* Result of a command that returns a file descriptor. */
static int test_fd(struct iommu_test_cmd *cmd)
{
	int ret;

	cmd->size = sizeof(*cmd);
	ret = ioctl(fd, IOMMU_TEST_CMD, cmd);
	return ret < 0 ? -errno : ret;
}

static bool open_all(void)
{
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_MOCK_DOMAIN };
	int ret;

	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	cmd.id = ioas;
	ret = test_cmd(&cmd);
	hwpt = cmd.mock_domain.out_hwpt_id;
	if (!ret)
		ret = compat__ioas(fd, IOMMU_VFIO_IOAS_SET, &ioas);
	if (!ret)
		ret = iommu__ioctl(fd, VFIO_SET_IOMMU, (void *)VFIO_TYPE1_IOMMU);
	return tap__err(ret, 0, "a context with type1");
}

/* Whether the page table holds the user memory there. */
static int holds(uint64_t iova, const void *va, uint64_t length)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MD_CHECK_MAP,
		.id = hwpt,
		.check_map = { .iova = iova, .length = length, .uptr = (uintptr_t)va },
	};

	return test_cmd(&cmd);
}

static int map_file(int file, uint64_t start, uint64_t length, uint64_t iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOAS_RW | IOAS_FIXED,
		.ioas_id = ioas,
		.fd = file,
		.start = start,
		.length = length,
		.iova = iova,
	};

	return iommu__ioctl(fd, IOMMU_IOAS_MAP_FILE, &cmd);
}

static void test_memfd(void)
{
	int file = memfd_create("type1", MFD_CLOEXEC);
	char *view;

	if (ftruncate(file, 16 * P))
		tap__ok(false, "memfd: size");
	view = mmap(NULL, 16 * P, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	memset(view, 1, 16 * P);
	tap__err(map_file(file, P, 12 * P, BASE), 0, "memfd: map");
	tap__is(mem__pinned(12), 12, "memfd: pinned");
	tap__err(type1__unmap_at(fd, BASE + 3 * P, 2 * P), 0, "memfd: unmap in the middle");
	tap__is(mem__pinned(10), 10, "memfd: as much less is pinned");
	tap__err(holds(BASE, view + P, 3 * P), 0, "memfd: the pages below are there");
	tap__err(holds(BASE + 5 * P, view + 6 * P, 7 * P), 0, "memfd: the pages above as well");
	tap__err(type1__unmap_at(fd, BASE, 3 * P), 0, "memfd: unmap the pages below");
	tap__err(holds(BASE + 5 * P, view + 6 * P, 7 * P), 0, "memfd: the pages above are there");
	tap__err(type1__unmap_at(fd, BASE, 12 * P), 0, "memfd: unmap the rest");
	tap__is(mem__pinned(0), 0, "memfd: nothing is pinned");
	munmap(view, 16 * P);
	close(file);
}

static void test_dmabuf(void)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_DMABUF_GET,
		.dmabuf_get = { .length = 8 * P, .open_flags = O_CLOEXEC },
	};
	int buf = test_fd(&cmd);
	uint64_t size;

	if (!tap__ok(buf >= 0, "dma-buf: get one (%d)", buf))
		return;
	tap__err(map_file(buf, 0, 8 * P, BASE), 0, "dma-buf: map");
	tap__err(type1__map(fd, mem, 4 * P, TYPE1_RW, BASE + 8 * P), 0, "dma-buf: memory after it");
	size = 2 * P;
	tap__err(type1__unmap(fd, BASE + 3 * P, &size, 0), -EOPNOTSUPP, "dma-buf: is not cut");
	tap__is(size, 2 * P, "dma-buf: the size is left alone");
	size = 6 * P;
	tap__err(type1__unmap(fd, BASE + 4 * P, &size, 0), -EOPNOTSUPP,
		 "dma-buf: nor together with other memory");
	tap__err(type1__unmap_at(fd, BASE + 8 * P, 4 * P), 0, "dma-buf: which is still one");
	tap__err(type1__unmap_at(fd, BASE, 8 * P), 0, "dma-buf: unmap all of it");
	close(buf);
}

static void test_pins(void)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = ioas,
		.create_access.flags = MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES,
	};
	uint64_t size = 8 * P;
	int access;

	tap__err(test_cmd(&cmd), 0, "pins: make an access");
	access = cmd.create_access.out_access_fd;
	tap__err(type1__map(fd, mem, 8 * P, TYPE1_RW, BASE), 0, "pins: map");
	cmd = (struct iommu_test_cmd){
		.op = IOMMU_TEST_OP_ACCESS_PAGES,
		.id = access,
		.access_pages = { .iova = BASE + 2 * P,
				  .length = 3 * P,
				  .uptr = (uintptr_t)mem + 2 * P },
	};
	tap__err(test_cmd(&cmd), 0, "pins: pin three pages");
	tap__err(type1__unmap_at(fd, BASE + 6 * P, P), -EINVAL, "pins: the area is not cut");
	tap__err(type1__unmap(fd, BASE, &size, 0), 0, "pins: all of it is unmapped");
	tap__is(size, 8 * P, "pins: the access has let go");
	tap__is(mem__pinned(0), 0, "pins: nothing is pinned");
	tap__err(type1__map(fd, mem, 8 * P, TYPE1_RW, BASE), 0, "pins: map");
	tap__err(type1__unmap_at(fd, BASE + 6 * P, P), 0, "pins: cut it");
	/* A pin over two areas that were one. */
	tap__err(type1__map(fd, mem + 6 * P, P, TYPE1_RW, BASE + 6 * P), 0, "pins: fill the hole");
	cmd.access_pages.iova = BASE + 5 * P;
	cmd.access_pages.uptr = (uintptr_t)mem + 5 * P;
	tap__err(test_cmd(&cmd), 0, "pins: pin across three areas");
	tap__is(mem__pinned(8), 8, "pins: each page once");
	close(access);
	tap__err(type1__unmap_at(fd, BASE, 8 * P), 0, "pins: unmap");
	tap__is(mem__pinned(0), 0, "pins: nothing is pinned");
}

int main(void)
{
	tap__start();
	mem = mem__small(16 * P);
	if (!open_all())
		return tap__done();
	test_memfd();
	test_dmabuf();
	test_pins();
	close(fd);
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}
