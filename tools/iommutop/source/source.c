// SPDX-License-Identifier: GPL-2.0-only
/*
 * The choice of a source, and a refresh from it. See source.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "env.h"
#include "msg.h"
#include "source/sources.h"

#define MODULE "iommufd"

/* A parameter of iommuscope's module, which the in-tree one does not have. */
#define OUR_PARAMETER "iommufd/parameters/pasid_user_limit"

/*
 * Use /proc where the kernel refuses BPF, or the module is another version of ours. An in-tree
 * module shows nothing there.
 */
static int fall_back(struct source **source, struct model *model, int err)
{
	if (err != -EPERM && (err != -ENODEV || !env__has_module(NULL, OUR_PARAMETER)))
		return err;
	snprintf(model->missing, sizeof(model->missing),
		 "contexts from /proc only, without rates, latencies, faults and policies: %.*s",
		 (int)strcspn(msg__last(), "\n"), msg__last());
	return fdinfo__open(source, model);
}

int source__open(struct source **source, struct model *model, const struct source_options *options)
{
	char names[ENV_NAMES_MAX];
	__u64 missing;
	int err;

	model->state->filter = options->filter;
	model->is_filtered = options->filter.use;
	if (options->recording)
		return replay__open(source, model, options);
	if (!env__has_module(NULL, MODULE)) {
		msg("module " MODULE " is not loaded, so there is nothing to show\n"
		    "  load it: modprobe iommufd, or insmod build/iommufd.ko in the build tree");
		return -ENODEV;
	}
	/* If the capabilities cannot be read, let the kernel decide. */
	if (env__missing_caps(NULL, ENV_CAP_BPF | ENV_CAP_PERFMON, &missing) || !missing) {
		err = live__open(source, model, options);
		return err ? fall_back(source, model, err) : 0;
	}
	snprintf(model->missing, sizeof(model->missing),
		 "only own processes, without rates, latencies, faults and policies: %s missing; "
		 "run iommutop with sudo",
		 env__cap_names(names, missing));
	return fdinfo__open(source, model);
}

int source__refresh(struct source *source, struct model *model)
{
	int err;

	model__begin(model);
	err = source->refresh(source, model);
	return err ? err : model__update(model);
}

int source__seek(struct source *source, struct model *model, __u64 time_ns,
		 void (*refreshed)(void *ctx), void *ctx)
{
	int err;

	if (!source->seek) {
		msg("only a recording can be shown as it was at another time");
		return -ESPIPE;
	}
	err = source->seek(source, model, time_ns);
	while (!err && !model->ended && model->time_ns + model->wall_offset_ns < time_ns) {
		err = source__refresh(source, model);
		if (!err && refreshed)
			refreshed(ctx);
	}
	return err ? err : source->check(source, time_ns);
}

void source__close(struct source *source)
{
	source->close(source);
}
