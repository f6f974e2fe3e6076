// SPDX-License-Identifier: GPL-2.0-only
/*
 * The history of unmaps and attachments, see past.h.
 *
 * A live tool copies a ring out of the BPF map for each question, which is rare: only faults ask.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <linux/iommufd.h>

#include "event.h"
#include "iommufd_policy.h"
#include "msg.h"
#include "past.h"

int history__open(struct history *history, int fd, __u64 since_ns)
{
	history->fd = fd;
	history->since_ns = since_ns;
	history->rings = calloc(fd < 0 ? PAST_RINGS + 1 : 1, sizeof(*history->rings));
	if (history->rings)
		return 0;
	msg("not enough memory");
	return -ENOMEM;
}

void history__close(struct history *history)
{
	free(history->rings);
	history->rings = NULL;
}

static const struct past_ring *get_ring(const struct history *history, __u32 index)
{
	if (!history->rings)
		return NULL;
	if (history->fd < 0)
		return &history->rings[index];
	return bpf_map_lookup_elem(history->fd, &index, history->rings) ? NULL : history->rings;
}

/* ---- events of a recording ---- */

static struct past *new_past(struct history *history, __u32 index,
			     const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;
	const __u64 *ns = event__arg(record, EVENT_ROLE_ns);
	struct past_ring *ring = &history->rings[index];
	struct past *past = &ring->items[ring->nr++ % PAST_ENTRIES];

	*past = (struct past){
		.time_ns = record->time_ns,
		.ns = ns ? *ns : 0,
		.event = record->event,
		.ctx = caller->ctx,
		.tgid = caller->tgid,
		.device = EVENT_NONE,
		.sbdf = EVENT_NONE,
		.pasid = EVENT_NONE,
		.ioas = EVENT_NONE,
		.pt = EVENT_NONE,
		.old_pt = EVENT_NONE,
	};
	memcpy(past->comm, record->comm, sizeof(past->comm));
	return past;
}

static void note_unmap(struct history *history, const struct event_record *record)
{
	const struct args_ioas_unmap *args = (const void *)record->args;
	struct past *past;

	if (!args->unmapped)
		return;
	past = new_past(history, past_ring_of(args->ctx, args->ioas), record);
	past->iova = args->iova;
	past->length = args->length;
	past->ioas = args->ioas;
}

/* BPF programs do not keep maps, because that would cost too much. */
static void note_map(struct history *history, const struct event_record *record)
{
	__u64 flags = *event__arg(record, EVENT_ROLE_flags);
	__u64 ioas = *event__arg(record, EVENT_ROLE_ioas);
	struct past *past;

	if (*event__arg(record, EVENT_ROLE_ret))
		return;
	past = new_past(history,
			past_ring_of(((const struct args_caller *)record->args)->ctx, ioas),
			record);
	past->event = EVENT_ioas_map;
	past->iova = *event__arg(record, EVENT_ROLE_iova);
	past->length = *event__arg(record, EVENT_ROLE_length);
	past->ioas = ioas;
	past->prot = (flags & IOMMU_IOAS_MAP_READABLE ? IOMMUFD_PROT_READ : 0) |
		     (flags & IOMMU_IOAS_MAP_WRITEABLE ? IOMMUFD_PROT_WRITE : 0);
}

static void note_device(struct history *history, const struct event_record *record)
{
	const struct args_device_replace *replace = (const void *)record->args;
	const struct args_device_attach *attach = (const void *)record->args;
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);
	struct past *past;

	if (ret && *ret)
		return;
	past = new_past(history, PAST_DEVICES, record);
	past->device = attach->device;
	past->sbdf = attach->sbdf;
	if (record->event == EVENT_device_unbind)
		return;
	past->pasid = attach->pasid;
	past->ioas = attach->ioas;
	past->pt = attach->hwpt;
	if (record->event == EVENT_device_replace)
		past->old_pt = replace->old_hwpt;
}

static void note_pasid(struct history *history, const struct event_record *record)
{
	const struct args_pasid_replace *replace = (const void *)record->args;
	const struct args_pasid_attach *attach = (const void *)record->args;
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);
	struct past *past;

	if (ret && *ret)
		return;
	past = new_past(history, PAST_DEVICES, record);
	past->device = attach->device;
	past->sbdf = attach->sbdf;
	past->pasid = attach->pasid;
	past->pt = attach->pt;
	if (record->event == EVENT_pasid_replace)
		past->old_pt = replace->old_hwpt;
}

void history__note(struct history *history, const struct event_record *record)
{
	switch (record->event) {
	case EVENT_ctx_open:
		new_past(history, PAST_DEVICES, record);
		break;
	case EVENT_ioas_map:
	case EVENT_ioas_map_file:
	case EVENT_ioas_copy:
		note_map(history, record);
		break;
	case EVENT_ioas_unmap:
		note_unmap(history, record);
		break;
	case EVENT_device_attach:
	case EVENT_device_replace:
	case EVENT_device_detach:
	case EVENT_device_unbind:
		note_device(history, record);
		break;
	case EVENT_pasid_attach:
	case EVENT_pasid_replace:
	case EVENT_pasid_detach:
		note_pasid(history, record);
		break;
	}
}

/* ---- questions ---- */

/* When the call began. */
static __u64 begin_of(const struct past *past)
{
	return past->time_ns - (past->ns < past->time_ns ? past->ns : 0);
}

void history__find_unmaps(const struct history *history, __u32 ctx, __u32 ioas, __u64 addr,
			  __u64 time_ns, struct past_unmaps *unmaps)
{
	const struct past_ring *ring = get_ring(history, past_ring_of(ctx, ioas));
	unsigned int i;

	unmaps->before.time_ns = unmaps->after.time_ns = unmaps->map.time_ns = 0;
	unmaps->since_ns = history->since_ns;
	unmaps->is_whole = ring && ring->nr <= PAST_ENTRIES;
	/* From the oldest one on. */
	for (i = 0; ring && i < PAST_ENTRIES; i++) {
		const struct past *past = &ring->items[(ring->nr + i) % PAST_ENTRIES];

		if (!past->time_ns)
			continue;
		if (!unmaps->is_whole && unmaps->since_ns == history->since_ns)
			unmaps->since_ns = past->time_ns;
		if (past->ctx != ctx || past->ioas != ioas || addr < past->iova ||
		    addr - past->iova >= past->length)
			continue;
		if (past->event == EVENT_ioas_map) {
			if (past->time_ns <= time_ns)
				unmaps->map = *past;
		} else if (begin_of(past) <= time_ns) {
			unmaps->before = *past;
		} else if (!unmaps->after.time_ns) {
			unmaps->after = *past;
		}
	}
}

static bool is_of(const struct past *past, const struct past_device *device)
{
	if (!past->time_ns || past->event == EVENT_ctx_open)
		return false;
	if (device->ctx != EVENT_NONE && past->ctx != device->ctx)
		return false;
	if (device->device != EVENT_NONE ? past->device != device->device :
					   past->sbdf != device->sbdf)
		return false;
	return past->event == EVENT_device_unbind || past->pasid == device->pasid;
}

void history__find_device(const struct history *history, const struct past_device *device,
			  __u64 time_ns, struct past *before, struct past *after)
{
	const struct past_ring *ring = get_ring(history, PAST_DEVICES);
	unsigned int i;

	before->time_ns = after->time_ns = 0;
	/* Without an address, the device of an event is not known. */
	if (device->device == EVENT_NONE && device->sbdf == EVENT_NONE)
		return;
	for (i = 0; ring && i < PAST_ENTRIES; i++) {
		const struct past *past = &ring->items[(ring->nr + i) % PAST_ENTRIES];

		if (!is_of(past, device))
			continue;
		if (begin_of(past) > time_ns) {
			if (!after->time_ns || past->time_ns < after->time_ns)
				*after = *past;
		} else if (past->time_ns >= before->time_ns) {
			/* A detach and the unbind behind it: the detach says more. */
			if (past->event == EVENT_device_unbind && before->time_ns &&
			    before->event == EVENT_device_detach)
				continue;
			*before = *past;
		}
	}
}

bool history__saw_open(const struct history *history, __u32 ctx)
{
	const struct past_ring *ring = get_ring(history, PAST_DEVICES);
	unsigned int i;

	for (i = 0; ring && i < PAST_ENTRIES; i++)
		if (ring->items[i].time_ns && ring->items[i].event == EVENT_ctx_open &&
		    ring->items[i].ctx == ctx)
			return true;
	return false;
}
