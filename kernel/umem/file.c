// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a memfd: any file of tmpfs or hugetlbfs. The pages are found in the file, and made
 * where it has holes; no process needs to have them mapped, and what a process does to its own
 * mappings makes no difference. The file is held open. A part that is cut off the file, or punched
 * out of it, stays pinned and stays what page tables show; the file has new pages there from then
 * on.
 *
 * Pins. memfd_pin_folios() takes one pin for each folio, whatever part of it was asked for. Here
 * each page has a pin of its own, as pin_user_pages() gives it: the rule of umem.h, that a page is
 * pinned if and only if a user covers it, is then all that decides what is to be given back, and
 * unpin_user_page_range_dirty_lock() does that for any run of pages, whether or not it begins and
 * ends with folios, and in whatever pieces it comes. With one pin for each folio, a folio that is
 * pinned in one piece could not be unpinned in three.
 *
 * So a folio of which n pages are meant gets n - 1 pins on top. It cannot go away meanwhile: the
 * first pin holds it, and a pinned folio is neither split nor migrated. The kernel does not
 * export a function for it; add_pins() counts as its own try_grab_folio() does for large folios,
 * which are the only ones with n > 1.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/shmem_fs.h>

#include "umem/umem.h"

static bool is_memfd(struct file *file)
{
	unsigned long magic = file_inode(file)->i_sb->s_magic;

	return magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC;
}

/* The seals of a memfd; @file is one. */
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
 * A device may do with a file what the process could do by mmap(): the file is open for reading,
 * and to be written for writing as well, not only at its end, and not sealed against it. As long as
 * it is mapped for writing it cannot be sealed either.
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
 * umem_release_file() - undo umem_init_file()
 * @umem: of a file, with nothing pinned
 */
void umem_release_file(struct umem *umem)
{
	if (umem->writable && is_memfd(umem->file))
		mapping_unmap_writable(umem->file->f_mapping);
	fput(umem->file);
}

/**
 * umem_init_file() - make a umem for a part of a memfd
 * @umem: as for umem_init()
 * @file: the file; the umem takes a reference. That it is a memfd shows when it is pinned.
 * @start: first byte in the file, need not be page aligned
 * @length: bytes
 * @writable: as for umem_init()
 * @account_mm: as for umem_init()
 * @totals: as for umem_init()
 * @release: as for umem_init()
 *
 * Context: may sleep; the calling process is the owner.
 * Return: as umem_init(); -EPERM for a file that is not open for that, or is sealed against it.
 */
int umem_init_file(struct umem *umem, struct file *file, unsigned long start, unsigned long length,
		   bool writable, bool account_mm, struct umem_totals *totals,
		   void (*release)(struct umem *umem))
{
	unsigned long last;
	int ret;

	if (length && check_add_overflow(start, length - 1, &last))
		return -EOVERFLOW;
	ret = umem_init_common(umem, UMEM_FILE, start, length, writable, account_mm, totals,
			       release);
	if (ret)
		return ret;
	ret = claim(file, writable);
	if (ret) {
		umem_fini_common(umem);
		return ret;
	}
	umem->file = get_file(file);
	return 0;
}

static unsigned long file_page(const struct umem *umem, unsigned long index)
{
	return (umem->uptr >> PAGE_SHIFT) + index;
}

/**
 * umem_file_holds() - whether a file is long enough
 * @umem: of a file
 * @last: page that has to be there; a page that the file ends in does not count
 *
 * To find out before anything is pinned; the file may be cut at any time.
 *
 * Return: false if it is not.
 */
bool umem_file_holds(const struct umem *umem, unsigned long last)
{
	loff_t size = i_size_read(file_inode(umem->file));

	return file_page(umem, last) < (unsigned long)size >> PAGE_SHIFT;
}

/* Pin a folio, which has a pin, @n more times. */
static int add_pins(struct folio *folio, unsigned int n)
{
	/* Each map of the same memory adds to the count: stop long before it wraps. */
	if (folio_ref_count(folio) > INT_MAX / 2)
		return -ENOMEM;
	if (n) {
		folio_ref_add(folio, n);
		atomic_add(n, &folio->_pincount);
		node_stat_mod_folio(folio, NR_FOLL_PIN_ACQUIRED, n);
	}
	return 0;
}

/* Pages from @page of @folio on that lie within @left pages. */
static unsigned int pages_of(struct folio *folio, unsigned long page, unsigned int left)
{
	return min_t(unsigned long, folio_nr_pages(folio) - page, left);
}

/**
 * umem_file_pin() - pin pages of a file
 * @umem: its lock is held
 * @first: first page
 * @npages: how many at most, at least 1
 * @pages: out: room for as many; each page in it has a pin of its own
 *
 * Context: may sleep, to make or read pages and to move them out of ZONE_MOVABLE.
 * Return: how many are pinned, at least 1; -EINVAL if the file is not a memfd, or ends before the
 * last of @npages; -ENOMEM or another error of the file system.
 */
long umem_file_pin(struct umem *umem, unsigned long first, unsigned int npages, struct page **pages)
{
	loff_t start = (loff_t)file_page(umem, first) << PAGE_SHIFT;
	struct folio **folios = (struct folio **)pages;
	unsigned int done = 0, use, n, page;
	long got, i;
	pgoff_t offset;
	int ret = 0;

	got = memfd_pin_folios(umem->file, start, start + npages * PAGE_SIZE - 1, folios, npages,
			       &offset);
	if (got <= 0)
		return got;

	offset >>= PAGE_SHIFT;
	for (i = 0; i < got; i++) {
		/*
		 * Where the file changes at this moment, the next folio may be one that has taken
		 * the place of pages found before. What is found up to there is right.
		 */
		page = i ? 0 : offset;
		if (i && folios[i]->index != file_page(umem, first + done))
			break;
		n = pages_of(folios[i], page, npages - done);
		ret = add_pins(folios[i], n - 1);
		if (ret)
			break;
		done += n;
	}
	use = i;
	if (use < got)
		unpin_folios(folios + use, got - use);
	if (!use)
		return ret;

	/* From the end on, pages can take the place of folios: they are as many, or more. */
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
