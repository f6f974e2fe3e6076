/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The causes of failures in words: the reason given by the driver or by a policy, otherwise the
 * usual meaning of the error for this call. And the fault reasons of IOMMUs.
 */
#ifndef _COMMON_CAUSE_H
#define _COMMON_CAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "iommufd_record.h"

#define CAUSE_MAX 160

/*
 * Return the cause as one line of clean text, like "would pin 4.0 GiB, limit 64 KiB, 0 in use";
 * NULL if the event did not fail or the cause is unknown. utf8: the text may hold characters beyond
 * ASCII.
 */
const char *cause__text(char text[CAUSE_MAX], const struct event_record *record, bool utf8);

/* Describe the reason of a dma_fault; "reason 0x.." for an unknown one. */
const char *cause__dma_fault(char text[CAUSE_MAX], unsigned int reason);

/* The response to a page request: "ok", "INVALID" or "FAILURE". */
const char *cause__response(__u64 code);

#endif /* _COMMON_CAUSE_H */
