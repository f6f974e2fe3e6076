// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap() of the iommufd file: MMIO registers that an IOMMU driver exposes to a guest.
 *
 * A driver registers a region for one of its objects and gets an offset, which it passes to user
 * space. ctx->mmaps is a maple tree of regions by offset, with a spinlock of its own that is taken
 * before the lock of ctx->objects. Each mapping is a user of the object, so that the region cannot
 * go while it is mapped.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "core/core.h"

/**
 * struct iommufd_mmap - a region that can be mapped
 * @owner: the object it belongs to
 * @start: mmap() offset, in bytes
 * @length: length, in bytes
 * @phys: physical address
 */
struct iommufd_mmap {
	struct iommufd_object *owner;
	unsigned long start;
	size_t length;
	phys_addr_t phys;
};

/**
 * _iommufd_alloc_mmap() - register a region for mmap()
 * @ictx: the context
 * @owner: the object
 * @mmio_addr: physical address, page aligned
 * @length: length in bytes, page aligned, not 0
 * @offset: out: the offset that user space passes to mmap()
 *
 * Drivers call it through the helper for their type of object.
 *
 * Return: 0; -EINVAL for a bad address or length; -ENOMEM; -EBUSY if no offset is left.
 */
int _iommufd_alloc_mmap(struct iommufd_ctx *ictx, struct iommufd_object *owner,
			phys_addr_t mmio_addr, size_t length, unsigned long *offset)
{
	struct iommufd_mmap *region;
	int ret;

	if (!length || !PAGE_ALIGNED(mmio_addr) || !PAGE_ALIGNED(length))
		return -EINVAL;
	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return -ENOMEM;
	region->owner = owner;
	region->length = length;
	region->phys = mmio_addr;
	/* Offset 0 is not used: programs pass it by mistake. */
	ret = mtree_alloc_range(&ictx->mmaps, &region->start, region, length, PAGE_SIZE, ULONG_MAX,
				GFP_KERNEL_ACCOUNT);
	if (ret) {
		kfree(region);
		return ret;
	}
	*offset = region->start;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(_iommufd_alloc_mmap, "IOMMUFD");

/**
 * _iommufd_destroy_mmap() - undo _iommufd_alloc_mmap()
 * @ictx: the context
 * @owner: the object; only the caller uses it, so nothing is mapped
 * @offset: from _iommufd_alloc_mmap()
 */
void _iommufd_destroy_mmap(struct iommufd_ctx *ictx, struct iommufd_object *owner,
			   unsigned long offset)
{
	struct iommufd_mmap *region = mtree_erase(&ictx->mmaps, offset);

	WARN_ON_ONCE(!region || region->owner != owner);
	kfree(region);
}
EXPORT_SYMBOL_NS_GPL(_iommufd_destroy_mmap, "IOMMUFD");

static void vma_open(struct vm_area_struct *vma)
{
	iommufd_object_ref(vma->vm_private_data);
}

static void vma_close(struct vm_area_struct *vma)
{
	iommufd_object_unref(vma->vm_private_data);
}

/* A split mapping is two users, each with an unref of its own. */
static const struct vm_operations_struct mmap_vm_ops = {
	.open = vma_open,
	.close = vma_close,
};

/* Drivers register a region before the object is visible. It can be aborted then, so refuse it. */
static bool get_owner(struct iommufd_ctx *ctx, struct iommufd_object *owner)
{
	bool ok;

	xa_lock(&ctx->objects);
	ok = xa_load(&ctx->objects, owner->id) == owner && refcount_inc_not_zero(&owner->users);
	xa_unlock(&ctx->objects);
	return ok;
}

/* Find the region that this mapping covers exactly, and take a reference on its object. */
static struct iommufd_mmap *get_region(struct iommufd_ctx *ctx, unsigned long start, size_t length)
{
	struct iommufd_mmap *region;

	mtree_lock(&ctx->mmaps);
	region = mtree_load(&ctx->mmaps, start);
	if (region &&
	    (region->start != start || region->length != length || !get_owner(ctx, region->owner)))
		region = NULL;
	mtree_unlock(&ctx->mmaps);
	return region;
}

/**
 * iommufd_fops_mmap() - mmap() of the iommufd file
 * @file: the file
 * @vma: a shared mapping of exactly one region
 *
 * Return: 0; -EINVAL if it is private; -EPERM if executable; -ENXIO if there is no such region.
 */
int iommufd_fops_mmap(struct file *file, struct vm_area_struct *vma)
{
	size_t length = vma->vm_end - vma->vm_start;
	struct iommufd_mmap *region;
	int ret;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (vma->vm_pgoff > ULONG_MAX >> PAGE_SHIFT)
		return -ENXIO;
	region = get_region(file->private_data, vma->vm_pgoff << PAGE_SHIFT, length);
	if (!region)
		return -ENXIO;

	/* Forbid mprotect(PROT_EXEC) as well. */
	vm_flags_clear(vma, VM_MAYEXEC);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	ret = io_remap_pfn_range(vma, vma->vm_start, PHYS_PFN(region->phys), length,
				 vma->vm_page_prot);
	if (ret) {
		iommufd_object_unref(region->owner);
		return ret;
	}
	vma->vm_private_data = region->owner;
	vma->vm_ops = &mmap_vm_ops;
	return 0;
}
