// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps and unmaps through the kernel's own VFIO type1, /dev/vfio/vfio, of which every call is
 * known: 23 maps, 7 unmaps, and two calls that fail.
 *
 *	type1-script [--areas N] [--hold] [--user UID] BDF...
 *	type1-script --pairs N BDF...
 *
 * The devices BDF are bound to vfio-pci; the groups of all of them go into the container. --areas
 * maps N further pages, one by one and without a line. --user makes the calls as this user, without
 * privileges and with a limit of locked memory of 4 MiB. --hold waits for a line on stdin at the
 * end, after it has printed "held pid=P areas=N bytes=N". --pairs maps and unmaps a page N times
 * instead, without a line.
 *
 * A line for each call on stdout, with the keys of iosnoop's JSON:
 *
 *	event=type1-map iova=0x1000 length_bytes=4096 user_va=0x7f00 flags=0x3 ret=0
 *	event=type1-unmap iova=0x1000 length_bytes=4096 unmapped_bytes=4096 flags=0x0 ret=0
 *
 * Exits with 0 when every call had the result it should have, else 1; 2 for usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/vfio-type1.h"

#define BASE 0x10000000ull
#define STEP 0x100000ull
#define MAPS 23
#define UNMAPS 7
#define MORE_BASE 0x100000000ull
#define LIMIT (4UL << 20)

static int container;
static unsigned int wrong;
static uint64_t areas, bytes; /* mapped now */

static void map(const char *va, unsigned int pages, uint32_t flags, uint64_t iova, int want)
{
	int ret = type1__map(container, va, pages * MEM_PAGE, flags, iova);

	printf("event=type1-map iova=0x%" PRIx64 " length_bytes=%lu user_va=0x%" PRIxPTR
	       " flags=0x%x ret=%d\n",
	       iova, pages * MEM_PAGE, (uintptr_t)va, flags, ret);
	wrong += ret != want;
	if (!ret) {
		areas++;
		bytes += pages * MEM_PAGE;
	}
}

static void unmap(uint64_t iova, unsigned int pages, int want)
{
	uint64_t size = pages * MEM_PAGE;
	int ret = type1__unmap(container, iova, &size, 0);

	printf("event=type1-unmap iova=0x%" PRIx64 " length_bytes=%lu unmapped_bytes=%" PRIu64
	       " flags=0x0 ret=%d\n",
	       iova, pages * MEM_PAGE, ret ? 0 : size, ret);
	wrong += ret != want;
	if (!ret) {
		areas--;
		bytes -= size;
	}
}

/* All devices are of different groups, or of groups that are there already. */
static int open_container(char **bdf)
{
	int group, ret = 0;

	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (container < 0)
		return -errno;
	for (; *bdf && !ret; bdf++) {
		group = group__open(*bdf);
		ret = group < 0 ? group : group__set_container(group, container);
	}
	return ret ?: iommu__ioctl(container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU);
}

static int become(uid_t uid)
{
	const struct rlimit limit = { LIMIT, LIMIT };

	return setrlimit(RLIMIT_MEMLOCK, &limit) || setresuid(uid, uid, uid) ? -errno : 0;
}

static int map_more(const char *mem, unsigned int nr)
{
	unsigned int i;
	int ret;

	for (i = 0; i < nr; i++) {
		ret = type1__map(container, mem, MEM_PAGE, TYPE1_RW, MORE_BASE + 2 * i * MEM_PAGE);
		if (ret)
			return ret;
		areas++;
		bytes += MEM_PAGE;
	}
	return 0;
}

static int make_pairs(const char *mem, unsigned int nr)
{
	int ret = 0;

	while (nr-- && !ret) {
		ret = type1__map(container, mem, MEM_PAGE, TYPE1_RW, BASE);
		if (!ret)
			ret = type1__unmap_at(container, BASE, MEM_PAGE);
	}
	return ret;
}

static void run_script(const char *mem)
{
	unsigned int i;

	for (i = 0; i < MAPS; i++)
		map(mem + i * MEM_PAGE, 1 + i, 1 + i % 3, BASE + i * STEP, 0);
	for (i = 0; i < UNMAPS; i++)
		unmap(BASE + 2 * i * STEP, 1 + 2 * i, 0);
	map(mem, 1, TYPE1_RW, BASE + STEP, -EEXIST);
	/* Half of a mapping. */
	unmap(BASE + 3 * STEP, 1, -EINVAL);
}

static void hold(void)
{
	char line[8];

	printf("held pid=%d areas=%" PRIu64 " bytes=%" PRIu64 "\n", getpid(), areas, bytes);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		wrong++;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "areas", required_argument, NULL, 'a' },
		{ "hold", no_argument, NULL, 'h' },
		{ "pairs", required_argument, NULL, 'p' },
		{ "user", required_argument, NULL, 'u' },
		{},
	};
	bool holds = false, bad = false;
	unsigned int more = 0, pairs = 0;
	uid_t uid = 0;
	char *mem;
	int ret;

	while ((ret = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (ret) {
		case 'a':
			more = strtoul(optarg, NULL, 0);
			break;
		case 'h':
			holds = true;
			break;
		case 'p':
			pairs = strtoul(optarg, NULL, 0);
			break;
		case 'u':
			uid = strtoul(optarg, NULL, 0);
			break;
		default:
			bad = true;
		}
	}
	if (bad || optind == argc) {
		fprintf(stderr, "usage: type1-script [--areas N] [--hold] [--user UID] BDF...\n"
				"       type1-script --pairs N BDF...\n");
		return 2;
	}
	ret = open_container(argv + optind);
	mem = mem__small(64 * MEM_PAGE);
	if (!ret && uid)
		ret = become(uid);
	if (ret || !mem) {
		fprintf(stderr, "type1-script: %s\n", strerror(ret ? -ret : ENOMEM));
		return 1;
	}
	if (pairs) {
		ret = make_pairs(mem, pairs);
	} else {
		run_script(mem);
		ret = map_more(mem, more);
	}
	if (ret) {
		fprintf(stderr, "type1-script: map: %s\n", strerror(-ret));
		return 1;
	}
	if (holds)
		hold();
	return wrong ? 1 : 0;
}
