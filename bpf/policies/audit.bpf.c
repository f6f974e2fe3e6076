// SPDX-License-Identifier: GPL-2.0-only
/*
 * audit: record and count requests, and refuse nothing.
 *
 * Use it to see what the programs of a machine do, before you set limits for them or after
 * something went wrong. The driver asks it first, so it also sees requests that other policies
 * refuse.
 *
 *	iopolicy load build/policies/audit.bpf.o
 *	iopolicy map audit counts
 *	iopolicy map audit last
 *
 * Parameter:
 *	hooks		hooks whose requests are recorded, 1 << enum iommufd_policy_hook
 *			each; 0xff is all. Requests of all hooks are counted.
 *
 * Maps:
 *	counts		hook and user -> requests, bytes of maps and unmaps, bytes to be
 *			pinned
 *	last		the last 1024 requests in a ring: number n (from 1) is at n % 1024, so
 *			the highest number is the newest. Number 0: empty, or being written.
 *	totals		at 0: requests recorded; counted; not counted because `counts` is
 *			full
 *
 * counts has room for 8192 pairs of hook and user; requests of more users are only in totals. The
 * policy does not know whether a request was refused by another policy, or failed: see the
 * tracepoints and iosnoop(8). If the driver asks again about a call, because a total has grown, the
 * policy records and counts the call again.
 */
#include <iommufd_policy.bpf.h>

#define RECORDS 1024 /* a power of two */

IOMMUFD_PARAM(__u32, hooks) = (1u << IOMMUFD_HOOKS) - 1;

struct count_key {
	iommufd_hook_t hook;
	iommufd_uid_t uid;
};

struct count {
	__u64 calls;
	iommufd_bytes_t bytes;
	iommufd_bytes_t pin_bytes;
};

struct record {
	__u64 number;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	iommufd_cgroup_t cgroup;
	iommufd_addr_t iova;
	iommufd_bytes_t length;
	iommufd_bytes_t need;
	iommufd_bytes_t uid_pinned;
	iommufd_hook_t hook;
	__u32 flags;
	__u32 ctx;
	__u32 tgid;
	iommufd_uid_t uid;
	__u32 device;
	iommufd_sbdf_t sbdf;
	__u32 ioas;
	__u32 hwpt;
	__u32 pt;
	__u32 pasid;
	__u32 prot;
	__u32 kind;
	__u32 requests;
	char comm[IOMMUFD_POLICY_COMM_LEN];
};

struct total {
	__u64 recorded;
	__u64 counted;
	__u64 lost;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct count_key);
	__type(value, struct count);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RECORDS);
	__type(key, __u32);
	__type(value, struct record);
} last SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct total);
} totals SEC(".maps");

static __always_inline void count(const struct iommufd_policy_request *req, struct total *total)
{
	struct count_key key = { req->hook, req->uid };
	struct count *count = bpf_map_lookup_elem(&counts, &key), none = {};

	if (!count) {
		bpf_map_update_elem(&counts, &key, &none, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&counts, &key);
	}
	if (!count) {
		__sync_fetch_and_add(&total->lost, 1);
		return;
	}
	__sync_fetch_and_add(&count->calls, 1);
	__sync_fetch_and_add(&count->bytes, req->length);
	__sync_fetch_and_add(&count->pin_bytes, req->need);
	__sync_fetch_and_add(&total->counted, 1);
}

static __always_inline void record(const struct iommufd_policy_request *req, struct total *total)
{
	__u64 number = __sync_fetch_and_add(&total->recorded, 1) + 1;
	__u32 slot = number % RECORDS;
	struct record *r = bpf_map_lookup_elem(&last, &slot);

	if (!r)
		return;
	__sync_lock_test_and_set(&r->number, 0);
	r->time_ns = bpf_ktime_get_ns();
	r->cgroup = req->cgroup;
	r->iova = req->iova;
	r->length = req->length;
	r->need = req->need;
	r->uid_pinned = req->uid_pinned;
	r->hook = req->hook;
	r->flags = req->flags;
	r->ctx = req->ctx;
	r->tgid = req->tgid;
	r->uid = req->uid;
	r->device = req->device;
	r->sbdf = req->sbdf;
	r->ioas = req->ioas;
	r->hwpt = req->hwpt;
	r->pt = req->pt;
	r->pasid = req->pasid;
	r->prot = req->prot;
	r->kind = req->kind;
	r->requests = req->requests;
	bpf_probe_read_kernel_str(r->comm, sizeof(r->comm), req->comm);
	__sync_lock_test_and_set(&r->number, number);
}

static __always_inline int note(const struct iommufd_policy_request *req)
{
	struct total *total;
	__u32 zero = 0;

	total = bpf_map_lookup_elem(&totals, &zero);
	if (!total)
		return 0;
	count(req, total);
	if (hooks >> (req->hook & 31) & 1)
		record(req, total);
	return 0;
}

/* The program is the same for all hooks. */
#define AUDIT_PROGRAM(ID, hook, sleep, text) \
	IOMMUFD_HOOK_NOSLEEP(hook, audit_##hook) \
	{ \
		return note(req); \
	}
IOMMUFD_POLICY_HOOKS(AUDIT_PROGRAM)

#define AUDIT_MEMBER(ID, hook, sleep, text) .hook = (void *)audit_##hook,
/* clang-format off */
IOMMUFD_POLICY(audit) = {
	IOMMUFD_POLICY_HOOKS(AUDIT_MEMBER)
	.priority = 9999,
	.flags = IOMMUFD_POLICY_AUDIT,
	.name = "audit",
	.version = IOMMUFD_POLICY_VERSION,
};

/* clang-format on */
