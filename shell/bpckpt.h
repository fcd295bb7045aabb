/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpckpt: processes as files. */
#ifndef BPROC_BPCKPT_H
#define BPROC_BPCKPT_H

#include <linux/vmadump.h>
#include <stdbool.h>
#include <stddef.h>

/* A mapping of an image, and the bytes of it that are in the image. */
struct bpckpt_map {
	struct vmad_map map;
	unsigned long long stored;
};

/* An image as far as it was read: everything but its pages. */
struct bpckpt_image {
	bool is32;
	struct vmad_image image;
	struct vmad_task task;
	struct vmad_cpu cpu;
	bool resumes;
	struct vmad_resume resume;
	char args[81];
	int pid;
	struct bpckpt_map *maps;
	size_t nmaps;
	struct vmad_file *files;
	char **names;
	size_t nfiles;
};

/* Reads the head of an image from a file. Returns NULL, or what is wrong. */
const char *bpckpt_read(int fd, struct bpckpt_image *im);
void bpckpt_free(struct bpckpt_image *im);
/* Features that this machine's processor lacks, with a space before each; free() it. */
char *bpckpt_missing_features(const struct bpckpt_image *im);
/* Is the file of that index used by a mapping? */
bool bpckpt_uses(const struct bpckpt_image *im, size_t file);
/* NULL if the file is here and the same, or what is wrong with it. */
const char *bpckpt_file_problem(const struct bpckpt_image *im, size_t file);

/* The program bpckpt, as a function: exit status. */
int bpckpt_command(int argc, char **argv);

#endif
