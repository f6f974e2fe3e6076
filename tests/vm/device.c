// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices: bind, attach, replace, detach, checked with DMA. The edu device is alone in its IOMMU
 * group; two more behind a conventional PCI bridge share a group, if the machine has them.
 *
 * Each page that DMA may reach is filled with a seed of its own, so that load() and lands() find
 * out which page the device has read or written.
 *
 * vm: --qemu '-device pcie-pci-bridge,id=shared'
 * vm: --qemu '-device edu,bus=shared,addr=1,dma_mask=0xffffffff'
 * vm: --qemu '-device edu,bus=shared,addr=2,dma_mask=0xffffffff'
 * takes: 16
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define IOVA 0x100000ull
#define LEN 1024
#define PAGES 8
#define DEAD 0xdeadu  /* the seed of nothing */

static int fd;
static char *mem;  /* page n is filled with seed n */
static char bdf[16];

static void fill(void)
{
	for (int i = 0; i < PAGES; i++)
		mem__fill(mem + i * P, P, i);
}

/* The number of pages that are not as fill() made them. */
static int damaged(void)
{
	int n = 0;

	for (int i = 0; i < PAGES; i++)
		n += mem__check(mem + i * P, P, i) >= 0;
	return n;
}

/* Loads the device with page n by a mapping made for that in the IOAS, which is attached. */
static int load(struct edu *edu, uint32_t ioas, unsigned int n)
{
	uint64_t iova;
	int ret = ioas__map(fd, ioas, mem + n * P, P, IOAS_R, &iova);

	if (!ret)
		ret = edu__read(edu, iova, 0, LEN);
	if (!ret)
		ret = ioas__unmap_at(fd, ioas, iova, P);
	return ret;
}

/* Let the device write to IOVA; return whether page n has seed want now, and restore it. */
static bool lands(struct edu *edu, unsigned int n, unsigned int want)
{
	bool hit;

	if (edu__write(edu, IOVA, 0, LEN))
		return false;
	hit = mem__check(mem + n * P, LEN, want) < 0;
	mem__fill(mem + n * P, P, n);
	return hit && !damaged();
}

/* Let the device write to IOVA; return whether that reached nothing. */
static bool stopped(struct edu *edu)
{
	return !edu__write(edu, IOVA, 0, LEN) && !damaged();
}

static void test_bind(void)
{
	struct vfio_dev dev, again;
	int other = iommu__open(), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	uint32_t ioas;

	tap__err(vfio__open(&dev, bdf), 0, "open the device");
	tap__err(vfio__bind(&dev, -1), -EINVAL, "bind: no file");
	tap__err(vfio__bind(&dev, 1000), -EBADF, "bind: a file that is not open");
	tap__err(vfio__bind(&dev, null), -EBADFD, "bind: another kind of file");
	tap__err(vfio__attach_ioas(&dev, 1), -EINVAL, "attach before bind");
	tap__err(vfio__bind(&dev, fd), 0, "bind");
	tap__err(vfio__bind(&dev, fd), -EINVAL, "bind twice");
	tap__err(vfio__bind(&dev, other), -EINVAL, "bind to another context");
	tap__err(vfio__open(&again, bdf), 0, "open the device again");
	tap__err(vfio__bind(&again, other), -EINVAL, "bind the second file");
	vfio__close(&again);
	tap__err(vfio__attach_ioas(&dev, 0), -ENOENT, "attach: id 0");
	tap__err(vfio__attach_ioas(&dev, UINT32_MAX), -ENOENT, "attach: dead id");
	tap__err(vfio__attach_ioas(&dev, dev.id), -EINVAL, "attach: to itself");
	ioas__alloc(other, &ioas);
	while (ioas <= dev.id)
		ioas__alloc(other, &ioas);
	tap__err(vfio__attach_ioas(&dev, ioas), -ENOENT, "attach: an IOAS of another context");
	tap__err(vfio__detach(&dev), 0, "detach when nothing is attached");
	tap__err(iommu__destroy(fd, dev.id), -EBUSY, "destroy the device");
	vfio__close(&dev);
	tap__err(iommu__destroy(fd, dev.id), -ENOENT, "closing the device took its object");
	tap__err(vfio__open(&dev, bdf), 0, "open the device");
	tap__err(vfio__bind(&dev, other), 0, "bind to another context");
	vfio__close(&dev);
	close(other);
	close(null);
}

static void test_attach(struct edu *edu, uint32_t a, uint32_t b)
{
	uint32_t hwpt_a = a, hwpt_b = b, again = a;

	ioas__map_at(fd, a, mem + P, P, IOVA);
	ioas__map_at(fd, b, mem + 2 * P, P, IOVA);
	tap__is(mem__pinned(0), 0, "nothing is pinned before the attach");
	tap__err(vfio__attach(&edu->dev, &hwpt_a), 0, "attach");
	tap__is(mem__pinned(1), 1, "one page is pinned");
	tap__ok(hwpt_a != a && hwpt_a != b, "returns the id of a new page table");
	tap__err(edu__start(edu), 0, "start the device");
	tap__err(load(edu, a, 5), 0, "load it");
	tap__ok(lands(edu, 1, 5), "DMA reaches memory that was mapped before the attach");

	tap__err(vfio__attach(&edu->dev, &again), 0, "attach again to the same IOAS");
	tap__is(again, hwpt_a, "gives the same page table");
	tap__ok(lands(edu, 1, 5), "DMA lands where it did");
	again = hwpt_a;
	tap__err(vfio__attach(&edu->dev, &again), 0, "attach to the page table itself");
	tap__is(again, hwpt_a, "gives the same");

	tap__err(vfio__attach(&edu->dev, &hwpt_b), 0, "attach to another IOAS: replace");
	tap__ok(hwpt_b != b, "gives a page table");
	tap__ok(lands(edu, 2, 5), "DMA lands in the new IOAS");
	tap__is(mem__pinned(1), 1, "one page is pinned");
	tap__err(iommu__destroy(fd, hwpt_a), -ENOENT, "the old page table is gone");
	tap__err(vfio__attach_ioas(&edu->dev, UINT32_MAX), -ENOENT, "replace by a dead id");
	tap__err(vfio__attach_ioas(&edu->dev, edu->dev.id), -EINVAL, "replace by a device");
	tap__ok(lands(edu, 2, 5), "DMA lands where it did");

	tap__err(ioas__unmap_at(fd, b, IOVA, P), 0, "unmap under the device");
	tap__ok(stopped(edu), "DMA is stopped");
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	tap__err(ioas__map_at(fd, b, mem + 3 * P, P, IOVA), 0, "map another page there");
	tap__ok(lands(edu, 3, 5), "DMA lands in it");
}

static void test_detach(struct edu *edu, uint32_t a, uint32_t b)
{
	tap__err(vfio__detach(&edu->dev), 0, "detach");
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	tap__ok(stopped(edu), "DMA is stopped");
	tap__err(vfio__detach(&edu->dev), 0, "detach again");
	tap__err(iommu__destroy(fd, b), 0, "destroy the IOAS");
	tap__err(vfio__attach_ioas(&edu->dev, b), -ENOENT, "attach to it");
	tap__err(vfio__attach_ioas(&edu->dev, a), 0, "attach to the first IOAS");
	tap__ok(lands(edu, 1, 5), "DMA lands in it");
	tap__err(iommu__destroy(fd, a), -EBUSY, "destroy it under the device");
	tap__ok(lands(edu, 1, 5), "DMA lands where it did");
}

/* A replace that cannot be made leaves everything as it was. */
static void test_replace_refused(struct edu *edu, uint32_t a)
{
	char *absent = mem__absent(P);
	uint32_t bad;

	ioas__alloc(fd, &bad);
	ioas__map_at(fd, bad, mem + 4 * P, P, IOVA);
	ioas__map_at(fd, bad, absent, P, IOVA + P);
	tap__err(vfio__attach_ioas(&edu->dev, bad), -EFAULT, "replace: memory is not there");
	tap__ok(lands(edu, 1, 5), "DMA lands where it did");
	tap__is(mem__pinned(1), 1, "one page is pinned");
	tap__err(ioas__unmap_at(fd, bad, IOVA + P, P), 0, "unmap the absent page");
	tap__err(ioas__map_at(fd, bad, mem, P, 0xfee00000), 0, "map the MSI window");
	tap__err(vfio__attach_ioas(&edu->dev, bad), -EADDRINUSE, "replace: window is in use");
	tap__ok(lands(edu, 1, 5), "DMA lands where it did");
	tap__err(ioas__map_at(fd, a, mem, P, 0xfee00000), -EINVAL, "its regions are in force");
	tap__err(ioas__unmap_at(fd, bad, 0xfee00000, P), 0, "unmap the window");
	tap__err(vfio__attach_ioas(&edu->dev, bad), 0, "replace: now it goes");
	tap__ok(lands(edu, 4, 5), "DMA lands in it");
	tap__err(ioas__map_at(fd, a, mem, P, 0xfee00000), 0, "the old IOAS is free of regions");
	ioas__unmap_at(fd, a, 0xfee00000, P);
	tap__err(vfio__attach_ioas(&edu->dev, a), 0, "replace back");
	tap__err(iommu__destroy(fd, bad), 0, "destroy the other IOAS");
	mem__free(absent, P);
}

/* Copies reach the same memory, at any place, for as long as they are there. */
static void test_copies(struct edu *edu, uint32_t a)
{
	uint64_t iova = IOVA;
	uint32_t src;

	ioas__unmap_at(fd, a, IOVA, P);
	ioas__alloc(fd, &src);
	ioas__map_at(fd, src, mem, PAGES * P, 0);
	tap__err(ioas__copy(fd, a, src, 6 * P, P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "copy the sixth page of an IOAS without a device");
	tap__is(mem__pinned(1), 1, "one page is pinned");
	tap__ok(lands(edu, 6, 5), "DMA lands in that page");
	tap__err(iommu__destroy(fd, src), 0, "destroy the IOAS it was copied from");
	tap__ok(lands(edu, 6, 5), "DMA lands where it did");
	tap__err(ioas__unmap_at(fd, a, IOVA, P), 0, "unmap the copy");
	tap__ok(stopped(edu), "DMA is stopped");
	tap__is(mem__pinned(0), 0, "nothing is pinned");

	ioas__map_at(fd, a, mem, PAGES * P, 8 * IOVA);
	iova = IOVA;
	tap__err(ioas__copy(fd, a, a, 8 * IOVA + 7 * P, P, IOAS_R | IOAS_FIXED, &iova), 0,
		 "readable copy of a writable page");
	tap__ok(stopped(edu), "DMA to it is stopped");
	tap__err(ioas__unmap_at(fd, a, 8 * IOVA, PAGES * P), 0, "unmap the original");
	tap__is(mem__pinned(1), 1, "one page is pinned");
	tap__err(edu__read(edu, IOVA, 0, LEN), 0, "DMA from it");
	tap__err(ioas__unmap_at(fd, a, IOVA, P), 0, "unmap it");
	ioas__map_at(fd, a, mem + P, P, IOVA);
	tap__ok(lands(edu, 1, 7), "had the right data");
}

/* The length of the copy counts, not that of the mapping that it is taken from. */
static void test_part_of_vast(struct edu *edu, uint32_t a)
{
	uint64_t iova = 4 * IOVA;
	uint32_t src, dst;

	ioas__alloc(fd, &src);
	ioas__alloc(fd, &dst);
	tap__err(ioas__map_at(fd, src, mem, 1ull << 60, 0), 0, "map far more than there is");
	tap__err(ioas__copy(fd, dst, src, 2 * P, P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "copy a page of it to an IOAS without a device");
	iova = IOVA;
	ioas__copy(fd, dst, src, 5 * P, P, IOAS_RW | IOAS_FIXED, &iova);
	tap__err(vfio__attach_ioas(&edu->dev, dst), 0, "attach the device to that");
	tap__is(mem__pinned(2), 2, "two pages are pinned");
	tap__ok(lands(edu, 5, 7), "DMA lands in the page");
	tap__err(ioas__copy(fd, a, src, 6 * P, 4 * P, IOAS_RW, &iova), 0,
		 "copy four pages of it, no device");
	tap__err(vfio__attach_ioas(&edu->dev, a), -EFAULT, "of which two are not there");
	ioas__unmap_at(fd, a, iova, 4 * P);
	tap__is(mem__pinned(2), 2, "two pages are pinned");
	tap__err(vfio__attach_ioas(&edu->dev, a), 0, "attach to the first IOAS");
	tap__err(iommu__destroy(fd, src) | iommu__destroy(fd, dst), 0, "destroy the others");
}

/* Huge pages and scattered ones: the last page of each has to be where it belongs. */
static void test_kinds(struct edu *edu, uint32_t a)
{
	static const char *const names[] = { "small", "huge", "scattered", "odd part of huge" };
	size_t size = 2 * MEM_HUGE;

	for (int i = 0; i < 4; i++) {
		char *kind = i == 0 ? mem__small(size) :
			     i == 2 ? mem__scattered(size) :
				      mem__huge(size);
		size_t head = i == 3 ? 3 * P : 0, bad = 0;
		static const size_t probes[] = { 0, 5 * P, MEM_HUGE - P, MEM_HUGE };

		mem__fill(kind, size, 1000 + i);
		tap__err(ioas__map_at(fd, a, kind + head, size - head, MEM_HUGE * 16), 0,
			 "map %s memory", names[i]);
		for (int j = 0; j < 4; j++) {
			uint64_t *at = (uint64_t *)(kind + head + probes[j]);

			bad += edu__read(edu, MEM_HUGE * 16 + probes[j], 0, LEN) != 0;
			bad += edu__write(edu, IOVA, 0, LEN) != 0;
			bad += memcmp(mem + P, at, LEN) != 0;
		}
		tap__is(bad, 0, "DMA from four places in it");
		tap__is(mem__pinned((size - head) / P + 1), (size - head) / P + 1,
			"as many pages are pinned");
		tap__err(ioas__unmap_at(fd, a, MEM_HUGE * 16, size - head), 0, "unmap it");
		mem__free(kind, size);
		mem__fill(mem + P, P, 1);
	}
	tap__is(mem__pinned(1), 1, "one page is pinned");
}

static void test_group(void)
{
	struct edu first, second;
	char one[16], two[16];
	uint32_t a, b, hwpt_one, hwpt_two;
	int other;

	if (pci__find(EDU_VENDOR, EDU_DEVICE, 1, one) ||
	    pci__find(EDU_VENDOR, EDU_DEVICE, 2, two) || pci__group(one) != pci__group(two) ||
	    pci__bind(one)) {
		tap__skip("no two edu devices in one group", "devices that share a group");
		return;
	}
	ioas__alloc(fd, &a);
	ioas__alloc(fd, &b);
	ioas__map_at(fd, a, mem + P, P, IOVA);
	ioas__map_at(fd, b, mem + 2 * P, P, IOVA);
	tap__err(pci__bind(two), 0, "group: the other device goes to vfio-pci as well");
	tap__err(edu__open(&first, one, fd), 0, "group: bind the first");
	other = iommu__open();
	tap__err(edu__open(&second, two, other), -EPERM, "group: the second elsewhere");
	close(other);
	tap__err(edu__open(&second, two, fd), 0, "group: bind the second");
	hwpt_one = a;
	tap__err(vfio__attach(&first.dev, &hwpt_one), 0, "group: attach the first");
	tap__err(vfio__attach_ioas(&second.dev, b), -EINVAL, "group: the second to another IOAS");
	hwpt_two = a;
	tap__err(vfio__attach(&second.dev, &hwpt_two), 0, "group: to the same");
	tap__is(hwpt_two, hwpt_one, "group: one page table");
	tap__is(mem__pinned(1), 1, "group: one page pinned");
	tap__err(edu__start(&first) | edu__start(&second), 0, "group: start both");
	tap__err(load(&first, a, 5), 0, "group: load the first");
	tap__err(load(&second, a, 6), 0, "group: load the second");
	tap__ok(lands(&first, 1, 5), "group: DMA of the first lands");
	tap__ok(lands(&second, 1, 6), "group: DMA of the second lands");

	tap__err(vfio__attach_ioas(&first.dev, b), 0, "group: replace by the first");
	tap__ok(lands(&first, 2, 5), "group: DMA of the first lands in the new IOAS");
	tap__ok(lands(&second, 2, 6), "group: DMA of the second lands there, too");
	tap__err(vfio__detach(&first.dev), 0, "group: detach the first");
	tap__ok(lands(&second, 2, 6), "group: DMA of the second still lands");
	tap__err(vfio__attach_ioas(&first.dev, a), -EINVAL, "group: the first to another IOAS");
	tap__err(vfio__attach_ioas(&first.dev, b), 0, "group: the first to the same");
	tap__err(vfio__detach(&second.dev), 0, "group: detach the second");
	edu__close(&first);
	tap__ok(stopped(&second), "group: DMA is stopped with no device attached");
	tap__is(mem__pinned(0), 0, "group: nothing is pinned");
	edu__close(&second);
	tap__err(iommu__destroy(fd, a), 0, "group: destroy the IOASes");
	tap__err(iommu__destroy(fd, b), 0, "group: both");
}

int main(void)
{
	struct edu edu;
	uint32_t a, b;
	int ret;

	tap__start();
	ret = pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf);
	if (!ret)
		ret = pci__bind(bdf);
	if (ret)
		return tap__skip_all("no edu device: %s", strerror(-ret));
	fd = iommu__open();
	if (fd < 0)
		return tap__bail("/dev/iommu: %s", strerror(-fd));
	/* Nothing lies behind the pages. */
	mem = mem__small((PAGES + 1) * P);
	mprotect(mem + PAGES * P, P, PROT_NONE);
	fill();
	test_bind();
	ioas__alloc(fd, &a);
	ioas__alloc(fd, &b);
	tap__err(edu__open(&edu, bdf, fd), 0, "bind the edu device");
	test_attach(&edu, a, b);
	test_detach(&edu, a, b);
	test_replace_refused(&edu, a);
	test_copies(&edu, a);
	test_part_of_vast(&edu, a);
	test_kinds(&edu, a);
	edu__close(&edu);
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	test_group();
	close(fd);
	return tap__done();
}
