// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of iosnoop's --log: lines are appended, and a new file begins after SIGHUP or when it is
 * full.
 *
 * Finds these faults: lines are lost or a header is missing where a file ends, a full log is not
 * renamed, a new file that cannot be opened ends the log, a device is renamed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log_file.h"
#include "process.h"
#include "tap.h"

static char dir[] = "/tmp/unit-log-file.XXXXXX";

/* Standard output is the log in a child, whose exit status has a bit for each header it owes. */
static int in_child(void (*body)(struct log_file *log), const char *path, __u64 most)
{
	struct log_file log;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) :
									      -1;
	if (freopen("messages", "a", stderr))
		setvbuf(stderr, NULL, _IONBF, 0);
	process__catch_hangup();
	if (log_file__open(&log, path, most))
		_exit(99);
	body(&log);
	_exit(98);
}

static void put(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

static const char *get(const char *name)
{
	static char text[256];
	FILE *file = fopen(name, "r");
	size_t size;

	if (!file)
		return "no file";
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	fclose(file);
	return text;
}

static void has(const char *name, const char *text, const char *what)
{
	if (!tap__ok(!strcmp(get(name), text), "%s", what))
		tap__diag("%s has: %s", name, get(name));
}

static void hang_up(struct log_file *log)
{
	int owed;

	put("one\n");
	owed = log_file__renew(log);
	raise(SIGHUP);
	owed |= log_file__renew(log) << 1; /* not renamed, so not empty */
	put("two\n");
	rename("a", "a.old");
	put("three\n");
	raise(SIGHUP);
	owed |= log_file__renew(log) << 2;
	put("four\n");
	_exit(owed);
}

static void fill(struct log_file *log)
{
	int owed;

	put("0123456789");
	owed = log_file__renew(log);
	put("0123456789");
	owed |= log_file__renew(log) << 1;
	put("new");
	owed |= log_file__renew(log) << 2;
	_exit(owed);
}

static void lose(struct log_file *log)
{
	int owed;

	put("one\n");
	rename("sub", "gone");
	raise(SIGHUP);
	owed = log_file__renew(log);
	put("two\n");
	owed |= log_file__renew(log) << 1;
	rename("gone", "sub");
	rename("sub/c", "sub/c.old");
	raise(SIGHUP);
	owed |= log_file__renew(log) << 2;
	put("three\n");
	_exit(owed);
}

int main(void)
{
	struct stat status = {};
	char command[64];

	tap__start();
	if (!mkdtemp(dir) || chdir(dir))
		return tap__bail("no folder");
	tap__is(in_child(hang_up, "a", 0), 4, "only a new file needs a header");
	has("a.old", "one\ntwo\nthree\n", "lines before SIGHUP are in the renamed file");
	has("a", "four\n", "those after it are in the new one");
	tap__is(stat("a", &status) ? 0 : status.st_mode & 0777, 0600,
		"which only its owner may read");
	tap__is(in_child(hang_up, "a.old", 0), 0, "a second run appends, and needs no header");
	tap__is(in_child(fill, "b", 20), 2, "a full file is renamed");
	has("b.1", "01234567890123456789", "it has what was written until then");
	has("b", "new", "the new one what came after");
	mkdir("sub", 0700);
	tap__is(in_child(lose, "sub/c", 0), 4, "a new file that cannot be opened is tried again");
	has("sub/c.old", "one\ntwo\n", "meanwhile lines go to the old one");
	has("sub/c", "three\n", "then to the new one");
	tap__ok(strstr(get("messages"), "lines go on in the old one"), "a message says so");
	tap__is(in_child(fill, "/dev/null", 5), 0, "a device is never full");
	tap__ok(access("/dev/null.1", F_OK), "and not renamed");
	tap__is(in_child(fill, "none/d", 0), 99, "a log that cannot be opened is an error");
	snprintf(command, sizeof(command), "rm -r %s", dir);
	if (system(command))
		tap__diag("%s is left", dir);
	return tap__done();
}
