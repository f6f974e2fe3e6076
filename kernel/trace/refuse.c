// SPDX-License-Identifier: GPL-2.0-only
/*
 * Log lines and the tracepoint of refusals, see refuse.h.
 */
#include <linux/build_bug.h>
#include <linux/cred.h>
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/sprintf.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/stringhash.h>
#include <linux/uidgid.h>

#include "trace/emit.h"
#include "trace/refuse.h"

/* The first line is repeated after this time, then after four times as long, up to an hour. */
#define REPEAT_FIRST (10 * HZ)
#define REPEAT_LAST (3600 * HZ)

/* A user gets this many lines of a reason at once, and one more after each interval. */
#define USER_BURST 20
#define USER_INTERVAL (60 * HZ)

#define REPEATED_LEN 48 /* of " (repeated N times)" */

/**
 * struct reported - a refusal that a process met
 * @start: when the process started, because ids of processes are reused
 * @tgid: the process
 * @device: hash of the device's name; 0 if it is not about a device
 * @repeats: refusals that were not logged since the last line
 * @interval: time until the next line, in jiffies; 0 before the first line
 * @next: when the next line may be printed, in jiffies
 */
struct reported {
	u64 start;
	pid_t tgid;
	u32 device;
	unsigned long repeats;
	unsigned long interval;
	unsigned long next;
};

/* Reasons share nothing, so that many refusals for one cannot suppress lines of another. */
#define REASONS (IOMMUFD_REFUSED_POLICY + 1)
static struct reported reports[REASONS][32];
static unsigned int oldest[REASONS]; /* in reports; the next one to be overwritten */

/**
 * struct user_rate - how many lines a user may still get
 * @uid: the user
 * @full: when these are USER_BURST again, in jiffies
 */
struct user_rate {
	kuid_t uid;
	unsigned long full;
};

static struct user_rate user_rates[REASONS][16];
static DEFINE_SPINLOCK(reports_lock); /* reports, oldest and user_rates */

static struct ratelimit_state rates[REASONS] = {
	[0 ... REASONS - 1] =
		RATELIMIT_STATE_INIT(rates, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST),
};

static struct reported *find_report(u32 reason, u32 device)
{
	u64 start = current->group_leader->start_time;
	struct reported *report;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reports[reason]); i++) {
		report = &reports[reason][i];
		if (report->start == start && report->tgid == current->tgid &&
		    report->device == device)
			return report;
	}
	report = &reports[reason][oldest[reason]];
	oldest[reason] = (oldest[reason] + 1) % ARRAY_SIZE(reports[reason]);
	*report = (struct reported){
		.start = start,
		.tgid = current->tgid,
		.device = device,
		.next = jiffies,
	};
	return report;
}

/* Find the user's entry, or replace the one that is full again first. */
static struct user_rate *find_rate(u32 reason)
{
	struct user_rate *rates = user_rates[reason], *first = &rates[0];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(user_rates[reason]); i++) {
		if (uid_eq(rates[i].uid, current_uid()))
			return &rates[i];
		if (time_before(rates[i].full, first->full))
			first = &rates[i];
	}
	*first = (struct user_rate){ .uid = current_uid(), .full = jiffies };
	return first;
}

/* Whether the user may get a line. */
static bool has_line(struct user_rate *rate)
{
	if (time_before(rate->full, jiffies))
		rate->full = jiffies;
	return time_before_eq(rate->full, jiffies + (USER_BURST - 1) * USER_INTERVAL);
}

/*
 * Log one line for each process, reason and device, and later ones at growing intervals, so that a
 * process at its limit cannot fill the log. A user could start processes without end, so a second
 * limit holds for each user and reason, and a third one for each reason. A line that a limit
 * suppresses is counted in the next one of its process, in @times.
 */
static bool may_log(u32 reason, const char *name, char times[REPEATED_LEN])
{
	unsigned long repeats = 0;
	struct reported *report;
	struct user_rate *rate;
	unsigned long flags;
	bool ok;

	spin_lock_irqsave(&reports_lock, flags);
	report = find_report(reason, name ? full_name_hash(NULL, name, strlen(name)) : 0);
	rate = find_rate(reason);
	ok = time_after_eq(jiffies, report->next) && has_line(rate) &&
	     ___ratelimit(&rates[reason], "iommufd: log of refusals");
	if (ok) {
		rate->full += USER_INTERVAL;
		repeats = report->repeats;
		report->repeats = 0;
		report->interval = report->interval ?
					   min(4 * report->interval, (unsigned long)REPEAT_LAST) :
					   REPEAT_FIRST;
		report->next = jiffies + report->interval;
	} else {
		report->repeats++;
	}
	spin_unlock_irqrestore(&reports_lock, flags);
	times[0] = '\0';
	if (repeats)
		scnprintf(times, REPEATED_LEN, " (repeated %lu time%s)", repeats,
			  repeats == 1 ? "" : "s");
	return ok;
}

#define refuse_line(reason, fmt, ...) \
	do { \
		char times[REPEATED_LEN]; \
\
		BUILD_BUG_ON((reason) >= REASONS); \
		if (may_log(reason, NULL, times)) \
			pr_warn(fmt "%s\n", ##__VA_ARGS__, times); \
	} while (0)

/* dev_warn() begins the line with the device's driver and name. */
#define refuse_device_line(reason, dev, fmt, ...) \
	do { \
		char times[REPEATED_LEN]; \
\
		BUILD_BUG_ON((reason) >= REASONS); \
		if (may_log(reason, dev_name(dev), times)) \
			dev_warn(dev, fmt "%s\n", ##__VA_ARGS__, times); \
	} while (0)

/*
 * Copy the caller's name for %*pE. A process can put line feeds and terminal escape sequences into
 * its name, and must not be able to forge a line of the log.
 */
static int copy_comm(char comm[TASK_COMM_LEN])
{
	return strscpy(comm, current->comm, TASK_COMM_LEN);
}

/**
 * iommufd_device_sbdf() - encode the PCI address of a device for tracepoints
 * @dev: any device
 *
 * Return: segment << 16 | bus << 8 | device << 3 | function, or IOMMUFD_TRACE_NONE.
 */
u32 iommufd_device_sbdf(const struct device *dev)
{
	struct pci_dev *pdev;

	if (!dev_is_pci(dev))
		return IOMMUFD_TRACE_NONE;
	pdev = to_pci_dev(dev);
	return pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
}

static void trace(u32 ctx, enum iommufd_refusal reason, u32 sbdf, unsigned long limit,
		  unsigned long need, unsigned long present, int ret)
{
	iommufd_trace(refused, ctx, current->tgid, reason, sbdf, limit, need, present, ret, 0, 0, 0,
		      0);
}

/**
 * iommufd_refuse_memlock() - report that pinning would exceed RLIMIT_MEMLOCK
 * @ctx: id of the context
 * @per_user: all processes of the user share the limit; otherwise it is the process's own
 * @limit: the limit, in bytes
 * @need: bytes to be pinned
 * @present: bytes in use
 */
void iommufd_refuse_memlock(u32 ctx, bool per_user, unsigned long limit, unsigned long need,
			    unsigned long present)
{
	char comm[TASK_COMM_LEN];
	int comm_length = copy_comm(comm);

	trace(ctx, IOMMUFD_REFUSED_MEMLOCK, IOMMUFD_TRACE_NONE, limit, need, present, -ENOMEM);
	refuse_line(
		IOMMUFD_REFUSED_MEMLOCK,
		"iommufd: %*pE[%d] cannot pin %lu KiB: RLIMIT_MEMLOCK is %lu KiB, of which %s (uid %u) uses %lu KiB; raise the limit (ulimit -l, LimitMEMLOCK=), or give CAP_IPC_LOCK",
		comm_length, comm, current->tgid, need >> 10, limit >> 10,
		per_user ? "the user" : "the process",
		from_kuid_munged(&init_user_ns, current_uid()), present >> 10);
}

/**
 * iommufd_refuse_coherency() - report that a device's DMA is not coherent with CPU caches
 * @ctx: id of the context
 * @dev: the device
 * @has_iommu: it has an IOMMU, which cannot enforce coherency
 */
void iommufd_refuse_coherency(u32 ctx, const struct device *dev, bool has_iommu)
{
	trace(ctx, IOMMUFD_REFUSED_COHERENCY, iommufd_device_sbdf(dev), 0, 0, 0, -EINVAL);
	if (has_iommu)
		refuse_device_line(
			IOMMUFD_REFUSED_COHERENCY, dev,
			"iommufd: not bound: its IOMMU cannot keep its DMA coherent with the CPU's caches, and user space could not flush them");
	else
		refuse_device_line(
			IOMMUFD_REFUSED_COHERENCY, dev,
			"iommufd: not bound: no IOMMU translates its DMA; enable the IOMMU in firmware and on the kernel's command line (intel_iommu=on)");
}

/**
 * iommufd_refuse_interrupts() - report that a device's DMA can forge interrupts of other devices
 * @ctx: id of the context
 * @dev: the device
 */
void iommufd_refuse_interrupts(u32 ctx, const struct device *dev)
{
	trace(ctx, IOMMUFD_REFUSED_INTERRUPTS, iommufd_device_sbdf(dev), 0, 0, 0, -EPERM);
	refuse_device_line(
		IOMMUFD_REFUSED_INTERRUPTS, dev,
		"iommufd: not bound: its DMA can raise interrupts of other devices, because the platform does not remap interrupts; enable interrupt remapping, or accept the risk with iommufd.allow_unsafe_interrupts=1");
}

/**
 * iommufd_refuse_map() - report that a map overlaps a reserved range
 * @ctx: id of the context
 * @map: the range to be mapped
 * @reserved: the reserved range
 */
void iommufd_refuse_map(u32 ctx, struct iommufd_span map, struct iommufd_span reserved)
{
	char comm[TASK_COMM_LEN];
	int comm_length = copy_comm(comm);

	trace(ctx, IOMMUFD_REFUSED_RESERVED, IOMMUFD_TRACE_NONE, reserved.start, map.start,
	      reserved.last, -EINVAL);
	refuse_line(
		IOMMUFD_REFUSED_RESERVED,
		"iommufd: %*pE[%d] cannot map IOVA %#lx-%#lx: %#lx-%#lx is reserved for a device or beyond its IOMMU; IOMMU_IOAS_IOVA_RANGES lists the usable ranges",
		comm_length, comm, current->tgid, map.start, map.last, reserved.start,
		reserved.last);
}

/**
 * iommufd_refuse_device() - report that a device's reserved range is in use in the address space
 * @ctx: id of the context
 * @dev: the device
 * @map: the mapped range, or one that IOMMU_IOAS_ALLOW_IOVAS allowed
 * @reserved: the device's range
 */
void iommufd_refuse_device(u32 ctx, const struct device *dev, struct iommufd_span map,
			   struct iommufd_span reserved)
{
	trace(ctx, IOMMUFD_REFUSED_RESERVED, iommufd_device_sbdf(dev), reserved.start, map.start,
	      reserved.last, -EADDRINUSE);
	refuse_device_line(
		IOMMUFD_REFUSED_RESERVED, dev,
		"iommufd: not attached: IOVA %#lx-%#lx is mapped or promised to user space, and the device needs %#lx-%#lx for itself; attach it first, and map elsewhere",
		map.start, map.last, reserved.start, reserved.last);
}

/**
 * iommufd_refuse_sva() - report that a device cannot share a process's page table safely
 * @ctx: id of the context
 * @dev: the device
 */
void iommufd_refuse_sva(u32 ctx, const struct device *dev)
{
	trace(ctx, IOMMUFD_REFUSED_SVA, iommufd_device_sbdf(dev), 0, 0, 0, -EOPNOTSUPP);
	refuse_device_line(
		IOMMUFD_REFUSED_SVA, dev,
		"iommufd: not attached to a process: its IOMMU would walk the kernel's half of the page table, whose pages this kernel frees without telling it (iommu_sva_bind_device() refuses for the same reason); map the memory into an IOAS instead");
}

/**
 * iommufd_refuse_pasid() - report that the device's own page table excludes PASIDs
 * @ctx: id of the context
 * @dev: the device
 * @pasid: the PASID
 */
void iommufd_refuse_pasid(u32 ctx, const struct device *dev, u32 pasid)
{
	trace(ctx, IOMMUFD_REFUSED_PASID, iommufd_device_sbdf(dev), 0, pasid, 0, -EINVAL);
	refuse_device_line(
		IOMMUFD_REFUSED_PASID, dev,
		"iommufd: PASID %u not attached: the device itself is attached to a page table not made for PASIDs; attach it to a HWPT made with IOMMU_HWPT_ALLOC_PASID, or detach it first",
		pasid);
}

/**
 * iommufd_refuse_pool() - report that a user has enough system-wide PASIDs
 * @ctx: id of the context
 * @limit: the limit
 * @present: PASIDs that the user has
 */
void iommufd_refuse_pool(u32 ctx, unsigned int limit, unsigned int present)
{
	char comm[TASK_COMM_LEN];
	int comm_length = copy_comm(comm);

	trace(ctx, IOMMUFD_REFUSED_POOL, IOMMUFD_TRACE_NONE, limit, 1, present, -EDQUOT);
	refuse_line(
		IOMMUFD_REFUSED_POOL,
		"iommufd: %*pE[%d] cannot allocate a system-wide PASID: the user (uid %u) has %u, and the limit is %u; free some, or raise the module parameter iommufd.pasid_user_limit",
		comm_length, comm, current->tgid, from_kuid_munged(&init_user_ns, current_uid()),
		present, limit);
}

/**
 * iommufd_refuse_policy() - report that a policy which must be in force is missing
 * @ctx: id of the context
 * @hook: the hook of policies at which the call is refused
 * @name: name of the policy
 */
void iommufd_refuse_policy(u32 ctx, u32 hook, const char *name)
{
	char comm[TASK_COMM_LEN];
	int comm_length = copy_comm(comm);
	u64 word[4];

	if (trace_iommufd_refused_enabled()) {
		strscpy_pad((char *)word, name, sizeof(word));
		iommufd_trace(refused, ctx, current->tgid, IOMMUFD_REFUSED_POLICY,
			      IOMMUFD_TRACE_NONE, 0, hook, 0, -EPERM, word[0], word[1], word[2],
			      word[3]);
	}
	refuse_line(
		IOMMUFD_REFUSED_POLICY,
		"iommufd: %*pE[%d] cannot bind, attach or map: policy '%s' must be in force, and is not; load it, or if it was sealed, reboot the machine",
		comm_length, comm, current->tgid, name);
}
