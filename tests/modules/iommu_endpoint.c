// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device with PASIDs and page requests behind a software IOMMU of its own, for tests of the tools
 * on any iommufd: see iommu_endpoint.h. It makes no DMA.
 *
 * The module looks up the functions of iommufd when a device is bound, and holds them until it is
 * unbound. Thus one build serves our driver and the kernel's own, whose symbols have other
 * versions.
 *
 * The IOMMU is a platform device with a software node, which the device's fwspec names. Its MSI
 * domain says that interrupts are remapped, because iommufd does not bind a device without that.
 *
 * There is one open file at a time, and the device exists as long as the file is open.
 *
 * The mutex is held during each call. So no attachment goes away while a page request is reported,
 * as the IOMMU core demands. Responses come under the core's locks and take only the spinlock.
 */
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/irqdomain.h>
#include <linux/kfifo.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <uapi/linux/iommufd.h>
#include <uapi/linux/iommufd_new.h>

#include "iommu_endpoint.h"

#define PASID_BITS 13
#define IOVA_BITS 48
#define MAX_REQUESTS 64
#define MAX_RESPONSES 64

static struct {
	struct iommu_device iommu;
	struct platform_device *iommu_pdev;
	struct platform_device *pdev; /* the device */
	struct fwnode_handle *msi_fwnode;
	struct irq_domain *msi;
	struct iopf_queue *queue;
	unsigned long opened; /* bit 0: there is an open file */

	struct mutex lock; /* the fields below */
	/* The functions of iommufd, without their prefix. */
	struct {
		typeof(iommufd_ctx_from_fd) *ctx_from_fd;
		typeof(iommufd_ctx_put) *ctx_put;
		typeof(iommufd_device_bind) *device_bind;
		typeof(iommufd_device_unbind) *device_unbind;
		typeof(iommufd_device_attach) *device_attach;
		typeof(iommufd_device_replace) *device_replace;
		typeof(iommufd_device_detach) *device_detach;
	} api;
	struct iommufd_ctx *ctx;
	struct iommufd_device *idev; /* NULL: not bound */
	struct xarray attached; /* by PASID */

	spinlock_t response_lock; /* responses */
	DECLARE_KFIFO(responses, struct iommu_page_response, MAX_RESPONSES);
} endpoint;

/* ---- page tables ---- */

/* A page table; the pages by IOVA, as numbers of frames. */
struct table {
	struct iommu_domain domain;
	struct xarray pages;
};

static struct table *to_table(struct iommu_domain *domain)
{
	return container_of(domain, struct table, domain);
}

static int table_map(struct iommu_domain *domain, unsigned long iova, phys_addr_t phys,
		     size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	struct table *table = to_table(domain);
	int ret;

	for (; pgcount--; iova += pgsize, phys += pgsize, *mapped += pgsize) {
		ret = xa_insert(&table->pages, iova >> PAGE_SHIFT, xa_mk_value(PHYS_PFN(phys)),
				gfp);
		if (ret)
			return ret;
	}
	return 0;
}

static size_t table_unmap(struct iommu_domain *domain, unsigned long iova, size_t pgsize,
			  size_t pgcount, struct iommu_iotlb_gather *gather)
{
	struct table *table = to_table(domain);
	size_t unmapped = 0;

	for (; pgcount-- && xa_erase(&table->pages, (iova + unmapped) >> PAGE_SHIFT);)
		unmapped += pgsize;
	return unmapped;
}

static phys_addr_t table_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	void *page = xa_load(&to_table(domain)->pages, iova >> PAGE_SHIFT);

	return page ? PFN_PHYS(xa_to_value(page)) + offset_in_page(iova) : 0;
}

/* Our driver does not unmap before. */
static void table_free(struct iommu_domain *domain)
{
	struct table *table = to_table(domain);

	xa_destroy(&table->pages);
	kfree(table);
}

/* The core keeps the attached page tables, and no DMA uses them, so there is nothing to do. */
static int attach(struct iommu_domain *domain, struct device *dev, struct iommu_domain *old)
{
	return 0;
}

static int attach_pasid(struct iommu_domain *domain, struct device *dev, ioasid_t pasid,
			struct iommu_domain *old)
{
	return 0;
}

static void detach_pasid(struct device *dev, ioasid_t pasid, struct iommu_domain *domain)
{
}

PORT_DEFINE_ATTACH_DEV(attach);
PORT_DEFINE_SET_DEV_PASID(attach_pasid);
PORT_DEFINE_DETACH_PASID(detach_pasid);

static const struct iommu_domain_ops blocked_ops = {
	PORT_BLOCKED_OPS(attach, detach_pasid),
};

static struct iommu_domain blocked = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &blocked_ops,
};

static const struct iommu_domain_ops table_ops = {
	.attach_dev = PORT_ATTACH_DEV_OP(attach),
	.set_dev_pasid = PORT_SET_DEV_PASID_OP(attach_pasid),
	.map_pages = table_map,
	.unmap_pages = table_unmap,
	.iova_to_phys = table_iova_to_phys,
	.free = table_free,
};

static struct iommu_domain *table_alloc(struct device *dev, u32 flags,
					const struct iommu_user_data *data)
{
	struct table *table;

	if (flags & ~(IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMUFD_NEW_HWPT_ALLOC_PASID) || data)
		return ERR_PTR(-EOPNOTSUPP);
	table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return ERR_PTR(-ENOMEM);
	xa_init(&table->pages);
	table->domain.type = IOMMU_DOMAIN_UNMANAGED;
	table->domain.ops = &table_ops;
	table->domain.pgsize_bitmap = PAGE_SIZE;
	table->domain.geometry.aperture_end = BIT_ULL(IOVA_BITS) - 1;
	table->domain.geometry.force_aperture = true;
	return &table->domain;
}

static void nested_free(struct iommu_domain *domain)
{
	kfree(domain);
}

/* Nothing is cached. The kernel's own iommufd demands this function. */
static int nested_invalidate(struct iommu_domain *domain, struct iommu_user_data_array *array)
{
	return 0;
}

static const struct iommu_domain_ops nested_ops = {
	.attach_dev = PORT_ATTACH_DEV_OP(attach),
	.cache_invalidate_user = nested_invalidate,
	.free = nested_free,
};

/* A page table of a guest, which nothing reads, so it needs no description. */
static struct iommu_domain *nested_alloc(struct device *dev, struct iommu_domain *parent, u32 flags,
					 const struct iommu_user_data *data)
{
	struct iommu_domain *domain;

	if (flags & ~IOMMUFD_NEW_HWPT_ALLOC_PASID)
		return ERR_PTR(-EOPNOTSUPP);
	domain = kzalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	domain->type = IOMMU_DOMAIN_NESTED;
	domain->ops = &nested_ops;
	return domain;
}

/* ---- the IOMMU ---- */

static bool capable_of(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_CACHE_COHERENCY;
}

/* The core offers each device whose fwspec names no IOMMU to all drivers, so check the node. */
static struct iommu_device *probe_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);

	if (!fwspec || fwspec->iommu_fwnode != endpoint.iommu.fwnode)
		return ERR_PTR(-ENODEV);
	return &endpoint.iommu;
}

/* Called under the core's mutex of the device's page requests. */
static void page_response(struct device *dev, struct iopf_fault *event,
			  struct iommu_page_response *response)
{
	spin_lock(&endpoint.response_lock);
	kfifo_put(&endpoint.responses, *response);
	spin_unlock(&endpoint.response_lock);
}

/* The device is in the queue of page requests as long as it exists. */
static int __maybe_unused enable_iopf(struct device *dev)
{
	return 0;
}

static void __maybe_unused disable_iopf(struct device *dev)
{
}

static int __maybe_unused check_sva(struct device *dev)
{
	return -ENODEV;
}

PORT_DEFINE_ALLOC(table_alloc, nested_alloc);
PORT_DEFINE_FEATURES(enable_iopf, disable_iopf, check_sva);

/* The core holds the owner as long as the device exists, which is why an open file makes it. */
static const struct iommu_ops endpoint_ops = {
	.owner = THIS_MODULE,
	.capable = capable_of,
	PORT_IOMMU_OPS(table_alloc, nested_alloc, enable_iopf, disable_iopf, detach_pasid,
		       PAGE_SIZE),
	.probe_device = probe_device,
	.device_group = generic_device_group,
	.page_response = page_response,
	.default_domain = &blocked,
	.blocked_domain = &blocked,
	.release_domain = &blocked,
	.user_pasid_table = 1,
};

/* ---- iommufd ---- */

static void api_put(void)
{
	if (endpoint.api.ctx_from_fd)
		symbol_put(iommufd_ctx_from_fd);
	if (endpoint.api.ctx_put)
		symbol_put(iommufd_ctx_put);
	if (endpoint.api.device_bind)
		symbol_put(iommufd_device_bind);
	if (endpoint.api.device_unbind)
		symbol_put(iommufd_device_unbind);
	if (endpoint.api.device_attach)
		symbol_put(iommufd_device_attach);
	if (endpoint.api.device_replace)
		symbol_put(iommufd_device_replace);
	if (endpoint.api.device_detach)
		symbol_put(iommufd_device_detach);
	memset(&endpoint.api, 0, sizeof(endpoint.api));
}

static int api_get(void)
{
	endpoint.api.ctx_from_fd = symbol_get(iommufd_ctx_from_fd);
	endpoint.api.ctx_put = symbol_get(iommufd_ctx_put);
	endpoint.api.device_bind = symbol_get(iommufd_device_bind);
	endpoint.api.device_unbind = symbol_get(iommufd_device_unbind);
	endpoint.api.device_attach = symbol_get(iommufd_device_attach);
	endpoint.api.device_replace = symbol_get(iommufd_device_replace);
	endpoint.api.device_detach = symbol_get(iommufd_device_detach);
	if (endpoint.api.ctx_from_fd && endpoint.api.ctx_put && endpoint.api.device_bind &&
	    endpoint.api.device_unbind && endpoint.api.device_attach &&
	    endpoint.api.device_replace && endpoint.api.device_detach)
		return 0;
	api_put();
	return -ENODEV;
}

/* 0 if the kernel's functions have no PASID, and attach the whole device. */
static u32 max_pasid(void)
{
	return PORT_PASID(BIT(PASID_BITS) - 1);
}

static int do_bind(struct endpoint_call *call)
{
	int ret;

	if (endpoint.idev)
		return -EBUSY;
	ret = api_get();
	if (ret)
		return ret;
	endpoint.ctx = endpoint.api.ctx_from_fd(call->fd);
	if (IS_ERR(endpoint.ctx)) {
		ret = PTR_ERR(endpoint.ctx);
		goto err_api;
	}
	endpoint.idev = endpoint.api.device_bind(endpoint.ctx, &endpoint.pdev->dev, &call->id);
	if (IS_ERR(endpoint.idev)) {
		ret = PTR_ERR(endpoint.idev);
		goto err_ctx;
	}
	call->pasid = max_pasid();
	return 0;

err_ctx:
	endpoint.idev = NULL;
	endpoint.api.ctx_put(endpoint.ctx);
err_api:
	api_put();
	return ret;
}

static int do_unbind(struct endpoint_call *call)
{
	if (!endpoint.idev)
		return -ENODEV;
	if (!xa_empty(&endpoint.attached))
		return -EBUSY;
	endpoint.api.device_unbind(endpoint.idev);
	endpoint.api.ctx_put(endpoint.ctx);
	endpoint.idev = NULL;
	api_put();
	return 0;
}

static int do_attach(struct endpoint_call *call)
{
	int ret;

	if (!endpoint.idev)
		return -ENODEV;
	if (call->pasid > max_pasid())
		return -EOPNOTSUPP;
	ret = xa_insert(&endpoint.attached, call->pasid, xa_mk_value(1), GFP_KERNEL);
	if (ret)
		return ret;
	ret = endpoint.api.device_attach(PORT_IDEV(endpoint.idev, call->pasid), &call->id);
	if (ret)
		xa_erase(&endpoint.attached, call->pasid);
	return ret;
}

static int do_replace(struct endpoint_call *call)
{
	if (!endpoint.idev)
		return -ENODEV;
	if (call->pasid > max_pasid())
		return -EOPNOTSUPP;
	return endpoint.api.device_replace(PORT_IDEV(endpoint.idev, call->pasid), &call->id);
}

static int do_detach(struct endpoint_call *call)
{
	if (!xa_load(&endpoint.attached, call->pasid))
		return -ENOENT;
	endpoint.api.device_detach(PORT_IDEV(endpoint.idev, call->pasid));
	xa_erase(&endpoint.attached, call->pasid);
	return 0;
}

/* ---- page requests ---- */

struct request_work {
	struct work_struct work;
	const struct endpoint_call *call;
	int ret;
};

static void report(struct work_struct *work)
{
	struct request_work *todo = container_of(work, struct request_work, work);
	const struct endpoint_call *call = todo->call;
	struct iopf_fault event = {
		.fault.type = IOMMU_FAULT_PAGE_REQ,
		.fault.prm = {
			.pasid = call->pasid,
			.grpid = call->grpid,
			.perm = call->perm,
			.addr = call->addr,
		},
	};
	struct iommu_fault_page_request *prm = &event.fault.prm;
	u32 i;

	if (prm->pasid)
		prm->flags |= IOMMU_FAULT_PAGE_REQUEST_PASID_VALID;
	for (i = 1; i <= call->requests && !todo->ret; i++) {
		if (i == call->requests)
			prm->flags |= IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE;
		todo->ret = iommu_report_device_fault(&endpoint.pdev->dev, &event);
		prm->addr += PAGE_SIZE;
	}
}

/* As an IOMMU does, report them in a kernel thread. */
static int do_request(struct endpoint_call *call)
{
	struct request_work todo = { .call = call };

	if (!call->requests || call->requests > MAX_REQUESTS)
		return -EINVAL;
	INIT_WORK_ONSTACK(&todo.work, report);
	schedule_work(&todo.work);
	flush_work(&todo.work);
	destroy_work_on_stack(&todo.work);
	return todo.ret;
}

static int do_response(struct endpoint_call *call)
{
	struct iommu_page_response response;
	bool is_there;

	spin_lock(&endpoint.response_lock);
	is_there = kfifo_get(&endpoint.responses, &response);
	spin_unlock(&endpoint.response_lock);
	if (!is_there)
		return -ENOENT;
	call->pasid = response.pasid;
	call->grpid = response.grpid;
	call->code = response.code;
	return 0;
}

/* ---- the device ---- */

/*
 * The core reads the fwspec when the device is added, and owns it from then on. It is allocated
 * here because iommu_fwspec_init() needs a lock that is not exported.
 */
static int fwspec_init(struct device *dev)
{
	struct dev_iommu *param = kzalloc(sizeof(*param), GFP_KERNEL);
	struct iommu_fwspec *fwspec;

	fwspec = kzalloc(struct_size(fwspec, ids, 1), GFP_KERNEL);
	if (!param || !fwspec) {
		kfree(param);
		kfree(fwspec);
		return -ENOMEM;
	}
	mutex_init(&param->lock);
	fwspec->iommu_fwnode = fwnode_handle_get(endpoint.iommu.fwnode);
	fwspec->num_ids = 1;
	param->fwspec = fwspec;
	dev->iommu = param;
	return 0;
}

static void fwspec_free(struct device *dev)
{
	struct dev_iommu *param = dev->iommu;

	dev->iommu = NULL;
	fwnode_handle_put(param->fwspec->iommu_fwnode);
	kfree(param->fwspec);
	kfree(param);
}

static int device_init(void)
{
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U32("pasid-num-bits", PASID_BITS), {}
	};
	struct device *dev;
	int ret;

	endpoint.pdev = platform_device_alloc("iommu_endpoint", PLATFORM_DEVID_NONE);
	if (!endpoint.pdev)
		return -ENOMEM;
	dev = &endpoint.pdev->dev;
	dev_set_msi_domain(dev, endpoint.msi);
	ret = device_create_managed_software_node(dev, properties, NULL);
	if (!ret)
		ret = fwspec_init(dev);
	if (ret)
		goto err_put;
	ret = platform_device_add(endpoint.pdev);
	if (ret) {
		fwspec_free(dev);
		goto err_put;
	}
	/* The core does not report a failed probe. */
	ret = dev->iommu_group ? iopf_queue_add_device(endpoint.queue, dev) : -ENOMEM;
	if (!ret)
		return 0;
	platform_device_unregister(endpoint.pdev);
	return ret;

err_put:
	platform_device_put(endpoint.pdev);
	return ret;
}

static void device_exit(void)
{
	iopf_queue_remove_device(endpoint.queue, &endpoint.pdev->dev);
	platform_device_unregister(endpoint.pdev);
}

/* ---- the file ---- */

static int (*const operations[])(struct endpoint_call *call) = {
	[ENDPOINT_BIND] = do_bind,	   [ENDPOINT_UNBIND] = do_unbind,
	[ENDPOINT_ATTACH] = do_attach,	   [ENDPOINT_REPLACE] = do_replace,
	[ENDPOINT_DETACH] = do_detach,	   [ENDPOINT_REQUEST] = do_request,
	[ENDPOINT_RESPONSE] = do_response,
};

static long endpoint_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct endpoint_call __user *user = (void __user *)arg;
	struct endpoint_call call;
	int ret;

	if (cmd != ENDPOINT_CALL)
		return -ENOTTY;
	if (copy_from_user(&call, user, sizeof(call)))
		return -EFAULT;
	if (call.op >= ARRAY_SIZE(operations))
		return -EINVAL;
	mutex_lock(&endpoint.lock);
	ret = operations[call.op](&call);
	mutex_unlock(&endpoint.lock);
	if (!ret && copy_to_user(user, &call, sizeof(call)))
		ret = -EFAULT;
	return ret;
}

static int endpoint_open(struct inode *inode, struct file *file)
{
	int ret;

	if (test_and_set_bit(0, &endpoint.opened))
		return -EBUSY;
	ret = device_init();
	if (ret)
		clear_bit(0, &endpoint.opened);
	return ret;
}

static int endpoint_release(struct inode *inode, struct file *file)
{
	struct endpoint_call call = {};
	unsigned long pasid;
	void *entry;

	mutex_lock(&endpoint.lock);
	xa_for_each(&endpoint.attached, pasid, entry) {
		call.pasid = pasid;
		do_detach(&call);
	}
	do_unbind(&call);
	kfifo_reset(&endpoint.responses);
	mutex_unlock(&endpoint.lock);
	device_exit();
	clear_bit(0, &endpoint.opened);
	return 0;
}

static const struct file_operations endpoint_fops = {
	.owner = THIS_MODULE,
	.open = endpoint_open,
	.release = endpoint_release,
	.unlocked_ioctl = endpoint_ioctl,
};

static struct miscdevice endpoint_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "iommu_endpoint",
	.fops = &endpoint_fops,
};

/* ---- loading ---- */

static int msi_init(void)
{
	struct irq_domain_info info = {
		.domain_flags = IRQ_DOMAIN_FLAG_ISOLATED_MSI,
		.ops = &irq_domain_simple_ops,
	};

	info.fwnode = irq_domain_alloc_named_fwnode("iommu-endpoint-msi");
	if (!info.fwnode)
		return -ENOMEM;
	endpoint.msi_fwnode = info.fwnode;
	endpoint.msi = irq_domain_instantiate(&info);
	if (!IS_ERR(endpoint.msi))
		return 0;
	irq_domain_free_fwnode(info.fwnode);
	return PTR_ERR(endpoint.msi);
}

static void msi_exit(void)
{
	irq_domain_remove(endpoint.msi);
	irq_domain_free_fwnode(endpoint.msi_fwnode);
}

static int iommu_init(void)
{
	/* Without a node, the core would give it devices whose fwspec names no IOMMU. */
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_STRING("compatible", "iommuscope,iommu-endpoint"), {}
	};
	struct platform_device_info info = {
		.name = "iommu_endpoint_iommu",
		.id = PLATFORM_DEVID_NONE,
		.properties = properties,
	};
	struct device *dev;
	int ret;

	endpoint.iommu_pdev = platform_device_register_full(&info);
	if (IS_ERR(endpoint.iommu_pdev))
		return PTR_ERR(endpoint.iommu_pdev);
	dev = &endpoint.iommu_pdev->dev;
	blocked.owner = &endpoint_ops;
	endpoint.iommu.max_pasids = BIT(PASID_BITS);
	ret = iommu_device_sysfs_add(&endpoint.iommu, dev, NULL, "%s", dev_name(dev));
	if (ret)
		goto err_pdev;
	ret = iommu_device_register(&endpoint.iommu, &endpoint_ops, dev);
	if (ret)
		goto err_sysfs;
	return 0;

err_sysfs:
	iommu_device_sysfs_remove(&endpoint.iommu);
err_pdev:
	platform_device_unregister(endpoint.iommu_pdev);
	return ret;
}

static void iommu_exit(void)
{
	iommu_device_unregister(&endpoint.iommu);
	iommu_device_sysfs_remove(&endpoint.iommu);
	platform_device_unregister(endpoint.iommu_pdev);
}

static int __init endpoint_init(void)
{
	int ret;

	mutex_init(&endpoint.lock);
	xa_init(&endpoint.attached);
	spin_lock_init(&endpoint.response_lock);
	INIT_KFIFO(endpoint.responses);
	/* Some kernels have no page requests: then there is no queue. */
	endpoint.queue = iopf_queue_alloc("iommu_endpoint");
	if (!endpoint.queue)
		return IS_ENABLED(CONFIG_IOMMU_IOPF) ? -ENOMEM : -EOPNOTSUPP;
	ret = msi_init();
	if (ret)
		goto err_queue;
	ret = iommu_init();
	if (ret)
		goto err_msi;
	ret = misc_register(&endpoint_misc);
	if (ret)
		goto err_iommu;
	return 0;

err_iommu:
	iommu_exit();
err_msi:
	msi_exit();
err_queue:
	iopf_queue_free(endpoint.queue);
	return ret;
}
module_init(endpoint_init);

static void __exit endpoint_exit(void)
{
	misc_deregister(&endpoint_misc);
	iommu_exit();
	msi_exit();
	iopf_queue_free(endpoint.queue);
	xa_destroy(&endpoint.attached);
}
module_exit(endpoint_exit);

MODULE_DESCRIPTION("A device with PASIDs and page requests for tests");
MODULE_LICENSE("GPL");
