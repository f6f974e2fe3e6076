// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual IOMMUs: the lifetime of their objects, which the kernel's selftests leave out.
 *
 * Finds these faults:
 *	- a VDEVICE goes with its device while user space destroys it: freed twice, or its id is
 *	  given to another object, which user space then destroys in its place;
 *	- memory of a hardware queue is unmapped, unpinned or given back while the hardware has
 *	  its address; or it stays pinned when all is over;
 *	- registers stay mapped in a process when their object is gone: after a munmap() of a
 *	  part, a mremap(), a fork(), or a close() of the file;
 *	- the IOMMU driver's module goes while a virtual IOMMU has pointers into it.
 *
 * vm: --mock --smp 2 --append preempt=full
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define ROUNDS 400
#define QUEUE_ROUNDS 2000
#define WORD 0x600df00d

/* A device, a parent table and a virtual IOMMU, which calls nothing anything yet. */
struct guest {
	struct mock m;
	uint32_t parent, viommu;
	struct iommu_viommu_selftest data;
};

static int guest_open(struct guest *g)
{
	int ret = mock__open(&g->m, 0);

	if (ret)
		return ret;
	ret = mock__hwpt(&g->m, g->m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &g->parent);
	g->data = (struct iommu_viommu_selftest){ .in_data = WORD };
	return ret ? ret : mock__viommu(&g->m, g->parent, &g->data, &g->viommu);
}

static bool start(struct guest *g, const char *name)
{
	return tap__err(guest_open(g), 0, "%s: a virtual IOMMU", name);
}

/* ---- VDEVICE ---- */

/* The id of the next new object: the lowest free one. */
static uint32_t next_id(int fd)
{
	uint32_t id = 0;

	if (!ioas__alloc(fd, &id))
		iommu__destroy(fd, id);
	return id;
}

static void test_tombstone(void)
{
	uint32_t vdev, again, highest = 0;
	struct mock other, third;
	struct guest g;

	if (!start(&g, "gone"))
		return;
	tap__err(mock__add(&other, &g.m, g.m.ioas, 0), 0, "gone: another device");
	tap__err(mock__vdevice(&other, g.viommu, 7, &vdev), 0, "gone: 7 in the virtual IOMMU");
	tap__err(mock__vdevice(&other, g.viommu, 8, &again), -EEXIST, "gone: it has one number");
	tap__err(iommu__destroy(g.m.fd, g.viommu), -EBUSY, "gone: the virtual IOMMU stays");
	tap__err(iommu__destroy(g.m.fd, other.obj), 0, "gone: the device goes");
	tap__err(iommu__destroy(g.m.fd, vdev), -ENOENT, "gone: and its VDEVICE with it");
	for (unsigned int i = 0; i < 64; i++) {
		uint32_t id;

		if (ioas__alloc(g.m.fd, &id))
			break;
		highest = id > highest ? id : highest;
		if (id == vdev)
			tap__ok(false, "gone: id %u is given again", vdev);
	}
	tap__ok(highest > vdev + 32, "gone: 64 new ids, none is %u", vdev);
	tap__err(mock__add(&third, &g.m, g.m.ioas, 0), 0, "gone: a third device");
	tap__err(mock__vdevice(&third, g.viommu, 7, &again), 0, "gone: number 7 is free again");
	tap__ok(again != vdev, "gone: under another id");
	tap__err(iommu__destroy(g.m.fd, again), 0, "gone: destroyed by user space");
	tap__is(next_id(g.m.fd), again, "gone: then its id is free");
	tap__err(iommu__destroy(g.m.fd, g.viommu), 0, "gone: nothing uses the virtual IOMMU");
	close(g.m.fd);
}

/* User space destroys all that may be a VDEVICE, without end. */
static struct {
	int fd;
	atomic_bool stop;
	atomic_uint id; /* of the VDEVICE of this round, or 0 */
	atomic_bool busy; /* has read id and not yet destroyed it */
	atomic_uint destroyed;  /* rounds in which we were first */
	atomic_int wrong;
} destroyer;

static void *destroy_on(void *arg)
{
	(void)arg;
	while (!atomic_load(&destroyer.stop)) {
		uint32_t id;
		int ret;

		atomic_store(&destroyer.busy, true);
		id = atomic_load(&destroyer.id);
		if (!id) {
			atomic_store(&destroyer.busy, false);
			continue;
		}
		ret = iommu__destroy(destroyer.fd, id);
		if (!ret) {
			atomic_store(&destroyer.id, 0);
			atomic_fetch_add(&destroyer.destroyed, 1);
		} else if (ret != -ENOENT && ret != -EBUSY) {
			atomic_store(&destroyer.wrong, ret);
		}
		atomic_store(&destroyer.busy, false);
	}
	return NULL;
}

static void test_race(void)
{
	unsigned int round, taken = 0, given_again = 0;
	pthread_t thread;
	struct guest g;
	int ret = 0;

	if (!start(&g, "race"))
		return;
	destroyer.fd = g.m.fd;
	pthread_create(&thread, NULL, destroy_on, NULL);
	for (round = 0; round < ROUNDS || !taken || !atomic_load(&destroyer.destroyed); round++) {
		unsigned int before = atomic_load(&destroyer.destroyed);
		struct mock other;
		uint32_t vdev;

		ret = mock__add(&other, &g.m, g.m.ioas, 0);
		if (!ret)
			ret = mock__vdevice(&other, g.viommu, 7, &vdev);
		if (ret)
			break;
		atomic_store(&destroyer.id, vdev);
		if (round % 3)
			usleep(round * 7 % 60);
		ret = iommu__destroy(g.m.fd, other.obj);
		if (ret)
			break;
		/* Not to meet the next object that gets the id: only ids that were taken stay. */
		atomic_store(&destroyer.id, 0);
		tap__until(!atomic_load(&destroyer.busy));
		if (atomic_load(&destroyer.destroyed) == before) {
			taken++;
			given_again += next_id(g.m.fd) == vdev;
		}
	}
	atomic_store(&destroyer.stop, true);
	pthread_join(thread, NULL);
	tap__err(ret, 0, "race: %u devices go while their VDEVICE is destroyed", round);
	tap__is(atomic_load(&destroyer.wrong), 0, "race: only results that can be");
	tap__diag("%u by user space, %u with the device", destroyer.destroyed, taken);
	tap__ok(taken && atomic_load(&destroyer.destroyed), "race: each was first at times");
	tap__is(given_again, 0, "race: no id that user space still has is given again");
	tap__err(iommu__destroy(g.m.fd, g.viommu), 0, "race: nothing uses the virtual IOMMU");
	close(g.m.fd);
}

/* ---- HW_QUEUE ---- */

static void test_queue(void)
{
	const size_t size = 64 * 1024;
	char *huge = mem__huge(MEM_HUGE), *bad = mem__scattered(8 * P), *buf = mem__small(size);
	uint32_t first, second, none;
	struct guest g;

	if (!start(&g, "queue"))
		return;
	tap__err(ioas__map_at(g.m.fd, g.m.ioas, huge, MEM_HUGE, MOCK_BASE), 0, "queue: map 2 MiB");
	tap__err(ioas__map_at(g.m.fd, g.m.ioas, bad, 8 * P, MOCK_BASE + MEM_HUGE), 0,
		 "queue: map scattered memory");
	tap__err(mock__hw_queue(&g.m, g.viommu, 0, MOCK_BASE + MEM_HUGE, 8 * P, &none), -EFAULT,
		 "queue: not in scattered memory");
	tap__err(mock__hw_queue(&g.m, g.viommu, 0, MOCK_BASE + MEM_HUGE - P, 2 * P, &none), -EFAULT,
		 "queue: not across two pieces");
	tap__err(mock__hw_queue(&g.m, g.viommu, 0, MOCK_BASE + 2 * MEM_HUGE, P, &none), -ENOENT,
		 "queue: not where nothing is");
	tap__err(ioas__unmap_at(g.m.fd, g.m.ioas, MOCK_BASE + MEM_HUGE, 8 * P), 0,
		 "queue: none of these keeps the memory");
	tap__err(mock__hw_queue(&g.m, g.viommu, 0, MOCK_BASE + 100, size, &first), 0,
		 "queue: first");
	tap__err(mock__hw_queue(&g.m, g.viommu, 1, MOCK_BASE + MEM_HUGE - 64, 64, &second), 0,
		 "queue: second");

	tap__err(ioas__unmap_at(g.m.fd, g.m.ioas, MOCK_BASE, MEM_HUGE), -EBUSY, "queue: unmap");
	tap__err(ioas__unmap_all(g.m.fd, g.m.ioas), -EBUSY, "queue: unmap everything");
	tap__err(iommu__destroy(g.m.fd, g.m.ioas), -EBUSY, "queue: destroy the IOAS");
	tap__err(iommu__destroy(g.m.fd, g.parent), -EBUSY, "queue: destroy the parent");
	tap__err(iommu__destroy(g.m.fd, g.viommu), -EBUSY, "queue: destroy the virtual IOMMU");
	tap__err(iommu__destroy(g.m.fd, first), -EBUSY, "queue: destroy the first one");
	mem__fill(huge, size, 3);
	tap__err(mock__dma(&g.m, 0, MOCK_BASE, buf, size, false), 0, "queue: memory is reached");
	tap__is(mem__check(buf, size, 3), -1, "queue: as it is");
	mem__free(huge, MEM_HUGE);
	tap__err(mock__dma(&g.m, 0, MOCK_BASE, buf, size, false), 0, "queue: also when freed");
	tap__is(mem__check(buf, size, 3), -1, "queue: its memory has not changed");

	tap__err(iommu__destroy(g.m.fd, second), 0, "queue: destroy the second");
	tap__err(ioas__unmap_all(g.m.fd, g.m.ioas), -EBUSY, "queue: the first still keeps it");
	tap__err(iommu__destroy(g.m.fd, first), 0, "queue: destroy the first");
	tap__err(ioas__unmap_all(g.m.fd, g.m.ioas), 0, "queue: unmap everything");
	tap__is(mem__pinned(0), 0, "queue: nothing is pinned");
	tap__err(mock__dma(&g.m, 0, MOCK_BASE, buf, P, false), -EFAULT, "queue: nothing reached");
	close(g.m.fd);
	mem__free(bad, 8 * P);
	mem__free(buf, size);
}

/* One thread makes queues, another one unmaps: the later one fails. */
static struct guest racing;

static void *unmap_on(void *arg)
{
	(void)arg;
	while (!atomic_load(&destroyer.stop))
		if (!ioas__unmap_at(racing.m.fd, racing.m.ioas, MOCK_BASE, P))
			atomic_fetch_add(&destroyer.destroyed, 1);
	return NULL;
}

static void test_queue_race(void)
{
	unsigned int made = 0, refused = 0, lost = 0, round;
	char *mem = mem__small(P), buf[64];
	pthread_t thread;
	int ret = 0;

	if (!start(&racing, "queue race"))
		return;
	atomic_store(&destroyer.stop, false);
	atomic_store(&destroyer.destroyed, 0);
	mem__fill(mem, P, 4);
	pthread_create(&thread, NULL, unmap_on, NULL);
	for (round = 0; round < QUEUE_ROUNDS; round++) {
		uint32_t queue;

		ioas__map_at(racing.m.fd, racing.m.ioas, mem, P, MOCK_BASE);
		ret = mock__hw_queue(&racing.m, racing.viommu, 0, MOCK_BASE, 64, &queue);
		if (ret) {
			refused++;
			if (ret != -ENOENT)
				break;
			continue;
		}
		made++;
		ret = mock__dma(&racing.m, 0, MOCK_BASE, buf, sizeof(buf), false);
		lost += ret || memcmp(buf, mem, sizeof(buf));
		ret = iommu__destroy(racing.m.fd, queue);
		if (ret)
			break;
	}
	atomic_store(&destroyer.stop, true);
	pthread_join(thread, NULL);
	tap__is(round, QUEUE_ROUNDS, "queue race: only results that can be (%s)",
		tap__errname(ret));
	tap__diag("%u made, %u refused, %u unmaps", made, refused, destroyer.destroyed);
	tap__ok(made && atomic_load(&destroyer.destroyed), "queue race: each was first at times");
	tap__is(lost, 0, "queue race: no queue loses its memory");
	close(racing.m.fd);
	mem__free(mem, P);
}

/* ---- mmap() ---- */

static void *map_at(const struct guest *g, void *at, size_t length, int prot, int flags)
{
	return mmap(at, length, prot, flags, g->m.fd, g->data.out_mmap_offset);
}

static uint32_t *map(const struct guest *g)
{
	void *mem = map_at(g, NULL, g->data.out_mmap_length, PROT_READ | PROT_WRITE, MAP_SHARED);

	return mem == MAP_FAILED ? NULL : mem;
}

/* The result of an mmap() that must fail. */
static int map_err(const struct guest *g, size_t length, int prot, int flags, uint64_t offset)
{
	void *mem = mmap(NULL, length, prot, flags, g->m.fd, offset);

	if (mem == MAP_FAILED)
		return -errno;
	munmap(mem, length);
	return 0;
}

static void test_mmap_refused(void)
{
	const int rw = PROT_READ | PROT_WRITE;
	uint64_t at, length;
	struct guest g;
	uint32_t *mem;

	if (!start(&g, "mmap"))
		return;
	at = g.data.out_mmap_offset;
	length = g.data.out_mmap_length;
	tap__is(length, 2 * P, "mmap: two pages");
	tap__err(map_err(&g, length, rw, MAP_PRIVATE, at), -EINVAL, "mmap: private");
	tap__err(map_err(&g, length, rw | PROT_EXEC, MAP_SHARED, at), -EPERM, "mmap: executable");
	tap__err(map_err(&g, P, rw, MAP_SHARED, at), -ENXIO, "mmap: the first page alone");
	tap__err(map_err(&g, P, rw, MAP_SHARED, at + P), -ENXIO, "mmap: the second alone");
	tap__err(map_err(&g, length + P, rw, MAP_SHARED, at), -ENXIO, "mmap: a page too many");
	tap__err(map_err(&g, length, rw, MAP_SHARED, at + P), -ENXIO, "mmap: a page too far");
	tap__err(map_err(&g, length, rw, MAP_SHARED, 0), -ENXIO, "mmap: at 0");
	mem = map(&g);
	if (!tap__ok(mem, "mmap: all of it"))
		return;
	tap__hex(*mem, WORD, "mmap: has the driver's word");
	tap__ok(mprotect(mem, length, PROT_READ | PROT_EXEC) && errno == EACCES,
		"mmap: not executable later either");
	tap__err(iommu__destroy(g.m.fd, g.viommu), -EBUSY, "mmap: keeps the virtual IOMMU");
	munmap(mem, length);
	tap__err(iommu__destroy(g.m.fd, g.viommu), 0, "mmap: which can go after munmap()");
	tap__err(map_err(&g, length, rw, MAP_SHARED, at), -ENXIO, "mmap: nothing is there");
	close(g.m.fd);
}

static void test_mmap_parts(void)
{
	struct guest g;
	uint32_t *mem, *to, *twice;

	if (!start(&g, "parts"))
		return;
	mem = map(&g);
	if (!tap__ok(mem, "parts: mmap"))
		return;
	munmap(mem, P);
	tap__err(iommu__destroy(g.m.fd, g.viommu), -EBUSY, "parts: the second page keeps it");
	to = mmap(NULL, P, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mem[P / 4] = 0x77;
	to = mremap(mem + P / 4, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (!tap__ok(to != MAP_FAILED, "parts: mremap() to elsewhere"))
		return;
	tap__hex(*to, 0x77, "parts: with its contents");
	tap__err(iommu__destroy(g.m.fd, g.viommu), -EBUSY, "parts: it keeps it from there");
	tap__ok(mremap(to, P, 2 * P, MREMAP_MAYMOVE) == MAP_FAILED, "parts: it cannot grow");
	tap__ok(mremap(to, 0, 2 * P, MREMAP_MAYMOVE) == MAP_FAILED, "parts: nor be doubled");
	twice = map(&g);
	tap__ok(twice && twice[0] == WORD && twice[P / 4] == 0x77, "parts: mmap() a second time");
	munmap(to, P);
	tap__err(iommu__destroy(g.m.fd, g.viommu), -EBUSY, "parts: the second mapping keeps it");
	/* The middle of nothing: two mappings of a page each, given back in any order. */
	mprotect(twice, P, PROT_READ);
	munmap(twice + P / 4, P);
	tap__err(iommu__destroy(g.m.fd, g.viommu), -EBUSY, "parts: a read-only half of it, too");
	munmap(twice, P);
	tap__err(iommu__destroy(g.m.fd, g.viommu), 0, "parts: with the last one it can go");
	close(g.m.fd);
}

static int destroy_soon(int fd, uint32_t id)
{
	int ret;

	tap__until((ret = iommu__destroy(fd, id)) != -EBUSY);
	return ret;
}

static void test_mmap_fork(void)
{
	int go[2], status;
	struct guest g;
	uint32_t *mem;
	pid_t pid;
	char c;

	if (!start(&g, "fork") || pipe(go))
		return;
	mem = map(&g);
	if (!tap__ok(mem, "fork: mmap"))
		return;
	pid = fork();
	if (!pid) {
		/* Only the mapping is kept, not the file. */
		close(g.m.fd);
		close(go[1]);
		_exit(read(go[0], &c, 1) < 0 || *mem != WORD);
	}
	munmap(mem, g.data.out_mmap_length);
	usleep(100000);
	tap__err(iommu__destroy(g.m.fd, g.viommu), -EBUSY, "fork: the child's mapping keeps it");
	close(go[1]);
	waitpid(pid, &status, 0);
	tap__ok(WIFEXITED(status) && !WEXITSTATUS(status), "fork: the child has read it");
	tap__err(destroy_soon(g.m.fd, g.viommu), 0, "fork: it can go with the child");
	close(go[0]);
	close(g.m.fd);
}

/* ---- the end of everything ---- */

static void test_mmap_close(void)
{
	struct guest g;
	uint32_t *mem;

	if (!start(&g, "close"))
		return;
	mem = map(&g);
	if (!tap__ok(mem, "close: mmap"))
		return;
	close(g.m.fd);
	*mem = 0x1234;
	tap__hex(*mem, 0x1234, "close: the registers are still there");
	munmap(mem, g.data.out_mmap_length);
	tap__ok(mock__gone(), "close: all has gone with the mapping");
}

static void child(void)
{
	char *mem = mem__small(4 * P);
	struct guest g;
	uint32_t id;
	int fd;

	if (guest_open(&g) || !map(&g) || ioas__map_at(g.m.fd, g.m.ioas, mem, 4 * P, MOCK_BASE) ||
	    mock__vdevice(&g.m, g.viommu, 7, &id) || mock__veventq(&g.m, g.viommu, 8, &id, &fd) ||
	    mock__hw_queue(&g.m, g.viommu, 0, MOCK_BASE + P, 64, &id) ||
	    mock__hw_queue(&g.m, g.viommu, 1, MOCK_BASE + 2 * P, 64, &id))
		_exit(1);
	kill(getpid(), SIGKILL);
}

static void test_exit(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		child();
	waitpid(pid, &status, 0);
	tap__ok(WIFSIGNALED(status), "exit: a process is killed with all of it");
	tap__ok(mock__gone(), "exit: no device is left");
	tap__is(mem__pinned(0), 0, "exit: nothing is pinned");
}

static long module_uses(void)
{
	FILE *f = fopen("/sys/module/iommufd_mock/refcnt", "r");
	long n = -1;

	if (f && fscanf(f, "%ld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/* Without devices the IOMMU core keeps the driver no more. */
static void test_module(void)
{
	struct guest g;

	tap__is(module_uses(), 0, "module: nobody uses it");
	if (!start(&g, "module"))
		return;
	tap__err(iommu__destroy(g.m.fd, g.m.obj), 0, "module: the device goes");
	tap__ok(mock__gone(), "module: none is left");
	tap__ok(module_uses() > 0, "module: the virtual IOMMU keeps it (%ld uses)", module_uses());
	tap__err(iommu__destroy(g.m.fd, g.viommu), 0, "module: destroy the virtual IOMMU");
	tap__ok(module_uses() > 0, "module: the page table keeps it (%ld uses)", module_uses());
	tap__err(iommu__destroy(g.m.fd, g.parent), 0, "module: destroy the page table");
	tap__is(module_uses(), 0, "module: nobody uses it");
	close(g.m.fd);
}

int main(void)
{
	tap__start();
	test_module();
	test_tombstone();
	test_race();
	test_queue();
	test_queue_race();
	test_mmap_refused();
	test_mmap_parts();
	test_mmap_fork();
	test_mmap_close();
	test_exit();
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
