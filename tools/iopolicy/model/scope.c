// SPDX-License-Identifier: GPL-2.0-only
/*
 * Look up the path of a policy's cgroup.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "model/model.h"

int scope__make(struct scope *scope, __u64 cgroup)
{
	char path[CGROUP_PATH_MAX];
	int err;

	*scope = (struct scope){ .cgroup = cgroup };
	err = cgroup ? cgroup__path(cgroup, path, sizeof(path)) : -ENOENT;
	scope->is_gone = err == -ESTALE;
	if (err)
		return 0;
	scope->path = strdup(path);
	return scope->path ? 0 : -ENOMEM;
}

void scope__free(struct scope *scope)
{
	free(scope->path);
}
