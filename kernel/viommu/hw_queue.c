// SPDX-License-Identifier: GPL-2.0-only
/*
 * HW_QUEUE objects: queues of a guest that the IOMMU works on without the kernel's help.
 *
 * The hardware is told where the queue is in physical memory, so that memory has to be one piece,
 * and to stay pinned and mapped: an unmap of it is refused as long as the object is there. The
 * address space cannot go before, since the virtual IOMMU's page table uses it. As with other
 * in-kernel users that pin, everything in it is aligned to pages meanwhile.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "viommu/viommu.h"

#define to_hw_queue(ptr) container_of(ptr, struct iommufd_hw_queue, obj)

/* The whole pages that hold a queue. */
static unsigned long span(u64 base, size_t length, unsigned long *start)
{
	*start = base & PAGE_MASK;
	return PAGE_ALIGN(base - *start + length);
}

/* Nobody is asked to give a queue's memory back. */
static bool access_get(struct iopt_access *access)
{
	return false;
}

static struct iopt_access *watch(struct iopt *iopt)
{
	struct iopt_access *access = kzalloc(sizeof(*access), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!access)
		return ERR_PTR(-ENOMEM);
	access->alignment = PAGE_SIZE;
	access->get = access_get;
	ret = iopt_add_access(iopt, access);
	if (ret) {
		kfree(access);
		return ERR_PTR(ret);
	}
	return access;
}

static void unwatch(struct iopt *iopt, struct iopt_access *access)
{
	iopt_remove_access(iopt, access->id);
	/* iopt_notify_unmap() looks at it only under a lock that the removal took. */
	kfree(access);
}

/**
 * iommufd_hw_queue_destroy() - the end of a HW_QUEUE
 * @obj: the HW_QUEUE
 */
void iommufd_hw_queue_destroy(struct iommufd_object *obj)
{
	struct iommufd_hw_queue *queue = to_hw_queue(obj);
	struct iopt *iopt = &queue->viommu->hwpt->ioas->iopt;
	unsigned long start, length;

	/* The hardware stops before its memory goes. */
	if (queue->destroy)
		queue->destroy(queue);
	length = span(queue->base_addr, queue->length, &start);
	iopt_unpin_pages(iopt, start, length, IOPT_PIN_KEEP);
	unwatch(iopt, queue->access);
	iommufd_object_unref(&queue->viommu->obj);
}

/**
 * iommufd_hw_queue_show() - fdinfo of a HW_QUEUE
 * @m: where to
 * @obj: the HW_QUEUE
 */
void iommufd_hw_queue_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_hw_queue *queue = to_hw_queue(obj);

	seq_printf(m, " viommu=%u type=%#x length=%zu", queue->viommu->obj.id, queue->type,
		   queue->length);
}

/* Pin the queue's memory, and find where it is. */
static int pin_queue(struct iopt *iopt, u64 base, size_t length, phys_addr_t *phys,
		     struct iopt_access **access)
{
	unsigned long start, bytes = span(base, length, &start), i, n;
	struct page **pages;
	int ret;

	/* Wrapped. */
	if (bytes < length)
		return -ERANGE;
	n = bytes >> PAGE_SHIFT;
	pages = kvcalloc(n, sizeof(*pages), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pages)
		return -ENOMEM;

	*access = watch(iopt);
	if (IS_ERR(*access)) {
		ret = PTR_ERR(*access);
		goto err_free;
	}
	ret = iopt_pin_pages(iopt, start, bytes, pages, IOPT_PIN_KEEP);
	if (ret)
		goto err_unwatch;
	for (i = 1; i < n; i++)
		if (page_to_pfn(pages[i]) != page_to_pfn(pages[0]) + i) {
			ret = -EFAULT;
			goto err_unpin;
		}
	*phys = page_to_phys(pages[0]) + (base - start);
	kvfree(pages);
	return 0;

err_unpin:
	iopt_unpin_pages(iopt, start, bytes, IOPT_PIN_KEEP);
err_unwatch:
	unwatch(iopt, *access);
err_free:
	kvfree(pages);
	return ret;
}

static int do_alloc(struct iommufd_ucmd *ucmd, struct iommufd_viommu *viommu)
{
	struct iommu_hw_queue_alloc *cmd = ucmd->cmd;
	const struct iommufd_viommu_ops *ops = viommu->ops;
	struct iopt *iopt = &viommu->hwpt->ioas->iopt;
	struct iommufd_hw_queue *queue;
	unsigned long start, length;
	phys_addr_t phys;
	size_t size;
	int ret;

	if (!ops->get_hw_queue_size || !ops->hw_queue_init_phys)
		return -EOPNOTSUPP;
	size = ops->get_hw_queue_size(viommu, cmd->type);
	if (!size || WARN_ON_ONCE(size < sizeof(*queue)))
		return -EOPNOTSUPP;

	queue = iommufd_object_alloc_size(ucmd->ctx, size, IOMMUFD_OBJ_HW_QUEUE);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	ret = pin_queue(iopt, cmd->nesting_parent_iova, cmd->length, &phys, &queue->access);
	if (ret)
		goto err_abort;
	queue->viommu = viommu;
	queue->type = cmd->type;
	queue->base_addr = cmd->nesting_parent_iova;
	queue->length = cmd->length;
	ret = ops->hw_queue_init_phys(queue, cmd->index, phys);
	if (ret)
		goto err_unpin;
	iommufd_object_ref(&viommu->obj);

	cmd->out_hw_queue_id = queue->obj.id;
	ret = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (ret) {
		iommufd_hw_queue_destroy(&queue->obj);
		goto err_abort;
	}
	iommufd_object_finalize(ucmd->ctx, &queue->obj);
	return 0;

err_unpin:
	length = span(queue->base_addr, queue->length, &start);
	iopt_unpin_pages(iopt, start, length, IOPT_PIN_KEEP);
	unwatch(iopt, queue->access);
err_abort:
	iommufd_object_abort(ucmd->ctx, &queue->obj);
	return ret;
}

/**
 * iommufd_hw_queue_alloc_ioctl() - IOMMU_HW_QUEUE_ALLOC
 * @ucmd: struct iommu_hw_queue_alloc
 *
 * Return: 0; -EOPNOTSUPP for flags and types that cannot be; -EINVAL for a length of 0; -EOVERFLOW;
 * -ENOENT for an id, or if a part of the queue is not mapped; -EADDRINUSE if something in the
 * address space is not aligned to pages; -EFAULT if the queue's memory is not one piece; -EPERM,
 * -ENOMEM; an error of the IOMMU driver.
 */
int iommufd_hw_queue_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_hw_queue_alloc *cmd = ucmd->cmd;
	struct iommufd_viommu *viommu;
	u64 last;
	int ret;

	if (cmd->flags || cmd->type == IOMMU_HW_QUEUE_TYPE_DEFAULT)
		return -EOPNOTSUPP;
	if (!cmd->length)
		return -EINVAL;
	if (check_add_overflow(cmd->nesting_parent_iova, cmd->length - 1, &last))
		return -EOVERFLOW;

	viommu = iommufd_get_viommu(ucmd->ctx, cmd->viommu_id);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	ret = do_alloc(ucmd, viommu);
	iommufd_object_put(ucmd->ctx, &viommu->obj);
	return ret;
}
