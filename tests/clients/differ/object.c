// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects: contexts, address spaces, page tables, fault queues, devices, and their destruction.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include "differ.h"

/* Since 6.14 */
#define ALLOC_PASID (1 << 3)

/* Close a context, while devices are bound to it or not, and open another one. */
void op_open(struct fuzz *f)
{
	int c = pick_context(f);
	bool set = one_in(f, 2);
	uint64_t mode = rnd(f, 3);
	int ret = 0;

	for (int i = 0; i < (int)f->devices; i++)
		if (f->dev[i].context == c)
			f->dev[i].context = -1;
	close(f->ctx[c].fd);
	memset(&f->ctx[c], 0, sizeof(f->ctx[c]));
	for (int i = 0; i < RECENT; i++)
		if (f->recent[i].context == c)
			memset(&f->recent[i], 0, sizeof(f->recent[i]));
	as_root(f, true);
	f->ctx[c].fd = iommu__open();
	as_root(f, false);
	begin(f, NULL, "open", c);
	trace(f, " fd=%d", f->ctx[c].fd);
	if (set) {
		ret = iommu__option(f->ctx[c].fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0,
				    &mode);
		trace(f, " mode=%" PRIu64, mode);
	}
	end(f, ret);
}

void op_alloc(struct fuzz *f)
{
	int c = pick_context(f);
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd), .flags = one_in(f, 30) };
	bool more = !f->ctx[c].ids[IOAS][5] || one_in(f, 8);
	int ret;

	cmd.out_ioas_id = 0x55;
	if (!more)
		return;
	ret = call(f, c, IOMMU_IOAS_ALLOC, &cmd);
	begin(f, NULL, "alloc", c);
	trace(f, " flags=%u out=%u", cmd.flags, cmd.out_ioas_id);
	if (!ret)
		note_id(f, c, IOAS, cmd.out_ioas_id);
	end(f, ret);
}

void op_destroy(struct fuzz *f)
{
	static const enum kind kinds[] = { IOAS, IOAS, HWPT, HWPT, FAULT, DEVICE };
	int c = pick_context(f), ret;
	uint32_t k = rnd(f, COUNT(kinds)), id = pick_id(f, c, kinds[k]), any = pick_any(f, c);

	if (one_in(f, 8))
		id = any;
	ret = iommu__destroy(f->ctx[c].fd, id);
	begin(f, NULL, "destroy", c);
	trace(f, " id=%u", id);
	if (!ret) {
		forget_id(f, c, id);
		forget_recent(f, c, id, 0, UINT64_MAX);
	}
	end(f, ret);
}

/* Usually a context with a device. */
static int pick_with_device(struct fuzz *f)
{
	int c = pick_context(f), d = rnd(f, DEVICES);

	return f->dev[d].context < 0 || one_in(f, 8) ? c : f->dev[d].context;
}

/* A page table of a device, on an address space or, for nesting, on a page table. */
void op_hwpt(struct fuzz *f)
{
	int c = pick_with_device(f), ret;
	struct iommu_hwpt_alloc cmd = { .size = sizeof(cmd) };
	uint32_t flags = 1 + rnd(f, 15), bit = 4 + rnd(f, 28), kind = rnd(f, 20);
	uint64_t data[8] = { 0 };
	const char *mark = NULL;

	cmd.dev_id = pick_id(f, c, DEVICE);
	cmd.pt_id = pick_id(f, c, one_in(f, 4) ? HWPT : IOAS);
	cmd.fault_id = pick_id(f, c, FAULT);
	cmd.out_hwpt_id = 0x55;
	if (kind < 5)
		cmd.flags = flags;
	else if (kind == 5)
		cmd.flags = 1u << bit;
	else if (kind == 6)
		cmd.__reserved = 1;
	kind = rnd(f, 20);
	if (kind < 3) {
		cmd.data_type = kind == 0 ? IOMMU_HWPT_DATA_VTD_S1 : rnd(f, 5);
		cmd.data_len = rnd(f, 3) ? sizeof(struct iommu_hwpt_vtd_s1) : rnd(f, 64);
		cmd.data_uptr = (uintptr_t)data;
	}
	if (cmd.flags & (IOMMU_HWPT_FAULT_ID_VALID | ALLOC_PASID))
		mark = "hwpt-flags";
	ret = call(f, c, IOMMU_HWPT_ALLOC, &cmd);
	begin(f, mark, "hwpt", c);
	trace(f, " dev=%u pt=%u flags=0x%x reserved=%u fault=%u type=%u len=%u out=%u", cmd.dev_id,
	      cmd.pt_id, cmd.flags, cmd.__reserved, cmd.fault_id, cmd.data_type, cmd.data_len,
	      cmd.out_hwpt_id);
	if (!ret && mark)
		iommu__destroy(f->ctx[c].fd, cmd.out_hwpt_id);
	else if (!ret)
		note_id(f, c, HWPT, cmd.out_hwpt_id);
	end(f, ret);
}

void op_invalidate(struct fuzz *f)
{
	int c = pick_with_device(f), ret;
	uint64_t data[8] = { 0 };
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.data_uptr = one_in(f, 4) ? 0 : (uintptr_t)data,
		.data_type = rnd(f, 3),
		.entry_len = rnd(f, 40),
		.entry_num = rnd(f, 3),
		.__reserved = one_in(f, 20),
	};

	cmd.hwpt_id = pick_id(f, c, HWPT);
	if (one_in(f, 6))
		cmd.entry_len = odd_number(f);
	if (one_in(f, 6))
		cmd.entry_num = odd_number(f);
	begin(f, NULL, "invalidate", c);
	trace(f, " id=%u type=%u len=%u num=%u%s%s", cmd.hwpt_id, cmd.data_type, cmd.entry_len,
	      cmd.entry_num, cmd.__reserved ? " reserved" : "", cmd.data_uptr ? "" : " null");
	ret = call(f, c, IOMMU_HWPT_INVALIDATE, &cmd);
	trace(f, " done=%u", cmd.entry_num);
	end(f, ret);
}

void op_set_dirty(struct fuzz *f)
{
	int c = pick_with_device(f), ret;
	struct iommu_hwpt_set_dirty_tracking cmd = {
		.size = sizeof(cmd),
		.flags = rnd(f, 3),
		.__reserved = one_in(f, 10),
	};

	cmd.hwpt_id = pick_id(f, c, HWPT);
	ret = call(f, c, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd);
	begin(f, NULL, "set-dirty", c);
	trace(f, " id=%u flags=%u reserved=%u", cmd.hwpt_id, cmd.flags, cmd.__reserved);
	end(f, ret);
}

void op_get_dirty(struct fuzz *f)
{
	static const uint64_t sizes[] = { P, P, P, 0, 1, 3, 512, 2 * P, 3 * P, 0x200000 };
	static uint64_t bits[64];
	int c = pick_with_device(f), ret;
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.flags = one_in(f, 4) ? rnd(f, 4) : 0,
		.__reserved = one_in(f, 20),
	};
	struct recent r = pick_recent(f);

	cmd.hwpt_id = pick_id(f, c, HWPT);
	cmd.iova = pick_iova(f);
	cmd.length = pick_length(f);
	if (one_in(f, 2) && r.length) {
		cmd.iova = r.iova;
		cmd.length = r.length;
	}
	cmd.page_size = sizes[rnd(f, COUNT(sizes))];
	cmd.data = one_in(f, 10) ? 8 : (uintptr_t)bits;
	begin(f, NULL, "get-dirty", c);
	trace(f, " id=%u flags=%u iova=0x%llx length=0x%llx page=%llu data=%s%s", cmd.hwpt_id,
	      cmd.flags, cmd.iova, cmd.length, cmd.page_size, cmd.data == 8 ? "bad" : "good",
	      cmd.__reserved ? " reserved" : "");
	/* A longer range needs more than @bits. */
	if (cmd.length > 0x1000000)
		cmd.data = 8;
	ret = call(f, c, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
	end(f, ret);
}

void op_hw_info(struct fuzz *f)
{
	int c = pick_with_device(f), ret;
	uint8_t data[128];
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.data_len = rnd(f, 3) ? 16 : rnd(f, sizeof(data)),
		.data_uptr = one_in(f, 8) ? 8 : (uintptr_t)data,
		.out_data_type = 0,
	};
	unsigned int last;

	cmd.dev_id = pick_id(f, c, DEVICE);
	/* Flag 1 and the type are an input since 6.17. */
	if (one_in(f, 12))
		cmd.flags = 2u << rnd(f, 31);
	if (one_in(f, 12))
		cmd.__reserved[rnd(f, 3)] = 1;
	memset(data, 0x5a, sizeof(data));
	begin(f, NULL, "hw-info", c);
	trace(f, " dev=%u flags=0x%x len=%u%s", cmd.dev_id, cmd.flags, cmd.data_len,
	      cmd.data_uptr == 8 ? " bad" : "");
	ret = call(f, c, IOMMU_GET_HW_INFO, &cmd);
	trace(f, " out=%u,%u,0x%llx", cmd.data_len, cmd.out_data_type,
	      cmd.out_capabilities & ~CAP_NO_ATS);
	for (last = sizeof(data); last && data[last - 1] == 0x5a;)
		last--;
	trace(f, " data=");
	for (unsigned int i = 0; i < last; i++)
		trace(f, "%02x", data[i]);
	end(f, ret);
	if (ret)
		return;
	begin(f, "newer", "capabilities", c);
	trace(f, " 0x%llx", cmd.out_capabilities & CAP_NO_ATS);
	end(f, ret);
}

void op_fault(struct fuzz *f)
{
	int c = pick_context(f), ret;
	uint32_t n = rnd(f, FAULTS);
	struct iommu_fault_alloc cmd = { .size = sizeof(cmd), .flags = one_in(f, 12) };

	cmd.out_fault_id = 0x55;
	cmd.out_fault_fd = 0x66;
	if (f->faults[n])
		return;
	ret = call(f, c, IOMMU_FAULT_QUEUE_ALLOC, &cmd);
	begin(f, NULL, "fault", c);
	trace(f, " flags=%u out=%u,%u", cmd.flags, cmd.out_fault_id, cmd.out_fault_fd);
	if (!ret) {
		note_id(f, c, FAULT, cmd.out_fault_id);
		f->faults[n] = cmd.out_fault_fd;
	}
	end(f, ret);
}

/* Read, write, seek, poll or close the file of a fault queue. No device here makes a request. */
void op_fault_io(struct fuzz *f)
{
	uint32_t n = rnd(f, FAULTS), what = rnd(f, 6), size = rnd(f, 3);
	uint32_t count = one_in(f, 3) ? rnd(f, 100) : 0, code = rnd(f, 3);
	struct pollfd p = { .fd = f->faults[n], .events = POLLIN | POLLOUT };
	char buf[256];
	long ret = 0;

	memset(buf, 0, sizeof(buf));
	memcpy(buf + 4, &code, sizeof(code));
	if (!f->faults[n])
		return;
	begin(f, NULL, "fault-io", -1);
	trace(f, " what=%u fd=%d", what, f->faults[n]);
	if (what == 0) {
		count = count ? count : size * sizeof(struct iommu_hwpt_pgfault);
		ret = read(f->faults[n], buf, count);
	} else if (what == 1) {
		count = count ? count : size * sizeof(struct iommu_hwpt_page_response);
		ret = write(f->faults[n], buf, count);
	} else if (what == 2) {
		ret = lseek(f->faults[n], 8, SEEK_SET);
	} else if (what == 3) {
		ret = poll(&p, 1, 0);
		trace(f, " events=0x%x", p.revents);
	} else if (what == 4) {
		ret = ioctl(f->faults[n], IOMMU_DESTROY, buf);
	} else {
		close(f->faults[n]);
		f->faults[n] = 0;
	}
	trace(f, " count=%u code=%u ret=%ld", count, code, ret);
	end(f, ret < 0 ? -errno : 0);
}

/* Bind a device, or bind it again: it must be opened anew, which unbinds it. */
void op_bind(struct fuzz *f)
{
	uint32_t d = rnd(f, DEVICES);
	int c = pick_context(f), ret = 0;
	bool again = one_in(f, 3), only_close = one_in(f, 8), twice = one_in(f, 6);
	struct device *dev = &f->dev[d];

	if (d >= f->devices || dev->group >= 0 || (!again && dev->context >= 0 && !twice))
		return;
	again |= dev->context < 0;
	begin(f, NULL, "bind", c);
	trace(f, " dev=%u", d);
	if (!again && !only_close) {
		/* Fails if it is bound, so leave it. */
		ret = dev->dev.fd < 0 ? -ENODEV : vfio__bind(&dev->dev, f->ctx[c].fd);
	} else {
		close_device(f, d);
		as_root(f, true);
		ret = vfio__open(&dev->dev, dev->bdf);
		as_root(f, false);
		trace(f, " anew=%d", ret);
		if (!ret && !only_close)
			ret = vfio__bind(&dev->dev, f->ctx[c].fd);
		else if (only_close)
			ret = -ENODATA;
	}
	if (!ret) {
		dev->context = c;
		note_id(f, c, DEVICE, dev->dev.id);
		trace(f, " id=%u", dev->dev.id);
	}
	end(f, ret);
}

void op_attach(struct fuzz *f)
{
	uint32_t d = rnd(f, DEVICES), id, any;
	struct device *dev = &f->dev[d];
	int c = dev->context < 0 ? 0 : dev->context, ret;

	id = pick_id(f, c, one_in(f, 3) ? HWPT : IOAS);
	any = pick_any(f, c);
	if (one_in(f, 15))
		id = any;
	if (d >= f->devices || dev->dev.fd < 0)
		return;
	begin(f, NULL, "attach", c);
	trace(f, " dev=%u pt=%u", d, id);
	ret = vfio__attach(&dev->dev, &id);
	trace(f, " out=%u", id);
	end(f, ret);
}

void op_detach(struct fuzz *f)
{
	uint32_t d = rnd(f, DEVICES);
	int ret;

	if (d >= f->devices || f->dev[d].dev.fd < 0)
		return;
	begin(f, NULL, "detach", f->dev[d].context);
	ret = vfio__detach(&f->dev[d].dev);
	trace(f, " dev=%u", d);
	end(f, ret);
}
