/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of maps, pins and accesses: a part of <trace/events/iommufd.h>, which has the rules.
 *
 * Only that header includes this one. It does so once for each pass in which the kernel makes code
 * of the events, so there is no include guard.
 */

DECLARE_EVENT_CLASS(iommufd_map_class,
	TP_PROTO(u32 ctx, u32 tgid, u32 ioas, u64 iova, u64 length, u64 user_va, u32 flags,
		 u64 pages, u64 runs, u64 pin_ns, u64 map_ns, int ret),
	TP_ARGS(ctx, tgid, ioas, iova, length, user_va, flags, pages, runs, pin_ns, map_ns, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, ioas)
		__field(u32, flags)
		__field(u64, iova)
		__field(u64, length)
		__field(u64, user_va)
		__field(u64, pages)
		__field(u64, runs)
		__field(u64, pin_ns)
		__field(u64, map_ns)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->ioas = ioas;
		__entry->flags = flags;
		__entry->iova = iova;
		__entry->length = length;
		__entry->user_va = user_va;
		__entry->pages = pages;
		__entry->runs = runs;
		__entry->pin_ns = pin_ns;
		__entry->map_ns = map_ns;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u ioas=%u iova=0x%llx length=0x%llx user_va=0x%llx flags=0x%x "
		  "pages=%llu runs=%llu pin_ns=%llu map_ns=%llu ret=%d",
		  __entry->ctx, __entry->tgid, __entry->ioas, __entry->iova, __entry->length,
		  __entry->user_va, __entry->flags, __entry->pages, __entry->runs,
		  __entry->pin_ns, __entry->map_ns, __entry->ret)
);

DEFINE_EVENT(iommufd_map_class, iommufd_ioas_map,
	TP_PROTO(u32 ctx, u32 tgid, u32 ioas, u64 iova, u64 length, u64 user_va, u32 flags,
		 u64 pages, u64 runs, u64 pin_ns, u64 map_ns, int ret),
	TP_ARGS(ctx, tgid, ioas, iova, length, user_va, flags, pages, runs, pin_ns, map_ns, ret));

/* Here user_va is the offset of the range in the file. */
DEFINE_EVENT(iommufd_map_class, iommufd_ioas_map_file,
	TP_PROTO(u32 ctx, u32 tgid, u32 ioas, u64 iova, u64 length, u64 user_va, u32 flags,
		 u64 pages, u64 runs, u64 pin_ns, u64 map_ns, int ret),
	TP_ARGS(ctx, tgid, ioas, iova, length, user_va, flags, pages, runs, pin_ns, map_ns, ret));

TRACE_EVENT(iommufd_ioas_unmap,
	TP_PROTO(u32 ctx, u32 tgid, u32 ioas, u64 iova, u64 length, u64 unmapped, u64 areas,
		 u64 pages, u64 runs, u64 ns, int ret),
	TP_ARGS(ctx, tgid, ioas, iova, length, unmapped, areas, pages, runs, ns, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, ioas)
		__field(int, ret)
		__field(u64, iova)
		__field(u64, length)
		__field(u64, unmapped)
		__field(u64, areas)
		__field(u64, pages)
		__field(u64, runs)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->ioas = ioas;
		__entry->ret = ret;
		__entry->iova = iova;
		__entry->length = length;
		__entry->unmapped = unmapped;
		__entry->areas = areas;
		__entry->pages = pages;
		__entry->runs = runs;
		__entry->ns = ns;
	),
	TP_printk("ctx=%u tgid=%u ioas=%u iova=0x%llx length=0x%llx unmapped=0x%llx areas=%llu "
		  "pages=%llu runs=%llu ns=%llu ret=%d",
		  __entry->ctx, __entry->tgid, __entry->ioas, __entry->iova, __entry->length,
		  __entry->unmapped, __entry->areas, __entry->pages, __entry->runs, __entry->ns,
		  __entry->ret)
);

TRACE_EVENT(iommufd_ioas_copy,
	TP_PROTO(u32 ctx, u32 tgid, u32 ioas, u32 src_ioas, u64 iova, u64 src_iova, u64 length,
		 u32 flags, u64 pages, u64 runs, u64 ns, int ret),
	TP_ARGS(ctx, tgid, ioas, src_ioas, iova, src_iova, length, flags, pages, runs, ns, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, ioas)
		__field(u32, src_ioas)
		__field(u64, iova)
		__field(u64, src_iova)
		__field(u64, length)
		__field(u32, flags)
		__field(int, ret)
		__field(u64, pages)
		__field(u64, runs)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->ioas = ioas;
		__entry->src_ioas = src_ioas;
		__entry->iova = iova;
		__entry->src_iova = src_iova;
		__entry->length = length;
		__entry->flags = flags;
		__entry->ret = ret;
		__entry->pages = pages;
		__entry->runs = runs;
		__entry->ns = ns;
	),
	TP_printk("ctx=%u tgid=%u ioas=%u src_ioas=%u iova=0x%llx src_iova=0x%llx length=0x%llx "
		  "flags=0x%x pages=%llu runs=%llu ns=%llu ret=%d",
		  __entry->ctx, __entry->tgid, __entry->ioas, __entry->src_ioas, __entry->iova,
		  __entry->src_iova, __entry->length, __entry->flags, __entry->pages,
		  __entry->runs, __entry->ns, __entry->ret)
);

TRACE_EVENT(iommufd_ioas_change_process,
	TP_PROTO(u32 ctx, u32 tgid, u64 pages, u64 ns, int ret),
	TP_ARGS(ctx, tgid, pages, ns, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u64, pages)
		__field(u64, ns)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->pages = pages;
		__entry->ns = ns;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u pages=%llu ns=%llu ret=%d", __entry->ctx, __entry->tgid,
		  __entry->pages, __entry->ns, __entry->ret)
);

TRACE_EVENT(iommufd_pin,
	TP_PROTO(u32 ctx, u32 tgid, u64 user_va, u64 pages, u64 runs, u64 ns, int ret),
	TP_ARGS(ctx, tgid, user_va, pages, runs, ns, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u64, user_va)
		__field(u64, pages)
		__field(u64, runs)
		__field(u64, ns)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->user_va = user_va;
		__entry->pages = pages;
		__entry->runs = runs;
		__entry->ns = ns;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u user_va=0x%llx pages=%llu runs=%llu ns=%llu ret=%d",
		  __entry->ctx, __entry->tgid, __entry->user_va, __entry->pages, __entry->runs,
		  __entry->ns, __entry->ret)
);

TRACE_EVENT(iommufd_unpin,
	TP_PROTO(u32 ctx, u32 tgid, u64 user_va, u64 pages, u64 runs, u64 ns),
	TP_ARGS(ctx, tgid, user_va, pages, runs, ns),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u64, user_va)
		__field(u64, pages)
		__field(u64, runs)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->user_va = user_va;
		__entry->pages = pages;
		__entry->runs = runs;
		__entry->ns = ns;
	),
	TP_printk("ctx=%u tgid=%u user_va=0x%llx pages=%llu runs=%llu ns=%llu",
		  __entry->ctx, __entry->tgid, __entry->user_va, __entry->pages, __entry->runs,
		  __entry->ns)
);

DECLARE_EVENT_CLASS(iommufd_access_class,
	TP_PROTO(u32 ctx, u32 tgid, u32 access, u32 ioas, u64 iova, u64 length, u32 flags,
		 u64 ns, int ret),
	TP_ARGS(ctx, tgid, access, ioas, iova, length, flags, ns, ret),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, tgid)
		__field(u32, access)
		__field(u32, ioas)
		__field(u64, iova)
		__field(u64, length)
		__field(u64, ns)
		__field(u32, flags)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->tgid = tgid;
		__entry->access = access;
		__entry->ioas = ioas;
		__entry->iova = iova;
		__entry->length = length;
		__entry->ns = ns;
		__entry->flags = flags;
		__entry->ret = ret;
	),
	TP_printk("ctx=%u tgid=%u access=%u ioas=%d iova=0x%llx length=0x%llx flags=0x%x "
		  "ns=%llu ret=%d",
		  __entry->ctx, __entry->tgid, __entry->access, (int)__entry->ioas, __entry->iova,
		  __entry->length, __entry->flags, __entry->ns, __entry->ret)
);

DEFINE_EVENT(iommufd_access_class, iommufd_access_pin,
	TP_PROTO(u32 ctx, u32 tgid, u32 access, u32 ioas, u64 iova, u64 length, u32 flags,
		 u64 ns, int ret),
	TP_ARGS(ctx, tgid, access, ioas, iova, length, flags, ns, ret));

DEFINE_EVENT(iommufd_access_class, iommufd_access_unpin,
	TP_PROTO(u32 ctx, u32 tgid, u32 access, u32 ioas, u64 iova, u64 length, u32 flags,
		 u64 ns, int ret),
	TP_ARGS(ctx, tgid, access, ioas, iova, length, flags, ns, ret));

DEFINE_EVENT(iommufd_access_class, iommufd_access_rw,
	TP_PROTO(u32 ctx, u32 tgid, u32 access, u32 ioas, u64 iova, u64 length, u32 flags,
		 u64 ns, int ret),
	TP_ARGS(ctx, tgid, access, ioas, iova, length, flags, ns, ret));
