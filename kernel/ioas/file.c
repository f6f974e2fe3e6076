// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_IOAS_MAP_FILE and IOMMU_IOAS_CHANGE_PROCESS: memory that belongs to a file instead of a
 * process, so that one process can hand it over to the next while devices use it.
 *
 * Tracepoints report such a map like one of IOMMU_IOAS_MAP, with the file offset instead of the
 * address.
 */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/hugetlb.h>
#include <linux/iommu.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd_new.h>

#include "ioas/ioas.h"
#include "policy/policy.h"
#include "port/unzeroed.h"
#include "trace/emit.h"

/**
 * iommufd_dmabuf_exporter_register() - allow the dma-bufs of an exporter to be mapped
 * @exporter: filled in, except @item
 *
 * Context: may sleep; the caller holds no reservation lock.
 * Return: 0; -EINVAL without ops, ops->pin() or get_phys(); -EEXIST if one is registered for these
 * ops; -EOPNOTSUPP if the kernel has no dma-bufs.
 */
int iommufd_dmabuf_exporter_register(struct iommufd_dmabuf_exporter *exporter)
{
	return umem_exporter_register(exporter);
}
EXPORT_SYMBOL_NS_GPL(iommufd_dmabuf_exporter_register, "IOMMUFD");

/**
 * iommufd_dmabuf_exporter_unregister() - undo iommufd_dmabuf_exporter_register()
 * @exporter: as it was registered
 *
 * Mappings stay, because they hold references on their dma-bufs, and those on the exporter's
 * module.
 *
 * Context: may sleep; waits for get_phys(); the caller holds no reservation lock.
 */
void iommufd_dmabuf_exporter_unregister(struct iommufd_dmabuf_exporter *exporter)
{
	umem_exporter_unregister(exporter);
}
EXPORT_SYMBOL_NS_GPL(iommufd_dmabuf_exporter_unregister, "IOMMUFD");

/*
 * Only files of tmpfs and hugetlbfs have memory that can be pinned. Refuse all others now, not when
 * a page table needs their pages: a context mapped into itself, or the file of a device in it,
 * would keep the context and its pinned pages forever.
 */
static bool has_memory(struct file *file)
{
	return shmem_file(file) || is_file_hugepages(file);
}

/* Get the memory behind a file descriptor; returns its file, to be put, or ERR_PTR(). */
static struct file *get_source(struct umem_source *source, int fd)
{
	struct dma_buf *dmabuf;
	struct file *file;

	if (IS_ENABLED(CONFIG_DMA_SHARED_BUFFER)) {
		dmabuf = dma_buf_get(fd);
		if (!IS_ERR(dmabuf)) {
			source->kind = UMEM_DMABUF;
			source->dmabuf = dmabuf;
			source->importer = iommufd_importer();
			/* All references on a dma-buf are on its file. */
			return dmabuf->file;
		}
	}
	source->kind = UMEM_FILE;
	file = fget(fd);
	if (!file)
		return ERR_PTR(-EBADF);
	if (!has_memory(file)) {
		fput(file);
		return ERR_PTR(-EINVAL);
	}
	source->file = file;
	return file;
}

static int map_file(struct iommufd_ucmd *ucmd, struct iommu_ioas_map_file *cmd,
		    struct iommufd_ioas *ioas, struct iopt_stats *stats)
{
	struct iommu_ioas_map_file __user *ucmd_map = ucmd->ubuffer;
	struct umem_source source = {
		.start = cmd->start,
		.totals = &ucmd->ctx->totals,
		.account_mm = ucmd->ctx->account_mm,
	};
	struct iopt_target target = {
		.iova = cmd->iova,
		.length = cmd->length,
		.fixed = cmd->flags & IOMMU_IOAS_MAP_FIXED_IOVA,
		.prot = iommufd_map_prot(cmd->flags),
		.pin.timed = trace_iommufd_ioas_map_file_enabled() || umem_is_timed(cmd->length),
	};
	struct iommufd_policy_map policy port_unzeroed;
	struct iopt_stats undo = {};
	unsigned long last;
	struct file *file;
	int ret;

	ret = iopt_last(cmd->start, cmd->length, &last);
	if (ret)
		return ret;
	file = get_source(&source, cmd->fd);
	if (IS_ERR(file))
		return PTR_ERR(file);
	iommufd_policy_begin_map(
		&target, &policy, .totals = &ucmd->ctx->totals, .ioas = ioas->obj.id,
		.kind = source.kind == UMEM_DMABUF ? IOMMUFD_MEMORY_DMABUF : IOMMUFD_MEMORY_FILE,
		.start = cmd->start, .pages = iommufd_policy_pages(cmd->start, cmd->length));
	ret = iopt_map(&ioas->iopt, &target, &source, stats);
	iommufd_policy_end_map(&target);
	fput(file);
	if (ret)
		return ret;

	cmd->iova = target.iova;
	ret = put_user(cmd->iova, &ucmd_map->iova);
	if (ret)
		iopt_unmap(&ioas->iopt, target.iova, target.iova + target.length - 1, &undo, false);
	return ret;
}

static int do_map_file(struct iommufd_ucmd *ucmd, struct iommu_ioas_map_file *cmd,
		       struct iopt_stats *stats)
{
	struct iommufd_ioas *ioas;
	int ret;

	if (cmd->flags & ~IOMMUFD_MAP_FLAGS)
		return -EOPNOTSUPP;
	if (cmd->iova >= ULONG_MAX || cmd->length >= ULONG_MAX)
		return -EOVERFLOW;
	if (!(cmd->flags & (IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)))
		return -EINVAL;

	ioas = iommufd_get_ioas(ucmd->ctx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	ret = map_file(ucmd, cmd, ioas, stats);
	iommufd_object_put(ucmd->ctx, &ioas->obj);
	return ret;
}

/**
 * iommufd_ioas_map_file() - IOMMU_IOAS_MAP_FILE
 * @ucmd: struct iommu_ioas_map_file
 *
 * Return: 0; -EOPNOTSUPP for unknown flags, or a dma-buf whose exporter did not register; -EINVAL
 * for a length of 0, an offset or length not aligned as page tables need it, a range beyond the end
 * of the file, or a file that is neither a memfd nor a dma-buf; -EOVERFLOW; -ENOENT if there is no
 * such IOAS; -EBADF; -ENODEV for a dma-buf that was revoked; -EEXIST, -ENOSPC, -ENOMEM, -EINTR and
 * -EFAULT as for IOMMU_IOAS_MAP.
 */
int iommufd_ioas_map_file(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_map_file *cmd = ucmd->cmd;
	struct iopt_stats stats = {};
	int ret = do_map_file(ucmd, cmd, &stats);

	iommufd_count_map(ucmd->ctx, ret);
	iommufd_trace(ioas_map_file, ucmd->ctx->totals.ctx_id, current->tgid, cmd->ioas_id,
		      cmd->iova, cmd->length, cmd->start, cmd->flags, stats.pin.pages, stats.runs,
		      stats.pin.ns, stats.fill_ns, ret);
	return ret;
}

/*
 * Begin a call on each existing IOAS. One that is made later has no mappings of the old owner. A
 * process decides how many there are, so each loop over them lets other tasks run.
 */
static void get_all_ioases(struct iommufd_ctx *ctx, struct list_head *all)
{
	XA_STATE(xas, &ctx->objects, 0);
	struct iommufd_object *obj;
	unsigned int ids = 0;

	xas_lock(&xas);
	xas_for_each(&xas, obj, ULONG_MAX) {
		/* Neither reserved ids nor tombstones have an object. */
		if (!xas_retry(&xas, obj) && obj->type == IOMMUFD_OBJ_IOAS &&
		    iommufd_object_tryget(obj))
			list_add_tail(&container_of(obj, struct iommufd_ioas, obj)->change_item,
				      all);
		iommufd_walk_resched(&xas, &ids);
	}
	xas_unlock(&xas);
}

static void put_all_ioases(struct iommufd_ctx *ctx, struct list_head *all)
{
	struct iommufd_ioas *ioas, *next;

	list_for_each_entry_safe(ioas, next, all, change_item) {
		list_del(&ioas->change_item);
		iommufd_object_put(ctx, &ioas->obj);
		cond_resched();
	}
}

/**
 * struct process_change - a call of IOMMU_IOAS_CHANGE_PROCESS
 * @policy: the part that policies see
 * @ctx: the context
 * @pages: pinned pages that moved
 */
struct process_change {
	struct iommufd_policy_change policy;
	struct iommufd_ctx *ctx;
	unsigned long pages;
};

/* The step to take with the frozen memory. @pages: out: the pages that moved, if any did. */
typedef int (*act_t)(struct umem_owner_change *list, unsigned long n, struct umem_grant *grant,
		     unsigned long *pages);

static int count_needs(struct umem_owner_change *list, unsigned long n, struct umem_grant *grant,
		       unsigned long *pages)
{
	umem_needs_of_change(list, n, &grant->by, &grant->needs);
	return 0;
}

/* List the memory behind @n areas, which all map files, and act on it. All IOASes are frozen. */
static int act_on_files(struct list_head *all, unsigned long n, act_t act, struct umem_grant *grant,
			unsigned long *pages)
{
	struct iommufd_ioas *ioas;
	struct umem_owner_change *list;
	unsigned long end = 0;
	int ret;

	if (!n)
		return 0;
	/* A user decides how many areas there are. */
	list = kvmalloc_array(n, sizeof(*list), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!list)
		return -ENOMEM;
	list_for_each_entry(ioas, all, change_item) {
		end += iopt_list_files(&ioas->iopt, list + end);
		cond_resched();
	}
	ret = act(list, end, grant, pages);
	iopt_unlist_files(list, end);
	kvfree(list);
	return ret;
}

static int freeze_tables(struct iommufd_ctx *ctx, struct list_head *all)
{
	struct iommufd_ioas *ioas;
	int ret;

	list_for_each_entry(ioas, all, change_item) {
		ret = fatal_signal_pending(current) ? -EINTR : 0;
		if (!ret)
			ret = iopt_freeze_tables(&ioas->iopt, &ctx->change_lock);
		if (ret)
			goto err_thaw;
		cond_resched();
	}
	return 0;

err_thaw:
	list_for_each_entry_continue_reverse(ioas, all, change_item) {
		iopt_thaw_tables(&ioas->iopt);
		cond_resched();
	}
	return ret;
}

static int freeze_and_act(struct iommufd_ctx *ctx, struct list_head *all, act_t act,
			  struct umem_grant *grant, unsigned long *pages)
{
	struct iommufd_ioas *ioas;
	unsigned long n = 0;
	int ret;

	ret = freeze_tables(ctx, all);
	if (ret)
		return ret;
	list_for_each_entry(ioas, all, change_item) {
		ret = iopt_count_files(&ioas->iopt, &n);
		if (ret)
			goto out_thaw;
		cond_resched();
	}

	list_for_each_entry(ioas, all, change_item) {
		iopt_freeze(&ioas->iopt, &ctx->change_lock);
		cond_resched();
	}
	ret = act_on_files(all, n, act, grant, pages);
	list_for_each_entry(ioas, all, change_item) {
		iopt_thaw(&ioas->iopt);
		cond_resched();
	}
out_thaw:
	list_for_each_entry(ioas, all, change_item) {
		iopt_thaw_tables(&ioas->iopt);
		cond_resched();
	}
	return ret;
}

static int act_on_all(struct iommufd_ctx *ctx, act_t act, struct umem_grant *grant,
		      unsigned long *pages)
{
	LIST_HEAD(all);
	int ret;

	if (mutex_lock_killable(&ctx->change_lock))
		return -EINTR;
	get_all_ioases(ctx, &all);
	ret = freeze_and_act(ctx, &all, act, grant, pages);
	put_all_ioases(ctx, &all);
	mutex_unlock(&ctx->change_lock);
	return ret;
}

static int change_if_granted(struct iommufd_policy_change *policy, struct umem_grant *grant)
{
	struct process_change *change = container_of(policy, struct process_change, policy);

	return act_on_all(change->ctx, umem_change_owners, grant, &change->pages);
}

/* Nothing is locked while policies decide, so count first, ask, and check the count again. */
static int ask_and_change(struct process_change *change)
{
	struct iommufd_ctx *ctx = change->ctx;
	struct umem_grant grant = {
		.by.tgid = current->tgid,
		.by.pid = task_tgid(current),
		.by.uid = current_uid(),
		.by.cgroup = umem_cgroup_current(),
	};
	int ret;

	ret = act_on_all(ctx, count_needs, &grant, NULL);
	return ret ? ret : iommufd_policy_ask_change(&change->policy, &ctx->totals, &grant.needs);
}

/**
 * iommufd_ioas_change_process() - IOMMU_IOAS_CHANGE_PROCESS
 * @ucmd: struct iommu_ioas_change_process
 *
 * On error nothing has changed.
 *
 * Return: 0; -EOPNOTSUPP for a reserved member; -EINVAL if anything but memfds is mapped; -EBUSY
 * while a map or unmap is in progress; -ENOMEM if the RLIMIT_MEMLOCK of the calling process does
 * not allow it, or for lack of memory; -EINTR; an error of a policy.
 */
int iommufd_ioas_change_process(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_change_process *cmd = ucmd->cmd;
	u64 start = trace_iommufd_ioas_change_process_enabled() ? ktime_get_ns() : 0;
	struct process_change change = {
		.policy.change = change_if_granted,
		.ctx = ucmd->ctx,
	};
	int ret;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (iommufd_policy_has(IOAS_CHANGE_PROCESS))
		ret = ask_and_change(&change);
	else
		ret = act_on_all(ucmd->ctx, umem_change_owners, NULL, &change.pages);
	iommufd_trace(ioas_change_process, ucmd->ctx->totals.ctx_id, current->tgid, change.pages,
		      start ? ktime_get_ns() - start : 0, ret);
	return ret;
}
