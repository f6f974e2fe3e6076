// SPDX-License-Identifier: GPL-2.0-only
/* The policy device_allow in user space, with entries that its rules have as well. */
#include "iommufd_policy.bpf.h"

#define names device_allow_names
#define devices device_allow_devices
#define models device_allow_models
#include "../../../bpf/policies/device_allow.bpf.c"

static void begin(void)
{
	struct device_key device = { 0x18, 1000 };
	struct model_key model = { 0x8086, 0x10c9, IOMMUFD_NONE };
	enum verdict verdict = allow;

	SHIPPED_MAP(names);
	SHIPPED_MAP(devices);
	SHIPPED_MAP(models);
	bpf_map_update_elem(&devices, &device, &verdict, BPF_ANY);
	bpf_map_update_elem(&models, &model, &verdict, BPF_ANY);
}

const struct shipped shipped_device_allow = { "device_allow", &device_allow, begin };
