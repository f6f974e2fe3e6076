// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOTLB of a paging domain: a cache of the translations that DMA has used, with one place for
 * each IOVA modulo its size.
 *
 * It stays as it is when the page table changes, as the IOTLB of real hardware does. An entry goes
 * when the driver flushes its range, or when another one takes its place. So if iommufd forgets a
 * flush, DMA reaches a page after its unmap; and after dirty bits are cleared, a write through an
 * entry that says "dirty" does not set them again.
 *
 * Entries for an IOVA without a mapping are not cached, so a map needs no flush.
 *
 * Locks. Look-ups and copies hold mock_paging.lock for reading, and a flush holds it for writing,
 * so that it waits for copies that use an old translation.
 */
#include "mock.h"

static struct mock_iotlb_entry *place(struct mock_iotlb *iotlb, u64 iova)
{
	return &iotlb->entries[iova / MOCK_PAGE_SIZE % MOCK_IOTLB_ENTRIES];
}

/**
 * mock_iotlb_init() - Initialize an empty IOTLB
 * @iotlb: zeroed
 */
void mock_iotlb_init(struct mock_iotlb *iotlb)
{
	unsigned int i;

	spin_lock_init(&iotlb->lock);
	for (i = 0; i < MOCK_IOTLB_ENTRIES; i++)
		iotlb->entries[i].iova = MOCK_IOTLB_EMPTY;
}

/**
 * mock_iotlb_find() - Look up a translation
 * @iotlb: the IOTLB
 * @iova: the IOVA
 * @write: true for a write access, false for a read access
 * @entry: out: the translation
 *
 * Return: false if there is none. An entry that forbids the access counts as none, because hardware
 * reads the page table again before it reports a fault.
 */
bool mock_iotlb_find(struct mock_iotlb *iotlb, u64 iova, bool write, struct mock_iotlb_entry *entry)
{
	bool found;

	spin_lock(&iotlb->lock);
	*entry = *place(iotlb, iova);
	found = entry->iova == ALIGN_DOWN(iova, MOCK_PAGE_SIZE) &&
		(write ? entry->write : entry->read);
	iotlb->hits += found;
	spin_unlock(&iotlb->lock);
	return found;
}

/**
 * mock_iotlb_add() - Add or change a translation
 * @iotlb: the IOTLB
 * @entry: the translation; it replaces the one in its place
 */
void mock_iotlb_add(struct mock_iotlb *iotlb, const struct mock_iotlb_entry *entry)
{
	spin_lock(&iotlb->lock);
	*place(iotlb, entry->iova) = *entry;
	spin_unlock(&iotlb->lock);
}

/**
 * mock_iotlb_flush() - Remove the translations of a range
 * @iotlb: the IOTLB; the caller holds mock_paging.lock for writing
 * @start: first IOVA
 * @last: last IOVA
 */
void mock_iotlb_flush(struct mock_iotlb *iotlb, u64 start, u64 last)
{
	unsigned int i;

	spin_lock(&iotlb->lock);
	for (i = 0; i < MOCK_IOTLB_ENTRIES; i++) {
		struct mock_iotlb_entry *entry = &iotlb->entries[i];

		if (entry->iova <= last && start <= entry->iova + (MOCK_PAGE_SIZE - 1))
			entry->iova = MOCK_IOTLB_EMPTY;
	}
	spin_unlock(&iotlb->lock);
}

/**
 * mock_iotlb_hits() - Count the look-ups that found a translation
 * @iotlb: the IOTLB
 *
 * Return: their number since mock_iotlb_init().
 */
u64 mock_iotlb_hits(struct mock_iotlb *iotlb)
{
	u64 hits;

	spin_lock(&iotlb->lock);
	hits = iotlb->hits;
	spin_unlock(&iotlb->lock);
	return hits;
}
