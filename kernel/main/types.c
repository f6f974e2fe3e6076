// SPDX-License-Identifier: GPL-2.0-only
/* The table of object types: the name of each, and the functions that destroy and describe it. */
#include "bind/bind.h"
#include "compat/compat.h"
#include "main/main.h"
#include "pasid/pasid.h"
#include "viommu/viommu.h"

const struct iommufd_object_type_info iommufd_object_types[IOMMUFD_OBJ_TYPES] = {
	[IOMMUFD_OBJ_IOAS] = {
		.name = "ioas",
		.destroy = iommufd_ioas_destroy,
		.show = iommufd_ioas_show,
		.info = iommufd_ioas_info,
	},
	[IOMMUFD_OBJ_HWPT_PAGING] = {
		.name = "hwpt",
		.destroy = iommufd_hwpt_paging_destroy,
		.show = iommufd_hwpt_paging_show,
		.info = iommufd_hwpt_paging_info,
	},
	[IOMMUFD_OBJ_DEVICE] = {
		.name = "device",
		.destroy = iommufd_device_destroy,
		.show = iommufd_device_show,
		.info = iommufd_device_info,
	},
	[IOMMUFD_OBJ_ACCESS] = {
		.name = "access",
		.destroy = iommufd_access_destroy_object,
		.show = iommufd_access_show,
	},
	[IOMMUFD_OBJ_HWPT_NESTED] = {
		.name = "nested",
		.destroy = iommufd_hwpt_nested_destroy,
		.show = iommufd_hwpt_nested_show,
		.info = iommufd_hwpt_nested_info,
	},
	[IOMMUFD_OBJ_FAULT] = {
		.name = "fault",
		.destroy = iommufd_fault_destroy,
		.show = iommufd_fault_show,
	},
	[IOMMUFD_OBJ_VIOMMU] = {
		.name = "viommu",
		.destroy = iommufd_viommu_destroy,
		.show = iommufd_viommu_show,
	},
	[IOMMUFD_OBJ_VDEVICE] = {
		.name = "vdevice",
		.destroy = iommufd_vdevice_destroy,
		.show = iommufd_vdevice_show,
	},
	[IOMMUFD_OBJ_VEVENTQ] = {
		.name = "veventq",
		.destroy = iommufd_veventq_destroy,
		.show = iommufd_veventq_show,
	},
	[IOMMUFD_OBJ_HW_QUEUE] = {
		.name = "hw_queue",
		.destroy = iommufd_hw_queue_destroy,
		.show = iommufd_hw_queue_show,
	},
	[IOMMUFD_OBJ_TEST] = {
		.name = "test",
		.destroy = iommufd_test_destroy,
		.show = iommufd_test_show,
	},
	[IOMMUFD_OBJ_PASID] = {
		.name = "pasid",
		.destroy = iommufd_pasid_destroy,
		.show = iommufd_pasid_show,
		.info = iommufd_pasid_info,
	},
	[IOMMUFD_OBJ_SVA] = {
		.name = "sva",
		.destroy = iommufd_sva_destroy,
		.show = iommufd_sva_show,
	},
	[IOMMUFD_OBJ_HWPT_SVA] = {
		.name = "hwpt_sva",
		.destroy = iommufd_hwpt_sva_destroy,
		.show = iommufd_hwpt_sva_show,
		.info = iommufd_hwpt_sva_info,
	},
};
