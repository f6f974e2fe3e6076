// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations of the common slice on devices, page tables and PASIDs.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/ext.h"
#include "../../lib/info.h"
#include "../../lib/iommu.h"
#include <linux/iommufd_new.h>
#include "common.h"

#define E_ATTACH (E_MAP | E(ESRCH) | E(ENODEV) | E(ENOMEM) | E(ERANGE))
#define PASID IOMMUFD_NEW_HWPT_ALLOC_PASID

/* ---- devices ---- */

static void device(struct storm *s)
{
	static const uint32_t flags[] = { 0, MOCK_FLAGS_DEVICE_PASID, MOCK_FLAGS_DEVICE_PASID,
					  MOCK_FLAGS_DEVICE_NO_DIRTY };
	struct mock m = { .fd = s->common->fd };
	int ret = mock__add(&m, &m, common_pt(s), flags[rnd(s, 4)]);

	common_result(s, "device", ret, E_ATTACH);
	if (ret)
		return;
	common_keep_device(s, &m);
	if (one_in(s, 4))
		common_keep(s, KIND_HWPT, m.hwpt);
}

static void replace(struct storm *s)
{
	struct mock m = common_device(s);

	common_result(s, "replace", mock__replace(&m, common_pt(s)), E_ATTACH);
}

static void mock_pasid(struct storm *s)
{
	static const uint32_t ops[] = { IOMMU_TEST_OP_PASID_ATTACH, IOMMU_TEST_OP_PASID_REPLACE,
					IOMMU_TEST_OP_PASID_DETACH };
	static const uint32_t numbers[] = { 1, 2, 1024, 1 << MOCK_PASID_WIDTH };
	struct mock m = common_device(s);

	common_result(s, "mock-pasid",
		      mock__pasid(&m, ops[rnd(s, 3)], numbers[rnd(s, 4)], common_pt(s)), E_ATTACH);
}

static void fail(struct storm *s)
{
	struct mock m = common_device(s);
	uint32_t kind = rnd(s, 2) ? MOCK_FAIL_ATTACH : MOCK_FAIL_MAP;
	uint32_t id = kind == MOCK_FAIL_MAP ? common_id(s, KIND_HWPT) : m.dev;

	common_result(s, "fail", mock__fail(&m, id, kind, rnd(s, 4), rnd(s, 2)), E_ID);
}

static void hw_info(struct storm *s)
{
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.dev_id = common_id(s, KIND_DEVICE),
		.data_uptr = (uintptr_t)s->common->buf,
		.data_len = rnd(s, 64),
	};

	common_result(s, "hw-info", iommu__ioctl(s->common->fd, IOMMU_GET_HW_INFO, &cmd), E_ID);
}

static void info(struct storm *s)
{
	struct iommu_ext_device_info dev;
	struct iommu_ext_pt_info pt;
	struct info_ranges ranges;
	struct info_formats formats;
	int fd = s->common->fd;

	if (one_in(s, 2))
		common_result(s, "device-info",
			      info__device(fd, common_id(s, KIND_DEVICE), &dev, &ranges, &formats),
			      E_ID | E(EMSGSIZE));
	else
		common_result(s, "pt-info", info__pt(fd, common_pt(s), &pt, &ranges),
			      E_ID | E(EMSGSIZE));
}

static void queue(struct storm *s)
{
	struct mock m = common_device(s);
	uint32_t action = rnd(s, 4);

	common_result(s, "queue",
		      mock__queue(&m, rnd(s, MOCK_QUEUES), action,
				  action == MOCK_QUEUE_TABLE ? common_pt(s) : rnd(s, 4), NULL,
				  NULL),
		      E_ID | E(ENXIO) | E(ENODEV));
}

/* ---- page tables ---- */

static void hwpt(struct storm *s)
{
	struct iommu_hwpt_selftest data = { .iotlb = IOMMU_TEST_IOTLB_DEFAULT };
	struct mock m = common_device(s);
	bool nested = one_in(s, 3);
	uint32_t flags = rnd(s, 16) & ~(uint32_t)IOMMU_HWPT_FAULT_ID_VALID, fault = 0, id;
	uint32_t pt = nested ? common_id(s, one_in(s, 3) ? KIND_VIOMMU : KIND_HWPT) :
			       common_id(s, KIND_IOAS);
	int ret;

	if (nested)
		flags &= PASID;
	data.pagetable_type = one_in(s, 8);
	if (one_in(s, 4)) {
		flags |= IOMMU_HWPT_FAULT_ID_VALID;
		fault = common_id(s, KIND_FAULT);
	}
	ret = mock__hwpt(&m, pt, flags, fault, IOMMU_HWPT_DATA_SELFTEST, &data, sizeof(data), &id);
	common_result(s, "hwpt", ret, E_ATTACH);
	if (!ret)
		common_keep(s, KIND_HWPT, id);
}

static void invalidate(struct storm *s)
{
	struct iommu_hwpt_invalidate_selftest entries[4] = { { 0, rnd(s, 5) } };
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.hwpt_id = common_id(s, KIND_HWPT),
		.data_uptr = (uintptr_t)entries,
		.data_type = IOMMU_HWPT_INVALIDATE_DATA_SELFTEST,
		.entry_len = sizeof(entries[0]),
		.entry_num = rnd(s, 5),
	};

	common_result(s, "invalidate", iommu__ioctl(s->common->fd, IOMMU_HWPT_INVALIDATE, &cmd),
		      E_ID);
}

static void tracking(struct storm *s)
{
	struct iommu_hwpt_set_dirty_tracking cmd = {
		.size = sizeof(cmd),
		.hwpt_id = common_id(s, KIND_HWPT),
		.flags = !one_in(s, 3),
	};

	common_result(s, "tracking",
		      iommu__ioctl(s->common->fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd), E_ID);
}

static void dirty(struct storm *s)
{
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = common_id(s, KIND_HWPT),
		.flags = rnd(s, 2),
		.page_size = P,
		.data = (uintptr_t)s->common->buf,
	};

	struct range r;

	common_range(s, &r);
	cmd.iova = r.iova;
	cmd.length = r.length;
	/* The bitmap is large enough for this. */
	if (cmd.length > sizeof(s->common->buf) * 8 * P)
		return;
	common_result(s, "dirty", iommu__ioctl(s->common->fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd),
		      E_ID | E(EOVERFLOW));
}

/* ---- PASIDs ---- */

static void pasid(struct storm *s)
{
	static const uint32_t flags[] = { 0, 0, IOMMU_EXT_PASID_FIXED, IOMMU_EXT_PASID_VIRT,
					  IOMMU_EXT_PASID_GLOBAL };
	uint32_t id, number, kind = flags[rnd(s, 5)];
	int ret = pasid__alloc(s->common->fd, common_id(s, KIND_DEVICE), kind,
			       kind == IOMMU_EXT_PASID_FIXED ? 1 + rnd(s, 4) : 0,
			       kind == IOMMU_EXT_PASID_VIRT ? 1 + rnd(s, 4) : 0, &id, &number);

	common_result(s, "pasid", ret, E_ID | E(EEXIST) | E(ENOSPC) | E(ERANGE) | E(ENODEV));
	if (!ret)
		common_keep(s, KIND_PASID, id);
}

static void pasid_attach(struct storm *s)
{
	uint32_t id = common_id(s, KIND_PASID), pt = common_pt(s);

	common_result(s, "pasid-attach",
		      one_in(s, 2) ? pasid__attach(s->common->fd, id, pt, NULL) :
				     pasid__replace(s->common->fd, id, pt, NULL),
		      E_ATTACH);
}

static void pasid_detach(struct storm *s)
{
	common_result(s, "pasid-detach", pasid__detach(s->common->fd, common_id(s, KIND_PASID)),
		      E_ID);
}

static void pasid_query(struct storm *s)
{
	struct iommu_ext_pasid_query query;

	common_result(s, "pasid-query",
		      pasid__query(s->common->fd, common_id(s, KIND_PASID), &query), E_ID);
}

static void sva(struct storm *s)
{
	uint32_t id;
	int ret = sva__alloc(s->common->fd, &id);

	common_result(s, "sva", ret, E_ID);
	if (!ret)
		common_keep(s, KIND_SVA, id);
}

static void start_tracking(struct storm *s, uint32_t hwpt_id)
{
	struct iommu_hwpt_set_dirty_tracking cmd = {
		.size = sizeof(cmd),
		.hwpt_id = hwpt_id,
		.flags = 1,
	};

	common_result(s, "stack-tracking",
		      iommu__ioctl(s->common->fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd), E_ID);
}

/* Map memory for a new device, let it write there, and let it ask for a page. */
static void use(struct storm *s, struct mock *m, uint32_t ioas)
{
	struct common *c = s->common;
	uint64_t iova = COMMON_BASE + rnd(s, COMMON_WINDOW) * P, length = (1 + rnd(s, 4)) * P;
	int ret = ioas__map_at(c->fd, ioas, c->mem + rnd(s, 16) * P, length, iova);

	common_result(s, "stack-map", ret, E_MAP);
	if (ret)
		return;
	common_note_map(s, ioas, iova, length);
	common_result(s, "stack-dma", common_dma(s, m->dev, 0, iova, P, true), E_DMA);
	common_result(s, "stack-request",
		      mock__request(m, 0, rnd(s, 512), iova + length, 1 + rnd(s, 3)),
		      E_ID | E(ENODEV) | E(ENOMEM));
}

/* Make what DMA, page requests or dirty tracking need: a page table, with a device on it. */
static void stack(struct storm *s)
{
	static const uint32_t kinds[] = { PASID | IOMMU_HWPT_ALLOC_NEST_PARENT,
					  PASID | IOMMU_HWPT_FAULT_ID_VALID,
					  PASID | IOMMU_HWPT_ALLOC_DIRTY_TRACKING };
	struct mock m = common_device(s);
	uint32_t ioas = common_id(s, KIND_IOAS), fault = common_id(s, KIND_FAULT), id;
	uint32_t kind = rnd(s, 3), flags = kinds[kind];
	int ret = mock__hwpt(&m, ioas, flags, kind == 1 ? fault : 0, 0, NULL, 0, &id);

	common_result(s, "stack", ret, E_ATTACH);
	if (ret)
		return;
	common_keep(s, KIND_HWPT, id);
	if (kind == 2)
		start_tracking(s, id);
	ret = mock__add(&m, &m, id, MOCK_FLAGS_DEVICE_PASID);
	common_result(s, "stack-device", ret, E_ATTACH);
	if (ret)
		return;
	common_keep_device(s, &m);
	use(s, &m, ioas);
}

/* Read the fdinfo of a context, as tools do. */
static void fdinfo(struct storm *s)
{
	common_result(s, "fdinfo", mock__objects(s->common->fd) < 0 ? -EIO : 0, 0);
}

/* clang-format off */
const struct storm_op common_object_ops[] = {
	{ "device", device, 12, true }, { "replace", replace, 24, true },
	{ "mock-pasid", mock_pasid, 10, true }, { "fail", fail, 2, true },
	{ "hw-info", hw_info, 3, true }, { "info", info, 6, true }, { "queue", queue, 5, true },
	{ "hwpt", hwpt, 20, true }, { "invalidate", invalidate, 4, true },
	{ "tracking", tracking, 5, true }, { "dirty", dirty, 10, true },
	{ "pasid", pasid, 10, true }, { "pasid-attach", pasid_attach, 20, true },
	{ "pasid-detach", pasid_detach, 8, true }, { "pasid-query", pasid_query, 4, true },
	{ "sva", sva, 3, true }, { "stack", stack, 20, true }, { "fdinfo", fdinfo, 2, true }, {}
};

/* clang-format on */
