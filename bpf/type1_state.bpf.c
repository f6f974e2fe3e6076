// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists containers of VFIO type1, so that the tools see those from before their start:
 *
 *	find_contexts	goes through the open files of all processes, once
 *	walk		lists the address space of a container and the devices of its groups
 *	walk_areas	goes through its maps by address, see foreign_state.bpf.h
 *	walk_pins	counts the pages that mediated devices have pinned
 *
 * A container here is a struct vfio_iommu. It exists from VFIO_SET_IOMMU until the last group
 * leaves it. It has domains, each with groups, and a list of groups without a domain, which are
 * those of mediated devices.
 *
 * Only the members that are read are declared; their places come from the BTF of the running
 * modules. The programs hold no lock: reads of freed memory give other values, but never fault, and
 * every loop has a limit. They need CAP_SYS_ADMIN, because they use the BTF of modules.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "device_name.bpf.h"
#include "foreign_state.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define MISC_MAJOR 10
#define VFIO_MINOR 196
#define MINOR_BITS 20
#define TYPE1_NAME "vfio-iommu-type1"
#define PCI_BRIDGE 6 /* the upper byte of the class */
#define MAX_STEPS 8192 /* of walk */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct vfio_iommu_driver_ops___t1 {
	char *name;
};

struct vfio_iommu_driver___t1 {
	const struct vfio_iommu_driver_ops___t1 *ops;
};

struct vfio_container___t1 {
	struct vfio_iommu_driver___t1 *iommu_driver;
	void *iommu_data;
};

struct vfio_group___t1 {
	struct vfio_container___t1 *container;
	struct file *opened_file;
};

struct vfio_iommu___t1 {
	struct list_head domain_list;
	struct rb_root dma_list;
	struct list_head device_list; /* devices that may pin pages */
	unsigned int dma_avail;
	bool dirty_page_tracking;
	struct list_head emulated_iommu_groups;
};

struct vfio_domain___t1 {
	struct list_head next;
	struct list_head group_list;
};

struct vfio_iommu_group___t1 {
	struct iommu_group *iommu_group;
	struct list_head next;
};

struct vfio_dma___t1 {
	struct rb_node node;
	__u64 iova;
	unsigned long vaddr;
	unsigned long size;
	int prot;
	bool iommu_mapped;
	bool lock_cap;
	struct task_struct *task;
	struct rb_root pfn_list; /* pages that mediated devices have pinned */
	struct mm_struct *mm;
	unsigned long locked_vm; /* pages that are charged; from 6.3 on */
};

struct vfio_pfn___t1 {
	struct rb_node node;
	__u64 iova;
};

struct group_device___t1 {
	struct list_head list;
	struct device *dev;
};

struct iommu_group___t1 {
	struct list_head devices;
	int id;
};

#pragma clang attribute pop

/* ---- containers ---- */

/* The type1 data of a container, or 0. */
static __always_inline __u64 type1_of(const struct vfio_container___t1 *container)
{
	char name[sizeof(TYPE1_NAME)] = {};
	unsigned int i;

	if (!container)
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name),
				  BPF_CORE_READ(container, iommu_driver, ops, name));
	for (i = 0; i < sizeof(name); i++)
		if (name[i] != TYPE1_NAME[i])
			return 0;
	return (__u64)BPF_CORE_READ(container, iommu_data);
}

/* A group keeps its container, of which the process need not have a file any more. */
static __always_inline const struct vfio_container___t1 *container_of_group(const struct file *file)
{
	const struct vfio_group___t1 *group = BPF_CORE_READ(file, private_data);

	if (!group || !bpf_core_field_exists(group->opened_file) ||
	    BPF_CORE_READ(group, opened_file) != file)
		return NULL;
	return BPF_CORE_READ(group, container);
}

SEC("iter/task_file")
int find_contexts(struct bpf_iter__task_file *iter)
{
	const struct task_struct *task = iter->task;
	const struct file *file = iter->file;
	__u32 device;

	if (!task || !file)
		return 0;
	device = BPF_CORE_READ(file, f_inode, i_rdev);
	if (device == (MISC_MAJOR << MINOR_BITS | VFIO_MINOR))
		found_ctx(task, type1_of(BPF_CORE_READ(file, private_data)));
	else if (device)
		found_ctx(task, type1_of(container_of_group(file)));
	return 0;
}

/* ---- objects ---- */

/*
 * A place in a list of devices in a list of groups in a list of domains. Not on the stack, because
 * the verifier would follow its numbers; user space runs one walk at a time.
 */
static struct {
	struct foreign_walk walk;
	__u64 nr; /* objects so far */
	__u64 domains, groups, devices; /* heads; 0: no list */
	__u64 domain, group, device; /* the next entries */
	__u32 group_id;
	__u32 index; /* of the device in its group */
	__u32 in_emulated;
} place;

#define CONTAINER(address, type, member) \
	((const type *)((address) - bpf_core_field_offset(type, member)))

static __always_inline __u64 next_of(__u64 entry)
{
	return (__u64)BPF_CORE_READ((const struct list_head *)entry, next);
}

static __always_inline void begin_list(__u64 *head, __u64 *entry, const void *of)
{
	*head = (__u64)of;
	*entry = next_of(*head);
}

/* Whether an entry is in the list; sets *at to it and goes on to the next one. */
static __always_inline bool take_entry(__u64 head, __u64 *entry, __u64 *at)
{
	if (!head || !*entry || *entry == head)
		return false;
	*at = *entry;
	*entry = next_of(*entry);
	return true;
}

static __always_inline struct foreign_object *reserve(__u32 type)
{
	struct iommufd_object_info *info;
	struct foreign_object *out;

	out = bpf_ringbuf_reserve(&state, sizeof(*out), 0);
	if (!out)
		return NULL;
	__builtin_memset(out, 0, sizeof(*out));
	info = &out->info;
	info->ctx = place.walk.ctx;
	info->type = type;
	set_unknown(info);
	return out;
}

/*
 * List a device, unless no driver has it, or it is a bridge, which its group may contain. Returns
 * false if the buffer is full.
 */
static __always_inline bool put_device(struct device *dev)
{
	const struct pci_dev *pci = (const void *)dev - bpf_core_field_offset(struct pci_dev, dev);
	struct iommufd_object_info *info;
	struct foreign_object *out;
	bool is_pci;

	if (!dev || !BPF_CORE_READ(dev, driver))
		return true;
	out = reserve(IOMMUFD_INFO_DEVICE);
	if (!out)
		return false;
	info = &out->info;
	read_name(dev, info->name);
	info->sbdf = parse_sbdf(info->name);
	info->group = place.group_id;
	/* Groups come and go, so the id does not depend on the others. */
	info->id = (place.group_id + 1) << 8 | (place.index & 0xff);
	info->attached = 1;
	info->pt = FOREIGN_TYPE1_IOAS;
	is_pci = info->sbdf != EVENT_NONE;
	if (is_pci) {
		info->vendor = BPF_CORE_READ(pci, vendor);
		info->product = BPF_CORE_READ(pci, device);
	}
	if (is_pci && BPF_CORE_READ(pci, class) >> 16 == PCI_BRIDGE)
		bpf_ringbuf_discard(out, BPF_RB_NO_WAKEUP);
	else
		bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
	return true;
}

/* Go on to the next device, group or domain. */
static int step_object(__u32 i, void *unused)
{
	const struct vfio_iommu___t1 *iommu = (const void *)place.walk.ictx;
	const struct iommu_group___t1 *group;
	const struct vfio_domain___t1 *domain;
	struct device *dev;
	__u64 at;

	if (take_entry(place.devices, &place.device, &at)) {
		/* Those before were listed until the buffer was full. */
		if (place.nr++ >= place.walk.id) {
			dev = BPF_CORE_READ(CONTAINER(at, struct group_device___t1, list), dev);
			if (!put_device(dev))
				return 1;
			place.walk.id = place.nr;
		}
		place.index++;
	} else if (take_entry(place.groups, &place.group, &at)) {
		group = (const void *)BPF_CORE_READ(
			CONTAINER(at, struct vfio_iommu_group___t1, next), iommu_group);
		place.group_id = BPF_CORE_READ(group, id);
		place.index = 0;
		begin_list(&place.devices, &place.device, &group->devices);
	} else if (take_entry(place.domains, &place.domain, &at)) {
		domain = CONTAINER(at, struct vfio_domain___t1, next);
		begin_list(&place.groups, &place.group, &domain->group_list);
	} else if (!place.in_emulated) {
		place.in_emulated = 1;
		begin_list(&place.groups, &place.group, &iommu->emulated_iommu_groups);
	} else {
		place.walk.done = 1;
		return 1;
	}
	return 0;
}

static __always_inline void read_container(struct foreign_walk *walk)
{
	const struct vfio_iommu___t1 *iommu = (const void *)walk->ictx;

	walk->areas_left = BPF_CORE_READ(iommu, dma_avail);
	walk->tracks_dirty = BPF_CORE_READ(iommu, dirty_page_tracking);
	walk->has_mediated = next_of((__u64)&iommu->device_list) != (__u64)&iommu->device_list;
}

SEC("syscall")
int walk(struct foreign_walk *walk)
{
	const struct vfio_iommu___t1 *iommu = (const void *)walk->ictx;
	struct foreign_object *ioas;

	__builtin_memset(&place, 0, sizeof(place));
	place.walk = *walk;
	if (!place.walk.id) {
		ioas = reserve(IOMMUFD_INFO_IOAS);
		if (!ioas)
			return 0;
		ioas->info.id = FOREIGN_TYPE1_IOAS;
		ioas->address = place.walk.ictx;
		bpf_ringbuf_submit(ioas, BPF_RB_NO_WAKEUP);
		place.walk.id = 1;
	}
	place.nr = 1;
	begin_list(&place.domains, &place.domain, &iommu->domain_list);
	bpf_loop(MAX_STEPS, step_object, NULL, 0);
	walk->id = place.walk.id;
	walk->done = place.walk.done;
	read_container(walk);
	return 0;
}

/* ---- maps ---- */

static __always_inline __u64 read_root(__u64 ioas)
{
	const struct vfio_iommu___t1 *iommu = (const void *)ioas;

	return (__u64)BPF_CORE_READ(iommu, dma_list.rb_node);
}

static __always_inline void read_bounds(__u64 node, struct tree_area *area)
{
	const struct vfio_dma___t1 *dma = CONTAINER(node, struct vfio_dma___t1, node);
	__u64 size = BPF_CORE_READ(dma, size);

	/* A map grows from 0 as it is filled. */
	area->is_empty = !size;
	area->first = BPF_CORE_READ(dma, iova);
	area->last = area->first + (size ? size - 1 : 0);
}

static __always_inline __u32 read_area(__u64 node, __u64 *start, __u32 *tgid)
{
	const struct vfio_dma___t1 *dma = CONTAINER(node, struct vfio_dma___t1, node);

	*start = BPF_CORE_READ(dma, vaddr);
	*tgid = BPF_CORE_READ(dma, task, tgid);
	/* IOMMU_READ and IOMMU_WRITE have the same bits. */
	return BPF_CORE_READ(dma, prot) & (IOMMUFD_PROT_READ | IOMMUFD_PROT_WRITE);
}

static __always_inline void read_pages(__u64 node, struct foreign_areas *sums,
				       struct area_payer *payer)
{
	const struct vfio_dma___t1 *dma = CONTAINER(node, struct vfio_dma___t1, node);

	/* Without locked_vm, memory of other devices in the map counts as pinned. */
	if (bpf_core_field_exists(dma->locked_vm))
		payer->pinned = BPF_CORE_READ(dma, locked_vm) << page_shift;
	else if (BPF_CORE_READ(dma, iommu_mapped))
		payer->pinned = BPF_CORE_READ(dma, size);
	sums->pinned += payer->pinned;
	sums->unique += payer->pinned;
	payer->task = BPF_CORE_READ(dma, task);
	payer->mm = BPF_CORE_READ(dma, mm);
	payer->is_exempt = BPF_CORE_READ(dma, lock_cap);
	payer->charged = payer->is_exempt ? 0 : payer->pinned;
}

/* ---- pins of mediated devices ---- */

/* A step, like that of walk_areas. */
static struct {
	struct foreign_pins sums;
	__u64 dma; /* the map behind the pages */
	__u64 pfn; /* the next page, or 0 */
} pins;

static __always_inline __u64 iova_of_pfn(__u64 node)
{
	return BPF_CORE_READ(CONTAINER(node, struct vfio_pfn___t1, node), iova);
}

/* The first page of a map at an address or above. */
__noinline __u64 seek_pfn(__u64 dma, __u64 from)
{
	const struct rb_node *node;
	__u64 best = 0;
	int i;

	node = BPF_CORE_READ(CONTAINER(dma, struct vfio_dma___t1, node), pfn_list.rb_node);
	bpf_for(i, 0, MAX_DEPTH) {
		if (!node)
			break;
		if (iova_of_pfn((__u64)node) >= from) {
			best = (__u64)node;
			node = BPF_CORE_READ(node, rb_left);
		} else {
			node = BPF_CORE_READ(node, rb_right);
		}
	}
	return best;
}

static int step_pin(__u32 i, void *unused)
{
	__u64 iova;

	if (pins.pfn) {
		iova = iova_of_pfn(pins.pfn);
		/* The tree has changed: find the place again in the next step. */
		if (iova < pins.sums.from)
			return 1;
		pins.sums.nr++;
		pins.sums.from = iova + 1;
		pins.pfn = next_area(pins.pfn);
		return 0;
	}
	if (!pins.dma) {
		pins.sums.done = 1;
		return 1;
	}
	pins.pfn = seek_pfn(pins.dma, pins.sums.from);
	pins.dma = next_area(pins.dma);
	return 0;
}

SEC("syscall")
int walk_pins(struct foreign_pins *args)
{
	pins.sums = *args;
	pins.sums.nr = 0;
	pins.sums.done = 0;
	pins.pfn = 0;
	pins.dma = seek_area(args->ictx, args->from, false);
	bpf_loop(MAX_STEPS, step_pin, NULL, 0);
	*args = pins.sums;
	return 0;
}
