// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions for BPF programs: a policy's reason, totals and open-coded iterators.
 * include/iommufd_policy.bpf.h declares them and describes them for authors of programs.
 *
 * Policies (struct_ops), syscall programs and tracing programs may call all of them, except that
 * those of a request are only for policies. The verifier lets only sleepable programs call
 * functions that may sleep, and a program that is called under a lock is not sleepable. The other
 * functions take no lock and may be called anywhere.
 *
 * The state of an iterator is on the program's stack: the last record, and the id or IOVA to
 * continue from. Nothing is held between two steps, so a program may stop at any of them, and the
 * object that a record describes may be gone by the next step.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/capability.h>
#include <linux/module.h>

#include "bpf/bpf.h"
#include "policy/policy.h"
#include "umem/umem.h"

/* The iterators on the stacks of programs. Their sizes are part of the interface. */
struct bpf_iter_iommufd_ctx {
	__u64 __opaque[8];
} __aligned(8);

struct bpf_iter_iommufd_payer {
	__u64 __opaque[12];
} __aligned(8);

struct bpf_iter_iommufd_object {
	__u64 __opaque[17];
} __aligned(8);

struct bpf_iter_iommufd_area {
	__u64 __opaque[9];
} __aligned(8);

struct bpf_iter_iommufd_policy {
	__u64 __opaque[51];
} __aligned(8);

struct bpf_iter_iommufd_refusal {
	__u64 __opaque[32];
} __aligned(8);

struct ctx_iter {
	struct iommufd_ctx_info info;
	u32 last;
} __aligned(8);

struct payer_iter {
	struct iommufd_payer_info info;
	u32 ctx;
	bool ended;
	u64 last;
} __aligned(8);

struct object_iter {
	struct iommufd_object_info info;
	u32 ctx;
	u32 type;
	u32 last;
	bool ended;
} __aligned(8);

/* The next area begins behind info; before the first step, info has a length of 0. */
struct area_iter {
	struct iommufd_area_info info;
	u32 ctx;
	u32 ioas; /* IOMMUFD_NONE at the end */
} __aligned(8);

struct policy_iter {
	struct iommufd_policy_info info;
	u32 last;
	unsigned int index;
} __aligned(8);

struct refusal_iter {
	struct iommufd_refusal_info info;
	u64 last; /* U64_MAX at the end */
	u64 until;
	u32 slot;
} __aligned(8);

/*
 * A request that a program made up, which may be in its own memory: the verifier lets it pass
 * because all members are scalars. Programs declare it as struct iommufd_policy_request.
 */
struct iommufd_trial_request {
	__u32 hook;
};

static_assert(sizeof(struct ctx_iter) <= sizeof(struct bpf_iter_iommufd_ctx));
static_assert(sizeof(struct payer_iter) <= sizeof(struct bpf_iter_iommufd_payer));
static_assert(sizeof(struct object_iter) <= sizeof(struct bpf_iter_iommufd_object));
static_assert(sizeof(struct area_iter) <= sizeof(struct bpf_iter_iommufd_area));
static_assert(sizeof(struct policy_iter) <= sizeof(struct bpf_iter_iommufd_policy));
static_assert(sizeof(struct refusal_iter) <= sizeof(struct bpf_iter_iommufd_refusal));

__bpf_kfunc_start_defs();

/**
 * iommufd_policy_reason() - Set the reason of a decision
 * @req: the request that the policy decides on
 * @text: the reason; a null byte ends it
 * @text__sz: size of @text in bytes; a longer reason than IOMMUFD_POLICY_REASON_LEN is truncated
 *
 * Return: 0.
 */
__bpf_kfunc int iommufd_policy_reason(const struct iommufd_policy_request *req, const char *text,
				      u32 text__sz)
{
	iommufd_policy_leave_reason(req, text, text__sz);
	return 0;
}

/**
 * iommufd_policy_totals() - Fill in the totals of a request
 * @req: the request that the policy decides on
 *
 * A policy with IOMMUFD_POLICY_NO_TOTALS calls this before it reads them.
 */
__bpf_kfunc void iommufd_policy_totals(const struct iommufd_policy_request *req)
{
	iommufd_policy_want_totals(req);
}

/**
 * iommufd_policy_ancestor() - Get the request's cgroup, or one above it
 * @req: the request that the policy decides on
 * @level: 0 for the root
 *
 * bpf_get_current_ancestor_cgroup_id() is about the process that makes the call, and a request with
 * IOMMUFD_REQUEST_OWNER is about another one.
 *
 * Return: id of the cgroup; 0 below that of the request.
 */
__bpf_kfunc u64 iommufd_policy_ancestor(const struct iommufd_policy_request *req, u32 level)
{
	return iommufd_policy_request_ancestor(req, level);
}

/**
 * iommufd_seal_policy() - Let a policy stay until the machine is rebooted
 * @policy: id of the policy
 *
 * Only for syscall programs. Any process can run one whose file descriptor it gets, so look at the
 * caller.
 *
 * Context: may sleep.
 * Return: 0; -EPERM without CAP_SYS_ADMIN; -ENOENT if there is no such policy; -EOPNOTSUPP if it
 * has no BPF link; -EBUSY if it was ejected; -ENOMEM.
 */
__bpf_kfunc int iommufd_seal_policy(u32 policy)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return iommufd_policy_seal(policy);
}

/**
 * iommufd_policy_try() - Run the program of a policy with a request that the caller made up
 * @link: id of the BPF link of a policy with the flag IOMMUFD_POLICY_TRIAL
 * @request: the request, a struct iommufd_policy_request
 * @request__sz: its size in bytes; it may be that of a newer header if the members that the driver
 *	does not know are 0
 * @result: out: the verdict
 * @result__sz: size of @result in bytes; it may be that of a newer header
 *
 * The driver acts as for a call, without the call: the program runs if the policy has the hook and
 * applies to the cgroup, and its verdict is normalised. A program gets the totals of the request,
 * the ancestors of its cgroup, and none if the cgroup does not exist. Everything else that it asks
 * the kernel for is about the running system and the calling process.
 *
 * Only for syscall programs. Any process can run one whose file descriptor it gets, so look at the
 * caller.
 *
 * Context: may sleep; no lock is held while the program runs. The policy cannot be unloaded
 * meanwhile.
 * Return: 0; -EPERM without CAP_SYS_ADMIN; -ENOENT if no policy with that flag has this link;
 * -EINVAL if a size is too small, the hook is unknown, or device_name or comm does not end with a
 * 0; -E2BIG if an unknown member is not 0; -ENOMEM.
 */
__bpf_kfunc int iommufd_policy_try(u32 link, const struct iommufd_trial_request *request,
				   u32 request__sz, struct iommufd_policy_trial *result,
				   u32 result__sz)
{
	struct iommufd_policy_trial own;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	/* That of the first interface that had it. */
	if (result__sz < offsetofend(struct iommufd_policy_trial, reason))
		return -EINVAL;
	ret = iommufd_trial_run(link, request, request__sz, &own);
	if (ret)
		return ret;
	memcpy(result, &own, min_t(size_t, result__sz, sizeof(own)));
	if (result__sz > sizeof(own))
		memset((void *)result + sizeof(own), 0, result__sz - sizeof(own));
	return 0;
}

/**
 * iommufd_pinned_ctx() - Get the memory pinned through a context
 * @ctx: id of the context
 *
 * Return: bytes, 0 if there is no such context.
 */
__bpf_kfunc u64 iommufd_pinned_ctx(u32 ctx)
{
	return iommufd_ctx_pinned(ctx);
}

/* Sum over the owners in a scope. An unused part of @by matches no owner. */
static u64 pinned(const struct umem_scope *by, size_t offset)
{
	struct umem_sums sums;
	struct umem_sum *sum = (void *)&sums + offset;

	umem_owner_sums(NULL, by, &sums);
	return (u64)sum->pages << PAGE_SHIFT;
}

/**
 * iommufd_pinned_process() - Get the memory pinned by a process
 * @tgid: the process id in the initial PID namespace
 *
 * Return: bytes.
 */
__bpf_kfunc u64 iommufd_pinned_process(u32 tgid)
{
	const struct umem_scope by = { .tgid = tgid, .uid = INVALID_UID };

	return pinned(&by, offsetof(struct umem_sums, process));
}

/**
 * iommufd_pinned_uid() - Get the memory pinned by all processes of a user
 * @uid: the user id in the initial user namespace
 *
 * Return: bytes.
 */
__bpf_kfunc u64 iommufd_pinned_uid(u32 uid)
{
	const struct umem_scope by = { .uid = KUIDT_INIT(uid) };

	return pinned(&by, offsetof(struct umem_sums, user));
}

/**
 * iommufd_pinned_cgroup() - Get the memory pinned by all processes in a cgroup and its descendants
 * @cgroup: id of the cgroup
 *
 * Return: bytes.
 */
__bpf_kfunc u64 iommufd_pinned_cgroup(u64 cgroup)
{
	const struct umem_scope by = { .uid = INVALID_UID, .cgroup = cgroup };

	return pinned(&by, offsetof(struct umem_sums, cgroup));
}

/**
 * iommufd_ctx_counts() - Get the counts of a context since its file was opened
 * @ctx: id of the context
 * @counts: out: the counts
 * @counts__sz: size of @counts in bytes; it may be that of an older or a newer header
 *
 * Return: 0; -ENOENT if there is no such context.
 */
__bpf_kfunc int iommufd_ctx_counts(u32 ctx, struct iommufd_ctx_counts *counts, u32 counts__sz)
{
	struct iommufd_ctx_counts all;

	if (!iommufd_get_ctx_counts(ctx, &all))
		return -ENOENT;
	memcpy(counts, &all, min_t(size_t, counts__sz, sizeof(all)));
	if (counts__sz > sizeof(all))
		memset((void *)counts + sizeof(all), 0, counts__sz - sizeof(all));
	return 0;
}

/**
 * iommufd_usable_range() - Find the next range of an IOAS that is not reserved
 * @ctx: id of the context
 * @ioas: id of the IOAS
 * @from: lowest IOVA of interest
 * @range: out: first and last IOVA of the range
 * @range__sz: size of @range in bytes, 16
 *
 * Context: may sleep.
 * Return: 0; -ENOENT if there are no more ranges, or the IOAS is gone; -EINVAL if @range__sz is not
 * 16.
 */
__bpf_kfunc int iommufd_usable_range(u32 ctx, u32 ioas, u64 from, u64 *range, u32 range__sz)
{
	if (range__sz != 2 * sizeof(*range))
		return -EINVAL;
	return iommufd_next_usable(ctx, ioas, from, &range[0], &range[1]);
}

/**
 * iommufd_list_areas() - Describe many areas of an IOAS at once
 * @walk: the IOAS, and where to begin; out: where to go on
 * @areas: out: records of walk->size bytes, in the order of their IOVAs
 * @areas__sz: size of @areas in bytes
 *
 * An iterator looks the IOAS up for each area; this function does so once for as many as fit in
 * @areas.
 *
 * Context: may sleep.
 * Return: the number of records; -ENOENT if the IOAS is gone; -EINVAL if walk->size is less than 8,
 * @areas has no room for one record, or a flag is unknown.
 */
__bpf_kfunc int iommufd_list_areas(struct iommufd_area_walk *walk, void *areas, u32 areas__sz)
{
	/* It may be in a map, whose values others can change at any time. */
	struct iommufd_area_walk own = {
		.ctx = READ_ONCE(walk->ctx),
		.ioas = READ_ONCE(walk->ioas),
		.from = READ_ONCE(walk->from),
		.flags = READ_ONCE(walk->flags),
		.size = READ_ONCE(walk->size),
	};
	int n;

	if (own.size < sizeof(u64) || own.size > areas__sz || own.flags & ~IOMMUFD_WALK_BELOW)
		return -EINVAL;
	n = iommufd_next_areas(&own, areas, areas__sz / own.size);
	*walk = own;
	return n;
}

__bpf_kfunc int bpf_iter_iommufd_ctx_new(struct bpf_iter_iommufd_ctx *it)
{
	struct ctx_iter *iter = (void *)it;

	iter->last = 0;
	return 0;
}

__bpf_kfunc struct iommufd_ctx_info *bpf_iter_iommufd_ctx_next(struct bpf_iter_iommufd_ctx *it)
{
	struct ctx_iter *iter = (void *)it;

	if (iter->last == U32_MAX || !iommufd_next_ctx(iter->last, &iter->info)) {
		iter->last = U32_MAX;
		return NULL;
	}
	iter->last = iter->info.ctx;
	return &iter->info;
}

__bpf_kfunc void bpf_iter_iommufd_ctx_destroy(struct bpf_iter_iommufd_ctx *it)
{
}

__bpf_kfunc int bpf_iter_iommufd_payer_new(struct bpf_iter_iommufd_payer *it, u32 ctx)
{
	struct payer_iter *iter = (void *)it;

	iter->ctx = ctx;
	iter->last = 0;
	iter->ended = false;
	return 0;
}

__bpf_kfunc struct iommufd_payer_info *
bpf_iter_iommufd_payer_next(struct bpf_iter_iommufd_payer *it)
{
	struct payer_iter *iter = (void *)it;

	if (iter->ended || !iommufd_next_payer(iter->ctx, iter->last, &iter->info)) {
		iter->ended = true;
		return NULL;
	}
	iter->last = iter->info.id;
	return &iter->info;
}

__bpf_kfunc void bpf_iter_iommufd_payer_destroy(struct bpf_iter_iommufd_payer *it)
{
}

__bpf_kfunc int bpf_iter_iommufd_object_new(struct bpf_iter_iommufd_object *it, u32 ctx, u32 type)
{
	struct object_iter *iter = (void *)it;

	iter->ctx = ctx;
	iter->type = type;
	iter->last = 0;
	iter->ended = false;
	return 0;
}

__bpf_kfunc struct iommufd_object_info *
bpf_iter_iommufd_object_next(struct bpf_iter_iommufd_object *it)
{
	struct object_iter *iter = (void *)it;

	if (iter->ended || !iommufd_next_object(iter->ctx, iter->type, iter->last, &iter->info)) {
		iter->ended = true;
		return NULL;
	}
	iter->last = iter->info.id;
	return &iter->info;
}

__bpf_kfunc void bpf_iter_iommufd_object_destroy(struct bpf_iter_iommufd_object *it)
{
}

__bpf_kfunc int bpf_iter_iommufd_area_new(struct bpf_iter_iommufd_area *it, u32 ctx, u32 ioas,
					  u64 iova)
{
	struct area_iter *iter = (void *)it;

	iter->ctx = ctx;
	iter->ioas = ioas;
	iter->info.iova = iova;
	iter->info.length = 0;
	return 0;
}

__bpf_kfunc struct iommufd_area_info *bpf_iter_iommufd_area_next(struct bpf_iter_iommufd_area *it)
{
	struct area_iter *iter = (void *)it;
	struct iommufd_area_walk walk = {
		.ctx = iter->ctx,
		.ioas = iter->ioas,
		.from = iter->info.iova + iter->info.length,
		.size = sizeof(iter->info),
	};

	/* An area may end at the last IOVA; then the sum wraps to 0. */
	if (iter->ioas == IOMMUFD_NONE || (iter->info.length && !walk.from) ||
	    iommufd_next_areas(&walk, &iter->info, 1) <= 0) {
		iter->ioas = IOMMUFD_NONE;
		return NULL;
	}
	return &iter->info;
}

__bpf_kfunc void bpf_iter_iommufd_area_destroy(struct bpf_iter_iommufd_area *it)
{
}

__bpf_kfunc int bpf_iter_iommufd_policy_new(struct bpf_iter_iommufd_policy *it)
{
	struct policy_iter *iter = (void *)it;

	iter->last = 0;
	iter->index = 0;
	return 0;
}

__bpf_kfunc struct iommufd_policy_info *
bpf_iter_iommufd_policy_next(struct bpf_iter_iommufd_policy *it)
{
	struct policy_iter *iter = (void *)it;

	return iommufd_policy_next(&iter->index, &iter->last, &iter->info) ? &iter->info : NULL;
}

__bpf_kfunc void bpf_iter_iommufd_policy_destroy(struct bpf_iter_iommufd_policy *it)
{
}

__bpf_kfunc int bpf_iter_iommufd_refusal_new(struct bpf_iter_iommufd_refusal *it)
{
	struct refusal_iter *iter = (void *)it;

	iter->last = 0;
	iter->until = 0;
	iter->slot = 0;
	return 0;
}

__bpf_kfunc struct iommufd_refusal_info *
bpf_iter_iommufd_refusal_next(struct bpf_iter_iommufd_refusal *it)
{
	struct refusal_iter *iter = (void *)it;

	if (!iommufd_history_next(iter->last, &iter->until, &iter->slot, &iter->info)) {
		iter->last = U64_MAX;
		return NULL;
	}
	iter->last = iter->info.number;
	return &iter->info;
}

__bpf_kfunc void bpf_iter_iommufd_refusal_destroy(struct bpf_iter_iommufd_refusal *it)
{
}

__bpf_kfunc_end_defs();

/*
 * A module has one set for each program type, so the common functions are in all of them.
 *
 * Functions with pointers need KF_TRUSTED_ARGS, also if these are to memory of the program: without
 * it, the verifier accepts NULL, and the result of a look-up that the program does not check. The
 * flag does not exclude memory of the program, which the verifier accepts for each struct that has
 * only scalars. So a struct that must be the driver's own, as a request, has another member.
 */
#define COMMON_IDS \
	BTF_ID_FLAGS(func, iommufd_pinned_ctx) \
	BTF_ID_FLAGS(func, iommufd_pinned_process) \
	BTF_ID_FLAGS(func, iommufd_pinned_uid) \
	BTF_ID_FLAGS(func, iommufd_pinned_cgroup) \
	BTF_ID_FLAGS(func, iommufd_ctx_counts, KF_TRUSTED_ARGS) \
	BTF_ID_FLAGS(func, iommufd_usable_range, KF_SLEEPABLE | KF_TRUSTED_ARGS) \
	BTF_ID_FLAGS(func, iommufd_list_areas, KF_SLEEPABLE | KF_TRUSTED_ARGS) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_ctx_new, KF_ITER_NEW) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_ctx_next, KF_ITER_NEXT | KF_RET_NULL) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_ctx_destroy, KF_ITER_DESTROY) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_payer_new, KF_ITER_NEW | KF_SLEEPABLE) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_payer_next, KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_payer_destroy, KF_ITER_DESTROY) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_object_new, KF_ITER_NEW | KF_SLEEPABLE) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_object_next, \
		     KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_object_destroy, KF_ITER_DESTROY) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_area_new, KF_ITER_NEW | KF_SLEEPABLE) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_area_next, KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_area_destroy, KF_ITER_DESTROY) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_policy_new, KF_ITER_NEW | KF_SLEEPABLE) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_policy_next, \
		     KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_policy_destroy, KF_ITER_DESTROY) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_refusal_new, KF_ITER_NEW | KF_SLEEPABLE) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_refusal_next, \
		     KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_refusal_destroy, KF_ITER_DESTROY)

BTF_KFUNCS_START(common_ids)
COMMON_IDS
BTF_KFUNCS_END(common_ids)

BTF_KFUNCS_START(syscall_ids)
COMMON_IDS
BTF_ID_FLAGS(func, iommufd_seal_policy, KF_SLEEPABLE)
BTF_ID_FLAGS(func, iommufd_policy_try, KF_SLEEPABLE | KF_TRUSTED_ARGS)
BTF_KFUNCS_END(syscall_ids)

BTF_KFUNCS_START(policy_ids)
COMMON_IDS
BTF_ID_FLAGS(func, iommufd_policy_reason, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, iommufd_policy_totals, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, iommufd_policy_ancestor, KF_TRUSTED_ARGS)
BTF_KFUNCS_END(policy_ids)

static const struct btf_kfunc_id_set common_set = {
	.owner = THIS_MODULE,
	.set = &common_ids,
};

static const struct btf_kfunc_id_set syscall_set = {
	.owner = THIS_MODULE,
	.set = &syscall_ids,
};

static const struct btf_kfunc_id_set policy_set = {
	.owner = THIS_MODULE,
	.set = &policy_ids,
};

/**
 * iommufd_kfunc_init() - Register the functions for BPF programs
 *
 * Return: 0 or an error of register_btf_kfunc_id_set().
 */
int iommufd_kfunc_init(void)
{
	int ret;

	ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &syscall_set);
	if (!ret)
		ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &common_set);
	if (!ret)
		ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS, &policy_set);
	return ret;
}
