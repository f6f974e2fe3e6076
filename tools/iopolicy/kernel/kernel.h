/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel: checks of its features, loading an object into it, the policies that it has
 * loaded, and verdicts as they happen.
 *
 * The commands, store/ and model/ call it. A policy goes through three steps: load__object() loads
 * maps and programs, load__fill() gives the struct_ops map its value, which the driver validates,
 * and load__attach() or load__update() makes the driver ask the policy. "Loaded" without more means
 * that all three are done.
 */
#ifndef _IOPOLICY_KERNEL_H
#define _IOPOLICY_KERNEL_H

#include <stdbool.h>
#include <linux/types.h>

#include "cost.h"
#include "iommufd_policy.h"
#include "iommufd_record.h"
#include "object/object.h"
#include "object/param.h"

#define MODULE "iommufd"

/* ---- machine.c: checks before anything is loaded, and messages about missing features ---- */

/* Check privileges, module and BTF. */
int machine__check(void);
int machine__check_privileges(void);
int machine__check_bpffs(void);
/*
 * Whether the BPF file system is another one than that of process 1, because this mount namespace
 * has its own. Then its pins vanish with the namespace.
 */
bool machine__has_private_bpffs(void);
/* Explain an EPERM that came in spite of the capabilities. @what is the failure: "cannot ...". */
int machine__explain_eperm(const char *what);
/* Explain that the loaded module iommufd does not support policies. */
int machine__explain_no_policies(void);
/*
 * The error of a load that failed, which libbpf returned as err. It looks for functions in the BTF
 * of all modules, of which each takes a file descriptor. If there are no more, it says that a
 * function is not found.
 */
int machine__real_error(int err);

/* ---- load.c ---- */

/* Load maps and programs. verbose prints the whole verifier log after a rejection. */
int load__object(struct object *object, bool verbose);
/* Give the struct_ops map the policy's value. */
int load__fill(const struct object *object);
/* Attach the policy. Return the file descriptor of its link, or -errno. */
int load__attach(const struct object *object);
/* Replace the policy of a link by this one. */
int load__update(const struct object *object, int link_fd);

/* ---- values.c: a loaded policy, by its struct_ops map ---- */

/* Read its values. */
int load__values(int map_fd, struct policy_values *values);
/* Read the ids of its programs. No message. */
#define LOAD_PROGRAMS_MAX 32
int load__programs(int map_fd, __u32 ids[LOAD_PROGRAMS_MAX], unsigned int *nr);

/* ---- loaded.c: the policies that the driver asks ---- */

struct loaded {
	struct iommufd_policy_info *policies; /* in the order in which the driver asks them */
	unsigned int nr;
};

int loaded__read(struct loaded *loaded);
void loaded__free(struct loaded *loaded);
/* NULL if there is none. */
const struct iommufd_policy_info *loaded__find_name(const struct loaded *loaded, const char *name);
const struct iommufd_policy_info *loaded__find_link(const struct loaded *loaded, __u32 link_id);
/* Whether a policy is loaded and sealed, or that cannot be known; after a message. */
bool loaded__is_sealed(const char *name);

/* The driver's history of refusals, in the order of their first ones. */
struct kept_refusals {
	struct iommufd_refusal_info *list;
	unsigned int nr;
	bool is_known; /* an older driver has none */
};

int kept_refusals__read(struct kept_refusals *history);
void kept_refusals__free(struct kept_refusals *history);

/*
 * The id of an open link, 0 if it is not that of a struct_ops. *map_id is the id of its map, 0 if
 * the link has been detached.
 */
__u32 link__id(int link_fd, __u32 *map_id);
/*
 * End the policy of an open link, and close the link. Waits for programs of the policy that are
 * running. Return 0, -EBUSY if it is sealed, or -errno.
 */
int link__end(int link_fd);
/* Name the processes that have a link open, as "iopolicy (pid 12)"; "" if none was found. */
#define LINK_HOLDERS_MAX 256
char *link__holders(char text[LINK_HOLDERS_MAX], __u32 link_id);

/* ---- seal.c ---- */

/* Let the policy with an id stay until the machine is rebooted. Return 0 or -errno. */
int seal__policy(const char *name, __u32 id);

/* ---- params.c: the parameters of a loaded policy ---- */

struct loaded_params {
	struct params params;
	struct btf *btf;
	void *data;
};

/*
 * Read them from the map of the constants; none if map_fd is negative. Return 0 or -errno without a
 * message; free them in both cases.
 */
int loaded_params__read(struct loaded_params *params, int map_fd);
void loaded_params__free(struct loaded_params *params);

/* ---- cost.c: how long the policies take ---- */

struct policy_cost {
	struct cost_key key;
	struct cost cost;
};

struct costs {
	struct policy_cost *list; /* policies and hooks that were asked */
	unsigned int nr;
	__u64 lost; /* decisions that are not counted */
};

/*
 * Measure for a while, or until a signal. Return 0 or -errno after a message; free the costs in
 * both cases.
 */
int costs__measure(struct costs *costs, __u64 for_ns);
void costs__free(struct costs *costs);

/* ---- klog.c: the kernel's log, where the driver explains why it rejects a policy ---- */

/* Open the log to read the lines from now on; -1 if it cannot be opened. */
int klog__open(void);
/* Read the last line about a policy, without "iommufd: "; "" if there is none. Closes the log. */
#define KLOG_MAX 512
char *klog__read(int fd, char text[KLOG_MAX]);
void klog__close(int fd);

/* ---- watch.c: verdicts of one policy, from the tracepoint iommufd_policy_verdict ---- */

struct watch {
	struct iopolicy_bpf *bpf;
	struct bpf_link *tracepoint;
	struct ring_buffer *ring;
	__u32 policy_id; /* 0: not known yet */
	void (*verdict)(void *ctx, const struct event_record *record);
	void *ctx;
};

/*
 * Start watching, before the policy is attached so that no verdict is missed. verdict() is called
 * from watch__poll() and watch__drain(), only for the policy given to watch__set_policy().
 */
int watch__open(struct watch *watch, bool show_allowed,
		void (*verdict)(void *ctx, const struct event_record *record), void *ctx);
void watch__set_policy(struct watch *watch, __u32 policy_id);
/* Wait for verdicts for at most timeout_ms. */
int watch__poll(struct watch *watch, int timeout_ms);
/* Stop recording, and read the record. */
void watch__drain(struct watch *watch);
void watch__counters(const struct watch *watch, struct event_counters *counters);
void watch__close(struct watch *watch);

#endif /* _IOPOLICY_KERNEL_H */
