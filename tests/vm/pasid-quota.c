// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limit of system-wide PASIDs for each user.
 *
 * Finds these faults: a user takes more than the limit, from one file or several; a number that is
 * shared by two devices counts twice; a number is not given back with its last object, the device
 * or the file, or after a failure; one user's numbers count for another; the refusal has no reason.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/klog.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define USER 1000
#define OTHER 1001
#define LIMIT 8
#define THREADS 4
#define GLOBAL IOMMU_EXT_PASID_GLOBAL
#define FIXED IOMMU_EXT_PASID_FIXED
#define VIRT IOMMU_EXT_PASID_VIRT
#define PARAMETER "/sys/module/iommufd/parameters/pasid_user_limit"

static struct mock m, second;

static int set_limit(unsigned int limit)
{
	FILE *file = fopen(PARAMETER, "w");

	if (!file)
		return -errno;
	fprintf(file, "%u\n", limit);
	return fclose(file) ? -errno : 0;
}

static void become(uid_t uid)
{
	if (seteuid(0) || setresuid(uid, uid, 0))
		tap__bail("cannot become uid %u", uid);
}

static void become_root(void)
{
	if (setresuid(0, 0, 0))
		tap__bail("cannot become root");
}

static int take(const struct mock *dev, uint32_t *id, uint32_t *number)
{
	return pasid__alloc(dev->fd, dev->dev, GLOBAL, 0, 0, id, number);
}

/* Take system-wide PASIDs until it fails. Returns how many; @ids has room for LIMIT + 1. */
static unsigned int fill(const struct mock *dev, uint32_t *ids, int *ret)
{
	unsigned int n = 0;
	uint32_t number;

	while (n <= LIMIT && !(*ret = take(dev, &ids[n], &number)))
		n++;
	return n;
}

static void give_back(const struct mock *dev, const uint32_t *ids, unsigned int n)
{
	while (n)
		iommu__destroy(dev->fd, ids[--n]);
}

static void limits(void)
{
	uint32_t ids[LIMIT + 1], more[LIMIT + 1], id, number, first;
	int ret, log = klog__open();
	char line[512];

	become(USER);
	tap__is(fill(&m, ids, &ret), LIMIT, "a user takes as many as the limit");
	tap__err(ret, -EDQUOT, "and no more");
	tap__err(take(&second, &id, &number), -EDQUOT, "nor from another file");
	tap__is(klog__find(log, "cannot allocate a system-wide PASID", line, sizeof(line)), 1,
		"the log says so");
	tap__ok(strstr(line, "(uid 1000) has 8, and the limit is 8"), "with the figures");
	tap__diag("%s", line);
	close(log);
	tap__err(pasid__new(m.fd, m.dev, &id, &number), 0,
		 "the device's own numbers have no limit");
	iommu__destroy(m.fd, id);
	become(OTHER);
	tap__is(fill(&second, more, &ret), LIMIT, "another user has a limit of its own");
	become_root();
	tap__err(take(&m, &first, &number), 0, "CAP_SYS_RESOURCE passes it");
	iommu__destroy(m.fd, first);
	become(USER);
	iommu__destroy(m.fd, ids[0]);
	tap__err(take(&m, &ids[0], &number), 0, "a number that was given back is free again");
	become_root();
	give_back(&m, ids, LIMIT);
	give_back(&second, more, LIMIT);
}

/* Calls that fail, and numbers that two devices share, must leave the count right. */
static void counts(void)
{
	uint32_t ids[LIMIT + 1], shared, number, id;
	struct mock other;
	int ret;

	tap__err(mock__add(&other, &m, m.ioas, MOCK_FLAGS_DEVICE_PASID), 0, "counts: a device");
	become(USER);
	tap__err(pasid__alloc(m.fd, m.dev, GLOBAL | VIRT, 0, 5, &shared, &number), 0,
		 "counts: a number");
	for (int i = 0; i < 3 * LIMIT; i++) {
		ret = pasid__alloc(m.fd, m.dev, GLOBAL | VIRT, 0, 5, &id, &id);
		if (ret != -EEXIST)
			break;
	}
	tap__err(ret, -EEXIST, "counts: failures");
	tap__err(pasid__alloc(other.fd, other.dev, GLOBAL | FIXED | VIRT, number, 5, &id, &number),
		 0, "counts: share it with another device");
	tap__is(fill(&m, ids, &ret), LIMIT - 1, "counts: it is one number");
	iommu__destroy(m.fd, shared);
	tap__err(take(&m, &shared, &number), -EDQUOT, "counts: until both objects are gone");
	iommu__destroy(m.fd, id);
	tap__err(take(&m, &shared, &number), 0, "counts: then it is free");
	become_root();
	iommu__destroy(m.fd, other.obj);
}

/*
 * A call takes numbers that the group cannot use, and gives them back at its end. A process decides
 * how many of them there are, so there must be a bound.
 */
static void in_transit(void)
{
	uint32_t id, number, held = 0;

	for (number = 1; number <= 200; number++)
		if (!pasid__alloc(m.fd, m.dev, FIXED, number, 0, &id, &number))
			held++;
	tap__ok(held > 150, "in transit: the group has %u of the 200 lowest numbers", held);
	tap__err(take(&m, &id, &number), -ENOSPC, "in transit: a call gives up after some");
	tap__err(take(&second, &id, &number), 0, "in transit: another group");
	tap__ok(number < 64, "in transit: gets a low number, so none was lost (%u)", number);
	iommu__destroy(second.fd, id);
}

static void *alloc_and_free(void *arg)
{
	const struct mock *dev = arg;
	uint32_t id, number;
	long wrong = 0;
	int ret;

	if (syscall(SYS_setresuid, USER, USER, USER))
		return (void *)1;
	for (int i = 0; i < 500; i++) {
		ret = take(dev, &id, &number);
		wrong += ret && ret != -EDQUOT;
		if (!ret)
			iommu__destroy(dev->fd, id);
	}
	return (void *)wrong;
}

static void threads(void)
{
	uint32_t ids[LIMIT + 1];
	pthread_t thread[THREADS];
	long wrong = 0;
	void *ret;
	int err;

	tap__err(set_limit(2), 0, "threads: a limit of 2");
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, alloc_and_free, i & 1 ? &m : &second);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &ret);
		wrong += (long)ret;
	}
	tap__is(wrong, 0, "threads: each call succeeds or is refused");
	tap__err(set_limit(LIMIT), 0, "threads: a limit of 8 again");
	become(USER);
	tap__is(fill(&m, ids, &err), LIMIT, "threads: no number is lost");
	become_root();
}

int main(void)
{
	uint32_t ids[LIMIT + 1];
	int ret;

	tap__start();
	tap__err(set_limit(LIMIT), 0, "set the limit");
	if (!mock__start(&m, "quota", MOCK_FLAGS_DEVICE_PASID) ||
	    !mock__start(&second, "quota, another file", MOCK_FLAGS_DEVICE_PASID))
		return tap__done();
	limits();
	counts();
	in_transit();
	close(m.fd);
	mock__start(&m, "quota, the file again", MOCK_FLAGS_DEVICE_PASID);
	threads();
	close(m.fd);
	become(USER);
	tap__is(fill(&second, ids, &ret), LIMIT, "all were given back when the file was closed");
	become_root();
	close(second.fd);
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}
