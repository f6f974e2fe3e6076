// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client whose calls no policy is asked about, but which must be refused while a policy that must
 * be in force is missing. It opens a mock device, maps pages, and creates an access and a virtual
 * IOMMU; then it prints "ready". For each line on stdin it makes calls, undoes them, and prints
 *
 *	create=0 replace=0 hw-queue=0 pin=0 unpin=0
 *
 * or the names of their errors: create another access; move the first one to another address space,
 * and back if possible; allocate a hardware queue; pin and unpin a page through the first access,
 * which nothing may refuse.
 */
#include <stdint.h>
#include <stdio.h>
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

int main(void)
{
	char line[16];
	int ret = start();

	if (ret) {
		fprintf(stderr, "policy-guard: cannot start: %s\n", tap__errname(ret));
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		calls();
	return 0;
}
