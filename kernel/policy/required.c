// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that must be in force: those that the module parameter required_policies names, and
 * those that were sealed. While one of them is missing, calls that give a device access to memory
 * are refused (see IOMMUFD_HOOKS_GUARDED), so that a boot without the policy, a forgotten unload or
 * a detach by force does not open the machine.
 *
 * in force	A required policy is loaded with its name, and not for audit only. A sealed policy
 *		is loaded. The driver ejects neither.
 * sealed	Until the machine is rebooted, the policy cannot be replaced, the module cannot be
 *		removed, and the driver holds the BPF link, so that neither a removed pin nor the
 *		end of a process ends the policy. BPF lets root detach a link by force, and a driver
 *		cannot refuse that. Then the policy is missing, and no other one gets its name.
 *
 * The list only grows until the module ends, so calls that are refused need RCU alone; policy.c
 * changes it under policies_lock.
 */
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "policy/internal.h"
#include "trace/refuse.h"

static char *required_policies;
module_param(required_policies, charp, 0444);
MODULE_PARM_DESC(
	required_policies,
	"Names of policies, with commas between them. While one is not in force, no device can be bound or attached and no memory be mapped. Default: none");

LIST_HEAD(iommufd_needed);

static char missing_policies[1024]; /* under the lock of the module's parameters */
module_param_string(missing_policies, missing_policies, sizeof(missing_policies), 0444);
MODULE_PARM_DESC(missing_policies,
		 "Required and sealed policies that are not in force (read only)");

/* Behind the names that have room, if there are more. No policy has this name. */
#define MORE_NAMES ",..."

/* Show which names are marked as missing. policies_lock is held. */
void iommufd_needed_show(void)
{
	const size_t room = sizeof(missing_policies) - sizeof(MORE_NAMES);
	const struct iommufd_needed *needed;
	size_t size = 0;

	kernel_param_lock(THIS_MODULE);
	missing_policies[0] = '\0';
	list_for_each_entry(needed, &iommufd_needed, list) {
		if (!needed->missing)
			continue;
		if (size + 1 + strlen(needed->name) > room) {
			memcpy(missing_policies + size, MORE_NAMES, sizeof(MORE_NAMES));
			break;
		}
		size += sprintf(missing_policies + size, "%s%s", size ? "," : "", needed->name);
	}
	kernel_param_unlock(THIS_MODULE);
}

/**
 * iommufd_policy_name_ok() - check the name of a policy
 * @name: the name; need not end with a 0 within IOMMUFD_POLICY_NAME_LEN
 *
 * Return: true if a policy may have this name.
 */
bool iommufd_policy_name_ok(const char *name)
{
	size_t n = strnlen(name, IOMMUFD_POLICY_NAME_LEN), i;

	if (!n || n == IOMMUFD_POLICY_NAME_LEN || name[0] == '.')
		return false;
	for (i = 0; i < n; i++)
		if (!isascii(name[i]) || (!isalnum(name[i]) && !strchr("_-.", name[i])))
			return false;
	return true;
}

/* Find a name, NULL if it is not needed. policies_lock is held, or the module is loaded. */
struct iommufd_needed *iommufd_needed_find(const char *name)
{
	struct iommufd_needed *needed;

	list_for_each_entry(needed, &iommufd_needed, list)
		if (!strcmp(needed->name, name))
			return needed;
	return NULL;
}

/* Find or add a name. Returns NULL without memory. Likewise. */
struct iommufd_needed *iommufd_needed_add(const char *name)
{
	struct iommufd_needed *needed = iommufd_needed_find(name);

	if (needed)
		return needed;
	needed = kzalloc(sizeof(*needed), GFP_KERNEL_ACCOUNT);
	if (!needed)
		return NULL;
	strscpy(needed->name, name, sizeof(needed->name));
	list_add_tail_rcu(&needed->list, &iommufd_needed);
	return needed;
}

/* Read the module parameter, when the module is loaded. */
int iommufd_needed_init(void)
{
	char *copy, *rest, *name;
	int ret = 0;

	if (!required_policies || !*required_policies)
		return 0;
	copy = kstrdup(required_policies, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	for (rest = copy; !ret && (name = strsep(&rest, ","));) {
		struct iommufd_needed *needed;

		/* No policy could be loaded with it, so that nothing would ever work. */
		if (!iommufd_policy_name_ok(name)) {
			pr_err("iommufd: the module is not loaded: required_policies: '%s' is not a valid policy name; use 1 to %d letters, digits, '_', '-' and '.', do not begin with '.', and put commas without blanks between names\n",
			       name, IOMMUFD_POLICY_NAME_LEN - 1);
			ret = -EINVAL;
			continue;
		}
		needed = iommufd_needed_add(name);
		if (needed)
			needed->required = true;
		else
			ret = -ENOMEM;
	}
	kfree(copy);
	if (!ret)
		ret = iommufd_history_init();
	if (ret)
		iommufd_needed_exit();
	return ret;
}

/* Free the names, when no call can be in progress. */
void iommufd_needed_exit(void)
{
	struct iommufd_needed *needed, *next;

	list_for_each_entry_safe(needed, next, &iommufd_needed, list)
		kfree(needed);
	INIT_LIST_HEAD(&iommufd_needed);
}

/* In the history; a text of IOMMUFD_POLICY_REASON_LEN. */
#define SEALED_REASON "sealed, but was detached by force"
#define REQUIRED_REASON "required, but not in force"

/**
 * iommufd_policy_refuse_missing() - refuse a call because a policy is missing
 * @call: the request; @reason is set here
 *
 * Context: any.
 * Return: -EPERM; 0 if no policy is missing any more. Then the caller sees the policies that are
 * loaded instead.
 */
int iommufd_policy_refuse_missing(struct iommufd_policy_call *call)
{
	const char *reason = REQUIRED_REASON;
	const struct iommufd_needed *needed;
	struct iommufd_refuser by = {};

	rcu_read_lock();
	list_for_each_entry_rcu(needed, &iommufd_needed, list) {
		/* Together with the policies: see count_missing() in policy.c. */
		if (!smp_load_acquire(&needed->missing))
			continue;
		/* The name stays until the module ends, which waits for this call. */
		by.name = needed->name;
		if (needed->required)
			by.flags |= IOMMUFD_POLICY_REQUIRED;
		if (READ_ONCE(needed->sealed)) {
			by.flags |= IOMMUFD_POLICY_SEALED;
			reason = SEALED_REASON;
		}
		break;
	}
	rcu_read_unlock();
	if (!by.name)
		return 0;
	/* The policies are asked again, without the margin. */
	if (call->margin)
		return -EPERM;
	strscpy_pad(call->reason, reason, sizeof(call->reason));
	iommufd_history_add(&by, call, -EPERM);
	iommufd_refuse_policy(call->request.ctx, call->request.hook, by.name);
	umem_count(call->totals, refused_policy, 1);
	return -EPERM;
}
