// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process that opened a context, see opener.h.
 *
 * The path of a cgroup is looked up once; a cgroup that is renamed, which is rare, keeps its old
 * name here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "model/hash.h"
#include "model/opener.h"

struct cgroup_path {
	char *path;
	bool tried;
};

struct openers {
	struct hash cgroups; /* struct cgroup_path by id */
};

struct openers *openers__open(void)
{
	struct openers *openers = calloc(1, sizeof(*openers));

	if (!openers)
		return NULL;
	hash__init(&openers->cgroups, sizeof(struct cgroup_path));
	return openers;
}

void openers__close(struct openers *openers)
{
	unsigned int i;

	if (!openers)
		return;
	for (i = 0; i < openers->cgroups.room; i++)
		if (openers->cgroups.slots[i].seen)
			free(((struct cgroup_path *)openers->cgroups.slots[i].data)->path);
	hash__close(&openers->cgroups);
	free(openers);
}

const char *openers__cgroup(struct openers *openers, __u64 id)
{
	struct hash_key key = { .a = id, .b = id >> 32 };
	char path[CGROUP_PATH_MAX];
	struct cgroup_path *found;

	if (!id)
		return NULL;
	found = hash__get(&openers->cgroups, key, 1);
	if (!found)
		return NULL;
	if (!found->tried && !cgroup__path(id, path, sizeof(path)))
		found->path = strdup(path);
	found->tried = true;
	return found->path;
}
