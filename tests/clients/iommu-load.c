// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map and unmap as fast as possible, to test a tracer under load.
 *
 *	iommu-load [--bdf BDF] [--pairs N] [--threads N] [--name NAME] [--wait]
 *
 * Each thread maps a page and unmaps it, N times (1000). Threads call themselves NAME, which may
 * hold anything. With --bdf that device is attached, so that pages are pinned and go into a page
 * table. With --wait the work begins when a line comes in on stdin. Prints the process id
 * first, and at the end "maps=N unmaps=N". Exits with 1 when a call failed, 2 for usage.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../lib/args.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/vfio.h"

#define MAX_THREADS 64

struct job {
	pthread_t thread;
	int fd;
	uint32_t ioas;
	uint64_t pairs, done;
	uint64_t iova;
	const char *name;
	void *mem;
	int ret;
};

static void *work(void *arg)
{
	struct job *job = arg;

	if (job->name)
		prctl(PR_SET_NAME, job->name);
	for (; job->done < job->pairs; job->done++) {
		job->ret = ioas__map_at(job->fd, job->ioas, job->mem, MEM_PAGE, job->iova);
		if (!job->ret)
			job->ret = ioas__unmap_at(job->fd, job->ioas, job->iova, MEM_PAGE);
		if (job->ret)
			break;
	}
	return NULL;
}

static int attach(struct vfio_dev *dev, const char *bdf, int fd, uint32_t ioas)
{
	int ret = vfio__open(dev, bdf);

	ret = ret ?: vfio__bind(dev, fd);
	ret = ret ?: vfio__attach_ioas(dev, ioas);
	if (ret)
		fprintf(stderr, "iommu-load: %s: %s\n", bdf, strerror(-ret));
	return ret;
}

static int run(struct job *jobs, unsigned int nr, const char *name, uint64_t pairs, const char *bdf)
{
	struct vfio_dev dev;
	uint64_t done = 0;
	int ret = 0, fd;
	uint32_t ioas;
	unsigned int i;
	void *mem;

	fd = iommu__open();
	mem = mem__small(MEM_PAGE);
	if (fd < 0 || !mem || ioas__alloc(fd, &ioas)) {
		fprintf(stderr, "iommu-load: cannot open /dev/iommu\n");
		return 1;
	}
	if (bdf && attach(&dev, bdf, fd, ioas))
		return 1;
	for (i = 0; i < nr; i++) {
		jobs[i] = (struct job){ .fd = fd,
					.ioas = ioas,
					.pairs = pairs,
					.name = name,
					.iova = 0x1000000 + i * MEM_PAGE,
					.mem = mem };
		if (pthread_create(&jobs[i].thread, NULL, work, &jobs[i]))
			exit(1);
	}
	for (i = 0; i < nr; i++) {
		pthread_join(jobs[i].thread, NULL);
		done += jobs[i].done;
		if (jobs[i].ret) {
			fprintf(stderr, "iommu-load: %s\n", strerror(-jobs[i].ret));
			ret = 1;
		}
	}
	printf("maps=%llu unmaps=%llu\n", (unsigned long long)done, (unsigned long long)done);
	mem__free(mem, MEM_PAGE);
	if (bdf)
		vfio__close(&dev);
	close(fd);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "bdf", required_argument, NULL, 'b' },
						 { "pairs", required_argument, NULL, 'p' },
						 { "threads", required_argument, NULL, 't' },
						 { "name", required_argument, NULL, 'n' },
						 { "wait", no_argument, NULL, 'w' },
						 {} };
	static struct job jobs[MAX_THREADS];
	uint64_t pairs = 1000, threads = 1;
	const char *name = NULL, *bdf = NULL;
	bool wait = false, bad = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'p')
			bad |= args__number(optarg, UINT64_MAX, &pairs);
		else if (opt == 't')
			bad |= args__number(optarg, MAX_THREADS, &threads) || !threads;
		else if (opt == 'n')
			name = optarg;
		else if (opt == 'b')
			bdf = optarg;
		else if (opt == 'w')
			wait = true;
		else
			bad = true;
	}
	if (bad || optind != argc) {
		fprintf(stderr, "usage: iommu-load [--bdf BDF] [--pairs N] [--threads N] "
				"[--name NAME] [--wait]\n");
		return 2;
	}
	printf("pid=%d\n", getpid());
	fflush(stdout);
	if (wait && getchar() == EOF)
		return 1;
	return run(jobs, threads, name, pairs, bdf);
}
