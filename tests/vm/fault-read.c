// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads of a fault queue that take a part: a group is delivered whole, once, or not at all.
 *
 * Finds these faults: a group that does not fit is consumed, or delivered in part; a copy that
 * fails in the middle of a group loses it, or leaves its cookie behind; two readers at once get a
 * half each, or the same one; readv() takes a group apart.
 *
 * Each group has a grpid of its own, by which it is known again.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define ONE sizeof(struct iommu_hwpt_pgfault)
#define READERS 2
#define MANY 300 /* groups for the readers */
#define LONGEST 3 /* requests in a group of them */

static struct mock m;
static uint32_t fault, hwpt;
static int fd;

/* Are these the n requests of one group, the last of which is marked, and no other? */
static bool is_group(const struct iommu_hwpt_pgfault *got, unsigned int n, uint32_t grpid)
{
	for (unsigned int i = 0; i < n; i++) {
		bool last = got[i].flags & IOMMU_PGFAULT_FLAGS_LAST_PAGE;

		if (got[i].grpid != grpid || got[i].cookie != got[0].cookie || got[i].__reserved ||
		    last != (i == n - 1) || got[i].addr != got[0].addr + i * P)
			return false;
	}
	return true;
}

static int raise_group(uint32_t grpid, uint32_t n)
{
	return mock__request(&m, 0, grpid, MOCK_BASE + grpid * 16 * P, n);
}

/* The response of the device's oldest group that was answered. */
static void check_answered(uint32_t grpid, const char *name)
{
	struct iommufd_mock_response resp = {};
	int n = mock__responses(&m, &resp, 1);

	tap__ok(n == 1 && resp.grpid == grpid && !resp.code, "%s: the device got it", name);
}

static void test_small(void)
{
	struct iommu_hwpt_pgfault got[4];
	char line[128] = "";

	memset(got, 0xaa, sizeof(got));
	tap__err(raise_group(1, 3), 0, "small: a group of three");
	tap__is(fault__read(fd, got, 2), -EINVAL, "small: room for two");
	tap__is(fault__read(fd, got, 1), -EINVAL, "small: room for one");
	tap__is(fault__read(fd, got, 0), -EINVAL, "small: room for none");
	tap__ok(read(fd, got, ONE - 1) < 0 && errno == ESPIPE, "small: a part of a request");
	tap__ok(read(fd, got, 3 * ONE + 4) < 0 && errno == ESPIPE, "small: an odd size");
	tap__ok(pread(fd, got, 3 * ONE, ONE) < 0 && errno == ESPIPE, "small: at a position");
	tap__ok(((unsigned char *)got)[0] == 0xaa, "small: nothing was written");
	mock__object(m.fd, fault, line, sizeof(line));
	tap__ok(strstr(line, "unread=1 unanswered=0"), "small: nothing was taken (%s)", line);
	tap__is(fault__read(fd, got, 4), 3, "small: with room all three come");
	tap__ok(is_group(got, 3, 1), "small: the whole group");
	tap__ok(*(unsigned char *)&got[3] == 0xaa, "small: and nothing behind it");
	tap__err(fault__answer(fd, got[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS), 0, "small: answer");
	check_answered(1, "small");
}

/* The second group does not fit into the room that the first leaves. */
static void test_two(void)
{
	struct iommu_hwpt_pgfault got[4];

	tap__err(raise_group(2, 2), 0, "second: a group of two");
	tap__err(raise_group(3, 3), 0, "second: a group of three");
	tap__is(fault__read(fd, got, 4), 2, "second: room for four: the first comes");
	tap__ok(is_group(got, 2, 2), "second: it is the first");
	fault__answer(fd, got[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS);
	check_answered(2, "second: first");
	tap__is(fault__read(fd, got, 4), 3, "second: then the second");
	tap__ok(is_group(got, 3, 3), "second: whole");
	fault__answer(fd, got[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS);
	check_answered(3, "second: second");
}

/* The buffer ends, for the kernel, in the middle of a group. */
static void test_efault(void)
{
	char *mem = mmap(NULL, 2 * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iommu_hwpt_pgfault *got = (void *)(mem + P - 3 * ONE - 8), whole[8];
	char line[128] = "";

	munmap(mem + P, P);
	tap__err(raise_group(4, 2), 0, "fault: a group of two");
	tap__err(raise_group(5, 3), 0, "fault: a group of three");
	tap__err(raise_group(6, 1), 0, "fault: a group of one");
	tap__is(fault__read(fd, got, 6), 2, "fault: the first comes, the second hits a hole");
	tap__ok(is_group(got, 2, 4), "fault: it is the first");
	tap__is(fault__read(fd, got + 2, 3), -EFAULT, "fault: the second alone");
	mock__object(m.fd, fault, line, sizeof(line));
	tap__ok(strstr(line, "unread=1 unanswered=1"), "fault: it is unread still (%s)", line);
	fault__answer(fd, got[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS);
	check_answered(4, "fault: first");
	mock__object(m.fd, fault, line, sizeof(line));
	tap__ok(strstr(line, "unread=1 unanswered=0"), "fault: no cookie is left (%s)", line);
	tap__is(fault__read(fd, whole, 8), 4, "fault: then all that is left");
	tap__ok(is_group(whole, 3, 5), "fault: the second, whole and in its place");
	tap__ok(is_group(whole + 3, 1, 6), "fault: and the third");
	fault__answer(fd, whole[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS);
	check_answered(5, "fault: second");
	fault__answer(fd, whole[3].cookie, IOMMUFD_PAGE_RESP_SUCCESS);
	check_answered(6, "fault: third");
	munmap(mem, P);
}

/* A detach answers requests that a failed read has put back. */
static void test_efault_detach(void)
{
	struct iommufd_mock_response resp[4];
	char line[128] = "";

	tap__err(raise_group(7, 2), 0, "put back: a group");
	tap__is(fault__read(fd, NULL, 4), -EFAULT, "put back: a read to nowhere");
	tap__err(mock__replace(&m, m.ioas), 0, "put back: replace");
	tap__is(mock__responses(&m, resp, 4), 1, "put back: one answer");
	tap__ok(resp[0].grpid == 7 && resp[0].code == 1, "put back: it is invalid");
	mock__object(m.fd, fault, line, sizeof(line));
	tap__ok(strstr(line, "unread=0 unanswered=0"), "put back: nothing is left (%s)", line);
	tap__err(mock__replace(&m, hwpt), 0, "put back: replace back");
}

static void test_readv(void)
{
	struct iommu_hwpt_pgfault a[2], b[3];
	struct iovec small[] = { { a, ONE }, { b, sizeof(b) } };
	struct iovec fit[] = { { a, sizeof(a) }, { b, sizeof(b) } };
	ssize_t n;

	tap__err(raise_group(8, 2), 0, "readv: a group of two");
	tap__err(raise_group(9, 3), 0, "readv: a group of three");
	n = readv(fd, small, 2);
	tap__ok(n < 0 && errno == EINVAL, "readv: not in two pieces");
	n = readv(fd, fit, 2);
	tap__is(n, 5 * ONE, "readv: one into each");
	tap__ok(is_group(a, 2, 8), "readv: the first");
	tap__ok(is_group(b, 3, 9), "readv: the second");
	fault__answer(fd, a[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS);
	check_answered(8, "readv: first");
	fault__answer(fd, b[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS);
	check_answered(9, "readv: second");
}

/* ---- several readers ---- */

#define FIRST_MANY 1000

static atomic_uint reads_left, split;
static atomic_uint seen[MANY];

/* Reads with room for 1 to 4 requests, and answers. */
static void *reader(void *arg)
{
	unsigned int turn = (uintptr_t)arg;
	struct iommu_hwpt_pgfault got[4];

	while (atomic_load(&reads_left)) {
		int n = fault__read(fd, got, 1 + turn++ % 4), i = 0;

		while (i < n) {
			uint32_t nr = got[i].grpid - FIRST_MANY, want = 1 + nr % LONGEST;

			if (nr >= MANY || i + (int)want > n ||
			    !is_group(got + i, want, got[i].grpid)) {
				atomic_fetch_add(&split, 1);
				break;
			}
			atomic_fetch_add(&seen[nr], 1);
			if (!fault__answer(fd, got[i].cookie, IOMMUFD_PAGE_RESP_SUCCESS))
				atomic_fetch_sub(&reads_left, 1);
			i += want;
		}
	}
	return NULL;
}

static void test_readers(void)
{
	struct iommufd_mock_device_counts before, after;
	unsigned int once = 0;
	pthread_t threads[READERS];
	int ret = 0;

	mock__device_counts(&m, &before);
	atomic_store(&reads_left, MANY);
	for (unsigned int i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL, reader, (void *)(uintptr_t)i);
	for (unsigned int i = 0; i < MANY && !ret; i++)
		ret = raise_group(FIRST_MANY + i, 1 + i % LONGEST);
	tap__until(!atomic_load(&reads_left));
	tap__is(atomic_exchange(&reads_left, 0), 0, "readers: all groups were answered");
	for (unsigned int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned int i = 0; i < MANY; i++)
		once += atomic_load(&seen[i]) == 1;
	mock__device_counts(&m, &after);
	tap__err(ret, 0, "readers: %u groups", MANY);
	tap__is(atomic_load(&split), 0, "readers: none came in pieces");
	tap__is(once, MANY, "readers: each came once");
	tap__is(after.responses - before.responses, MANY, "readers: one response for each");
}

int main(void)
{
	int ret;

	tap__start();
	ret = mock__open(&m, 0);
	if (!ret)
		ret = fault__alloc(m.fd, &fault, &fd);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, IOMMU_HWPT_FAULT_ID_VALID, fault, 0, NULL, 0, &hwpt);
	if (!ret)
		ret = mock__replace(&m, hwpt);
	if (!tap__err(ret, 0, "a page table with a fault queue"))
		return tap__done();
	test_small();
	test_two();
	test_efault();
	test_efault_detach();
	test_readv();
	test_readers();
	close(fd);
	close(m.fd);
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
