// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes a device of iommufd_mock.ko, says "ready", and keeps the device until its stdin ends.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../kernel/mock/iommufd_mock_uapi.h"
#include "../lib/iommu.h"

int main(void)
{
	struct iommu_test_cmd cmd = { .size = sizeof(cmd), .op = IOMMU_TEST_OP_MOCK_DOMAIN };
	char c;
	int fd, ret;

	fd = iommu__open();
	ret = fd < 0 ? fd : ioas__alloc(fd, &cmd.id);
	if (!ret)
		ret = iommu__ioctl(fd, IOMMU_TEST_CMD, &cmd);
	if (ret) {
		fprintf(stderr, "mock-hold: no device: %s; load iommufd_mock.ko\n", strerror(-ret));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return 0;
}
