// SPDX-License-Identifier: GPL-2.0-only
/*
 * The totals of a request: pages that are pinned now, and that would be after the call. They are
 * summed up when the first policy of a call needs them: policy.c asks for them before it runs the
 * program of a policy without IOMMUFD_POLICY_NO_TOTALS, and other programs by the function
 * iommufd_policy_totals().
 */
#include <linux/overflow.h>

#include "policy/internal.h"
#include "umem/umem.h"

static u64 pinned_bytes(const struct umem_sum *sum)
{
	return iommufd_policy_bytes(sum->pages);
}

static u64 after_bytes(const struct umem_sum *sum, unsigned long pages)
{
	return iommufd_policy_bytes(size_add(umem_sum_total(sum), pages));
}

static void add_totals(struct iommufd_policy_request *req, const struct umem_grant *grant)
{
	const struct umem_needs *needs = &grant->needs;
	const struct umem_sums *sums = &grant->seen;

	req->ctx_pinned = pinned_bytes(&sums->context);
	req->process_pinned = pinned_bytes(&sums->process);
	req->uid_pinned = pinned_bytes(&sums->user);
	req->cgroup_pinned = pinned_bytes(&sums->cgroup);
	req->ctx_after = after_bytes(&sums->context, needs->context);
	req->process_after = after_bytes(&sums->process, needs->process);
	req->uid_after = after_bytes(&sums->user, needs->user);
	req->cgroup_after = after_bytes(&sums->cgroup, needs->cgroup);
}

/* Let all sums look larger. */
static void add_margin(struct umem_sums *sums, unsigned long margin)
{
	struct umem_sum *all[] = { &sums->context, &sums->process, &sums->user, &sums->cgroup };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		all[i]->reserved = size_add(all[i]->reserved, margin);
}

/**
 * iommufd_policy_fill_totals() - fill in the totals of a request, unless they are
 * @request: part of a struct iommufd_policy_call that is being decided on
 *
 * Context: any; takes no lock.
 */
void iommufd_policy_fill_totals(const struct iommufd_policy_request *request)
{
	/* It is in a call: see @not_scalar, and tests/vm/kfunc-args.c. */
	struct iommufd_policy_call *call = container_of((struct iommufd_policy_request *)request,
							struct iommufd_policy_call, request);
	struct umem_grant *grant = call->grant;

	if (call->summed)
		return;
	call->summed = true;
	umem_owner_see(call->totals, grant);
	if (unlikely(call->margin)) {
		add_margin(&grant->seen, call->margin);
		grant->exact = false;
	}
	add_totals(&call->request, grant);
}

/**
 * iommufd_policy_want_totals() - the same, for a program that asks for them
 * @request: part of a struct iommufd_policy_call that is being decided on
 *
 * Context: any; takes no lock.
 */
void iommufd_policy_want_totals(const struct iommufd_policy_request *request)
{
	struct iommufd_policy_call *call = container_of((struct iommufd_policy_request *)request,
							struct iommufd_policy_call, request);

	if (unlikely(!call->totals))
		iommufd_trial_show_totals(call);
	else
		iommufd_policy_fill_totals(request);
}
