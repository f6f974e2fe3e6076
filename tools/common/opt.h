/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line of a tool from one table.
 *
 * Each tool's options.c holds a struct opt_table named option_table. The parser here writes the
 * values into the tool's options struct, opt__print() prints --help, and tools/optgen makes the
 * shell completions and the OPTIONS and COMMANDS sections of the manual page from the same table.
 * A new option is one entry there and nothing elsewhere.
 *
 * An entry names its target: OPT_FLAG(struct options, wide) is a bool that becomes true, and so on.
 * The macros check the type of the member at compile time.
 */
#ifndef _COMMON_OPT_H
#define _COMMON_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <linux/types.h>

enum opt_kind {
	OPT_KIND_SECTION,
	OPT_KIND_FLAG,
	OPT_KIND_STOP,
	OPT_KIND_TEXT,
	OPT_KIND_COUNT,
	OPT_KIND_SIZE,
	OPT_KIND_SECONDS,
	OPT_KIND_CHOICE,
	OPT_KIND_CUSTOM,
};

/* How a shell completes the value of an option or an operand. */
enum opt_value {
	OPT_VALUE_ANY, /* not at all */
	OPT_VALUE_FILE,
	OPT_VALUE_PROCESS,
	OPT_VALUE_USER,
	OPT_VALUE_CGROUP,
	OPT_VALUE_MACHINE,
	OPT_VALUE_PCI_DEVICE,
	OPT_VALUE_WORD, /* a word that print_words() prints */
	OPT_VALUE_LIST, /* such words with commas between */
	OPT_VALUE_POLICY_FILE, /* NAME.bpf.o */
	OPT_VALUE_POLICY_NAME, /* a pinned policy */
};

struct opt {
	char letter; /* 0: only the long name */
	const char *name; /* of a section its heading */
	const char *arg; /* the value in --help and the manual; NULL: takes none */
	enum opt_kind kind;
	size_t offset; /* of the target in the options struct */
	__u64 min, max; /* COUNT, SIZE (bytes), SECONDS (ns): the range allowed */
	__u32 choice; /* CHOICE: the value of the target; CUSTOM: the parser's own */
	/* CUSTOM: 0, 1 to end parsing, or -errno after a message. target is options + offset. */
	int (*parse)(const struct opt *opt, void *target, const char *arg);
	enum opt_value value;
	void (*print_words)(FILE *out); /* one per line */
	__u32 commands; /* OPT_COMMAND() bits; 0: all, and without a command */
	const char *help; /* one line */
	const char *manual; /* mdoc, lines end with "\n"; of a section the text before its list */
};

/* A command of a tool that has some, like "iopolicy load". */
struct opt_command {
	const char *name;
	const char *operands; /* as in --help: "NAME FILE" */
	enum opt_value first_value, next_value; /* of the first and of each further operand */
	const char *summary; /* one line */
	const char *help; /* lines end with "\n" */
	const char *manual; /* mdoc, lines end with "\n" */
};

struct opt_table {
	const char *tool;
	const struct opt *opts;
	unsigned int nr_opts;
	const struct opt_command *commands; /* NULL: the tool has none */
	unsigned int nr_commands;
};

#define OPT_COMMAND(index) (1u << (index))
#define OPT_NO_COMMAND OPT_COMMAND(31)

/* The table of the tool that this is linked into. */
extern const struct opt_table option_table;

/* The offset of a member, which must have the given type. */
#define OPT_OFFSET(type, member, wanted) \
	(offsetof(type, member) + \
	 0 * sizeof(struct { \
		 _Static_assert(__builtin_types_compatible_p(typeof(((type *)0)->member), wanted), \
				"an option's target has another type"); \
		 char unused; \
	 }))

/* A heading in --help and in the manual page. */
#define OPT_SECTION(heading) .name = heading, .kind = OPT_KIND_SECTION

/* bool: becomes true. With STOP the rest of the command line is not read: --help, --version. */
#define OPT_FLAG(type, member) .kind = OPT_KIND_FLAG, .offset = OPT_OFFSET(type, member, bool)
#define OPT_STOP(type, member) .kind = OPT_KIND_STOP, .offset = OPT_OFFSET(type, member, bool)

/* const char *: the value as given. */
#define OPT_TEXT(type, member) \
	.kind = OPT_KIND_TEXT, .offset = OPT_OFFSET(type, member, const char *)
#define OPT_FILE(type, member) OPT_TEXT(type, member), .value = OPT_VALUE_FILE

/* __u64 in [least, most]: a number; bytes; nanoseconds, where a number without unit is seconds. */
#define OPT_NUMBER(its_kind, type, member, least, most) \
	.kind = its_kind, .offset = OPT_OFFSET(type, member, __u64), .min = least, .max = most
#define OPT_COUNT(type, member, least, most) OPT_NUMBER(OPT_KIND_COUNT, type, member, least, most)
#define OPT_SIZE(type, member, least, most) OPT_NUMBER(OPT_KIND_SIZE, type, member, least, most)
#define OPT_SECONDS(type, member, least, most) \
	OPT_NUMBER(OPT_KIND_SECONDS, type, member, least, most)

/*
 * An enum, as __u32: becomes that constant, not 0; options with the same target exclude each other.
 */
#define OPT_CHOICE(type, member, constant) \
	.kind = OPT_KIND_CHOICE, .offset = OPT_OFFSET(type, member, __u32), .choice = constant

/* parser() stores the value; it gets a pointer to the whole struct. */
#define OPT_CUSTOM(parser) .kind = OPT_KIND_CUSTOM, .parse = parser

/*
 * Parse the command line of a tool, or of one of its commands, and set the targets in *options.
 * command is an OPT_COMMAND() bit or OPT_NO_COMMAND; other commands' options are unknown.
 *
 * operand() takes a word that is no option: it may stand before, between and after the options, and
 * everything behind "--" is one. It returns 0, or -errno after a message; NULL: no operand is
 * allowed.
 *
 * Returns 0, 1 if an option ended the parsing (--help), or -errno after a message.
 */
int opt__parse(const struct opt_table *table, __u32 command, int argc, char **argv, void *options,
	       int (*operand)(void *options, const char *arg));

/*
 * Whether a long option is among the words: for options that decide how the value of another one is
 * read. An abbreviation counts.
 */
bool opt__is_given(const char *name, int argc, char **argv);

/* Print the lines of --help that describe the options. */
void opt__print(const struct opt_table *table, __u32 command, FILE *out);

/* Whether an entry is an option of that command. */
static inline bool opt__is_in(const struct opt *opt, __u32 command)
{
	return opt->kind != OPT_KIND_SECTION && (!opt->commands || opt->commands & command);
}

#endif /* _COMMON_OPT_H */
