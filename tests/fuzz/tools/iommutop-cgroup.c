// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of cgroups and mount points: /proc/self/mounts, paths of the command line, and names of
 * machines and containers. The first line is a path, the rest is the list of mounts.
 */
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "fuzz.h"
#include "machine.h"

int fuzz__input(const uint8_t *data, size_t size)
{
	char *text = fuzz__string(data, size), *mounts = text, *path = strsep(&mounts, "\n");
	char point[CGROUP_PATH_MAX], why[CGROUP_WHY_MAX], machine[MACHINE_MAX];
	unsigned int level;
	__u64 id;

	machine__name(machine, path);
	if (strlen(machine) >= MACHINE_MAX)
		abort();
	if (mounts)
		cgroup__mount_point(fuzz__file((uint8_t *)mounts, strlen(mounts)), point);
	if (!cgroup__parse(path, &id, why))
		cgroup__level(path, id, &level, why);
	free(text);
	return 0;
}
