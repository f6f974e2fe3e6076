// SPDX-License-Identifier: GPL-2.0-only
/* Page tables: their kinds, dirty tracking, invalidation, and queries of them. */
#include <errno.h>

#include <linux/iommufd_new.h>

#include "../../lib/info.h"
#include "fail-nth.h"

#define DIRTY_PAGES 64

static int alloc(struct world *w, uint32_t pt, uint32_t flags, uint32_t fault)
{
	return mock__hwpt(&w->m, pt, flags, fault, 0, NULL, 0, &w->id[0]);
}

static int call_plain(struct world *w)
{
	return alloc(w, w->m.ioas, 0, 0);
}

static int call_parent(struct world *w)
{
	return alloc(w, w->m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0);
}

static int call_dirty(struct world *w)
{
	return alloc(w, w->m.ioas, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, 0);
}

static int call_pasid(struct world *w)
{
	return alloc(w, w->m.ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0);
}

static int setup_fault(struct world *w)
{
	return fault__alloc(w->m.fd, &w->id[1], &w->fd[0]);
}

static int call_fault(struct world *w)
{
	return alloc(w, w->m.ioas, IOMMU_HWPT_FAULT_ID_VALID, w->id[1]);
}

/* ---- nested tables ---- */

static int setup_parent(struct world *w)
{
	return mock__hwpt(&w->m, w->m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &w->id[1]);
}

static int setup_viommu(struct world *w)
{
	return setup_parent(w) ?: mock__viommu(&w->m, w->id[1], NULL, &w->id[2]);
}

static int nested(struct world *w, uint32_t on)
{
	struct iommu_hwpt_selftest data = { .iotlb = IOMMU_TEST_IOTLB_DEFAULT };

	return mock__hwpt(&w->m, on, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &data, sizeof(data),
			  &w->id[0]);
}

static int call_nested(struct world *w)
{
	return nested(w, w->id[1]);
}

static int call_on_viommu(struct world *w)
{
	return nested(w, w->id[2]);
}

static int call_guest(struct world *w)
{
	struct iommu_hwpt_mock_s1 data = { .table = BASE };

	return mock__hwpt(&w->m, w->id[1], 0, 0, IOMMU_HWPT_DATA_MOCK_S1, &data, sizeof(data),
			  &w->id[0]);
}

static int invalidate(struct world *w, uint32_t id, uint32_t type, const void *data, uint32_t size)
{
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.hwpt_id = id,
		.data_uptr = (uintptr_t)data,
		.data_type = type,
		.entry_len = size / 2,
		.entry_num = 2,
	};

	return iommu__ioctl(w->m.fd, IOMMU_HWPT_INVALIDATE, &cmd);
}

static int setup_nested(struct world *w)
{
	return setup_parent(w) ?: call_nested(w);
}

static int call_invalidate(struct world *w)
{
	const struct iommu_hwpt_invalidate_selftest inv[2] = { { .iotlb_id = 0 },
							       { .iotlb_id = 1 } };

	return invalidate(w, w->id[0], IOMMU_HWPT_INVALIDATE_DATA_SELFTEST, inv, sizeof(inv));
}

static int setup_vdevice(struct world *w)
{
	return setup_viommu(w) ?: mock__vdevice(&w->m, w->id[2], 7, &w->id[3]);
}

static int call_invalidate_viommu(struct world *w)
{
	const struct iommu_viommu_invalidate_selftest inv[2] = {
		{ .vdev_id = 7, .cache_id = 0 },
		{ .vdev_id = 7, .cache_id = 1 },
	};

	return invalidate(w, w->id[2], IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST, inv, sizeof(inv));
}

/* ---- dirty tracking ---- */

static int setup_dirty(struct world *w)
{
	return call_dirty(w) ?: mock__replace(&w->m, w->id[0]);
}

static int track(struct world *w, uint32_t flags)
{
	struct iommu_hwpt_set_dirty_tracking cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.hwpt_id = w->id[0],
	};

	return iommu__ioctl(w->m.fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd);
}

static int call_track(struct world *w)
{
	return track(w, IOMMU_HWPT_DIRTY_TRACKING_ENABLE);
}

static int undo_track(struct world *w)
{
	return track(w, 0);
}

static int setup_tracked(struct world *w)
{
	return setup_dirty(w) ?: call_track(w);
}

static int call_bitmap(struct world *w)
{
	static uint64_t bitmap[DIRTY_PAGES / 64];
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = w->id[0],
		.iova = BASE,
		.length = DIRTY_PAGES * P,
		.page_size = P,
		.data = (uintptr_t)bitmap,
	};

	return iommu__ioctl(w->m.fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
}

/* ---- queries ---- */

static int call_hw_info(struct world *w)
{
	struct iommu_test_hw_info data;
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.dev_id = w->m.dev,
		.data_len = sizeof(data),
		.data_uptr = (uintptr_t)&data,
	};

	return iommu__ioctl(w->m.fd, IOMMU_GET_HW_INFO, &cmd);
}

static int call_device_info(struct world *w)
{
	static struct info_ranges ranges;
	static struct info_formats formats;
	struct iommu_ext_device_info info;

	return info__device(w->m.fd, w->m.dev, &info, &ranges, &formats);
}

static int call_pt_info_ioas(struct world *w)
{
	static struct info_ranges ranges;
	struct iommu_ext_pt_info info;

	return info__pt(w->m.fd, w->m.ioas, &info, &ranges);
}

static int call_pt_info_nested(struct world *w)
{
	struct iommu_ext_pt_info info;

	return info__pt(w->m.fd, w->id[0], &info, NULL);
}

const struct step table_steps[] = {
	{ "page table", NULL, call_plain, undo_object, 0 },
	{ "page table for nesting", NULL, call_parent, undo_object, 0 },
	{ "page table with dirty tracking", NULL, call_dirty, undo_object, 0 },
	{ "page table for PASIDs", NULL, call_pasid, undo_object, 0 },
	{ "page table with a fault queue", setup_fault, call_fault, undo_object, 0 },
	{ "nested page table", setup_parent, call_nested, undo_object, 0 },
	{ "nested page table of a virtual IOMMU", setup_viommu, call_on_viommu, undo_object, 0 },
	{ "page table of a guest", setup_parent, call_guest, undo_object, 0 },
	{ "invalidate a page table", setup_nested, call_invalidate, NULL, 0 },
	{ "invalidate a virtual IOMMU", setup_vdevice, call_invalidate_viommu, NULL, 0 },
	{ "track dirty pages", setup_dirty, call_track, undo_track, 0 },
	{ "dirty bitmap", setup_tracked, call_bitmap, NULL, 0 },
	{ "hardware information", NULL, call_hw_info, NULL, 0 },
	{ "device information", NULL, call_device_info, NULL, 0 },
	{ "information on an IOAS", NULL, call_pt_info_ioas, NULL, 0 },
	{ "information on a nested page table", setup_nested, call_pt_info_nested, NULL, 0 },
	{},
};
