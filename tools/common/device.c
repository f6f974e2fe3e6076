// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices, see device.h.
 */
#include <string.h>

#include "device.h"

bool device__is_same(__u32 sbdf, const char *name, __u32 fault_sbdf, const char *fault_name)
{
	if (fault_sbdf != EVENT_NONE)
		return sbdf == fault_sbdf;
	/* The event may have cut the name. */
	return fault_name[0] && !strncmp(name, fault_name, DEVICE_NAME_MAX - 1);
}
