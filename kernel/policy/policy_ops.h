/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct iommufd_policy_ops as the kernel has it. BPF programs find it in the module's BTF.
 */
#ifndef _IOMMUFD_POLICY_OPS_H
#define _IOMMUFD_POLICY_OPS_H

#include <linux/types.h>

#include <iommufd_policy.h>

#define IOMMUFD_HOOK_MEMBER(ID, name, sleep, text) \
	int (*name)(const struct iommufd_policy_request *req);

/**
 * struct iommufd_policy_ops - a policy
 * @cgroup: cgroup that the policy applies to, with all cgroups below it; 0 for all
 * @priority: policies of higher priority are asked first
 * @flags: IOMMUFD_POLICY_*
 * @version: IOMMUFD_POLICY_VERSION
 * @name: no two loaded policies have the same name
 * @budget_ms: CPU time in ms that a program may take to decide a call, exact to a tick of the
 *	scheduler; 0 for IOMMUFD_POLICY_BUDGET_MS, or IOMMUFD_POLICY_BUDGET_NONE for no limit
 *
 * The first members are the hooks of IOMMUFD_POLICY_HOOKS, NULL where the policy has no program. A
 * hook returns 0 to allow the call, or -1 to -511 to refuse it. The driver calls it without holding
 * a lock that a detach, a close or an iterator takes.
 */
struct iommufd_policy_ops {
	IOMMUFD_POLICY_HOOKS(IOMMUFD_HOOK_MEMBER)
	u64 cgroup;
	s32 priority;
	u32 flags;
	u32 version;
	char name[IOMMUFD_POLICY_NAME_LEN];
	u32 budget_ms;
};

#undef IOMMUFD_HOOK_MEMBER

#endif
