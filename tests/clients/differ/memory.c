// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of the process: its kinds, changes while it is mapped for devices, and its limit.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../lib/account.h"
#include "differ.h"

#define FIXED (MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE)

static int map_at(uint64_t at, size_t size, int prot, int flags, int fd)
{
	return mmap((void *)at, size, prot, flags, fd, 0) == (void *)at ? 0 : -errno;
}

int memory_init(struct fuzz *f)
{
	char *mem = (char *)MEM_AT;
	int ret;

	f->memfd = memfd_create("differ", MFD_CLOEXEC);
	if (f->memfd < 0 || ftruncate(f->memfd, FILE_PAGES * P))
		return -errno;
	ret = map_at(MEM_AT, MEM_ALL * P, PROT_READ | PROT_WRITE, FIXED, -1);
	if (!ret)
		ret = map_at(HUGE_AT, HUGE_PAGES * P, PROT_READ | PROT_WRITE, FIXED, -1);
	if (!ret)
		ret = map_at(FILE_AT, FILE_PAGES * P, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_FIXED, f->memfd);
	if (!ret)
		ret = map_at(FILE_RO_AT, FILE_PAGES * P, PROT_READ, MAP_SHARED | MAP_FIXED,
			     f->memfd);
	if (!ret)
		ret = map_at(STRUCT_AT, 2 * P, PROT_READ | PROT_WRITE, FIXED, -1);
	if (ret)
		return ret;
	madvise(mem, MEM_ALL * P, MADV_NOHUGEPAGE);
	madvise((void *)HUGE_AT, HUGE_PAGES * P, MADV_HUGEPAGE);
	memset(mem, 1, (MEM_GOOD + MEM_READONLY) * P);
	mprotect(mem + MEM_GOOD * P, MEM_READONLY * P, PROT_READ);
	mprotect(mem + (MEM_GOOD + MEM_READONLY) * P, MEM_NONE * P, PROT_NONE);
	munmap(mem + (MEM_ALL - MEM_HOLE) * P, MEM_HOLE * P);
	return 0;
}

/* Change a few pages while they may be mapped: gone, anew, or with other rights. */
void op_memory(struct fuzz *f)
{
	uint32_t page = rnd(f, MEM_GOOD), pages = 1 + rnd(f, 6), what = rnd(f, 8);
	uint64_t at = MEM_AT + page * P;
	size_t size = pages * P;
	int ret;

	if (page + pages > MEM_GOOD)
		pages = MEM_GOOD - page;
	size = pages * P;
	begin(f, NULL, "memory", -1);
	trace(f, " what=%u page=%u pages=%u", what, page, pages);
	if (what == 0)
		ret = munmap((void *)at, size);
	else if (what < 4)
		ret = mmap((void *)at, size, PROT_READ | PROT_WRITE, FIXED, -1, 0) == MAP_FAILED;
	else if (what == 4)
		ret = mprotect((void *)at, size, PROT_READ);
	else if (what == 5)
		ret = mprotect((void *)at, size, PROT_NONE);
	else if (what == 6)
		ret = mprotect((void *)at, size, PROT_READ | PROT_WRITE);
	else
		ret = madvise((void *)at, size, MADV_DONTNEED);
	end(f, ret ? -errno : 0);
}

/* Opening files takes root, everything else is done as the user. */
void as_root(struct fuzz *f, bool root)
{
	if (f->user && setresuid(-1, root ? 0 : ACCOUNT_USER, -1))
		trace(f, "cannot change the user\n");
}

/* The limit of locked memory, and whether the process is privileged. */
void op_limit(struct fuzz *f)
{
	uint32_t pages = rnd(f, 160), what = rnd(f, 5);
	struct rlimit limit = { .rlim_cur = pages * P, .rlim_max = RLIM_INFINITY };
	int ret;

	if (!f->limited)
		return;
	/* The first two calls, see opening[]. */
	if (f->t.step < 2)
		what = f->t.step;
	begin(f, NULL, "limit", -1);
	if (what == 0) {
		f->user = !f->user;
		ret = setresuid(f->user ? ACCOUNT_USER : 0, f->user ? ACCOUNT_USER : 0, 0);
		trace(f, " user=%d", f->user);
	} else {
		getrlimit(RLIMIT_MEMLOCK, &limit);
		limit.rlim_cur = pages * P;
		ret = setrlimit(RLIMIT_MEMLOCK, &limit);
		trace(f, " pages=%u", pages);
	}
	end(f, ret ? -errno : 0);
}
