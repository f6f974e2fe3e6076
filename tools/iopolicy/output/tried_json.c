// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdicts of a policy in BPF on a recording, as JSON lines.
 */
#include "errname.h"
#include "hook.h"
#include "output/replayed.h"
#include "output/rules.h"
#include "rules/value.h"

static void put_missing(struct json *json, __u64 missing)
{
	unsigned int i;

	json__array(json, "missing");
	for (i = 0; i < NR_REQUEST_MEMBERS; i++)
		if (missing >> i & 1)
			json__string(json, NULL, request_member__name(i));
	json__end(json);
}

static void put_hook(unsigned int number, const struct tried_hook *hook)
{
	char name[ERRNAME_MAX];
	struct json json;

	json__begin_record(&json, "replayed_hook");
	json__string(&json, "hook", value__hook_name(number));
	json__u64(&json, "requests", hook->requests);
	json__u64(&json, "allowed", hook->allowed);
	json__u64(&json, "denied", hook->denied);
	json__u64(&json, "invalid", hook->invalid);
	json__u64(&json, "slow", hook->slow);
	json__u64(&json, "out_of_scope", hook->outside);
	json__u64(&json, "unknown", hook->unsure);
	put_missing(&json, hook->missing);
	if (hook->denied) {
		json__object(&json, "first");
		json__u64(&json, "time_ns", hook->time_ns);
		json__u64(&json, "tgid", hook->tgid);
		json__string_or_null(&json, "comm", hook->comm, sizeof(hook->comm));
		json__string(&json, "error", errname(-hook->ret, name));
		json__string_n(&json, "reason", hook->reason, sizeof(hook->reason));
		json__end(&json);
	} else {
		json__null(&json, "first");
	}
	json__end_record(&json);
}

void json__reads(struct json *json, const struct object_reads *reads)
{
	json__object(json, "reads");
	json__bool(json, "clock", reads->clock);
	json__bool(json, "calling_process", reads->process);
	json__string(json, "driver", reads->driver);
	json__end(json);
}

void json__tried(const struct tried *tried)
{
	struct json json;
	unsigned int i;

	for (i = 0; i < IOMMUFD_HOOKS; i++)
		if (tried->reads->hooks >> i & 1)
			put_hook(i, &tried->hooks[i]);
	json__begin_record(&json, "replayed");
	json__string(&json, "file", tried->file);
	json__string(&json, "recording", tried->recording);
	json__u64(&json, "requests", tried->nr_requests);
	json__object(&json, "hooks");
	for (i = 0; i < IOMMUFD_HOOKS; i++)
		if (tried->hooks[i].requests)
			json__u64(&json, value__hook_name(i), tried->hooks[i].requests);
	json__end(&json);
	json__u64(&json, "denied", tried->denied);
	json__u64(&json, "unknown", tried->unsure);
	json__u64(&json, "failed", tried->failed);
	json__u64(&json, "lost", tried->lost);
	json__bool(&json, "has_totals", tried->has_totals);
	json__bool(&json, "is_cut", tried->is_cut);
	json__reads(&json, tried->reads);
	json__end_record(&json);
}
