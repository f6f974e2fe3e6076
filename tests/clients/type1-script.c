// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps and unmaps through the kernel's own VFIO type1, /dev/vfio/vfio, of which every call is
 * known: 23 maps, 7 unmaps, and two calls that fail.
 *
 *	type1-script BDF
 *
 * BDF is bound to vfio-pci. A line for each call on stdout, with the keys of iosnoop's JSON:
 *
 *	event=type1-map iova=0x1000 length_bytes=4096 user_va=0x7f00 flags=0x3 ret=0
 *	event=type1-unmap iova=0x1000 length_bytes=4096 unmapped_bytes=4096 flags=0x0 ret=0
 *
 * Exits with 0 when every call had the result it should have, else 1; 2 for usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/vfio-type1.h"

#define BASE 0x10000000ull
#define STEP 0x100000ull
#define MAPS 23
#define UNMAPS 7

static int container;
static unsigned int wrong;

static void map(const char *va, unsigned int pages, uint32_t flags, uint64_t iova, int want)
{
	int ret = type1__map(container, va, pages * MEM_PAGE, flags, iova);

	printf("event=type1-map iova=0x%" PRIx64 " length_bytes=%lu user_va=0x%" PRIxPTR
	       " flags=0x%x ret=%d\n",
	       iova, pages * MEM_PAGE, (uintptr_t)va, flags, ret);
	wrong += ret != want;
}

static void unmap(uint64_t iova, unsigned int pages, int want)
{
	uint64_t size = pages * MEM_PAGE;
	int ret = type1__unmap(container, iova, &size, 0);

	printf("event=type1-unmap iova=0x%" PRIx64 " length_bytes=%lu unmapped_bytes=%" PRIu64
	       " flags=0x0 ret=%d\n",
	       iova, pages * MEM_PAGE, ret ? 0 : size, ret);
	wrong += ret != want;
}

static int open_container(const char *bdf)
{
	int group = group__open(bdf);

	if (group < 0)
		return group;
	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (container < 0)
		return -errno;
	return group__set_container(group, container) ?:
		       iommu__ioctl(container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU);
}

int main(int argc, char **argv)
{
	unsigned int i;
	char *mem;
	int ret;

	if (argc != 2) {
		fprintf(stderr, "usage: type1-script BDF\n");
		return 2;
	}
	ret = open_container(argv[1]);
	mem = mem__small(64 * MEM_PAGE);
	if (ret || !mem) {
		fprintf(stderr, "type1-script: %s\n", strerror(ret ? -ret : ENOMEM));
		return 1;
	}
	for (i = 0; i < MAPS; i++)
		map(mem + i * MEM_PAGE, 1 + i, 1 + i % 3, BASE + i * STEP, 0);
	for (i = 0; i < UNMAPS; i++)
		unmap(BASE + 2 * i * STEP, 1 + 2 * i, 0);
	map(mem, 1, TYPE1_RW, BASE + STEP, -EEXIST);
	/* Half of a mapping. */
	unmap(BASE + 3 * STEP, 1, -EINVAL);
	return wrong ? 1 : 0;
}
