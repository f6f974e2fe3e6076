// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge pages of a process. pin_user_pages() writes a pointer for each of their pages, which takes
 * most of the time of a large map. Here it pins one page, and the pages that follow in the same
 * folio get their pins by one addition. So every page has a pin of its own, and any run of them can
 * be unpinned (see file.c).
 *
 * The process must map these pages in order, as pin_user_pages() would have found them:
 *
 * - hugetlbfs maps a huge page as a whole or not at all.
 * - Other huge pages may be mapped in parts, with other pages in between. So the page table is
 *   read: one entry of the page middle directory that has the folio, and allows the access, maps
 *   all of its pages. Interrupts are off meanwhile, as in pin_user_pages_fast(), which keeps page
 *   tables from being freed; before Linux 6.15 on x86 only those of the calling process. KVM finds
 *   the size of a page in the same way.
 *
 * The pin of the first page is older than that look, and protects the whole folio: the kernel
 * neither splits nor migrates a folio with a pin, and fork() does not share its pages. What
 * pin_user_pages() checks for the first page, ZONE_MOVABLE and the kind of mapping, is the same for
 * the others, because an entry belongs to one VMA.
 */
#include <linux/hugetlb.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "umem/internal.h"

/**
 * umem_may_be_huge() - guess whether the pages behind a page will be in huge pages
 * @page: pinned
 *
 * Return: true if it is in a folio of several pages.
 */
bool umem_may_be_huge(struct page *page)
{
	return folio_test_large(page_folio(page));
}

/* The entry of the page middle directory that maps an address; interrupts are off. */
static pmd_t read_pmd(struct mm_struct *mm, unsigned long address)
{
	pgd_t *pgdp = pgd_offset(mm, address), pgd = pgdp_get(pgdp);
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;

	if (!pgd_present(pgd))
		return __pmd(0);
	p4dp = p4d_offset_lockless(pgdp, pgd, address);
	p4d = p4dp_get(p4dp);
	if (!p4d_present(p4d))
		return __pmd(0);
	pudp = pud_offset_lockless(p4dp, p4d, address);
	pud = pudp_get(pudp);
	if (!pud_present(pud) || pud_leaf(pud))
		return __pmd(0);
	return pmdp_get_lockless(pmd_offset_lockless(pudp, pud, address));
}

/* Whether one entry maps the huge page of @pfn at its address. */
static bool is_whole(struct mm_struct *mm, unsigned long address, unsigned long pfn, bool writable)
{
	unsigned long flags;
	pmd_t pmd;

	if (!IS_ENABLED(CONFIG_HAVE_GUP_FAST) || mm != current->mm)
		return false;
	local_irq_save(flags);
	pmd = read_pmd(mm, address);
	local_irq_restore(flags);
	return pmd_present(pmd) && pmd_leaf(pmd) && pmd_access_permitted(pmd, writable) &&
	       pmd_pfn(pmd) + ((address & ~PMD_MASK) >> PAGE_SHIFT) == pfn;
}

/**
 * umem_pin_huge() - pin the pages behind a pinned one that are in the same huge page
 * @mm: the memory; it has users
 * @address: of the pinned page
 * @page: pinned for as long as one likes (FOLL_LONGTERM), and found at @address since then
 * @writable: it was pinned for writing
 * @max: number of pages to pin, at most
 *
 * The pages get pins as from pin_user_pages(). Their frames follow that of @page.
 *
 * Return: number of pages pinned; 0 if it is not in a huge page, or this cannot be told.
 */
unsigned int umem_pin_huge(struct mm_struct *mm, unsigned long address, struct page *page,
			   bool writable, unsigned int max)
{
	struct folio *folio = page_folio(page);
	unsigned long rest;

	if (!folio_test_large(folio))
		return 0;
	rest = folio_nr_pages(folio) - folio_page_idx(folio, page) - 1;
	if (!folio_test_hugetlb(folio)) {
		if (!is_whole(mm, address, page_to_pfn(page), writable))
			return 0;
		/* The next entry may have something else. */
		rest = min(rest, (~address & ~PMD_MASK) >> PAGE_SHIFT);
	}
	max = min(rest, max);
	return umem_add_pins(folio, max) ? 0 : max;
}
