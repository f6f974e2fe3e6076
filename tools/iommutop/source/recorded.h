/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contexts, payers and objects of a recording. Snapshots in the recording have the driver's
 * own. Between them, events change these: an event that is older than the last snapshot is counted,
 * but changes nothing. A recording without snapshots, of an older iosnoop or one without
 * CAP_SYS_ADMIN, has events only. Contexts, IOASes and devices then appear with their first event,
 * and areas and bytes are the sum of the maps minus the sum of the unmaps since the recording
 * started.
 */
#ifndef _IOMMUTOP_RECORDED_H
#define _IOMMUTOP_RECORDED_H

#include "model/state.h"
#include "recording.h"

struct recorded {
	struct array ctxs; /* struct state_ctx, by number; counts are those of the snapshot */
	struct array payers; /* struct iommufd_payer_info, by context and number */
	struct array objects; /* struct iommufd_object_info, by context and id */
	__u64 state_ns; /* time of the last snapshot, 0 before it */
	bool has_payers; /* the last snapshot has them */
	bool is_cut; /* the last snapshot lacks objects */
	bool has_threads; /* events have users and cgroups */
	struct hash sizes; /* with a filter: struct recorded_sizes by context */
	struct snapshot {
		__u64 time_ns;
		bool is_begun; /* since its begin, no snapshot was complete */
		bool has_payers;
		bool is_cut;
		struct array ctxs;
		struct array payers;
		struct array objects;
	} snapshot;
};

void recorded__init(struct recorded *recorded);
void recorded__close(struct recorded *recorded);

/* Apply an event, and count it in the model. */
void recorded__apply(struct recorded *recorded, struct model *model,
		     const struct event_record *record);

/*
 * Take an item of a snapshot, with this size of its data. Returns 1 if the snapshot is complete, 0,
 * or -errno.
 */
int recorded__take_state(struct recorded *recorded, const struct recording_state *item,
			 size_t size);
/* Make the complete snapshot the state. */
void recorded__apply_snapshot(struct recorded *recorded);

/* Copy contexts, payers and objects to the state of the model. Returns 0 or -ENOMEM. */
int recorded__copy(const struct recorded *recorded, struct state *state);

/* With a filter, sum up the maps by length of the contexts that pass. After recorded__copy(). */
void recorded__sum_sizes(struct recorded *recorded, struct model *model);

#endif /* _IOMMUTOP_RECORDED_H */
