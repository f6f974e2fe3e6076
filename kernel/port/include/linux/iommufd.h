/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * <linux/iommufd.h> with the functions that VFIO calls, and none of the objects.
 *
 * Since 6.13 the kernel's header also defines the objects that its own iommufd shares with IOMMU
 * drivers. Ours are in <linux/iommufd_driver.h>, with the same names but other members and numbers,
 * which tools and recordings know. Debian's IOMMU drivers do not use the kernel's, because
 * CONFIG_IOMMUFD_DRIVER is off. So the kernel's get other names here.
 */
#ifndef _IOMMUFD_PORT_IOMMUFD_H
#define _IOMMUFD_PORT_IOMMUFD_H

#include <linux/iommu.h>

#define iommufd_object_type kernel_object_type
#define IOMMUFD_OBJ_NONE KERNEL_OBJ_NONE
#define IOMMUFD_OBJ_ANY KERNEL_OBJ_ANY
#define IOMMUFD_OBJ_DEVICE KERNEL_OBJ_DEVICE
#define IOMMUFD_OBJ_HWPT_PAGING KERNEL_OBJ_HWPT_PAGING
#define IOMMUFD_OBJ_HWPT_NESTED KERNEL_OBJ_HWPT_NESTED
#define IOMMUFD_OBJ_IOAS KERNEL_OBJ_IOAS
#define IOMMUFD_OBJ_ACCESS KERNEL_OBJ_ACCESS
#define IOMMUFD_OBJ_FAULT KERNEL_OBJ_FAULT
#define IOMMUFD_OBJ_VIOMMU KERNEL_OBJ_VIOMMU
#define IOMMUFD_OBJ_VDEVICE KERNEL_OBJ_VDEVICE
#define IOMMUFD_OBJ_VEVENTQ KERNEL_OBJ_VEVENTQ
#define IOMMUFD_OBJ_HW_QUEUE KERNEL_OBJ_HW_QUEUE
#define iommufd_object kernel_object
#define iommufd_viommu kernel_viommu
#define iommufd_viommu_ops kernel_viommu_ops
#define iommufd_vdevice kernel_vdevice
#define iommufd_hw_queue kernel_hw_queue
#define _iommufd_object_depend kernel_object_depend
#define _iommufd_object_undepend kernel_object_undepend
#define _iommufd_alloc_mmap kernel_alloc_mmap
#define _iommufd_destroy_mmap kernel_destroy_mmap
#define iommufd_viommu_alloc_mmap kernel_viommu_alloc_mmap
#define iommufd_viommu_destroy_mmap kernel_viommu_destroy_mmap
#define iommufd_vdevice_to_device kernel_vdevice_to_device
#define iommufd_viommu_find_dev kernel_viommu_find_dev
#define iommufd_viommu_get_vdev_id kernel_viommu_get_vdev_id
#define iommufd_viommu_report_event kernel_viommu_report_event

#include_next <linux/iommufd.h>

#undef iommufd_object_type
#undef IOMMUFD_OBJ_NONE
#undef IOMMUFD_OBJ_ANY
#undef IOMMUFD_OBJ_DEVICE
#undef IOMMUFD_OBJ_HWPT_PAGING
#undef IOMMUFD_OBJ_HWPT_NESTED
#undef IOMMUFD_OBJ_IOAS
#undef IOMMUFD_OBJ_ACCESS
#undef IOMMUFD_OBJ_FAULT
#undef IOMMUFD_OBJ_VIOMMU
#undef IOMMUFD_OBJ_VDEVICE
#undef IOMMUFD_OBJ_VEVENTQ
#undef IOMMUFD_OBJ_HW_QUEUE
#undef iommufd_object
#undef iommufd_viommu
#undef iommufd_viommu_ops
#undef iommufd_vdevice
#undef iommufd_hw_queue
#undef _iommufd_object_depend
#undef _iommufd_object_undepend
#undef _iommufd_alloc_mmap
#undef _iommufd_destroy_mmap
#undef iommufd_viommu_alloc_mmap
#undef iommufd_viommu_destroy_mmap
#undef iommufd_vdevice_to_device
#undef iommufd_viommu_find_dev
#undef iommufd_viommu_get_vdev_id
#undef iommufd_viommu_report_event
#undef VIOMMU_STRUCT_SIZE
#undef VDEVICE_STRUCT_SIZE
#undef HW_QUEUE_STRUCT_SIZE
#undef iommufd_hw_queue_depend
#undef iommufd_hw_queue_undepend

/*
 * The PASID of iommufd_device_attach(), _replace() and _detach(): a parameter, or none. PORT_IDEV()
 * is for callers.
 */
#if PORT_DEVICE_ATTACH == 1
#define PORT_IDEV_PASID(idev, pasid) struct iommufd_device *idev
#define PORT_PASID(pasid) IOMMU_NO_PASID
#define PORT_IDEV(idev, pasid) (idev)
#else
#define PORT_IDEV_PASID(idev, pasid) struct iommufd_device *idev, ioasid_t pasid
#define PORT_PASID(pasid) (pasid)
#define PORT_IDEV(idev, pasid) (idev), (pasid)
#endif

#endif
