// How libjpeg's errors leave: text into the caller's buffer, then a jump back to the entry point.
#ifndef CJPEG_ERROR_H
#define CJPEG_ERROR_H

#include "cjpeg.h"

#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <jpeglib.h>

typedef struct {
    struct jpeg_error_mgr manager;  // first: libjpeg sees only this
    jmp_buf jump;
    char *message;
} cjpeg_error;

// Makes `error` the handler that fails with libjpeg's message.
struct jpeg_error_mgr *cjpeg_error_start(cjpeg_error *error, char *message);

// Fails with a message of our own.
void cjpeg_fail(j_common_ptr info, const char *text);

#endif
