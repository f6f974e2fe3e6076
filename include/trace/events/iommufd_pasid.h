/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of PASID objects: a part of <trace/events/iommufd.h>, which has the rules.
 *
 * Only that header includes this one. It does so once for each pass in which the kernel makes code
 * of the events, so there is no include guard.
 */

/* The first fields of all events of a PASID object. */
#ifndef IOMMUFD_PASID_FIELDS
#define IOMMUFD_PASID_FIELDS		\
	__field(u32, ctx)		\
	__field(u32, tgid)		\
	__field(u32, id)		\
	__field(u32, device)		\
	__field(u32, sbdf)		\
	__field(u32, pasid)		\
	__field(u32, virt_pasid)
#define IOMMUFD_PASID_ASSIGN		\
	__entry->ctx = ctx;		\
	__entry->tgid = tgid;		\
	__entry->id = id;		\
	__entry->device = device;	\
	__entry->sbdf = sbdf;		\
	__entry->pasid = pasid;		\
	__entry->virt_pasid = virt_pasid;
#endif

TRACE_EVENT(iommufd_pasid_alloc,
	TP_PROTO(u32 ctx, u32 tgid, u32 id, u32 device, u32 sbdf, u32 pasid, u32 virt_pasid,
		 u32 flags, int ret),
	TP_ARGS(ctx, tgid, id, device, sbdf, pasid, virt_pasid, flags, ret),
	TP_STRUCT__entry(
		IOMMUFD_PASID_FIELDS
		__field(u32, flags)
		__field(int, ret)
	),
	TP_fast_assign(
		IOMMUFD_PASID_ASSIGN
		__entry->flags = flags;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u id=%d device=%u sbdf=0x%x pasid=%d virt_pasid=%d flags=0x%x "
		  "ret=%d",
		  __entry->ctx, __entry->tgid, (int)__entry->id, __entry->device, __entry->sbdf,
		  (int)__entry->pasid, (int)__entry->virt_pasid, __entry->flags, __entry->ret)
);

TRACE_EVENT(iommufd_pasid_free,
	TP_PROTO(u32 ctx, u32 tgid, u32 id, u32 device, u32 sbdf, u32 pasid, u32 virt_pasid),
	TP_ARGS(ctx, tgid, id, device, sbdf, pasid, virt_pasid),
	TP_STRUCT__entry(
		IOMMUFD_PASID_FIELDS
	),
	TP_fast_assign(
		IOMMUFD_PASID_ASSIGN
	),
	TP_printk("ctx=%u tgid=%u id=%d device=%u sbdf=0x%x pasid=%d virt_pasid=%d",
		  __entry->ctx, __entry->tgid, (int)__entry->id, __entry->device, __entry->sbdf,
		  (int)__entry->pasid, (int)__entry->virt_pasid)
);

TRACE_EVENT(iommufd_pasid_attach,
	TP_PROTO(u32 ctx, u32 tgid, u32 id, u32 device, u32 sbdf, u32 pasid, u32 virt_pasid,
		 u32 pt, u32 hwpt, u64 ns, int ret),
	TP_ARGS(ctx, tgid, id, device, sbdf, pasid, virt_pasid, pt, hwpt, ns, ret),
	TP_STRUCT__entry(
		IOMMUFD_PASID_FIELDS
		__field(u32, pt)
		__field(u32, hwpt)
		__field(int, ret)
		__field(u64, ns)
	),
	TP_fast_assign(
		IOMMUFD_PASID_ASSIGN
		__entry->pt = pt;
		__entry->hwpt = hwpt;
		__entry->ns = ns;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u id=%d device=%u sbdf=0x%x pasid=%d virt_pasid=%d pt=%d "
		  "hwpt=%d ns=%llu ret=%d",
		  __entry->ctx, __entry->tgid, (int)__entry->id, __entry->device, __entry->sbdf,
		  (int)__entry->pasid, (int)__entry->virt_pasid, (int)__entry->pt,
		  (int)__entry->hwpt, __entry->ns, __entry->ret)
);

TRACE_EVENT(iommufd_pasid_replace,
	TP_PROTO(u32 ctx, u32 tgid, u32 id, u32 device, u32 sbdf, u32 pasid, u32 virt_pasid,
		 u32 pt, u32 hwpt, u32 old_hwpt, u64 ns, int ret),
	TP_ARGS(ctx, tgid, id, device, sbdf, pasid, virt_pasid, pt, hwpt, old_hwpt, ns, ret),
	TP_STRUCT__entry(
		IOMMUFD_PASID_FIELDS
		__field(u32, pt)
		__field(u32, hwpt)
		__field(u32, old_hwpt)
		__field(u64, ns)
		__field(int, ret)
	),
	TP_fast_assign(
		IOMMUFD_PASID_ASSIGN
		__entry->pt = pt;
		__entry->hwpt = hwpt;
		__entry->old_hwpt = old_hwpt;
		__entry->ns = ns;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u id=%d device=%u sbdf=0x%x pasid=%d virt_pasid=%d pt=%d "
		  "hwpt=%d old_hwpt=%d ns=%llu ret=%d",
		  __entry->ctx, __entry->tgid, (int)__entry->id, __entry->device, __entry->sbdf,
		  (int)__entry->pasid, (int)__entry->virt_pasid, (int)__entry->pt,
		  (int)__entry->hwpt, (int)__entry->old_hwpt, __entry->ns, __entry->ret)
);

TRACE_EVENT(iommufd_pasid_detach,
	TP_PROTO(u32 ctx, u32 tgid, u32 id, u32 device, u32 sbdf, u32 pasid, u32 virt_pasid,
		 u32 pt, u32 hwpt, u64 ns),
	TP_ARGS(ctx, tgid, id, device, sbdf, pasid, virt_pasid, pt, hwpt, ns),
	TP_STRUCT__entry(
		IOMMUFD_PASID_FIELDS
		__field(u32, pt)
		__field(u64, ns)
		__field(u32, hwpt)
	),
	TP_fast_assign(
		IOMMUFD_PASID_ASSIGN
		__entry->pt = pt;
		__entry->hwpt = hwpt;
		__entry->ns = ns;
	),
	TP_printk("ctx=%u tgid=%u id=%d device=%u sbdf=0x%x pasid=%d virt_pasid=%d pt=%d "
		  "hwpt=%d ns=%llu",
		  __entry->ctx, __entry->tgid, (int)__entry->id, __entry->device, __entry->sbdf,
		  (int)__entry->pasid, (int)__entry->virt_pasid, (int)__entry->pt,
		  (int)__entry->hwpt, __entry->ns)
);

TRACE_EVENT(iommufd_pasid_translate,
	TP_PROTO(u32 ctx, u32 tgid, u32 device, u32 virt_pasid, u32 pt, u32 pasid, int ret),
	TP_ARGS(ctx, tgid, device, virt_pasid, pt, pasid, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, device)
		__field(u32, virt_pasid)
		__field(u32, pt)
		__field(u32, pasid)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->device = device;
		__entry->virt_pasid = virt_pasid;
		__entry->pt = pt;
		__entry->pasid = pasid;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u device=%u virt_pasid=%d pt=%d pasid=%d ret=%d",
		  __entry->ctx, __entry->tgid, __entry->device, (int)__entry->virt_pasid,
		  (int)__entry->pt, (int)__entry->pasid, __entry->ret)
);
