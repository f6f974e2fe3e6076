/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The requests in a recording, one after the other, for the command test.
 */
#ifndef _IOPOLICY_RECORDED_H
#define _IOPOLICY_RECORDED_H

#include "rules/traffic.h"

struct recorded {
	struct partial partial; /* the request that is to be decided */
	struct traffic *traffic;
	__u32 hooks; /* whose requests it may have */
	__u64 start_ns;
	__u64 failed; /* calls that failed for another reason than a policy */
	__u64 lost; /* events that the recording lost */
	bool is_cut; /* the recording has no end */
};

/*
 * Read a recording, and call decide() for each request. An error of decide() ends that. Return 0 or
 * -errno after a message; free it in both cases.
 */
int recorded__read(struct recorded *recorded, const char *path, int (*decide)(void *arg),
		   void *arg);
void recorded__free(struct recorded *recorded);

/* The time of the request since the start of the recording. */
__u64 recorded__time_ns(const struct recorded *recorded);

#endif /* _IOPOLICY_RECORDED_H */
