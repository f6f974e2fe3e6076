// SPDX-License-Identifier: GPL-2.0-only
/* Names of devices, see device_name.h. */
#include "device_name.h"
#include "names.h"

static struct name ring[1024];
static struct names names = { .ring = ring, .kept = sizeof(ring) / sizeof(ring[0]) };

void device_name__add(__u32 ctx, __u32 id, const char *name, size_t size)
{
	names__add(&names, ctx, id, name, size, DEVICE_NAME_MAX - 1);
}

void device_name__set_reader(void (*read)(void *arg, __u32 ctx, __u32 id), void *arg)
{
	names.read = read;
	names.arg = arg;
}

const char *device_name__find(__u32 ctx, __u32 id)
{
	return names__find(&names, ctx, id);
}

const char *device_name__find_new(__u32 ctx, __u32 id, bool *is_new)
{
	return names__find_new(&names, ctx, id, is_new);
}

void device_name__renew(void)
{
	names__renew(&names);
}

void device_name__forget(__u32 ctx, __u32 id)
{
	names__forget(&names, ctx, id);
}
