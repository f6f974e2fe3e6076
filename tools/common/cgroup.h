/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cgroups of version 2: their numbers, which the kernel knows them by, and their paths.
 *
 * The number of a cgroup is what the file system gives as its file handle; on 64 bits it is the
 * inode number as well. It is not given again to another one before the next boot.
 */
#ifndef _COMMON_CGROUP_H
#define _COMMON_CGROUP_H

#include <stddef.h>
#include <linux/types.h>

#define CGROUP_PATH_MAX 4096
#define CGROUP_WHY_MAX 384

/* Where the first cgroup2 file system is mounted; 0 or -ENOENT. mounts NULL: /proc/self/mounts */
int cgroup__mount_point(const char *mounts, char path[CGROUP_PATH_MAX]);

/*
 * The number that an argument stands for: a number as it is, or a folder. A path that is no folder
 * of a cgroup2 file system is looked for below its mount point, so that what stands in
 * /proc/PID/cgroup can be given, too.
 *
 * Returns 0, -ENODEV if cgroup v2 is not mounted, or -errno; with the reason (and the fix) in
 * why[CGROUP_WHY_MAX].
 */
int cgroup__parse(const char *text, __u64 *id, char *why);

/*
 * How far a cgroup is from the root, whose level is 0. text is what cgroup__parse() took the number
 * from: a folder tells it by its path, a number takes CAP_DAC_READ_SEARCH to be found. Returns 0, or
 * -errno with the reason in why[CGROUP_WHY_MAX].
 */
int cgroup__level(const char *text, __u64 id, unsigned int *level, char *why);

/* The path below the mount point, "/" for the root; or -errno. Needs CAP_DAC_READ_SEARCH. */
int cgroup__path(__u64 id, char *path, size_t size);

#endif /* _COMMON_CGROUP_H */
