// SPDX-License-Identifier: GPL-2.0-only
/*
 * In-kernel users of an IOAS, by the API that mediated drivers use. Each is a file, and goes with
 * it.
 *
 * Pages that it pinned are kept in a list, from which iommufd's call at an unmap takes them.
 * Pinning and noting it down is one step under access->lock, which that call takes: so an unmap in
 * between does not miss any.
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
 * struct mock_access - a user of an IOAS
 * @access: what iommufd gave us
 * @pins: it may pin
 * @lock: protects the rest
 * @items: what it has pinned
 * @next_id: for the next item
 */
struct mock_access {
	struct iommufd_access *access;
	bool pins;
	struct mutex lock; /* see above */
	struct list_head items;
	u32 next_id;
};

/* @iova, @length: as pinned */
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

/* The file of an access; -EBADFD if it is none. */
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
 * mock_access_create() - IOMMU_TEST_OP_CREATE_ACCESS
 * @ctx: the context
 * @cmd: what is asked for, and the answer
 * @arg: where the answer goes
 * @size: of the struct there
 *
 * Return: 0, -EOPNOTSUPP for flags that we do not have, -ENOMEM, -EFAULT, errors of iommufd
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
	/* iommufd may call access_unmap() from the attach on. */
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
 * mock_access_replace() - IOMMU_TEST_OP_ACCESS_REPLACE_IOAS
 * @fd: the access
 * @ioas_id: the other IOAS
 *
 * Return: 0, -EBADFD, errors of iommufd
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

/* Are the pages those at an address of the caller? */
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

/* Pin, check, and note down. */
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
	/* Without an address there is nothing to compare with. */
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
 * mock_access_pages() - IOMMU_TEST_OP_ACCESS_PAGES
 * @cmd: what is asked for, and the answer
 * @arg: where the answer goes
 * @size: of the struct there
 *
 * Return: 0, -ENOMEM also for more than 16 MiB, -EOPNOTSUPP for flags that we do not have and for
 * an access that does not pin, -EBADFD, -EBADE if the pages are others, -EFAULT, errors of iommufd
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
 * mock_access_pages_destroy() - IOMMU_TEST_OP_DESTROY_ACCESS_PAGES
 * @fd: the access
 * @pages_id: what mock_access_pages() pinned
 *
 * Return: 0, -EBADFD, -ENOENT
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
 * mock_access_rw() - IOMMU_TEST_OP_ACCESS_RW
 * @cmd: what is asked for
 *
 * Return: 0, -ENOMEM also for more than 16 MiB, -EOPNOTSUPP for flags that we do not have, -EBADFD,
 * -EFAULT, errors of iommufd
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
