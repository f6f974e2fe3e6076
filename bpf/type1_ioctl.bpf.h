/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of VFIO type1 that map and unmap. All type1 ioctls pass vfio_iommu_type1_ioctl(),
 * which is called through a pointer and therefore exists under its name in every build. The structs
 * are those of <linux/vfio.h>, which do not change.
 */
#ifndef _TYPE1_IOCTL_BPF_H
#define _TYPE1_IOCTL_BPF_H

#define TYPE1_MAP_DMA 0x3b71 /* VFIO_IOMMU_MAP_DMA */
#define TYPE1_UNMAP_DMA 0x3b72 /* VFIO_IOMMU_UNMAP_DMA */

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

#endif /* _TYPE1_IOCTL_BPF_H */
