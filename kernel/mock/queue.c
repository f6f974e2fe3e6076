// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues whose PASID a mediated driver programs. The driver lets a guest program its queues with
 * virtual PASIDs, as the driver of a scalable I/O device does.
 *
 * Each queue has a register for the PASID that its DMA carries. The guest's write to the register
 * is trapped (MOCK_OP_QUEUE), and iommufd translates the written value: either a virtual PASID, or
 * the id of an object, which stands for the PASID attached to it. iommufd's notifier revokes the
 * result:
 *
 *	virtual PASID	When the PASID is removed, the register becomes empty, and the guest
 *			has to program it again.
 *	object		Each time a PASID of the device changes, the driver looks up the
 *			object's PASID again. So the register follows the object from PASID to
 *			PASID, and is empty while the object has none.
 *
 * This follows the protocol of <linux/iommufd_driver.h>. rwsem is the consumer's lock: it is held
 * for writing from the look-up until the register is written, and in the callback. The device
 * holds it for reading from the read of the register until it has copied a page or reported a group
 * of page requests. Therefore, when the callback for a removed PASID returns, no DMA of a queue
 * carries that number, so it can be reused. A long DMA reads the register again for each page.
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
 * mock_queues_init() - Prepare the queues of a new device
 * @queues: the queues, which cannot be programmed yet
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
 * mock_queues_start() - Let the queues be programmed, once the device is bound
 * @queues: the queues
 * @ctx: the context
 * @dev_id: id of the DEVICE object
 *
 * Context: takes rwsem for writing.
 * Return: 0 or an error of iommufd_pasid_register_notifier().
 */
int mock_queues_start(struct mock_queues *queues, struct iommufd_ctx *ctx, u32 dev_id)
{
	int ret;

	/* The callback may run before the registration returns. */
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
 * mock_queues_stop() - Undo mock_queues_start(), before the device is unbound
 * @queues: the queues
 *
 * The registers are emptied for good before the notifier is removed, because nobody would revoke
 * their PASIDs after that.
 *
 * Context: takes rwsem for writing.
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
 * mock_queues_lock() - Read a queue's register and lock it
 * @queues: the queues
 * @queue: index of the queue, below MOCK_QUEUES
 * @pasid: out: the PASID, which is valid until mock_queues_unlock()
 *
 * Context: takes rwsem for reading.
 * Return: 0; -ENXIO if the register is empty, in which case it is not locked.
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
 * mock_queues_unlock() - Undo mock_queues_lock()
 * @queues: the queues
 */
void mock_queues_unlock(struct mock_queues *queues)
{
	up_read(&queues->rwsem);
}

static int write_reg(struct mock_queues *queues, struct mock_reg *reg, u32 action, u32 value)
{
	ioasid_t pasid;
	int ret = 0;

	/* The old PASID is dropped even if the new one cannot be found. */
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
 * mock_queues_program() - Read or write a queue's register (MOCK_OP_QUEUE)
 * @queues: the queues
 * @cmd: the command; out_pasid and out_notified are filled in
 *
 * Context: takes rwsem for writing.
 * Return: 0; -EINVAL for an unknown queue or action; -ENODEV if the device is being destroyed;
 * -ENOENT if @cmd names nothing that has a PASID.
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
