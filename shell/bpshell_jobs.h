/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs: the processes of a pipeline, started together. */
#ifndef BPROC_BPSHELL_JOBS_H
#define BPROC_BPSHELL_JOBS_H

#include "bpshell.h"

struct bpshell_process {
	pid_t pid;
	bool ended;
	bool stopped;
	int status; /* as wait(2) has it */
};

struct bpshell_job {
	struct bpshell_job *next;
	int id;
	pid_t pgrp; /* 0: they are in the shell's */
	struct bpshell_process *process;
	int processes;
	char *text;
	bool background;
	unsigned long turn; /* the higher, the later it was started or stopped */
	bool told;	    /* the user knows of its present state */
	bool has_modes;
	struct termios modes; /* the terminal's, when it was stopped */
};

struct bpshell_job *bpshell_job_new(struct bpshell *sh, const char *text,
				    bool background);
void bpshell_job_add(struct bpshell_job *job, pid_t pid);
void bpshell_job_free(struct bpshell *sh, struct bpshell_job *job);

/* Waits until it has ended or is stopped; gives its exit status. */
int bpshell_job_wait(struct bpshell *sh, struct bpshell_job *job);

/* To all of its processes; -1, with errno, if it reached none. */
int bpshell_job_signal(const struct bpshell_job *job, int sig);

/* Takes what the kernel knows of children that have ended or stopped. */
void bpshell_jobs_update(struct bpshell *sh);

/* Tells of jobs whose state is news; true if any. Those that have ended are gone then. */
bool bpshell_jobs_tell(struct bpshell *sh, FILE *out);
bool bpshell_jobs_have_news(const struct bpshell *sh);

/* Any that is stopped? */
bool bpshell_jobs_stopped(const struct bpshell *sh);

/* To all jobs, as when the terminal goes. */
void bpshell_jobs_hang_up(struct bpshell *sh);

#endif
