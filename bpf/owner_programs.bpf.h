/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs that keep the maps of owner.bpf.h up to date. They are attached before the programs
 * of the same tracepoints that show events.
 *
 * Include record.bpf.h and owner.bpf.h before this header.
 */
#ifndef _OWNER_PROGRAMS_BPF_H
#define _OWNER_PROGRAMS_BPF_H

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

SEC("raw_tp/iommufd_ctx_open")
int owner_open(struct args_ctx_open *args)
{
	set_owner(args->ctx);
	note_open(args);
	return 0;
}

SEC("raw_tp/iommufd_ctx_close")
int owner_close(struct args_ctx_close *args)
{
	__u32 ctx = args->ctx;

	bpf_map_delete_elem(&owners, &ctx);
	return 0;
}

SEC("raw_tp/iommufd_device_bind")
int owner_bind(struct args_device_bind *args)
{
	struct owner_object object = { .ctx = args->ctx, .id = args->device };
	struct owner_device device = { .sbdf = args->sbdf };
	__u32 tid = bpf_get_current_pid_tgid(), ctx = args->ctx;
	const char *name;

	if ((__s32)args->ret)
		return 0;
	set_owner(ctx);
	if (device.sbdf == EVENT_NONE) {
		/* The program owner_name has put it there, at the begin of the call. */
		name = bpf_map_lookup_elem(&binding_names, &tid);
		if (!name)
			return 0;
		__builtin_memcpy(device.name, name, sizeof(device.name));
		bpf_map_update_elem(&owned_names, &object, name, BPF_ANY);
	}
	bpf_map_update_elem(&owned_devices, &device, &ctx, BPF_ANY);
	return 0;
}

SEC("raw_tp/iommufd_device_unbind")
int owner_unbind(struct args_device_unbind *args)
{
	struct owner_object object = { .ctx = args->ctx, .id = args->device };
	struct owner_device device = { .sbdf = args->sbdf };
	const char *name;

	if (device.sbdf == EVENT_NONE) {
		name = bpf_map_lookup_elem(&owned_names, &object);
		if (!name)
			return 0;
		__builtin_memcpy(device.name, name, sizeof(device.name));
	}
	bpf_map_delete_elem(&owned_devices, &device);
	return 0;
}

#endif /* _OWNER_PROGRAMS_BPF_H */
