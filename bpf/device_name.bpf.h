/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The name of a device, and the PCI address that it has by its name.
 */
#ifndef _DEVICE_NAME_BPF_H
#define _DEVICE_NAME_BPF_H

#include <bpf/bpf_core_read.h>

#include "iommufd_record.h"

static __always_inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

#define DEVICE_NAME_LEN 32 /* of name0 and those that follow */

/* Parse "0000:00:04.0"; EVENT_NONE for the name of a device that is not PCI. */
static __always_inline __u32 parse_sbdf(const char name[DEVICE_NAME_LEN])
{
	__u32 digits = 0;
	int i;

	for (i = 0; i < 12; i++) {
		if (i == 4 || i == 7 || i == 10) {
			if (name[i] != (i == 10 ? '.' : ':'))
				return EVENT_NONE;
			continue;
		}
		if (hex_digit(name[i]) < 0)
			return EVENT_NONE;
		/* The two digits of the device have five bits, the function has three. */
		if (i < 11)
			digits = digits << 4 | hex_digit(name[i]);
		else
			digits = (digits & ~0xffu) | (digits & 0x1f) << 3 |
				 (hex_digit(name[i]) & 7);
	}
	return name[12] ? EVENT_NONE : digits;
}

static __always_inline void read_name(const struct device *device, char name[DEVICE_NAME_LEN])
{
	const char *from = BPF_CORE_READ(device, init_name);

	if (!from)
		from = BPF_CORE_READ(device, kobj.name);
	bpf_probe_read_kernel_str(name, DEVICE_NAME_LEN, from);
}

#endif /* _DEVICE_NAME_BPF_H */
