// SPDX-License-Identifier: GPL-2.0-or-later
/* A command as a program of its own; COMMAND comes from the makefile. */

int COMMAND(int argc, char **argv);

int main(int argc, char **argv)
{
	return COMMAND(argc, argv);
}
