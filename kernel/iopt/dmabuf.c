// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas of dma-bufs in page tables.
 *
 * An exporter may revoke access at any time. umem->lock is then held, and no lock of the address
 * space, so page tables are filled with areas of dma-bufs, and these are unmapped, one by one and
 * under that lock. Otherwise revoking could miss a page table, or use one that is gone.
 */
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "iopt/internal.h"

/**
 * struct iopt_dmabuf_map - the area of a dma-buf in a page table
 * @map: in the list of the umem until it is revoked; then nothing is mapped any more
 * @next: the next page table that the area is in
 * @table: the page table
 * @area: the area
 * @stuck: the IOMMU driver did not unmap all of it
 */
struct iopt_dmabuf_map {
	struct umem_dmabuf_map map;
	struct iopt_dmabuf_map *next;
	struct iopt_table *table;
	const struct iopt_area *area;
	bool stuck;
};

/* Called with umem->lock held and no lock of the address space. */
static void revoke(struct umem_dmabuf_map *umem_map)
{
	struct iopt_dmabuf_map *map = container_of(umem_map, struct iopt_dmabuf_map, map);

	iopt_unmap_range(map->table, map->area->start, iopt_area_length(map->area), &map->stuck);
}

/**
 * iopt_dmabuf_fill() - map the area of a dma-buf in a page table, unless access is revoked
 * @iopt: its tables_lock is held
 * @table: the page table
 * @area: the area
 *
 * Context: may sleep; takes umem->lock.
 * Return: 0; -ENOMEM; an error of the IOMMU driver. On error nothing of it is left in the page
 * table, or the area is stuck.
 */
int iopt_dmabuf_fill(struct iopt *iopt, struct iopt_table *table, struct iopt_area *area)
{
	struct umem *umem = area->umem;
	struct iopt_dmabuf_map *map;
	phys_addr_t phys;
	int ret = 0;

	map = kzalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);
	if (!map)
		return -ENOMEM;
	map->map.revoke = revoke;
	map->table = table;
	map->area = area;

	mutex_lock(&umem->lock);
	if (!umem_dmabuf_phys(umem, iopt_area_byte(area, area->start), &phys))
		goto err_unlock;
	ret = iopt_fill_phys(iopt, table, area, phys);
	if (ret)
		goto err_unlock;
	umem_dmabuf_add_map(umem, &map->map);
	map->next = area->dmabuf_maps;
	area->dmabuf_maps = map;
	mutex_unlock(&umem->lock);
	return 0;

err_unlock:
	mutex_unlock(&umem->lock);
	kfree(map);
	return ret;
}

/*
 * Remove an area from @table, or from all page tables if NULL. If @gone, nothing is unmapped,
 * because
 * @table has no devices and is about to be freed.
 */
static bool remove_maps(struct iopt_area *area, const struct iopt_table *table, bool gone)
{
	struct iopt_dmabuf_map **link = &area->dmabuf_maps, *map;
	struct umem *umem = area->umem;
	bool stuck = false;

	mutex_lock(&umem->lock);
	while ((map = *link)) {
		if (table && map->table != table) {
			link = &map->next;
			continue;
		}
		if (!list_empty(&map->map.item)) {
			list_del(&map->map.item);
			if (!gone)
				iopt_unmap_range(map->table, area->start, iopt_area_length(area),
						 &stuck);
		}
		if (!gone)
			stuck |= map->stuck;
		*link = map->next;
		kfree(map);
	}
	mutex_unlock(&umem->lock);
	return !stuck;
}

/**
 * iopt_dmabuf_unmap() - unmap the area of a dma-buf
 * @iopt: its tables_lock is held
 * @table: the page table; NULL for all
 * @area: the area; stuck on return if an IOMMU driver did not unmap all of it
 *
 * Context: may sleep; takes umem->lock.
 */
void iopt_dmabuf_unmap(struct iopt *iopt, const struct iopt_table *table, struct iopt_area *area)
{
	if (!remove_maps(area, table, false))
		iopt_set_stuck(iopt, area);
}

/**
 * iopt_dmabuf_forget() - prevent any further use of a page table by the area of a dma-buf
 * @table: has no devices and is about to be freed, so nothing is unmapped
 * @area: the area
 *
 * Context: may sleep; takes umem->lock.
 */
void iopt_dmabuf_forget(const struct iopt_table *table, struct iopt_area *area)
{
	remove_maps(area, table, true);
}

/**
 * iopt_dmabuf_fill_all() - map the area of a dma-buf in all page tables
 * @iopt: its tables_lock is held
 * @area: IOPT_AREA_MAPPING
 *
 * Context: may sleep; takes umem->lock.
 * Return: as iopt_dmabuf_fill().
 */
int iopt_dmabuf_fill_all(struct iopt *iopt, struct iopt_area *area)
{
	struct iopt_table *table;
	int ret;

	WRITE_ONCE(iopt->has_dmabufs, true);
	list_for_each_entry(table, &iopt->tables, item) {
		ret = iopt_dmabuf_fill(iopt, table, area);
		if (ret) {
			iopt_dmabuf_unmap(iopt, NULL, area);
			return ret;
		}
	}
	return 0;
}
