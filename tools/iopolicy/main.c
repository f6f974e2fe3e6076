// SPDX-License-Identifier: GPL-2.0-only
/*
 * iopolicy: loads, lists and removes policies, rules on DMA that are written in BPF.
 *
 * Here is the order of things and the exit code; iopolicy.h says what is where.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "exitcode.h"
#include "iopolicy.h"
#include "msg.h"
#include "process.h"
#include "version.h"

static int (*const commands[NR_CMDS])(const struct options *options) = {
	[CMD_LOAD] = change__load,
	[CMD_UNLOAD] = change__unload,
	[CMD_REPLACE] = change__replace,
	[CMD_LIST] = list__list,
	[CMD_INSPECT] = inspect__inspect,
	[CMD_VERIFY] = inspect__verify,
	[CMD_RUN] = run__run,
	[CMD_CLEAN] = change__clean,
};

static enum exitcode exit_code(int err)
{
	switch (err) {
	case 0:
		return EXITCODE_OK;
	case -EINVAL:
		return EXITCODE_USAGE;
	case -EPERM:
		return EXITCODE_PRIVILEGES;
	case -ENODEV:
		return EXITCODE_UNSUITED;
	case -ENOEXEC:
		return EXITCODE_POLICY;
	}
	return EXITCODE_FAILED;
}

int main(int argc, char **argv)
{
	struct options options;
	int err, flush_err;

	process__occupy_standard_files();
	setlocale(LC_CTYPE, "");
	msg__set_tool("iopolicy");
	signal(SIGPIPE, SIG_IGN);
	err = options__parse(&options, argc, argv);
	if (err)
		return exit_code(err);
	if (options.help || options.version) {
		if (options.help)
			options__print_help(&options);
		else
			printf("iopolicy (iommuscope) " IOMMUSCOPE_VERSION "\n");
		return fflush(stdout) ? EXITCODE_FAILED : EXITCODE_OK;
	}
	msg__capture_libbpf(options.verbose);
	err = commands[options.command](&options);
	flush_err = report__flush();
	return exit_code(err ? err : flush_err);
}
