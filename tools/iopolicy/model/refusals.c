// SPDX-License-Identifier: GPL-2.0-only
/*
 * Collect the last refusals, see refusals.h. The kernel has the last one of each policy; rules keep
 * theirs in a map.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

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

static int add_ring(struct refusals *refusals, const struct iommufd_policy_info *info, int fd,
		    __u64 now_ns)
{
	struct rules_refusal raw;
	struct refusal *to;
	__u32 key;

	for (key = 0; key < RULES_REFUSALS; key++) {
		if (bpf_map_lookup_elem(fd, &key, &raw))
			return -EPROTO;
		if (!raw.number)
			continue;
		to = add(refusals);
		if (!to)
			return -ENOMEM;
		memcpy(to->policy, info->name, sizeof(info->name));
		memcpy(to->reason, raw.reason, sizeof(raw.reason));
		memcpy(to->comm, raw.comm, sizeof(raw.comm));
		take_rule_name(to->rule, to->reason);
		to->is_rule = true;
		to->hook = raw.hook;
		to->tgid = raw.tgid;
		to->uid = raw.uid;
		to->error = raw.error;
		to->is_audit = raw.is_audit || info->flags & IOMMUFD_POLICY_AUDIT;
		to->time_ns = raw.time_ns;
		to->ago_ns = now_ns > raw.time_ns ? now_ns - raw.time_ns : 0;
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
	return 0;
}

int refusals__add(struct refusals *refusals, const struct iommufd_policy_info *info,
		  const struct former *former, __u64 now_ns)
{
	int ring = former__find(former, RING, false), err;
	char name[ERRNAME_MAX];

	/* Another policy may have a map of that name. */
	if (ring >= 0 && former__find(former, IMAGE_PIN, false) >= 0)
		err = add_ring(refusals, info, ring, now_ns);
	else
		err = add_last(refusals, info);
	if (err)
		msg("%s: cannot read its refusals (%s)", former->name, errname(-err, name));
	return err;
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
