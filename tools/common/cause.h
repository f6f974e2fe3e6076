/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why an event failed, in words: what the driver or a policy said about it, or what the error
 * usually means for this call; and what IOMMUs call their faults.
 */
#ifndef _COMMON_CAUSE_H
#define _COMMON_CAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "iommufd_record.h"

#define CAUSE_MAX 160

/*
 * The cause as a clean text of one line, "would pin 4G, limit 64K, 0 in use"; NULL if the event did
 * not fail, or nothing is known. utf8: the text may hold characters beyond ASCII.
 */
const char *cause__text(char text[CAUSE_MAX], const struct event_record *record, bool utf8);

/* A fault reason of Intel's VT-d, for people; "reason 0x.." of one that is not known. */
const char *cause__vtd_reason(char text[CAUSE_MAX], unsigned int reason);

/* "ok", "INVALID" or "FAILURE": the answer to a page request. */
const char *cause__response(__u64 code);

#endif /* _COMMON_CAUSE_H */
