// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cost of a map, unmap, attach, replace, detach and copy, one line for each kind of memory.
 *
 *	bench-ops [--type1] [--rows PATTERN | --small NAME | --row NAME] BDF
 *
 * Meant for a guest that runs with -icount shift=0: there a nanosecond of CLOCK_MONOTONIC is one
 * guest instruction, and the figures repeat. Each is the median of several calls as a program sees
 * them, system call included, with the cost of reading the clock taken off. --type1 does the same
 * through VFIO's own container, as far as it has the operation, for comparison. --rows measures the
 * rows whose names match, --row one kind of memory, --small the smallest map under another name.
 *
 * Memory is what the kernel's slabs grow by while areas are mapped: it includes neither page tables
 * of the IOMMU nor the mapped memory.
 *
 * Output: "name<TAB>figure<TAB>figure...", one line an operation, in the order of rows below.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "iommu.h"
#include "mem.h"
#include "profile/mark.h"
#include "vfio.h"

#define MAX_REPS 41
#define IOVA_BASE 0x100000000ULL
#define MANY_AREAS 8192
#define SOME_PAGES 1024 /* that a million areas map */
#define HUGE_TIMES 16
#define MIB (1UL << 20)

/* An address space of either kind that something is mapped into. */
struct space {
	int fd;
	uint32_t ioas;
	bool type1;
};

static long long clock_cost;
static const char *pattern = "*"; /* of the rows to be measured */

static bool is_wanted(const char *name)
{
	return !fnmatch(pattern, name, 0);
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

static long long median(long long *v, unsigned int n)
{
	qsort(v, n, sizeof(*v), cmp);
	return v[n / 2] - clock_cost;
}

static void calibrate(void)
{
	long long v[MAX_REPS], t;
	unsigned int i;

	for (i = 0; i < MAX_REPS; i++) {
		t = now();
		mark(MARK_END);
		mark(MARK_END);
		v[i] = now() - t;
	}
	clock_cost = median(v, MAX_REPS);
}

static int space_map(const struct space *sp, void *va, size_t size, uint64_t iova)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = size,
	};

	if (!sp->type1)
		return ioas__map_at(sp->fd, sp->ioas, va, size, iova);
	return ioctl(sp->fd, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

static int space_unmap(const struct space *sp, uint64_t iova, size_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};

	if (!sp->type1)
		return ioas__unmap_at(sp->fd, sp->ioas, iova, size);
	return ioctl(sp->fd, VFIO_IOMMU_UNMAP_DMA, &unmap) ? -errno : 0;
}

static int die(const char *what, int err)
{
	fprintf(stderr, "bench-ops: %s: %s\n", what, strerror(-err));
	return err;
}

/* Median cost of mapping and unmapping @size bytes at @va. */
static int map_unmap(const struct space *sp, const char *name, void *va, size_t size, uint64_t iova,
		     unsigned int reps)
{
	long long map[MAX_REPS], unmap[MAX_REPS], t0;
	unsigned int i;
	int ret;

	for (i = 0; i < reps; i++) {
		t0 = now();
		mark(MARK_MAP);
		ret = space_map(sp, va, size, iova);
		mark(MARK_END);
		map[i] = now() - t0;
		if (ret)
			return die(name, ret);
		t0 = now();
		mark(MARK_UNMAP);
		ret = space_unmap(sp, iova, size);
		mark(MARK_END);
		unmap[i] = now() - t0;
		if (ret)
			return die(name, ret);
	}
	if (name)
		printf("%s\t%lld\t%lld\n", name, median(map, reps), median(unmap, reps));
	return 0;
}

static void *mem_hugetlb(size_t size)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w");
	void *mem;

	if (f) {
		fprintf(f, "%zu\n", size / MEM_HUGE);
		fclose(f);
	}
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	return mem == MAP_FAILED ? NULL : mem;
}

/**
 * struct row - a kind of memory
 * @name: for the line
 * @alloc: makes it
 * @alloc_size: how much is made
 * @size: how much is mapped
 * @reps: how often
 */
struct row {
	const char *name;
	void *(*alloc)(size_t size);
	size_t alloc_size;
	size_t size;
	unsigned int reps;
};

static const struct row rows[] = {
	{ "4 KiB", mem__small, 4096, 4096, 41 },
	{ "64 KiB of a huge page", mem__huge, 2 * MIB, 65536, 41 },
	{ "2 MiB huge page", mem__huge, 2 * MIB, 2 * MIB, 21 },
	{ "256 MiB of huge pages", mem__huge, 256 * MIB, 256 * MIB, 5 },
	{ "128 MiB hugetlb", mem_hugetlb, 128 * MIB, 128 * MIB, 5 },
	{ "64 MiB of small pages", mem__small, 64 * MIB, 64 * MIB, 5 },
	{ "16 MiB of scattered small pages", mem__scattered, 16 * MIB, 16 * MIB, 5 },
};

/* All rows, or only the one called @only. */
static int bench_kinds(const struct space *sp, const char *only)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]) && !ret; i++) {
		const struct row *row = &rows[i];
		void *mem;

		if (only ? strcmp(only, row->name) : !is_wanted(row->name))
			continue;
		mem = row->alloc(row->alloc_size);
		if (!mem) {
			fprintf(stderr, "bench-ops: no memory for %s\n", row->name);
			continue;
		}
		ret = map_unmap(sp, row->name, mem, row->size, IOVA_BASE, row->reps);
		mem__free(mem, row->alloc_size);
	}
	return ret;
}

/* Bytes in the kernel's slabs that are in use. */
static long long slab_bytes(void)
{
	FILE *f = fopen("/proc/sys/vm/stat_refresh", "w");
	long long kib = 0;
	char line[128];

	/* Counts that a processor has not added up yet. */
	if (f) {
		fputs("1\n", f);
		fclose(f);
	}
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "SUnreclaim: %lld kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib * 1024;
}

/* One page more or less among many areas, and all of them at once. */
static int bench_many(const struct space *sp)
{
	static const char name[] = "4 KiB among 8192 areas";
	static const char whole[] = "whole range of 8191 areas, each";
	static const char memory[] = "memory of an area, bytes";
	long long t, slabs;
	unsigned int i;
	int ret = 0;
	char *mem;

	if (!is_wanted(name) && !is_wanted(whole) && !is_wanted(memory))
		return 0;
	mem = mem__small(MANY_AREAS * MEM_PAGE);
	if (!mem)
		return die(name, -ENOMEM);
	slabs = slab_bytes();
	for (i = 0; i < MANY_AREAS && !ret; i++)
		if (i != MANY_AREAS / 2)
			ret = space_map(sp, mem + i * MEM_PAGE, MEM_PAGE, IOVA_BASE + i * MEM_PAGE);
	if (ret)
		return die(name, ret);
	if (is_wanted(memory))
		printf("%s\t%lld\n", memory, (slab_bytes() - slabs) / (MANY_AREAS - 1));
	ret = map_unmap(sp, is_wanted(name) ? name : NULL, mem + MANY_AREAS / 2 * MEM_PAGE,
			MEM_PAGE, IOVA_BASE + MANY_AREAS / 2 * MEM_PAGE, 41);
	if (ret)
		return ret;
	t = now();
	ret = space_unmap(sp, IOVA_BASE, MANY_AREAS * MEM_PAGE);
	t = now() - t - clock_cost;
	if (ret)
		return die(whole, ret);
	if (is_wanted(whole))
		printf("%s\t%lld\n", whole, t / (MANY_AREAS - 1));
	mem__free(mem, MANY_AREAS * MEM_PAGE);
	return 0;
}

/* One page more or less among @nr areas, which map some pages over and over. */
static int bench_areas(const struct space *sp, const char *name, unsigned int nr)
{
	char *mem = NULL;
	unsigned int i;
	int ret = 0;

	/* A container of type1 has at most 65535. */
	if (!is_wanted(name) || (sp->type1 && nr > UINT16_MAX))
		return 0;
	mem = mem__small(SOME_PAGES * MEM_PAGE);
	if (!mem)
		return die(name, -ENOMEM);
	for (i = 0; i < nr && !ret; i++)
		if (i != nr / 2)
			ret = space_map(sp, mem + i % SOME_PAGES * MEM_PAGE, MEM_PAGE,
					IOVA_BASE + (uint64_t)i * MEM_PAGE);
	if (!ret)
		ret = map_unmap(sp, name, mem, MEM_PAGE, IOVA_BASE + (uint64_t)(nr / 2) * MEM_PAGE,
				MAX_REPS);
	if (!ret)
		ret = space_unmap(sp, IOVA_BASE, (uint64_t)nr * MEM_PAGE);
	mem__free(mem, SOME_PAGES * MEM_PAGE);
	return ret ? die(name, ret) : 0;
}

/* The memory that a huge page costs, by mapping the same ones many times. */
static int bench_huge_memory(const struct space *sp)
{
	static const char name[] = "memory of a huge page, bytes";
	const size_t size = 256 * MIB;
	long long slabs;
	unsigned int i;
	char *mem;
	int ret = 0;

	if (!is_wanted(name))
		return 0;
	mem = mem__huge(size);
	if (!mem)
		return die(name, -ENOMEM);
	slabs = slab_bytes();
	for (i = 0; i < HUGE_TIMES && !ret; i++)
		ret = space_map(sp, mem, size, IOVA_BASE + i * size);
	slabs = slab_bytes() - slabs;
	if (ret)
		return die(name, ret);
	printf("%s\t%lld\n", name, slabs / (long long)(HUGE_TIMES * (size / MEM_HUGE)));
	for (i = 0; i < HUGE_TIMES && !ret; i++)
		ret = space_unmap(sp, IOVA_BASE + i * size, size);
	mem__free(mem, size);
	return ret ? die(name, ret) : 0;
}

static int bench_all(const struct space *sp)
{
	int ret = bench_kinds(sp, NULL) ?: bench_areas(sp, "4 KiB among 1000 areas", 1000);

	ret = ret ?: bench_many(sp) ?: bench_areas(sp, "4 KiB among 1000000 areas", 1000000);
	return ret ?: bench_huge_memory(sp);
}

/* Attach to memory that is mapped, replace by an empty address space and back, detach, copy. */
static int bench_attach(int fd, struct vfio_dev *dev, uint32_t empty)
{
	static const char name[] = "256 MiB in an IOAS";
	long long attach, replace, detach, copy;
	uint64_t iova = IOVA_BASE, size = 256 * MIB;
	uint32_t full, other;
	char *mem;
	int ret;

	if (!is_wanted(name))
		return 0;
	mem = mem__huge(size);
	ret = ioas__alloc(fd, &full) ?: ioas__alloc(fd, &other);
	if (ret || !mem)
		return die("attach", ret ? ret : -ENOMEM);
	ret = ioas__map_at(fd, full, mem, size, iova);
	/* The first area of a slab costs the slab. */
	ret = ret ?: ioas__copy(fd, other, full, iova, size, IOAS_RW | IOAS_FIXED, &iova);
	ret = ret ?: ioas__unmap_at(fd, other, iova, size);
	copy = now();
	ret = ret ?: ioas__copy(fd, other, full, iova, size, IOAS_RW | IOAS_FIXED, &iova);
	copy = now() - copy;
	ret = ret ?: vfio__detach(dev);
	attach = now();
	ret = ret ?: vfio__attach_ioas(dev, full);
	attach = now() - attach;
	replace = now();
	ret = ret ?: vfio__attach_ioas(dev, empty);
	replace = now() - replace;
	ret = ret ?: vfio__attach_ioas(dev, full);
	detach = now();
	ret = ret ?: vfio__detach(dev);
	detach = now() - detach;
	if (ret)
		return die("attach", ret);
	printf("%s\t%lld\t%lld\t%lld\t%lld\n", name, attach - clock_cost, replace - clock_cost,
	       detach - clock_cost, copy - clock_cost);
	mem__free(mem, size);
	return 0;
}

/* With @row only this row of bench_kinds(); with @name only the smallest map, under that name. */
static int bench_iommufd(const char *bdf, const char *name, const char *row)
{
	struct space sp = { .fd = iommu__open() };
	struct vfio_dev dev;
	int ret;

	if (sp.fd < 0)
		return die("/dev/iommu", sp.fd);
	ret = vfio__open(&dev, bdf);
	ret = ret ?: vfio__bind(&dev, sp.fd);
	ret = ret ?: ioas__alloc(sp.fd, &sp.ioas);
	ret = ret ?: vfio__attach_ioas(&dev, sp.ioas);
	if (ret)
		return die(bdf, ret);
	if (name)
		return map_unmap(&sp, name, mem__small(MEM_PAGE), MEM_PAGE, IOVA_BASE, MAX_REPS);
	if (row)
		return bench_kinds(&sp, row);
	ret = bench_all(&sp);
	return ret ?: bench_attach(sp.fd, &dev, sp.ioas);
}

static int bench_type1(const char *bdf)
{
	struct space sp = { .type1 = true };
	char path[64];
	int group;

	snprintf(path, sizeof(path), "/dev/vfio/%d", pci__group(bdf));
	group = open(path, O_RDWR);
	if (group < 0)
		return die(path, -errno);
	sp.fd = open("/dev/vfio/vfio", O_RDWR);
	if (sp.fd < 0)
		return die("/dev/vfio/vfio", -errno);
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &sp.fd) ||
	    ioctl(sp.fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return die("type1 container", -errno);
	return bench_all(&sp);
}

static int usage(void)
{
	fprintf(stderr, "usage: bench-ops [--type1] [--rows PATTERN | --small NAME | --row NAME] "
			"BDF\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *small = NULL, *row = NULL;
	bool type1 = false;
	int i;

	for (i = 1; i < argc - 1; i++) {
		if (!strcmp(argv[i], "--type1"))
			type1 = true;
		else if (!strcmp(argv[i], "--rows") && i + 1 < argc - 1)
			pattern = argv[++i];
		else if (!strcmp(argv[i], "--small") && i + 1 < argc - 1)
			small = argv[++i];
		else if (!strcmp(argv[i], "--row") && i + 1 < argc - 1)
			row = argv[++i];
		else
			return usage();
	}
	if (i != argc - 1 || (type1 && (small || row)))
		return usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	calibrate();
	if (type1)
		return bench_type1(argv[i]) ? 1 : 0;
	return bench_iommufd(argv[i], small, row) ? 1 : 0;
}
