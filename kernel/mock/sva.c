// SPDX-License-Identifier: GPL-2.0-only
/*
 * SVA domains: the page table of a process, shared with a device (IOMMU_DOMAIN_SVA).
 *
 * The domain has no table of its own. As in hardware, an IOTLB caches entries of the process's
 * table. DMA copies through an IOTLB entry, which holds no reference on its page. Only the MMU
 * notifier makes that safe: before the kernel changes a mapping or reclaims a page, it calls the
 * notifier, which drops the entries of the range.
 *
 *	hit	DMA holds sva->lock for reading while it copies the bytes.
 *	start	The notifier drops the entries of the changed range under the lock for
 *		writing, so no copy is in progress when it returns. Until the end of the change,
 *		no entry is added in the range.
 *	end	The notifier increments the sequence number.
 *	miss	DMA waits until no change of the page is in progress and notes the sequence
 *		number. Then it looks up the page as the CPU would, but without faulting it in. It
 *		adds the entry only if no change has begun or ended meanwhile; otherwise the DMA
 *		tries again.
 *	release	When the memory of the process goes away, all entries are dropped, and none
 *		is added any more.
 *
 * The lock spins because a notifier with invalidate_range_end() must not fail in its start, not
 * even when it must not sleep, which is when the OOM reaper calls it. No memory may be allocated
 * under the lock, because reclaim may call the notifier.
 *
 * A page written by the device has to be dirty. The look-up for writing marks it once, for as long
 * as the entry exists. That is enough: before a page is cleaned for writeback or for reclaim, write
 * access is removed from all mappings, which calls the notifier. The next write needs a new entry,
 * and its look-up marks the page again.
 *
 * A look-up takes the mmap_lock of the process, whose holder may wait for a page from the network
 * or from user space. Therefore no lock of the mock is held during the look-up. The domain may be
 * detached and freed meanwhile; mock_sva_get() keeps the struct until the look-up has ended. No
 * entry is added once the domain is freed.
 *
 * The kernel's half of the page table is part of the table of each process. It is never looked up:
 * an IOVA at or above the end of the process's address space is a fault.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "mock.h"

#define TLB_ENTRIES 64

/* @addr: address of the page; @page: NULL if the entry is empty; @write: writes are allowed */
struct tlb_entry {
	unsigned long addr;
	struct page *page;
	bool write;
};

/**
 * struct mock_sva - the page table of a process
 * @domain: for the IOMMU core
 * @mn: MMU notifier; keeps the struct mm_struct, but not the memory of the process
 * @users: 1 for the domain, and 1 for each look-up in progress
 * @wait: woken when the last change in progress ends
 * @lock: protects the fields below; see above
 * @dead: the memory of the process or the domain is gone
 * @sequence: number of changes that have ended
 * @changes: number of changes in progress
 * @start: start of a range that holds all changes in progress
 * @end: end of that range
 * @tlb: the IOTLB, by page number modulo TLB_ENTRIES
 */
struct mock_sva {
	struct iommu_domain domain;
	struct mmu_notifier mn;
	refcount_t users;
	wait_queue_head_t wait;
	rwlock_t lock; /* dead to tlb */
	bool dead;
	unsigned long sequence;
	unsigned int changes;
	unsigned long start;
	unsigned long end;
	struct tlb_entry tlb[TLB_ENTRIES];
};

static const struct iommu_domain_ops mock_sva_ops;

static struct mock_sva *to_mock_sva(struct iommu_domain *domain)
{
	return container_of(domain, struct mock_sva, domain);
}

static struct tlb_entry *tlb_entry(struct mock_sva *sva, unsigned long addr)
{
	return &sva->tlb[(addr / PAGE_SIZE) % TLB_ENTRIES];
}

static void tlb_drop(struct mock_sva *sva, unsigned long start, unsigned long end)
{
	unsigned int i;

	lockdep_assert_held_write(&sva->lock);
	for (i = 0; i < TLB_ENTRIES; i++)
		if (sva->tlb[i].addr >= (start & PAGE_MASK) && sva->tlb[i].addr < end)
			sva->tlb[i].page = NULL;
}

static int sva_change_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct mock_sva *sva = container_of(mn, struct mock_sva, mn);

	write_lock(&sva->lock);
	/* The range only grows until the last change ends. */
	sva->start = sva->changes ? min(sva->start, range->start) : range->start;
	sva->end = sva->changes ? max(sva->end, range->end) : range->end;
	sva->changes++;
	tlb_drop(sva, range->start, range->end);
	write_unlock(&sva->lock);
	return 0;
}

static void sva_change_end(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct mock_sva *sva = container_of(mn, struct mock_sva, mn);
	bool last = false;

	write_lock(&sva->lock);
	sva->sequence++;
	if (!WARN_ON_ONCE(!sva->changes))
		last = !--sva->changes;
	write_unlock(&sva->lock);
	if (last)
		wake_up_all(&sva->wait);
}

/* Wake look-ups because the changes in progress may never end. */
static void sva_kill(struct mock_sva *sva)
{
	write_lock(&sva->lock);
	sva->dead = true;
	tlb_drop(sva, 0, ULONG_MAX);
	write_unlock(&sva->lock);
	wake_up_all(&sva->wait);
}

static void sva_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	sva_kill(container_of(mn, struct mock_sva, mn));
}

static void sva_free_notifier(struct mmu_notifier *mn)
{
	kfree(container_of(mn, struct mock_sva, mn));
}

static const struct mmu_notifier_ops sva_notifier_ops = {
	.invalidate_range_start = sva_change_start,
	.invalidate_range_end = sva_change_end,
	.release = sva_release,
	.free_notifier = sva_free_notifier,
};

/* Begin a look-up, and return true, unless a change of the page is in progress. */
static bool fill_begin(struct mock_sva *sva, unsigned long addr, unsigned long *sequence)
{
	bool ok;

	read_lock(&sva->lock);
	ok = sva->dead || !sva->changes || addr < (sva->start & PAGE_MASK) || addr >= sva->end;
	*sequence = sva->sequence;
	read_unlock(&sva->lock);
	return ok;
}

/* Add the entry unless a change interfered. If so, DMA misses again and retries. */
static void fill_end(struct mock_sva *sva, unsigned long addr, unsigned long sequence,
		     struct page *page, bool write)
{
	write_lock(&sva->lock);
	if (!sva->dead && sva->sequence == sequence &&
	    (!sva->changes || addr < (sva->start & PAGE_MASK) || addr >= sva->end))
		*tlb_entry(sva, addr) = (struct tlb_entry){
			.addr = addr,
			.page = page,
			.write = write,
		};
	write_unlock(&sva->lock);
}

/**
 * mock_is_sva() - Tell whether a domain is an SVA domain of the mock
 * @domain: any domain
 *
 * Return: true if it is.
 */
bool mock_is_sva(struct iommu_domain *domain)
{
	return domain->ops == &mock_sva_ops;
}

/**
 * mock_sva_reaches() - Tell whether an IOVA is in the address space of the process
 * @domain: a domain for which mock_is_sva() is true
 * @iova: the IOVA
 *
 * Return: true if it is.
 */
bool mock_sva_reaches(struct iommu_domain *domain, u64 iova)
{
	return iova < to_mock_sva(domain)->mn.mm->task_size;
}

/**
 * mock_sva_copy() - Read or write memory through an IOTLB entry
 * @domain: a domain for which mock_is_sva() is true
 * @iova: the IOVA
 * @buf: the device's buffer
 * @length: in: bytes to copy; out: bytes copied, up to the end of the page
 * @write: true to write memory, false to read it
 *
 * Context: the caller holds table_rwsem of a device attached to @domain; takes sva->lock.
 * Return: 0, or -ENOENT if no entry allows the access.
 */
int mock_sva_copy(struct iommu_domain *domain, u64 iova, void *buf, size_t *length, bool write)
{
	struct mock_sva *sva = to_mock_sva(domain);
	unsigned long addr = iova & PAGE_MASK;
	struct tlb_entry *entry = tlb_entry(sva, addr);
	int ret = -ENOENT;

	read_lock(&sva->lock);
	if (entry->page && entry->addr == addr && (entry->write || !write)) {
		*length = min_t(size_t, *length, PAGE_SIZE - offset_in_page(iova));
		if (write)
			memcpy_to_page(entry->page, offset_in_page(iova), buf, *length);
		else
			memcpy_from_page(buf, entry->page, offset_in_page(iova), *length);
		ret = 0;
	}
	read_unlock(&sva->lock);
	return ret;
}

/**
 * mock_sva_get() - Take a reference for mock_sva_fill()
 * @domain: a domain for which mock_is_sva() is true
 *
 * Context: the caller holds table_rwsem of a device attached to @domain.
 * Return: the struct, for mock_sva_put().
 */
struct mock_sva *mock_sva_get(struct iommu_domain *domain)
{
	struct mock_sva *sva = to_mock_sva(domain);

	refcount_inc(&sva->users);
	return sva;
}

/**
 * mock_sva_put() - Undo mock_sva_get()
 * @sva: the value that it returned
 */
void mock_sva_put(struct mock_sva *sva)
{
	if (refcount_dec_and_test(&sva->users))
		mmu_notifier_put(&sva->mn);
}

/**
 * mock_sva_fill() - Look up a page and add it to the IOTLB
 * @sva: from mock_sva_get()
 * @iova: an IOVA for which mock_sva_reaches() is true
 * @write: true for a write access, false for a read access
 *
 * Context: sleeps on the mmap_lock of the process, so the caller holds no lock.
 * Return: 0 if mock_sva_copy() is worth another try; -EFAULT if the page is not mapped or the
 * mapping forbids the access; -EINTR if killed.
 */
int mock_sva_fill(struct mock_sva *sva, u64 iova, bool write)
{
	unsigned int flags = FOLL_NOFAULT | (write ? FOLL_WRITE : 0);
	unsigned long addr = iova & PAGE_MASK, sequence;
	struct mm_struct *mm = sva->mn.mm;
	struct page *page;
	long n;

	if (wait_event_killable(sva->wait, fill_begin(sva, addr, &sequence)))
		return -EINTR;
	if (!mmget_not_zero(mm))
		return -EFAULT;
	n = mmap_read_lock_killable(mm);
	if (!n) {
		n = get_user_pages_remote(mm, addr, 1, flags, &page, NULL);
		mmap_read_unlock(mm);
		if (n == 1) {
			fill_end(sva, addr, sequence, page, write);
			put_page(page);
		}
	}
	mmput(mm);
	if (n == -EINTR)
		return -EINTR;
	return n == 1 ? 0 : -EFAULT;
}

/* Nothing is attached any more, but a look-up may still be in progress. */
static void sva_free(struct iommu_domain *domain)
{
	struct mock_sva *sva = to_mock_sva(domain);

	sva_kill(sva);
	mock_sva_put(sva);
}

/* Only PASIDs can be attached, because DMA without a PASID belongs to no process. */
PORT_DEFINE_SET_DEV_PASID(mock_attach_pasid);

static const struct iommu_domain_ops mock_sva_ops = {
	.set_dev_pasid = PORT_SET_DEV_PASID_OP(mock_attach_pasid),
	.free = sva_free,
};

/* Register last, because the notifier may be called from then on. */
static int sva_register(struct mock_sva *sva, struct mm_struct *mm)
{
	int ret;

	if (!mmget_not_zero(mm))
		return -ESRCH;
	ret = mmap_write_lock_killable(mm);
	if (!ret) {
		ret = __mmu_notifier_register(&sva->mn, mm);
		mmap_write_unlock(mm);
	}
	mmput(mm);
	return ret;
}

/**
 * mock_sva_alloc() - Allocate an SVA domain; domain_alloc_sva() of struct iommu_ops
 * @dev: the device
 * @mm: the memory of the process; the core sets domain->mm
 *
 * Context: takes the mmap_lock for writing.
 * Return: the domain; -ESRCH if the memory of the process is gone; -EINTR if killed; -ENOMEM.
 */
struct iommu_domain *mock_sva_alloc(struct device *dev, struct mm_struct *mm)
{
	struct mock_sva *sva;
	int ret;

	sva = kzalloc(sizeof(*sva), GFP_KERNEL_ACCOUNT);
	if (!sva)
		return ERR_PTR(-ENOMEM);
	refcount_set(&sva->users, 1);
	init_waitqueue_head(&sva->wait);
	rwlock_init(&sva->lock);
	sva->mn.ops = &sva_notifier_ops;
	sva->domain.type = IOMMU_DOMAIN_SVA;
	sva->domain.ops = &mock_sva_ops;
	sva->domain.owner = dev->iommu->iommu_dev->ops;
	ret = sva_register(sva, mm);
	if (ret) {
		kfree(sva);
		return ERR_PTR(ret);
	}
	return &sva->domain;
}
