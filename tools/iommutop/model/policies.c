// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of policies, and of each policy's hooks. The last ones are those of policies that are
 * missing. The driver counts verdicts since a policy was loaded; the interval is the difference to
 * the last refresh. The cost is counted from the first refresh that found a policy.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "errname.h"
#include "hook.h"
#include "model/opener.h"
#include "model/rows.h"

static void add_verdicts(struct model_verdicts *to, const struct iommufd_policy_count *now,
			 const struct iommufd_policy_count *before)
{
	to->allowed += now->allowed;
	to->denied += now->denied;
	to->would_deny += now->would_deny;
	to->allowed_now += now->allowed - before->allowed;
	to->denied_now += now->denied - before->denied;
	to->would_deny_now += now->would_deny - before->would_deny;
}

/* The cost of some hooks of a policy. */
struct cost_sum {
	__u64 asked, asked_total, time_total_ns;
	__u64 share_ns, call_ns; /* in the interval */
	__u64 buckets[MODEL_BUCKETS]; /* in the interval */
};

static void add_cost(struct cost_sum *sum, const struct cost_counts *counts)
{
	const struct cost *now = &counts->now, *before = &counts->before;
	unsigned int i;

	sum->asked += now->calls - before->calls;
	sum->asked_total += now->calls;
	sum->time_total_ns += now->ns;
	sum->share_ns += now->share_ns - before->share_ns;
	sum->call_ns += now->call_ns - before->call_ns;
	for (i = 0; i < MODEL_BUCKETS; i++)
		sum->buckets[i] += (__u32)(now->buckets[i] - before->buckets[i]);
}

static void put_cost(struct model *model, struct model_cost *to, const struct cost_sum *sum)
{
	_Static_assert(MODEL_NONE == COST_UNKNOWN, "the same value");
	if (!model->state->has_costs) {
		to->asked = to->asked_total = to->time_total_ns = to->share = MODEL_NONE;
		to->latency.p50_ns = to->latency.p99_ns = to->latency.max_ns = MODEL_NONE;
		return;
	}
	to->asked = sum->asked;
	to->asked_total = sum->asked_total;
	to->time_total_ns = sum->time_total_ns;
	to->share = cost__share(sum->share_ns, sum->call_ns);
	latency__of(&to->latency, sum->buckets);
}

/* Add the rows of the hooks, and their cost to that of the policy. */
static int add_hooks(struct model *model, const struct iommufd_policy_info *info,
		     const struct policy_past *past, struct cost_sum *all)
{
	struct cost_counts *counts;
	struct model_hook *row;
	struct cost_sum sum;
	unsigned int i;

	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		const struct model_key key = { .kind = MODEL_KIND_HOOK, .id = info->id, .sub = i };

		if (!(info->hooks & 1u << i))
			continue;
		row = rows__add(model, MODEL_HOOKS, key);
		if (!row)
			return -ENOMEM;
		row->id = info->id;
		memcpy(row->name, info->name, sizeof(row->name));
		snprintf(row->hook, sizeof(row->hook), "%s", hook__name(i));
		add_verdicts(&row->verdicts, &info->counts[i], &past->counts[i]);
		counts = hash__find(&model->state->costs,
				    (struct hash_key){ .a = info->id, .b = i });
		memset(&sum, 0, sizeof(sum));
		if (counts) {
			add_cost(&sum, counts);
			add_cost(all, counts);
			counts->before = counts->now;
		}
		put_cost(model, &row->cost, &sum);
	}
	return 0;
}

static void put_policy(struct model *model, struct model_policy *row,
		       const struct iommufd_policy_info *info, const struct policy_past *past)
{
	char name[ERRNAME_MAX];
	unsigned int i;

	row->id = info->id;
	row->priority = info->priority;
	row->audit = info->flags & IOMMUFD_POLICY_AUDIT;
	row->ejected = info->flags & IOMMUFD_POLICY_EJECTED;
	memcpy(row->name, info->name, sizeof(row->name));
	row->cgroup = openers__cgroup(model->openers, info->cgroup);
	_Static_assert(sizeof(row->hooks) >= HOOKS_MAX, "room for the names of all hooks");
	hook__list(row->hooks, info->hooks);
	row->last_tgid = EVENT_NONE;
	if (info->last_ret) {
		row->last_tgid = info->last_tgid;
		snprintf(row->last_hook, sizeof(row->last_hook), "%s", hook__name(info->last_hook));
		snprintf(row->last_error, sizeof(row->last_error), "%s",
			 errname(-info->last_ret, name));
		memcpy(row->reason, info->reason, sizeof(row->reason));
	}
	for (i = 0; i < IOMMUFD_HOOKS; i++)
		add_verdicts(&row->verdicts, &info->counts[i], &past->counts[i]);
}

static int add_policy(struct model *model, const struct iommufd_policy_info *info)
{
	const struct model_key key = { .kind = MODEL_KIND_POLICY, .id = info->id };
	struct hash *pasts = &model->state->policy_pasts;
	struct hash_key id = { .a = info->id };
	bool is_new = !hash__find(pasts, id);
	struct cost_sum cost = {};
	struct model_policy *row;
	struct policy_past *past;
	int err;

	row = rows__add(model, MODEL_POLICIES, key);
	past = hash__get(pasts, id, model->refreshes);
	if (!row || !past)
		return -ENOMEM;
	/* Count from now on: a policy may be older than iommutop, or replace another one. */
	if (is_new)
		memcpy(past->counts, info->counts, sizeof(past->counts));
	put_policy(model, row, info, past);
	err = add_hooks(model, info, past, &cost);
	put_cost(model, &row->cost, &cost);
	memcpy(past->counts, info->counts, sizeof(past->counts));
	return err;
}

/* Add the row of a policy that must be in force, and is not. */
static int add_missing(struct model *model, const char *name, size_t size, unsigned int number)
{
	const struct model_key key = { .kind = MODEL_KIND_POLICY, .number = number };
	struct model_policy *row = rows__add(model, MODEL_POLICIES, key);
	struct model_verdicts *verdicts;
	const struct cost_sum none = {};

	if (!row)
		return -ENOMEM;
	verdicts = &row->verdicts;
	row->id = row->last_tgid = EVENT_NONE;
	row->missing = true;
	snprintf(row->name, sizeof(row->name), "%.*s", (int)size, name);
	strcpy(row->last_error, "EPERM");
	strcpy(row->reason, "it must be in force, and is not");
	verdicts->allowed = verdicts->allowed_now = verdicts->denied = verdicts->denied_now =
		verdicts->would_deny = verdicts->would_deny_now = MODEL_NONE;
	put_cost(model, &row->cost, &none);
	row->cost.asked = row->cost.asked_total = row->cost.time_total_ns = MODEL_NONE;
	return 0;
}

static int add_all_missing(struct model *model)
{
	const char *name = model->state->missing_policies;
	unsigned int number = 0;
	int err = 0;
	size_t size;

	while (*name && !err) {
		size = strcspn(name, ",");
		err = add_missing(model, name, size, ++number);
		name += size + (name[size] == ',');
	}
	return err;
}

int rows__policies(struct model *model)
{
	const struct array *policies = &model->state->policies;
	unsigned int i;
	int err;

	rows__clear(model, MODEL_POLICIES);
	rows__clear(model, MODEL_HOOKS);
	for (i = 0; i < policies->nr; i++) {
		err = add_policy(model, array__at(policies, i));
		if (err)
			return err;
	}
	hash__forget(&model->state->policy_pasts, model->refreshes);
	return add_all_missing(model);
}
