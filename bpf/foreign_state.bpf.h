/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Code shared by the programs that list the contexts of upstream's iommufd and of VFIO type1: notes
 * about the contexts that are found, walks over the areas of an address space, and payers.
 *
 * Both drivers keep areas in a red-black tree by address, in which no two overlap, and begin the
 * struct of an area with its node. A walk takes no lock, because BPF cannot. Each step has a limit
 * and continues by address, so a walk may miss a change that happens meanwhile, but never sees an
 * area twice. A walk that meets freed memory ends, or continues elsewhere in the tree.
 *
 * The file that includes this header defines, after struct tree_area and struct area_payer, the
 * functions that read the structs of its driver: read_root(), read_bounds(), read_area() and
 * read_pages().
 */
#ifndef _FOREIGN_STATE_BPF_H
#define _FOREIGN_STATE_BPF_H

#include <bpf/bpf_core_read.h>

#include "foreign.bpf.h"

#define MAX_DEPTH 64 /* of the tree of areas: twice the logarithm of their number */
#define RLIMIT_MEMLOCK 8

const volatile __u32 page_shift = 12;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} state SEC(".maps");

/* The payers that a walk has found; user space removes them at its end. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct foreign_payer_key);
	__type(value, struct foreign_payer);
} payers SEC(".maps");

static const struct foreign_payer no_payer;

__u64 payers_lost; /* there was no room in the map */

/* ---- contexts ---- */

/* Number a context that a process has a file of. Several processes may have it. */
static __always_inline void found_ctx(const struct task_struct *task, __u64 address)
{
	struct foreign_ctx found = { .is_found = 1 };

	if (!address || bpf_map_lookup_elem(&foreign_ctxs, &address))
		return;
	found.tgid = BPF_CORE_READ(task, tgid);
	found.uid = BPF_CORE_READ(task, cred, uid.val);
	found.cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	BPF_CORE_READ_STR_INTO(&found.comm, task, group_leader, comm);
	add_ctx(address, &found);
}

/* ---- areas ---- */

struct tree_area {
	__u64 first;
	__u64 last; /* of an empty one: first */
	bool is_empty; /* it is being made */
};

/* The payer of the pages of an area. */
struct area_payer {
	const struct task_struct *task; /* NULL: not known */
	const struct mm_struct *mm;
	const struct user_struct *user; /* whose limit counts; NULL: that of the process */
	__u64 pinned; /* bytes */
	__u64 charged;
	bool is_exempt;
};

/* The root of the tree of an address space, as the address of a node or 0. */
static __always_inline __u64 read_root(__u64 ioas);
static __always_inline void read_bounds(__u64 node, struct tree_area *area);
/* Returns the protection, IOMMUFD_PROT_*. start: the address in the process. */
static __always_inline __u32 read_area(__u64 node, __u64 *start, __u32 *tgid);
/* Add the pages of an area to the sums, and describe their payer. */
static __always_inline void read_pages(__u64 node, struct foreign_areas *sums,
				       struct area_payer *payer);

/* The areas of a step, which user space reads with mmap(). */
struct iommufd_area_info areas[FOREIGN_AREAS];

/*
 * The first area that ends at an address or above, or with below the last one that ends before.
 * This and the next function are not static, so that the kernel verifies them once.
 */
__noinline __u64 seek_area(__u64 ioas, __u64 from, bool below)
{
	const struct rb_node *node = (const void *)read_root(ioas);
	struct tree_area area;
	__u64 best = 0;
	int i;

	bpf_for(i, 0, MAX_DEPTH) {
		if (!node)
			break;
		read_bounds((__u64)node, &area);
		if (area.last >= from) {
			if (!below)
				best = (__u64)node;
			node = BPF_CORE_READ(node, rb_left);
		} else {
			if (below)
				best = (__u64)node;
			node = BPF_CORE_READ(node, rb_right);
		}
	}
	return best;
}

/* The area behind another one, or 0. */
__noinline __u64 next_area(__u64 address)
{
	const struct rb_node *node = (const void *)address, *other;
	int i;

	other = BPF_CORE_READ(node, rb_right);
	if (other) {
		bpf_for(i, 0, MAX_DEPTH) {
			if (!other)
				break;
			node = other;
			other = BPF_CORE_READ(node, rb_left);
		}
		return (__u64)node;
	}
	bpf_for(i, 0, MAX_DEPTH) {
		other = (const void *)(BPF_CORE_READ(node, __rb_parent_color) & ~3ULL);
		if (!other || BPF_CORE_READ(other, rb_right) != node)
			break;
		node = other;
	}
	return (__u64)other;
}

/*
 * A step. Not on the stack, because the verifier would follow its numbers from area to area; user
 * space runs one at a time.
 */
static struct area_step {
	struct foreign_areas sums;
	__u64 node;
	struct area_payer payer; /* of the areas before, not yet in the map */
	__u64 nr; /* of these */
} step;

static __always_inline void list_area(__u32 nr, __u32 size, __u64 node, __u64 first, __u64 length)
{
	struct top_area *bounds = (void *)areas;
	struct iommufd_area_info *info;

	if (nr >= FOREIGN_AREAS)
		return;
	if (size == sizeof(*bounds)) {
		bounds[nr].iova = first;
		bounds[nr].length = length;
		return;
	}
	info = &areas[nr];
	info->iova = first;
	info->length = length;
	info->kind = IOMMUFD_MEMORY_USER;
	info->runs = EVENT_UNKNOWN;
	info->huge = IOMMUFD_NONE;
	info->since_ns = EVENT_UNKNOWN;
	info->flags = 0;
	info->payer = 0;
	info->prot = read_area(node, &info->start, &info->tgid);
}

/* ---- payers ---- */

/* Whether the process still has the memory. Its first thread may have ended before the others. */
static __always_inline bool is_alive(const struct area_payer *payer)
{
	const struct task_struct *task = payer->task;
	const struct mm_struct *mm = BPF_CORE_READ(task, mm);

	return mm ? mm == payer->mm : BPF_CORE_READ(task, signal, live.counter) > 0;
}

static __noinline int describe_payer(struct iommufd_payer_info *info,
				     const struct area_payer *payer)
{
	const struct user_struct *user;
	const struct task_struct *task;
	const struct mm_struct *mm;

	if (!info || !payer)
		return 0;
	task = payer->task;
	user = payer->user;
	mm = payer->mm;
	info->tgid = BPF_CORE_READ(task, tgid);
	info->id = info->tgid;
	info->uid = BPF_CORE_READ(task, cred, uid.val);
	info->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	BPF_CORE_READ_STR_INTO(&info->comm, task, comm);
	info->limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_MEMLOCK].rlim_cur);
	if (user)
		info->used = BPF_CORE_READ(user, locked_vm.counter) << page_shift;
	else
		info->used = BPF_CORE_READ(mm, locked_vm) << page_shift;
	info->flags = (user ? 0 : IOMMUFD_PAYER_BY_PROCESS) |
		      (payer->is_exempt ? IOMMUFD_PAYER_EXEMPT : 0) |
		      (is_alive(payer) ? IOMMUFD_PAYER_ALIVE : 0);
	return 0;
}

/* Put the sums of the payer into the map. */
static __noinline void flush_payer(void)
{
	struct foreign_payer_key key = {
		.ioas = step.sums.ioas,
		.task = (__u64)step.payer.task,
	};
	struct foreign_payer *there;

	if (!key.task)
		return;
	there = bpf_map_lookup_elem(&payers, &key);
	if (!there) {
		bpf_map_update_elem(&payers, &key, &no_payer, BPF_ANY);
		there = bpf_map_lookup_elem(&payers, &key);
		if (there)
			describe_payer(&there->info, &step.payer);
	}
	if (there) {
		there->info.pinned += step.payer.pinned;
		there->info.charged += step.payer.charged;
		there->nr += step.nr;
	} else {
		__sync_fetch_and_add(&payers_lost, 1);
	}
	step.payer.task = NULL;
	step.nr = 0;
}

static __always_inline void add_payer(const struct area_payer *payer)
{
	if (step.payer.task && step.payer.task == payer->task) {
		step.payer.pinned += payer->pinned;
		step.payer.charged += payer->charged;
	} else {
		flush_payer();
		step.payer = *payer;
	}
	step.nr++;
}

/* ---- steps ---- */

static __noinline void take_area(const struct tree_area *area)
{
	struct area_payer payer = {};

	if (!area)
		return;
	if (step.sums.list) {
		list_area(step.sums.nr, step.sums.list, step.node, area->first,
			  area->last - area->first + 1);
	} else {
		read_pages(step.node, &step.sums, &payer);
		add_payer(&payer);
	}
	step.sums.nr++;
	step.sums.mapped += area->last - area->first + 1;
}

static int step_area(__u32 i, void *unused)
{
	struct tree_area area;

	if (!step.node) {
		step.sums.done = 1;
		return 1;
	}
	read_bounds(step.node, &area);
	/* The tree has changed: find the place again in the next step. */
	if (area.last < step.sums.from || area.last < area.first)
		return 1;
	if (!area.is_empty)
		take_area(&area);
	step.sums.from = area.last + 1;
	if (!step.sums.from) {
		step.sums.done = 1;
		return 1;
	}
	step.node = next_area(step.node);
	return 0;
}

SEC("syscall")
int walk_areas(struct foreign_areas *args)
{
	step.sums = *args;
	step.sums.nr = 0;
	step.sums.done = 0;
	step.node = 0;
	step.nr = 0;
	step.payer.task = NULL;
	if (args->below)
		step.node = seek_area(args->ioas, args->from, true);
	/* The area below ends before from, which the steps must not take for a change. */
	if (step.node)
		step.sums.from = 0;
	else
		step.node = seek_area(args->ioas, args->from, false);
	step.sums.below = 0;
	bpf_loop(FOREIGN_AREAS, step_area, NULL, 0);
	flush_payer();
	*args = step.sums;
	return 0;
}

static __always_inline void put_bounds(const struct tree_area *area, struct top_area *out)
{
	out->iova = area->first;
	out->length = area->last - area->first + 1;
}

/* Find the area at an address, and the nearest ones. */
SEC("syscall")
int find_area(struct foreign_find *args)
{
	struct top_area_find find = args->find;
	struct tree_area area;
	__u64 node, start;
	__u32 tgid;

	find.is_inside = 0;
	find.has_above = 0;
	find.has_below = 0;
	find.since_ns = 0;
	node = seek_area(args->ioas, find.addr, false);
	if (node) {
		read_bounds(node, &area);
		if (!area.is_empty && area.first <= find.addr) {
			put_bounds(&area, &find.inside);
			find.is_inside = 1;
			find.prot = read_area(node, &start, &tgid);
		} else if (!area.is_empty) {
			put_bounds(&area, &find.above);
			find.has_above = 1;
		}
	}
	node = seek_area(args->ioas, find.addr, true);
	if (node) {
		read_bounds(node, &area);
		put_bounds(&area, &find.below);
		find.has_below = !area.is_empty;
	}
	args->find = find;
	return 0;
}

/* Set the members of an object's description that a driver may not know, or that do not apply. */
static __always_inline void set_unknown(struct iommufd_object_info *info)
{
	info->parent = IOMMUFD_NONE;
	info->sbdf = EVENT_NONE;
	info->group = IOMMUFD_NONE;
	info->pasid = IOMMUFD_NONE;
	info->virt_pasid = IOMMUFD_NONE;
	info->vendor = IOMMUFD_NONE;
	info->product = IOMMUFD_NONE;
	info->pt = IOMMUFD_NONE;
	info->huge = IOMMUFD_NONE;
	info->runs = EVENT_UNKNOWN;
}

#endif /* _FOREIGN_STATE_BPF_H */
