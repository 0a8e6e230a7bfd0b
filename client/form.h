// form.h: the multipart/form-data body of one batch, read from the caller's bytes without copying, since a batch may be megabytes.
//
// Threads: one at a time per form. Memory: malloc. The request must outlive the form.
#ifndef CMEMPROF_CLIENT_FORM_H
#define CMEMPROF_CLIENT_FORM_H

#include <curl/curl.h>

#include "../upload/upload.h"

struct upload_form;

struct upload_form *upload_form_new(CURL *easy, const struct upload_request *request); // NULL: no memory
curl_mime *upload_form_mime(struct upload_form *form);
void upload_form_free(struct upload_form *form); // after the transfer, before curl_easy_cleanup; form may be NULL

#endif
