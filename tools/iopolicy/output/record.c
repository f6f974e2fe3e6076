// SPDX-License-Identifier: GPL-2.0-only
/*
 * Members that several JSON records have. SCHEMA changes when a key goes away or changes its
 * meaning, not when one is added.
 */
#include <stdio.h>

#include "errname.h"
#include "hook.h"
#include "output/rules.h"
#include "version.h"

#define SCHEMA 1

/* Begin a record with the keys that all records have. */
void json__begin_record(struct json *json, const char *type)
{
	json__init(json, stdout);
	json__object(json, NULL);
	json__string(json, "type", type);
	json__u64(json, "schema", SCHEMA);
	json__string(json, "tool", "iopolicy");
	json__string(json, "version", IOMMUSCOPE_VERSION);
}

void json__end_record(struct json *json)
{
	json__end(json);
	json__line(json);
}

static void put_counts(struct json *json, const struct iommufd_policy_count *count)
{
	json__u64(json, "allowed", count->allowed);
	json__u64(json, "denied", count->denied);
	json__u64(json, "would_deny", count->would_deny);
	json__u64(json, "invalid", count->invalid);
}

static void put_last(struct json *json, const struct iommufd_policy_info *info)
{
	char name[ERRNAME_MAX];

	if (!info->last_ret) {
		json__null(json, "last");
		return;
	}
	json__object(json, "last");
	json__string(json, "hook", hook__name(info->last_hook));
	json__s64(json, "ret", info->last_ret);
	json__string(json, "error", errname(-info->last_ret, name));
	json__u64(json, "tgid", info->last_tgid);
	json__string_or_null(json, "reason", info->reason, sizeof(info->reason));
	json__end(json);
}

static void put_known(struct json *json, const char *key, __u64 number)
{
	if (number == COST_UNKNOWN)
		json__null(json, key);
	else
		json__u64(json, key, number);
}

static void put_cost(struct json *json, const struct cost *cost)
{
	__u64 share = cost__share(cost->share_ns, cost->call_ns);

	json__u64(json, "calls", cost->calls);
	json__u64(json, "time_ns", cost->ns);
	put_known(json, "p50_ns", cost__percentile(cost, 50));
	put_known(json, "p99_ns", cost__percentile(cost, 99));
	if (share == COST_UNKNOWN)
		json__null(json, "call_percent");
	else
		json__decimal(json, "call_percent", share, 2);
}

void json__put_loaded(struct json *json, const struct list_row *row)
{
	const struct iommufd_policy_info *info = &row->info;
	unsigned int i;

	json__u64(json, "id", info->id);
	json__u64(json, "link_id", info->link_id);
	json__s64(json, "priority", info->priority);
	json__bool(json, "audit", info->flags & IOMMUFD_POLICY_AUDIT);
	json__bool(json, "ejected", info->flags & IOMMUFD_POLICY_EJECTED);
	json__bool(json, "sealed", info->flags & IOMMUFD_POLICY_SEALED);
	json__bool(json, "required", info->flags & IOMMUFD_POLICY_REQUIRED);
	json__u64(json, "cgroup", info->cgroup);
	if (row->scope.path)
		json__string(json, "cgroup_path", row->scope.path);
	else
		json__null(json, "cgroup_path");
	json__bool(json, "cgroup_gone", row->scope.is_gone);
	put_counts(json, &row->sum);
	put_last(json, info);
	json__object(json, "hooks");
	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		if (!(info->hooks & 1u << i))
			continue;
		json__object(json, hook_names[i]);
		put_counts(json, &info->counts[i]);
		if (row->costs)
			put_cost(json, &row->costs[i]);
		json__end(json);
	}
	json__end(json);
}

void json__put_param(struct json *json, const struct param *param)
{
	json__object(json, NULL);
	json__string(json, "name", param->name);
	json__string(json, "type", param->type);
	json__u64(json, "size_bytes", param->size);
	switch (param->kind) {
	case PARAM_UNSIGNED:
		json__u64(json, "default", param__unsigned(param));
		break;
	case PARAM_SIGNED:
		json__s64(json, "default", param__signed(param));
		break;
	case PARAM_BOOL:
		json__bool(json, "default", param__unsigned(param));
		break;
	case PARAM_TEXT:
		json__string_n(json, "default", param->value, param->size);
		break;
	case PARAM_OTHER:
		json__null(json, "default");
	}
	json__end(json);
}
