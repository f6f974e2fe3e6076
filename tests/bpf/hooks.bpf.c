// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy with all hooks for tests/lib/policy/hooks.c. It returns the values that a map gives, and
 * keeps the last request of each hook with its time, which gives the order of several policies.
 * Parameters make it iterate or spin first.
 */
#include <iommufd_policy.bpf.h>

#define TEXT 64

/* @ret: return value; @limit: refuse if uid_after exceeds it. The rest describes the requests. */
struct slot {
	__s32 ret;
	__u32 asked;
	__u64 time;
	__u64 limit;
	struct iommufd_policy_request last;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, IOMMUFD_HOOKS);
	__type(key, __u32);
	__type(value, struct slot);
} slots SEC(".maps");

/* @size: bytes of @text that are the reason; 0: none */
struct reason {
	__u32 size;
	char text[TEXT];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct reason);
} reasons SEC(".maps");

/* Objects that the iterators returned during the last map or unmap. */
struct seen {
	__u64 ctxs;
	__u64 objects;
	__u64 areas;
	__u64 policies;
	__u64 area_bytes;
	__u64 pinned_ctx;
	__u64 pinned_uid;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct seen);
} seen SEC(".maps");

/* Ask for the totals, for a policy with the flag NO_TOTALS. */
IOMMUFD_PARAM(__u32, totals) = 0;

/* Iterate in ioas_map and ioas_unmap. */
IOMMUFD_PARAM(__u32, iterate) = 0;

/*
 * Whether a hook holds its caller up: HOLD, and HELD when a caller is there, until the test writes
 * 0, or HOLD for the next caller. A policy spins meanwhile, so that it must not last as long as a
 * soft lockup, see hooks__hold().
 */
#define HOLD 1
#define HELD 2
#define HOLD_MAX_NS 90000000000ull

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, IOMMUFD_HOOKS);
	__type(key, __u32);
	__type(value, __u32);
} holds SEC(".maps");

struct hold {
	__u64 until;
	__u32 hook;
};

static long spin_on(__u32 index, void *arg)
{
	struct hold *hold = arg;
	volatile __u32 *state = bpf_map_lookup_elem(&holds, &hold->hook);

	return !state || *state != HELD || bpf_ktime_get_ns() >= hold->until;
}

static long spin_more(__u32 index, void *arg)
{
	bpf_loop(1 << 23, spin_on, arg, 0);
	return spin_on(index, arg);
}

static __always_inline void hold(__u32 hook)
{
	volatile __u32 *state = bpf_map_lookup_elem(&holds, &hook);
	struct hold hold = { .until = bpf_ktime_get_ns() + HOLD_MAX_NS, .hook = hook };

	if (!state || *state != HOLD)
		return;
	*state = HELD;
	bpf_loop(1 << 10, spin_more, &hold, 0);
}

static __always_inline int answer(const struct iommufd_policy_request *req, __u32 hook)
{
	struct slot *slot = bpf_map_lookup_elem(&slots, &hook);
	struct reason *reason;
	__u32 zero = 0, size;

	if (!slot)
		return 0;
	if (totals)
		iommufd_policy_totals(req);
	__sync_fetch_and_add(&slot->asked, 1);
	slot->time = bpf_ktime_get_ns();
	bpf_probe_read_kernel(&slot->last, sizeof(slot->last), req);
	if (slot->limit)
		return req->uid_after > slot->limit ? -ENOMEM : 0;
	reason = bpf_map_lookup_elem(&reasons, &zero);
	size = reason ? reason->size : 0;
	if (reason && size == TEXT) {
		iommufd_policy_reason(req, reason->text, TEXT);
	} else if (reason && size) {
		/* The verifier needs the bound; the barrier keeps the compiler from removing it. */
		barrier_var(size);
		size &= TEXT - 1;
		iommufd_policy_reason(req, reason->text, size);
	}
	return slot->ret;
}

static __always_inline void look(const struct iommufd_policy_request *req)
{
	struct iommufd_object_info *object;
	struct iommufd_policy_info *policy;
	struct iommufd_area_info *area;
	struct iommufd_ctx_info *ctx;
	__u32 zero = 0;
	struct seen *to = bpf_map_lookup_elem(&seen, &zero);

	if (!to)
		return;
	*to = (struct seen){};
	bpf_for_each(iommufd_ctx, ctx)
		to->ctxs++;
	bpf_for_each(iommufd_object, object, req->ctx, IOMMUFD_INFO_ANY)
		to->objects++;
	bpf_for_each(iommufd_area, area, req->ctx, req->ioas, 0) {
		to->areas++;
		to->area_bytes += area->length;
	}
	bpf_for_each(iommufd_policy, policy)
		to->policies++;
	to->pinned_ctx = iommufd_pinned_ctx(req->ctx);
	to->pinned_uid = iommufd_pinned_uid(req->uid);
}

IOMMUFD_HOOK(device_bind, hooks_bind)
{
	return answer(req, IOMMUFD_HOOK_DEVICE_BIND);
}

IOMMUFD_HOOK(device_attach, hooks_attach)
{
	int ret = answer(req, IOMMUFD_HOOK_DEVICE_ATTACH);

	hold(IOMMUFD_HOOK_DEVICE_ATTACH);
	return ret;
}

IOMMUFD_HOOK(ioas_map, hooks_map)
{
	hold(IOMMUFD_HOOK_IOAS_MAP);
	if (iterate)
		look(req);
	return answer(req, IOMMUFD_HOOK_IOAS_MAP);
}

IOMMUFD_HOOK(ioas_unmap, hooks_unmap)
{
	if (iterate)
		look(req);
	return answer(req, IOMMUFD_HOOK_IOAS_UNMAP);
}

IOMMUFD_HOOK(hwpt_alloc, hooks_hwpt)
{
	return answer(req, IOMMUFD_HOOK_HWPT_ALLOC);
}

IOMMUFD_HOOK(pasid_alloc, hooks_pasid)
{
	return answer(req, IOMMUFD_HOOK_PASID_ALLOC);
}

IOMMUFD_HOOK(pasid_attach, hooks_pasid_attach)
{
	return answer(req, IOMMUFD_HOOK_PASID_ATTACH);
}

IOMMUFD_HOOK_NOSLEEP(fault, hooks_fault)
{
	return answer(req, IOMMUFD_HOOK_FAULT);
}

IOMMUFD_HOOK(ioas_change_process, hooks_change)
{
	return answer(req, IOMMUFD_HOOK_IOAS_CHANGE_PROCESS);
}

IOMMUFD_POLICY(hooks) = {
	.device_bind = (void *)hooks_bind,
	.device_attach = (void *)hooks_attach,
	.ioas_map = (void *)hooks_map,
	.ioas_unmap = (void *)hooks_unmap,
	.hwpt_alloc = (void *)hooks_hwpt,
	.pasid_alloc = (void *)hooks_pasid,
	.pasid_attach = (void *)hooks_pasid_attach,
	.fault = (void *)hooks_fault,
	.ioas_change_process = (void *)hooks_change,
	.name = "hooks",
	.version = IOMMUFD_POLICY_VERSION,
	.budget_ms = IOMMUFD_POLICY_BUDGET_NONE, /* because of hold() */
};
