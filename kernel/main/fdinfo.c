// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/PID/fdinfo/FD of a context: its totals, and a line for each object.
 *
 *	iommufd-context:	number of the context, as in tracepoints
 *	iommufd-account:	user or process: pinned memory is charged to it
 *	iommufd-pinned:		bytes pinned; memory in several address spaces counts once
 *	iommufd-calls:		maps, unmaps and copies since the open: successful and failed ones
 *	iommufd-memory:		bytes pinned and unpinned since the open
 *	iommufd-refused:	calls refused since the open, by policies and by limits
 *	iommufd-timed:		pins of at least IOMMUFD_TIMED_PAGES since the open, their bytes,
 *				and the time in ns that it took to pin, and to fill page tables
 *	iommufd-since-open:	time in ns from the open until now, and to the end of the first
 *				and of the last map; see struct iommufd_ctx_counts
 *	iommufd-opener:		process, user and cgroup that opened the file, at that time
 *	iommufd-payer:		process, user and cgroup that memory is charged to, with the bytes
 *				pinned for it through this file, and those of them that count
 *				against its limit; "last" if it mapped last; one line for each
 *	iommufd-uid-pinned:	bytes pinned by all processes of a user, through any file: of the
 *				user of the payer that mapped last, or of the opener without one
 *	iommufd-cgroup-pinned:	bytes pinned by all processes in its cgroup and below it
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
 * the initial user namespace. The limit of a payer, and the use of that limit by all processes of
 * its user, are shown to the same readers, and to those of the same user; the use only with a /proc
 * of the initial PID namespace.
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

static void show_totals(struct seq_file *m, struct iommufd_ctx *ctx)
{
	struct umem_owner *owner = umem_last_owner(&ctx->totals);
	struct umem_scope by = {
		.tgid = ctx->opener.tgid,
		.uid = ctx->opener.uid,
		.cgroup = ctx->opener.cgroup_id,
	};
	struct umem_sums sums;

	if (owner) {
		umem_owner_scope(owner, &by);
		umem_owner_put(owner);
	}
	umem_owner_sums(NULL, &by, &sums);
	seq_printf(m, "iommufd-uid-pinned:\t%lu\n", sums.user.pages << PAGE_SHIFT);
	seq_printf(m, "iommufd-cgroup-pinned:\t%lu\n", sums.cgroup.pages << PAGE_SHIFT);
}

static void show_process(struct seq_file *m, const char *key, struct pid *pid, kuid_t uid,
			 u64 cgroup)
{
	struct pid_namespace *ns = reader_pid_ns(m);

	seq_printf(m, "iommufd-%s:\ttgid=%d uid=%u cgroup=%llu", key, pid_nr_ns(pid, ns),
		   from_kuid_munged(seq_user_ns(m), uid), ns == &init_pid_ns ? cgroup : 0);
}

static void show_payer(struct seq_file *m, const struct umem_payer_state *state)
{
	struct umem_owner *owner = state->owner;
	struct umem_scope scope;
	bool is_same_user;

	umem_owner_scope(owner, &scope);
	show_process(m, "payer", owner->pid, scope.uid, scope.cgroup);
	seq_printf(m, " pinned=%lu charged=%lu", (state->charged + state->exempted) << PAGE_SHIFT,
		   state->charged << PAGE_SHIFT);
	is_same_user = uid_eq(scope.uid, m->file->f_cred->euid);
	if (may_see_totals(m) || is_same_user) {
		if (state->limit == ULONG_MAX)
			seq_puts(m, " limit=none");
		else
			seq_printf(m, " limit=%lu", state->limit);
	}
	/* Root of a container without a user namespace is the user of all that the host runs. */
	if (may_see_totals(m) || (is_same_user && reader_pid_ns(m) == &init_pid_ns))
		seq_printf(m, " used=%lu", state->used << PAGE_SHIFT);
	if (state->exempt)
		seq_puts(m, " exempt");
	if (!state->alive)
		seq_puts(m, " ended");
	if (state->last)
		seq_puts(m, " last");
	seq_putc(m, '\n');
}

static void show_payers(struct seq_file *m, struct iommufd_ctx *ctx)
{
	bool by_process = READ_ONCE(ctx->account_mm);
	struct umem_payer_state state;
	u64 last = 0;

	while (!seq_has_overflowed(m) && !fatal_signal_pending(current) &&
	       umem_next_payer(&ctx->totals, by_process, last, &state)) {
		show_payer(m, &state);
		last = state.owner->id;
		umem_owner_put(state.owner);
		cond_resched();
	}
}

static void show_counts(struct seq_file *m, const struct iommufd_ctx *ctx)
{
	struct iommufd_ctx_counts counts;

	iommufd_ctx_counts_snapshot(ctx, &counts);
	seq_printf(
		m,
		"iommufd-calls:\tmaps=%llu maps_failed=%llu unmaps=%llu unmaps_failed=%llu copies=%llu copies_failed=%llu\n",
		counts.maps, counts.maps_failed, counts.unmaps, counts.unmaps_failed, counts.copies,
		counts.copies_failed);
	seq_printf(m, "iommufd-memory:\tpinned=%llu unpinned=%llu\n", counts.pinned,
		   counts.unpinned);
	seq_printf(m, "iommufd-refused:\tpolicy=%llu limit=%llu\n", counts.refused_policy,
		   counts.refused_limit);
	seq_printf(m, "iommufd-timed:\tpins=%llu bytes=%llu pin_ns=%llu fill_ns=%llu\n",
		   counts.timed_pins, counts.timed_bytes, counts.pin_ns, counts.fill_ns);
	seq_printf(m, "iommufd-since-open:\tnow_ns=%llu", counts.age_ns);
	if (counts.first_map_ns != U64_MAX)
		seq_printf(m, " first_map_ns=%llu last_map_ns=%llu", counts.first_map_ns,
			   counts.last_map_ns);
	seq_putc(m, '\n');
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
	show_counts(m, ctx);
	show_process(m, "opener", ctx->opener.pid, ctx->opener.uid, ctx->opener.cgroup_id);
	seq_putc(m, '\n');
	show_payers(m, ctx);
	if (may_see_totals(m))
		show_totals(m, ctx);
	show_objects(m, ctx);
}
