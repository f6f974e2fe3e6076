// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots of the areas and ranges of an IOAS, for observation (bpf/state.c).
 *
 * They take iopt->tree_lock, a spinlock, so they never wait for a process. iopt->lock would be the
 * wrong lock: accesses and GET_DIRTY_BITMAP hold it while they wait for memory of a process, which
 * can take any time, and a policy or a tool would wait as long.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>

#include "ioas/ioas.h"

/* Areas that are described before others may take tree_lock. */
#define AREAS_AT_ONCE 64

static const u8 state_flags[] = {
	[IOPT_AREA_MAPPING] = IOMMUFD_AREA_MAPPING,
	[IOPT_AREA_UNMAPPING] = IOMMUFD_AREA_UNMAPPING,
};

/**
 * struct clock - two clocks, read once for a batch of areas
 * @ns: CLOCK_MONOTONIC
 * @stamp: iopt_time() at the same time
 */
struct clock {
	u64 ns;
	u32 stamp;
};

#define NS_PER_STAMP ((u64)(NSEC_PER_SEC / HZ) * IOPT_TIME_UNIT)

/*
 * Describe an area. tree_lock is held, so the area is in the tree: its bounds do not change, and it
 * holds its umem. The umem's payer may be replaced, and is freed after an RCU grace period. State,
 * runs and huge pages change without tree_lock; each is read once, and is that of some moment. All
 * else is constant from the insertion on.
 */
static __always_inline void area_snapshot(const struct iopt_area *area, struct clock now,
					  struct iommufd_area_info *info)
{
	const struct umem *umem = area->umem;
	const struct umem_owner *owner = umem_owner_rcu(umem);

	static_assert(IOMMU_READ == IOMMUFD_PROT_READ && IOMMU_WRITE == IOMMUFD_PROT_WRITE);
	static_assert(UMEM_USER + 1 == IOMMUFD_MEMORY_USER &&
		      UMEM_FILE + 1 == IOMMUFD_MEMORY_FILE &&
		      UMEM_DMABUF + 1 == IOMMUFD_MEMORY_DMABUF);
	static_assert(SZ_2M == IOMMUFD_HUGE_SIZE);
	info->iova = area->start;
	info->length = iopt_area_length(area);
	info->start = umem->start + iopt_area_byte(area, area->start);
	info->prot = area->prot & (IOMMU_READ | IOMMU_WRITE);
	info->kind = umem->kind + 1;
	info->runs = READ_ONCE(area->runs);
	info->tgid = owner->tgid;
	info->huge = READ_ONCE(area->huge);
	info->since_ns = now.ns - (u32)(now.stamp - area->user.tag) * NS_PER_STAMP;
	info->flags = state_flags[READ_ONCE(area->state)] |
		      (READ_ONCE(area->stuck) ? IOMMUFD_AREA_STUCK : 0) |
		      (area->copied ? IOMMUFD_AREA_COPY : 0);
	info->payer = owner->id;
}

/* Describe areas from *@area on, and advance it behind the last one. Returns their number. */
static unsigned int put_areas(const struct iopt_area **area, struct clock now,
			      struct iommufd_area_info *to, unsigned int max)
{
	const struct iopt_area *at = *area;
	unsigned int n;

	for (n = 0; at && n < max; n++, at = at->next)
		area_snapshot(at, now, &to[n]);
	*area = at;
	return n;
}

/* The same, but only the first two members: enough for a map of the address space. */
static unsigned int put_bounds(const struct iopt_area **area, u64 (*to)[2], unsigned int max)
{
	const struct iopt_area *at = *area;
	unsigned int n;

	static_assert(offsetof(struct iommufd_area_info, iova) == 0 &&
		      offsetofend(struct iommufd_area_info, length) == sizeof(*to));
	for (n = 0; at && n < max; n++, at = at->next) {
		to[n][0] = at->start;
		to[n][1] = iopt_area_length(at);
	}
	*area = at;
	return n;
}

/* The same in @size bytes for each: a program of another version has longer or shorter records. */
static noinline unsigned int put_areas_sized(const struct iopt_area **area, struct clock now,
					     void *to, u32 size, unsigned int max)
{
	struct iommufd_area_info info;
	unsigned int n;

	for (n = 0; *area && n < max; n++, to += size, *area = (*area)->next) {
		area_snapshot(*area, now, &info);
		memcpy(to, &info, min(size, sizeof(info)));
		if (size > sizeof(info))
			memset(to + sizeof(info), 0, size - sizeof(info));
	}
	return n;
}

/* Find the area that a walk begins with, under tree_lock. */
static const struct iopt_area *first_area(struct iopt *iopt, const struct iommufd_area_walk *walk)
{
	struct iopt_area *area = iopt_find(iopt, walk->from), *below;

	if (!(walk->flags & IOMMUFD_WALK_BELOW))
		return area;
	below = area ? area->prev : rb_entry_safe(rb_last(&iopt->areas), struct iopt_area, node);
	return below ? below : area;
}

/**
 * iommufd_ioas_snapshot_areas() - Describe the next areas
 * @ioas: the IOAS
 * @walk: where to begin; out: where to go on
 * @areas: out: records of walk->size bytes
 * @max: number of records in @areas, not 0
 *
 * An area that is still being filled counts, because devices may reach a part of it. An area whose
 * map policies are deciding on counts, too. Areas that come or go meanwhile may be missed; all
 * others are described once, in their order.
 *
 * Context: may sleep; takes iopt->tree_lock for a few areas at a time. @areas is memory of the
 * kernel, so nothing here waits for a process.
 * Return: the number of records.
 */
unsigned int iommufd_ioas_snapshot_areas(struct iommufd_ioas *ioas, struct iommufd_area_walk *walk,
					 void *areas, unsigned int max)
{
	const struct iopt_area *area;
	struct iopt *iopt = &ioas->iopt;
	unsigned int n = 0, room;

	for (;;) {
		void *to = areas + n * walk->size;
		struct clock now;

		room = min(AREAS_AT_ONCE, max - n);
		rcu_read_lock();
		spin_lock(&iopt->tree_lock);
		/* Under the lock, so that no area in the tree has a later time. */
		now = (struct clock){ .ns = ktime_get_ns(), .stamp = iopt_time() };
		area = first_area(iopt, walk);
		if (walk->size == sizeof(struct iommufd_area_info))
			n += put_areas(&area, now, to, room);
		else if (walk->size == 2 * sizeof(u64))
			n += put_bounds(&area, to, room);
		else
			n += put_areas_sized(&area, now, to, walk->size, room);
		if (area)
			walk->from = area->start;
		else
			walk->done = 1;
		spin_unlock(&iopt->tree_lock);
		rcu_read_unlock();
		walk->flags &= ~IOMMUFD_WALK_BELOW;
		if (walk->done || n == max)
			return n;
		cond_resched();
	}
}

/**
 * iommufd_ioas_snapshot_usable() - Find the first usable range that ends at or above an IOVA
 * @ioas: the IOAS
 * @from: the IOVA
 * @first: out: first IOVA of the range
 * @last: out: last IOVA of the range
 *
 * Context: any that may spin; takes iopt->tree_lock.
 * Return: 0, or -ENOENT if there is no such range.
 */
int iommufd_ioas_snapshot_usable(struct iommufd_ioas *ioas, u64 from, u64 *first, u64 *last)
{
	unsigned long start, end;
	bool found;

	spin_lock(&ioas->iopt.tree_lock);
	found = iopt_next_usable(&ioas->iopt, from, &start, &end);
	spin_unlock(&ioas->iopt.tree_lock);
	if (!found)
		return -ENOENT;
	*first = start;
	*last = end;
	return 0;
}
