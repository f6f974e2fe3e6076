// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command apply: make the pinned policies equal to those of a folder, or put one rule file or
 * policy file in force. The command diff: the same, but only shown.
 *
 * All objects are loaded, and validated by the driver, before anything changes. Then policies are
 * loaded and replaced, and those that the folder does not have are unloaded last, so that at no
 * moment a policy is missing that is in force before and afterwards. The former policies are held
 * open: if a step fails, the steps before it are undone, and so they are if no confirmation comes.
 *
 * The policies in force are read from the kernel each time; nothing is remembered of an earlier
 * apply.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "clock.h"
#include "command/command.h"
#include "command/confirm.h"
#include "errname.h"
#include "folder/folder.h"
#include "kernel/kernel.h"
#include "model/model.h"
#include "msg.h"
#include "output/output.h"
#include "process.h"
#include "store/former.h"
#include "store/store.h"

/* A policy of the folder, or one that is pinned and not in the folder. */
struct step {
	enum plan_action action;
	char name[IOMMUFD_POLICY_NAME_LEN];
	const struct folder_policy *wanted; /* NULL: unload it */
	struct object object;
	struct former former; /* PLAN_REPLACE, PLAN_UNLOAD */
	struct changes changes;
	__u32 map_id; /* of the struct_ops map that the step puts in force */
	bool is_stale; /* leftovers of an interrupted load have this name */
	bool is_done;
};

struct apply {
	const struct options *options;
	struct folder folder;
	struct step *steps;
	unsigned int nr;
	bool is_file; /* one rule file: other policies are left alone */
	struct loaded loaded; /* all policies; read when the first one has to be loaded */
	bool has_loaded;
};

/* ---- the plan ---- */

static int open_wanted(struct step *step, const struct folder_policy *wanted,
		       const struct options *options)
{
	struct object_settings settings = {
		.where = wanted->file,
		.params = (const char *const *)wanted->sets,
		.nr_params = wanted->nr_sets,
		.name = wanted->name,
		.priority = wanted->has_priority ? &wanted->priority : NULL,
		.cgroup = wanted->has_cgroup ? &wanted->cgroup : NULL,
		.audit = wanted->audit || options->audit,
		.eject = wanted->eject,
	};
	struct rules_settings own;
	int err;

	if (wanted->is_rules) {
		settings.params = options->sets;
		settings.nr_params = options->nr_sets;
	}
	step->wanted = wanted;
	strcpy(step->name, wanted->name);
	err = open__file(&step->object, wanted->object, options->force, &settings, &own);
	if (!err)
		err = object__configure(&step->object, &settings);
	if (!err)
		err = object__check(&step->object);
	/* Everything in a folder is a policy's fault, not the command line's. */
	return err == -EINVAL ? -ENOEXEC : err;
}

static bool is_policy_file(const char *path)
{
	size_t length = strlen(path), end = strlen(FOLDER_SUFFIX);

	return rules__is_file(path) ||
	       (length > end && !strcmp(path + length - end, FOLDER_SUFFIX));
}

static int open_folder(struct apply *apply)
{
	const char *path = apply->options->file ? apply->options->file : FOLDER_DEFAULT;
	unsigned int i;
	int err;

	apply->is_file = is_policy_file(path);
	if (apply->options->nr_sets && !rules__is_file(path)) {
		msg("--set: only for a rule file; in a folder, write set.NAME = VALUE into the "
		    "policy file");
		return -EINVAL;
	}
	err = apply->is_file ? folder__read_file(&apply->folder, path) :
			       folder__read(&apply->folder, path);
	if (err)
		return err;
	apply->steps = calloc(apply->folder.nr + 1, sizeof(*apply->steps));
	if (!apply->steps)
		return -ENOMEM;
	for (i = 0; i < apply->folder.nr && !err; i++) {
		apply->nr++;
		apply->steps[i].former = (struct former){ .link_fd = -1, .ops_fd = -1 };
		err = open_wanted(&apply->steps[i], &apply->folder.list[i], apply->options);
	}
	return err;
}

static int load_object(struct step *step, bool verbose)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int err;

	err = load__object(&step->object, verbose);
	if (!err)
		err = load__fill(&step->object);
	if (!err)
		err = bpf_map_get_info_by_fd(bpf_map__fd(step->object.ops), &info, &size);
	step->map_id = info.id;
	return err;
}

/* A policy that is not pinned can be loaded, unless a loaded one has its name. */
static int plan_load(struct apply *apply, struct step *step)
{
	const struct iommufd_policy_info *info;
	char holders[LINK_HOLDERS_MAX];
	int err;

	step->action = PLAN_LOAD;
	if (!apply->has_loaded) {
		err = loaded__read(&apply->loaded);
		if (err)
			return err;
		apply->has_loaded = true;
	}
	info = loaded__find_name(&apply->loaded, step->name);
	if (!info)
		return 0;
	msg("%s: a policy named %s is loaded, and held by %s; end it, or rename the one in the "
	    "file",
	    step->wanted->file, step->name,
	    *link__holders(holders, info->link_id) ? holders : "a process or a pin elsewhere");
	return -EBUSY;
}

/* Find out how a policy of the folder gets in force. */
static int plan_wanted(struct apply *apply, struct step *step)
{
	struct store_policy found;
	int fd, err;

	fd = store__look(step->name, &found);
	if (found.state == STORE_UNKNOWN)
		return open__explain_link(step->name, fd);
	if (fd < 0) {
		step->is_stale = found.state == STORE_STALE;
		return plan_load(apply, step);
	}
	if (!apply->options->dry_run)
		store__recover(step->name, &found);
	err = former__hold(&step->former, step->name, fd);
	if (!err)
		err = changes__find(&step->changes, &step->former, &step->object);
	step->action = step->changes.nr ? PLAN_REPLACE : PLAN_KEEP;
	return err;
}

static bool is_wanted(const struct apply *apply, const char *name)
{
	unsigned int i;

	for (i = 0; i < apply->folder.nr; i++)
		if (!strcmp(apply->folder.list[i].name, name))
			return true;
	return false;
}

/* Add a step for each pinned policy that the folder does not have. */
static int plan_unloads(struct apply *apply, const struct store *store)
{
	struct store_policy *found = NULL, look;
	char error[ERRNAME_MAX];
	struct step *grown, *step;
	unsigned int nr, i;
	int fd, err;

	err = store__list(store, &found, &nr);
	if (err)
		msg(STORE ": cannot list the pins (%s)", errname(-err, error));
	grown = err ? NULL : realloc(apply->steps, (apply->nr + nr + 1) * sizeof(*grown));
	if (grown)
		apply->steps = grown;
	else if (!err)
		err = -ENOMEM;
	for (i = 0; i < nr && !err; i++) {
		if (found[i].state != STORE_PINNED || is_wanted(apply, found[i].name))
			continue;
		step = &apply->steps[apply->nr++];
		memset(step, 0, sizeof(*step));
		memcpy(step->name, found[i].name, sizeof(step->name));
		step->action = PLAN_UNLOAD;
		step->former = (struct former){ .link_fd = -1, .ops_fd = -1 };
		fd = store__look(step->name, &look);
		err = fd < 0 ? open__explain_link(step->name, fd) :
			       former__hold(&step->former, step->name, fd);
	}
	free(found);
	return err;
}

static int plan(struct apply *apply, const struct store *store)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < apply->folder.nr && !err; i++)
		err = plan_wanted(apply, &apply->steps[i]);
	if (err || apply->is_file)
		return err;
	return plan_unloads(apply, store);
}

static int show(const struct apply *apply)
{
	struct plan plan = {
		.nr = apply->nr,
		.folder = apply->options->file ? apply->options->file : FOLDER_DEFAULT,
		.is_dry = apply->options->dry_run,
	};
	struct plan_row *rows = calloc(apply->nr + 1, sizeof(*rows));
	unsigned int i;

	plan.rows = rows;
	for (i = 0; rows && i < apply->nr; i++) {
		const struct step *step = &apply->steps[i];

		rows[i].action = step->action;
		rows[i].name = step->name;
		if (step->wanted) {
			rows[i].file = step->wanted->file;
			rows[i].values = &step->object.values;
			scope__make(&rows[i].scope, step->object.values.cgroup);
		}
		rows[i].changes = &step->changes;
		plan.counts[step->action]++;
	}
	if (rows)
		output__choose(apply->options->json)->plan(&plan);
	for (i = 0; rows && i < apply->nr; i++)
		scope__free(&rows[i].scope);
	free(rows);
	return output__flush();
}

/* ---- the steps ---- */

static int unload(const struct step *step)
{
	unsigned int removed = 0;
	char error[ERRNAME_MAX];
	int fd, err;

	err = store__remove(step->name, "", &removed);
	if (err) {
		msg("%s: cannot remove its pins (%s)", step->name, errname(-err, error));
		return err;
	}
	/* This ends the link, and waits for programs that run. */
	fd = dup(step->former.link_fd);
	if (fd < 0)
		return -errno;
	return link__end(fd);
}

static int carry_out(struct step *step)
{
	__u32 link_id;
	int err = 0;

	switch (step->action) {
	case PLAN_LOAD:
		if (step->is_stale)
			err = pin__remove_stale(step->name);
		return err ? err : pin__load(&step->object, &link_id);
	case PLAN_REPLACE:
		return pin__replace(&step->object, step->name, step->former.link_fd);
	case PLAN_UNLOAD:
		return unload(step);
	case PLAN_KEEP:
	case NR_PLAN_ACTIONS:
		break;
	}
	return 0;
}

/* Whether the policy that the step put in force, or removed, is still so. */
static bool is_unchanged(const struct step *step, int *fd)
{
	struct store_policy found;

	*fd = store__look(step->name, &found);
	if (step->action == PLAN_UNLOAD)
		return found.state == STORE_NONE;
	return *fd >= 0 && found.map_id == step->map_id;
}

static int undo(const struct step *step)
{
	unsigned int removed = 0;
	int fd, err = 0;

	if (!is_unchanged(step, &fd)) {
		msg("%s: another command has changed it meanwhile, so it is left as it is",
		    step->name);
		err = -EBUSY;
	} else if (step->action == PLAN_LOAD) {
		err = store__remove(step->name, "", &removed);
		if (!err)
			err = link__end(fd);
		return err;
	} else if (step->action == PLAN_REPLACE) {
		err = former__restore_replaced(&step->former);
	} else {
		err = former__restore_unloaded(&step->former);
	}
	if (fd >= 0)
		close(fd);
	return err;
}

/* Undo all steps that are done, the last one first. Call it with the store locked. */
static int undo_all(struct apply *apply)
{
	unsigned int i;
	int err = 0, ret;

	for (i = apply->nr; i-- > 0;) {
		if (!apply->steps[i].is_done || apply->steps[i].action == PLAN_KEEP)
			continue;
		ret = undo(&apply->steps[i]);
		err = err ? err : ret;
		apply->steps[i].is_done = false;
	}
	return err;
}

/* The same, without signals in between. */
static int undo_all_held(struct apply *apply)
{
	int err;

	process__hold_signals();
	err = undo_all(apply);
	process__release_signals();
	return err;
}

static int carry_out_all(struct apply *apply)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < apply->nr; i++)
		if ((apply->steps[i].action == PLAN_REPLACE ||
		     apply->steps[i].action == PLAN_UNLOAD) &&
		    loaded__is_sealed(apply->steps[i].name))
			return -EBUSY;
	process__hold_signals();
	for (i = 0; i < apply->nr && !err; i++) {
		err = carry_out(&apply->steps[i]);
		apply->steps[i].is_done = !err;
	}
	if (err && !undo_all(apply))
		msg("%s: failed, so the former policies are in force again",
		    apply->steps[i - 1].name);
	process__release_signals();
	return err;
}

/* ---- the command ---- */

static int change(struct apply *apply)
{
	struct store store = { .fd = -1 };
	int err;

	err = store__open(&store, apply->options->dry_run);
	if (!err)
		err = plan(apply, &store);
	if (!err && !apply->options->dry_run)
		err = carry_out_all(apply);
	/* A failure means that nothing has changed, also if only the report of it failed. */
	if (!err) {
		err = show(apply);
		if (err && !apply->options->dry_run && !undo_all_held(apply))
			msg("failed, so the former policies are in force again");
	}
	store__close(&store);
	return err;
}

static int go_back(struct apply *apply)
{
	struct store store = { .fd = -1 };
	int err;

	err = store__open(&store, false);
	if (err)
		return err;
	err = undo_all_held(apply);
	store__close(&store);
	if (!err)
		msg("not confirmed, so the former policies are in force again; the folder is as "
		    "it was");
	return err ? err : -ETIME;
}

static bool has_changes(const struct apply *apply)
{
	unsigned int i;

	for (i = 0; i < apply->nr; i++)
		if (apply->steps[i].action != PLAN_KEEP)
			return true;
	return false;
}

static int change_and_wait(struct apply *apply)
{
	__u64 time_ns = apply->options->confirm_ns;
	int listen_fd, reply_fd, err;

	process__catch_signals();
	listen_fd = confirm__listen();
	if (listen_fd < 0)
		return listen_fd;
	err = change(apply);
	if (err || !has_changes(apply))
		goto close;
	msg("in force for %llu s, then the former policies return; to keep them: iopolicy confirm",
	    time_ns / NS_PER_SEC);
	if (confirm__wait(listen_fd, clock__now() + time_ns, &reply_fd))
		confirm__reply(reply_fd);
	else
		err = go_back(apply);
close:
	confirm__close(listen_fd);
	return err;
}

static void free_apply(struct apply *apply)
{
	unsigned int i;

	for (i = 0; i < apply->nr; i++) {
		object__close(&apply->steps[i].object);
		former__free(&apply->steps[i].former);
		changes__free(&apply->steps[i].changes);
	}
	free(apply->steps);
	loaded__free(&apply->loaded);
	folder__free(&apply->folder);
}

/* Carry the command out; *differs tells whether something was, or would be, changed. */
static int run(const struct options *options, bool *differs)
{
	struct apply apply = { .options = options };
	unsigned int i;
	int err;

	err = open_folder(&apply);
	if (!err)
		err = machine__check();
	if (!err)
		err = machine__check_bpffs();
	for (i = 0; i < apply.nr && !err; i++)
		err = load_object(&apply.steps[i], options->verbose);
	if (!err && options->confirm_ns && !options->dry_run)
		err = change_and_wait(&apply);
	else if (!err)
		err = change(&apply);
	*differs = has_changes(&apply);
	free_apply(&apply);
	return err;
}

int command__apply(const struct options *options)
{
	bool differs;

	return run(options, &differs);
}

int command__diff(const struct options *options)
{
	struct options dry = *options;
	bool differs;
	int err;

	dry.dry_run = true;
	err = run(&dry, &differs);
	return err ? err : differs ? -EDOM : 0;
}
