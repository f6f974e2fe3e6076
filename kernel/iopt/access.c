// SPDX-License-Identifier: GPL-2.0-only
/*
 * In-kernel accesses to an address space: pages for emulated devices, and reads and writes by IOVA.
 * Neither needs a page table.
 *
 * A pin is one more user of the umem behind each area; pins of the same range share a user. Areas
 * count their pins under iopt->lock. An unmap holds that lock for writing when it looks at the
 * count, so an area that it finds unpinned stays unpinned. If it finds pins, it asks the accesses
 * to unpin by iopt_notify_unmap().
 */
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "iopt/internal.h"

/**
 * iopt_add_access() - add an access to an address space
 * @iopt: the address space
 * @access: filled in except for @id
 *
 * Context: may sleep; takes tables_lock.
 * Return: 0; -EADDRINUSE if an area does not have the alignment that it needs; -ENOMEM.
 */
int iopt_add_access(struct iopt *iopt, struct iopt_access *access)
{
	int ret;

	iopt_lock_tables(iopt);
	ret = iopt_update_alignment(iopt, access->alignment);
	if (ret)
		goto out_unlock;
	ret = xa_alloc(&iopt->accesses, &access->id, access, xa_limit_16b, GFP_KERNEL_ACCOUNT);
	if (ret)
		iopt_update_alignment(iopt, 1);
out_unlock:
	iopt_unlock_tables(iopt);
	return ret;
}

/**
 * iopt_remove_access() - undo iopt_add_access()
 * @iopt: the address space
 * @id: id of the access, which has no pins
 *
 * A call of access->unmap() may still be running; its caller keeps the access by access->get().
 *
 * Context: may sleep; takes tables_lock.
 */
void iopt_remove_access(struct iopt *iopt, u32 id)
{
	iopt_lock_tables(iopt);
	xa_erase(&iopt->accesses, id);
	iopt_update_alignment(iopt, 1);
	iopt_unlock_tables(iopt);
}

/**
 * iopt_notify_unmap() - ask all accesses to unpin a range
 * @iopt: the address space
 * @start: first address
 * @length: bytes
 *
 * Context: may sleep; called without locks, because the callbacks call iopt_unpin_pages().
 */
void iopt_notify_unmap(struct iopt *iopt, unsigned long start, unsigned long length)
{
	struct iopt_access *access;
	unsigned long id;
	bool got;

	for (id = 0;; id++) {
		/* iopt_remove_access() takes this lock before an access may be freed. */
		xa_lock(&iopt->accesses);
		access = xa_find(&iopt->accesses, &id, ULONG_MAX, XA_PRESENT);
		got = access && access->get(access);
		xa_unlock(&iopt->accesses);
		if (!access)
			break;
		if (!got)
			continue;
		access->unmap(access, start, length);
		access->put(access);
	}
}

/**
 * struct part - a walk over the areas of a range without holes; iopt->lock is held
 * @area: the current area
 * @iova: first address of the range in @area
 * @last: last address of the range in @area
 * @end: last address of the range
 */
struct part {
	struct iopt_area *area;
	unsigned long iova;
	unsigned long last;
	unsigned long end;
};

static bool part_ok(struct part *part)
{
	struct iopt_area *area = part->area;

	if (!area || area->start > part->iova || !iopt_area_live(area))
		return false;
	part->last = min(part->end, area->last);
	return true;
}

static bool part_first(struct part *part, struct iopt *iopt, unsigned long iova, unsigned long end)
{
	part->iova = iova;
	part->end = end;
	part->area = iopt_find(iopt, iova);
	return part_ok(part);
}

/* Returns false at a hole. The caller must not go on when part->last is the end. */
static bool part_next(struct part *part)
{
	part->iova = part->last + 1;
	part->area = part->area->next;
	return part_ok(part);
}

/*
 * Only whole pages can be pinned: a part starts with one and, unless it is the last, ends with one.
 */
static bool part_whole_pages(const struct part *part)
{
	if (offset_in_page(iopt_area_byte(part->area, part->iova)))
		return false;
	return part->last == part->end ||
	       offset_in_page(iopt_area_byte(part->area, part->last)) == PAGE_SIZE - 1;
}

static int part_allowed(const struct part *part, bool write)
{
	if (part->area->no_access)
		return -EINVAL;
	return part->area->prot & (write ? IOMMU_WRITE : IOMMU_READ) ? 0 : -EPERM;
}

static unsigned long part_pages(const struct part *part, unsigned long *first, unsigned long *last)
{
	*first = iopt_area_page(part->area, part->iova);
	*last = iopt_area_page(part->area, part->last);
	return *last - *first + 1;
}

static int pin_part(struct iopt *iopt, struct part *part, struct page **pages, unsigned int flags,
		    unsigned long *n)
{
	unsigned long first, last;
	int ret;

	if (!part_whole_pages(part))
		return -EINVAL;
	ret = part_allowed(part, flags & IOPT_PIN_WRITE);
	if (ret)
		return ret;
	*n = part_pages(part, &first, &last);
	ret = umem_pin_pages(part->area->umem, &iopt->pins, first, last, pages);
	if (!ret) {
		atomic_inc(&part->area->access_pins);
		if (flags & IOPT_PIN_KEEP)
			atomic_inc(&part->area->keep_pins);
	}
	return ret;
}

static void unpin_part(struct iopt *iopt, struct part *part, unsigned int flags)
{
	unsigned long first, last;

	part_pages(part, &first, &last);
	if (WARN_ON(!umem_unpin_pages(part->area->umem, &iopt->pins, first, last)))
		return;
	if (flags & IOPT_PIN_KEEP)
		WARN_ON(atomic_dec_return(&part->area->keep_pins) < 0);
	WARN_ON(atomic_dec_return(&part->area->access_pins) < 0);
}

/**
 * iopt_pin_pages() - pin the pages behind a range and return them
 * @iopt: the address space
 * @iova: first address
 * @length: bytes
 * @pages: out: one entry per page
 * @flags: IOPT_PIN_WRITE if the pages will be written; IOPT_PIN_KEEP if the range must not be
 *	unmapped before they are unpinned, with the same flag
 *
 * Context: may sleep, as umem_pin(); takes iopt->lock.
 * Return: 0; -EINVAL for a length of 0, for a range that does not consist of whole pages, or that
 * is being unmapped; -EOVERFLOW if it wraps; -ENOENT if a part of it is not mapped; -EPERM if it is
 * not mapped for reading, or for writing with IOPT_PIN_WRITE; -EINTR if the caller is killed; an
 * error of umem_pin_pages().
 */
int iopt_pin_pages(struct iopt *iopt, unsigned long iova, unsigned long length, struct page **pages,
		   unsigned int flags)
{
	unsigned long end, n;
	struct part part;
	int ret;

	ret = iopt_last(iova, length, &end);
	if (ret)
		return ret;

	down_read(&iopt->lock);
	ret = part_first(&part, iopt, iova, end) ? 0 : -ENOENT;
	while (!ret) {
		cond_resched();
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		ret = pin_part(iopt, &part, pages, flags, &n);
		if (ret || part.last == end)
			break;
		pages += n;
		if (!part_next(&part))
			ret = -ENOENT;
	}
	if (ret && part.iova != iova) {
		struct part undo;

		end = part.iova - 1;
		part_first(&undo, iopt, iova, end);
		for (;;) {
			cond_resched();
			unpin_part(iopt, &undo, flags);
			if (undo.last == end || WARN_ON(!part_next(&undo)))
				break;
		}
	}
	up_read(&iopt->lock);
	return ret;
}

/**
 * iopt_unpin_pages() - undo iopt_pin_pages()
 * @iopt: the address space
 * @iova: as in that call
 * @length: as in that call
 * @flags: as in that call; only IOPT_PIN_KEEP matters
 *
 * Context: may sleep; takes iopt->lock.
 */
void iopt_unpin_pages(struct iopt *iopt, unsigned long iova, unsigned long length,
		      unsigned int flags)
{
	unsigned long end;
	struct part part;

	if (WARN_ON(iopt_last(iova, length, &end)))
		return;

	down_read(&iopt->lock);
	if (!WARN_ON(!part_first(&part, iopt, iova, end)))
		for (;;) {
			cond_resched();
			unpin_part(iopt, &part, flags);
			if (part.last == end || WARN_ON(!part_next(&part)))
				break;
		}
	up_read(&iopt->lock);
}

/**
 * iopt_rw() - read or write by IOVA
 * @iopt: the address space
 * @iova: first address
 * @data: the kernel buffer
 * @length: bytes
 * @write: write to the address space; otherwise read from it
 *
 * Context: may sleep for page faults of user memory; takes iopt->lock.
 * Return: 0; -EINVAL for a length of 0, a range that is being unmapped or memory of a dma-buf;
 * -EOVERFLOW if the range wraps; -ENOENT if a part of it is not mapped; -EPERM if the mapping does
 * not allow it; -EFAULT. Everything below the part that failed has been copied.
 */
int iopt_rw(struct iopt *iopt, unsigned long iova, void *data, unsigned long length, bool write)
{
	unsigned long end;
	struct part part;
	int ret;

	ret = iopt_last(iova, length, &end);
	if (ret)
		return ret;

	down_read(&iopt->lock);
	ret = part_first(&part, iopt, iova, end) ? 0 : -ENOENT;
	while (!ret) {
		unsigned long bytes = part.last - part.iova + 1;

		cond_resched();
		ret = part_allowed(&part, write);
		if (!ret)
			ret = umem_rw(part.area->umem, iopt_area_byte(part.area, part.iova), data,
				      bytes, write);
		if (ret || part.last == end)
			break;
		data += bytes;
		if (!part_next(&part))
			ret = -ENOENT;
	}
	up_read(&iopt->lock);
	return ret;
}

static bool has_physical(struct iopt *iopt)
{
	struct iopt_table *table;

	list_for_each_entry(table, &iopt->tables, item)
		if (table->physical)
			return true;
	return false;
}

/**
 * iopt_phys() - get the physical address of the memory at an address
 * @iopt: the address space
 * @iova: the address
 * @phys: out: the physical address, valid until the area is unmapped
 * @length: in: bytes of interest; out: bytes that are contiguous from there on, within one area
 *
 * Only for address spaces with devices that use physical addresses.
 *
 * Context: may sleep; takes tables_lock, iopt->lock and umem->lock.
 * Return: 0; -ENOENT if nothing is mapped there; -EOPNOTSUPP if no such device is attached; -EINVAL
 * for memory of a dma-buf.
 */
int iopt_phys(struct iopt *iopt, unsigned long iova, phys_addr_t *phys, unsigned long *length)
{
	struct iopt_area *area;
	struct umem_iter it;
	struct umem_run run;
	unsigned long left;
	int ret = 0;

	iopt_lock_tables_shared(iopt);
	down_read(&iopt->lock);
	area = iopt_find(iopt, iova);
	if (!area || area->start > iova || !iopt_area_live(area)) {
		ret = -ENOENT;
		goto out_unlock;
	}
	if (!has_physical(iopt)) {
		ret = -EOPNOTSUPP;
		goto out_unlock;
	}
	if (iopt_area_is_dmabuf(area)) {
		ret = -EINVAL;
		goto out_unlock;
	}

	mutex_lock(&area->umem->lock);
	umem_iter_start(&it, area->umem, iopt_area_page(area, iova),
			iopt_area_page(area, area->last));
	umem_next_runs(&it, &run, 1);
	mutex_unlock(&area->umem->lock);
	left = run.npages * PAGE_SIZE - offset_in_page(iopt_area_byte(area, iova));
	*phys = PFN_PHYS(run.pfn) + offset_in_page(iopt_area_byte(area, iova));
	*length = min3(*length, left, area->last - iova + 1);
out_unlock:
	up_read(&iopt->lock);
	iopt_unlock_tables_shared(iopt);
	return ret;
}
