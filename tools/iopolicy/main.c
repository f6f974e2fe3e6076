// SPDX-License-Identifier: GPL-2.0-only
/*
 * iopolicy: load, list and unload policies, which are rules on DMA written in BPF.
 *
 * main() parses the options (options.c), runs the command and chooses the exit code. Data flows one
 * way through the folders; each includes only headers of tools/common and of the folders above it:
 *
 *	object/		a BPF object file with a policy: open it, configure it, check it
 *	rules/		rule files, compiled to the content of maps
 *	data/		keys and values of maps as text, by their BTF
 *	folder/		a folder of policy files, which apply puts in force
 *	kernel/		the kernel: load an object, list the loaded policies, watch
 *			verdicts
 *	store/		the pins in /sys/fs/bpf/iommufd that keep policies loaded
 *	model/		plain structs, made from the three above, that hold all that is
 *			printed
 *	output/		writes the model as text or as JSON
 *	command/	one file for each command; calls all of the above
 *
 * Functions return 0 or -errno after a message on stderr. Four errors decide the exit code: -EINVAL
 * is wrong usage, -EPERM missing privileges, -ENODEV an unsuitable kernel or module, -ENOEXEC a
 * policy that is invalid or rejected.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "command/command.h"
#include "exitcode.h"
#include "msg.h"
#include "options.h"
#include "output/output.h"
#include "process.h"
#include "version.h"

static int (*const commands[NR_CMDS])(const struct options *options) = {
	[CMD_LOAD] = command__load,	  [CMD_UNLOAD] = command__unload,
	[CMD_REPLACE] = command__replace, [CMD_LIST] = command__list,
	[CMD_INSPECT] = command__inspect, [CMD_VERIFY] = command__verify,
	[CMD_RUN] = command__run,	  [CMD_CLEAN] = command__clean,
	[CMD_APPLY] = command__apply,	  [CMD_CONFIRM] = command__confirm,
	[CMD_TEST] = command__test,	  [CMD_SHOW] = command__show,
	[CMD_SET] = command__set,	  [CMD_MAP] = command__map,
	[CMD_DIFF] = command__diff,	  [CMD_WHY] = command__why,
	[CMD_SEAL] = command__seal,	  [CMD_NEW] = command__new,
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
	if (err && options.json)
		output__print_error();
	flush_err = output__flush();
	return exit_code(err ? err : flush_err);
}
