// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client for policies that must be in force.
 *
 *	policy-guard
 *		Makes calls that no policy is asked about, but that must be refused while a policy
 *		is missing. It opens a mock device, maps pages, and creates an access and a virtual
 *		IOMMU; then it prints "ready". For each line on stdin it makes calls, undoes them,
 *		and prints "create=0 replace=0 hw-queue=0 pin=0 unpin=0", or the names of their
 *		errors: create another access; move the first one to another address space, and
 *		back if possible; allocate a hardware queue; pin and unpin a page through the first
 *		access, which nothing may refuse.
 *	policy-guard --until-mapped
 *		Maps a page, again and again, until it is not refused with EPERM. Prints "ready"
 *		after the first time, at the end "map=0 tries=N wrong=N": of the refusals those are
 *		wrong before which the module's parameter said that no policy is missing.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

static struct mock m;
static uint32_t other, viommu, access_fd;

static int create(uint32_t *fd)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = m.ioas,
		.create_access.flags = MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES,
	};
	int ret = mock__test(m.fd, &cmd);

	*fd = cmd.create_access.out_access_fd;
	return ret;
}

static int move(uint32_t ioas)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_REPLACE_IOAS,
		.id = access_fd,
		.access_replace_ioas.ioas_id = ioas,
	};

	return mock__test(m.fd, &cmd);
}

static int pin(uint32_t *id)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_PAGES,
		.id = access_fd,
		.access_pages = { .iova = MOCK_BASE, .length = MEM_PAGE },
	};
	int ret = mock__test(m.fd, &cmd);

	*id = cmd.access_pages.out_access_pages_id;
	return ret;
}

static int unpin(uint32_t id)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_DESTROY_ACCESS_PAGES,
		.id = access_fd,
		.destroy_access_pages.access_pages_id = id,
	};

	return mock__test(m.fd, &cmd);
}

static int start(void)
{
	struct iommu_viommu_selftest data = { .in_data = 1 };
	void *mem = mem__small(2 * MEM_PAGE);
	uint32_t parent;
	int ret = mock__open(&m, 0);

	if (!ret)
		ret = ioas__map_at(m.fd, m.ioas, mem, 2 * MEM_PAGE, MOCK_BASE);
	if (!ret)
		ret = ioas__alloc(m.fd, &other);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent);
	if (!ret)
		ret = mock__viommu(&m, parent, &data, &viommu);
	if (!ret)
		ret = create(&access_fd);
	return ret;
}

static void calls(void)
{
	uint32_t fd, queue, id;
	int ret = create(&fd);

	printf("create=%s", tap__errname(ret));
	if (!ret)
		close(fd);
	ret = move(other);
	if (!ret)
		ret = move(m.ioas);
	printf(" replace=%s", tap__errname(ret));
	ret = mock__hw_queue(&m, viommu, 0, MOCK_BASE + MEM_PAGE, MEM_PAGE, &queue);
	printf(" hw-queue=%s", tap__errname(ret));
	if (!ret)
		iommu__destroy(m.fd, queue);
	ret = pin(&id);
	printf(" pin=%s", tap__errname(ret));
	printf(" unpin=%s\n", ret ? "-" : tap__errname(unpin(id)));
	fflush(stdout);
}

/* Whether no policy is missing. The driver says so once all of them are in force. */
static bool none_missing(void)
{
	FILE *file = fopen("/sys/module/iommufd/parameters/missing_policies", "re");
	char line[64] = "?";

	if (file) {
		if (!fgets(line, sizeof(line), file))
			line[0] = '\0';
		fclose(file);
	}
	return !line[0] || line[0] == '\n';
}

static int until_mapped(void)
{
	void *mem = mem__small(MEM_PAGE);
	unsigned int tries = 0, wrong = 0;
	int fd = iommu__open(), ret;
	uint64_t iova = 0;
	uint32_t ioas;
	bool none;

	ret = fd < 0 ? fd : ioas__alloc(fd, &ioas);
	if (ret)
		return ret;
	do {
		none = none_missing();
		ret = ioas__map(fd, ioas, mem, MEM_PAGE, IOAS_RW, &iova);
		wrong += none && ret == -EPERM;
		if (!tries++) {
			printf("ready\n");
			fflush(stdout);
		}
	} while (ret == -EPERM);
	printf("map=%s tries=%u wrong=%u\n", tap__errname(ret), tries, wrong);
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	bool until = argc == 2 && !strcmp(argv[1], "--until-mapped");
	char line[16];
	int ret;

	if (argc > 1 && !until) {
		fprintf(stderr, "usage: policy-guard [--until-mapped]\n");
		return 2;
	}
	ret = until ? until_mapped() : start();
	if (ret) {
		fprintf(stderr, "policy-guard: cannot start: %s\n", tap__errname(ret));
		return 1;
	}
	if (until)
		return 0;
	printf("ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		calls();
	return 0;
}
