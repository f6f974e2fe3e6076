// SPDX-License-Identifier: GPL-2.0-only
/*
 * Collect the last refusals, see refusals.h. Rules keep theirs in a map.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "cgroup.h"
#include "errname.h"
#include "model/refusals.h"
#include "msg.h"

#define RING "refusals"
#define IMAGE_PIN "_rodata_rules" /* bpffs allows no dots */

static struct refusal *add(struct refusals *refusals)
{
	struct refusal *grown;

	grown = realloc(refusals->list, (refusals->nr + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	refusals->list = grown;
	memset(&grown[refusals->nr], 0, sizeof(*grown));
	return &grown[refusals->nr++];
}

/* A reason begins with the name of the rule. */
static void take_rule_name(char name[RULES_WHAT_MAX], const char *reason)
{
	size_t length = strcspn(reason, ":");

	snprintf(name, RULES_WHAT_MAX, "%.*s", (int)length, reason);
}

static void set_time(struct refusal *to, __u64 first_ns, __u64 last_ns, __u64 now_ns)
{
	to->has_time = true;
	to->first_ns = first_ns;
	to->time_ns = last_ns;
	to->ago_ns = now_ns > last_ns ? now_ns - last_ns : 0;
}

/* The driver's history has those that are enforced. */
static int add_ring(struct refusals *refusals, const struct iommufd_policy_info *info, int fd,
		    bool audit_only, __u64 now_ns)
{
	struct rules_refusal raw;
	struct refusal *to;
	__u32 key;

	for (key = 0; key < RULES_REFUSALS; key++) {
		if (bpf_map_lookup_elem(fd, &key, &raw))
			return -EPROTO;
		if (!raw.number || (audit_only && !raw.is_audit))
			continue;
		to = add(refusals);
		if (!to)
			return -ENOMEM;
		memcpy(to->policy, info->name, sizeof(info->name));
		memcpy(to->reason, raw.reason, sizeof(raw.reason));
		memcpy(to->comm, raw.comm, sizeof(raw.comm));
		take_rule_name(to->rule, to->reason);
		to->hook = raw.hook;
		to->tgid = raw.tgid;
		to->uid = raw.uid;
		to->error = raw.error;
		to->is_audit = raw.is_audit || info->flags & IOMMUFD_POLICY_AUDIT;
		to->times = 1;
		set_time(to, raw.time_ns, raw.time_ns, now_ns);
	}
	return 0;
}

static int add_last(struct refusals *refusals, const struct iommufd_policy_info *info)
{
	struct refusal *to;

	if (!info->last_ret)
		return 0;
	to = add(refusals);
	if (!to)
		return -ENOMEM;
	memcpy(to->policy, info->name, sizeof(info->name));
	memcpy(to->reason, info->reason, sizeof(info->reason));
	to->hook = info->last_hook;
	to->tgid = info->last_tgid;
	to->error = -info->last_ret;
	to->is_audit = info->flags & IOMMUFD_POLICY_AUDIT;
	to->times = 1;
	return 0;
}

int refusals__add(struct refusals *refusals, const struct iommufd_policy_info *info,
		  const struct former *former, const struct kept_refusals *history, __u64 now_ns,
		  bool *is_rules)
{
	int ring = former__find(former, RING, false), err = 0;
	char name[ERRNAME_MAX];

	/* Another policy may have a map of that name. */
	*is_rules = ring >= 0 && former__find(former, IMAGE_PIN, false) >= 0;
	if (*is_rules)
		err = add_ring(refusals, info, ring, history->is_known, now_ns);
	else if (!history->is_known)
		err = add_last(refusals, info);
	if (err)
		msg("%s: cannot read its refusals (%s)", former->name, errname(-err, name));
	return err;
}

int refusals__add_history(struct refusals *refusals, const struct iommufd_refusal_info *info,
			  bool is_rules, __u64 now_ns)
{
	struct refusal *to = add(refusals);
	char path[CGROUP_PATH_MAX];

	if (!to)
		return -ENOMEM;
	memcpy(to->policy, info->name, sizeof(info->name));
	memcpy(to->reason, info->reason, sizeof(info->reason));
	memcpy(to->comm, info->comm, sizeof(info->comm));
	memcpy(to->device, info->device_name, sizeof(info->device_name));
	/* The driver gives a reason of its own if a program is too slow, or the policy missing. */
	if (is_rules && info->policy && info->ret != -ETIMEDOUT)
		take_rule_name(to->rule, to->reason);
	to->hook = info->hook;
	to->tgid = info->tgid;
	to->uid = info->uid;
	to->error = -info->ret;
	to->is_audit = info->flags & IOMMUFD_POLICY_AUDIT;
	to->times = info->times;
	set_time(to, info->first_ns, info->last_ns, now_ns);
	to->is_missing = !info->policy;
	to->has_object = true;
	to->ctx = info->ctx;
	to->object = info->object;
	to->iova = info->iova;
	to->length = info->length;
	if (info->cgroup && !cgroup__path(info->cgroup, path, sizeof(path)))
		machine__name(to->machine, path);
	refusals->lost = info->lost;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct refusal *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns > y->time_ns ? -1 : 1;
	return strcmp(x->policy, y->policy);
}

void refusals__choose(struct refusals *refusals, __u32 tgid, int error)
{
	unsigned int from, to = 0;

	for (from = 0; from < refusals->nr; from++) {
		const struct refusal *one = &refusals->list[from];

		if ((!tgid || one->tgid == tgid) && (!error || one->error == error))
			refusals->list[to++] = *one;
	}
	refusals->nr = to;
	if (to)
		qsort(refusals->list, to, sizeof(*refusals->list), compare);
}

void refusals__free(struct refusals *refusals)
{
	free(refusals->list);
	memset(refusals, 0, sizeof(*refusals));
}
