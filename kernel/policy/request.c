// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to policies. The caller fills in the plain values of struct iommufd_policy_request
 * between iommufd_policy_begin() and iommufd_policy_decide(), before it does any work, and without
 * holding locks that a detach or a close takes. The requests for maps and unmaps are filled in
 * here, because several ioctls make them.
 */
#include <linux/cred.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

#include "policy/internal.h"
#include "port/unzeroed.h"
#include "trace/refuse.h"
#include "umem/umem.h"

/* How often the policies are asked about a request whose totals keep growing. */
#define DECIDE_TRIES 64

/*
 * Copy the name of the thread. Without the lock that get_task_comm() takes: another thread of the
 * process may change the name meanwhile, but it ends with a 0 at all times.
 */
static void set_comm(struct iommufd_policy_request *req)
{
	static_assert(sizeof(req->comm) == sizeof(current->comm));
	/* See above. */
	data_race(memcpy(req->comm, current->comm, sizeof(req->comm)));
}

/**
 * iommufd_policy_begin() - begin a request for the calling process
 * @call: the request; sets the process's values, and all others to IOMMUFD_NONE or 0
 * @hook: the hook
 * @totals: totals of the context
 */
void iommufd_policy_begin(struct iommufd_policy_call *call, enum iommufd_policy_hook hook,
			  struct umem_totals *totals)
{
	struct iommufd_policy_request *req = &call->request;

	/*
	 * Member by member, because the compiler would clear all of an assigned struct first. The
	 * caller need not have cleared it.
	 */
	static_assert(sizeof(*req) == 232);
	call->totals = totals;
	call->pid = task_tgid(current);
	call->cgroup = NULL;
	call->object = IOMMUFD_NONE;
	memset(call->reason, 0, sizeof(call->reason));
	req->hook = hook;
	req->flags = 0;
	req->ctx = totals->ctx_id;
	req->tgid = current->tgid;
	req->uid = __kuid_val(current_uid());
	req->device = IOMMUFD_NONE;
	req->cgroup = umem_cgroup_current();
	req->ioas = IOMMUFD_NONE;
	req->hwpt = IOMMUFD_NONE;
	req->pasid = IOMMUFD_NONE;
	req->virt_pasid = IOMMUFD_NONE;
	req->pt = IOMMUFD_NONE;
	req->sbdf = IOMMUFD_NONE;
	req->vendor = IOMMUFD_NONE;
	req->product = IOMMUFD_NONE;
	req->group = IOMMUFD_NONE;
	req->prot = 0;
	req->kind = IOMMUFD_MEMORY_NONE;
	req->hwpt_flags = 0;
	req->data_type = 0;
	req->requests = 0;
	req->iova = 0;
	req->length = 0;
	req->start = 0;
	req->need = 0;
	req->ctx_pinned = IOMMUFD_TOTAL_NONE;
	req->process_pinned = IOMMUFD_TOTAL_NONE;
	req->uid_pinned = IOMMUFD_TOTAL_NONE;
	req->cgroup_pinned = IOMMUFD_TOTAL_NONE;
	req->ctx_after = IOMMUFD_TOTAL_NONE;
	req->process_after = IOMMUFD_TOTAL_NONE;
	req->uid_after = IOMMUFD_TOTAL_NONE;
	req->cgroup_after = IOMMUFD_TOTAL_NONE;
	memset(req->device_name, 0, sizeof(req->device_name));
	set_comm(req);
}

/**
 * iommufd_policy_set_owner() - make a request for another process than the calling one
 * @call: begun with iommufd_policy_begin()
 * @owner: the process; the caller keeps it until the decision
 */
void iommufd_policy_set_owner(struct iommufd_policy_call *call, const struct umem_owner *owner)
{
	struct iommufd_policy_request *req = &call->request;

	call->pid = owner->pid;
	call->cgroup = owner->cgroup;
	req->tgid = owner->tgid;
	req->uid = __kuid_val(owner->tally->uid);
	req->cgroup = umem_cgroup_id(owner->cgroup);
}

/**
 * iommufd_policy_request_ancestor() - get the id of the request's cgroup, or of one above it
 * @request: part of a struct iommufd_policy_call that is being decided on
 * @level: 0 for the root
 *
 * Context: any; takes no lock.
 * Return: the id; 0 if there is none of this level.
 */
u64 iommufd_policy_request_ancestor(const struct iommufd_policy_request *request, u32 level)
{
	/* It is in a call: see @not_scalar, and tests/vm/kfunc-args.c. */
	const struct iommufd_policy_call *call =
		container_of(request, struct iommufd_policy_call, request);

	/* The process that tries a policy is not the one of the request. */
	if (unlikely(!call->cgroup && !call->totals))
		return 0;
	return umem_cgroup_ancestor(call->cgroup, level);
}

/**
 * iommufd_policy_add_device() - fill in the device of a request
 * @req: the request
 * @dev: the device
 */
void iommufd_policy_add_device(struct iommufd_policy_request *req, struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);

	req->sbdf = iommufd_device_sbdf(dev);
	if (dev_is_pci(dev)) {
		req->vendor = to_pci_dev(dev)->vendor;
		req->product = to_pci_dev(dev)->device;
	}
	if (group) {
		req->group = iommu_group_id(group);
		iommu_group_put(group);
	}
	strscpy(req->device_name, dev_name(dev), sizeof(req->device_name));
}

/**
 * typedef take_grant_t - use the permission of the policies
 * @arg: of the caller
 * @grant: the decision
 * @summed: a policy has seen the totals, so they must not have grown
 *
 * Return: 0; -EAGAIN to ask again, with @growth or @needs of the grant changed; or an error.
 */
typedef int (*take_grant_t)(void *arg, struct umem_grant *grant, bool summed);

/*
 * Ask the policies until the call can use their permission. See iommufd_policy_decide().
 * With @sum, fill in the totals even if no policy needs them. Inlined, so that @take is not an
 * indirect call.
 */
static __always_inline int decide(struct iommufd_policy_call *call, const struct umem_needs *needs,
				  take_grant_t take, void *arg, bool sum)
{
	struct iommufd_policy_request *req = &call->request;
	struct umem_grant grant port_unzeroed;
	unsigned int tries = 0;
	int ret;

	/* iommufd_policy_fill_totals() sets the rest. */
	grant.by = (struct umem_scope){
		.tgid = req->tgid,
		.pid = call->pid,
		.uid = KUIDT_INIT(req->uid),
	};
	grant.needs = *needs;
	grant.growth = 0;
	call->grant = &grant;
	call->margin = 0;
	do {
		/* Another thread may move the process meanwhile; then a grant is not valid. */
		if (unlikely(tries) && !call->cgroup)
			req->cgroup = umem_cgroup_current();
		grant.by.cgroup = req->cgroup;
		req->need = iommufd_policy_bytes(grant.needs.process);
		call->summed = false;
		if (sum)
			iommufd_policy_fill_totals(req);
		ret = iommufd_policy_ask(call);
		if (!arg || (ret && !call->margin))
			return ret;
		/* Without totals, the policies that wanted the margin are gone. */
		if (ret || (unlikely(call->margin) && !call->summed)) {
			call->margin = 0;
			ret = -EAGAIN;
		} else {
			ret = take(arg, &grant, call->summed);
			call->margin = size_mul(size_add(call->margin, grant.growth), 2);
		}
		if (ret == -EAGAIN && fatal_signal_pending(current))
			return -EINTR;
	} while (ret == -EAGAIN && ++tries < DECIDE_TRIES);
	return ret == -EAGAIN ? -EBUSY : ret;
}

/* A reservation, and the context that it is for. */
struct reserve {
	struct umem_reservation *reservation;
	struct umem_totals *totals;
};

static int take_reservation(void *arg, struct umem_grant *grant, bool summed)
{
	struct reserve *reserve = arg;

	/* A call that was to pin nothing must ask again before it pins something. */
	if (!summed && grant->needs.process)
		return 0;
	return umem_reservation_begin(reserve->reservation, reserve->totals, grant);
}

/**
 * iommufd_policy_decide() - fill in the totals of a request, and ask the policies
 * @call: begun with iommufd_policy_begin()
 * @reservation: zeroed; the caller ends it when the call has succeeded or failed; NULL if the call
 *	pins nothing
 * @pages: pages that the call may pin
 *
 * A refused request reserves nothing, so it never shows in a total. An allowed request reserves its
 * pages, unless a total has grown since the policies saw it; then they are asked again.
 *
 * Other processes may map all the time, and programs may be slow, so asking again alone would let
 * them starve this call. The policies are therefore asked about totals with a margin, which grows
 * with each try: if they allow that, the totals may have grown by as much meanwhile. A refusal with
 * a margin decides nothing, because the true totals may be allowed.
 *
 * Context: may sleep, except for a fault.
 * Return: 0; the errno of a refusal; -EBUSY if the totals kept growing close to a limit; -ENOMEM;
 * -EINTR.
 */
int iommufd_policy_decide(struct iommufd_policy_call *call, struct umem_reservation *reservation,
			  unsigned long pages)
{
	const struct umem_needs needs = { pages, pages, pages, pages };
	struct reserve reserve = { reservation, call->totals };

	return decide(call, &needs, take_reservation, reservation ? &reserve : NULL, false);
}

/* A share of a reservation. */
struct reserve_share {
	struct umem_reservation *reservation;
	struct umem_share *share;
};

static int take_share(void *arg, struct umem_grant *grant, bool summed)
{
	struct reserve_share *reserve = arg;

	return umem_reservation_add(reserve->reservation, reserve->share, grant);
}

/* Ask about memory of another owner, as if that process made the call. */
static int decide_share(struct iommufd_policy_call *call, struct umem_reservation *reservation,
			struct umem_share *share)
{
	struct reserve_share reserve = { reservation, share };
	const struct umem_needs needs = { share->pages, share->pages, share->pages, share->pages };

	call->request.flags |= IOMMUFD_REQUEST_OWNER;
	iommufd_policy_set_owner(call, share->owner);
	return decide(call, &needs, take_share, &reserve, true);
}

/**
 * iommufd_policy_decide_shares() - ask the policies about memory that may have several owners
 * @call: begun with iommufd_policy_begin()
 * @reservation: zeroed; the caller ends it in any case, before it puts @shares
 * @shares: the pages that the call may pin, by their owners
 *
 * Pages count for the process that mapped them or has taken them over, also if another one makes
 * the call. So the policies are asked about the call with the pages of the calling process, and
 * then once for each other owner. A limit holds for each of them, because the reservation of one
 * counts in the totals that the policies see for the next.
 *
 * Context: may sleep.
 * Return: as iommufd_policy_decide(); -EUSERS if there are more than UMEM_SHARES owners.
 */
int iommufd_policy_decide_shares(struct iommufd_policy_call *call,
				 struct umem_reservation *reservation, struct umem_shares *shares)
{
	struct reserve reserve = { reservation, call->totals };
	struct umem_needs needs;
	unsigned long own;
	unsigned int i;
	int ret;

	if (shares->full)
		return -EUSERS;
	own = umem_shares_take_own(shares, call->totals);
	needs = (struct umem_needs){ own, own, own, own };
	/* The memory may grow until it is pinned, so reserve it even if no total matters. */
	ret = decide(call, &needs, take_reservation, &reserve, true);
	if (ret)
		return ret;
	reservation->others = shares;
	for (i = 0; i < shares->n && !ret; i++)
		if (shares->share[i].pages)
			ret = decide_share(call, reservation, &shares->share[i]);
	return ret;
}

static int take_change(void *arg, struct umem_grant *grant, bool summed)
{
	struct iommufd_policy_change *change = arg;

	return change->change(change, grant);
}

/**
 * iommufd_policy_ask_change() - ask the policies about a change of owners, and make it if allowed
 * @change: the change
 * @totals: totals of the context
 * @needs: pages by which the sums will grow, from umem_needs_of_change()
 *
 * Like iommufd_policy_decide(), but @change->change() takes the place of the reservation.
 *
 * Context: may sleep; the caller holds no lock.
 * Return: 0; the errno of a refusal; an error of @change->change(); -EBUSY; -EINTR.
 */
int iommufd_policy_ask_change(struct iommufd_policy_change *change, struct umem_totals *totals,
			      const struct umem_needs *needs)
{
	struct iommufd_policy_call call;

	iommufd_policy_begin(&call, IOMMUFD_HOOK_IOAS_CHANGE_PROCESS, totals);
	call.request.kind = IOMMUFD_MEMORY_FILE;
	return decide(&call, needs, take_change, change, true);
}

static u32 policy_prot(int prot)
{
	return (prot & IOMMU_READ ? IOMMUFD_PROT_READ : 0) |
	       (prot & IOMMU_WRITE ? IOMMUFD_PROT_WRITE : 0);
}

/**
 * iommufd_policy_ask_map() - ask the policies about a map
 * @approver: part of a struct iommufd_policy_map; the caller ends its reservation in any case
 * @target: the IOVA range
 *
 * Context: may sleep; the caller holds no lock.
 * Return: 0 or the errno of a refusal.
 */
int iommufd_policy_ask_map(struct iopt_approver *approver, const struct iopt_target *target)
{
	struct iommufd_policy_map *map =
		container_of(approver, struct iommufd_policy_map, approver);
	bool pins = approver->pins && !map->pinned && map->kind != IOMMUFD_MEMORY_DMABUF;
	struct iommufd_policy_call call port_unzeroed;
	struct iommufd_policy_request *req;
	unsigned long pages = 0;

	iommufd_policy_begin(&call, IOMMUFD_HOOK_IOAS_MAP, map->totals);
	req = &call.request;
	call.object = map->ioas;
	req->ioas = map->ioas;
	req->flags = target->fixed ? IOMMUFD_REQUEST_FIXED : 0;
	req->prot = policy_prot(target->prot);
	req->kind = map->kind;
	req->iova = target->iova;
	req->length = target->length;
	req->start = map->start;
	if (pins && map->shares)
		return iommufd_policy_decide_shares(&call, &approver->reservation, map->shares);
	if (pins)
		pages = map->pages;
	return iommufd_policy_decide(&call, &approver->reservation, pages);
}

/**
 * iommufd_policy_ask_unmap() - ask the policies about an unmap
 * @totals: totals of the context
 * @ioas: id of the address space
 * @iova: first address
 * @length: bytes; U64_MAX for the whole address space
 *
 * Context: may sleep.
 * Return: 0 or the errno of a refusal.
 */
int iommufd_policy_ask_unmap(struct umem_totals *totals, u32 ioas, u64 iova, u64 length)
{
	struct iommufd_policy_call call port_unzeroed;

	iommufd_policy_begin(&call, IOMMUFD_HOOK_IOAS_UNMAP, totals);
	call.object = ioas;
	call.request.ioas = ioas;
	call.request.iova = iova;
	call.request.length = length;
	return iommufd_policy_decide(&call, NULL, 0);
}

/* See iommufd_policy_guard(). */
int iommufd_policy_guard_slow(struct umem_totals *totals, enum iommufd_policy_hook hook)
{
	struct iommufd_policy_call call;

	iommufd_policy_begin(&call, hook, totals);
	call.margin = 0;
	return iommufd_policy_refuse_missing(&call);
}
