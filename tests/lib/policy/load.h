/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Load policies with libbpf alone, so that the tests do not depend on iopolicy(8).
 *
 * Functions return 0 or -errno. libbpf prints the reason of a failure to stderr.
 */
#ifndef TESTS_LIB_POLICY_LOAD_H
#define TESTS_LIB_POLICY_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "iommufd_policy.h"

struct policy {
	struct bpf_object *obj;
	struct bpf_map *ops;
	struct bpf_link *link;
};

/*
 * Open, load and attach a policy. The settings are words NAME=NUMBER that set parameters. After an
 * @ the name is that of a member of struct iommufd_policy_ops, and the value may be a text without
 * blanks.
 */
int policy__load(struct policy *p, const char *path, const char *settings);
/* The same in two steps. A failed step closes the object. */
int policy__open(struct policy *p, const char *path, const char *settings);
int policy__attach(struct policy *p);
/* Load a policy of build/policies. A test point. */
bool policy__start(struct policy *p, const char *name, const char *settings);
/* Unload a policy, if it is loaded. */
void policy__unload(struct policy *p);

/* Write or read an entry of a map. val NULL deletes it. */
int policy__set(struct policy *p, const char *map, const void *key, const void *val);
int policy__get(struct policy *p, const char *map, const void *key, void *val);

/* List the loaded policies as they are asked. Returns their number or -errno. */
#define POLICY_INFOS 16
int policy__infos(struct iommufd_policy_info infos[POLICY_INFOS]);
/* Get the iterator's record of a policy. Returns 0, or -ENOENT if it is not loaded. */
int policy__info(const char *name, struct iommufd_policy_info *info);
/* The number of loaded policies, or -errno. */
int policy__count(void);
/* A test point: compare the policy's last refusal. */
bool policy__refused(const char *name, enum iommufd_policy_hook hook, int ret, const char *reason);

#endif
