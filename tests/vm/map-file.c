// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_IOAS_MAP_FILE and IOMMU_IOAS_CHANGE_PROCESS with memfds.
 *
 * DMA of the edu device checks the mappings, an mmap() of the file its contents, and the machine's
 * counters the pinned pages, which have to be exact after each step. VmPin and VmLck of the
 * processes show the charge. As in account.c the test is root, and takes on a user of no privilege
 * for the calls whose limits matter.
 *
 * takes: 12
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <linux/dma-heap.h>
#include <linux/iommufd_new.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
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
#define RACE_LIMIT 4096 /* more than is ever mapped at a time */

static char bdf[16];

struct ctx {
	int fd;
	uint32_t ioas;
	struct edu edu;
};

struct file {
	int fd;
	size_t size;
	char *mem;
};

static bool ctx_open(struct ctx *ctx, uint64_t mode)
{
	int ret;

	ctx->fd = iommu__open();
	ret = iommu__option(ctx->fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &mode);
	if (!ret)
		ret = ioas__alloc(ctx->fd, &ctx->ioas);
	if (!ret)
		ret = edu__open(&ctx->edu, bdf, ctx->fd);
	if (!ret)
		ret = vfio__attach_ioas(&ctx->edu.dev, ctx->ioas);
	if (!ret)
		ret = edu__start(&ctx->edu);
	return tap__err(ret, 0, "context with the edu device attached");
}

static void ctx_close(struct ctx *ctx)
{
	edu__close(&ctx->edu);
	close(ctx->fd);
}

static bool file_open(struct file *file, size_t size, unsigned int flags)
{
	file->size = size;
	file->fd = memfd_create("map-file", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
	if (file->fd < 0 || ftruncate(file->fd, size))
		return false;
	file->mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
	return file->mem != MAP_FAILED;
}

static void file_close(struct file *file)
{
	munmap(file->mem, file->size);
	if (file->fd >= 0)
		close(file->fd);
}

static int map_file(int iommufd, uint32_t ioas, int fd, uint64_t start, uint64_t length,
		    uint32_t flags, uint64_t *iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.ioas_id = ioas,
		.fd = fd,
		.start = start,
		.length = length,
		.iova = *iova,
	};
	int ret = iommu__ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &cmd);

	*iova = cmd.iova;
	return ret;
}

/* Pages of the file at the same place in the address space. */
static int map_at(const struct ctx *ctx, const struct file *file, unsigned int page,
		  unsigned int pages)
{
	uint64_t iova = BASE + page * P;

	return map_file(ctx->fd, ctx->ioas, file->fd, page * P, pages * P, IOAS_RW | IOAS_FIXED,
			&iova);
}

static int unmap(const struct ctx *ctx, unsigned int page, unsigned int pages)
{
	return ioas__unmap_at(ctx->fd, ctx->ioas, BASE + page * P, pages * P);
}

static int change_process(int iommufd)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return iommu__ioctl(iommufd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}

/* The device reads @len bytes at one IOVA and writes them to another. */
static int dma_copy(struct ctx *ctx, uint64_t from, uint64_t to, unsigned int len)
{
	int ret = edu__read(&ctx->edu, from, 0, len);

	return ret ? ret : edu__write(&ctx->edu, to, 0, len);
}

static void test_arguments(void)
{
	struct iommu_ioas_change_process change = { .size = sizeof(change), .__reserved = 1 };
	struct iommu_ioas_map_file cmd = { .size = sizeof(cmd) - 1 };
	struct file file;
	uint64_t iova = BASE;
	struct ctx ctx;
	int fd;

	if (!ctx_open(&ctx, 0) || !tap__ok(file_open(&file, 4 * P, 0), "memfd of four pages"))
		return;
	fd = file.fd;
	tap__err(iommu__ioctl(ctx.fd, IOMMU_IOAS_MAP_FILE, &cmd), -EINVAL, "too small a struct");
	tap__err(map_file(ctx.fd, ctx.ioas, fd, 0, P, IOAS_RW | 8, &iova), -EOPNOTSUPP,
		 "an unknown flag");
	tap__err(map_file(ctx.fd, ctx.ioas, fd, 0, P, IOAS_FIXED, &iova), -EINVAL,
		 "neither readable nor writable");
	tap__err(map_file(ctx.fd, ctx.ioas, fd, 0, 0, IOAS_RW, &iova), -EINVAL, "a length of 0");
	tap__err(map_file(ctx.fd, ctx.ioas, fd, 0, UINT64_MAX, IOAS_RW, &iova), -EOVERFLOW,
		 "too great a length");
	tap__err(map_file(ctx.fd, ctx.ioas, fd, UINT64_MAX - P + 1, 2 * P, IOAS_RW, &iova),
		 -EOVERFLOW, "a range that wraps");
	tap__err(map_file(ctx.fd, ctx.ioas, fd, 1ull << 62, P, IOAS_RW, &iova), -EINVAL,
		 "far beyond the end");
	tap__err(map_file(ctx.fd, ctx.ioas, fd, 1ull << 63, P, IOAS_RW, &iova), -EINVAL,
		 "beyond any end");
	tap__err(map_file(ctx.fd, ctx.ioas, fd, 3 * P, 2 * P, IOAS_RW, &iova), -EINVAL,
		 "a page beyond the end");
	tap__err(map_file(ctx.fd, ctx.ioas, fd, 0, P / 2, IOAS_RW, &iova), -EINVAL, "half a page");
	tap__err(map_file(ctx.fd, 77, fd, 0, P, IOAS_RW, &iova), -ENOENT, "no such IOAS");
	tap__err(map_file(ctx.fd, ctx.ioas, -1, 0, P, IOAS_RW, &iova), -EBADF, "fd -1");
	tap__err(map_file(ctx.fd, ctx.ioas, 999, 0, P, IOAS_RW, &iova), -EBADF, "fd 999");
	fd = open("/dev/null", O_RDWR);
	tap__err(map_file(ctx.fd, ctx.ioas, fd, 0, P, IOAS_RW, &iova), -EINVAL, "/dev/null");
	close(fd);
	fd = open("/proc/self/exe", O_RDONLY);
	tap__err(map_file(ctx.fd, ctx.ioas, fd, 0, P, IOAS_R, &iova), -EINVAL, "a program's file");
	close(fd);
	tap__err(iommu__ioctl(ctx.fd, IOMMU_IOAS_CHANGE_PROCESS, &change), -EOPNOTSUPP,
		 "change process with a reserved member");
	account__pinned(0, "arguments");
	account__counts(0, 0, "arguments");

	tap__err(map_at(&ctx, &file, 0, 4), 0, "all of the file");
	tap__err(map_at(&ctx, &file, 3, 1), -EEXIST, "a place that is taken");
	account__pinned(4, "mapped");
	iova = 0;
	tap__err(map_file(ctx.fd, ctx.ioas, file.fd, 2 * P, P, IOAS_R, &iova), 0, "any place");
	tap__ok(iova && !(iova % P), "a place was given");
	account__pinned(5, "mapped twice");
	ctx_close(&ctx);
	account__pinned(0, "closed");
	file_close(&file);
}

/* Without a page table, too: the context would hold itself, and all that it has, for ever. */
static void test_cycle(void)
{
	int fd = iommu__open(), null = open("/dev/null", O_RDWR);
	uint64_t iova = BASE;
	uint32_t ioas;

	if (!tap__err(ioas__alloc(fd, &ioas), 0, "an IOAS without devices"))
		return;
	tap__err(map_file(fd, ioas, fd, 0, P, IOAS_RW, &iova), -EINVAL, "the context itself");
	tap__err(map_file(fd, ioas, null, 0, P, IOAS_RW, &iova), -EINVAL, "/dev/null, no device");
	close(null);
	close(fd);
}

/* A dma-buf whose exporter does not export its physical addresses. */
static void test_foreign_dmabuf(void)
{
	struct dma_heap_allocation_data data = { .len = 2 * P, .fd_flags = O_RDWR | O_CLOEXEC };
	int heap = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);
	uint64_t iova = 0;
	struct ctx ctx;

	if (heap < 0 || ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data)) {
		tap__skip("no dma-buf heap", "a dma-buf of another exporter");
		return;
	}
	if (!ctx_open(&ctx, 0))
		return;
	tap__err(map_file(ctx.fd, ctx.ioas, data.fd, 0, 2 * P, IOAS_RW, &iova), -EOPNOTSUPP,
		 "a dma-buf of another exporter");
	tap__err(map_file(ctx.fd, ctx.ioas, data.fd, P, 2 * P, IOAS_RW, &iova), -EINVAL,
		 "beyond its end");
	tap__err(map_file(ctx.fd, ctx.ioas, data.fd, 0, 0, IOAS_RW, &iova), -EINVAL,
		 "nothing of it");
	ctx_close(&ctx);
	close(data.fd);
	close(heap);
}

static void test_dma(const char *name, unsigned int flags, size_t size)
{
	struct file file;
	uint64_t iova;
	struct ctx ctx;
	size_t last = size - P;

	if (!file_open(&file, size, flags)) {
		tap__skip("no memory for it", "%s", name);
		return;
	}
	if (!ctx_open(&ctx, 0))
		return;
	/* Nothing of the file is there yet: the map makes it. */
	iova = BASE;
	tap__err(map_file(ctx.fd, ctx.ioas, file.fd, 0, size, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "%s: map all of it", name);
	account__pinned(size / P, name);
	mem__fill(file.mem, P, 1);
	tap__err(dma_copy(&ctx, BASE, BASE + last, P), 0, "%s: copy by the device", name);
	tap__is(mem__check(file.mem + last, P, 1), -1, "%s: the file has the copy", name);
	mem__fill(file.mem + last, P, 2);
	tap__err(dma_copy(&ctx, BASE + last, BASE + P, P), 0, "%s: and back", name);
	tap__is(mem__check(file.mem + P, P, 2), -1, "%s: it has this copy, too", name);

	/* A part from within, at another address, beside the whole. */
	iova = BASE + size + 16 * P;
	tap__err(map_file(ctx.fd, ctx.ioas, file.fd, last - 2 * P, 3 * P, IOAS_RW | IOAS_FIXED,
			  &iova),
		 0, "%s: map the last three pages once more", name);
	account__pinned(size / P + 3, name);
	mem__fill(file.mem + last - P, P, 3);
	tap__err(dma_copy(&ctx, iova + P, BASE, P), 0, "%s: copy from there", name);
	tap__is(mem__check(file.mem, P, 3), -1, "%s: it was the right page", name);
	tap__err(ioas__unmap_at(ctx.fd, ctx.ioas, BASE, size), 0, "%s: unmap the whole", name);
	account__pinned(3, name);
	tap__err(dma_copy(&ctx, iova + P, iova, P), 0, "%s: the part still is there", name);
	tap__is(mem__check(file.mem + last - 2 * P, P, 3), -1, "%s: and is written", name);
	ctx_close(&ctx);
	account__pinned(0, name);
	file_close(&file);
}

/* Copies of parts of a map: a page stays pinned for as long as one of them has it. */
static void test_copies(const char *name, unsigned int flags, size_t size)
{
	uint64_t a = BASE + size, b = BASE + 2 * size, c = BASE + 3 * size, d = BASE + 4 * size;
	struct file file;
	struct ctx ctx;

	if (!file_open(&file, size, flags)) {
		tap__skip("no memory for it", "%s: copies", name);
		return;
	}
	if (!ctx_open(&ctx, 0))
		return;
	tap__err(map_at(&ctx, &file, 0, size / P), 0, "%s: map %zu pages", name, size / P);
	tap__err(ioas__copy(ctx.fd, ctx.ioas, ctx.ioas, BASE + 2 * P, 10 * P, IOAS_RW | IOAS_FIXED,
			    &a),
		 0, "%s: copy pages 2 to 11", name);
	tap__err(ioas__copy(ctx.fd, ctx.ioas, ctx.ioas, BASE + 8 * P, 10 * P, IOAS_RW | IOAS_FIXED,
			    &b),
		 0, "%s: copy pages 8 to 17", name);
	tap__err(ioas__copy(ctx.fd, ctx.ioas, ctx.ioas, b + 9 * P, P, IOAS_R | IOAS_FIXED, &c), 0,
		 "%s: copy page 17", name);
	account__pinned(size / P, name);
	tap__err(unmap(&ctx, 0, size / P), 0, "%s: unmap the first", name);
	account__pinned(16, name);
	tap__err(ioas__unmap_at(ctx.fd, ctx.ioas, a, 10 * P), 0, "%s: unmap 2 to 11", name);
	account__pinned(10, name);
	/* Pages 8 to 12 are of the same umem; it pins pages again that no area has. */
	tap__err(ioas__copy(ctx.fd, ctx.ioas, ctx.ioas, b, 5 * P, IOAS_RW | IOAS_FIXED, &d), 0,
		 "%s: copy pages 8 to 12", name);
	tap__err(ioas__unmap_at(ctx.fd, ctx.ioas, b, 10 * P), 0, "%s: unmap 8 to 17", name);
	account__pinned(6, name);
	mem__fill(file.mem + 17 * P, P, 17);
	tap__err(dma_copy(&ctx, c, d + P, P), 0, "%s: copy page 17 to 9", name);
	tap__is(mem__check(file.mem + 9 * P, P, 17), -1, "%s: it got there", name);
	tap__err(ioas__unmap_all(ctx.fd, ctx.ioas), 0, "%s: unmap all", name);
	account__pinned(0, name);
	ctx_close(&ctx);
	file_close(&file);
}

/* The file is cut, punched and closed while the device has it. */
static void test_changes(void)
{
	uint64_t copy = BASE + 64 * P;
	struct file file, other;
	struct ctx ctx;

	if (!file_open(&file, 16 * P, 0) || !file_open(&other, P, 0) || !ctx_open(&ctx, 0))
		return;
	mem__fill(file.mem, 16 * P, 1);
	tap__err(map_at(&ctx, &file, 0, 16), 0, "changes: map 16 pages");
	tap__err(map_file(ctx.fd, ctx.ioas, other.fd, 0, P, IOAS_RW | IOAS_FIXED, &copy), 0,
		 "changes: map a page of another file");
	tap__is(fallocate(file.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4 * P, 2 * P), 0,
		"changes: punch out pages 4 and 5");
	tap__ok(!file.mem[4 * P] && !file.mem[4 * P + 9], "changes: the file has zeroes there");
	tap__err(dma_copy(&ctx, BASE + 4 * P, copy, P), 0, "changes: read page 4");
	mem__fill(file.mem, 5 * P, 1);
	tap__is(memcmp(other.mem, file.mem + 4 * P, P), 0, "changes: the device has the old page");
	account__pinned(17, "changes");
	tap__is(ftruncate(file.fd, 8 * P), 0, "changes: cut the file in half");
	tap__err(map_file(ctx.fd, ctx.ioas, file.fd, 7 * P, 2 * P, IOAS_RW, &copy), -EINVAL,
		 "changes: truncated pages cannot be mapped");
	tap__err(dma_copy(&ctx, BASE + 15 * P, BASE + 64 * P, P), 0, "changes: read page 15");
	account__pinned(17, "changes");
	tap__err(unmap(&ctx, 0, 16), 0, "changes: unmap");
	account__pinned(1, "changes");
	close(other.fd);
	other.fd = -1;
	mem__fill(file.mem, P, 9);
	tap__err(map_at(&ctx, &file, 0, 8), 0, "changes: map the rest");
	tap__err(dma_copy(&ctx, BASE, BASE + 64 * P, P), 0, "changes: write to a closed file");
	tap__is(mem__check(other.mem, P, 9), -1, "changes: it is written");
	/* Without page tables nothing is pinned: the next attach finds out about a truncation. */
	vfio__detach(&ctx.edu.dev);
	account__pinned(0, "changes: detached");
	tap__is(ftruncate(file.fd, 7 * P), 0, "changes: cut off a page");
	tap__err(vfio__attach_ioas(&ctx.edu.dev, ctx.ioas), -EINVAL, "changes: attach");
	account__pinned(0, "changes: not attached");
	tap__is(ftruncate(file.fd, 8 * P), 0, "changes: append a page");
	tap__err(vfio__attach_ioas(&ctx.edu.dev, ctx.ioas), 0, "changes: attach");
	account__pinned(9, "changes: attached");
	ctx_close(&ctx);
	account__pinned(0, "changes: closed");
	file_close(&file);
	file_close(&other);
}

/*
 * A device may write only to a file that the process may write. (Linux 7.3 checks neither the
 * file's mode nor its seals, so a device can write to a file that is open for reading.)
 */
static void test_seals(void)
{
	uint64_t iova = BASE;
	struct file file;
	char path[64];
	struct ctx ctx;
	int fd;

	if (!file_open(&file, 2 * P, 0) || !ctx_open(&ctx, 0))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file.fd);
	fd = open(path, O_RDONLY);
	tap__err(map_file(ctx.fd, ctx.ioas, fd, 0, P, IOAS_RW | IOAS_FIXED, &iova), -EPERM,
		 "a file that is open for reading is not mapped for writing");
	tap__err(map_file(ctx.fd, ctx.ioas, fd, 0, P, IOAS_R | IOAS_FIXED, &iova), 0,
		 "it is for reading");
	tap__err(unmap(&ctx, 0, 1), 0, "unmap");
	tap__err(map_file(ctx.fd, ctx.ioas, file.fd, 0, P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "a file that is open for writing is mapped for writing");
	munmap(file.mem, file.size);
	tap__ok(fcntl(file.fd, F_ADD_SEALS, F_SEAL_WRITE) && errno == EBUSY,
		"a mapped file cannot be sealed");
	tap__err(unmap(&ctx, 0, 1), 0, "unmap");
	tap__is(fcntl(file.fd, F_ADD_SEALS, F_SEAL_WRITE), 0, "then it can");
	tap__err(map_file(ctx.fd, ctx.ioas, file.fd, 0, P, IOAS_R | IOAS_FIXED, &iova), 0,
		 "a sealed file is mapped for reading");
	tap__err(unmap(&ctx, 0, 1), 0, "unmap");
	tap__err(map_file(ctx.fd, ctx.ioas, file.fd, 0, P, IOAS_RW | IOAS_FIXED, &iova), -EPERM,
		 "but not for writing");
	ctx_close(&ctx);
	account__pinned(0, "seals");
	close(fd);
	close(file.fd);
}

static void test_limit(const char *name, uint64_t mode, bool lck)
{
	uint64_t iova = BASE + 512 * P;
	struct file file;
	struct ctx ctx;

	if (!ctx_open(&ctx, mode) || !file_open(&file, PAGES * P, 0))
		return;
	account__limit(LIMIT);
	account__become_user();
	tap__err(map_at(&ctx, &file, 0, LIMIT + 1), -ENOMEM, "%s: one page over the limit", name);
	account__counts(0, 0, name);
	tap__err(map_at(&ctx, &file, 0, LIMIT), 0, "%s: all of the limit", name);
	account__counts(LIMIT, lck ? LIMIT : 0, name);
	tap__err(ioas__copy(ctx.fd, ctx.ioas, ctx.ioas, BASE, LIMIT * P, IOAS_RW | IOAS_FIXED,
			    &iova),
		 0, "%s: copy it", name);
	account__counts(LIMIT, lck ? LIMIT : 0, name);
	tap__err(map_at(&ctx, &file, LIMIT, 1), -ENOMEM, "%s: one more", name);
	tap__err(unmap(&ctx, 0, LIMIT), 0, "%s: unmap the original", name);
	account__counts(LIMIT, lck ? LIMIT : 0, name);
	account__become_root();
	account__pinned(LIMIT, name);
	tap__err(map_at(&ctx, &file, 0, 10), 0, "%s: root is not bound by it", name);
	account__counts(LIMIT + 10, lck ? LIMIT : 0, name);
	ctx_close(&ctx);
	account__counts(0, 0, name);
	account__pinned(0, name);
	file_close(&file);
}

/* In a child: change_process(), and the counters of child and parent after it. */
static void change_in_child(const struct ctx *ctx, int want, long pages, bool lck, uid_t user,
			    unsigned long limit_pages, const char *name)
{
	long old_pin = mem__status(0, "VmPin") / 4, old_lck = mem__status(0, "VmLck") / 4;
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		int ret, bad = 0;

		account__limit(limit_pages);
		if (user && setresuid(user, user, user))
			_exit(99);
		bad |= mem__status(0, "VmPin") != 0;
		ret = change_process(ctx->fd);
		if (ret != want)
			_exit(ret ? -ret : 98);
		bad |= (mem__status(0, "VmPin") / 4 != (ret ? 0 : pages)) << 1;
		bad |= (mem__status(0, "VmLck") / 4 != (ret || !lck ? 0 : pages)) << 2;
		bad |= (mem__status(getppid(), "VmPin") / 4 != (ret ? old_pin : 0)) << 3;
		bad |= (mem__status(getppid(), "VmLck") / 4 != (ret ? old_lck : 0)) << 4;
		_exit(bad ? 100 + bad : 0);
	}
	waitpid(pid, &status, 0);
	tap__is(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0, "%s: %s", name,
		want ? "is refused" : "the child has it now");
}

static void test_change(const char *name, uint64_t mode, bool lck, uid_t user)
{
	uint32_t other;
	uint64_t iova = 0, copy = BASE + 512 * P;
	char *mem = mem__small(P);
	struct file file;
	struct ctx ctx;

	if (!ctx_open(&ctx, mode) || !file_open(&file, PAGES * P, 0))
		return;
	tap__err(change_process(ctx.fd), 0, "%s: with nothing mapped", name);
	account__limit(LIMIT);
	if (user)
		account__become_user();
	tap__err(ioas__map(ctx.fd, ctx.ioas, mem, P, IOAS_RW, &iova), 0, "%s: map user memory",
		 name);
	tap__err(map_at(&ctx, &file, 0, 50), 0, "%s: map 50 pages of a file", name);
	tap__err(change_process(ctx.fd), -EINVAL, "%s: with user memory", name);
	account__counts(51, lck ? 51 : 0, name);
	tap__err(ioas__unmap_at(ctx.fd, ctx.ioas, iova, P), 0, "%s: unmap it", name);
	/* Copies, also in another IOAS, which has no page table, and a map that pins nothing. */
	tap__err(ioas__copy(ctx.fd, ctx.ioas, ctx.ioas, BASE + 3 * P, 20 * P, IOAS_RW | IOAS_FIXED,
			    &copy),
		 0, "%s: copy a part", name);
	tap__err(ioas__alloc(ctx.fd, &other), 0, "%s: another IOAS", name);
	tap__err(ioas__copy(ctx.fd, other, ctx.ioas, BASE + 3 * P, 20 * P, IOAS_RW | IOAS_FIXED,
			    &copy),
		 0, "%s: copy a part there", name);
	tap__err(map_at(&ctx, &file, 60, 5), 0, "%s: map five more pages", name);
	iova = 0x40000000;
	tap__err(map_file(ctx.fd, other, file.fd, 0, 100 * P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "%s: map 100 pages without a page table", name);
	account__counts(55, lck ? 55 : 0, name);
	tap__err(change_process(ctx.fd), 0, "%s: to the process that has it", name);
	account__counts(55, lck ? 55 : 0, name);

	account__become_root();
	if (user) {
		change_in_child(&ctx, -ENOMEM, 55, lck, lck ? user : user + 1, 54, name);
		account__counts(55, lck ? 55 : 0, name);
	}
	change_in_child(&ctx, 0, 55, lck, user, 55, name);
	account__counts(0, 0, name);
	account__pinned(55, name);
	/* The child is gone, its account with it; there is another one to take it over. */
	tap__err(unmap(&ctx, 60, 5), 0, "%s: unmap pages of a dead process", name);
	if (user)
		change_in_child(&ctx, 0, 50, lck, user + 1, 50, name);
	account__pinned(50, name);
	account__limit(LIMIT);
	if (user)
		account__become_user();
	tap__err(change_process(ctx.fd), 0, "%s: back again", name);
	account__counts(50, lck ? 50 : 0, name);
	tap__err(map_at(&ctx, &file, 60, 15), user ? -ENOMEM : 0, "%s: 65 pages", name);
	if (user)
		tap__err(map_at(&ctx, &file, 60, 14), 0, "%s: 64 pages", name);
	mem__fill(file.mem, P, 1);
	tap__err(dma_copy(&ctx, BASE, BASE + 7 * P, P), 0, "%s: the device copies", name);
	tap__is(mem__check(file.mem + 7 * P, P, 1), -1, "%s: the file has the copy", name);
	account__become_root();
	ctx_close(&ctx);
	account__counts(0, 0, name);
	account__pinned(0, name);
	file_close(&file);
	mem__free(mem, P);
}

/* The process that made the map is gone; the file is not. */
static void test_orphan(const char *name, uint64_t mode)
{
	struct file file;
	int status = -1;
	struct ctx ctx;
	pid_t pid;

	if (!ctx_open(&ctx, mode) || !file_open(&file, PAGES * P, 0))
		return;
	account__limit(LIMIT);
	pid = fork();
	if (!pid) {
		if (setresuid(ACCOUNT_USER, ACCOUNT_USER, ACCOUNT_USER))
			_exit(1);
		_exit(map_at(&ctx, &file, 0, LIMIT) ? 2 : 0);
	}
	waitpid(pid, &status, 0);
	tap__is(status, 0, "%s: a child maps all of its limit and exits", name);
	account__pinned(LIMIT, name);
	account__counts(0, 0, name);
	mem__fill(file.mem, P, 1);
	tap__err(dma_copy(&ctx, BASE, BASE + 63 * P, P), 0, "%s: the device copies", name);
	tap__is(mem__check(file.mem + 63 * P, P, 1), -1, "%s: the file has the copy", name);
	tap__err(vfio__detach(&ctx.edu.dev), 0, "%s: detach", name);
	account__pinned(0, name);
	tap__err(vfio__attach_ioas(&ctx.edu.dev, ctx.ioas), 0, "%s: attach pins it again", name);
	account__pinned(LIMIT, name);
	tap__err(unmap(&ctx, 0, LIMIT), 0, "%s: unmap", name);
	account__pinned(0, name);
	account__become_user();
	tap__err(map_at(&ctx, &file, 0, LIMIT), 0, "%s: the limit is free again", name);
	account__become_root();
	ctx_close(&ctx);
	account__pinned(0, name);
	file_close(&file);
}

static struct {
	struct ctx ctx;
	struct file file;
	volatile bool stop;
	unsigned long maps, attaches, bad;
	const char *call;  /* the first with a bad result */
	int why;
} race;

static void race_expect(int ret, const char *call)
{
	if (!ret)
		return;
	if (!__atomic_fetch_add(&race.bad, 1, __ATOMIC_RELAXED)) {
		race.call = call;
		race.why = ret;
	}
}

static void *race_map(void *arg)
{
	uint64_t base = BASE + ((uintptr_t)arg << 24);
	int fd = race.ctx.fd;

	for (unsigned int i = 0; !race.stop; i++) {
		uint64_t iova = base, copy = base + 0x100000;
		unsigned int pages = 1 + i % 30;
		uint32_t ioas;

		race_expect(map_file(fd, race.ctx.ioas, race.file.fd, i % 50 * P, pages * P,
				     IOAS_RW | IOAS_FIXED, &iova),
			    "map");
		/* The copy outlives the map, and some are in an IOAS that has just been made. */
		if (i % 3 || ioas__alloc(fd, &ioas))
			ioas = race.ctx.ioas;
		race_expect(ioas__copy(fd, ioas, race.ctx.ioas, base, P, IOAS_R | IOAS_FIXED,
				       &copy),
			    "copy");
		race_expect(ioas__unmap_at(fd, race.ctx.ioas, base, pages * P), "unmap");
		race_expect(ioas__unmap_at(fd, ioas, copy, P), "unmap of the copy");
		/* An IOAS that is being locked is in use. */
		while (ioas != race.ctx.ioas && iommu__destroy(fd, ioas) == -EBUSY)
			sched_yield();
		__atomic_add_fetch(&race.maps, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void *race_attach(void *arg)
{
	(void)arg;
	while (!race.stop) {
		race_expect(vfio__detach(&race.ctx.edu.dev), "detach");
		race_expect(vfio__attach_ioas(&race.ctx.edu.dev, race.ctx.ioas), "attach");
		race.attaches++;
	}
	return NULL;
}

/* Two processes that take the account from each other, while maps, copies and attaches go on. */
static void test_race(const char *name, uint64_t mode)
{
	unsigned long changes = 0, busy = 0;
	time_t end = time(NULL) + 4, last = end + TAP_PATIENCE_MS / 1000;
	int status = -1, leave[2];
	pthread_t threads[3];
	pid_t pid;

	memset(&race, 0, sizeof(race));
	if (!ctx_open(&race.ctx, mode) || !file_open(&race.file, PAGES * P, 0) || pipe(leave))
		return;
	/* Without privilege, or nothing would be charged. */
	account__limit(RACE_LIMIT);
	account__become_user();
	tap__err(map_at(&race.ctx, &race.file, 100, 20), 0, "%s: map 20 pages", name);
	pid = fork();
	if (!pid) {
		char c;

		close(leave[1]);
		fcntl(leave[0], F_SETFL, O_NONBLOCK);
		while (read(leave[0], &c, 1) < 0)
			change_process(race.ctx.fd);
		_exit(0);
	}
	close(leave[0]);
	for (uintptr_t i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, race_map, (void *)(i + 1));
	pthread_create(&threads[2], NULL, race_attach, NULL);
	/* On a busy host, until each of them has got its turn. */
	while (time(NULL) < end ||
	       (!(changes && race.maps && race.attaches) && time(NULL) < last)) {
		int ret = change_process(race.ctx.fd);

		changes += !ret;
		busy += ret == -EBUSY;
		if (ret && ret != -EBUSY)
			race_expect(ret, "change process");
	}
	race.stop = true;
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	close(leave[1]);
	waitpid(pid, &status, 0);
	tap__is(status, 0, "%s: the other process ends", name);
	tap__ok(changes && race.maps && race.attaches,
		"%s: %lu changes, %lu busy, %lu maps, %lu attaches", name, changes, busy, race.maps,
		race.attaches);
	if (!tap__is(race.bad, 0, "%s: no call has a result it cannot have", name))
		tap__diag("%s: %s", race.call, tap__errname(race.why));
	tap__err(change_process(race.ctx.fd), 0, "%s: the last change", name);
	account__counts(20, mode ? 20 : 0, name);
	account__become_root();
	account__pinned(20, name);
	ctx_close(&race.ctx);
	account__counts(0, 0, name);
	account__pinned(0, name);
	file_close(&race.file);
}

static void reserve_huge(unsigned int pages)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w");

	if (f) {
		fprintf(f, "%u\n", pages);
		fclose(f);
	}
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
	reserve_huge(8);
	test_arguments();
	test_cycle();
	test_foreign_dmabuf();
	test_dma("small pages", 0, 700 * P);
	test_dma("huge pages", MFD_HUGETLB, 2 * MEM_HUGE);
	test_copies("small pages", 0, 24 * P);
	test_copies("huge pages", MFD_HUGETLB, MEM_HUGE);
	test_changes();
	test_seals();
	test_limit("user", 0, false);
	test_limit("mm", 1, true);
	test_change("change, no limit", 0, false, 0);
	test_change("change, user", 0, false, ACCOUNT_USER);
	test_change("change, mm", 1, true, ACCOUNT_USER);
	test_orphan("orphan, user", 0);
	test_orphan("orphan, mm", 1);
	test_race("race, user", 0);
	test_race("race, mm", 1);
	/* The user's account is exact if all of the limit fits, and no more. */
	test_limit("user, after all", 0, false);
	reserve_huge(0);
	return tap__done();
}
