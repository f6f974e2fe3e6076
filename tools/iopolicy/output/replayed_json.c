// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdicts of rules on a recording, as JSON lines.
 */
#include "errname.h"
#include "output/replayed.h"
#include "output/rules.h"
#include "rules/value.h"

static void put_missing(struct json *json, __u64 missing)
{
	char text[MISSING_MAX];
	unsigned int i;

	json__array(json, "missing");
	for (i = 0; i < 64; i++)
		if (missing >> i & 1 && *partial__list(text, 1ull << i))
			json__string(json, NULL, text);
	json__end(json);
}

static void put_rule(const struct replayed_rule *rule)
{
	struct json json;

	json__begin_record(&json, "replayed_rule");
	json__string(&json, "name", rule->name);
	json__u64(&json, "denied", rule->denied);
	json__u64(&json, "would_deny", rule->audited);
	json__u64(&json, "allowed", rule->allowed);
	json__u64(&json, "unknown", rule->unknown);
	put_missing(&json, rule->missing);
	if (rule->denied || rule->audited) {
		json__object(&json, "first");
		json__u64(&json, "time_ns", rule->time_ns);
		json__u64(&json, "tgid", rule->tgid);
		json__string_or_null(&json, "comm", rule->comm, sizeof(rule->comm));
		json__string_n(&json, "reason", rule->reason, sizeof(rule->reason));
		json__end(&json);
	} else {
		json__null(&json, "first");
	}
	json__end_record(&json);
}

void json__replayed(const struct replayed *replayed)
{
	struct json json;
	unsigned int i;

	for (i = 0; i < replayed->nr; i++)
		put_rule(&replayed->rules[i]);
	json__begin_record(&json, "replayed");
	json__string(&json, "file", replayed->file);
	json__string(&json, "recording", replayed->recording);
	json__u64(&json, "requests", replayed->nr_requests);
	json__object(&json, "hooks");
	for (i = 0; i < IOMMUFD_HOOKS; i++)
		if (replayed->requests[i])
			json__u64(&json, value__hook_name(i), replayed->requests[i]);
	json__end(&json);
	json__u64(&json, "denied", replayed->denied);
	json__u64(&json, "unknown", replayed->uncertain);
	json__u64(&json, "failed", replayed->failed);
	json__u64(&json, "lost", replayed->lost);
	json__bool(&json, "has_totals", replayed->has_totals);
	json__bool(&json, "is_cut", replayed->is_cut);
	json__end_record(&json);
}

void json__replayed_request(const struct replayed_request *refused)
{
	const struct iommufd_policy_request *request = refused->request;
	char name[ERRNAME_MAX];
	struct json json;

	json__begin_record(&json, "refused");
	json__u64(&json, "time_ns", refused->time_ns);
	json__u64(&json, "tgid", request->tgid);
	json__string_or_null(&json, "comm", request->comm, sizeof(request->comm));
	json__string(&json, "hook", value__hook_name(request->hook));
	json__string(&json, "rule", refused->rule);
	json__bool(&json, "audit", refused->is_audit);
	json__string(&json, "error", errname(-refused->ret, name));
	json__string(&json, "reason", refused->reason);
	json__end_record(&json);
}
