// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA by the addresses of a process: an SVA object attached to a PASID of a mock device.
 *
 * Finds these faults: a page that the process can touch cannot be reached, or one that it cannot
 * can be; a write misses the copy that the process would have got; the device still sees the state
 * from before a munmap(), mprotect(), madvise() or mremap() when the call has returned; memory is
 * pinned by it; a process that keeps its pages back (userfaultfd) blocks a detach, the removal of
 * the device, or close(), or takes all workers by becoming other users of its namespace.
 *
 * sva-life.c tests the end of processes and devices, and sva-storm.c races.
 *
 * vm: --mock --smp 2 --append preempt=full
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/userfaultfd.h>

#include "../lib/ext.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define PASID IOMMUFD_NEW_HWPT_ALLOC_PASID
#define WORKS 64 /* page requests of a user that are resolved at a time */
#define CROWD 40 /* the same of each user, so that two have more */
#define SAFE "/sys/module/iommufd_mock/parameters/sva_safe"

static struct mock m;
static uint32_t sva, id, nr;

static bool open_sva(const char *name)
{
	uint32_t whole;
	int ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID);

	tap__diag("%s", name);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, PASID, 0, 0, NULL, 0, &whole);
	if (!ret)
		ret = mock__replace(&m, whole);
	if (!ret)
		ret = sva__alloc(m.fd, &sva);
	if (!ret)
		ret = pasid__new(m.fd, m.dev, &id, &nr);
	if (!ret)
		ret = pasid__attach(m.fd, id, sva, NULL);
	return tap__err(ret, 0, "%s: a PASID with the process's page table", name);
}

static int dma_read(const void *at, void *data, size_t length)
{
	return mock__dma(&m, nr, (uintptr_t)at, data, length, false);
}

static int dma_write(const void *at, const void *data, size_t length)
{
	return mock__dma(&m, nr, (uintptr_t)at, (void *)data, length, true);
}

/* Let the device read at an address: the byte, or -errno. */
static int peek(const volatile void *at)
{
	unsigned char byte = 0;
	int ret = dma_read((const void *)at, &byte, 1);

	return ret ? ret : byte;
}

static int poke(volatile void *at, unsigned char byte)
{
	return dma_write((const void *)at, &byte, 1);
}

static char *map(size_t pages, int prot, int flags, int fd)
{
	char *mem = mmap(NULL, pages * P, prot, flags, fd, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

static char *anonymous(size_t pages)
{
	return map(pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* A file of some pages, each full of its number + 'a', which is mapped nowhere. */
static int file(size_t pages)
{
	int fd = memfd_create("sva", MFD_CLOEXEC);
	char page[P];

	for (size_t i = 0; i < pages; i++) {
		memset(page, 'a' + i, P);
		if (write(fd, page, P) != (ssize_t)P)
			return -1;
	}
	return fd;
}

static int file_byte(int fd, size_t page)
{
	char byte = 0;

	return pread(fd, &byte, 1, page * P) == 1 ? byte : -1;
}

/* ---- memory of each kind ---- */

static void test_plain(void)
{
	static const char name[] = "plain";
	static char global[8 * P], data[8 * P];
	char local[32] = "on the stack", *mem = mem__small(8 * P), *huge = mem__huge(MEM_HUGE);

	mem__fill(mem, 8 * P, 3);
	tap__err(dma_read(mem + 77, data, 7 * P), 0, "%s: read seven pages", name);
	tap__ok(!memcmp(mem + 77, data, 7 * P), "%s: as the process wrote them", name);
	mem__fill(data, 8 * P, 4);
	tap__err(dma_write(mem, data, 8 * P), 0, "%s: write eight pages", name);
	tap__is(mem__check(mem, 8 * P, 4), -1, "%s: the process reads them", name);
	tap__err(dma_write(global + 5, data, 7 * P), 0, "%s: write to data", name);
	tap__ok(!memcmp(global + 5, data, 7 * P), "%s: it is there", name);
	tap__err(dma_read(local, data, sizeof(local)), 0, "%s: read the stack", name);
	tap__ok(!memcmp(local, data, sizeof(local)), "%s: it is that", name);
	tap__err(dma_read(test_plain, data, 64), 0, "%s: read the program", name);
	tap__ok(!memcmp((void *)test_plain, data, 64), "%s: it is that", name);
	tap__err(poke((void *)test_plain, 0), -EIO, "%s: but it cannot be written", name);
	memset(huge + MEM_HUGE - P, 0x41, P);
	tap__is(peek(huge + MEM_HUGE - 1), 0x41, "%s: the end of a huge page", name);
	tap__err(poke(huge + MEM_HUGE / 2, 0x42), 0, "%s: write to the middle", name);
	tap__is(huge[MEM_HUGE / 2], 0x42, "%s: it is there", name);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned meanwhile", name);
	mem__free(mem, 8 * P);
	mem__free(huge, MEM_HUGE);
}

static void test_absent(void)
{
	static const char name[] = "absent";
	char *mem = anonymous(64), data[300];
	int fd = file(3);
	char *shared = map(3, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	unsigned char in_core[3];

	madvise(mem, 64 * P, MADV_NOHUGEPAGE);
	tap__is(peek(mem + 10 * P), 0, "%s: untouched memory is 0", name);
	tap__err(poke(mem + 20 * P, 7), 0, "%s: and can be written", name);
	tap__is(mem[20 * P], 7, "%s: the process reads that", name);
	tap__err(poke(mem + 10 * P, 8), 0, "%s: also where it was read before", name);
	tap__is(mem[10 * P], 8, "%s: the process reads that", name);
	tap__is(peek(mem + 10 * P), 8, "%s: the device reads that", name);
	memset(data, 9, sizeof(data));
	tap__err(dma_write(mem + 31 * P - 150, data, 300), 0, "%s: across two pages", name);
	tap__ok(!memcmp(mem + 31 * P - 150, data, 300), "%s: both are there", name);
	mincore(mem, P, in_core);
	tap__ok(!(in_core[0] & 1), "%s: no other page has come", name);

	tap__is(peek(shared + P), 'b', "%s: a page of a file", name);
	tap__err(poke(shared + 2 * P, 'X'), 0, "%s: write to another", name);
	tap__is(file_byte(fd, 2), 'X', "%s: the file has it", name);
	tap__err(ftruncate(fd, P), 0, "%s: make the file shorter", name);
	tap__is(peek(shared + P), -EIO, "%s: pages behind its end are gone", name);
	tap__is(peek(shared), 'a', "%s: the rest is there", name);
	munmap(shared, 3 * P);
	munmap(mem, 64 * P);
	close(fd);
}

static void test_nothing(void)
{
	static const char name[] = "nothing there";
	char *mem = anonymous(2);

	memset(mem, 1, 2 * P);
	tap__is(peek(NULL), -EIO, "%s: address 0", name);
	munmap(mem + P, P);
	tap__is(peek(mem + P), -EIO, "%s: a hole", name);
	tap__is(peek(mem + P - 1), 1, "%s: the byte before it", name);
	tap__ok(peek((void *)-P) < 0, "%s: the kernel", name);
	tap__ok(peek((void *)0xffff888000000000) < 0, "%s: the kernel's memory", name);
	tap__ok(poke((void *)0xffff888000000000, 0) < 0, "%s: nor written", name);
	tap__ok(peek((void *)(1ULL << 47)) < 0, "%s: behind the process", name);
	munmap(mem, P);
}

/* ---- copy on write ---- */

static void test_private(void)
{
	static const char name[] = "private file";
	int fd = file(3);
	char *mem = map(3, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);

	tap__is(peek(mem), 'a', "%s: read", name);
	tap__err(poke(mem, 'D'), 0, "%s: write a page that was read", name);
	tap__ok(mem[0] == 'D' && mem[1] == 'a', "%s: the process has it", name);
	tap__is(file_byte(fd, 0), 'a', "%s: the file has not", name);
	tap__err(poke(mem + P, 'D'), 0, "%s: write a page that was not read", name);
	tap__ok(mem[P] == 'D' && mem[P + 1] == 'b', "%s: the process has it", name);
	tap__is(file_byte(fd, 1), 'b', "%s: the file has not", name);
	mem[2 * P] = 'C';
	tap__is(peek(mem + 2 * P), 'C', "%s: the process's copy is read", name);
	tap__is(pwrite(fd, "F", 1, 2 * P + 1), 1, "%s: write to the file", name);
	tap__is(peek(mem + 2 * P + 1), 'c', "%s: it is not in the copy", name);
	munmap(mem, 3 * P);
	close(fd);
}

/*
 * Four pages after a fork, each with another first writer, and the data that device and processes
 * see then. The device was attached before, and has all pages in its IOTLB with write permission.
 */
static void test_fork(void)
{
	static const char name[] = "fork";
	volatile char *mem = anonymous(4);
	int down[2], up[2], status = 0;
	char c;
	pid_t pid;

	for (int i = 0; i < 4; i++)
		tap__err(poke(mem + i * P, 'o'), 0, "%s: write before", name);
	if (pipe(down) || pipe(up))
		return;
	pid = fork();
	if (!pid) {
		mem[P] = 'c';
		if (write(up[1], "1", 1) != 1 || read(down[0], &c, 1) != 1)
			_exit(1);
		/* Later writes of parent and device are not here. */
		_exit(mem[0] == 'o' && mem[P] == 'c' && mem[2 * P] == 'o' && mem[3 * P] == 'o' ? 0 :
												 2);
	}
	tap__is(read(up[0], &c, 1), 1, "%s: the child has written", name);
	tap__is(peek(mem + P), 'o', "%s: the device does not see that", name);
	tap__is(mem[P], 'o', "%s: nor the parent", name);
	tap__err(poke(mem, 'd'), 0, "%s: the device writes", name);
	tap__is(mem[0], 'd', "%s: the parent sees that", name);
	mem[2 * P] = 'p';
	tap__is(peek(mem + 2 * P), 'p', "%s: the device sees the parent's write", name);
	tap__is(peek(mem + 3 * P), 'o', "%s: and the unchanged page", name);
	tap__is(write(down[1], "2", 1), 1, "%s: the child looks", name);
	waitpid(pid, &status, 0);
	tap__is(status, 0, "%s: it has its own data, and none of theirs", name);
	tap__err(poke(mem + P, 'e'), 0, "%s: the device writes the child's page", name);
	tap__is(mem[P], 'e', "%s: the parent sees that", name);
	for (int i = 0; i < 2; i++) {
		close(down[i]);
		close(up[i]);
	}
	munmap((void *)mem, 4 * P);
}

/* ---- changes ---- */

static void test_changes(void)
{
	static const char name[] = "changes";
	char *mem = anonymous(8), *to;
	int fd = file(1);

	memset(mem, 'x', 8 * P);
	for (int i = 0; i < 8; i++)
		poke(mem + i * P, '0' + i);
	tap__err(mprotect(mem, P, PROT_READ), 0, "%s: read-only", name);
	tap__is(peek(mem), '0', "%s: is read", name);
	tap__err(poke(mem, 'y'), -EIO, "%s: and not written", name);
	tap__is(mem[0], '0', "%s: nothing has changed", name);
	tap__err(mprotect(mem, P, PROT_NONE), 0, "%s: no access", name);
	tap__is(peek(mem), -EIO, "%s: is not read", name);
	tap__err(mprotect(mem, P, PROT_READ | PROT_WRITE), 0, "%s: all", name);
	tap__err(poke(mem, 'z'), 0, "%s: is written", name);
	tap__is(peek(mem), 'z', "%s: and read", name);

	tap__err(munmap(mem + P, P), 0, "%s: unmap", name);
	tap__is(peek(mem + P), -EIO, "%s: is not read", name);
	tap__err(poke(mem + P, 'y'), -EIO, "%s: nor written", name);
	to = mmap(mem + P, P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
	tap__ok(to == mem + P, "%s: a file in its place", name);
	tap__is(peek(mem + P), 'a', "%s: is read", name);
	to = mmap(mem + P, P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1,
		  0);
	tap__ok(to == mem + P, "%s: and memory over that", name);
	tap__is(peek(mem + P), 0, "%s: is read", name);

	tap__err(madvise(mem + 2 * P, P, MADV_DONTNEED), 0, "%s: not needed", name);
	tap__is(peek(mem + 2 * P), 0, "%s: is 0", name);
	to = anonymous(1);
	tap__ok(mremap(mem + 3 * P, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to, "%s: move",
		name);
	tap__is(peek(mem + 3 * P), -EIO, "%s: is not at the old address", name);
	tap__is(peek(to), '3', "%s: but at the new one", name);
	tap__err(poke(to, 'm'), 0, "%s: is written there", name);
	tap__is(to[0], 'm', "%s: the process sees that", name);
	munmap(to, P);
	munmap(mem, 8 * P);
	close(fd);
}

/* ---- rules of the object ---- */

static void test_object(void)
{
	static const char name[] = "object";
	uint32_t id2, nr2, hwpt, second;

	tap__err(iommu__destroy(m.fd, sva), -EBUSY, "%s: attached it stays", name);
	tap__err(pasid__new(m.fd, m.dev, &id2, &nr2), 0, "%s: another PASID", name);
	tap__err(pasid__attach(m.fd, id2, sva, &hwpt), 0, "%s: attached, too", name);
	tap__err(pasid__detach(m.fd, id), 0, "%s: detach the first", name);
	tap__is(peek(name), -EFAULT, "%s: it reaches nothing", name);
	tap__err(pasid__attach(m.fd, id, hwpt, NULL), -EINVAL,
		 "%s: the other's automatic table cannot be shared", name);
	tap__err(iommu__destroy(m.fd, hwpt), -EBUSY, "%s: nor destroyed", name);
	tap__err(sva__alloc(m.fd, &second), 0, "%s: a second one of the process", name);
	tap__err(pasid__attach(m.fd, id, second, NULL), 0, "%s: attached", name);
	tap__is(peek(name), 'o', "%s: the memory is the same", name);
	tap__err(mock__replace(&m, second), -EINVAL, "%s: not for a device as a whole", name);
	tap__err(pasid__detach(m.fd, id), 0, "%s: detach", name);
	tap__err(iommu__destroy(m.fd, second), 0, "%s: destroy the second", name);
	tap__err(pasid__attach(m.fd, id, sva, NULL), 0, "%s: attach the first again", name);
	tap__err(pasid__detach(m.fd, id2), 0, "%s: detach the other PASID", name);
	tap__err(iommu__destroy(m.fd, id2), 0, "%s: and destroy it", name);
}

static int set_safe(const char *value)
{
	int fd = open(SAFE, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, value, 1) == 1 ? 0 : -errno;
	close(fd);
	return ret;
}

/* A driver that looks at the kernel's half of the page table. */
static void test_unsafe(void)
{
	static const char name[] = "unsafe";
	uint32_t id2, nr2;

	tap__err(pasid__new(m.fd, m.dev, &id2, &nr2), 0, "%s: a PASID", name);
	tap__err(set_safe("N"), 0, "%s: say so", name);
	tap__err(pasid__attach(m.fd, id2, sva, NULL), -EOPNOTSUPP, "%s: attach", name);
	tap__err(pasid__replace(m.fd, id, sva, NULL), -EOPNOTSUPP, "%s: replace", name);
	tap__is(peek(name), 'u', "%s: an attachment stays", name);
	tap__err(set_safe("Y"), 0, "%s: make it safe again", name);
	tap__err(pasid__attach(m.fd, id2, sva, NULL), 0, "%s: attach", name);
	tap__err(pasid__detach(m.fd, id2), 0, "%s: detach", name);
	tap__err(iommu__destroy(m.fd, id2), 0, "%s: destroy", name);
}

/* ---- a process that keeps its pages back ---- */

static int uffd_open(void *mem, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)mem, .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg)) {
		close(fd);
		return -EOPNOTSUPP;
	}
	return fd;
}

static char *kept; /* memory that does not come */
static int kept_ret;

static void *kept_dma(void *arg)
{
	kept_ret = peek(arg);
	return NULL;
}

/* A device asks for a page that does not come, in front of a detach, its end, or close(). */
static void test_kept(int how)
{
	static const char *const names[] = { "kept: detach", "kept: device goes", "kept: close" };
	struct pollfd poll_uffd = { .events = POLLIN };
	const char *name = names[how];
	struct iommufd_mock_response resp;
	pthread_t thread;
	int uffd;

	kept = anonymous(4);
	uffd = uffd_open(kept, 4 * P);
	if (uffd < 0) {
		tap__skip("no userfaultfd", "%s", name);
		return;
	}
	if (!open_sva(name))
		return;
	/* A DMA would keep the file from being closed: there, a request alone. */
	if (how == 2)
		tap__err(mock__request(&m, nr, 5, (uintptr_t)kept, 1), 0, "%s: ask", name);
	else
		pthread_create(&thread, NULL, kept_dma, kept + P);
	poll_uffd.fd = uffd;
	tap__is(poll(&poll_uffd, 1, TAP_PATIENCE_MS), 1, "%s: a call waits for the page", name);
	if (!how) {
		tap__err(pasid__detach(m.fd, id), 0, "%s: detach", name);
		tap__is(mock__responses(&m, &resp, 1), 1, "%s: a response", name);
		tap__is(resp.code, 1, "%s: it is: invalid", name);
		tap__err(iommu__destroy(m.fd, id), 0, "%s: destroy", name);
	} else if (how == 1) {
		tap__err(iommu__destroy(m.fd, m.obj), 0, "%s: destroy", name);
	}
	if (how < 2) {
		pthread_join(thread, NULL);
		tap__ok(kept_ret < 0, "%s: the DMA ends", name);
		tap__err(iommu__destroy(m.fd, sva), 0, "%s: the object is destroyed", name);
	}
	close(m.fd);
	/* A call that waited for the page would not return, because the page does not come. */
	tap__ok(how == 2 || kept_ret != -ETIMEDOUT, "%s: nothing waited for the page", name);
	/*
	 * A call that still waits for the page goes on now. The memory stays mapped: the call would
	 * otherwise fault in a page of the next case, if that gets the same address.
	 */
	close(uffd);
}

/* ---- users of a user namespace ---- */

/* What the child tells. */
struct crowd {
	int ret;
	uint32_t sva[2];
	void *kept;
};

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

static int sva_as(uid_t uid, uint32_t *object)
{
	int ret = setresuid(uid, uid, 0) ? -errno : sva__alloc(m.fd, object);

	return seteuid(0) ? -errno : ret;
}

/* Become two users of a namespace, and share memory with pages that do not come. */
static void crowd_child(int said, int go)
{
	struct crowd crowd = { .kept = anonymous(1) };
	char byte;

	crowd.ret = uffd_open(crowd.kept, P);
	if (crowd.ret >= 0)
		crowd.ret = unshare(CLONE_NEWUSER) ? -errno : 0;
	/* The parent writes the map. */
	if (write(said, &crowd, sizeof(crowd)) < 0 || read(go, &byte, 1) < 0)
		_exit(1);
	if (!crowd.ret)
		crowd.ret = sva_as(1, &crowd.sva[0]);
	if (!crowd.ret)
		crowd.ret = sva_as(2, &crowd.sva[1]);
	if (write(said, &crowd, sizeof(crowd)) < 0 || read(go, &byte, 1) < 0)
		_exit(1);
	_exit(0);
}

/* Request a page through PASIDs of its own for each user. */
static int crowd_request(const struct crowd *crowd)
{
	uint32_t pasid, number;
	int ret = 0;

	for (unsigned int i = 0; i < 2 * CROWD && !ret; i++) {
		ret = pasid__new(m.fd, m.dev, &pasid, &number);
		if (!ret)
			ret = pasid__attach(m.fd, pasid, crowd->sva[i / CROWD], NULL);
		if (!ret)
			ret = mock__request(&m, number, 5, (uintptr_t)crowd->kept, 1);
	}
	return ret;
}

static void test_users(void)
{
	struct iommufd_mock_response resp[2 * CROWD];
	int said[2], go[2], refused = 0, n;
	struct crowd crowd = {};
	char path[64];
	pid_t pid;

	if (!open_sva("users") || pipe(said) || pipe(go))
		return;
	pid = fork();
	if (!pid) {
		close(go[1]);
		crowd_child(said[1], go[0]);
	}
	if (read(said[0], &crowd, sizeof(crowd)) < 0 || crowd.ret) {
		tap__skip("no user namespace, or no userfaultfd", "users of a namespace");
		goto out;
	}
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	tap__ok(write_file(path, "0 100000 10"), "users: a namespace with ten");
	tap__ok(write(go[1], "", 1) == 1 && read(said[0], &crowd, sizeof(crowd)) > 0 && !crowd.ret,
		"users: two of them share their memory");
	tap__err(crowd_request(&crowd), 0, "users: %u requests for each", CROWD);
	n = mock__responses(&m, resp, 2 * CROWD);
	for (int i = 0; i < n; i++)
		refused += resp[i].code == 1;
	tap__is(refused, 2 * CROWD - WORKS, "users: those beyond %u are refused", WORKS);
out:
	close(go[1]);
	waitpid(pid, NULL, 0);
	close(m.fd);
	close(go[0]);
	close(said[0]);
	close(said[1]);
}

int main(void)
{
	tap__start();
	if (!open_sva("memory"))
		return tap__done();
	test_plain();
	test_absent();
	test_nothing();
	test_private();
	test_fork();
	test_changes();
	test_object();
	test_unsafe();
	close(m.fd);
	for (int how = 0; how < 3; how++)
		test_kept(how);
	test_users();
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
