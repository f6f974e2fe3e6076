// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on in-kernel accesses: pin, unpin, read, write, and move to another IOAS.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include "mock-ops.h"

void op_access(struct fuzz *f)
{
	uint32_t n = rnd(f, ACCESSES), flags = one_in(f, 20) ? 2 : !one_in(f, 4);
	struct pick ioas = pick_ioas(f);
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = ioas.id,
		.create_access.flags = flags,
	};
	struct access *a = &f->access[n];
	int ret;

	if (a->fd >= 0)
		return;
	ret = test_cmd(f, &cmd);
	trace(f, "access access%u %s flags=%u", n, ioas.name, flags);
	if (!ret)
		*a = (struct access){ .fd = cmd.create_access.out_access_fd, .pins = flags & 1 };
	trace_end(f, ret);
}

int pick_access(struct fuzz *f, bool pins)
{
	uint32_t n = rnd(f, ACCESSES);
	bool none = one_in(f, 40);

	for (int i = 0; i < ACCESSES && !none; i++, n = (n + 1) % ACCESSES)
		if (f->access[n].fd >= 0 && (f->access[n].pins || !pins))
			return n;
	return -1;
}

/* Without an access, use the file of the context, which is not an access. */
static uint32_t access_fd(struct fuzz *f, int n)
{
	return n < 0 ? f->fd : f->access[n].fd;
}

void op_access_pin(struct fuzz *f)
{
	uint32_t item = rnd(f, ITEMS), kind = rnd(f, 30);
	int n = pick_access(f, !one_in(f, 20)), ret;
	struct recent r = pick_recent(f);
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_PAGES,
		.id = access_fd(f, n),
		.access_pages = { .iova = r.iova, .length = r.length, .uptr = r.va },
	};
	uint64_t skip = rnd(f, 3) * P, iova = pick_iova(f), length = pick_length(f);

	cmd.access_pages.flags = one_in(f, 3) ? MOCK_FLAGS_ACCESS_WRITE : 0;
	if (skip < r.length) {
		cmd.access_pages.iova += skip;
		cmd.access_pages.length -= skip;
		cmd.access_pages.uptr += skip;
	}
	if (kind < 4)
		cmd.access_pages.iova = iova;
	if (kind == 4 || kind == 5)
		cmd.access_pages.length = length;
	if (kind == 6)
		cmd.access_pages.flags = 2;
	if (one_in(f, 3))
		cmd.access_pages.uptr = 0;
	/* If the range wraps, upstream's mock allocates too small an array and overruns it. */
	if (cmd.access_pages.length + cmd.access_pages.iova < cmd.access_pages.length)
		return;
	trace(f, "pin access%d iova=0x%" PRIx64 " length=0x%" PRIx64 " va=0x%" PRIx64 " flags=%u",
	      n, (uint64_t)cmd.access_pages.iova, (uint64_t)cmd.access_pages.length,
	      (uint64_t)cmd.access_pages.uptr, cmd.access_pages.flags);
	ret = test_cmd(f, &cmd);
	if (!ret) {
		trace(f, " item=%u", cmd.access_pages.out_access_pages_id);
		f->access[n].items[item] = cmd.access_pages.out_access_pages_id + 1;
	}
	trace_end(f, ret);
}

void op_access_unpin(struct fuzz *f)
{
	uint32_t item = rnd(f, ITEMS);
	int n = pick_access(f, true);
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_DESTROY_ACCESS_PAGES,
		.id = access_fd(f, n),
	};

	if (n >= 0)
		cmd.destroy_access_pages.access_pages_id = f->access[n].items[item] - 1;
	trace(f, "unpin access%d item=%u", n, cmd.destroy_access_pages.access_pages_id);
	trace_end(f, test_cmd(f, &cmd));
}

void op_access_rw(struct fuzz *f)
{
	static char buf[64 * P];
	int n = pick_access(f, false), ret;
	struct recent r = pick_recent(f);
	uint64_t skip = rnd(f, 2 * P), length = 1 + rnd(f, 3 * P), iova = pick_iova(f), sum = 0;
	uint32_t kind = rnd(f, 30), byte = rnd(f, 256);
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_ACCESS_RW, .id = access_fd(f, n) };

	memset(buf, byte, sizeof(buf));
	cmd.access_rw.iova = kind < 4 ? iova : r.iova + (skip < r.length ? skip : 0);
	cmd.access_rw.length = kind == 4 ? 0 : kind == 5 ? 17 << 20 : kind == 6 ? 50 * P : length;
	cmd.access_rw.uptr = kind == 7 ? 8 : (uintptr_t)buf;
	cmd.access_rw.flags = rnd(f, 2);
	/* Upstream needs write access to read more than a page in this way, so only write. */
	if (one_in(f, 4) && cmd.access_rw.flags)
		cmd.access_rw.flags |= MOCK_ACCESS_RW_SLOW_PATH;
	if (kind == 8)
		cmd.access_rw.flags = 2;
	trace(f, "rw access%d iova=0x%" PRIx64 " length=0x%" PRIx64 " flags=%u byte=%u", n,
	      (uint64_t)cmd.access_rw.iova, (uint64_t)cmd.access_rw.length, cmd.access_rw.flags,
	      byte);
	ret = test_cmd(f, &cmd);
	for (size_t i = 0; i < sizeof(buf); i += 61)
		sum = sum * 31 + (unsigned char)buf[i];
	trace(f, " sum=%" PRIx64, sum);
	trace_end(f, ret);
}

void op_access_replace(struct fuzz *f)
{
	int n = pick_access(f, false);
	struct pick ioas = pick_ioas(f);
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_REPLACE_IOAS,
		.id = access_fd(f, n),
		.access_replace_ioas.ioas_id = ioas.id,
	};

	trace(f, "replace access%d %s", n, ioas.name);
	trace_end(f, test_cmd(f, &cmd));
}

void op_access_close(struct fuzz *f)
{
	int n = pick_access(f, false);

	if (n < 0)
		return;
	close(f->access[n].fd);
	f->access[n].fd = -1;
	trace(f, "close access%d", n);
	trace_end(f, 0);
}
