/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy of tests/bpf/hooks.bpf.c, which says what it is told to and keeps what it was asked.
 *
 * Functions return 0 or -errno, unless they say otherwise.
 */
#ifndef TESTS_VM_POLICY_HOOKS_H
#define TESTS_VM_POLICY_HOOKS_H

#include "../../lib/mock.h"
#include "load.h"

#define HOOKS_OBJECT "build/tests/hooks.bpf.o"
#define HOOKS_ALL ((1u << IOMMUFD_HOOKS) - 1)
#define HOOK(name) (1u << IOMMUFD_HOOK_##name)

/* As in the BPF program. */
struct hooks_slot {
	__s32 ret;
	__u32 asked;
	__u64 time;
	__u64 limit;
	struct iommufd_policy_request last;
};

struct hooks_seen {
	__u64 ctxs;
	__u64 objects;
	__u64 areas;
	__u64 policies;
	__u64 area_bytes;
	__u64 pinned_ctx;
	__u64 pinned_uid;
};

extern const char *const hooks_names[IOMMUFD_HOOKS];

/* Opened, and with no other hooks than those in mask. */
int hooks__open(struct policy *p, unsigned int mask, const char *settings);
/* And in force; a message on stderr says why not. */
int hooks__load(struct policy *p, unsigned int mask, const char *settings);

/* What a hook says from now on; it forgets what it was asked. */
int hooks__say(struct policy *p, enum iommufd_policy_hook hook, int ret);
/* It refuses with -ENOMEM what makes uid_after exceed that. */
int hooks__limit(struct policy *p, enum iommufd_policy_hook hook, __u64 bytes);
int hooks__reason(struct policy *p, const char *text, __u32 size);
int hooks__get(struct policy *p, enum iommufd_policy_hook hook, struct hooks_slot *slot);
/* How often it was asked since hooks__say(), or -errno. */
int hooks__asked(struct policy *p, enum iommufd_policy_hook hook);

/*
 * Page tables for PASIDs on an address space of two pages, to one of which the device is attached:
 * the other one has a fault queue.
 */
struct hooks_tables {
	uint32_t ioas, hwpt, fault, whole, sva;
	int fault_fd;
};

bool hooks__tables(struct hooks_tables *t, const struct mock *m, void *mem, const char *name);
/* As ioas__map(), from a file. */
int hooks__map_file(const struct mock *m, uint32_t ioas, int file, uint64_t start, uint64_t length,
		    uint32_t flags, uint64_t *iova);
/* A file descriptor of a dma-buf, or -errno. */
int hooks__dmabuf(int iommufd, size_t length);

/* A request of this process, about nothing yet. */
struct iommufd_policy_request hooks__request(int fd, enum iommufd_policy_hook hook);
/* A test point: the last request was this one. Fields that differ are shown. */
bool hooks__is(struct policy *p, const struct iommufd_policy_request *want, const char *name);
/* A test point: its counts at a hook, allowed, denied, would_deny and invalid. */
bool hooks__counts(const char *policy, enum iommufd_policy_hook hook, __u64 allowed, __u64 denied,
		   __u64 would_deny, __u64 invalid, const char *name);
/*
 * The same for calls that ran at the same time and pinned memory: the driver asks again when a
 * total has grown, so that it may count more requests as allowed than there were calls. Others are
 * 0.
 */
bool hooks__counts_concurrent(const char *policy, enum iommufd_policy_hook hook, __u64 allowed,
			      __u64 denied, const char *name);

#endif
