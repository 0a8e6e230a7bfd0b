// namespace.h: linker names of this folder's functions and variables. Written by "make namespace".
//
// All C code of a program shares one namespace, and this code is linked into other people's programs. So every external symbol has the
// prefix cmemprof_, while the source keeps short names.
#ifndef CMEMPROF_SERIES_NAMESPACE_H
#define CMEMPROF_SERIES_NAMESPACE_H

#define memory_counted cmemprof_memory_counted
#define memory_figure_name cmemprof_memory_figure_name
#define memory_limit_series cmemprof_memory_limit_series
#define memory_outlook_of cmemprof_memory_outlook_of
#define memory_verdict_name cmemprof_memory_verdict_name
#define memory_verdict_rank cmemprof_memory_verdict_rank
#define memory_verdicts cmemprof_memory_verdicts
#define shape_of cmemprof_shape_of
#define trend_median cmemprof_trend_median
#define trend_median_of cmemprof_trend_median_of
#define trend_of cmemprof_trend_of
#define trend_slope cmemprof_trend_slope

#endif
