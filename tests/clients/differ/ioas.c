// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces: map, unmap, copy, ranges and options.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include "differ.h"

static struct iommu_ioas_map pick_map(struct fuzz *f, int context)
{
	struct iommu_ioas_map cmd = { .size = sizeof(cmd) };

	cmd.ioas_id = pick_id(f, context, IOAS);
	cmd.flags = pick_flags(f);
	cmd.iova = pick_iova(f);
	cmd.length = pick_length(f);
	cmd.user_va = pick_va(f);
	return cmd;
}

void op_map(struct fuzz *f)
{
	int c = pick_context(f), ret;
	struct iommu_ioas_map cmd = pick_map(f, c);

	cmd.__reserved = one_in(f, 100);
	begin(f, NULL, "map", c);
	trace(f, " ioas=%u flags=0x%x va=0x%llx length=0x%llx iova=0x%llx%s", cmd.ioas_id,
	      cmd.flags, cmd.user_va, cmd.length, cmd.iova, cmd.__reserved ? " reserved" : "");
	ret = call(f, c, IOMMU_IOAS_MAP, &cmd);
	trace(f, " at=0x%llx", cmd.iova);
	if (!ret)
		note_recent(f, c, cmd.ioas_id, cmd.iova, cmd.length, cmd.user_va);
	end(f, ret);
}

/* Map in a child that exits, so that its memory can no longer be pinned. */
void op_child(struct fuzz *f)
{
	int c = pick_context(f), ret, status = 0;
	struct iommu_ioas_map cmd = pick_map(f, c);
	pid_t pid;

	begin(f, NULL, "child-map", c);
	trace(f, " ioas=%u flags=0x%x va=0x%llx length=0x%llx iova=0x%llx", cmd.ioas_id, cmd.flags,
	      cmd.user_va, cmd.length, cmd.iova);
	pid = fork();
	if (!pid)
		_exit(-call(f, c, IOMMU_IOAS_MAP, &cmd));
	waitpid(pid, &status, 0);
	ret = WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
	end(f, ret);
}

void op_unmap(struct fuzz *f)
{
	int c = pick_context(f), ret;
	struct recent r = pick_recent(f);
	uint32_t kind = rnd(f, 10), pages = rnd(f, 60), skip = rnd(f, 4), all = rnd(f, 40);
	struct iommu_ioas_unmap cmd = { .size = sizeof(cmd) };

	cmd.ioas_id = pick_id(f, c, IOAS);
	cmd.iova = pick_iova(f);
	cmd.length = pick_length(f);
	if (kind < 3) {
		cmd.length = (1 + pages) * P;
	} else if (kind < 7 && r.length) {
		c = r.context;
		cmd.ioas_id = r.ioas;
		cmd.iova = r.iova;
		cmd.length = r.length;
		if (kind == 3)
			cmd.iova += skip * P;
		if (kind == 4)
			cmd.length += skip * P;
		if (kind == 5)
			cmd.length -= skip;
	}
	if (!all) {
		cmd.iova = 0;
		cmd.length = UINT64_MAX;
	} else if (all == 1) {
		cmd.length = UINT64_MAX - cmd.iova + skip;
	}
	begin(f, NULL, "unmap", c);
	trace(f, " ioas=%u iova=0x%llx length=0x%llx", cmd.ioas_id, cmd.iova, cmd.length);
	pages = cmd.length == UINT64_MAX;
	ret = call(f, c, IOMMU_IOAS_UNMAP, &cmd);
	if (!ret)
		forget_recent(f, c, cmd.ioas_id, cmd.iova, pages ? UINT64_MAX : cmd.length);
	trace(f, " unmapped=0x%llx", cmd.length);
	end(f, ret);
}

void op_copy(struct fuzz *f)
{
	int c = pick_context(f), ret;
	struct recent r = pick_recent(f);
	uint32_t kind = rnd(f, 8), skip = rnd(f, 4), less = rnd(f, 4);
	struct iommu_ioas_copy cmd = { .size = sizeof(cmd) };

	cmd.flags = pick_flags(f);
	cmd.dst_ioas_id = pick_id(f, c, IOAS);
	cmd.src_ioas_id = pick_id(f, c, IOAS);
	cmd.length = pick_length(f);
	cmd.src_iova = pick_iova(f);
	cmd.dst_iova = pick_iova(f);
	if (kind < 6 && r.length) {
		c = r.context;
		cmd.src_ioas_id = r.ioas;
		cmd.src_iova = r.iova;
		cmd.length = r.length;
		if (kind < 3) {
			cmd.src_iova += skip * P;
			cmd.length -= (skip + less) * P;
		} else if (kind == 3) {
			cmd.src_iova += skip;
			cmd.length -= skip + less;
		}
	}
	begin(f, NULL, "copy", c);
	trace(f, " ioas=%u src=%u flags=0x%x length=0x%llx src_iova=0x%llx iova=0x%llx",
	      cmd.dst_ioas_id, cmd.src_ioas_id, cmd.flags, cmd.length, cmd.src_iova, cmd.dst_iova);
	ret = call(f, c, IOMMU_IOAS_COPY, &cmd);
	trace(f, " at=0x%llx", cmd.dst_iova);
	if (!ret)
		note_recent(f, c, cmd.dst_ioas_id, cmd.dst_iova, cmd.length, 0);
	end(f, ret);
}

void op_allow(struct fuzz *f)
{
	int c = pick_context(f), ret;
	struct iommu_iova_range r[5];
	struct iommu_ioas_allow_iovas cmd = { .size = sizeof(cmd) };
	uint32_t num = one_in(f, 2) ? 0 : rnd(f, COUNT(r) + 1);
	bool bad = one_in(f, 25), touch = one_in(f, 4);

	cmd.ioas_id = pick_id(f, c, IOAS);
	cmd.num_iovas = num;
	cmd.__reserved = one_in(f, 40);
	cmd.allowed_iovas = bad ? 8 : (uintptr_t)r;
	begin(f, NULL, "allow", c);
	trace(f, " ioas=%u%s%s", cmd.ioas_id, bad ? " bad" : "", cmd.__reserved ? " reserved" : "");
	for (uint32_t i = 0; i < num; i++) {
		uint64_t page = rnd(f, 48) + i * 48, more = 1 + rnd(f, 48), odd = odd_number(f);
		uint64_t iova = pick_iova(f);

		r[i].start = one_in(f, 3) ? iova : page * P;
		if (touch && i)
			r[i].start = r[i - 1].last + 1;
		r[i].last = r[i].start + more * P - 1;
		if (one_in(f, 12))
			r[i].last = odd;
		trace(f, " 0x%llx-0x%llx", r[i].start, r[i].last);
	}
	ret = call(f, c, IOMMU_IOAS_ALLOW_IOVAS, &cmd);
	end(f, ret);
}

void op_ranges(struct fuzz *f)
{
	int c = pick_context(f), ret;
	struct iommu_iova_range r[10];
	uint32_t room = rnd(f, COUNT(r));
	bool bad = one_in(f, 25);
	struct iommu_ioas_iova_ranges cmd = { .size = sizeof(cmd) };

	memset(r, 0x5a, sizeof(r));
	cmd.ioas_id = pick_id(f, c, IOAS);
	cmd.num_iovas = room;
	cmd.__reserved = one_in(f, 40);
	cmd.allowed_iovas = bad ? 8 : (uintptr_t)r;
	cmd.out_iova_alignment = 0x55;
	begin(f, NULL, "ranges", c);
	trace(f, " ioas=%u room=%u%s%s", cmd.ioas_id, room, bad ? " bad" : "",
	      cmd.__reserved ? " reserved" : "");
	ret = call(f, c, IOMMU_IOAS_IOVA_RANGES, &cmd);
	trace(f, " num=%u align=%llu", cmd.num_iovas, cmd.out_iova_alignment);
	for (uint32_t i = 0; i < COUNT(r); i++)
		if (r[i].start != 0x5a5a5a5a5a5a5a5aull || r[i].last != 0x5a5a5a5a5a5a5a5aull)
			trace(f, " %u:0x%llx-0x%llx", i, r[i].start, r[i].last);
	end(f, ret);
}

void op_option(struct fuzz *f)
{
	int c = pick_context(f), ret;
	struct iommu_option cmd = { .size = sizeof(cmd) };
	uint64_t odd = odd_number(f);

	cmd.object_id = pick_id(f, c, IOAS);
	cmd.option_id = one_in(f, 8) ? rnd(f, 4) : IOMMU_OPTION_HUGE_PAGES;
	cmd.op = one_in(f, 15) ? rnd(f, 5) : rnd(f, 2);
	cmd.val64 = rnd(f, 2);
	if (one_in(f, 10))
		cmd.val64 = odd;
	cmd.__reserved = one_in(f, 50);
	if (cmd.option_id == IOMMU_OPTION_RLIMIT_MODE && !one_in(f, 3))
		cmd.object_id = 0;
	begin(f, NULL, "option", c);
	trace(f, " id=%u option=%u op=%u val=0x%llx%s", cmd.object_id, cmd.option_id, cmd.op,
	      cmd.val64, cmd.__reserved ? " reserved" : "");
	ret = call(f, c, IOMMU_OPTION, &cmd);
	trace(f, " val=%llu", cmd.val64);
	end(f, ret);
}
