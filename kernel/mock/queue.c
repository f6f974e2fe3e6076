// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mediated driver of the devices: it lets a guest program queues with PASIDs that it knows by
 * other numbers, as a driver of a scalable I/O device does.
 *
 * A queue has a register for the PASID that its DMA carries. The guest's write of the register is
 * trapped (MOCK_OP_QUEUE), and iommufd says which number is to be written instead: that of a
 * virtual PASID, or the one that is attached to a page table of the guest. The notifier of iommufd
 * takes back what was said:
 *
 *	of a virtual PASID	When the PASID goes, the register is empty, and the guest has to
 *				program it again.
 *	of a page table		Each time the device's PASIDs change it is looked up again. So the
 *				register follows the page table from PASID to PASID, and is empty
 *				while there is none.
 *
 * The protocol is that of <linux/iommufd_driver.h>: rwsem is the consumer's lock, held for writing
 * from the look-up until the register is written, and in the callback. The device holds it for
 * reading from where it reads the register until the DMA of a page is done, or a page request is
 * reported. So when the callback for the end of a PASID returns no DMA of a queue carries the
 * number, and none ever will: somebody else may have it. A long DMA reads the register for each
 * page anew.
 */
#include "mock.h"

static void reg_clear(struct mock_reg *reg)
{
	reg->pasid = IOMMU_PASID_INVALID;
	reg->table = IOMMU_EXT_NONE;
}

static void reg_look_up(struct mock_queues *queues, struct mock_reg *reg)
{
	if (iommufd_pasid_from_pt(queues->ctx, queues->dev_id, reg->table, &reg->pasid))
		reg->pasid = IOMMU_PASID_INVALID;
}

static int mdev_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	struct mock_queues *queues = container_of(nb, struct mock_queues, nb);
	const struct iommufd_pasid_change *change = data;
	unsigned int i;

	if (change->dev_id != queues->dev_id)
		return NOTIFY_DONE;
	down_write(&queues->rwsem);
	queues->notified++;
	for (i = 0; i < MOCK_QUEUES; i++) {
		struct mock_reg *reg = &queues->regs[i];

		if (reg->table != IOMMU_EXT_NONE)
			reg_look_up(queues, reg);
		else if (event == IOMMUFD_PASID_REMOVED && reg->pasid == change->pasid)
			reg_clear(reg);
	}
	up_write(&queues->rwsem);
	return NOTIFY_OK;
}

/**
 * mock_queues_init() - for a new device
 * @queues: its driver, which does nothing yet
 */
void mock_queues_init(struct mock_queues *queues)
{
	unsigned int i;

	init_rwsem(&queues->rwsem);
	queues->nb.notifier_call = mdev_notify;
	for (i = 0; i < MOCK_QUEUES; i++)
		reg_clear(&queues->regs[i]);
}

/**
 * mock_queues_start() - the device is bound
 * @queues: its driver
 * @ctx: the context
 * @dev_id: the DEVICE object
 *
 * Return: 0 or an error of iommufd_pasid_register_notifier()
 */
int mock_queues_start(struct mock_queues *queues, struct iommufd_ctx *ctx, u32 dev_id)
{
	int ret;

	/* The callback may come at once. */
	queues->dev_id = dev_id;
	ret = iommufd_pasid_register_notifier(ctx, &queues->nb);
	if (ret)
		return ret;
	down_write(&queues->rwsem);
	queues->ctx = ctx;
	up_write(&queues->rwsem);
	return 0;
}

/**
 * mock_queues_stop() - it is about to be unbound
 * @queues: its driver, which was started
 *
 * Somebody may still try to use the queues, and nobody tells of PASIDs that go: so they are
 * emptied first, and for good.
 */
void mock_queues_stop(struct mock_queues *queues)
{
	struct iommufd_ctx *ctx = queues->ctx;
	unsigned int i;

	down_write(&queues->rwsem);
	queues->ctx = NULL;
	for (i = 0; i < MOCK_QUEUES; i++)
		reg_clear(&queues->regs[i]);
	up_write(&queues->rwsem);
	iommufd_pasid_unregister_notifier(ctx, &queues->nb);
}

/**
 * mock_queues_lock() - read a queue's register, for a DMA
 * @queues: the device's driver
 * @queue: the queue, below MOCK_QUEUES
 * @pasid: out: the PASID, which is good until mock_queues_unlock()
 *
 * Return: 0; -ENXIO if the register is empty, and then it is not locked
 */
int mock_queues_lock(struct mock_queues *queues, u32 queue, ioasid_t *pasid)
{
	down_read(&queues->rwsem);
	*pasid = queues->regs[queue].pasid;
	if (*pasid != IOMMU_PASID_INVALID)
		return 0;
	up_read(&queues->rwsem);
	return -ENXIO;
}

/**
 * mock_queues_unlock() - undo mock_queues_lock()
 * @queues: as given there
 */
void mock_queues_unlock(struct mock_queues *queues)
{
	up_read(&queues->rwsem);
}

static int write_reg(struct mock_queues *queues, struct mock_reg *reg, u32 action, u32 value)
{
	ioasid_t pasid;
	int ret = 0;

	/* The old number has gone, whatever becomes of the new one. */
	reg_clear(reg);
	if (action == MOCK_QUEUE_CLEAR)
		return 0;
	if (!queues->ctx)
		return -ENODEV;
	if (action == MOCK_QUEUE_GUEST)
		ret = iommufd_pasid_from_virt(queues->ctx, queues->dev_id, value, &pasid);
	else
		ret = iommufd_pasid_from_pt(queues->ctx, queues->dev_id, value, &pasid);
	if (ret)
		return ret;
	reg->pasid = pasid;
	if (action == MOCK_QUEUE_TABLE)
		reg->table = value;
	return 0;
}

/**
 * mock_queues_program() - MOCK_OP_QUEUE
 * @queues: the device's driver
 * @cmd: what to do; out_pasid and out_notified are set
 *
 * Return: 0, -EINVAL for a queue or action that is not there, -ENODEV if the device is on its way
 * out, -ENOENT if there is nothing that @cmd names
 */
int mock_queues_program(struct mock_queues *queues, struct iommufd_mock_cmd *cmd)
{
	struct mock_reg *reg;
	int ret = 0;

	if (cmd->queue.queue >= MOCK_QUEUES || cmd->queue.action > MOCK_QUEUE_CLEAR)
		return -EINVAL;
	down_write(&queues->rwsem);
	reg = &queues->regs[cmd->queue.queue];
	if (cmd->queue.action != MOCK_QUEUE_READ)
		ret = write_reg(queues, reg, cmd->queue.action, cmd->queue.value);
	BUILD_BUG_ON(IOMMU_PASID_INVALID != ~0U);
	cmd->queue.out_pasid = reg->pasid;
	cmd->queue.out_notified = queues->notified;
	up_write(&queues->rwsem);
	return ret;
}
