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
 * Reading takes no reference, so it never makes an object busy, and it waits for no mutex. The walk
 * drops the spinlock of the objects now and then, because every call on the context needs it. The
 * lines are therefore not of one moment: an object that exists throughout is shown
 * once, and one that is created or destroyed meanwhile is shown once or not at all.
 *
 * The reader may be in a container that was handed the file. It sees ids as its namespaces do: the
 * process id of the PID namespace of its /proc, or 0 if the opener has none there, and the user id
 * of its user namespace. The cgroup's id, which is the host's, is 0 outside of the initial PID
 * namespace. The two totals are about other processes, so only a reader in the initial user
 * namespace with a /proc of the initial PID namespace has these lines, or one with CAP_SYS_ADMIN in
 * the initial user namespace.
 *
 * Tracepoints and kfuncs have ids of the initial namespaces, because tracefs belongs to the host's
 * root, and BPF programs that use them need CAP_SYS_ADMIN, or CAP_BPF and CAP_PERFMON, in the
 * initial user namespace.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>

#include "main/main.h"
#include "umem/umem.h"

/* The PID namespace that the reader's /proc was mounted for. */
static struct pid_namespace *reader_pid_ns(const struct seq_file *m)
{
	return proc_pid_ns(file_inode(m->file)->i_sb);
}

/* Whether the reader may know what processes other than its own have pinned. */
static bool may_see_totals(struct seq_file *m)
{
	if (reader_pid_ns(m) == &init_pid_ns && seq_user_ns(m) == &init_user_ns)
		return true;
	return file_ns_capable(m->file, &init_user_ns, CAP_SYS_ADMIN);
}

static void show_totals(struct seq_file *m, const struct iommufd_opener *opener)
{
	const struct umem_scope by = {
		.tgid = opener->tgid,
		.uid = opener->uid,
		.cgroup = opener->cgroup_id,
	};
	struct umem_sums sums;

	umem_owner_sums(NULL, &by, &sums);
	seq_printf(m, "iommufd-uid-pinned:\t%lu\n", sums.user.pages << PAGE_SHIFT);
	seq_printf(m, "iommufd-cgroup-pinned:\t%lu\n", sums.cgroup.pages << PAGE_SHIFT);
}

static void show_opener(struct seq_file *m, const struct iommufd_opener *opener)
{
	struct pid_namespace *ns = reader_pid_ns(m);

	seq_printf(m, "iommufd-opener:\ttgid=%d uid=%u cgroup=%llu\n", pid_nr_ns(opener->pid, ns),
		   from_kuid_munged(seq_user_ns(m), opener->uid),
		   ns == &init_pid_ns ? opener->cgroup_id : 0);
	if (may_see_totals(m))
		show_totals(m, opener);
}

static void show_object(struct seq_file *m, const struct iommufd_object *obj)
{
	seq_printf(m, "iommufd-object:\t%s id=%u", iommufd_object_type(obj)->name, obj->id);
	iommufd_object_type(obj)->show(m, obj);
	seq_putc(m, '\n');
}

/*
 * Show the objects by ascending id. When the buffer is full, seq_file discards it and calls again
 * with a larger one, so stop at once.
 */
static void show_objects(struct seq_file *m, struct iommufd_ctx *ctx)
{
	XA_STATE(xas, &ctx->objects, 0);
	struct iommufd_object *obj;
	unsigned int ids = 0;

	xas_lock(&xas);
	xas_for_each(&xas, obj, ULONG_MAX) {
		/* Neither reserved ids nor tombstones have an object. */
		if (!xas_retry(&xas, obj))
			show_object(m, obj);
		if (seq_has_overflowed(m) || fatal_signal_pending(current))
			break;
		iommufd_walk_resched(&xas, &ids);
	}
	xas_unlock(&xas);
}

/**
 * iommufd_show_fdinfo() - show a context in fdinfo
 * @m: the file to show it in
 * @file: the context's file
 *
 * Context: may sleep; takes the lock of ctx->objects for short sections.
 */
void iommufd_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct iommufd_ctx *ctx = file->private_data;

	seq_printf(m, "iommufd-context:\t%u\n", ctx->totals.ctx_id);
	seq_printf(m, "iommufd-account:\t%s\n", ctx->account_mm ? "process" : "user");
	seq_printf(m, "iommufd-pinned:\t%lu\n", atomic_long_read(&ctx->totals.pages) << PAGE_SHIFT);
	show_opener(m, &ctx->opener);
	show_objects(m, ctx);
}
