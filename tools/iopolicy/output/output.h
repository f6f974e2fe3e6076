/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Write the model to stdout, as text for people or as JSON lines.
 *
 * The commands call it. It reads model/ and the formatting helpers of tools/common, and changes
 * nothing. iopolicy(8) describes both formats.
 */
#ifndef _IOPOLICY_OUTPUT_H
#define _IOPOLICY_OUTPUT_H

#include <stdbool.h>

#include "model/entries.h"
#include "model/model.h"
#include "model/refusals.h"
#include "model/replayed.h"
#include "model/tried.h"

struct output {
	void (*list)(const struct list *list, bool wide);
	void (*inspection)(const struct inspection *inspection);
	void (*change)(const struct change *change);
	/* The steps of apply, done or planned. */
	void (*plan)(const struct plan *plan);
	/* The result of verify; values are those of the object. */
	void (*verified)(const char *file, const struct policy_values *values, bool accepted);
	void (*created)(const struct created *created);
	/* A case whose verdict is not the expected one; then the sum. */
	void (*case_failed)(const char *file, struct rules_place place, const char *text);
	void (*tested)(const struct tested *tested);
	void (*refusals)(const struct refusals *refusals);
	/* test with a recording: with --all each refusal, then the sum */
	void (*replayed_request)(const struct replayed_request *refused);
	void (*replayed)(const struct replayed *replayed);
	/* The same for a policy in BPF. */
	void (*tried)(const struct tried *tried);
	void (*shown)(const struct shown *shown);
	void (*map_list)(const struct map_list *list);
	void (*entries)(const struct entries *entries);
	void (*entry_change)(const struct entry_change *change);
	void (*run_start)(const struct run *run);
	void (*run_verdict)(const struct run *run, const struct event_record *record);
	/* count verdicts were lost since the last call, total since the start. */
	void (*run_lost)(__u64 count, __u64 total);
	void (*run_end)(const struct run *run);
};

extern const struct output output_text;
extern const struct output output_json;

static inline const struct output *output__choose(bool json)
{
	return json ? &output_json : &output_text;
}

/* Write the last message as a JSON record, after a failure. */
void output__print_error(void);

/* Flush stdout. Return 0, also if nobody reads it any more, or -errno after a message. */
int output__flush(void);

#endif /* _IOPOLICY_OUTPUT_H */
