// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions for BPF programs: policies' reasons, totals, and open-coded iterators. They are
 * declared, and described for authors, in include/iommufd_policy.bpf.h.
 *
 * Which programs may call what: policies (struct_ops), syscall and tracing programs all of it, but
 * for the reason, which is of policies. What may sleep is for programs that may, which tracing
 * programs at a place with locks held are not. The rest takes no lock and may be called anywhere.
 *
 * An iterator keeps the record that it gave last, in the program's stack, and the number to go on
 * from; nothing is held between two steps, so a program may stop at any of them. What a record is
 * of may be gone by then.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/module.h>

#include "bpf/bpf.h"
#include "policy/policy.h"
#include "umem/owner.h"

/* What programs have on their stack. The sizes are part of the interface. */
struct bpf_iter_iommufd_ctx {
	__u64 __opaque[8];
} __aligned(8);

struct bpf_iter_iommufd_object {
	__u64 __opaque[17];
} __aligned(8);

struct bpf_iter_iommufd_area {
	__u64 __opaque[9];
} __aligned(8);

struct bpf_iter_iommufd_policy {
	__u64 __opaque[47];
} __aligned(8);

struct ctx_iter {
	struct iommufd_ctx_info info;
	u32 last;
} __aligned(8);

struct object_iter {
	struct iommufd_object_info info;
	u32 ctx;
	u32 type;
	u32 last;
	bool ended;
} __aligned(8);

struct area_iter {
	struct iommufd_area_info info;
	u32 ctx;
	u32 ioas;
	u64 next;
	bool ended;
} __aligned(8);

struct policy_iter {
	struct iommufd_policy_info info;
	u32 last;
	unsigned int index;
} __aligned(8);

static_assert(sizeof(struct ctx_iter) <= sizeof(struct bpf_iter_iommufd_ctx));
static_assert(sizeof(struct object_iter) <= sizeof(struct bpf_iter_iommufd_object));
static_assert(sizeof(struct area_iter) <= sizeof(struct bpf_iter_iommufd_area));
static_assert(sizeof(struct policy_iter) <= sizeof(struct bpf_iter_iommufd_policy));

__bpf_kfunc_start_defs();

/**
 * iommufd_policy_reason() - leave a text that says why
 * @req: what the policy was asked
 * @text: the reason, which may end with a 0
 * @text__sz: its length; what does not fit into IOMMUFD_POLICY_REASON_LEN is cut
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
 * iommufd_pinned_ctx() - what is pinned through a context
 * @ctx: its number
 *
 * Return: bytes.
 */
__bpf_kfunc u64 iommufd_pinned_ctx(u32 ctx)
{
	return iommufd_ctx_pinned(ctx);
}

/* Sums over the owners of memory; what does not count is a scope that nobody is in. */
static u64 pinned(const struct umem_scope *by, size_t offset)
{
	struct umem_sums sums;
	struct umem_sum *sum = (void *)&sums + offset;

	umem_owner_sums(NULL, by, &sums);
	return (u64)sum->pages << PAGE_SHIFT;
}

/**
 * iommufd_pinned_process() - what a process has pinned
 * @tgid: the process, as the first namespace has it
 *
 * Return: bytes.
 */
__bpf_kfunc u64 iommufd_pinned_process(u32 tgid)
{
	const struct umem_scope by = { .tgid = tgid, .uid = INVALID_UID };

	return pinned(&by, offsetof(struct umem_sums, process));
}

/**
 * iommufd_pinned_uid() - what all processes of a user have pinned
 * @uid: the user, as the first namespace has it
 *
 * Return: bytes.
 */
__bpf_kfunc u64 iommufd_pinned_uid(u32 uid)
{
	const struct umem_scope by = { .uid = KUIDT_INIT(uid) };

	return pinned(&by, offsetof(struct umem_sums, user));
}

/**
 * iommufd_pinned_cgroup() - what all processes in a cgroup, and below it, have pinned
 * @cgroup: its number
 *
 * Return: bytes.
 */
__bpf_kfunc u64 iommufd_pinned_cgroup(u64 cgroup)
{
	const struct umem_scope by = { .uid = INVALID_UID, .cgroup = cgroup };

	return pinned(&by, offsetof(struct umem_sums, cgroup));
}

/**
 * iommufd_usable_range() - the next range of an IOAS that is not reserved
 * @ctx: the context
 * @ioas: the IOAS
 * @from: lowest address of interest
 * @range: out: first and last address
 * @range__sz: its size, 16
 *
 * Context: may sleep.
 * Return: 0; -ENOENT if there are no more, or the IOAS is gone; -EINTR if killed; -EINVAL for another
 * size.
 */
__bpf_kfunc int iommufd_usable_range(u32 ctx, u32 ioas, u64 from, u64 *range, u32 range__sz)
{
	if (range__sz != 2 * sizeof(*range))
		return -EINVAL;
	return iommufd_next_usable(ctx, ioas, from, &range[0], &range[1]);
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
	iter->next = iova;
	iter->ended = false;
	return 0;
}

__bpf_kfunc struct iommufd_area_info *bpf_iter_iommufd_area_next(struct bpf_iter_iommufd_area *it)
{
	struct area_iter *iter = (void *)it;

	if (iter->ended || iommufd_next_area(iter->ctx, iter->ioas, iter->next, &iter->info)) {
		iter->ended = true;
		return NULL;
	}
	/* An area may end with the last address there is. */
	iter->next = iter->info.iova + iter->info.length;
	iter->ended = !iter->next;
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

__bpf_kfunc_end_defs();

/* A module has one set for a kind of program, so what is common stands in two. */
#define COMMON_IDS \
	BTF_ID_FLAGS(func, iommufd_pinned_ctx) \
	BTF_ID_FLAGS(func, iommufd_pinned_process) \
	BTF_ID_FLAGS(func, iommufd_pinned_uid) \
	BTF_ID_FLAGS(func, iommufd_pinned_cgroup) \
	BTF_ID_FLAGS(func, iommufd_usable_range, KF_SLEEPABLE) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_ctx_new, KF_ITER_NEW) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_ctx_next, KF_ITER_NEXT | KF_RET_NULL) \
	BTF_ID_FLAGS(func, bpf_iter_iommufd_ctx_destroy, KF_ITER_DESTROY) \
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
	BTF_ID_FLAGS(func, bpf_iter_iommufd_policy_destroy, KF_ITER_DESTROY)

BTF_KFUNCS_START(common_ids)
COMMON_IDS
BTF_KFUNCS_END(common_ids)

BTF_KFUNCS_START(policy_ids)
COMMON_IDS
BTF_ID_FLAGS(func, iommufd_policy_reason, KF_TRUSTED_ARGS)
BTF_KFUNCS_END(policy_ids)

static const struct btf_kfunc_id_set common_set = {
	.owner = THIS_MODULE,
	.set = &common_ids,
};

static const struct btf_kfunc_id_set policy_set = {
	.owner = THIS_MODULE,
	.set = &policy_ids,
};

/**
 * iommufd_kfunc_init() - let BPF programs call what is here
 *
 * Return: 0 or what registering says.
 */
int iommufd_kfunc_init(void)
{
	int ret;

	ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &common_set);
	if (!ret)
		ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &common_set);
	if (!ret)
		ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS, &policy_set);
	return ret;
}
