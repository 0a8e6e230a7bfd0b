// curl_error.h: maps libcurl's codes to enum upload_error. Threads: any. Memory: none.
#ifndef CMEMPROF_CLIENT_CURL_ERROR_H
#define CMEMPROF_CLIENT_CURL_ERROR_H

#include <curl/curl.h>

#include "../upload/upload.h"

enum upload_error upload_error_of_curl(CURLcode code);

#endif
