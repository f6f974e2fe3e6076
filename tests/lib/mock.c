// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include "iommu.h"
#include "mock.h"
#include "tap.h"

int mock__cmd(int fd, struct iommufd_mock_cmd *cmd)
{
	cmd->size = sizeof(*cmd);
	return iommu__ioctl(fd, IOMMU_TEST_CMD, cmd);
}

int mock__test(int fd, struct iommu_test_cmd *cmd)
{
	cmd->size = sizeof(*cmd);
	return iommu__ioctl(fd, IOMMU_TEST_CMD, cmd);
}

bool mock__open(struct mock *c, const char *name, uint32_t flags)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS,
		.mock_domain_flags.dev_flags = flags,
	};
	int ret;

	tap__diag("%s", name);
	c->fd = iommu__open();
	ret = ioas__alloc(c->fd, &c->ioas);
	cmd.id = c->ioas;
	if (!ret)
		ret = mock__test(c->fd, &cmd);
	c->obj = cmd.mock_domain_flags.out_stdev_id;
	c->hwpt = cmd.mock_domain_flags.out_hwpt_id;
	c->dev = cmd.mock_domain_flags.out_idev_id;
	return tap__err(ret, 0, "%s: context with a device", name);
}

static int add_device(struct mock *c, int fd, uint32_t pt, struct iommufd_mock_cmd *cmd)
{
	int ret;

	cmd->op = MOCK_OP_DEVICE;
	cmd->id = pt;
	ret = mock__cmd(fd, cmd);
	*c = (struct mock) {
		.fd = fd,
		.obj = cmd->device.out_stdev_id,
		.hwpt = cmd->device.out_hwpt_id,
		.dev = cmd->device.out_idev_id,
	};
	return ret;
}

int mock__device(struct mock *c, int fd, uint32_t pt, uint32_t flags)
{
	struct iommufd_mock_cmd cmd = { .device.dev_flags = flags };

	return add_device(c, fd, pt, &cmd);
}

int mock__device_resv(struct mock *c, int fd, uint32_t pt, uint64_t start, uint64_t length)
{
	struct iommufd_mock_cmd cmd = { .device = { .start = start, .length = length } };

	return add_device(c, fd, pt, &cmd);
}

int mock__dma(struct mock *c, uint32_t pasid, uint64_t iova, void *data, size_t length, bool write,
	      uint64_t *done)
{
	struct iommufd_mock_cmd cmd = {
		.op = MOCK_OP_DMA,
		.id = c->dev,
		.dma = {
			.pasid = pasid,
			.flags = write ? MOCK_DMA_WRITE : 0,
			.iova = iova,
			.length = length,
			.uptr = (uintptr_t)data,
			.timeout_ms = 20000,
		},
	};
	int ret = mock__cmd(c->fd, &cmd);

	if (done)
		*done = cmd.dma.out_done;
	return ret;
}

int mock__replace(struct mock *c, uint32_t pt)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE,
		.id = c->obj,
		.mock_domain_replace.pt_id = pt,
	};

	return mock__test(c->fd, &cmd);
}

int mock__fail(struct mock *c, uint32_t id, uint32_t kind, uint32_t skip, uint32_t count)
{
	struct iommufd_mock_cmd cmd = {
		.op = MOCK_OP_FAIL,
		.id = id,
		.fail = { .kind = kind, .skip = skip, .count = count },
	};

	return mock__cmd(c->fd, &cmd);
}

struct iommufd_mock_device_counts mock__device_counts(struct mock *c)
{
	struct iommufd_mock_cmd cmd = { .op = MOCK_OP_DEVICE_COUNTS, .id = c->dev };

	tap__err(mock__cmd(c->fd, &cmd), 0, "counts of a device");
	return cmd.device_counts;
}

struct iommufd_mock_table_counts mock__table_counts(struct mock *c, uint32_t hwpt)
{
	struct iommufd_mock_cmd cmd = { .op = MOCK_OP_TABLE_COUNTS, .id = hwpt };

	tap__err(mock__cmd(c->fd, &cmd), 0, "counts of a page table");
	return cmd.table_counts;
}

int mock__hwpt(struct mock *c, uint32_t pt, uint32_t flags, uint32_t fault, uint32_t type,
	       void *data, uint32_t length, uint32_t *id)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = c->dev,
		.pt_id = pt,
		.data_type = type,
		.data_len = length,
		.data_uptr = (uintptr_t)data,
		.fault_id = fault,
	};
	int ret = iommu__ioctl(c->fd, IOMMU_HWPT_ALLOC, &cmd);

	*id = cmd.out_hwpt_id;
	return ret;
}
