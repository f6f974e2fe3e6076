// SPDX-License-Identifier: GPL-2.0-only
/*
 * iosnoop: what goes on in iommufd, event by event: DMA mappings, devices, PASIDs, faults, policies.
 *
 * Here is the order of things and the exit code; iosnoop.h says what is where.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "exitcode.h"
#include "iosnoop.h"
#include "msg.h"
#include "process.h"
#include "version.h"

static int trace(const struct options *options, struct stream_result *result)
{
	struct session session;
	struct output output = {};
	int err;

	err = session__load(&session, options);
	if (err)
		goto close;
	err = output__init(&output, options, NULL);
	if (!err)
		err = session__attach(&session, options);
	if (!err)
		err = stream__run(&session, &output, options, result);
close:
	if (err)
		output__fail(&output, options);
	output__close(&output);
	session__close(&session);
	return err;
}

static int replay(const struct options *options, struct stream_result *result)
{
	struct recording *recording = recording__open(options->replay);
	struct output output = {};
	int err;

	if (!recording) {
		output__fail(&output, options);
		return -EINVAL;
	}
	err = output__init(&output, options, recording__header(recording));
	if (!err)
		err = replay__run(recording, &output, options, result);
	if (err)
		output__fail(&output, options);
	output__close(&output);
	recording__close(recording);
	return err;
}

static enum exitcode exit_code(int err, const struct options *options,
			       const struct stream_result *result)
{
	if (err == -EPERM)
		return EXITCODE_PRIVILEGES;
	if (err == -ENODEV)
		return EXITCODE_UNSUITED;
	if (err)
		return EXITCODE_FAILED;
	if (options->strict && result->counters.lost)
		return EXITCODE_LOST;
	return EXITCODE_OK;
}

static bool is_help(const char *fields)
{
	return fields && !strcmp(fields, "help");
}

int main(int argc, char **argv)
{
	struct stream_result result = {};
	struct options options;
	int err;

	process__occupy_standard_files();
	setlocale(LC_CTYPE, "");
	msg__set_tool("iosnoop");
	if (options__parse(&options, argc, argv))
		return EXITCODE_USAGE;
	if (options.help || options.version || is_help(options.fields)) {
		if (options.help)
			options__print_help();
		else if (!options.version)
			fields__print_known(stdout);
		else
			printf("iosnoop (iommuscope) " IOMMUSCOPE_VERSION "\n");
		return fflush(stdout) ? EXITCODE_FAILED : EXITCODE_OK;
	}
	msg__capture_libbpf(options.verbose);
	if (options.check)
		err = check__run();
	else if (options.replay)
		err = replay(&options, &result);
	else
		err = trace(&options, &result);
	if (options.check && fflush(stdout))
		return EXITCODE_FAILED;
	return exit_code(err, &options, &result);
}
