// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_TEST_CMD: our own operations, from MOCK_OP_FIRST on (struct iommufd_mock_cmd). They act as
 * the hardware, inject failures and return counts.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mock.h"

#define REQUESTS_MAX 256
#define EVENTS_MAX 1000000

static int do_page_request(struct mock_dev *mdev, const struct iommufd_mock_cmd *cmd)
{
	struct iommu_fault_page_request prm = {
		.pasid = cmd->page_request.pasid,
		.grpid = cmd->page_request.grpid,
		.perm = cmd->page_request.perm,
		.addr = cmd->page_request.addr,
	};

	if (cmd->page_request.flags & ~MOCK_PRQ_NO_LAST || cmd->page_request.__pad ||
	    !cmd->page_request.requests || cmd->page_request.requests > REQUESTS_MAX)
		return -EINVAL;
	return mock_page_request(mdev, &prm, MOCK_NO_QUEUE, cmd->page_request.requests,
				 !(cmd->page_request.flags & MOCK_PRQ_NO_LAST));
}

static int do_event(struct mock_dev *mdev, const struct iommufd_mock_cmd *cmd)
{
	if (!cmd->event.num || cmd->event.num > EVENTS_MAX)
		return -EINVAL;
	mock_event_start(mdev, cmd->event.num);
	return 0;
}

static int set_fail(struct mock_fail *fail, const struct iommufd_mock_cmd *cmd, int default_error)
{
	u32 error = cmd->fail.error;

	if (error > MAX_ERRNO)
		return -EINVAL;
	mock_fail_set(&fail[cmd->fail.kind], cmd->fail.skip, cmd->fail.count,
		      error ? -(int)error : default_error);
	return 0;
}

static int run_dev(struct mock_dev *mdev, struct iommufd_mock_cmd *cmd)
{
	switch (cmd->op) {
	case MOCK_OP_DMA:
		return mock_dma(mdev, cmd);
	case MOCK_OP_PAGE_REQUEST:
		return do_page_request(mdev, cmd);
	case MOCK_OP_RESPONSES:
		cmd->responses.out_num = cmd->responses.num;
		return mock_iopf_read(mdev, u64_to_user_ptr(cmd->responses.uptr),
				      &cmd->responses.out_num, &cmd->responses.out_lost);
	case MOCK_OP_FAIL:
		return set_fail(mdev->fail, cmd, -ENOMEM);
	case MOCK_OP_RESERVE:
		return mock_dev_reserve(mdev, cmd->reserve.start, cmd->reserve.length);
	case MOCK_OP_EVENT:
		return do_event(mdev, cmd);
	case MOCK_OP_QUEUE:
		return mock_queues_program(&mdev->queues, cmd);
	case MOCK_OP_DEVICE_COUNTS:
		down_read(&mdev->table_rwsem);
		spin_lock(&mdev->resp_lock);
		cmd->device_counts = mdev->counts;
		spin_unlock(&mdev->resp_lock);
		up_read(&mdev->table_rwsem);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int run_table(struct mock_paging *mock, struct iommufd_mock_cmd *cmd)
{
	switch (cmd->op) {
	case MOCK_OP_FAIL:
		return set_fail(mock->fail, cmd, cmd->fail.kind == MOCK_FAIL_MAP ? -ENOMEM : -EIO);
	case MOCK_OP_TABLE_COUNTS:
		down_read(&mock->lock);
		cmd->table_counts = mock->counts;
		up_read(&mock->lock);
		cmd->table_counts.iotlb_hits = mock_iotlb_hits(&mock->iotlb);
		cmd->table_counts.strays = atomic64_read(&mock->strays);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int ext_dev(struct iommufd_ctx *ctx, struct iommufd_mock_cmd *cmd)
{
	struct iommufd_object *obj;
	struct mock_dev *mdev;
	int ret;

	mdev = mock_dev_get(ctx, cmd->id, &obj);
	if (IS_ERR(mdev))
		return PTR_ERR(mdev);
	ret = run_dev(mdev, cmd);
	iommufd_test_put(ctx, obj);
	return ret;
}

static int ext_table(struct iommufd_ctx *ctx, struct iommufd_mock_cmd *cmd)
{
	struct iommu_domain *domain;
	struct iommufd_object *obj;
	int ret = -EINVAL;

	domain = iommufd_test_domain_get(ctx, cmd->id, IOMMUFD_OBJ_HWPT_PAGING, &obj);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	if (mock_is_paging(domain))
		ret = run_table(to_mock_paging(domain), cmd);
	iommufd_test_put(ctx, obj);
	return ret;
}

static int ext_create(struct iommufd_ctx *ctx, struct iommufd_mock_cmd *cmd, void __user *arg,
		      u32 size)
{
	struct mock_object *mobj;
	u32 pt_id = cmd->id;
	int ret;

	mobj = mock_object_create(ctx, &pt_id, cmd->device.dev_flags, cmd->device.start,
				  cmd->device.length, &cmd->device.out_idev_id);
	if (IS_ERR(mobj))
		return PTR_ERR(mobj);
	cmd->device.out_stdev_id = mobj->tobj.obj.id;
	cmd->device.out_hwpt_id = pt_id;
	ret = mock_respond(arg, cmd, size, sizeof(*cmd));
	if (ret) {
		mock_object_abort(mobj);
		return ret;
	}
	mock_object_finalize(mobj);
	return 0;
}

/**
 * mock_ext() - Run one of our own operations
 * @ctx: the context
 * @arg: struct iommufd_mock_cmd in user memory
 * @size: size of that struct
 *
 * A DMA returns its progress even if it fails.
 *
 * Return: 0 or a negative errno.
 */
long mock_ext(struct iommufd_ctx *ctx, void __user *arg, u32 size)
{
	struct iommufd_mock_cmd cmd;
	int ret, err;

	if (size < sizeof(cmd))
		return -EINVAL;
	ret = copy_struct_from_user(&cmd, sizeof(cmd), arg, size);
	if (ret)
		return ret;
	if (cmd.op == MOCK_OP_FAIL && cmd.fail.kind >= MOCK_FAIL_KINDS)
		return -EINVAL;

	if (cmd.op == MOCK_OP_DEVICE)
		return ext_create(ctx, &cmd, arg, size);
	if (cmd.op == MOCK_OP_TABLE_COUNTS ||
	    (cmd.op == MOCK_OP_FAIL && cmd.fail.kind < MOCK_FAIL_ATTACH))
		ret = ext_table(ctx, &cmd);
	else
		ret = ext_dev(ctx, &cmd);
	if (ret && cmd.op != MOCK_OP_DMA)
		return ret;
	err = mock_respond(arg, &cmd, size, sizeof(cmd));
	return ret ?: err;
}
