// SPDX-License-Identifier: GPL-2.0-only
/*
 * Common rules of all ioctls of /dev/iommu: the size field, tails that the kernel does not
 * know, bad pointers, unknown numbers; and the life of objects: allocation, dead ids, ids of
 * another context, destruction.
 *
 * Each command has an entry with a correct call in it; the variants are made from that one. Needs
 * no device: a correct call of a command that does names a device, or an object of one, which
 * is not there, and the answer is ENOENT.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/iommufd_ext.h>
#include <linux/iommufd_new.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define ROOM 512
#define TAIL 8

static int fd, memfd;
static uint32_t ioas, victim;
static char *mem;
static struct iommu_iova_range ranges[4];

struct command {
	const char *name;
	unsigned long nr;
	unsigned int min;  /* as it was first */
	unsigned int size;
	bool answers;   /* writes into the structure */
	int want;	  /* result of a correct call */
	void (*fill)(void *arg); /* a correct call, apart from the size */
	void (*undo)(const void *arg); /* after it did */
};

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

static void fill_map_file(void *arg)
{
	struct iommu_ioas_map_file *cmd = arg;

	cmd->ioas_id = ioas;
	cmd->flags = IOAS_RW;
	cmd->fd = memfd;
	cmd->length = MEM_PAGE;
}

static void fill_vfio(void *arg)
{
	struct iommu_vfio_ioas *cmd = arg;

	cmd->ioas_id = ioas;
	cmd->op = IOMMU_VFIO_IOAS_SET;
}

static void undo_vfio(const void *arg)
{
	struct iommu_vfio_ioas cmd = { .size = sizeof(cmd), .op = IOMMU_VFIO_IOAS_CLEAR };

	(void)arg;
	iommu__ioctl(fd, IOMMU_VFIO_IOAS, &cmd);
}

static void undo_fault(const void *arg)
{
	const struct iommu_fault_alloc *cmd = arg;

	close(cmd->out_fault_fd);
	iommu__destroy(fd, cmd->out_fault_id);
}

static void fill_nothing(void *arg)
{
	(void)arg;
}

/* Members that are looked at before the ids. */

static void fill_viommu(void *arg)
{
	struct iommu_viommu_alloc *cmd = arg;

	cmd->type = 1;
}

static void fill_veventq(void *arg)
{
	struct iommu_veventq_alloc *cmd = arg;

	cmd->type = 1;
	cmd->veventq_depth = 1;
}

static void fill_hw_queue(void *arg)
{
	struct iommu_hw_queue_alloc *cmd = arg;

	cmd->type = 1;
	cmd->length = MEM_PAGE;
}

static void fill_get_pa(void *arg)
{
	struct iommu_ioas_noiommu_get_pa *cmd = arg;

	cmd->ioas_id = ioas;
	cmd->length = 1;
}

static void undo_sva(const void *arg)
{
	const struct iommu_ext_sva_alloc *cmd = arg;

	iommu__destroy(fd, cmd->out_sva_id);
}

static void fill_pt_info(void *arg)
{
	struct iommu_ext_pt_info *cmd = arg;
	static struct iommu_ext_range range;

	cmd->pt_id = ioas;
	cmd->num_ranges = 1;
	cmd->ranges = (uintptr_t)&range;
}

static const struct command commands[] = {
	{ "DESTROY", IOMMU_DESTROY, 8, 8, false, 0, fill_destroy, undo_destroy },
	{ "IOAS_ALLOC", IOMMU_IOAS_ALLOC, 12, 12, true, 0, fill_nothing, undo_alloc },
	{ "IOAS_IOVA_RANGES", IOMMU_IOAS_IOVA_RANGES, 32, 32, true, 0, fill_ranges, NULL },
	{ "IOAS_ALLOW_IOVAS", IOMMU_IOAS_ALLOW_IOVAS, 24, 24, false, 0, fill_allow, NULL },
	{ "IOAS_MAP", IOMMU_IOAS_MAP, 40, 40, true, 0, fill_map, undo_maps },
	{ "IOAS_COPY", IOMMU_IOAS_COPY, 40, 40, true, 0, fill_copy, undo_maps },
	{ "IOAS_UNMAP", IOMMU_IOAS_UNMAP, 24, 24, true, 0, fill_unmap, undo_maps },
	{ "OPTION", IOMMU_OPTION, 24, 24, true, 0, fill_option, NULL },
	{ "VFIO_IOAS", IOMMU_VFIO_IOAS, 12, 12, false, 0, fill_vfio, undo_vfio },
	{ "HWPT_ALLOC", IOMMU_HWPT_ALLOC, 24, 48, false, -ENOENT, fill_nothing, NULL },
	{ "GET_HW_INFO", IOMMU_GET_HW_INFO, 32, 40, false, -ENOENT, fill_nothing, NULL },
	{ "HWPT_SET_DIRTY_TRACKING", IOMMU_HWPT_SET_DIRTY_TRACKING, 16, 16, false, -ENOENT,
	  fill_nothing, NULL },
	{ "HWPT_GET_DIRTY_BITMAP", IOMMU_HWPT_GET_DIRTY_BITMAP, 48, 48, false, -ENOENT,
	  fill_nothing, NULL },
	{ "HWPT_INVALIDATE", IOMMU_HWPT_INVALIDATE, 32, 32, true, -ENOENT, fill_nothing, NULL },
	{ "FAULT_QUEUE_ALLOC", IOMMU_FAULT_QUEUE_ALLOC, 16, 16, true, 0, fill_nothing, undo_fault },
	{ "IOAS_MAP_FILE", IOMMU_IOAS_MAP_FILE, 40, 40, true, 0, fill_map_file, undo_maps },
	{ "VIOMMU_ALLOC", IOMMU_VIOMMU_ALLOC, 24, 40, false, -ENOENT, fill_viommu, NULL },
	{ "VDEVICE_ALLOC", IOMMU_VDEVICE_ALLOC, 24, 24, false, -ENOENT, fill_nothing, NULL },
	{ "IOAS_CHANGE_PROCESS", IOMMU_IOAS_CHANGE_PROCESS, 8, 8, false, 0, fill_nothing, NULL },
	{ "VEVENTQ_ALLOC", IOMMU_VEVENTQ_ALLOC, 28, 32, false, -ENOENT, fill_veventq, NULL },
	{ "HW_QUEUE_ALLOC", IOMMU_HW_QUEUE_ALLOC, 40, 40, false, -ENOENT, fill_hw_queue, NULL },
	{ "IOAS_NOIOMMU_GET_PA", IOMMU_IOAS_NOIOMMU_GET_PA, 40, 40, false, -ENOENT, fill_get_pa,
	  NULL },
	{ "EXT_PASID_ALLOC", IOMMU_EXT_PASID_ALLOC, 24, 24, false, -ENOENT, fill_nothing, NULL },
	{ "EXT_PASID_ATTACH", IOMMU_EXT_PASID_ATTACH, 24, 24, false, -ENOENT, fill_nothing, NULL },
	{ "EXT_PASID_REPLACE", IOMMU_EXT_PASID_REPLACE, 24, 24, false, -ENOENT, fill_nothing,
	  NULL },
	{ "EXT_PASID_DETACH", IOMMU_EXT_PASID_DETACH, 16, 16, false, -ENOENT, fill_nothing, NULL },
	{ "EXT_PASID_QUERY", IOMMU_EXT_PASID_QUERY, 40, 40, false, -ENOENT, fill_nothing, NULL },
	{ "EXT_SVA_ALLOC", IOMMU_EXT_SVA_ALLOC, 16, 16, true, 0, fill_nothing, undo_sva },
	{ "EXT_DEVICE_INFO", IOMMU_EXT_DEVICE_INFO, 80, 80, false, -ENOENT, fill_nothing, NULL },
	{ "EXT_PT_INFO", IOMMU_EXT_PT_INFO, 80, 80, true, 0, fill_pt_info, NULL },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))
#define UPSTREAM 22  /* of these, the ones that are not our own */

/* One call with that size in its first field; tail is the last byte within that size. */
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

	tap__err(call(c, arg, c->size, 0), c->want, "%s: its size", c->name);
	tap__err(call(c, arg, c->min, 0), c->want, "%s: its first size", c->name);
	tap__err(call(c, arg, 0, 0), -EINVAL, "%s: size 0", c->name);
	tap__err(call(c, arg, 4, 0), -EINVAL, "%s: only the size field", c->name);
	tap__err(call(c, arg, c->min - 1, 0), -EINVAL, "%s: one byte short", c->name);
	tap__err(call(c, arg, c->size + TAIL, 0), c->want, "%s: longer, zero tail", c->name);
	tap__err(call(c, arg, ROOM, 0), c->want, "%s: far longer, zero tail", c->name);
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
	tap__err(ret, c->answers ? -EFAULT : c->want, "%s: read-only structure", c->name);
	if (!ret && c->undo)
		c->undo(arg);
	undo_maps(NULL);
	munmap(page, 2 * MEM_PAGE);
}

#define MEMBER(cmd, type, member) \
	{ #cmd " " #member, IOMMU_##cmd, offsetof(struct type, member), \
	  sizeof(((struct type *)0)->member) }

/* Fields that must be 0, or of a few bits, and are checked before the ids. */
static const struct {
	const char *name;
	unsigned long nr;
	unsigned int offset, size;
} reserved[] = {
	MEMBER(IOAS_ALLOC, iommu_ioas_alloc, flags),
	MEMBER(IOAS_IOVA_RANGES, iommu_ioas_iova_ranges, __reserved),
	MEMBER(IOAS_ALLOW_IOVAS, iommu_ioas_allow_iovas, __reserved),
	MEMBER(IOAS_MAP, iommu_ioas_map, flags),
	MEMBER(IOAS_MAP, iommu_ioas_map, __reserved),
	MEMBER(IOAS_COPY, iommu_ioas_copy, flags),
	MEMBER(OPTION, iommu_option, __reserved),
	MEMBER(VFIO_IOAS, iommu_vfio_ioas, op),
	MEMBER(VFIO_IOAS, iommu_vfio_ioas, __reserved),
	MEMBER(HWPT_ALLOC, iommu_hwpt_alloc, __reserved),
	MEMBER(GET_HW_INFO, iommu_hw_info, flags),
	MEMBER(GET_HW_INFO, iommu_hw_info, __reserved[0]),
	MEMBER(GET_HW_INFO, iommu_hw_info, __reserved[1]),
	MEMBER(GET_HW_INFO, iommu_hw_info, __reserved[2]),
	MEMBER(HWPT_SET_DIRTY_TRACKING, iommu_hwpt_set_dirty_tracking, flags),
	MEMBER(HWPT_GET_DIRTY_BITMAP, iommu_hwpt_get_dirty_bitmap, flags),
	MEMBER(HWPT_GET_DIRTY_BITMAP, iommu_hwpt_get_dirty_bitmap, __reserved),
	MEMBER(HWPT_INVALIDATE, iommu_hwpt_invalidate, __reserved),
	MEMBER(FAULT_QUEUE_ALLOC, iommu_fault_alloc, flags),
	MEMBER(IOAS_MAP_FILE, iommu_ioas_map_file, flags),
	MEMBER(VIOMMU_ALLOC, iommu_viommu_alloc, flags),
	MEMBER(IOAS_CHANGE_PROCESS, iommu_ioas_change_process, __reserved),
	MEMBER(VEVENTQ_ALLOC, iommu_veventq_alloc, flags),
	MEMBER(VEVENTQ_ALLOC, iommu_veventq_alloc, __reserved),
	MEMBER(HW_QUEUE_ALLOC, iommu_hw_queue_alloc, flags),
	MEMBER(IOAS_NOIOMMU_GET_PA, iommu_ioas_noiommu_get_pa, flags),
	MEMBER(IOAS_NOIOMMU_GET_PA, iommu_ioas_noiommu_get_pa, __reserved),
	MEMBER(EXT_PASID_ALLOC, iommu_ext_pasid_alloc, flags),
	MEMBER(EXT_PASID_ATTACH, iommu_ext_pasid_attach, flags),
	MEMBER(EXT_PASID_ATTACH, iommu_ext_pasid_attach, __reserved),
	MEMBER(EXT_PASID_REPLACE, iommu_ext_pasid_attach, flags),
	MEMBER(EXT_PASID_REPLACE, iommu_ext_pasid_attach, __reserved),
	MEMBER(EXT_PASID_DETACH, iommu_ext_pasid_detach, flags),
	MEMBER(EXT_PASID_DETACH, iommu_ext_pasid_detach, __reserved),
	MEMBER(EXT_PASID_QUERY, iommu_ext_pasid_query, flags),
	MEMBER(EXT_SVA_ALLOC, iommu_ext_sva_alloc, flags),
	MEMBER(EXT_SVA_ALLOC, iommu_ext_sva_alloc, __reserved),
	MEMBER(EXT_DEVICE_INFO, iommu_ext_device_info, flags),
	MEMBER(EXT_PT_INFO, iommu_ext_pt_info, flags),
};

/* A kind of 0 is the same as none. */
static const struct {
	const char *name;
	unsigned long nr;
	unsigned int offset, size;
} kinds[] = {
	MEMBER(VIOMMU_ALLOC, iommu_viommu_alloc, type),
	MEMBER(VEVENTQ_ALLOC, iommu_veventq_alloc, type),
	MEMBER(HW_QUEUE_ALLOC, iommu_hw_queue_alloc, type),
};

static const struct command *find_command(unsigned long nr)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].nr == nr)
			return &commands[i];
	return NULL;
}

static int call_with(unsigned long nr, unsigned int offset, unsigned int size, int value)
{
	char arg[ROOM] __attribute__((aligned(8))) = {};
	const struct command *c = find_command(nr);
	int ret;

	c->fill(arg);
	*(uint32_t *)arg = c->size;
	memset(arg + offset, value, size);
	ret = iommu__ioctl(fd, nr, arg);
	undo_maps(NULL);
	return ret;
}

static void test_reserved(void)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		tap__err(call_with(reserved[i].nr, reserved[i].offset, reserved[i].size, 0x80),
			 -EOPNOTSUPP, "%s: not known", reserved[i].name);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		tap__err(call_with(kinds[i].nr, kinds[i].offset, kinds[i].size, 0), -EOPNOTSUPP,
			 "%s: none", kinds[i].name);
}

static void test_unknown(void)
{
	char arg[ROOM] __attribute__((aligned(8))) = { 8 };

	/* The commands have all numbers from 0x80 on, and ours from 0xe0 on. */
	for (unsigned int nr = 0x80; nr <= 0xff; nr++) {
		if (nr < 0x80 + UPSTREAM || (nr >= 0xe0 && nr < 0xe0 + COMMANDS - UPSTREAM))
			tap__ok(find_command(_IO(IOMMUFD_TYPE, nr)), "number 0x%x is tested here",
				nr);
		else
			tap__err(iommu__ioctl(fd, _IO(IOMMUFD_TYPE, nr), arg), -ENOTTY,
				 "number 0x%x", nr);
	}

	tap__err(iommu__ioctl(fd, _IO(IOMMUFD_TYPE, 0x60), arg), -ENOTTY, "number 0x60");
	tap__err(iommu__ioctl(fd, _IOR(IOMMUFD_TYPE, IOMMUFD_CMD_DESTROY, uint32_t), arg), -ENOTTY,
		 "a direction that the command does not have");
	tap__err(iommu__ioctl(fd, _IO('x', IOMMUFD_CMD_DESTROY), arg), -ENOTTY, "another type");
	tap__err(iommu__ioctl(fd, _IO('x', IOMMUFD_CMD_EXT_BASE + 7), arg), -ENOTTY,
		 "another type with a number of ours");
	tap__err(iommu__ioctl(fd, _IOW(IOMMUFD_TYPE, IOMMUFD_CMD_EXT_BASE + 7, uint32_t), arg),
		 -ENOTTY, "a direction that a command of ours does not have");
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
	struct iommu_ext_pt_info pt = { .size = sizeof(pt) };
	uint64_t iova = 0, align, val = 0;
	uint32_t num = 1;

	tap__err(ioas__map(fd, id, mem, MEM_PAGE, IOAS_RW, &iova), -ENOENT, "MAP: id %u", id);
	tap__err(ioas__unmap_at(fd, id, 0, MEM_PAGE), -ENOENT, "UNMAP: id %u", id);
	tap__err(ioas__unmap_all(fd, id), -ENOENT, "UNMAP all: id %u", id);
	tap__err(ioas__copy(fd, id, ioas, 0, MEM_PAGE, IOAS_RW, &iova), -ENOENT, "COPY: to id %u",
		 id);
	tap__err(ioas__copy(fd, ioas, id, 0, MEM_PAGE, IOAS_RW, &iova), -ENOENT, "COPY: from id %u",
		 id);
	tap__err(ioas__ranges(fd, id, ranges, &num, &align), -ENOENT, "IOVA_RANGES: id %u", id);
	tap__err(ioas__allow(fd, id, &range, 1), -ENOENT, "ALLOW_IOVAS: id %u", id);
	pt.pt_id = id;
	tap__err(iommu__ioctl(fd, IOMMU_EXT_PT_INFO, &pt), -ENOENT, "EXT_PT_INFO: id %u", id);
	tap__err(iommu__option(fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, id, &val), -ENOENT,
		 "OPTION: id %u", id);
}

int main(void)
{
	uint32_t dead;

	tap__start();
	fd = iommu__open();
	if (fd < 0)
		return tap__bail("/dev/iommu: %s", strerror(-fd));
	mem = mem__small(MEM_PAGE);
	tap__err(ioas__alloc(fd, &ioas), 0, "an IOAS");
	memfd = memfd_create("uapi-abi", MFD_CLOEXEC);
	if (memfd < 0 || ftruncate(memfd, MEM_PAGE))
		return tap__bail("memfd: %s", strerror(errno));
	for (size_t i = 0; i < COMMANDS; i++) {
		test_sizes(&commands[i]);
		test_pointers(&commands[i]);
	}
	test_reserved();
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
