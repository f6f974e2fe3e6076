// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a VFIO container with the type1 IOMMU, on a file of /dev/iommu. They work on the
 * compatibility IOAS of the context (vfio_container.c); most fail with ENODEV if there is none.
 *
 * Each struct begins with argsz, its size as user space knows it. Only the members of its first
 * version are required, and only those are read and written.
 *
 * Type1 lets a program unmap any part of a mapping, type1v2 only whole mappings. The IOAS records
 * which one applies: with type1 it does not use huge pages. Like in the kernel's own iommufd, there
 * is no dirty tracking, no update of user addresses (VFIO_DMA_MAP_FLAG_VADDR) and no nesting.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <uapi/linux/vfio.h>

#include "compat/compat.h"
#include "hwpt/hwpt.h"
#include "policy/policy.h"
#include "port/unzeroed.h"
#include "trace/emit.h"

#define MAP_FLAGS (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

/* Translate VFIO's flags to those of IOMMU_IOAS_MAP. */
static u32 map_flags(u32 flags)
{
	u32 ret = IOMMU_IOAS_MAP_FIXED_IOVA;

	if (flags & VFIO_DMA_MAP_FLAG_READ)
		ret |= IOMMU_IOAS_MAP_READABLE;
	if (flags & VFIO_DMA_MAP_FLAG_WRITE)
		ret |= IOMMU_IOAS_MAP_WRITEABLE;
	return ret;
}

static int do_map_dma(struct iommufd_ctx *ctx, void __user *arg)
{
	const size_t size = offsetofend(struct vfio_iommu_type1_dma_map, size);
	struct iopt_stats stats = {};
	struct iommufd_policy_map policy port_unzeroed;
	struct vfio_iommu_type1_dma_map map;
	struct umem_source source;
	struct iopt_target target;
	struct iommufd_ioas *ioas;
	u32 flags;
	int ret;

	if (copy_from_user(&map, arg, size))
		return -EFAULT;
	if (map.argsz < size || map.flags & ~MAP_FLAGS)
		return -EINVAL;
	flags = map_flags(map.flags);

	ioas = iommufd_vfio_get_ioas(ctx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	source = (struct umem_source){
		.kind = UMEM_USER,
		.start = map.vaddr,
		.totals = &ctx->totals,
		/* Set by IOMMU_OPTION_RLIMIT_MODE; VFIO itself always charges the process. */
		.account_mm = ctx->account_mm,
	};
	target = (struct iopt_target){
		.iova = map.iova,
		.length = map.size,
		.fixed = true,
		.prot = iommufd_map_prot(flags),
		.pin.timed = trace_iommufd_ioas_map_enabled() || umem_is_timed(map.size),
	};
	iommufd_policy_begin_map(&target, &policy, .totals = &ctx->totals, .ioas = ioas->obj.id,
				 .kind = IOMMUFD_MEMORY_USER, .start = map.vaddr,
				 .pages = iommufd_policy_pages(map.vaddr, map.size));
	ret = iopt_map(&ioas->iopt, &target, &source, &stats);
	iommufd_policy_end_map(&target);
	iommufd_trace(ioas_map, ctx->totals.ctx_id, current->tgid, ioas->obj.id, map.iova, map.size,
		      map.vaddr, flags, stats.pin.pages, stats.runs, stats.pin.ns, stats.fill_ns,
		      ret);
	iommufd_object_put(ctx, &ioas->obj);
	return ret;
}

static int map_dma(struct iommufd_ctx *ctx, void __user *arg)
{
	int ret = do_map_dma(ctx, arg);

	iommufd_count_map(ctx, ret);
	return ret;
}

/*
 * With type1, split the areas that reach across the ends of the range first. Like in upstream, this
 * comes before the range is checked, and a split stays if the call then fails. Set *@tried to false
 * if nothing was unmapped because splitting failed.
 */
static int unmap_range(struct iopt *iopt, const struct vfio_iommu_type1_dma_unmap *unmap,
		       struct iopt_stats *stats, bool *tried)
{
	unsigned long last;
	int ret;

	if (READ_ONCE(iopt->no_huge)) {
		*tried = false;
		ret = iopt_split(iopt, unmap->iova + unmap->size);
		if (!ret)
			ret = iopt_split(iopt, unmap->iova);
		if (ret)
			return ret;
	}
	*tried = true;
	ret = iopt_last(unmap->iova, unmap->size, &last);
	return ret ? ret : iopt_unmap(iopt, unmap->iova, last, stats, true);
}

static int do_unmap_dma(struct iommufd_ctx *ctx, void __user *arg)
{
	const size_t size = offsetofend(struct vfio_iommu_type1_dma_unmap, size);
	u64 start = trace_iommufd_ioas_unmap_enabled() ? ktime_get_ns() : 0;
	struct vfio_iommu_type1_dma_unmap unmap;
	struct iommufd_ioas *ioas;
	struct iopt_stats stats = {};
	int ret, refused = 0;
	bool tried;

	if (copy_from_user(&unmap, arg, size))
		return -EFAULT;
	if (unmap.argsz < size || unmap.flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return -EINVAL;

	ioas = iommufd_vfio_get_ioas(ctx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	if (iommufd_policy_has(IOAS_UNMAP))
		refused = iommufd_policy_ask_unmap(
			&ctx->totals, ioas->obj.id, unmap.iova,
			unmap.flags & VFIO_DMA_UNMAP_FLAG_ALL ? U64_MAX : unmap.size);
	if (refused) {
		ret = refused;
		tried = false;
	} else if (!(unmap.flags & VFIO_DMA_UNMAP_FLAG_ALL)) {
		ret = unmap_range(&ioas->iopt, &unmap, &stats, &tried);
	} else if (unmap.iova || unmap.size) {
		ret = -EINVAL;
		tried = false;
	} else {
		ret = iopt_unmap(&ioas->iopt, 0, ULONG_MAX, &stats, true);
		tried = true;
	}
	iommufd_trace(ioas_unmap, ctx->totals.ctx_id, current->tgid, ioas->obj.id, unmap.iova,
		      unmap.size, stats.bytes, stats.areas, stats.pin.pages, stats.pin.runs,
		      start ? ktime_get_ns() - start : 0, ret);
	iommufd_object_put(ctx, &ioas->obj);

	/* Also on error, because areas before the one that failed are unmapped. */
	unmap.size = stats.bytes;
	if (tried && copy_to_user(arg, &unmap, size))
		ret = -EFAULT;
	return ret;
}

static int unmap_dma(struct iommufd_ctx *ctx, void __user *arg)
{
	int ret = do_unmap_dma(ctx, arg);

	iommufd_count_unmap(ctx, ret);
	return ret;
}

/* Return 1 if all page tables enforce cache coherency, 0 if not, -ENODEV without an IOAS. */
static int check_coherency(struct iommufd_ctx *ctx)
{
	struct iommufd_ioas *ioas = iommufd_vfio_get_ioas(ctx);
	struct iommufd_hwpt_paging *hwpt;
	bool coherent = true;

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	mutex_lock(&ioas->hwpts_lock);
	list_for_each_entry(hwpt, &ioas->hwpts, item)
		coherent &= hwpt->enforce_coherency;
	mutex_unlock(&ioas->hwpts_lock);
	iommufd_object_put(ctx, &ioas->obj);
	return coherent;
}

static int check_extension(struct iommufd_ctx *ctx, unsigned long extension)
{
	switch (extension) {
	case VFIO_TYPE1_IOMMU:
	case VFIO_TYPE1v2_IOMMU:
	case VFIO_UNMAP_ALL:
		return !READ_ONCE(ctx->no_iommu);
	case VFIO_NOIOMMU_IOMMU:
		return IS_ENABLED(CONFIG_VFIO_NOIOMMU);
	case VFIO_DMA_CC_IOMMU:
		return check_coherency(ctx);
	default:
		return 0;
	}
}

static int set_iommu(struct iommufd_ctx *ctx, unsigned long type)
{
	bool no_iommu = READ_ONCE(ctx->no_iommu);
	struct iommufd_ioas *ioas;
	int ret = 0;

	if (IS_ENABLED(CONFIG_VFIO_NOIOMMU) && no_iommu && type == VFIO_NOIOMMU_IOMMU)
		return capable(CAP_SYS_RAWIO) ? 0 : -EPERM;
	if (no_iommu || (type != VFIO_TYPE1_IOMMU && type != VFIO_TYPE1v2_IOMMU))
		return -EINVAL;

	/* As with a container, a group has to be added first, which makes the IOAS. */
	ioas = iommufd_vfio_get_ioas(ctx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	if (type == VFIO_TYPE1_IOMMU)
		ret = iopt_set_huge(&ioas->iopt, false);
	iommufd_object_put(ctx, &ioas->obj);
	return ret;
}

/* Get the page sizes that all page tables support. Report sizes below PAGE_SIZE as PAGE_SIZE. */
static u64 page_sizes(struct iopt *iopt)
{
	unsigned long sizes = ULONG_MAX;
	struct iopt_table *table;

	down_read(&iopt->tables_lock);
	list_for_each_entry(table, &iopt->tables, item)
		sizes &= table->domain->pgsize_bitmap;
	if (sizes & ~PAGE_MASK)
		sizes = (sizes & PAGE_MASK) | PAGE_SIZE;
	sizes = max(sizes, iopt->alignment);
	up_read(&iopt->tables_lock);
	return sizes;
}

/**
 * struct caps - the capability chain of VFIO_IOMMU_GET_INFO
 * @avail: number of further mappings that are possible
 * @pad: aligns @ranges
 * @ranges: usable IOVA ranges
 */
struct caps {
	struct vfio_iommu_type1_info_dma_avail avail;
	u32 pad;
	struct vfio_iommu_type1_info_cap_iova_range ranges;
};

static_assert(offsetof(struct caps, ranges) == 16);

/* Store up to @room usable ranges and return how many there are. iopt->lock is held. */
static size_t usable_ranges(struct iopt *iopt, struct vfio_iova_range *range, size_t room)
{
	unsigned long from = 0, start, last;
	size_t n = 0;

	while (iopt_next_usable(iopt, from, &start, &last)) {
		if (n < room) {
			range[n].start = start;
			range[n].end = last;
		}
		n++;
		if (last == ULONG_MAX)
			break;
		from = last + 1;
	}
	return n;
}

/* Make the chain that follows struct vfio_iommu_type1_info. Set *@size to its length in bytes. */
static struct caps *make_caps(struct iopt *iopt, size_t *size)
{
	struct caps *caps;
	size_t n;

	down_read(&iopt->lock);
	n = usable_ranges(iopt, NULL, 0);
	*size = struct_size(caps, ranges.iova_ranges, n);
	caps = kzalloc(*size, GFP_KERNEL_ACCOUNT);
	if (caps) {
		caps->avail.header.id = VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL;
		caps->avail.header.version = 1;
		caps->avail.header.next =
			sizeof(struct vfio_iommu_type1_info) + offsetof(struct caps, ranges);
		/* There is no limit but memory. */
		caps->avail.avail = U32_MAX;
		caps->ranges.header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
		caps->ranges.header.version = 1;
		caps->ranges.nr_iovas = n;
		usable_ranges(iopt, caps->ranges.iova_ranges, n);
	}
	up_read(&iopt->lock);
	return caps;
}

/*
 * Copy as much of the chain as fits into @room bytes. Like in upstream, a part is stored even if
 * cap_offset then does not say so, and the padding is left as it is.
 */
static int copy_caps(void __user *to, size_t room, struct caps *caps)
{
	const size_t fixed = offsetof(struct caps, ranges.iova_ranges);
	struct caps __user *ucaps = to;
	size_t n;

	if (room < sizeof(caps->avail))
		return 0;
	if (room < offsetof(struct caps, ranges))
		caps->avail.header.next = 0;
	if (copy_to_user(&ucaps->avail, &caps->avail, sizeof(caps->avail)))
		return -EFAULT;
	if (room < fixed)
		return 0;
	n = min(caps->ranges.nr_iovas, (room - fixed) / sizeof(caps->ranges.iova_ranges[0]));
	if (copy_to_user(ucaps->ranges.iova_ranges, caps->ranges.iova_ranges,
			 n * sizeof(caps->ranges.iova_ranges[0])))
		return -EFAULT;
	if (n == caps->ranges.nr_iovas &&
	    copy_to_user(&ucaps->ranges, &caps->ranges, sizeof(caps->ranges)))
		return -EFAULT;
	return 0;
}

static int get_info(struct iommufd_ctx *ctx, void __user *arg)
{
	const size_t size = offsetofend(struct vfio_iommu_type1_info, iova_pgsizes);
	struct vfio_iommu_type1_info info = {};
	struct iommufd_ioas *ioas;
	size_t caps_size, room;
	struct caps *caps;
	int ret = 0;

	if (copy_from_user(&info, arg, size))
		return -EFAULT;
	if (info.argsz < size)
		return -EINVAL;
	room = info.argsz;

	ioas = iommufd_vfio_get_ioas(ctx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	info.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	info.iova_pgsizes = page_sizes(&ioas->iopt);
	caps = make_caps(&ioas->iopt, &caps_size);
	iommufd_object_put(ctx, &ioas->obj);
	if (!caps)
		return -ENOMEM;

	/* If the chain does not fit, argsz tells user space how much is needed. */
	info.argsz = sizeof(info) + caps_size;
	if (room >= info.argsz)
		info.cap_offset = sizeof(info);
	if (room > sizeof(info))
		ret = copy_caps(arg + sizeof(info), room - sizeof(info), caps);
	if (!ret && copy_to_user(arg, &info, min(room, sizeof(info))))
		ret = -EFAULT;
	kfree(caps);
	return ret;
}

/**
 * iommufd_vfio_ioctl() - handle an ioctl of a VFIO container
 * @ctx: the context
 * @cmd: full number of the ioctl
 * @arg: its argument, a pointer or a number
 *
 * Context: may sleep.
 * Return: as documented in <linux/vfio.h>; -ENODEV without a compatibility IOAS; -ENOTTY for an
 * unknown ioctl.
 */
long iommufd_vfio_ioctl(struct iommufd_ctx *ctx, unsigned int cmd, unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return check_extension(ctx, arg);
	case VFIO_SET_IOMMU:
		return set_iommu(ctx, arg);
	case VFIO_IOMMU_GET_INFO:
		return get_info(ctx, uarg);
	case VFIO_IOMMU_MAP_DMA:
		return map_dma(ctx, uarg);
	case VFIO_IOMMU_UNMAP_DMA:
		return unmap_dma(ctx, uarg);
	default:
		return -ENOTTY;
	}
}
