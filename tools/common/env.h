/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Properties of the machine: capabilities of this process, the module, BTF, lockdown.
 *
 * These functions print no messages, because only the tool knows what it needs. Each takes the file
 * or folder to read, or NULL for the usual one, so that tests can substitute it.
 */
#ifndef _COMMON_ENV_H
#define _COMMON_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define ENV_CAP_SYS_ADMIN (1ULL << 21)
#define ENV_CAP_PERFMON (1ULL << 38)
#define ENV_CAP_BPF (1ULL << 39)

#define ENV_NAMES_MAX 80

/*
 * Find out which of the wanted capabilities are not effective; CAP_SYS_ADMIN implies CAP_BPF and
 * CAP_PERFMON. Returns 0 with these capabilities in *missing, or -errno.
 */
int env__missing_caps(const char *status_file, __u64 wanted, __u64 *missing);

/* "CAP_BPF and CAP_PERFMON" */
char *env__cap_names(char names[ENV_NAMES_MAX], __u64 caps);

/* Whether a module of this name is loaded, or built in and visible. */
bool env__has_module(const char *modules_dir, const char *name);

/* Whether the kernel has BTF, /sys/kernel/btf/vmlinux. */
bool env__has_btf(const char *btf_file);

/* The mode of lockdown: "none", "integrity", "confidentiality", or "" if unknown. */
#define ENV_LOCKDOWN_MAX 32
char *env__lockdown(const char *lockdown_file, char mode[ENV_LOCKDOWN_MAX]);

/*
 * Find out why the kernel refuses programs that use the types of the kernel, or with module those
 * of a module, too. err is the errno of loading. Returns a clause in why[ENV_WHY_MAX], like "this
 * kernel has no BTF", with a remedy where there is one.
 */
#define ENV_WHY_MAX 192
char *env__why_refused(const char *module, int err, char why[ENV_WHY_MAX]);

/* Whether this process is in a user namespace, where capabilities do not count outside of it. */
bool env__in_user_namespace(const char *uid_map_file);

/*
 * Whether this process is in a PID namespace other than the initial one. Process ids that come from
 * the kernel's tracepoints and iterators are those of the initial one, so that /proc/PID of such an
 * id is another process then, or none.
 */
bool env__in_pid_namespace(const char *ns_link);

#endif /* _COMMON_ENV_H */
