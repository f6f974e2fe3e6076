/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs that keep the maps of owner.bpf.h up to date. They are attached before the programs
 * of the same tracepoints that show events.
 *
 * Include record.bpf.h and owner.bpf.h before this header.
 */
#ifndef _OWNER_PROGRAMS_BPF_H
#define _OWNER_PROGRAMS_BPF_H

#include "owner_update.bpf.h"

SEC("raw_tp/iommufd_ctx_open")
int owner_open(struct args_ctx_open *args)
{
	own_opened(args);
	return 0;
}

SEC("raw_tp/iommufd_ctx_close")
int owner_close(struct args_ctx_close *args)
{
	own_closed(args->ctx);
	return 0;
}

SEC("raw_tp/iommufd_device_bind")
int owner_bind(struct args_device_bind *args)
{
	__u32 tid = bpf_get_current_pid_tgid();

	/* The program owner_name has put the name there, at the start of the call. */
	if (!(__s32)args->ret)
		own_bound(args->ctx, args->device, args->sbdf,
			  bpf_map_lookup_elem(&binding_names, &tid));
	return 0;
}

SEC("raw_tp/iommufd_device_unbind")
int owner_unbind(struct args_device_unbind *args)
{
	own_unbound(args->ctx, args->device, args->sbdf);
	return 0;
}

#endif /* _OWNER_PROGRAMS_BPF_H */
