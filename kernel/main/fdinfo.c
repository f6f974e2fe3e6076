// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/PID/fdinfo/FD of a context: its totals, and a line for each object.
 *
 *	iommufd-context:	number of the context, as in tracepoints
 *	iommufd-account:	user or process: what pinned memory is charged to
 *	iommufd-pinned:		bytes pinned; memory in several address spaces counts once
 *	iommufd-opener:		process, user and cgroup that opened the file, at that time
 *	iommufd-uid-pinned:	bytes pinned by all processes of that user, through any file
 *	iommufd-cgroup-pinned:	bytes pinned by all processes in that cgroup and below it
 *	iommufd-object:		type, id, and fields of the type (its show())
 *
 * Reading takes no reference, so it never makes an object busy, and it waits for no mutex.
 */
#include <linux/seq_file.h>

#include "main/main.h"
#include "umem/umem.h"

static void show_opener(struct seq_file *m, const struct iommufd_opener *opener)
{
	const struct umem_scope by = {
		.tgid = opener->tgid,
		.uid = opener->uid,
		.cgroup = opener->cgroup_id,
	};
	struct umem_sums sums;

	umem_owner_sums(NULL, &by, &sums);
	seq_printf(m, "iommufd-opener:\ttgid=%d uid=%u cgroup=%llu\n", opener->tgid,
		   from_kuid_munged(seq_user_ns(m), opener->uid), opener->cgroup_id);
	seq_printf(m, "iommufd-uid-pinned:\t%lu\n", sums.user.pages << PAGE_SHIFT);
	seq_printf(m, "iommufd-cgroup-pinned:\t%lu\n", sums.cgroup.pages << PAGE_SHIFT);
}

/**
 * iommufd_show_fdinfo() - show a context in fdinfo
 * @m: the file to show it in
 * @file: the context's file
 *
 * Context: may sleep; takes the lock of ctx->objects.
 */
void iommufd_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct iommufd_ctx *ctx = file->private_data;
	struct iommufd_object *obj;
	unsigned long id;

	seq_printf(m, "iommufd-context:\t%u\n", ctx->totals.ctx_id);
	seq_printf(m, "iommufd-account:\t%s\n", ctx->account_mm ? "process" : "user");
	seq_printf(m, "iommufd-pinned:\t%lu\n", atomic_long_read(&ctx->totals.pages) << PAGE_SHIFT);
	show_opener(m, &ctx->opener);

	xa_lock(&ctx->objects);
	xa_for_each(&ctx->objects, id, obj) {
		seq_printf(m, "iommufd-object:\t%s id=%lu", iommufd_object_type(obj)->name, id);
		iommufd_object_type(obj)->show(m, obj);
		seq_putc(m, '\n');
	}
	xa_unlock(&ctx->objects);
}
