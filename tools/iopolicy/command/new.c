// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command new: templates of a policy, for authors.
 *
 * A template is a policy that works, a limit of pinned memory. Its comment has the commands that
 * compile and load it. In the texts below @NAME@ stands for the name of the policy, and @BUILD@ for
 * the command that compiles it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "msg.h"
#include "outfile.h"
#include "output/output.h"

#define HEADER "iommufd_policy.bpf.h"
#define FILES 2

static const char bpf_text[] =
	"// SPDX-" /* so that it is not taken for that of this file */
	"License-Identifier: GPL-2.0-only\n"
	"/*\n"
	" * @NAME@: limit the memory that a user pins. (Say here which requests it refuses, and\n"
	" * why.)\n"
	" *\n"
	" * Compile it, test it, look at what it would refuse, then enforce it:\n"
	" *\n"
	" *\t@BUILD@\n"
	" *\tiopolicy verify @NAME@.bpf.o\n"
	" *\tiopolicy run --audit --set limit=4G @NAME@.bpf.o\n"
	" *\tiopolicy load --set limit=4G @NAME@.bpf.o\n"
	" *\n"
	" * iommufd-policy(7) has the hooks, the members of a request, and the functions that a\n"
	" * program may call.\n"
	" */\n"
	"#include <" HEADER ">\n"
	"\n"
	"/* A parameter, which --set changes before the policy is loaded. */\n"
	"IOMMUFD_PARAM(__u64, limit) = 1ull << 30;\n"
	"\n"
	"/* A map, which changes while it is loaded: iopolicy map @NAME@ exempt set alice */\n"
	"struct {\n"
	"\t__uint(type, BPF_MAP_TYPE_HASH);\n"
	"\t__uint(max_entries, 1024);\n"
	"\t__type(key, iommufd_uid_t);\n"
	"\t__type(value, iommufd_member_t);\n"
	"} exempt SEC(\".maps\");\n"
	"\n"
	"/* Return 0 to allow the request, or -1 to -511 to refuse it with that error. */\n"
	"static __always_inline int check(const struct iommufd_policy_request *req)\n"
	"{\n"
	"\t__u32 uid = req->uid;\n"
	"\n"
	"\tif (!req->need || bpf_map_lookup_elem(&exempt, &uid))\n"
	"\t\treturn 0;\n"
	"\t/* Because of NO_TOTALS below, only requests that come here pay for the totals. */\n"
	"\tiommufd_policy_totals(req);\n"
	"\tif (req->uid_after <= limit)\n"
	"\t\treturn 0;\n"
	"\tiommufd_reason_f(req, \"uid %u: %llu bytes\", uid, req->uid_after);\n"
	"\treturn -ENOMEM;\n"
	"}\n"
	"\n"
	"/* All hooks that pin memory. A hook that is left out allows every request. */\n"
	"IOMMUFD_HOOK(ioas_map, on_map)\n"
	"{\n"
	"\treturn check(req);\n"
	"}\n"
	"\n"
	"IOMMUFD_HOOK(device_attach, on_attach)\n"
	"{\n"
	"\treturn check(req);\n"
	"}\n"
	"\n"
	"IOMMUFD_HOOK(hwpt_alloc, on_hwpt)\n"
	"{\n"
	"\treturn check(req);\n"
	"}\n"
	"\n"
	"IOMMUFD_HOOK(pasid_attach, on_pasid)\n"
	"{\n"
	"\treturn check(req);\n"
	"}\n"
	"\n"
	"IOMMUFD_HOOK(ioas_change_process, on_change)\n"
	"{\n"
	"\treturn check(req);\n"
	"}\n"
	"\n"
	"IOMMUFD_POLICY(policy) = {\n"
	"\t.ioas_map = (void *)on_map,\n"
	"\t.device_attach = (void *)on_attach,\n"
	"\t.hwpt_alloc = (void *)on_hwpt,\n"
	"\t.pasid_attach = (void *)on_pasid,\n"
	"\t.ioas_change_process = (void *)on_change,\n"
	"\t.flags = IOMMUFD_POLICY_NO_TOTALS,\n"
	"\t.name = \"@NAME@\",\n"
	"\t.version = IOMMUFD_POLICY_VERSION,\n"
	"};\n";

static const char bpf_cases_text[] =
	"# Requests, and the verdicts that @NAME@.bpf.o must give:\n"
	"#\n"
	"#\tiopolicy test @NAME@.bpf.o --cases @NAME@.cases\n"
	"\n"
	"map uid=1000 need=4K uid-after=1G -> allow\n"
	"map uid=1000 need=4K uid-after=2G -> deny ENOMEM reason \"uid 1000: 2147483648 bytes\"\n"
	"# Memory that is pinned already counts once.\n"
	"map uid=1000 need=0 uid-after=2G -> allow\n"
	"unmap uid=1000 uid-after=2G -> allow\n";

static const char rules_text[] =
	"# @NAME@: limit the memory that users pin. (Say here which requests it refuses, and\n"
	"# why.)\n"
	"#\n"
	"# Test it, look at what it would refuse, then enforce it:\n"
	"#\n"
	"#\t@BUILD@\n"
	"#\tiopolicy apply --audit @NAME@.rules\n"
	"#\tiopolicy apply @NAME@.rules\n"
	"#\n"
	"# iopolicy-rules(5) has the words of the language.\n"
	"\n"
	"param limit = 4G\n"
	"\n"
	"# All hooks that pin memory.\n"
	"rule user-limit\n"
	"    deny map, attach, hwpt-alloc, pasid-attach, change-process\n"
	"    when uid-after > $limit\n"
	"    unless uid = root\n"
	"    error ENOMEM\n"
	"    reason \"uid {uid}: {uid-after} of {$limit}\"\n";

static const char rules_cases_text[] = "# Requests, and the verdicts that @NAME@.rules must give:\n"
				       "#\n"
				       "#\t@BUILD@\n"
				       "\n"
				       "map uid=1000 uid-after=5G -> deny user-limit ENOMEM\n"
				       "map uid=1000 uid-after=4G -> allow\n"
				       "map uid=root uid-after=5G -> allow\n";

/* Write a text, with the words in place of @NAME@ and @BUILD@. */
static void put(FILE *out, const char *text, const char *name, const char *build)
{
	const char *at;

	for (; (at = strchr(text, '@')); text = strchr(at + 1, '@') + 1) {
		fwrite(text, 1, at - text, out);
		fputs(at[1] == 'N' ? name : build, out);
	}
	fputs(text, out);
}

/*
 * Find the folder of the header for authors: that of the installed tool's prefix, or that of the
 * source where the tool was built. It goes into a command and into a comment.
 */
static int find_headers(char *path, size_t size)
{
	static const char *const folders[] = { "include/iommuscope", "include" };
	char self[PATH_MAX], header[PATH_MAX];
	unsigned int i;
	ssize_t length;

	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[length < 0 ? 0 : length] = '\0';
	/* PREFIX/sbin/iopolicy */
	for (i = 0; i < 2 && strrchr(self, '/'); i++)
		*strrchr(self, '/') = '\0';
	for (i = 0; i < 2; i++) {
		snprintf(header, sizeof(header), "%.3000s/%s/" HEADER, self, folders[i]);
		if (access(header, R_OK))
			continue;
		snprintf(path, size, "%.3000s/%s", self, folders[i]);
		if (!path[strcspn(path, " \t\n'\"\\$`*&;|<>()[]{}?!#~")])
			return 0;
		msg("%s: a command cannot name this folder as it stands; install iommuscope in "
		    "another one",
		    path);
		return -ENOENT;
	}
	msg("%.1024s/%s/" HEADER ": cannot read it, and policies in C need it; install "
	    "iommuscope-dev, or write rules: iopolicy new --rules NAME",
	    self, folders[0]);
	return -ENOENT;
}

static int check_name(const char *name)
{
	static const char *const ends[] = { ".c", ".o", ".rules", ".cases" };
	size_t length = strlen(name), end;
	unsigned int i;

	if (*name == '-') {
		msg("new: '%s' begins with '-', and commands would take its files for options",
		    name);
		return -EINVAL;
	}
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		end = strlen(ends[i]);
		if (length > end && !strcmp(name + length - end, ends[i])) {
			msg("new: '%s' is the name of a file; give that of the policy, without "
			    "%s",
			    name, ends[i]);
			return -EINVAL;
		}
	}
	return 0;
}

struct new_file {
	char file[IOMMUFD_POLICY_NAME_LEN + 8];
	const char *text;
};

/* Open all before one is written, so that nothing is written if one of them exists. */
static int write_files(const struct new_file files[FILES], const char *build,
		       const struct options *options)
{
	enum outfile_existing existing = options->overwrite ? OUTFILE_REPLACE : OUTFILE_KEEP;
	struct outfile out[FILES] = {};
	unsigned int i;
	int err = 0;

	for (i = 0; i < FILES && !err; i++)
		err = outfile__open(&out[i], files[i].file, 0644, existing);
	for (i = 0; i < FILES && !err; i++)
		put(out[i].file, files[i].text, options->names[0], build);
	for (i = 0; i < FILES && !err; i++)
		err = outfile__publish(&out[i]);
	for (i = 0; i < FILES; i++)
		outfile__close(&out[i]);
	return err;
}

int command__new(const struct options *options)
{
	const char *name = options->names[0];
	struct new_file files[FILES] = {
		{ .text = options->rules ? rules_text : bpf_text },
		{ .text = options->rules ? rules_cases_text : bpf_cases_text },
	};
	struct created created = {
		.files = { files[0].file, files[1].file },
		.is_program = !options->rules,
	};
	char folder[PATH_MAX] = "", *build = NULL;
	int err, length;

	err = check_name(name);
	if (!err && !options->rules)
		err = find_headers(folder, sizeof(folder));
	if (err)
		return err;
	snprintf(files[0].file, sizeof(files[0].file), "%.31s.%s", name,
		 options->rules ? "rules" : "bpf.c");
	snprintf(files[1].file, sizeof(files[1].file), "%.31s.cases", name);
	if (options->rules)
		length = asprintf(&build, "iopolicy test %s.rules --cases %s.cases", name, name);
	else
		length = asprintf(&build, "clang -O2 -g --target=bpf -I%s -c %s.bpf.c", folder,
				  name);
	if (length < 0) {
		msg("new: not enough memory");
		return -ENOMEM;
	}
	err = write_files(files, build, options);
	created.command = build;
	if (!err)
		output__choose(options->json)->created(&created);
	free(build);
	return err;
}
