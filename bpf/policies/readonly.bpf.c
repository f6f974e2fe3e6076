// SPDX-License-Identifier: GPL-2.0-only
/*
 * readonly: devices may read memory but not write it.
 *
 * Use it for devices that only send (a display, a signer of data), and for devices that must not
 * change memory. Without parameters it applies to all devices in the policy's scope, so load it for
 * a cgroup:
 *
 *	iopolicy load build/policies/readonly.bpf.o --cgroup /sys/fs/cgroup/machine.slice
 *
 * or only for some devices, in every process:
 *
 *	iopolicy load build/policies/readonly.bpf.o --set listed_only=1
 *	iopolicy map readonly devices set 0000:00:03.0
 *	iopolicy map readonly models set 1234,11e8
 *
 * Parameter:
 *	listed_only	0: all devices; 1: those in the maps
 *
 * Maps; values do not matter:
 *	devices		PCI address, or none for all devices that are not PCI devices
 *	models		PCI vendor, PCI device id
 *	guarded		kept by the policy: file and address space that a listed device was
 *			attached to
 *
 * The policy refuses with EPERM
 *	- maps and copies that devices could write; with listed_only only those into an address
 *	  space that a listed device was attached to, while a listed device is bound to the file;
 *	- to attach such a device, or a PASID of it, to an address space with writable areas,
 *	  directly or by a page table of it; to a page table whose memory is unknown; and to the
 *	  memory of a process (SVA), because then the process's own rights apply;
 *	- to bind such a device if it has no IOMMU, because it could write all memory.
 *
 * Restrictions: an address space stays guarded after an attach that was refused or failed, and
 * after a detach. The policy does not know about attaches before it was loaded, or before the
 * device was listed: load it, and list devices, before they are bound. A device that signals by
 * writing memory (a completion queue) does not work with this policy; interrupts (MSI) work.
 * Mediated devices have no DMA of their own, so with listed_only they can still write. Devices of
 * one IOMMU group move together, but the request names only one of them: list all devices of a
 * group, or none.
 */
#include <iommufd_policy.bpf.h>

IOMMUFD_PARAM(bool, listed_only) = false;

struct model {
	iommufd_pci_id_t vendor;
	iommufd_pci_id_t product;
};

struct space {
	__u32 ctx;
	__u32 ioas;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, iommufd_sbdf_t);
	__type(value, iommufd_member_t);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct model);
	__type(value, iommufd_member_t);
} models SEC(".maps");

/* Value: the device object that was attached last. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct space);
	__type(value, __u32);
} guarded SEC(".maps");

static __always_inline bool is_listed(__u32 sbdf, __u32 vendor, __u32 product)
{
	struct model model = { vendor, product };

	return bpf_map_lookup_elem(&devices, &sbdf) || bpf_map_lookup_elem(&models, &model);
}

static long forget_closed(void *map, struct space *space, __u32 *device, void *arg)
{
	struct iommufd_ctx_info *info;
	bool is_open = false;

	bpf_for_each(iommufd_ctx, info)
		is_open |= info->ctx == space->ctx;
	if (!is_open)
		bpf_map_delete_elem(map, space);
	return 0;
}

/* If the map is full, delete the entries of closed files first. */
static __always_inline int guard(struct space *space, __u32 device)
{
	if (!bpf_map_update_elem(&guarded, space, &device, BPF_ANY))
		return 0;
	bpf_for_each_map_elem(&guarded, forget_closed, (void *)0, 0);
	return bpf_map_update_elem(&guarded, space, &device, BPF_ANY);
}

/*
 * Guard the address space before looking at its areas, so that no writable map can begin meanwhile.
 * Maps that have begun are among the areas.
 */
static __always_inline int check_attach(const struct iommufd_policy_request *req)
{
	struct space space = { req->ctx, req->ioas };
	struct iommufd_area_info *area;
	__u64 iova = 0;
	bool found = false;

	if (listed_only && !is_listed(req->sbdf, req->vendor, req->product))
		return 0;
	if (req->flags & IOMMUFD_REQUEST_SHARED) {
		iommufd_reason_f(req, "device could write to process %u", req->tgid);
		return -EPERM;
	}
	if (space.ioas == IOMMUFD_NONE) {
		iommufd_reason_f(req, "%u is not an address space", req->pt);
		return -EPERM;
	}
	if (listed_only && guard(&space, req->device)) {
		iommufd_reason(req, "too many guarded address spaces");
		return -ENOSPC;
	}
	bpf_for_each(iommufd_area, area, space.ctx, space.ioas, 0) {
		if (area->prot & IOMMUFD_PROT_WRITE) {
			iova = area->iova;
			found = true;
			break;
		}
	}
	if (!found)
		return 0;
	iommufd_reason_f(req, "ioas %u: writable at 0x%llx", space.ioas, iova);
	return -EPERM;
}

/* Whether a listed device is still bound to the file. */
static __always_inline bool is_needed(__u32 ctx)
{
	struct iommufd_object_info *info;
	bool found = false;

	bpf_for_each(iommufd_object, info, ctx, IOMMUFD_INFO_DEVICE) {
		if (is_listed(info->sbdf, info->vendor, info->product)) {
			found = true;
			break;
		}
	}
	return found;
}

IOMMUFD_HOOK(ioas_map, readonly_map)
{
	struct space space = { req->ctx, req->ioas };

	if (!(req->prot & IOMMUFD_PROT_WRITE))
		return 0;
	if (listed_only) {
		if (!bpf_map_lookup_elem(&guarded, &space))
			return 0;
		if (!is_needed(space.ctx)) {
			bpf_map_delete_elem(&guarded, &space);
			return 0;
		}
	}
	iommufd_reason_f(req, "ioas %u: writable map at 0x%llx", space.ioas, req->iova);
	return -EPERM;
}

IOMMUFD_HOOK(device_bind, readonly_bind)
{
	if (!(req->flags & IOMMUFD_REQUEST_NOIOMMU))
		return 0;
	if (listed_only && !is_listed(req->sbdf, req->vendor, req->product))
		return 0;
	iommufd_reason(req, "no IOMMU: could write anywhere");
	return -EPERM;
}

IOMMUFD_HOOK(device_attach, readonly_attach)
{
	return check_attach(req);
}

IOMMUFD_HOOK(pasid_attach, readonly_pasid)
{
	return check_attach(req);
}

IOMMUFD_POLICY(readonly) = {
	.device_bind = (void *)readonly_bind,
	.ioas_map = (void *)readonly_map,
	.device_attach = (void *)readonly_attach,
	.pasid_attach = (void *)readonly_pasid,
	.name = "readonly",
	.flags = IOMMUFD_POLICY_NO_TOTALS,
	.version = IOMMUFD_POLICY_VERSION,
};
