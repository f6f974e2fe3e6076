// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all ioctls of /dev/iommu have in common: the size field, tails that the kernel does not
 * know, bad pointers, unknown numbers; and the life of objects: allocation, dead ids, ids of
 * another context, destruction.
 *
 * Each command has an entry with a correct call in it; the variants are made from that one. Needs
 * no device.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define ROOM	512
#define TAIL	8

static int fd;
static uint32_t ioas, victim;
static char *mem;
static struct iommu_iova_range ranges[4];

struct command {
	const char *name;
	unsigned long nr;
	unsigned int size;
	bool answers;			/* writes into the structure */
	void (*fill)(void *arg);	/* a call that succeeds, apart from the size */
	void (*undo)(const void *arg);	/* after it did */
};

static void fill_alloc(void *arg)
{
	(void)arg;
}

static void undo_alloc(const void *arg)
{
	const struct iommu_ioas_alloc *cmd = arg;

	iommu__destroy(fd, cmd->out_ioas_id);
}

/* The object is kept from one call to the next until one has destroyed it. */
static void fill_destroy(void *arg)
{
	struct iommu_destroy *cmd = arg;

	if (!victim)
		ioas__alloc(fd, &victim);
	cmd->id = victim;
}

static void undo_destroy(const void *arg)
{
	(void)arg;
	victim = 0;
}

static void fill_ranges(void *arg)
{
	struct iommu_ioas_iova_ranges *cmd = arg;

	cmd->ioas_id = ioas;
	cmd->num_iovas = 4;
	cmd->allowed_iovas = (uintptr_t)ranges;
}

static void fill_allow(void *arg)
{
	struct iommu_ioas_allow_iovas *cmd = arg;

	cmd->ioas_id = ioas;
}

static void fill_map(void *arg)
{
	struct iommu_ioas_map *cmd = arg;

	cmd->ioas_id = ioas;
	cmd->flags = IOAS_RW;
	cmd->user_va = (uintptr_t)mem;
	cmd->length = MEM_PAGE;
}

static void fill_copy(void *arg)
{
	struct iommu_ioas_copy *cmd = arg;

	cmd->dst_ioas_id = ioas;
	cmd->src_ioas_id = ioas;
	cmd->flags = IOAS_RW;
	cmd->length = MEM_PAGE;
	ioas__map(fd, ioas, mem, MEM_PAGE, IOAS_RW, (uint64_t *)&cmd->src_iova);
}

static void fill_unmap(void *arg)
{
	struct iommu_ioas_unmap *cmd = arg;

	cmd->ioas_id = ioas;
	cmd->length = MEM_PAGE;
	ioas__map(fd, ioas, mem, MEM_PAGE, IOAS_RW, (uint64_t *)&cmd->iova);
}

static void undo_maps(const void *arg)
{
	(void)arg;
	ioas__unmap_all(fd, ioas);
}

static void fill_option(void *arg)
{
	struct iommu_option *cmd = arg;

	cmd->option_id = IOMMU_OPTION_HUGE_PAGES;
	cmd->op = IOMMU_OPTION_OP_GET;
	cmd->object_id = ioas;
}

static const struct command commands[] = {
	{ "DESTROY", IOMMU_DESTROY, 8, false, fill_destroy, undo_destroy },
	{ "IOAS_ALLOC", IOMMU_IOAS_ALLOC, 12, true, fill_alloc, undo_alloc },
	{ "IOAS_IOVA_RANGES", IOMMU_IOAS_IOVA_RANGES, 32, true, fill_ranges, NULL },
	{ "IOAS_ALLOW_IOVAS", IOMMU_IOAS_ALLOW_IOVAS, 24, false, fill_allow, NULL },
	{ "IOAS_MAP", IOMMU_IOAS_MAP, 40, true, fill_map, undo_maps },
	{ "IOAS_COPY", IOMMU_IOAS_COPY, 40, true, fill_copy, undo_maps },
	{ "IOAS_UNMAP", IOMMU_IOAS_UNMAP, 24, true, fill_unmap, undo_maps },
	{ "OPTION", IOMMU_OPTION, 24, true, fill_option, NULL },
};

/* One call with that size in its first field; tail is the last byte of what that size covers. */
static int call(const struct command *c, void *arg, unsigned int size, char tail)
{
	int ret;

	memset(arg, 0, ROOM);
	c->fill(arg);
	*(uint32_t *)arg = size;
	if (size > c->size)
		((char *)arg)[size - 1] = tail;
	ret = iommu__ioctl(fd, c->nr, arg);
	if (!ret && c->undo)
		c->undo(arg);
	else if (ret)
		undo_maps(NULL);
	return ret;
}

static void test_sizes(const struct command *c)
{
	char arg[ROOM] __attribute__((aligned(8)));

	tap__err(call(c, arg, c->size, 0), 0, "%s: its size", c->name);
	tap__err(call(c, arg, 0, 0), -EINVAL, "%s: size 0", c->name);
	tap__err(call(c, arg, 4, 0), -EINVAL, "%s: only the size field", c->name);
	tap__err(call(c, arg, c->size - 1, 0), -EINVAL, "%s: one byte short", c->name);
	tap__err(call(c, arg, c->size + TAIL, 0), 0, "%s: longer, zero tail", c->name);
	tap__err(call(c, arg, c->size + TAIL, 1), -E2BIG, "%s: longer, tail not zero", c->name);
	tap__err(call(c, arg, c->size + 1, 1), -E2BIG, "%s: one byte longer, not zero", c->name);
}

static void test_pointers(const struct command *c)
{
	char *page = mem__small(2 * MEM_PAGE), *end = page + MEM_PAGE;
	char *arg = end - c->size;
	int ret;

	mprotect(end, MEM_PAGE, PROT_NONE);
	tap__err(iommu__ioctl(fd, c->nr, NULL), -EFAULT, "%s: NULL", c->name);
	tap__err(iommu__ioctl(fd, c->nr, end), -EFAULT, "%s: unmapped memory", c->name);
	tap__err(iommu__ioctl(fd, c->nr, (void *)-4096ul), -EFAULT, "%s: kernel address", c->name);

	memset(page, 0, MEM_PAGE);
	*(uint32_t *)(end - 4) = c->size;
	tap__err(iommu__ioctl(fd, c->nr, end - 4), -EFAULT, "%s: ends in unmapped memory", c->name);

	memset(page, 0, MEM_PAGE);
	c->fill(arg);
	*(uint32_t *)arg = c->size + TAIL;
	tap__err(iommu__ioctl(fd, c->nr, arg), -EFAULT, "%s: tail in unmapped memory", c->name);

	*(uint32_t *)arg = c->size;
	mprotect(page, MEM_PAGE, PROT_READ);
	ret = iommu__ioctl(fd, c->nr, arg);
	tap__err(ret, c->answers ? -EFAULT : 0, "%s: read-only structure", c->name);
	if (!ret && c->undo)
		c->undo(arg);
	undo_maps(NULL);
	munmap(page, 2 * MEM_PAGE);
}

static void test_unknown(void)
{
	char arg[ROOM] __attribute__((aligned(8))) = { 8 };

	tap__err(iommu__ioctl(fd, _IO(IOMMUFD_TYPE, 0x60), arg), -ENOTTY, "number 0x60");
	tap__err(iommu__ioctl(fd, _IO(IOMMUFD_TYPE, 0xff), arg), -ENOTTY, "number 0xff");
	tap__err(iommu__ioctl(fd, _IOR(IOMMUFD_TYPE, IOMMUFD_CMD_DESTROY, uint32_t), arg), -ENOTTY,
		 "a direction that the command does not have");
	tap__err(iommu__ioctl(fd, _IO('x', IOMMUFD_CMD_DESTROY), arg), -ENOTTY, "another type");
	tap__err(iommu__ioctl(fd, 0, arg), -ENOTTY, "command 0");
}

static void test_alloc(void)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd), .flags = 1 };
	uint32_t ids[100];
	int i, j, twice = 0, failed = 0;

	tap__err(iommu__ioctl(fd, IOMMU_IOAS_ALLOC, &cmd), -EOPNOTSUPP, "IOAS_ALLOC: flag");
	cmd.flags = 1u << 31;
	tap__err(iommu__ioctl(fd, IOMMU_IOAS_ALLOC, &cmd), -EOPNOTSUPP, "IOAS_ALLOC: last flag");
	for (i = 0; i < 100; i++)
		failed += ioas__alloc(fd, &ids[i]) != 0;
	tap__is(failed, 0, "a hundred IOASes");
	for (i = 0; i < 100; i++)
		for (j = 0; j < i; j++)
			twice += ids[i] == ids[j] || !ids[i];
	tap__is(twice, 0, "ids differ and none is 0");
	for (i = 0; i < 100; i++)
		failed += iommu__destroy(fd, ids[99 - i]) != 0;
	tap__is(failed, 0, "and back");
	for (i = 0; i < 100; i++)
		failed += iommu__destroy(fd, ids[i]) != -ENOENT;
	tap__is(failed, 0, "destroying them again: ENOENT");
}

static void test_destroy(void)
{
	int other = iommu__open();
	uint64_t iova, val = 0;
	uint32_t id, id2;

	tap__err(iommu__destroy(fd, 0), -ENOENT, "DESTROY: id 0");
	tap__err(iommu__destroy(fd, UINT32_MAX), -ENOENT, "DESTROY: id 0xffffffff");
	tap__err(iommu__destroy(fd, 1u << 31), -ENOENT, "DESTROY: id 0x80000000");
	ioas__alloc(fd, &id);
	ioas__map(fd, id, mem, MEM_PAGE, IOAS_RW, &iova);
	tap__err(iommu__destroy(fd, id), 0, "DESTROY: an IOAS with a mapping");
	tap__err(ioas__unmap_all(fd, id), -ENOENT, "and it is gone");

	/* Ids of another context mean nothing. Take one that is free here. */
	do {
		ioas__alloc(other, &id2);
	} while (id2 == ioas);
	tap__err(iommu__destroy(fd, id2), -ENOENT, "DESTROY: an IOAS of another context");
	tap__err(ioas__map(fd, id2, mem, MEM_PAGE, IOAS_RW, &iova), -ENOENT,
		 "IOAS_MAP: an IOAS of another context");
	tap__err(ioas__copy(fd, ioas, id2, 0, MEM_PAGE, IOAS_RW, &iova), -ENOENT,
		 "IOAS_COPY: from an IOAS of another context");
	tap__err(iommu__option(fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_GET, id2, &val),
		 -ENOENT, "OPTION: an IOAS of another context");
	close(other);
}

static void test_dead_ids(uint32_t id)
{
	struct iommu_iova_range range = { 0x1000, 0x1fff };
	uint64_t iova = 0, align, val = 0;
	uint32_t num = 1;

	tap__err(ioas__map(fd, id, mem, MEM_PAGE, IOAS_RW, &iova), -ENOENT, "MAP: id %u", id);
	tap__err(ioas__unmap_at(fd, id, 0, MEM_PAGE), -ENOENT, "UNMAP: id %u", id);
	tap__err(ioas__unmap_all(fd, id), -ENOENT, "UNMAP all: id %u", id);
	tap__err(ioas__copy(fd, id, ioas, 0, MEM_PAGE, IOAS_RW, &iova), -ENOENT,
		 "COPY: to id %u", id);
	tap__err(ioas__copy(fd, ioas, id, 0, MEM_PAGE, IOAS_RW, &iova), -ENOENT,
		 "COPY: from id %u", id);
	tap__err(ioas__ranges(fd, id, ranges, &num, &align), -ENOENT, "IOVA_RANGES: id %u", id);
	tap__err(ioas__allow(fd, id, &range, 1), -ENOENT, "ALLOW_IOVAS: id %u", id);
	tap__err(iommu__option(fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, id, &val),
		 -ENOENT, "OPTION: id %u", id);
}

int main(void)
{
	uint32_t dead;

	tap__start(60);
	fd = iommu__open();
	if (fd < 0)
		return tap__bail("/dev/iommu: %s", strerror(-fd));
	mem = mem__small(MEM_PAGE);
	tap__err(ioas__alloc(fd, &ioas), 0, "an IOAS");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		test_sizes(&commands[i]);
		test_pointers(&commands[i]);
	}
	test_unknown();
	test_alloc();
	test_destroy();
	ioas__alloc(fd, &dead);
	iommu__destroy(fd, dead);
	test_dead_ids(dead);
	test_dead_ids(0);
	test_dead_ids(UINT32_MAX);
	tap__err(iommu__destroy(fd, ioas), 0, "the IOAS is still there and can go");
	close(fd);
	return tap__done();
}
