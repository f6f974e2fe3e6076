// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_IOAS_MAP_FILE with memfds of hugetlbfs whose pages do not exist yet: the map makes them,
 * but takes none that an mmap() of another process has reserved. That process would get SIGBUS, and
 * before Linux 6.17 the kernel's own memfd_pin_folios() takes them.
 *
 * Also finds these faults: a map fails because a signal, a freezer or io_uring disturbs the thread
 * while its pages are made; an access makes pages before it knows that they are in the file.
 *
 * The counters in /proc/meminfo have to be exact after each step.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/iommufd_new.h>
#include <linux/time_types.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/account.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define HUGE MEM_HUGE
#define BASE MOCK_BASE
#define ROUNDS 300
#define CGROUP "/sys/fs/cgroup"

static struct mock m;

static void reserve_huge(unsigned int pages)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w");

	if (f) {
		fprintf(f, "%u\n", pages);
		fclose(f);
	}
}

static long meminfo(const char *name)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long ret = -1;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), ": %ld", &ret);
	if (f)
		fclose(f);
	return ret;
}

static void check_huge(long free, long reserved, const char *when)
{
	tap__is(meminfo("HugePages_Free"), free, "%s: free huge pages", when);
	tap__is(meminfo("HugePages_Rsvd"), reserved, "%s: reserved huge pages", when);
}

static int huge_file(unsigned int pages)
{
	int fd = memfd_create("hugetlb-file", MFD_CLOEXEC | MFD_HUGETLB);

	return fd >= 0 && !ftruncate(fd, pages * (off_t)HUGE) ? fd : -1;
}

static int map(int fd, uint64_t start, uint64_t length, uint32_t flags)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = flags | IOAS_FIXED,
		.ioas_id = m.ioas,
		.fd = fd,
		.start = start,
		.length = length,
		.iova = BASE + start,
	};

	return iommu__ioctl(m.fd, IOMMU_IOAS_MAP_FILE, &cmd);
}

static int unmap_all(void)
{
	return ioas__unmap_all(m.fd, m.ioas);
}

/* Touch all pages in a child. Returns how it ended: 0, or the signal that killed it. */
static int touch(char *mem, unsigned int pages)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		for (unsigned int i = 0; i < pages; i++)
			mem[i * HUGE] = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_reserved(void)
{
	int victim = huge_file(2), other = huge_file(1);
	char *mem = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, victim, 0);

	if (!tap__ok(victim >= 0 && other >= 0 && mem != MAP_FAILED, "two files"))
		return;
	check_huge(2, 2, "mmap() of two pages");
	tap__err(map(other, 0, HUGE, IOAS_RW), -ENOMEM, "map a page when all are reserved");
	tap__err(map(other, MEM_PAGE, MEM_PAGE, IOAS_R), -ENOMEM, "a part of it");
	check_huge(2, 2, "refused");
	tap__is(touch(mem, 2), 0, "the pages are there for whom they were reserved");
	check_huge(0, 0, "touched");
	tap__err(map(other, 0, HUGE, IOAS_RW), -ENOMEM, "map a page when none is free");
	munmap(mem, 2 * HUGE);
	close(victim);
	check_huge(2, 0, "the first file is gone");
	tap__err(map(other, 0, HUGE, IOAS_RW), 0, "map a page when two are free");
	check_huge(1, 0, "mapped");
	account__pinned(HUGE / MEM_PAGE, "mapped");
	tap__err(unmap_all(), 0, "unmap it");
	close(other);
	check_huge(2, 0, "all are gone");
}

/* The file's own reservation is used, and a page that exists is kept. */
static void test_own(void)
{
	int fd = huge_file(2);
	char *mem = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (!tap__ok(fd >= 0 && mem != MAP_FAILED, "a file"))
		return;
	mem[5] = 'x';
	check_huge(1, 1, "one page of two touched");
	tap__err(map(fd, 0, 2 * HUGE, IOAS_RW), 0, "map both");
	check_huge(0, 0, "both mapped");
	tap__is(mem[5], 'x', "the page is the same");
	tap__err(unmap_all(), 0, "unmap both");
	munmap(mem, 2 * HUGE);
	close(fd);
	check_huge(2, 0, "own");
}

static void test_read_only(void)
{
	int fd = huge_file(1), again;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY);
	tap__err(map(again, 0, HUGE, IOAS_RW), -EPERM, "open for reading: map for writing");
	tap__err(map(again, 0, HUGE, IOAS_R), 0, "map for reading");
	tap__err(map(again, HUGE, HUGE, IOAS_R), -EINVAL, "beyond the end");
	check_huge(1, 0, "open for reading");
	tap__err(unmap_all(), 0, "unmap it");
	close(again);
	close(fd);
	check_huge(2, 0, "read only");
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Map a new file again and again; no map may fail. */
static void map_undisturbed(void (*disturb)(void), const char *name)
{
	unsigned int bad = 0;
	int why = 0;

	for (unsigned int i = 0; i < 40; i++) {
		int fd = huge_file(2), ret;

		if (disturb)
			disturb();
		ret = map(fd, 0, 2 * HUGE, IOAS_RW);
		if (ret && !bad++)
			why = ret;
		unmap_all();
		close(fd);
	}
	tap__err(why, 0, "%s: maps", name);
	tap__is(bad, 0, "%s: maps that failed", name);
	check_huge(2, 0, name);
}

/* Signals that do not kill do not end a map. */
static void test_signals(void)
{
	const struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	map_undisturbed(NULL, "signals");
	setitimer(ITIMER_REAL, &never, NULL);
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

/* Nor does a freezer, as of a container that is paused for a moment. */
static void test_freezer(void)
{
	pid_t pid;

	mkdir(CGROUP "/freeze", 0755);
	if (!tap__ok(put(CGROUP "/freeze/cgroup.procs", "0"), "freezer: in a cgroup"))
		return;
	/* The child goes back, so that it is not frozen. */
	pid = fork();
	if (!pid) {
		put(CGROUP "/cgroup.procs", "0");
		for (;;) {
			put(CGROUP "/freeze/cgroup.freeze", "1");
			put(CGROUP "/freeze/cgroup.freeze", "0");
			usleep(200);
		}
	}
	map_undisturbed(NULL, "freezer");
	put(CGROUP "/cgroup.procs", "0");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	put(CGROUP "/freeze/cgroup.freeze", "0");
	tap__err(rmdir(CGROUP "/freeze") ? -errno : 0, 0, "freezer: the cgroup is gone");
}

/* ---- io_uring, which leaves work for the thread that has asked for it ---- */

#define TIMEOUTS 128u

static struct {
	int fd;
	struct io_uring_params params;
	char *rings;
	struct io_uring_sqe *sqes;
} ring;

static _Atomic uint32_t *ring_word(uint32_t offset)
{
	return (void *)(ring.rings + offset);
}

static bool ring_open(void)
{
	size_t size;

	ring.fd = syscall(SYS_io_uring_setup, TIMEOUTS, &ring.params);
	if (ring.fd < 0 || !(ring.params.features & IORING_FEAT_SINGLE_MMAP))
		return false;
	size = ring.params.cq_off.cqes + ring.params.cq_entries * sizeof(struct io_uring_cqe);
	ring.rings = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd,
			  IORING_OFF_SQ_RING);
	ring.sqes = mmap(NULL, TIMEOUTS * sizeof(*ring.sqes), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQES);
	return ring.rings != MAP_FAILED && ring.sqes != MAP_FAILED;
}

/* Let timers leave work for this thread, each 50 us. */
static void ring_timers(void)
{
	static struct __kernel_timespec times[TIMEOUTS];
	_Atomic uint32_t *tail = ring_word(ring.params.sq_off.tail);
	uint32_t *array = (uint32_t *)(ring.rings + ring.params.sq_off.array);

	/* Forget the answers so far. */
	*ring_word(ring.params.cq_off.head) = *ring_word(ring.params.cq_off.tail);
	for (uint32_t i = 0; i < TIMEOUTS; i++) {
		uint32_t slot = (*tail + i) & (TIMEOUTS - 1);

		times[i].tv_nsec = (i + 1) * 50000;
		ring.sqes[slot] = (struct io_uring_sqe){
			.opcode = IORING_OP_TIMEOUT,
			.addr = (uintptr_t)&times[i],
			.len = 1,
		};
		array[slot] = slot;
	}
	*tail += TIMEOUTS;
	syscall(SYS_io_uring_enter, ring.fd, TIMEOUTS, 0, 0, NULL, 0);
}

static void test_io_uring(void)
{
	if (!ring_open()) {
		tap__skip("no io_uring", "io_uring");
		return;
	}
	map_undisturbed(ring_timers, "io_uring");
	tap__ok(*ring_word(ring.params.cq_off.tail) > TIMEOUTS, "io_uring: the timers ended");
	close(ring.fd);
}

/* A kill ends a map, and leaves nothing. */
static void test_kill(void)
{
	unsigned int ended = 0;

	for (unsigned int i = 0; i < 20; i++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			for (;;) {
				int fd = huge_file(2);

				map(fd, 0, 2 * HUGE, IOAS_RW);
				unmap_all();
				close(fd);
			}
		}
		usleep(2000 + i * 731);
		kill(pid, SIGKILL);
		ended += waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
		unmap_all();
	}
	tap__is(ended, 20, "killed: all end");
	account__pinned(0, "killed");
	tap__ok(tap__until(meminfo("HugePages_Free") == 2), "killed: the huge pages are free");
}

static atomic_bool stop;

static void *punch(void *arg)
{
	int fd = *(int *)arg;

	while (!atomic_load(&stop))
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, HUGE);
	return NULL;
}

/* One thread punches the pages out that another one maps, while all others are reserved. */
static void test_punch(void)
{
	int victim = huge_file(1), fd = huge_file(1);
	char *mem = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, victim, 0);
	unsigned int good = 0, bad = 0, wrong = 0;
	pthread_t thread;
	int why = 0;

	if (!tap__ok(mem != MAP_FAILED, "a reserved page"))
		return;
	pthread_create(&thread, NULL, punch, &fd);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		int ret = map(fd, 0, HUGE, IOAS_RW);

		good += !ret;
		/* Its last page is pinned for a moment after it was punched out. */
		if (ret && ret != -ENOMEM && ret != -EBUSY && !bad++)
			why = ret;
		wrong += meminfo("HugePages_Rsvd") != 1;
		unmap_all();
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	tap__ok(good, "%u of %u maps succeed while holes are punched", good, ROUNDS);
	if (!tap__is(bad, 0, "no map has an error that it cannot have"))
		tap__diag("%s", tap__errname(why));
	tap__is(wrong, 0, "the reservation stays");
	tap__is(touch(mem, 1), 0, "and is good for a page");
	munmap(mem, HUGE);
	close(victim);
	close(fd);
	check_huge(2, 0, "punched");
	account__pinned(0, "punched");
}

/* Read a byte of the last page through an access. */
static int read_last(uint32_t ioas)
{
	struct iommu_test_cmd create = { .op = IOMMU_TEST_OP_CREATE_ACCESS, .id = ioas };
	char byte;
	struct iommu_test_cmd rw = {
		.op = IOMMU_TEST_OP_ACCESS_RW,
		.access_rw = { .iova = BASE, .length = 1, .uptr = (uintptr_t)&byte },
	};
	int ret = mock__test(m.fd, &create);

	if (ret)
		return ret;
	rw.id = create.create_access.out_access_fd;
	ret = mock__test(m.fd, &rw);
	close(create.create_access.out_access_fd);
	return ret;
}

/* Offsets from 2^63 on are behind the end of each file, though they are negative as an loff_t. */
static void test_far(void)
{
	int fd = huge_file(1);
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOAS_RW | IOAS_FIXED,
		.fd = fd,
		.start = -(uint64_t)MEM_PAGE,
		.length = MEM_PAGE,
		.iova = BASE,
	};

	tap__err(ioas__alloc(m.fd, &cmd.ioas_id), 0, "an IOAS without a page table");
	tap__err(iommu__ioctl(m.fd, IOMMU_IOAS_MAP_FILE, &cmd), 0, "map the last of all offsets");
	tap__err(read_last(cmd.ioas_id), -EINVAL, "read it through an access");
	tap__err(iommu__destroy(m.fd, cmd.ioas_id), 0, "destroy the IOAS");
	close(fd);
	check_huge(2, 0, "the last of all offsets");
}

int main(void)
{
	tap__start();
	reserve_huge(2);
	if (meminfo("HugePages_Free") != 2 || meminfo("Hugepagesize") != HUGE / 1024)
		return tap__skip_all("no two huge pages of 2 MiB");
	if (!tap__err(mock__open(&m, 0), 0, "a device with a page table"))
		return tap__done();
	test_reserved();
	test_own();
	test_read_only();
	test_signals();
	test_freezer();
	test_io_uring();
	test_kill();
	test_punch();
	test_far();
	close(m.fd);
	check_huge(2, 0, "at the end");
	reserve_huge(0);
	return tap__done();
}
