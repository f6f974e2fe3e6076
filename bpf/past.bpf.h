/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps the last unmaps and changes of attachments for user space, see iommufd_past.h.
 *
 * An unmap costs one look-up in an array, a clock and a few stores. The name of the process is left
 * to user space, which knows it in most cases.
 *
 * Include record.bpf.h before this header. Define PAST_WITH_STACKS to keep stacks, if with_stacks
 * is set.
 */
#ifndef _PAST_BPF_H
#define _PAST_BPF_H

#include "iommufd_past.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PAST_RINGS + 1); /* 1 if no faults are traced */
	__type(key, __u32);
	__type(value, struct past_ring);
} pasts SEC(".maps");

#ifdef PAST_WITH_STACKS
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 4096); /* 1 without stacks */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, EVENT_USER_FRAMES * sizeof(__u64));
} past_stacks SEC(".maps");
#endif

/* Begin the next entry of a ring. Readers ignore it until its time is set. */
static __always_inline struct past *begin_past(__u32 index)
{
	struct past_ring *ring = bpf_map_lookup_elem(&pasts, &index);
	struct past *past;

	if (!ring)
		return NULL;
	past = &ring->items[__sync_fetch_and_add(&ring->nr, 1) & (PAST_ENTRIES - 1)];
	*(volatile __u64 *)&past->time_ns = 0;
	return past;
}

static __always_inline void end_past(struct past *past, void *ctx)
{
#ifdef PAST_WITH_STACKS
	if (with_stacks && ctx) {
		past->kernel_stack = bpf_get_stackid(ctx, &past_stacks, 0);
		past->user_stack = bpf_get_stackid(ctx, &past_stacks, BPF_F_USER_STACK);
	}
#endif
	*(volatile __u64 *)&past->time_ns = bpf_ktime_get_ns();
}

static __always_inline void note_open(const struct args_ctx_open *args)
{
	struct past *past = begin_past(PAST_DEVICES);

	if (!past)
		return;
	past->event = EVENT_ctx_open;
	past->ctx = args->ctx;
	past->tgid = args->tgid;
	past->ns = 0;
	end_past(past, NULL);
}

static __always_inline void note_unmap(void *ctx, const struct args_ioas_unmap *args)
{
	struct past *past;

	if (!args->unmapped)
		return;
	past = begin_past(past_ring_of(args->ctx, args->ioas));
	if (!past)
		return;
	past->ns = args->ns;
	past->iova = args->iova;
	past->length = args->length;
	past->event = EVENT_ioas_unmap;
	past->ctx = args->ctx;
	past->ioas = args->ioas;
	past->tgid = args->tgid;
	end_past(past, ctx);
}

/* The events of devices begin with the arguments of unbind or of attach. */
static __always_inline void note_device(void *ctx, enum event_id event, const void *args)
{
	const struct args_device_replace *replace = args;
	const struct args_device_attach *attach = args;
	struct past *past;

	if (event == EVENT_device_attach && attach->ret)
		return;
	if (event == EVENT_device_replace && replace->ret)
		return;
	past = begin_past(PAST_DEVICES);
	if (!past)
		return;
	past->event = event;
	past->ctx = attach->ctx;
	past->tgid = attach->tgid;
	past->device = attach->device;
	past->sbdf = attach->sbdf;
	past->pasid = EVENT_NONE;
	past->ioas = EVENT_NONE;
	past->pt = EVENT_NONE;
	past->old_pt = EVENT_NONE;
	past->ns = 0;
	if (event != EVENT_device_unbind) {
		past->pasid = attach->pasid;
		past->ioas = attach->ioas;
		past->pt = attach->hwpt;
		past->ns = event == EVENT_device_replace ? replace->ns : attach->ns;
	}
	if (event == EVENT_device_replace)
		past->old_pt = replace->old_hwpt;
	end_past(past, ctx);
}

static __always_inline void note_pasid(void *ctx, enum event_id event, const void *args)
{
	const struct args_pasid_replace *replace = args;
	const struct args_pasid_attach *attach = args;
	struct past *past;

	if (event == EVENT_pasid_attach && attach->ret)
		return;
	if (event == EVENT_pasid_replace && replace->ret)
		return;
	past = begin_past(PAST_DEVICES);
	if (!past)
		return;
	past->event = event;
	past->ctx = attach->ctx;
	past->tgid = attach->tgid;
	past->device = attach->device;
	past->sbdf = attach->sbdf;
	past->pasid = attach->pasid;
	past->ioas = EVENT_NONE;
	past->pt = attach->pt;
	past->old_pt = event == EVENT_pasid_replace ? replace->old_hwpt : EVENT_NONE;
	past->ns = event == EVENT_pasid_replace ? replace->ns : attach->ns;
	end_past(past, ctx);
}

/* Keep an event if it is one of these; event is a constant. */
static __always_inline void note_past(void *ctx, enum event_id event, const void *args)
{
	switch (event) {
	case EVENT_ioas_unmap:
		note_unmap(ctx, args);
		break;
	case EVENT_device_attach:
	case EVENT_device_replace:
	case EVENT_device_detach:
	case EVENT_device_unbind:
		note_device(ctx, event, args);
		break;
	case EVENT_pasid_attach:
	case EVENT_pasid_replace:
	case EVENT_pasid_detach:
		note_pasid(ctx, event, args);
		break;
	default:
		break;
	}
}

#endif /* _PAST_BPF_H */
