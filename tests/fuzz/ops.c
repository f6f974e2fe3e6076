// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz the uAPI without a device and with the edu device: random operations, the same for the same
 * seed, with a trace of all results. Two drivers that behave alike give identical traces. See
 * tests/lib/fuzz.h for the options.
 *
 * tests/fuzz/ops.expected has the hashes of traces recorded on the kernel's own driver of Linux
 * 6.12. It has two profiles: none, and device with the edu device. To find the cause of a wrong
 * hash, print the trace on both drivers.
 *
 * Operations work on four address spaces, some of them destroyed, with addresses from a small grid
 * so that they meet, and now and then with a wrong value. User memory is at a fixed address,
 * because the kernel chooses IOVAs by it; a part of it is read-only and a part is absent. Object
 * ids are not in the trace, and no address is near the end of the range that the IOMMU's page table
 * covers, because drivers may differ in both. Calls whose own structure cannot be written back are
 * left out, because drivers differ there for good reason.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/edu.h"
#include "../lib/fuzz.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define SLOTS 4
#define MEM_AT 0x7e0000000000ul
#define MEM_GOOD 512  /* pages: writable, then read-only, then absent */
#define MEM_READONLY 32
#define MEM_ABSENT 32
#define MEM_ALL (MEM_GOOD + MEM_READONLY + MEM_ABSENT)
#define GRID 48
#define MSI 0xfee00000ull

struct fuzz {
	int fd;
	uint32_t ids[SLOTS]; /* 0: none */
	uint32_t dead;
	bool device, attached;
	struct vfio_dev dev;
	uint32_t hwpt;
	struct fuzz_trace t;
};

static uint32_t rnd(struct fuzz *f, uint32_t n)
{
	return fuzz__rnd(&f->t, n);
}

static bool one_in(struct fuzz *f, uint32_t n)
{
	return fuzz__one_in(&f->t, n);
}

#define trace(f, ...) fuzz__trace(&(f)->t, __VA_ARGS__)

/* The common end of a line: result and pages that are charged to this process. */
static void trace_end(struct fuzz *f, int ret)
{
	trace(f, " -> %s", tap__errname(ret));
	/* Reading it takes longer than most operations. */
	if (f->device && !(f->t.step % 4))
		trace(f, " pin=%ld", mem__status(0, "VmPin") / 4);
	trace(f, "\n");
}

/*
 * An id and how the trace calls it. Here as everywhere how many random numbers are drawn does not
 * depend on results, so that two traces go on alike after a difference.
 */
struct pick {
	uint32_t id;
	char name[8];
};

static struct pick pick_ioas(struct fuzz *f)
{
	struct pick p = { 0, "none" };
	uint32_t n = rnd(f, SLOTS);

	if (one_in(f, 60)) {
		p.id = f->dead;
		strcpy(p.name, "dead");
	} else if (f->device && one_in(f, 80)) {
		p.id = f->dev.id;
		strcpy(p.name, "dev");
	} else if (one_in(f, 80) && f->attached) {
		p.id = f->hwpt;
		strcpy(p.name, "hwpt");
	} else {
		p.id = f->ids[n] ? f->ids[n] : f->dead;
		snprintf(p.name, sizeof(p.name), "%u", n);
	}
	return p;
}

/* A number that is likely to be at the edge of something. */
static uint64_t odd_number(struct fuzz *f)
{
	/* clang-format off */
	static const uint64_t some[] = {
		0, 1, P - 1, P + 1, 1ull << 60, UINT64_MAX, UINT64_MAX - 1, -P, -P + 1,
		UINT64_MAX / 2, UINT64_MAX - P, MSI, MSI - 1, 1ull << 63,
	};
	/* clang-format on */

	return some[rnd(f, sizeof(some) / sizeof(some[0]))];
}

static uint64_t pick_iova(struct fuzz *f)
{
	uint64_t iova = rnd(f, GRID) * P;

	if (one_in(f, 6))
		iova += MSI - GRID / 2 * P;
	else if (one_in(f, 4))
		iova += 0x200000;
	if (one_in(f, 25))
		iova += rnd(f, P);
	return one_in(f, 30) ? odd_number(f) : iova;
}

static uint64_t pick_length(struct fuzz *f)
{
	uint64_t length = (1 + rnd(f, one_in(f, 5) ? 40 : 6)) * P;

	if (one_in(f, 25))
		length = 1 + rnd(f, 3 * P);
	return one_in(f, 30) ? odd_number(f) : length;
}

static uint64_t pick_va(struct fuzz *f, bool odd)
{
	uint64_t page = rnd(f, MEM_GOOD - 64);

	if (one_in(f, 20))
		page = rnd(f, MEM_ALL);
	if (odd && one_in(f, 30))
		return MEM_AT + page * P + rnd(f, P);
	return MEM_AT + page * P;
}

static void op_alloc(struct fuzz *f)
{
	uint32_t n = rnd(f, SLOTS), id = 0;
	int ret;

	if (f->ids[n])
		return;
	ret = ioas__alloc(f->fd, &id);
	f->ids[n] = ret ? 0 : id;
	trace(f, "alloc ioas=%u", n);
	trace_end(f, ret);
}

static void op_destroy(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	int ret = iommu__destroy(f->fd, p.id);

	for (int i = 0; i < SLOTS; i++)
		if (!ret && f->ids[i] == p.id)
			f->ids[i] = 0;
	trace(f, "destroy id=%s", p.name);
	trace_end(f, ret);
}

static void op_map(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	struct iommu_ioas_map cmd = { .size = sizeof(cmd), .ioas_id = p.id };
	int ret;

	cmd.flags = fuzz__map_flags(&f->t);
	cmd.iova = pick_iova(f);
	cmd.length = pick_length(f);
	/* Where things go with an odd user address and no device is not worth agreeing on. */
	cmd.user_va = pick_va(f, cmd.flags & IOAS_FIXED);
	cmd.__reserved = one_in(f, 100);
	trace(f,
	      "map ioas=%s flags=0x%x va=0x%" PRIx64 " length=0x%" PRIx64 " iova=0x%" PRIx64 "%s",
	      p.name, cmd.flags, (uint64_t)cmd.user_va, (uint64_t)cmd.length, (uint64_t)cmd.iova,
	      cmd.__reserved ? " reserved" : "");
	ret = iommu__ioctl(f->fd, IOMMU_IOAS_MAP, &cmd);
	if (!ret)
		trace(f, " at=0x%" PRIx64, (uint64_t)cmd.iova);
	trace_end(f, ret);
}

static void op_unmap(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	uint64_t iova = pick_iova(f), length = pick_length(f);
	int ret;

	if (one_in(f, 3))
		length = (1 + rnd(f, 60)) * P;
	if (one_in(f, 40)) {
		iova = 0;
		length = UINT64_MAX;
	}
	trace(f, "unmap ioas=%s iova=0x%" PRIx64 " length=0x%" PRIx64, p.name, iova, length);
	ret = ioas__unmap(f->fd, p.id, iova, &length);
	if (!ret)
		trace(f, " unmapped=0x%" PRIx64, length);
	trace_end(f, ret);
}

static void op_copy(struct fuzz *f)
{
	struct pick dst = pick_ioas(f), src = pick_ioas(f);
	struct iommu_ioas_copy cmd = { .size = sizeof(cmd),
				       .dst_ioas_id = dst.id,
				       .src_ioas_id = src.id };
	int ret;

	cmd.flags = fuzz__map_flags(&f->t);
	cmd.length = pick_length(f);
	cmd.src_iova = pick_iova(f);
	cmd.dst_iova = pick_iova(f);
	/* As in op_map(): the source may begin at an odd place. */
	if ((cmd.src_iova | cmd.length) % P)
		cmd.flags |= IOAS_FIXED;
	trace(f,
	      "copy ioas=%s src=%s flags=0x%x length=0x%" PRIx64 " src_iova=0x%" PRIx64
	      " iova=0x%" PRIx64,
	      dst.name, src.name, cmd.flags, (uint64_t)cmd.length, (uint64_t)cmd.src_iova,
	      (uint64_t)cmd.dst_iova);
	ret = iommu__ioctl(f->fd, IOMMU_IOAS_COPY, &cmd);
	if (!ret)
		trace(f, " at=0x%" PRIx64, (uint64_t)cmd.dst_iova);
	trace_end(f, ret);
}

static void op_allow(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	struct iommu_iova_range r[4];
	uint32_t num = one_in(f, 2) ? 0 : rnd(f, 5);
	int ret;

	trace(f, "allow ioas=%s", p.name);
	for (uint32_t i = 0; i < num; i++) {
		r[i].start = one_in(f, 3) ? pick_iova(f) : (rnd(f, GRID) + i * GRID) * P;
		r[i].last = r[i].start + (1 + rnd(f, GRID)) * P - 1;
		if (one_in(f, 20))
			r[i].last = odd_number(f);
		trace(f, " 0x%" PRIx64 "-0x%" PRIx64, (uint64_t)r[i].start, (uint64_t)r[i].last);
	}
	ret = ioas__allow(f->fd, p.id, r, num);
	trace_end(f, ret);
}

static void op_ranges(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	struct iommu_iova_range r[8];
	uint32_t room = rnd(f, 5), num = room;
	uint64_t align = 0;
	int ret = ioas__ranges(f->fd, p.id, r, &num, &align);

	trace(f, "ranges ioas=%s room=%u", p.name, room);
	if (!ret || ret == -EMSGSIZE)
		trace(f, " num=%u align=%" PRIu64, num, align);
	for (uint32_t i = 0; (!ret || ret == -EMSGSIZE) && i < room && i < num; i++) {
		trace(f, " 0x%" PRIx64 "-", (uint64_t)r[i].start);
		if (r[i].last == UINT64_MAX || r[i].last & (r[i].last + 1))
			trace(f, "0x%" PRIx64, (uint64_t)r[i].last);
		else
			trace(f, "end");
	}
	trace_end(f, ret);
}

static void op_option(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	struct iommu_option cmd = { .size = sizeof(cmd), .object_id = p.id };
	int ret;

	cmd.option_id = one_in(f, 10) ? rnd(f, 4) : IOMMU_OPTION_HUGE_PAGES;
	cmd.op = one_in(f, 15) ? rnd(f, 5) : rnd(f, 2);
	cmd.val64 = one_in(f, 10) ? odd_number(f) : rnd(f, 2);
	cmd.__reserved = one_in(f, 50);
	if (cmd.option_id == IOMMU_OPTION_RLIMIT_MODE && !one_in(f, 3)) {
		cmd.object_id = 0;
		strcpy(p.name, "0");
	}
	trace(f, "option id=%s option=%u op=%u val=0x%" PRIx64 "%s", p.name, cmd.option_id, cmd.op,
	      (uint64_t)cmd.val64, cmd.__reserved ? " reserved" : "");
	ret = iommu__ioctl(f->fd, IOMMU_OPTION, &cmd);
	if (!ret)
		trace(f, " val=%" PRIu64, (uint64_t)cmd.val64);
	trace_end(f, ret);
}

/* A command with a size that is not its own: bytes behind it are zero or not. */
static void op_size(struct fuzz *f)
{
	static const struct {
		unsigned int nr, size;
	/* clang-format off */
	} commands[] = {
		{ IOMMU_DESTROY, 8 }, { IOMMU_IOAS_ALLOC, 12 }, { IOMMU_IOAS_IOVA_RANGES, 32 },
		{ IOMMU_IOAS_ALLOW_IOVAS, 24 }, { IOMMU_IOAS_MAP, 40 }, { IOMMU_IOAS_COPY, 40 },
		{ IOMMU_IOAS_UNMAP, 24 }, { IOMMU_OPTION, 24 },
	};
	/* clang-format on */
	uint32_t arg[64] = { 0 }, n = rnd(f, 8), size = rnd(f, 2 * commands[n].size);
	int ret;

	/* With zeroes in it no command but IOAS_ALLOC can succeed. */
	if (n == 1 && size >= commands[n].size)
		return;
	arg[0] = size;
	if (size > commands[n].size && one_in(f, 2))
		((char *)arg)[size - 1] = 1;
	ret = iommu__ioctl(f->fd, commands[n].nr, arg);
	trace(f, "size command=%u size=%u", n, size);
	trace_end(f, ret);
}

static void op_attach(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	uint32_t id = p.id;
	int ret = vfio__attach(&f->dev, &id);

	if (!ret) {
		f->attached = true;
		f->hwpt = id;
	}
	trace(f, "attach id=%s", p.name);
	trace_end(f, ret);
}

static void op_detach(struct fuzz *f)
{
	int ret = vfio__detach(&f->dev);

	f->attached = false;
	trace(f, "detach");
	trace_end(f, ret);
}

static const struct {
	void (*op)(struct fuzz *f);
	unsigned int weight;
	bool device;
/* clang-format off */
} ops[] = {
	{ op_alloc, 8, false }, { op_destroy, 1, false }, { op_map, 40, false },
	{ op_unmap, 22, false }, { op_copy, 20, false }, { op_allow, 3, false },
	{ op_ranges, 4, false }, { op_option, 4, false }, { op_size, 2, false },
	{ op_attach, 9, true }, { op_detach, 2, true },
};

/* clang-format on */

#define OPS (sizeof(ops) / sizeof(ops[0]))

static int prepare(struct fuzz *f)
{
	size_t good = MEM_GOOD * P, readonly = MEM_READONLY * P, absent = MEM_ABSENT * P;
	char bdf[16], *mem = (char *)MEM_AT;
	int ret;

	if (mmap(mem, MEM_ALL * P, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != mem)
		return -ENOMEM;
	madvise(mem, MEM_ALL * P, MADV_NOHUGEPAGE);
	memset(mem, 1, good + readonly);
	mprotect(mem + good, readonly, PROT_READ);
	mprotect(mem + good + readonly, absent, PROT_NONE);
	f->fd = iommu__open();
	if (f->fd < 0)
		return f->fd;
	ret = ioas__alloc(f->fd, &f->dead);
	if (!ret)
		ret = iommu__destroy(f->fd, f->dead);
	f->dead = 0x7ffffff0;
	if (ret || !f->device)
		return ret;
	ret = pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf);
	if (!ret)
		ret = pci__bind(bdf);
	if (!ret)
		ret = vfio__open(&f->dev, bdf);
	if (!ret)
		ret = vfio__bind(&f->dev, f->fd);
	return ret;
}

/* Without the device its operations are left out. */
static int run(struct fuzz_trace *t, const char *profile, uint64_t num)
{
	struct fuzz f = { .device = !strcmp(profile, "device"), .t = *t };
	unsigned int all = 0;
	int ret = prepare(&f);

	if (ret)
		return ret;
	for (size_t i = 0; i < OPS; i++)
		if (f.device || !ops[i].device)
			all += ops[i].weight;
	for (f.t.step = 0; f.t.step < num; f.t.step++) {
		uint32_t w = rnd(&f, all);
		size_t i = 0;

		while (w >= ops[i].weight)
			w -= ops[i++].weight;
		ops[i].op(&f);
	}
	if (f.device)
		vfio__close(&f.dev);
	close(f.fd);
	munmap((void *)MEM_AT, MEM_ALL * P);
	*t = f.t;
	return 0;
}

int main(int argc, char **argv)
{
	return fuzz__main(argc, argv, "tests/fuzz/ops.expected", "none", run);
}
