// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs at a tracepoint, where nothing may sleep. The verifier accepts the first one and rejects
 * the second one. The tracepoint is hit when a process opens a file.
 */
#include <iommufd_policy.bpf.h>

char LICENSE[] SEC("license") = "GPL";

/* The only contents of the .bss map. */
struct {
	__u64 ctxs;
	__u64 objects;
	__u64 pinned_ctx; /* sum of all contexts */
	__u64 pinned_uid;
} traced;

SEC("tp_btf/iommufd_ctx_open")
int trace_ctxs(void *args)
{
	struct iommufd_ctx_info *info;
	__u64 ctxs = 0, objects = 0, pinned = 0;

	bpf_for_each(iommufd_ctx, info) {
		ctxs++;
		objects += info->objects;
		pinned += iommufd_pinned_ctx(info->ctx);
	}
	traced.ctxs = ctxs;
	traced.objects = objects;
	traced.pinned_ctx = pinned;
	traced.pinned_uid = iommufd_pinned_uid(0);
	return 0;
}

SEC("?tp_btf/iommufd_ctx_open")
int trace_objects(void *args)
{
	struct iommufd_object_info *info;
	__u64 objects = 0;

	bpf_for_each(iommufd_object, info, 1, IOMMUFD_INFO_ANY)
		objects++;
	traced.objects = objects;
	return 0;
}
