// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap() of the iommufd file: registers that an IOMMU driver gives to a guest.
 *
 * A driver announces a piece of them for one of its objects and gets an offset, which it tells user
 * space. ctx->mmaps, a maple tree with a spinlock of its own, has the pieces by their offsets; that
 * lock is taken outside of the one of ctx->objects.
 * Each mapping is a user of the object, so the object, and with it the piece, outlives it.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "core/core.h"

/**
 * struct iommufd_mmap - a piece that can be mapped
 * @owner: the object it belongs to
 * @start: its offset
 * @length: bytes
 * @phys: where it is
 */
struct iommufd_mmap {
	struct iommufd_object *owner;
	unsigned long start;
	size_t length;
	phys_addr_t phys;
};

/**
 * _iommufd_alloc_mmap() - announce a piece; drivers use the helper for their kind of object
 * @ictx: the context
 * @owner: the object
 * @mmio_addr: where it is, page aligned
 * @length: bytes, page aligned, not 0
 * @offset: out: what user space gives to mmap()
 *
 * Return: 0; -EINVAL; -ENOMEM; -EBUSY if there is no offset left.
 */
int _iommufd_alloc_mmap(struct iommufd_ctx *ictx, struct iommufd_object *owner,
			phys_addr_t mmio_addr, size_t length, unsigned long *offset)
{
	struct iommufd_mmap *piece;
	int ret;

	if (!length || !PAGE_ALIGNED(mmio_addr) || !PAGE_ALIGNED(length))
		return -EINVAL;
	piece = kzalloc(sizeof(*piece), GFP_KERNEL_ACCOUNT);
	if (!piece)
		return -ENOMEM;
	piece->owner = owner;
	piece->length = length;
	piece->phys = mmio_addr;
	/* Never offset 0, which a program has by mistake. */
	ret = mtree_alloc_range(&ictx->mmaps, &piece->start, piece, length, PAGE_SIZE, ULONG_MAX,
				GFP_KERNEL_ACCOUNT);
	if (ret) {
		kfree(piece);
		return ret;
	}
	*offset = piece->start;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(_iommufd_alloc_mmap, IOMMUFD);

/**
 * _iommufd_destroy_mmap() - undo _iommufd_alloc_mmap()
 * @ictx: the context
 * @owner: the object; nothing but the caller uses it, so nothing is mapped
 * @offset: the offset
 */
void _iommufd_destroy_mmap(struct iommufd_ctx *ictx, struct iommufd_object *owner,
			   unsigned long offset)
{
	struct iommufd_mmap *piece = mtree_erase(&ictx->mmaps, offset);

	WARN_ON_ONCE(!piece || piece->owner != owner);
	kfree(piece);
}
EXPORT_SYMBOL_NS_GPL(_iommufd_destroy_mmap, IOMMUFD);

static void vma_open(struct vm_area_struct *vma)
{
	iommufd_object_ref(vma->vm_private_data);
}

static void vma_close(struct vm_area_struct *vma)
{
	iommufd_object_unref(vma->vm_private_data);
}

/* Cutting a mapping in two would be two users, of which each may go by itself: that is fine. */
static const struct vm_operations_struct mmap_vm_ops = {
	.open = vma_open,
	.close = vma_close,
};

/*
 * A driver announces a piece before its object is visible, and the object may still be taken back:
 * it is kept only once it is visible.
 */
static bool get_owner(struct iommufd_ctx *ctx, struct iommufd_object *owner)
{
	bool ok;

	xa_lock(&ctx->objects);
	ok = xa_load(&ctx->objects, owner->id) == owner && refcount_inc_not_zero(&owner->users);
	xa_unlock(&ctx->objects);
	return ok;
}

/* The piece that just this mapping asks for, its object kept; NULL if there is none. */
static struct iommufd_mmap *get_piece(struct iommufd_ctx *ctx, unsigned long start, size_t length)
{
	struct iommufd_mmap *piece;

	mtree_lock(&ctx->mmaps);
	piece = mtree_load(&ctx->mmaps, start);
	if (piece &&
	    (piece->start != start || piece->length != length || !get_owner(ctx, piece->owner)))
		piece = NULL;
	mtree_unlock(&ctx->mmaps);
	return piece;
}

/**
 * iommufd_fops_mmap() - mmap() of the iommufd file
 * @file: the file
 * @vma: the mapping, of a whole piece, shared
 *
 * Return: 0; -EINVAL if it is private; -EPERM if executable; -ENXIO if there is no such piece.
 */
int iommufd_fops_mmap(struct file *file, struct vm_area_struct *vma)
{
	size_t length = vma->vm_end - vma->vm_start;
	struct iommufd_mmap *piece;
	int ret;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (vma->vm_pgoff > ULONG_MAX >> PAGE_SHIFT)
		return -ENXIO;
	piece = get_piece(file->private_data, vma->vm_pgoff << PAGE_SHIFT, length);
	if (!piece)
		return -ENXIO;

	/* Registers are not made executable later either. */
	vm_flags_clear(vma, VM_MAYEXEC);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	ret = io_remap_pfn_range(vma, vma->vm_start, PHYS_PFN(piece->phys), length,
				 vma->vm_page_prot);
	if (ret) {
		iommufd_object_unref(piece->owner);
		return ret;
	}
	vma->vm_private_data = piece->owner;
	vma->vm_ops = &mmap_vm_ops;
	return 0;
}
