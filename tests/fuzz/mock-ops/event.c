// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on fault queues and page requests, and on virtual IOMMUs with their devices, events
 * and hardware queues.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include <linux/iommufd_new.h>
#include "mock-ops.h"

#define FAULT_READ 8
#define VIRT_IDS 4 /* ids of devices in virtual IOMMUs, from 0x90 on */

/* Trace the result of poll() for a queue. */
static void trace_poll(struct fuzz *f, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	poll(&p, 1, 0);
	trace(f, " poll=0x%x", p.revents);
}

void op_fault(struct fuzz *f)
{
	uint32_t n = rnd(f, FAULTS);
	struct iommu_fault_alloc cmd = { .size = sizeof(cmd), .flags = one_in(f, 12) };
	struct fault *q = &f->fault[n];
	int ret;

	if (q->id || q->fd >= 0)
		return;
	ret = iommu__ioctl(f->fd, IOMMU_FAULT_QUEUE_ALLOC, &cmd);
	if (!ret) {
		q->id = cmd.out_fault_id;
		q->fd = cmd.out_fault_fd;
		for (int i = 0; i < COOKIES; i++)
			q->cookies[i].device = -1;
	}
	trace(f, "fault fault%u flags=%u", n, cmd.flags);
	trace_end(f, ret);
}

void op_fault_close(struct fuzz *f)
{
	uint32_t n = rnd(f, FAULTS);

	if (f->fault[n].fd < 0)
		return;
	close(f->fault[n].fd);
	f->fault[n].fd = -1;
	trace(f, "close fault%u\n", n);
}

void op_iopf(struct fuzz *f)
{
	struct pick dev = pick_dev(f);
	uint32_t n = rnd(f, 2 + PASIDS), perm = rnd(f, 8), grpid = rnd(f, 512);
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_TRIGGER_IOPF };

	cmd.trigger_iopf.dev_id = dev.id;
	cmd.trigger_iopf.pasid = n < PASIDS ? fuzz_pasids[n] : 0;
	cmd.trigger_iopf.perm = perm;
	cmd.trigger_iopf.grpid = grpid;
	cmd.trigger_iopf.addr = pick_iova(f);
	trace(f, "iopf %s pasid=%u grpid=%u perm=%u addr=0x%" PRIx64, dev.name,
	      cmd.trigger_iopf.pasid, grpid, perm, (uint64_t)cmd.trigger_iopf.addr);
	trace_end(f, test_cmd(f, &cmd));
}

/*
 * Forget the cookies of a device whose groups may have got a response. Upstream soon reuses such
 * cookies for other groups; our driver does not.
 */
void cookies_gone(struct fuzz *f, int device)
{
	for (int i = 0; i < FAULTS; i++)
		for (int c = 0; c < COOKIES; c++)
			if (f->fault[i].cookies[c].device == device)
				f->fault[i].cookies[c].device = -1;
}

static void note_fault(struct fuzz *f, struct fault *q, const struct iommu_hwpt_pgfault *p)
{
	int device = -1, c;

	for (int i = 0; i < DEVICES; i++)
		if (f->dev[i].dev == p->dev_id)
			device = i;
	for (c = 0; c < COOKIES && q->cookies[c].device >= 0; c++)
		;
	if (c < COOKIES)
		q->cookies[c] = (struct cookie){ p->cookie, device };
	trace(f, " [dev%d flags=%u pasid=%u grpid=%u perm=%u addr=0x%" PRIx64 " length=%u as=%d]",
	      device, p->flags, p->pasid, p->grpid, p->perm, (uint64_t)p->addr, p->length, c);
}

void op_fault_read(struct fuzz *f)
{
	uint32_t n = rnd(f, FAULTS), num = rnd(f, FAULT_READ), kind = rnd(f, 16);
	struct iommu_hwpt_pgfault p[FAULT_READ];
	struct fault *q = &f->fault[n];
	size_t size = num * sizeof(p[0]) + (kind == 0);
	ssize_t got;

	if (q->fd < 0)
		return;
	trace(f, "read fault%u size=%zu kind=%u", n, size, kind);
	trace_poll(f, q->fd);
	got = read(q->fd, kind == 1 ? (void *)8 : p, size);
	for (ssize_t i = 0; i < got / (ssize_t)sizeof(p[0]); i++)
		note_fault(f, q, &p[i]);
	trace(f, " got=%zd", got < 0 ? 0 : got);
	trace_end(f, got < 0 ? -errno : 0);
}

void op_fault_respond(struct fuzz *f)
{
	uint32_t n = rnd(f, FAULTS), kind = rnd(f, 16), num = 1 + one_in(f, 4), from[2];
	struct iommu_hwpt_page_response r[2];
	struct fault *q = &f->fault[n];
	ssize_t done;

	for (int i = 0; i < 2; i++) {
		from[i] = rnd(f, 3);
		r[i].code = one_in(f, 10) ? 2 : rnd(f, 2);
	}
	if (q->fd < 0)
		return;
	/* Prefer a known cookie. The second response may repeat the first, and is stale then. */
	for (int i = 0; i < 2; i++)
		for (int c = 0; c < COOKIES && q->cookies[from[i]].device < 0; c++)
			from[i] = (from[i] + 1) % COOKIES;
	trace(f, "respond fault%u kind=%u", n, kind);
	for (uint32_t i = 0; i < num; i++) {
		bool known = q->cookies[from[i]].device >= 0;

		r[i].cookie = known ? q->cookies[from[i]].cookie : DEAD;
		if (!known)
			trace(f, " stale:%u", r[i].code);
		else
			trace(f, " %u:%u", from[i], r[i].code);
	}
	done = write(q->fd, kind == 1 ? (void *)8 : r, num * sizeof(r[0]) + (kind == 0));
	for (ssize_t i = 0; i < done / (ssize_t)sizeof(r[0]); i++)
		q->cookies[from[i]].device = -1;
	trace(f, " done=%zd", done < 0 ? 0 : done);
	trace_end(f, done < 0 ? -errno : 0);
}

/* Trace the word that the mock shares at its mmap() offset. */
static void trace_mmap(struct fuzz *f, const struct iommu_viommu_selftest *data)
{
	uint32_t *page = mmap(NULL, data->out_mmap_length, PROT_READ | PROT_WRITE, MAP_SHARED,
			      f->fd, data->out_mmap_offset);

	if (page == MAP_FAILED) {
		trace(f, " mmap=%d", errno);
		return;
	}
	trace(f, " mmap=%x", *page);
	munmap(page, data->out_mmap_length);
	page = mmap(NULL, P, PROT_READ, MAP_SHARED, f->fd, data->out_mmap_offset);
	trace(f, " half=%d", page == MAP_FAILED ? errno : 0);
}

void op_viommu(struct fuzz *f)
{
	uint32_t n = rnd(f, VIOMMUS), kind = rnd(f, 20), flags = rnd(f, 3);
	struct pick dev = pick_dev(f), hwpt = pick_hwpt(f);
	struct iommu_viommu_selftest data = { .in_data = rnd(f, 1 << 30) };
	struct iommu_viommu_alloc cmd = {
		.size = sizeof(cmd),
		.flags = kind == 0 ? flags : 0,
		.type = kind == 1 ? 0 :
			kind == 2 ? 7 :
				    IOMMU_VIOMMU_TYPE_SELFTEST,
		.dev_id = dev.id,
		.hwpt_id = hwpt.id,
		.data_len = kind < 8  ? 0 :
			    kind == 8 ? 3 :
			    kind == 9 ? 5 :
					sizeof(data),
		.data_uptr = kind == 10 ? 8 : (uintptr_t)&data,
	};
	int ret;

	if (f->viommu[n])
		return;
	trace(f, "viommu viommu%u %s %s kind=%u flags=%u", n, dev.name, hwpt.name, kind, cmd.flags);
	ret = iommu__ioctl(f->fd, IOMMU_VIOMMU_ALLOC, &cmd);
	if (!ret) {
		f->viommu[n] = cmd.out_viommu_id;
		trace(f, " out=%d length=0x%" PRIx64, data.out_data == data.in_data,
		      (uint64_t)data.out_mmap_length);
		if (data.out_mmap_length)
			trace_mmap(f, &data);
	}
	trace_end(f, ret);
}

/* Make a virtual IOMMU, a virtual device, and an event queue if a slot is free. */
void stack_viommu(struct fuzz *f, uint32_t v, uint32_t dev, uint32_t hwpt)
{
	struct iommu_viommu_alloc cmd = {
		.size = sizeof(cmd),
		.type = IOMMU_VIOMMU_TYPE_SELFTEST,
		.dev_id = dev,
		.hwpt_id = hwpt,
	};
	struct iommu_vdevice_alloc vdev = { .size = sizeof(vdev), .dev_id = dev };
	struct iommu_veventq_alloc veq = {
		.size = sizeof(veq),
		.type = IOMMU_VEVENTQ_TYPE_SELFTEST,
		.veventq_depth = 3,
	};
	int n, ret;

	if (f->viommu[v] && !iommu__destroy(f->fd, f->viommu[v]))
		f->viommu[v] = 0;
	if (!f->viommu[v]) {
		ret = iommu__ioctl(f->fd, IOMMU_VIOMMU_ALLOC, &cmd);
		trace(f, " viommu%u=%d", v, ret);
		f->viommu[v] = ret ? 0 : cmd.out_viommu_id;
	}
	for (n = 0; n < VDEVICES && f->vdev[n]; n++)
		;
	vdev.viommu_id = veq.viommu_id = f->viommu[v];
	vdev.virt_id = 0x90 + n;
	if (n < VDEVICES) {
		ret = iommu__ioctl(f->fd, IOMMU_VDEVICE_ALLOC, &vdev);
		trace(f, " vdev%d=%d", n, ret);
		f->vdev[n] = ret ? 0 : vdev.out_vdevice_id;
	}
	for (n = 0; n < QUEUES && (f->veventq[n].id || f->veventq[n].fd >= 0); n++)
		;
	if (n < QUEUES) {
		ret = iommu__ioctl(f->fd, IOMMU_VEVENTQ_ALLOC, &veq);
		trace(f, " veventq%d=%d", n, ret);
		if (!ret)
			f->veventq[n] = (struct veventq){ veq.out_veventq_id, veq.out_veventq_fd };
	}
}

void op_vdevice(struct fuzz *f)
{
	uint32_t n = rnd(f, VDEVICES), id = rnd(f, VIRT_IDS);
	struct pick viommu = pick_viommu(f), dev = pick_dev(f);
	struct iommu_vdevice_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = viommu.id,
		.dev_id = dev.id,
		.virt_id = 0x90 + id,
	};
	int ret;

	if (f->vdev[n])
		return;
	ret = iommu__ioctl(f->fd, IOMMU_VDEVICE_ALLOC, &cmd);
	trace(f, "vdevice vdev%u %s %s id=%u", n, viommu.name, dev.name, id);
	if (!ret)
		f->vdev[n] = cmd.out_vdevice_id;
	trace_end(f, ret);
}

void op_veventq(struct fuzz *f)
{
	uint32_t n = rnd(f, QUEUES), kind = rnd(f, 20), depth = 1 + rnd(f, 5);
	struct pick viommu = pick_viommu(f);
	struct iommu_veventq_alloc cmd = {
		.size = sizeof(cmd),
		.flags = kind == 0,
		.viommu_id = viommu.id,
		.type = kind == 1 ? 0 :
			kind == 2 ? 1 :
				    IOMMU_VEVENTQ_TYPE_SELFTEST,
		.veventq_depth = kind == 3 ? 0 :
				 kind == 4 ? UINT32_MAX :
					     depth,
		.__reserved = kind == 5,
	};
	struct veventq *q = &f->veventq[n];
	int ret;

	if (q->id || q->fd >= 0)
		return;
	ret = iommu__ioctl(f->fd, IOMMU_VEVENTQ_ALLOC, &cmd);
	trace(f, "veventq veventq%u %s kind=%u depth=%u", n, viommu.name, kind, depth);
	if (!ret)
		*q = (struct veventq){ cmd.out_veventq_id, cmd.out_veventq_fd };
	trace_end(f, ret);
}

void op_veventq_close(struct fuzz *f)
{
	uint32_t n = rnd(f, QUEUES);

	if (f->veventq[n].fd < 0)
		return;
	close(f->veventq[n].fd);
	f->veventq[n].fd = -1;
	trace(f, "close veventq%u\n", n);
}

/* Report several events, so that queues overflow. */
void op_vevent(struct fuzz *f)
{
	struct pick dev = pick_dev(f);
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_TRIGGER_VEVENT,
		.trigger_vevent.dev_id = dev.id,
	};
	uint32_t num = 1 + rnd(f, 4);
	int ret = 0;

	trace(f, "vevent %s", dev.name);
	for (uint32_t i = 0; i < num; i++) {
		ret = test_cmd(f, &cmd);
		trace(f, " %d", ret);
	}
	trace_end(f, ret);
}

void op_vevent_read(struct fuzz *f)
{
	static const unsigned char sizes[] = { 0, 7, 8, 11, 12, 16, 20, 24, 32, 36, 64, 96 };
	uint32_t n = rnd(f, QUEUES), size = sizes[rnd(f, sizeof(sizes))], buf[24], all;
	bool bad = one_in(f, 20);
	ssize_t got;

	if (f->veventq[n].fd < 0)
		return;
	trace(f, "read veventq%u size=%u%s", n, size, bad ? " bad" : "");
	trace_poll(f, f->veventq[n].fd);
	got = read(f->veventq[n].fd, bad ? (void *)8 : buf, size);
	trace(f, " got=%zd", got < 0 ? 0 : got);
	all = got < 0 ? 0 : got / 4;
	/* Upstream's mock keeps the old id of a device that was removed and added again. */
	for (uint32_t i = 0; i < all; i++)
		trace(f, " %x", buf[i] >= 0x90 && buf[i] < 0x90 + VIRT_IDS ? 0x90 : buf[i]);
	trace_end(f, got < 0 ? -errno : 0);
}

void op_hw_queue(struct fuzz *f)
{
	uint32_t n = rnd(f, QUEUES), kind = rnd(f, 20), index = rnd(f, 3);
	struct pick viommu = pick_viommu(f);
	struct recent r = pick_recent(f);
	uint64_t iova = pick_iova(f), part = rnd(f, P);
	struct iommu_hw_queue_alloc cmd = {
		.size = sizeof(cmd),
		.flags = kind == 0,
		.viommu_id = viommu.id,
		.type = kind == 1 ? 0 :
			kind == 2 ? 3 :
				    IOMMU_HW_QUEUE_TYPE_SELFTEST,
		.index = index,
		.nesting_parent_iova = kind < 5 ? iova : r.iova,
		.length = kind == 6 ? 0 :
			  kind == 7 ? UINT64_MAX :
				      P,
	};
	int ret;

	if (f->hwq[n])
		return;
	if (kind > 15)
		cmd.nesting_parent_iova += part;
	/* Stay in one page, because a queue must be physically contiguous. */
	if (cmd.length == P)
		cmd.length -= cmd.nesting_parent_iova % P;
	ret = iommu__ioctl(f->fd, IOMMU_HW_QUEUE_ALLOC, &cmd);
	trace(f, "hw-queue hwq%u %s kind=%u index=%u iova=0x%" PRIx64 " length=0x%" PRIx64, n,
	      viommu.name, kind, index, (uint64_t)cmd.nesting_parent_iova, (uint64_t)cmd.length);
	if (!ret) {
		f->hwq[n] = cmd.out_hw_queue_id;
		f->hwq_index[n] = index;
	}
	trace_end(f, ret);
}

void op_check_cache(struct fuzz *f)
{
	struct pick dev = pick_dev(f);
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_DEV_CHECK_CACHE, .id = dev.id };
	int ret = 0;

	trace(f, "check-cache %s", dev.name);
	for (uint32_t i = 0; i <= MOCK_DEV_CACHE_NUM; i++) {
		cmd.check_dev_cache.id = i;
		cmd.check_dev_cache.cache = IOMMU_TEST_DEV_CACHE_DEFAULT;
		ret = test_cmd(f, &cmd);
		trace(f, " %d", ret);
	}
	trace_end(f, ret);
}
