// namespace.h: linker names of this folder's functions and variables. Written by "make namespace".
//
// All C code of a program shares one namespace, and this code is linked into other people's programs. So every external symbol has the
// prefix cmemprof_, while the source keeps short names.
#ifndef CMEMPROF_PYROSCOPE_NAMESPACE_H
#define CMEMPROF_PYROSCOPE_NAMESPACE_H

#define labels_add cmemprof_labels_add
#define labels_clean_name cmemprof_labels_clean_name
#define labels_write_name cmemprof_labels_write_name
#define pyroscope_file_of_metric cmemprof_pyroscope_file_of_metric
#define pyroscope_kind_of cmemprof_pyroscope_kind_of
#define pyroscope_label cmemprof_pyroscope_label
#define pyroscope_label_of_tag cmemprof_pyroscope_label_of_tag
#define pyroscope_labels_free cmemprof_pyroscope_labels_free
#define pyroscope_labels_of_tags cmemprof_pyroscope_labels_of_tags
#define pyroscope_metric_of_file cmemprof_pyroscope_metric_of_file
#define pyroscope_push_add cmemprof_pyroscope_push_add
#define pyroscope_push_encode cmemprof_pyroscope_push_encode
#define pyroscope_push_free cmemprof_pyroscope_push_free
#define pyroscope_push_new cmemprof_pyroscope_push_new
#define pyroscope_read_name cmemprof_pyroscope_read_name
#define pyroscope_read_push cmemprof_pyroscope_read_push
#define pyroscope_sent_profile cmemprof_pyroscope_sent_profile
#define pyroscope_tag_of_label cmemprof_pyroscope_tag_of_label

#endif
