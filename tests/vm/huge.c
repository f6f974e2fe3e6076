// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins of huge pages, of which the driver pins one page by pin_user_pages() and the others by
 * itself (kernel/umem/huge.c): the device must reach the pages that the process has, each with a
 * pin of its own, however the process maps parts of huge pages.
 *
 * Finds these faults: the pages behind the first one are taken from its folio although the process
 * has other pages there, or the same pages in another order; pages are pinned for writing that may
 * only be read; a part of a huge page is unpinned with too many pins or too few; after a fork() the
 * child gets pages that a device writes; a huge page is still pinned page by page.
 *
 * The guest's time counts instructions, one ns each.
 *
 * vm: --mock --icount --append transparent_hugepage=always
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/say.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define HUGE MEM_HUGE
#define SIZE (2 * HUGE)
#define BASE MOCK_BASE
#define COST 25000 /* 20000 now; 33000 if each page is pinned by itself */
#define TMPFS "/tmp/huge-tmpfs"

static struct mock m;
static char *seen; /* what the device read; SIZE bytes */

static char *small_page(void *at, uint64_t seed)
{
	char *mem = mmap(at, P, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	madvise(mem, P, MADV_NOHUGEPAGE);
	mem__fill(mem, P, seed);
	return mem;
}

/* Huge pages with a content of their own. */
static char *huge(const char *name)
{
	char *mem = mem__huge(SIZE);

	if (!tap__ok(mem && mem__is_huge(mem, SIZE), "%s: huge pages", name))
		return NULL;
	mem__fill(mem, SIZE, 1);
	return mem;
}

/* Whether the device reads what the process has. */
static bool device_sees(const char *mem, size_t size, uint64_t iova)
{
	memset(seen, 0x5a, size);
	return !mock__dma(&m, 0, iova, seen, size, false) && !memcmp(seen, mem, size);
}

/* Map, read and write, and unmap [mem, mem + size). */
static void check(const char *name, char *mem, size_t size)
{
	if (!tap__err(ioas__map_at(m.fd, m.ioas, mem, size, BASE), 0, "%s: map", name))
		return;
	tap__is(mem__pinned(size / P), size / P, "%s: each page has one pin", name);
	tap__ok(device_sees(mem, size, BASE), "%s: the device reads what the process has", name);
	mem__fill(seen, size, 2);
	tap__err(mock__dma(&m, 0, BASE, seen, size, true), 0, "%s: the device writes", name);
	tap__is(mem__check(mem, size, 2), -1, "%s: the process reads it", name);
	tap__err(ioas__unmap_at(m.fd, m.ioas, BASE, size), 0, "%s: unmap", name);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned", name);
}

/* ---- how a process can map huge pages ---- */

static void test_whole(void)
{
	char *mem = huge("whole");

	if (!mem)
		return;
	check("whole", mem, SIZE);
	check("from within the first to within the last", mem + 5 * P, SIZE - 9 * P);
	check("the end of one", mem + 100 * P, HUGE - 100 * P);
	tap__ok(mem__is_huge(mem, SIZE), "whole: the pages are still huge");
	mem__free(mem, SIZE);
}

static void test_replaced(void)
{
	char *mem = huge("one page replaced");

	if (!mem)
		return;
	tap__ok(small_page(mem + 700 * P, 7), "one page replaced: by another one");
	check("one page replaced", mem, SIZE);
	mem__free(mem, SIZE);
}

static void test_dropped(void)
{
	char *mem = huge("pages dropped");

	if (!mem)
		return;
	madvise(mem + 100 * P, P, MADV_DONTNEED);
	madvise(mem + HUGE + 511 * P, P, MADV_DONTNEED);
	check("pages dropped", mem, SIZE);
	mem__free(mem, SIZE);
}

static void test_readonly(void)
{
	char *mem = huge("a page that is readable only");
	uint64_t iova = BASE;

	if (!mem)
		return;
	mprotect(mem + HUGE + 300 * P, P, PROT_READ);
	tap__err(ioas__map_at(m.fd, m.ioas, mem, SIZE, BASE), -EFAULT,
		 "a page that is readable only: no map for writing");
	tap__is(mem__pinned(0), 0, "a page that is readable only: nothing is pinned");
	tap__err(ioas__map(m.fd, m.ioas, mem, SIZE, IOAS_R | IOAS_FIXED, &iova), 0,
		 "a page that is readable only: map for reading");
	tap__ok(device_sees(mem, SIZE, BASE), "a page that is readable only: the device reads");
	tap__err(ioas__unmap_at(m.fd, m.ioas, BASE, SIZE), 0, "unmap");
	mprotect(mem, SIZE, PROT_READ);
	tap__err(ioas__map_at(m.fd, m.ioas, mem, SIZE, BASE), -EFAULT,
		 "all pages readable only: no map for writing");
	tap__is(mem__pinned(0), 0, "all pages readable only: nothing is pinned");
	mem__free(mem, SIZE);
}

/* Exchange two pages of one huge page, so that its pages are mapped in another order. */
static void test_exchanged(void)
{
	char *mem = huge("two pages exchanged"), *a, *b, *t;

	if (!mem)
		return;
	a = mem + 40 * P;
	b = mem + 41 * P;
	t = mmap(NULL, P, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mremap(a, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, t);
	mremap(b, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, a);
	tap__ok(mremap(t, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, b) == b,
		"two pages exchanged: exchanged");
	check("two pages exchanged", mem, SIZE);
	mem__free(mem, SIZE);
}

/* Halves of two huge pages, one behind the other in one place. */
static void test_halves(void)
{
	char *mem = huge("two halves");

	if (!mem)
		return;
	tap__ok(mremap(mem + HUGE + HUGE / 2, HUGE / 2, HUGE / 2, MREMAP_MAYMOVE | MREMAP_FIXED,
		       mem + HUGE / 2) == mem + HUGE / 2,
		"two halves: moved");
	check("two halves", mem, HUGE);
	mem__free(mem, SIZE);
}

/* The pages of a huge page at addresses where it cannot be mapped as one. */
static void test_shifted(void)
{
	char *mem = huge("shifted by a page"), *room, *at;

	if (!mem)
		return;
	room = mmap(NULL, 2 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	at = (char *)(((uintptr_t)room + HUGE - 1) & -(uintptr_t)HUGE) + P;
	tap__ok(mremap(mem, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, at) == at,
		"shifted by a page: moved");
	check("shifted by a page", at, SIZE);
	munmap(room, 2 * SIZE);
}

/* Two huge pages in the other order: each is a run. */
static void test_other_order(void)
{
	char *mem = huge("two huge pages exchanged"), *t, *at;

	if (!mem)
		return;
	t = mmap(NULL, 2 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	at = (char *)(((uintptr_t)t + HUGE - 1) & -(uintptr_t)HUGE);
	mremap(mem, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, at);
	mremap(mem + HUGE, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, mem);
	tap__ok(mremap(at, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, mem + HUGE) == mem + HUGE &&
			mem__is_huge(mem, HUGE) && mem__is_huge(mem + HUGE, HUGE),
		"two huge pages exchanged: exchanged");
	check("two huge pages exchanged", mem, SIZE);
	munmap(t, 2 * HUGE);
	mem__free(mem, SIZE);
}

/* ---- other kinds of huge pages ---- */

static void test_hugetlb(int flags, const char *name)
{
	char *mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS | MAP_HUGETLB,
			 -1, 0);

	if (!tap__ok(mem != MAP_FAILED, "%s: memory", name))
		return;
	mem__fill(mem, SIZE, 1);
	check(name, mem, SIZE);
	check(name, mem + 3 * P, SIZE - 4 * P);
	check(name, mem + HUGE - 40 * P, 80 * P);
	mem__free(mem, SIZE);
}

static void test_tmpfs(void)
{
	char *room = mmap(NULL, SIZE + HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *at = (char *)(((uintptr_t)room + HUGE - 1) & -(uintptr_t)HUGE), *mem;
	int fd;

	mkdir(TMPFS, 0700);
	if (!tap__ok(!mount("tmpfs", TMPFS, "tmpfs", 0, "huge=always"), "tmpfs: mounted"))
		return;
	fd = open(TMPFS "/file", O_RDWR | O_CREAT, 0600);
	tap__ok(fd >= 0 && !ftruncate(fd, SIZE), "tmpfs: file");
	mem = mmap(at, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	mem__fill(mem, SIZE, 1);
	check("tmpfs", mem, SIZE);
	/* Its pages are copied when they are written. */
	mem = mmap(at, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
	tap__ok(mem == at && *(volatile char *)mem, "tmpfs, private: mapped and read");
	check("tmpfs, private", mem, SIZE);
	mem = mmap(at, SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	tap__is(mem__check(mem, SIZE, 2), -1, "tmpfs, private: the file was not written");
	munmap(room, SIZE + HUGE);
	close(fd);
	umount(TMPFS);
	rmdir(TMPFS);
}

/* ---- other processes ---- */

/* A child that tells at its end whether its memory still has the content of @seed. */
static pid_t witness(const char *mem, uint64_t seed, int go)
{
	pid_t pid = fork();
	char c;

	if (pid)
		return pid;
	if (read(go, &c, 1) < 0)
		_exit(2);
	_exit(mem__check(mem, SIZE, seed) == -1 ? 0 : 1);
}

static int ended(pid_t pid, int go)
{
	int status = -1;

	if (write(go, "", 1) != 1)
		return -1;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The pages are shared with a child when they are mapped, or a child is made while they are. */
static void test_fork(bool before)
{
	const char *name = before ? "fork() before the map" : "fork() after the map";
	char *mem = huge(name);
	pid_t pid = 0;
	int go[2];

	if (!mem || pipe(go))
		return;
	if (before)
		pid = witness(mem, 1, go[0]);
	tap__err(ioas__map_at(m.fd, m.ioas, mem, SIZE, BASE), 0, "%s: map", name);
	if (!before)
		pid = witness(mem, 1, go[0]);
	tap__ok(device_sees(mem, SIZE, BASE), "%s: the device reads", name);
	mem__fill(seen, SIZE, 2);
	tap__err(mock__dma(&m, 0, BASE, seen, SIZE, true), 0, "%s: the device writes", name);
	tap__is(mem__check(mem, SIZE, 2), -1, "%s: the process reads it", name);
	mem__fill(mem, SIZE, 3);
	tap__ok(device_sees(mem, SIZE, BASE), "%s: the device reads what the process writes", name);
	tap__is(ended(pid, go[1]), 0, "%s: the child has what it had", name);
	tap__err(ioas__unmap_at(m.fd, m.ioas, BASE, SIZE), 0, "%s: unmap", name);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned", name);
	close(go[0]);
	close(go[1]);
	mem__free(mem, SIZE);
}

/* A child attaches the page table that pins the memory of its parent. */
static void test_remote(void)
{
	char *mem = huge("another process");
	uint32_t ioas;
	int status = -1;
	pid_t pid;

	if (!mem)
		return;
	tap__err(ioas__alloc(m.fd, &ioas), 0, "another process: address space");
	tap__err(ioas__map_at(m.fd, ioas, mem + 7 * P, SIZE - 8 * P, BASE), 0,
		 "another process: map");
	tap__is(mem__pinned(0), 0, "another process: nothing is pinned yet");
	pid = fork();
	if (!pid) {
		memset(mem, 0, SIZE);
		_exit(mock__replace(&m, ioas) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	tap__is(status, 0, "another process: it attaches the page table");
	tap__is(mem__pinned(SIZE / P - 8), SIZE / P - 8, "another process: each page has one pin");
	tap__ok(device_sees(mem + 7 * P, SIZE - 8 * P, BASE),
		"another process: the device reads the parent's memory");
	tap__err(mock__replace(&m, m.ioas), 0, "another process: back");
	tap__is(mem__pinned(0), 0, "another process: nothing is pinned");
	tap__err(iommu__destroy(m.fd, ioas), 0, "another process: destroy");
	mem__free(mem, SIZE);
}

/* ---- parts, and the cost ---- */

/* A part stays pinned for a copy, and is found pinned when all is mapped again. */
static void test_parts(void)
{
	const size_t first = 100, pages = 600;
	char *mem = huge("parts");
	uint64_t iova = BASE + 4 * SIZE;

	if (!mem)
		return;
	tap__err(ioas__map_at(m.fd, m.ioas, mem, SIZE, BASE), 0, "parts: map");
	tap__err(ioas__copy(m.fd, m.ioas, m.ioas, BASE + first * P, pages * P, IOAS_RW | IOAS_FIXED,
			    &iova),
		 0, "parts: copy");
	tap__is(mem__pinned(SIZE / P), SIZE / P, "parts: the copy pins nothing");
	tap__err(ioas__unmap_at(m.fd, m.ioas, BASE, SIZE), 0, "parts: unmap all but the copy");
	tap__is(mem__pinned(pages), pages, "parts: its pages stay pinned");
	tap__ok(device_sees(mem + first * P, pages * P, iova), "parts: the device reads them");
	tap__err(ioas__unmap_at(m.fd, m.ioas, iova, pages * P), 0, "parts: unmap the copy");
	tap__is(mem__pinned(0), 0, "parts: nothing is pinned");
	mem__free(mem, SIZE);
}

/* Instructions of a map. */
static int64_t cost(const struct mock *dev, char *mem)
{
	int64_t start, took;

	/* The first one costs slabs and page tables. */
	if (ioas__map_at(dev->fd, dev->ioas, mem, SIZE, BASE) ||
	    ioas__unmap_at(dev->fd, dev->ioas, BASE, SIZE))
		return -1;
	start = say__now();
	if (ioas__map_at(dev->fd, dev->ioas, mem, SIZE, BASE))
		return -1;
	took = say__now() - start;
	ioas__unmap_at(dev->fd, dev->ioas, BASE, SIZE);
	return took;
}

static void test_cost(void)
{
	const struct iommu_hwpt_selftest data = { .pagetable_type = MOCK_IOMMUPT_HUGE };
	/* With KASAN and lockdep, instructions say nothing. */
	const int64_t limit = access("/proc/lockdep_stats", F_OK) ? COST : INT64_MAX;
	char *mem = huge("cost"), *tlb;
	uint32_t hwpt;
	int64_t took;

	if (!mem)
		return;
	tlb = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	tap__err(mock__hwpt(&m, m.ioas, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &data, sizeof(data), &hwpt),
		 0, "cost: a page table with entries for huge pages");
	tap__err(mock__replace(&m, hwpt), 0, "cost: attach it");
	took = cost(&m, mem);
	tap__diag("two transparent huge pages: %lld instructions", (long long)took);
	tap__ok(took > 0 && took < limit, "cost: two transparent huge pages");
	took = cost(&m, tlb);
	tap__diag("two pages of hugetlbfs: %lld instructions", (long long)took);
	tap__ok(took > 0 && took < limit, "cost: two pages of hugetlbfs");
	mem__free(mem, SIZE);
	mem__free(tlb, SIZE);
}

static void hugetlb_pages(const char *n)
{
	int fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY);

	if (fd < 0 || write(fd, n, strlen(n)) < 0)
		tap__diag("no huge pages: %m");
	close(fd);
}

int main(void)
{
	tap__start();
	seen = mem__small(SIZE);
	hugetlb_pages("8");
	if (!seen || !mock__start(&m, "a device", 0))
		return tap__done();
	test_whole();
	test_replaced();
	test_dropped();
	test_readonly();
	test_exchanged();
	test_halves();
	test_shifted();
	test_other_order();
	test_hugetlb(MAP_PRIVATE, "hugetlb, private");
	test_hugetlb(MAP_SHARED, "hugetlb, shared");
	test_tmpfs();
	test_fork(true);
	test_fork(false);
	test_remote();
	test_parts();
	test_cost();
	return tap__done();
}
