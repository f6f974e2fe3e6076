/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only header that authors of policies include. Policies are rules on DMA, written in BPF and
 * loaded with iopolicy(8). iommufd-policy(7) explains how to write one. A complete policy, which
 * refuses maps that devices may write to:
 *
 *	#include <iommufd_policy.bpf.h>
 *
 *	IOMMUFD_HOOK(ioas_map, no_writes)
 *	{
 *		if (req->prot & IOMMUFD_PROT_WRITE) {
 *			iommufd_reason(req, "devices may only read");
 *			return -EPERM;
 *		}
 *		return 0;
 *	}
 *
 *	IOMMUFD_POLICY(readonly) = {
 *		.ioas_map = (void *)no_writes,
 *		.name = "readonly",
 *		.version = IOMMUFD_POLICY_VERSION,
 *	};
 *
 * Compiling it needs only libbpf's headers (package libbpf-dev):
 *
 *	clang -O2 -g --target=bpf -I/usr/local/include/iommuscope \
 *		-c readonly.bpf.c -o readonly.bpf.o
 *
 * A policy that reads kernel structs includes vmlinux.h before this header.
 */
#ifndef _IOMMUFD_POLICY_BPF_H
#define _IOMMUFD_POLICY_BPF_H

#ifndef __VMLINUX_H__
/*
 * Definitions from <linux/types.h> and <linux/bpf.h>, which clang does not find for BPF on every
 * system.
 */
typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
#define true 1
#define false 0

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
	BPF_F_NO_PREALLOC = 1,
};
#endif

#include <bpf/bpf_helpers.h>

/* Errors that policies commonly use; all from 1 to 511 are allowed. */
#ifndef EPERM
#define EPERM 1
#define EINTR 4
#define EAGAIN 11
#define ENOMEM 12
#define EACCES 13
#define EBUSY 16
#define ENODEV 19
#define EINVAL 22
#define ENOSPC 28
#define EDQUOT 122
#endif

/* libbpf adjusts the offsets of fields to the running kernel's structs (CO-RE). */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#include "iommufd_policy.h"

#define IOMMUFD_HOOK_MEMBER(ID, name, sleep, text) \
	int (*name)(const struct iommufd_policy_request *req);

/**
 * struct iommufd_policy_ops - a policy
 * @cgroup: cgroup (version 2) that the policy applies to, with all cgroups below it; 0: all
 * @priority: policies of higher priority are asked first, those of equal priority in the order of
 *	loading
 * @flags: IOMMUFD_POLICY_*
 * @version: IOMMUFD_POLICY_VERSION
 * @name: letters, digits, '_', '-' and '.'; no two loaded policies have the same name
 * @budget_ms: CPU time in ms that a program may take to decide a call; a call whose decision takes
 *	longer is refused with ETIMEDOUT; 0: IOMMUFD_POLICY_BUDGET_MS; IOMMUFD_POLICY_BUDGET_NONE:
 *	no limit
 *
 * The first members are the hooks, device_bind() to ioas_change_process(): see
 * IOMMUFD_POLICY_HOOKS. A hook returns 0 to allow the call, or -1 to -511 to refuse it with that
 * error; any other value is treated as -EPERM and counted as invalid. All policies must allow a
 * call: the first refusal ends it, and the driver does not ask policies of lower priority. A hook
 * without a program allows every call.
 */
struct iommufd_policy_ops {
	IOMMUFD_POLICY_HOOKS(IOMMUFD_HOOK_MEMBER)
	__u64 cgroup;
	__s32 priority;
	__u32 flags;
	__u32 version;
	char name[IOMMUFD_POLICY_NAME_LEN];
	__u32 budget_ms;
};

#undef IOMMUFD_HOOK_MEMBER

#pragma clang attribute pop

/*
 * Types for keys and values of maps, and for members of structs in them: iopolicy map reads and
 * writes them as names, paths, addresses and sizes. A struct whose members are first (or start) and
 * last is read and written as a range.
 */
typedef __u32 iommufd_uid_t; /* a user */
typedef __u32 iommufd_any_uid_t; /* the same; IOMMUFD_NONE matches any */
typedef __u64 iommufd_cgroup_t; /* id of a cgroup (version 2) */
typedef __u32 iommufd_sbdf_t; /* PCI address; IOMMUFD_NONE: of a device that is not PCI */
typedef __u32 iommufd_any_sbdf_t; /* the same; IOMMUFD_NONE matches any */
typedef __u32 iommufd_pci_id_t; /* PCI vendor or device id */
typedef __u32 iommufd_any_pci_id_t; /* the same; IOMMUFD_NONE matches any */
typedef __u64 iommufd_bytes_t; /* a size */
typedef __u64 iommufd_addr_t; /* an address */
typedef __u32 iommufd_hook_t; /* enum iommufd_policy_hook */
typedef __u32 iommufd_member_t; /* value of a map that is a set; 1 if it is not given */

/* Define the program of a hook. It may sleep, and its argument is named req. */
#define IOMMUFD_HOOK(hook, function) \
	static __always_inline int ____##function(const struct iommufd_policy_request *req); \
	SEC("struct_ops.s/" #hook) \
	int function(unsigned long long *ctx) \
	{ \
		return ____##function((const void *)ctx[0]); \
	} \
	static __always_inline int ____##function(const struct iommufd_policy_request *req)

/* The same for a program that must not sleep (hook fault) or does not need to. */
#define IOMMUFD_HOOK_NOSLEEP(hook, function) \
	static __always_inline int ____##function(const struct iommufd_policy_request *req); \
	SEC("struct_ops/" #hook) \
	int function(unsigned long long *ctx) \
	{ \
		return ____##function((const void *)ctx[0]); \
	} \
	static __always_inline int ____##function(const struct iommufd_policy_request *req)

/* Define the policy; one per object file. GPL is needed for some of the kernel's helpers. */
#define IOMMUFD_POLICY(variable) \
	char LICENSE[] SEC("license") = "GPL"; \
	SEC(".struct_ops.link") \
	struct iommufd_policy_ops variable

/*
 * Define a parameter: a constant that `iopolicy load --set NAME=VALUE` sets before loading.
 *
 *	IOMMUFD_PARAM(__u64, limit_bytes) = 1 << 30;
 */
#define IOMMUFD_PARAM(type, name) const volatile type name SEC(".rodata")

/*
 * Functions of the driver.
 *
 * iommufd_policy_reason: give a reason for the verdict. It is shown with the refusal and by
 * `iopolicy list`. The last call counts. @text__sz is at most IOMMUFD_POLICY_REASON_LEN, longer
 * texts are cut; bytes that are not printable ASCII are replaced. Returns 0. Only for hooks.
 *
 * iommufd_policy_totals: fill in the totals of the request, if the policy has the flag
 * IOMMUFD_POLICY_NO_TOTALS. A request whose totals no program wants costs less, because the driver
 * neither sums up nor reserves anything for it. Read the totals after the call. Only for hooks.
 *
 * iommufd_policy_ancestor: the id of the request's cgroup, or of one above it. Level 0 is the root;
 * below the request's cgroup the result is 0. bpf_get_current_ancestor_cgroup_id() is about the
 * process that makes the call, and a request with IOMMUFD_REQUEST_OWNER is about another one. Only
 * for hooks.
 *
 * iommufd_seal_policy: let a policy stay until the machine is rebooted, as iopolicy seal does.
 * Returns 0, -EPERM if the caller lacks CAP_SYS_ADMIN, -ENOENT if there is no such policy,
 * -EOPNOTSUPP if it has no link, or -EBUSY if it was ejected. Only for syscall programs.
 *
 * iommufd_policy_try: run the program of a policy with a request that the caller made up, as
 * iopolicy test does. The policy is loaded with the flag IOMMUFD_POLICY_TRIAL, and named by the id
 * of its BPF link. Both sizes are those of the structs that the program knows. The program of the
 * policy gets the totals and the cgroup of the request; iterators, iommufd_pinned_*() and
 * bpf_get_current_*() answer for the running system. Returns 0, -EPERM without CAP_SYS_ADMIN,
 * -ENOENT if there is no such policy, -EINVAL if the hook, a text or a size is not valid, or -E2BIG
 * if a member that the driver does not know is not 0. Only for syscall programs.
 *
 * iommufd_pinned_*: bytes pinned now through a file, by a process, by all processes of a user, or
 * by all processes in a cgroup and below it; 0 if it does not exist.
 *
 * iommufd_list_areas: describe the next areas of an IOAS, as many as fit in @areas, in records of
 * walk->size bytes. @areas is usually a map's value. Returns their number, or -ENOENT if there is
 * no such IOAS. It is much cheaper than the iterator iommufd_area if there are many areas. Only for
 * programs that may sleep.
 *
 * iommufd_ctx_counts: get the counts of a context since its file was opened. counts__sz is the size
 * of the struct that the program knows. Returns 0, or -ENOENT if there is no such context.
 *
 * iommufd_usable_range: find the first range of an IOAS, from an IOVA on, that is neither reserved
 * for a device nor beyond the addresses of an IOMMU. range[0] is its first address, range[1] its
 * last one; range__sz is 16. Returns 0, or -ENOENT if there is none. Only for programs that may
 * sleep.
 */
extern int iommufd_seal_policy(__u32 policy) __ksym __weak;
extern int iommufd_policy_try(__u32 link, const struct iommufd_policy_request *request,
			      __u32 request__sz, struct iommufd_policy_trial *result,
			      __u32 result__sz) __ksym __weak;
extern int iommufd_policy_reason(const struct iommufd_policy_request *req, const char *text,
				 __u32 text__sz) __ksym __weak;
extern void iommufd_policy_totals(const struct iommufd_policy_request *req) __ksym __weak;
extern __u64 iommufd_policy_ancestor(const struct iommufd_policy_request *req,
				     __u32 level) __ksym __weak;
extern __u64 iommufd_pinned_ctx(__u32 ctx) __ksym __weak;
extern __u64 iommufd_pinned_process(__u32 tgid) __ksym __weak;
extern __u64 iommufd_pinned_uid(__u32 uid) __ksym __weak;
extern __u64 iommufd_pinned_cgroup(__u64 cgroup) __ksym __weak;
extern int iommufd_list_areas(struct iommufd_area_walk *walk, void *areas,
			      __u32 areas__sz) __ksym __weak;
extern int iommufd_ctx_counts(__u32 ctx, struct iommufd_ctx_counts *counts,
			      __u32 counts__sz) __ksym __weak;
extern int iommufd_usable_range(__u32 ctx, __u32 ioas, __u64 from, __u64 *range,
				__u32 range__sz) __ksym __weak;

/* Give a constant text as the reason. */
#define iommufd_reason(req, text) \
	({ \
		const char __reason[] = text; \
		iommufd_policy_reason(req, __reason, sizeof(__reason)); \
	})

/* Give a formatted reason, with the conversions of bpf_snprintf(): %u %d %lld %llx ... */
#define iommufd_reason_f(req, format, args...) \
	({ \
		static const char ____format[] = format; \
		unsigned long long ____args[] = { args }; \
		char ____text[IOMMUFD_POLICY_REASON_LEN] = {}; \
		bpf_snprintf(____text, sizeof(____text), ____format, ____args, sizeof(____args)); \
		iommufd_policy_reason(req, ____text, sizeof(____text)); \
	})

/*
 * Iterators, for bpf_for_each() of <bpf/bpf_helpers.h>. Each returns records of iommufd_policy.h,
 * which are valid until the next step:
 *
 *	struct iommufd_object_info *info;
 *
 *	bpf_for_each(iommufd_object, info, ctx, IOMMUFD_INFO_IOAS)
 *		sum += info->pinned;
 *
 * A record that appears or disappears during the loop may be missing; all others are returned once,
 * in the order of their numbers. All programs may iterate over contexts; only programs that may
 * sleep over payers, objects, areas and policies, because the iterator may wait for locks.
 *
 *	iommufd_ctx	struct iommufd_ctx_info: all contexts
 *	iommufd_payer	struct iommufd_payer_info: the processes that memory of a context is
 *			charged to
 *	iommufd_object	struct iommufd_object_info: the objects of a context, all or those of
 *			one type
 *	iommufd_area	struct iommufd_area_info: areas of an IOAS, from an IOVA on, including
 *			those that a call is mapping or unmapping. The area of a map exists
 *			before the driver asks policies.
 *	iommufd_policy	struct iommufd_policy_info: loaded policies, in the order in which the
 *			driver asks them. The iterator takes 408 of the 512 bytes of a program's
 *			stack.
 *	iommufd_refusal	struct iommufd_refusal_info: refusals in the driver's history, also of
 *			unloaded policies, in the order of their first ones
 */
struct bpf_iter_iommufd_ctx {
	__u64 __opaque[8];
} __attribute__((aligned(8)));

struct bpf_iter_iommufd_payer {
	__u64 __opaque[12];
} __attribute__((aligned(8)));

struct bpf_iter_iommufd_object {
	__u64 __opaque[17];
} __attribute__((aligned(8)));

struct bpf_iter_iommufd_area {
	__u64 __opaque[9];
} __attribute__((aligned(8)));

struct bpf_iter_iommufd_policy {
	__u64 __opaque[51];
} __attribute__((aligned(8)));

struct bpf_iter_iommufd_refusal {
	__u64 __opaque[32];
} __attribute__((aligned(8)));

extern int bpf_iter_iommufd_ctx_new(struct bpf_iter_iommufd_ctx *it) __ksym __weak;
extern struct iommufd_ctx_info *
bpf_iter_iommufd_ctx_next(struct bpf_iter_iommufd_ctx *it) __ksym __weak;
extern void bpf_iter_iommufd_ctx_destroy(struct bpf_iter_iommufd_ctx *it) __ksym __weak;

extern int bpf_iter_iommufd_payer_new(struct bpf_iter_iommufd_payer *it, __u32 ctx) __ksym __weak;
extern struct iommufd_payer_info *
bpf_iter_iommufd_payer_next(struct bpf_iter_iommufd_payer *it) __ksym __weak;
extern void bpf_iter_iommufd_payer_destroy(struct bpf_iter_iommufd_payer *it) __ksym __weak;

extern int bpf_iter_iommufd_object_new(struct bpf_iter_iommufd_object *it, __u32 ctx,
				       __u32 type) __ksym __weak;
extern struct iommufd_object_info *
bpf_iter_iommufd_object_next(struct bpf_iter_iommufd_object *it) __ksym __weak;
extern void bpf_iter_iommufd_object_destroy(struct bpf_iter_iommufd_object *it) __ksym __weak;

extern int bpf_iter_iommufd_area_new(struct bpf_iter_iommufd_area *it, __u32 ctx, __u32 ioas,
				     __u64 iova) __ksym __weak;
extern struct iommufd_area_info *
bpf_iter_iommufd_area_next(struct bpf_iter_iommufd_area *it) __ksym __weak;
extern void bpf_iter_iommufd_area_destroy(struct bpf_iter_iommufd_area *it) __ksym __weak;

extern int bpf_iter_iommufd_policy_new(struct bpf_iter_iommufd_policy *it) __ksym __weak;
extern struct iommufd_policy_info *
bpf_iter_iommufd_policy_next(struct bpf_iter_iommufd_policy *it) __ksym __weak;
extern void bpf_iter_iommufd_policy_destroy(struct bpf_iter_iommufd_policy *it) __ksym __weak;

extern int bpf_iter_iommufd_refusal_new(struct bpf_iter_iommufd_refusal *it) __ksym __weak;
extern struct iommufd_refusal_info *
bpf_iter_iommufd_refusal_next(struct bpf_iter_iommufd_refusal *it) __ksym __weak;
extern void bpf_iter_iommufd_refusal_destroy(struct bpf_iter_iommufd_refusal *it) __ksym __weak;

#endif /* _IOMMUFD_POLICY_BPF_H */
