/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of VFIO type1 that map, unmap and track dirty pages. All type1 ioctls pass
 * vfio_iommu_type1_ioctl(), which is called through a pointer and therefore exists under its name
 * in every build. The structs are those of <linux/vfio.h>, which do not change.
 */
#ifndef _TYPE1_IOCTL_BPF_H
#define _TYPE1_IOCTL_BPF_H

#define TYPE1_MAP_DMA 0x3b71 /* VFIO_IOMMU_MAP_DMA */
#define TYPE1_UNMAP_DMA 0x3b72 /* VFIO_IOMMU_UNMAP_DMA */
#define TYPE1_DIRTY_PAGES 0x3b75 /* VFIO_IOMMU_DIRTY_PAGES */

/* Of TYPE1_DIRTY_PAGES: read the bitmap. The others switch tracking. */
#define TYPE1_FLAG_GET_BITMAP (1u << 2)

struct type1_map {
	__u32 argsz;
	__u32 flags;
	__u64 vaddr;
	__u64 iova;
	__u64 size;
};

struct type1_unmap {
	__u32 argsz;
	__u32 flags;
	__u64 iova;
	__u64 size;
};

/* The caller has the range only if it reads the bitmap. */
struct type1_dirty {
	__u32 argsz;
	__u32 flags;
	struct type1_dirty_range {
		__u64 iova;
		__u64 size;
		__u64 page_size;
		__u64 bitmap_size;
		__u64 bitmap; /* address */
	} range;
};

#endif /* _TYPE1_IOCTL_BPF_H */
