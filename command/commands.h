// commands.h: the commands of the program cmemprof. Each takes its own arguments (argv[0] is the command's name) and returns the exit
// status: 0 done, 1 failed, 2 wrong usage. They print; nothing else in the tree does.
#ifndef CMEMPROF_COMMANDS_H
#define CMEMPROF_COMMANDS_H

int delta_command(int argc, char **argv);
int diff_command(int argc, char **argv);
int memory_command(int argc, char **argv);
int merge_command(int argc, char **argv);
int receiver_command(int argc, char **argv);
int run_command(int argc, char **argv); // or the status of the program that it ran; 125 to 127 are its own
int symbolize_command(int argc, char **argv);
int top_command(int argc, char **argv);

#endif
