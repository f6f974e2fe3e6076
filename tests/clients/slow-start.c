// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaches the edu device and maps anonymous memory in small pages, in maps of 8 MiB: memory that
 * was never touched, or with --populate memory that was written before.
 *
 *	slow-start --bdf BDF --maps N [--populate]
 *
 * Prints "pages=N" of all maps. Exits with 0, with 1 after a message if a call failed, with 2 on
 * wrong usage.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/args.h"
#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"

#define MAP_SIZE (8u << 20)
#define IOVA 0x10000000ull

static int fail(const char *what, int err)
{
	fprintf(stderr, "slow-start: %s: %s\n", what, strerror(-err));
	return 1;
}

static char *allocate(size_t size, bool populate)
{
	char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	/* Each page has a page fault of its own. */
	madvise(mem, size, MADV_NOHUGEPAGE);
	if (populate)
		memset(mem, 1, size);
	return mem;
}

static int run(const char *bdf, uint64_t maps, bool populate)
{
	char *mem = allocate(maps * MAP_SIZE, populate);
	int fd = iommu__open(), ret;
	struct edu edu;
	uint32_t ioas;
	uint64_t i;

	if (!mem || fd < 0)
		return fail("memory or /dev/iommu", mem ? fd : -ENOMEM);
	ret = ioas__alloc(fd, &ioas);
	if (!ret)
		ret = edu__open(&edu, bdf, fd);
	if (ret)
		return fail(bdf, ret);
	ret = vfio__attach_ioas(&edu.dev, ioas);
	for (i = 0; !ret && i < maps; i++)
		ret = ioas__map_at(fd, ioas, mem + i * MAP_SIZE, MAP_SIZE, IOVA + i * MAP_SIZE);
	edu__close(&edu);
	close(fd);
	if (ret)
		return fail("map", ret);
	printf("pages=%llu\n", (unsigned long long)(maps * (MAP_SIZE / MEM_PAGE)));
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "bdf", required_argument, NULL, 'b' },
						 { "maps", required_argument, NULL, 'm' },
						 { "populate", no_argument, NULL, 'p' },
						 {} };
	bool populate = false, usage = false;
	const char *bdf = NULL;
	uint64_t maps = 0;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'b')
			bdf = optarg;
		else if (opt == 'p')
			populate = true;
		else if (opt != 'm' || args__number(optarg, 64, &maps))
			usage = true;
	}
	if (usage || !bdf || !maps || optind != argc) {
		fprintf(stderr, "usage: slow-start --bdf BDF --maps N [--populate]\n");
		return 2;
	}
	return run(bdf, maps, populate);
}
