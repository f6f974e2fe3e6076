/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In the place of include/iommufd_policy.bpf.h, for policies that are compiled for user space: maps
 * are in memory, and the driver's functions answer from struct shipped_world. See
 * unit-shipped.c.
 *
 * A file of this folder includes the source of a policy, after it has renamed its maps.
 */
#ifndef _IOMMUFD_POLICY_BPF_H
#define _IOMMUFD_POLICY_BPF_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <linux/types.h>

#include "iommufd_policy.h"

typedef __u32 iommufd_uid_t;
typedef __u32 iommufd_any_uid_t;
typedef __u64 iommufd_cgroup_t;
typedef __u32 iommufd_sbdf_t;
typedef __u32 iommufd_any_sbdf_t;
typedef __u32 iommufd_pci_id_t;
typedef __u32 iommufd_any_pci_id_t;
typedef __u64 iommufd_bytes_t;
typedef __u64 iommufd_addr_t;
typedef __u32 iommufd_hook_t;
typedef __u32 iommufd_member_t;

#define BPF_MAP_TYPE_HASH 1
#define BPF_MAP_TYPE_ARRAY 2
#define BPF_MAP_TYPE_LRU_HASH 9
#define BPF_ANY 0
#define BPF_NOEXIST 1

/* What the kernel would know beside the request. */
struct shipped_world {
	bool is_writable; /* an area of the address space */
	__u64 now_ns;
};

extern struct shipped_world shipped_world;

/* The size of a key or value is that of what the member points to. */
#define __uint(name, value) int(*name)[value]
#define __type(name, type) type *name
#define SEC(name) __attribute__((unused))
#define __noinline __attribute__((noinline))
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define barrier_var(variable) ((void)(variable))

void *shipped__look_up(const void *map, const void *key);
int shipped__update(const void *map, const void *key, const void *value, __u64 flags);
int shipped__delete(const void *map, const void *key);
/* Tell the sizes of a map, before it is used. */
void shipped__add(const void *map, size_t key_size, size_t value_size);
void shipped__forget(void);
#define SHIPPED_MAP(map) shipped__add(&map, sizeof(*(map).key), sizeof(*(map).value))

#define bpf_map_lookup_elem(map, key) shipped__look_up(map, key)
#define bpf_map_update_elem(map, key, value, flags) shipped__update(map, key, value, flags)
#define bpf_map_delete_elem(map, key) shipped__delete(map, key)
#define bpf_for_each_map_elem(map, function, arg, flags) ((void)(function))
static inline void bpf_probe_read_kernel_str(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

#define bpf_ktime_get_ns() (shipped_world.now_ns)
/* No cgroup is above that of the caller. */
#define iommufd_policy_ancestor(req, level) ((void)(req), (void)(level), 0ull)
#define iommufd_pinned_cgroup(cgroup) ((void)(cgroup), 0ull)
#define iommufd_policy_totals(req) ((void)(req))
#define iommufd_reason(req, text) ((void)(req), (void)(text))
#define iommufd_reason_f(req, format, args...) \
	({ \
		const unsigned long long ____args[] = { args }; \
\
		(void)(req); \
		(void)____args; \
	})

/* An address space has one area, and no other file or device exists. */
#define bpf_for_each(type, cursor, args...) \
	for (cursor = shipped__first_##type(args); cursor; cursor = NULL)
struct iommufd_ctx_info *shipped__first_iommufd_ctx(void);
struct iommufd_object_info *shipped__first_iommufd_object(__u32 ctx, __u32 type);
struct iommufd_area_info *shipped__first_iommufd_area(__u32 ctx, __u32 ioas, __u64 iova);

#define IOMMUFD_HOOK(hook, function) static int function(const struct iommufd_policy_request *req)
#define IOMMUFD_HOOK_NOSLEEP(hook, function) IOMMUFD_HOOK(hook, function)
#define IOMMUFD_PARAM(type, name) static type name

#define IOMMUFD_HOOK_MEMBER(ID, name, sleep, text) void *name;
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
#define IOMMUFD_POLICY(variable) static struct iommufd_policy_ops variable

/* A policy, in user space. */
struct shipped {
	const char *name;
	const struct iommufd_policy_ops *ops;
	void (*begin)(void); /* set its parameters, and fill its maps */
};

extern const struct shipped shipped_quota, shipped_readonly, shipped_iova_guard,
	shipped_pasid_guard, shipped_rate, shipped_device_allow, shipped_audit;

#endif /* _IOMMUFD_POLICY_BPF_H */
