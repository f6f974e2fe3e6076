// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on devices and page tables: attachments, including those of PASIDs, page tables of all
 * kinds, invalidation, dirty tracking.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../../lib/iommu.h"
#include <linux/iommufd_new.h>
#include "mock-ops.h"

void op_device(struct fuzz *f)
{
	static const uint32_t some[] = {
		MOCK_FLAGS_DEVICE_PASID,    MOCK_FLAGS_DEVICE_PASID,
		MOCK_FLAGS_DEVICE_PASID,    0,
		MOCK_FLAGS_DEVICE_NO_DIRTY, 1 << 1,
	};
	/*
	 * Never NO_DIRTY with PASID: upstream's mock attaches a PASID of such a device to a table
	 * that tracks dirty pages.
	 */
	uint32_t n = rnd(f, DEVICES), flags = some[rnd(f, 6)];
	struct pick pt = pick_pt(f);
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS, .id = pt.id };
	struct device *d = &f->dev[n];
	int ret;

	if (d->obj)
		return;
	cmd.mock_domain_flags.dev_flags = flags;
	trace(f, "device dev%u pt=%s flags=0x%x", n, pt.name, flags);
	ret = test_cmd(f, &cmd);
	if (!ret) {
		trace_pt(f, cmd.mock_domain_flags.out_hwpt_id);
		d->obj = cmd.mock_domain_flags.out_stdev_id;
		d->dev = cmd.mock_domain_flags.out_idev_id;
		d->pt[0] = (struct attached){ cmd.mock_domain_flags.out_hwpt_id,
					      pick_ioas_of(f, &pt) };
	}
	trace_end(f, ret);
}

/*
 * Detach all PASIDs before a device is destroyed. Upstream's mock does not, and its driver then
 * warns in the kernel log.
 */
void device_detach_all(struct fuzz *f, struct device *d)
{
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_PASID_DETACH, .id = d->obj };

	for (int n = 0; n < PASIDS; n++) {
		if (!d->pt[1 + n].id)
			continue;
		cmd.pasid_detach.pasid = fuzz_pasids[n];
		test_cmd(f, &cmd);
		d->pt[1 + n].id = 0;
	}
}

void op_device_destroy(struct fuzz *f)
{
	uint32_t n = rnd(f, DEVICES);
	struct device *d = &f->dev[n];
	int ret;

	if (!d->obj)
		return;
	device_detach_all(f, d);
	ret = iommu__destroy(f->fd, d->obj);
	if (!ret) {
		cookies_gone(f, n);
		memset(d, 0, sizeof(*d));
	}
	trace(f, "destroy obj%u", n);
	trace_end(f, ret);
}

void op_replace(struct fuzz *f)
{
	struct pick obj = pick_stdev(f), pt = pick_pt(f);
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE,
		.id = obj.id,
		.mock_domain_replace.pt_id = pt.id,
	};
	int ret = test_cmd(f, &cmd);

	trace(f, "replace %s pt=%s", obj.name, pt.name);
	if (!ret)
		trace_pt(f, cmd.mock_domain_replace.pt_id);
	if (!ret && obj.slot >= 0) {
		f->dev[obj.slot].pt[0] =
			(struct attached){ cmd.mock_domain_replace.pt_id, pick_ioas_of(f, &pt) };
		cookies_gone(f, obj.slot);
	}
	trace_end(f, ret);
}

/* Attach, replace or detach a PASID. */
void op_pasid(struct fuzz *f)
{
	struct pick obj = pick_stdev(f), pt = pick_pt(f);
	uint32_t n = rnd(f, 8), what = rnd(f, 8);
	struct iommu_test_cmd cmd = { .id = obj.id };
	struct attached *a;
	int ret;

	n = n < 4 ? 0 : n < 7 ? 1 : 2;
	a = obj.slot < 0 ? NULL : &f->dev[obj.slot].pt[1 + n];
	cmd.pasid_attach.pasid = fuzz_pasids[n];
	cmd.pasid_attach.pt_id = pt.id;
	cmd.op = what < 4 ? IOMMU_TEST_OP_PASID_ATTACH :
		 what < 6 ? IOMMU_TEST_OP_PASID_REPLACE :
			    IOMMU_TEST_OP_PASID_DETACH;
	trace(f, "pasid %s %s pasid=%u",
	      what < 4 ? "attach" :
	      what < 6 ? "replace" :
			 "detach",
	      obj.name, fuzz_pasids[n]);
	if (what < 6)
		trace(f, " pt=%s", pt.name);
	ret = test_cmd(f, &cmd);
	if (!ret && a) {
		if (what < 6)
			trace_pt(f, cmd.pasid_attach.pt_id);
		a->id = what < 6 ? cmd.pasid_attach.pt_id : 0;
		a->ioas = pick_ioas_of(f, &pt);
		cookies_gone(f, obj.slot);
	}
	trace_end(f, ret);
}

void op_pasid_check(struct fuzz *f)
{
	struct pick obj = pick_stdev(f), pt = pick_pt(f);
	uint32_t n = rnd(f, 1 + PASIDS), what = rnd(f, 3);
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_PASID_CHECK_HWPT, .id = obj.id };

	cmd.pasid_check.pasid = n ? fuzz_pasids[n - 1] : 0;
	cmd.pasid_check.hwpt_id = pt.id;
	if (what == 0)
		cmd.pasid_check.hwpt_id = 0;
	else if (what == 1 && obj.slot >= 0)
		cmd.pasid_check.hwpt_id = f->dev[obj.slot].pt[n].id;
	trace(f, "pasid check %s pasid=%u pt=%s", obj.name, cmd.pasid_check.pasid,
	      what == 0 ? "0" :
	      what == 1 ? "own" :
			  pt.name);
	trace_end(f, test_cmd(f, &cmd));
}

void op_hw_info(struct fuzz *f)
{
	struct pick dev = pick_dev(f);
	uint32_t data[4] = { 9, 9, 9, 9 };
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.dev_id = dev.id,
		.data_uptr = (uintptr_t)data,
	};
	int ret;

	cmd.data_len = rnd(f, 17);
	cmd.flags = one_in(f, 4) ? rnd(f, 3) : 0;
	cmd.out_data_type = one_in(f, 2) ? 0 : one_in(f, 2) ? IOMMU_HW_INFO_TYPE_SELFTEST : 5;
	cmd.__reserved[1] = one_in(f, 20);
	trace(f, "hw-info %s flags=%u length=%u type=0x%x%s", dev.name, cmd.flags, cmd.data_len,
	      cmd.out_data_type, cmd.__reserved[1] ? " reserved" : "");
	ret = iommu__ioctl(f->fd, IOMMU_GET_HW_INFO, &cmd);
	if (!ret)
		trace(f, " length=%u type=0x%x pasids=%u caps=0x%" PRIx64 " data=%x,%x,%x,%x",
		      cmd.data_len, cmd.out_data_type, cmd.out_max_pasid_log2,
		      (uint64_t)cmd.out_capabilities, data[0], data[1], data[2], data[3]);
	trace_end(f, ret);
}

/* A parent: an IOAS for a paging HWPT, a HWPT or a virtual IOMMU for a nested one. */
static struct pick pick_parent(struct fuzz *f)
{
	struct pick ioas = pick_ioas(f), hwpt = pick_hwpt(f), viommu = pick_viommu(f);
	uint32_t which = rnd(f, 8);

	return which < 5 ? ioas : which < 7 ? hwpt : viommu;
}

void op_hwpt(struct fuzz *f)
{
	static const uint32_t types[] = { IOMMU_HWPT_DATA_NONE, IOMMU_HWPT_DATA_SELFTEST, 0xbeef };
	struct iommu_hwpt_selftest data[2] = { { .iotlb = IOMMU_TEST_IOTLB_DEFAULT } };
	uint32_t n = rnd(f, HWPTS), fault = rnd(f, FAULTS), kind = rnd(f, 16), flags = rnd(f, 16);
	struct pick dev = pick_dev(f), pt = pick_parent(f);
	struct iommu_hwpt_alloc cmd = { .size = sizeof(cmd), .dev_id = dev.id, .pt_id = pt.id };
	bool nested = strncmp(pt.name, "ioas", 4) != 0;
	uint32_t length = rnd(f, 17), mask;
	int ret;

	mask = IOMMU_HWPT_FAULT_ID_VALID;
	if (!nested)
		mask |= IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
	cmd.flags = flags & mask;
	if (one_in(f, 3) && !nested)
		cmd.flags |= IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
	if (one_in(f, 3))
		cmd.flags |= IOMMUFD_NEW_HWPT_ALLOC_PASID;
	if (one_in(f, 8))
		cmd.flags = flags;
	if (one_in(f, 60))
		cmd.flags = 1u << 4;
	cmd.fault_id = f->fault[fault].id ? f->fault[fault].id : DEAD;
	data[0].pagetable_type = one_in(f, 12) ? rnd(f, 3) : MOCK_IOMMUPT_DEFAULT;
	cmd.data_type = types[kind == 0 ? 2 : nested || kind < 6];
	cmd.data_len = kind == 1 ? length : cmd.data_type ? sizeof(data[0]) : 0;
	cmd.data_uptr = kind == 2 ? 8 : (uintptr_t)data;
	cmd.__reserved = one_in(f, 60);
	if (f->hwpt[n].id)
		return;
	trace(f, "hwpt hwpt%u %s pt=%s flags=0x%x fault=%u type=0x%x length=%u kind=%u", n,
	      dev.name, pt.name, cmd.flags, fault, cmd.data_type, cmd.data_len,
	      data[0].pagetable_type);
	ret = iommu__ioctl(f->fd, IOMMU_HWPT_ALLOC, &cmd);
	if (!ret)
		f->hwpt[n] =
			(struct hwpt){ cmd.out_hwpt_id, nested ? -1 : pick_ioas_of(f, &pt), false };
	trace_end(f, ret);
}

static bool stack_hwpt(struct fuzz *f, uint32_t n, uint32_t dev, uint32_t pt, uint32_t flags,
		       uint32_t fault, int ioas)
{
	struct iommu_hwpt_selftest data = { .iotlb = IOMMU_TEST_IOTLB_DEFAULT };
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.dev_id = dev,
		.pt_id = pt,
		.flags = flags,
		.fault_id = fault,
		.data_type = IOMMU_HWPT_DATA_SELFTEST,
		.data_len = sizeof(data),
		.data_uptr = (uintptr_t)&data,
	};
	int ret;

	if (f->hwpt[n].id && iommu__destroy(f->fd, f->hwpt[n].id)) {
		trace(f, " busy\n");
		return false;
	}
	f->hwpt[n].id = 0;
	ret = iommu__ioctl(f->fd, IOMMU_HWPT_ALLOC, &cmd);
	trace(f, " hwpt%u=%d", n, ret);
	if (!ret)
		f->hwpt[n] = (struct hwpt){ cmd.out_hwpt_id, ioas, false };
	else
		trace(f, "\n");
	return !ret;
}

/* Attach a device to a nested table with a fault queue, which random operations rarely do. */
void op_stack(struct fuzz *f)
{
	uint32_t d = rnd(f, DEVICES), i = rnd(f, IOASES), q = rnd(f, FAULTS), v = rnd(f, VIOMMUS);
	uint32_t n = 2 * rnd(f, HWPTS / 2), kind = rnd(f, 16), flags = IOMMU_HWPT_ALLOC_NEST_PARENT;
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE };
	struct device *dev = &f->dev[d];
	uint32_t parent;
	int ret;

	if (!dev->obj || !f->ioas[i])
		return;
	trace(f, "stack dev%u ioas%u fault%u viommu%u kind=%u", d, i, q, v, kind);
	if (kind & 1)
		flags |= IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
	if (kind & 2)
		flags |= IOMMUFD_NEW_HWPT_ALLOC_PASID;
	if (!stack_hwpt(f, n, dev->dev, f->ioas[i], flags, 0, i))
		return;
	parent = f->hwpt[n].id;
	if (kind & 4) {
		stack_viommu(f, v, dev->dev, parent);
		parent = f->viommu[v];
	}
	flags = kind & 2 ? IOMMUFD_NEW_HWPT_ALLOC_PASID : 0;
	if (kind & 8)
		flags |= IOMMU_HWPT_FAULT_ID_VALID;
	if (!stack_hwpt(f, n + 1, dev->dev, parent, flags, f->fault[q].id, -1))
		return;
	cmd.id = dev->obj;
	cmd.mock_domain_replace.pt_id = f->hwpt[n + 1].id;
	ret = test_cmd(f, &cmd);
	if (!ret) {
		dev->pt[0] = (struct attached){ f->hwpt[n + 1].id, -1 };
		cookies_gone(f, d);
	}
	trace_end(f, ret);
}

/* Invalidate for a nested table or a virtual IOMMU, and trace the rest of the mock's IOTLB. */
void op_invalidate(struct fuzz *f)
{
	struct iommu_viommu_invalidate_selftest v[4];
	struct iommu_hwpt_invalidate_selftest h[4];
	struct pick hwpt = pick_hwpt(f), viommu = pick_viommu(f);
	bool by_viommu = one_in(f, 3);
	struct pick p = by_viommu ? viommu : hwpt;
	struct iommu_hwpt_invalidate cmd = { .size = sizeof(cmd), .hwpt_id = p.id };
	struct iommu_test_cmd check = { .op = IOMMU_TEST_OP_MD_CHECK_IOTLB, .id = p.id };
	uint32_t kind = rnd(f, 24), odd = rnd(f, 20);
	int ret;

	for (int i = 0; i < 4; i++) {
		h[i].flags = v[i].flags = one_in(f, 12) ? rnd(f, 4) : 0;
		h[i].iotlb_id = v[i].cache_id = one_in(f, 12) ? 4 : rnd(f, 4);
		v[i].vdev_id = 0x90 + rnd(f, 4);
	}
	cmd.data_uptr = kind == 0 ? 0 : kind == 1 ? 8 : by_viommu ? (uintptr_t)v : (uintptr_t)h;
	cmd.data_type = kind == 2 ? 0xdadbeef : 0xdeadbeef;
	cmd.entry_len = kind == 3 ? odd : by_viommu ? sizeof(v[0]) : sizeof(h[0]);
	cmd.entry_num = kind == 4 ? 1u << 20 : rnd(f, 5);
	cmd.__reserved = kind == 5;
	if (cmd.entry_num * cmd.entry_len > sizeof(h) && kind == 3)
		cmd.entry_num = 1;
	trace(f, "invalidate %s kind=%u num=%u length=%u id0=%u flags0=%u", p.name, kind,
	      cmd.entry_num, cmd.entry_len, h[0].iotlb_id, h[0].flags);
	ret = iommu__ioctl(f->fd, IOMMU_HWPT_INVALIDATE, &cmd);
	trace(f, " done=%u", cmd.entry_num);
	for (uint32_t i = 0; !by_viommu && i < 5; i++) {
		check.check_iotlb.id = i;
		check.check_iotlb.iotlb = IOMMU_TEST_IOTLB_DEFAULT;
		trace(f, " %d", test_cmd(f, &check));
		check.check_iotlb.iotlb = 0;
		trace(f, ",%d", test_cmd(f, &check));
	}
	trace_end(f, ret);
}

void op_tracking(struct fuzz *f)
{
	struct pick p = pick_hwpt(f);
	struct iommu_hwpt_set_dirty_tracking cmd = {
		.size = sizeof(cmd),
		.hwpt_id = p.id,
		.flags = 1,
	};
	int ret;

	/* If tracking is enabled twice, upstream clears the dirty bits and our driver does not. */
	if (p.slot >= 0 && f->hwpt[p.slot].tracking)
		cmd.flags = 0;
	if (one_in(f, 30))
		cmd.flags = 2;
	trace(f, "tracking %s flags=%u", p.name, cmd.flags);
	ret = iommu__ioctl(f->fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd);
	if (!ret && p.slot >= 0)
		f->hwpt[p.slot].tracking = cmd.flags;
	trace_end(f, ret);
}

void op_set_dirty(struct fuzz *f)
{
	struct pick p = pick_hwpt(f);
	struct recent r = pick_recent(f);
	uint64_t bits = rnd(f, 1u << 31), iova = pick_iova(f);
	uint32_t kind = rnd(f, 12), pages = 1 + rnd(f, 16);
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_DIRTY,
		.dirty = { .iova = r.iova / P * P,
			   .length = pages * P,
			   .page_size = P,
			   .uptr = (uintptr_t)&bits },
	};
	int ret;

	p = pick_hwpt_with(f, &r, p);
	cmd.id = p.id;
	if (kind == 0)
		cmd.dirty.iova = iova;
	if (kind == 1)
		cmd.dirty.page_size = 0;
	if (kind == 2)
		cmd.dirty.uptr = 8;
	trace(f, "set-dirty %s iova=0x%" PRIx64 " pages=%u bits=0x%" PRIx64, p.name,
	      (uint64_t)cmd.dirty.iova, pages, bits);
	ret = test_cmd(f, &cmd);
	if (!ret)
		trace(f, " dirty=%" PRIu64, (uint64_t)cmd.dirty.out_nr_dirty);
	trace_end(f, ret);
}

/* Check that the whole range is mapped, and that no leaf depends on physical addresses. */
static bool is_plain(struct fuzz *f, uint32_t ioas, uint64_t iova, uint64_t length)
{
	uint64_t at, huge = 1;

	if (!ioas ||
	    iommu__option(f->fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_GET, ioas, &huge) || huge)
		return false;
	if (ioas__copy(f->fd, f->scratch, ioas, iova, length, IOAS_R, &at))
		return false;
	return !ioas__unmap_all(f->fd, f->scratch);
}

/*
 * Only ask for ranges that are completely mapped, in whole pages and without large leaves, while
 * tracking is on. If a part is not mapped, upstream returns 0 and reads nothing; our driver fails.
 * Our driver does not clear a leaf of which only a part is in the range. Upstream does not check
 * whether tracking is on.
 */
void op_get_dirty(struct fuzz *f)
{
	struct pick p = pick_hwpt(f);
	struct recent r = pick_recent(f);
	uint32_t kind = rnd(f, 16), no_clear = one_in(f, 3);
	uint64_t bits[2] = { 0 }, odd = pick_length(f);
	int ioas, ret;
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.flags = no_clear,
		.iova = r.iova / P * P,
		.length = (r.length + P - 1) / P * P,
		.page_size = P,
		.data = (uintptr_t)bits,
	};

	p = pick_hwpt_with(f, &r, p);
	cmd.hwpt_id = p.id;
	ioas = pick_ioas_of(f, &p);
	if (cmd.length > 64 * P)
		cmd.length = 64 * P;
	if (kind == 0)
		cmd.length = 0;
	else if (kind == 1)
		cmd.page_size = 0;
	else if (kind == 2)
		cmd.length += 1 + odd % 64;
	else if (kind == 3)
		cmd.flags = 2;
	else if (kind == 4)
		cmd.iova += P / 2;
	else if (kind == 5)
		cmd.__reserved = 1;
	trace(f, "get-dirty %s kind=%u flags=%u iova=0x%" PRIx64 " length=0x%" PRIx64, p.name, kind,
	      cmd.flags, (uint64_t)cmd.iova, (uint64_t)cmd.length);
	if (kind > 5 && (p.slot < 0 || !f->hwpt[p.slot].tracking)) {
		trace(f, " -> not tracked\n");
		return;
	}
	if (kind > 5 && (ioas < 0 || !is_plain(f, f->ioas[ioas], cmd.iova, cmd.length))) {
		trace(f, " -> not plain\n");
		return;
	}
	ret = iommu__ioctl(f->fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
	trace(f, " bits=0x%" PRIx64 "", bits[0]);
	trace_end(f, ret);
}
