// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOAS objects: making them, mapping memory into them, and IOMMU_OPTION.
 *
 * <linux/iommufd.h> documents the ioctls. An ioctl that cannot copy its result to user space
 * (-EFAULT) undoes its work. The frequent ones write back only the one member that changed, which
 * every version of their struct has.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "ioas/ioas.h"
#include "policy/policy.h"
#include "port/unzeroed.h"
#include "trace/emit.h"

/**
 * iommufd_ioas_destroy() - destroy an IOAS
 * @obj: the IOAS; no HWPT and no access uses it
 *
 * Context: may sleep.
 */
void iommufd_ioas_destroy(struct iommufd_object *obj)
{
	struct iommufd_ioas *ioas = container_of(obj, struct iommufd_ioas, obj);

	WARN_ON(!list_empty(&ioas->hwpts));
	iopt_destroy(&ioas->iopt);
	mutex_destroy(&ioas->hwpts_lock);
}

/**
 * iommufd_ioas_show() - show an IOAS in fdinfo
 * @m: the file
 * @obj: the IOAS
 *
 * areas, mapped and pinned in bytes, runs: the physically contiguous pieces in the page tables, and
 * huge: the bytes of whole 2 MiB pages in them.
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_ioas_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_ioas *ioas = container_of(obj, struct iommufd_ioas, obj);
	struct iopt_totals totals;

	iopt_get_totals(&ioas->iopt, &totals);
	seq_printf(m, " areas=%lu mapped=%lu pinned=%lu runs=%lu huge=%lu", totals.areas,
		   totals.mapped, totals.pinned << PAGE_SHIFT, totals.runs, totals.huge * SZ_2M);
}

/**
 * iommufd_ioas_info() - describe an IOAS to iterators
 * @obj: the IOAS
 * @info: out
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_ioas_info(const struct iommufd_object *obj, struct iommufd_object_info *info)
{
	const struct iommufd_ioas *ioas = container_of(obj, struct iommufd_ioas, obj);
	struct iopt_totals totals;

	iopt_get_totals(&ioas->iopt, &totals);
	info->areas = totals.areas;
	info->mapped = totals.mapped;
	info->pinned = (u64)totals.pinned << PAGE_SHIFT;
	info->runs = totals.runs;
	info->huge = totals.huge;
}

/**
 * iommufd_ioas_alloc() - make an IOAS that is not visible yet
 * @ctx: the context
 *
 * Context: may sleep.
 * Return: the IOAS, for iommufd_object_finalize() or iommufd_object_abort_and_destroy();
 * ERR_PTR(-ENOMEM).
 */
struct iommufd_ioas *iommufd_ioas_alloc(struct iommufd_ctx *ctx)
{
	struct iommufd_ioas *ioas = NULL;

	ioas = iommufd_object_alloc(ctx, ioas, IOMMUFD_OBJ_IOAS, obj);
	if (IS_ERR(ioas))
		return ioas;
	if (iopt_init(&ioas->iopt)) {
		iommufd_object_abort(ctx, &ioas->obj);
		return ERR_PTR(-ENOMEM);
	}
	static_assert(offsetof(struct iopt_cpu, calls) == 0);
	iommufd_object_count_calls(&ioas->obj, &ioas->iopt.cpu->calls);
	mutex_init(&ioas->hwpts_lock);
	INIT_LIST_HEAD(&ioas->hwpts);
	return ioas;
}

/**
 * iommufd_ioas_alloc_ioctl() - IOMMU_IOAS_ALLOC
 * @ucmd: struct iommu_ioas_alloc
 *
 * Return: 0, or an errno documented in <linux/iommufd.h>.
 */
int iommufd_ioas_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_alloc *cmd = ucmd->cmd;
	struct iommufd_ioas *ioas;

	if (cmd->flags)
		return -EOPNOTSUPP;
	ioas = iommufd_ioas_alloc(ucmd->ctx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	cmd->out_ioas_id = ioas->obj.id;
	if (iommufd_ucmd_respond(ucmd, sizeof(*cmd))) {
		iommufd_object_abort_and_destroy(ucmd->ctx, &ioas->obj);
		return -EFAULT;
	}
	iommufd_object_finalize(ucmd->ctx, &ioas->obj);
	return 0;
}

/* Store up to @room usable ranges and return how many there are. */
static u32 list_usable(struct iopt *iopt, struct iommu_iova_range *ranges, u32 room,
		       struct iommu_ioas_iova_ranges *cmd)
{
	unsigned long from = 0, start, last;
	u32 n = 0;

	down_read(&iopt->lock);
	cmd->out_iova_alignment = iopt->alignment;
	while (iopt_next_usable(iopt, from, &start, &last)) {
		if (n < room)
			ranges[n] = (struct iommu_iova_range){ .start = start, .last = last };
		n++;
		if (last == ULONG_MAX)
			break;
		from = last + 1;
	}
	up_read(&iopt->lock);
	return n;
}

/**
 * iommufd_ioas_iova_ranges() - IOMMU_IOAS_IOVA_RANGES
 * @ucmd: struct iommu_ioas_iova_ranges
 *
 * Return: 0, or an errno documented in <linux/iommufd.h>.
 */
int iommufd_ioas_iova_ranges(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_iova_ranges *cmd = ucmd->cmd;
	struct iommu_iova_range *ranges = NULL;
	u32 room = cmd->num_iovas, have = 0;
	struct iommufd_ioas *ioas;
	int ret = 0;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = iommufd_get_ioas(ucmd->ctx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	/*
	 * List into kernel memory: a page fault must not be waited for with the address space
	 * locked.
	 */
	for (;;) {
		cmd->num_iovas = list_usable(&ioas->iopt, ranges, have, cmd);
		if (min(cmd->num_iovas, room) <= have || fatal_signal_pending(current))
			break;
		kvfree(ranges);
		have = min(cmd->num_iovas, room);
		ranges = kvmalloc_array(have, sizeof(*ranges), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		if (!ranges) {
			ret = -ENOMEM;
			break;
		}
	}
	iommufd_object_put(ucmd->ctx, &ioas->obj);

	have = min3(cmd->num_iovas, room, have);
	if (!ret &&
	    copy_to_user(u64_to_user_ptr(cmd->allowed_iovas), ranges, have * sizeof(*ranges)))
		ret = -EFAULT;
	kvfree(ranges);
	if (!ret)
		ret = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (!ret && cmd->num_iovas > room)
		ret = -EMSGSIZE;
	return ret;
}

static int copy_allowed(struct rb_root_cached *tree, struct iommu_iova_range __user *uranges, u32 n)
{
	struct iommu_iova_range range;
	int ret;
	u32 i;

	for (i = 0; i < n; i++) {
		if (copy_from_user(&range, uranges + i, sizeof(range)))
			return -EFAULT;
		if (range.start >= range.last)
			return -EINVAL;
		if (interval_tree_iter_first(tree, range.start, range.last))
			return -EINVAL;
		ret = iopt_range_add(tree, range.start, range.last);
		if (ret)
			return ret;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/**
 * iommufd_ioas_allow_iovas() - IOMMU_IOAS_ALLOW_IOVAS
 * @ucmd: struct iommu_ioas_allow_iovas
 *
 * Return: 0, or an errno documented in <linux/iommufd.h>.
 */
int iommufd_ioas_allow_iovas(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_allow_iovas *cmd = ucmd->cmd;
	struct rb_root_cached allowed = RB_ROOT_CACHED;
	struct iommufd_ioas *ioas;
	int ret;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = iommufd_get_ioas(ucmd->ctx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	ret = copy_allowed(&allowed, u64_to_user_ptr(cmd->allowed_iovas), cmd->num_iovas);
	if (!ret)
		ret = iopt_set_allowed(&ioas->iopt, &allowed);
	iopt_range_free_all(&allowed);
	iommufd_object_put(ucmd->ctx, &ioas->obj);
	return ret;
}

/* The address cannot be returned to user space, so undo the map. */
static void undo_map(struct iopt *iopt, const struct iopt_target *target)
{
	struct iopt_stats stats = {};

	iopt_unmap(iopt, target->iova, target->iova + target->length - 1, &stats, false);
}

static int do_map(struct iommufd_ucmd *ucmd, struct iommu_ioas_map *cmd, struct iopt_stats *stats)
{
	struct iommu_ioas_map __user *ucmd_map = ucmd->ubuffer;
	struct umem_source source = {
		.kind = UMEM_USER,
		.start = cmd->user_va,
		.totals = &ucmd->ctx->totals,
	};
	struct iopt_target target = {
		.iova = cmd->iova,
		.length = cmd->length,
		.fixed = cmd->flags & IOMMU_IOAS_MAP_FIXED_IOVA,
		.prot = iommufd_map_prot(cmd->flags),
		.pin.timed = trace_iommufd_ioas_map_enabled() || umem_is_timed(cmd->length),
	};
	struct iommufd_policy_map policy port_unzeroed;
	struct iommufd_ioas *ioas;
	int ret;

	if ((cmd->flags & ~IOMMUFD_MAP_FLAGS) || cmd->__reserved)
		return -EOPNOTSUPP;
	if (cmd->iova >= ULONG_MAX || cmd->length >= ULONG_MAX)
		return -EOVERFLOW;
	if (!(cmd->flags & (IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)))
		return -EINVAL;

	ioas = iommufd_get_ioas(ucmd->ctx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	source.account_mm = ucmd->ctx->account_mm;
	iommufd_policy_begin_map(&target, &policy, .totals = &ucmd->ctx->totals,
				 .ioas = ioas->obj.id, .kind = IOMMUFD_MEMORY_USER,
				 .start = cmd->user_va,
				 .pages = iommufd_policy_pages(cmd->user_va, cmd->length));
	ret = iopt_map(&ioas->iopt, &target, &source, stats);
	iommufd_policy_end_map(&target);
	if (!ret) {
		cmd->iova = target.iova;
		ret = put_user(cmd->iova, &ucmd_map->iova);
		if (ret)
			undo_map(&ioas->iopt, &target);
	}
	iommufd_object_put(ucmd->ctx, &ioas->obj);
	return ret;
}

/**
 * iommufd_ioas_map() - IOMMU_IOAS_MAP
 * @ucmd: struct iommu_ioas_map
 *
 * Return: 0, or an errno that docs/uapi.md lists.
 */
int iommufd_ioas_map(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_map *cmd = ucmd->cmd;
	struct iopt_stats stats = {};
	int ret = do_map(ucmd, cmd, &stats);

	iommufd_count_map(ucmd->ctx, ret);
	/* Without a listener, do not even load the arguments. */
	iommufd_trace(ioas_map, ucmd->ctx->totals.ctx_id, current->tgid, cmd->ioas_id, cmd->iova,
		      cmd->length, cmd->user_va, cmd->flags, stats.pin.pages, stats.runs,
		      stats.pin.ns, stats.fill_ns, ret);
	return ret;
}

/*
 * Ask policies about a copy, and make it if they allow it. @pinned: the source has page tables, so
 * no page is new. Not inlined, because the kernel zeroes structs on the stack, and a copy without
 * policies is shorter than that.
 */
static noinline int copy_if_allowed(struct iommufd_ucmd *ucmd, struct iommufd_ioas *ioas,
				    struct iopt_target *target, struct iopt_chain *areas,
				    bool pinned, struct iopt_stats *stats, bool *exceeded)
{
	struct iommu_ioas_copy *cmd = ucmd->cmd;
	struct umem_shares shares;
	struct iommufd_policy_map policy = {
		.approver.ask = iommufd_policy_ask_map,
		.totals = &ucmd->ctx->totals,
		.ioas = ioas->obj.id,
		.kind = IOMMUFD_MEMORY_COPY,
		.start = cmd->src_iova,
		.pinned = pinned,
		.shares = &shares,
	};
	int ret;

	umem_shares_init(&shares);
	if (!pinned)
		iopt_copy_pages(areas, &shares);
	target->approver = &policy.approver;
	ret = iopt_copy_to(&ioas->iopt, target, areas, stats);
	*exceeded = iommufd_policy_end_map(target);
	umem_shares_put(&shares);
	return ret;
}

/*
 * Copy areas between IOASes. With @may_be_pinned, a source with page tables counts as pinned, so
 * that policies are asked about no new pages. Set *@exceeded if the call failed because it had to
 * pin more than policies were asked about.
 */
static int do_copy(struct iommufd_ucmd *ucmd, struct iommu_ioas_copy *cmd, bool may_be_pinned,
		   struct iopt_stats *stats, bool *exceeded)
{
	struct iommu_ioas_copy __user *ucmd_copy = ucmd->ubuffer;
	struct iopt_target target = {
		.iova = cmd->dst_iova,
		.length = cmd->length,
		.fixed = cmd->flags & IOMMU_IOAS_MAP_FIXED_IOVA,
		.prot = iommufd_map_prot(cmd->flags),
		.pin.timed = umem_is_timed(cmd->length),
	};
	struct iommufd_ioas *ioas;
	bool pinned;
	int ret;
	DEFINE_IOPT_CHAIN(areas);

	if (cmd->flags & ~IOMMUFD_MAP_FLAGS)
		return -EOPNOTSUPP;
	if (cmd->length >= ULONG_MAX || cmd->src_iova >= ULONG_MAX || cmd->dst_iova >= ULONG_MAX)
		return -EOVERFLOW;
	if (!(cmd->flags & (IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)))
		return -EINVAL;

	ioas = iommufd_get_ioas(ucmd->ctx, cmd->src_ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	ret = iopt_copy_from(&ioas->iopt, cmd->src_iova, &target, &areas);
	pinned = may_be_pinned && !list_empty_careful(&ioas->iopt.tables);
	iommufd_object_put(ucmd->ctx, &ioas->obj);
	if (ret)
		return ret;

	ioas = iommufd_get_ioas(ucmd->ctx, cmd->dst_ioas_id);
	if (IS_ERR(ioas)) {
		iopt_copy_abort(&areas);
		return PTR_ERR(ioas);
	}
	if (iommufd_policy_has(IOAS_MAP))
		ret = copy_if_allowed(ucmd, ioas, &target, &areas, pinned, stats, exceeded);
	else
		ret = iopt_copy_to(&ioas->iopt, &target, &areas, stats);
	if (!ret) {
		cmd->dst_iova = target.iova;
		ret = put_user(cmd->dst_iova, &ucmd_copy->dst_iova);
		if (ret)
			undo_map(&ioas->iopt, &target);
	}
	iommufd_object_put(ucmd->ctx, &ioas->obj);
	return ret;
}

/**
 * iommufd_ioas_copy() - IOMMU_IOAS_COPY
 * @ucmd: struct iommu_ioas_copy
 *
 * Return: 0, or an errno that docs/uapi.md lists.
 */
int iommufd_ioas_copy(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_copy *cmd = ucmd->cmd;
	u64 start = trace_iommufd_ioas_copy_enabled() ? ktime_get_ns() : 0;
	struct iopt_stats stats = {};
	bool exceeded = false;
	int ret = do_copy(ucmd, cmd, true, &stats, &exceeded);

	/*
	 * The source was unmapped meanwhile, so its pages have to be pinned again: ask policies
	 * again.
	 */
	if (unlikely(exceeded && ret)) {
		stats = (struct iopt_stats){};
		ret = do_copy(ucmd, cmd, false, &stats, &exceeded);
	}
	if (ret)
		umem_count(&ucmd->ctx->totals, copies_failed, 1);
	else
		umem_count(&ucmd->ctx->totals, copies, 1);
	iommufd_trace(ioas_copy, ucmd->ctx->totals.ctx_id, current->tgid, cmd->dst_ioas_id,
		      cmd->src_ioas_id, cmd->dst_iova, cmd->src_iova, cmd->length, cmd->flags,
		      stats.pin.pages, stats.runs, start ? ktime_get_ns() - start : 0, ret);
	return ret;
}

static int do_unmap(struct iommufd_ucmd *ucmd, struct iommu_ioas_unmap *cmd,
		    struct iopt_stats *stats)
{
	struct iommufd_ioas *ioas;
	unsigned long last;
	int ret;

	ioas = iommufd_get_ioas(ucmd->ctx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	if (iommufd_policy_has(IOAS_UNMAP)) {
		ret = iommufd_policy_ask_unmap(&ucmd->ctx->totals, ioas->obj.id, cmd->iova,
					       cmd->length);
		if (ret)
			goto out_put;
	}

	if (cmd->iova == 0 && cmd->length == U64_MAX) {
		ret = iopt_unmap(&ioas->iopt, 0, ULONG_MAX, stats, true);
	} else if (cmd->iova >= ULONG_MAX || cmd->length >= ULONG_MAX) {
		ret = -EOVERFLOW;
	} else {
		ret = iopt_last(cmd->iova, cmd->length, &last);
		if (!ret)
			ret = iopt_unmap(&ioas->iopt, cmd->iova, last, stats, true);
		if (!ret && !stats->bytes)
			ret = -ENOENT;
	}
out_put:
	iommufd_object_put(ucmd->ctx, &ioas->obj);
	return ret;
}

/**
 * iommufd_ioas_unmap() - IOMMU_IOAS_UNMAP
 * @ucmd: struct iommu_ioas_unmap
 *
 * Return: 0, or an errno that docs/uapi.md lists.
 */
int iommufd_ioas_unmap(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_unmap __user *ucmd_unmap = ucmd->ubuffer;
	struct iommu_ioas_unmap *cmd = ucmd->cmd;
	u64 start = trace_iommufd_ioas_unmap_enabled() ? ktime_get_ns() : 0;
	struct iopt_stats stats = {};
	int ret = do_unmap(ucmd, cmd, &stats);

	iommufd_trace(ioas_unmap, ucmd->ctx->totals.ctx_id, current->tgid, cmd->ioas_id, cmd->iova,
		      cmd->length, stats.bytes, stats.areas, stats.pin.pages, stats.pin.runs,
		      start ? ktime_get_ns() - start : 0, ret);
	if (!ret)
		ret = put_user((u64)stats.bytes, &ucmd_unmap->length);
	iommufd_count_unmap(ucmd->ctx, ret);
	return ret;
}

static int option_rlimit_mode(struct iommufd_ctx *ctx, struct iommu_option *cmd)
{
	int ret = 0;

	if (cmd->object_id)
		return -EOPNOTSUPP;
	if (cmd->op == IOMMU_OPTION_OP_GET) {
		cmd->val64 = ctx->account_mm;
		return 0;
	}
	if (cmd->op != IOMMU_OPTION_OP_SET)
		return -EOPNOTSUPP;
	if (!capable(CAP_SYS_RESOURCE))
		return -EPERM;

	/* Pages charged in one mode cannot be uncharged in the other. */
	xa_lock(&ctx->objects);
	if (!xa_empty(&ctx->objects))
		ret = -EBUSY;
	else if (cmd->val64 > 1)
		ret = -EINVAL;
	else
		ctx->account_mm = cmd->val64;
	xa_unlock(&ctx->objects);
	return ret;
}

static int option_huge_pages(struct iommufd_ctx *ctx, struct iommu_option *cmd)
{
	struct iommufd_ioas *ioas = iommufd_get_ioas(ctx, cmd->object_id);
	int ret = 0;

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	if (cmd->op == IOMMU_OPTION_OP_GET)
		cmd->val64 = !READ_ONCE(ioas->iopt.no_huge);
	else if (cmd->op != IOMMU_OPTION_OP_SET)
		ret = -EOPNOTSUPP;
	else if (cmd->val64 > 1)
		ret = -EINVAL;
	else
		ret = iopt_set_huge(&ioas->iopt, cmd->val64);
	iommufd_object_put(ctx, &ioas->obj);
	return ret;
}

/**
 * iommufd_option() - IOMMU_OPTION
 * @ucmd: struct iommu_option
 *
 * Return: 0, or an errno documented in <linux/iommufd.h>.
 */
int iommufd_option(struct iommufd_ucmd *ucmd)
{
	struct iommu_option __user *ucmd_option = ucmd->ubuffer;
	struct iommu_option *cmd = ucmd->cmd;
	int ret;

	if (cmd->__reserved)
		return -EOPNOTSUPP;

	switch (cmd->option_id) {
	case IOMMU_OPTION_RLIMIT_MODE:
		ret = option_rlimit_mode(ucmd->ctx, cmd);
		break;
	case IOMMU_OPTION_HUGE_PAGES:
		ret = option_huge_pages(ucmd->ctx, cmd);
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (ret)
		return ret;
	/* The rest is input, which may be in memory that cannot be written. */
	return put_user(cmd->val64, &ucmd_option->val64);
}
