/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names of devices that are not PCI. Events have a device's object id and PCI address, because
 * a tracepoint has no room for a name. Names come from a recording, from a list of objects, or from
 * the BPF programs that note each bind.
 */
#ifndef _COMMON_DEVICE_NAME_H
#define _COMMON_DEVICE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "iommufd_owner.h"

#define DEVICE_NAME_MAX (OWNER_NAME_LEN + 1)

/* Note the name of a device object: any bytes, which end at a NUL or after size bytes. */
void device_name__add(__u32 ctx, __u32 id, const char *name, size_t size);

/*
 * Set a function that adds the name of a device object if it can. It is called when the name is
 * asked for and not known, once for each device. NULL: none.
 */
void device_name__set_reader(void (*read)(void *arg, __u32 ctx, __u32 id), void *arg);

/* The name, clean; NULL if it is not known. */
const char *device_name__find(__u32 ctx, __u32 id);
/* The same, and whether this is the first request for this device since device_name__renew(). */
const char *device_name__find_new(__u32 ctx, __u32 id, bool *is_new);

/* Make all names new again, for another recording. */
void device_name__renew(void);
/* Forget a device, whose id may be that of another one from now on. */
void device_name__forget(__u32 ctx, __u32 id);

#endif /* _COMMON_DEVICE_NAME_H */
