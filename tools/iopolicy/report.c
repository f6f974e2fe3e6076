// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the commands' outputs have in common: names of hooks, scopes, how a JSON record begins.
 *
 * The schema is described in iopolicy(8); its number changes when a key gets another meaning or
 * goes away, not when one is added.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "errname.h"
#include "iopolicy.h"
#include "msg.h"
#include "text.h"
#include "version.h"

#define SCHEMA 1

const char *const hook_names[IOMMUFD_HOOKS] = {
	[IOMMUFD_HOOK_DEVICE_BIND] = "device_bind",
	[IOMMUFD_HOOK_DEVICE_ATTACH] = "device_attach",
	[IOMMUFD_HOOK_IOAS_MAP] = "ioas_map",
	[IOMMUFD_HOOK_IOAS_UNMAP] = "ioas_unmap",
	[IOMMUFD_HOOK_HWPT_ALLOC] = "hwpt_alloc",
	[IOMMUFD_HOOK_PASID_ALLOC] = "pasid_alloc",
	[IOMMUFD_HOOK_PASID_ATTACH] = "pasid_attach",
	[IOMMUFD_HOOK_FAULT] = "fault",
};

char *hook__list(char text[HOOKS_MAX], __u32 hooks)
{
	size_t length = 0;
	unsigned int i;

	if (hooks == (1u << IOMMUFD_HOOKS) - 1)
		return strcpy(text, "all");
	if (!hooks)
		return strcpy(text, "-");
	for (i = 0; i < IOMMUFD_HOOKS && length < HOOKS_MAX; i++)
		if (hooks & 1u << i)
			length += snprintf(text + length, HOOKS_MAX - length, "%s%s",
					   length ? "," : "", hook_names[i]);
	return text;
}

const char *hook__name(__u32 hook, char buffer[HOOK_MAX])
{
	if (hook < IOMMUFD_HOOKS)
		return hook_names[hook];
	snprintf(buffer, HOOK_MAX, "hook %u", hook);
	return buffer;
}

char *report__scope(char *text, size_t size, __u64 cgroup)
{
	char path[CGROUP_PATH_MAX];

	if (!cgroup)
		snprintf(text, size, "all");
	else if (cgroup__path(cgroup, path, sizeof(path)))
		snprintf(text, size, "cgroup %llu", cgroup);
	else
		text__clean(text, size, path, sizeof(path), size, text__locale_is_utf8());
	return text;
}

void report__begin(struct json *json, const char *type)
{
	json__init(json, stdout);
	json__object(json, NULL);
	json__string(json, "type", type);
	json__u64(json, "schema", SCHEMA);
	json__string(json, "tool", "iopolicy");
	json__string(json, "version", IOMMUSCOPE_VERSION);
}

void report__end(struct json *json)
{
	json__end(json);
	json__line(json);
}

void report__policy(struct json *json, const struct policy *policy)
{
	json__string(json, "name", policy->name);
	json__s64(json, "priority", policy->priority);
	json__bool(json, "audit", policy->flags & IOMMUFD_POLICY_AUDIT);
	json__u64(json, "cgroup", policy->cgroup);
}

int report__flush(void)
{
	char name[ERRNAME_MAX];
	int err;

	errno = EIO;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	err = -errno;
	if (err != -EPIPE)
		msg("writing to stdout: %s", errname(-err, name));
	return err == -EPIPE ? 0 : err;
}
