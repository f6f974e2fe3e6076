// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the commands' outputs have in common: scopes, how a JSON record begins.
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
