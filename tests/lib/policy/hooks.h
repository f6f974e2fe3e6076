/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy of tests/bpf/hooks.bpf.c, which returns the test's values and keeps the last request.
 *
 * Functions return 0 or -errno, unless noted otherwise.
 */
#ifndef TESTS_LIB_POLICY_HOOKS_H
#define TESTS_LIB_POLICY_HOOKS_H

#include "../mock.h"
#include "load.h"

#define HOOKS_OBJECT "build/tests/hooks.bpf.o"
#define HOOKS_ALL ((1u << IOMMUFD_HOOKS) - 1)
#define HOOK(name) (1u << IOMMUFD_HOOK_##name)

/* The same structs as in the BPF program. */
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

/* Open the policy with the hooks in mask. */
int hooks__open(struct policy *p, unsigned int mask, const char *settings);
/* Open and load it. A failure is explained on stderr. */
int hooks__load(struct policy *p, unsigned int mask, const char *settings);

/* Set the return value of a hook, and reset its record of requests. */
int hooks__say(struct policy *p, enum iommufd_policy_hook hook, int ret);
/* Make a hook refuse with -ENOMEM if uid_after exceeds the limit. */
int hooks__limit(struct policy *p, enum iommufd_policy_hook hook, __u64 bytes);
/* Set the reason, size bytes; 0: none. */
int hooks__reason(struct policy *p, const char *text, __u32 size);
int hooks__get(struct policy *p, enum iommufd_policy_hook hook, struct hooks_slot *slot);
/* The number of requests since hooks__say(), or -errno. */
int hooks__asked(struct policy *p, enum iommufd_policy_hook hook);

/*
 * Make ioas_map or device_attach delay its next caller until hooks__release(), for 90 s at most.
 * hooks__wait_held() waits until a caller is in the program.
 */
int hooks__hold(struct policy *p, enum iommufd_policy_hook hook);
bool hooks__is_held(struct policy *p, enum iommufd_policy_hook hook);
bool hooks__wait_held(struct policy *p, enum iommufd_policy_hook hook);
int hooks__release(struct policy *p, enum iommufd_policy_hook hook);

/*
 * Two page tables for PASIDs, on an address space with two mapped pages: the device is attached to
 * whole; hwpt has a fault queue.
 */
struct hooks_tables {
	uint32_t ioas, hwpt, fault, whole, sva;
	int fault_fd;
};

bool hooks__tables(struct hooks_tables *t, const struct mock *m, void *mem, const char *name);
/* Like ioas__map(), for memory of a file. */
int hooks__map_file(const struct mock *m, uint32_t ioas, int file, uint64_t start, uint64_t length,
		    uint32_t flags, uint64_t *iova);
/* Create a dma-buf. Returns its file descriptor or -errno. */
int hooks__dmabuf(int iommufd, size_t length);

/* Begin the request that is expected from a call of this process. */
struct iommufd_policy_request hooks__request(int fd, enum iommufd_policy_hook hook);
/* A test point: compare the last request, and print the fields that differ. */
bool hooks__is(struct policy *p, const struct iommufd_policy_request *want, const char *name);
/* A test point: compare the counts of a hook. */
bool hooks__counts(const char *policy, enum iommufd_policy_hook hook, __u64 allowed, __u64 denied,
		   __u64 would_deny, __u64 invalid, const char *name);
/*
 * The same for calls that ran at the same time and pinned memory: the driver asks again when a
 * total has grown, so it may count more allowed requests than calls. All other counts are 0.
 */
bool hooks__counts_concurrent(const char *policy, enum iommufd_policy_hook hook, __u64 allowed,
			      __u64 denied, const char *name);

#endif
