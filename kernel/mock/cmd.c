// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_TEST_CMD: the operations of the kernel's selftests, with the errors that those expect.
 *
 * This file copies the structs and holds the operations that only check something. The others are
 * in the file of their subject.
 *
 * One flag is not supported and fails with EOPNOTSUPP: MOCK_FLAGS_ACCESS_SYZ, with which a fuzzer
 * gives an address as an offset in the n-th area of an IOAS. It would need iommufd's internals.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mock.h"

/* The smallest buffer limit that the selftests accept. */
#define MEMORY_LIMIT_MIN (sizeof(unsigned long) + sizeof(u32))

static struct mock_object *object_get(struct iommufd_ctx *ctx, u32 id)
{
	struct iommufd_test_object *tobj = iommufd_test_object_get(ctx, id);

	return IS_ERR(tobj) ? ERR_CAST(tobj) : container_of(tobj, struct mock_object, tobj);
}

static void object_put(struct mock_object *mobj)
{
	iommufd_test_object_put(&mobj->tobj);
}

static int do_add_reserved(struct iommufd_ctx *ctx, const struct iommu_test_cmd *cmd)
{
	unsigned long start = cmd->add_reserved.start, last;

	if (!cmd->add_reserved.length)
		return -EINVAL;
	if (check_add_overflow(start, (unsigned long)cmd->add_reserved.length - 1, &last))
		return -EOVERFLOW;
	return iommufd_test_ioas_reserve(ctx, cmd->id, start, last);
}

static int do_mock_domain(struct iommufd_ctx *ctx, struct iommu_test_cmd *cmd, void __user *arg,
			  u32 size)
{
	u32 flags = 0, pt_id = cmd->id;
	struct mock_object *mobj;
	int ret;

	if (cmd->op == IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS)
		flags = cmd->mock_domain_flags.dev_flags;
	mobj = mock_object_create(ctx, &pt_id, flags, 0, 0, &cmd->mock_domain.out_idev_id);
	if (IS_ERR(mobj))
		return PTR_ERR(mobj);
	cmd->mock_domain.out_stdev_id = mobj->tobj.obj.id;
	cmd->mock_domain.out_hwpt_id = pt_id;
	ret = mock_respond(arg, cmd, size, sizeof(*cmd));
	if (ret) {
		mock_object_abort(mobj);
		return ret;
	}
	mock_object_finalize(mobj);
	return 0;
}

static int do_replace(struct iommufd_ctx *ctx, struct iommu_test_cmd *cmd)
{
	struct mock_object *mobj = object_get(ctx, cmd->id);
	int ret;

	if (IS_ERR(mobj))
		return PTR_ERR(mobj);
	/* The core forgets the old attachment late; see page_request.c. */
	down_write(&mobj->mdev->iopf_rwsem);
	ret = iommufd_device_pasid_replace(mobj->idev, IOMMU_NO_PASID,
					   &cmd->mock_domain_replace.pt_id);
	up_write(&mobj->mdev->iopf_rwsem);
	object_put(mobj);
	return ret;
}

static int do_pasid_attach(struct iommufd_ctx *ctx, struct iommu_test_cmd *cmd, void __user *arg,
			   u32 size)
{
	struct mock_object *mobj = object_get(ctx, cmd->id);
	int ret;

	if (IS_ERR(mobj))
		return PTR_ERR(mobj);
	ret = iommufd_device_pasid_attach(mobj->idev, cmd->pasid_attach.pasid,
					  &cmd->pasid_attach.pt_id);
	if (!ret) {
		ret = mock_respond(arg, cmd, size, sizeof(*cmd));
		if (ret)
			iommufd_device_pasid_detach(mobj->idev, cmd->pasid_attach.pasid);
	}
	object_put(mobj);
	return ret;
}

static int do_pasid_replace(struct iommufd_ctx *ctx, struct iommu_test_cmd *cmd)
{
	struct mock_object *mobj = object_get(ctx, cmd->id);
	int ret;

	if (IS_ERR(mobj))
		return PTR_ERR(mobj);
	ret = iommufd_device_pasid_replace(mobj->idev, cmd->pasid_replace.pasid,
					   &cmd->pasid_replace.pt_id);
	object_put(mobj);
	return ret;
}

static int do_pasid_detach(struct iommufd_ctx *ctx, const struct iommu_test_cmd *cmd)
{
	struct mock_object *mobj = object_get(ctx, cmd->id);

	if (IS_ERR(mobj))
		return PTR_ERR(mobj);
	iommufd_device_pasid_detach(mobj->idev, cmd->pasid_detach.pasid);
	object_put(mobj);
	return 0;
}

/*
 * Look up the core's domain, for comparison only. The core keeps the attachment while the mock has
 * a domain and while report_rwsem is held; see page_request.c.
 */
static struct iommu_domain *attached_domain(struct mock_dev *mdev, ioasid_t pasid)
{
	struct iommu_domain *domain = NULL;
	bool attached;

	down_read(&mdev->iopf_rwsem);
	down_read(&mdev->report_rwsem);
	down_read(&mdev->table_rwsem);
	if (pasid == IOMMU_NO_PASID)
		attached = mdev->domain != &mock_blocked;
	else
		attached = xa_load(&mdev->pasids, pasid);
	up_read(&mdev->table_rwsem);
	if (attached)
		domain = iommufd_test_attached_domain(&mdev->pdev->dev, pasid);
	up_read(&mdev->report_rwsem);
	up_read(&mdev->iopf_rwsem);
	return domain;
}

/* The HWPT id 0 means that nothing is attached. */
static int do_pasid_check(struct iommufd_ctx *ctx, const struct iommu_test_cmd *cmd)
{
	struct mock_object *mobj = object_get(ctx, cmd->id);
	struct iommu_domain *attached, *domain = NULL;
	struct iommufd_object *obj;
	int ret = 0;

	if (IS_ERR(mobj))
		return PTR_ERR(mobj);
	attached = attached_domain(mobj->mdev, cmd->pasid_check.pasid);
	if (cmd->pasid_check.hwpt_id) {
		domain = iommufd_test_domain_get(ctx, cmd->pasid_check.hwpt_id, IOMMUFD_OBJ_ANY,
						 &obj);
		if (IS_ERR(domain)) {
			ret = PTR_ERR(domain);
			goto out_put;
		}
	}
	if (attached != domain)
		ret = -EINVAL;
	if (domain)
		iommufd_test_put(ctx, obj);
out_put:
	object_put(mobj);
	return ret;
}

/* Check that a range of IOVAs maps the memory at an address of the caller. */
static int check_phys(struct iommu_domain *domain, u64 iova, u64 uptr, u64 length, size_t step)
{
	struct page *page;
	phys_addr_t want;
	long n;

	for (; length; length -= step, iova += step, uptr += step) {
		n = get_user_pages_fast(uptr & PAGE_MASK, 1, 0, &page);
		if (n < 0)
			return n;
		if (!n)
			return -EFAULT;
		want = page_to_phys(page) + offset_in_page(uptr);
		put_page(page);
		if (domain->ops->iova_to_phys(domain, iova) != want)
			return -EINVAL;
	}
	return 0;
}

static int do_check_map(struct iommufd_ctx *ctx, const struct iommu_test_cmd *cmd)
{
	u64 iova = cmd->check_map.iova, length = cmd->check_map.length, uptr = cmd->check_map.uptr;
	struct iommu_domain *domain;
	struct iommufd_object *obj;
	size_t step;
	u64 end;
	int ret = -EINVAL;

	domain = iommufd_test_domain_get(ctx, cmd->id, IOMMUFD_OBJ_HWPT_PAGING, &obj);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	if (mock_is_paging(domain)) {
		step = 1UL << __ffs(domain->pgsize_bitmap);
		if (IS_ALIGNED(iova | length | uptr, step) &&
		    !check_add_overflow(uptr, length, &end))
			ret = check_phys(domain, iova, uptr, length, step);
	}
	iommufd_test_put(ctx, obj);
	return ret;
}

/* Compare the pins of each page. Compound pages count pins differently and are skipped. */
static int do_check_refs(const struct iommu_test_cmd *cmd)
{
	u64 uptr = cmd->check_refs.uptr, length = cmd->check_refs.length, end;
	unsigned int pins;
	struct page *page;
	bool compound;
	long n;

	if (!IS_ALIGNED(uptr | length, PAGE_SIZE) || check_add_overflow(uptr, length, &end))
		return -EINVAL;
	for (; length; length -= PAGE_SIZE, uptr += PAGE_SIZE) {
		n = get_user_pages_fast(uptr, 1, 0, &page);
		if (n < 0)
			return n;
		if (!n)
			return -EFAULT;
		pins = page_ref_count(page) / GUP_PIN_COUNTING_BIAS;
		compound = PageCompound(page);
		put_page(page);
		if (!compound && pins != cmd->check_refs.refs)
			return -EIO;
	}
	return 0;
}

static int do_check_iotlb(struct iommufd_ctx *ctx, const struct iommu_test_cmd *cmd)
{
	struct iommu_domain *domain;
	struct iommufd_object *obj;
	int ret = -EINVAL;

	domain = iommufd_test_domain_get(ctx, cmd->id, IOMMUFD_OBJ_HWPT_NESTED, &obj);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	if (mock_is_nested(domain) &&
	    mock_nested_check_iotlb(domain, cmd->check_iotlb.id, cmd->check_iotlb.iotlb))
		ret = 0;
	iommufd_test_put(ctx, obj);
	return ret;
}

static int do_check_cache(struct iommufd_ctx *ctx, const struct iommu_test_cmd *cmd)
{
	struct iommufd_object *obj;
	struct mock_dev *mdev;
	int ret = 0;

	mdev = mock_dev_get(ctx, cmd->id, &obj);
	if (IS_ERR(mdev))
		return PTR_ERR(mdev);
	if (cmd->check_dev_cache.id > MOCK_DEV_CACHE_ID_MAX ||
	    READ_ONCE(mdev->cache[cmd->check_dev_cache.id]) != cmd->check_dev_cache.cache)
		ret = -EINVAL;
	iommufd_test_put(ctx, obj);
	return ret;
}

/* Set the dirty bit of each page whose bit is set in the caller's bitmap. */
static int set_dirty(struct mock_paging *mock, struct iommu_test_cmd *cmd, unsigned long pages)
{
	size_t bytes = BITS_TO_LONGS(pages) * sizeof(long);
	unsigned long *bitmap, i;
	u64 n = 0;
	int ret = 0;

	bitmap = kvzalloc(bytes, GFP_KERNEL_ACCOUNT);
	if (!bitmap)
		return -ENOMEM;
	if (copy_from_user(bitmap, u64_to_user_ptr(cmd->dirty.uptr), DIV_ROUND_UP(pages, 8))) {
		ret = -EFAULT;
		goto out_free;
	}
	down_read(&mock->lock);
	if (!mock->tracking)
		ret = -EINVAL;
	else
		for_each_set_bit(i, bitmap, pages) {
			mock_paging_set_dirty(mock, cmd->dirty.iova + i * cmd->dirty.page_size);
			n++;
		}
	up_read(&mock->lock);
	cmd->dirty.out_nr_dirty = n;
out_free:
	kvfree(bitmap);
	return ret;
}

static int do_dirty(struct iommufd_ctx *ctx, struct iommu_test_cmd *cmd)
{
	u64 page_size = cmd->dirty.page_size, length = cmd->dirty.length;
	struct iommu_domain *domain;
	struct iommufd_object *obj;
	int ret = -EINVAL;

	if (!page_size || !length || cmd->dirty.iova % page_size || length % page_size ||
	    !cmd->dirty.uptr)
		return -EINVAL;
	if (length / page_size > SZ_16M * BITS_PER_BYTE)
		return -EOVERFLOW;
	domain = iommufd_test_domain_get(ctx, cmd->id, IOMMUFD_OBJ_HWPT_PAGING, &obj);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	if (mock_is_paging(domain) && to_mock_paging(domain)->tracking)
		ret = set_dirty(to_mock_paging(domain), cmd, length / page_size);
	iommufd_test_put(ctx, obj);
	return ret;
}

/* Like a device, the caller learns from the response whether the request was accepted. */
static int do_trigger_iopf(struct iommufd_ctx *ctx, const struct iommu_test_cmd *cmd)
{
	struct iommu_fault_page_request prm = {
		.pasid = cmd->trigger_iopf.pasid,
		.grpid = cmd->trigger_iopf.grpid,
		.perm = cmd->trigger_iopf.perm,
		.addr = cmd->trigger_iopf.addr,
	};
	struct iommufd_object *obj;
	struct mock_dev *mdev;

	mdev = mock_dev_get(ctx, cmd->trigger_iopf.dev_id, &obj);
	if (IS_ERR(mdev))
		return PTR_ERR(mdev);
	mock_page_request(mdev, &prm, MOCK_NO_QUEUE, 1, true);
	iommufd_test_put(ctx, obj);
	return 0;
}

static int do_trigger_vevent(struct iommufd_ctx *ctx, const struct iommu_test_cmd *cmd)
{
	struct iommufd_object *obj;
	struct mock_dev *mdev;
	int ret;

	mdev = mock_dev_get(ctx, cmd->trigger_vevent.dev_id, &obj);
	if (IS_ERR(mdev))
		return PTR_ERR(mdev);
	ret = mock_event_report(mdev);
	iommufd_test_put(ctx, obj);
	return ret;
}

static int do_memory_limit(const struct iommu_test_cmd *cmd)
{
	if (cmd->memory_limit.limit < MEMORY_LIMIT_MIN)
		return -EINVAL;
	iommufd_test_set_memory_limit(cmd->memory_limit.limit);
	return 0;
}

/* Run an operation that returns no struct, or copies it by itself. */
static long run_silent(struct iommufd_ctx *ctx, struct iommu_test_cmd *cmd, void __user *arg,
		       u32 size)
{
	switch (cmd->op) {
	case IOMMU_TEST_OP_ADD_RESERVED:
		return do_add_reserved(ctx, cmd);
	case IOMMU_TEST_OP_MOCK_DOMAIN:
	case IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS:
		return do_mock_domain(ctx, cmd, arg, size);
	case IOMMU_TEST_OP_MD_CHECK_MAP:
		return do_check_map(ctx, cmd);
	case IOMMU_TEST_OP_MD_CHECK_REFS:
		return do_check_refs(cmd);
	case IOMMU_TEST_OP_MD_CHECK_IOTLB:
		return do_check_iotlb(ctx, cmd);
	case IOMMU_TEST_OP_DEV_CHECK_CACHE:
		return do_check_cache(ctx, cmd);
	case IOMMU_TEST_OP_CREATE_ACCESS:
		return mock_access_create(ctx, cmd, arg, size);
	case IOMMU_TEST_OP_ACCESS_REPLACE_IOAS:
		return mock_access_replace(cmd->id, cmd->access_replace_ioas.ioas_id);
	case IOMMU_TEST_OP_ACCESS_PAGES:
		return mock_access_pages(cmd, arg, size);
	case IOMMU_TEST_OP_DESTROY_ACCESS_PAGES:
		return mock_access_pages_destroy(cmd->id,
						 cmd->destroy_access_pages.access_pages_id);
	case IOMMU_TEST_OP_ACCESS_RW:
		return mock_access_rw(cmd);
	case IOMMU_TEST_OP_SET_TEMP_MEMORY_LIMIT:
		return do_memory_limit(cmd);
	case IOMMU_TEST_OP_TRIGGER_IOPF:
		return do_trigger_iopf(ctx, cmd);
	case IOMMU_TEST_OP_TRIGGER_VEVENT:
		return do_trigger_vevent(ctx, cmd);
	case IOMMU_TEST_OP_PASID_ATTACH:
		return do_pasid_attach(ctx, cmd, arg, size);
	case IOMMU_TEST_OP_PASID_DETACH:
		return do_pasid_detach(ctx, cmd);
	case IOMMU_TEST_OP_PASID_CHECK_HWPT:
		return do_pasid_check(ctx, cmd);
	case IOMMU_TEST_OP_DMABUF_GET:
		return mock_dmabuf_get(cmd->dmabuf_get.length, cmd->dmabuf_get.open_flags);
	case IOMMU_TEST_OP_DMABUF_REVOKE:
		return mock_dmabuf_revoke(cmd->dmabuf_revoke.dmabuf_fd, cmd->dmabuf_revoke.revoked);
	default:
		return -EOPNOTSUPP;
	}
}

static long mock_ioctl(struct iommufd_ctx *ctx, void __user *arg, u32 size)
{
	struct iommu_test_cmd cmd;
	u32 head[2];
	long ret;

	if (size < sizeof(head))
		return -EINVAL;
	if (copy_from_user(head, arg, sizeof(head)))
		return -EFAULT;
	if (head[1] >= MOCK_OP_FIRST)
		return mock_ext(ctx, arg, size);
	if (size < offsetofend(struct iommu_test_cmd, last))
		return -EINVAL;
	ret = copy_struct_from_user(&cmd, sizeof(cmd), arg, size);
	if (ret)
		return ret;

	switch (cmd.op) {
	case IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE:
		ret = do_replace(ctx, &cmd);
		break;
	case IOMMU_TEST_OP_PASID_REPLACE:
		ret = do_pasid_replace(ctx, &cmd);
		break;
	case IOMMU_TEST_OP_DIRTY:
		ret = do_dirty(ctx, &cmd);
		break;
	default:
		return run_silent(ctx, &cmd, arg, size);
	}
	return ret ?: mock_respond(arg, &cmd, size, sizeof(cmd));
}

const struct iommufd_test_hook mock_hook = {
	.owner = THIS_MODULE,
	.ioctl = mock_ioctl,
	.destroy = mock_object_destroy,
};
