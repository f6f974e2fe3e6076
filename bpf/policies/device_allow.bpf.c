// SPDX-License-Identifier: GPL-2.0-only
/*
 * device_allow: which user may bind which device to /dev/iommu.
 *
 * The permissions of /dev/vfio/devices/vfioN say who may open a device. But they belong to the
 * device node, are lost when the device is plugged again, and do not apply to root or to a process
 * that gets an open file from another one. This policy is asked when the device is bound, and it
 * knows rules for models of devices.
 *
 *	iopolicy load build/policies/device_allow.bpf.o
 *
 * Parameter:
 *	default_allow	verdict for a device without a rule: 0 refuses it, 1 allows it
 *
 * Maps; the value (4 bytes) is 1 to allow and 0 to refuse. IOMMUFD_NONE (0xffffffff) in a key
 * matches any device or user. Numbers are little-endian with 4 bytes:
 *	names		name in sysfs (32 bytes, padded with 0), user: for devices of all
 *			buses
 *	devices		PCI address (segment << 16 | bus << 8 | device << 3 | function),
 *			user
 *	models		PCI vendor, PCI device id, user
 * The most specific rule applies. The order is names, devices, models with both ids, models with
 * the vendor, models with neither; in each of them a rule for the user comes before one for any
 * user.
 *
 * The user 1000 may bind 0000:00:03.0, all users may bind Intel's 10c9, and nothing else is
 * allowed:
 *
 *	cd /sys/fs/bpf/iommufd/device_allow/maps
 *	bpftool map update pinned devices key 0x18 0 0 0 0xe8 3 0 0 value 1 0 0 0
 *	bpftool map update pinned models key hex 86 80 00 00 c9 10 00 00 ff ff ff ff value 1 0 0 0
 *
 * Restrictions: a device that is bound already stays bound. In models, devices that are not PCI
 * devices match only rules for any vendor; use names for them. A bind by a kernel driver is treated
 * like one by a program, with the user of the process that caused it.
 */
#include <iommufd_policy.bpf.h>

IOMMUFD_PARAM(bool, default_allow) = false;

struct name_key {
	char name[IOMMUFD_POLICY_DEVICE_LEN];
	__u32 uid;
};

struct device_key {
	__u32 sbdf;
	__u32 uid;
};

struct model_key {
	__u32 vendor;
	__u32 product;
	__u32 uid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct name_key);
	__type(value, __u32);
} names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct device_key);
	__type(value, __u32);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct model_key);
	__type(value, __u32);
} models SEC(".maps");

static __always_inline __u32 *by_name(const struct iommufd_policy_request *req)
{
	struct name_key key = { .uid = req->uid };
	__u32 *rule;

	/* The copy stops at the 0; the rest of the key is 0 as well. */
	bpf_probe_read_kernel_str(key.name, sizeof(key.name), req->device_name);
	rule = bpf_map_lookup_elem(&names, &key);
	if (rule)
		return rule;
	key.uid = IOMMUFD_NONE;
	return bpf_map_lookup_elem(&names, &key);
}

static __always_inline __u32 *by_address(const struct iommufd_policy_request *req)
{
	struct device_key key = { req->sbdf, req->uid };
	__u32 *rule = bpf_map_lookup_elem(&devices, &key);

	if (rule)
		return rule;
	key.uid = IOMMUFD_NONE;
	return bpf_map_lookup_elem(&devices, &key);
}

static __always_inline __u32 *by_model(__u32 vendor, __u32 product, __u32 uid)
{
	struct model_key key = { vendor, product, uid };
	__u32 *rule = bpf_map_lookup_elem(&models, &key);

	if (rule)
		return rule;
	key.uid = IOMMUFD_NONE;
	return bpf_map_lookup_elem(&models, &key);
}

static __always_inline __u32 *find_rule(const struct iommufd_policy_request *req)
{
	__u32 *rule = by_name(req);

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
	__u32 *rule = find_rule(req);

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
