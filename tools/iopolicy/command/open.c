// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first steps of commands that load an object.
 */
#include <errno.h>
#include <stddef.h>

#include <bpf/bpf.h>

#include "command/command.h"
#include "errname.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "store/store.h"

int open__file(struct object *object, const char *file, bool force,
	       struct object_settings *settings, struct rules_settings *own)
{
	int err;

	if (!rules__is_file(file))
		return object__open(object, file);
	err = rules__open(object, file, settings->params, settings->nr_params, force, settings,
			  own);
	/* The parameters are those of the rules. */
	settings->nr_params = 0;
	settings->inherited = NULL;
	return err;
}

int open__object(struct object *object, const struct options *options, const char *name,
		 const struct inherited *inherited)
{
	struct object_settings settings = {
		.where = "--set",
		.params = options->sets,
		.nr_params = options->nr_sets,
		.name = name,
		.priority = options->has_priority ? &options->priority : NULL,
		.cgroup = options->has_cgroup ? &options->cgroup : NULL,
		.audit = options->audit,
		.eject = options->eject,
		.enforce = options->enforce,
	};
	struct rules_settings own;
	int err;

	if (inherited) {
		if (!settings.priority)
			settings.priority = &inherited->values.priority;
		if (!settings.cgroup)
			settings.cgroup = &inherited->values.cgroup;
		if (!settings.enforce && inherited->values.flags & IOMMUFD_POLICY_AUDIT)
			settings.audit = true;
		if (!settings.audit)
			settings.enforce = true;
		settings.inherited = &inherited->params.params;
	}
	err = open__file(object, options->file, options->force, &settings, &own);
	/* A rule file that has this is given it anew. */
	if (inherited && !settings.no_eject)
		settings.eject |= !!(inherited->values.flags & IOMMUFD_POLICY_EJECT);
	if (!err)
		err = object__configure(object, &settings);
	if (!err)
		err = object__check(object);
	if (!err)
		err = machine__check();
	return err;
}

int open__former(struct former *former, const char *name, __u32 *link_id)
{
	const struct iommufd_policy_info *info;
	struct store_policy found;
	struct loaded loaded;
	int fd, err;

	fd = store__look(name, &found);
	*link_id = found.link_id;
	if (found.state == STORE_UNKNOWN)
		return open__explain_link(name, fd);
	if (fd >= 0)
		return former__hold(former, name, fd);
	err = loaded__read(&loaded);
	if (err)
		return err;
	info = loaded__find_name(&loaded, name);
	*link_id = info ? info->link_id : 0;
	loaded__free(&loaded);
	fd = *link_id ? bpf_link_get_fd_by_id(*link_id) : -ENOENT;
	if (fd >= 0)
		return former__hold(former, name, fd);
	msg("%s: no policy of this name is loaded; see iopolicy list", name);
	return -ENOENT;
}

int open__explain_link(const char *name, int err)
{
	char path[STORE_PATH_MAX], error[ERRNAME_MAX];

	msg("%s: cannot open the pin (%s); nothing was changed", store__path(path, name, "/link"),
	    errname(-err, error));
	return -EIO;
}
