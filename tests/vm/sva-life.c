// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of each user of a shared page table: of the process, by exec, exit or kill, and of the
 * device or the file; with DMA running.
 *
 * Finds these faults: a device reaches the memory of a process that is gone, or its next owner's;
 * a process cannot end, or its memory stays, as long as a device has its page table;
 * something that waits for a page waits for ever; an object is freed under its users.
 *
 * The memory belongs to a child process; the device and its DMA belong to the parent unless a test
 * says otherwise. The child makes the SVA object through the file that it has inherited.
 *
 * vm: --mock --smp 2 --append preempt=full
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define PAGES 64
#define PASID IOMMUFD_NEW_HWPT_ALLOC_PASID
#define KILLS 20
#define THREADS 2

static struct mock m;
static uint32_t whole, id, nr;

static int open_device(void)
{
	int ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID);

	if (!ret)
		ret = mock__hwpt(&m, m.ioas, PASID, 0, 0, NULL, 0, &whole);
	if (!ret)
		ret = mock__replace(&m, whole);
	if (!ret)
		ret = pasid__new(m.fd, m.dev, &id, &nr);
	return ret;
}

/* Let the device read at an address: the byte, or -errno. */
static int peek(const char *at)
{
	unsigned char byte = 0;
	int ret = mock__dma(&m, nr, (uintptr_t)at, &byte, 1, false);

	return ret ? ret : byte;
}

static char *new_memory(void)
{
	char *mem =
		mmap(NULL, PAGES * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	madvise(mem, PAGES * P, MADV_NOHUGEPAGE);
	memset(mem, 'c', P);
	return mem;
}

/* ---- the child ---- */

struct child {
	pid_t pid;
	int up, down;  /* messages of the child; messages to it */
	uint32_t sva;
	char *mem;  /* PAGES pages, of which the first is there */
};

struct told {
	uint32_t sva;
	char *mem;
};

/* 'e': exec, 'x': exit. Its pipes are closed by an exec, which is how the parent sees it. */
static void child_main(int up, int down)
{
	struct told told = { .mem = new_memory() };
	char c = 0;

	if (!told.mem || sva__alloc(m.fd, &told.sva) ||
	    write(up, &told, sizeof(told)) != sizeof(told) || read(down, &c, 1) != 1)
		_exit(1);
	if (c == 'e')
		execl("/bin/sleep", "sleep", "1000", NULL);
	_exit(c == 'x' ? 0 : 1);
}

static bool start_child(struct child *child)
{
	struct told told = {};
	int up[2], down[2];

	if (pipe2(up, O_CLOEXEC) || pipe2(down, O_CLOEXEC))
		return false;
	child->pid = fork();
	if (!child->pid) {
		close(up[0]);
		close(down[1]);
		child_main(up[1], down[0]);
	}
	close(up[1]);
	close(down[0]);
	child->up = up[0];
	child->down = down[1];
	if (read(child->up, &told, sizeof(told)) != sizeof(told))
		return false;
	child->sva = told.sva;
	child->mem = told.mem;
	return true;
}

static void close_child(struct child *child)
{
	close(child->up);
	close(child->down);
}

/* Let it do something, and wait until it has closed its end of the pipe. */
static bool tell(struct child *child, char what)
{
	char c;

	return write(child->down, &what, 1) == 1 && read(child->up, &c, 1) == 0;
}

/* The memory is gone; the object still exists, and DMA with it reaches nothing. */
static void check_dead(struct child *child, const char *name)
{
	struct iommu_ext_pasid_query q = {};
	uint32_t id2, nr2;

	tap__is(peek(child->mem), -EIO, "%s: the device reaches nothing", name);
	tap__is(peek(child->mem + P), -EIO, "%s: nor at a page that was never touched", name);
	pasid__query(m.fd, id, &q);
	tap__ok(q.out_state == IOMMU_EXT_PASID_IS_ATTACHED && q.out_pt_id == child->sva,
		"%s: the PASID is attached still", name);
	tap__err(pasid__new(m.fd, m.dev, &id2, &nr2), 0, "%s: another PASID", name);
	tap__err(pasid__attach(m.fd, id2, child->sva, NULL), -ESRCH, "%s: cannot be attached",
		 name);
	tap__err(pasid__attach(m.fd, id2, whole, NULL), 0, "%s: but to something else", name);
	tap__err(pasid__replace(m.fd, id2, child->sva, NULL), -ESRCH, "%s: nor replaced", name);
	tap__err(pasid__detach(m.fd, id2), 0, "%s: that one stays until it is detached", name);
	tap__err(iommu__destroy(m.fd, id2), 0, "%s: and destroyed", name);
	tap__err(iommu__destroy(m.fd, child->sva), -EBUSY, "%s: the object is in use", name);
	tap__err(pasid__detach(m.fd, id), 0, "%s: detach", name);
	tap__err(iommu__destroy(m.fd, child->sva), 0, "%s: then it goes", name);
}

static bool attach_child(struct child *child, const char *name)
{
	tap__diag("%s", name);
	return tap__ok(start_child(child), "%s: a child", name) &&
	       tap__err(pasid__attach(m.fd, id, child->sva, NULL), 0, "%s: attach", name) &&
	       tap__is(peek(child->mem), 'c', "%s: the device reads its memory", name) &&
	       tap__is(peek(child->mem + P), 0, "%s: and an untouched page", name);
}

static void test_exec(void)
{
	static const char name[] = "exec";
	struct child child;

	if (!attach_child(&child, name))
		return;
	tap__ok(tell(&child, 'e'), "%s: the child is another program", name);
	check_dead(&child, name);
	kill(child.pid, SIGKILL);
	waitpid(child.pid, NULL, 0);
	close_child(&child);
}

static void test_exit(void)
{
	static const char name[] = "exit";
	struct child child;
	int status = -1;

	if (!attach_child(&child, name))
		return;
	tap__ok(tell(&child, 'x'), "%s: the child ends", name);
	waitpid(child.pid, &status, 0);
	tap__is(status, 0, "%s: it does", name);
	check_dead(&child, name);
	close_child(&child);
}

/* The process made the object, and exited before it was attached. */
static void test_before(void)
{
	static const char name[] = "exit before attach";
	struct child child;

	if (!tap__ok(start_child(&child), "%s: a child", name))
		return;
	tell(&child, 'x');
	waitpid(child.pid, NULL, 0);
	tap__err(pasid__attach(m.fd, id, child.sva, NULL), -ESRCH, "%s: attach", name);
	tap__is(peek(child.mem), -EFAULT, "%s: the PASID reaches nothing", name);
	tap__err(iommu__destroy(m.fd, child.sva), 0, "%s: destroy the object", name);
	close_child(&child);
}

/* ---- kill ---- */

static atomic_ulong done;
static char *where;

/*
 * Reads and writes page after page until that fails; returns the error. With arg not NULL, until
 * there is no device: before that its DMA may meet nothing, or have its requests refused.
 */
static void *dma_until(void *arg)
{
	unsigned char data[64];
	int ret = 0;

	for (unsigned int i = 0; !ret; i++) {
		memset(data, 'd', sizeof(data));
		ret = mock__dma(&m, nr, (uintptr_t)where + i % PAGES * P + 100, data, sizeof(data),
				i % 3);
		atomic_fetch_add(&done, !ret);
		if (arg && (ret == -EFAULT || ret == -EIO))
			ret = 0;
	}
	return (void *)(intptr_t)ret;
}

static void start_dma(pthread_t *threads, char *mem, bool removal)
{
	where = mem;
	atomic_store(&done, 0);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, dma_until, removal ? mem : NULL);
}

/* Whether all ended with that error. */
static bool ended(pthread_t *threads, int want)
{
	int wrong = 0;
	void *ret;

	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &ret);
		if ((intptr_t)ret != want)
			wrong = (intptr_t)ret;
	}
	if (wrong)
		tap__diag("a DMA ended with %d (%s)", wrong, tap__errname(wrong));
	return !wrong;
}

/* While DMA makes its pages present. Each time a bit later. */
static void test_kill(void)
{
	static const char name[] = "kill";
	int status, killed = 0, reached = 0, objects = mock__objects(m.fd);
	pthread_t threads[THREADS];
	struct child child;
	int ret = 0, good = 0;

	tap__diag("%s", name);
	for (int i = 0; i < KILLS && !ret; i++) {
		if (!start_child(&child))
			break;
		ret = pasid__attach(m.fd, id, child.sva, NULL);
		start_dma(threads, child.mem, false);
		usleep(i * 700);
		kill(child.pid, SIGKILL);
		waitpid(child.pid, &status, 0);
		killed += WIFSIGNALED(status);
		good += ended(threads, -EIO);
		reached += peek(child.mem) != -EIO;
		if (!ret)
			ret = pasid__detach(m.fd, id);
		if (!ret)
			ret = iommu__destroy(m.fd, child.sva);
		close_child(&child);
	}
	tap__err(ret, 0, "%s: %d children attached and detached", name, KILLS);
	tap__is(killed, KILLS, "%s: all were killed", name);
	tap__is(good, KILLS, "%s: all DMA ended with EIO then", name);
	tap__is(reached, 0, "%s: none could be reached after", name);
	tap__is(mock__objects(m.fd), objects, "%s: no object is left", name);
}

/* ---- all in one process ---- */

static int share_self(char **mem)
{
	uint32_t sva;
	int ret = open_device();

	*mem = new_memory();
	if (!ret)
		ret = sva__alloc(m.fd, &sva);
	if (!ret)
		ret = pasid__attach(m.fd, id, sva, NULL);
	return ret;
}

/* To the end of the process. */
static void *unmap_main(void *arg)
{
	char *mem = arg;

	for (unsigned int i = 0; !madvise(mem + i % PAGES * P, P, MADV_DONTNEED); i++)
		;
	return NULL;
}

/* Everything of a process at once: memory, file, DMA, and threads that change the memory. */
static void test_kill_self(void)
{
	static const char name[] = "kill with device";
	int status, killed = 0, good = 0;

	for (int i = 0; i < KILLS; i++) {
		pid_t pid = fork();

		if (!pid) {
			pthread_t threads[THREADS], unmap;
			char *mem;

			if (share_self(&mem))
				_exit(1);
			start_dma(threads, mem, false);
			pthread_create(&unmap, NULL, unmap_main, mem);
			while (atomic_load(&done) < 3)
				usleep(100);
			usleep(i * 300);
			kill(getpid(), SIGKILL);
		}
		waitpid(pid, &status, 0);
		killed += WIFSIGNALED(status);
		good += mock__gone();
	}
	tap__is(killed, KILLS, "%s: %d killed with DMA running", name, KILLS);
	tap__is(good, KILLS, "%s: each time the device went, too", name);
}

static void test_removal(bool by_close)
{
	const char *name = by_close ? "file closed" : "device goes";
	pthread_t threads[THREADS];
	char *mem;

	tap__diag("%s", name);
	if (!tap__err(share_self(&mem), 0, "%s: the process's own page table", name))
		return;
	start_dma(threads, mem, true);
	while (atomic_load(&done) < 10 * PAGES)
		usleep(1000);
	if (by_close)
		close(m.fd);
	else
		tap__err(iommu__destroy(m.fd, m.obj), 0, "%s: with DMA running", name);
	tap__ok(ended(threads, by_close ? -EBADF : -ENOENT), "%s: then there is none", name);
	if (!by_close)
		close(m.fd);
	tap__ok(mock__gone(), "%s: no device is left", name);
	/* The process has its memory as before. */
	tap__is(mem[101], 'd', "%s: the device's write is there", name);
	munmap(mem, PAGES * P);
}

int main(void)
{
	tap__start();
	if (!tap__err(open_device(), 0, "a device"))
		return tap__done();
	test_exec();
	test_exit();
	test_before();
	test_kill();
	close(m.fd);
	tap__ok(mock__gone(), "no device is left");
	test_removal(false);
	test_removal(true);
	test_kill_self();
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
