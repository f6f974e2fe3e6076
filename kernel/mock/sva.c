// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page table of a process, shared with a device (IOMMU_DOMAIN_SVA).
 *
 * There is no table here: that of the process is the table. What it says is kept in an IOTLB, as in
 * hardware, and a DMA copies through an entry of that, which keeps no reference of the page. So it
 * is the MMU notifier alone that makes a DMA safe: before the kernel changes a mapping or takes a
 * page back, it tells us, and we drop what we have of the range.
 *
 *	hit	sva->lock is held for reading while the bytes are copied.
 *	start	of a change: the entries of its range are dropped with the lock held for writing. So
 *		no copy is at work on return. No new entry comes into the range before the end.
 *	end	of a change: the sequence number goes up.
 *	miss	the sequence number is noted, once no change of the page is under way. Then the
 *		page is looked up as the process's CPU would see it, but nothing is faulted in. The
 *		entry is made if no change has begun or ended meanwhile; else the whole is for
 *		nothing, and the DMA comes again.
 *	release	the process's memory goes: all entries are dropped, and no more are made.
 *
 * The lock is a spinning one, for a notifier with an end must not fail its start, not even where
 * it must not sleep, which is when the kernel takes the memory of a process that it has killed for
 * want of memory. Nor may memory be allocated with it held: to get some, the kernel may have to
 * call the notifier.
 *
 * Pages that a device writes are dirty. The look-up for writing notes it, once for as long as the
 * entry is there. That is enough: whoever makes a page clean before it is written back, or given up
 * unwritten, first takes the right to write away from all mappings, and so tells us. The next
 * write needs a new entry, and that makes the page dirty again.
 *
 * A look-up waits for the mmap_lock of the process, and that may take for ever: who holds it may
 * wait for a page from a network, or from user space. So no lock of ours is held meanwhile. The
 * domain may be detached and freed; mock_sva_get() keeps our struct until the look-up is done. An
 * entry that comes too late is seen by nobody.
 *
 * Half of the kernel's page table is part of that of each process. It is never looked at: an
 * address from the process's last one on is a fault without further ado.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "mock.h"

#define TLB_ENTRIES 64

/* @page: what is at @addr, the address of a page; NULL if there is no entry */
struct tlb_entry {
	unsigned long addr;
	struct page *page;
	bool write;
};

/**
 * struct mock_sva - the page table of a process
 * @domain: for the IOMMU core
 * @mn: in the list of the process's notifiers; keeps its struct mm_struct, but not its memory
 * @users: the domain, and look-ups under way
 * @wait: woken when no change is under way any more
 * @lock: protects the rest
 * @dead: the memory, or the domain, is gone
 * @sequence: of changes that have ended
 * @changes: under way
 * @start: they are all within this range
 * @end: first address behind it
 * @tlb: by page number
 */
struct mock_sva {
	struct iommu_domain domain;
	struct mmu_notifier mn;
	refcount_t users;
	wait_queue_head_t wait;
	rwlock_t lock;   /* see above */
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
	/* Changes that end let this range stay too large until there is none. */
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

/* No end comes any more for changes that are under way. */
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

/* Begin a look-up of a page: not while it is being changed. */
static bool fill_begin(struct mock_sva *sva, unsigned long addr, unsigned long *sequence)
{
	bool ok;

	read_lock(&sva->lock);
	ok = sva->dead || !sva->changes || addr < (sva->start & PAGE_MASK) || addr >= sva->end;
	*sequence = sva->sequence;
	read_unlock(&sva->lock);
	return ok;
}

/* End it. That there is no entry now is seen when the DMA comes again. */
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
 * mock_is_sva() - is it the page table of a process, and ours?
 * @domain: any domain
 *
 * Return: whether the other functions here may be called
 */
bool mock_is_sva(struct iommu_domain *domain)
{
	return domain->ops == &mock_sva_ops;
}

/**
 * mock_sva_reaches() - is an address one that a process can have?
 * @domain: mock_is_sva()
 * @iova: the address
 *
 * Return: whether it is
 */
bool mock_sva_reaches(struct iommu_domain *domain, u64 iova)
{
	return iova < to_mock_sva(domain)->mn.mm->task_size;
}

/**
 * mock_sva_copy() - read or write memory as a device does, through an entry of the IOTLB
 * @domain: mock_is_sva(); attached, and that is locked
 * @iova: where
 * @buf: from or to this buffer
 * @length: in: bytes; out: how many were done, up to the end of the page
 * @write: to memory; else from it
 *
 * Return: 0 or -ENOENT if there is no entry that allows it
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
 * mock_sva_get() - keep the struct for mock_sva_fill()
 * @domain: mock_is_sva(); attached, and that is locked
 *
 * Return: for mock_sva_put()
 */
struct mock_sva *mock_sva_get(struct iommu_domain *domain)
{
	struct mock_sva *sva = to_mock_sva(domain);

	refcount_inc(&sva->users);
	return sva;
}

/**
 * mock_sva_put() - undo mock_sva_get()
 * @sva: what it returned
 */
void mock_sva_put(struct mock_sva *sva)
{
	if (refcount_dec_and_test(&sva->users))
		mmu_notifier_put(&sva->mn);
}

/**
 * mock_sva_fill() - look a page up for the IOTLB
 * @sva: of mock_sva_get()
 * @iova: an address in it that mock_sva_reaches()
 * @write: whether it is to be written; else read
 *
 * Called without locks: it may wait for those who hold the process's mmap_lock.
 *
 * Return: 0 if mock_sva_copy() may do now, -EFAULT if nothing is mapped or not with enough rights,
 * -EINTR if killed
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

/* Nothing is attached to it any more, but a DMA that has seen it may still look something up. */
static void sva_free(struct iommu_domain *domain)
{
	struct mock_sva *sva = to_mock_sva(domain);

	sva_kill(sva);
	mock_sva_put(sva);
}

/* The device as a whole is not attached to one: requests without a PASID are not a process's. */
static const struct iommu_domain_ops mock_sva_ops = {
	.set_dev_pasid = mock_attach_pasid,
	.free = sva_free,
};

/* The notifier comes last: from then on it is called. */
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
 * mock_sva_alloc() - domain_alloc_sva() of the devices
 * @dev: the device
 * @mm: the process's memory; the core sets domain->mm by itself
 *
 * Context: may wait for the mmap_lock.
 * Return: the domain, -ESRCH if the memory is gone already, -EINTR if killed, -ENOMEM
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
