// backup_command.h: `cmemprof receiver export` and `import`: a data directory as one tar file (receiver/store/backup.h). Threads: one.
#ifndef CMEMPROF_COMMAND_BACKUP_COMMAND_H
#define CMEMPROF_COMMAND_BACKUP_COMMAND_H

#include <stdbool.h>

bool backup_is_word(const char *word);     // "export" or "import"
int backup_command(int argc, char **argv); // argv[0] is the word. Returns the exit status

#endif
