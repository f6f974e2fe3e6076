// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA of QEMU's educational device through an IOAS, in both directions, with the data compared;
 * with --outside also DMA that the IOMMU has to stop: to an IOVA that was never mapped, to one
 * that was unmapped a moment ago, and a write to a mapping that is only readable; with --moved also
 * DMA to what was mapped before the device moved to another IOAS, and after it was detached.
 *
 *	edu-dma --bdf BDF [--loops N] [--outside [--moved]] [--step]
 *
 * --step: wait for a line on stdin after each transfer that was stopped.
 *
 * The memory around the mapping, and memory that was mapped before, are canaries: a transfer that
 * got through shows there. dmesg has to show a line for the stopped ones, when it can be read.
 * The device must be bound to vfio-pci. Prints key=value lines on stdout; exits with 0 when all
 * went as it has to, 1 when something did not, 2 on wrong usage.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "../lib/args.h"
#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define IOVA 0x10000u
#define PAGES 3
#define LEN 4088 /* the device refuses a transfer that fills its whole buffer */
#define KLOG_READ_ALL 3
#define KLOG_SIZE (1 << 20)

struct run {
	struct edu edu;
	int fd;
	uint32_t ioas;
	char *mem;  /* PAGES pages; only the middle one is ever mapped */
	char *mid;
	bool steps;
};

static int fail(const char *what, int err)
{
	fprintf(stderr, "edu-dma: %s: %s\n", what, err ? strerror(-err) : "wrong data");
	return err ? err : -EIO;
}

/* Canary pages on both sides of the mapped one are as they were. */
static bool untouched(const struct run *run)
{
	return mem__check(run->mem, MEM_PAGE, 1) < 0 &&
	       mem__check(run->mid + MEM_PAGE, MEM_PAGE, 3) < 0;
}

static int one_loop(struct run *run, uint64_t seed)
{
	int ret;

	mem__fill(run->mid, MEM_PAGE, seed);
	ret = ioas__map_at(run->fd, run->ioas, run->mid, MEM_PAGE, IOVA);
	if (ret)
		return fail("map", ret);
	ret = edu__read(&run->edu, IOVA, 0, LEN);
	if (ret)
		return fail("DMA from memory", ret);
	memset(run->mid, 0, MEM_PAGE);
	ret = edu__write(&run->edu, IOVA, 0, LEN);
	if (ret)
		return fail("DMA to memory", ret);
	if (mem__check(run->mid, LEN, seed) >= 0 || !untouched(run))
		return fail("compare", 0);
	ret = ioas__unmap_at(run->fd, run->ioas, IOVA, MEM_PAGE);
	return ret ? fail("unmap", ret) : 0;
}

/* Lines of dmesg that tell of a DMA fault of any device: of Intel's driver, and of an SMMUv3's. */
static int fault_lines(void)
{
	static const char *const texts[] = { "DMAR: [DMA ", ".smmuv3: event" };
	char *log = mem__small(KLOG_SIZE);
	int lines = -1, len;

	if (!log)
		return -1;
	len = klogctl(KLOG_READ_ALL, log, KLOG_SIZE - 1);
	if (len >= 0) {
		log[len] = '\0';
		lines = 0;
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
			for (char *at = log; (at = strstr(at, texts[i])); at++)
				lines++;
	}
	mem__free(log, KLOG_SIZE);
	return lines;
}

static void step(const struct run *run, const char *what, uint64_t iova)
{
	int c;

	printf("stopped=%s iova=0x%llx\n", what, (unsigned long long)iova);
	fflush(stdout);
	while (run->steps && (c = getchar()) != '\n' && c != EOF)
		;
}

/* A write of the device that has to be stopped: the middle page keeps the pattern of seed. */
static int stopped(struct run *run, const char *what, uint64_t iova, uint64_t seed)
{
	int ret;

	ret = edu__write(&run->edu, iova, 0, LEN);
	if (ret)
		return fail(what, ret);
	if (mem__check(run->mid, MEM_PAGE, seed) >= 0 || !untouched(run))
		return fail(what, 0);
	step(run, what, iova);
	return 0;
}

/* A read from an IOVA that is not mapped must not return memory of ours. */
static int read_stopped(struct run *run)
{
	int ret;

	ret = edu__read(&run->edu, IOVA, 0, LEN);
	step(run, "read-unmapped", IOVA);
	if (!ret)
		ret = ioas__map_at(run->fd, run->ioas, run->mid, MEM_PAGE, IOVA);
	if (ret)
		return fail("read-unmapped", ret);
	mem__fill(run->mid, MEM_PAGE, 0x55);
	ret = edu__write(&run->edu, IOVA, 0, LEN);
	if (ret)
		return fail("read-unmapped", ret);
	if (mem__check(run->mid, LEN, 0x77) < 0)
		return fail("read-unmapped", 0);
	ret = ioas__unmap_at(run->fd, run->ioas, IOVA, MEM_PAGE);
	if (ret)
		return fail("unmap", ret);
	return 0;
}

static int outside(struct run *run)
{
	int before = fault_lines(), after, ret;
	uint64_t iova = IOVA;

	mem__fill(run->mid, MEM_PAGE, 0x77);
	ret = ioas__map_at(run->fd, run->ioas, run->mid, MEM_PAGE, IOVA);
	if (ret)
		return fail("map", ret);
	/* Load the device with something that would show, then aim next to the mapping. */
	mem__fill(run->mid, MEM_PAGE, 0x99);
	ret = edu__read(&run->edu, IOVA, 0, LEN);
	if (ret)
		return fail("load", ret);
	mem__fill(run->mid, MEM_PAGE, 0x77);
	ret = stopped(run, "after", IOVA + MEM_PAGE, 0x77);
	if (!ret)
		ret = stopped(run, "before", IOVA - MEM_PAGE, 0x77);
	if (!ret)
		ret = stopped(run, "far", 0x4000000, 0x77);
	if (ret)
		return ret;
	ret = ioas__unmap_at(run->fd, run->ioas, IOVA, MEM_PAGE);
	if (ret)
		return fail("unmap", ret);
	ret = stopped(run, "unmapped", IOVA, 0x77);
	if (ret)
		return ret;
	ret = ioas__map(run->fd, run->ioas, run->mid, MEM_PAGE, IOAS_FIXED | IOAS_R, &iova);
	if (ret)
		return fail("map readable", ret);
	ret = stopped(run, "readonly", IOVA, 0x77);
	if (ret)
		return ret;
	ret = ioas__unmap_at(run->fd, run->ioas, IOVA, MEM_PAGE);
	if (!ret)
		ret = read_stopped(run);
	if (ret)
		return ret;
	/* The fault interrupt may come a little later than the transfer ends. */
	for (int i = 0; (after = fault_lines()) == before && i < 20; i++)
		usleep(100000);
	printf("fault_lines=%d\n", before < 0 || after < 0 ? -1 : after - before);
	if (before >= 0 && after == before)
		return fail("no line about it in dmesg", 0);
	return 0;
}

/* The device moves to an empty IOAS and back to none, while the page stays mapped in the first. */
static int moved(struct run *run)
{
	uint32_t other;
	int ret;

	mem__fill(run->mid, MEM_PAGE, 0x77);
	ret = ioas__map_at(run->fd, run->ioas, run->mid, MEM_PAGE, IOVA);
	if (!ret)
		ret = ioas__alloc(run->fd, &other);
	if (!ret)
		ret = vfio__attach_ioas(&run->edu.dev, other);
	if (ret)
		return fail("replace", ret);
	ret = stopped(run, "replaced", IOVA, 0x77);
	if (ret)
		return ret;
	ret = vfio__detach(&run->edu.dev);
	return ret ? fail("detach", ret) : stopped(run, "detached", IOVA, 0x77);
}

static int run_all(struct run *run, const char *bdf, uint64_t loops, bool also_outside,
		   bool also_moved)
{
	int ret;

	run->fd = iommu__open();
	if (run->fd < 0)
		return fail("/dev/iommu", run->fd);
	ret = ioas__alloc(run->fd, &run->ioas);
	if (ret)
		return fail("IOAS", ret);
	run->mem = mem__small(PAGES * MEM_PAGE);
	if (!run->mem)
		return fail("memory", -ENOMEM);
	run->mid = run->mem + MEM_PAGE;
	mem__fill(run->mem, MEM_PAGE, 1);
	mem__fill(run->mid + MEM_PAGE, MEM_PAGE, 3);
	ret = edu__open(&run->edu, bdf, run->fd);
	if (ret)
		return fail(bdf, ret);
	ret = vfio__attach_ioas(&run->edu.dev, run->ioas);
	if (!ret)
		ret = edu__start(&run->edu);
	if (ret)
		fail("attach", ret);
	for (uint64_t i = 0; !ret && i < loops; i++)
		ret = one_loop(run, 100 + i);
	if (!ret)
		printf("loops=%llu bytes_each_way=%llu\n", (unsigned long long)loops,
		       (unsigned long long)loops * LEN);
	if (!ret && also_outside)
		ret = outside(run);
	if (!ret && also_moved)
		ret = moved(run);
	edu__close(&run->edu);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bdf", required_argument, NULL, 'b' }, { "loops", required_argument, NULL, 'l' },
		{ "outside", no_argument, NULL, 'o' },	 { "moved", no_argument, NULL, 'm' },
		{ "step", no_argument, NULL, 's' },	 {}
	};
	const char *bdf = NULL;
	bool also_outside = false, also_moved = false;
	struct run run = { .fd = -1 };
	uint64_t loops = 1;
	bool usage = false;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'b')
			bdf = optarg;
		else if (opt == 'o')
			also_outside = true;
		else if (opt == 'm')
			also_moved = true;
		else if (opt == 's')
			run.steps = true;
		else if (opt != 'l' || args__number(optarg, 1 << 20, &loops))
			usage = true;
	}
	if (usage || !bdf || optind != argc) {
		fprintf(stderr, "usage: edu-dma --bdf BDF [--loops N] [--outside [--moved]] "
				"[--step]\n");
		return 2;
	}
	ret = run_all(&run, bdf, loops, also_outside, also_moved);
	mem__free(run.mem, PAGES * MEM_PAGE);
	if (run.fd >= 0)
		close(run.fd);
	return ret ? 1 : 0;
}
