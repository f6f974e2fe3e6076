/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices by name and PCI address.
 *
 * The driver knows both of a bound device. A DMA fault has the PCI address, or the name if the
 * device is not PCI; both tools find its owner by these.
 */
#ifndef _COMMON_DEVICE_H
#define _COMMON_DEVICE_H

#include <stdbool.h>
#include <linux/types.h>

#include "iommufd_record.h"

/* The size of a device's name, which ends with a NUL unless it is as long. */
#define DEVICE_NAME_MAX 32

/* Whether a fault with this address or name comes from that device. */
bool device__is_same(__u32 sbdf, const char *name, __u32 fault_sbdf, const char *fault_name);

#endif /* _COMMON_DEVICE_H */
