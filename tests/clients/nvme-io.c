// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O on an NVMe device from user space, through iommufd: the workload for tracing, and a test
 * that data and interrupts arrive.
 *
 *	nvme-io --bdf BDF [--reads N] [--size BYTES] [--map-each] [--null]
 *
 * Writes a pattern over the start of the device, then reads it N times in pieces of --size bytes
 * (4096) and compares each. With --map-each the data buffer is mapped before each read and
 * unmapped after it, else it is mapped once. --null is for a device that keeps nothing (QEMU's
 * null backend): nothing is written and nothing compared.
 *
 * Ends with exact counts of its work, as key=value lines on stdout, for comparison with a tracer.
 * The device must be bound to vfio-pci. Exits with 0, 1 for a failure, 2 for usage.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/args.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/nvme.h"

#define AREA (1u << 20) /* bytes at the start of the device that are used */

struct run {
	struct nvme nvme;
	const char *bdf;
	int fd;
	uint32_t ioas;
	uint64_t reads, done, size;
	bool map_each, keeps;
	char *buf;
	uint64_t iova;
};

static int fail(const char *what, int err)
{
	fprintf(stderr, "nvme-io: %s: %s\n", what, err ? strerror(-err) : "wrong data");
	return err ? err : -EIO;
}

/* Whole pages, for any size of a read. */
static uint64_t map_size(const struct run *run)
{
	return (run->size + MEM_PAGE - 1) & -MEM_PAGE;
}

static int map_buffer(struct run *run)
{
	int ret = ioas__map(run->fd, run->ioas, run->buf, map_size(run), IOAS_RW, &run->iova);

	return ret ? fail("map", ret) : 0;
}

static int unmap_buffer(struct run *run)
{
	int ret = ioas__unmap_at(run->fd, run->ioas, run->iova, map_size(run));

	return ret ? fail("unmap", ret) : 0;
}

static uint64_t piece_lba(const struct run *run, uint64_t piece)
{
	return piece * run->size / run->nvme.block_size;
}

static int write_all(struct run *run)
{
	int ret;

	for (uint64_t i = 0; i < AREA / run->size; i++) {
		mem__fill(run->buf, run->size, i);
		ret = nvme__write(&run->nvme, piece_lba(run, i), run->iova, run->size);
		if (ret)
			return fail("write", ret);
	}
	return 0;
}

static int read_one(struct run *run, uint64_t n)
{
	uint64_t piece = n % (AREA / run->size);
	int ret;

	if (run->keeps)
		memset(run->buf, 0xa5, run->size);
	if (run->map_each) {
		ret = map_buffer(run);
		if (ret)
			return ret;
	}
	ret = nvme__read(&run->nvme, piece_lba(run, piece), run->iova, run->size);
	if (ret)
		return fail("read", ret);
	if (run->keeps && mem__check(run->buf, run->size, piece) >= 0)
		return fail("compare", 0);
	return run->map_each ? unmap_buffer(run) : 0;
}

static int io(struct run *run)
{
	int ret;

	if (!run->size || run->size % run->nvme.block_size || run->size > run->nvme.max_transfer ||
	    AREA % run->size || run->nvme.blocks * run->nvme.block_size < AREA)
		return fail("--size", -EINVAL);
	if (run->keeps || !run->map_each) {
		ret = map_buffer(run);
		if (ret)
			return ret;
	}
	if (run->keeps) {
		ret = write_all(run);
		if (ret)
			return ret;
	}
	if (run->keeps && run->map_each) {
		ret = unmap_buffer(run);
		if (ret)
			return ret;
	}
	for (; run->done < run->reads; run->done++) {
		ret = read_one(run, run->done);
		if (ret)
			return ret;
	}
	return run->map_each ? 0 : unmap_buffer(run);
}

static int run_all(struct run *run)
{
	int ret;

	run->fd = iommu__open();
	if (run->fd < 0)
		return fail("/dev/iommu", run->fd);
	ret = ioas__alloc(run->fd, &run->ioas);
	if (ret)
		return fail("IOAS", ret);
	run->buf = mem__small(AREA);
	if (!run->buf)
		return fail("memory", -ENOMEM);
	ret = nvme__open(&run->nvme, run->bdf, run->fd, run->ioas);
	if (ret)
		return fail(run->bdf, ret);
	printf("model=%s\nserial=%s\nblocks=%llu\nblock_size=%u\n", run->nvme.model,
	       run->nvme.serial, (unsigned long long)run->nvme.blocks, run->nvme.block_size);
	ret = io(run);
	nvme__close(&run->nvme);
	return ret;
}

static void report(const struct run *run)
{
	printf("reads=%llu\nread_bytes=%llu\ncompared=%d\ninterrupts=%llu\n",
	       (unsigned long long)run->done, (unsigned long long)(run->done * run->size),
	       run->keeps, (unsigned long long)run->nvme.interrupts);
	printf("maps=%lu\nmaps_failed=%lu\nunmaps=%lu\nunmaps_failed=%lu\n", iommu_counts.maps,
	       iommu_counts.maps_failed, iommu_counts.unmaps, iommu_counts.unmaps_failed);
	printf("copies=%lu\ncopies_failed=%lu\nbinds=%lu\nattaches=%lu\ndetaches=%lu\n",
	       iommu_counts.copies, iommu_counts.copies_failed, vfio_counts.binds,
	       vfio_counts.attaches, vfio_counts.detaches);
}

int main(int argc, char **argv)
{
	/* clang-format off */
	static const struct option options[] = {
		{ "bdf", required_argument, NULL, 'b' },
		{ "reads", required_argument, NULL, 'r' },
		{ "size", required_argument, NULL, 's' },
		{ "map-each", no_argument, NULL, 'm' },
		{ "null", no_argument, NULL, 'n' },
		{ }
	};
	/* clang-format on */
	struct run run = { .fd = -1, .reads = 100, .size = 4096, .keeps = true };
	bool bad = false;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'b')
			run.bdf = optarg;
		else if (opt == 'm')
			run.map_each = true;
		else if (opt == 'n')
			run.keeps = false;
		else if (opt == 'r')
			bad |= !!args__number(optarg, 1u << 30, &run.reads);
		else if (opt == 's')
			bad |= !!args__number(optarg, AREA, &run.size);
		else
			bad = true;
	}
	if (bad || !run.bdf || optind != argc) {
		fprintf(stderr, "usage: nvme-io --bdf BDF [--reads N] [--size BYTES] [--map-each] "
				"[--null]\n");
		return 2;
	}
	ret = run_all(&run);
	report(&run);
	mem__free(run.buf, AREA);
	if (run.fd >= 0)
		close(run.fd);
	return ret ? 1 : 0;
}
