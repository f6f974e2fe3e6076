// SPDX-License-Identifier: GPL-2.0-only
/*
 * HW_QUEUE objects: queues of a guest that the IOMMU processes without the kernel.
 *
 * The hardware gets the physical address of the queue, so its memory must be physically contiguous,
 * and stay pinned and mapped: an unmap of it fails while the object exists. The object holds the
 * IOAS through its VIOMMU. Like other in-kernel users that pin, it needs all areas of the IOAS to
 * be page aligned meanwhile.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "policy/policy.h"
#include "viommu/viommu.h"

#define to_hw_queue(ptr) container_of(ptr, struct iommufd_hw_queue, obj)

/* Get the range of whole pages that hold a queue. Return its length in bytes. */
static unsigned long queue_range(u64 base, size_t length, unsigned long *start)
{
	*start = base & PAGE_MASK;
	return PAGE_ALIGN(base - *start + length);
}

/* An unmap cannot ask for the memory of a queue; it fails instead. */
static bool access_get(struct iopt_access *access)
{
	return false;
}

static struct iopt_access *access_alloc(struct iopt *iopt)
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

static void access_free(struct iopt *iopt, struct iopt_access *access)
{
	iopt_remove_access(iopt, access->id);
	/* Safe to free: iopt_notify_unmap() uses it only under a lock that the removal took. */
	kfree(access);
}

static void unpin_queue(struct iommufd_hw_queue *queue)
{
	struct iopt *iopt = &queue->viommu->hwpt->ioas->iopt;
	unsigned long start, length;

	length = queue_range(queue->base_addr, queue->length, &start);
	iopt_unpin_pages(iopt, start, length, IOPT_PIN_KEEP);
	access_free(iopt, queue->access);
}

/**
 * iommufd_hw_queue_destroy() - destroy a HW_QUEUE
 * @obj: the HW_QUEUE
 *
 * Context: may sleep.
 */
void iommufd_hw_queue_destroy(struct iommufd_object *obj)
{
	struct iommufd_hw_queue *queue = to_hw_queue(obj);

	/* Stop the hardware before its memory is unpinned. */
	if (queue->destroy)
		queue->destroy(queue);
	unpin_queue(queue);
	iommufd_object_unref(&queue->viommu->obj);
}

/**
 * iommufd_hw_queue_show() - show a HW_QUEUE in fdinfo
 * @m: the file
 * @obj: the HW_QUEUE
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_hw_queue_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_hw_queue *queue = to_hw_queue(obj);

	seq_printf(m, " viommu=%u type=%#x length=%zu", queue->viommu->obj.id, queue->type,
		   queue->length);
}

/* Pin the memory of a queue and get its physical address. */
static int pin_queue(struct iopt *iopt, u64 base, size_t length, phys_addr_t *phys,
		     struct iopt_access **access)
{
	unsigned long start, bytes = queue_range(base, length, &start), i, n;
	struct page **pages;
	int ret;

	/* The page-aligned range wraps around. */
	if (bytes < length)
		return -ERANGE;
	n = bytes >> PAGE_SHIFT;
	pages = kvcalloc(n, sizeof(*pages), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pages)
		return -ENOMEM;

	*access = access_alloc(iopt);
	if (IS_ERR(*access)) {
		ret = PTR_ERR(*access);
		goto err_free;
	}
	ret = iopt_pin_pages(iopt, start, bytes, pages, IOPT_PIN_KEEP);
	if (ret)
		goto err_free_access;
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
err_free_access:
	access_free(iopt, *access);
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
		iommufd_object_abort_and_destroy(ucmd->ctx, &queue->obj);
		return ret;
	}
	iommufd_object_finalize(ucmd->ctx, &queue->obj);
	return 0;

err_unpin:
	unpin_queue(queue);
err_abort:
	iommufd_object_abort(ucmd->ctx, &queue->obj);
	return ret;
}

/**
 * iommufd_hw_queue_alloc_ioctl() - IOMMU_HW_QUEUE_ALLOC
 * @ucmd: struct iommu_hw_queue_alloc
 *
 * Return: 0; -EOPNOTSUPP for unknown flags, or a type that the driver does not support; -EINVAL for
 * a length of 0; -EOVERFLOW; -ENOENT for an unknown id, or if a part of the queue is not mapped;
 * -EADDRINUSE if an area of the IOAS is not page aligned; -EFAULT if the memory is not physically
 * contiguous; -EPERM or -ENOMEM from pinning; -EPERM while a policy that must be in force is
 * missing; an error of the IOMMU driver.
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
	ret = iommufd_policy_guard(&ucmd->ctx->totals, IOMMUFD_HOOK_IOAS_MAP);
	if (ret)
		return ret;

	viommu = iommufd_get_viommu(ucmd->ctx, cmd->viommu_id);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	ret = do_alloc(ucmd, viommu);
	iommufd_object_put(ucmd->ctx, &viommu->obj);
	return ret;
}
