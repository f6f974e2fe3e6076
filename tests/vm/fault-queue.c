// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page requests that outlive their page table, answers that come too late, and reads that take a
 * part.
 *
 * Finds these faults, all seen in iommufd drivers:
 *	- a group stays in the queue, or waits for its answer, when its device is detached,
 *	  replaced or destroyed: later an answer is written through a freed attachment, or the
 *	  device waits for ever, or the FAULT object cannot be destroyed;
 *	- a group is answered twice, once by the detach and once by user space;
 *	- the cookie of a group that came before a replace answers one that came after it;
 *	- a read that fails or is too small loses a group, or a part of one; and two readers get a
 *	  group each in halves.
 *
 * The mock returns the responses that the device got: each group has its grpid, and must get one
 * response. The groups of a scene: LATE is read and answered too late, READ_TWO (of two requests)
 * is read and never answered, UNREAD is not even read.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define GROUPS 3

enum { LATE = 71, READ_TWO, UNREAD };

static uint32_t early; /* flag of the devices */

/* A device that is attached to a page table with a fault queue. */
struct scene {
	struct mock m;
	uint32_t fault, hwpt;
	int fault_fd;
	uint32_t pasid; /* that the requests are from, or 0 */
	uint32_t cookie[2];  /* of LATE and READ_TWO */
};

static bool scene_open(struct scene *s, const char *name, uint32_t pasid)
{
	uint32_t flags = IOMMU_HWPT_FAULT_ID_VALID;
	uint32_t whole = 0;
	int ret;

	*s = (struct scene){ .pasid = pasid };
	ret = mock__open(&s->m, (pasid ? MOCK_FLAGS_DEVICE_PASID : 0) | early);
	if (!ret)
		ret = fault__alloc(s->m.fd, &s->fault, &s->fault_fd);
	if (pasid)
		flags |= IOMMUFD_NEW_HWPT_ALLOC_PASID;
	if (!ret)
		ret = mock__hwpt(&s->m, s->m.ioas, flags, s->fault, 0, NULL, 0, &s->hwpt);
	if (!ret && pasid)
		ret = mock__hwpt(&s->m, s->m.ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, NULL, 0,
				 &whole);
	if (!ret)
		ret = mock__replace(&s->m, pasid ? whole : s->hwpt);
	if (!ret && pasid)
		ret = mock__pasid(&s->m, IOMMU_TEST_OP_PASID_ATTACH, pasid, s->hwpt);
	return tap__err(ret, 0, "%s: a page table with a fault queue", name);
}

static void scene_close(struct scene *s)
{
	if (s->fault_fd >= 0)
		close(s->fault_fd);
	close(s->m.fd);
}

/* Three groups: two are read, the third is not. */
static bool scene_requests(struct scene *s, const char *name)
{
	struct iommu_hwpt_pgfault got[4];
	int ret, n;

	ret = mock__request(&s->m, s->pasid, LATE, MOCK_BASE, 1);
	if (!ret)
		ret = mock__request(&s->m, s->pasid, READ_TWO, MOCK_BASE + P, 2);
	n = ret ? ret : fault__read(s->fault_fd, got, 4);
	if (n == 3) {
		s->cookie[0] = got[0].cookie;
		s->cookie[1] = got[1].cookie;
		ret = mock__request(&s->m, s->pasid, UNREAD, MOCK_BASE + 8 * P, 1);
	}
	return tap__ok(n == 3 && !ret && got[1].cookie == got[2].cookie &&
			       got[0].cookie != got[1].cookie,
		       "%s: three groups, of which two are read", name);
}

/* The device got one response for each group, and each was "invalid". */
static void check_invalid(struct scene *s, const char *name)
{
	struct iommufd_mock_response resp[16];
	unsigned int seen[GROUPS] = { 0 }, wrong = 0;
	int n = mock__responses(&s->m, resp, 16);

	for (int i = 0; i < n; i++) {
		if (resp[i].grpid >= LATE && resp[i].grpid <= UNREAD)
			seen[resp[i].grpid - LATE]++;
		wrong += resp[i].code != 1 || resp[i].pasid != s->pasid;
	}
	tap__ok(n == GROUPS && seen[0] == 1 && seen[1] == 1 && seen[2] == 1 && !wrong,
		"%s: each group is answered once, as invalid", name);
}

/* Nothing is left in the queue: not for a reader, nor for an answer, nor in fdinfo. */
static void check_gone(struct scene *s, const char *name)
{
	struct iommu_hwpt_pgfault got[4];
	struct iommufd_mock_response resp;
	char line[128] = "";

	tap__is(fault__read(s->fault_fd, got, 4), 0, "%s: none is delivered later", name);
	tap__err(fault__answer(s->fault_fd, s->cookie[0], IOMMUFD_PAGE_RESP_SUCCESS), -EINVAL,
		 "%s: a late answer is refused", name);
	tap__err(fault__answer(s->fault_fd, s->cookie[1], IOMMUFD_PAGE_RESP_INVALID), -EINVAL,
		 "%s: so is one to a group of two", name);
	mock__object(s->m.fd, s->fault, line, sizeof(line));
	tap__ok(strstr(line, "unread=0 unanswered=0"), "%s: fdinfo shows none (%s)", name, line);
	if (s->m.dev)
		tap__is(mock__responses(&s->m, &resp, 1), 0, "%s: no second response", name);
}

/* Its end: page table first, then the file, then the object. */
static void check_destroy(struct scene *s, const char *name)
{
	tap__err(iommu__destroy(s->m.fd, s->fault), -EBUSY, "%s: the queue has a user", name);
	tap__err(iommu__destroy(s->m.fd, s->hwpt), 0, "%s: destroy the page table", name);
	tap__err(iommu__destroy(s->m.fd, s->fault), -EBUSY, "%s: the queue's file is open", name);
	close(s->fault_fd);
	s->fault_fd = -1;
	tap__err(iommu__destroy(s->m.fd, s->fault), 0, "%s: destroy the queue", name);
}

static void test_replace(void)
{
	static const char name[] = "replace";
	struct scene s;

	if (!scene_open(&s, name, 0) || !scene_requests(&s, name))
		return;
	tap__err(iommu__destroy(s.m.fd, s.hwpt), -EBUSY, "%s: an attached table stays", name);
	tap__err(mock__replace(&s.m, s.m.ioas), 0, "%s: by a table without a queue", name);
	check_invalid(&s, name);
	check_gone(&s, name);
	check_destroy(&s, name);
	scene_close(&s);
}

/* The queue serves another page table: only requests of the old one end. */
static void test_replace_same_queue(void)
{
	static const char name[] = "replace, same queue";
	struct iommu_hwpt_pgfault got[4];
	struct iommufd_mock_response resp;
	uint32_t second;
	struct scene s;

	if (!scene_open(&s, name, 0) || !scene_requests(&s, name))
		return;
	tap__err(mock__hwpt(&s.m, s.m.ioas, IOMMU_HWPT_FAULT_ID_VALID, s.fault, 0, NULL, 0,
			    &second),
		 0, "%s: another table", name);
	tap__err(mock__replace(&s.m, second), 0, "%s: replace", name);
	check_invalid(&s, name);
	/* Cookies are not used again at once, or this would answer a new group. */
	tap__err(mock__request(&s.m, 0, 90, MOCK_BASE, 1), 0, "%s: a new group", name);
	tap__is(fault__read(s.fault_fd, got, 4), 1, "%s: is read", name);
	tap__err(fault__answer(s.fault_fd, s.cookie[0], IOMMUFD_PAGE_RESP_SUCCESS), -EINVAL,
		 "%s: the old group's cookie answers nothing", name);
	tap__err(fault__answer(s.fault_fd, s.cookie[1], IOMMUFD_PAGE_RESP_SUCCESS), -EINVAL,
		 "%s: the other cookie answers nothing", name);
	tap__is(mock__responses(&s.m, &resp, 1), 0, "%s: the new group still waits", name);
	tap__err(fault__answer(s.fault_fd, got[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS), 0,
		 "%s: its own cookie answers it", name);
	tap__is(mock__responses(&s.m, &resp, 1), 1, "%s: the device got the response", name);
	tap__ok(resp.grpid == 90 && !resp.code, "%s: of success", name);
	scene_close(&s);
}

/* Both queues count their cookies from 1: the same number is two groups. */
static void test_replace_other_queue(void)
{
	static const char name[] = "replace, other queue";
	struct iommu_hwpt_pgfault got[4];
	struct iommufd_mock_response resp;
	uint32_t second, fault2;
	struct scene s;
	int fd2;

	if (!scene_open(&s, name, 0) || !scene_requests(&s, name))
		return;
	tap__err(fault__alloc(s.m.fd, &fault2, &fd2), 0, "%s: another queue", name);
	tap__err(mock__hwpt(&s.m, s.m.ioas, IOMMU_HWPT_FAULT_ID_VALID, fault2, 0, NULL, 0, &second),
		 0, "%s: and its table", name);
	tap__err(mock__replace(&s.m, second), 0, "%s: replace", name);
	check_invalid(&s, name);
	tap__err(mock__request(&s.m, 0, 91, MOCK_BASE, 1), 0, "%s: a new group", name);
	tap__is(fault__read(s.fault_fd, got, 4), 0, "%s: does not come to the old queue", name);
	tap__is(fault__read(fd2, got, 4), 1, "%s: but to the new one", name);
	tap__is(got[0].cookie, s.cookie[0], "%s: where its cookie is the old group's", name);
	tap__err(fault__answer(s.fault_fd, got[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS), -EINVAL,
		 "%s: in the old queue it answers nothing", name);
	tap__is(mock__responses(&s.m, &resp, 1), 0, "%s: the new group still waits", name);
	tap__err(fault__answer(fd2, got[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS), 0,
		 "%s: in the new one it does", name);
	tap__is(mock__responses(&s.m, &resp, 1), 1, "%s: the device got the response", name);
	close(fd2);
	scene_close(&s);
}

static void test_pasid_detach(void)
{
	static const char name[] = "PASID detach";
	struct iommufd_mock_device_counts counts;
	struct scene s;

	if (!scene_open(&s, name, 9) || !scene_requests(&s, name))
		return;
	tap__err(mock__pasid(&s.m, IOMMU_TEST_OP_PASID_DETACH, 9, 0), 0, "%s: detach", name);
	check_invalid(&s, name);
	check_gone(&s, name);
	mock__device_counts(&s.m, &counts);
	tap__is(counts.pasids, 0, "%s: no PASID is attached", name);
	check_destroy(&s, name);
	scene_close(&s);
}

/* Two devices at one queue: requests that one leaves do not answer those of the other. */
static void test_destroy_device(void)
{
	static const char name[] = "device destroyed";
	struct iommu_hwpt_pgfault got[8];
	struct iommufd_mock_response resp;
	struct mock other;
	struct scene s;

	if (!scene_open(&s, name, 0) || !scene_requests(&s, name))
		return;
	tap__err(mock__add(&other, &s.m, s.m.ioas, 0), 0, "%s: another device", name);
	tap__err(mock__replace(&other, s.hwpt), 0, "%s: at the same table", name);
	tap__err(mock__request(&other, 0, 92, MOCK_BASE, 1), 0, "%s: with a group", name);
	tap__err(iommu__destroy(s.m.fd, s.m.obj), 0, "%s: destroy the first", name);
	tap__err(fault__answer(s.fault_fd, s.cookie[0], IOMMUFD_PAGE_RESP_SUCCESS), -EINVAL,
		 "%s: a late answer is refused", name);
	tap__is(fault__read(s.fault_fd, got, 8), 1, "%s: one group is left", name);
	tap__ok(got[0].grpid == 92 && got[0].dev_id == other.dev, "%s: the other device's", name);
	tap__err(fault__answer(s.fault_fd, got[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS), 0,
		 "%s: it can be answered", name);
	tap__is(mock__responses(&other, &resp, 1), 1, "%s: the device got the response", name);
	s.m.dev = 0;
	tap__err(mock__replace(&other, s.m.ioas), 0, "%s: replace the other", name);
	check_gone(&s, name);
	check_destroy(&s, name);
	scene_close(&s);
}

/* The file of the queue is closed first: user space cannot answer, so the detach does. */
static void test_close_queue(void)
{
	static const char name[] = "queue closed";
	struct scene s;

	if (!scene_open(&s, name, 0) || !scene_requests(&s, name))
		return;
	close(s.fault_fd);
	s.fault_fd = -1;
	tap__err(iommu__destroy(s.m.fd, s.fault), -EBUSY, "%s: the table still uses it", name);
	tap__err(mock__replace(&s.m, s.m.ioas), 0, "%s: replace", name);
	check_invalid(&s, name);
	tap__err(iommu__destroy(s.m.fd, s.hwpt), 0, "%s: destroy the table", name);
	tap__err(iommu__destroy(s.m.fd, s.fault), 0, "%s: destroy the queue", name);
	scene_close(&s);
}

static void *blocked_dma(void *arg)
{
	static char buf[P];
	struct scene *s = arg;

	return (void *)(intptr_t)mock__dma(&s->m, 0, MOCK_BASE + 16 * P, buf, P, false);
}

/* A child is killed, or closes its files in either order, with groups unread and unanswered. */
static void child(int order)
{
	struct scene s;
	pthread_t thread;

	if (!scene_open(&s, "child", 0) || !scene_requests(&s, "child"))
		_exit(1);
	if (order == 2) {
		struct iommufd_mock_device_counts counts = {};

		/* Killed while a DMA waits for its answer, in a call that keeps the file open. */
		pthread_create(&thread, NULL, blocked_dma, &s);
		while (!mock__device_counts(&s.m, &counts) && counts.requests < 5)
			usleep(1000);
		kill(getpid(), SIGKILL);
	}
	close(order ? s.fault_fd : s.m.fd);
	close(order ? s.m.fd : s.fault_fd);
	_exit(0);
}

static void test_close_all(void)
{
	static const char *const names[] = {
		"context closed, then the queue",
		"queue closed, then the context",
		"process killed",
	};
	int status;

	for (int order = 0; order < 3; order++) {
		pid_t pid = fork();

		if (!pid) {
			/* Its points are not ours to count. */
			if (!freopen("/dev/null", "w", stdout))
				_exit(1);
			child(order);
		}
		waitpid(pid, &status, 0);
		tap__ok(order == 2 ? WIFSIGNALED(status) : !status, "%s: with groups unanswered",
			names[order]);
		tap__ok(mock__gone(), "%s: no device is left", names[order]);
	}
}

int main(void)
{
	tap__start();
	for (int i = 0; i < 2; i++) {
		/* Then a detach ends the queue of the device although groups have no answer. */
		early = i ? MOCK_FLAGS_DEVICE_EARLY_IOPF : 0;
		tap__diag("flags of the devices: %#x", early);
		test_replace();
		test_replace_same_queue();
		test_replace_other_queue();
		test_pasid_detach();
		test_destroy_device();
		test_close_queue();
		test_close_all();
	}
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
