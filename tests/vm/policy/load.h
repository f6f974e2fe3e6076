/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies, loaded with libbpf and nothing of our tools: what iopolicy(8) does, done independently.
 *
 * Functions return 0 or -errno. A failed one has said on stderr, by libbpf, what stood against it.
 */
#ifndef TESTS_VM_POLICY_LOAD_H
#define TESTS_VM_POLICY_LOAD_H

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
 * Opens, loads and attaches. The settings are words NAME=NUMBER: parameters, and with @ before the
 * name members of struct iommufd_policy_ops, of which the name may be a text without a blank.
 */
int policy__load(struct policy *p, const char *path, const char *settings);
/* The same in two steps. A step that fails closes the object. */
int policy__open(struct policy *p, const char *path, const char *settings);
int policy__attach(struct policy *p);
/* A policy of build/policies, as a test point. */
bool policy__start(struct policy *p, const char *name, const char *settings);
/* Takes it out of force; nothing happens when it is not. */
void policy__unload(struct policy *p);

/* Maps of the policy; val NULL: the entry goes. */
int policy__set(struct policy *p, const char *map, const void *key, const void *val);
int policy__get(struct policy *p, const char *map, const void *key, void *val);

/* All that are in force, in the order of being asked: how many, or -errno. */
#define POLICY_INFOS 16
int policy__infos(struct iommufd_policy_info infos[POLICY_INFOS]);
/* What the driver's iterator says of it; -ENOENT. */
int policy__info(const char *name, struct iommufd_policy_info *info);
/* How many policies are in force, or -errno. */
int policy__count(void);
/* A test point: its last refusal was this. */
bool policy__refused(const char *name, enum iommufd_policy_hook hook, int ret, const char *reason);

#endif
