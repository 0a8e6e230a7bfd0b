// namespace.h: what this folder's functions are called for the linker.
//
// All C code of a program shares one namespace, and this code is linked into other people's programs. So whatever is visible outside of a
// file carries the prefix cmemprof_ there, while the source keeps short names. scripts/check names a symbol that is missing here.
#ifndef CMEMPROF_UPLOAD_NAMESPACE_H
#define CMEMPROF_UPLOAD_NAMESPACE_H

#define upload_address_check cmemprof_upload_address_check
#define upload_answer_add cmemprof_upload_answer_add
#define upload_answer_init cmemprof_upload_answer_init
#define upload_cancel_now cmemprof_upload_cancel_now
#define upload_error_of_curl cmemprof_upload_error_of_curl
#define upload_error_text cmemprof_upload_error_text
#define upload_form_free cmemprof_upload_form_free
#define upload_form_mime cmemprof_upload_form_mime
#define upload_form_new cmemprof_upload_form_new
#define upload_send cmemprof_upload_send
#define upload_sigpipe_begin cmemprof_upload_sigpipe_begin
#define upload_sigpipe_end cmemprof_upload_sigpipe_end

#endif
