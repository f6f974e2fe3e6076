// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of a mediated device in a container of the kernel's own VFIO, and its dirty tracking, of
 * which every call and every dirty page is known. The device is that of vfio_pinner.ko, which must
 * be loaded.
 *
 *	mediated-script [--bdf BDF] [--full] [--hold]
 *
 * --bdf adds the group of a device that is bound to vfio-pci, so that maps pin all memory and all
 * of it counts as dirty. --full maps until the container has no room for more maps. --hold starts
 * dirty tracking, pins once more, and waits for a line on stdin, after it has printed
 * "held pid=P areas=N bytes=N mediated=N left=N".
 *
 * A line for each call on stdout, with the keys of iosnoop's JSON:
 *
 *	event=type1-pin iova=0x1000 length_bytes=4096 flags=0x3 ret=0 pages=1
 *	event=type1-unpin iova=0x1000 length_bytes=4096
 *	event=type1-rw iova=0x1000 length_bytes=8 flags=0x2 ret=0
 *	event=type1-dirty iova=0x1000 length_bytes=8192 page_size_bytes=4096 flags=0x4 dirty=1 ret=0
 *	event=type1-map iova=0x1000 length_bytes=4096 user_va=0x7f00 flags=0x3 ret=0 pages=0
 *	event=type1-unmap iova=0x1000 length_bytes=4096 unmapped_bytes=4096 flags=0x0 ret=0
 *
 * Exits with 0 when every call had the result it should have, else 1; 2 for usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/vfio-type1.h"
#include "../modules/vfio_pinner.h"

#define P MEM_PAGE
#define BASE 0x10000000ull
#define STEP 0x100000ull
#define MAPS 7
#define PAGES 37 /* of each */
#define GROUP "/sys/devices/platform/vfio_pinner/iommu_group"
#define LIMIT 65535 /* default of dma_entry_limit */
#define BITMAP_WORDS ((MAPS * STEP / P + 63) / 64)

static int container;
static struct vfio_dev dev;
static bool is_pinned; /* by maps */
static unsigned int wrong, areas, pinned; /* pinned: pages, by the device */
static uint64_t bitmap[BITMAP_WORDS];

static void expect(int ret, int want)
{
	if (ret == want)
		return;
	fprintf(stderr, "mediated-script: got %d, not %d\n", ret, want);
	wrong++;
}

static uint64_t at(unsigned int map, unsigned int page)
{
	return BASE + map * STEP + page * P;
}

static void map(const char *mem, unsigned int nr, uint32_t flags, int want)
{
	int ret = type1__map(container, mem, PAGES * P, flags, at(nr, 0));

	printf("event=type1-map iova=0x%" PRIx64 " length_bytes=%lu user_va=0x%" PRIxPTR
	       " flags=0x%x ret=%d pages=%u\n",
	       at(nr, 0), PAGES * P, (uintptr_t)mem, flags, ret, is_pinned && !ret ? PAGES : 0);
	areas += !ret;
	expect(ret, want);
}

static int call(uint32_t op, uint64_t iova, unsigned int length)
{
	const struct pinner_call call = { .op = op, .length = length, .iova = iova };

	return write(dev.fd, &call, sizeof(call)) == sizeof(call) ? 0 : -errno;
}

static void pin(uint64_t iova, unsigned int pages, int want)
{
	int ret = call(PINNER_PIN, iova, pages * P);

	printf("event=type1-pin iova=0x%" PRIx64 " length_bytes=%lu flags=0x3 ret=%d pages=%u\n",
	       iova, pages * P, ret, ret ? 0 : pages);
	pinned += ret ? 0 : pages;
	expect(ret, want);
}

static void unpinned(uint64_t iova, unsigned int pages)
{
	printf("event=type1-unpin iova=0x%" PRIx64 " length_bytes=%lu\n", iova, pages * P);
	pinned -= pages;
}

static void unpin(uint64_t iova, unsigned int pages)
{
	expect(call(PINNER_UNPIN, iova, pages * P), 0);
	unpinned(iova, pages);
}

/* The pages of the map were pinned at this address; the device gives them back meanwhile. */
static void unmap(unsigned int nr, uint64_t iova, unsigned int pages)
{
	expect(type1__unmap_at(container, at(nr, 0), PAGES * P), 0);
	unpinned(iova, pages);
	printf("event=type1-unmap iova=0x%" PRIx64 " length_bytes=%lu unmapped_bytes=%lu "
	       "flags=0x0 ret=0\n",
	       at(nr, 0), PAGES * P, PAGES * P);
	areas--;
}

static void rw(uint32_t op, uint64_t iova, unsigned int length, int want)
{
	int ret = call(op, iova, length);

	printf("event=type1-rw iova=0x%" PRIx64 " length_bytes=%u flags=0x%x ret=%d\n", iova,
	       length, op == PINNER_WRITE ? 2 : 1, ret);
	expect(ret, want);
}

static void track(uint32_t flag, int want)
{
	struct vfio_iommu_type1_dirty_bitmap cmd = { .argsz = sizeof(cmd), .flags = flag };
	int ret = iommu__ioctl(container, VFIO_IOMMU_DIRTY_PAGES, &cmd);

	printf("event=type1-dirty iova=0x0 length_bytes=0 page_size_bytes=0 flags=0x%x dirty=null "
	       "ret=%d\n",
	       flag, ret);
	expect(ret, want);
}

static void get_dirty(unsigned int want_pages, int want)
{
	struct {
		struct vfio_iommu_type1_dirty_bitmap head;
		struct vfio_iommu_type1_dirty_bitmap_get get;
	} cmd = {
		.head = {
			.argsz = sizeof(cmd),
			.flags = VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP,
		},
		.get = {
			.iova = BASE,
			.size = MAPS * STEP,
			.bitmap = { .pgsize = P, .size = sizeof(bitmap), .data = (void *)bitmap },
		},
	};
	unsigned int dirty = 0, i;
	int ret;

	memset(bitmap, 0, sizeof(bitmap));
	ret = iommu__ioctl(container, VFIO_IOMMU_DIRTY_PAGES, &cmd);
	for (i = 0; i < BITMAP_WORDS; i++)
		dirty += __builtin_popcountll(bitmap[i]);
	printf("event=type1-dirty iova=0x%llx length_bytes=%llu page_size_bytes=%lu flags=0x4 ",
	       BASE, MAPS * STEP, P);
	if (ret)
		printf("dirty=null ret=%d\n", ret);
	else
		printf("dirty=%u ret=0\n", dirty);
	expect(ret, want);
	if (!want)
		expect(dirty, is_pinned ? areas * PAGES : want_pages);
}

static int add_group(const char *path)
{
	int group = open(path, O_RDWR | O_CLOEXEC);

	return group < 0 ? -errno : group__set_container(group, container) ?: group;
}

static int open_all(const char *bdf)
{
	char link[256], path[300];
	ssize_t len = readlink(GROUP, link, sizeof(link) - 1);
	int group, ret, nr;

	if (len < 0)
		return -errno;
	link[len] = '\0';
	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (container < 0)
		return -errno;
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(link, '/') + 1);
	group = add_group(path);
	if (group < 0)
		return group;
	ret = iommu__ioctl(container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU);
	if (!ret && bdf) {
		nr = pci__group(bdf);
		snprintf(path, sizeof(path), "/dev/vfio/%d", nr);
		ret = nr < 0 ? nr : add_group(path);
		ret = ret < 0 ? ret : 0;
	}
	return ret ?: group__device(group, "vfio_pinner", &dev);
}

static void run_script(const char *mem)
{
	unsigned int i;

	for (i = 0; i < MAPS; i++)
		map(mem + i * PAGES * P, i, i == 5 ? TYPE1_R : TYPE1_RW, 0);
	for (i = 0; i < 5; i++)
		pin(at(i, i), 3 + i, 0);
	pin(at(0, PAGES), 1, -EINVAL); /* behind a map */
	pin(at(5, 0), 2, -EPERM);
	unpin(at(1, 1), 4);
	unpin(at(3, 3), 6);

	/* 3, 5 and 7 pages are pinned. */
	get_dirty(0, -EINVAL);
	track(VFIO_IOMMU_DIRTY_PAGES_FLAG_START, 0);
	pin(at(6, 30), 2, 0);
	get_dirty(3 + 5 + 7 + 2, 0);
	rw(PINNER_WRITE, at(1, 7) + P / 2, P, 0); /* two pages */
	rw(PINNER_WRITE, at(0, 1), 8, 0); /* pinned already */
	rw(PINNER_READ, at(1, 9), 24, 0); /* no page gets dirty */
	rw(PINNER_WRITE, at(5, 0), 8, -EPERM);
	get_dirty(3 + 5 + 7 + 2 + 2, 0);
	get_dirty(3 + 5 + 7 + 2, 0);
	unmap(6, at(6, 30), 2);
	get_dirty(3 + 5 + 7, 0);
	track(VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP, 0);
	get_dirty(0, -EINVAL);
}

static void fill(const char *mem)
{
	uint64_t iova = BASE + MAPS * STEP;
	int ret;

	do {
		ret = type1__map(container, mem, P, TYPE1_RW, iova);
		iova += P;
		areas += !ret;
	} while (!ret);
	expect(ret, -ENOSPC);
}

static void hold(void)
{
	char line[8];

	track(VFIO_IOMMU_DIRTY_PAGES_FLAG_START, 0);
	pin(at(4, 20), 11, 0);
	printf("held pid=%d areas=%u bytes=%lu mediated=%lu left=%u\n", getpid(), areas,
	       areas * PAGES * P, pinned * P, LIMIT - areas);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		wrong++;
}

/* The device gives back the other pages, in the order in which it pinned them. */
static void release(bool holds)
{
	close(dev.fd);
	unpinned(at(0, 0), 3);
	unpinned(at(2, 2), 5);
	unpinned(at(4, 4), 7);
	if (holds)
		unpinned(at(4, 20), 11);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bdf", required_argument, NULL, 'b' },
		{ "full", no_argument, NULL, 'f' },
		{ "hold", no_argument, NULL, 'h' },
		{},
	};
	bool holds = false, fills = false;
	const char *bdf = NULL;
	char *mem;
	int ret;

	while ((ret = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (ret == 'b') {
			bdf = optarg;
		} else if (ret == 'f') {
			fills = true;
		} else if (ret == 'h') {
			holds = true;
		} else {
			fprintf(stderr, "usage: mediated-script [--bdf BDF] [--full] [--hold]\n");
			return 2;
		}
	}
	is_pinned = bdf;
	mem = mem__small(MAPS * PAGES * P);
	ret = open_all(bdf);
	if (ret || !mem) {
		fprintf(stderr, "mediated-script: %s\n", strerror(ret ? -ret : ENOMEM));
		return 1;
	}
	run_script(mem);
	if (fills)
		fill(mem);
	if (holds)
		hold();
	release(holds);
	return wrong ? 1 : 0;
}
