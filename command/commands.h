// commands.h: the commands of the program cmemprof.
//
// Each parses its own arguments (argv[0] is the command's name) and returns the exit status: 0 done, 1 failed, 2 wrong usage. Only code of
// this folder prints.
#ifndef CMEMPROF_COMMANDS_H
#define CMEMPROF_COMMANDS_H

int convert_command(int argc, char **argv);
int delta_command(int argc, char **argv);
int diff_command(int argc, char **argv);
int list_command(int argc, char **argv);
int disasm_command(int argc, char **argv);
int mcp_command(int argc, char **argv);
int memory_command(int argc, char **argv);
int merge_command(int argc, char **argv);
int owners_command(int argc, char **argv);
int peek_command(int argc, char **argv);
int receiver_command(int argc, char **argv);
int report_command(int argc, char **argv);
int run_command(int argc, char **argv); // or the program's status; 125 to 127 are the command's
int suspects_command(int argc, char **argv);
int symbolize_command(int argc, char **argv);
int top_command(int argc, char **argv);
int tree_command(int argc, char **argv);
int view_command(int argc, char **argv);

#endif
