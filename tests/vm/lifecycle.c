// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ends of all kinds: files closed in either order, a process killed while it maps, while it pins
 * or while it has things mapped, a fork, memory that its owner unmaps. After each of them nothing
 * may be pinned and another process must be able to use the device.
 *
 *	lifecycle [ROUNDS]	kills in each storm, 12 if not given
 *
 * Kills come at times that grow from round to round, so that they hit different places. Needs the
 * edu device.
 *
 * takes: 10
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/args.h"
#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define IOVA 0x100000ull
#define LEN 512
#define BIG (192ul << 20)

static char bdf[16];
static uint64_t rounds = 12;

struct ctx {
	int fd;
	uint32_t ioas;
	struct edu edu;
};

static int ctx_open(struct ctx *ctx)
{
	int ret;

	ctx->fd = iommu__open();
	if (ctx->fd < 0)
		return ctx->fd;
	ret = ioas__alloc(ctx->fd, &ctx->ioas);
	if (!ret)
		ret = edu__open(&ctx->edu, bdf, ctx->fd);
	if (!ret)
		ret = vfio__attach_ioas(&ctx->edu.dev, ctx->ioas);
	if (!ret)
		ret = edu__start(&ctx->edu);
	return ret;
}

static void nothing_pinned(const char *when)
{
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned", when);
}

/* A context can be made, the device does its work in it. */
static void usable(const char *when)
{
	char *mem = mem__small(P);
	struct ctx ctx;
	int ret = ctx_open(&ctx);

	mem__fill(mem, P, 42);
	if (!ret)
		ret = ioas__map_at(ctx.fd, ctx.ioas, mem, P, IOVA);
	if (!ret)
		ret = edu__read(&ctx.edu, IOVA, 0, LEN);
	memset(mem, 0, P);
	if (!ret)
		ret = edu__write(&ctx.edu, IOVA, 0, LEN);
	if (!ret && mem__check(mem, LEN, 42) >= 0)
		ret = -EIO;
	tap__err(ret, 0, "%s: the device works in a new context", when);
	edu__close(&ctx.edu);
	close(ctx.fd);
	mem__free(mem, P);
	nothing_pinned(when);
}

static void test_close_order(void)
{
	char *mem = mem__small(4 * P);
	struct ctx ctx;

	tap__err(ctx_open(&ctx), 0, "device first: open");
	ioas__map_at(ctx.fd, ctx.ioas, mem, 4 * P, IOVA);
	tap__is(mem__pinned(4), 4, "device first: mapped");
	edu__close(&ctx.edu);
	nothing_pinned("device first: device closed");
	tap__err(ioas__unmap_at(ctx.fd, ctx.ioas, IOVA, 4 * P), 0, "device first: still mapped");
	close(ctx.fd);

	tap__err(ctx_open(&ctx), 0, "iommufd first: open");
	mem__fill(mem, 4 * P, 7);
	ioas__map_at(ctx.fd, ctx.ioas, mem, 4 * P, IOVA);
	close(ctx.fd);
	tap__is(mem__pinned(4), 4, "iommufd first: closed, the device keeps it");
	tap__err(edu__read(&ctx.edu, IOVA, 0, LEN), 0, "iommufd first: DMA from memory");
	tap__err(edu__write(&ctx.edu, IOVA + P, 0, LEN), 0, "iommufd first: DMA to memory");
	tap__ok(!memcmp(mem, mem + P, LEN), "iommufd first: DMA still goes through");
	tap__err(vfio__detach(&ctx.edu.dev), 0, "iommufd first: detach");
	nothing_pinned("iommufd first: detached");
	tap__err(vfio__attach_ioas(&ctx.edu.dev, ctx.ioas), 0, "iommufd first: attach again");
	tap__is(mem__pinned(4), 4, "iommufd first: attached");
	edu__close(&ctx.edu);
	nothing_pinned("iommufd first: device closed");
	mem__free(mem, 4 * P);
	usable("after both");
}

/* Map and unmap pieces of a few pages for ever, on any IOAS, even a destroyed one. */
static void storm(int fd, uint32_t ioas)
{
	char *mem = mem__small(512 * P);

	for (unsigned int i = 0;; i++) {
		uint64_t iova = 0, length = (1 + i % 37) * P;

		ioas__map(fd, ioas, mem + (i % 400) * P, length, IOAS_RW, &iova);
		if (i % 3)
			ioas__unmap_at(fd, ioas, iova, length);
		if (i % 64 == 63)
			ioas__unmap_all(fd, ioas);
	}
}

/* One pin that takes long: memory that was never touched. */
static void long_pin(int fd, uint32_t ioas)
{
	for (;;) {
		char *mem = mmap(NULL, BIG, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		madvise(mem, BIG, MADV_NOHUGEPAGE);
		ioas__map_at(fd, ioas, mem, BIG, IOVA);
		ioas__unmap_all(fd, ioas);
		munmap(mem, BIG);
	}
}

/* Contexts that come and go. */
static void open_close(int fd, uint32_t ioas)
{
	char *mem = mem__small(64 * P);
	struct ctx ctx;

	(void)fd;
	(void)ioas;
	for (;;) {
		if (ctx_open(&ctx))
			_exit(1);
		ioas__map_at(ctx.fd, ctx.ioas, mem, 64 * P, IOVA);
		edu__close(&ctx.edu);
		close(ctx.fd);
	}
}

static pid_t spawn(void (*work)(int, uint32_t), struct ctx *shared, bool own)
{
	struct ctx ctx = { .fd = -1 };
	pid_t pid = fork();

	if (pid)
		return pid;
	if (shared) {
		work(shared->fd, shared->ioas);
	} else {
		if (own && ctx_open(&ctx))
			_exit(1);
		work(ctx.fd, ctx.ioas);
	}
	_exit(0);
}

/* Kills the process after a while; true if it was alive until then. */
static bool kill_after(pid_t pid, unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };
	int status;

	nanosleep(&t, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status);
}

static void test_kill(const char *name, void (*work)(int, uint32_t), bool own, unsigned int step)
{
	unsigned int died = 0, left = 0;

	for (unsigned int i = 0; i < rounds; i++) {
		died += !kill_after(spawn(work, NULL, own), 20 + i * step);
		left += mem__pinned(0) != 0;
	}
	tap__is(died, 0, "%s: each process was at it when it was killed", name);
	tap__is(left, 0, "%s: nothing was pinned after any of %u", name, (unsigned int)rounds);
	usable(name);
}

/* The killed process used files of ours, so its mappings stay until we unmap them. */
static void test_kill_shared(void)
{
	unsigned int died = 0, left = 0, failed = 0;
	struct ctx ctx;

	tap__err(ctx_open(&ctx), 0, "shared: open");
	for (unsigned int i = 0; i < rounds; i++) {
		died += !kill_after(spawn(i & 1 ? long_pin : storm, &ctx, false), 20 + i * 11);
		failed += ioas__unmap_all(ctx.fd, ctx.ioas) != 0;
		left += mem__pinned(0) != 0;
	}
	tap__is(died, 0, "shared: each process was at it when it was killed");
	tap__is(failed, 0, "shared: their mappings could be unmapped");
	tap__is(left, 0, "shared: nothing was pinned after that");
	died += !kill_after(spawn(storm, &ctx, false), 50);
	edu__close(&ctx.edu);
	close(ctx.fd);
	usable("shared, closed with its mappings");
}

static void test_fork(void)
{
	char *mem = mem__small(4 * P);
	struct ctx ctx;
	int status = -1;
	pid_t pid;

	tap__err(ctx_open(&ctx), 0, "fork: open");
	ioas__map_at(ctx.fd, ctx.ioas, mem, 4 * P, IOVA);
	pid = fork();
	if (!pid) {
		/* The same address, but after the write it is another page. */
		mem__fill(mem, P, 1);
		_exit(-ioas__map_at(ctx.fd, ctx.ioas, mem, P, 2 * IOVA));
	}
	waitpid(pid, &status, 0);
	tap__is(status, 0, "fork: the child maps a page of its own and exits");
	mem__fill(mem, P, 2);
	tap__is(mem__pinned(5), 5, "fork: both are pinned");
	tap__err(edu__read(&ctx.edu, 2 * IOVA, 0, LEN), 0, "fork: DMA from the child's page");
	tap__err(edu__write(&ctx.edu, IOVA + P, 0, LEN), 0, "fork: DMA to ours");
	tap__ok(mem__check(mem + P, LEN, 1) < 0, "fork: has the child's data");
	tap__err(edu__read(&ctx.edu, IOVA, 0, LEN), 0, "fork: DMA from our page");
	tap__err(edu__write(&ctx.edu, IOVA + P, 0, LEN), 0, "fork: DMA to ours");
	tap__ok(mem__check(mem + P, LEN, 2) < 0, "fork: has our data from after the fork");
	pid = fork();
	if (!pid) {
		close(ctx.fd);
		vfio__close(&ctx.edu.dev);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	tap__is(mem__pinned(5), 5, "fork: a child that closes the files changes nothing");
	edu__close(&ctx.edu);
	close(ctx.fd);
	nothing_pinned("fork");
	mem__free(mem, 4 * P);
}

/* Pinned memory belongs to the device even when the process has given it up. */
static void test_owner_unmaps(void)
{
	char *mem = mem__small(2 * P), *back = mem__small(P);
	struct ctx ctx;

	tap__err(ctx_open(&ctx), 0, "munmap: open");
	mem__fill(mem, P, 3);
	ioas__map_at(ctx.fd, ctx.ioas, mem, 2 * P, IOVA);
	ioas__map_at(ctx.fd, ctx.ioas, back, P, 2 * IOVA);
	mem__free(mem, 2 * P);
	tap__is(mem__pinned(3), 3, "munmap: memory given up is still pinned");
	tap__err(edu__read(&ctx.edu, IOVA, 0, LEN), 0, "munmap: DMA from it");
	tap__err(edu__write(&ctx.edu, 2 * IOVA, 0, LEN), 0, "munmap: DMA to other memory");
	tap__ok(mem__check(back, LEN, 3) < 0, "munmap: it still has its data");
	tap__err(vfio__detach(&ctx.edu.dev), 0, "munmap: detach");
	tap__err(vfio__attach_ioas(&ctx.edu.dev, ctx.ioas), -EFAULT,
		 "munmap: attach finds the memory gone");
	nothing_pinned("munmap");
	tap__err(ioas__unmap_at(ctx.fd, ctx.ioas, IOVA, 2 * P), 0, "munmap: unmap it");
	tap__err(vfio__attach_ioas(&ctx.edu.dev, ctx.ioas), 0, "munmap: attach");
	tap__is(mem__pinned(1), 1, "munmap: the other page is pinned");
	edu__close(&ctx.edu);
	close(ctx.fd);
	nothing_pinned("munmap");
	mem__free(back, P);
}

int main(int argc, char **argv)
{
	int ret;

	if (argc > 2 || (argc == 2 && args__number(argv[1], 1000, &rounds)))
		return 2;
	tap__start();
	ret = pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf);
	if (!ret)
		ret = pci__bind(bdf);
	if (ret)
		return tap__skip_all("no edu device: %s", strerror(-ret));
	nothing_pinned("start");
	test_close_order();
	test_fork();
	test_owner_unmaps();
	test_kill("killed in a storm", storm, true, 17);
	test_kill("killed in a long pin", long_pin, true, 31);
	test_kill("killed in open and close", open_close, false, 23);
	test_kill_shared();
	return tap__done();
}
