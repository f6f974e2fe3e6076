// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of hooks, see hook.h.
 */
#include <stdio.h>
#include <string.h>

#include "hook.h"

const char *const hook_names[IOMMUFD_HOOKS] = {
	[IOMMUFD_HOOK_DEVICE_BIND] = "device_bind",
	[IOMMUFD_HOOK_DEVICE_ATTACH] = "device_attach",
	[IOMMUFD_HOOK_IOAS_MAP] = "ioas_map",
	[IOMMUFD_HOOK_IOAS_UNMAP] = "ioas_unmap",
	[IOMMUFD_HOOK_HWPT_ALLOC] = "hwpt_alloc",
	[IOMMUFD_HOOK_PASID_ALLOC] = "pasid_alloc",
	[IOMMUFD_HOOK_PASID_ATTACH] = "pasid_attach",
	[IOMMUFD_HOOK_FAULT] = "fault",
};

const char *hook__name(__u64 hook)
{
	return hook < IOMMUFD_HOOKS ? hook_names[hook] : "?";
}

char *hook__list(char text[HOOKS_MAX], __u32 hooks)
{
	size_t length = 0;
	unsigned int i;

	if (hooks == (1u << IOMMUFD_HOOKS) - 1)
		return strcpy(text, "all");
	if (!hooks)
		return strcpy(text, "-");
	for (i = 0; i < IOMMUFD_HOOKS && length < HOOKS_MAX; i++)
		if (hooks & 1u << i)
			length += snprintf(text + length, HOOKS_MAX - length, "%s%s",
					   length ? "," : "", hook_names[i]);
	return text;
}
