// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draw ids, addresses and lengths, remember what exists, and begin and end lines of the trace.
 */
#include <inttypes.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include "../../lib/tap.h"
#include "differ.h"

void begin(struct fuzz *f, const char *mark, const char *name, int context)
{
	if (mark)
		trace(f, "~%s ", mark);
	trace(f, "%" PRIu64 ".%" PRIu64 " %s ctx=%d", f->seed, f->t.step, name, context);
}

/* VmPin and VmLck of this process in pages, from one read of a file that stays open. */
static void read_charges(long *pin, long *lck)
{
	static int fd = -1;
	char text[2048];
	const char *at;
	ssize_t len;

	*pin = *lck = -1;
	if (fd < 0)
		fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	len = pread(fd, text, sizeof(text) - 1, 0);
	if (len <= 0)
		return;
	text[len] = '\0';
	at = strstr(text, "VmLck:");
	if (at)
		*lck = strtol(at + 6, NULL, 10) / (long)(P / 1024);
	at = strstr(text, "VmPin:");
	if (at)
		*pin = strtol(at + 6, NULL, 10) / (long)(P / 1024);
}

void end(struct fuzz *f, int ret)
{
	long pin, lck;

	read_charges(&pin, &lck);
	trace(f, " -> %s pin=%ld lck=%ld\n", tap__errname(ret), pin, lck);
}

int pick_context(struct fuzz *f)
{
	return one_in(f, 6);
}

uint32_t pick_id(struct fuzz *f, int context, enum kind kind)
{
	uint32_t n = rnd(f, IDS), any = pick_any(f, context);
	const uint32_t *ids = f->ctx[context].ids[kind];

	if (one_in(f, 50))
		return any;
	for (uint32_t i = 0; i < IDS; i++, n = (n + 1) % IDS)
		if (ids[n])
			return ids[n];
	return any;
}

uint32_t pick_any(struct fuzz *f, int context)
{
	static const uint32_t wrong[] = { 0, 0x7fffffff, 0x80000000, UINT32_MAX };
	uint32_t small = rnd(f, 16), n = rnd(f, COUNT(wrong));
	(void)context;

	return one_in(f, 12) ? wrong[n] : small;
}

uint64_t odd_number(struct fuzz *f)
{
	/* clang-format off */
	static const uint64_t some[] = {
		0, 1, 2, P - 1, P + 1, 1ull << 12, 1ull << 20, 1ull << 21, 1ull << 30, 1ull << 32,
		(1ull << 32) - P, 1ull << 39, (1ull << 39) - P, 1ull << 47, 1ull << 48,
		(1ull << 48) - P, (1ull << 57) - P, 1ull << 57, 1ull << 60, 1ull << 62, 1ull << 63,
		(1ull << 63) - 1, (1ull << 63) - P, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 2,
		-P, -P - 1, -P + 1, -2 * P, UINT64_MAX / 2, UINT64_MAX / 2 - 1, MSI, MSI - 1,
		MSI - P, MSI + 0x100000, MSI + 0xfffff, 0x8000000000000000ull - 2 * P,
	};
	/* clang-format on */

	return some[rnd(f, COUNT(some))];
}

uint64_t pick_iova(struct fuzz *f)
{
	uint64_t iova = rnd(f, 48) * P;

	if (one_in(f, 6))
		iova += MSI - 24 * P;
	else if (one_in(f, 4))
		iova += 0x200000;
	else if (one_in(f, 30))
		iova += odd_number(f);
	if (one_in(f, f->odd ? 3 : 25))
		iova += rnd(f, P);
	return one_in(f, 30) ? odd_number(f) : iova;
}

uint64_t pick_length(struct fuzz *f)
{
	uint64_t length = (1 + rnd(f, one_in(f, 5) ? 40 : 6)) * P;

	if (one_in(f, f->odd ? 3 : 25))
		length = 1 + rnd(f, 3 * P);
	if (one_in(f, 40))
		length = 0x200000 * (1 + rnd(f, 2));
	return one_in(f, 30) ? odd_number(f) : length;
}

uint64_t pick_va(struct fuzz *f)
{
	uint32_t kind = rnd(f, 40), page = rnd(f, MEM_GOOD - 40), any = rnd(f, MEM_ALL);
	uint32_t huge = rnd(f, HUGE_PAGES / 64), file = rnd(f, FILE_PAGES);
	uint64_t va = MEM_AT + page * P;

	if (kind < 2)
		va = MEM_AT + any * P;
	else if (kind < 5)
		va = HUGE_AT + huge * 64 * P;
	else if (kind < 7)
		va = FILE_AT + file * P;
	else if (kind == 7)
		va = FILE_RO_AT + file * P;
	else if (kind == 8)
		va = f->devices ? BAR_AT + file * P : odd_number(f);
	else if (kind == 9 && one_in(f, 2))
		va = odd_number(f);
	if (one_in(f, f->odd ? 3 : 30))
		va += rnd(f, P);
	return va;
}

uint32_t pick_flags(struct fuzz *f)
{
	uint32_t flags = fuzz__map_flags(&f->t);

	if (one_in(f, 300))
		flags |= 1u << rnd(f, 32);
	return flags;
}

struct recent pick_recent(struct fuzz *f)
{
	uint32_t n = rnd(f, RECENT);

	for (int i = 0; i < RECENT && !f->recent[n].length; i++)
		n = (n + 1) % RECENT;
	return f->recent[n];
}

void note_recent(struct fuzz *f, int context, uint32_t ioas, uint64_t iova, uint64_t length,
		 uint64_t va)
{
	f->recent[f->recents++ % RECENT] = (struct recent){
		.context = context,
		.ioas = ioas,
		.iova = iova,
		.length = length,
		.va = va,
	};
}

void forget_recent(struct fuzz *f, int context, uint32_t ioas, uint64_t iova, uint64_t length)
{
	for (int i = 0; i < RECENT; i++) {
		struct recent *r = &f->recent[i];

		if (r->context == context && r->ioas == ioas && r->iova < iova + length &&
		    iova < r->iova + r->length)
			*r = (struct recent){ 0 };
	}
}

void note_id(struct fuzz *f, int context, enum kind kind, uint32_t id)
{
	uint32_t *ids = f->ctx[context].ids[kind];
	int i;

	for (i = 0; i < IDS - 1; i++)
		if (!ids[i] || ids[i] == id)
			break;
	ids[i] = id;
}

void forget_id(struct fuzz *f, int context, uint32_t id)
{
	struct context *ctx = &f->ctx[context];

	for (int k = 0; k < KINDS; k++)
		for (int i = 0; i < IDS; i++)
			if (ctx->ids[k][i] == id)
				ctx->ids[k][i] = 0;
}

/* The mapped registers keep the file of the first device open. */
void close_device(struct fuzz *f, unsigned int d)
{
	if (d == 0)
		munmap((void *)BAR_AT, FILE_PAGES * P);
	if (f->dev[d].context >= 0)
		forget_id(f, f->dev[d].context, f->dev[d].dev.id);
	vfio__close(&f->dev[d].dev);
	f->dev[d].context = -1;
}

int call(struct fuzz *f, int context, unsigned long cmd, void *arg)
{
	return iommu__ioctl(f->ctx[context].fd, cmd, arg);
}
