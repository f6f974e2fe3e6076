// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command set: change parameters of rules in force.
 *
 * The kernel has the text of the rules. It is compiled again with the new values, and replaces the
 * rules in one step, so no file is needed, and no call is decided without rules.
 */
#include <errno.h>
#include <stdlib.h>

#include "command/command.h"
#include "errname.h"
#include "kernel/kernel.h"
#include "model/model.h"
#include "model/rule_changes.h"
#include "msg.h"
#include "output/output.h"
#include "process.h"
#include "store/former.h"
#include "store/store.h"

struct setting {
	struct former former;
	struct object object;
	struct changes changes;
	char *text;
	__u32 size;
};

/* Compile the text again, with the settings of the policy in force. */
static int open_again(struct setting *setting, const struct options *options)
{
	struct object_settings settings = {
		.where = "set",
		.params = options->sets,
		.nr_params = options->nr_sets,
		.name = options->names[0],
	};
	struct policy_values values;
	struct rules_settings own;
	int err;

	err = load__values(setting->former.ops_fd, &values);
	if (err)
		return err;
	settings.priority = &values.priority;
	settings.cgroup = &values.cgroup;
	settings.audit = values.flags & IOMMUFD_POLICY_AUDIT;
	settings.enforce = !settings.audit;
	settings.eject = values.flags & IOMMUFD_POLICY_EJECT;
	settings.no_eject = !settings.eject;
	err = rules__open_text(&setting->object, options->names[0], setting->text, setting->size,
			       options->force, &settings, &own);
	settings.nr_params = 0;
	if (!err)
		err = object__configure(&setting->object, &settings);
	return err ? err : object__check(&setting->object);
}

static int replace(struct setting *setting, const struct options *options, __u32 link_id)
{
	const char *name = options->names[0];
	char path[STORE_PATH_MAX];
	const struct change change = {
		.type = CHANGE_REPLACED,
		.name = name,
		.values = &setting->object.values,
		.link_id = link_id,
		.path = store__path(path, name, ""),
		.changes = &setting->changes,
	};
	int err;

	err = load__object(&setting->object, options->verbose);
	if (!err)
		err = load__fill(&setting->object);
	if (!err)
		err = changes__find(&setting->changes, &setting->former, &setting->object);
	if (err)
		return err;
	process__hold_signals();
	err = pin__replace(&setting->object, name, setting->former.link_fd);
	if (!err)
		output__choose(options->json)->change(&change);
	output__flush();
	process__release_signals();
	return err;
}

static int find(struct setting *setting, const char *name, struct store_policy *found)
{
	int fd;

	fd = store__look(name, found);
	if (found->state == STORE_UNKNOWN)
		return open__explain_link(name, fd);
	if (fd < 0) {
		msg("%s: no policy of this name is pinned; see iopolicy list", name);
		return -ENOENT;
	}
	store__recover(name, found);
	return former__hold(&setting->former, name, fd);
}

int command__set(const struct options *options)
{
	struct setting setting = { .former = { .link_fd = -1, .ops_fd = -1 } };
	const char *name = options->names[0];
	struct store store = { .fd = -1 };
	struct store_policy found;
	int err;

	err = machine__check();
	if (!err)
		err = machine__check_bpffs();
	if (!err)
		err = store__open(&store, false);
	if (!err)
		err = find(&setting, name, &found);
	if (!err)
		setting.text = rule_changes__text(&setting.former, &setting.size);
	if (!err && !setting.text) {
		msg("%s: not made of a rule file, so its parameters are constants of its programs; "
		    "iopolicy replace %s FILE --set NAME=VALUE",
		    name, name);
		err = -ENOEXEC;
	}
	if (!err)
		err = open_again(&setting, options);
	if (!err)
		err = replace(&setting, options, found.link_id);
	store__close(&store);
	object__close(&setting.object);
	changes__free(&setting.changes);
	former__free(&setting.former);
	free(setting.text);
	return err;
}
