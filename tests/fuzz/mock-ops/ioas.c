// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on address spaces: map memory, memfds and dma-bufs, copy, unmap, ranges, options,
 * checks of page tables and of pin counts; and destroy any object.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include <linux/iommufd_new.h>
#include "mock-ops.h"

void op_ioas_alloc(struct fuzz *f)
{
	uint32_t n = rnd(f, IOASES), id = 0;
	int ret;

	if (f->ioas[n])
		return;
	ret = ioas__alloc(f->fd, &id);
	f->ioas[n] = ret ? 0 : id;
	trace(f, "alloc ioas%u", n);
	trace_end(f, ret);
}

static uint32_t pick_flags(struct fuzz *f)
{
	uint32_t prot = 1 + rnd(f, 3), any = rnd(f, 32), kind = rnd(f, 60);
	uint32_t flags = IOAS_RW | (one_in(f, 3) ? 0 : IOAS_FIXED);

	if (kind < 15)
		flags = (flags & IOAS_FIXED) | prot << 1;
	return kind == 15 ? any : flags;
}

void op_map(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	struct iommu_ioas_map cmd = { .size = sizeof(cmd), .ioas_id = p.id };
	int ret;

	cmd.flags = pick_flags(f);
	cmd.iova = pick_iova(f);
	cmd.length = pick_length(f);
	cmd.user_va = pick_va(f);
	cmd.__reserved = one_in(f, 100);
	/* The drivers choose different IOVAs for an unaligned user address without a device. */
	if (cmd.user_va % P)
		cmd.flags |= IOAS_FIXED;
	trace(f, "map %s flags=0x%x va=0x%" PRIx64 " length=0x%" PRIx64 " iova=0x%" PRIx64, p.name,
	      cmd.flags, (uint64_t)cmd.user_va, (uint64_t)cmd.length, (uint64_t)cmd.iova);
	ret = map_result(iommu__ioctl(f->fd, IOMMU_IOAS_MAP, &cmd), cmd.user_va, cmd.length);
	if (!ret) {
		trace(f, " at=0x%" PRIx64, (uint64_t)cmd.iova);
		note_recent(f, p.slot, cmd.iova, cmd.user_va, cmd.length);
	}
	trace_end(f, ret);
}

void op_map_file(struct fuzz *f)
{
	/* Upstream accepts any file if there is no page table, and leaks the context's own. */
	static const char *const kinds[] = { "memfd", "dmabuf", "none" };
	struct pick p = pick_ioas(f);
	struct iommu_ioas_map_file cmd = { .size = sizeof(cmd), .ioas_id = p.id };
	uint32_t k = rnd(f, 20), buf = rnd(f, DMABUFS), kind;
	uint64_t iova = pick_iova(f), length = pick_length(f);
	int ret;

	kind = k < 12 ? 0 : k < 19 ? 1 : 2;
	cmd.fd = kind == 0 ? f->memfd : kind == 1 ? f->dmabuf[buf] : -1;
	cmd.flags = pick_flags(f);
	cmd.iova = iova;
	cmd.start = (uint64_t)rnd(f, kind == 1 ? 4 : FILE_PAGES + 2) * P;
	cmd.length = length;
	if (one_in(f, 20)) {
		cmd.start += P / 2;
		cmd.flags |= IOAS_FIXED;
	}
	trace(f,
	      "map-file %s flags=0x%x fd=%s start=0x%" PRIx64 " length=0x%" PRIx64
	      " iova=0x%" PRIx64,
	      p.name, cmd.flags, kinds[kind], (uint64_t)cmd.start, (uint64_t)cmd.length,
	      (uint64_t)cmd.iova);
	ret = iommu__ioctl(f->fd, IOMMU_IOAS_MAP_FILE, &cmd);
	if (!ret)
		trace(f, " at=0x%" PRIx64, (uint64_t)cmd.iova);
	if (!ret && kind == 0)
		note_recent(f, p.slot, cmd.iova, FILE_AT + cmd.start, cmd.length);
	trace_end(f, ret);
}

void op_unmap(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	uint64_t iova = pick_iova(f), length = pick_length(f), large = (1 + rnd(f, 60)) * P;
	struct recent r = pick_recent(f);
	uint32_t kind = rnd(f, 40);
	int ret;

	if (kind < 15) {
		p = pick_ioas_with(f, &r, p);
		iova = r.iova;
		length = r.length;
	} else if (kind < 25) {
		length = large;
	} else if (kind == 25) {
		iova = 0;
		length = UINT64_MAX;
	}
	trace(f, "unmap %s iova=0x%" PRIx64 " length=0x%" PRIx64, p.name, iova, length);
	ret = ioas__unmap(f->fd, p.id, iova, &length);
	if (!ret)
		trace(f, " unmapped=0x%" PRIx64, length);
	trace_end(f, ret);
}

void op_copy(struct fuzz *f)
{
	struct pick dst = pick_ioas(f), src = pick_ioas(f);
	struct iommu_ioas_copy cmd = { .size = sizeof(cmd),
				       .dst_ioas_id = dst.id,
				       .src_ioas_id = src.id };
	struct recent r = pick_recent(f);
	bool recent = !one_in(f, 3);
	int ret;

	cmd.flags = pick_flags(f);
	cmd.length = pick_length(f);
	cmd.src_iova = pick_iova(f);
	cmd.dst_iova = pick_iova(f);
	if (recent) {
		src = pick_ioas_with(f, &r, src);
		cmd.src_ioas_id = src.id;
		cmd.src_iova = r.iova;
		cmd.length = r.length;
	}
	/* As in op_map(): the source may be unaligned. */
	if ((cmd.src_iova | cmd.length | r.va) % P)
		cmd.flags |= IOAS_FIXED;
	trace(f,
	      "copy %s src=%s flags=0x%x length=0x%" PRIx64 " src_iova=0x%" PRIx64
	      " iova=0x%" PRIx64,
	      dst.name, src.name, cmd.flags, (uint64_t)cmd.length, (uint64_t)cmd.src_iova,
	      (uint64_t)cmd.dst_iova);
	ret = iommu__ioctl(f->fd, IOMMU_IOAS_COPY, &cmd);
	if (!ret)
		trace(f, " at=0x%" PRIx64, (uint64_t)cmd.dst_iova);
	if (!ret && recent)
		note_recent(f, dst.slot, cmd.dst_iova, r.va, r.length);
	trace_end(f, ret);
}

void op_allow(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	uint32_t num = one_in(f, 3) ? rnd(f, 4) : 0;
	struct iommu_iova_range r[4];
	int ret;

	trace(f, "allow %s", p.name);
	for (uint32_t i = 0; i < num; i++) {
		r[i].start = MOCK_APERTURE_START + (rnd(f, 16) + i * 40) * P;
		r[i].last = r[i].start + (1 + rnd(f, 48)) * P - 1;
		if (one_in(f, 10))
			r[i].last = pick_iova(f);
		trace(f, " 0x%" PRIx64 "-0x%" PRIx64, (uint64_t)r[i].start, (uint64_t)r[i].last);
	}
	ret = ioas__allow(f->fd, p.id, r, num);
	trace_end(f, ret);
}

void op_ranges(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	uint32_t room = rnd(f, 5), num = room;
	struct iommu_iova_range r[8];
	uint64_t align = 0;
	int ret = ioas__ranges(f->fd, p.id, r, &num, &align);

	trace(f, "ranges %s room=%u", p.name, room);
	if (!ret || ret == -EMSGSIZE)
		trace(f, " num=%u align=%" PRIu64, num, align);
	for (uint32_t i = 0; (!ret || ret == -EMSGSIZE) && i < room && i < num; i++)
		trace(f, " 0x%" PRIx64 "-0x%" PRIx64, (uint64_t)r[i].start, (uint64_t)r[i].last);
	trace_end(f, ret);
}

void op_option(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	struct iommu_option cmd = { .size = sizeof(cmd), .object_id = p.id };
	bool zero = one_in(f, 2);
	int ret;

	cmd.option_id = one_in(f, 10) ? rnd(f, 4) : IOMMU_OPTION_HUGE_PAGES;
	cmd.op = one_in(f, 15) ? rnd(f, 5) : rnd(f, 2);
	cmd.val64 = one_in(f, 10) ? rnd(f, 4) : rnd(f, 2);
	cmd.__reserved = one_in(f, 50);
	if (cmd.option_id == IOMMU_OPTION_RLIMIT_MODE && zero)
		cmd.object_id = 0;
	trace(f, "option %s option=%u op=%u val=%" PRIu64 "%s", cmd.object_id ? p.name : "0",
	      cmd.option_id, cmd.op, (uint64_t)cmd.val64, cmd.__reserved ? " reserved" : "");
	ret = iommu__ioctl(f->fd, IOMMU_OPTION, &cmd);
	if (!ret)
		trace(f, " val=%" PRIu64, (uint64_t)cmd.val64);
	trace_end(f, ret);
}

/* Disable large leaves, so that dirty bits do not depend on physical addresses. */
void op_small_pages(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	uint64_t val = 0;

	trace(f, "small-pages %s", p.name);
	trace_end(f,
		  iommu__option(f->fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, p.id, &val));
}

void op_reserve(struct fuzz *f)
{
	struct pick p = pick_ioas(f);
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_ADD_RESERVED, .id = p.id };

	/* Mostly above the mappings, because a reservation is never removed. */
	cmd.add_reserved.start = pick_iova(f);
	if (!one_in(f, 4))
		cmd.add_reserved.start += 0x1000000;
	cmd.add_reserved.length = pick_length(f);
	trace(f, "reserve %s start=0x%" PRIx64 " length=0x%" PRIx64, p.name,
	      (uint64_t)cmd.add_reserved.start, (uint64_t)cmd.add_reserved.length);
	trace_end(f, test_cmd(f, &cmd));
}

void op_change_process(struct fuzz *f)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd), .__reserved = one_in(f, 9) };

	trace(f, "change-process reserved=%u", cmd.__reserved);
	trace_end(f, iommu__ioctl(f->fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd));
}

/* Check that a page table has the mappings of its IOAS. */
void op_check_map(struct fuzz *f)
{
	struct pick p = pick_pt(f);
	struct recent r = pick_recent(f);
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MD_CHECK_MAP,
		.check_map = { .iova = r.iova, .length = r.length, .uptr = r.va },
	};
	uint64_t shift = rnd(f, 3) * P;

	if (!one_in(f, 4))
		p = pick_hwpt_with(f, &r, p);
	cmd.id = p.id;
	if (one_in(f, 4))
		cmd.check_map.iova += shift;
	/* Limit the time, because the mock checks page by page. */
	if (cmd.check_map.length > MEM_ALL * P)
		cmd.check_map.length = P;
	trace(f, "check-map %s iova=0x%" PRIx64 " length=0x%" PRIx64 " va=0x%" PRIx64, p.name,
	      (uint64_t)cmd.check_map.iova, (uint64_t)cmd.check_map.length, r.va);
	trace_end(f, test_cmd(f, &cmd));
}

/* Find out how often a page is pinned. */
void op_check_refs(struct fuzz *f)
{
	struct recent r = pick_recent(f);
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MD_CHECK_REFS,
		.check_refs = { .length = P, .uptr = r.va / P * P + rnd(f, 3) * P },
	};
	unsigned int n;
	int ret = -EIO;

	for (n = 0; n < 12 && ret == -EIO; n++) {
		cmd.check_refs.refs = n;
		ret = test_cmd(f, &cmd);
	}
	trace(f, "check-refs va=0x%" PRIx64 " refs=%u", (uint64_t)cmd.check_refs.uptr, n - 1);
	trace_end(f, ret);
}

/* Create, close, revoke or allow a dma-buf. */
void op_dmabuf(struct fuzz *f)
{
	uint32_t n = rnd(f, DMABUFS), what = rnd(f, 6), pages = 1 + rnd(f, 8);
	struct iommu_test_cmd cmd = { .size = sizeof(cmd), .op = IOMMU_TEST_OP_DMABUF_GET };
	int ret, fd;

	if (f->dmabuf[n] < 0) {
		cmd.dmabuf_get.length = what ? pages * P - what : 0;
		cmd.dmabuf_get.open_flags = O_CLOEXEC;
		/* Linux 7.3 returns 0 instead of the descriptor, so predict it. */
		fd = next_fd();
		ret = ioctl(f->fd, IOMMU_TEST_CMD, &cmd) < 0 ? -errno : 0;
		f->dmabuf[n] = ret ? -1 : fd;
		trace(f, "dmabuf %u length=%u", n, cmd.dmabuf_get.length);
	} else if (what == 0) {
		close(f->dmabuf[n]);
		f->dmabuf[n] = -1;
		trace(f, "dmabuf %u close", n);
		ret = 0;
	} else {
		cmd.op = IOMMU_TEST_OP_DMABUF_REVOKE;
		cmd.dmabuf_revoke.dmabuf_fd = what == 1 ? f->memfd : f->dmabuf[n];
		cmd.dmabuf_revoke.revoked = what < 4;
		ret = iommu__ioctl(f->fd, IOMMU_TEST_CMD, &cmd);
		trace(f, "dmabuf %u %s%s", n, what < 4 ? "revoke" : "allow",
		      what == 1 ? " memfd" : "");
	}
	trace_end(f, ret);
}

static void forget(uint32_t *ids, size_t num, uint32_t id)
{
	for (size_t i = 0; i < num; i++)
		if (ids[i] == id)
			ids[i] = 0;
}

void op_destroy(struct fuzz *f)
{
	struct pick p = pick_any(f);
	int ret;

	/* Upstream's mock loses the index of a queue and would free the first one instead. */
	if (!strncmp(p.name, "hwq", 3) && f->hwq_index[p.slot])
		return;
	ret = iommu__destroy(f->fd, p.id);
	/* ENOENT: the tombstone of a virtual device whose device is gone; its id is not reused. */
	if (!ret || ret == -ENOENT) {
		forget(f->ioas, IOASES, p.id);
		forget(f->viommu, VIOMMUS, p.id);
		forget(f->vdev, VDEVICES, p.id);
		forget(f->hwq, QUEUES, p.id);
		for (int i = 0; i < HWPTS; i++)
			if (f->hwpt[i].id == p.id)
				f->hwpt[i].id = 0;
		for (int i = 0; i < FAULTS; i++)
			if (f->fault[i].id == p.id)
				f->fault[i].id = 0;
		for (int i = 0; i < QUEUES; i++)
			if (f->veventq[i].id == p.id)
				f->veventq[i].id = 0;
	}
	trace(f, "destroy %s", p.name);
	trace_end(f, ret);
}
