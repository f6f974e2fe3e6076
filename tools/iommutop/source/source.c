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

/*
 * Use /proc where the kernel refuses BPF, or the module is another version of ours. The kernel's
 * own driver shows nothing there.
 */
static int fall_back(struct source **source, struct model *model, enum driver_kind driver, int err)
{
	if ((err != -EPERM && err != -ENODEV) || driver != DRIVER_NATIVE)
		return err;
	snprintf(model->missing, sizeof(model->missing),
		 "contexts from /proc only, without rates, latencies, faults and policies: %.*s",
		 (int)strcspn(msg__last(), "\n"), msg__last());
	return fdinfo__open(source, model);
}

/* Choose the driver, and find out which capabilities are missing for it. */
static int check(struct source_options *options, __u64 *missing)
{
	__u64 needed = ENV_CAP_BPF | ENV_CAP_PERFMON;
	char names[ENV_NAMES_MAX];
	int err;

	*missing = 0;
	err = driver__choose(NULL, &options->driver);
	if (err)
		return err;
	if (options->driver == DRIVER_AUTO) {
		msg("module " MODULE " is not loaded, so there is nothing to show\n"
		    "  load it: modprobe iommufd, or insmod build/iommufd.ko in the build tree");
		return -ENODEV;
	}
	if (options->driver != DRIVER_NATIVE)
		needed |= ENV_CAP_SYS_ADMIN;
	/* If the capabilities cannot be read, let the kernel decide. */
	if (env__missing_caps(NULL, needed, missing) || !*missing ||
	    options->driver == DRIVER_NATIVE)
		return 0;
	msg("%s cannot be shown: %s missing; run iommutop with sudo",
	    options->driver == DRIVER_TYPE1 ? "VFIO type1" : "the kernel's own iommufd",
	    env__cap_names(names, *missing));
	return -EPERM;
}

int source__open(struct source **source, struct model *model, const struct source_options *wanted)
{
	struct source_options with_driver = *wanted, *options = &with_driver;
	char names[ENV_NAMES_MAX];
	__u64 missing;
	int err;

	model->state->filter = options->filter;
	model->is_filtered = options->filter.use;
	if (options->recording)
		return replay__open(source, model, options);
	err = check(options, &missing);
	if (err)
		return err;
	if (!missing) {
		err = live__open(source, model, options);
		return err ? fall_back(source, model, options->driver, err) : 0;
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
