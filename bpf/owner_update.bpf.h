/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes of the maps of owner.bpf.h by the events of a driver, whichever driver they come from.
 *
 * Include record.bpf.h and owner.bpf.h before this header.
 */
#ifndef _OWNER_UPDATE_BPF_H
#define _OWNER_UPDATE_BPF_H

#include "past.bpf.h"

static __always_inline void set_owner(__u32 ctx)
{
	struct owner owner = { .tgid = bpf_get_current_pid_tgid() >> 32 };

	owner.is_wanted = is_of_wanted_thread();
	bpf_get_current_comm(owner.comm, sizeof(owner.comm));
	owner.uid = bpf_get_current_uid_gid();
	owner.cgroup = bpf_get_current_cgroup_id();
	bpf_map_update_elem(&owners, &ctx, &owner, BPF_ANY);
}

/* A process that maps may have got the file, with its devices, from another one. */
static __always_inline void note_owner(__u32 ctx, __u32 tgid)
{
	const struct owner *owner = owner_of(ctx);

	if (!owner || owner->tgid != tgid)
		set_owner(ctx);
}

static __always_inline void own_opened(const struct args_ctx_open *args)
{
	set_owner(args->ctx);
	note_open(args);
}

static __always_inline void own_closed(__u32 ctx)
{
	bpf_map_delete_elem(&owners, &ctx);
}

/* A device was bound. name: of one that is not PCI, or NULL if it is not known. */
static __always_inline void own_bound(__u32 ctx, __u32 id, __u32 sbdf, const char *name)
{
	struct owner_object object = { .ctx = ctx, .id = id };
	struct owner_device device = { .sbdf = sbdf };

	set_owner(ctx);
	if (sbdf == EVENT_NONE) {
		if (!name)
			return;
		__builtin_memcpy(device.name, name, sizeof(device.name));
		bpf_map_update_elem(&owned_names, &object, name, BPF_ANY);
	}
	bpf_map_update_elem(&owned_devices, &device, &ctx, BPF_ANY);
}

static __always_inline void own_unbound(__u32 ctx, __u32 id, __u32 sbdf)
{
	struct owner_object object = { .ctx = ctx, .id = id };
	struct owner_device device = { .sbdf = sbdf };
	const char *name;

	if (sbdf == EVENT_NONE) {
		name = bpf_map_lookup_elem(&owned_names, &object);
		if (!name)
			return;
		__builtin_memcpy(device.name, name, sizeof(device.name));
	}
	bpf_map_delete_elem(&owned_devices, &device);
}

#endif /* _OWNER_UPDATE_BPF_H */
