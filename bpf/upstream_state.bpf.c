// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists contexts, objects and areas of the kernel's own (upstream) iommufd, which has no iterators,
 * so that the tools see what existed before they started:
 *
 *	find_contexts	goes through the open files of all processes, once
 *	walk		goes through the id table of a context
 *	walk_areas	goes through the areas of an IOAS by address, see foreign_state.bpf.h
 *
 * The programs need CAP_SYS_ADMIN, because they use the BTF of a module.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "device_name.bpf.h"
#include "foreign_state.bpf.h"
#include "upstream.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define MISC_MAJOR 10
#define MINOR_BITS 20
#define MAX_ENTRIES 4096 /* of id tables and of tables of PASIDs, looked at in a step of walk */

/* How pages are charged, in every version. */
#define IOPT_PAGES_ACCOUNT_NONE 0
#define IOPT_PAGES_ACCOUNT_MM 2

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
	const struct task_struct *task = iter->task;
	const struct file *file = iter->file;

	if (task && file)
		found_ctx(task, (__u64)ctx_of_file(file));
	return 0;
}

/* ---- objects ---- */

/*
 * The entry of an xarray with this index, 0 if there is none, and the next index: that of the next
 * entry, or behind an empty part of the array. False: behind the last one.
 */
static __always_inline bool step_xa(__u64 head, __u64 index, __u64 *found, __u64 *next)
{
	__u64 entry = head, slot;
	const struct xa_node *node;
	__u32 shift;
	int depth;

	*found = 0;
	for (depth = 0; depth < XA_MAX_HEIGHT && is_xa_node(entry); depth++) {
		node = (const void *)(entry - 2);
		shift = BPF_CORE_READ(node, shift) & 63;
		slot = index >> shift;
		/* Behind the last slot of the uppermost node. */
		if (!depth && slot >> XA_SLOT_BITS)
			return false;
		bpf_core_read(&entry, sizeof(entry),
			      &node->slots[slot & ((1 << XA_SLOT_BITS) - 1)]);
		if (is_xa_node(entry) && shift)
			continue;
		/* A reserved index has an entry that is not a pointer. */
		if (!shift && !(entry & 3))
			*found = entry;
		*next = (slot + 1) << shift;
		return true;
	}
	/* The array has at most the index 0. */
	return false;
}

/*
 * Look at the next PASID of a device, and count it if it has a page table; false: behind the last.
 * Before 6.15 none can have one. PASID 0 is the whole device.
 */
static __always_inline bool step_pasid(struct foreign_walk *walk,
				       const struct iommufd_device___up *idev)
{
	const struct iommufd_group___up *igroup = BPF_CORE_READ(idev, igroup);
	const struct iommufd_attach___up *attach;
	__u64 entry;

	if (!bpf_core_field_exists(igroup->pasid_attach) ||
	    !step_xa((__u64)BPF_CORE_READ(igroup, pasid_attach.xa_head), walk->pasid ?: 1, &entry,
		     &walk->pasid))
		return false;
	attach = (const void *)entry;
	if (attach && xa_entry((__u64)&attach->device_array, BPF_CORE_READ(idev, obj.id)))
		walk->nr_pasids++;
	return true;
}

static __always_inline void put_device(struct iommufd_object_info *info,
				       const struct iommufd_device___up *idev, __u32 nr_pasids)
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
	info->pasids = nr_pasids;
	if (info->sbdf == EVENT_NONE)
		return;
	pci = (const void *)dev - bpf_core_field_offset(struct pci_dev, dev);
	info->vendor = BPF_CORE_READ(pci, vendor);
	info->product = BPF_CORE_READ(pci, device);
}

/* Put an object into the buffer; false if it is full. */
static __always_inline bool put_object(const struct foreign_walk *walk,
				       const struct iommufd_object___up *object)
{
	const struct iommufd_hwpt_nested___up *nested = (const void *)object;
	const struct iommufd_hwpt_paging___up *paging = (const void *)object;
	struct iommufd_object_info *info;
	struct foreign_object *out;

	out = bpf_ringbuf_reserve(&state, sizeof(*out), 0);
	if (!out)
		return false;
	__builtin_memset(out, 0, sizeof(*out));
	info = &out->info;
	out->address = (__u64)object;
	info->ctx = walk->ctx;
	info->id = BPF_CORE_READ(object, id);
	info->type = type_of(BPF_CORE_READ(object, type));
	set_unknown(info);
	if (info->type == IOMMUFD_INFO_DEVICE)
		put_device(info, (const void *)object, walk->nr_pasids);
	else if (info->type == IOMMUFD_INFO_HWPT)
		info->parent = BPF_CORE_READ(paging, ioas, obj.id);
	else if (info->type == IOMMUFD_INFO_NESTED)
		info->parent = BPF_CORE_READ(nested, parent, common.obj.id);
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
	return true;
}

/*
 * Look at the entry with the next id, or pass over an empty part of the table. A device comes once
 * for each of its PASIDs, and then itself. Id 0 is not used.
 */
static int step_entry(__u32 i, struct foreign_walk *walk)
{
	const struct iommufd_ctx___up *ictx = (const void *)walk->ictx;
	const struct iommufd_object___up *object;
	__u64 entry, next;

	walk->done = !step_xa((__u64)BPF_CORE_READ(ictx, objects.xa_head), walk->id, &entry, &next);
	if (walk->done)
		return 1;
	object = (const void *)entry;
	if (object && type_of(BPF_CORE_READ(object, type)) == IOMMUFD_INFO_DEVICE &&
	    step_pasid(walk, (const void *)object))
		return 0;
	if (object && !put_object(walk, object))
		return 1; /* the buffer is full */
	walk->id = next;
	walk->pasid = 0;
	walk->nr_pasids = 0;
	return 0;
}

SEC("syscall")
int walk(struct foreign_walk *walk)
{
	struct foreign_walk own = *walk;

	bpf_loop(MAX_ENTRIES, step_entry, &own, 0);
	walk->id = own.id;
	walk->pasid = own.pasid;
	walk->nr_pasids = own.nr_pasids;
	walk->done = own.done;
	return 0;
}

/* ---- areas ---- */

static __always_inline __u64 read_root(__u64 ioas)
{
	const struct iommufd_ioas___up *in = (const void *)ioas;

	return (__u64)BPF_CORE_READ(in, iopt.area_itree.rb_root.rb_node);
}

static __always_inline void read_bounds(__u64 node, struct tree_area *out)
{
	const struct iopt_area___up *area = (const void *)node;

	out->first = BPF_CORE_READ(area, node.start);
	out->last = BPF_CORE_READ(area, node.last);
	out->is_empty = false;
}

static __always_inline __u32 read_area(__u64 node, __u64 *start, __u32 *tgid)
{
	const struct iopt_area___up *area = (const void *)node;
	const struct iopt_pages___up *pages = BPF_CORE_READ(area, pages);

	*start = (__u64)BPF_CORE_READ(pages, uptr) + BPF_CORE_READ(area, page_offset) +
		 (BPF_CORE_READ(area, pages_node.start) << page_shift);
	*tgid = BPF_CORE_READ(pages, source_task, tgid);
	/* IOMMU_READ and IOMMU_WRITE have the same bits. */
	return BPF_CORE_READ(area, iommu_prot) & (IOMMUFD_PROT_READ | IOMMUFD_PROT_WRITE);
}

static __always_inline void read_pages(__u64 node, struct foreign_areas *sums,
				       struct area_payer *payer)
{
	const struct iopt_area___up *area = (const void *)node;
	const struct iopt_pages___up *pages = BPF_CORE_READ(area, pages);
	const struct rb_node *first;
	__u8 mode;

	if (!pages)
		return;
	if (BPF_CORE_READ(area, storage_domain))
		sums->pinned += (BPF_CORE_READ(area, pages_node.last) -
				 BPF_CORE_READ(area, pages_node.start) + 1)
				<< page_shift;
	payer->task = BPF_CORE_READ(pages, source_task);
	payer->mm = BPF_CORE_READ(pages, source_mm);
	mode = BPF_CORE_READ(pages, account_mode);
	payer->is_exempt = mode == IOPT_PAGES_ACCOUNT_NONE;
	payer->user = mode == IOPT_PAGES_ACCOUNT_MM ? NULL : BPF_CORE_READ(pages, source_user);
	/* Several areas may share pages: count them at the first one that is in a page table. */
	first = BPF_CORE_READ(pages, domains_itree.rb_leftmost);
	if (first && first != (const void *)&area->pages_node)
		return;
	payer->pinned = BPF_CORE_READ(pages, npinned) << page_shift;
	payer->charged = payer->is_exempt ? 0 : payer->pinned;
	sums->unique += payer->pinned;
}
