#include "cjpeg_error.h"

#include <jerror.h>

static void leave(j_common_ptr info, int32_t status) {
    cjpeg_error *error = (cjpeg_error *)info->err;
    longjmp(error->jump, status);
}

static void fail_with_message(j_common_ptr info) {
    cjpeg_error *error = (cjpeg_error *)info->err;
    info->err->format_message(info, error->message);
    leave(info, info->err->msg_code == JERR_OUT_OF_MEMORY ? CJPEG_OUT_OF_MEMORY : 1);
}

// libjpeg carries on after damage, with grey or smeared blocks. Where picture data is lost that
// is an error here; warnings that lose nothing (stray bytes between segments, odd JFIF versions)
// pass, since real data sets hold many such files and other loaders read them too.
static void warn(j_common_ptr info, int level) {
    if (level >= 0) return;
    switch (info->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_JPEG_EOF:
        fail_with_message(info);
    default:
        info->err->num_warnings++;
    }
}

static void print_nothing(j_common_ptr info) { (void)info; }

struct jpeg_error_mgr *cjpeg_error_start(cjpeg_error *error, char *message) {
    jpeg_std_error(&error->manager);
    error->manager.error_exit = fail_with_message;
    error->manager.emit_message = warn;
    error->manager.output_message = print_nothing;
    error->message = message;
    message[0] = 0;
    return &error->manager;
}

void cjpeg_fail(j_common_ptr info, const char *text) {
    cjpeg_error *error = (cjpeg_error *)info->err;
    snprintf(error->message, CJPEG_MESSAGE_SIZE, "%s", text);
    leave(info, 1);
}
