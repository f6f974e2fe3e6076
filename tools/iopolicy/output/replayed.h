/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdicts of rules, or of a policy in BPF, on a recording, as text and as JSON.
 */
#ifndef _IOPOLICY_OUTPUT_REPLAYED_H
#define _IOPOLICY_OUTPUT_REPLAYED_H

#include "json.h"
#include "model/replayed.h"
#include "model/tried.h"

void text__replayed(const struct replayed *replayed);
void text__replayed_request(const struct replayed_request *refused);
/* Without a line break: the requests of a recording, and how many would be refused. */
void text__recorded(const char *recording, const __u64 requests[IOMMUFD_HOOKS], __u64 denied);
/* What is missing in a recording. */
void text__recording_gaps(bool lacks_totals, __u64 failed, __u64 lost, bool is_cut);
void text__tried(const struct tried *tried);
/* List the questions of a policy in BPF to the running system that a test cannot answer. */
void text__reads(const struct object_reads *reads);
void json__tried(const struct tried *tried);
void json__reads(struct json *json, const struct object_reads *reads);
void json__replayed(const struct replayed *replayed);
void json__replayed_request(const struct replayed_request *refused);

#endif /* _IOPOLICY_OUTPUT_REPLAYED_H */
