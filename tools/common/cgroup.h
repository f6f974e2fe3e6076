/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cgroups of version 2: their ids, which the kernel uses, and their paths.
 *
 * The id of a cgroup is its file handle, on 64-bit machines also its inode number. Ids are not
 * reused before the next boot.
 */
#ifndef _COMMON_CGROUP_H
#define _COMMON_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define CGROUP_PATH_MAX 4096
#define CGROUP_WHY_MAX 384

/*
 * Use the cgroups that cgroup__add() names, not those of this machine: for recordings. A path is
 * then parsed as it stands. At most 4096 names are kept, in total.
 */
void cgroup__use_recording(void);
void cgroup__add(__u64 id, const char *path, size_t size);

/* Find the mount point of cgroup2. mounts NULL: /proc/self/mounts. Returns 0 or -ENOENT. */
int cgroup__mount_point(const char *mounts, char path[CGROUP_PATH_MAX]);

/*
 * Parse an id or the path of a folder. A path that is not a folder of a cgroup2 file system is
 * taken as relative to its mount point, so that paths from /proc/PID/cgroup are accepted.
 *
 * Returns 0, -ENODEV if cgroup v2 is not mounted, or -errno; with the reason (and a remedy) in
 * why[CGROUP_WHY_MAX].
 */
int cgroup__parse(const char *text, __u64 *id, char *why);

/*
 * Get the depth of a cgroup; the root has 0. text is what cgroup__parse() got: the depth of a
 * folder follows from its path, that of an id needs CAP_DAC_READ_SEARCH. Returns 0, or -errno with
 * the reason in why[CGROUP_WHY_MAX].
 */
int cgroup__level(const char *text, __u64 id, unsigned int *level, char *why);

/*
 * Whether a cgroup is another one or below it. path: of the former, NULL if it is not known. Needs
 * CAP_DAC_READ_SEARCH.
 */
_Bool cgroup__is_below(__u64 id, const char *path, __u64 above);

/* Get the path below the mount point, "/" for the root. Needs CAP_DAC_READ_SEARCH. */
int cgroup__path(__u64 id, char *path, size_t size);

#endif /* _COMMON_CGROUP_H */
