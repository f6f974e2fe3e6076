// SPDX-License-Identifier: GPL-2.0-only
/*
 * SVA objects: devices share the page table of a process.
 *
 * An SVA object holds a reference on the struct mm_struct, not on the memory, so it does not keep a
 * process's memory from being freed on exit. The IOMMU driver's MMU notifier then removes the page
 * table from the hardware. PASIDs remain attached, but their DMA reaches nothing.
 *
 * Each attachment to a PASID has a HWPT of its own (struct iommufd_hwpt_sva), made and destroyed
 * with it. iommu_sva_bind_device() is not used, because it chooses the PASID by itself, one for
 * each process.
 *
 * Page requests. A device asks for a page that is not present; the kernel faults it in as for the
 * CPU (fixup_user_fault()) and responds. With userfaultfd, for instance, that may take as long as
 * the process likes. It must not delay a detach or the requests of other users:
 *
 * - Requests wait in the queue of their attachment. One work item per queue resolves them one after
 *   the other, so a slow process occupies one worker per attachment.
 * - All queues of a user, including those of ended attachments, have at most USER_WORKS work items.
 *   Further requests are answered as invalid, so that other users find a worker. All users of a
 *   user namespace count as one, because its root can become each of them.
 * - While it resolves a request, the work holds no lock and uses only its copy of the addresses.
 * - Responses and the drain on detach run under queue->lock. After the drain nothing touches the
 *   device or the attachment: a work that is still resolving finds its request answered. The work
 *   holds references on the queue and on the module.
 *
 * While a request is being resolved the process's memory, and the device's access to it, stay, even
 * if the process exits: until its pages arrive, or their userfaultfd is closed.
 */
#include <linux/cred.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/mmu_context.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "hwpt/hwpt.h"
#include "trace/refuse.h"

/*
 * Well above the number of requests that are resolved at a time, well below the limit of workers.
 */
#define USER_WORKS 64

static struct workqueue_struct *sva_workqueue;
/* Number of work items by the key of a user. */
static DEFINE_XARRAY(user_works);

/*
 * The key of the calling user: the uid; in a user namespace that of its owner, so that nobody gets
 * more by making namespaces. Root makes them for others, so there each namespace counts by itself.
 * The key may outlive the namespace; then another one may share the count for a while.
 */
static unsigned long user_key(void)
{
	const struct user_namespace *ns = current_user_ns();

	if (ns == &init_user_ns)
		return __kuid_val(current_uid());
	while (ns->parent != &init_user_ns)
		ns = ns->parent;
	return uid_eq(ns->owner, GLOBAL_ROOT_UID) ? (unsigned long)ns : __kuid_val(ns->owner);
}

/* Count one more work item for a user, or return false if the user has USER_WORKS already. */
static bool work_begin(unsigned long user)
{
	unsigned long n;
	bool ok = false;
	void *entry;

	xa_lock(&user_works);
	entry = xa_load(&user_works, user);
	n = entry ? xa_to_value(entry) : 0;
	if (n < USER_WORKS)
		ok = !xa_err(__xa_store(&user_works, user, xa_mk_value(n + 1), GFP_ATOMIC));
	xa_unlock(&user_works);
	return ok;
}

static void work_end(unsigned long user)
{
	unsigned long n;

	xa_lock(&user_works);
	n = xa_to_value(xa_load(&user_works, user)) - 1;
	if (n)
		/* Cannot fail: the entry exists. */
		__xa_store(&user_works, user, xa_mk_value(n), GFP_ATOMIC);
	else
		__xa_erase(&user_works, user);
	xa_unlock(&user_works);
}

/**
 * struct iommufd_sva - SVA object
 * @obj: the object
 * @mm: the process's memory; mmgrab() keeps the struct, but not the memory
 * @user: key of the user of the process, for the limit of work items
 */
struct iommufd_sva {
	struct iommufd_object obj;
	struct mm_struct *mm;
	unsigned long user;
};

/**
 * struct iommufd_sva_queue - page requests of an attachment
 * @users: the attachment, and the work item while it is queued or running
 * @mm: as in struct iommufd_sva
 * @user: as in struct iommufd_sva
 * @memcg: that of the process that attached it, which pays for the requests; or NULL
 * @lock: protects the following members, and responses
 * @working: the work item is queued or running
 * @requests: struct sva_request, oldest first
 * @work: resolves them
 */
struct iommufd_sva_queue {
	refcount_t users;
	struct mm_struct *mm;
	unsigned long user;
	struct mem_cgroup *memcg;
	struct mutex lock;  /* working, requests */
	bool working;
	struct list_head requests;
	struct work_struct work;
};

/**
 * struct sva_request - a group of page requests that the kernel resolves
 * @item: in queue->requests
 * @req: the group; req.group is NULL once it is answered
 * @busy: the work is resolving it, and will free it
 * @num: number of pages
 * @page: their addresses and the access that the device needs (IOMMU_FAULT_PERM_*)
 */
struct sva_request {
	struct list_head item;
	struct iommufd_page_request req;
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
	iommufd_memcg_put(queue->memcg);
	mutex_destroy(&queue->lock);
	kfree(queue);
}

/* Fault in a page as for the CPU. */
static bool resolve_page(struct mm_struct *mm, u64 addr, u32 perm)
{
	unsigned int flags = FAULT_FLAG_REMOTE | FAULT_FLAG_USER;
	struct vm_area_struct *vma;
	bool unlocked = false, ok = true;

	/* Processes have no memory that needs privileged access. */
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
		/* Not answered by a drain, so the attachment still exists. */
		if (request->req.group)
			iommufd_page_request_respond(&request->req, code);
		list_del(&request->item);
		kfree(request);
	}
	queue->working = false;
	mutex_unlock(&queue->lock);
	work_end(queue->user);
	queue_put(queue);
	/* module_put() last: unloading waits until this function has returned. */
	module_put(THIS_MODULE);
}

/* Queue the work, with queue->lock held. Return false if the user has too many work items. */
static bool start_work(struct iommufd_sva_queue *queue)
{
	if (queue->working)
		return true;
	if (!work_begin(queue->user))
		return false;
	/* The context of the attachment holds a reference on the module. */
	__module_get(THIS_MODULE);
	refcount_inc(&queue->users);
	queue->working = true;
	queue_work(sva_workqueue, &queue->work);
	return true;
}

static struct sva_request *copy_request(struct iommufd_sva_queue *queue, struct iopf_group *group)
{
	struct sva_request *request;
	struct iopf_fault *iopf;
	unsigned int i = 0;

	request = iommufd_memcg_alloc(queue->memcg, struct_size(request, page, group->fault_count));
	if (!request)
		return NULL;
	request->num = group->fault_count;
	list_for_each_entry(iopf, &group->faults, list) {
		request->page[i].addr = iopf->fault.prm.addr;
		request->page[i++].perm = iopf->fault.prm.perm;
	}
	return request;
}

/* Let a worker resolve a group, or refuse it. */
static int take_group(struct iopf_group *group)
{
	struct iommufd_sva_queue *queue = to_hwpt_sva(&iommufd_iopf_hwpt(group)->obj)->queue;
	struct sva_request *request;

	/* The attachment is that of another device in the IOMMU group. */
	if (group->fault_param->dev != iommufd_iopf_device(group)->dev)
		return -ENODEV;
	if (iommufd_page_request_refused(group, IOMMU_EXT_NONE))
		return 0;
	request = copy_request(queue, group);
	if (!request)
		return -ENOMEM;
	iommufd_page_request_begin(&request->req, group, IOMMU_EXT_NONE);
	mutex_lock(&queue->lock);
	if (start_work(queue)) {
		list_add_tail(&request->item, &queue->requests);
	} else {
		iommufd_page_request_respond(&request->req, IOMMU_PAGE_RESP_INVALID);
		kfree(request);
	}
	mutex_unlock(&queue->lock);
	return 0;
}

/* Called by the IOMMU core in a kernel thread. */
static int handle_group(struct iopf_group *group)
{
	return iommufd_page_request_take(group, take_group);
}

/**
 * iommufd_sva_drain() - respond as invalid to the page requests of an attachment that has ended
 * @hwpt: the HWPT of the attachment; no new request comes through it
 *
 * Context: may sleep, but does not wait for pages of the process; group->lock is held.
 */
void iommufd_sva_drain(struct iommufd_hwpt *hwpt)
{
	struct iommufd_sva_queue *queue = to_hwpt_sva(&hwpt->obj)->queue;
	struct sva_request *request, *next;

	mutex_lock(&queue->lock);
	list_for_each_entry_safe(request, next, &queue->requests, item) {
		if (request->req.group)
			iommufd_page_request_respond(&request->req, IOMMU_PAGE_RESP_INVALID);
		if (request->busy)
			continue;
		list_del(&request->item);
		kfree(request);
	}
	mutex_unlock(&queue->lock);
}

static struct iommufd_sva_queue *queue_alloc(const struct iommufd_sva *sva)
{
	struct iommufd_sva_queue *queue = kzalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);

	if (!queue)
		return NULL;
	refcount_set(&queue->users, 1);
	queue->mm = sva->mm;
	mmgrab(queue->mm);
	queue->user = sva->user;
	queue->memcg = iommufd_memcg_get();
	mutex_init(&queue->lock);
	INIT_LIST_HEAD(&queue->requests);
	INIT_WORK(&queue->work, queue_work_fn);
	return queue;
}

/*
 * The kernel's half of the page table is part of every process's. The kernel frees page-table pages
 * there without notifying IOMMUs that may have cached them. For this reason iommu_sva_bind_device()
 * refuses all devices on x86. Allow only IOMMU drivers that never walk that half.
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
 * iommufd_device_check_sva() - check whether SVA objects can be attached to a device's PASIDs
 * @idev: the device
 *
 * Context: may sleep.
 * Return: 0; -EOPNOTSUPP if the IOMMU driver does not support it; -EPERM if it does, but not
 * safely.
 */
int iommufd_device_check_sva(struct iommufd_device *idev)
{
	const struct iommu_ops *ops;

	if (!IS_ENABLED(CONFIG_IOMMU_IOPF) || !idev->group->group || !idev->dev->iommu->max_pasids)
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

	ret = iommufd_device_check_sva(idev);
	if (ret == -EPERM)
		iommufd_refuse_sva(idev->ctx->totals.ctx_id, idev->dev);
	if (ret)
		return ERR_PTR(-EOPNOTSUPP);
	if (!mmget_not_zero(mm))
		return ERR_PTR(-ESRCH);
	/* With pointer tagging the CPU ignores address bits that the device does not. */
	if (!arch_pgtable_dma_compat(mm))
		domain = ERR_PTR(-EOPNOTSUPP);
	else
		domain = ops->domain_alloc_sva(idev->dev, mm);
	if (!IS_ERR(domain)) {
		domain->type = IOMMU_DOMAIN_SVA;
		domain->owner = ops;
		port_set_sva_cookie(domain);
		/* iommu_domain_free() drops this reference. */
		mmgrab(mm);
		domain->mm = mm;
	}
	mmput(mm);
	return domain;
}

/**
 * iommufd_hwpt_sva_alloc() - make the HWPT for an attachment to a process, not visible yet
 * @obj: the SVA object; the HWPT takes a reference on it
 * @idev: the device
 *
 * Context: may sleep.
 * Return: the HWPT, for iommufd_object_finalize() or iommufd_object_abort_and_destroy();
 * ERR_PTR(-EOPNOTSUPP) if the IOMMU driver cannot do it, or not safely; ERR_PTR(-ESRCH) if the
 * process has exited; ERR_PTR(-ENOMEM); another error of the driver.
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
	hwpt->queue = queue_alloc(sva);
	if (!hwpt->queue)
		goto err_abort;
	domain = alloc_domain(idev, sva->mm);
	if (IS_ERR(domain)) {
		ret = PTR_ERR(domain);
		goto err_queue;
	}
	/* Pin the IOMMU driver: it could be unloaded once its last device is gone. */
	__module_get(domain->owner->owner);
	domain->iopf_handler = handle_group;
	iommufd_object_ref(&sva->obj);
	hwpt->sva = sva;
	hwpt->common.ctx = idev->ctx;
	hwpt->common.domain = domain;
	hwpt->common.pasid_compat = true;
	return hwpt;

err_queue:
	queue_put(hwpt->queue);
err_abort:
	iommufd_object_abort(idev->ctx, &hwpt->common.obj);
	return ERR_PTR(ret);
}

/**
 * iommufd_hwpt_sva_destroy() - destroy the HWPT of an attachment to a process
 * @obj: the HWPT; nothing is attached to it
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
 * iommufd_hwpt_sva_show() - show the HWPT of an attachment to a process in fdinfo
 * @m: the file
 * @obj: the HWPT
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_hwpt_sva_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_hwpt_sva *hwpt = to_hwpt_sva(obj);

	seq_printf(m, " sva=%u auto faults", hwpt->sva->obj.id);
}

/**
 * iommufd_hwpt_sva_info() - describe the HWPT of an attachment to a process to iterators
 * @obj: the HWPT
 * @info: out
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_hwpt_sva_info(const struct iommufd_object *obj, struct iommufd_object_info *info)
{
	info->parent = to_hwpt_sva(obj)->sva->obj.id;
}

/**
 * iommufd_hwpt_sva_parent() - get the SVA object of a HWPT
 * @hwpt: the HWPT, which holds a reference on it
 *
 * Return: the object.
 */
struct iommufd_object *iommufd_hwpt_sva_parent(struct iommufd_hwpt_sva *hwpt)
{
	return &hwpt->sva->obj;
}

/**
 * iommufd_sva_is_dead() - check whether the memory of an SVA object's process was freed
 * @obj: the SVA object
 *
 * Return: true if nothing is shared any more.
 */
bool iommufd_sva_is_dead(const struct iommufd_object *obj)
{
	const struct iommufd_sva *sva = container_of(obj, struct iommufd_sva, obj);

	return !atomic_read(&sva->mm->mm_users);
}

/**
 * iommufd_sva_destroy() - destroy an SVA object
 * @obj: the object; no HWPT refers to it
 */
void iommufd_sva_destroy(struct iommufd_object *obj)
{
	mmdrop(container_of(obj, struct iommufd_sva, obj)->mm);
}

/**
 * iommufd_sva_show() - show an SVA object in fdinfo
 * @m: the file
 * @obj: the object
 *
 * Context: under the lock of ctx->objects.
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
 * Return: 0, or an errno documented in <linux/iommufd_ext.h>.
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
	sva->user = user_key();
	iommufd_object_finalize(ucmd->ctx, &sva->obj);
	return 0;
}

/**
 * iommufd_sva_init() - create the workqueue for page requests, on module load
 *
 * Return: 0 or -ENOMEM.
 */
int iommufd_sva_init(void)
{
	sva_workqueue = alloc_workqueue("iommufd-sva", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return sva_workqueue ? 0 : -ENOMEM;
}

/**
 * iommufd_sva_exit() - destroy the workqueue on module unload
 */
void iommufd_sva_exit(void)
{
	destroy_workqueue(sva_workqueue);
}
