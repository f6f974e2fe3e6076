// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands that change what is in force. Each locks the pins first, and signals wait while pins
 * are made or removed: what was begun is finished, or undone. Against SIGKILL nothing helps but the
 * order, see store.c, and the command clean.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "errname.h"
#include "iopolicy.h"
#include "msg.h"
#include "process.h"

#define DETACH_TRIES 200	 /* of 10 ms each */

static void report_loaded(const struct options *options, const char *type, const char *verb,
			  const struct policy *policy, __u32 link_id)
{
	char path[STORE_PATH_MAX];
	struct json json;

	store__path(path, policy->name, "");
	if (!options->json) {
		printf("%s %s%s, pinned in %s\n", policy->name, verb,
		       policy->flags & IOMMUFD_POLICY_AUDIT ? " for audit only" : "", path);
		return;
	}
	report__begin(&json, type);
	report__policy(&json, policy);
	json__u64(&json, "link_id", link_id);
	json__string(&json, "path", path);
	report__end(&json);
}

static int open_policy(struct policy *policy, const struct options *options)
{
	int err;

	err = policy__open(policy, options->file);
	if (!err)
		err = policy__configure(policy, options);
	if (!err)
		err = policy__check(policy);
	if (!err)
		err = machine__check();
	if (!err)
		err = machine__check_bpffs();
	return err;
}

static int explain_unknown(const char *name, int err)
{
	char path[STORE_PATH_MAX], error[ERRNAME_MAX];

	msg("%s: cannot be opened (%s); it is left alone", store__path(path, name, "/link"),
	    errname(-err, error));
	return -EIO;
}

/* The name must be free; what an interrupted load has left is in nobody's way. */
static int take_name(const struct policy *policy)
{
	struct store_policy found;
	unsigned int removed = 0;
	char path[STORE_PATH_MAX], name[ERRNAME_MAX];
	int fd, err;

	fd = store__look(policy->name, &found);
	if (fd >= 0) {
		close(fd);
		msg("%s: a policy of the name %s is in force; give another --name, or put this in "
		    "its place: iopolicy replace %s %s",
		    policy->file, policy->name, policy->name, policy->file);
		return -ENOEXEC;
	}
	if (found.state == STORE_NONE)
		return 0;
	if (found.state == STORE_UNKNOWN)
		return explain_unknown(policy->name, fd);
	err = store__remove(policy->name, "", &removed);
	if (err)
		msg("%s: leftovers that cannot be removed (%s)",
		    store__path(path, policy->name, ""), errname(-err, name));
	return err;
}

/* From here on there is something to undo. */
static int pin_policy(struct policy *policy, __u32 *link_id)
{
	unsigned int removed = 0;
	int fd = -1, err;
	__u32 map_id;

	err = store__pin_objects(policy->name, "", policy);
	if (!err) {
		fd = load__attach(policy);
		err = fd < 0 ? fd : 0;
	}
	if (!err)
		err = store__pin_link(policy->name, fd);
	if (err) {
		if (fd >= 0)
			bpf_link_detach(fd);
		store__remove(policy->name, "", &removed);
	} else {
		*link_id = force__link_id(fd, &map_id);
	}
	if (fd >= 0)
		close(fd);
	return err;
}

int change__load(const struct options *options)
{
	struct store store = { .fd = -1 };
	struct policy policy;
	__u32 link_id = 0;
	int err;

	err = open_policy(&policy, options);
	if (!err)
		err = store__open(&store, false);
	if (!err)
		err = take_name(&policy);
	if (!err)
		err = load__load(&policy, options);
	if (!err)
		err = load__fill(&policy);
	if (!err) {
		process__hold_signals();
		err = pin_policy(&policy, &link_id);
		if (!err)
			report_loaded(options, "loaded", "loaded", &policy, link_id);
		report__flush();
		process__release_signals();
	}
	store__close(&store);
	policy__close(&policy);
	return err;
}

static int replace_policy(struct policy *policy, const char *name, int link_fd)
{
	unsigned int removed = 0;
	int err;

	err = store__pin_objects(name, STORE_NEW, policy);
	if (!err)
		err = load__update(policy, link_fd);
	if (err) {
		store__remove(name, STORE_NEW, &removed);
		return err;
	}
	/* It is in force now; what goes wrong with pins does not change that. */
	store__commit_new(name);
	return 0;
}

static int replace(struct policy *policy, const struct options *options)
{
	const char *name = options->names[0];
	struct store_policy found;
	int link_fd, err;

	link_fd = store__look(name, &found);
	if (found.state == STORE_UNKNOWN)
		return explain_unknown(name, link_fd);
	if (link_fd < 0) {
		msg("%s: no policy of this name is pinned; iopolicy list shows them, iopolicy load "
		    "puts one in force",
		    name);
		return -ENOENT;
	}
	store__recover(name, &found);
	err = options->keep_maps ? store__reuse_maps(name, policy) : 0;
	if (!err)
		err = load__load(policy, options);
	if (!err)
		err = load__fill(policy);
	if (!err) {
		process__hold_signals();
		err = replace_policy(policy, name, link_fd);
		if (!err)
			report_loaded(options, "replaced", "replaced", policy, found.link_id);
		report__flush();
		process__release_signals();
	}
	close(link_fd);
	return err;
}

int change__replace(const struct options *options)
{
	struct options named = *options;
	struct store store = { .fd = -1 };
	struct policy policy;
	int err;

	named.name = options->names[0];
	err = open_policy(&policy, &named);
	if (!err)
		err = store__open(&store, false);
	if (!err)
		err = replace(&policy, &named);
	store__close(&store);
	policy__close(&policy);
	return err;
}

static void report_gone(const struct options *options, const char *type, const char *name,
			unsigned int removed)
{
	struct json json;

	if (!options->json) {
		printf("%s %s, %u pin%s removed\n", name, type, removed, removed == 1 ? "" : "s");
		return;
	}
	report__begin(&json, type);
	json__string(&json, "name", name);
	json__u64(&json, "pins_removed", removed);
	report__end(&json);
}

/* A policy of that name in force that is not pinned here: who has it? */
static int explain_unpinned(const char *name)
{
	const struct iommufd_policy_info *info;
	char holders[FORCE_HOLDERS_MAX];
	struct force force;
	int err;

	err = force__read(&force);
	if (err)
		return err;
	info = force__find(&force, name);
	if (!info)
		msg("%s: no policy of this name; iopolicy list shows them", name);
	else if (*force__holders(holders, info->link_id))
		msg("%s: not pinned in " STORE ", but held by %s; end that", name, holders);
	else
		msg("%s: not pinned in " STORE ", but elsewhere: remove the pin of link %u "
		    "(bpftool link show id %u -f)",
		    name, info->link_id, info->link_id);
	force__free(&force);
	return -ENOENT;
}

/* The kernel lets go of a link a moment after its last file or pin is gone. */
static bool is_gone(__u32 link_id)
{
	unsigned int i;
	int fd;

	for (i = 0; i < DETACH_TRIES; i++) {
		fd = bpf_link_get_fd_by_id(link_id);
		if (fd < 0)
			return true;
		close(fd);
		usleep(10000);
	}
	return false;
}

static int unload(const struct options *options, const char *name)
{
	char holders[FORCE_HOLDERS_MAX], error[ERRNAME_MAX];
	struct store_policy found;
	unsigned int removed = 0;
	int fd, err, detach_err;

	fd = store__look(name, &found);
	if (found.state == STORE_NONE)
		return explain_unpinned(name);
	if (found.state == STORE_UNKNOWN)
		return explain_unknown(name, fd);
	process__hold_signals();
	/* Ends it at once, whoever has the link open besides the pin. */
	detach_err = fd < 0 ? 0 : bpf_link_detach(fd);
	if (fd >= 0)
		close(fd);
	err = store__remove(name, "", &removed);
	if (err)
		msg("%s: its pins cannot be removed (%s)", name, errname(-err, error));
	else
		report_gone(options, "unloaded", name, removed);
	report__flush();
	process__release_signals();
	if (!detach_err || err || is_gone(found.link_id))
		return err;
	force__holders(holders, found.link_id);
	msg("%s: its pins are removed, but it is in force still: %s has its link", name,
	    *holders ? holders : "a pin elsewhere");
	return -EBUSY;
}

static int unload_all(const struct options *options, const struct store *store)
{
	struct store_policy *found;
	char name[ERRNAME_MAX];
	unsigned int nr, i;
	int err, ret;

	err = store__list(store, &found, &nr);
	if (err)
		msg(STORE ": %s", errname(-err, name));
	for (i = 0; i < nr; i++) {
		ret = unload(options, found[i].name);
		err = err ? err : ret;
	}
	free(found);
	return err;
}

int change__unload(const struct options *options)
{
	struct store store = { .fd = -1 };
	unsigned int i;
	int err, ret;

	err = machine__check();
	if (!err)
		err = machine__check_bpffs();
	if (!err)
		err = store__open(&store, false);
	if (!err && options->all)
		err = unload_all(options, &store);
	else if (!err)
		for (i = 0; i < options->nr_names; i++) {
			ret = unload(options, options->names[i]);
			err = err ? err : ret;
		}
	store__close(&store);
	return err;
}

static int clean(const struct options *options, const struct store_policy *found)
{
	char name[ERRNAME_MAX], path[STORE_PATH_MAX];
	unsigned int removed = 0;
	int err;

	if (found->state == STORE_PINNED) {
		if (store__recover(found->name, found))
			report_gone(options, "cleaned", found->name, 0);
		return 0;
	}
	if (found->state == STORE_UNKNOWN) {
		msg("%s: cannot be opened; it is left alone",
		    store__path(path, found->name, "/link"));
		return -EIO;
	}
	process__hold_signals();
	err = store__remove(found->name, "", &removed);
	process__release_signals();
	if (err)
		msg("%s: cannot be removed (%s)", store__path(path, found->name, ""),
		    errname(-err, name));
	else
		report_gone(options, "cleaned", found->name, removed);
	return err;
}

int change__clean(const struct options *options)
{
	struct store store = { .fd = -1 };
	struct store_policy *found = NULL;
	unsigned int nr = 0, i;
	char name[ERRNAME_MAX];
	int err, ret;

	err = machine__check_privileges();
	if (!err)
		err = machine__check_bpffs();
	if (!err)
		err = store__open(&store, false);
	if (err)
		return err;
	err = store__list(&store, &found, &nr);
	if (err)
		msg(STORE ": %s", errname(-err, name));
	for (i = 0; i < nr; i++) {
		ret = clean(options, &found[i]);
		err = err ? err : ret;
	}
	free(found);
	store__close(&store);
	return err;
}
