/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A folder of policy files: which policies shall be in force, with which settings.
 *
 * The command apply reads it. A file NAME.policy has lines KEY = VALUE, see iopolicy(8). Only the
 * files are read here: objects are not opened, and the kernel is asked for cgroups only.
 */
#ifndef _IOPOLICY_FOLDER_H
#define _IOPOLICY_FOLDER_H

#include <stdbool.h>
#include <linux/types.h>

#include "iommufd_policy.h"

#define FOLDER_DEFAULT "/etc/iommufd/policy.d"
#define FOLDER_SUFFIX ".policy"
#define FOLDER_MAX_SETS 64

/* A policy file. */
struct folder_policy {
	char *file; /* its path */
	char *object; /* path of the BPF object file, or of a rule file */
	bool is_rules;
	char name[IOMMUFD_POLICY_NAME_LEN];
	char *sets[FOLDER_MAX_SETS]; /* NAME=VALUE */
	unsigned int nr_sets;
	bool has_priority;
	__s32 priority;
	bool has_cgroup;
	__u64 cgroup;
	bool audit;
	bool eject;
};

struct folder {
	struct folder_policy *list; /* sorted by the names of the files */
	unsigned int nr;
};

/*
 * Read all policy files of a folder. Folder, files and objects must belong to root or to the user,
 * and nobody else may write to them, because the policies are loaded with all privileges. Return 0,
 * -ENOEXEC if a file has an error, or -errno; after a message. Free the folder in all cases.
 */
int folder__read(struct folder *folder, const char *path);
/* The same for one file, also a rule file. */
int folder__read_file(struct folder *folder, const char *path);
void folder__free(struct folder *folder);

#endif /* _IOPOLICY_FOLDER_H */
