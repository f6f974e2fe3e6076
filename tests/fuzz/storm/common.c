// SPDX-License-Identifier: GPL-2.0-only
/* See common.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include "../../lib/tap.h"
#include "common.h"

#define IDS 200 /* of blind guesses */
#define MAX_OPS 64

static const struct storm_op *const tables[] = { common_map_ops, common_object_ops,
						 common_queue_ops };

void common_result(struct storm *s, const char *what, int ret, __uint128_t allowed)
{
	storm_note(s, false, "common %s -> %s", what, tap__errname(ret));
	storm_count(what, true, !ret);
	if (ret < -127 || (ret < 0 && !(allowed & E(-ret))))
		storm_fail(s, "common %s: %s (%d), which it must not answer", what,
			   tap__errname(ret), ret);
}

uint32_t common_id(struct storm *s, enum storm_kind kind)
{
	uint32_t blind = rnd(s, IDS), n = rnd(s, POOL), other = rnd(s, KINDS), how = rnd(s, 32);

	if (how == 0)
		return blind;
	if (how == 1)
		kind = other;
	for (unsigned int i = 0; i < POOL; i++, n = (n + 1) % POOL) {
		uint32_t id = atomic_load(&s->common->pool->ids[kind][n]);

		if (kind == KIND_DEVICE)
			id = atomic_load(&s->common->pool->devices[n]);
		if (kind == KIND_OBJ)
			id = atomic_load(&s->common->pool->devices[n]) >> 32;
		if (id)
			return id;
	}
	return blind;
}

struct mock common_device(struct storm *s)
{
	struct mock m = { .fd = s->common->fd, .dev = rnd(s, IDS), .obj = rnd(s, IDS) };
	uint32_t n = rnd(s, POOL);
	bool blind = one_in(s, 32);

	for (unsigned int i = 0; i < POOL && !blind; i++, n = (n + 1) % POOL) {
		uint64_t ids = atomic_load(&s->common->pool->devices[n]);

		if (!ids)
			continue;
		m.dev = ids;
		m.obj = ids >> 32;
		break;
	}
	return m;
}

uint32_t common_pt(struct storm *s)
{
	static const enum storm_kind kinds[] = { KIND_IOAS, KIND_IOAS, KIND_HWPT, KIND_HWPT,
						 KIND_SVA };

	return common_id(s, kinds[rnd(s, 5)]);
}

static void destroy(struct storm *s, uint32_t id)
{
	int ret = iommu__destroy(s->common->fd, id);
	struct pool *pool = s->common->pool;

	common_result(s, "destroy", ret, E_ID);
	for (int kind = 0; !ret && kind < KINDS; kind++)
		for (int i = 0; i < POOL; i++) {
			uint32_t want = id;

			atomic_compare_exchange_strong(&pool->ids[kind][i], &want, 0);
		}
	for (int i = 0; !ret && i < POOL; i++) {
		uint64_t ids = atomic_load(&pool->devices[i]);

		if (ids >> 32 == id)
			atomic_compare_exchange_strong(&pool->devices[i], &ids, 0);
	}
}

void common_keep_device(struct storm *s, const struct mock *m)
{
	uint64_t ids = (uint64_t)m->obj << 32 | m->dev;

	ids = atomic_exchange(&s->common->pool->devices[rnd(s, POOL)], ids);
	if (ids)
		destroy(s, ids >> 32);
}

void common_note_map(struct storm *s, uint32_t ioas, uint64_t iova, uint64_t length)
{
	uint64_t page = (iova - COMMON_BASE) / P;

	if (iova >= COMMON_BASE && page < COMMON_WINDOW)
		atomic_store(&s->common->pool->maps[rnd(s, POOL)],
			     (uint64_t)ioas << 32 | page << 16 | length / P);
}

void common_range(struct storm *s, struct range *r)
{
	uint64_t map = atomic_load(&s->common->pool->maps[rnd(s, POOL)]);
	uint32_t kind = rnd(s, 8);

	r->ioas = common_id(s, KIND_IOAS);
	r->iova = common_iova(s);
	r->length = common_length(s);
	if (!map || !kind)
		return;
	r->ioas = map >> 32;
	r->iova = COMMON_BASE + (map >> 16 & 0xffff) * P;
	r->length = (map & 0xffff) * P;
}

void common_keep(struct storm *s, enum storm_kind kind, uint32_t id)
{
	atomic_uint *ids = s->common->pool->ids[kind];
	uint32_t n = rnd(s, POOL), old;

	for (int i = 0; i < POOL; i++) {
		uint32_t none = 0;

		if (atomic_compare_exchange_strong(&ids[i], &none, id))
			return;
	}
	/* If it is in use, a blind guess destroys it some day, or the end of the context. */
	old = atomic_exchange(&ids[n], id);
	if (old)
		destroy(s, old);
}

uint64_t common_iova(struct storm *s)
{
	static const uint64_t odd[] = { 0,
					1,
					P - 1,
					UINT64_MAX,
					UINT64_MAX - P,
					1ull << 63,
					MOCK_APERTURE_LAST,
					MOCK_APERTURE_START - 1 };
	uint64_t iova = COMMON_BASE + rnd(s, COMMON_WINDOW) * P;
	uint32_t kind = rnd(s, 32), n = rnd(s, 8);

	if (kind == 0)
		return odd[n];
	return kind == 1 ? iova + P / 2 : iova;
}

uint64_t common_length(struct storm *s)
{
	/* None but COMMON_LONG can be mapped, so that no area reaches other memory. */
	static const uint64_t odd[] = { 0, 1, UINT64_MAX, -P, COMMON_LONG * P, COMMON_LONG * P };
	uint64_t length = (1 + rnd(s, 12)) * P;
	uint32_t kind = rnd(s, 32), n = rnd(s, 6);

	return kind == 0 ? odd[n] : length;
}

void common_fd(struct storm *s, int *place, int fd)
{
	(void)s;
	if (*place >= 0)
		close(*place);
	*place = fd;
}

/* Map the memory anew: calls that use it meanwhile find it changed, or gone. */
static int map_memory(struct common *c)
{
	size_t file = (COMMON_MEM - COMMON_FILE - 8) * P;
	char *mem = c->mem;

	if (mmap(mem, COMMON_MEM * P, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -errno;
	if (mmap(mem + file, COMMON_FILE * P, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 c->memfd, 0) == MAP_FAILED)
		return -errno;
	mprotect(mem + (COMMON_MEM - 8) * P, 4 * P, PROT_READ);
	mprotect(mem + (COMMON_MEM - 4) * P, 4 * P, PROT_NONE);
	return 0;
}

int common_start(struct storm *s)
{
	struct common *c =
		mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED)
		return -errno;
	s->common = c;
	for (int i = 0; i < COMMON_FDS; i++)
		c->fault[i] = c->veventq[i] = c->access[i] = -1;
	c->dmabuf = -1;
	c->memfd = memfd_create("storm-common", MFD_CLOEXEC);
	if (c->memfd < 0 || ftruncate(c->memfd, COMMON_FILE * P))
		return -errno;
	/* Ranges that are mapped for devices from the last page on have no memory, either. */
	c->mem = mmap(NULL, (COMMON_MEM + COMMON_LONG) * P, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	return c->mem == MAP_FAILED ? -errno : map_memory(c);
}

void common_end(struct storm *s)
{
	struct common *c = s->common;

	for (int i = 0; i < COMMON_FDS; i++) {
		common_fd(s, &c->fault[i], -1);
		common_fd(s, &c->veventq[i], -1);
		common_fd(s, &c->access[i], -1);
	}
	common_fd(s, &c->dmabuf, -1);
	common_fd(s, &c->memfd, -1);
	munmap(c->mem, (COMMON_MEM + COMMON_LONG) * P);
	munmap(c, sizeof(*c));
}

static void shake(struct storm *s)
{
	struct common *c = s->common;
	uint32_t how = rnd(s, 5), page = rnd(s, COMMON_MEM), pages = 1 + rnd(s, COMMON_FILE - 1);

	if (how == 0)
		map_memory(c);
	else if (how == 1)
		madvise(c->mem + page * P, P, MADV_DONTNEED);
	else if (how == 2)
		/* Not munmap(): other threads would map something else in the hole. */
		mmap(c->mem + page * P, P, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		     0);
	else if (ftruncate(c->memfd, how == 3 ? pages * P : COMMON_FILE * P))
		storm_fail(s, "truncate: %s", strerror(errno));
	storm_note(s, false, "common shake");
}

void common_step(struct storm *s, int fd, struct pool *pool)
{
	unsigned int sum = 28;
	uint32_t w;

	s->common->fd = fd;
	s->common->pool = pool;
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct storm_op *op = tables[t]; op->name; op++)
			sum += op->weight;
	w = rnd(s, sum);
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct storm_op *op = tables[t]; op->name; op++) {
			if (w < op->weight) {
				op->run(s);
				return;
			}
			w -= op->weight;
		}
	if (w < 20)
		shake(s);
	else
		common_result(s, "destroy", iommu__destroy(fd, common_id(s, rnd(s, KINDS))), E_ID);
}

/*
 * Results decide how many random numbers an operation draws, and are not the same in each run, so
 * it draws them from a sequence of its own.
 */
void op_common(struct storm *s)
{
	uint32_t n = rnd(s, COMMON_CONTEXTS), seed = rnd(s, 1u << 31);
	uint64_t state = s->t.state;

	s->t.state = (uint64_t)seed << 32 | seed;
	rnd(s, 1);
	common_step(s, storm_common_fds[n], &arena->pools[n]);
	s->t.state = state;
}
