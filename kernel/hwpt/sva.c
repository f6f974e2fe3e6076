// SPDX-License-Identifier: GPL-2.0-only
/*
 * SVA objects: a process's address space, whose page table devices share.
 *
 * The object keeps the struct mm_struct, not the memory: a process ends when it ends, and the IOMMU
 * driver, which has an MMU notifier, takes its page table out of the hardware then. What is
 * attached stays attached, and reaches nothing.
 *
 * Each attachment to a PASID has a page table object of its own (HWPT_SVA), made and gone with it.
 * The kernel's iommu_sva_bind_device() is not used: it chooses the PASID by itself, one for a
 * process.
 *
 * Page requests. A device that meets a page which is not there asks for it; the kernel does what
 * the CPU would (fixup_user_fault()) and answers. That may take as long as the process likes, with
 * userfaultfd for instance, and must keep nobody from detaching the device. So:
 *
 *	- requests wait in the queue of their attachment, and one work of the queue takes one after
 *	  the other: a process that is slow with its pages keeps one worker for an attachment
 *	- of all workers a user has no more than USER_WORKS, whatever became of the attachments: the
 *	  requests of others find one. Requests beyond that are answered as invalid
 *	- while it resolves a request it holds no lock, and no more of the request than a copy
 *	- answering, and being drained at a detach, are done under queue->lock: after a drain no one
 *	  touches the device or the attachment; a work that is still resolving finds its request
 *	  answered. It has a reference on the queue, and on the module, which cannot be unloaded
 *	  then
 *
 * While a request is being resolved the process's memory stays, and the device's access with it,
 * also if the process ends meanwhile: at most until its pages come, or their userfaultfd is closed.
 */
#include <linux/cred.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/mmu_context.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "hwpt/hwpt.h"
#include "trace/refuse.h"

/* Far more than requests that are resolved at once, far less than the workers there can be. */
#define USER_WORKS 64

static struct workqueue_struct *sva_workqueue;
/* How many works are there for a user, by uid. */
static DEFINE_XARRAY(user_works);

/* One more for a user. */
static bool work_begin(kuid_t uid)
{
	unsigned long index = __kuid_val(uid), n;
	bool ok = false;
	void *entry;

	xa_lock(&user_works);
	entry = xa_load(&user_works, index);
	n = entry ? xa_to_value(entry) : 0;
	if (n < USER_WORKS)
		ok = !xa_err(__xa_store(&user_works, index, xa_mk_value(n + 1), GFP_ATOMIC));
	xa_unlock(&user_works);
	return ok;
}

static void work_end(kuid_t uid)
{
	unsigned long index = __kuid_val(uid), n;

	xa_lock(&user_works);
	n = xa_to_value(xa_load(&user_works, index)) - 1;
	if (n)
		/* The entry is there: no memory is needed. */
		__xa_store(&user_works, index, xa_mk_value(n), GFP_ATOMIC);
	else
		__xa_erase(&user_works, index);
	xa_unlock(&user_works);
}

/**
 * struct iommufd_sva - SVA object
 * @obj: the object
 * @mm: the process's memory; the struct is kept, the memory is not
 * @uid: the process's user
 */
struct iommufd_sva {
	struct iommufd_object obj;
	struct mm_struct *mm;
	kuid_t uid;
};

/**
 * struct iommufd_sva_queue - page requests of an attachment
 * @users: the attachment, and the work when it is queued or at work
 * @ctx: the context, to be used under @lock with a request that is not answered only
 * @mm: kept as in struct iommufd_sva
 * @uid: as there
 * @lock: protects the following
 * @working: the work is queued, or at work
 * @requests: struct sva_request, oldest first
 * @work: resolves them
 */
struct iommufd_sva_queue {
	refcount_t users;
	struct iommufd_ctx *ctx;
	struct mm_struct *mm;
	kuid_t uid;
	struct mutex lock;  /* see above */
	bool working;
	struct list_head requests;
	struct work_struct work;
};

/**
 * struct sva_request - a group of page requests
 * @item: in queue->requests
 * @group: the core's object; NULL once it is answered
 * @dev_id: the device's id
 * @ns: when it came; 0 if nobody listens
 * @busy: the work is at it, and frees it
 * @num: pages asked for
 * @page: which, and what for (IOMMU_FAULT_PERM_*)
 */
struct sva_request {
	struct list_head item;
	struct iopf_group *group;
	u32 dev_id;
	u64 ns;
	bool busy;
	unsigned int num;
	struct {
		u64 addr;
		u32 perm;
	} page[] __counted_by(num);
};

static void queue_put(struct iommufd_sva_queue *queue)
{
	if (!refcount_dec_and_test(&queue->users))
		return;
	mmdrop(queue->mm);
	mutex_destroy(&queue->lock);
	kfree(queue);
}

/* Let the process have a page, as the CPU would. */
static bool resolve_page(struct mm_struct *mm, u64 addr, u32 perm)
{
	unsigned int flags = FAULT_FLAG_REMOTE | FAULT_FLAG_USER;
	struct vm_area_struct *vma;
	bool unlocked = false, ok = true;

	/* A process has no privileged memory. */
	if (perm & IOMMU_FAULT_PERM_PRIV)
		return false;
	if (perm & IOMMU_FAULT_PERM_WRITE)
		flags |= FAULT_FLAG_WRITE;
	mmap_read_lock(mm);
	if (perm & IOMMU_FAULT_PERM_EXEC) {
		vma = vma_lookup(mm, addr);
		ok = vma && vma->vm_flags & VM_EXEC;
	}
	ok = ok && !fixup_user_fault(mm, addr, flags, &unlocked);
	mmap_read_unlock(mm);
	return ok;
}

static enum iommu_page_response_code resolve(struct mm_struct *mm,
					     const struct sva_request *request)
{
	bool ok = true;
	unsigned int i;

	if (!mmget_not_zero(mm))
		return IOMMU_PAGE_RESP_INVALID;
	for (i = 0; i < request->num && ok; i++)
		ok = resolve_page(mm, request->page[i].addr, request->page[i].perm);
	mmput(mm);
	return ok ? IOMMU_PAGE_RESP_SUCCESS : IOMMU_PAGE_RESP_INVALID;
}

/* queue->lock is held, and the request not answered: so its attachment is there. */
static void answer(struct iommufd_sva_queue *queue, struct sva_request *request,
		   enum iommu_page_response_code code)
{
	iommufd_fault_end(request->group, queue->ctx, request->dev_id, IOMMU_EXT_NONE, 0,
			  request->ns, code);
	request->group = NULL;
}

static void queue_work_fn(struct work_struct *work)
{
	struct iommufd_sva_queue *queue = container_of(work, struct iommufd_sva_queue, work);
	enum iommu_page_response_code code;
	struct sva_request *request;

	mutex_lock(&queue->lock);
	while ((request = list_first_entry_or_null(&queue->requests, struct sva_request, item))) {
		request->busy = true;
		mutex_unlock(&queue->lock);
		code = resolve(queue->mm, request);
		mutex_lock(&queue->lock);
		if (request->group)
			answer(queue, request, code);
		list_del(&request->item);
		kfree(request);
	}
	queue->working = false;
	mutex_unlock(&queue->lock);
	work_end(queue->uid);
	queue_put(queue);
	/* Unloading waits for the end of this function. */
	module_put(THIS_MODULE);
}

/* Have requests resolved; queue->lock is held. Return false if the user has too many works. */
static bool begin_work(struct iommufd_sva_queue *queue)
{
	if (queue->working)
		return true;
	if (!work_begin(queue->uid))
		return false;
	/* The context that the request came through holds the module. */
	__module_get(THIS_MODULE);
	refcount_inc(&queue->users);
	queue->working = true;
	queue_work(sva_workqueue, &queue->work);
	return true;
}

static struct sva_request *copy_request(struct iopf_group *group)
{
	struct sva_request *request;
	struct iopf_fault *iopf;
	unsigned int i = 0;

	request = kzalloc(struct_size(request, page, group->fault_count), GFP_KERNEL);
	if (!request)
		return NULL;
	request->num = group->fault_count;
	list_for_each_entry(iopf, &group->faults, list) {
		request->page[i].addr = iopf->fault.prm.addr;
		request->page[i++].perm = iopf->fault.prm.perm;
	}
	request->group = group;
	return request;
}

/* Called by the IOMMU driver through the core, in a thread: the group is ours if we return 0. */
static int handle_group(struct iopf_group *group)
{
	struct iommufd_attach_handle *handle =
		container_of(group->attach_handle, struct iommufd_attach_handle, handle);
	struct iommufd_hwpt *hwpt = group->attach_handle->domain->fault_data;
	struct iommufd_sva_queue *queue = to_hwpt_sva(&hwpt->obj)->queue;
	struct sva_request *request;

	/* Another device of the group, which is not attached. */
	if (group->fault_param->dev != handle->idev->dev)
		return -ENODEV;
	if (iommufd_fault_refused(group, hwpt, IOMMU_EXT_NONE))
		return 0;
	request = copy_request(group);
	if (!request)
		return -ENOMEM;
	request->dev_id = handle->idev->obj.id;
	request->ns = iommufd_fault_begin(group, hwpt, IOMMU_EXT_NONE);

	/* From here on the core does not answer it for us. */
	iopf_group_dequeue(group);
	mutex_lock(&queue->lock);
	if (begin_work(queue)) {
		list_add_tail(&request->item, &queue->requests);
	} else {
		answer(queue, request, IOMMU_PAGE_RESP_INVALID);
		kfree(request);
	}
	mutex_unlock(&queue->lock);
	return 0;
}

/**
 * iommufd_sva_drain() - answer what an attachment has left unanswered
 * @hwpt: the page table of the attachment, which has ended
 *
 * Context: does not wait for pages of the process.
 */
void iommufd_sva_drain(struct iommufd_hwpt *hwpt)
{
	struct iommufd_sva_queue *queue = to_hwpt_sva(&hwpt->obj)->queue;
	struct sva_request *request, *next;

	mutex_lock(&queue->lock);
	list_for_each_entry_safe(request, next, &queue->requests, item) {
		if (request->group)
			answer(queue, request, IOMMU_PAGE_RESP_INVALID);
		if (request->busy)
			continue;
		list_del(&request->item);
		kfree(request);
	}
	mutex_unlock(&queue->lock);
}

static struct iommufd_sva_queue *queue_alloc(struct iommufd_ctx *ctx, const struct iommufd_sva *sva)
{
	struct iommufd_sva_queue *queue = kzalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);

	if (!queue)
		return NULL;
	refcount_set(&queue->users, 1);
	queue->ctx = ctx;
	queue->mm = sva->mm;
	mmgrab(queue->mm);
	queue->uid = sva->uid;
	mutex_init(&queue->lock);
	INIT_LIST_HEAD(&queue->requests);
	INIT_WORK(&queue->work, queue_work_fn);
	return queue;
}

/*
 * The kernel frees pages of its own half of the page table, which all processes share, without
 * telling IOMMUs that may have looked there: on x86 its own iommu_sva_bind_device() refuses.
 */
static bool is_safe(struct device *dev)
{
	const struct iommufd_iommu_driver *driver;
	bool safe;

	if (!IS_ENABLED(CONFIG_X86))
		return true;
	driver = iommufd_iommu_driver_get(dev);
	safe = driver && READ_ONCE(driver->sva_safe);
	iommufd_iommu_driver_put(driver);
	return safe;
}

/**
 * iommufd_device_can_share() - whether SVA objects can be attached to a device's PASIDs
 * @idev: the device
 *
 * Return: 0; -EOPNOTSUPP if its IOMMU driver cannot; -EPERM if it can, but not safely.
 */
int iommufd_device_can_share(struct iommufd_device *idev)
{
	const struct iommu_ops *ops;

	if (!idev->group->group || !idev->dev->iommu->max_pasids)
		return -EOPNOTSUPP;
	ops = iommu_core_ops(idev->dev);
	if (!ops->domain_alloc_sva || !ops->page_response || iommufd_device_shares_pri(idev->dev))
		return -EOPNOTSUPP;
	return is_safe(idev->dev) ? 0 : -EPERM;
}

static struct iommu_domain *alloc_domain(struct iommufd_device *idev, struct mm_struct *mm)
{
	const struct iommu_ops *ops = iommu_core_ops(idev->dev);
	struct iommu_domain *domain;
	int ret;

	ret = iommufd_device_can_share(idev);
	if (ret == -EPERM)
		iommufd_refuse_sva(idev->ctx->totals.ctx_id, iommufd_refused_device(idev->dev));
	if (ret)
		return ERR_PTR(-EOPNOTSUPP);
	if (!mmget_not_zero(mm))
		return ERR_PTR(-ESRCH);
	/* The device would not know that the CPU ignores some bits of addresses. */
	if (!arch_pgtable_dma_compat(mm))
		domain = ERR_PTR(-EOPNOTSUPP);
	else
		domain = ops->domain_alloc_sva(idev->dev, mm);
	if (!IS_ERR(domain)) {
		domain->type = IOMMU_DOMAIN_SVA;
		domain->owner = ops;
		/* Given back by iommu_domain_free(). */
		mmgrab(mm);
		domain->mm = mm;
	}
	mmput(mm);
	return domain;
}

/**
 * iommufd_hwpt_sva_alloc() - make the page table of an attachment, not visible yet
 * @obj: the SVA object; the page table is a user of it
 * @idev: the device
 *
 * Return: the HWPT, to be taken back by iommufd_hwpt_abort(); ERR_PTR() of -EOPNOTSUPP if the IOMMU
 * driver cannot, or cannot safely; -ESRCH if the process is gone; -ENOMEM; an error of the driver.
 */
struct iommufd_hwpt_sva *iommufd_hwpt_sva_alloc(struct iommufd_object *obj,
						struct iommufd_device *idev)
{
	struct iommufd_sva *sva = container_of(obj, struct iommufd_sva, obj);
	struct iommufd_hwpt_sva *hwpt = NULL;
	struct iommu_domain *domain;
	int ret = -ENOMEM;

	hwpt = iommufd_object_alloc(idev->ctx, hwpt, IOMMUFD_OBJ_HWPT_SVA, common.obj);
	if (IS_ERR(hwpt))
		return hwpt;
	hwpt->queue = queue_alloc(idev->ctx, sva);
	if (!hwpt->queue)
		goto err_abort;
	domain = alloc_domain(idev, sva->mm);
	if (IS_ERR(domain)) {
		ret = PTR_ERR(domain);
		goto err_queue;
	}
	/* Without its last device the IOMMU driver may be removed, but not with a page table. */
	__module_get(domain->owner->owner);
	domain->fault_data = &hwpt->common;
	domain->iopf_handler = handle_group;
	iommufd_object_ref(&sva->obj);
	hwpt->sva = sva;
	hwpt->common.ctx = idev->ctx;
	hwpt->common.domain = domain;
	hwpt->common.pasid_ok = true;
	return hwpt;

err_queue:
	queue_put(hwpt->queue);
err_abort:
	iommufd_object_abort(idev->ctx, &hwpt->common.obj);
	return ERR_PTR(ret);
}

/**
 * iommufd_hwpt_sva_destroy() - the end of an attachment's page table
 * @obj: nothing is attached to it
 */
void iommufd_hwpt_sva_destroy(struct iommufd_object *obj)
{
	struct iommufd_hwpt_sva *hwpt = to_hwpt_sva(obj);
	struct module *owner = hwpt->common.domain->owner->owner;

	iommu_domain_free(hwpt->common.domain);
	module_put(owner);
	queue_put(hwpt->queue);
	iommufd_object_unref(&hwpt->sva->obj);
}

/**
 * iommufd_hwpt_sva_show() - fdinfo of an attachment's page table
 * @m: where to
 * @obj: the HWPT
 */
void iommufd_hwpt_sva_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_hwpt_sva *hwpt = to_hwpt_sva(obj);

	seq_printf(m, " sva=%u auto faults", hwpt->sva->obj.id);
}

/**
 * iommufd_hwpt_sva_info() - what iterators see of an attachment's page table
 * @obj: the HWPT
 * @info: out
 */
void iommufd_hwpt_sva_info(const struct iommufd_object *obj, struct iommufd_object_info *info)
{
	info->parent = to_hwpt_sva(obj)->sva->obj.id;
}

/**
 * iommufd_hwpt_sva_parent() - the SVA object of an attachment's page table
 * @hwpt: the page table
 *
 * Return: the object.
 */
struct iommufd_object *iommufd_hwpt_sva_parent(struct iommufd_hwpt_sva *hwpt)
{
	return &hwpt->sva->obj;
}

/**
 * iommufd_sva_is_dead() - whether the process is gone
 * @obj: the SVA object
 *
 * Return: true if there is nothing to share any more.
 */
bool iommufd_sva_is_dead(const struct iommufd_object *obj)
{
	const struct iommufd_sva *sva = container_of(obj, struct iommufd_sva, obj);

	return !atomic_read(&sva->mm->mm_users);
}

/**
 * iommufd_sva_destroy() - the end of an SVA object
 * @obj: not attached
 */
void iommufd_sva_destroy(struct iommufd_object *obj)
{
	mmdrop(container_of(obj, struct iommufd_sva, obj)->mm);
}

/**
 * iommufd_sva_show() - fdinfo of an SVA object
 * @m: where to
 * @obj: the object
 */
void iommufd_sva_show(struct seq_file *m, const struct iommufd_object *obj)
{
	if (iommufd_sva_is_dead(obj))
		seq_puts(m, " dead");
}

/**
 * iommufd_sva_alloc_ioctl() - IOMMU_EXT_SVA_ALLOC
 * @ucmd: struct iommu_ext_sva_alloc
 *
 * Return: 0 or an errno that iommufd_ext.h names for it.
 */
int iommufd_sva_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ext_sva_alloc *cmd = ucmd->cmd;
	struct iommufd_sva *sva = NULL;

	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	sva = iommufd_object_alloc(ucmd->ctx, sva, IOMMUFD_OBJ_SVA, obj);
	if (IS_ERR(sva))
		return PTR_ERR(sva);
	cmd->out_sva_id = sva->obj.id;
	if (iommufd_ucmd_respond(ucmd, sizeof(*cmd))) {
		iommufd_object_abort(ucmd->ctx, &sva->obj);
		return -EFAULT;
	}
	mmgrab(current->mm);
	sva->mm = current->mm;
	sva->uid = current_uid();
	iommufd_object_finalize(ucmd->ctx, &sva->obj);
	return 0;
}

/**
 * iommufd_sva_init() - at the module's begin
 *
 * Return: 0 or -ENOMEM.
 */
int iommufd_sva_init(void)
{
	sva_workqueue = alloc_workqueue("iommufd-sva", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return sva_workqueue ? 0 : -ENOMEM;
}

/**
 * iommufd_sva_exit() - at its end; no work is at a request any more
 */
void iommufd_sva_exit(void)
{
	destroy_workqueue(sva_workqueue);
}
