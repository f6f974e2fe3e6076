// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client that maps and unmaps memory, to test policies for maps.
 *
 *	policy-storm --once LENGTH...
 *		Maps LENGTH bytes and unmaps them, one length after the other. Prints
 *		"map=0 unmap=0", or the names of errors, for each.
 *	policy-storm --bad LENGTH [--seconds N]
 *		Two threads map and unmap in an address space with a mock device: a length that a
 *		policy allows, and LENGTH, which it refuses, for N seconds or until stdin ends.
 *		Prints "ready" when they run, then "good=N refused=N edquot=N eacces=N allowed=N".
 *		Exits with 1 if a map of LENGTH succeeded, or another map failed.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/args.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define THREADS 2
#define AREA (64 * MEM_PAGE) /* addresses of a thread */

struct worker {
	pthread_t thread;
	const struct mock *mock;
	void *mem;
	uint64_t iova, bad;
	unsigned long good, edquot, eacces, allowed, wrong;
	int error; /* of the last wrong result */
};

static atomic_bool ended;

static void map_good(struct worker *w)
{
	uint64_t length = 2 * MEM_PAGE;
	int ret;

	ret = ioas__map_at(w->mock->fd, w->mock->ioas, w->mem, length, w->iova);
	if (!ret)
		ret = ioas__unmap_at(w->mock->fd, w->mock->ioas, w->iova, length);
	if (ret) {
		w->wrong++;
		w->error = ret;
	} else {
		w->good++;
	}
}

static void map_bad(struct worker *w)
{
	int ret = ioas__map_at(w->mock->fd, w->mock->ioas, w->mem, w->bad, w->iova);

	switch (ret) {
	case 0:
		w->allowed++;
		ioas__unmap_at(w->mock->fd, w->mock->ioas, w->iova, w->bad);
		break;
	case -EDQUOT:
		w->edquot++;
		break;
	case -EACCES:
		w->eacces++;
		break;
	default:
		w->wrong++;
		w->error = ret;
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;

	while (!ended) {
		map_good(w);
		map_bad(w);
	}
	return NULL;
}

static int storm(uint64_t bad, uint64_t seconds)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct worker workers[THREADS] = {}, sum = {};
	struct mock mock;
	unsigned int i;
	int ret;

	ret = mock__open(&mock, 0);
	if (ret) {
		fprintf(stderr, "policy-storm: cannot open a mock device: %s\n", tap__errname(ret));
		return 1;
	}
	for (i = 0; i < THREADS; i++) {
		workers[i].mock = &mock;
		workers[i].mem = mem__small(AREA);
		workers[i].iova = MOCK_BASE + i * AREA;
		workers[i].bad = bad;
		if (!workers[i].mem || pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			return 1;
	}
	printf("ready\n");
	fflush(stdout);
	poll(&in, 1, seconds * 1000);
	ended = true;
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		sum.good += workers[i].good;
		sum.edquot += workers[i].edquot;
		sum.eacces += workers[i].eacces;
		sum.allowed += workers[i].allowed;
		sum.wrong += workers[i].wrong;
		sum.error = sum.error ? sum.error : workers[i].error;
	}
	printf("good=%lu refused=%lu edquot=%lu eacces=%lu allowed=%lu\n", sum.good,
	       sum.edquot + sum.eacces, sum.edquot, sum.eacces, sum.allowed);
	if (sum.wrong)
		printf("wrong=%lu error=%s\n", sum.wrong, tap__errname(sum.error));
	close(mock.fd);
	return sum.allowed || sum.wrong;
}

static int map_once(int fd, uint32_t ioas, uint64_t length)
{
	void *mem = mem__small(length);
	uint64_t iova = 0;
	int map, unmap = 0;

	if (!mem)
		return 1;
	map = ioas__map(fd, ioas, mem, length, IOAS_RW, &iova);
	if (!map)
		unmap = ioas__unmap_at(fd, ioas, iova, length);
	printf("map=%s unmap=%s\n", tap__errname(map), map ? "-" : tap__errname(unmap));
	mem__free(mem, length);
	return 0;
}

static int once(char **lengths)
{
	int fd = iommu__open(), ret = 0;
	uint64_t length;
	uint32_t ioas;

	if (fd < 0 || ioas__alloc(fd, &ioas))
		return 1;
	for (; *lengths && !ret; lengths++)
		ret = args__number(*lengths, UINT32_MAX, &length) ? 2 : map_once(fd, ioas, length);
	close(fd);
	return ret;
}

int main(int argc, char **argv)
{
	uint64_t seconds = 60, length = 0;

	if (argc >= 3 && !strcmp(argv[1], "--once"))
		return once(argv + 2);
	if (argc == 5 && !strcmp(argv[3], "--seconds") && args__number(argv[4], 3600, &seconds))
		argc = 0;
	if ((argc == 3 || argc == 5) && !strcmp(argv[1], "--bad") &&
	    !args__number(argv[2], AREA, &length))
		return storm(length, seconds);
	fprintf(stderr, "usage: policy-storm --once LENGTH... | --bad LENGTH [--seconds N]\n");
	return 2;
}
