// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where things may lie: IOVA_RANGES, ALLOW_IOVAS, the addresses that IOAS_MAP chooses by itself,
 * and the effect of a device's reserved regions on all of them.
 *
 * The choice of addresses is checked against a model of the rule: the lowest address that fits,
 * never below 4 KiB nor in the last page of the address space, inside the allowed ranges where
 * there are some, outside of reserved regions and of other maps. The alignment is the smallest
 * of: the length rounded up to a power of two; the alignment of the user address; 2 MiB.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define MSI_FIRST 0xfee00000ull
#define MSI_LAST 0xfeefffffull
#define MAX_TAKEN 512
#define MAX_RANGES 16
#define RANDOM_STEPS 1500

static int fd;
static uint32_t ioas;

/* The model: taken ranges (mapped or reserved), and allowed ranges; none means all. */
static struct {
	struct iommu_iova_range taken[MAX_TAKEN];
	unsigned int num_taken, num_reserved;
	struct iommu_iova_range allowed[MAX_RANGES];
	unsigned int num_allowed;
} model;

static uint64_t model_align(uint64_t va, uint64_t length)
{
	uint64_t align = 1;

	while (align < length)
		align <<= 1;
	if (va && (va & -va) < align)
		align = va & -va;
	return align < MEM_HUGE ? align : MEM_HUGE;
}

/* Lowest place in [first, last], or 0. */
static uint64_t model_in(uint64_t first, uint64_t last, uint64_t length, uint64_t align)
{
	uint64_t at = first;
	bool moved;

	do {
		moved = false;
		if (at > UINT64_MAX - align)
			return 0;
		at = (at + align - 1) & ~(align - 1);
		if (at > last || last - at < length - 1)
			return 0;
		for (unsigned int i = 0; i < model.num_taken; i++) {
			const struct iommu_iova_range *r = &model.taken[i];

			if (at <= r->last && at + length - 1 >= r->start) {
				if (r->last == UINT64_MAX)
					return 0;
				at = r->last + 1;
				moved = true;
			}
		}
	} while (moved);
	return at;
}

static uint64_t model_choose(uint64_t va, uint64_t length)
{
	uint64_t align = model_align(va, length), best = 0;

	if (!model.num_allowed)
		return model_in(P, UINT64_MAX - P, length, align);
	for (unsigned int i = 0; i < model.num_allowed; i++) {
		const struct iommu_iova_range *r = &model.allowed[i];
		uint64_t first = r->start < P ? P : r->start;
		uint64_t last = r->last > UINT64_MAX - P ? UINT64_MAX - P : r->last;
		uint64_t at = first > last ? 0 : model_in(first, last, length, align);

		if (at && (!best || at < best))
			best = at;
	}
	return best;
}

static void model_take(uint64_t iova, uint64_t length)
{
	model.taken[model.num_taken].start = iova;
	model.taken[model.num_taken++].last = iova + length - 1;
}

/* Any user address will do as long as nothing is attached. */
static int choose(uint64_t va, uint64_t length, uint64_t *iova)
{
	return ioas__map(fd, ioas, (void *)(uintptr_t)va, length, IOAS_RW, iova);
}

static void expect(uint64_t va, uint64_t length, uint64_t want, const char *name)
{
	uint64_t iova = 0;
	int ret = choose(va, length, &iova);

	if (ret)
		tap__err(ret, 0, "%s", name);
	else
		tap__hex(iova, want, "%s", name);
}

static void test_choice(void)
{
	uint64_t va = 0x40000000, iova;

	expect(va + P, P, P, "first page mapped: the second of the space");
	expect(va + P, P, 2 * P, "next page: the next");
	expect(va, 2 * P, 4 * P, "two pages at an even page: aligned to two pages");
	expect(va + P, 2 * P, 6 * P, "two pages at an odd page: aligned to one");
	expect(va + P, P, 3 * P, "a page: the hole that is left");
	expect(va, 16 * P, 16 * P, "16 pages: aligned to 16");
	expect(va, 9 * P, 32 * P, "9 pages: aligned to 16");
	expect(va, 1 << 20, 1 << 20, "1 MiB");
	expect(va, 2 << 20, 2 << 20, "2 MiB");
	expect(va, 5 << 20, 4 << 20, "5 MiB: aligned to 2 MiB, not more");
	expect(va + (2 << 20), 2 << 20, 10 << 20, "2 MiB after it");
	expect(0, 4 << 20, 12 << 20, "user address 0: aligned by length");
	expect(va, P, 8 * P, "a page: the lowest hole");
	tap__err(ioas__unmap_all(fd, ioas), 0, "unmap everything");
	expect(va, P, P, "a page again: the first");
	tap__err(choose(va, UINT64_MAX / 2, &iova), -EOVERFLOW, "half of the space: too long");
	tap__err(choose(va, UINT64_MAX / 2 - 1, &iova), 0, "a byte less fits");
	tap__err(choose(va, UINT64_MAX / 2 - 1, &iova), -ENOSPC, "but not twice");
	ioas__unmap_all(fd, ioas);
}

static uint32_t seed = 12345;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint64_t)(seed >> 4) * n >> 28;
}

static void random_allow(void)
{
	uint64_t at = 0;
	int ret;

	model.num_allowed = rnd(5);
	for (unsigned int i = 0; i < model.num_allowed; i++) {
		at += (1 + rnd(3000)) * P;
		model.allowed[i].start = at;
		at += (1 + rnd(3000)) * P;
		model.allowed[i].last = at - 1;
	}
	ret = ioas__allow(fd, ioas, model.allowed, model.num_allowed);
	if (ret)
		tap__err(ret, 0, "random ranges allowed");
}

static int random_unmap(void)
{
	unsigned int n = rnd(model.num_taken - model.num_reserved) + model.num_reserved;
	struct iommu_iova_range *r = &model.taken[n];
	int ret = ioas__unmap_at(fd, ioas, r->start, r->last - r->start + 1);

	*r = model.taken[--model.num_taken];
	return ret;
}

/* Random maps and unmaps, each address compared with the model's. */
static void test_random(const char *mem, uint64_t mem_size, const char *name)
{
	unsigned int wrong = 0, maps = 0, full = 0;
	uint64_t pages = mem_size / P;

	for (int i = 0; i < RANDOM_STEPS; i++) {
		uint64_t length = (1 + rnd(rnd(8) ? 16 : 700)) * P, want, got = 0;
		uint64_t va = (uintptr_t)mem + rnd(pages) * P;
		int ret;

		if (mem && (va - (uintptr_t)mem) + length > mem_size)
			length = mem_size - (va - (uintptr_t)mem);
		if (!rnd(200))
			random_allow();
		if (model.num_taken > model.num_reserved &&
		    (!rnd(2) || model.num_taken == MAX_TAKEN)) {
			wrong += random_unmap() != 0;
			continue;
		}
		want = model_choose(va, length);
		ret = choose(va, length, &got);
		maps++;
		full += !want;
		if (want && !ret)
			model_take(got, length);
		if (want ? ret || got != want : ret != -ENOSPC) {
			if (wrong++ < 3)
				tap__diag("va 0x%" PRIx64 " length 0x%" PRIx64 " want 0x%" PRIx64
					  " got 0x%" PRIx64 " (%s)",
					  va, length, want, got, tap__errname(ret));
		}
	}
	tap__is(wrong, 0, "%s: %u addresses as the model has them, %u without room", name, maps,
		full);
	model.num_taken = model.num_reserved;
	model.num_allowed = 0;
	ioas__unmap_all(fd, ioas);
	ioas__allow(fd, ioas, NULL, 0);
}

static void test_ranges(void)
{
	struct iommu_iova_range r[2] = { { 1, 1 }, { 1, 1 } };
	struct iommu_ioas_iova_ranges cmd = { .size = sizeof(cmd), .__reserved = 1 };
	uint64_t align = 0;
	uint32_t num = 2;

	cmd.ioas_id = ioas;
	tap__err(iommu__ioctl(fd, IOMMU_IOAS_IOVA_RANGES, &cmd), -EOPNOTSUPP,
		 "ranges: reserved field");
	cmd.ioas_id = 0;
	tap__err(iommu__ioctl(fd, IOMMU_IOAS_IOVA_RANGES, &cmd), -EOPNOTSUPP,
		 "ranges: reserved field before dead id");
	tap__err(ioas__ranges(fd, ioas, r, &num, &align), 0, "ranges of an IOAS without device");
	tap__is(num, 1, "is one");
	tap__hex(r[0].start, 0, "from 0");
	tap__hex(r[0].last, UINT64_MAX, "to the end");
	tap__is(align, 1, "alignment 1");
	tap__ok(r[1].start == 1 && r[1].last == 1, "memory behind is not touched");
	num = 0;
	tap__err(ioas__ranges(fd, ioas, r, &num, &align), -EMSGSIZE, "ranges: no room");
	tap__is(num, 1, "says how many there are");
	num = 1;
	tap__err(ioas__ranges(fd, ioas, NULL, &num, &align), -EFAULT, "ranges: NULL");
	num = 1;
	tap__err(ioas__ranges(fd, ioas, (void *)-8ul, &num, &align), -EFAULT, "ranges: kernel");
	num = 0;
	tap__err(ioas__ranges(fd, ioas, NULL, &num, &align), -EMSGSIZE, "ranges: NULL, no room");
}

static void test_allow_bad(void)
{
	struct iommu_ioas_allow_iovas cmd = { .size = sizeof(cmd), .__reserved = 1 };
	struct iommu_iova_range r[3] = { { 0x10000, 0x1ffff }, { 0x20000, 0x2ffff } };
	struct iommu_iova_range *end = mem__small(2 * P);

	cmd.ioas_id = ioas;
	tap__err(iommu__ioctl(fd, IOMMU_IOAS_ALLOW_IOVAS, &cmd), -EOPNOTSUPP,
		 "allow: reserved field");
	tap__err(ioas__allow(fd, ioas, NULL, 1), -EFAULT, "allow: NULL");
	tap__err(ioas__allow(fd, ioas, NULL, 0), 0, "allow: NULL, no ranges");
	tap__err(ioas__allow(fd, 0, NULL, 1), -ENOENT, "allow: dead id before NULL");
	munmap((char *)end + P, P);
	end += P / sizeof(*end) - 1;
	end->start = 0x1000;
	end->last = 0x1fff;
	tap__err(ioas__allow(fd, ioas, end, 2), -EFAULT, "allow: array ends in unmapped memory");
	tap__err(ioas__allow(fd, ioas, end, UINT32_MAX), -EFAULT, "allow: 4 G ranges");
	tap__err(ioas__allow(fd, ioas, end, 1), 0, "allow: array ends where memory ends");
	r[2] = (struct iommu_iova_range){ 0x30000, 0x2ffff };
	tap__err(ioas__allow(fd, ioas, r, 3), -EINVAL, "allow: start after last");
	r[2].last = r[2].start;
	tap__err(ioas__allow(fd, ioas, r, 3), -EINVAL, "allow: start is last");
	r[2] = (struct iommu_iova_range){ 0x1ffff, 0x20000 };
	tap__err(ioas__allow(fd, ioas, r, 3), -EINVAL, "allow: overlap by a byte");
	r[2] = r[0];
	tap__err(ioas__allow(fd, ioas, r, 3), -EINVAL, "allow: the same twice");
	munmap((char *)end - P + sizeof(*end), P);
}

static void test_allow(void)
{
	struct iommu_iova_range r[3] = { { 0x30000, 0x31fff }, { 0x10000, 0x10fff } };
	struct iommu_iova_range all = { 0, UINT64_MAX }, out[2];
	uint64_t iova, align;
	uint32_t num = 2;

	tap__err(ioas__allow(fd, ioas, r, 2), 0, "allow: two ranges, not in order");
	tap__err(ioas__ranges(fd, ioas, out, &num, &align), 0, "ranges");
	tap__ok(num == 1 && out[0].last == UINT64_MAX, "are as before");
	expect(P, P, 0x10000, "map: the lower range");
	expect(P, P, 0x30000, "map: then the upper one");
	expect(P, P, 0x31000, "map: until it is full");
	tap__err(choose(P, P, &iova), -ENOSPC, "map: then there is no room");
	tap__err(ioas__map_at(fd, ioas, NULL, P, 0x50000), 0, "map: fixed outside of them");
	tap__err(ioas__allow(fd, ioas, r, 1), 0, "allow: other ranges while things are mapped");
	r[2] = (struct iommu_iova_range){ 0x60000, 0x60ffe };
	tap__err(ioas__allow(fd, ioas, r + 2, 1), 0, "allow: a range without its last byte");
	tap__err(choose(P, P, &iova), -ENOSPC, "map: one byte too few");
	r[2] = (struct iommu_iova_range){ 0x60001, 0x62fff };
	tap__err(ioas__allow(fd, ioas, r + 2, 1), 0, "allow: a range that begins at an odd byte");
	expect(P, P, 0x61000, "map: the first whole page");
	r[0] = (struct iommu_iova_range){ 0x70000, 0x70fff };
	r[1] = (struct iommu_iova_range){ 0x71000, 0x71fff };
	tap__err(ioas__allow(fd, ioas, r, 2), 0, "allow: two ranges without a gap");
	expect(P, 2 * P, 0x70000, "map: across both");
	tap__err(ioas__allow(fd, ioas, &all, 1), 0, "allow: everything");
	expect(P, P, P, "map: the first page but one, even so");
	tap__err(ioas__allow(fd, ioas, NULL, 0), 0, "allow: no ranges");
	expect(P, P, 2 * P, "map: is as without");
	ioas__unmap_all(fd, ioas);
}

/* The reserved regions that sysfs has for the group, apart from those that may be ignored. */
static void read_reserved(const char *bdf)
{
	char line[128], type[32];
	uint64_t start, last;
	FILE *f;

	snprintf(line, sizeof(line), "/sys/kernel/iommu_groups/%d/reserved_regions",
		 pci__group(bdf));
	f = fopen(line, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNx64 " %" SCNx64 " %31s", &start, &last, type) != 3 ||
		    !strcmp(type, "direct-relaxable"))
			continue;
		model_take(start, last - start + 1);
	}
	if (f)
		fclose(f);
	model.num_reserved = model.num_taken;
}

/* Ranges with the device attached are the table's range without the reserved regions. */
static void test_device_ranges(void)
{
	struct iommu_iova_range r[MAX_RANGES];
	uint32_t num = MAX_RANGES;
	uint64_t align = 0, bytes = 0, reserved = 0, last;

	tap__err(ioas__ranges(fd, ioas, r, &num, &align), 0, "device: ranges");
	tap__is(align, P, "device: alignment is a page");
	last = r[num - 1].last;
	tap__ok(last >= (1ull << 38) - 1 && last < UINT64_MAX && !(last & (last + 1)),
		"device: the table ends at a power of two: 0x%" PRIx64, last + 1);
	for (uint32_t i = 0; i < num; i++)
		bytes += r[i].last - r[i].start + 1;
	for (unsigned int i = 0; i < model.num_taken; i++) {
		if (model.taken[i].start > last)
			continue;
		reserved += model.taken[i].last - model.taken[i].start + 1;
	}
	tap__hex(bytes, last + 1 - reserved, "device: the rest is reserved in sysfs");
	tap__ok(num >= 2 && r[0].last == MSI_FIRST - 1 && r[1].start == MSI_LAST + 1,
		"device: a hole at the MSI window");
	num = 1;
	r[1].start = 1;
	tap__err(ioas__ranges(fd, ioas, r, &num, &align), -EMSGSIZE, "device: room for one range");
	tap__ok(num >= 2 && r[0].last == MSI_FIRST - 1 && r[1].start == 1,
		"device: one range and the true number");
	model_take(last + 1, -(last + 1));
	model.num_reserved = model.num_taken;
}

static void test_device_allow(const char *mem)
{
	struct iommu_iova_range r = { MSI_FIRST - 2 * P, MSI_FIRST };
	struct iommu_iova_range good = { MSI_FIRST - 2 * P, MSI_FIRST - 1 };
	uint64_t iova;

	tap__err(ioas__allow(fd, ioas, &r, 1), -EADDRINUSE, "device: allow into the MSI window");
	tap__err(ioas__allow(fd, ioas, &good, 1), 0, "device: allow right before it");
	tap__err(ioas__allow(fd, ioas, &r, 1), -EADDRINUSE, "device: and not into it");
	tap__err(choose((uintptr_t)mem, P, &iova), 0, "device: map there");
	tap__hex(iova, good.start, "device: at the right place, old ranges hold");
	tap__err(choose((uintptr_t)mem, P, &iova), 0, "device: map there");
	tap__hex(iova, good.start + P, "device: next");
	tap__err(choose((uintptr_t)mem, P, &iova), -ENOSPC, "device: no room is left");
	ioas__unmap_all(fd, ioas);
	ioas__allow(fd, ioas, NULL, 0);
}

/* A map or an allowed range that the device cannot have makes the attach fail. */
static void test_attach_refused(struct vfio_dev *dev, const char *mem)
{
	struct iommu_iova_range r = { MSI_LAST, MSI_LAST + 2 * P };
	uint64_t align;
	uint32_t num;

	ioas__map_at(fd, ioas, mem, P, MSI_FIRST);
	tap__err(vfio__attach_ioas(dev, ioas), -EADDRINUSE, "attach: a map in the MSI window");
	ioas__unmap_all(fd, ioas);
	ioas__map_at(fd, ioas, mem, P, 1ull << 60);
	tap__err(vfio__attach_ioas(dev, ioas), -EADDRINUSE, "attach: a map above the table");
	ioas__unmap_all(fd, ioas);
	tap__err(ioas__allow(fd, ioas, &r, 1), 0, "allow: over the MSI window, no device");
	tap__err(vfio__attach_ioas(dev, ioas), -EADDRINUSE, "attach: the MSI window is allowed");
	ioas__allow(fd, ioas, NULL, 0);
	ioas__map_at(fd, ioas, NULL, P, MSI_FIRST);
	tap__err(vfio__attach_ioas(dev, ioas), -EADDRINUSE,
		 "attach: the window is looked at before memory, which is absent as well");
	ioas__unmap_all(fd, ioas);
	ioas__map_at(fd, ioas, NULL, P, 1ull << 60);
	tap__err(vfio__attach_ioas(dev, ioas), -EADDRINUSE, "attach: so is the table's end");
	ioas__unmap_all(fd, ioas);
	ioas__map_at(fd, ioas, NULL, P, 0x1004);
	tap__err(vfio__attach_ioas(dev, ioas), -EADDRINUSE, "attach: so is alignment");
	ioas__unmap_all(fd, ioas);
	ioas__map_at(fd, ioas, NULL, P, 0x1000);
	tap__err(vfio__attach_ioas(dev, ioas), -EFAULT, "attach: absent memory");
	ioas__unmap_all(fd, ioas);
	ioas__map_at(fd, ioas, mem, 100, 0x1000);
	tap__err(vfio__attach_ioas(dev, ioas), -EADDRINUSE, "attach: a map with an odd length");
	ioas__unmap_all(fd, ioas);
	ioas__map_at(fd, ioas, mem, P, 0x1004);
	tap__err(vfio__attach_ioas(dev, ioas), -EADDRINUSE, "attach: a map at an odd IOVA");
	ioas__unmap_all(fd, ioas);
	ioas__map_at(fd, ioas, mem + 4, P, 0x1000);
	tap__err(vfio__attach_ioas(dev, ioas), -EADDRINUSE, "attach: an odd user address");
	ioas__unmap_all(fd, ioas);
	num = 1;
	tap__err(ioas__ranges(fd, ioas, &r, &num, &align), 0, "no attempt left anything behind");
	tap__ok(num == 1 && !r.start && r.last == UINT64_MAX && align == 1, "all is allowed");
	tap__is(mem__pinned(0), 0, "and nothing is pinned");
}

static void test_device(void)
{
	struct iommu_iova_range r;
	struct vfio_dev dev;
	size_t size = 800 * P;
	uint32_t num = 1;
	uint64_t align;
	char bdf[16], *mem;
	int ret;

	ret = pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf);
	if (!ret)
		ret = pci__bind(bdf);
	if (!ret)
		ret = vfio__open(&dev, bdf);
	if (!ret)
		ret = vfio__bind(&dev, fd);
	if (ret) {
		tap__skip("no edu device", "reserved regions of a device");
		return;
	}
	mem = mem__small(size);
	test_attach_refused(&dev, mem);
	tap__err(vfio__attach_ioas(&dev, ioas), 0, "attach the edu device");
	read_reserved(bdf);
	test_device_ranges();
	test_device_allow(mem);
	test_random(mem, size, "device");
	tap__err(vfio__detach(&dev), 0, "detach");
	tap__err(ioas__ranges(fd, ioas, &r, &num, &align), 0, "ranges");
	tap__ok(num == 1 && !r.start && r.last == UINT64_MAX && align == 1,
		"are the full one again");
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	vfio__close(&dev);
	mem__free(mem, size);
}

int main(void)
{
	tap__start();
	fd = iommu__open();
	if (fd < 0)
		return tap__bail("/dev/iommu: %s", strerror(-fd));
	tap__err(ioas__alloc(fd, &ioas), 0, "an IOAS");
	test_ranges();
	test_choice();
	test_allow_bad();
	test_allow();
	test_random((char *)MEM_HUGE, MEM_HUGE, "no device");
	test_device();
	close(fd);
	return tap__done();
}
