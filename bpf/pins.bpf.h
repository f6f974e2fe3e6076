/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts the page faults during pins: the programs pins_begin and pins_end, see iommufd_pins.h. The
 * kernel counts the faults of pin_user_pages_fast() for the thread that pins, as minor or major.
 * They need the kernel's BTF.
 */
#ifndef _PINS_BPF_H
#define _PINS_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "iommufd_pins.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024); /* 1 if pins are not counted */
	__type(key, __u32); /* thread */
	__type(value, __u64); /* its page faults when the pin began */
} pins_begun SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct pins_key);
	__type(value, struct pins);
} pins SEC(".maps");

static __always_inline __u64 page_faults(void)
{
	const struct task_struct *task = (const void *)bpf_get_current_task();

	return BPF_CORE_READ(task, min_flt) + BPF_CORE_READ(task, maj_flt);
}

/* umem_pin() of the module, through which all pins go. */
SEC("kprobe")
int BPF_KPROBE(pins_begin)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 faults = page_faults();

	bpf_map_update_elem(&pins_begun, &tid, &faults, BPF_ANY);
	return 0;
}

SEC("raw_tp/iommufd_pin")
int pins_end(struct args_pin *args)
{
	struct pins_key key = { .ctx = args->ctx, .tgid = args->tgid };
	__u32 tid = bpf_get_current_pid_tgid();
	const struct pins none = {};
	__u64 *begun, faults;
	struct pins *sum;

	begun = bpf_map_lookup_elem(&pins_begun, &tid);
	if (!begun || (__s32)args->ret || !args->pages)
		return 0;
	faults = page_faults() - *begun;
	bpf_map_update_elem(&pins, &key, &none, BPF_NOEXIST);
	sum = bpf_map_lookup_elem(&pins, &key);
	if (!sum)
		return 0;
	if (faults) {
		__sync_fetch_and_add(&sum->faults, faults);
		__sync_fetch_and_add(&sum->faulted_pages, args->pages);
		__sync_fetch_and_add(&sum->faulted_ns, args->ns);
	} else {
		__sync_fetch_and_add(&sum->populated_pages, args->pages);
		__sync_fetch_and_add(&sum->populated_ns, args->ns);
	}
	return 0;
}

#endif /* _PINS_BPF_H */
