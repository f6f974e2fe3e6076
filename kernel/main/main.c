// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module, its device file /dev/iommu, and the table of ioctls.
 *
 * Each ioctl takes one struct that begins with its size. A program may know an older, smaller
 * struct, whose missing members are taken as 0, or a newer, larger one, whose additional members
 * must be 0. The table has the size of each struct's first version. All other numbers are ioctls of
 * a VFIO container.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd_ext.h>
#include <uapi/linux/iommufd_new.h>

#include "bind/bind.h"
#include "bpf/bpf.h"
#include "compat/compat.h"
#include "main/main.h"
#include "pasid/pasid.h"
#include "policy/policy.h"
#include "port/unzeroed.h"
#include "trace/emit.h"
#include "umem/umem.h"
#include "viommu/viommu.h"

/* The ioctl of the kernel's selftests; see test_hook.c. */
#define IOMMU_TEST_CMD _IO(IOMMUFD_TYPE, IOMMUFD_CMD_BASE + 32)

static int iommufd_destroy(struct iommufd_ucmd *ucmd)
{
	struct iommu_destroy *cmd = ucmd->cmd;

	return iommufd_object_destroy(ucmd->ctx, cmd->id);
}

union ucmd_buffer {
	u64 words[10];
	struct iommu_destroy destroy;
	struct iommu_ext_device_info device_info;
	struct iommu_ext_pasid_alloc pasid_alloc;
	struct iommu_ext_pasid_attach pasid_attach;
	struct iommu_ext_pasid_detach pasid_detach;
	struct iommu_ext_pasid_query pasid_query;
	struct iommu_ext_pt_info pt_info;
	struct iommu_ext_sva_alloc sva_alloc;
	struct iommu_fault_alloc fault_alloc;
	struct iommu_hw_info hw_info;
	struct iommu_hw_queue_alloc hw_queue_alloc;
	struct iommu_hwpt_alloc hwpt_alloc;
	struct iommu_hwpt_get_dirty_bitmap get_dirty_bitmap;
	struct iommu_hwpt_invalidate hwpt_invalidate;
	struct iommu_hwpt_set_dirty_tracking set_dirty_tracking;
	struct iommu_ioas_alloc ioas_alloc;
	struct iommu_ioas_allow_iovas allow_iovas;
	struct iommu_ioas_change_process change_process;
	struct iommu_ioas_copy copy;
	struct iommu_ioas_iova_ranges iova_ranges;
	struct iommu_ioas_map map;
	struct iommu_ioas_map_file map_file;
	struct iommu_ioas_noiommu_get_pa noiommu_get_pa;
	struct iommu_ioas_unmap unmap;
	struct iommu_option option;
	struct iommu_vdevice_alloc vdevice_alloc;
	struct iommu_veventq_alloc veventq_alloc;
	struct iommu_viommu_alloc viommu_alloc;
	struct iommu_vfio_ioas vfio_ioas;
};

static_assert(sizeof(union ucmd_buffer) == sizeof_field(union ucmd_buffer, words));

/**
 * struct ioctl_op - an ioctl
 * @cmd: its full number
 * @size: size of its struct as this kernel knows it, in bytes
 * @min_size: size of the first version of the struct, in bytes
 * @execute: the function that executes it
 */
struct ioctl_op {
	unsigned int cmd;
	unsigned int size;
	unsigned int min_size;
	int (*execute)(struct iommufd_ucmd *ucmd);
};

#define IOCTL_OP_AT(_base, _cmd, _execute, _struct, _last) \
	[_IOC_NR(_cmd) - (_base)] = { \
		.cmd = _cmd, \
		.size = sizeof(_struct) + \
			BUILD_BUG_ON_ZERO(sizeof(_struct) > sizeof(union ucmd_buffer)), \
		.min_size = offsetofend(_struct, _last), \
		.execute = _execute, \
	}
#define IOCTL_OP(...) IOCTL_OP_AT(IOMMUFD_CMD_BASE, __VA_ARGS__)
#define EXT_OP(...) IOCTL_OP_AT(IOMMUFD_CMD_EXT_BASE, __VA_ARGS__)

static const struct ioctl_op ioctl_ops[] = {
	IOCTL_OP(IOMMU_DESTROY, iommufd_destroy, struct iommu_destroy, id),
	IOCTL_OP(IOMMU_FAULT_QUEUE_ALLOC, iommufd_fault_alloc_ioctl, struct iommu_fault_alloc,
		 out_fault_fd),
	IOCTL_OP(IOMMU_GET_HW_INFO, iommufd_get_hw_info, struct iommu_hw_info, __reserved),
	IOCTL_OP(IOMMU_HWPT_ALLOC, iommufd_hwpt_alloc_ioctl, struct iommu_hwpt_alloc, __reserved),
	IOCTL_OP(IOMMU_HWPT_GET_DIRTY_BITMAP, iommufd_hwpt_get_dirty_bitmap,
		 struct iommu_hwpt_get_dirty_bitmap, data),
	IOCTL_OP(IOMMU_HWPT_INVALIDATE, iommufd_hwpt_invalidate, struct iommu_hwpt_invalidate,
		 __reserved),
	IOCTL_OP(IOMMU_HWPT_SET_DIRTY_TRACKING, iommufd_hwpt_set_dirty_tracking,
		 struct iommu_hwpt_set_dirty_tracking, __reserved),
	IOCTL_OP(IOMMU_HW_QUEUE_ALLOC, iommufd_hw_queue_alloc_ioctl, struct iommu_hw_queue_alloc,
		 length),
	IOCTL_OP(IOMMU_IOAS_ALLOC, iommufd_ioas_alloc_ioctl, struct iommu_ioas_alloc, out_ioas_id),
	IOCTL_OP(IOMMU_IOAS_ALLOW_IOVAS, iommufd_ioas_allow_iovas, struct iommu_ioas_allow_iovas,
		 allowed_iovas),
	IOCTL_OP(IOMMU_IOAS_CHANGE_PROCESS, iommufd_ioas_change_process,
		 struct iommu_ioas_change_process, __reserved),
	IOCTL_OP(IOMMU_IOAS_COPY, iommufd_ioas_copy, struct iommu_ioas_copy, src_iova),
	IOCTL_OP(IOMMU_IOAS_IOVA_RANGES, iommufd_ioas_iova_ranges, struct iommu_ioas_iova_ranges,
		 out_iova_alignment),
	IOCTL_OP(IOMMU_IOAS_MAP, iommufd_ioas_map, struct iommu_ioas_map, iova),
	IOCTL_OP(IOMMU_IOAS_MAP_FILE, iommufd_ioas_map_file, struct iommu_ioas_map_file, iova),
	IOCTL_OP(IOMMU_IOAS_NOIOMMU_GET_PA, iommufd_ioas_noiommu_get_pa,
		 struct iommu_ioas_noiommu_get_pa, out_phys),
	IOCTL_OP(IOMMU_IOAS_UNMAP, iommufd_ioas_unmap, struct iommu_ioas_unmap, length),
	IOCTL_OP(IOMMU_OPTION, iommufd_option, struct iommu_option, val64),
	IOCTL_OP(IOMMU_VDEVICE_ALLOC, iommufd_vdevice_alloc_ioctl, struct iommu_vdevice_alloc,
		 virt_id),
	IOCTL_OP(IOMMU_VEVENTQ_ALLOC, iommufd_veventq_alloc_ioctl, struct iommu_veventq_alloc,
		 out_veventq_fd),
	IOCTL_OP(IOMMU_VIOMMU_ALLOC, iommufd_viommu_alloc_ioctl, struct iommu_viommu_alloc,
		 out_viommu_id),
	IOCTL_OP(IOMMU_VFIO_IOAS, iommufd_vfio_ioas, struct iommu_vfio_ioas, __reserved),
};

/* Extensions: include/uapi/linux/iommufd_ext.h. */
static const struct ioctl_op ext_ops[] = {
	EXT_OP(IOMMU_EXT_PASID_ALLOC, iommufd_pasid_alloc_ioctl, struct iommu_ext_pasid_alloc,
	       out_pasid_id),
	EXT_OP(IOMMU_EXT_PASID_ATTACH, iommufd_pasid_attach_ioctl, struct iommu_ext_pasid_attach,
	       __reserved),
	EXT_OP(IOMMU_EXT_PASID_REPLACE, iommufd_pasid_replace_ioctl, struct iommu_ext_pasid_attach,
	       __reserved),
	EXT_OP(IOMMU_EXT_PASID_DETACH, iommufd_pasid_detach_ioctl, struct iommu_ext_pasid_detach,
	       __reserved),
	EXT_OP(IOMMU_EXT_PASID_QUERY, iommufd_pasid_query_ioctl, struct iommu_ext_pasid_query,
	       out_hwpt_id),
	EXT_OP(IOMMU_EXT_SVA_ALLOC, iommufd_sva_alloc_ioctl, struct iommu_ext_sva_alloc,
	       __reserved),
	EXT_OP(IOMMU_EXT_DEVICE_INFO, iommufd_ext_device_info, struct iommu_ext_device_info,
	       formats),
	EXT_OP(IOMMU_EXT_PT_INFO, iommufd_ext_pt_info, struct iommu_ext_pt_info, ranges),
};

/* Find an ioctl by its number; NULL if neither table has it. */
static const struct ioctl_op *find_op(unsigned int nr)
{
	if (nr - IOMMUFD_CMD_BASE < ARRAY_SIZE(ioctl_ops))
		return &ioctl_ops[nr - IOMMUFD_CMD_BASE];
	if (nr - IOMMUFD_CMD_EXT_BASE < ARRAY_SIZE(ext_ops))
		return &ext_ops[nr - IOMMUFD_CMD_EXT_BASE];
	return NULL;
}

/*
 * Copy a struct of exactly the size that the kernel knows, as almost all callers have it. Word by
 * word, because copy_from_user() has to find out first that the buffer is on the stack.
 */
static int copy_known(u64 *to, const u64 __user *from, size_t size)
{
	size_t i;

	if (!user_read_access_begin(from, size))
		return -EFAULT;
	for (i = 0; i < size / sizeof(*to); i++)
		unsafe_get_user(to[i], &from[i], efault);
	user_read_access_end();
	return 0;

efault:
	user_read_access_end();
	return -EFAULT;
}

static __always_inline long run_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct ioctl_op *op = find_op(_IOC_NR(cmd));
	struct iommufd_ucmd ucmd = {
		.ctx = file->private_data,
		.ubuffer = (void __user *)arg,
	};
	/* Filled up to the size of the ioctl's struct, which is all that it may read. */
	union ucmd_buffer buf port_unzeroed;
	int ret;

	static_assert(!(sizeof(buf) % sizeof(u64)));

	if (!op)
		return cmd == IOMMU_TEST_CMD ? iommufd_test_ioctl(ucmd.ctx, ucmd.ubuffer) :
					       iommufd_vfio_ioctl(ucmd.ctx, cmd, arg);
	ret = get_user(ucmd.user_size, (u32 __user *)ucmd.ubuffer);
	if (ret)
		return ret;
	if (op->cmd != cmd)
		return -ENOTTY;
	if (ucmd.user_size < op->min_size)
		return -EINVAL;

	ucmd.cmd = &buf;
	if (likely(ucmd.user_size == op->size && !(op->size % sizeof(u64))))
		ret = copy_known(buf.words, ucmd.ubuffer, op->size);
	else
		ret = copy_struct_from_user(&buf, op->size, ucmd.ubuffer, ucmd.user_size);
	if (ret)
		return ret;
	return op->execute(&ucmd);
}

/* The same, with the tracepoint. Not inlined, so that others do not pay for it. */
static noinline long run_timed_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct iommufd_ctx *ctx = file->private_data;
	u64 start = ktime_get_ns();
	long ret = run_ioctl(file, cmd, arg);

	iommufd_trace(ioctl, ctx->totals.ctx_id, current->tgid, cmd, ktime_get_ns() - start, ret);
	return ret;
}

static long iommufd_fops_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (trace_iommufd_ioctl_enabled())
		return run_timed_ioctl(file, cmd, arg);
	return run_ioctl(file, cmd, arg);
}

static int iommufd_fops_open(struct inode *inode, struct file *file)
{
	struct iommufd_ctx *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!ctx)
		return -ENOMEM;
	ctx->file = file;
	ret = umem_totals_init(&ctx->totals);
	if (ret)
		goto err_free;
	xa_init_flags(&ctx->objects, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	init_waitqueue_head(&ctx->idle);
	mutex_init(&ctx->groups_lock);
	INIT_LIST_HEAD(&ctx->groups);
	mt_init_flags(&ctx->mmaps, MT_FLAGS_ALLOC_RANGE);
	mutex_init(&ctx->change_lock);
	iommufd_pasid_map_init(ctx);
	mutex_init(&ctx->pool_lock);
	xa_init_flags(&ctx->pool, XA_FLAGS_ACCOUNT);
	xa_init_flags(&ctx->pool_virt, XA_FLAGS_ACCOUNT);
	ret = iommufd_state_add(ctx);
	if (ret)
		goto err_totals;
	file->private_data = ctx;
	iommufd_trace(ctx_open, ctx->totals.ctx_id, current->tgid);
	return 0;

err_totals:
	umem_totals_free(&ctx->totals);
err_free:
	kfree(ctx);
	return ret;
}

/* Observers read the context, and its counts, under RCU. */
static void free_ctx(struct iommufd_late *late)
{
	struct iommufd_ctx *ctx = container_of(late, struct iommufd_ctx, late);

	umem_totals_free(&ctx->totals);
	kfree(ctx);
}

static int iommufd_fops_release(struct inode *inode, struct file *file)
{
	struct iommufd_ctx *ctx = file->private_data;

	iommufd_state_remove(ctx);
	iommufd_object_destroy_all(ctx);
	iommufd_trace(ctx_close, ctx->totals.ctx_id, current->tgid);
	WARN_ON(!list_empty(&ctx->groups));
	WARN_ON(!mtree_empty(&ctx->mmaps));
	mtree_destroy(&ctx->mmaps);
	/* Not earlier, because policies on page requests read it. */
	umem_cgroup_put(ctx->opener.cgroup);
	put_pid(ctx->opener.pid);
	iommufd_pasid_map_destroy(ctx);
	WARN_ON(!xa_empty(&ctx->pool) || !xa_empty(&ctx->pool_virt));
	mutex_destroy(&ctx->pool_lock);
	WARN_ON(atomic_long_read(&ctx->totals.pages));
	umem_totals_fini(&ctx->totals);
	mutex_destroy(&ctx->groups_lock);
	mutex_destroy(&ctx->change_lock);
	iommufd_free_late(&ctx->late, free_ctx);
	return 0;
}

static const struct file_operations iommufd_fops = {
	.owner = THIS_MODULE,
	.open = iommufd_fops_open,
	.release = iommufd_fops_release,
	.unlocked_ioctl = iommufd_fops_ioctl,
	.mmap = iommufd_fops_mmap,
	.show_fdinfo = iommufd_show_fdinfo,
};

/**
 * iommufd_ctx_from_file() - get the context of an open file
 * @file: any file
 *
 * Context: any.
 * Return: the context, for iommufd_ctx_put(); ERR_PTR(-EBADFD) if the file is not one of
 * /dev/iommu.
 */
struct iommufd_ctx *iommufd_ctx_from_file(struct file *file)
{
	struct iommufd_ctx *ctx;

	if (file->f_op != &iommufd_fops)
		return ERR_PTR(-EBADFD);
	ctx = file->private_data;
	iommufd_ctx_get(ctx);
	return ctx;
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_from_file, "IOMMUFD");

/**
 * iommufd_ctx_from_fd() - get the context of a file descriptor
 * @fd: a file descriptor of the calling process
 *
 * Context: process context.
 * Return: the context, for iommufd_ctx_put(); ERR_PTR(-EBADF) if @fd is not open; ERR_PTR(-EBADFD)
 * if it is not one of /dev/iommu.
 */
struct iommufd_ctx *iommufd_ctx_from_fd(int fd)
{
	struct iommufd_ctx *ctx;
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	ctx = iommufd_ctx_from_file(file);
	fput(file);
	return ctx;
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_from_fd, "IOMMUFD");

static struct miscdevice iommu_misc_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "iommu",
	.fops = &iommufd_fops,
	.nodename = "iommu",
	.mode = 0660,
};

static int __init iommufd_init(void)
{
	int ret;

	iommufd_object_init(iommufd_object_types);
	umem_owner_init();
	ret = umem_module_init();
	if (ret)
		return ret;
	ret = iopt_module_init();
	if (ret)
		goto err_umem;
	ret = iommufd_sva_init();
	if (ret)
		goto err_iopt;
	ret = iommufd_policy_require();
	if (ret)
		goto err_sva;
	ret = iommufd_policy_init();
	if (ret)
		goto err_policy;
	ret = misc_register(&iommu_misc_dev);
	if (ret)
		goto err_policy;
	iommufd_set_importer(iommu_misc_dev.this_device);
	return 0;

err_policy:
	iommufd_policy_exit();
err_sva:
	iommufd_sva_exit();
err_iopt:
	iopt_module_exit();
err_umem:
	umem_module_exit();
	return ret;
}

static void __exit iommufd_exit(void)
{
	misc_deregister(&iommu_misc_dev);
	iommufd_policy_exit();
	iommufd_sva_exit();
	iopt_module_exit();
	umem_module_exit();
	iommufd_late_exit();
}

module_init(iommufd_init);
module_exit(iommufd_exit);

MODULE_IMPORT_NS("IOMMUFD_INTERNAL");
MODULE_DESCRIPTION("I/O address spaces for user space, with BPF observation and policy");
MODULE_LICENSE("GPL");
