// SPDX-License-Identifier: GPL-2.0-only
/*
 * In-kernel accesses to an IOAS, through the API that mediated drivers use. Each is a file
 * descriptor, and ends with it.
 *
 * Pinned ranges are kept in a list, from which the unmap callback of iommufd unpins them. A range
 * is pinned and added to the list in one critical section of access->lock. The callback takes that
 * lock, so an unmap misses no range.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "mock.h"

#define ACCESS_MAX SZ_16M

/**
 * struct mock_access - an access to an IOAS
 * @access: iommufd's handle
 * @pins: it may pin pages
 * @lock: protects @items and @next_id
 * @items: pinned ranges, struct access_item
 * @next_id: id of the next item
 */
struct mock_access {
	struct iommufd_access *access;
	bool pins;
	struct mutex lock; /* items, next_id */
	struct list_head items;
	u32 next_id;
};

/* A pinned range. @iova: first IOVA; @length: bytes; @id: for user space */
struct access_item {
	struct list_head node;
	unsigned long iova;
	unsigned long length;
	u32 id;
};

static void item_unpin(struct mock_access *access, struct access_item *item)
{
	list_del(&item->node);
	iommufd_access_unpin_pages(access->access, item->iova, item->length);
	kfree(item);
}

static void access_unmap(void *data, unsigned long iova, unsigned long length)
{
	unsigned long last = iova + length - 1;
	struct mock_access *access = data;
	struct access_item *item, *next;

	mutex_lock(&access->lock);
	list_for_each_entry_safe(item, next, &access->items, node)
		if (item->iova <= last && iova <= item->iova + item->length - 1)
			item_unpin(access, item);
	mutex_unlock(&access->lock);
}

static const struct iommufd_access_ops access_ops_pin = {
	.needs_pin_pages = 1,
	.unmap = access_unmap,
};

static const struct iommufd_access_ops access_ops = {
	.unmap = access_unmap,
};

static int access_release(struct inode *inode, struct file *file)
{
	struct mock_access *access = file->private_data;

	if (access->access) {
		access_unmap(access, 0, ULONG_MAX);
		iommufd_access_destroy(access->access);
	}
	mutex_destroy(&access->lock);
	kfree(access);
	return 0;
}

static const struct file_operations access_fops = {
	.owner = THIS_MODULE,
	.release = access_release,
};

/* Get the file of an access. Fail with -EBADFD for any other file. */
static struct file *access_file(u32 fd)
{
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADFD);
	if (file->f_op != &access_fops) {
		fput(file);
		return ERR_PTR(-EBADFD);
	}
	return file;
}

static struct file *access_alloc(void)
{
	struct mock_access *access;
	struct file *file;

	access = kzalloc(sizeof(*access), GFP_KERNEL_ACCOUNT);
	if (!access)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&access->items);
	mutex_init(&access->lock);
	file = anon_inode_getfile("[iommufd-mock-access]", &access_fops, access, O_RDWR);
	if (IS_ERR(file))
		kfree(access);
	return file;
}

/**
 * mock_access_create() - Create an access (IOMMU_TEST_OP_CREATE_ACCESS)
 * @ctx: the context
 * @cmd: the command
 * @arg: its struct in user memory, for the response
 * @size: size of that struct
 *
 * Return: 0, -EOPNOTSUPP for unknown flags, -ENOMEM, -EFAULT, or an error of iommufd.
 */
int mock_access_create(struct iommufd_ctx *ctx, struct iommu_test_cmd *cmd, void __user *arg,
		       u32 size)
{
	u32 flags = cmd->create_access.flags, ioas_id = cmd->id, id;
	struct iommufd_access *iaccess;
	struct mock_access *access;
	struct file *file;
	int fd, ret;

	if (flags & ~MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES)
		return -EOPNOTSUPP;
	file = access_alloc();
	if (IS_ERR(file))
		return PTR_ERR(file);
	access = file->private_data;
	access->pins = flags & MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		ret = -ENOMEM;
		goto err_file;
	}

	iaccess = iommufd_access_create(ctx, access->pins ? &access_ops_pin : &access_ops, access,
					&id);
	if (IS_ERR(iaccess)) {
		ret = PTR_ERR(iaccess);
		goto err_fd;
	}
	/* The attach comes last because access_unmap() may be called from then on. */
	access->access = iaccess;
	ret = iommufd_access_attach(iaccess, ioas_id);
	if (ret)
		goto err_fd;
	cmd->create_access.out_access_fd = fd;
	ret = mock_respond(arg, cmd, size, sizeof(*cmd));
	if (ret)
		goto err_fd;
	fd_install(fd, file);
	return 0;

err_fd:
	put_unused_fd(fd);
err_file:
	fput(file);
	return ret;
}

/**
 * mock_access_replace() - Move an access to another IOAS (IOMMU_TEST_OP_ACCESS_REPLACE_IOAS)
 * @fd: file descriptor of the access
 * @ioas_id: id of the IOAS
 *
 * Return: 0, -EBADFD, or an error of iommufd.
 */
int mock_access_replace(u32 fd, u32 ioas_id)
{
	struct file *file = access_file(fd);
	struct mock_access *access;
	int ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	access = file->private_data;
	ret = iommufd_access_replace(access->access, ioas_id);
	fput(file);
	return ret;
}

/* Compare the pages with those at an address of the caller. */
static int check_pages(u64 uptr, struct page **pages, size_t npages)
{
	struct page *page;
	long n;

	for (; npages; npages--, pages++, uptr += PAGE_SIZE) {
		n = get_user_pages_fast(uptr, 1, 0, &page);
		if (n < 0)
			return n;
		if (!n)
			return -EFAULT;
		put_page(page);
		if (page != *pages)
			return -EBADE;
	}
	return 0;
}

/* Pin a range, check it, and add it to the list. */
static int pin_item(struct mock_access *access, struct iommu_test_cmd *cmd, struct page **pages,
		    size_t npages, void __user *arg, u32 size)
{
	unsigned long iova = cmd->access_pages.iova, length = cmd->access_pages.length;
	struct access_item *item;
	int ret;

	item = kzalloc(sizeof(*item), GFP_KERNEL_ACCOUNT);
	if (!item)
		return -ENOMEM;
	item->iova = iova;
	item->length = length;
	ret = iommufd_access_pin_pages(
		access->access, iova, length, pages,
		cmd->access_pages.flags & MOCK_FLAGS_ACCESS_WRITE ? IOMMUFD_ACCESS_RW_WRITE : 0);
	if (ret)
		goto err_item;
	/* The address is optional. */
	if (cmd->access_pages.uptr) {
		ret = check_pages(cmd->access_pages.uptr - offset_in_page(iova), pages, npages);
		if (ret)
			goto err_unpin;
	}
	item->id = access->next_id++;
	cmd->access_pages.out_access_pages_id = item->id;
	ret = mock_respond(arg, cmd, size, sizeof(*cmd));
	if (ret)
		goto err_unpin;
	list_add_tail(&item->node, &access->items);
	return 0;

err_unpin:
	iommufd_access_unpin_pages(access->access, iova, length);
err_item:
	kfree(item);
	return ret;
}

/**
 * mock_access_pages() - Pin pages (IOMMU_TEST_OP_ACCESS_PAGES)
 * @cmd: the command
 * @arg: its struct in user memory, for the response
 * @size: size of that struct
 *
 * Context: sleeps; takes access->lock.
 * Return: 0; -ENOMEM, also for more than 16 MiB; -EOPNOTSUPP for unknown flags, and for an access
 * that cannot pin; -EBADFD; -EBADE if the pages differ from those at the given address; -EFAULT;
 * errors of iommufd.
 */
int mock_access_pages(struct iommu_test_cmd *cmd, void __user *arg, u32 size)
{
	unsigned long iova = cmd->access_pages.iova, length = cmd->access_pages.length;
	struct mock_access *access;
	struct page **pages;
	struct file *file;
	size_t npages;
	int ret;

	if (length > ACCESS_MAX)
		return -ENOMEM;
	if (cmd->access_pages.flags & ~MOCK_FLAGS_ACCESS_WRITE)
		return -EOPNOTSUPP;
	file = access_file(cmd->id);
	if (IS_ERR(file))
		return PTR_ERR(file);
	access = file->private_data;
	if (!access->pins) {
		ret = -EOPNOTSUPP;
		goto out_file;
	}
	npages = DIV_ROUND_UP(offset_in_page(iova) + length, PAGE_SIZE);
	pages = kvcalloc(npages, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages) {
		ret = -ENOMEM;
		goto out_file;
	}
	mutex_lock(&access->lock);
	ret = pin_item(access, cmd, pages, npages, arg, size);
	mutex_unlock(&access->lock);
	kvfree(pages);
out_file:
	fput(file);
	return ret;
}

/**
 * mock_access_pages_destroy() - Unpin pages (IOMMU_TEST_OP_DESTROY_ACCESS_PAGES)
 * @fd: file descriptor of the access
 * @pages_id: id of the range that mock_access_pages() pinned
 *
 * Context: takes access->lock.
 * Return: 0, -EBADFD or -ENOENT.
 */
int mock_access_pages_destroy(u32 fd, u32 pages_id)
{
	struct file *file = access_file(fd);
	struct mock_access *access;
	struct access_item *item;
	int ret = -ENOENT;

	if (IS_ERR(file))
		return PTR_ERR(file);
	access = file->private_data;
	mutex_lock(&access->lock);
	list_for_each_entry(item, &access->items, node) {
		if (item->id == pages_id) {
			item_unpin(access, item);
			ret = 0;
			break;
		}
	}
	mutex_unlock(&access->lock);
	fput(file);
	return ret;
}

/**
 * mock_access_rw() - Read or write through an access (IOMMU_TEST_OP_ACCESS_RW)
 * @cmd: the command
 *
 * Return: 0; -ENOMEM, also for more than 16 MiB; -EOPNOTSUPP for unknown flags; -EBADFD; -EFAULT;
 * errors of iommufd.
 */
int mock_access_rw(const struct iommu_test_cmd *cmd)
{
	void __user *uptr = u64_to_user_ptr(cmd->access_rw.uptr);
	unsigned long length = cmd->access_rw.length;
	u32 flags = cmd->access_rw.flags;
	struct mock_access *access;
	struct file *file;
	void *buf;
	int ret;

	static_assert((u32)MOCK_ACCESS_RW_WRITE == (u32)IOMMUFD_ACCESS_RW_WRITE);
	static_assert((u32)MOCK_ACCESS_RW_SLOW_PATH == (u32)__IOMMUFD_ACCESS_RW_SLOW_PATH);
	if (length > ACCESS_MAX)
		return -ENOMEM;
	if (flags & ~(MOCK_ACCESS_RW_WRITE | MOCK_ACCESS_RW_SLOW_PATH))
		return -EOPNOTSUPP;
	file = access_file(cmd->id);
	if (IS_ERR(file))
		return PTR_ERR(file);
	access = file->private_data;
	buf = kvzalloc(length, GFP_KERNEL_ACCOUNT);
	if (!buf) {
		ret = -ENOMEM;
		goto out_file;
	}
	if (flags & MOCK_ACCESS_RW_WRITE && copy_from_user(buf, uptr, length)) {
		ret = -EFAULT;
		goto out_buf;
	}
	ret = iommufd_access_rw(access->access, cmd->access_rw.iova, buf, length, flags);
	if (!ret && !(flags & MOCK_ACCESS_RW_WRITE) && copy_to_user(uptr, buf, length))
		ret = -EFAULT;
out_buf:
	kvfree(buf);
out_file:
	fput(file);
	return ret;
}
