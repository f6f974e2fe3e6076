/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that is pinned while a recording was made: by each process through each context, from the
 * last snapshot and the events after it.
 *
 * Events come when calls end, so calls at the same time may each be off by the others.
 */
#ifndef _IOPOLICY_RULES_PINNED_H
#define _IOPOLICY_RULES_PINNED_H

#include "recording.h"
#include "rules/partial.h"

struct pinned;

/* events: those that were recorded. NULL without memory. */
struct pinned *pinned__new(__u64 events);
void pinned__free(struct pinned *pinned);
void pinned__forget(struct pinned *pinned);
/* Take an item that is no event. */
void pinned__note(struct pinned *pinned, const struct recording_item *item);
void pinned__apply(struct pinned *pinned, const struct event_record *record);
/* Whether there was a whole snapshot, and no event was lost since. */
bool pinned__is_known(const struct pinned *pinned);

/*
 * Fill in the totals of a request. If is_done, the call has pinned need bytes, and the totals after
 * it are known, too. Return the bits of the fields that are known.
 */
__u64 pinned__totals(const struct pinned *pinned, struct partial *partial, __u64 need,
		     bool is_done);

#endif /* _IOPOLICY_RULES_PINNED_H */
