// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mediated device that does nothing but pin pages of its VFIO container, as user space asks it
 * to, so that tests know each pin: see vfio_pinner.h. It is made for the vfio of the running
 * kernel, and has no IOMMU.
 *
 * The list of pins has a lock of its own, which is not held during calls of vfio: an unmap calls
 * back under vfio's locks. One thread at a time uses the device.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "vfio_pinner.h"

#define MAX_PAGES 256

struct pin {
	struct list_head list;
	u64 iova;
	int nr;
};

struct pinner {
	struct vfio_device vdev;
	struct mutex lock; /* pins */
	struct list_head pins;
	struct page *pages[MAX_PAGES]; /* of the call in progress */
};

static struct pinner *to_pinner(struct vfio_device *vdev)
{
	return container_of(vdev, struct pinner, vdev);
}

/* Take a pin from the list that touches a range; exact: one that is this range. */
static struct pin *take_pin(struct pinner *pinner, u64 iova, u64 length, bool exact)
{
	struct pin *pin, *found = NULL;

	mutex_lock(&pinner->lock);
	list_for_each_entry(pin, &pinner->pins, list) {
		u64 bytes = (u64)pin->nr << PAGE_SHIFT;

		if (exact ? pin->iova != iova || bytes != length :
			    pin->iova >= iova + length || iova >= pin->iova + bytes)
			continue;
		found = pin;
		list_del(&pin->list);
		break;
	}
	mutex_unlock(&pinner->lock);
	return found;
}

static void drop_pin(struct pinner *pinner, struct pin *pin)
{
	vfio_unpin_pages(&pinner->vdev, pin->iova, pin->nr);
	kfree(pin);
}

static int do_pin(struct pinner *pinner, u64 iova, u32 length)
{
	int nr = length >> PAGE_SHIFT, ret;
	struct pin *pin;

	if (!nr || nr > MAX_PAGES || length & ~PAGE_MASK)
		return -EINVAL;
	pin = kzalloc(sizeof(*pin), GFP_KERNEL);
	if (!pin)
		return -ENOMEM;
	pin->iova = iova;
	pin->nr = nr;
	ret = vfio_pin_pages(&pinner->vdev, iova, nr, IOMMU_READ | IOMMU_WRITE, pinner->pages);
	if (ret < 0) {
		kfree(pin);
		return ret;
	}
	mutex_lock(&pinner->lock);
	list_add_tail(&pin->list, &pinner->pins);
	mutex_unlock(&pinner->lock);
	return 0;
}

static int do_unpin(struct pinner *pinner, u64 iova, u32 length)
{
	struct pin *pin = take_pin(pinner, iova, length, true);

	if (!pin)
		return -ENOENT;
	drop_pin(pinner, pin);
	return 0;
}

/* Write zeros, or read without a look at the data. */
static int do_rw(struct pinner *pinner, u64 iova, u32 length, bool write)
{
	void *data;
	int ret;

	if (!length || length > PAGE_SIZE)
		return -EINVAL;
	data = kzalloc(length, GFP_KERNEL);
	if (!data)
		return -ENOMEM;
	ret = vfio_dma_rw(&pinner->vdev, iova, data, length, write);
	kfree(data);
	return ret;
}

static ssize_t pinner_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			    loff_t *pos)
{
	struct pinner *pinner = to_pinner(vdev);
	struct pinner_call call;
	int ret = -EINVAL;

	if (count != sizeof(call))
		return -EINVAL;
	if (copy_from_user(&call, buf, sizeof(call)))
		return -EFAULT;
	if (call.op == PINNER_PIN)
		ret = do_pin(pinner, call.iova, call.length);
	else if (call.op == PINNER_UNPIN)
		ret = do_unpin(pinner, call.iova, call.length);
	else if (call.op == PINNER_WRITE || call.op == PINNER_READ)
		ret = do_rw(pinner, call.iova, call.length, call.op == PINNER_WRITE);
	return ret ? ret : sizeof(call);
}

static void pinner_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length)
{
	struct pinner *pinner = to_pinner(vdev);
	struct pin *pin;

	while ((pin = take_pin(pinner, iova, length, false)))
		drop_pin(pinner, pin);
}

static int pinner_open(struct vfio_device *vdev)
{
	return 0;
}

static void pinner_close(struct vfio_device *vdev)
{
	pinner_dma_unmap(vdev, 0, ~0ULL);
}

static int pinner_init_device(struct vfio_device *vdev)
{
	struct pinner *pinner = to_pinner(vdev);

	mutex_init(&pinner->lock);
	INIT_LIST_HEAD(&pinner->pins);
	return 0;
}

static const struct vfio_device_ops pinner_ops = {
	.name = "vfio_pinner",
	.init = pinner_init_device,
	.open_device = pinner_open,
	.close_device = pinner_close,
	.write = pinner_write,
	.dma_unmap = pinner_dma_unmap,
	.bind_iommufd = vfio_iommufd_emulated_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
};

static int pinner_probe(struct platform_device *pdev)
{
	struct pinner *pinner;
	int ret;

	pinner = vfio_alloc_device(pinner, vdev, &pdev->dev, &pinner_ops);
	if (IS_ERR(pinner))
		return PTR_ERR(pinner);
	ret = vfio_register_emulated_iommu_dev(&pinner->vdev);
	if (ret) {
		vfio_put_device(&pinner->vdev);
		return ret;
	}
	platform_set_drvdata(pdev, pinner);
	return 0;
}

static void pinner_remove(struct platform_device *pdev)
{
	struct pinner *pinner = platform_get_drvdata(pdev);

	vfio_unregister_group_dev(&pinner->vdev);
	vfio_put_device(&pinner->vdev);
}

static struct platform_driver pinner_driver = {
	.driver.name = "vfio_pinner",
	.probe = pinner_probe,
	.remove = pinner_remove,
};

static struct platform_device *pinner_device;

static int __init pinner_init(void)
{
	int ret = platform_driver_register(&pinner_driver);

	if (ret)
		return ret;
	pinner_device =
		platform_device_register_simple("vfio_pinner", PLATFORM_DEVID_NONE, NULL, 0);
	if (!IS_ERR(pinner_device))
		return 0;
	platform_driver_unregister(&pinner_driver);
	return PTR_ERR(pinner_device);
}
module_init(pinner_init);

static void __exit pinner_exit(void)
{
	platform_device_unregister(pinner_device);
	platform_driver_unregister(&pinner_driver);
}
module_exit(pinner_exit);

MODULE_DESCRIPTION("A mediated device that pins pages for tests");
MODULE_LICENSE("GPL");
