// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences of operations, the same ones for the same seed, with a trace of all results.
 * Two drivers that behave alike give traces that are equal byte for byte.
 *
 *	ops [--device] --seed N [--ops N]
 *					prints the trace
 *	ops --check FILE		TAP: compares the hashes of traces with those in FILE
 *	ops --record FILE		prints FILE with the hashes of this driver
 *
 * FILE has lines "PROFILE SEED OPS HASH", profile none or device; it was recorded on the kernel's
 * own driver of Linux 6.12. To find out what a wrong hash is about, print the trace on both.
 *
 * Operations work on four address spaces, some of them dead, with addresses from a small grid so
 * that they meet, and now and then with values that are wrong in one way or another. User memory
 * lies at a fixed address, since that has a say in where the kernel puts things; it has a part
 * that is only readable and one that is absent. Object ids are not in the trace, and the end of
 * what the IOMMU's page table covers is kept out of it: both may differ without being wrong. So
 * are calls whose own structure cannot be written back, where drivers disagree with good reason.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/args.h"
#include "../lib/edu.h"
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
	uint64_t state, hash, step;
	bool print;
};

static uint32_t rnd(struct fuzz *f, uint32_t n)
{
	f->state = f->state * 6364136223846793005u + 1442695040888963407u;
	return (f->state >> 33) * n >> 31;
}

static bool one_in(struct fuzz *f, uint32_t n)
{
	return !rnd(f, n);
}

static void trace(struct fuzz *f, const char *text, ...) __attribute__((format(printf, 2, 3)));

static void trace(struct fuzz *f, const char *text, ...)
{
	char line[512];
	va_list args;

	va_start(args, text);
	vsnprintf(line, sizeof(line), text, args);
	va_end(args);
	for (const char *c = line; *c; c++)
		f->hash = (f->hash ^ (unsigned char)*c) * 0x100000001b3u;
	if (f->print)
		fputs(line, stdout);
}

/* The common end of a line: result and pages that are charged to this process. */
static void trace_end(struct fuzz *f, int ret)
{
	trace(f, " -> %s", tap__errname(ret));
	/* Reading it takes longer than most operations. */
	if (f->device && !(f->step % 4))
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
	static const uint64_t some[] = {
		0,  1,	    P - 1,	    P + 1,	    1ull << 60, UINT64_MAX, UINT64_MAX - 1,
		-P, -P + 1, UINT64_MAX / 2, UINT64_MAX - P, MSI,	MSI - 1,    1ull << 63,
	};

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

static uint32_t pick_flags(struct fuzz *f)
{
	uint32_t flags = one_in(f, 4) ? 1 + rnd(f, 3) : 3;

	flags <<= 1;
	if (!one_in(f, 3))
		flags |= IOAS_FIXED;
	if (one_in(f, 60))
		flags = rnd(f, 32);
	return flags;
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

	cmd.flags = pick_flags(f);
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

	cmd.flags = pick_flags(f);
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

/* Runs the whole sequence in this process. */
static int run(struct fuzz *f, uint64_t seed, uint64_t num)
{
	unsigned int all = 0;
	int ret = prepare(f);

	if (ret)
		return ret;
	f->state = seed * 0x9e3779b97f4a7c15u + 1;
	f->hash = 0xcbf29ce484222325u;
	for (size_t i = 0; i < OPS; i++)
		if (f->device || !ops[i].device)
			all += ops[i].weight;
	for (f->step = 0; f->step < num; f->step++) {
		uint32_t w = rnd(f, all);
		size_t i = 0;

		while (w >= ops[i].weight)
			w -= ops[i++].weight;
		ops[i].op(f);
	}
	if (f->device)
		vfio__close(&f->dev);
	close(f->fd);
	munmap((void *)MEM_AT, MEM_ALL * P);
	return 0;
}

/* Runs it in a process of its own and takes the hash from there. */
static int run_apart(bool device, uint64_t seed, uint64_t num, uint64_t *hash)
{
	struct {
		int ret;
		uint64_t hash;
	} answer = { -EPIPE, 0 };
	int fds[2], status;
	pid_t pid;

	if (pipe(fds))
		return -errno;
	pid = fork();
	if (!pid) {
		struct fuzz f = { .device = device };

		answer.ret = run(&f, seed, num);
		answer.hash = f.hash;
		_exit(write(fds[1], &answer, sizeof(answer)) != sizeof(answer));
	}
	close(fds[1]);
	if (read(fds[0], &answer, sizeof(answer)) != sizeof(answer))
		answer.ret = -EPIPE;
	close(fds[0]);
	waitpid(pid, &status, 0);
	*hash = answer.hash;
	return answer.ret;
}

/* Each line of the file: compared, or printed again with the hash of now. */
static int each_line(const char *path, bool record)
{
	FILE *file = fopen(path, "r");
	char line[256], profile[16];
	uint64_t seed, num, want, got = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		bool device;
		int ret;

		if (sscanf(line, "%15s %" SCNu64 " %" SCNu64 " %" SCNx64, profile, &seed, &num,
			   &want) != 4 ||
		    profile[0] == '#') {
			if (record)
				fputs(line, stdout);
			continue;
		}
		device = !strcmp(profile, "device");
		ret = run_apart(device, seed, num, &got);
		if (record)
			printf("%s %" PRIu64 " %" PRIu64 " 0x%016" PRIx64 "\n", profile, seed, num,
			       ret ? 0 : got);
		else if (ret == -ENODEV)
			tap__skip("no edu device", "%s, seed %" PRIu64, profile, seed);
		else if (tap__err(ret, 0, "%s, seed %" PRIu64 ": runs", profile, seed))
			tap__hex(got, want, "%s, seed %" PRIu64 ": %" PRIu64 " operations", profile,
				 seed, num);
	}
	fclose(file);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: ops [--device] --seed N [--ops N] | --check FILE | "
			"--record FILE\n");
	return 2;
}

static int one(bool device, uint64_t seed, uint64_t num)
{
	struct fuzz f = { .device = device, .print = true };
	int ret = run(&f, seed, num);

	if (ret)
		fprintf(stderr, "ops: %s\n", strerror(-ret));
	else
		fprintf(stderr, "ops: hash 0x%016" PRIx64 "\n", f.hash);
	return ret ? 1 : 0;
}

static int check(const char *path)
{
	int ret;

	tap__start(85);
	ret = each_line(path, false);
	if (ret)
		return tap__bail("%s: %s", path, strerror(-ret));
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "device", no_argument, NULL, 'd' },
						 { "seed", required_argument, NULL, 's' },
						 { "ops", required_argument, NULL, 'o' },
						 { "check", required_argument, NULL, 'c' },
						 { "record", required_argument, NULL, 'r' },
						 {} };
	const char *check_path = NULL, *record_path = NULL;
	uint64_t seed = UINT64_MAX, num = 1000;
	bool device = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'd')
			device = true;
		else if (opt == 's' && !args__number(optarg, UINT32_MAX, &seed))
			continue;
		else if (opt == 'o' && !args__number(optarg, UINT32_MAX, &num))
			continue;
		else if (opt == 'c')
			check_path = optarg;
		else if (opt == 'r')
			record_path = optarg;
		else
			return usage();
	}
	if (optind != argc)
		return usage();
	if (check_path)
		return check(check_path);
	if (record_path)
		return each_line(record_path, true) ? 1 : 0;
	return seed == UINT64_MAX ? usage() : one(device, seed, num);
}
