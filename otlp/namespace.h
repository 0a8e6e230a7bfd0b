// namespace.h: linker names of this folder's functions and variables. Written by "make namespace".
//
// All C code of a program shares one namespace, and this code is linked into other people's programs. So every external symbol has the
// prefix cmemprof_, while the source keeps short names.
#ifndef CMEMPROF_OTLP_NAMESPACE_H
#define CMEMPROF_OTLP_NAMESPACE_H

#define adding_begin cmemprof_adding_begin
#define adding_end cmemprof_adding_end
#define adding_location cmemprof_adding_location
#define adding_stack cmemprof_adding_stack
#define adding_string cmemprof_adding_string
#define adding_text cmemprof_adding_text
#define dictionary_attribute cmemprof_dictionary_attribute
#define dictionary_entry cmemprof_dictionary_entry
#define dictionary_fail cmemprof_dictionary_fail
#define dictionary_free cmemprof_dictionary_free
#define dictionary_item cmemprof_dictionary_item
#define dictionary_key_value cmemprof_dictionary_key_value
#define dictionary_next cmemprof_dictionary_next
#define dictionary_number cmemprof_dictionary_number
#define dictionary_read cmemprof_dictionary_read
#define dictionary_text cmemprof_dictionary_text
#define dictionary_value cmemprof_dictionary_value
#define file_hash cmemprof_file_hash
#define layout_of cmemprof_layout_of
#define otlp_add cmemprof_otlp_add
#define otlp_attribute_of_tag cmemprof_otlp_attribute_of_tag
#define otlp_begin_resource cmemprof_otlp_begin_resource
#define otlp_decode cmemprof_otlp_decode
#define otlp_encode cmemprof_otlp_encode
#define otlp_hash_files cmemprof_otlp_hash_files
#define otlp_request_free cmemprof_otlp_request_free
#define otlp_request_new cmemprof_otlp_request_new
#define otlp_tag_of_attribute cmemprof_otlp_tag_of_attribute
#define reading_sample cmemprof_reading_sample
#define reading_stack cmemprof_reading_stack
#define tables_attribute cmemprof_tables_attribute
#define tables_attribute_of cmemprof_tables_attribute_of
#define tables_begin_profile cmemprof_tables_begin_profile
#define tables_close cmemprof_tables_close
#define tables_close_own cmemprof_tables_close_own
#define tables_end cmemprof_tables_end
#define tables_free cmemprof_tables_free
#define tables_init cmemprof_tables_init
#define tables_open cmemprof_tables_open
#define tables_own_string cmemprof_tables_own_string
#define tables_string cmemprof_tables_string

#endif
