// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists contexts, objects and areas of the kernel's own (upstream) iommufd, which has no iterators,
 * so that the tools see what existed before they started:
 *
 *	find_contexts	goes through the open files of all processes, once
 *	walk		goes through the id table of a context
 *	walk_areas	goes through the areas of an IOAS by address
 *
 * A walk takes no lock, because BPF cannot. Each step has a limit and goes on by id or address, so
 * what changes meanwhile may or may not be seen, but nothing is seen twice, and a walk that meets
 * freed memory ends or goes on elsewhere in the tree. Areas are in a red-black tree; two of them
 * never overlap.
 *
 * The programs need CAP_SYS_ADMIN, because they use the BTF of a module.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "device_name.bpf.h"
#include "upstream.bpf.h"
#include "iommufd_top.h"

char LICENSE[] SEC("license") = "GPL";

#define MISC_MAJOR 10
#define MINOR_BITS 20
#define MAX_OBJECTS 4096 /* looked at in a step of walk */
#define MAX_DEPTH 64 /* of the tree of areas: twice the logarithm of their number */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} state SEC(".maps");

/* ---- contexts ---- */

/* The context of an open file of /dev/iommu, or NULL. Its first member is the file itself. */
static __always_inline const struct iommufd_ctx___up *ctx_of_file(const struct file *file)
{
	const struct iommufd_ctx___up *ictx;

	if (BPF_CORE_READ(file, f_inode, i_rdev) >> MINOR_BITS != MISC_MAJOR)
		return NULL;
	ictx = BPF_CORE_READ(file, private_data);
	return ictx && BPF_CORE_READ(ictx, file) == file ? ictx : NULL;
}

SEC("iter/task_file")
int find_contexts(struct bpf_iter__task_file *iter)
{
	struct task_struct *task = iter->task;
	const struct file *file = iter->file;
	const struct iommufd_ctx___up *ictx;
	struct upstream_ctx found = { .is_found = 1 };
	__u64 address;

	if (!task || !file)
		return 0;
	ictx = ctx_of_file(file);
	address = (__u64)ictx;
	/* Several processes may have the file. */
	if (!ictx || bpf_map_lookup_elem(&upstream_ctxs, &address))
		return 0;
	found.tgid = task->tgid;
	found.uid = BPF_CORE_READ(task, cred, uid.val);
	found.cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	bpf_probe_read_kernel_str(found.comm, sizeof(found.comm), task->group_leader->comm);
	add_ctx(address, &found);
	return 0;
}

/* ---- objects ---- */

static __always_inline void put_device(struct iommufd_object_info *info,
				       const struct iommufd_device___up *idev)
{
	struct device *dev = BPF_CORE_READ(idev, dev);
	const struct iommu_group *group = BPF_CORE_READ(dev, iommu_group);
	const struct pci_dev *pci;

	read_name(dev, info->name);
	info->sbdf = parse_sbdf(info->name);
	if (group)
		info->group = BPF_CORE_READ(group, id);
	info->pt = hwpt_of_device(idev, 0);
	info->attached = info->pt != IOMMUFD_NONE;
	if (info->sbdf == EVENT_NONE)
		return;
	pci = (const void *)dev - bpf_core_field_offset(struct pci_dev, dev);
	info->vendor = BPF_CORE_READ(pci, vendor);
	info->product = BPF_CORE_READ(pci, device);
}

/* Put an object into the buffer; false if it is full. */
static __always_inline bool put_object(const struct upstream_walk *walk,
				       const struct iommufd_object___up *object)
{
	const struct iommufd_hwpt_nested___up *nested = (const void *)object;
	const struct iommufd_hwpt_paging___up *paging = (const void *)object;
	struct iommufd_object_info *info;
	struct upstream_object *out;

	out = bpf_ringbuf_reserve(&state, sizeof(*out), 0);
	if (!out)
		return false;
	__builtin_memset(out, 0, sizeof(*out));
	info = &out->info;
	out->address = (__u64)object;
	info->ctx = walk->ctx;
	info->id = BPF_CORE_READ(object, id);
	info->type = type_of(BPF_CORE_READ(object, type));
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
	if (info->type == IOMMUFD_INFO_DEVICE)
		put_device(info, (const void *)object);
	else if (info->type == IOMMUFD_INFO_HWPT)
		info->parent = BPF_CORE_READ(paging, ioas, obj.id);
	else if (info->type == IOMMUFD_INFO_NESTED)
		info->parent = BPF_CORE_READ(nested, parent, common.obj.id);
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
	return true;
}

/* Look at the entry with the next id, or pass over an empty part of the table. */
static int step_object(__u32 i, struct upstream_walk *walk)
{
	const struct iommufd_ctx___up *ictx = (const void *)walk->ictx;
	__u64 entry = (__u64)BPF_CORE_READ(ictx, objects.xa_head), slot;
	const struct xa_node *node;
	__u32 shift;
	int depth;

	walk->done = 1;
	for (depth = 0; depth < XA_MAX_HEIGHT && is_xa_node(entry); depth++) {
		node = (const void *)(entry - 2);
		shift = BPF_CORE_READ(node, shift) & 63;
		slot = walk->id >> shift;
		/* Behind the last slot of the uppermost node. */
		if (!depth && slot >> XA_SLOT_BITS)
			return 1;
		bpf_core_read(&entry, sizeof(entry),
			      &node->slots[slot & ((1 << XA_SLOT_BITS) - 1)]);
		if (is_xa_node(entry) && shift)
			continue;
		/* A reserved id has an entry that is no pointer. */
		if (!shift && entry && !(entry & 3) && !put_object(walk, (const void *)entry))
			break;
		walk->id = (slot + 1) << shift;
		walk->done = 0;
		return 0;
	}
	/* The table has at most the id 0, which objects do not get, or the buffer is full. */
	walk->done = depth == 0;
	return 1;
}

SEC("syscall")
int walk(struct upstream_walk *walk)
{
	struct upstream_walk own = *walk;

	bpf_loop(MAX_OBJECTS, step_object, &own, 0);
	walk->id = own.id;
	walk->done = own.done;
	return 0;
}

/* ---- areas ---- */

/* The areas of a step, which user space reads with mmap(). */
struct iommufd_area_info areas[UPSTREAM_AREAS];

/* The first area that ends at an address or above, or with below the last one that ends before. */
static __noinline __u64 seek_area(__u64 ioas, __u64 from, bool below)
{
	const struct iommufd_ioas___up *in = (const void *)ioas;
	const struct interval_tree_node *node;
	__u64 best = 0;
	int i;

	node = (const void *)BPF_CORE_READ(in, iopt.area_itree.rb_root.rb_node);
	bpf_for(i, 0, MAX_DEPTH) {
		if (!node)
			break;
		if (BPF_CORE_READ(node, last) >= from) {
			if (!below)
				best = (__u64)node;
			node = (const void *)BPF_CORE_READ(node, rb.rb_left);
		} else {
			if (below)
				best = (__u64)node;
			node = (const void *)BPF_CORE_READ(node, rb.rb_right);
		}
	}
	return best;
}

/* The area behind another one, or 0. */
static __noinline __u64 next_area(__u64 address)
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

struct area_step {
	struct upstream_areas sums;
	__u64 node;
};

static __always_inline void list_area(__u32 nr, __u32 size, const struct iopt_area___up *area,
				      __u64 first, __u64 length)
{
	const struct iopt_pages___up *pages = BPF_CORE_READ(area, pages);
	struct top_area *bounds = (void *)areas;
	__u32 prot = BPF_CORE_READ(area, iommu_prot);
	struct iommufd_area_info *info;

	if (nr >= UPSTREAM_AREAS)
		return;
	if (size == sizeof(*bounds)) {
		bounds[nr].iova = first;
		bounds[nr].length = length;
		return;
	}
	info = &areas[nr];
	info->iova = first;
	info->length = length;
	info->start = (__u64)BPF_CORE_READ(pages, uptr) + BPF_CORE_READ(area, page_offset) +
		      (BPF_CORE_READ(area, pages_node.start) << 12);
	/* IOMMU_READ and IOMMU_WRITE have the same bits. */
	info->prot = prot & (IOMMUFD_PROT_READ | IOMMUFD_PROT_WRITE);
	info->kind = IOMMUFD_MEMORY_USER;
	info->runs = EVENT_UNKNOWN;
	info->tgid = BPF_CORE_READ(pages, source_task, tgid);
	info->huge = IOMMUFD_NONE;
	info->since_ns = EVENT_UNKNOWN;
	info->flags = 0;
	info->payer = 0;
}

/* Add the pages of an area, which is mapped by a page table or not. */
static __always_inline void add_pages(struct upstream_areas *sums,
				      const struct iopt_area___up *area)
{
	const struct iopt_pages___up *pages = BPF_CORE_READ(area, pages);
	const struct rb_node *first;

	if (!pages)
		return;
	if (BPF_CORE_READ(area, storage_domain))
		sums->pinned += (BPF_CORE_READ(area, pages_node.last) -
				 BPF_CORE_READ(area, pages_node.start) + 1)
				<< 12;
	/* Several areas may share pages: count them at the first one that is in a page table. */
	first = BPF_CORE_READ(pages, domains_itree.rb_leftmost);
	if (!first || first == (const void *)&area->pages_node)
		sums->unique += BPF_CORE_READ(pages, npinned) << 12;
}

static int step_area(__u32 i, struct area_step *step)
{
	const struct iopt_area___up *area = (const void *)step->node;
	__u64 first, last;

	if (!area) {
		step->sums.done = 1;
		return 1;
	}
	first = BPF_CORE_READ(area, node.start);
	last = BPF_CORE_READ(area, node.last);
	/* The tree has changed: find the place again in the next step. */
	if (last < step->sums.from || last < first)
		return 1;
	if (step->sums.list)
		list_area(step->sums.nr, step->sums.list, area, first, last - first + 1);
	step->sums.nr++;
	step->sums.mapped += last - first + 1;
	add_pages(&step->sums, area);
	step->sums.from = last + 1;
	if (!step->sums.from) {
		step->sums.done = 1;
		return 1;
	}
	step->node = next_area(step->node);
	return 0;
}

SEC("syscall")
int walk_areas(struct upstream_areas *args)
{
	struct area_step step = { .sums = *args };

	step.sums.nr = 0;
	step.sums.done = 0;
	if (args->below)
		step.node = seek_area(args->ioas, args->from, true);
	/* The area below ends before from, which the steps must not take for a change. */
	if (step.node)
		step.sums.from = 0;
	else
		step.node = seek_area(args->ioas, args->from, false);
	step.sums.below = 0;
	bpf_loop(UPSTREAM_AREAS, step_area, &step, 0);
	*args = step.sums;
	return 0;
}

/* Describe an area, by the address of its struct. Returns its protection. */
static __always_inline __u32 describe(__u64 node, struct top_area *out)
{
	const struct iopt_area___up *area = (const void *)node;

	out->iova = BPF_CORE_READ(area, node.start);
	out->length = BPF_CORE_READ(area, node.last) - out->iova + 1;
	return BPF_CORE_READ(area, iommu_prot) & (IOMMUFD_PROT_READ | IOMMUFD_PROT_WRITE);
}

/* Find the area at an address, and the nearest ones. */
SEC("syscall")
int find_area(struct upstream_find *args)
{
	struct top_area_find find = args->find;
	struct top_area area;
	__u64 node;
	__u32 prot;

	find.is_inside = 0;
	find.has_above = 0;
	find.has_below = 0;
	find.since_ns = 0;
	node = seek_area(args->ioas, find.addr, false);
	if (node) {
		prot = describe(node, &area);
		if (area.iova <= find.addr) {
			find.inside = area;
			find.is_inside = 1;
			find.prot = prot;
		} else {
			find.above = area;
			find.has_above = 1;
		}
	}
	node = seek_area(args->ioas, find.addr, true);
	if (node) {
		describe(node, &find.below);
		find.has_below = 1;
	}
	args->find = find;
	return 0;
}
