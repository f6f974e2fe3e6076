// SPDX-License-Identifier: GPL-2.0-only
/*
 * Totals of pinned memory in a recording, see pinned.h.
 *
 * If pins and unpins are recorded, they are counted, otherwise the pages of maps and unmaps. The
 * event of a map comes after those of its pins.
 */
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "rules/pinned.h"

#define PAYERS_MAX 16384
#define BIT(field) (1ull << RULES_##field)

struct payer {
	__u32 ctx, tgid, uid;
	__u64 cgroup, pinned;
};

struct pinned {
	struct payer *list, *next; /* next: of the snapshot that is being read */
	unsigned int nr, nr_next;
	bool is_known;
	bool has_pins; /* pins and unpins are recorded */
	bool has_maps; /* else maps, copies and unmaps are */
};

struct pinned *pinned__new(__u64 events)
{
	const __u64 pins = EVENT_MASK(EVENT_pin) | EVENT_MASK(EVENT_unpin);
	const __u64 maps = EVENT_MASK(EVENT_ioas_map) | EVENT_MASK(EVENT_ioas_map_file) |
			   EVENT_MASK(EVENT_ioas_copy) | EVENT_MASK(EVENT_ioas_unmap);
	struct pinned *pinned = calloc(1, sizeof(*pinned));

	if (!pinned)
		return NULL;
	pinned->has_pins = (events & pins) == pins;
	pinned->has_maps = (events & maps) == maps;
	pinned->list = calloc(PAYERS_MAX, sizeof(*pinned->list));
	pinned->next = calloc(PAYERS_MAX, sizeof(*pinned->next));
	if (pinned->list && pinned->next)
		return pinned;
	pinned__free(pinned);
	return NULL;
}

void pinned__free(struct pinned *pinned)
{
	if (!pinned)
		return;
	free(pinned->list);
	free(pinned->next);
	free(pinned);
}

void pinned__forget(struct pinned *pinned)
{
	pinned->nr = pinned->nr_next = 0;
	pinned->is_known = false;
}

bool pinned__is_known(const struct pinned *pinned)
{
	return pinned->is_known;
}

static void note_payer(struct pinned *pinned, const struct recording_item *item)
{
	struct iommufd_payer_info info = {};

	if (pinned->nr_next == PAYERS_MAX)
		return;
	memcpy(&info, item->state->data,
	       item->state_size < sizeof(info) ? item->state_size : sizeof(info));
	pinned->next[pinned->nr_next++] =
		(struct payer){ info.ctx, info.tgid, info.uid, info.cgroup, info.pinned };
}

static void take_snapshot(struct pinned *pinned, const struct recording_item *item)
{
	struct recording_state_end end = {};
	struct payer *old = pinned->list;

	if (item->state_size >= sizeof(end))
		memcpy(&end, item->state->data, sizeof(end));
	pinned->list = pinned->next;
	pinned->next = old;
	pinned->nr = pinned->nr_next;
	pinned->is_known = end.has_payers && pinned->nr < PAYERS_MAX &&
			   (pinned->has_pins || pinned->has_maps);
}

void pinned__note(struct pinned *pinned, const struct recording_item *item)
{
	if (item->type == RECORDING_LOST || item->type == RECORDING_SEGMENT)
		pinned->is_known = false;
	if (item->type != RECORDING_STATE)
		return;
	switch (item->state->kind) {
	case RECORDING_STATE_BEGIN:
		pinned->nr_next = 0;
		break;
	case RECORDING_STATE_PAYER:
		note_payer(pinned, item);
		break;
	case RECORDING_STATE_END:
		take_snapshot(pinned, item);
	}
}

/* ---- events ---- */

static struct payer *find(struct pinned *pinned, __u32 ctx, __u32 tgid)
{
	struct payer *other = NULL;
	unsigned int i;

	for (i = 0; i < pinned->nr; i++) {
		if (pinned->list[i].ctx != ctx)
			continue;
		if (pinned->list[i].tgid == tgid)
			return &pinned->list[i];
		other = &pinned->list[i];
	}
	return other;
}

static void add(struct pinned *pinned, const struct event_record *record, __u64 pages)
{
	const struct args_caller *caller = (const void *)record->args;
	const struct event_thread *thread = event__thread(record);
	struct payer *payer = find(pinned, caller->ctx, caller->tgid);
	__u64 bytes = pages * event__page_size();

	if (payer && payer->tgid == caller->tgid) {
		payer->pinned += bytes;
		return;
	}
	if (!thread || pinned->nr == PAYERS_MAX) {
		pinned->is_known = false;
		return;
	}
	pinned->list[pinned->nr++] = (struct payer){
		caller->ctx, caller->tgid, thread->uid, thread->cgroup, bytes,
	};
}

/* Another process may unmap. Then the memory was most likely that of the only one that mapped. */
static void remove_bytes(struct pinned *pinned, const struct event_record *record, __u64 pages)
{
	const struct args_caller *caller = (const void *)record->args;
	struct payer *payer = find(pinned, caller->ctx, caller->tgid);
	__u64 bytes = pages * event__page_size();

	if (payer)
		payer->pinned -= bytes < payer->pinned ? bytes : payer->pinned;
}

static void close_ctx(struct pinned *pinned, __u32 ctx)
{
	unsigned int from, to = 0;

	for (from = 0; from < pinned->nr; from++)
		if (pinned->list[from].ctx != ctx)
			pinned->list[to++] = pinned->list[from];
	pinned->nr = to;
}

/* A process takes over all memory of a context. */
static void change_process(struct pinned *pinned, const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;
	const struct event_thread *thread = event__thread(record);
	unsigned int i;

	if (!thread)
		pinned->is_known = false;
	for (i = 0; thread && i < pinned->nr; i++) {
		if (pinned->list[i].ctx != caller->ctx)
			continue;
		pinned->list[i].tgid = caller->tgid;
		pinned->list[i].uid = thread->uid;
		pinned->list[i].cgroup = thread->cgroup;
	}
}

void pinned__apply(struct pinned *pinned, const struct event_record *record)
{
	const struct args_pin *pin = (const void *)record->args;
	const struct args_ioas_map *map = (const void *)record->args;
	const struct args_ioas_copy *copy = (const void *)record->args;
	const struct args_ioas_unmap *unmap = (const void *)record->args;
	const struct args_ioas_change_process *change = (const void *)record->args;

	switch (record->event) {
	case EVENT_pin:
		if (pinned->has_pins && !(__s32)pin->ret)
			add(pinned, record, pin->pages);
		break;
	case EVENT_unpin:
		if (pinned->has_pins)
			remove_bytes(pinned, record, pin->pages);
		break;
	case EVENT_ioas_map:
	case EVENT_ioas_map_file:
		if (!pinned->has_pins && !(__s32)map->ret)
			add(pinned, record, map->pages);
		break;
	case EVENT_ioas_copy:
		if (!pinned->has_pins && !(__s32)copy->ret)
			add(pinned, record, copy->pages);
		break;
	case EVENT_ioas_unmap:
		if (!pinned->has_pins)
			remove_bytes(pinned, record, unmap->pages);
		break;
	case EVENT_ioas_change_process:
		if (!(__s32)change->ret)
			change_process(pinned, record);
		break;
	case EVENT_ctx_close:
		close_ctx(pinned, pin->ctx);
	}
}

/* ---- totals ---- */

static __u64 less(__u64 total, __u64 bytes)
{
	return total > bytes ? total - bytes : 0;
}

__u64 pinned__totals(const struct pinned *pinned, struct partial *partial, __u64 need, bool is_done)
{
	struct iommufd_policy_request *q = &partial->request;
	const bool has_uid = partial->known >> RULES_UID & 1;
	/* The pages that the call has pinned are counted already. */
	const __u64 counted = pinned->has_pins ? need : 0;
	__u64 known = BIT(CTX_PINNED) | BIT(PID_PINNED);
	char path[CGROUP_PATH_MAX];
	unsigned int i;

	if (!pinned->is_known)
		return 0;
	for (i = 0; i < pinned->nr; i++) {
		const struct payer *payer = &pinned->list[i];

		if (payer->ctx == q->ctx)
			q->ctx_pinned += payer->pinned;
		if (payer->tgid == q->tgid)
			q->process_pinned += payer->pinned;
		if (payer->uid == q->uid)
			q->uid_pinned += payer->pinned;
		if (q->cgroup && payer->cgroup &&
		    cgroup__is_below(payer->cgroup,
				     cgroup__path(payer->cgroup, path, sizeof(path)) ? NULL : path,
				     q->cgroup))
			q->cgroup_pinned += payer->pinned;
	}
	q->ctx_pinned = less(q->ctx_pinned, counted);
	q->process_pinned = less(q->process_pinned, counted);
	q->uid_pinned = less(q->uid_pinned, counted);
	q->cgroup_pinned = less(q->cgroup_pinned, counted);
	q->ctx_after = q->ctx_pinned + need;
	q->process_after = q->process_pinned + need;
	q->uid_after = q->uid_pinned + need;
	q->cgroup_after = q->cgroup_pinned + need;
	if (has_uid)
		known |= BIT(UID_PINNED);
	if (q->cgroup)
		known |= BIT(CGROUP_PINNED);
	if (!is_done)
		return known;
	known |= BIT(CTX_AFTER) | BIT(PID_AFTER);
	if (has_uid)
		known |= BIT(UID_AFTER);
	if (q->cgroup)
		known |= BIT(CGROUP_AFTER);
	return known;
}
