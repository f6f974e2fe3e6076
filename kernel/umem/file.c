// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a memfd, which is any file of tmpfs or hugetlbfs. Pages are looked up in the file, and
 * allocated where it has holes. No process needs to map them, and changes of a process's own
 * mappings make no difference. The umem keeps the file open. Pages that are truncated or punched
 * out of the file stay pinned and stay in page tables; the file gets new pages there.
 *
 * Pins. memfd_pin_folios() takes one pin per folio, even if only a part of it was asked for. Here
 * every page has a pin of its own, as from pin_user_pages(), because the invariant in umem/umem.h
 * then decides alone which pages to unpin, and unpin_user_page_range_dirty_lock() can unpin any run
 * of pages, whether or not it starts and ends with folios. With one pin per folio, a folio pinned
 * as one range could not be unpinned as three.
 *
 * So a folio with n of the pages gets n - 1 pins more. It cannot go away meanwhile: the first pin
 * holds it, and a pinned folio is neither split nor migrated.
 *
 * Huge pages. Before Linux 6.17, memfd_pin_folios() allocates the pages that a file of hugetlbfs
 * lacks without regard to reservations. So it takes pages that mmap() has promised to somebody
 * else, whose access then ends with SIGBUS, and the kernel's count of reservations may wrap. Here
 * fallocate() makes these pages, which respects reservations and the limits of mounts and cgroups.
 * The inode's lock keeps them from being punched out until they are pinned.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/falloc.h> /* needs types of fs.h */
#include <linux/hugetlb.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/thread_info.h>

#include "umem/internal.h"

static bool is_memfd(struct file *file)
{
	unsigned long magic = file_inode(file)->i_sb->s_magic;

	return magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC;
}

/* The seals of a memfd. */
static unsigned int seals(struct file *file)
{
	struct inode *inode = file_inode(file);

	if (inode->i_sb->s_magic == TMPFS_MAGIC)
		return SHMEM_I(inode)->seals;
#ifdef CONFIG_HUGETLBFS
	return HUGETLBFS_I(inode)->seals;
#else
	return 0;
#endif
}

/*
 * A device may access a file only as the process could with mmap(): the file must be open for
 * reading. If devices may write, it must also be open for writing, not only at its end, and not be
 * sealed against writes. It cannot be sealed while it is mapped for writing.
 */
static int claim(struct file *file, bool writable)
{
	if (!is_memfd(file))
		return 0;
	if (!(file->f_mode & FMODE_READ))
		return -EPERM;
	if (!writable)
		return 0;
	if (!(file->f_mode & FMODE_WRITE) || IS_APPEND(file_inode(file)) ||
	    seals(file) & F_SEAL_FUTURE_WRITE)
		return -EPERM;
	return mapping_map_writable(file->f_mapping);
}

/**
 * umem_file_init() - take a reference on the file of a umem
 * @umem: otherwise initialized
 * @file: the file; whether it is a memfd shows when it is pinned
 *
 * Return: 0; -EPERM if the file is not open for reading, or for writing if @umem is writable, or is
 * sealed against writes.
 */
int umem_file_init(struct umem *umem, struct file *file)
{
	int ret = claim(file, umem->writable);

	if (!ret)
		umem->file = get_file(file);
	return ret;
}

/**
 * umem_file_release() - undo umem_file_init()
 * @umem: has no users
 */
void umem_file_release(struct umem *umem)
{
	if (umem->writable && is_memfd(umem->file))
		mapping_unmap_writable(umem->file->f_mapping);
	fput(umem->file);
}

static unsigned long file_page(const struct umem *umem, unsigned long index)
{
	return (umem->start >> PAGE_SHIFT) + index;
}

/**
 * umem_file_holds() - check whether a file is long enough
 * @umem: UMEM_FILE
 * @last: page that the file has to have as a whole
 *
 * Tells before anything is pinned; the file may be truncated at any time.
 *
 * Return: true if it is.
 */
bool umem_file_holds(const struct umem *umem, unsigned long last)
{
	loff_t size = i_size_read(file_inode(umem->file));

	return file_page(umem, last) < (unsigned long)size >> PAGE_SHIFT;
}

/* How often the pages of a file may vanish between being made and pinned. */
#define HUGETLB_TRIES 64

/* Whether a file of hugetlbfs has all pages from @start to @last, which are offsets. */
static bool has_huge_pages(struct inode *inode, loff_t start, loff_t last)
{
	loff_t offset = round_down(start, i_blocksize(inode));

	for (; offset <= last; offset += i_blocksize(inode)) {
		struct folio *folio = filemap_get_folio(inode->i_mapping, offset >> PAGE_SHIFT);

		if (IS_ERR(folio))
			return false;
		folio_put(folio);
	}
	return true;
}

/*
 * fallocate() of hugetlbfs ends with EINTR for all that signal_pending() sees: signals, also those
 * that a debugger or a freezer makes, and work that io_uring has left for this thread. Only a kill
 * may end a map, so hide the rest from it. The thread handles it before it returns to user space.
 */
static long fallocate_unless_killed(struct file *file, loff_t start, loff_t length)
{
	/* It stays until this thread exits. */
	spinlock_t *lock = &rcu_dereference_raw(current->sighand)->siglock;
	bool signal = false, work = false, killed;
	long ret = -EINTR;

	do {
		/* With the lock, a kill is seen here or sets the flag later. */
		spin_lock_irq(lock);
		signal |= test_and_clear_thread_flag(TIF_SIGPENDING);
		killed = __fatal_signal_pending(current);
		spin_unlock_irq(lock);
		work |= test_and_clear_thread_flag(TIF_NOTIFY_SIGNAL);
		if (!killed)
			ret = file->f_op->fallocate(file, FALLOC_FL_KEEP_SIZE, start, length);
	} while (ret == -EINTR && !killed);
	if (signal || killed)
		set_thread_flag(TIF_SIGPENDING);
	if (work)
		set_thread_flag(TIF_NOTIFY_SIGNAL);
	return ret;
}

/* Allocate the pages that a file of hugetlbfs lacks. */
static int make_huge_pages(struct file *file, loff_t start, loff_t last)
{
	int ret;

	/* It is not to allocate beyond the end. A truncation meanwhile does no harm. */
	if (last >= i_size_read(file_inode(file)))
		return -EINVAL;
	ret = fallocate_unless_killed(file, start, last - start + 1);
	return ret == -ENOSPC ? -ENOMEM : ret;
}

/* memfd_pin_folios() for a file of hugetlbfs, whose reservations hold. */
static long pin_huge_folios(struct file *file, loff_t start, loff_t last, struct folio **folios,
			    unsigned int max, pgoff_t *offset)
{
	struct inode *inode = file_inode(file);
	unsigned int tries;
	long ret;

	for (tries = 0; tries < HUGETLB_TRIES; tries++) {
		bool present;

		ret = down_read_killable(&inode->i_rwsem);
		if (ret)
			return ret;
		present = has_huge_pages(inode, start, last);
		if (present)
			ret = memfd_pin_folios(file, start, last, folios, max, offset);
		up_read(&inode->i_rwsem);
		if (present)
			return ret;
		ret = make_huge_pages(file, start, last);
		if (ret)
			return ret;
	}
	/* Somebody keeps punching holes. */
	return -EBUSY;
}

/* The number of pages of a folio from @page on, at most @left. */
static unsigned int pages_of(struct folio *folio, unsigned long page, unsigned int left)
{
	return min_t(unsigned long, folio_nr_pages(folio) - page, left);
}

/**
 * umem_file_pin() - pin pages of a file
 * @umem: UMEM_FILE; its lock is held
 * @first: first page
 * @npages: number of pages to pin, at least 1
 * @pages: out: @npages entries; each page in it has a pin of its own
 *
 * Context: may sleep to allocate or read pages and to move them out of ZONE_MOVABLE. Takes the lock
 * of an inode of hugetlbfs.
 * Return: number of pages pinned, at least 1; -EINVAL if the file is not a memfd or ends before the
 * last of @npages; -ENOMEM, also if other users have reserved the huge pages that are left; -EBUSY
 * if huge pages of the file vanish all the time; -EINTR; another error of the file system.
 */
long umem_file_pin(struct umem *umem, unsigned long first, unsigned int npages, struct page **pages)
{
	loff_t start = (loff_t)file_page(umem, first) << PAGE_SHIFT;
	loff_t last = start + npages * PAGE_SIZE - 1;
	struct folio **folios = (struct folio **)pages;
	unsigned int done = 0, use, n, page;
	long got, i;
	pgoff_t offset;
	int ret = 0;

	if (file_inode(umem->file)->i_sb->s_magic == HUGETLBFS_MAGIC)
		got = pin_huge_folios(umem->file, start, last, folios, npages, &offset);
	else
		got = memfd_pin_folios(umem->file, start, last, folios, npages, &offset);
	if (got <= 0)
		return got;

	offset >>= PAGE_SHIFT;
	for (i = 0; i < got; i++) {
		/*
		 * If the file is changing right now, the next folio may have replaced pages that
		 * were found before. The folios before it are right.
		 */
		page = i ? 0 : offset;
		if (i && folios[i]->index != file_page(umem, first + done))
			break;
		n = pages_of(folios[i], page, npages - done);
		ret = umem_add_pins(folios[i], n - 1);
		if (ret)
			break;
		done += n;
	}
	use = i;
	if (use < got)
		unpin_folios(folios + use, got - use);
	if (!use)
		return ret;

	/* Replace folios by pages from the end on: there are at least as many pages. */
	static_assert(sizeof(*pages) == sizeof(*folios));
	n = done;
	for (i = use - 1; i >= 0; i--) {
		struct folio *folio = folios[i];
		unsigned int begin = i ? folio->index - file_page(umem, first) : 0;

		page = i ? 0 : offset;
		while (n > begin) {
			n--;
			pages[n] = folio_page(folio, page + n - begin);
		}
	}
	return done;
}
