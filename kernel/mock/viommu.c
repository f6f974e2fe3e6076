// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual IOMMU of the kernel's selftests, to which the IOMMU driver of a guest would talk:
 *
 *	data		one word, which is returned, and which user space can also read from
 *			two pages that it maps
 *	page tables	nested domains, see nested.c
 *	invalidation	of the words that stand for a device's cache
 *	queues		two; the second depends on the first; they process nothing
 *	events		of one type, see event.c
 *
 * iommufd allocates and frees the struct, and keeps it while a nested domain, a queue or a device
 * of it exists.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mock.h"

#define SHARED_ORDER 1

/**
 * struct mock_viommu - a virtual IOMMU
 * @core: for iommufd
 * @parent: the paging domain that maps the guest's memory
 * @lock: protects @queues
 * @queues: hardware queues by index
 * @shared: pages that user space can map, or NULL
 * @offset: mmap() offset of @shared
 */
struct mock_viommu {
	struct iommufd_viommu core;
	struct mock_paging *parent;
	struct mutex lock; /* queues */
	struct mock_hw_queue *queues[IOMMU_TEST_HW_QUEUE_MAX];
	u32 *shared;
	unsigned long offset;
};

/* @prev: the queue that it depends on, or NULL */
struct mock_hw_queue {
	struct iommufd_hw_queue core;
	struct mock_hw_queue *prev;
	u32 index;
};

static struct mock_viommu *to_mock_viommu(struct iommufd_viommu *viommu)
{
	return container_of(viommu, struct mock_viommu, core);
}

static struct mock_hw_queue *to_mock_hw_queue(struct iommufd_hw_queue *queue)
{
	return container_of(queue, struct mock_hw_queue, core);
}

static struct iommu_domain *mock_viommu_alloc_nested(struct iommufd_viommu *viommu, u32 flags,
						     const struct iommu_user_data *data)
{
	struct mock_viommu *mock = to_mock_viommu(viommu);

	return mock_nested_alloc(mock->parent, viommu, flags, data);
}

static int invalidate_one(struct iommufd_viommu *viommu,
			  const struct iommu_viommu_invalidate_selftest *inv)
{
	struct mock_dev *mdev;
	struct device *dev;

	if (inv->flags & ~IOMMU_TEST_INVALIDATE_FLAG_ALL)
		return -EOPNOTSUPP;
	if (inv->cache_id > MOCK_DEV_CACHE_ID_MAX)
		return -EINVAL;

	/* A device in @vdevs is not freed under this lock. */
	xa_lock(&viommu->vdevs);
	dev = iommufd_viommu_find_dev(viommu, inv->vdev_id);
	if (!dev) {
		xa_unlock(&viommu->vdevs);
		return -EINVAL;
	}
	mdev = to_mock_dev(dev);
	if (inv->flags & IOMMU_TEST_INVALIDATE_FLAG_ALL)
		memset(mdev->cache, 0, sizeof(mdev->cache));
	else
		mdev->cache[inv->cache_id] = 0;
	xa_unlock(&viommu->vdevs);
	return 0;
}

/* Copy the whole array before the first invalidation, so that a bad pointer changes nothing. */
static int mock_viommu_invalidate(struct iommufd_viommu *viommu,
				  struct iommu_user_data_array *array)
{
	struct iommu_viommu_invalidate_selftest *inv;
	u32 num = array->entry_num, i;
	int ret = 0;

	array->entry_num = 0;
	if (array->type != IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST)
		return -EINVAL;
	if (!num)
		return 0;
	inv = kvcalloc(num, sizeof(*inv), GFP_KERNEL_ACCOUNT);
	if (!inv)
		return -ENOMEM;
	for (i = 0; i < num && !ret; i++)
		ret = copy_struct_from_user(&inv[i], sizeof(*inv),
					    array->uptr + (size_t)i * array->entry_len,
					    array->entry_len);
	for (i = 0; i < num && !ret; i++) {
		ret = invalidate_one(viommu, &inv[i]);
		if (!ret)
			array->entry_num++;
	}
	kvfree(inv);
	return ret;
}

static size_t mock_hw_queue_size(struct iommufd_viommu *viommu, u32 type)
{
	if (type != IOMMU_HW_QUEUE_TYPE_SELFTEST)
		return 0;
	return HW_QUEUE_STRUCT_SIZE(struct mock_hw_queue, core);
}

static void mock_hw_queue_destroy(struct iommufd_hw_queue *core)
{
	struct mock_viommu *mock = to_mock_viommu(core->viommu);
	struct mock_hw_queue *queue = to_mock_hw_queue(core);

	mutex_lock(&mock->lock);
	mock->queues[queue->index] = NULL;
	if (queue->prev)
		iommufd_hw_queue_undepend(queue, queue->prev, core);
	mutex_unlock(&mock->lock);
}

static int mock_hw_queue_init(struct iommufd_hw_queue *core, u32 index, phys_addr_t phys)
{
	struct mock_viommu *mock = to_mock_viommu(core->viommu);
	struct mock_hw_queue *queue = to_mock_hw_queue(core), *prev;
	int ret = 0;

	if (index >= IOMMU_TEST_HW_QUEUE_MAX)
		return -EINVAL;
	mutex_lock(&mock->lock);
	prev = index ? mock->queues[index - 1] : NULL;
	if (mock->queues[index])
		ret = -EEXIST;
	else if (index && !prev)
		ret = -EIO;
	else if (phys != iommu_iova_to_phys(&mock->parent->domain, core->base_addr))
		ret = -EFAULT;
	else if (prev)
		ret = iommufd_hw_queue_depend(queue, prev, core);
	if (!ret) {
		queue->index = index;
		queue->prev = prev;
		mock->queues[index] = queue;
		core->destroy = mock_hw_queue_destroy;
	}
	mutex_unlock(&mock->lock);
	return ret;
}

static void mock_viommu_destroy(struct iommufd_viommu *viommu)
{
	struct mock_viommu *mock = to_mock_viommu(viommu);

	if (mock->shared) {
		iommufd_viommu_destroy_mmap(viommu, mock->offset);
		free_pages((unsigned long)mock->shared, SHARED_ORDER);
	}
	mutex_destroy(&mock->lock);
}

static const struct iommufd_viommu_ops mock_viommu_ops = {
	.destroy = mock_viommu_destroy,
	.alloc_domain_nested = mock_viommu_alloc_nested,
	.cache_invalidate = mock_viommu_invalidate,
	.get_hw_queue_size = mock_hw_queue_size,
	.hw_queue_init_phys = mock_hw_queue_init,
};

static size_t mock_viommu_size(struct device *dev, u32 type)
{
	if (type != IOMMU_VIOMMU_TYPE_SELFTEST)
		return 0;
	return VIOMMU_STRUCT_SIZE(struct mock_viommu, core);
}

/* Allocate two pages for mmap(); their first word is the one in @user. */
static int share_pages(struct mock_viommu *mock, const struct iommu_user_data *user)
{
	struct iommu_viommu_selftest data;
	size_t length = PAGE_SIZE << SHARED_ORDER;
	int ret;

	ret = iommu_copy_struct_from_user(&data, user, IOMMU_VIOMMU_TYPE_SELFTEST, out_data);
	if (ret)
		return ret;
	mock->shared = (u32 *)__get_free_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO, SHARED_ORDER);
	if (!mock->shared)
		return -ENOMEM;
	ret = iommufd_viommu_alloc_mmap(&mock->core, virt_to_phys(mock->shared), length,
					&mock->offset);
	if (ret)
		goto err_pages;

	*mock->shared = data.in_data;
	data.out_data = data.in_data;
	data.out_mmap_offset = mock->offset;
	data.out_mmap_length = length;
	if (copy_to_user(user->uptr, &data, min(user->len, sizeof(data)))) {
		ret = -EFAULT;
		goto err_mmap;
	}
	return 0;

err_mmap:
	iommufd_viommu_destroy_mmap(&mock->core, mock->offset);
err_pages:
	free_pages((unsigned long)mock->shared, SHARED_ORDER);
	mock->shared = NULL;
	return ret;
}

static int mock_viommu_init(struct iommufd_viommu *viommu, struct iommu_domain *parent,
			    const struct iommu_user_data *user)
{
	struct mock_viommu *mock = to_mock_viommu(viommu);
	int ret;

	if (!mock_is_paging(parent))
		return -EINVAL;
	if (user) {
		ret = share_pages(mock, user);
		if (ret)
			return ret;
	}
	mutex_init(&mock->lock);
	mock->parent = to_mock_paging(parent);
	viommu->ops = &mock_viommu_ops;
	return 0;
}

static struct iommufd_viommu_driver mock_viommu_driver = {
	.entry.owner = THIS_MODULE,
	.entry.iommu_ops = &mock_ops,
	.get_viommu_size = mock_viommu_size,
	.viommu_init = mock_viommu_init,
};

/**
 * mock_viommu_register() - Register the virtual IOMMU with iommufd
 *
 * Return: 0 or an error of iommufd_viommu_driver_register().
 */
int mock_viommu_register(void)
{
	return iommufd_viommu_driver_register(&mock_viommu_driver);
}

/**
 * mock_viommu_unregister() - Undo mock_viommu_register(); no virtual IOMMU is left
 */
void mock_viommu_unregister(void)
{
	iommufd_viommu_driver_unregister(&mock_viommu_driver);
}
