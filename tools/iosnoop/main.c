// SPDX-License-Identifier: GPL-2.0-only
/*
 * iosnoop: a line for each DMA mapping made through iommufd, and each device bound or attached.
 *
 * Here is the order of things and the exit code; iosnoop.h says what is where.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>

#include "exitcode.h"
#include "iosnoop.h"
#include "msg.h"
#include "process.h"
#include "version.h"

static int trace(const struct options *options, struct stream_result *result)
{
	struct session session;
	struct output output;
	int err;

	err = session__load(&session, options);
	if (err)
		goto close;
	output__init(&output, options);
	err = session__attach(&session, options);
	if (err)
		goto close;
	err = stream__run(&session, &output, options, result);
close:
	session__close(&session);
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
	if (options.help || options.version) {
		if (options.help)
			options__print_help();
		else
			printf("iosnoop (iommuscope) " IOMMUSCOPE_VERSION "\n");
		return fflush(stdout) ? EXITCODE_FAILED : EXITCODE_OK;
	}
	msg__capture_libbpf(options.verbose);
	err = trace(&options, &result);
	return exit_code(err, &options, &result);
}
