// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls with a wrong size, number or address of their struct.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../../lib/iommu.h"
#include "differ.h"

/* Numbers since 6.13, and those of our extensions */
#define NEWER_FIRST 0x8f
#define NEWER_LAST 0x95
#define EXTENSIONS 0xe0

/* Members are 32-bit words here: which of them is an object, and of what kind? */
static const struct command {
	const char *name;
	unsigned long nr;
	unsigned int size, id_at;
	enum kind kind;
	/* clang-format off */
} commands[] = {
	{ "destroy", IOMMU_DESTROY, 8, 1, IOAS },
	{ "alloc", IOMMU_IOAS_ALLOC, 12, 0, KINDS },
	{ "ranges", IOMMU_IOAS_IOVA_RANGES, 32, 1, IOAS },
	{ "allow", IOMMU_IOAS_ALLOW_IOVAS, 24, 1, IOAS },
	{ "map", IOMMU_IOAS_MAP, 40, 2, IOAS },
	{ "copy", IOMMU_IOAS_COPY, 40, 2, IOAS },
	{ "unmap", IOMMU_IOAS_UNMAP, 24, 1, IOAS },
	{ "option", IOMMU_OPTION, 24, 3, IOAS },
	{ "vfio-ioas", IOMMU_VFIO_IOAS, 12, 1, IOAS },
	{ "hwpt", IOMMU_HWPT_ALLOC, 48, 2, DEVICE },
	{ "hw-info", IOMMU_GET_HW_INFO, 40, 2, DEVICE },
	{ "set-dirty", IOMMU_HWPT_SET_DIRTY_TRACKING, 16, 2, HWPT },
	{ "get-dirty", IOMMU_HWPT_GET_DIRTY_BITMAP, 48, 1, HWPT },
	{ "invalidate", IOMMU_HWPT_INVALIDATE, 32, 1, HWPT },
	{ "fault", IOMMU_FAULT_QUEUE_ALLOC, 16, 0, KINDS },
};

/* clang-format on */

/* Fill in a call that may succeed. */
static void fill(struct fuzz *f, int c, const struct command *cmd, uint32_t *arg)
{
	uint32_t id = pick_id(f, c, cmd->kind == KINDS ? IOAS : cmd->kind);
	uint32_t other = pick_id(f, c, IOAS), page = rnd(f, 64);
	struct iommu_ioas_map *map = (void *)arg;
	struct iommu_ioas_copy *copy = (void *)arg;
	struct iommu_ioas_unmap *unmap = (void *)arg;
	struct iommu_option *option = (void *)arg;
	struct recent r = pick_recent(f);

	arg[0] = cmd->size;
	if (cmd->id_at)
		arg[cmd->id_at] = id;
	if (cmd->nr == IOMMU_IOAS_MAP) {
		map->flags = IOAS_RW | IOAS_FIXED;
		map->user_va = MEM_AT + page * P;
		map->iova = page * P;
		map->length = P;
	} else if (cmd->nr == IOMMU_IOAS_COPY) {
		copy->flags = IOAS_R;
		copy->src_ioas_id = other;
		copy->src_iova = page * P;
		copy->length = P;
	} else if (cmd->nr == IOMMU_IOAS_UNMAP) {
		unmap->iova = r.iova;
		unmap->length = r.length;
	} else if (cmd->nr == IOMMU_OPTION) {
		option->option_id = IOMMU_OPTION_HUGE_PAGES;
		option->op = page & 1;
		option->val64 = page >> 1 & 1;
	} else if (cmd->nr == IOMMU_HWPT_ALLOC) {
		((struct iommu_hwpt_alloc *)arg)->pt_id = other;
	}
}

/* After a call that succeeded: remember what it made or took away. */
static void note(struct fuzz *f, int c, const struct command *cmd, const uint32_t *arg)
{
	if (cmd->nr == IOMMU_DESTROY)
		forget_id(f, c, arg[1]);
	else if (cmd->nr == IOMMU_IOAS_ALLOC)
		note_id(f, c, IOAS, arg[2]);
	else if (cmd->nr == IOMMU_HWPT_ALLOC)
		note_id(f, c, HWPT, ((const struct iommu_hwpt_alloc *)arg)->out_hwpt_id);
	else if (cmd->nr == IOMMU_FAULT_QUEUE_ALLOC)
		note_id(f, c, FAULT, arg[2]);
}

static void trace_words(struct fuzz *f, const uint32_t *arg, unsigned int words)
{
	while (words && !arg[words - 1])
		words--;
	for (unsigned int i = 0; i < words; i++)
		trace(f, " %x", arg[i]);
}

/* Shorter or longer than the driver's struct, with zeroes or something else behind it. */
void op_size(struct fuzz *f)
{
	static uint32_t arg[3 * P / 4];
	const struct command *cmd = &commands[rnd(f, COUNT(commands))];
	int c = pick_context(f), ret;
	uint32_t kind = rnd(f, 6), some = rnd(f, 2 * cmd->size), far = rnd(f, sizeof(arg));
	bool tail = one_in(f, 3);

	memset(arg, 0, sizeof(arg));
	fill(f, c, cmd, arg);
	if (kind < 3)
		arg[0] = some;
	else if (kind == 3)
		arg[0] = far;
	else if (kind == 4)
		arg[0] = one_in(f, 2) ? UINT32_MAX : odd_number(f);
	if (tail && arg[0] > cmd->size && arg[0] < sizeof(arg))
		((char *)arg)[arg[0] - 1] = 1;
	begin(f, NULL, "size", c);
	trace(f, " %s", cmd->name);
	trace_words(f, arg, 16);
	trace(f, tail ? " tail" : "");
	ret = call(f, c, cmd->nr, arg);
	if (cmd->nr == IOMMU_GET_HW_INFO)
		((struct iommu_hw_info *)arg)->out_capabilities &= ~CAP_NO_ATS;
	trace(f, " out");
	trace_words(f, arg, 16);
	if (!ret)
		note(f, c, cmd, arg);
	end(f, ret);
}

/* Any number, with a struct or without. */
void op_number(struct fuzz *f)
{
	static const uint64_t pointers[] = { 0, 8, MEM_AT + (MEM_ALL - 1) * P, 1ull << 63 };
	uint32_t arg[64];
	int c = pick_context(f), ret;
	uint32_t size = rnd(f, sizeof(arg)), kind = rnd(f, 4), bad = rnd(f, COUNT(pointers));
	uint32_t nr = rnd(f, 256), bits = rnd(f, 1 << 16);
	/* Of iommufd and of VFIO, most of them without direction and size. */
	unsigned long cmd = (kind ? ';' << 8 : bits << 8) | nr;
	bool pointer = one_in(f, 4);
	const char *mark = NULL;

	memset(arg, 0, sizeof(arg));
	arg[0] = size;
	if (kind == 1)
		cmd |= bits << 16;
	if ((nr >= NEWER_FIRST && nr <= NEWER_LAST) || nr >= EXTENSIONS)
		mark = "newer";
	/* It must not make an object. */
	if (mark)
		arg[0] = 0;
	begin(f, mark, "number", c);
	trace(f, " cmd=0x%lx size=%u%s", cmd, size, pointer ? " bad" : "");
	/* VFIO's calls on a struct of any content have an operation of their own. */
	if ((cmd & ~0xfful) == ';' << 8 && nr >= 0x65 && nr <= 0x72)
		ret = 0;
	else
		ret = call(f, c, cmd, pointer ? (void *)pointers[bad] : arg);
	end(f, ret);
}

/* The struct lies in memory that cannot be read or written, or a part of it does. */
void op_pointer(struct fuzz *f)
{
	const struct command *cmd = &commands[rnd(f, COUNT(commands))];
	char *page = (char *)STRUCT_AT, *at;
	uint32_t arg[64], copy[64], kind = rnd(f, 5), less = 4 * rnd(f, 12);
	struct iommu_ioas_unmap undo = { .size = sizeof(undo), .length = UINT64_MAX };
	int c = pick_context(f), ret;
	bool maps = cmd->nr == IOMMU_IOAS_MAP || cmd->nr == IOMMU_IOAS_COPY;
	const char *mark = NULL;

	memset(arg, 0, sizeof(arg));
	fill(f, c, cmd, arg);
	/*
	 * Read-only; writable, then read-only; read-only, then absent; read-only, then writable;
	 * not memory.
	 */
	at = page + P + (kind == 1 || kind == 3 ? -(int)less : kind == 2 ? (int)P - (int)less : 0);
	if (kind < 4) {
		mprotect(page, 2 * P, PROT_READ | PROT_WRITE);
		for (uint32_t i = 0; i < cmd->size && at + i < page + 2 * P; i++)
			at[i] = ((char *)arg)[i];
		mprotect(kind == 3 ? page : page + P, P, PROT_READ);
	}
	if (kind == 4)
		at = (char *)odd_number(f);
	/* A wild address may be one of the process. */
	if (kind == 4 && (uint64_t)at > 1ull << 20 && (uint64_t)at < 1ull << 47)
		at = NULL;
	if (maps && kind < 4)
		mark = "unwritable";
	begin(f, mark, "pointer", c);
	trace(f, " %s kind=%u less=%u at=%p", cmd->name, kind, less, (void *)at);
	trace_words(f, arg, cmd->size / 4);
	ret = call(f, c, cmd->nr, at);
	mprotect(page, P, PROT_READ | PROT_WRITE);
	if (!ret) {
		memset(copy, 0, sizeof(copy));
		for (uint32_t i = 0; i < cmd->size && at + i < page + 2 * P; i++)
			((char *)copy)[i] = at[i];
		note(f, c, cmd, copy);
	}
	end(f, ret);
	if (!mark)
		return;
	undo.ioas_id = arg[cmd->id_at];
	ret = call(f, c, IOMMU_IOAS_UNMAP, &undo);
	begin(f, mark, "unmap-all", c);
	trace(f, " ioas=%u", undo.ioas_id);
	end(f, ret);
}
