// gate_summary.h: the results of a gate for machines and people: Markdown (a comment, $GITHUB_STEP_SUMMARY), JUnit's XML (a test case for
// each rule), SARIF 2.1.0 (a result for each rule that is not kept, at the source line of its largest
// site, or in the subject).
//
// Sources: the OASIS standard SARIF 2.1.0; the schema of JUnit's reports that Jenkins and GitLab read.
//
// Threads: one. Memory: malloc, while it is written.
#ifndef CMEMPROF_GATE_SUMMARY_H
#define CMEMPROF_GATE_SUMMARY_H

#include "gate.h"

// Writes one summary: a whole file, but Markdown is appended to that of $GITHUB_STEP_SUMMARY. Returns STATUS_DONE, or STATUS_FAILED after
// an error message.
int gate_summary_write(const char *command, const char *subject, const struct gate *gate, const struct gate_summary *summary);

#endif
