// SPDX-License-Identifier: GPL-2.0-only
/*
 * Standard files and signals, see process.h.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

static volatile sig_atomic_t signalled;
static volatile sig_atomic_t hung_up;

void process__occupy_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static void on_signal(int signal)
{
	(void)signal;
	signalled = 1;
}

/*
 * Catch SIGINT even if it is ignored: a shell starts background jobs that way, and scripts use
 * SIGINT to end us. If SIGHUP is ignored, it stays ignored, because nohup relies on that.
 */
void process__catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESTART | SA_RESETHAND };
	struct sigaction old;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (!sigaction(SIGHUP, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void on_hangup(int signal)
{
	(void)signal;
	hung_up = 1;
}

void process__catch_hangup(void)
{
	struct sigaction action = { .sa_handler = on_hangup, .sa_flags = SA_RESTART };

	sigaction(SIGHUP, &action, NULL);
}

bool process__hung_up(void)
{
	bool was = hung_up;

	hung_up = 0;
	return was;
}

bool process__signalled(void)
{
	return signalled;
}

static void mask_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(how, &set, NULL);
}

void process__hold_signals(void)
{
	mask_signals(SIG_BLOCK);
}

void process__release_signals(void)
{
	mask_signals(SIG_UNBLOCK);
}

void process__comm(char comm[EVENT_COMM_LEN], __u32 tgid)
{
	char path[32], line[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/comm", tgid);
	file = fopen(path, "re");
	if (file && fgets(line, sizeof(line), file))
		line[strcspn(line, "\n")] = '\0';
	if (file)
		fclose(file);
	memcpy(comm, line, EVENT_COMM_LEN - 1);
	comm[EVENT_COMM_LEN - 1] = '\0';
}
