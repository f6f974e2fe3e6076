/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process behind an event that comes from another thread: a DMA fault is reported by an
 * interrupt handler, which knows the device alone, and a page request by a kernel thread.
 *
 * The chain is device, context, process. A context belongs to the process that mapped last, took
 * its memory over, bound the last device or opened it, whichever came last: a daemon may open the
 * file, and bind devices, for a virtual machine monitor. Whether the filter passes for the process
 * is decided then, in its own thread. The driver names the process that mapped last in page
 * requests as well.
 *
 * User space adds the contexts that existed before, see tools/common/owner.h. owner_programs.bpf.h
 * has the programs that follow changes. Tracepoints do not have the names of devices that are not
 * PCI; owner_name in dma_fault.bpf.h reads them, because only programs with the kernel's BTF can.
 */
#ifndef _OWNER_BPF_H
#define _OWNER_BPF_H

#include "filter.bpf.h"
#include "iommufd_owner.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u32); /* context */
	__type(value, struct owner);
} owners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct owner_device);
	__type(value, __u32); /* context */
} owned_devices SEC(".maps");

/*
 * Names of devices that are not PCI, because events have object ids. They are kept after unbind,
 * whose event may be shown later.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct owner_object);
	__type(value, char[OWNER_NAME_LEN]);
} owned_names SEC(".maps");

/* The name of the device that a thread is just binding. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u32); /* thread */
	__type(value, char[OWNER_NAME_LEN]);
} binding_names SEC(".maps");

/* Return the owner of a context; NULL if it is not known. */
static __always_inline const struct owner *owner_of(__u32 ctx)
{
	return bpf_map_lookup_elem(&owners, &ctx);
}

/* Return the context that a device is bound to, by its address or else its name. */
static __always_inline __u32 ctx_of_device(__u32 sbdf, const char name[OWNER_NAME_LEN])
{
	struct owner_device device = { .sbdf = sbdf };
	__u32 *ctx;

	if (sbdf == EVENT_NONE && name)
		__builtin_memcpy(device.name, name, sizeof(device.name));
	ctx = bpf_map_lookup_elem(&owned_devices, &device);
	return ctx ? *ctx : EVENT_NONE;
}

/* Whether the device of an event has the name that the filter wants. */
static __always_inline bool is_of_named_device(const struct event_subject *subject)
{
	struct owner_object object = { .ctx = subject->ctx, .id = subject->device };
	const __u64 *name = bpf_map_lookup_elem(&owned_names, &object);

	return name && subject->sbdf == EVENT_NONE && iommufd_filter__is_name(&filter, name);
}

#endif /* _OWNER_BPF_H */
