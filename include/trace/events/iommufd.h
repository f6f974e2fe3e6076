/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the driver, system "iommufd". Those of maps and of PASIDs are in the parts
 * iommufd_ioas.h and iommufd_pasid.h.
 *
 * Rules: every argument is a scalar, so that a raw tracepoint program reads it without BTF of
 * this module; arguments are only ever appended, never moved or given a new meaning; and no event
 * has more than twelve, the most that the kernel passes to BPF. include/iommufd_events.h has the
 * meaning and unit of each field; documentation and keys are made from that table.
 *
 * All events but pasid_translate run in process context; they may be hit with the locks of the
 * driver held. Clocks are read only while an event with a time in it is enabled: the caller asks
 * trace_..._enabled() before the work starts, so an event enabled in the middle of an operation
 * reports 0 ns for it.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM iommufd

#if !defined(_TRACE_IOMMUFD_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_IOMMUFD_H

#include <linux/tracepoint.h>

#ifndef IOMMUFD_TRACE_NONE
/* "No such thing" in an id, PASID or SBDF field. */
#define IOMMUFD_TRACE_NONE 0xffffffffu
#endif

/* A context is one open file of /dev/iommu. */
DECLARE_EVENT_CLASS(iommufd_ctx_class,
	TP_PROTO(u32 ctx, u32 tgid),
	TP_ARGS(ctx, tgid),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
	),
	TP_printk("ctx=%u tgid=%u", __entry->ctx, __entry->tgid)
);

DEFINE_EVENT(iommufd_ctx_class, iommufd_ctx_open,
	TP_PROTO(u32 ctx, u32 tgid),
	TP_ARGS(ctx, tgid));

DEFINE_EVENT(iommufd_ctx_class, iommufd_ctx_close,
	TP_PROTO(u32 ctx, u32 tgid),
	TP_ARGS(ctx, tgid));

DECLARE_EVENT_CLASS(iommufd_object_class,
	TP_PROTO(u32 ctx, u32 tgid, u32 id, u32 type),
	TP_ARGS(ctx, tgid, id, type),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, id)
		__field(u32, type)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->id = id;
		__entry->type = type;
	),
	TP_printk("ctx=%u tgid=%u id=%u type=%u",
		  __entry->ctx, __entry->tgid, __entry->id, __entry->type)
);

DEFINE_EVENT(iommufd_object_class, iommufd_object_alloc,
	TP_PROTO(u32 ctx, u32 tgid, u32 id, u32 type),
	TP_ARGS(ctx, tgid, id, type));

DEFINE_EVENT(iommufd_object_class, iommufd_object_destroy,
	TP_PROTO(u32 ctx, u32 tgid, u32 id, u32 type),
	TP_ARGS(ctx, tgid, id, type));

TRACE_EVENT(iommufd_device_bind,
	TP_PROTO(u32 ctx, u32 tgid, u32 device, u32 sbdf, u32 group, int ret),
	TP_ARGS(ctx, tgid, device, sbdf, group, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, device)
		__field(u32, sbdf)
		__field(u32, group)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->device = device;
		__entry->sbdf = sbdf;
		__entry->group = group;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u device=%u sbdf=0x%x group=%u ret=%d",
		  __entry->ctx, __entry->tgid, __entry->device, __entry->sbdf,
		  __entry->group, __entry->ret)
);

TRACE_EVENT(iommufd_device_unbind,
	TP_PROTO(u32 ctx, u32 tgid, u32 device, u32 sbdf, u32 group),
	TP_ARGS(ctx, tgid, device, sbdf, group),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, device)
		__field(u32, sbdf)
		__field(u32, group)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->device = device;
		__entry->sbdf = sbdf;
		__entry->group = group;
	),
	TP_printk("ctx=%u tgid=%u device=%u sbdf=0x%x group=%u",
		  __entry->ctx, __entry->tgid, __entry->device, __entry->sbdf, __entry->group)
);

TRACE_EVENT(iommufd_device_attach,
	TP_PROTO(u32 ctx, u32 tgid, u32 device, u32 sbdf, u32 pasid, u32 ioas, u32 hwpt,
		 u64 ns, int ret),
	TP_ARGS(ctx, tgid, device, sbdf, pasid, ioas, hwpt, ns, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, device)
		__field(u32, sbdf)
		__field(u32, pasid)
		__field(u32, ioas)
		__field(u32, hwpt)
		__field(int, ret)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->device = device;
		__entry->sbdf = sbdf;
		__entry->pasid = pasid;
		__entry->ioas = ioas;
		__entry->hwpt = hwpt;
		__entry->ret = ret;
		__entry->ns = ns;
	),
	TP_printk("ctx=%u tgid=%u device=%u sbdf=0x%x pasid=%d ioas=%d hwpt=%d ns=%llu ret=%d",
		  __entry->ctx, __entry->tgid, __entry->device, __entry->sbdf,
		  (int)__entry->pasid, (int)__entry->ioas, (int)__entry->hwpt, __entry->ns,
		  __entry->ret)
);

TRACE_EVENT(iommufd_device_replace,
	TP_PROTO(u32 ctx, u32 tgid, u32 device, u32 sbdf, u32 pasid, u32 ioas, u32 hwpt,
		 u32 old_hwpt, u64 ns, int ret),
	TP_ARGS(ctx, tgid, device, sbdf, pasid, ioas, hwpt, old_hwpt, ns, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, device)
		__field(u32, sbdf)
		__field(u32, pasid)
		__field(u32, ioas)
		__field(u32, hwpt)
		__field(u32, old_hwpt)
		__field(u64, ns)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->device = device;
		__entry->sbdf = sbdf;
		__entry->pasid = pasid;
		__entry->ioas = ioas;
		__entry->hwpt = hwpt;
		__entry->old_hwpt = old_hwpt;
		__entry->ns = ns;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u device=%u sbdf=0x%x pasid=%d ioas=%d hwpt=%d old_hwpt=%d "
		  "ns=%llu ret=%d",
		  __entry->ctx, __entry->tgid, __entry->device, __entry->sbdf,
		  (int)__entry->pasid, (int)__entry->ioas, (int)__entry->hwpt,
		  (int)__entry->old_hwpt, __entry->ns, __entry->ret)
);

TRACE_EVENT(iommufd_device_detach,
	TP_PROTO(u32 ctx, u32 tgid, u32 device, u32 sbdf, u32 pasid, u32 ioas, u32 hwpt, u64 ns),
	TP_ARGS(ctx, tgid, device, sbdf, pasid, ioas, hwpt, ns),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, device)
		__field(u32, sbdf)
		__field(u32, pasid)
		__field(u32, ioas)
		__field(u32, hwpt)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->device = device;
		__entry->sbdf = sbdf;
		__entry->pasid = pasid;
		__entry->ioas = ioas;
		__entry->hwpt = hwpt;
		__entry->ns = ns;
	),
	TP_printk("ctx=%u tgid=%u device=%u sbdf=0x%x pasid=%d ioas=%d hwpt=%d ns=%llu",
		  __entry->ctx, __entry->tgid, __entry->device, __entry->sbdf,
		  (int)__entry->pasid, (int)__entry->ioas, (int)__entry->hwpt, __entry->ns)
);

#include <trace/events/iommufd_ioas.h>

TRACE_EVENT(iommufd_hwpt_alloc,
	TP_PROTO(u32 ctx, u32 tgid, u32 device, u32 sbdf, u32 pt, u32 ioas, u32 parent, u32 hwpt,
		 u32 flags, u32 data_type, u64 ns, int ret),
	TP_ARGS(ctx, tgid, device, sbdf, pt, ioas, parent, hwpt, flags, data_type, ns, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, device)
		__field(u32, sbdf)
		__field(u32, pt)
		__field(u32, ioas)
		__field(u32, parent)
		__field(u32, hwpt)
		__field(u32, flags)
		__field(u32, data_type)
		__field(u64, ns)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->device = device;
		__entry->sbdf = sbdf;
		__entry->pt = pt;
		__entry->ioas = ioas;
		__entry->parent = parent;
		__entry->hwpt = hwpt;
		__entry->flags = flags;
		__entry->data_type = data_type;
		__entry->ns = ns;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u device=%u sbdf=0x%x pt=%u ioas=%d parent=%d hwpt=%d flags=0x%x "
		  "data_type=%u ns=%llu ret=%d",
		  __entry->ctx, __entry->tgid, __entry->device, __entry->sbdf, __entry->pt,
		  (int)__entry->ioas, (int)__entry->parent, (int)__entry->hwpt, __entry->flags,
		  __entry->data_type, __entry->ns, __entry->ret)
);

TRACE_EVENT(iommufd_hwpt_invalidate,
	TP_PROTO(u32 ctx, u32 tgid, u32 id, u32 type, u32 asked, u32 done, int ret),
	TP_ARGS(ctx, tgid, id, type, asked, done, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, id)
		__field(u32, type)
		__field(u32, asked)
		__field(u32, done)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->id = id;
		__entry->type = type;
		__entry->asked = asked;
		__entry->done = done;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u id=%u type=%u asked=%u done=%u ret=%d",
		  __entry->ctx, __entry->tgid, __entry->id, __entry->type, __entry->asked,
		  __entry->done, __entry->ret)
);

TRACE_EVENT(iommufd_fault_report,
	TP_PROTO(u32 ctx, u32 tgid, u32 device, u32 hwpt, u32 fault, u32 pasid, u32 grpid,
		 u64 addr, u32 perm, u32 requests, u32 sbdf),
	TP_ARGS(ctx, tgid, device, hwpt, fault, pasid, grpid, addr, perm, requests, sbdf),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, device)
		__field(u32, hwpt)
		__field(u32, fault)
		__field(u32, pasid)
		__field(u32, grpid)
		__field(u32, perm)
		__field(u64, addr)
		__field(u32, requests)
		__field(u32, sbdf)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->device = device;
		__entry->hwpt = hwpt;
		__entry->fault = fault;
		__entry->pasid = pasid;
		__entry->grpid = grpid;
		__entry->addr = addr;
		__entry->perm = perm;
		__entry->requests = requests;
		__entry->sbdf = sbdf;
	),
	TP_printk("ctx=%u tgid=%u device=%u hwpt=%u fault=%u pasid=%u grpid=%u addr=0x%llx "
		  "perm=0x%x requests=%u sbdf=0x%x",
		  __entry->ctx, __entry->tgid, __entry->device, __entry->hwpt, __entry->fault,
		  __entry->pasid, __entry->grpid, __entry->addr, __entry->perm,
		  __entry->requests, __entry->sbdf)
);

TRACE_EVENT(iommufd_fault_response,
	TP_PROTO(u32 ctx, u32 tgid, u32 device, u32 fault, u32 pasid, u32 grpid, u32 cookie,
		 u32 code, u64 ns, u32 sbdf, u64 addr),
	TP_ARGS(ctx, tgid, device, fault, pasid, grpid, cookie, code, ns, sbdf, addr),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, device)
		__field(u32, fault)
		__field(u32, pasid)
		__field(u32, grpid)
		__field(u32, cookie)
		__field(u32, code)
		__field(u32, sbdf)
		__field(u64, ns)
		__field(u64, addr)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->device = device;
		__entry->fault = fault;
		__entry->pasid = pasid;
		__entry->grpid = grpid;
		__entry->cookie = cookie;
		__entry->code = code;
		__entry->ns = ns;
		__entry->sbdf = sbdf;
		__entry->addr = addr;
	),
	TP_printk("ctx=%u tgid=%u device=%u fault=%u pasid=%u grpid=%u cookie=%u code=%u "
		  "ns=%llu sbdf=0x%x addr=0x%llx",
		  __entry->ctx, __entry->tgid, __entry->device, __entry->fault, __entry->pasid,
		  __entry->grpid, __entry->cookie, __entry->code, __entry->ns, __entry->sbdf,
		  __entry->addr)
);

TRACE_EVENT(iommufd_refused,
	TP_PROTO(u32 ctx, u32 tgid, u32 reason, u32 sbdf, u64 limit, u64 need, u64 present,
		 int ret, u64 missing0, u64 missing1, u64 missing2, u64 missing3),
	TP_ARGS(ctx, tgid, reason, sbdf, limit, need, present, ret, missing0, missing1, missing2,
		missing3),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, reason)
		__field(u32, sbdf)
		__field(u64, limit)
		__field(u64, need)
		__field(u64, present)
		__field(int, ret)
		__field(u64, missing0)
		__field(u64, missing1)
		__field(u64, missing2)
		__field(u64, missing3)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->reason = reason;
		__entry->sbdf = sbdf;
		__entry->limit = limit;
		__entry->need = need;
		__entry->present = present;
		__entry->ret = ret;
		__entry->missing0 = missing0;
		__entry->missing1 = missing1;
		__entry->missing2 = missing2;
		__entry->missing3 = missing3;
	),
	TP_printk("ctx=%u tgid=%u reason=%u sbdf=0x%x limit=0x%llx need=0x%llx present=0x%llx "
		  "ret=%d missing0=%llu missing1=%llu missing2=%llu missing3=%llu",
		  __entry->ctx, __entry->tgid, __entry->reason, __entry->sbdf, __entry->limit,
		  __entry->need, __entry->present, __entry->ret, __entry->missing0,
		  __entry->missing1, __entry->missing2, __entry->missing3)
);

TRACE_EVENT(iommufd_dirty_read,
	TP_PROTO(u32 ctx, u32 tgid, u32 hwpt, u32 ioas, u64 iova, u64 length, u64 page_size,
		 u32 flags, u64 dirty, u64 ns, int ret),
	TP_ARGS(ctx, tgid, hwpt, ioas, iova, length, page_size, flags, dirty, ns, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, hwpt)
		__field(u32, ioas)
		__field(u64, iova)
		__field(u64, length)
		__field(u64, page_size)
		__field(u64, dirty)
		__field(u64, ns)
		__field(u32, flags)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->hwpt = hwpt;
		__entry->ioas = ioas;
		__entry->iova = iova;
		__entry->length = length;
		__entry->page_size = page_size;
		__entry->dirty = dirty;
		__entry->ns = ns;
		__entry->flags = flags;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u hwpt=%u ioas=%d iova=0x%llx length=0x%llx page_size=0x%llx "
		  "flags=0x%x dirty=%llu ns=%llu ret=%d",
		  __entry->ctx, __entry->tgid, __entry->hwpt, (int)__entry->ioas, __entry->iova,
		  __entry->length, __entry->page_size, __entry->flags, __entry->dirty,
		  __entry->ns, __entry->ret)
);

#include <trace/events/iommufd_pasid.h>

TRACE_EVENT(iommufd_policy_verdict,
	TP_PROTO(u32 ctx, u32 tgid, u32 policy, u32 hook, u32 object, u32 flags, int ret,
		 u64 reason0, u64 reason1, u64 reason2, u64 reason3, u64 reason4),
	TP_ARGS(ctx, tgid, policy, hook, object, flags, ret, reason0, reason1, reason2, reason3,
		reason4),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, policy)
		__field(u32, hook)
		__field(u32, object)
		__field(u32, flags)
		__field(u64, reason0)
		__field(u64, reason1)
		__field(u64, reason2)
		__field(u64, reason3)
		__field(u64, reason4)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->policy = policy;
		__entry->hook = hook;
		__entry->object = object;
		__entry->flags = flags;
		__entry->reason0 = reason0;
		__entry->reason1 = reason1;
		__entry->reason2 = reason2;
		__entry->reason3 = reason3;
		__entry->reason4 = reason4;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u policy=%u hook=%u object=%d flags=0x%x ret=%d reason0=%llu "
		  "reason1=%llu reason2=%llu reason3=%llu reason4=%llu",
		  __entry->ctx, __entry->tgid, __entry->policy, __entry->hook,
		  (int)__entry->object, __entry->flags, __entry->ret, __entry->reason0,
		  __entry->reason1, __entry->reason2, __entry->reason3, __entry->reason4)
);

/*
 * One event for each policy that is asked, and one for each ioctl. The driver reads clocks only
 * while they are enabled.
 */
TRACE_EVENT(iommufd_policy_time,
	TP_PROTO(u32 ctx, u32 tgid, u32 policy, u32 hook, u64 ns),
	TP_ARGS(ctx, tgid, policy, hook, ns),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, policy)
		__field(u32, hook)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->policy = policy;
		__entry->hook = hook;
		__entry->ns = ns;
	),
	TP_printk("ctx=%u tgid=%u policy=%u hook=%u ns=%llu",
		  __entry->ctx, __entry->tgid, __entry->policy, __entry->hook, __entry->ns)
);

TRACE_EVENT(iommufd_ioctl,
	TP_PROTO(u32 ctx, u32 tgid, u32 cmd, u64 ns, int ret),
	TP_ARGS(ctx, tgid, cmd, ns, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, cmd)
		__field(u64, ns)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->cmd = cmd;
		__entry->ns = ns;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u cmd=0x%x ns=%llu ret=%d",
		  __entry->ctx, __entry->tgid, __entry->cmd, __entry->ns, __entry->ret)
);

#endif /* _TRACE_IOMMUFD_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH trace/events
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE iommufd
#include <trace/define_trace.h>
