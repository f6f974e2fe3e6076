// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many numbers of the system-wide PASID pool each user has.
 *
 * The pool is shared by all users of the machine, and so small that one context could take all of
 * it. The user is that of the process that allocates the number, not the opener of the file, which
 * may be a daemon that opens the file for others.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>

#include "pasid/pasid.h"
#include "trace/refuse.h"

static unsigned int pasid_user_limit = 1U << (IOMMU_EXT_PASID_BITS - 2);
module_param(pasid_user_limit, uint, 0644);
MODULE_PARM_DESC(
	pasid_user_limit,
	"System-wide PASIDs that a user without CAP_SYS_RESOURCE may have. Default: 262144, a quarter of all");

/**
 * struct iommufd_pool_user - the numbers of the pool that a user has
 * @item: in users
 * @uid: the user
 * @numbers: how many, not 0
 */
struct iommufd_pool_user {
	struct hlist_node item;
	kuid_t uid;
	unsigned int numbers;
};

static DEFINE_HASHTABLE(users, 6); /* by uid */
static DEFINE_SPINLOCK(users_lock); /* users, and the numbers of each */

/* Find the user, or add @new, if it is not NULL. users_lock is held. */
static struct iommufd_pool_user *find_or_add(kuid_t uid, struct iommufd_pool_user *new)
{
	struct iommufd_pool_user *user;

	hash_for_each_possible(users, user, item, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	if (new)
		hash_add(users, &new->item, __kuid_val(uid));
	return new;
}

/**
 * iommufd_pool_charge() - count a number of the pool for the calling user
 * @totals: of the context, to count and report a refusal
 *
 * Context: may sleep.
 * Return: the user, for iommufd_pool_uncharge(); ERR_PTR(-EDQUOT) if the user has as many as the
 * limit allows, and no CAP_SYS_RESOURCE; ERR_PTR(-ENOMEM).
 */
struct iommufd_pool_user *iommufd_pool_charge(struct umem_totals *totals)
{
	unsigned int limit = READ_ONCE(pasid_user_limit), numbers;
	struct iommufd_pool_user *new, *user;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->uid = current_uid();
	spin_lock(&users_lock);
	user = find_or_add(new->uid, new);
	numbers = user->numbers++;
	spin_unlock(&users_lock);
	if (user != new)
		kfree(new);
	if (likely(numbers < limit) || capable(CAP_SYS_RESOURCE))
		return user;
	iommufd_pool_uncharge(user);
	umem_count(totals, refused_limit, 1);
	iommufd_refuse_pool(totals->ctx_id, limit, numbers);
	return ERR_PTR(-EDQUOT);
}

/**
 * iommufd_pool_uncharge() - undo iommufd_pool_charge()
 * @user: the user
 */
void iommufd_pool_uncharge(struct iommufd_pool_user *user)
{
	bool last;

	spin_lock(&users_lock);
	last = !--user->numbers;
	if (last)
		hash_del(&user->item);
	spin_unlock(&users_lock);
	if (last)
		kfree(user);
}
