// SPDX-License-Identifier: GPL-2.0-only
/*
 * Begin and end of the own slice of a thread.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/ext.h"
#include "../../lib/iommu.h"
#include "own.h"

int own_start(struct storm *s, int fd)
{
	struct own *o =
		mmap(NULL, sizeof(*o), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (o == MAP_FAILED)
		return -errno;
	s->own = o;
	o->fd = fd;
	for (int i = 0; i < ACCESSES; i++)
		o->access[i].fd = -1;
	ret = own_mem_init(o, s->nr);
	for (int i = 0; i < SPACES && !ret; i++)
		ret = ioas__alloc(o->fd, &o->space[i].id);
	return ret ? ret : own_table_init(s);
}

/* Destroy objects from the highest to the lowest, and compare all memory for the last time. */
void own_end(struct storm *s)
{
	struct own *o = s->own;

	for (unsigned int i = 0; i < SLOTS; i++)
		own_check_slot(s, i);
	for (int i = 0; i < ACCESSES; i++)
		if (o->access[i].fd >= 0)
			life_close(o->access[i].fd);
	for (int i = 0; i < PASIDS; i++) {
		if (o->pasid[i].target.space >= 0)
			storm_want(s, pasid__detach(o->fd, o->pasid[i].id), 0, "end: detach");
		if (o->pasid[i].id)
			storm_want(s, iommu__destroy(o->fd, o->pasid[i].id), 0, "end: pasid");
	}
	for (int i = 0; i < DEVICES; i++)
		storm_want(s, iommu__destroy(o->fd, o->dev[i].obj), 0, "end: device");
	for (int i = 0; i < TABLES; i++)
		if (o->table[i].id && o->table[i].parent >= 0)
			storm_want(s, iommu__destroy(o->fd, o->table[i].id), 0, "end: nested");
	for (int i = 0; i < TABLES; i++)
		if (o->table[i].id && o->table[i].parent < 0)
			storm_want(s, iommu__destroy(o->fd, o->table[i].id), 0, "end: table");
	for (int i = 0; i < SPACES; i++)
		storm_want(s, iommu__destroy(o->fd, o->space[i].id), 0, "end: space");
	munmap(o->mem, SLOTS * P);
	close(o->memfd);
	munmap(o, sizeof(*o));
}
