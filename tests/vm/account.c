// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounting of pinned memory, in its three modes:
 *
 *	none	a caller with CAP_IPC_LOCK: counted in VmPin, bound by nothing
 *	user	the default: RLIMIT_MEMLOCK bounds the pages of all processes of a user
 *	mm	option RLIMIT_MODE 1: counted in VmLck of the process too, bound by that limit
 *
 * After each step VmPin and VmLck have to be exact, and pins of a refused call have to be gone.
 * The test runs as root, which opens files and attaches the edu device, and takes on a user of no
 * privilege around the calls in question. It keeps root as saved user to come back; capabilities
 * and the user that is charged go with the effective and the real one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/account.h"
#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define LIMIT 64 /* pages that an unprivileged user may lock */
#define BASE 0x1000000ull
#define PAGES 128

static char bdf[16];
static char *mem;

struct ctx {
	int fd;
	uint32_t ioas;
	struct vfio_dev dev;
};

static bool ctx_open(struct ctx *ctx, uint64_t mode)
{
	int ret;

	ctx->fd = iommu__open();
	ret = iommu__option(ctx->fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &mode);
	if (!ret)
		ret = ioas__alloc(ctx->fd, &ctx->ioas);
	if (!ret)
		ret = vfio__open(&ctx->dev, bdf);
	if (!ret)
		ret = vfio__bind(&ctx->dev, ctx->fd);
	if (!ret)
		ret = vfio__attach_ioas(&ctx->dev, ctx->ioas);
	return tap__err(ret, 0, "context with the edu device attached");
}

static void ctx_close(struct ctx *ctx)
{
	vfio__close(&ctx->dev);
	close(ctx->fd);
}

static int map(struct ctx *ctx, unsigned int page, unsigned int pages)
{
	return ioas__map_at(ctx->fd, ctx->ioas, mem + page * P, pages * P, BASE + page * P);
}

static int unmap(struct ctx *ctx, unsigned int page, unsigned int pages)
{
	return ioas__unmap_at(ctx->fd, ctx->ioas, BASE + page * P, pages * P);
}

static void test_none(uint64_t mode)
{
	struct ctx ctx;

	tap__diag("no limit, option %d", (int)mode);
	if (!ctx_open(&ctx, mode))
		return;
	account__limit(0);
	account__counts(0, 0, "none");
	tap__err(map(&ctx, 0, 100), 0, "none: map 100 pages with a limit of 0");
	account__counts(100, 0, "none: mapped");
	account__pinned(100, "none: mapped");
	tap__err(map(&ctx, 100, 1), 0, "none: map one more");
	account__counts(101, 0, "none: mapped");
	tap__err(unmap(&ctx, 0, 100), 0, "none: unmap the hundred");
	account__counts(1, 0, "none: unmapped");
	account__pinned(1, "none: unmapped");
	ctx_close(&ctx);
	account__counts(0, 0, "none: closed");
	account__pinned(0, "none: closed");
}

/* Up to the limit and over it. lck says whether VmLck follows VmPin. */
static void test_limit(const char *name, uint64_t mode, bool lck)
{
	struct ctx ctx;

	tap__diag("limit, %s", name);
	if (!ctx_open(&ctx, mode))
		return;
	account__limit(LIMIT);
	account__become_user();
	tap__err(map(&ctx, 0, LIMIT + 1), -ENOMEM, "%s: one page over the limit", name);
	account__counts(0, 0, name);
	tap__err(map(&ctx, 0, LIMIT), 0, "%s: all of the limit", name);
	account__counts(LIMIT, lck ? LIMIT : 0, name);
	tap__err(map(&ctx, LIMIT, 1), -ENOMEM, "%s: one more", name);
	account__counts(LIMIT, lck ? LIMIT : 0, name);
	tap__err(unmap(&ctx, 0, LIMIT), 0, "%s: unmap", name);
	account__counts(0, 0, name);
	tap__err(map(&ctx, 0, LIMIT - 4), 0, "%s: four pages less", name);
	tap__err(map(&ctx, 70, 5), -ENOMEM, "%s: five more", name);
	account__become_root();
	account__pinned(LIMIT - 4, name);
	account__become_user();
	tap__err(map(&ctx, 70, 4), 0, "%s: four more", name);
	account__counts(LIMIT, lck ? LIMIT : 0, name);
	account__become_root();
	tap__err(map(&ctx, 80, 10), 0, "%s: root is not bound by it", name);
	account__counts(LIMIT + 10, lck ? LIMIT : 0, name);
	account__become_user();
	tap__err(map(&ctx, 90, 1), -ENOMEM, "%s: the user still is", name);
	tap__err(unmap(&ctx, 80, 10), 0, "%s: unmap root's", name);
	tap__err(map(&ctx, 90, 1), -ENOMEM, "%s: which was not the user's", name);
	account__limit(LIMIT + 1);
	tap__err(map(&ctx, 90, 1), 0, "%s: fits a raised limit", name);
	account__limit(1);
	tap__err(unmap(&ctx, 0, LIMIT - 4), 0, "%s: unmap with too low a limit", name);
	account__counts(5, lck ? 5 : 0, name);
	account__become_root();
	ctx_close(&ctx);
	account__counts(0, 0, name);
	account__pinned(0, name);
}

/* The count of calls that a limit has refused, in the fdinfo of a context. */
static long refused_by_limit(const struct ctx *ctx)
{
	char path[64], line[256];
	long ret = -1;
	char *at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ctx->fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "iommufd-refused:", 16))
			continue;
		at = strstr(line, "limit=");
		if (at)
			ret = strtol(at + 6, NULL, 10);
	}
	if (f)
		fclose(f);
	return ret;
}

/*
 * No limit is to blame for memory that cannot be pinned at all. VMMs map the BARs of other devices,
 * and expect EFAULT.
 */
static void test_unpinnable(const char *name, uint64_t mode)
{
	size_t size = 2 * LIMIT * P, bar_size;
	char *gap, *closed, *read_only;
	struct ctx ctx;
	void *bar;

	if (!ctx_open(&ctx, mode))
		return;
	bar = vfio__map_bar(&ctx.dev, 0, &bar_size);
	gap = mem__small(size);
	closed = mem__small(size);
	read_only = mem__small(size);
	munmap(gap + size - P, P);
	mprotect(closed + P, P, PROT_NONE);
	mprotect(read_only, P, PROT_READ);
	account__limit(LIMIT);
	account__become_user();
	if (tap__ok(bar && bar_size >= size, "%s: a BAR longer than the limit", name))
		tap__err(ioas__map_at(ctx.fd, ctx.ioas, bar, bar_size, BASE), -EFAULT, "%s: a BAR",
			 name);
	tap__err(ioas__map_at(ctx.fd, ctx.ioas, gap, size, BASE), -EFAULT,
		 "%s: a range whose last page is missing", name);
	tap__err(ioas__map_at(ctx.fd, ctx.ioas, closed, size, BASE), -EFAULT,
		 "%s: a page without access", name);
	tap__err(ioas__map_at(ctx.fd, ctx.ioas, read_only, size, BASE), -EFAULT,
		 "%s: a page that cannot be written", name);
	tap__is(refused_by_limit(&ctx), 0, "%s: no limit has refused any", name);
	tap__err(ioas__map_at(ctx.fd, ctx.ioas, gap, size - P, BASE), -ENOMEM,
		 "%s: memory over the limit", name);
	tap__is(refused_by_limit(&ctx), 1, "%s: that was the limit", name);
	account__counts(0, 0, name);
	account__become_root();
	account__pinned(0, name);
	vfio__unmap_bar(bar, bar_size);
	munmap(gap, size - P);
	munmap(closed, size);
	munmap(read_only, size);
	ctx_close(&ctx);
}

/* Copies share pinned pages, and a page stays pinned for as long as a copy uses it. */
static void test_copy(const char *name, uint64_t mode, bool lck)
{
	uint64_t iova = BASE + 256 * P, other = BASE + 512 * P;
	struct ctx ctx;

	if (!ctx_open(&ctx, mode))
		return;
	account__limit(LIMIT);
	account__become_user();
	tap__err(map(&ctx, 0, LIMIT), 0, "%s: map all of the limit", name);
	tap__err(ioas__copy(ctx.fd, ctx.ioas, ctx.ioas, BASE, LIMIT * P, IOAS_RW | IOAS_FIXED,
			    &other),
		 0, "%s: copy it", name);
	account__counts(LIMIT, lck ? LIMIT : 0, name);
	tap__err(ioas__copy(ctx.fd, ctx.ioas, ctx.ioas, BASE + 20 * P, 7 * P, IOAS_R | IOAS_FIXED,
			    &iova),
		 0, "%s: copy seven pages of it", name);
	account__counts(LIMIT, lck ? LIMIT : 0, name);
	tap__err(unmap(&ctx, 0, LIMIT), 0, "%s: unmap the original", name);
	account__counts(LIMIT, lck ? LIMIT : 0, name);
	tap__err(unmap(&ctx, 512, LIMIT), 0, "%s: unmap the whole copy", name);
	account__counts(7, lck ? 7 : 0, name);
	account__become_root();
	account__pinned(7, name);
	account__become_user();
	tap__err(map(&ctx, 0, LIMIT - 6), -ENOMEM, "%s: the seven count", name);
	tap__err(map(&ctx, 0, LIMIT - 7), 0, "%s: and no others", name);
	tap__err(unmap(&ctx, 256, 7), 0, "%s: unmap the seven", name);
	account__counts(LIMIT - 7, lck ? LIMIT - 7 : 0, name);
	tap__err(ioas__unmap_all(ctx.fd, ctx.ioas), 0, "%s: unmap everything", name);
	account__counts(0, 0, name);
	tap__err(map(&ctx, 0, LIMIT / 2), 0, "%s: map half of the limit", name);
	tap__err(ioas__map_at(ctx.fd, ctx.ioas, mem, P * LIMIT / 2, iova), 0,
		 "%s: map the same memory again", name);
	account__counts(LIMIT, lck ? LIMIT : 0, name);
	account__become_root();
	ctx_close(&ctx);
	account__counts(0, 0, name);
	account__pinned(0, name);
}

/* Memory that was mapped before is pinned and charged by the attach. */
static void test_attach(const char *name, uint64_t mode, bool lck)
{
	struct ctx ctx;

	if (!ctx_open(&ctx, mode))
		return;
	account__limit(LIMIT);
	account__become_user();
	tap__err(map(&ctx, 0, LIMIT), 0, "%s: map all of the limit", name);
	tap__err(vfio__detach(&ctx.dev), 0, "%s: detach", name);
	account__counts(0, 0, name);
	tap__err(map(&ctx, LIMIT, 1), 0, "%s: map one more, nothing is pinned", name);
	account__counts(0, 0, name);
	tap__err(vfio__attach_ioas(&ctx.dev, ctx.ioas), -ENOMEM, "%s: attach", name);
	account__counts(0, 0, name);
	account__become_root();
	account__pinned(0, name);
	account__become_user();
	tap__err(unmap(&ctx, 0, LIMIT), 0, "%s: unmap the many", name);
	tap__err(vfio__attach_ioas(&ctx.dev, ctx.ioas), 0, "%s: attach", name);
	account__counts(1, lck, name);
	account__become_root();
	tap__err(iommu__destroy(ctx.fd, ctx.ioas), -EBUSY, "%s: destroy while attached", name);
	vfio__detach(&ctx.dev);
	account__counts(0, 0, name);
	tap__err(iommu__destroy(ctx.fd, ctx.ioas), 0, "%s: destroy", name);
	ctx_close(&ctx);
	account__pinned(0, name);
}

/* In a child of the same user: result of mapping that many pages of its own memory. */
static int in_child(struct ctx *ctx, unsigned int pages, uint64_t iova)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		char *own = mem__small(pages * P);
		int ret = ioas__map_at(ctx->fd, ctx->ioas, own, pages * P, iova);

		if (!ret && mem__status(0, "VmPin") / 4 != pages)
			ret = -EBADMSG;
		if (!ret)
			ret = ioas__unmap_at(ctx->fd, ctx->ioas, iova, pages * P);
		if (!ret && mem__status(0, "VmPin"))
			ret = -EBADMSG;
		_exit(-ret);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

/* In mode user the processes of a user share a limit, in mode mm they do not. */
static void test_sharing(void)
{
	struct ctx ctx;

	account__limit(LIMIT);
	if (!ctx_open(&ctx, 0))
		return;
	account__become_user();
	map(&ctx, 0, LIMIT - 10);
	tap__err(in_child(&ctx, 10, BASE << 1), 0, "user: ten pages of another process fit");
	tap__err(in_child(&ctx, 11, BASE << 1), -ENOMEM, "user: eleven do not");
	account__counts(LIMIT - 10, 0, "user: not charged to this process");
	account__become_root();
	ctx_close(&ctx);
	if (!ctx_open(&ctx, 1))
		return;
	account__become_user();
	map(&ctx, 0, LIMIT - 10);
	tap__err(in_child(&ctx, LIMIT, BASE << 1), 0, "mm: another process has its own limit");
	tap__err(in_child(&ctx, LIMIT + 1, BASE << 1), -ENOMEM, "mm: and is bound by it");
	account__counts(LIMIT - 10, LIMIT - 10, "mm: not charged to this process");
	unmap(&ctx, 0, LIMIT - 10);
	mlock(mem, 10 * P);
	account__counts(0, 10, "mm: ten pages locked");
	tap__err(map(&ctx, 20, LIMIT - 9), -ENOMEM, "mm: locked pages count");
	tap__err(map(&ctx, 20, LIMIT - 10), 0, "mm: the rest may be pinned");
	account__counts(LIMIT - 10, LIMIT, "mm: locked and pinned");
	munlock(mem, 10 * P);
	account__counts(LIMIT - 10, LIMIT - 10, "mm: pinned");
	account__become_root();
	ctx_close(&ctx);
	account__counts(0, 0, "mm: closed");
	account__pinned(0, "sharing");
}

/* The process whose memory is pinned exits; another process has the files. */
static void test_orphan(const char *name, uint64_t mode)
{
	struct ctx ctx;
	int status = -1;
	pid_t pid;

	if (!ctx_open(&ctx, mode))
		return;
	account__limit(LIMIT);
	pid = fork();
	if (!pid) {
		if (setresuid(ACCOUNT_USER, ACCOUNT_USER, ACCOUNT_USER))
			_exit(1);
		_exit(map(&ctx, 0, LIMIT) ? 2 : 0);
	}
	waitpid(pid, &status, 0);
	tap__is(status, 0, "%s: a child maps all of its limit and exits", name);
	account__pinned(LIMIT, name);
	account__counts(0, 0, name);
	tap__err(unmap(&ctx, 0, LIMIT), 0, "%s: its mapping can be unmapped", name);
	account__pinned(0, name);
	account__become_user();
	tap__err(map(&ctx, 0, LIMIT), 0, "%s: the limit is free again", name);
	account__become_root();
	ctx_close(&ctx);
	account__pinned(0, name);
}

static void test_huge(void)
{
	char *huge = mem__huge(2 * MEM_HUGE);
	struct ctx ctx;

	if (!ctx_open(&ctx, 0))
		return;
	if (!mem__is_huge(huge, 2 * MEM_HUGE))
		tap__diag("the kernel had no huge pages, small ones are used");
	account__limit(2 * MEM_HUGE / P);
	account__become_user();
	tap__err(ioas__map_at(ctx.fd, ctx.ioas, huge, 2 * MEM_HUGE, MEM_HUGE), 0,
		 "huge: map two huge pages");
	account__counts(2 * MEM_HUGE / P, 0, "huge");
	tap__err(ioas__unmap_at(ctx.fd, ctx.ioas, MEM_HUGE, 2 * MEM_HUGE), 0, "huge: unmap");
	tap__err(ioas__map_at(ctx.fd, ctx.ioas, huge + 3 * P, 5 * P, MEM_HUGE), 0,
		 "huge: map five pages of one");
	account__counts(5, 0, "huge");
	account__become_root();
	account__pinned(5, "huge");
	ctx_close(&ctx);
	account__counts(0, 0, "huge");
	account__pinned(0, "huge");
	mem__free(huge, 2 * MEM_HUGE);
}

int main(void)
{
	int ret;

	tap__start();
	ret = pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf);
	if (!ret)
		ret = pci__bind(bdf);
	if (ret)
		return tap__skip_all("no edu device: %s", strerror(-ret));
	mem = mem__small(PAGES * P);
	test_none(0);
	test_none(1);
	test_limit("user", 0, false);
	test_limit("mm", 1, true);
	test_unpinnable("user, unpinnable", 0);
	test_unpinnable("mm, unpinnable", 1);
	test_copy("user", 0, false);
	test_copy("mm", 1, true);
	test_attach("user", 0, false);
	test_attach("mm", 1, true);
	test_sharing();
	test_orphan("user", 0);
	test_orphan("mm", 1);
	test_huge();
	return tap__done();
}
