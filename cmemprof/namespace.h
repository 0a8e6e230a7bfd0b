// namespace.h: what this folder's functions and variables are called for the linker.
//
// All C code of a program shares one namespace, and this code is linked into other people's programs. So whatever is visible outside of a
// file carries the prefix cmemprof_ there, while the source keeps short names. scripts/check names a symbol that is missing here.
#ifndef CMEMPROF_CMEMPROF_NAMESPACE_H
#define CMEMPROF_CMEMPROF_NAMESPACE_H

#define bootstrap_arena cmemprof_bootstrap_arena
#define bootstrap_usable_size cmemprof_bootstrap_usable_size
#define cfi_find cmemprof_cfi_find
#define cfi_object_at cmemprof_cfi_object_at
#define cfi_run cmemprof_cfi_run
#define demangle cmemprof_demangle
#define live_table_add cmemprof_live_table_add
#define live_table_close cmemprof_live_table_close
#define live_table_each cmemprof_live_table_each
#define live_table_open cmemprof_live_table_open
#define live_table_remove cmemprof_live_table_remove
#define modules_find cmemprof_modules_find
#define modules_free cmemprof_modules_free
#define modules_refresh cmemprof_modules_refresh
#define next_allocator cmemprof_next_allocator
#define object_file_close cmemprof_object_file_close
#define object_file_frames cmemprof_object_file_frames
#define object_file_open cmemprof_object_file_open
#define private_arena_close cmemprof_private_arena_close
#define private_arena_open cmemprof_private_arena_open
#define private_arena_take cmemprof_private_arena_take
#define profiler cmemprof_profiler
#define profiler_record cmemprof_profiler_record
#define sampler_next cmemprof_sampler_next
#define sampler_take cmemprof_sampler_take
#define sampler_weight cmemprof_sampler_weight
#define snapshot_after_fork cmemprof_snapshot_after_fork
#define snapshot_before_unload cmemprof_snapshot_before_unload
#define stack_add_allocation cmemprof_stack_add_allocation
#define stack_alloc_bytes cmemprof_stack_alloc_bytes
#define stack_alloc_objects cmemprof_stack_alloc_objects
#define stack_memory_enter cmemprof_stack_memory_enter
#define stack_memory_read cmemprof_stack_memory_read
#define stack_table_close cmemprof_stack_table_close
#define stack_table_each cmemprof_stack_table_each
#define stack_table_intern cmemprof_stack_table_intern
#define stack_table_open cmemprof_stack_table_open
#define symbols_close_files cmemprof_symbols_close_files
#define symbols_find cmemprof_symbols_find
#define symbols_forget cmemprof_symbols_forget
#define symbols_free cmemprof_symbols_free
#define symbols_new cmemprof_symbols_new
#define thread_state cmemprof_thread_state
#define unwind cmemprof_unwind

#endif
