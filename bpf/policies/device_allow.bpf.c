// SPDX-License-Identifier: GPL-2.0-only
/*
 * device_allow: which user may bind which device to /dev/iommu.
 *
 * The permissions of /dev/vfio/devices/vfioN control who may open a device. But they belong to the
 * device node, are lost when the device is plugged again, and do not apply to root or to a process
 * that gets an open file from another one. The driver asks this policy whenever a device is bound,
 * and the policy has rules for models of devices, too.
 *
 *	iopolicy load build/policies/device_allow.bpf.o
 *
 * Parameter:
 *	default_allow	verdict for a device without a rule: 0 refuses it, 1 allows it
 *
 * Maps; the value is allow or deny, and the word any in a key matches any device or user:
 *	names		name in sysfs, user: for devices of all buses
 *	devices		PCI address, user
 *	models		PCI vendor, PCI device id, user
 * The most specific rule applies. The order is names, devices, models with both ids, models with
 * the vendor, models with neither; in each of them a rule for the user comes before one for any
 * user.
 *
 * The user 1000 may bind 0000:00:03.0, all users may bind Intel's 10c9, and nothing else is
 * allowed:
 *
 *	iopolicy map device_allow devices set 0000:00:03.0,1000=allow
 *	iopolicy map device_allow models set 8086,10c9,any=allow
 *
 * Restrictions: a device that is bound already stays bound. In models, devices that are not PCI
 * devices match only rules for any vendor; use names for them. A bind by a kernel driver counts as
 * one by the process that caused it, with the user of that process.
 */
#include <iommufd_policy.bpf.h>

IOMMUFD_PARAM(bool, default_allow) = false;

enum verdict { deny, allow };

struct name_key {
	char name[IOMMUFD_POLICY_DEVICE_LEN];
	iommufd_any_uid_t uid;
};

struct device_key {
	iommufd_any_sbdf_t device;
	iommufd_any_uid_t uid;
};

struct model_key {
	iommufd_any_pci_id_t vendor;
	iommufd_any_pci_id_t product;
	iommufd_any_uid_t uid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct name_key);
	__type(value, enum verdict);
} names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct device_key);
	__type(value, enum verdict);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct model_key);
	__type(value, enum verdict);
} models SEC(".maps");

static __always_inline enum verdict *by_name(const struct iommufd_policy_request *req)
{
	struct name_key key = { .uid = req->uid };
	enum verdict *rule;

	/* The copy stops at the 0; the rest of the key is 0 as well. */
	bpf_probe_read_kernel_str(key.name, sizeof(key.name), req->device_name);
	rule = bpf_map_lookup_elem(&names, &key);
	if (rule)
		return rule;
	key.uid = IOMMUFD_NONE;
	return bpf_map_lookup_elem(&names, &key);
}

static __always_inline enum verdict *by_address(const struct iommufd_policy_request *req)
{
	struct device_key key = { req->sbdf, req->uid };
	enum verdict *rule = bpf_map_lookup_elem(&devices, &key);

	if (rule)
		return rule;
	key.uid = IOMMUFD_NONE;
	return bpf_map_lookup_elem(&devices, &key);
}

static __always_inline enum verdict *by_model(__u32 vendor, __u32 product, __u32 uid)
{
	struct model_key key = { vendor, product, uid };
	enum verdict *rule = bpf_map_lookup_elem(&models, &key);

	if (rule)
		return rule;
	key.uid = IOMMUFD_NONE;
	return bpf_map_lookup_elem(&models, &key);
}

static __always_inline enum verdict *find_rule(const struct iommufd_policy_request *req)
{
	enum verdict *rule = by_name(req);

	if (!rule && req->sbdf != IOMMUFD_NONE)
		rule = by_address(req);
	if (!rule)
		rule = by_model(req->vendor, req->product, req->uid);
	if (!rule)
		rule = by_model(req->vendor, IOMMUFD_NONE, req->uid);
	if (!rule)
		rule = by_model(IOMMUFD_NONE, IOMMUFD_NONE, req->uid);
	return rule;
}

IOMMUFD_HOOK(device_bind, device_allow_bind)
{
	enum verdict *rule = find_rule(req);

	if (rule ? *rule : default_allow)
		return 0;
	if (req->vendor == IOMMUFD_NONE)
		iommufd_reason_f(req, "uid %u may not bind %s", req->uid,
				 (unsigned long)req->device_name);
	else
		iommufd_reason_f(req, "uid %u may not bind %04x:%04x", req->uid, req->vendor,
				 req->product);
	return -EPERM;
}

IOMMUFD_POLICY(device_allow) = {
	.device_bind = (void *)device_allow_bind,
	.name = "device_allow",
	.flags = IOMMUFD_POLICY_NO_TOTALS,
	.version = IOMMUFD_POLICY_VERSION,
};
