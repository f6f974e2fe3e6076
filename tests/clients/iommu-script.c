// SPDX-License-Identifier: GPL-2.0-only
/*
 * A workload of which every call is known: 23 maps, 7 unmaps and 2 copies that succeed, and five
 * calls that fail, in a fixed order, with odd sizes and all protections. A tracer's output is
 * compared with it event by event.
 *
 *	iommu-script [--bdf BDF] [--no-fail]
 *
 * One line for each call on stdout, as key=value in a fixed order; numbers are decimal for ids and
 * results, hexadecimal for addresses, lengths and flags:
 *
 *	event=map ioas=1 iova=0x1000 length=0x3000 flags=0x6 ret=0
 *	event=unmap ioas=1 iova=0x1000 length=0x3000 unmapped=0x3000 ret=0
 *	event=copy ioas=2 src_ioas=1 iova=0x1000 src_iova=0x1000 length=0x1000 flags=0x6 ret=0
 *	event=attach ioas=1 ret=0
 *	event=detach ioas=1 ret=0
 *
 * iova is the requested address, or the kernel's choice if none was requested. With --bdf a device,
 * bound to vfio-pci, is attached to the first IOAS before and detached in the end.
 * Without one no pages are pinned, so the events show no pages. --no-fail leaves out the
 * calls that fail. Exits with 0 when every call had the result it should have, else 1; 2 for usage.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/vfio.h"

#define MEM_SIZE (8u << 20)
#define BASE 0x10000000ull

enum op { MAP, UNMAP, COPY };

/*
 * One call. va is an offset into the memory; pages times 4096 is the length. at is relative to
 * BASE, or the number of an earlier step whose IOVA is meant (UNMAP and COPY with .of).
 */
struct step {
	enum op op;
	unsigned int ioas; /* 0 or 1; the other one is the source of a COPY */
	unsigned int va, pages;
	uint32_t flags;
	uint64_t at;
	int of; /* step + 1 whose IOVA is the (source) address, 0 for none */
	int ret;
};

#define M(ioas_, va_, pages_, flags_, at_, ret_) \
	{ MAP, ioas_, (va_) * MEM_PAGE, pages_, flags_, at_, 0, ret_ }
#define U(ioas_, at_, pages_, ret_) { UNMAP, ioas_, 0, pages_, 0, at_, 0, ret_ }
#define U_OF(ioas_, of_, pages_) { UNMAP, ioas_, 0, pages_, 0, 0, (of_) + 1, 0 }
#define C(ioas_, at_, pages_, flags_, ret_) { COPY, ioas_, 0, pages_, flags_, at_, 0, ret_ }

#define F IOAS_FIXED

static const struct step steps[] = {
	/*  0 */ M(0, 0, 1, F | IOAS_RW, 0x000000, 0),
	/*  1 */ M(0, 1, 3, F | IOAS_R, 0x001000, 0),
	/*  2 */ M(0, 4, 7, F | IOAS_W, 0x018000, 0),
	/*  3 */ M(0, 11, 13, F | IOAS_RW, 0x020000, 0),
	/*  4 */ M(0, 24, 1, F | IOAS_RW, 0x020000, -EEXIST),
	/*  5 */ M(0, 24, 1, IOAS_RW, 0, 0),
	/*  6 */ M(0, 25, 2, IOAS_R, 0, 0),
	/*  7 */ M(0, 27, 5, IOAS_W, 0, 0),
	/*  8 */ M(0, 32, 64, IOAS_RW, 0, 0),
	/*  9 */ U(0, 0x001000, 3, 0),
	/* 10 */ M(0, 96, 17, F | IOAS_RW, 0x001000, 0),
	/* 11 */ U(0, 0x001000, 16, -ENOENT),
	/* 12 */ U(0, 0x5000000, 1, -ENOENT),
	/* 13 */ U_OF(0, 6, 2),
	/* 14 */ M(1, 128, 1, F | IOAS_RW, 0x000000, 0),
	/* 15 */ M(1, 129, 127, F | IOAS_R, 0x100000, 0),
	/* 16 */ M(1, 256, 512, F | IOAS_RW, 0x200000, 0),
	/* 17 */ C(1, 0x600000, 5, F | IOAS_RW, -ENOENT),
	/* 18 */ M(0, 768, 9, F | IOAS_R, 0x480000, 0),
	/* 19 */ C(1, 0x480000, 9, F | IOAS_R, 0),
	/* 20 */ C(1, 0x480000, 9, F | IOAS_RW, -EPERM),
	/* 21 */ C(1, 0x020000, 4, F | IOAS_RW, 0),
	/* 22 */ U(0, 0x020000, 13, 0),
	/* 23 */ M(0, 777, 11, F | IOAS_W, 0x020000, 0),
	/* 24 */ M(0, 788, 19, IOAS_RW, 0, 0),
	/* 25 */ M(0, 807, 23, IOAS_RW, 0, 0),
	/* 26 */ U_OF(0, 24, 19),
	/* 27 */ M(0, 830, 29, F | IOAS_R, 0x400000, 0),
	/* 28 */ M(0, 859, 31, F | IOAS_W, 0x500000, 0),
	/* 29 */ M(0, 890, 37, F | IOAS_RW, 0x600000, 0),
	/* 30 */ M(0, 927, 41, F | IOAS_RW, 0x625000, 0),
	/* 31 */ U(0, 0x600000, 78, 0),
	/* 32 */ M(0, 968, 300, F | IOAS_RW, 0x700000, 0),
	/* 33 */ M(0, 1268, 1, F | IOAS_R, 0x900000, 0),
	/* 34 */ U(1, 0x100000, 127, 0),
	/* 35 */ M(0, 1269, 2, F | IOAS_RW, 0x901000, 0),
	/* 36 */ U(1, 0x480000, 9, 0),
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

struct run {
	int fd;
	uint32_t ioas[2];
	char *mem;
	uint64_t iova[STEPS];
	unsigned int wrong;
};

static int do_map(struct run *run, const struct step *s, uint64_t length, uint64_t *iova)
{
	uint32_t ioas = run->ioas[s->ioas];
	int ret;

	ret = ioas__map(run->fd, ioas, run->mem + s->va, length, s->flags, iova);
	printf("event=map ioas=%u iova=0x%" PRIx64 " length=0x%" PRIx64 " flags=0x%x ret=%d\n",
	       ioas, *iova, length, s->flags, ret);
	return ret;
}

static int do_unmap(struct run *run, const struct step *s, uint64_t length, uint64_t iova)
{
	uint32_t ioas = run->ioas[s->ioas];
	uint64_t unmapped = length;
	int ret;

	ret = ioas__unmap(run->fd, ioas, iova, &unmapped);
	printf("event=unmap ioas=%u iova=0x%" PRIx64 " length=0x%" PRIx64 " unmapped=0x%" PRIx64
	       " ret=%d\n",
	       ioas, iova, length, ret ? 0 : unmapped, ret);
	return ret;
}

/* To the same address in the other IOAS; a failing one takes an address there that is free. */
static int do_copy(struct run *run, const struct step *s, uint64_t length, uint64_t src_iova)
{
	uint32_t ioas = run->ioas[s->ioas], src = run->ioas[!s->ioas];
	uint64_t iova = s->ret ? src_iova + 0x8000000 : src_iova;
	int ret;

	ret = ioas__copy(run->fd, ioas, src, src_iova, length, s->flags, &iova);
	printf("event=copy ioas=%u src_ioas=%u iova=0x%" PRIx64 " src_iova=0x%" PRIx64
	       " length=0x%" PRIx64 " flags=0x%x ret=%d\n",
	       ioas, src, iova, src_iova, length, s->flags, ret);
	return ret;
}

static void do_step(struct run *run, unsigned int n)
{
	const struct step *s = &steps[n];
	uint64_t length = s->pages * MEM_PAGE;
	uint64_t iova = s->of ? run->iova[s->of - 1] : BASE + s->at;
	int ret;

	if (s->op == MAP) {
		if (!(s->flags & F))
			iova = 0;
		ret = do_map(run, s, length, &iova);
	} else if (s->op == UNMAP) {
		ret = do_unmap(run, s, length, iova);
	} else {
		ret = do_copy(run, s, length, iova);
	}
	run->iova[n] = iova;
	if (ret != s->ret) {
		fprintf(stderr, "iommu-script: call %u: result %d instead of %d\n", n, ret, s->ret);
		run->wrong++;
	}
}

static int attach(struct run *run, struct vfio_dev *dev, const char *bdf)
{
	int ret;

	ret = vfio__open(dev, bdf);
	if (!ret)
		ret = vfio__bind(dev, run->fd);
	if (ret)
		return ret;
	ret = vfio__attach_ioas(dev, run->ioas[0]);
	printf("event=attach ioas=%u ret=%d\n", run->ioas[0], ret);
	return ret;
}

static int run_all(struct run *run, const char *bdf, bool also_fail)
{
	struct vfio_dev dev = { .fd = -1 };
	int ret;

	run->fd = iommu__open();
	if (run->fd < 0)
		return run->fd;
	ret = ioas__alloc(run->fd, &run->ioas[0]);
	if (!ret)
		ret = ioas__alloc(run->fd, &run->ioas[1]);
	if (ret)
		return ret;
	run->mem = mem__small(MEM_SIZE);
	if (!run->mem)
		return -ENOMEM;
	if (bdf) {
		ret = attach(run, &dev, bdf);
		if (ret)
			goto out_close;
	}
	for (unsigned int n = 0; n < STEPS; n++)
		if (!steps[n].ret || also_fail)
			do_step(run, n);
	if (bdf) {
		ret = vfio__detach(&dev);
		printf("event=detach ioas=%u ret=%d\n", run->ioas[0], ret);
	}
out_close:
	vfio__close(&dev);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "bdf", required_argument, NULL, 'b' },
						 { "no-fail", no_argument, NULL, 'n' },
						 {} };
	bool also_fail = true, bad = false;
	struct run run = { .fd = -1 };
	const char *bdf = NULL;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'b')
			bdf = optarg;
		else if (opt == 'n')
			also_fail = false;
		else
			bad = true;
	}
	if (bad || optind != argc) {
		fprintf(stderr, "usage: iommu-script [--bdf BDF] [--no-fail]\n");
		return 2;
	}
	ret = run_all(&run, bdf, also_fail);
	if (ret)
		fprintf(stderr, "iommu-script: %s\n", strerror(-ret));
	fprintf(stderr, "iommu-script: %lu maps (%lu failed), %lu unmaps (%lu), %lu copies (%lu)\n",
		iommu_counts.maps, iommu_counts.maps_failed, iommu_counts.unmaps,
		iommu_counts.unmaps_failed, iommu_counts.copies, iommu_counts.copies_failed);
	mem__free(run.mem, MEM_SIZE);
	if (run.fd >= 0)
		close(run.fd);
	return ret || run.wrong ? 1 : 0;
}
